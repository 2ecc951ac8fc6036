# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a network, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..engine.errors import InvalidInput
from ..engine.formats import values
from .option import Row, defaults, desired, differences, sides, spelled
from .plan import Action, Plan, presence

_SETTINGS = {"isolate": {"type": "raw"}, "mtu": {"type": "int"}, "metric": {"type": "int"}, "vlan": {"type": "int"},
             "no_default_route": {"type": "bool"}, "direct_routing": {"type": "bool"}, "mode": {"type": "str"}}


def _settings(value: Any, option: str) -> Dict[str, str]:
    given = values.pairs({key: content for key, content in value.items() if content is not None}, option)
    if "isolate" in given:
        given["isolate"] = {"1": "true", "0": "false"}.get(given["isolate"], given["isolate"].lower())
    return {key: content.lower() for key, content in given.items()}


def _negated(value: Any, option: str) -> bool:
    return not values.boolean(value, option)


def _addresses(value: Any, option: str) -> List[str]:
    return [values.address(row, option) for row in values.words(value, option)]


FIELDS = (
    Row("driver", "str", "driver", default="bridge", canonical=values.line),
    Row("interface_name", "str", "interface", default="", canonical=values.line),
    Row("internal", "bool", "internal", default=False, canonical=values.boolean),
    Row("ipv6", "bool", "ipv6", default=False, canonical=values.boolean),
    Row("disable_dns", "bool", "dns", default=True, canonical=_negated, spell=lambda dns: not dns),
    Row("dns", "list", "dns_servers", default=[], canonical=_addresses, settings={"elements": "str"}),
    Row("opt", "dict", "options", default={}, canonical=_settings, settings={"options": _SETTINGS}),
    Row("label", "dict", "labels", default={}, canonical=values.labels, settings={"aliases": ["labels"]}),
)
LIVE = frozenset(("dns_servers", "labels"))  # the others take another network
OPTIONS = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("strict", "bool", settings={"default": False}),
    Row("recreate", "bool", settings={"default": False}),
    Row("force", "bool", settings={"default": False}),
    Row("subnet"), Row("gateway"), Row("ip_range"),
    Row("net_config", "list", settings={"elements": "dict", "options": {
        "subnet": {"type": "str", "required": True}, "gateway": {"type": "str"}, "ip_range": {"type": "str"}}}),
) + FIELDS
CONSTRAINTS = {"mutually_exclusive": [("net_config", "subnet")],
               "required_by": {"gateway": ["subnet"], "ip_range": ["subnet"]}}


def subnets(params: Mapping[str, Any]) -> Optional[List[Dict[str, str]]]:
    """Rows of network.Subnet that were asked for; None when the engine may choose."""
    rows = params.get("net_config")
    if params.get("subnet"):
        rows = [{key: params.get(key) for key in ("subnet", "gateway", "ip_range")}]
    return [_subnet(row) for row in rows] if rows else None


def _subnet(row: Mapping[str, Any]) -> Dict[str, str]:
    import ipaddress

    try:
        net = ipaddress.ip_network(values.text(row["subnet"], "subnet").strip(), strict=False)
    except ValueError as exc:
        raise InvalidInput("subnet is %r: %s" % (row["subnet"], exc), "Use for example 10.89.0.0/24.") from exc
    start, end = _range(values.text(row.get("ip_range") or "", "ip_range"))
    return {"subnet": str(net), "gateway": values.address(row.get("gateway") or "", "gateway"),
            "range_start": start, "range_end": end}


def _range(word: str) -> Tuple[str, str]:
    """First and last address of ``10.0.0.64/26`` or ``10.0.0.10-10.0.0.20``."""
    import ipaddress

    if not word:
        return "", ""
    if "-" in word:
        first, _dash, last = word.partition("-")
        return values.address(first, "ip_range"), values.address(last, "ip_range")
    try:
        net = ipaddress.ip_network(word.strip(), strict=False)
    except ValueError as exc:
        raise InvalidInput("ip_range is %r: %s" % (word, exc), "Use a subnet or FIRST-LAST.") from exc
    return str(net[1] if net.num_addresses > 2 else net[0]), str(net[-2] if net.num_addresses > 2 else net[-1])


def _family(row: Mapping[str, str]) -> bool:
    return ":" in row["subnet"]


