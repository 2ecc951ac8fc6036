# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container's hosts, resolv.conf and hostname files in ``<runroot>/containers/<id>/``.

They are bind-mounted into the container, so a change is written into the same file (a rename would
leave the container with the old one), and only when there is one.
"""

from __future__ import annotations

import os
from typing import List

from ..context import Context
from ..formats import etcfiles
from ..formats.endpoint import EndpointDocument, SetupRequest
from ..kernel import files
from ..network import definitions, dns, endpoints, uplink
from . import network_private

LIMIT = 1024 * 1024
HOSTS = "/etc/hosts"
# The second one has the real servers where systemd-resolved put its own 127.0.0.53 into the first.
RESOLV = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
RESOLVED_STUB = "127.0.0.53"


def first(ctx: Context, request: SetupRequest) -> None:
    """Write the files of a container that gets no addresses of its own, before it is created."""
    files.make_directory(ctx.run("containers", request.container_id))
    write(ctx, EndpointDocument(request, pid=os.getpid()))


def write(ctx: Context, document: EndpointDocument) -> None:
    """Write the three files; raises InvalidInput for a name or an address that cannot stand in them."""
    request = document.request
    if request.mode != "container":  # who shares another one's network has its files
        if not request.no_hosts:
            _put(ctx, request.container_id, "hosts", _hosts(ctx, document))
        _put(ctx, request.container_id, "resolv.conf", _resolv(ctx, document))
    name = request.hostname or request.container_id[:12]
    _put(ctx, request.container_id, "hostname", etcfiles.hostname(name))


def rewrite(ctx: Context, document: EndpointDocument) -> None:
    """Bring the files up to date, if the container has some."""
    if os.path.isdir(ctx.run("containers", document.request.container_id)):
        write(ctx, document)


def _put(ctx: Context, container_id: str, name: str, text: str) -> None:
    """Give a file its content, in place."""
    data = text.encode()
    path = ctx.run("containers", container_id, name)
    files.expect_regular(path)  # a FIFO could be waited for
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(fd, "r+b") as stream:
        # Whatever the umask: the container's users read it too. The directory keeps the host's out.
        os.fchmod(fd, 0o644)
        if stream.read(LIMIT) == data:
            return
        stream.seek(0)
        # In one write, and cut afterwards: a reader never sees an empty file.
        stream.write(data)
        stream.flush()
        stream.truncate(len(data))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(LIMIT)
    except OSError:
        return ""


def _hosts(ctx: Context, document: EndpointDocument) -> str:
    request = document.request
    name = request.hostname or request.container_id[:12]
    own = [etcfiles.host_row(address, name, request.container_name)
           for endpoint in document.endpoints for address in (endpoint.ip, endpoint.ip6) if address]
    address = network_private.address(ctx, request.container_id) if request.mode in network_private.MODES else ""
    if address:
        own = [etcfiles.host_row(address, name, request.container_name)]
    if not own and request.mode in ("none", "ns"):
        own = [etcfiles.host_row("127.0.0.1", name, request.container_name)]
    extra = dict(dict.fromkeys(request.local_names.values(), "127.0.0.1"), **request.etc_hosts)
    return etcfiles.hosts(base=_read(HOSTS), extra=extra, own=own, peers=_peers(ctx, document),
                          host_address=_host_address(ctx, document))


def _host_address(ctx: Context, document: EndpointDocument) -> str:
    """Where the container reaches the host: its first bridge, or for a user's container the host's own address."""
    if document.request.mode == "host":
        return "127.0.0.1"
    if ctx.rootless or document.request.mode in network_private.MODES:
        place = (ctx.run("uplink") if document.request.mode == "network"
                 else network_private.place(ctx, document.request.container_id))
        found = uplink.read(place)
        return found.host if found is not None else "127.0.0.1" if document.request.etc_hosts else ""
    for endpoint in document.endpoints:
        record = definitions.read_if_whole(ctx, endpoint.network)
        if record is not None and endpoint.bridge:
            return record.spec.subnets[0].gateway
    # Before the addresses are there: any text of an address will do, it is written again.
    return "127.0.0.1" if document.request.mode == "network" else ""


def _peers(ctx: Context, document: EndpointDocument) -> List[etcfiles.Row]:
    """The other containers of the networks that have names, where no name server knows them."""
    wanted = [e.network for e in document.endpoints]
    if not wanted or dns.available(ctx):
        return []
    records = (definitions.read_if_whole(ctx, name) for name in wanted)
    named = {record.name for record in records if record is not None and record.spec.dns}
    rows = []
    for network in sorted(named):
        for other in endpoints.of_network(ctx, network):
            for endpoint in other.endpoints:
                if endpoint.network == network:
                    rows += [etcfiles.host_row(address, "", None, endpoint.aliases)
                             for address in (endpoint.ip, endpoint.ip6) if address]
    return rows


def _resolv(ctx: Context, document: EndpointDocument) -> str:
    request = document.request
    base = _read(RESOLV[0])
    own = request.mode != "host"
    if own and RESOLVED_STUB in etcfiles.parse_resolv(base)[0]:
        base = _read(RESOLV[1]) or base
    resolver: List[str] = []
    if dns.available(ctx):
        for endpoint in document.endpoints:
            record = definitions.read_if_whole(ctx, endpoint.network)
            if record is not None and record.spec.dns:
                resolver += [subnet.gateway for subnet in record.spec.subnets]
    servers = [s for s in request.dns if s != "none"] or _reachable(ctx, request)
    return etcfiles.resolv(base=base, servers=servers, search=request.dns_search,
                           options=request.dns_option, resolver=resolver, own_namespace=own,
                           ipv6=any(endpoint.ip6 for endpoint in document.endpoints))


def _reachable(ctx: Context, request: SetupRequest) -> List[str]:
    """The host's name server as a user's container sees it; none where the host's own ones are reachable."""
    if request.mode == "network":
        return dns.upstream(ctx)
    return network_private.resolvers(ctx, request.container_id) if request.mode in network_private.MODES else []
