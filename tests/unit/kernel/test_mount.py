# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mounts, in a mount namespace of the test's own."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import mount

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from tars import in_mount_namespace  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def layers(tmp_path, count: int) -> list[str]:
    rows = [tmp_path / ("layer %d" % number) for number in range(count)]
    for number, row in enumerate(rows):
        row.mkdir()
        (row / ("f%d" % number)).write_text("x")
    return [str(row) for row in rows]


def place(tmp_path, *names: str) -> list[str]:
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    return [str(tmp_path / name) for name in names]


@pytest.mark.parametrize("count", [1, 2, 60, 500])
def test_an_overlay_shows_all_its_layers(tmp_path, count: int) -> None:
    upper, work, target = place(tmp_path, "upper", "work", "target")

    def inside() -> str:
        assert not mount.is_mounted(target)
        mount.overlay(layers(tmp_path, count), upper, work, target)
        assert mount.is_mounted(target) and mount.is_mounted(target + "/")
        pathlib.Path(target, "new").write_text("x")
        seen = len(os.listdir(target))
        assert mount.umount(target) and not mount.umount(target)
        return str(seen)

    assert in_mount_namespace(inside) == str(count + 1)
    assert os.listdir(upper) == ["new"]


@pytest.mark.parametrize("name", ["a:b", "a,b", "a\\b", "a b", "a=b", "\u00e9"])
def test_odd_names_of_directories_are_fine(tmp_path, name: str) -> None:
    upper, work, target = place(tmp_path, name + "/upper", name + "/work", name + "/target")

    def inside() -> str:
        mount.overlay(layers(tmp_path / name, 3), upper, work, target)
        assert mount.is_mounted(target) and target in mount.mounts_below(str(tmp_path))
        mount.unmount_all(str(tmp_path))
        assert not mount.is_mounted(target)
        return "ok"

    assert in_mount_namespace(inside) == "ok"


@pytest.mark.parametrize("count", [3, 400])
def test_what_cannot_be_mounted_is_named(tmp_path, count: int) -> None:
    (upper, work) = place(tmp_path, "upper", "work")

    def inside() -> str:
        with pytest.raises(EngineError, match="missing: No such file"):
            mount.overlay(layers(tmp_path, count), upper, work, str(tmp_path / "missing"))
        return "ok"

    assert in_mount_namespace(inside) == "ok"


def test_a_bind_mount_of_the_same_file_system_is_seen(tmp_path) -> None:
    source, target = place(tmp_path, "source", "target")

    def inside() -> str:
        mount.bind(source, target, read_only=True)
        assert mount.is_mounted(target)
        with pytest.raises(OSError):
            pathlib.Path(target, "f").write_text("x")
        os.symlink(target, tmp_path / "link")
        assert not mount.is_mounted(str(tmp_path / "link"))
        return "ok"

    assert in_mount_namespace(inside) == "ok"
