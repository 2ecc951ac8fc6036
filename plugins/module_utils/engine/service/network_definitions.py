# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks: make, find, remove, inspect. What connects containers to them is in ``network_connections``."""

from __future__ import annotations

import os
import time
from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence

from ..context import Context
from ..errors import Conflict, Damaged, InUse, InvalidInput, NotFound, Unsupported
from ..formats.network import NetworkSpec, Subnet
from ..frozen import replace
from ..network import definitions, dns, endpoints, ipam
from ..network.definitions import DEFAULT_NETWORK, NetworkRecord

DEFAULT_SUBNET = Subnet("10.88.0.0/16", "10.88.0.1")
OPTIONS = {"bridge": ("mtu", "vlan", "isolate", "metric", "no_default_route", "direct_routing"),
           "macvlan": ("mtu", "mode", "metric", "no_default_route"),
           "ipvlan": ("mtu", "mode", "metric", "no_default_route")}
# Docker's names of the same options, which podman takes too.
OPTION_ALIASES = {"com.docker.network.driver.mtu": "mtu", "com.docker.network.bridge.name": "interface",
                  "parent": "interface", "macvlan_mode": "mode", "ipvlan_mode": "mode"}
NUMBERS = {"mtu": (68, 65535), "vlan": (1, 4094), "metric": (1, 2 ** 31 - 1)}


def create(ctx: Context, spec: NetworkSpec) -> NetworkRecord:
    """Make a network; its bridge appears with its first container.

    Raises InvalidInput, Conflict (name, subnet or interface taken) or Unsupported.
    """
    spec = _ready(ctx, spec)
    with definitions.lock(ctx):
        return definitions.write_new(ctx, os.urandom(32).hex(), _new(ctx, spec))


def check(ctx: Context, spec: NetworkSpec, *, anew: bool = False) -> None:
    """Raise what ``create``, or with ``anew`` ``replace_one``, would raise of the specification."""
    spec = _ready(ctx, spec)
    if anew:
        _anew(ctx, spec, get(ctx, spec.name))
    else:
        _new(ctx, spec)


def _new(ctx: Context, spec: NetworkSpec) -> NetworkSpec:
    present = every(ctx)
    if any(record.name == spec.name for record in present):
        raise Conflict("A network named %s exists" % spec.name, "Choose another name, or remove it first.")
    return _filled(ctx, spec, present)


def _anew(ctx: Context, spec: NetworkSpec, old: NetworkRecord) -> NetworkSpec:
    others = [record for record in every(ctx) if record.name != old.name]
    return _filled(ctx, spec, others, ignore=[old.spec.interface])


def replace_one(ctx: Context, spec: NetworkSpec, *, force: bool = False) -> NetworkRecord:
    """Make the network of this name anew. What ``create`` would refuse is refused before the old one goes.

    ``force`` as in ``remove``. Raises what both raise.
    """
    spec = _ready(ctx, spec)
    with definitions.lock(ctx):
        old = get(ctx, spec.name)
        new = NetworkRecord(os.urandom(32).hex(), time.time(), _anew(ctx, spec, old))
        _remove(ctx, _removable(old.name), force, new)
        return new


def _ready(ctx: Context, spec: NetworkSpec) -> NetworkSpec:
    """The specification, checked as far as that needs no other network."""
    definitions.check_name(spec.name)
    spec = _checked(spec)
    return spec if spec.driver == "bridge" else _on_parent(ctx, spec)


def check_values(spec: NetworkSpec) -> None:
    """Raise InvalidInput or Unsupported for what no host could have, whatever there is on this one."""
    import ipaddress

    from ..network import subnets

    definitions.check_name(spec.name)
    _checked(spec)
    used: List[subnets.Used] = []
    for wanted in spec.subnets:
        used.append((ipaddress.ip_network(subnets.checked(wanted, used).subnet), "another subnet of this network"))


