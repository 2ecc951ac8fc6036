# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a pod, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..engine.errors import InvalidInput, Unsupported
from ..engine.formats import pod
from .option import LIVE, Row, defaults, desired, differences, effects, sides, spelled
from .plan import Action, Plan, state_change

STATES = ("absent", "created", "killed", "paused", "restarted", "started", "stopped", "unpaused")


def _row(name: str, kind: str = "str", default: Any = "", field: str = "", effect: str = "recreate",
         **settings: Any) -> Row:
    """A row for a field of PodSpec; its canonicaliser is the field's."""
    field = field or name

    def canonical(value: Any, option: str) -> Any:
        return pod.canonical(field, value, option)

    if kind == "list":
        settings["elements"] = "str"
    return Row(name, kind, field, effect, default, canonical, settings, _SPELL.get(field))


def _hosts(lines: Mapping[str, str]) -> List[str]:
    return ["%s:%s" % pair for pair in lines.items()]


def _volumes(rows: List[Mapping[str, Any]]) -> Any:
    from ..engine.formats import spelling

    return spelling.mounts(rows)["volume"]


_SPELL: Mapping[str, Callable[[Any], Any]] = {"etc_hosts": _hosts, "mounts": _volumes}


FIELDS: Tuple[Row, ...] = (
    _row("add_host", "list", {}, "etc_hosts", aliases=["add_hosts"]),
    _row("blkio_weight", "int", 0, effect=LIVE), _row("cgroup_parent"), _row("cpus", "str", 0.0, effect=LIVE),
    _row("cpu_shares", "int", 0, effect=LIVE), _row("cpuset_cpus", effect=LIVE), _row("cpuset_mems", effect=LIVE),
    _row("device", "list", []), _row("device_read_bps", "list", {}, effect=LIVE),
    _row("device_write_bps", "list", {}, effect=LIVE), _row("device_read_iops", "list", {}, effect=LIVE),
    _row("device_write_iops", "list", {}, effect=LIVE),
    _row("dns", "list", [], aliases=["dns_servers"]),
    _row("dns_opt", "list", [], "dns_option", aliases=["dns_option", "dns_opts"]),
    _row("dns_search", "list", []), _row("exit_policy", "str", "continue", effect=LIVE, choices=["continue", "stop"]),
    _row("hostname"), _row("infra", "bool", True), _row("infra_command", "str", None), _row("infra_name"),
    _row("ip"), _row("ip6"), _row("label", "dict", {}, effect=LIVE, aliases=["labels"]), _row("mac_address"),
    _row("memory", "str", 0, effect=LIVE), _row("memory_swap", "str", None, effect=LIVE),
    _row("network", "list", [], aliases=["net"]),
    _row("network_alias", "list", [], "network_aliases", aliases=["network_aliases"]),
    _row("no_hosts", "bool", False), _row("pid"), _row("publish", "list", [], aliases=["ports"]),
    _row("restart_policy", "str", "no", effect=LIVE), _row("security_opt", "list", []),
    _row("share", "str", ["ipc", "net", "uts"]), _row("share_parent", "bool", True),
    _row("shm_size", "str", 65536000), _row("sysctl", "dict", {}), _row("userns"), _row("uidmap", "list", []),
    _row("gidmap", "list", []), _row("subuidname"), _row("subgidname"), _row("uts"),
    _row("volume", "list", [], "mounts", aliases=["volumes"]), _row("volumes_from", "list", []),
)
ACTIONS: Tuple[Row, ...] = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": list(STATES), "default": "created"}),
    Row("strict", "bool", settings={"default": False}), Row("recreate", "bool", settings={"default": False}),
    Row("stop_time", "int", settings={"aliases": ["timeout"]}), Row("infra_image"),
)
OPTIONS = ACTIONS + FIELDS
_STANDARD, _EFFECTS = defaults(FIELDS), effects(FIELDS)


class Actual(NamedTuple):
    """What there is. ``document`` is the stored PodSpec, None when there is no pod; ``status`` is one of
    running (all that should run does), stopped (nothing runs), partly, and paused (all are frozen).

    ``members`` are the names of the containers but the infra container, ``running`` those of them that run.
    """

    document: Optional[Dict[str, Any]] = None
    status: str = "absent"
    members: Tuple[str, ...] = ()
    running: Tuple[str, ...] = ()


def wish(params: Mapping[str, Any]) -> Dict[str, Any]:
    """{field: canonical value} of what the user manages. Raises Unsupported for an image of the infra container."""
    if params.get("infra_image"):
        raise Unsupported("infra_image: the infra container of this engine has no image",
                          "Leave it out; to run another program there, mount it and name it with infra_command.")
    return desired(FIELDS, params, strict=bool(params.get("strict")))


