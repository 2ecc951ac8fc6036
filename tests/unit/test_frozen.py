# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Frozen values: made like dataclasses, equal by their fields, and never changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import Frozen, as_dict, replace


class Point(Frozen):
    x: int
    y: int = 2
    tags: dict[str, Any] = {}
    _hidden = ("tags",)

    @property
    def total(self) -> int:
        return self.x + self.y


class Named(Point):
    name: str = ""


class Other(Frozen):
    x: int
    y: int = 2
    tags: dict[str, Any] = {}


class Line(Frozen):
    points: tuple[Point, ...] = ()
    start: Point | None = None


@pytest.mark.parametrize("made", [Point(1), Point(1, 2), Point(1, y=2), Point(x=1, y=2, tags={})])
def test_values_are_given_by_place_by_name_or_by_default(made: Point) -> None:
    assert (made.x, made.y, made.tags, made.total) == (1, 2, {}, 3)


@pytest.mark.parametrize("arguments, named", [
    ((), {}), ((), {"y": 1}), ((1, 2, {}, 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"z": 1, "y": 1})])
def test_a_missing_unknown_or_repeated_field_is_an_error(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*arguments, **named)


def test_no_field_changes() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="Point is frozen: x"):
        point.x = 5  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del point.y
    with pytest.raises(AttributeError):
        point.z = 1  # type: ignore[attr-defined]
    assert point == Point(1)


def test_values_of_one_class_are_equal_when_their_fields_are() -> None:
    assert Point(1) == Point(1, 2) != Point(2)
    assert Point(1) != Other(1)
    assert Named(1) != Point(1)
    assert len({Line(), Line(), Line(start=None)}) == 1


def test_a_default_that_can_change_is_not_shared() -> None:
    one = Point(1)
    one.tags["a"] = 1
    assert Point(1).tags == {}


def test_a_subclass_adds_fields_to_its_base() -> None:
    assert as_dict(Named(1, name="a")) == {"x": 1, "y": 2, "tags": {}, "name": "a"}


def test_replace_gives_another_value() -> None:
    point = Point(1)
    assert replace(point, y=7) == Point(1, 7)
    assert point == Point(1)
    with pytest.raises(TypeError):
        replace(point, z=7)


def test_a_dict_holds_everything_and_shares_nothing() -> None:
    line = Line((Point(1),), Point(2, 3, {"a": [1]}))
    document = as_dict(line)
    assert document == {"points": ({"x": 1, "y": 2, "tags": {}},), "start": {"x": 2, "y": 3, "tags": {"a": [1]}}}
    document["start"]["tags"]["a"].append(2)
    assert line.start is not None and line.start.tags == {"a": [1]}


def test_repr_leaves_out_what_is_hidden() -> None:
    assert repr(Point(1, tags={"password": "x"})) == "Point(x=1, y=2)"


def test_copies_are_equal() -> None:
    assert copy.deepcopy(Point(1, tags={"a": 1})) == Point(1, tags={"a": 1})
