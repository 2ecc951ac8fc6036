# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a stack: the things of an application, each with the options of its own noun."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ..engine.errors import InvalidInput
from ..engine.formats import values
from . import container, image, network, pod, secret, unit, volume
from .option import Entries, Row, argument_spec, blank

# What marks the things of a stack, and tells stacks from one another. Images belong to nobody.
LABEL = "org.pycontainer.role"
LABEL_OPTION = {"networks": "label", "volumes": "label", "secrets": "labels", "pods": "label", "containers": "label"}
NOUNS = {"networks": "network", "volumes": "volume", "secrets": "secret", "images": "image", "pods": "pod",
         "containers": "container", "units": "unit"}
LISTS = ("networks", "volumes", "secrets", "images", "pods", "containers")
TABLES: Dict[str, Tuple[Row, ...]] = {
    "networks": network.OPTIONS, "volumes": volume.OPTIONS, "secrets": secret.OPTIONS, "images": image.OPTIONS,
    "pods": pod.OPTIONS, "containers": container.OPTIONS, "units": unit.OPTIONS}


def _list(name: str) -> Row:
    # The option is called secrets; what is secret in it is said by the rows of its entries.
    more = {"no_log": False} if name == "secrets" else {}
    return Row(name, "list", settings=dict({"elements": "dict", "default": []}, **more))


OPTIONS = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    *(_list(name) for name in LISTS),
    Row("units", "bool"),
    Row("prune", "bool", settings={"default": False}),
    Row("prune_volumes", "bool", settings={"default": False}),
)


def entries() -> Dict[str, Entries]:
    """What each list's entries may hold. A container's state is '' when it is left out: units decide on it."""
    units = tuple(row for row in unit.OPTIONS if row.name != "name")
    later = {"choices": ["", *container.STATES], "default": ""}
    containers = tuple(Row("state", settings=later) if row.name == "state" else row for row in container.OPTIONS)
    with_unit = (Row("unit", "dict", settings={"options": argument_spec(units)}),)
    rows: Dict[str, Tuple[Row, ...]] = dict(TABLES, pods=pod.OPTIONS + with_unit, containers=containers + with_unit)
    constraints: Dict[str, Mapping[str, Any]] = {
        "networks": network.CONSTRAINTS, "secrets": secret.CONSTRAINTS, "images": image.CONSTRAINTS}
    return {kind: Entries(NOUNS[kind], rows[kind], constraints.get(kind, {})) for kind in LISTS}


def check(params: Mapping[str, Any], *, units: bool = False) -> None:
    """Raise InvalidInput for entries that contradict one another, for a name that no label can have, and with
    ``units`` for a container that none would start."""
    if not values.line(params["name"], "name"):
        raise InvalidInput("The name of the stack is empty", "Its things are known by it: choose one.")
    for kind in LISTS:
        seen: Dict[str, int] = {}
        for number, entry in enumerate(params[kind]):
            name = image.full_name(entry) if kind == "images" else entry["name"]
            if seen.setdefault(name, number) != number:
                raise InvalidInput("%s[%d] (%s): it is listed before, as %s[%d]" % (
                    kind, number, name, kind, seen[name]), "List it once.")
    pods = {entry["name"] for entry in params["pods"]}
    for number, entry in enumerate(params["containers"]):
        if entry["pod"] and entry.get("unit") is not None:
            raise InvalidInput("containers[%d] (%s): it has both pod and unit" % (number, entry["name"]),
                               "Give unit to the pod: its unit starts and stops its containers.")
        if units and entry["pod"] and entry["state"] == "" and entry["pod"] not in pods:
            raise InvalidInput("containers[%d] (%s): its pod %s is not in pods" % (number, entry["name"], entry["pod"]),
                               "List it there: the unit of the pod starts its containers.")


def wanted(params: Mapping[str, Any], kind: str, *, units: bool = False) -> List[Dict[str, Any]]:
    """The entries that are to be, with the stack's label, as params of their own module.

    With ``units`` systemd starts the containers, so that a container need only be there.
    """
    if params["state"] == "absent":
        return []
    return [_labelled(kind, dict(entry, state=entry["state"] or ("present" if units else "started")), params["name"])
            for entry in params[kind] if entry["state"] != "absent"]


def _labelled(kind: str, entry: Dict[str, Any], name: str) -> Dict[str, Any]:
    option = LABEL_OPTION.get(kind)
    if option is not None:
        entry[option] = dict(entry[option] or {}, **{LABEL: name})
    return entry


def unwanted(params: Mapping[str, Any], kind: str, found: Mapping[str, List[str]]) -> List[Dict[str, Any]]:
    """Params that take away what is not to be: entries that say so, and what was ``found`` with the stack's label
    and is not listed, by kind."""
    if params["state"] == "absent":
        return [absent(kind, name) for name in found.get(kind, ())]
    listed = {entry["name"] for entry in params[kind]}
    return [dict(entry) for entry in params[kind] if entry["state"] == "absent"] + [
        absent(kind, name) for name in found.get(kind, ()) if name not in listed]


def absent(kind: str, name: str, **given: Any) -> Dict[str, Any]:
    """Params that take one thing away."""
    return blank(TABLES[kind], **dict(given, name=name, state="absent"))


def unit_params(entry: Mapping[str, Any]) -> Dict[str, Any]:
    """Params of the unit of a pod or container; it starts at boot unless it says otherwise."""
    given = {key: value for key, value in (entry.get("unit") or {}).items() if value is not None}
    return blank(unit.OPTIONS, **dict({"enabled": True}, **given, name=entry["name"]))


def pruned(params: Mapping[str, Any]) -> Tuple[str, ...]:
    """The kinds of which what is not listed is taken away."""
    if params["state"] == "present" and not params["prune"]:
        return ()
    return tuple(kind for kind in LABEL_OPTION if kind != "volumes" or params["prune_volumes"])
