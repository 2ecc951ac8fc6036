# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which order a stack does things, what it says of a failure, and what a check foresees."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    converge,
    labelled,
    systemd,
    units,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import stack
from ansible_collections.pycontainer.engine.plugins.module_utils.state import stack as state
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import blank
from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Action, Plan

LISTS = {"networks": [{"name": "n"}], "volumes": [{"name": "v"}], "secrets": [{"name": "s"}], "images": [{"name": "i"}],
         "pods": [{"name": "p"}], "containers": [{"name": "c"}]}
OLD = {kind: ["old"] for kind in state.LABEL_OPTION}


def params(**given: Any) -> dict:
    found = blank(state.OPTIONS, **{"name": "shop", "units": False, **given})
    for kind, form in state.entries().items():
        found[kind] = [blank(form.rows, **entry) for entry in found[kind]]
    return found


@pytest.fixture
def calls(monkeypatch: Any) -> list:
    """Each (kind, params, check, keywords) that a noun was called with; every one has something to do."""
    found: list = []

    def fake(kind: str) -> Any:
        def converged(_ctx: Any, given: dict, check: bool, **keywords: Any) -> Plan:
            found.append((kind, given, check, keywords))
            verb = "remove" if given["state"] == "absent" else "create"
            return Plan((Action(verb),), {"state": "before"}, {"state": verb}, {"name": given["name"]})
        return converged

    for kind in state.LISTS:
        monkeypatch.setitem(stack.CONVERGE, kind, fake(kind))
    monkeypatch.setattr(converge, "describe", lambda _ctx, name: {"Name": name})
    monkeypatch.setattr(labelled, "find", lambda _ctx, _key, _value, kinds: {kind: OLD[kind] for kind in kinds})
    return found


@pytest.mark.parametrize("check", [False, True])
def test_what_others_need_comes_first_and_goes_last(calls: list, check: bool) -> None:
    done = stack.run(make_context(root="/x", runroot="/y"), params(prune=True, prune_volumes=True, **LISTS), check)
    assert done.changed and done.values["actions"] == [
        "network n: create", "volume v: create", "secret s: create", "image i: create",
        "container old: remove", "pod old: remove", "pod p: create", "container c: create",
        "secret old: remove", "volume old: remove", "network old: remove"]
    assert {"before": {"state": "before"}, "after": {"state": "create"}, "before_header": "container c",
            "after_header": "container c (new)"} in done.diffs
    assert done.diffs[-1]["after_header"] == "network old (removed)"
    assert done.values["containers"] == {"c": {"Name": "c"}}
    assert {row[2] for row in calls} == {check}


def test_without_prune_nothing_is_looked_for(calls: list, monkeypatch: Any) -> None:
    monkeypatch.setattr(labelled, "find", None)
    assert len(stack.run(make_context(root="/x", runroot="/y"), params(**LISTS), False).values["actions"]) == 6


def test_absent_lists_count_for_nothing(calls: list) -> None:
    done = stack.run(make_context(root="/x", runroot="/y"), params(state="absent", **LISTS), False)
    assert done.values["actions"] == ["container old: remove", "pod old: remove", "secret old: remove",
                                      "network old: remove"]


FAILURES = [(InvalidInput("It is wrong", "Do right."), "It is wrong", "Do right. Done before: network n: create"),
            (EngineError("It failed"), "It failed", "Done before: network n: create"),
            (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied",
             "Check who may read and write it. Done before")]


@pytest.mark.parametrize(("error", "message", "hint"), FAILURES)
def test_a_failure_says_whose_it_is_and_what_was_done(calls: list, monkeypatch: Any, error: Exception, message: str,
                                                      hint: str) -> None:
    def fail(*_arguments: Any, **_keywords: Any) -> Plan:
        raise error

    monkeypatch.setitem(stack.CONVERGE, "volumes", fail)
    with pytest.raises(EngineError) as caught:
        stack.run(make_context(root="/x", runroot="/y"), params(**LISTS), False)
    assert caught.value.message == "volumes/v: " + message
    assert str(caught.value.hint).startswith(hint) and caught.value.done == ("network n: create",)


def test_a_failing_check_has_done_nothing(calls: list, monkeypatch: Any) -> None:
    def fail(*_arguments: Any, **_keywords: Any) -> Plan:
        raise InvalidInput("It is wrong", "Do right.")

    monkeypatch.setitem(stack.CONVERGE, "volumes", fail)
    with pytest.raises(InvalidInput) as caught:
        stack.run(make_context(root="/x", runroot="/y"), params(**LISTS), True)
    assert caught.value.done == () and caught.value.hint == "Do right."


