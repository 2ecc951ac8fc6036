# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of a stack's containers and pods."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.state import container, pod, stackorder
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import blank

OPTIONS = {"containers": container.OPTIONS, "pods": pod.OPTIONS}


def things(**given: dict[str, Any]) -> list:
    """Containers, and pods whose names begin with 'pod', in that order."""
    kinds = {name: "pods" if name.startswith("pod") else "containers" for name in given}
    return [(kinds[name], blank(OPTIONS[kinds[name]], name=name, **options)) for name, options in given.items()]


def names(found: list) -> list:
    return [params["name"] for _kind, params in found]


@pytest.mark.parametrize("need", [
    {"network": ["container:x"]}, {"requires": ["x"]}, {"volumes_from": ["x:ro"]}, {"pid": "container:x"},
    {"ipc": "container:x"}, {"uts": "container:x"}, {"userns": "container:x"}, {"cgroupns": "container:x"},
    {"network": "container:x", "requires": ["elsewhere"]}], ids=str)
def test_what_is_needed_comes_first(need: dict) -> None:
    wish = things(a={}, y=need, b={}, x={})
    assert names(stackorder.ordered(wish, {})) == ["a", "x", "y", "b"]
    there = {("containers", "y"): container.wish(wish[1][1], {})}
    left_out = things(y={}, x={})
    assert names(stackorder.ordered(left_out, there)) == ["x", "y"], "what is not managed is as it was made"
    taken_back = things(y={"network": ["none"], "strict": True}, x={})
    assert names(stackorder.ordered(taken_back, there)) == ["y", "x"]
    gone, late = stackorder.going(things(x={"state": "absent"}, y={"state": "absent"}), [], there)
    assert (names(gone), late) == (["y", "x"], [])


def test_pods_and_containers_need_one_another() -> None:
    wish = things(pod1={"volumes_from": ["data"]}, c={"pod": "pod1"}, d={"pod": "new:other"}, data={})
    assert names(stackorder.ordered(wish, {})) == ["data", "pod1", "c", "d"]


def test_without_needs_the_order_is_as_it_was() -> None:
    wish = things(pod1={}, b={}, a={}, c={"pod": "pod1"})
    assert names(stackorder.ordered(wish, {})) == ["pod1", "b", "a", "c"]
    gone = things(b={"state": "absent"}, a={"state": "absent"}, pod1={"state": "absent"})
    assert names(stackorder.going(gone, [], {})[0]) == ["b", "a", "pod1"]


@pytest.mark.parametrize("given, cycle", [
    ({"a": {"requires": ["b"]}, "b": {"network": ["container:c"]}, "c": {"pid": "container:a"}}, "a -> b -> c -> a"),
    ({"z": {"requires": ["a"]}, "a": {"ipc": "container:a"}}, "a -> a"),
    ({"pod1": {"volumes_from": ["c"]}, "c": {"pod": "pod1"}}, "pod1 -> c -> pod1")])
def test_a_cycle_is_shown(given: dict, cycle: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        stackorder.ordered(things(**given), {})
    assert str(caught.value.message).endswith(": " + cycle)


def test_what_stays_must_not_need_what_goes_and_what_it_needed_goes_late() -> None:
    there = {("containers", "y"): {"network": [{"mode": "container", "name": "x"}]},
             ("containers", "x"): {"requires": ["w"]}, ("containers", "w"): {}}
    leaving = things(w={"state": "absent"}, x={"state": "absent"}, v={"state": "absent"})
    with pytest.raises(InvalidInput, match="containers/y: it needs containers/x, which is to be removed"):
        stackorder.going(leaving, things(y={}), there)
    now, late = stackorder.going(leaving, things(y={"network": ["none"]}), there)
    assert (names(now), names(late)) == (["v"], ["x", "w"])


def test_followers_come_in_the_order_in_which_they_can_be_stopped() -> None:
    there = {("containers", "a"): {"requires": ["x"]}, ("containers", "b"): {"requires": ["a"], "pid": "container:x"},
             ("containers", "c"): {"volumes_from": ["x"]}, ("containers", "x"): {"requires": ["b"]},
             ("pods", "p"): {"userns": "container:x"}}
    assert stackorder.followers("x", there) == ["b", "a"]
