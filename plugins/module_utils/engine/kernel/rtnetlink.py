# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few rtnetlink(7) messages that container networks need, built with struct.

Importing pyroute2 takes 92-96 ms (0.7.2 and 0.9.7, whichever part of it), more than all the rest
of a container's start, so links are made by these messages directly: the set for one container
takes under a millisecond. Attribute numbers are those of linux/if_link.h, linux/if_addr.h,
linux/rtnetlink.h, linux/if_bridge.h and linux/veth.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import List, Optional, Sequence, Tuple

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_NEWROUTE = 20, 24
NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x100, 0x200, 0x400
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
IFF_UP = 1

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER = 1, 3, 4, 5, 10
IFLA_LINKINFO, IFLA_NET_NS_FD, IFLA_AF_SPEC = 18, 28, 26
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
VETH_INFO_PEER = 1
IFLA_BR_VLAN_FILTERING = 7
IFLA_BRPORT_MODE = 4
IFLA_BRIDGE_FLAGS, IFLA_BRIDGE_VLAN_INFO = 0, 2
BRIDGE_FLAGS_SELF = 2
BRIDGE_VLAN_INFO_PVID, BRIDGE_VLAN_INFO_UNTAGGED = 2, 4
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS = 1, 2, 4, 8
IFA_F_NODAD = 2
RTA_OIF, RTA_GATEWAY, RTA_PRIORITY = 4, 5, 6
RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST = 254, 4, 0, 1

Message = Tuple[int, int, bytes]  # type, extra flags, payload


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute, padded to 4 bytes."""
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + b"\0" * (-length % 4)


def nested(kind: int, *parts: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(parts))


def _text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode("ascii") + b"\0")


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def _link_header(index: int = 0, flags: int = 0, change: int = 0, family: int = 0) -> bytes:
    return struct.pack("=BxHiII", family, 0, index, flags, change)


def mac_bytes(mac: str) -> bytes:
    """'02:00:0a:58:00:02' as 6 bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def new_bridge(name: str, *, mac: str, mtu: int = 0, vlan_filtering: bool = False) -> Message:
    """Make a bridge, still down. A MAC that is set stays, whatever ports come and go."""
    data = nested(IFLA_INFO_DATA, attribute(IFLA_BR_VLAN_FILTERING, b"\1")) if vlan_filtering else b""
    body = _link_header() + _text(IFLA_IFNAME, name) + attribute(IFLA_ADDRESS, mac_bytes(mac))
    body += _number(IFLA_MTU, mtu) if mtu else b""
    return (RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
            body + nested(IFLA_LINKINFO, _text(IFLA_INFO_KIND, "bridge"), data))


def new_veth(name: str, peer: str, *, namespace: int, master: int, mac: str, mtu: int = 0) -> Message:
    """Make a pair: ``name`` here, up and a port of the bridge ``master``; ``peer`` down in ``namespace`` (an fd)."""
    size = _number(IFLA_MTU, mtu) if mtu else b""
    other = (_link_header() + _text(IFLA_IFNAME, peer) + attribute(IFLA_ADDRESS, mac_bytes(mac))
             + _number(IFLA_NET_NS_FD, namespace) + size)
    body = _link_header(0, IFF_UP, IFF_UP) + _text(IFLA_IFNAME, name) + _number(IFLA_MASTER, master) + size
    return (RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
            body + nested(IFLA_LINKINFO, _text(IFLA_INFO_KIND, "veth"),
                          nested(IFLA_INFO_DATA, attribute(VETH_INFO_PEER | NLA_F_NESTED, other))))


def new_sublink(kind: str, mode: int, name: str, *, parent: int, namespace: int, mac: str = "",
                mtu: int = 0) -> Message:
    """Make a macvlan or ipvlan of the link ``parent``, down and named ``name`` in ``namespace`` (an fd)."""
    body = _link_header() + _text(IFLA_IFNAME, name) + _number(IFLA_LINK, parent) + _number(IFLA_NET_NS_FD, namespace)
    body += attribute(IFLA_ADDRESS, mac_bytes(mac)) if mac else b""
    body += _number(IFLA_MTU, mtu) if mtu else b""
    # Both kinds have their mode as attribute 1: a number of 32 bits for macvlan, of 16 for ipvlan.
    data = attribute(1, struct.pack("=I" if kind == "macvlan" else "=H", mode))
    return (RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
            body + nested(IFLA_LINKINFO, _text(IFLA_INFO_KIND, kind), nested(IFLA_INFO_DATA, data)))


def set_hairpin(index: int) -> Message:
    """Let a bridge send a frame back through the port that it came from."""
    return (RTM_NEWLINK, 0, _link_header(index) + nested(
        IFLA_LINKINFO, _text(IFLA_INFO_SLAVE_KIND, "bridge"),
        nested(IFLA_INFO_SLAVE_DATA, attribute(IFLA_BRPORT_MODE, b"\1"))))


