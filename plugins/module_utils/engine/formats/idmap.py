# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mappings of user and group IDs (user_namespaces(7)), and the ranges a user may map (subuid(5), subgid(5))."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple, Sequence, Tuple

from ..errors import InvalidInput

MAX_ID = 2 ** 32 - 2
MAX_ROWS = 340  # user_namespaces(7)


class Row(NamedTuple):
    """``length`` IDs from ``inside`` in the namespace are those from ``outside`` on in its parent."""

    inside: int
    outside: int
    length: int


Mapping = Tuple[Row, ...]


def subordinate(text: str, name: str, number: int) -> List[Tuple[int, int]]:
    """The (start, count) of a user in the text of /etc/subuid or /etc/subgid, by name or by user ID.

    Lines that make no sense are passed over, as shadow-utils does.
    """
    found = []
    for line in text.splitlines():
        owner, _colon, rest = line.strip().partition(":")
        start, _colon, count = rest.partition(":")
        if owner not in (name, str(number)) or not (start.isdigit() and count.isdigit() and int(count)):
            continue
        if int(start) + int(count) <= MAX_ID + 1 and (int(start), int(count)) not in found:
            found.append((int(start), int(count)))
    return found


def own(number: int, ranges: Iterable[Tuple[int, int]]) -> Mapping:
    """A user's namespace: the user is root in there, and the ranges follow without a gap."""
    rows, inside = [Row(0, number, 1)], 1
    for start, count in ranges:
        rows.append(Row(inside, start, count))
        inside += count
    return tuple(rows[:MAX_ROWS])


def parse_kernel(text: str) -> Mapping:
    """The mapping in the text of /proc/PID/uid_map or gid_map."""
    return tuple(Row(*(int(word) for word in line.split())) for line in text.splitlines() if line.strip())


def parse_options(words: Sequence[str], option: str) -> Mapping:
    """Rows from ``INSIDE:OUTSIDE[:COUNT]`` (podman-run(1), --uidmap), sorted. Raises InvalidInput."""
    rows = []
    for word in words:
        parts = word.split(":")
        if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
            raise InvalidInput("%s has %r" % (option, word), "Write INSIDE:OUTSIDE[:COUNT], three numbers.")
        rows.append(Row(int(parts[0]), int(parts[1]), int(parts[2]) if len(parts) == 3 else 1))
    return checked(rows, option)


def checked(rows: Iterable[Row], option: str) -> Mapping:
    """The rows, sorted; raises InvalidInput when one ID has two meanings or a row is empty."""
    result = tuple(sorted(rows))
    for side in (0, 1):
        end = -1
        for row in sorted(result, key=lambda r: r[side]):
            if row.length < 1 or row[side] <= end or row[side] + row.length - 1 > MAX_ID:
                raise InvalidInput("%s: the row %d:%d:%d overlaps another one or is out of range" % (option, *row))
            end = row[side] + row.length - 1
    return result


def to_outside(mapping: Sequence[Row], number: int) -> int:
    """The ID outside; -1 for one that is not mapped."""
    for row in mapping:
        if row.inside <= number < row.inside + row.length:
            return row.outside + number - row.inside
    return -1


def to_inside(mapping: Sequence[Row], number: int) -> int:
    """The ID in the namespace; -1 for one that it does not have."""
    return to_outside([Row(row.outside, row.inside, row.length) for row in mapping], number)


def size(mapping: Sequence[Row]) -> int:
    """How many IDs are mapped."""
    return sum(row.length for row in mapping)