def plan(params: Mapping[str, Any], wanted: Mapping[str, Any], actual: Actual) -> Plan:
    """The actions from ``actual`` to what ``params`` ask for, with ``wanted`` from wish()."""
    state, name = params["state"], params["name"]
    if state == "absent":
        if actual.document is None:
            return Plan()
        detail = "with " + ", ".join(actual.members) if actual.members else ""
        return Plan((Action("remove", detail),), *state_change(actual.status, "absent"))
    if actual.document is None:
        if state == "killed":
            raise InvalidInput("There is no pod %s to be killed" % name,
                               "Use state: absent for one that is to be gone.")
        document = _whole({"name": name}, wanted)
        verbs = (Action("create"),) + _states(state, "stopped")
        shown = {option: value for option, value in spelled(FIELDS, document).items() if option != "name"}
        ahead, then = state_change("absent", _end(state, "created"))
        return Plan(verbs, ahead, dict(shown, **then), document)
    changes: Dict[str, Any] = differences(wanted, actual.document, _STANDARD)
    document = _whole(dict(actual.document, name=name), wanted)
    actions: Tuple[Action, ...] = ()
    before, after = sides(FIELDS, changes)
    options = ", ".join(sorted(after))
    fixed = sorted(field for field in changes if _EFFECTS[field] != LIVE)
    if fixed or params.get("recreate"):
        restarts = "; restarts " + ", ".join(actual.running) if actual.running and state != "stopped" else ""
        actions = (Action("replace", (options or "recreate") + restarts),)
    elif changes:
        actions = (Action("update", options),)
    more = _states(state, actual.status)
    if actions and actions[0].verb == "replace":
        # What ran, runs again then.
        more = tuple(action for action in more if action.verb != "restart")
    end = _end(state, actual.status)
    if more and end != actual.status:
        for side, word in zip((before, after), state_change(actual.status, end)):
            side.update(word)
    return Plan(actions + more, before, after, document, {field: document.get(field, _STANDARD[field])
                                                          for field in changes})


def _whole(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> Dict[str, Any]:
    """The stored wishes with the managed ones in their place; what is a default is left out."""
    merged = dict(document, **wanted)
    return {field: value for field, value in merged.items() if field not in _STANDARD or value != _STANDARD[field]}


def _states(state: str, status: str) -> Tuple[Action, ...]:
    """What is left to do after the configuration."""
    if state == "stopped":
        return () if status == "stopped" else (Action("stop"),)
    if state == "killed":
        return () if status == "stopped" else (Action("kill"),)
    if state == "restarted":
        return (Action("start"),) if status == "stopped" else (Action("restart"),)
    if state == "paused":
        if status == "paused":
            return ()
        return ((Action("start"),) if status != "running" else ()) + (Action("pause"),)
    if state == "unpaused":
        return (Action("unpause"),) if status == "paused" else ()
    if state == "started":
        if status == "paused":
            return (Action("unpause"),)
        return () if status == "running" else (Action("start"),)
    return ()


def _end(state: str, otherwise: str) -> str:
    return {"started": "running", "restarted": "running", "paused": "paused", "stopped": "stopped",
            "killed": "stopped", "unpaused": "running" if otherwise == "paused" else otherwise}.get(state, otherwise)


# What a container leaves to a pod that is made for it, by the container's name of the option and the pod's
_FROM_CONTAINER = {"publish": "publish", "network": "network", "network_aliases": "network_alias", "ip": "ip",
                   "ip6": "ip6", "mac_address": "mac_address", "dns": "dns", "dns_option": "dns_opt",
                   "dns_search": "dns_search", "etc_hosts": "add_host", "no_hosts": "no_hosts", "hostname": "hostname",
                   "userns": "userns", "uidmap": "uidmap", "gidmap": "gidmap", "subuidname": "subuidname",
                   "subgidname": "subgidname"}


def of_container(params: Mapping[str, Any]) -> Tuple[Optional[Dict[str, Any]], Mapping[str, Any]]:
    """What a container's ``pod: new:NAME`` asks of the pod, as this noun's params, and the container's own rest.

    (None, the same params) for a container that asks for no pod to be made, or that is to be gone.
    """
    word, _colon, name = str(params.get("pod") or "").partition(":")
    if word != "new" or not name:
        return None, params
    own = dict(params, pod=name, **dict.fromkeys(_FROM_CONTAINER))
    if params["state"] == "absent":
        return None, own
    given = {row.name: row.settings.get("default") for row in OPTIONS}
    given.update((theirs, params.get(ours)) for ours, theirs in _FROM_CONTAINER.items())
    return dict(given, name=name), own
