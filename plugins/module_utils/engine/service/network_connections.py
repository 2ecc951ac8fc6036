# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers on networks: set up at start, taken down at the end, connected and disconnected in between.

``setup`` needs 15-20 ms, most of them nft's process and the kernel's new namespace; ``teardown`` runs
in conmon's exit hook. Both need the standard library only.
"""

from __future__ import annotations

import contextlib
import re
from typing import List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Conflict, Damaged, EngineError, InvalidInput, NotFound, WrongState
from ..formats.container import NetworkUse, Port
from ..formats.endpoint import Endpoint, EndpointDocument, SetupRequest, SetupResult
from ..frozen import replace
from ..kernel import netns, proc
from ..network import attachment, definitions, dns, endpoints, firewall, ipam, ports
from ..network.definitions import DEFAULT_NETWORK, NetworkRecord
from . import network_definitions as networks
from . import network_etcfiles as etcfiles
from . import network_place, network_private

# The lowest bit of the first byte stands for a group of links.
_MAC = re.compile(r"[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}\Z")
_INTERFACE = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}\Z")


def setup(ctx: Context, request: SetupRequest) -> SetupResult:
    """Connect a container that starts to its networks, and publish its ports; all or nothing.

    The namespace at ``request.netns`` exists. What an earlier run of the same container left is taken
    down first. Raises NotFound (network), Conflict (address, port), InvalidInput, EngineError.
    """
    if request.mode in network_private.MODES:
        result = network_private.setup(ctx, request)
        etcfiles.rewrite(ctx, EndpointDocument(request))
        return result
    if request.mode != "network":
        return SetupResult({})
    uses = request.uses or (NetworkUse("private"),)
    request = replace(request, uses=uses)
    _check(request)
    with definitions.lock(ctx):
        before = endpoints.read(ctx, request.container_id)
        if before is not None:
            network_place.run(ctx, lambda: _take_down(ctx, before, keep_namespace=True))
        request = replace(request, ports=_claim_ports(ctx, request))
        try:
            return network_place.run(ctx, lambda: _set_up(ctx, request), connect=True)
        except BaseException:
            ports.release(ctx, request.ports, request.container_id)
            raise


def _claim_ports(ctx: Context, request: SetupRequest) -> Tuple[Port, ...]:
    """Take the ports, on the host; those of containers that ended are freed when they stand in the way."""
    if not request.ports:
        return ()

    def claim() -> Tuple[Port, ...]:
        return ports.claim(ctx, request.ports, request.container_id, describe=lambda holder: _describe(ctx, holder))

    try:
        return claim()
    except Conflict:
        freed = network_place.run(ctx, lambda: _reclaim(ctx, request.container_id))
        if not network_place.close_strays(ctx) and not freed:
            raise
        return claim()


def _describe(ctx: Context, container_id: str) -> str:
    document = endpoints.read(ctx, container_id)
    return document.request.container_name if document is not None else container_id[:12]


def _set_up(ctx: Context, request: SetupRequest) -> SetupResult:
    records = [_record(ctx, use) for use in request.uses]
    if request.ports and all(record.spec.driver != "bridge" for record in records):
        raise InvalidInput("Ports can be published on bridges only; the container is on %s"
                           % ", ".join(record.name for record in records),
                           "On such a network the container has an address of its own, with all its ports.")
    result = _attach(ctx, request, records)
    _rewrite(ctx, request.container_id)
    _write_hosts(ctx, list(result.endpoints))
    return result


def _rewrite(ctx: Context, container_id: str) -> None:
    """The container's own files, now that it has addresses."""
    document = endpoints.read(ctx, container_id)
    if document is not None:
        etcfiles.rewrite(ctx, document)


def _check(request: SetupRequest) -> None:
    """Refuse what could not stand in a hosts file or in the name server's; InvalidInput."""
    from ..formats.etcfiles import check_address, check_host_name

    for name in (request.container_name, *request.aliases):
        check_host_name(name)
    for use in request.uses:
        _check_use(use)
    for server in request.dns:
        if server != "none":
            check_address(server, "dns")


def _check_use(use: NetworkUse) -> None:
    from ..formats.etcfiles import check_host_name

    for alias in use.aliases:
        check_host_name(alias)
    if use.mac and not _MAC.match(use.mac):
        raise InvalidInput("%r is no MAC address for a link" % use.mac[:80],
                           "Write it as 02:11:22:33:44:55; the second digit must be even.")
    if use.interface and not _INTERFACE.match(use.interface):
        raise InvalidInput("%r is no name for a network interface" % use.interface[:80],
                           "Use up to 15 letters, digits, '-', '_' and '.'.")


