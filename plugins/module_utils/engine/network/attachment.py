# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connects containers to networks and takes them off again: claims, links, rules and names in one order.

First everything is claimed and written down (the endpoint document), then links and rules are made
side by side. Taking off goes on whatever fails, and reports at the end. The caller holds the network lock.
"""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Dict, List, Optional, Sequence, Set

from ..context import Context
from ..errors import Conflict, EngineError, InvalidInput, NotFound
from ..formats.container import NetworkUse
from ..formats.endpoint import Endpoint, EndpointDocument, SetupRequest, SetupResult
from ..formats.network import Subnet
from ..frozen import replace
from ..kernel import netns, proc, rtnetlink
from . import definitions, dns, endpoints, firewall, ipam, links, ports
from .definitions import NetworkRecord

METRIC = 100  # of the first network's default route; podman's


def attach(ctx: Context, request: SetupRequest, records: Sequence[NetworkRecord]) -> SetupResult:
    """Connect a container that starts; ``records`` belong to ``request.uses``, one each.

    The caller has claimed ``request.ports``.
    Nothing is left of it when it fails. Raises Conflict, InvalidInput, EngineError.
    """
    me = os.getpid()
    document = EndpointDocument(request, ports=request.ports, pid=me, started=proc.start_time(me) or 0)
    try:
        for use, record in zip(request.uses, records):
            document = _reserve(ctx, document, use, record)
        endpoints.write(ctx, document)
        _connect(ctx, document, records, document.endpoints)
    except BaseException:
        # The reason counts, not what undoing it stumbles over.
        with contextlib.suppress(EngineError):
            detach(ctx, document)
        raise
    return SetupResult({e.network: e for e in document.endpoints}, document.ports)


def _reserve(ctx: Context, document: EndpointDocument, use: NetworkUse, record: NetworkRecord) -> EndpointDocument:
    """Claim addresses on one network; the document with the new endpoint. What was claimed is given back on failure."""
    container_id = document.request.container_id
    if any(e.network == record.name for e in document.endpoints):
        raise InvalidInput("Network %s is named twice for one container" % record.name)
    taken = {e.interface for e in document.endpoints}
    interface = use.interface or next(n for n in ("eth%d" % i for i in range(len(taken) + 1)) if n not in taken)
    if interface in taken or interface == "lo":
        raise Conflict("The interface name %s is taken in the container" % interface)
    claimed: Dict[str, str] = {}
    try:
        for subnet in record.spec.subnets:
            family = "ip6" if ":" in subnet.subnet else "ip"
            static = use.ip6 if family == "ip6" else use.ip
            if family in claimed:
                continue
            wanted = _home_of(record, static) if static else subnet
            claimed[family] = (ipam.claim_static(ctx, record.name, wanted, static, container_id) if static
                               else ipam.claim_free(ctx, record.name, wanted, container_id))
        for family, static in (("ip", use.ip), ("ip6", use.ip6)):
            if static and family not in claimed:
                raise InvalidInput("Network %s has no subnet for the address %s" % (record.name, static))
        endpoint = _endpoint(ctx, document.request, use, record, interface=interface, claimed=claimed)
    except BaseException:
        for address in claimed.values():
            ipam.release(ctx, record.name, address, container_id)
        raise
    return replace(document, endpoints=(*document.endpoints, endpoint))


def _home_of(record: NetworkRecord, address: str) -> Subnet:
    """The subnet of a network that an address lies in, else its first of that family."""
    import ipaddress

    family = [s for s in record.spec.subnets if (":" in s.subnet) == (":" in address)]
    if not family:
        raise InvalidInput("Network %s has no subnet for the address %r" % (record.name, address[:80]))
    try:
        return next((s for s in family if ipaddress.ip_address(address) in ipaddress.ip_network(s.subnet)), family[0])
    except ValueError as exc:
        raise InvalidInput("%r is no IP address" % address[:80]) from exc


def _endpoint(ctx: Context, request: SetupRequest, use: NetworkUse, record: NetworkRecord, *,
              interface: str, claimed: Dict[str, str]) -> Endpoint:
    """The endpoint for addresses that are claimed."""
    lengths, gateways = {}, {}
    routed = not record.spec.internal and record.spec.options.get("no_default_route") != "true"
    for family, address in claimed.items():
        subnet = _home_of(record, address)
        lengths[family] = int(subnet.subnet.split("/")[1])
        gateways[family] = subnet.gateway if routed else ""
    ip, ip6 = claimed.get("ip", ""), claimed.get("ip6", "")
    aliases = [request.container_name, request.container_id[:12], *request.aliases, *use.aliases]
    bridged = record.spec.driver == "bridge"
    return Endpoint(
        record.name, interface, record.spec.interface if bridged else "",
        links.link_name(ctx, request.container_id, record.name) if bridged else "",
        use.mac.lower() or links.mac_for(ip or ip6), ip, lengths.get("ip", 0), gateways.get("ip", ""),
        ip6, lengths.get("ip6", 0), gateways.get("ip6", ""), tuple(dict.fromkeys(filter(None, aliases))))


def _connect(ctx: Context, document: EndpointDocument, records: Sequence[NetworkRecord],
             added: Sequence[Endpoint]) -> None:
    """Make links, rules and names for endpoints that are written down."""
    by_name = {record.name: record for record in records}
    with rtnetlink.Connection() as connection:
        bridged = [endpoint for endpoint in added if endpoint.bridge]
        for endpoint in bridged:
            links.ensure_bridge(connection, by_name[endpoint.network].spec)
        change = firewall.add(ctx, [endpoints.live_network(by_name[e.network]) for e in bridged],
                              endpoints.publications(document, anywhere=ctx.rootless))
        try:
            for endpoint in added:
                plug = links.plug if endpoint.bridge else links.plug_sublink
                plug(connection, by_name[endpoint.network].spec, endpoint, document.request.netns)
            links.configure(document.request.netns, added, _metrics(document, by_name, added))
        finally:
            change.finish()
    dns.update(ctx, document, [record for record in records if record.name in {e.network for e in added}])


def _metrics(document: EndpointDocument, by_name: Dict[str, NetworkRecord], added: Sequence[Endpoint]) -> List[int]:
    """Of each new endpoint's default route: two of one metric cannot stand beside each other."""
    places = [e.network for e in document.endpoints]
    return [int(by_name[e.network].spec.options.get("metric", "0")) or METRIC + places.index(e.network)
            for e in added]


