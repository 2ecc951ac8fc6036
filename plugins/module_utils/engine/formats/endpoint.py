# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container asks of its networks when it starts, and what it gets: the JSON of an endpoint document."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen, as_dict, misfit
from .container import NetworkUse, Port


class Endpoint(Frozen):
    """A container's place on one network; '' and 0 where a family is not in use.

    ``link`` is the name of the host's end of the veth pair, ``bridge`` that of the bridge.
    """

    network: str
    interface: str
    bridge: str = ""
    link: str = ""
    mac: str = ""
    ip: str = ""
    ip_prefix: int = 0
    gateway: str = ""
    ip6: str = ""
    ip6_prefix: int = 0
    gateway6: str = ""
    aliases: Tuple[str, ...] = ()


class SetupRequest(Frozen):
    """One start of a container. ``netns`` is the path of its namespace, which exists already.

    ``uses`` are networks, or one row that says which other kind of namespace it is. ``aliases`` count
    on every network. ``etc_hosts`` maps a name to an address or 'host-gateway'; ``local_names`` are the names of
    the running containers that share the namespace, by their IDs.
    """

    container_id: str
    container_name: str
    netns: str = ""
    uses: Tuple[NetworkUse, ...] = ()
    ports: Tuple[Port, ...] = ()
    aliases: Tuple[str, ...] = ()
    hostname: str = ""
    dns: Tuple[str, ...] = ()
    dns_option: Tuple[str, ...] = ()
    dns_search: Tuple[str, ...] = ()
    etc_hosts: Dict[str, str] = {}
    no_hosts: bool = False
    local_names: Dict[str, str] = {}

    @property
    def mode(self) -> str:
        """'network' when there are networks to connect to, else none, host, container or ns."""
        mode = self.uses[0].mode if self.uses else "network"
        return "network" if mode == "private" else mode


class SetupResult(Frozen):
    """What ``setup`` made: endpoints by network name, and the ports with the host ports that were chosen."""

    endpoints: Dict[str, Endpoint]
    ports: Tuple[Port, ...] = ()


class EndpointDocument(Frozen):
    """All that is live of one container; teardown, reload and the firewall work from these.

    ``pid`` and ``started`` name the process that made it (proc(5) start time), so that a setup
    that died half-way is told from one under way.
    """

    request: SetupRequest
    endpoints: Tuple[Endpoint, ...] = ()
    ports: Tuple[Port, ...] = ()
    pid: int = 0
    started: int = 0

    def to_document(self) -> Dict[str, Any]:
        """The JSON document, all fields."""
        return as_dict(self)


def from_document(document: Mapping[str, Any]) -> EndpointDocument:
    """An EndpointDocument from ``to_document``'s JSON, read back. Raises InvalidInput for what does not fit."""
    problem = misfit(EndpointDocument, document)
    if problem:
        raise InvalidInput("The endpoint document is damaged: " + problem)
    asked = dict(document["request"])
    uses = tuple(_row(NetworkUse, use) for use in asked.pop("uses"))
    ports = tuple(_row(Port, port) for port in asked.pop("ports"))
    request = _row(SetupRequest, dict(asked, uses=uses, ports=ports))
    return EndpointDocument(
        request, tuple(_row(Endpoint, row) for row in document["endpoints"]),
        tuple(_row(Port, row) for row in document["ports"]), document["pid"], document["started"])


def _row(row: Any, item: Mapping[str, Any]) -> Any:
    return row(**{key: tuple(value) if isinstance(value, list) else value for key, value in item.items()})