def _unasked(wanted: List[Dict[str, str]], actual: List[Mapping[str, str]], ipv6: Optional[bool]
             ) -> List[Mapping[str, str]]:
    """The subnets that the engine may have chosen itself: those of a family of which none was asked for. Whether
    there is to be one of IPv6 says the option ipv6; None leaves it as it is."""
    named = {_family(row) for row in wanted}
    return [row for row in actual if _family(row) not in named and not (_family(row) and ipv6 is False)]


def _same_subnets(wanted: List[Dict[str, str]], actual: List[Mapping[str, str]], ipv6: Optional[bool]) -> bool:
    """Whether the network has these subnets; what was left out of a row may be anything."""
    rest = _unasked(wanted, actual, ipv6)
    rows = {row["subnet"]: row for row in actual if row not in rest}
    return len(rows) == len(wanted) and all(
        row["subnet"] in rows and all(value in ("", rows[row["subnet"]].get(key, "")) for key, value in row.items())
        for row in wanted)


def _settled(fields: Dict[str, Any], rows: Optional[List[Dict[str, str]]], driver: str) -> Dict[str, Any]:
    """The wishes as the engine takes them: an IPv6 subnet is IPv6, and only a bridge has a name server."""
    if any(_family(row) for row in rows or ()):
        fields["ipv6"] = True
    if driver != "bridge":
        fields.pop("dns", None)
    return fields


def _spelled_subnets(rows: List[Dict[str, str]], params: Mapping[str, Any]) -> Dict[str, Any]:
    """Subnets by the options that the user wrote them with."""
    found = []
    for row in rows:
        first, last = row.get("range_start", ""), row.get("range_end", "")
        parts = {"subnet": row["subnet"], "gateway": row.get("gateway", ""),
                 "ip_range": "%s-%s" % (first, last) if first else ""}
        found.append({key: value for key, value in parts.items() if value})
    return found[0] if params.get("subnet") and len(found) == 1 else {"net_config": found}


def plan(params: Mapping[str, Any], actual: Optional[Mapping[str, Any]]) -> Plan:
    """The actions from a NetworkSpec's document (None: there is no network) to what ``params`` ask for."""
    exists, wanted = actual is not None, params["state"] == "present"
    if actual is not None:  # in the form in which it is stored: lists
        actual = dict(actual, subnets=list(actual["subnets"]), dns_servers=list(actual["dns_servers"]))
    fields = desired(FIELDS, params, strict=params["strict"]) if wanted else {}
    if params["strict"] and params["interface_name"] is None:
        fields.pop("interface", None)
    rows = subnets(params) if wanted else None
    ipv6 = fields.get("ipv6")
    fields = _settled(fields, rows, fields.get("driver", (actual or {}).get("driver", "bridge")))
    changes: Dict[str, Any] = dict(presence(params["name"], exists, wanted))
    if not wanted or actual is None:
        before, after = sides(FIELDS, changes)
        document = dict(defaults(FIELDS), name=params["name"], subnets=rows or [])
        document.update(fields, ipv6=bool(ipv6))  # for the engine, the wish for both families
        after.update(spelled(FIELDS, fields), **(_spelled_subnets(rows, params) if rows else {}))
        return Plan((Action("create" if wanted else "remove"),) if changes else (), before, after, document)
    changes.update(differences(fields, actual, defaults(FIELDS)))
    before, after = sides(FIELDS, changes)
    if rows is not None and not _same_subnets(rows, actual["subnets"], ipv6):
        changes["subnets"] = (actual["subnets"], rows)
        asked = {key for row in rows for key, value in row.items() if value}
        there = [{key: value for key, value in row.items() if key in asked} for row in actual["subnets"]]
        before.update(_spelled_subnets(there, params))
        after.update(_spelled_subnets(rows, params))
    document = dict(actual, **dict(fields, ipv6=bool(ipv6)))
    if rows is not None:
        document["subnets"] = rows + _unasked(rows, actual["subnets"], ipv6)
    elif "ipv6" in changes:
        document["subnets"] = [row for row in actual["subnets"] if not _family(row)]
    if changes and not params["recreate"] and set(changes) <= LIVE:
        return Plan((Action("update", ", ".join(sorted(after))),), before, after, document)
    if changes or params["recreate"]:
        return Plan((Action("replace", ", ".join(sorted(after)) or "recreate"),), before, after, document)
    return Plan()
