# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bridges and veth pairs, and the kernel's settings that go with them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import List, Sequence

from ..context import Context
from ..errors import Conflict, EngineError, Unsupported
from ..formats.endpoint import Endpoint
from ..formats.network import NetworkSpec
from ..kernel import netns, rtnetlink, sha256

# if_link.h: enum macvlan_mode, enum ipvlan_mode
SUBLINK_MODES = {"macvlan": {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}, "ipvlan": {"l2": 0}}
DEFAULT_MODES = {"macvlan": "bridge", "ipvlan": "l2"}
MAX_LINK = 15  # IFNAMSIZ without its zero


def link_name(ctx: Context, container_id: str, network: str) -> str:
    """The host's end of a container's pair on a network: the same at every start."""
    seed = "%s %s %s" % (ctx.runroot, container_id, network)
    return ctx.prefix[:4] + sha256.hexdigest(seed.encode())[:10]


def strays(ctx: Context, bridges: Sequence[str], container_ids: Sequence[str], networks: Sequence[str]) -> List[str]:
    """The ports of these bridges, called as ``link_name`` calls them, that none of these containers has on any of these
    networks."""
    own = {link_name(ctx, container_id, network) for container_id in container_ids for network in networks}
    with rtnetlink.Connection() as connection:
        masters = {index for index in map(connection.index, bridges) if index}
        return [name for _index, name in socket.if_nameindex()
                if len(name) == len(ctx.prefix[:4]) + 10 and name.startswith(ctx.prefix[:4]) and name not in own
                and connection.master(name) in masters]


def without_ports(bridges: Sequence[str]) -> List[str]:
    """Those of these bridges that are there and have no ports."""
    with rtnetlink.Connection() as connection:
        masters = {connection.master(name) for _index, name in socket.if_nameindex()}
        return [name for name in bridges if connection.index(name) and connection.index(name) not in masters]


def remove(names: Sequence[str]) -> None:
    """Remove links; one that is not there is fine."""
    with rtnetlink.Connection() as connection:
        for name in names:
            unplug(connection, name)


def free_bridge_name(ctx: Context, taken: Sequence[str]) -> str:
    """The first of 'pycontainer0', 'pycontainer1', ... that neither a network nor a link has."""
    present = {name for _rest, name in socket.if_nameindex()} | set(taken)
    number = 0
    while True:
        name = "%s%d" % (ctx.prefix[:MAX_LINK - len(str(number))], number)
        if name not in present:
            return name
        number += 1


def mac_for(address: str) -> str:
    """A MAC that follows from the IP address.

    The next container with that address has the same MAC, so no neighbour's ARP entry goes stale.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    tail = packed if family == socket.AF_INET else sha256.digest(packed)[:4]
    return ":".join("%02x" % byte for byte in b"\x02\x42" + tail)


def write_sysctl(name: str, value: str) -> None:
    """Set /proc/sys/NAME unless it has the value; raises EngineError. A read-only /proc is told apart."""
    path = "/proc/sys/" + name
    try:
        with open(path, encoding="ascii") as stream:
            if stream.read().strip() == value:
                return
        with open(path, "w", encoding="ascii") as stream:
            stream.write(value)
    except OSError as exc:
        raise EngineError("Cannot set %s to %s: %s" % (path, value, exc.strerror),
                          "Networks of containers need it; set it on the host.") from exc


def ensure_bridge(connection: rtnetlink.Connection, spec: NetworkSpec) -> int:
    """Make a network's bridge unless it is there; its index. Raises EngineError."""
    index = connection.index(spec.interface)
    if index:
        return index
    vlan = int(spec.options.get("vlan", "0"))
    mac = mac_for(spec.subnets[0].gateway)
    try:
        connection.send([rtnetlink.new_bridge(spec.interface, mac=mac, mtu=int(spec.options.get("mtu", "0")),
                                              vlan_filtering=bool(vlan))], ignore=(errno.EEXIST,))
    except OSError as exc:
        if vlan and exc.errno == errno.EOPNOTSUPP:
            raise Unsupported("The kernel has no VLANs on bridges, which network %s asks for" % spec.name,
                              "CONFIG_BRIDGE_VLAN_FILTERING is needed; or leave the option vlan out.") from exc
        raise EngineError("Cannot make the bridge %s: %s" % (spec.interface, exc.strerror),
                          "Does the kernel have the module bridge?") from exc
    index = connection.index(spec.interface)
    messages = [rtnetlink.set_vlan(index, vlan, itself=True)] if vlan else []
    for subnet in spec.subnets:
        messages.append(rtnetlink.new_address(index, subnet.gateway, int(subnet.subnet.split("/")[1])))
    try:
        _forwarding(spec)
        connection.send([*messages, rtnetlink.set_up(index)])
    except OSError as exc:
        remove_bridge(connection, spec.interface)
        raise EngineError("Cannot configure the bridge %s: %s" % (spec.interface, exc.strerror)) from exc
    except EngineError:
        remove_bridge(connection, spec.interface)
        raise
    return index


