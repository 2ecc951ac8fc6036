# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which subnets a new network gets: those that were asked for, checked, or free ones."""

from __future__ import annotations

import ipaddress
import os
from typing import Iterable, Iterator, List, Sequence, Tuple, Union

from ..errors import Conflict, InvalidInput
from ..formats.network import Subnet

Net = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Used = Tuple[Net, str]  # a subnet, and who has it, for the message


def overlaps(first: Net, second: Net) -> bool:
    """Whether two subnets share an address; those of different families never do."""
    return first.version == second.version and first.overlaps(second)


def host_subnets(*, ignore: Iterable[str] = ()) -> List[Used]:
    """The subnets that links and routes of this host reach (/proc/net/route, /proc/net/ipv6_route).

    Default routes, host routes and local IPv6 ranges do not count; ``ignore`` are links that are ours.
    """
    ours = set(ignore)
    return [(net, "a route of this host through %s" % link)
            for net, link in (*_routes4(), *_routes6()) if link not in ours]


def _lines(path: str) -> List[List[str]]:
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            return [line.split() for line in stream]
    except OSError:
        return []


def _routes4() -> Iterator[Tuple[Net, str]]:
    for fields in _lines("/proc/thread-self/net/route")[1:]:
        # The kernel prints both as the host's own integers of network order bytes: reversed on x86.
        address = int.from_bytes(bytes.fromhex(fields[1])[::-1], "big")
        mask = int.from_bytes(bytes.fromhex(fields[7])[::-1], "big")
        prefix = bin(mask).count("1")
        if 0 < prefix < 32:
            yield ipaddress.IPv4Network((address, prefix), strict=False), fields[0]


def _routes6() -> Iterator[Tuple[Net, str]]:
    for fields in _lines("/proc/thread-self/net/ipv6_route"):
        prefix = int(fields[1], 16)
        net = ipaddress.IPv6Network((int(fields[0], 16), prefix), strict=False)
        if 0 < prefix < 128 and not net.is_link_local and not net.is_multicast:
            yield net, fields[9]


def default_interface() -> str:
    """The link with the default route, the one of the smallest metric; '' when there is none (proc(5), net/route)."""
    rows = [row for row in _lines("/proc/thread-self/net/route") if len(row) > 7 and row[1] == row[7] == "00000000"]
    return min(rows, key=lambda row: int(row[6]))[0] if rows else ""


def checked(wanted: Subnet, used: Sequence[Used]) -> Subnet:
    """A subnet that a user asked for, normalised, gateway filled in.

    Raises InvalidInput for a gateway or range outside of it, Conflict when it overlaps a used one.
    """
    try:
        net = ipaddress.ip_network(wanted.subnet, strict=False)
    except ValueError as exc:
        raise InvalidInput("%r is no subnet" % wanted.subnet[:80], "Write it as 10.90.0.0/24.") from exc
    if net.num_addresses < 4:
        raise InvalidInput("The subnet %s has no room for a gateway and a container" % net)
    for other, holder in used:
        if overlaps(net, other):
            raise Conflict("The subnet %s overlaps %s, which is %s" % (net, other, holder),
                           "Choose another subnet, or leave it out to get a free one.")
    gateway = _address(wanted.gateway, "gateway", net) if wanted.gateway else str(net[1])
    start = _address(wanted.range_start, "start of the range", net) if wanted.range_start else ""
    end = _address(wanted.range_end, "end of the range", net) if wanted.range_end else ""
    if start and end and int(ipaddress.ip_address(start)) > int(ipaddress.ip_address(end)):
        raise InvalidInput("The range %s-%s of the subnet %s ends before it starts" % (start, end, net))
    return Subnet(str(net), gateway, start, end)


def _address(text: str, what: str, net: Net) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as exc:
        raise InvalidInput("%r is no IP address (%s)" % (text[:80], what)) from exc
    if address not in net or address == net.network_address or (
            address.version == 4 and address == net.broadcast_address):
        raise InvalidInput("The %s %s is no usable address of the subnet %s" % (what, address, net))
    return str(address)


def free4(used: Sequence[Used]) -> Subnet:
    """The first free /24 from 10.89.0.0 to 10.255.255.0, podman's pool; Conflict when all are used."""
    taken = [net for net, _rest in used if net.version == 4]
    for number in range((10 << 16) + (89 << 8), 11 << 16):
        net = ipaddress.IPv4Network((number << 8, 24))
        if not any(net.overlaps(other) for other in taken):
            return Subnet(str(net), str(net[1]))
    raise Conflict("No subnet between 10.89.0.0/24 and 10.255.255.0/24 is free",
                   "Name a subnet, or remove networks that are not needed.")


def free6(used: Sequence[Used]) -> Subnet:
    """A /64 with a random unique local prefix (RFC 4193)."""
    while True:
        prefix = bytes([0xFD]) + os.urandom(7) + bytes(8)
        net = ipaddress.IPv6Network((int.from_bytes(prefix, "big"), 64))
        if not any(overlaps(net, other) for other, _rest in used):
            return Subnet(str(net), str(net[1]))
