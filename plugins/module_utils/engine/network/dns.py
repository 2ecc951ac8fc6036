# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names on user networks, by aardvark-dns where it is installed.

One process per engine reads ``<runroot>/dns/<network>`` (format: config.md of aardvark-dns), listens on each
network's gateway, reads all again on SIGHUP, and ends by itself when no file is left. All functions are
called under the network lock. Without it, names are in the hosts files; see service.networks.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Dict, List, Optional, Sequence, Set

from ..context import Context
from ..errors import EngineError
from ..formats.endpoint import EndpointDocument
from ..kernel import account, command, files, init, proc
from . import definitions, endpoints, uplink
from .definitions import NetworkRecord

PROGRAM = "aardvark-dns"
PID_FILE = "aardvark.pid"
PATIENCE = 5.0  # seconds after which one that does not answer is replaced


def available(ctx: Context) -> bool:
    """Whether names are served by aardvark-dns."""
    return ctx.find_tool(PROGRAM) is not None


def header(ctx: Context, record: NetworkRecord) -> str:
    """The first line of a network's file: where to listen, and whom to ask."""
    gateways = ",".join(subnet.gateway for subnet in record.spec.subnets)
    servers = [server for server in record.spec.dns_servers if "%" not in server] or upstream(ctx)
    return " ".join(filter(None, (gateways, ",".join(servers))))


def upstream(ctx: Context) -> List[str]:
    """The name server that a user's own network namespace reaches the host's by; none for root."""
    found = uplink.read(ctx.run("uplink")) if ctx.rootless else None
    return [found.resolver] if found is not None and found.resolver else []


def line(document: EndpointDocument, network: str) -> str:
    """The line of one container in a network's file."""
    endpoint = next(e for e in document.endpoints if e.network == network)
    return " ".join((document.request.container_id, endpoint.ip, endpoint.ip6, ",".join(endpoint.aliases),
                     ",".join(_servers(document)))).rstrip()


def _servers(document: EndpointDocument) -> List[str]:
    """The container's own servers; the format knows no zones ('%eth0')."""
    return [server for server in document.request.dns if server != "none" and "%" not in server]


def update(ctx: Context, document: EndpointDocument, records: Sequence[NetworkRecord]) -> None:
    """Let the name server know a container on these networks; raises EngineError.

    Only its own line is changed: the cost does not grow with the number of containers.
    """
    served = [record for record in records if record.spec.dns]
    program = ctx.find_tool(PROGRAM) if served else None
    if program is None:
        return
    files.make_directory(ctx.run("dns"))
    for record in served:
        others = _others(ctx, record.name, document.request.container_id)
        _write(ctx, record.name, [header(ctx, record), *others, line(document, record.name)])
    _notify(ctx, program)


def _others(ctx: Context, network: str, container_id: str) -> List[str]:
    """The lines of the other containers in a network's file."""
    return [row for row in _rows(ctx, network) if row.split(" ", 1)[0] != container_id]


def _rows(ctx: Context, network: str) -> List[str]:
    return (files.word(ctx.run("dns", network), files.MAX_DOCUMENT) or "").splitlines()[1:]


def fresh_path(ctx: Context) -> str:
    """Where a network's file is made: beside the directory, for the name server takes each file in there for one."""
    return ctx.run("dns.new")


def _write(ctx: Context, network: str, lines: Sequence[str]) -> None:
    fresh, path = fresh_path(ctx), ctx.run("dns", network)
    files.write_own(fresh, "".join(row + "\n" for row in lines).encode(), durable=False)
    try:
        os.rename(fresh, path)
    except IsADirectoryError:
        files.remove(path, durable=False)
        os.rename(fresh, path)


def forget(ctx: Context, container_id: str, networks: Sequence[str]) -> None:
    """Let the name server forget a container on these networks."""
    known = [name for name in networks if os.path.exists(ctx.run("dns", name))]
    for name in known:
        record = definitions.read_if_whole(ctx, name)
        others = _others(ctx, name, container_id)
        if others and record is not None:
            _write(ctx, name, [header(ctx, record), *others])
        else:
            files.remove(ctx.run("dns", name), durable=False)
    # One that was killed here may have changed the file and told nobody.
    if known or any(record.spec.dns for record in definitions.whole(ctx, networks)):
        _signal(ctx)


def forget_network(ctx: Context, name: str) -> None:
    """Let the name server forget a network that is removed. Only a process that died leaves it a file."""
    if os.path.lexists(ctx.run("dns", name)):
        files.remove(ctx.run("dns", name), durable=False)
        _signal(ctx)


def drop(ctx: Context, known: Set[str]) -> Set[str]:
    """Let the name server forget all containers that are not ``known``; their IDs."""
    gone = {row.split(" ", 1)[0] for network in _networks(ctx) for row in _rows(ctx, network)}
    for container_id in gone - known:
        forget(ctx, container_id, _networks(ctx))
    if not _networks(ctx):
        _signal(ctx)
    return {container_id for container_id in gone - known if container_id.isalnum()}


