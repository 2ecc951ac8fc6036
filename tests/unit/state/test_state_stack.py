# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a stack makes of its entries, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.state import stack
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import blank


def params(**given: Any) -> dict:
    """What the module gets when Ansible has checked the entries."""
    found = blank(stack.OPTIONS, **{"name": "shop", **given})
    for kind, form in stack.entries().items():
        found[kind] = [blank(form.rows, **entry) for entry in found[kind]]
    return found


LABEL = {stack.LABEL: "shop"}
LABELS = [("networks", "label"), ("volumes", "label"), ("secrets", "labels"), ("pods", "label"),
          ("containers", "label")]


@pytest.mark.parametrize(("kind", "option"), LABELS)
def test_all_but_images_carry_the_label_beside_their_own(kind: str, option: str) -> None:
    found = stack.wanted(params(**{kind: [{"name": "a"}, {"name": "b", option: {"tier": "web"}}]}), kind)
    assert [row[option] for row in found] == [LABEL, {"tier": "web", **LABEL}]


def test_a_label_of_the_same_name_is_the_stacks() -> None:
    given = params(networks=[{"name": "a", "label": {stack.LABEL: "another"}}])
    assert stack.wanted(given, "networks")[0]["label"] == LABEL
    assert given["networks"][0]["label"] == {stack.LABEL: "another"}, "what was given stays as it is"


def test_an_image_carries_none() -> None:
    assert "label" not in stack.wanted(params(images=[{"name": "a"}]), "images")[0]


STATES = [({}, False, "started"), ({}, True, "present"), ({"state": "stopped"}, True, "stopped"),
          ({"state": "started"}, True, "started"), ({"state": "healthy"}, False, "healthy")]


@pytest.mark.parametrize(("entry", "units", "state"), STATES)
def test_systemd_starts_a_container_that_does_not_say_otherwise(entry: dict, units: bool, state: str) -> None:
    given = params(containers=[{"name": "a", **entry}])
    assert stack.wanted(given, "containers", units=units)[0]["state"] == state


FOUND = {"containers": ["a", "old"]}
GONE = [
    ({"containers": [{"name": "a"}]}, {}, ["a"], []),
    ({"containers": [{"name": "a"}]}, FOUND, ["a"], ["old"]),
    ({"containers": [{"name": "a"}, {"name": "b", "state": "absent"}]}, FOUND, ["a"], ["b", "old"]),
    ({"containers": [{"name": "a", "state": "absent"}]}, FOUND, [], ["a", "old"]),
    ({"containers": [{"name": "a"}], "state": "absent"}, FOUND, [], ["a", "old"]),
    ({"containers": [{"name": "b"}], "state": "absent"}, FOUND, [], ["a", "old"]),
]


@pytest.mark.parametrize(("given", "found", "there", "gone"), GONE)
def test_what_is_wanted_and_what_is_not(given: dict, found: dict, there: list, gone: list) -> None:
    given = params(**given)
    assert [row["name"] for row in stack.wanted(given, "containers")] == there
    rows = stack.unwanted(given, "containers", found)
    assert [row["name"] for row in rows] == gone and all(row["state"] == "absent" for row in rows)
    assert all(set(row) >= {row.name for row in stack.TABLES["containers"]} for row in rows)


RUNS = ("networks", "secrets", "pods", "containers")
PRUNED = [({}, ()), ({"prune_volumes": True}, ()), ({"prune": True}, RUNS), ({"state": "absent"}, RUNS),
          ({"prune": True, "prune_volumes": True}, ("volumes", *RUNS)),
          ({"state": "absent", "prune_volumes": True}, ("volumes", *RUNS))]


@pytest.mark.parametrize(("given", "kinds"), PRUNED)
def test_volumes_are_only_taken_away_by_their_own_option(given: dict, kinds: tuple) -> None:
    assert sorted(stack.pruned(params(**given))) == sorted(kinds)


UNITS = [(None, {"enabled": True, "state": "started"}), ({"enabled": False}, {"enabled": False, "state": "started"}),
         ({"enabled": None, "restart_policy": "always"}, {"enabled": True, "restart_policy": "always"})]


@pytest.mark.parametrize(("unit", "expected"), UNITS)
def test_a_unit_starts_at_boot_unless_it_says_otherwise(unit: Any, expected: dict) -> None:
    found = stack.unit_params({"name": "web", "unit": unit})
    assert found["name"] == "web" and {key: found[key] for key in expected} == expected


WRONG = [
    ({"name": ""}, "name of the stack is empty"), ({"name": "a\nb"}, "control character"),
    ({"volumes": [{"name": "a"}, {"name": "a"}]}, r"volumes\[1\] \(a\): it is listed before, as volumes\[0\]"),
    ({"images": [{"name": "a", "tag": "1"}, {"name": "a:1"}]}, r"images\[1\] \(a:1\): it is listed before"),
    ({"containers": [{"name": "a", "pod": "p", "unit": {}}]}, r"containers\[0\] \(a\): it has both pod and unit"),
]


@pytest.mark.parametrize(("given", "says"), WRONG)
def test_contradictions_are_refused_with_the_entry(given: dict, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        stack.check(params(**given))


def test_what_only_looks_like_one_is_not() -> None:
    stack.check(params(images=[{"name": "a", "tag": "1"}, {"name": "a", "tag": "2"}],
                       volumes=[{"name": "a"}], containers=[{"name": "a", "pod": "p"}, {"name": "b", "unit": {}}]))


def test_entries_have_the_options_of_their_modules() -> None:
    for kind, form in stack.entries().items():
        extra = {"unit"} if kind in ("pods", "containers") else set()
        assert {row.name for row in form.rows} == {row.name for row in stack.TABLES[kind]} | extra
