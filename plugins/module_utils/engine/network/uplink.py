# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a network namespace without root's help gets out, and how the host's ports get in.

slirp4netns(1) and pasta(1) (see network.pasta) hold a tap device in the namespace and sockets on the host.
``<place>/uplink.json`` names the process. slirp4netns forwards ports on request, by its API socket; pasta by its
command line. Processes are started from a thread that is in the host's network namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Conflict, Damaged, EngineError, InvalidInput, Unsupported
from ..formats.container import Port
from ..kernel import command, documents, files, proc
from .ports import shown

DOCUMENT = "uplink.json"
DEFAULT_CIDR = "10.0.2.0/24"
MTU = "65520"
PATIENCE = 30.0  # seconds that a program gets to set up its device, or to answer
ANSWER = 5.0  # seconds after which one that does not answer is replaced
GOODBYE = 3.0  # seconds that a program gets to end, and then to be killed
ANSWER_LIMIT = 64 * 1024
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


_UPLINK = {"kind": "str", "pid": "int", "started": "int", "socket": "str", "address": "str", "resolver": "str",
           "host": "str"}


class Uplink(NamedTuple):
    """One uplink. ``kind`` is slirp4netns or pasta; ``address`` is the namespace's own, where the host's connections
    arrive, ``resolver`` a name server that is reachable from there, ``host`` where the host is; '' for none."""

    kind: str
    pid: int
    started: int
    socket: str
    address: str
    resolver: str
    host: str = ""


def read(place: str) -> Optional[Uplink]:
    """The uplink noted in a directory, whether it is alive or not; None when there is none."""
    path = os.path.join(place, DOCUMENT)
    try:
        document = documents.read(path, "uplink", os.path.basename(place), _UPLINK)
        return None if document is None else Uplink(**document)
    except (Damaged, TypeError):
        found = _process_of(place)
        return Uplink("", *found, "", "", "") if found else None


def _process_of(place: str) -> Optional[Tuple[int, int]]:
    """The uplink whose note was lost: the process whose command line names a file in a directory, and its start."""
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError), open("/proc/%d/cmdline" % pid, "rb") as stream:
            words = stream.read(4096).split(b"\0")
            started = proc.start_time(pid)
            program = os.path.basename(words[0]).partition(b".")[0]
            if started and program in (b"slirp4netns", b"pasta") and any(
                    word.startswith(os.fsencode(place) + b"/") for word in words):
                return pid, started
    return None


def alive(uplink: Optional[Uplink]) -> bool:
    """Whether its process is there, and not about to end."""
    return uplink is not None and proc.serves(uplink.pid, uplink.started)


def answers(uplink: Optional[Uplink]) -> bool:
    """Whether it does its work; pasta can only be asked whether it is there."""
    if uplink is None or not uplink.kind or not alive(uplink):
        return False  # of one without a kind the note was lost
    with contextlib.suppress(EngineError):
        if uplink.kind == "slirp4netns":
            _ask(uplink, "list_hostfwd", {}, within=ANSWER)
        return True
    return False


def stop(place: str) -> None:
    """End the uplink noted in a directory; one that is gone, or was never there, is fine."""
    uplink = read(place)
    if uplink is None and not os.path.lexists(os.path.join(place, DOCUMENT)):
        return
    if uplink is not None and proc.alive(uplink.pid, uplink.started):
        _end(uplink)
    for name in ("slirp.sock", "pasta.pid", "uplink.log", DOCUMENT):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(place, name))


def _end(uplink: Uplink) -> None:
    """End the process and wait until it is gone: until then it has the ports that the next one may want."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(uplink.pid, number)
        if command.ended(uplink.pid, GOODBYE):
            break
    with contextlib.suppress(ChildProcessError):
        os.waitpid(uplink.pid, os.WNOHANG)


def note(place: str, uplink: Uplink) -> Uplink:
    files.write_json(os.path.join(place, DOCUMENT), uplink._asdict(), durable=False)
    return uplink


def source_address() -> str:
    """The address towards the internet that this thread's namespace has; '' for none. Nothing is sent for it."""
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect((far, 9))
            return str(sock.getsockname()[0])
    return ""