def _on_parent(ctx: Context, spec: NetworkSpec) -> NetworkSpec:
    """A macvlan or ipvlan network: its parent, and what there is not on one."""
    from ..network import subnets

    if ctx.rootless:
        raise Unsupported("A %s needs a link of the host's, which users without root cannot have" % spec.driver,
                          "Use bridge, or pasta, with which a container has the host's own address.")
    if not spec.subnets:
        raise Unsupported("Addresses of a %s network cannot come by DHCP" % spec.driver,
                          "Give the subnet of the network that the parent interface is on.")
    parent = spec.interface or subnets.default_interface()
    if not parent:
        raise InvalidInput("There is no default route to say which interface network %s is to be on" % spec.name,
                           "Name it with interface_name, or -o parent=NAME.")
    # The host does not hear its own macvlans, so there is nowhere for a name server to listen.
    return replace(spec, interface=parent, dns=False)


def _checked(spec: NetworkSpec) -> NetworkSpec:
    """The specification with canonical options; refuses what the engine does not know."""
    from ..formats.etcfiles import check_address

    if spec.driver not in OPTIONS:
        raise Unsupported("The network driver %r is not known" % spec.driver, "Use %s." % ", ".join(OPTIONS))
    options: Dict[str, str] = {}
    interface = spec.interface
    for name, value in spec.options.items():
        known = OPTION_ALIASES.get(name, name)
        if known == "interface":
            interface = value
        elif known not in OPTIONS[spec.driver]:
            raise InvalidInput("The %s driver has no option %r" % (spec.driver, name),
                               "It has %s." % ", ".join(OPTIONS[spec.driver]))
        else:
            options[known] = _option(spec.driver, known, str(value))
    if interface and (len(interface) > 15 or not interface.isascii() or not interface.replace("-", "").replace(
            "_", "").replace(".", "").isalnum() or interface[0] in ".-"):
        raise InvalidInput("%r is no name for a network interface" % interface[:80],
                           "Use up to 15 letters, digits, '-', '_' and '.'.")
    servers = tuple(check_address(server, "dns server of network %s" % spec.name) for server in spec.dns_servers)
    for text in (*spec.labels, *spec.labels.values()):
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise InvalidInput("The label %r holds a control character" % text[:80])
    return replace(spec, options=options, interface=interface, dns_servers=servers)


def _option(driver: str, name: str, value: str) -> str:
    if name in NUMBERS:
        lowest, highest = NUMBERS[name]
        if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
            raise InvalidInput("The option %s=%s is not between %d and %d" % (name, value[:20], lowest, highest))
        return str(int(value))
    value = {"1": "true", "0": "false"}.get(value, value.lower())
    allowed: Sequence[str] = ("true", "false", "strict") if name == "isolate" else ("true", "false")
    if name == "mode":
        from ..network import links

        allowed = list(links.SUBLINK_MODES[driver])
    if value not in allowed:
        raise InvalidInput("The option %s=%s is not one of %s" % (name, value[:20], ", ".join(allowed)))
    return value


def _filled(ctx: Context, spec: NetworkSpec, present: Sequence[NetworkRecord], *,
            ignore: Sequence[str] = ()) -> NetworkSpec:
    """The specification with subnets and interface chosen, none of them anybody else's; ``ignore`` are links to go."""
    import ipaddress

    from ..network import links, subnets

    bridged = spec.driver == "bridge"
    bridges = [record.spec.interface for record in present if record.spec.driver == "bridge"]
    if bridged and spec.interface in bridges:
        raise Conflict("The interface %s belongs to another network" % spec.interface)
    used: List[subnets.Used] = [(ipaddress.ip_network(s.subnet), "the subnet of network %s" % record.name)
                                for record in present for s in record.spec.subnets]
    if bridged:  # others are on the host's own network
        used += subnets.host_subnets(ignore=[*bridges, *ignore])
    chosen: List[Subnet] = []
    for wanted in spec.subnets:
        row = subnets.checked(wanted, used)
        chosen.append(row)
        used.append((ipaddress.ip_network(row.subnet), "another subnet of this network"))
    if not chosen or (spec.ipv6 and all(":" in row.subnet for row in chosen)):
        chosen.append(subnets.free4(used))
    if spec.ipv6 and not any(":" in row.subnet for row in chosen):
        chosen.append(subnets.free6(used))
    return replace(spec, subnets=tuple(chosen), ipv6=any(":" in row.subnet for row in chosen),
                   interface=spec.interface or links.free_bridge_name(ctx, bridges))


