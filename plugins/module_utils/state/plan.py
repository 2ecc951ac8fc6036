# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What will be done, in order, and what it changes: nothing else decides 'changed'."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

HIDDEN = "(secret)"
# What a diff says of how a change comes about, by the action's verb.
EFFECTS = {"create": "new", "replace": "replaced", "update": "changed live", "label": "changed live",
           "remove": "removed"}
# What a task's ``state`` calls what containers and pods are.
STATE_WORDS = {"running": "started", "exited": "stopped"}


class Action(NamedTuple):
    """One step: a verb that the noun's service knows, and a few words for people."""

    verb: str
    detail: str = ""

    def __str__(self) -> str:
        return "%s (%s)" % (self.verb, self.detail) if self.detail else self.verb


class Result(NamedTuple):
    """What a module did, or in check mode would do. ``values`` are the module's own return values, ``diffs`` what
    Ansible's --diff shows: mappings with before and after, which are texts or mappings, and headers for both."""

    changed: bool
    values: Dict[str, Any] = {}
    diffs: List[Dict[str, Any]] = []


class Plan(NamedTuple):
    """Ordered actions with the options that differ, as they are before and will be after, in people's spelling.

    ``document`` is the whole configuration that creating or replacing starts from, ``live`` the
    fields that are changed without recreation. ``files`` are texts that change, by path; None is no file.
    """

    actions: Tuple[Action, ...] = ()
    before: Dict[str, Any] = {}
    after: Dict[str, Any] = {}
    document: Dict[str, Any] = {}
    live: Dict[str, Any] = {}
    files: Mapping[str, Tuple[Optional[str], Optional[str]]] = {}

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.actions)

    @property
    def verbs(self) -> Tuple[str, ...]:
        """The actions' verbs, in order."""
        return tuple(action.verb for action in self.actions)

    def result(self, subject: str, **values: Any) -> Result:
        """What a module that has carried it out returns: the actions as words, and ``values``; ``subject`` names the
        thing in the diff."""
        return Result(self.changed, dict(values, actions=[str(action) for action in self.actions]),
                      self.diffs(subject))

    def diffs(self, subject: str) -> List[Dict[str, Any]]:
        """What --diff shows: first the options of the subject, then each text by itself."""
        found: List[Dict[str, Any]] = []
        if self.before or self.after:
            how = next((EFFECTS[verb] for verb in self.verbs if verb in EFFECTS), "")
            found.append({"before": self.before, "after": self.after, "before_header": subject,
                          "after_header": "%s (%s)" % (subject, how) if how else subject})
        for path, sides in self.files.items():
            texts = dict(zip(("before", "after"), sides))
            found.append({**{side: text or "" for side, text in texts.items()},
                          **{side + "_header": path if text is not None else path + " (no file)"
                             for side, text in texts.items()}})
        return found


def state_change(before: str, after: str) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The two sides of a diff for what a container or pod is, in the words of a task's ``state``."""
    return {"state": STATE_WORDS.get(before, before)}, {"state": STATE_WORDS.get(after, after)}


def before_after(changes: Mapping[str, Tuple[Any, Any]]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The two sides of a diff, from {field: (before, after)}."""
    return ({field: pair[0] for field, pair in changes.items()},
            {field: pair[1] for field, pair in changes.items()})


def presence(name: str, exists: bool, wanted: bool) -> Dict[str, Tuple[Any, Any]]:
    """The difference in existence of a thing that is there or not."""
    if exists == wanted:
        return {}
    return {"state": ("present" if exists else "absent", "present" if wanted else "absent")}
