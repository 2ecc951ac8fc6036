# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nft table as JSON (libnftables-json(5)), computed from what is live; no I/O.

One table of family inet. What changes with each container is elements of maps, so that starting one
costs the same with 5 as with 500; rules change only when a network gets its first container or loses its
last. Chains have policy accept: the table takes away what networks may not do, and never what the
host's own rules allow or forbid.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

Json = Dict[str, Any]

ANY = ["inet_proto", "inet_service"]

# Where a published port leads stands in two maps with equal keys, one for the address and one for
# the port: nft 1.0.6 cannot declare a map of both by JSON. NAME: (type of the keys, type of the values)
MAPS = {
    "publish4_address": (["inet_proto", "ipv4_addr", "inet_service"], "ipv4_addr"),
    "publish4_port": (["inet_proto", "ipv4_addr", "inet_service"], "inet_service"),
    "publish4_any_address": (ANY, "ipv4_addr"),
    "publish4_any_port": (ANY, "inet_service"),
    "publish6_address": (["inet_proto", "ipv6_addr", "inet_service"], "ipv6_addr"),
    "publish6_port": (["inet_proto", "ipv6_addr", "inet_service"], "inet_service"),
    "publish6_any_address": (ANY, "ipv6_addr"),
    "publish6_any_port": (ANY, "inet_service"),
}


class LiveNetwork(NamedTuple):
    """A network that has containers. ``isolate`` is 'false', 'true' or 'strict'.

    ``routed`` says whether its containers have a default route, by which answers find back; ``direct`` whether
    other machines may send to its containers' own addresses.
    """

    bridge: str
    subnets: Tuple[str, ...]
    internal: bool = False
    isolate: str = "false"
    routed: bool = True
    direct: bool = False


class Publication(NamedTuple):
    """One port of the host that leads to a container. ``host_ip`` '' is every address of the family."""

    protocol: str
    host_ip: str
    host_port: int
    address: str
    port: int


def meta(key: str) -> Json:
    """The expression ``meta KEY``."""
    return {"meta": {"key": key}}


def field(protocol: str, name: str) -> Json:
    """The expression ``PROTOCOL NAME``, as in ``ip saddr``."""
    return {"payload": {"protocol": protocol, "field": name}}


def match(left: Any, right: Any, operator: str = "==") -> Json:
    """A match statement."""
    return {"match": {"op": operator, "left": left, "right": right}}


def prefix(subnet: str) -> Json:
    """'10.88.0.0/16' as an expression."""
    address, length = subnet.split("/")
    return {"prefix": {"addr": address, "len": int(length)}}


def key(publication: Publication) -> Tuple[str, Json]:
    """The pair of maps that a publication stands in (their common name), and its key there."""
    name = "publish6" if ":" in publication.address else "publish4"
    if publication.host_ip in ("", "::"):
        return name + "_any", {"concat": [publication.protocol, publication.host_port]}
    return name, {"concat": [publication.protocol, publication.host_ip, publication.host_port]}


def elements(verb: str, table: str, publications: Sequence[Publication]) -> List[Json]:
    """Commands that add or delete the elements of publications."""
    by_map: Dict[str, List[Any]] = {}
    for publication in publications:
        name, where = key(publication)
        by_map.setdefault(name + "_address", []).append([where, publication.address])
        by_map.setdefault(name + "_port", []).append([where, publication.port])
    return [{verb: {"element": {"family": "inet", "table": table, "name": name, "elem": rows}}}
            for name, rows in sorted(by_map.items())]


def touch(table: str, bridge: str) -> Json:
    """A command that changes nothing, and fails when the table is gone."""
    return {"add": {"element": {"family": "inet", "table": table, "name": "bridges", "elem": [bridge]}}}


def removal(table: str) -> List[Json]:
    """Commands that remove the table, whether it is there or not."""
    return [{"add": {"table": {"family": "inet", "name": table}}},
            {"delete": {"table": {"family": "inet", "name": table}}}]


def whole(table: str, networks: Sequence[LiveNetwork], publications: Sequence[Publication]) -> List[Json]:
    """Commands that replace the whole table in one transaction."""
    commands = [*removal(table), {"add": {"table": {"family": "inet", "name": table}}}]
    commands += _sets(table, networks)
    for name, (keys, value) in MAPS.items():
        commands.append({"add": {"map": {"family": "inet", "table": table, "name": name, "type": keys,
                                         "map": value}}})
    commands += elements("add", table, publications)
    for chain, hook, rules in (
            ("loopback", ("filter", "prerouting", -300), _loopback()),
            ("publish", None, _publish()),
            ("prerouting", ("nat", "prerouting", -100), _to_publish()),
            ("output", ("nat", "output", -100), _from_here() + _to_publish()),
            ("postrouting", ("nat", "postrouting", 100), _masquerade(networks)),
            ("forward", ("filter", "forward", 0), _isolation())):
        properties: Json = {"family": "inet", "table": table, "name": chain}
        if hook:
            properties.update(type=hook[0], hook=hook[1], prio=hook[2], policy="accept")
        commands.append({"add": {"chain": properties}})
        commands += [{"add": {"rule": {"family": "inet", "table": table, "chain": chain, "expr": rule}}}
                     for rule in rules]
    return commands