def _forwarding(spec: NetworkSpec) -> None:
    """Let the host route for this network, and 127.0.0.1 reach its published ports."""
    if any(":" not in s.subnet for s in spec.subnets):
        write_sysctl("net/ipv4/ip_forward", "1")
        write_sysctl("net/ipv4/conf/%s/route_localnet" % spec.interface, "1")
    if any(":" in s.subnet for s in spec.subnets):
        # Without a link-local address of its own (it is tentative for a second), the bridge answers no neighbour.
        write_sysctl("net/ipv6/conf/%s/accept_dad" % spec.interface, "0")
        _keep_router_advertisements()
        write_sysctl("net/ipv6/conf/all/forwarding", "1")


def _keep_router_advertisements() -> None:
    """A host that forwards IPv6 would lose the default route that it has from its router (ip-sysctl: accept_ra)."""
    for link in os.listdir("/proc/sys/net/ipv6/conf"):
        path = "/proc/sys/net/ipv6/conf/%s/accept_ra" % link
        with contextlib.suppress(OSError):
            with open(path, encoding="ascii") as stream:
                accepts = stream.read().strip() == "1"
            if accepts and link not in ("all", "lo"):
                with open(path, "w", encoding="ascii") as stream:
                    stream.write("2")


def remove_bridge(connection: rtnetlink.Connection, name: str) -> None:
    """Remove a bridge; one that is not there is fine."""
    connection.send([rtnetlink.delete_link(name)], ignore=(errno.ENODEV,))


def _hairpin() -> bool:
    """Whether bridged packets pass the IP firewall: NAT may then turn one back to where it came from."""
    try:
        with open("/proc/sys/net/bridge/bridge-nf-call-iptables", encoding="ascii") as stream:
            return stream.read().strip() == "1"
    except OSError:
        return False


def plug(connection: rtnetlink.Connection, spec: NetworkSpec, endpoint: Endpoint, path: str) -> None:
    """Make the pair, its end in the namespace at ``path`` still down; raises EngineError."""
    master = connection.index(spec.interface)
    vlan = int(spec.options.get("vlan", "0"))
    namespace = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        pair = rtnetlink.new_veth(endpoint.link, endpoint.interface, namespace=namespace, master=master,
                                  mac=endpoint.mac, mtu=int(spec.options.get("mtu", "0")))
        try:
            connection.send([pair])
        except FileExistsError:
            # A namespace that was just removed takes its links along a moment later; or a crash left it.
            unplug(connection, endpoint.link)
            connection.send([pair])
        index = connection.index(endpoint.link)
        messages = [rtnetlink.set_vlan(index, vlan)] if vlan else []
        connection.send(messages + ([rtnetlink.set_hairpin(index)] if _hairpin() else []))
    except OSError as exc:
        unplug(connection, endpoint.link)
        if exc.errno == errno.EEXIST:
            raise Conflict("The container has a link named %s already" % endpoint.interface,
                           "Give each of its networks another interface name.") from exc
        raise EngineError("Cannot connect a link to %s: %s" % (spec.interface, exc.strerror)) from exc
    finally:
        os.close(namespace)


