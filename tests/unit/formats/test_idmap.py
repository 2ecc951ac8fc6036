# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mappings of IDs: what /etc/subuid gives a user, what options mean, what contradicts itself."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import idmap
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.idmap import Row

SUBUID = """\
alice:100000:65536
bob:165536:65536
# a comment
1500:300000:10
alice:400000:1000
alice:nonsense:5
alice:1:0
alice:4294967290:100
"""


@pytest.mark.parametrize("name, number, ranges", [
    ("alice", 1000, [(100000, 65536), (400000, 1000)]),
    ("bob", 1001, [(165536, 65536)]),
    ("carol", 1500, [(300000, 10)]),
    ("dave", 1600, []),
    ("ali", 1700, []),
])
def test_whose_ranges(name: str, number: int, ranges: list) -> None:
    assert idmap.subordinate(SUBUID, name, number) == ranges


def test_a_users_namespace_has_no_gaps() -> None:
    mapping = idmap.own(1000, [(100000, 65536), (400000, 1000)])
    assert mapping == (Row(0, 1000, 1), Row(1, 100000, 65536), Row(65537, 400000, 1000))
    assert idmap.size(mapping) == 66537
    assert [idmap.to_outside(mapping, number) for number in (0, 1, 65536, 65537, 66536, 66537, -1)] == [
        1000, 100000, 165535, 400000, 400999, -1, -1]


@pytest.mark.parametrize(("number", "wanted"), [(0, -1), (1000, 0), (100000, 1), (100009, 10), (165536, -1)])
def test_ids_as_a_user_namespace_has_them(number: int, wanted: int) -> None:
    assert idmap.to_inside(idmap.parse_kernel("0 1000 1\n1 100000 65536\n"), number) == wanted


def test_what_the_kernel_shows_is_read_back() -> None:
    text = "         0       1000          1\n         1     100000      65536\n"
    assert idmap.parse_kernel(text) == (Row(0, 1000, 1), Row(1, 100000, 65536))


@pytest.mark.parametrize("words, rows", [
    (["0:1:10"], (Row(0, 1, 10),)),
    (["10:0", "0:1:10"], (Row(0, 1, 10), Row(10, 0, 1))),
])
def test_options(words: list, rows: tuple) -> None:
    assert idmap.parse_options(words, "uidmap") == rows


@pytest.mark.parametrize("words", [
    ["0"], ["0:1:x"], ["a:1:1"], ["0:1:0"], ["0:1:10", "5:100:1"], ["0:1:10", "20:5:1"], ["0:4294967290:100"],
    ["0:1:2:3"], ["-1:1:1"], [""],
])
def test_options_that_make_no_sense(words: list) -> None:
    with pytest.raises(InvalidInput, match="uidmap"):
        idmap.parse_options(words, "uidmap")