def set_master(index: int, master: int) -> Message:
    """Make a link a port of the bridge ``master``."""
    return (RTM_NEWLINK, 0, _link_header(index) + _number(IFLA_MASTER, master))


def set_up(index: int) -> Message:
    """Bring a link up."""
    return (RTM_NEWLINK, 0, _link_header(index, IFF_UP, IFF_UP))


def set_vlan(index: int, vlan: int, *, itself: bool = False) -> Message:
    """Make ``vlan`` the untagged VLAN of a bridge's port, or with ``itself`` of the bridge."""
    info = struct.pack("=HH", BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, vlan)
    flags = attribute(IFLA_BRIDGE_FLAGS, struct.pack("=H", BRIDGE_FLAGS_SELF)) if itself else b""
    return (RTM_SETLINK, 0, _link_header(index, family=socket.AF_BRIDGE)
            + nested(IFLA_AF_SPEC, flags, attribute(IFLA_BRIDGE_VLAN_INFO, info)))


def delete_link(name: str) -> Message:
    """Remove a link by name."""
    return (RTM_DELLINK, 0, _link_header() + _text(IFLA_IFNAME, name))


def _packed(address: str) -> Tuple[int, bytes]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def new_address(index: int, address: str, prefix: int) -> Message:
    """Give a link an address (with ``prefix`` bits of network); IPv6 without waiting for duplicates."""
    family, packed = _packed(address)
    body = struct.pack("=BBBBi", family, prefix, 0, 0, index) + attribute(IFA_LOCAL, packed)
    body += attribute(IFA_ADDRESS, packed)
    if family == socket.AF_INET:
        host = (1 << (32 - prefix)) - 1
        broadcast = int.from_bytes(packed, "big") | host
        body += attribute(IFA_BROADCAST, broadcast.to_bytes(4, "big")) if prefix < 31 else b""
    else:
        body += _number(IFA_FLAGS, IFA_F_NODAD)
    return RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body


def new_default_route(index: int, gateway: str, metric: int) -> Message:
    """The way to everywhere else."""
    family, packed = _packed(gateway)
    body = struct.pack("=BBBBBBBBI", family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE,
                       RTN_UNICAST, 0)
    body += attribute(RTA_GATEWAY, packed) + _number(RTA_OIF, index) + _number(RTA_PRIORITY, metric)
    return RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, body


class Connection:
    """A socket to the kernel in the network namespace of the thread that makes it. Used as ``with``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.settimeout(30)
        self._sequence = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, messages: Sequence[Message], *, ignore: Sequence[int] = ()) -> None:
        """Send messages in one go and wait until all are done.

        Raises OSError of the first that failed, unless its errno is in ``ignore``; those after it
        were still tried.
        """
        if not messages:
            return  # kernels from 6.1 on refuse an empty datagram with ENODATA
        data: List[bytes] = []
        for kind, flags, body in messages:
            self._sequence += 1
            data.append(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags,
                                    self._sequence, 0) + body + b"\0" * (-len(body) % 4))
        self._socket.sendto(b"".join(data), (0, 0))
        failure: Optional[int] = None
        for _rest in messages:
            code = self._acknowledgement()
            if code and code not in ignore and failure is None:
                failure = code
        if failure is not None:
            raise OSError(failure, os.strerror(failure))

    def _acknowledgement(self) -> int:
        """The errno (0 for success) of the next message that the kernel answers."""
        while True:
            reply = self._socket.recv(65536)
            kind = struct.unpack_from("=H", reply, 4)[0]
            if kind == NLMSG_ERROR:
                return -int(struct.unpack_from("=i", reply, 16)[0])

    def index(self, name: str) -> int:
        """A link's index in this socket's namespace; 0 when there is none."""
        import fcntl

        try:
            reply = fcntl.ioctl(self._socket, 0x8933, struct.pack("16si20x", name.encode(), 0))  # SIOCGIFINDEX
        except OSError as exc:
            if exc.errno == errno.ENODEV:
                return 0
            raise
        return int(struct.unpack_from("i", reply, 16)[0])

    def master(self, name: str) -> int:
        """The index of the bridge that a link is a port of; 0 for none, or for no such link."""
        body = _link_header(self.index(name))
        self._sequence += 1
        self._socket.sendto(struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST, self._sequence, 0) + body,
                            (0, 0))
        reply = self._socket.recv(65536)
        if struct.unpack_from("=H", reply, 4)[0] != RTM_NEWLINK:
            return 0
        place = 16 + len(body)
        while place + 4 <= len(reply):
            length, kind = struct.unpack_from("=HH", reply, place)
            if kind == IFLA_MASTER:
                return int(struct.unpack_from("=I", reply, place + 4)[0])
            place += max(4, (length + 3) & ~3)
        return 0