def _networks(ctx: Context) -> List[str]:
    try:
        return sorted(name for name in os.listdir(ctx.run("dns")) if name != PID_FILE)
    except FileNotFoundError:
        return []


def rebuild(ctx: Context, records: Sequence[NetworkRecord]) -> None:
    """Write the files of these networks anew, and see that the name server answers: one that does not is replaced."""
    for record in records:
        documents = endpoints.of_network(ctx, record.name) if record.spec.dns else []
        if documents and available(ctx):
            files.make_directory(ctx.run("dns"))
            _write(ctx, record.name, [header(ctx, record), *(line(document, record.name) for document in documents)])
            update(ctx, documents[0], [record])
            server, name = record.spec.subnets[0].gateway, documents[0].request.container_id[:12]
            if not answers(server, name):
                _end(ctx)
                _start(ctx, ctx.tool(PROGRAM, "serve names"))
                if not answers(server, name):
                    raise EngineError("%s does not answer on %s" % (PROGRAM, server),
                                      "Does something on this host block port 53 of that address?")


def answers(server: str, name: str) -> bool:
    """Whether a name server answers anything to a question for a name (RFC 1035, 4.1) within some seconds."""
    import socket

    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET,
                           socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.settimeout(PATIENCE / 10)
            try:
                sock.connect((server, 53))
                sock.send(b"py\1\0\0\1\0\0\0\0\0\0" + question)
                return sock.recv(512)[:2] == b"py"
            except OSError:
                # Nobody listens now, but may do so in a moment: it takes its addresses anew with its files.
                time.sleep(0.02)
    return False


def _pid(ctx: Context) -> Optional[int]:
    """The name server's process: the one in the PID file, if it is still a name server with our directory.

    None for one that is about to end: it has not read what is asked of it.
    """
    pid = _noted(ctx)
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as stream:
            argv = stream.read(4096).split(b"\0")
    except OSError:
        return None
    ours = PROGRAM.encode() in argv[0] and ctx.run("dns").encode() in argv
    return pid if ours and proc.serves(pid) else None


def _noted(ctx: Context) -> int:
    """What the PID file says; 0 for nothing."""
    try:
        return int(files.word(ctx.run("dns", PID_FILE)) or "")
    except ValueError:
        return 0


def _clear(ctx: Context) -> None:
    """Remove what is no file: the name server would wait for a FIFO, and a command for the name server."""
    with contextlib.suppress(FileNotFoundError), os.scandir(ctx.run("dns")) as entries:
        for entry in entries:
            if entry.name != PID_FILE and not entry.is_file(follow_symlinks=False):
                files.remove(entry.path, durable=False)


def _notify(ctx: Context, program: str) -> None:
    if not _signal(ctx):
        _end(ctx)
        _start(ctx, program)


def _signal(ctx: Context) -> bool:
    """Have the name server read its files again; False when there is none."""
    _clear(ctx)
    pid = _pid(ctx)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)
            return proc.serves(pid)
    return False


def _end(ctx: Context) -> None:
    """Make sure that no name server of ours is there; until it is gone it has the port that the next one wants."""
    noted = _noted(ctx)
    lost = not noted and os.path.lexists(ctx.run("dns", PID_FILE))
    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()] if lost else [noted]:
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as stream:
                argv = stream.read(4096)
        except OSError:
            continue
        # A process that is about to be gone has no command line any more.
        if (noted and not argv) or (PROGRAM.encode() in argv and ctx.run("dns").encode() in argv.split(b"\0")):
            with contextlib.suppress(ProcessLookupError):
                if argv:
                    os.kill(pid, signal.SIGKILL)
            command.ended(pid, command.GOODBYE)


def _start(ctx: Context, program: str) -> None:
    files.expect_regular(ctx.run("dns", PID_FILE))
    result = command.start([*_scope(ctx), program, "--config", ctx.run("dns"), "-p", "53", "run"],
                           env=_environment(ctx)).finish()
    if result.code != 0:
        raise EngineError("%s did not start: %s" % (program, result.stderr.decode("utf-8", "replace").strip()[-500:]),
                          "Does another name server hold port 53 of the gateway's address?")


def _scope(ctx: Context) -> List[str]:
    """Under systemd the server must outlive the unit of the first container; its scope is its own."""
    if not init.serves(ctx.uid, rootless=ctx.rootless):
        return []
    launcher = ctx.find_tool("systemd-run")
    return [launcher, *(["--user"] if ctx.rootless else []), "--quiet", "--scope", "--collect"] if launcher else []


def _environment(ctx: Context) -> Dict[str, str]:
    own = account.bus(ctx.uid) if ctx.rootless else {}
    return {**own, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
