# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Published ports: ``<runroot>/ports/<protocol>_<host ip>_<port>`` holds the ID of the container that has it.

Only one container may have a port, and no program of the host: NAT would take its connections
away, without any error. So besides the claim a port is bound for a moment, to see whether it is free.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Callable, Iterator, List, Optional, Sequence, Set, Tuple

from ..context import Context
from ..errors import Conflict, InvalidInput
from ..formats.container import Port
from ..kernel import files
from .claims import files_of_strangers

WILDCARDS = ("", "0.0.0.0", "::")
Row = Tuple[str, str, int]  # protocol, host ip ('' is every address), port
PROTOCOLS = ("tcp", "udp", "sctp")
TRIES = 64


def _name(port: Port) -> str:
    ip = "0.0.0.0" if port.host_ip == "" else port.host_ip
    return "%s_%s_%d" % (port.protocol, ip, port.host_port)


def _claims(ctx: Context) -> Iterator[Row]:
    try:
        names = os.listdir(ctx.run("ports"))
    except FileNotFoundError:
        return
    for name in names:
        protocol, _line, rest = name.partition("_")
        ip, _line, number = rest.partition("_")
        if number.isdigit():
            yield protocol, ip, int(number)


def holder(ctx: Context, port: Port) -> Optional[str]:
    """The ID of the container whose claim stands against this port, or None."""
    for protocol, ip, number in _claims(ctx):
        if (protocol, number) == (port.protocol, port.host_port) and _meet(ip, port.host_ip):
            found = files.word(ctx.run("ports", "%s_%s_%d" % (protocol, ip, number)))
            if found is not None:
                return found
    return None


def _meet(first: str, second: str) -> bool:
    """Whether two host addresses can receive the same packet."""
    if "" in (first, second) or "0.0.0.0" in (first, second) and ":" not in first + second:
        return True
    if "::" in (first, second) and ":" in first and ":" in second:
        return True
    return first == second or (first in WILDCARDS and second in WILDCARDS)


def checked(port: Port) -> Port:
    """The port itself, its address in canonical form; InvalidInput when it cannot be one."""
    import ipaddress

    if port.protocol not in PROTOCOLS:
        raise InvalidInput("%r is no protocol for a port" % port.protocol[:20], "Use tcp, udp or sctp.")
    if not 1 <= port.container_port <= 65535 or not 0 <= port.host_port <= 65535:
        raise InvalidInput("Port %d:%d is outside of 1-65535" % (port.host_port, port.container_port))
    if not port.host_ip:
        return port
    try:
        ip = str(ipaddress.ip_address(port.host_ip))
    except ValueError as exc:
        raise InvalidInput("%r is no IP address to publish a port on" % port.host_ip[:80]) from exc
    return Port(port.container_port, port.host_port, "" if ip == "0.0.0.0" else ip, port.protocol)


def claim(ctx: Context, ports: Sequence[Port], container_id: str, *,
          describe: Callable[[str], str]) -> Tuple[Port, ...]:
    """Take all of these ports, choosing free ones for host port 0; the ports with what was chosen.

    ``describe`` turns a container's ID into how a message names it. Raises Conflict when one is
    taken; none is then left claimed.
    """
    done: List[Port] = []
    if ports:
        files.make_directory(ctx.run("ports"))
    try:
        claimed = set(_claims(ctx)) if ports else set()
        for port in map(checked, ports):
            if port in done:
                continue
            port = _claim_one(ctx, port, container_id, claimed=claimed, describe=describe)
            claimed.add((port.protocol, port.host_ip or "0.0.0.0", port.host_port))
            done.append(port)
    except BaseException:
        release(ctx, done, container_id)
        raise
    return tuple(done)


def _claim_one(ctx: Context, port: Port, container_id: str, *, claimed: Set[Row],
               describe: Callable[[str], str]) -> Port:
    def free(candidate: Port) -> bool:
        return not any((p, n) == (candidate.protocol, candidate.host_port) and _meet(ip, candidate.host_ip)
                       for p, ip, n in claimed)

    if port.host_port:
        if not free(port) or not files.create_exclusive(ctx.run("ports", _name(port)), container_id.encode()):
            raise Conflict("Port %s is in use by container %s" % (shown(port), describe(holder(ctx, port) or "")),
                           "Publish another host port, or stop that container.")
        try:
            number = _probe(port)
        except InvalidInput:
            release(ctx, [port], container_id)
            raise
        if number is None:
            release(ctx, [port], container_id)
            raise Conflict("Port %s is in use by another program of this host" % shown(port),
                           "See who listens with: ss -lnp '( sport = :%d )'" % port.host_port)
        return port
    for _attempt in range(TRIES):
        number = _probe(port)
        chosen = Port(port.container_port, number or 0, port.host_ip, port.protocol)
        if number and free(chosen) and files.create_exclusive(
                ctx.run("ports", _name(chosen)), container_id.encode()):
            return chosen
    raise Conflict("No free port found for %s" % shown(port), "Name a host port.")


def shown(port: Port) -> str:
    """'127.0.0.1:8080/tcp'."""
    ip = "[%s]" % port.host_ip if ":" in port.host_ip else port.host_ip
    return "%s%d/%s" % (ip + ":" if ip else "", port.host_port, port.protocol)


def _probe(port: Port) -> Optional[int]:
    """Bind the port for a moment: the number that was bound, or None when a program has it."""
    family = socket.AF_INET6 if ":" in port.host_ip else socket.AF_INET
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    number = 132 if port.protocol == "sctp" else 0
    try:
        sock = socket.socket(family, kind | socket.SOCK_CLOEXEC, number)
    except OSError:
        # This kernel has no such socket (mostly SCTP): then no program of the host has the port.
        return port.host_port or 20000 + int.from_bytes(os.urandom(2), "big") // 2
    with sock:
        if port.protocol == "tcp":
            # Connections that linger after their program ended are no reason to refuse.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind((port.host_ip, port.host_port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return None
            raise InvalidInput("Cannot publish port %s: %s" % (shown(port), exc.strerror), _advice(exc)) from exc
        return int(sock.getsockname()[1])


def _advice(exc: OSError) -> str:
    if exc.errno != errno.EACCES:
        return "The address must be one of this host's."
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as stream:
        lowest = stream.read().strip()
    return ("Ports below %s are root's: publish a higher one, or let root lower the sysctl "
            "net.ipv4.ip_unprivileged_port_start." % lowest)


def release(ctx: Context, ports: Sequence[Port], container_id: str) -> None:
    """Give ports back, those that are still this container's."""
    for port in ports:
        path = ctx.run("ports", _name(port))
        with contextlib.suppress(FileNotFoundError):
            if files.word(path) == container_id:
                os.unlink(path)


def release_all(ctx: Context, container_id: str) -> None:
    """Give back all ports of a container of which nobody knows any more which they were."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.run("ports")):
            if files.word(ctx.run("ports", name)) == container_id:
                os.unlink(ctx.run("ports", name))


def drop(ctx: Context, known: Set[str]) -> Set[str]:
    """Remove the claims of containers that are not ``known``; their IDs."""
    return files_of_strangers(ctx.run("ports"), known)
