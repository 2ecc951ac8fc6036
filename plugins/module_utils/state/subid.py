# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a user's ranges of subordinate IDs, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..engine.errors import Conflict, InvalidInput
from ..engine.formats import subid
from ..engine.formats.subid import Range, Seen
from .option import Row
from .plan import Action, Plan

OPTIONS = (
    Row("user", settings={"required": True, "aliases": ["name"]}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("count", "int"), Row("start", "int"),
)
CONSTRAINTS: Mapping[str, Any] = {}


def ranges(seen: Seen) -> Dict[str, List[Range]]:
    """The user's ranges as they are, by 'uid' and 'gid'."""
    if seen.source != "files":
        return {kind: list(rows) for kind, rows in seen.reported.items()}
    return {kind: subid.of_user(subid.parse(file.text), seen.names) for kind, file in seen.files.items()}


def plan(params: Mapping[str, Any], seen: Seen) -> Plan:
    """What to do; ``document`` has the new text of each file that is to change.

    Raises Conflict for an overlap with another user or when there is no room, InvalidInput for a
    range that cannot be.
    """
    if params["count"] is not None and params["count"] < 1:
        raise InvalidInput("count is %d" % params["count"], "Give a positive number of IDs.")
    if params["start"] is not None and params["start"] < 1:
        raise InvalidInput("start is %d" % params["start"], "Give the first ID of the range.")
    have = ranges(seen)
    if seen.source != "files":
        _require_elsewhere(params, seen, have)
        return Plan()
    if params["state"] == "absent":
        wanted: Dict[str, List[Range]] = {kind: [] for kind in have}
    else:
        wanted = _wanted(params, seen, have)
    actions, files, document = [], {}, {}
    for kind, file in seen.files.items():
        text = subid.edit(file.text, seen.names, wanted[kind])
        if text != file.text:
            path = "/etc/" + subid.FILES[kind]
            actions.append(Action("write", path))
            files[path] = _shown(have[kind]), _shown(wanted[kind])
            document[kind] = text
    return Plan(tuple(actions), document=document, files=files)


def _shown(rows: List[Range]) -> str:
    """The lines of the user; the diff has no others."""
    return "".join("%s:%d:%d\n" % row for row in rows)


def _require_elsewhere(params: Mapping[str, Any], seen: Seen, have: Mapping[str, List[Range]]) -> None:
    """A user whose ranges come from a directory is left alone; raises Conflict when that is not what was asked for."""
    if params["state"] == "absent":
        return
    for kind, rows in have.items():
        count = params["count"] or seen.files[kind].limits.size
        covered = params["start"] is None or any(
            row.start <= params["start"] and params["start"] + count <= row.end for row in rows)
        if sum(row.size for row in rows) < count or not covered:
            raise Conflict("Ranges come from %r (subid in /etc/nsswitch.conf), which gives %s %s" % (
                seen.source, seen.names[0], ", ".join("%d:%d" % row[1:] for row in rows) or "none"),
                "Give %s %d %ss there." % (seen.names[0], count, kind))


def _wanted(params: Mapping[str, Any], seen: Seen, have: Mapping[str, List[Range]]) -> Dict[str, List[Range]]:
    """The user's ranges as they are to be, by 'uid' and 'gid'."""
    wanted: Dict[str, List[Range]] = {}
    missing: Dict[str, int] = {}
    for kind, file in seen.files.items():
        count = params["count"] or file.limits.size
        if params["start"] is not None:
            wanted[kind] = [Range(seen.names[0], params["start"], count)]
            subid.require_valid(wanted[kind][0])
            if wanted[kind][0][1:] not in [row[1:] for row in have[kind]]:
                subid.require_no_account(kind, wanted[kind], file.accounts)
        else:
            wanted[kind] = list(have[kind])
            lacking = count - sum(row.size for row in have[kind])
            if lacking > 0:
                missing[kind] = lacking
        subid.require_alone(kind, seen.names, wanted[kind], subid.parse(file.text))
    for kind, start in _starts(seen, have, missing).items():
        wanted[kind].append(Range(seen.names[0], start, missing[kind]))
    return wanted


def _starts(seen: Seen, have: Mapping[str, List[Range]], missing: Mapping[str, int]) -> Dict[str, int]:
    """Where the missing ranges start: the same in both files where that is possible."""
    taken = {kind: [(row.start, row.end) for row in subid.parse(file.text)]
             + [(number, number + 1) for number, _name in file.accounts] for kind, file in seen.files.items()}
    everywhere = [pair for rows in taken.values() for pair in rows]
    if len(missing) == 1:
        kind, count = next(iter(missing.items()))
        others = [row for side, rows in have.items() if side != kind for row in rows]
        fitting = _fits(taken[kind], count, others)
        return {kind: subid.allocate(count, seen.files[kind].limits, everywhere) if fitting is None else fitting}
    return {kind: subid.allocate(count, seen.files[kind].limits, everywhere) for kind, count in missing.items()}


def _fits(taken: List[Tuple[int, int]], count: int, candidates: List[Range]) -> Optional[int]:
    """The start of a candidate of that size that is free."""
    for row in candidates:
        if row.size == count and not any(row.overlaps(start, end) for start, end in taken):
            return row.start
    return None
