# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of lingering, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, List, Mapping

from .option import Row
from .plan import Action, Plan, before_after

OPTIONS = (
    Row("user", settings={"required": True, "aliases": ["name"]}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("timeout", "int", settings={"default": 60}),
)
CONSTRAINTS: Mapping[str, Any] = {}


def plan(present: bool, *, lingers: bool, manager: bool, bus: bool) -> Plan:
    """What to do for a user: ``manager`` and ``bus`` say whether their systemd and message bus are there."""
    if not present:
        return Plan((Action("disable"),), {"state": "present"}, {"state": "absent"}) if lingers else Plan()
    actions: List[Action] = []
    changes = {}
    if not lingers:
        actions.append(Action("enable"))
        changes["state"] = ("absent", "present")
    elif not manager:
        actions.append(Action("start", "systemd of the user"))
        changes["systemd of the user"] = ("stopped", "started")
    if manager and not bus:
        actions.append(Action("start bus"))
        changes["message bus of the user"] = ("stopped", "started")
    before, after = before_after(changes)
    return Plan(tuple(actions), before, after)
