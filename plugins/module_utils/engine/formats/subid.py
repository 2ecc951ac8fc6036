# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files /etc/subuid and /etc/subgid (subuid(5), subgid(5)): who has which range, and where one is free.

What decides about allocation stands in login.defs(5), where the ranges come from in nsswitch.conf
(its ``subid:`` line). Everything else in the files (comments, other users' lines) is kept as it is.
"""

from __future__ import annotations

from typing import Collection, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..errors import Conflict, InvalidInput

MAX_ID = 2 ** 32 - 2  # the ID -1 has a meaning of its own: "leave it as it is"
FILES = {"uid": "subuid", "gid": "subgid"}


class Range(NamedTuple):
    """``size`` IDs from ``start`` on, for the user ``owner`` (a login name, or a user ID in decimal)."""

    owner: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """The first ID behind it."""
        return self.start + self.size

    def overlaps(self, start: int, end: int) -> bool:
        """Whether an ID of start..end-1 is in it."""
        return self.start < end and start < self.end


class Limits(NamedTuple):
    """Where ranges are allocated, and how large: SUB_UID_MIN, SUB_UID_MAX and SUB_UID_COUNT of login.defs(5)."""

    minimum: int = 100000
    maximum: int = 600100000
    size: int = 65536


class File(NamedTuple):
    """What decides about one of the files: its text, the limits, and the accounts' own IDs and names."""

    text: str
    limits: Limits
    accounts: Tuple[Tuple[int, str], ...] = ()


class Seen(NamedTuple):
    """What a host says about a user. ``names`` are the login name (first) and the user ID.

    ``source`` is where ranges come from ('files', or another); then ``reported`` has what
    getsubids(1) says, by 'uid' and 'gid'.
    """

    names: Tuple[str, ...]
    files: Mapping[str, File]
    source: str = "files"
    reported: Mapping[str, Tuple[Range, ...]] = {}


def parse_line(line: str) -> Optional[Range]:
    """A line's range; None for a comment, an empty line and one that shadow-utils would pass over."""
    owner, _colon, rest = line.strip().partition(":")
    start, _colon, count = rest.partition(":")
    if not owner or owner.startswith("#") or not _number(start) or not _number(count) or not int(count):
        return None
    if int(start) + int(count) - 1 > MAX_ID:
        return None
    return Range(owner, int(start), int(count))


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def parse(text: str) -> List[Range]:
    """All ranges of a file, in its order."""
    rows = (parse_line(line) for line in text.split("\n"))
    return [row for row in rows if row is not None]


def parse_limits(text: str, kind: str) -> Limits:
    """The limits for ``kind`` (uid or gid) in the text of login.defs; its own defaults for what it lacks."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and not line.lstrip().startswith("#"):
            found[words[0]] = words[1]
    values = []
    for key, default in zip(("MIN", "MAX", "COUNT"), Limits()):
        try:
            values.append(_c_number(found["SUB_%s_%s" % (kind.upper(), key)]))
        except (KeyError, ValueError):
            values.append(default)
    # 0 tells useradd(8) to give no ranges; whoever asks for ranges here wants some.
    return Limits(values[0], values[1], values[2] or Limits().size)


def _c_number(word: str) -> int:
    """A number as strtoul(3) reads it with base 0: 0x10, 010 and 10."""
    if len(word) > 1 and word[0] == "0" and word[1] in "01234567":
        return int(word, 8)
    return int(word, 0)


def parse_source(text: str) -> str:
    """Where ranges come from, by the text of nsswitch.conf: 'files', or the name of a plugin such as 'sss'."""
    for line in text.splitlines():
        key, colon, rest = line.partition("#")[0].partition(":")
        if colon and key.strip() == "subid" and rest.split():
            return rest.split()[0]
    return "files"


def of_user(ranges: Iterable[Range], names: Collection[str]) -> List[Range]:
    """The ranges of a user, who is known by ``names`` (login name and user ID)."""
    return [row for row in ranges if row.owner in names]


def require_alone(kind: str, names: Collection[str], wanted: Iterable[Range], ranges: Iterable[Range]) -> None:
    """Raise Conflict when a range of a user overlaps one of another user."""
    for row in wanted:
        for other in ranges:
            if other.owner not in names and other.overlaps(row.start, row.end):
                raise Conflict(
                    "%d to %d of /etc/%s, for %s, overlap %d to %d, which %s has" % (
                        row.start, row.end - 1, FILES[kind], row.owner, other.start, other.end - 1, other.owner),
                    "Each could act as the other's containers. Choose another start, or leave it out.")


def require_no_account(kind: str, wanted: Iterable[Range], accounts: Iterable[Tuple[int, str]]) -> None:
    """Raise Conflict when a range contains the ID of an account (``accounts``: IDs and names)."""
    rows = list(wanted)
    for number, name in accounts:
        for row in rows:
            if row.overlaps(number, number + 1):
                raise Conflict("%d to %d of /etc/%s, for %s, contain %d, which is %s's own ID" % (
                    row.start, row.end - 1, FILES[kind], row.owner, number, name),
                    "A container of %s could act as %s. Choose another start, or leave it out." % (row.owner, name))


def require_valid(row: Range) -> None:
    """Raise InvalidInput for a range that no kernel takes."""
    if row.start < 1 or row.size < 1 or row.end - 1 > MAX_ID:
        raise InvalidInput("There is no range of %d IDs from %d on" % (row.size, row.start),
                           "IDs are 1 to %d." % MAX_ID)


def allocate(count: int, limits: Limits, taken: Iterable[Tuple[int, int]]) -> int:
    """The lowest start of ``count`` IDs within the limits that are not ``taken`` (pairs of start and end).

    Raises Conflict when there is no such gap.
    """
    start = limits.minimum
    for first, end in sorted(taken):
        if first >= start + count:
            break
        start = max(start, end)
    if start + count - 1 > min(limits.maximum, MAX_ID):
        raise Conflict("There are no %d free IDs in a row between %d and %d" % (count, limits.minimum, limits.maximum),
                       "Remove ranges of users that are gone, or raise SUB_UID_MAX and SUB_GID_MAX in /etc/login.defs.")
    return start


def edit(text: str, names: Collection[str], wanted: Sequence[Range]) -> str:
    """The file's text with ``wanted`` as the only ranges of the user; every other line stays as it is."""
    missing = list(wanted)
    kept = []
    lines = text.split("\n")
    rest = lines.pop()
    for line in lines + ([rest] if rest else []):
        row = parse_line(line)
        if row is not None and row.owner in names:
            same = [other for other in missing if other[1:] == row[1:]]
            if not same:
                continue
            missing.remove(same[0])
        kept.append(line)
    if rest and kept == lines + [rest] and not missing:
        return text
    return "".join(line + "\n" for line in kept + ["%s:%d:%d" % row for row in missing])