def _sets(table: str, networks: Sequence[LiveNetwork]) -> List[Json]:
    """Sets of bridges, by what they may do."""
    def named(name: str, kind: Any, members: List[Any]) -> Json:
        row: Json = {"family": "inet", "table": table, "name": name, "type": kind}
        if members:
            row["elem"] = members
        return {"add": {"set": row}}

    return [
        named("bridges", "ifname", [n.bridge for n in networks]),
        named("internal", "ifname", [n.bridge for n in networks if n.internal]),
        named("isolated", "ifname", [n.bridge for n in networks if n.isolate == "true"]),
        named("strict", "ifname", [n.bridge for n in networks if n.isolate == "strict"]),
        named("unrouted", "ifname", [n.bridge for n in networks if n.internal or not n.routed]),
        named("guarded", "ifname", [n.bridge for n in networks if not n.direct]),
        named("same", ["ifname", "ifname"], [{"concat": [n.bridge, n.bridge]} for n in networks]),
    ]


def _loopback() -> List[List[Json]]:
    """Nothing from outside reaches the host's 127.0.0.1.

    route_localnet would let containers in, and destination NAT, which comes before routing, a neighbour on the link.
    """
    return [[match(meta("iifname"), "lo", "!="), match(field("ip", side), prefix("127.0.0.0/8")), {"drop": None}]
            for side in ("daddr", "saddr")]


def _publish() -> List[List[Json]]:
    """Destination NAT; an address that was named counts before any address."""
    rules = []
    for version, family in (("4", "ip"), ("6", "ip6")):
        for suffix, address in (("", [field(family, "daddr")]), ("_any", [])):
            where = {"concat": [meta("l4proto"), *address, field("th", "dport")]}
            name = "@publish%s%s_" % (version, suffix)
            rules.append([{"dnat": {"family": family, "addr": {"map": {"key": where, "data": name + "address"}},
                                    "port": {"map": {"key": where, "data": name + "port"}}}}])
    return rules


def _to_publish() -> List[List[Json]]:
    return [[match({"fib": {"result": "type", "flags": ["daddr"]}}, "local"), {"jump": {"target": "publish"}}]]


def _from_here() -> List[List[Json]]:
    """::1 cannot be routed to a link (there is no route_localnet for IPv6): a refusal, not a time-out."""
    return [[match(field("ip6", "daddr"), "::1"), {"return": None}]]


def _masquerade(networks: Sequence[LiveNetwork]) -> List[List[Json]]:
    """Source NAT: out of a network, back into it (hairpin), from 127.0.0.1, and where answers find no way back."""
    published = match({"ct": {"key": "status"}}, "dnat", "in")
    rules = [[match(field("ip", "saddr"), prefix("127.0.0.0/8")), match(meta("oifname"), "@bridges"),
              {"masquerade": None}],
             [match(meta("oifname"), "@unrouted"), published, {"masquerade": None}]]
    for network in networks:
        for subnet in network.subnets:
            family, everyone = ("ip6", "ff00::/8") if ":" in subnet else ("ip", "224.0.0.0/4")
            source = match(field(family, "saddr"), prefix(subnet))
            rules.append([source, match(field(family, "daddr"), prefix(subnet)), published, {"masquerade": None}])
            if not network.internal:
                rules.append([source, match(field(family, "daddr"), prefix(subnet), "!="),
                              match(field(family, "daddr"), prefix(everyone), "!="), {"masquerade": None}])
    return rules


def _isolation() -> List[List[Json]]:
    """What may not pass between networks, into and out of internal ones, and from outside to containers' addresses."""
    into, out = meta("iifname"), meta("oifname")
    return [
        [match({"concat": [into, out]}, "@same"), {"accept": None}],
        [match(into, "@internal"), {"drop": None}],
        [match(out, "@internal"), {"drop": None}],
        [match(into, "@isolated"), match(out, "@isolated"), {"drop": None}],
        [match(into, "@strict"), match(out, "@bridges"), {"drop": None}],
        [match(into, "@bridges"), match(out, "@strict"), {"drop": None}],
        [match(into, "@bridges"), {"accept": None}],
        [match({"ct": {"key": "state"}}, ["established", "related"], "in"), {"accept": None}],
        [match({"ct": {"key": "status"}}, "dnat", "in"), {"accept": None}],
        [match(out, "@guarded"), {"drop": None}],
    ]