def test_a_check_tells_pods_which_containers_would_be_gone(calls: list) -> None:
    stack.run(make_context(root="/x", runroot="/y"), params(prune=True, **LISTS), True)
    assert [row[3]["without"] for row in calls if row[0] == "pods"] == [{"old"}, {"old"}]


def test_units_are_written_and_read_before_any_is_started(monkeypatch: Any) -> None:
    done: list = []
    aims = {name: stack.unit.Aim(name + ".service", [name + ".service"]) for name in ("a", "b", "c", "d")}
    plans = {"a": Plan((Action("write", "x"), Action("reload"), Action("enable"), Action("start"))), "b": Plan(),
             "c": Plan((Action("stop"), Action("disable"), Action("remove", "y"), Action("reload"))),
             "d": Plan((Action("write"), Action("reload"), Action("enable"), Action("restart")))}
    monkeypatch.setattr(units, "apply", lambda _ctx, verbs, main, _names, _wish: done.append((main[0], *verbs)))
    monkeypatch.setattr(systemd, "reload", lambda _ctx: done.append(("reload",)))
    monkeypatch.setattr(systemd, "enable", lambda _ctx, *names: done.append(("enable", *names)))
    for check, expected in ((True, []), (False, [
            ("a", "write"), ("d", "write"), ("reload",), ("enable", "a.service", "d.service"), ("a", "start"),
            ("c", "stop", "disable", "remove", "reload"), ("d", "restart")])):
        work = stack.Work(make_context(root="/x", runroot="/y"), check)
        work.change_units(aims, plans)
        assert done == expected
        assert work.actions == [
            "unit a: write (x)", "unit d: write", "unit a: reload", "unit d: reload", "unit a: enable",
            "unit d: enable", "unit a: start", "unit c: stop", "unit c: disable", "unit c: remove (y)",
            "unit c: reload", "unit d: restart"]


@pytest.mark.parametrize("check", [False, True])
def test_units_are_planned_before_a_container_is_touched(calls: list, monkeypatch: Any, check: bool) -> None:
    def plan(_ctx: Any, _params: Any, _check: bool, *, aimed: Any, shown: Any, gone: Any) -> Plan:
        assert all(checked for _kind, _given, checked, _keywords in calls), "its container was replaced before"
        # What systemd says while a container is replaced is a matter of luck.
        return Plan((Action("restart" if shown[aimed.main].runs else "start"),))

    monkeypatch.setattr(systemd, "show", lambda _ctx, names: {
        name: systemd.Shown(name, active="active" if all(row[2] for row in calls) else "failed") for name in names})
    monkeypatch.setattr(stack.unit, "aim", lambda _ctx, given, _source: stack.unit.Aim(given["name"], [given["name"]]))
    monkeypatch.setattr(stack.unit, "converge", plan)
    monkeypatch.setattr(units, "apply", lambda *_all: calls.append(("unit", {}, False, {})))
    done = stack.run(make_context(root="/x", runroot="/y"), params(units=True, containers=[{"name": "c"}]), check)
    assert done.values["actions"] == ["container c: create", "unit c: restart"]
    assert [(row[0], row[2]) for row in calls] == [("containers", True)] + [
        ("containers", False), ("unit", False)] * (not check)


def test_what_is_as_it_should_be_is_looked_at_once(calls: list, monkeypatch: Any) -> None:
    monkeypatch.setitem(stack.CONVERGE, "containers", lambda *_all, **_keywords: calls.append("seen") or Plan())
    monkeypatch.setattr(systemd, "show", lambda _ctx, names: {})
    monkeypatch.setattr(stack.unit, "aim", lambda _ctx, given, _source: stack.unit.Aim(given["name"], [given["name"]]))
    monkeypatch.setattr(stack.unit, "converge", lambda *_all, **_keywords: Plan())
    done = stack.run(make_context(root="/x", runroot="/y"), params(units=True, containers=[{"name": "c"}]), False)
    assert not done.changed and calls == ["seen"]


def test_a_failure_of_what_is_planned_says_what_was_done(calls: list, monkeypatch: Any) -> None:
    def fail(*_all: Any, **_keywords: Any) -> Plan:
        raise InvalidInput("Bad")

    monkeypatch.setitem(stack.CONVERGE, "containers", fail)
    with pytest.raises(InvalidInput) as caught:
        stack.run(make_context(root="/x", runroot="/y"), params(units=True, **LISTS), False)
    assert caught.value.done == ("network n: create", "volume v: create", "secret s: create", "image i: create")


