# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A way out by pasta(1), with the options that podman-run(1) has for it.

pasta gives the namespace the host's own address. So the host is elsewhere for it: at an address that newer versions
map to it, with --map-gw at the gateway's, else at another address of the host's.
"""

from __future__ import annotations

import os
import re
import struct
from typing import List, NamedTuple, Sequence, Tuple

from ..context import Context
from ..errors import Conflict, EngineError, InvalidInput, Unsupported
from ..formats.container import Port
from ..kernel import command, files, netns, proc
from . import uplink
from .ports import shown

MAP_GATEWAY = "--map-gw"  # podman's word for leaving out pasta's --no-map-gw
GUEST = "--map-guest-addr"  # since 2024; the address is podman's
GUEST_ADDRESS = "169.254.1.2"
# Which ports are forwarded, into the namespace and out of it: short and long option, and what publishes by it.
FORWARDING = (("-t", "--tcp-ports", "tcp"), ("-u", "--udp-ports", "udp"), ("-T", "--tcp-ns", ""),
              ("-U", "--udp-ns", ""))
SWITCHES = "46defhqs"  # its short options without a value, which others can follow in the same word
# By these the engine knows its process, and the process its namespace.
OURS = (("-P", "--pid"), ("-f", "--foreground"), ("", "--netns"), ("", "--netns-only"), ("", "--userns"))


def start(ctx: Context, place: str, namespace: str, options: Sequence[str], ports: Sequence[Port]) -> uplink.Uplink:
    """Connect the namespace at a path by pasta, with these ports of the host led into it.

    ``options`` are the user's words for pasta. The container has the host's own address. Raises EngineError,
    Conflict, InvalidInput, MissingDependency; Unsupported for root.
    """
    if not ctx.rootless:
        # It becomes nobody there, who cannot open the namespace.
        raise Unsupported("pasta connects containers of users without root only",
                          "Root's containers have bridges, or slirp4netns.")
    program = ctx.tool("pasta", "connect the network of a user without root")
    maps = not _given(options, "", GUEST) and _knows(program, GUEST)
    noted = os.path.join(files.make_directory(place), "pasta.pid")
    files.remove(noted, durable=False)
    argv = [program, "--config-net", "--pid", noted,
            *arguments(options, ports), *([GUEST, GUEST_ADDRESS] if maps else []), "--netns", namespace]
    done = command.run(argv, env=uplink.ENVIRONMENT, own_mounts=True)
    if done.code:
        failed(done.stderr.decode("utf-8", "replace"), ports)
    try:
        pid = int(files.word(noted) or "")
    except ValueError as exc:
        raise EngineError("pasta did not note its process in %s/pasta.pid" % place,
                          "Does one of its options keep it from going to the background?") from exc
    inside = netns.run_inside(namespace, _inside)
    host = GUEST_ADDRESS if maps else inside.gateway if MAP_GATEWAY in options else _elsewhere(inside.addresses)
    return uplink.note(place, uplink.Uplink("pasta", pid, proc.start_time(pid) or 0, "", inside.source, "", host))


def arguments(options: Sequence[str], ports: Sequence[Port]) -> List[str]:
    """pasta's options for published ports, with nothing forwarded that was not asked for, and then the user's.

    What a user gives takes the place of a default. Raises InvalidInput, Unsupported.
    """
    for short, long in OURS:
        if _given(options, short, long):
            raise InvalidInput("pasta's option %s is the engine's own" % long, "Leave it out.")
    if any(port.protocol not in ("tcp", "udp") for port in ports):
        raise Unsupported("pasta forwards tcp and udp only")
    argv: List[str] = []
    for short, long, protocol in FORWARDING:
        rows = ["%s%d:%d" % (port.host_ip + "/" if port.host_ip else "", port.host_port, port.container_port)
                for port in ports if port.protocol == protocol]
        argv += [word for row in rows for word in (short, row)]
        argv += [] if rows or _given(options, short, long) else [short, "none"]
    argv += [] if MAP_GATEWAY in options else ["--no-map-gw"]
    return argv + [word for word in options if word != MAP_GATEWAY]


def _given(options: Sequence[str], short: str, long: str) -> bool:
    """Whether an option is among the words, as getopt_long(3) reads them: '-t 80', '-t80', '-4t80', '--tcp-ports 80',
    '--tcp-ports=80', '--tcp-p 80'."""
    return any(len(word) > 2 and long.startswith(word.split("=", 1)[0]) if word.startswith("--")
               else short and re.match("-[%s]*%s" % (SWITCHES, short[1:]), word) for word in options)


def _knows(program: str, option: str) -> bool:
    done = command.run([program, "--help"], env=uplink.ENVIRONMENT)
    return option.encode() in done.stdout + done.stderr


class _Inside(NamedTuple):
    source: str
    gateway: str
    addresses: Tuple[str, ...]


def _inside() -> _Inside:
    """The addresses of this thread's namespace, the one to the internet first, and its gateway; '' for none."""
    found = _addresses()
    return _Inside(uplink.source_address() or next(iter(found), ""), _gateway(), tuple(found))


def _gateway() -> str:
    """By proc(5), /proc/net/route: device, destination and gateway, in the machine's order of bytes."""
    import socket

    with open("/proc/thread-self/net/route", encoding="ascii") as stream:
        for row in (line.split() for line in stream):
            if row[1] == "00000000" and row[2] != "00000000":
                return socket.inet_ntoa(struct.pack("=L", int(row[2], 16)))
    return ""


def _addresses() -> List[str]:
    """The IPv4 addresses of this thread's namespace but for its loopback's: the local ones of the routing table."""
    with open("/proc/thread-self/net/fib_trie", encoding="ascii") as stream:
        found = re.findall(r"\|-- ([0-9.]+)\n +/32 host LOCAL", stream.read())
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


def _elsewhere(taken: Sequence[str]) -> str:
    """An address of the host that the namespace does not have itself; '' when there is none."""
    return next((address for address in _addresses() if address not in taken), "")


def failed(said: str, ports: Sequence[Port]) -> None:
    """Raise the error for pasta's complaint."""
    # What it says of an option that it does not know stands before a page of usage.
    said = said.partition("\nUsage:")[0]
    lines = [line.strip() for line in said.splitlines() if line.strip() and "syslog" not in line]
    text = "; ".join(line for line in lines[-3:] if line.isprintable())
    if ports and ("bind" in text.lower() or "address already in use" in text.lower()):
        raise Conflict("A port of %s is in use by another program of this host (%s)"
                       % (", ".join(shown(port) for port in ports), text))
    hint = "pasta takes the address of the interface with the default route." if "route" in text else None
    raise EngineError("pasta did not connect the network: %s" % (text or "it said nothing"), hint)