def default(ctx: Context) -> NetworkRecord:
    """The default network as it is, or as it will be made by its first container, as when it is damaged."""
    try:
        found = definitions.read(ctx, DEFAULT_NETWORK)
    except Damaged as exc:
        ctx.warn(exc)
        found = None
    if found is not None:
        return found
    spec = NetworkSpec(DEFAULT_NETWORK, interface="%s0" % ctx.prefix[:14], subnets=(DEFAULT_SUBNET,), dns=False)
    return NetworkRecord(definitions.DEFAULT_ID, 0.0, spec)


def materialise(ctx: Context) -> NetworkRecord:
    """The default network, stored; its usual subnet gives way when the host uses it. Under the lock.

    A damaged one is made anew when no container is on it; else raises Damaged.
    """
    try:
        found = definitions.read(ctx, DEFAULT_NETWORK)
        if found is not None:
            return found
    except Damaged as exc:
        if ipam.used(ctx, DEFAULT_NETWORK):
            raise
        ctx.warn("The default network is made anew. %s" % exc.message)
        definitions.delete(ctx, DEFAULT_NETWORK)
    spec = default(ctx).spec
    present = definitions.stored(ctx)
    try:
        spec = _filled(ctx, spec, present)
    except Conflict:
        spec = _filled(ctx, replace(spec, subnets=(), interface=""), present)
    return definitions.write_new(ctx, definitions.DEFAULT_ID, spec)


def every(ctx: Context) -> List[NetworkRecord]:
    """All networks by name, the default one included."""
    records = definitions.stored(ctx)
    if all(record.name != DEFAULT_NETWORK for record in records):
        records.append(default(ctx))
    return sorted(records, key=lambda record: record.name)


def get(ctx: Context, name: str) -> NetworkRecord:
    """A network by name, ID or its first 12 digits at least; NotFound or Ambiguous."""
    virtual = default(ctx)
    if name == DEFAULT_NETWORK or (len(name) >= 12 and virtual.id.startswith(name)):
        return virtual
    return definitions.lookup(ctx, name)


def exists(ctx: Context, name: str) -> bool:
    """Whether there is a network of this name or ID."""
    try:
        get(ctx, name)
    except NotFound:
        return False
    return True


def members(ctx: Context, name: str) -> List[str]:
    """The IDs of the containers that are connected to a network now."""
    return ipam.members(ctx, name)


def remove(ctx: Context, name: str, force: bool = False) -> str:
    """Remove a network, its name; ``force`` disconnects its running containers first, and removes a damaged one.

    Raises NotFound, Damaged, InUse (its containers are named), or InvalidInput for the default network.
    """
    with definitions.lock(ctx):
        try:
            definitions.read(ctx, name)
            name = _removable(get(ctx, name).name)
        except Damaged:
            if not force:
                raise
        _remove(ctx, name, force)
    return name


def _removable(name: str) -> str:
    if name == DEFAULT_NETWORK:
        raise InvalidInput("The default network %s cannot be removed" % DEFAULT_NETWORK)
    return name


def check_removal(ctx: Context, name: str, force: bool, without: Collection[str] = ()) -> None:
    """Raise what ``remove`` would raise; containers ``without`` do not count."""
    _in_use(ctx, _removable(name), force, without)


def _in_use(ctx: Context, name: str, force: bool, without: Collection[str] = ()) -> List[Any]:
    running = [document for document in endpoints.of_network(ctx, name)
               if document.request.container_name not in without]
    if running and not force:
        raise InUse("Network %s is in use by %s" % (
            name, ", ".join(document.request.container_name for document in running)),
            "Remove or disconnect these containers first, or use force.")
    return running


def _remove(ctx: Context, name: str, force: bool, new: Optional[NetworkRecord] = None) -> None:
    """Remove a network, or let a new one take its place: at every moment one of them is there."""
    from ..network import attachment
    from . import network_etcfiles

    running = _in_use(ctx, name, force)
    left = [attachment.shrink(ctx, document, name) for document in running]
    if new is None:
        definitions.delete(ctx, name)
    else:
        definitions.rewrite(ctx, new)
    ipam.forget(ctx, name)
    dns.forget_network(ctx, name)
    for document in left:
        network_etcfiles.rewrite(ctx, document)