# slirp4netns

SLIRP_OPTIONS = ("allow_host_loopback", "cidr", "enable_ipv6", "mtu", "outbound_addr", "outbound_addr6",
                 "port_handler")


def start_slirp(ctx: Context, place: str, namespace: str, options: Mapping[str, str]) -> Uplink:
    """Connect the namespace at a path by slirp4netns and wait until its device is up.

    ``options`` are those of podman-run(1), --network=slirp4netns. Raises EngineError, MissingDependency.
    """
    program = ctx.tool("slirp4netns", "connect the network of a user without root")
    base = _slirp_network(options.get("cidr", DEFAULT_CIDR))
    path = os.path.join(files.make_directory(place), "slirp.sock")
    if len(os.fsencode(path)) > 107:
        raise InvalidInput("The path of slirp4netns's socket is longer than 107 bytes: %s" % path,
                           "Choose a shorter runroot.")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    ready_read, ready_write = os.pipe()
    log = _log(place)
    argv = [program, *slirp_arguments(options), "-r", "3", "--api-socket", path, "--netns-type=path", namespace, "tap0"]
    try:
        try:
            pid = command.launch(argv, descriptors={3: ready_write, 1: log, 2: log}, env=ENVIRONMENT,
                                 own_mounts=True)
        finally:
            os.close(ready_write)
            os.close(log)
        # With the host's loopback allowed, its programs that listen there alone are at this address.
        host = str(base + 2) if options.get("allow_host_loopback") == "true" else source_address()
        uplink = Uplink("slirp4netns", pid, proc.start_time(pid) or 0, path, str(base + 100), str(base + 3), host)
        note(place, uplink)
        if not _ready(ready_read):
            _fail(place, "slirp4netns")
    finally:
        os.close(ready_read)
    return uplink


def _slirp_network(cidr: str) -> Any:
    import ipaddress

    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as exc:
        raise InvalidInput("slirp4netns has the cidr %r: %s" % (cidr, exc)) from exc
    if not 8 <= network.prefixlen <= 24:
        raise InvalidInput("slirp4netns needs a cidr of 8 to 24 bits, not %s" % cidr)
    return network.network_address


def slirp_arguments(options: Mapping[str, str]) -> List[str]:
    """slirp4netns's own options for podman's. Raises InvalidInput and Unsupported."""
    for name in options:
        if name not in SLIRP_OPTIONS:
            raise InvalidInput("slirp4netns has no option %r" % name, "It has %s." % ", ".join(SLIRP_OPTIONS))
    if options.get("port_handler", "slirp4netns") != "slirp4netns":
        raise Unsupported("port_handler=%s is not supported" % options["port_handler"],
                          "Ports are forwarded by slirp4netns itself, which keeps the client's address.")
    argv = ["--configure", "--enable-sandbox", "--enable-seccomp", "--mtu=" + _number(options.get("mtu", MTU))]
    if options.get("allow_host_loopback", "false") != "true":
        argv.append("--disable-host-loopback")
    if options.get("enable_ipv6", "true") == "true":
        argv.append("--enable-ipv6")
    if options.get("cidr", DEFAULT_CIDR) != DEFAULT_CIDR:
        argv.append("--cidr=" + options["cidr"])
    for name, flag in (("outbound_addr", "--outbound-addr="), ("outbound_addr6", "--outbound-addr6=")):
        if options.get(name):
            argv.append(flag + options[name])
    return argv


def _number(text: str) -> str:
    if not text.isdecimal() or not 68 <= int(text) <= 65521:
        raise InvalidInput("The mtu %r is no number from 68 to 65521" % text)
    return text


def _ready(fd: int) -> bool:
    return command.readable(fd, PATIENCE) and os.read(fd, 16) != b""


