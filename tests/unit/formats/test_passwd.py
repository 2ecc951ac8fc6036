# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who a process is, against passwd and group files of any image."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import passwd

PASSWD = b"""\
# a comment
root:x:0:0:root:/root:/bin/sh
web:x:1000:1001::/home/web:/bin/sh
short:x:0:0
empty:x:::::
hex:x:0x0:0::/:/bin/sh
signed:x:+0:-0::/:/bin/sh
octal:x:\xd9\xa0:0::/:/bin/sh
huge:x:2147483648:0::/:/bin/sh
wraps:x:4294967296:0::/:/bin/sh
:x:0:0::/:/bin/sh
+nis:x:0:0::/:/bin/sh
relative:x:1005:5:::
escape:x:1006:6::/home/\x1b[31m:/bin/sh
2000:x:0:0::/root:/bin/sh
twice:x:3000:3000::/first:/bin/sh
twice:x:0:0::/second:/bin/sh
"""
GROUP = b"""\
root:x:0:
web:x:1001:web
extra:x:50:other,web
bad:x:-1:web
worse:x:0x32:web
short:x:60
numbers:x:70:1000
500:x:0:
"""

FOUND = [
    # --user, uid, gid, groups, home
    ("", 0, 0, (), "/root"), ("root", 0, 0, (), "/root"), ("0", 0, 0, (), "/root"), ("00", 0, 0, (), "/root"),
    ("web", 1000, 1001, (50,), "/home/web"), ("1000", 1000, 1001, (50,), "/home/web"),
    ("web:extra", 1000, 50, (), "/home/web"), ("web:7", 1000, 7, (), "/home/web"), ("1000:1001", 1000, 1001, (),
                                                                                    "/home/web"),
    ("4711", 4711, 0, (), "/"), ("4711:4712", 4711, 4712, (), "/"), ("2147483647", 2 ** 31 - 1, 0, (), "/"),
    ("relative", 1005, 5, (), "/"), ("escape", 1006, 6, (), "/"), ("twice", 3000, 3000, (), "/first"),
    # A number is never a name, though this image has a user '2000' that is root, and a group '500' that is root's.
    ("2000", 2000, 0, (), "/"), ("web:500", 1000, 500, (), "/home/web"),
]


@pytest.mark.parametrize("text, uid, gid, groups, home", FOUND)
def test_users(text: str, uid: int, gid: int, groups: tuple, home: str) -> None:
    user = passwd.resolve_user(text, PASSWD, GROUP)
    assert (user.uid, user.gid, user.groups, user.home) == (uid, gid, groups, home)


@pytest.mark.parametrize("text", [
    "nobody", "short", "empty", "hex", "signed", "octal", "huge", "wraps", "+nis", "nis", "-1", "2147483648",
    "4294967296", "99999999999999999999", "0x0", "+0", " 0", "0 ", "1e3", "\u0660", ":", ":0", "root:", "0:0:0",
    "web:no", "web:-1", "web:2147483648", "web:bad", "web:worse", "web:short", "\u00b2"])
def test_what_is_no_user_is_refused_and_never_root(text: str) -> None:
    with pytest.raises(InvalidInput):
        passwd.resolve_user(text, PASSWD, GROUP)


@pytest.mark.parametrize("extra, groups", [
    ((), (50,)), (("extra",), (50,)), (("root",), (50, 0)), (("1001",), (50,)), (("9", "9", "8"), (50, 9, 8))])
def test_additional_groups_come_once(extra: tuple, groups: tuple) -> None:
    assert passwd.resolve_user("web", PASSWD, GROUP, extra).groups == groups


def test_an_image_without_files_has_root_and_numbers() -> None:
    assert passwd.resolve_user("", b"", b"") == passwd.User(0, 0, (), "/", "")
    assert passwd.resolve_user("5:6", b"", b"", ("7",)) == passwd.User(5, 6, (7,), "/", "")
    with pytest.raises(InvalidInput, match="no user 'root'"):
        passwd.resolve_user("root", b"", b"")


def test_a_file_that_was_cut_off_at_its_limit_gives_no_half_line() -> None:
    line = b"late:x:1000:1000::/:/bin/sh\n"
    for cut in range(len("late:x:10"), len("late:x:1000:1000::/")):
        filler = b"#" * (passwd.MAX_FILE - cut - 1) + b"\n"
        with pytest.raises(InvalidInput):
            passwd.resolve_user("late", filler + line, b"")


@pytest.mark.parametrize("text, number", [
    ("0", 0), ("007", 7), ("2147483647", 2 ** 31 - 1), ("2147483648", None), ("", None), ("-1", None), ("+1", None),
    ("1_0", None), ("\u0661", None), ("1 ", None), ("00000000001", None)])
def test_numeric_ids(text: str, number: object) -> None:
    assert passwd.parse_id(text) == number
