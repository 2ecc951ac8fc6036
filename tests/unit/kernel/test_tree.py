# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Trees of any shape go, and nothing else does."""

from __future__ import annotations

import os

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import tree


def test_links_are_removed_and_not_followed(tmp_path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    (tmp_path / "tree" / "a" / "b").mkdir(parents=True)
    os.symlink("../outside", tmp_path / "tree" / "link")
    os.symlink("/", tmp_path / "tree" / "a" / "b" / "root")
    os.link(tmp_path / "outside" / "file", tmp_path / "tree" / "hard")
    os.mkfifo(tmp_path / "tree" / "fifo")
    tree.remove_path(str(tmp_path / "tree"))
    assert os.listdir(tmp_path) == ["outside"]
    assert (tmp_path / "outside" / "file").read_text() == "mine"


def test_a_tree_deeper_than_any_path_and_wide_ones_go(tmp_path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    os.mkdir("tree", dir_fd=fd)
    os.mkdir("tree/.deep.0", dir_fd=fd)
    os.mkdir("tree/.deep.0/x", dir_fd=fd)
    os.mkdir("tree/d", dir_fd=fd)
    here = os.open("tree/d", os.O_RDONLY, dir_fd=fd)
    for number in range(3000):
        os.mkdir("d", dir_fd=here)
        if number % 100 == 0:
            os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    for number in range(2500):
        os.close(os.open("f%d" % number, os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    os.close(fd)
    before = len(os.listdir("/proc/self/fd"))
    tree.remove_path(str(tmp_path / "tree"))
    assert os.listdir(tmp_path) == [] and len(os.listdir("/proc/self/fd")) == before


def test_a_visitor_may_take_files_away(tmp_path) -> None:
    (tmp_path / "tree" / "d").mkdir(parents=True)
    (tmp_path / "tree" / "d" / "kept").write_text("x")
    (tmp_path / "tree" / "d" / "gone").write_text("x")

    def visit(fd: int, name: str) -> bool:
        if name == "kept":
            os.rename(name, tmp_path / "kept", src_dir_fd=fd)
        return name == "kept"

    fd = os.open(tmp_path, os.O_RDONLY)
    tree.remove(fd, "tree", visit)
    os.close(fd)
    assert os.listdir(tmp_path) == ["kept"]


def test_what_is_gone_is_fine_and_what_is_in_its_place_goes_itself(tmp_path) -> None:
    tree.remove_path(str(tmp_path / "missing"))
    tree.remove_path(str(tmp_path / "missing" / "too"))
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "file").write_text("x")
    os.symlink(tmp_path / "target", tmp_path / "link")
    (tmp_path / "file").write_text("x")
    for name in ("link", "file"):
        tree.remove_path(str(tmp_path / name))
    assert os.listdir(tmp_path) == ["target"] and os.listdir(tmp_path / "target") == ["file"]
    os.symlink(tmp_path / "target", tmp_path / "link")
    fd = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError):
        tree.remove(fd, "link")
    os.close(fd)