def _log(place: str) -> int:
    path = os.path.join(place, "uplink.log")
    files.remove(path, durable=False)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _fail(place: str, program: str) -> None:
    with open(os.path.join(place, "uplink.log"), encoding="utf-8", errors="replace") as stream:
        words = [line.strip() for line in stream.read(ANSWER_LIMIT).splitlines() if line.strip()]
    text = "; ".join(word for word in words[-3:] if word.isprintable())
    stop(place)
    hint = "/dev/net/tun must be there for everybody (mode 0666)." if "tun" in text else None
    raise EngineError("%s did not connect the network: %s" % (program, text or "it said nothing"), hint)


def _ask(uplink: Uplink, verb: str, arguments: Mapping[str, Any], *, within: float = PATIENCE) -> Dict[str, Any]:
    """One request to slirp4netns (its man page, API SOCKET)."""
    request = json.dumps({"execute": verb, "arguments": dict(arguments)}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(within)
        try:
            sock.connect(uplink.socket)
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while len(answer) < ANSWER_LIMIT:
                piece = sock.recv(65536)
                if not piece:
                    break
                answer += piece
            document = json.loads(answer)
        except (OSError, ValueError) as exc:
            raise EngineError("slirp4netns does not answer: %s" % exc) from exc
    if not isinstance(document, dict) or "error" in document:
        detail = document.get("error", {}) if isinstance(document, dict) else {}
        raise EngineError("slirp4netns refused %s: %s" % (verb, detail.get("desc", "no reason given")))
    # Not all versions put what list_hostfwd finds where the man page says.
    found = document.get("return", document)
    return found if isinstance(found, dict) else {}


def forward(uplink: Uplink, ports: Sequence[Port], *, same_port: bool) -> None:
    """Open ports of the host; all or none. ``same_port`` leads them to the same number inside (where NAT
    leads on), else to the container's own. Raises Conflict for one that is taken, Unsupported."""
    done: List[Port] = []
    try:
        for port in ports:
            _forward_one(uplink, port, port.host_port if same_port else port.container_port)
            done.append(port)
    except EngineError:
        unforward(uplink, done)
        raise


def _forward_one(uplink: Uplink, port: Port, inside: int) -> None:
    if port.protocol not in ("tcp", "udp") or ":" in port.host_ip:
        raise Unsupported("The port %s cannot be published without root" % shown(port),
                          "slirp4netns forwards tcp and udp, from addresses of IPv4.")
    try:
        _ask(uplink, "add_hostfwd", {"proto": port.protocol, "host_addr": port.host_ip or "0.0.0.0",
                                     "host_port": port.host_port, "guest_addr": uplink.address, "guest_port": inside})
    except EngineError as exc:
        if "slirp_add_hostfwd failed" not in exc.message:
            raise
        raise Conflict("Port %s is in use by another program of this host" % shown(port),
                       "See who listens with: ss -lnp '( sport = :%d )'" % port.host_port) from exc


def unforward(uplink: Uplink, ports: Sequence[Port]) -> None:
    """Close ports of the host again; those that are not open are fine."""
    if ports:
        _close(uplink, ports, listed=True)


def keep_only(uplink: Uplink, ports: Sequence[Port]) -> int:
    """Close the ports of the host that are none of these; how many those were."""
    return _close(uplink, ports, listed=False) if uplink.kind == "slirp4netns" else 0


def _close(uplink: Uplink, ports: Sequence[Port], *, listed: bool) -> int:
    """Close those open ports that are ``listed`` among these, or are not; how many."""
    if not alive(uplink):
        return 0
    named = {(port.protocol, port.host_ip or "0.0.0.0", port.host_port) for port in ports}
    found = [entry["id"] for entry in _ask(uplink, "list_hostfwd", {}).get("entries", ())
             if ((entry.get("proto"), entry.get("host_addr"), entry.get("host_port")) in named) is listed]
    for number in found:
        _ask(uplink, "remove_hostfwd", {"id": number})
    return len(found)