def _record(ctx: Context, use: NetworkUse) -> NetworkRecord:
    if use.mode not in ("network", "private"):
        raise WrongState("A container cannot use %s and networks at once" % use.mode)
    if use.mode == "private" or use.name in ("", DEFAULT_NETWORK):
        return networks.materialise(ctx)
    record = networks.get(ctx, use.name)
    return networks.materialise(ctx) if record.name == DEFAULT_NETWORK else record


def _attach(ctx: Context, request: SetupRequest, records: Sequence[NetworkRecord]) -> SetupResult:
    """Connect; what stands in the way is removed first when it belongs to a container that ended."""
    try:
        result = attachment.attach(ctx, request, records)
    except Conflict:
        if not _reclaim(ctx, request.container_id):
            raise
        result = attachment.attach(ctx, request, records)
    document = endpoints.read(ctx, request.container_id)
    try:
        network_place.open_ports(ctx, document)
    except EngineError:
        if document is not None:
            with contextlib.suppress(EngineError):
                attachment.detach(ctx, document)
        raise
    return result


def teardown(ctx: Context, container_id: str) -> None:
    """Take a container off all networks and remove its namespace; one that is on none is fine.

    Goes on whatever fails, and raises one EngineError at the end.
    """
    network_private.teardown(ctx, container_id)
    with definitions.lock(ctx):
        try:
            document = endpoints.read(ctx, container_id)
        except Damaged:
            network_place.run(ctx, lambda: _take_down_unknown(ctx, container_id))
            return
        if document is not None:
            network_place.run(ctx, lambda: _take_down(ctx, document, keep_namespace=False))
        else:
            netns.remove(ctx.run("netns", container_id))


def _take_down_unknown(ctx: Context, container_id: str) -> None:
    """Take down what a container has whose endpoint document is damaged: its claims and its namespace say enough."""
    networks_of = [name for name in ipam.used_networks(ctx) if container_id in ipam.members(ctx, name)]
    netns.remove(ctx.run("netns", container_id))
    ports.release_all(ctx, container_id)
    for name in networks_of:
        ipam.release_all(ctx, name, container_id)
    endpoints.delete(ctx, container_id)
    firewall.rebuild(ctx)
    dns.forget(ctx, container_id, networks_of)
    idle = definitions.whole(ctx, (name for name in networks_of if not ipam.used(ctx, name)))
    attachment.remove_bridges([record.spec.interface for record in idle if record.spec.driver == "bridge"])


def _take_down(ctx: Context, document: EndpointDocument, *, keep_namespace: bool) -> None:
    try:
        with contextlib.suppress(EngineError):
            network_place.close_ports(ctx, document)
        attachment.detach(ctx, document, keep_namespace=keep_namespace)
    finally:
        with contextlib.suppress(EngineError):
            _write_hosts(ctx, [e.network for e in document.endpoints])


def repair(ctx: Context) -> List[str]:
    """Take down what containers left that ended without anybody there to see it; their IDs."""
    with definitions.lock(ctx):
        return network_place.run(ctx, lambda: _reclaim(ctx, ""))


def _reclaim(ctx: Context, asking: str) -> List[str]:
    gone = []
    known = {asking, *network_private.known(ctx), *endpoints.ids(ctx)} - {""}
    for document in endpoints.everyone(ctx):
        container_id = document.request.container_id
        if container_id != asking and is_abandoned(ctx, document):
            _take_down(ctx, document, keep_namespace=False)
            gone.append(container_id)
    remains = attachment.drop_remains(ctx, known)
    if remains and not (ctx.rootless and not endpoints.everyone(ctx)):
        attachment.tidy(ctx)
    return gone + sorted(remains - set(gone))


def is_abandoned(ctx: Context, document: EndpointDocument) -> bool:
    """Whether nobody stands behind a document: its container does not run, and who started it is dead."""
    from ..store import runs

    if proc.serves(document.pid, document.started):
        return False
    try:
        return runs.state(ctx, document.request.container_id).status in ("created", "exited")
    except NotFound:
        return True


def _running(ctx: Context, container_id: str) -> EndpointDocument:
    document = endpoints.read(ctx, container_id)
    if document is None:
        raise WrongState("Container %s is not connected to any network now" % container_id[:12],
                         "Only a running container with networks of its own can be connected.")
    return document


