# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done for a unit: in which order, and nothing without need."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.state import unit
from ansible_collections.pycontainer.engine.plugins.module_utils.state.unit import Seen

MAIN = "container-web.service"
UP = Seen("text", active=True, enabled=True)
CASES = [
    # state, enabled, what is, verbs
    ("started", True, Seen(), ["write", "reload", "enable", "start"]),
    ("started", True, UP, []),
    ("started", None, UP._replace(enabled=False), []),
    ("started", False, UP, ["disable"]),
    ("started", True, UP._replace(active=False), ["start"]),
    ("started", True, UP._replace(text="old"), ["write", "reload", "restart"]),
    ("started", True, UP._replace(text="old", reworded=True), ["write", "reload"]),
    ("started", True, UP._replace(text="old", reworded=True, active=False), ["write", "reload", "start"]),
    ("started", True, UP._replace(text="old", reworded=True, stale=True), ["write", "reload", "restart"]),
    ("started", True, UP._replace(text="old", reworded=True, outdated=True), ["write", "reload", "restart"]),
    ("restarted", True, UP._replace(text="old", reworded=True), ["write", "reload", "restart"]),
    ("started", True, UP._replace(text="old", active=False), ["write", "reload", "start"]),
    ("started", True, UP._replace(stale=True), ["reload", "restart"]),
    ("started", True, UP._replace(outdated=True), ["write", "restart"]),
    ("present", None, Seen(), ["write", "reload"]),
    ("present", None, UP._replace(outdated=True), ["write", "restart"]),
    ("present", None, UP._replace(outdated=True, active=False), ["write"]),
    ("stopped", None, UP, ["stop"]),
    ("stopped", None, UP._replace(active=False), []),
    ("stopped", None, Seen(), ["write", "reload"]),
    ("restarted", None, UP, ["restart"]),
    ("restarted", None, Seen(), ["write", "reload", "restart"]),
]


@pytest.mark.parametrize(("state", "enabled", "seen", "verbs"), CASES)
def test_the_steps_to_a_unit(state: str, enabled: bool, seen: Seen, verbs: list[str]) -> None:
    plan = unit.plan({"state": state, "enabled": enabled}, MAIN, {MAIN: "text"}, {MAIN: seen})
    assert list(plan.verbs) == verbs


def test_a_member_that_changed_restarts_the_pod() -> None:
    texts = {"pod-p.service": "text", MAIN: "new"}
    plan = unit.plan({"state": "started", "enabled": None}, "pod-p.service", texts,
                     {"pod-p.service": UP, MAIN: UP})
    assert list(plan.verbs) == ["write", "reload", "restart"]
    assert plan.files == {MAIN: ("text", "new")}
    assert (plan.before, plan.after) == ({"state": "started"}, {"state": "restarted"})


@pytest.mark.parametrize(("seen", "verbs"), [
    (Seen(), []), (UP, ["stop", "disable", "remove", "reload"]), (Seen("text"), ["remove", "reload"]),
    (Seen(None, outdated=True), ["remove", "reload"])])
def test_the_steps_to_no_unit(seen: Seen, verbs: list[str]) -> None:
    assert list(unit.plan({"state": "absent"}, MAIN, {}, {MAIN: seen}).verbs) == verbs
