# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Endpoint documents, ``<runroot>/endpoints/<container id>.json``: all that is live, of each container.

The firewall's and the name server's desired state is computed from them. They are written before the
first link is made and removed after the last is gone, so that a crash leaves nothing unknown.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, List, Optional

from ..context import Context
from ..formats import endpoint
from ..formats.endpoint import EndpointDocument
from ..kernel import documents, files

if TYPE_CHECKING:
    from .definitions import NetworkRecord
    from .ruleset import LiveNetwork, Publication


def read(ctx: Context, container_id: str) -> Optional[EndpointDocument]:
    """What is live of one container, or None. Raises Damaged."""
    path = ctx.run("endpoints", container_id + ".json")
    document = documents.read(path, "endpoint document of the container", container_id[:12], {})
    if document is None:
        return None
    with documents.built("endpoint document of the container", container_id[:12], path):
        found = endpoint.from_document(document)
        if found.request.container_id != container_id:
            raise ValueError("it is of the container %s" % found.request.container_id[:12])
        return found


def write(ctx: Context, document: EndpointDocument) -> None:
    """Store what is live of a container."""
    files.make_directory(ctx.run("endpoints"))
    files.write_json(ctx.run("endpoints", document.request.container_id + ".json"), document.to_document(),
                     durable=False)


def delete(ctx: Context, container_id: str) -> None:
    """Forget a container."""
    files.remove(ctx.run("endpoints", container_id + ".json"), durable=False)


def everyone(ctx: Context) -> List[EndpointDocument]:
    """What is live of all containers, by ID; of a damaged one the user is warned."""
    return list(documents.each(ids(ctx), lambda container_id: read(ctx, container_id), ctx.warn))


def ids(ctx: Context) -> List[str]:
    """The IDs of the containers that have an endpoint document, damaged or not."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(n[:-len(".json")] for n in os.listdir(ctx.run("endpoints")) if n.endswith(".json"))
    return []


def of_network(ctx: Context, network: str) -> List[EndpointDocument]:
    """What is live of the containers on one network."""
    from . import ipam

    return list(documents.each(ipam.members(ctx, network), lambda container_id: read(ctx, container_id), ctx.warn))


def publications(document: EndpointDocument, *, anywhere: bool = False) -> List[Publication]:
    """Where each published port leads: the container's first address of the family.

    With ``anywhere`` the host's address does not count: whoever lets connections in has looked at it.
    """
    from .ruleset import Publication

    bridged = [e for e in document.endpoints if e.bridge]
    first4 = next((e.ip for e in bridged if e.ip), "")
    first6 = next((e.ip6 for e in bridged if e.ip6), "")
    rows = []
    for port in document.ports:
        for address, wanted in ((first4, port.host_ip == "" or ":" not in port.host_ip),
                                (first6, port.host_ip == "" or ":" in port.host_ip)):
            if address and wanted:
                rows.append(Publication(port.protocol, "" if anywhere else port.host_ip, port.host_port, address,
                                        port.container_port))
    return rows


def live_network(record: NetworkRecord) -> LiveNetwork:
    """A network as the firewall sees it."""
    from .ruleset import LiveNetwork

    spec = record.spec
    return LiveNetwork(spec.interface, tuple(s.subnet for s in spec.subnets), spec.internal,
                       spec.options.get("isolate", "false"), spec.options.get("no_default_route") != "true",
                       spec.options.get("direct_routing") == "true")