def plug_sublink(connection: rtnetlink.Connection, spec: NetworkSpec, endpoint: Endpoint, path: str) -> None:
    """Make a macvlan or ipvlan of the network's parent in the namespace at ``path``, still down; raises EngineError."""
    parent = connection.index(spec.interface)
    if not parent:
        raise EngineError("This host has no interface %s, which network %s is on" % (spec.interface, spec.name),
                          "ip link shows the host's; make the network anew with interface_name.")
    mode = SUBLINK_MODES[spec.driver][spec.options.get("mode", DEFAULT_MODES[spec.driver])]
    namespace = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        connection.send([rtnetlink.new_sublink(
            spec.driver, mode, endpoint.interface, parent=parent, namespace=namespace,
            mac=endpoint.mac if spec.driver == "macvlan" else "", mtu=int(spec.options.get("mtu", "0")))])
    except OSError as exc:
        if exc.errno == errno.EEXIST:
            raise Conflict("The container has a link named %s already" % endpoint.interface,
                           "Give each of its networks another interface name.") from exc
        if exc.errno == errno.EOPNOTSUPP:
            raise Unsupported("The kernel has no %s, which network %s asks for" % (spec.driver, spec.name),
                              "Does the kernel have the module %s?" % spec.driver) from exc
        raise EngineError("Cannot make a %s on %s: %s" % (spec.driver, spec.interface, exc.strerror)) from exc
    finally:
        os.close(namespace)


def sublink_there(path: str, endpoint: Endpoint) -> bool:
    """Whether a macvlan or ipvlan is in the namespace at ``path``."""
    with netns.inside(path), rtnetlink.Connection() as connection:
        return connection.index(endpoint.interface) != 0


def unplug_sublink(path: str, endpoint: Endpoint) -> None:
    """Remove a macvlan or ipvlan from the namespace at ``path``; one that is not there is fine."""
    with netns.inside(path), rtnetlink.Connection() as connection:
        unplug(connection, endpoint.interface)


def reconnect(connection: rtnetlink.Connection, endpoint: Endpoint) -> None:
    """Make a pair that is there a port of its bridge, which may be a new one."""
    connection.send([rtnetlink.set_master(connection.index(endpoint.link), connection.index(endpoint.bridge))])


def unplug(connection: rtnetlink.Connection, name: str) -> None:
    """Remove a pair by the host's end; one that is not there is fine."""
    connection.send([rtnetlink.delete_link(name)], ignore=(errno.ENODEV,))


def configure(path: str, endpoints: Sequence[Endpoint], metrics: Sequence[int]) -> None:
    """Addresses and routes in the namespace; a metric of 0 stands for no default route. Raises EngineError."""
    with netns.inside(path):
        connection = rtnetlink.Connection()
        announced = [e for e in endpoints if e.mac != mac_for(e.ip or e.ip6)]
        for endpoint in announced:
            with contextlib.suppress(EngineError):
                write_sysctl("net/ipv4/conf/%s/arp_notify" % endpoint.interface, "1")
                write_sysctl("net/ipv6/conf/%s/ndisc_notify" % endpoint.interface, "1")
        for endpoint in endpoints:
            if endpoint.ip6:
                with contextlib.suppress(EngineError):
                    write_sysctl("net/ipv6/conf/%s/accept_dad" % endpoint.interface, "0")
    with connection:
        messages: List[rtnetlink.Message] = []
        for endpoint, metric in zip(endpoints, metrics):
            index = connection.index(endpoint.interface)
            addresses = ((endpoint.ip, endpoint.ip_prefix, endpoint.gateway),
                         (endpoint.ip6, endpoint.ip6_prefix, endpoint.gateway6))
            messages += [rtnetlink.new_address(index, ip, length) for ip, length, _rest in addresses if ip]
            messages.append(rtnetlink.set_up(index))
            messages += [rtnetlink.new_default_route(index, gateway, metric)
                         for ip, _rest, gateway in addresses if ip and gateway and metric]
        try:
            connection.send(messages)
        except OSError as exc:
            raise EngineError("Cannot configure the links in %s: %s" % (path, exc.strerror)) from exc