def connect(ctx: Context, container_id: str, use: NetworkUse) -> Endpoint:
    """Connect a running container to one more network.

    Raises Conflict when it is on that network already, WrongState when it does not run on networks.
    """
    with definitions.lock(ctx):
        return network_place.run(ctx, lambda: _connect(ctx, container_id, use))


def _connect(ctx: Context, container_id: str, use: NetworkUse) -> Endpoint:
    _check_use(use)
    document = _running(ctx, container_id)
    record = _record(ctx, use)
    if any(e.network == record.name for e in document.endpoints):
        raise Conflict("Container %s is on network %s already" % (document.request.container_name, record.name))
    document = attachment.extend(ctx, document, use, record)
    # Its published ports may have had no address to lead to until now.
    firewall.rebuild(ctx)
    _rewrite(ctx, container_id)
    _write_hosts(ctx, [record.name])
    return document.endpoints[-1]


def disconnect(ctx: Context, container_id: str, network: str) -> None:
    """Take a running container off one network; NotFound when it is not on it."""
    with definitions.lock(ctx):
        return network_place.run(ctx, lambda: _disconnect(ctx, container_id, network))


def _disconnect(ctx: Context, container_id: str, network: str) -> None:
    name = networks.get(ctx, network).name
    document = attachment.shrink(ctx, _running(ctx, container_id), name)
    etcfiles.rewrite(ctx, document)
    _write_hosts(ctx, [name])


def reload(ctx: Context, container_ids: Optional[Sequence[str]] = None) -> List[str]:
    """Put back rules, bridges and links that somebody took away; the IDs of the containers looked after.

    ``container_ids`` limits the links to these; the table is always written as a whole.
    """
    with definitions.lock(ctx):
        restored = network_private.restore(ctx)
        network_place.check(ctx)
        return restored + network_place.run(ctx, lambda: _reload(ctx, container_ids))


def _reload(ctx: Context, container_ids: Optional[Sequence[str]]) -> List[str]:
    done: List[str] = []
    if ctx.rootless and not endpoints.everyone(ctx):
        return done
    for document in endpoints.everyone(ctx):
        container_id = document.request.container_id
        if container_ids is not None and container_id not in container_ids:
            continue
        if not netns.exists(document.request.netns):
            continue
        found = definitions.whole(ctx, (e.network for e in document.endpoints))
        if len(found) < len(document.endpoints):
            continue
        attachment.restore(ctx, document, found)
        done.append(container_id)
    firewall.rebuild(ctx)
    dns.rebuild(ctx, definitions.whole(ctx, ipam.used_networks(ctx)))
    return done


def serve_names(ctx: Context, record: NetworkRecord) -> None:
    """Let the name server know what a network's definition says now; the caller holds the network lock."""
    if endpoints.of_network(ctx, record.name):
        network_place.run(ctx, lambda: dns.rebuild(ctx, [record]))


def rename(ctx: Context, container_id: str, name: str) -> None:
    """Let a running container be found by its new name."""
    with definitions.lock(ctx):
        return network_place.run(ctx, lambda: _rename(ctx, container_id, name))


def _rename(ctx: Context, container_id: str, name: str) -> None:
    document = endpoints.read(ctx, container_id)
    if document is None:
        return
    attachment.rename(ctx, document, name)
    _rewrite(ctx, container_id)
    _write_hosts(ctx, [e.network for e in document.endpoints])


def name_locally(ctx: Context, container_id: str, member: str, name: str) -> None:
    """Let the name of a container that shares another one's network stand for localhost in that one's hosts file;
    '' when it has ended. Nothing happens where the other one does not run."""
    with definitions.lock(ctx):
        document = endpoints.read(ctx, container_id)
        if document is None or document.request.local_names.get(member, "") == name:
            return
        names = {key: value for key, value in document.request.local_names.items() if key != member}
        if name:
            names[member] = name
        document = replace(document, request=replace(document.request, local_names=names))
        endpoints.write(ctx, document)
        etcfiles.rewrite(ctx, document)


def live(ctx: Context, container_id: str) -> Optional[SetupResult]:
    """What a running container has, or None."""
    document = endpoints.read(ctx, container_id)
    return None if document is None else SetupResult({e.network: e for e in document.endpoints}, document.ports)


def _write_hosts(ctx: Context, names: Sequence[str]) -> None:
    """Bring the neighbours' hosts files up to date, on those of these networks where names stand in them."""
    if dns.available(ctx):
        return
    for name in names:
        record = definitions.read_if_whole(ctx, name)
        for document in endpoints.of_network(ctx, name) if record is not None and record.spec.dns else ():
            etcfiles.rewrite(ctx, document)