def update(ctx: Context, name: str, *, dns_servers: Optional[Sequence[str]] = None,
           labels: Optional[Mapping[str, str]] = None) -> NetworkRecord:
    """Give a network other name servers or labels; its running containers get the servers at once.

    Raises NotFound, InvalidInput.
    """
    from . import network_connections

    with definitions.lock(ctx):
        record = materialise(ctx) if name == DEFAULT_NETWORK else get(ctx, name)
        changes: Dict[str, Any] = {} if dns_servers is None else {"dns_servers": tuple(dns_servers)}
        if labels is not None:
            changes["labels"] = dict(labels)
        record = record._replace(spec=_checked(replace(record.spec, **changes)))
        definitions.rewrite(ctx, record)
        if dns_servers is not None:
            network_connections.serve_names(ctx, record)
    return record


def prune(ctx: Context, labels: Sequence[str] = (), *, keep: Sequence[str] = ()) -> List[str]:
    """Remove all networks that no container is on; their names.

    ``labels`` ('key' or 'key=value') narrows it; ``keep`` are networks that stopped containers name.
    """
    removed: List[str] = []
    if _kept_for_damaged(ctx):
        return removed
    for record in definitions.stored(ctx):
        fits = all(label.partition("=")[0] in record.spec.labels and (
            "=" not in label or record.spec.labels[label.partition("=")[0]] == label.partition("=")[2])
            for label in labels)
        if record.name == DEFAULT_NETWORK or record.name in keep or not fits:
            continue
        try:
            removed.append(remove(ctx, record.name))
        except (InUse, NotFound):
            continue
    return removed


def _kept_for_damaged(ctx: Context) -> bool:
    """Whether a container is damaged, so that nobody knows which networks it names; the user is warned."""
    from ..store import containers

    lost = containers.damaged(ctx)
    for damage in lost:
        ctx.warn("Networks are kept that the damaged container %s may need. %s" % (damage.name, damage))
    return bool(lost)


def inspect(ctx: Context, name: str) -> Dict[str, Any]:
    """A network as ``podman network inspect`` shows it."""
    record = get(ctx, name)
    spec = record.spec
    subnets: List[Dict[str, Any]] = []
    for subnet in spec.subnets:
        row: Dict[str, Any] = {"subnet": subnet.subnet, "gateway": subnet.gateway}
        if subnet.range_start or subnet.range_end:
            row["lease_range"] = {"start_ip": subnet.range_start, "end_ip": subnet.range_end}
        subnets.append(row)
    return {
        "name": spec.name, "id": record.id, "driver": spec.driver, "network_interface": spec.interface,
        "created": _rfc3339(record.created), "subnets": subnets, "ipv6_enabled": spec.ipv6,
        "internal": spec.internal, "dns_enabled": spec.dns, "network_dns_servers": list(spec.dns_servers),
        "labels": dict(spec.labels), "options": dict(spec.options), "ipam_options": {"driver": "host-local"},
        "containers": _shown_members(ctx, spec.name),
    }


def _shown_members(ctx: Context, name: str) -> Dict[str, Any]:
    rows = {}
    for document in endpoints.of_network(ctx, name):
        for endpoint in document.endpoints:
            if endpoint.network == name:
                addresses = [(endpoint.ip, endpoint.ip_prefix, endpoint.gateway),
                             (endpoint.ip6, endpoint.ip6_prefix, endpoint.gateway6)]
                rows[document.request.container_id] = {
                    "name": document.request.container_name,
                    "interfaces": {endpoint.interface: {
                        "subnets": [{"ipnet": "%s/%d" % (ip, length), "gateway": gateway}
                                    for ip, length, gateway in addresses if ip],
                        "mac_address": endpoint.mac}}}
    return rows


def _rfc3339(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%09dZ" % (whole, int(seconds % 1 * 1e9))