def detach(ctx: Context, document: EndpointDocument, *, keep_namespace: bool = True) -> None:
    """Take a container off all networks; goes on whatever fails and raises one EngineError at the end."""
    request = document.request
    problems: List[str] = []

    def attempt(step: Callable[[], None]) -> None:
        try:
            step()
        except (EngineError, OSError) as exc:
            problems.append(str(exc))

    if keep_namespace:
        attempt(lambda: _unplug(request.netns, document.endpoints))
    else:
        attempt(lambda: netns.remove(request.netns))
    # The name server's files do not follow from the documents, so a killed detach has to find this one again.
    attempt(lambda: dns.forget(ctx, request.container_id, [e.network for e in document.endpoints]))
    endpoints.delete(ctx, request.container_id)
    attempt(lambda: ports.release(ctx, document.ports, request.container_id))
    attempt(lambda: _release(ctx, request.container_id, document.endpoints))
    attempt(lambda: firewall.remove(ctx, endpoints.publications(document, anywhere=ctx.rootless)))
    attempt(lambda: remove_idle_bridges(ctx, document.endpoints))
    if problems:
        # So that the next removal, or whoever repairs, tries again.
        endpoints.write(ctx, document)
        raise EngineError("Container %s is off its networks, but: %s"
                          % (request.container_id[:12], "; ".join(problems)))


def _release(ctx: Context, container_id: str, gone: Sequence[Endpoint]) -> None:
    for endpoint in gone:
        for address in filter(None, (endpoint.ip, endpoint.ip6)):
            ipam.release(ctx, endpoint.network, address, container_id)


def _unplug(path: str, gone: Sequence[Endpoint]) -> None:
    with rtnetlink.Connection() as connection:
        for endpoint in gone:
            if endpoint.link and connection.index(endpoint.link):
                links.unplug(connection, endpoint.link)
    for endpoint in gone:
        if not endpoint.link and netns.exists(path):
            links.unplug_sublink(path, endpoint)


