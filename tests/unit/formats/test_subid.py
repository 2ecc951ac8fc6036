# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/etc/subuid: what a line says, where a range is free, and what an edit leaves alone."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Conflict, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import subid
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.subid import Limits, Range

LINES = [
    ("alice:100000:65536", Range("alice", 100000, 65536)), ("  1000:5:1 ", Range("1000", 5, 1)), ("", None),
    ("# alice:1:1", None), ("alice:1", None), ("alice:1:0", None), ("alice:x:1", None), ("alice:-1:5", None),
    (":1:1", None), ("alice:1:1:1", None), ("alice:4294967294:1", Range("alice", 4294967294, 1)),
    ("alice:4294967294:2", None), ("alice:٣:1", None), ("alice:99999999999999999999:1", None),
]


@pytest.mark.parametrize("line, wanted", LINES)
def test_line(line: str, wanted: Range | None) -> None:
    assert subid.parse_line(line) == wanted


LIMITS = [
    ("", Limits()), ("SUB_UID_MIN 0x10\nSUB_UID_MAX\t020\n  SUB_UID_COUNT 7\n", Limits(16, 16, 7)),
    ("#SUB_UID_MIN 1\nSUB_UID_COUNT 0\nSUB_UID_MAX x\nSUB_GID_MIN 5", Limits()),
]


@pytest.mark.parametrize("text, wanted", LIMITS)
def test_limits(text: str, wanted: Limits) -> None:
    assert subid.parse_limits(text, "uid") == wanted


@pytest.mark.parametrize("text, wanted", [
    ("", "files"), ("subid: sss", "sss"), ("# subid: sss\n", "files"), (" subid :  sss files # x", "sss"),
    ("subid:\n", "files"), ("passwd: files\nsubid: files\n", "files")])
def test_source(text: str, wanted: str) -> None:
    assert subid.parse_source(text) == wanted


ALLOCATIONS = [
    ([], 100), ([(100, 110)], 110), ([(110, 120)], 100), ([(105, 110)], 110), ([(0, 1000)], None),
    ([(100, 110), (115, 130), (130, 140)], 140), ([(140, 150), (100, 120), (90, 101)], 120), ([(100, 191)], None),
    ([(100, 190)], 190), ([(50, 60)], 100), ([(100, 150), (110, 120)], 150),
]


@pytest.mark.parametrize("taken, wanted", ALLOCATIONS)
def test_allocation(taken: list, wanted: int | None) -> None:
    limits = Limits(100, 199, 10)
    if wanted is None:
        with pytest.raises(Conflict, match="no 10 free IDs"):
            subid.allocate(10, limits, taken)
    else:
        assert subid.allocate(10, limits, taken) == wanted


TEXT = "# ranges\nbob:1:5\n1000:10:5\nalice:20:5\n\nodd line\n"
ALICE = {"alice", "1000"}
EDITS = [
    (TEXT, [], "# ranges\nbob:1:5\n\nodd line\n"),
    (TEXT, [Range("alice", 10, 5), Range("alice", 20, 5)], TEXT),
    (TEXT, [Range("alice", 20, 5), Range("alice", 30, 5)],
     "# ranges\nbob:1:5\nalice:20:5\n\nodd line\nalice:30:5\n"),
    ("", [Range("alice", 1, 2)], "alice:1:2\n"), ("", [], ""), ("bob:1:5", [], "bob:1:5"),
    ("bob:1:5", [Range("alice", 6, 2)], "bob:1:5\nalice:6:2\n"), ("alice:1:5", [], ""),
    ("alice:1:5\nalice:1:5\n", [Range("alice", 1, 5)], "alice:1:5\n"), ("a\x0cb:1:1\n", [], "a\x0cb:1:1\n"),
]


@pytest.mark.parametrize("text, wanted, after", EDITS)
def test_edit_touches_only_the_users_lines(text: str, wanted: list, after: str) -> None:
    assert subid.edit(text, ALICE, wanted) == after


def test_an_overlap_names_the_other_user() -> None:
    with pytest.raises(Conflict, match="bob") as caught:
        subid.require_alone("uid", ALICE, [Range("alice", 3, 10)], subid.parse(TEXT))
    assert "3 to 12" in str(caught.value) and "1 to 5" in str(caught.value)
    subid.require_alone("uid", ALICE, [Range("alice", 6, 10)], subid.parse(TEXT))


def test_an_account_is_not_to_be_mapped() -> None:
    with pytest.raises(Conflict, match="1000.*carol"):
        subid.require_no_account("uid", [Range("alice", 900, 200)], [(0, "root"), (1000, "carol")])
    subid.require_no_account("uid", [Range("alice", 900, 100)], [(0, "root"), (1000, "carol")])


@pytest.mark.parametrize("start, count", [(0, 5), (5, 0), (subid.MAX_ID, 2), (-1, 1)])
def test_ranges_that_no_kernel_takes(start: int, count: int) -> None:
    with pytest.raises(InvalidInput):
        subid.require_valid(Range("alice", start, count))
