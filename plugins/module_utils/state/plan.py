# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What will be done, in order, and what it changes: nothing else decides 'changed'."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Tuple

HIDDEN = "(secret)"


class Action(NamedTuple):
    """One step: a verb that the noun's service knows, and a few words for people."""

    verb: str
    detail: str = ""

    def __str__(self) -> str:
        return "%s (%s)" % (self.verb, self.detail) if self.detail else self.verb


class Result(NamedTuple):
    """What a module did, or in check mode would do. ``values`` are the module's own return values."""

    changed: bool
    values: Dict[str, Any] = {}
    before: Mapping[str, Any] = {}
    after: Mapping[str, Any] = {}


class Plan(NamedTuple):
    """Ordered actions with the fields that differ, as they are before and will be after.

    ``document`` is the whole configuration that creating or replacing starts from, ``live`` the
    fields that are changed without recreation.
    """

    actions: Tuple[Action, ...] = ()
    before: Dict[str, Any] = {}
    after: Dict[str, Any] = {}
    document: Dict[str, Any] = {}
    live: Dict[str, Any] = {}

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.actions)

    @property
    def verbs(self) -> Tuple[str, ...]:
        """The actions' verbs, in order."""
        return tuple(action.verb for action in self.actions)

    def result(self, **values: Any) -> Result:
        """What a module that has carried it out returns: the actions as words, and ``values``."""
        return Result(self.changed, dict(values, actions=[str(action) for action in self.actions]),
                      self.before, self.after)


def before_after(changes: Mapping[str, Tuple[Any, Any]]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The two sides of a diff, from {field: (before, after)}."""
    return ({field: pair[0] for field, pair in changes.items()},
            {field: pair[1] for field, pair in changes.items()})


def presence(name: str, exists: bool, wanted: bool) -> Dict[str, Tuple[Any, Any]]:
    """The difference in existence of a thing that is there or not."""
    if exists == wanted:
        return {}
    return {"state": ("present" if exists else "absent", "present" if wanted else "absent")}
