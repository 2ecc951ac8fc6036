# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of units, and the plan from what systemd and the files say to what was asked for."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..engine.formats import serviceunit
from .option import Row
from .plan import Action, Plan, before_after

OPTIONS = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present", "restarted", "started", "stopped"], "default": "started"}),
    Row("enabled", "bool"),
    Row("new", "bool", settings={"default": True}),
    Row("restart_policy", settings={"choices": list(serviceunit.RESTART)}),
    Row("restart_sec", "int"), Row("stop_timeout", "int"), Row("start_timeout", "int"),
    Row("sdnotify", settings={"choices": list(serviceunit.SDNOTIFY), "default": "conmon"}),
    Row("after", "list", settings={"elements": "str"}), Row("wants", "list", settings={"elements": "str"}),
    Row("requires", "list", settings={"elements": "str"}), Row("environment", "dict"),
    Row("container_prefix", settings={"default": "container"}), Row("pod_prefix", settings={"default": "pod"}),
    Row("separator", settings={"default": "-"}),
)
CONSTRAINTS: Mapping[str, Any] = {}


class Seen(NamedTuple):
    """One unit as it is: its file's text (None: there is none), and what systemd says.

    ``stale``: systemd has yet to read the file; ``outdated``: what the engine keeps or runs for it is not
    what is wanted; ``reworded``: its text means what is wanted, and another engine wrote it.
    """

    text: Optional[str] = None
    active: bool = False
    enabled: bool = False
    stale: bool = False
    outdated: bool = False
    reworded: bool = False


# A unit that is not there.
NOTHING = Seen(None, False, False, False, outdated=True)


def plan(params: Mapping[str, Any], main: str, texts: Mapping[str, str], seen: Mapping[str, Seen]) -> Plan:
    """What to do for a unit ``main`` and its members. ``texts`` are the wanted files by unit, ``seen`` all that is.

    Actions: write (all files and definitions), reload, enable, disable, start, restart, stop, remove.
    """
    if params["state"] == "absent":
        return _absent(main, seen)
    now = seen[main]
    files = {name: (seen[name].text, text) for name, text in texts.items() if seen[name].text != text}
    changes: Dict[str, Tuple[Any, Any]] = {}
    outdated = sorted(name for name in texts if seen[name].outdated)
    actions: List[Action] = []
    if files or outdated:
        actions.append(Action("write", ", ".join(sorted(set(files) | set(outdated)))))
    if files or any(seen[name].stale for name in texts):
        actions.append(Action("reload"))
    if params["enabled"] is not None and params["enabled"] != now.enabled:
        actions.append(Action("enable" if params["enabled"] else "disable"))
        changes["enabled"] = (now.enabled, params["enabled"])
    restarts = bool(outdated) or any(seen[name].stale or not seen[name].reworded and seen[name].text != text
                                     for name, text in texts.items())
    step = _step(params["state"], now.active, restarts)
    if step:
        actions.append(Action(step))
        changes["state"] = ("started" if now.active else "stopped", _STEPS[step])
    if outdated and not files:
        changes["definition"] = ("another", "the container's")
    before, after = before_after(changes)
    return Plan(tuple(actions), before, after, files=files)


_STEPS = {"start": "started", "stop": "stopped", "restart": "restarted"}


def _step(state: str, active: bool, changed: bool) -> str:
    if state == "restarted":
        return "restart"
    if state == "stopped":
        return "stop" if active else ""
    if state == "started" and not active:
        return "start"
    # A unit that runs is not left running by what it was: systemd would come to mix both.
    return "restart" if active and changed else ""


def _absent(main: str, seen: Mapping[str, Seen]) -> Plan:
    there = sorted(name for name, unit in seen.items() if unit.text is not None or unit.outdated)
    actions = []
    if any(unit.active for unit in seen.values()):
        actions.append(Action("stop"))
    if seen[main].enabled:
        actions.append(Action("disable"))
    if there:
        actions += [Action("remove", ", ".join(there)), Action("reload")]
    return Plan(tuple(actions), files={name: (seen[name].text, None) for name in there})