def test_a_check_tells_containers_of_secrets_with_other_values(calls: list, monkeypatch: Any) -> None:
    def changed(_ctx: Any, given: dict, _check: bool) -> Plan:
        return Plan((Action("change"),), {"data": "x"}, {"data": "y"})

    monkeypatch.setitem(stack.CONVERGE, "secrets", changed)
    stack.run(make_context(root="/x", runroot="/y"), params(**LISTS), True)
    assert [row[3]["secrets"] for row in calls if row[0] == "containers"] == [{"s"}]
    calls.clear()
    stack.run(make_context(root="/x", runroot="/y"), params(**LISTS), False)
    assert [row[3] for row in calls if row[0] == "containers"] == [{}], "a real run sees it for itself"


def test_a_unit_with_another_prefix_is_removed_too(calls: list, monkeypatch: Any) -> None:
    monkeypatch.setattr(units, "every", lambda _ctx: {("container", "old"): ["svc-old.service"]})
    monkeypatch.setattr(units, "takes_along", lambda *_all: [])
    monkeypatch.setattr(stack.unit, "aim", lambda _ctx, given, *_source: stack.unit.Aim(
        "container-old.service", ["container-old.service"]))
    monkeypatch.setattr(stack.unit, "converge", lambda _ctx, _params, _check, *, aimed: Plan(
        (Action("remove", aimed.main),)))
    work = stack.Work(make_context(root="/x", runroot="/y"), False)
    work.remove_units("containers", [state.absent("containers", "old")])
    assert work.actions == ["unit old: remove (container-old.service)", "unit old: remove (svc-old.service)"]


def test_a_unit_whose_prefix_has_changed_goes_and_takes_its_container_along(calls: list, monkeypatch: Any) -> None:
    there = {("container", "c"): ["container-c.service", "svc-c.service"], ("container", "in"): ["svc-in.service"]}
    monkeypatch.setattr(units, "every", lambda _ctx: there)
    monkeypatch.setattr(units, "takes_along", lambda _ctx, names: [("container", "c")])
    monkeypatch.setattr(systemd, "show", lambda _ctx, names: {})
    monkeypatch.setattr(stack.unit, "aim", lambda _ctx, given, *_source: stack.unit.Aim("container-c.service", []))
    monkeypatch.setattr(stack.unit, "converge", lambda _ctx, given, _check, *, aimed, **_more: Plan(
        (Action("stop"), Action("remove", aimed.main))) if given["state"] == "absent" else Plan())
    wish = params(units=True, containers=[{"name": "c"}, {"name": "in", "pod": "p"}], pods=[{"name": "p"}])
    done = stack.run(make_context(root="/x", runroot="/y"), wish, True)
    assert done.values["actions"][:2] == ["unit c: stop", "unit c: remove (svc-c.service)"]
    gone = {row[1]["name"]: row[3]["coming"].gone for row in calls if row[0] == "containers"}
    assert gone == {"c": True, "in": False}


@pytest.mark.parametrize("runs, steps, wanted", [
    ("active", (), ("restart",)), ("inactive", (), ()), ("active", ("restart",), ("restart",)),
    ("active", ("write",), ("write", "restart"))])
def test_a_unit_is_started_anew_for_a_secret_with_another_value(monkeypatch: Any, runs: str, steps: tuple,
                                                                wanted: tuple) -> None:
    monkeypatch.setattr(systemd, "show", lambda _ctx, names: {name: systemd.Shown(name, active=runs) for name in names})
    monkeypatch.setattr(stack.unit, "converge", lambda *_all, **_more: Plan(tuple(Action(verb) for verb in steps)))
    monkeypatch.setattr(converge, "has_stale_secrets", lambda _ctx, name, _others: name == "c")
    work = stack.Work(make_context(root="/x", runroot="/y"), False)
    for entry, pod in (("c", None), ("c", "p")):
        stale = work.stale([{"name": "c", "pod": pod}, {"name": "d", "pod": None}])
        main = pod or entry
        aims = {main: stack.unit.Aim(main + ".service", [main + ".service"])}
        assert work.plan_units([{"name": main}], aims, stale)[main].verbs == wanted


def test_a_container_that_no_unit_would_start_is_refused(calls: list) -> None:
    with pytest.raises(InvalidInput, match="its pod shop is not in pods"):
        stack.run(make_context(root="/x", runroot="/y"), params(
            units=True, containers=[{"name": "c", "pod": "shop", "state": ""}]), True)
    stack.run(make_context(root="/x", runroot="/y"), params(
        units=False, containers=[{"name": "c", "pod": "shop", "state": ""}]), True)
