# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user asked of a network, and what of it the engine stores (podman-network-create(1))."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen, as_dict, misfit


class Subnet(Frozen):
    """One subnet in CIDR form; '' for gateway or range lets the engine choose.

    ``range_start`` and ``range_end`` bound the addresses that are given out, both included.
    """

    subnet: str
    gateway: str = ""
    range_start: str = ""
    range_end: str = ""


class NetworkSpec(Frozen):
    """A network's configuration. ``interface`` '' lets the engine choose a bridge's name.

    ``driver`` is bridge; ``options`` holds its driver options: mtu (bytes), vlan (1-4094), direct_routing, isolate
    ('true', 'false', 'strict'), metric, no_default_route.
    """

    name: str
    driver: str = "bridge"
    interface: str = ""
    subnets: Tuple[Subnet, ...] = ()
    internal: bool = False
    ipv6: bool = False
    dns: bool = True
    dns_servers: Tuple[str, ...] = ()
    options: Dict[str, str] = {}
    labels: Dict[str, str] = {}

    def to_document(self) -> Dict[str, Any]:
        """The JSON document of this network, all fields."""
        return as_dict(self)


def from_document(document: Mapping[str, Any]) -> NetworkSpec:
    """A NetworkSpec from ``to_document``'s JSON, read back. Raises InvalidInput for what does not fit."""
    problem = misfit(NetworkSpec, document)
    if problem:
        raise InvalidInput("The network's document is damaged: " + problem)
    values = dict(document)
    values["subnets"] = tuple(Subnet(**row) for row in values.get("subnets", ()))
    values["dns_servers"] = tuple(values.get("dns_servers", ()))
    return NetworkSpec(**values)
