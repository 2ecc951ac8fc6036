# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who a container's process is: ``--user`` against the image's own passwd(5) and group(5).

IDs are strictly decimal and 0..2^31-1. A malformed line is skipped; it never means root.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen

MAX_ID = 2 ** 31 - 1
MAX_FILE = 1024 * 1024


class User(Frozen):
    """A resolved user. ``home`` is '/' where passwd names none."""

    uid: int = 0
    gid: int = 0
    groups: Tuple[int, ...] = ()
    home: str = "/"
    name: str = ""


def parse_id(text: str) -> Optional[int]:
    """A numeric ID, or None for what is not one."""
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    value = int(text)
    return value if value <= MAX_ID else None


def check_user(text: str) -> None:
    """Raise InvalidInput for what is no user in any image."""
    wanted, colon, group = text.partition(":")
    odd = not text.isprintable() or " " in text or ":" in group
    if text and (odd or not wanted or (colon and not group)):
        raise InvalidInput("The user %r is malformed" % text, "Use NAME, UID, NAME:GROUP or UID:GID.")
    if parse_id(wanted) is None and wanted.lstrip("-").isdigit():
        raise InvalidInput("The user ID %s is out of range" % wanted, "Use 0 to %d." % MAX_ID)


def resolve_user(text: str, passwd: bytes, group: bytes, group_add: Sequence[str] = ()) -> User:
    """The user for 'name', 'uid', 'name:group', 'uid:gid' or '' (root).

    A number is an ID and never the name of a user: otherwise an image whose passwd calls its root
    '1000' would decide what the operator meant.

    Raises InvalidInput for a name that the image does not have and for an ID out of range.
    """
    check_user(text)
    wanted, colon, wanted_group = text.partition(":")
    number = parse_id(wanted) if wanted else 0
    row = _find_user(passwd, wanted, number)
    if row is None and number is None:
        raise InvalidInput("The image has no user %r in its /etc/passwd" % wanted, "Use an ID, or a user of the image.")
    name, uid, gid, home = row if row is not None else ("", number or 0, 0, "/")
    groups: List[int] = []
    if colon:
        gid = _group_id(wanted_group, group)
    elif name:
        groups = [g for _n, g, members in _groups(group) if name in members and g != gid]
    for extra in group_add:
        extra_id = _group_id(extra, group)
        if extra_id not in groups and extra_id != gid:
            groups.append(extra_id)
    return User(uid, gid, tuple(groups), home or "/", name)


def _find_user(passwd: bytes, wanted: str, number: Optional[int]) -> Optional[Tuple[str, int, int, str]]:
    for row in _users(passwd):
        if row[1] == number if number is not None else row[0] == wanted:
            return row
    return None


def _group_id(text: str, group: bytes) -> int:
    number = parse_id(text)
    if number is not None:
        return number
    for name, gid, _members in _groups(group):
        if name == text:
            return gid
    raise InvalidInput("The image has no group %r in its /etc/group" % text, "Use an ID, or a group of the image.")


def _lines(data: bytes) -> Iterator[List[str]]:
    for line in data[:MAX_FILE].decode("utf-8", "replace").split("\n"):
        if line and not line.startswith(("#", "+", "-")):
            yield line.split(":")


def _users(data: bytes) -> Iterator[Tuple[str, int, int, str]]:
    for parts in _lines(data):
        if len(parts) < 7 or not parts[0]:
            continue
        uid, gid = parse_id(parts[2]), parse_id(parts[3])
        if uid is not None and gid is not None:
            home = parts[5] if parts[5].startswith("/") and parts[5].isprintable() else "/"
            yield parts[0], uid, gid, home


def _groups(data: bytes) -> Iterator[Tuple[str, int, List[str]]]:
    for parts in _lines(data):
        if len(parts) < 4 or not parts[0]:
            continue
        gid = parse_id(parts[2])
        if gid is not None:
            yield parts[0], gid, [member for member in parts[3].split(",") if member]


def user_names(data: bytes) -> Dict[int, str]:
    """The names of a passwd file by ID; the first line of an ID counts."""
    found: Dict[int, str] = {}
    for name, uid, _gid, _home in _users(data):
        found.setdefault(uid, name)
    return found


def group_names(data: bytes) -> Dict[int, str]:
    """The names of a group file by ID; the first line of an ID counts."""
    found: Dict[int, str] = {}
    for name, gid, _members in _groups(data):
        found.setdefault(gid, name)
    return found