def remove_idle_bridges(ctx: Context, gone: Sequence[Endpoint]) -> None:
    """Remove the bridges of these endpoints that no container needs any more."""
    idle = [endpoint.bridge for endpoint in gone if endpoint.bridge and not ipam.used(ctx, endpoint.network)]
    remove_bridges(idle)


def remove_bridges(bridges: Sequence[str]) -> None:
    """Remove bridges; one that is not there is fine."""
    if bridges:
        with rtnetlink.Connection() as connection:
            for bridge in bridges:
                links.remove_bridge(connection, bridge)


def extend(ctx: Context, document: EndpointDocument, use: NetworkUse, record: NetworkRecord) -> EndpointDocument:
    """Connect a running container to one more network."""
    before = document
    document = _reserve(ctx, document, use, record)
    new = document.endpoints[-1]
    document = replace(document, request=replace(document.request, uses=(*document.request.uses, use)))
    endpoints.write(ctx, document)
    try:
        _connect(ctx, document, [record], [new])
    except BaseException:
        with contextlib.suppress(EngineError):
            shrink(ctx, document, record.name)
        endpoints.write(ctx, before)
        raise
    return document


def shrink(ctx: Context, document: EndpointDocument, network: str) -> EndpointDocument:
    """Take a running container off one network; NotFound when it is not on it."""
    gone: Optional[Endpoint] = next((e for e in document.endpoints if e.network == network), None)
    if gone is None:
        raise NotFound("Container %s is not on network %s" % (document.request.container_name, network))
    uses = tuple(use for use, e in zip(document.request.uses, document.endpoints) if e.network != network)
    left = replace(document, endpoints=tuple(e for e in document.endpoints if e.network != network),
                   request=replace(document.request, uses=uses))
    endpoints.write(ctx, left)
    _unplug(document.request.netns, [gone])
    _release(ctx, document.request.container_id, [gone])
    # Ports lead to the first address, which may be another one now.
    firewall.rebuild(ctx)
    dns.forget(ctx, document.request.container_id, [network])
    remove_idle_bridges(ctx, [gone])
    return left


def restore(ctx: Context, document: EndpointDocument, records: Sequence[NetworkRecord]) -> None:
    """Make the links of a running container that are missing, with the addresses that it has."""
    by_name = {record.name: record for record in records}
    with rtnetlink.Connection() as connection:
        missing = []
        for endpoint in document.endpoints:
            if not endpoint.bridge:
                if not links.sublink_there(document.request.netns, endpoint):
                    links.plug_sublink(connection, by_name[endpoint.network].spec, endpoint, document.request.netns)
                    missing.append(endpoint)
                continue
            links.ensure_bridge(connection, by_name[endpoint.network].spec)
            if connection.index(endpoint.link):
                links.reconnect(connection, endpoint)
            else:
                links.plug(connection, by_name[endpoint.network].spec, endpoint, document.request.netns)
                missing.append(endpoint)
        if missing:
            links.configure(document.request.netns, missing, _metrics(document, by_name, missing))


def rename(ctx: Context, document: EndpointDocument, name: str) -> None:
    """Give a running container another name, for its neighbours too."""
    old = document.request.container_name
    document = replace(
        document, request=replace(document.request, container_name=name),
        endpoints=tuple(replace(e, aliases=tuple(name if a == old else a for a in e.aliases))
                        for e in document.endpoints))
    endpoints.write(ctx, document)
    found = (definitions.read_if_whole(ctx, e.network) for e in document.endpoints)
    dns.update(ctx, document, [record for record in found if record is not None])


def drop_remains(ctx: Context, known: Set[str]) -> Set[str]:
    """Remove the claims and names of containers that have no endpoint document and are not in ``known``; their IDs.

    Only a process that died between its claims and its document, or while it took those away, leaves such.
    """
    return ports.drop(ctx, known) | ipam.drop(ctx, known) | dns.drop(ctx, known)


def tidy(ctx: Context) -> None:
    """Bring rules and bridges to what the documents say, after a process that died has left some."""
    before = firewall.bridges(ctx)
    firewall.rebuild(ctx)
    with rtnetlink.Connection() as connection:
        for bridge in before - firewall.bridges(ctx):
            links.remove_bridge(connection, bridge)
