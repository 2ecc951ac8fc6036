# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user's root file system where the kernel has no overlay for users."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import mount
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers, owners


@pytest.fixture
def ctx(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Context:
    """An engine whose kernel refuses overlays."""
    def refuse(*_arguments: Any, **_settings: Any) -> None:
        raise EngineError("Cannot mount overlay: Operation not permitted")

    monkeypatch.setattr(mount, "overlay", refuse)
    monkeypatch.setattr(owners, "in_own_namespace", lambda: True)
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "file").write_text(number)
    return Context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("fuse-overlayfs") or not os.path.exists("/dev/fuse"),
                    reason="needs root, fuse-overlayfs and /dev/fuse")
def test_fuse_overlayfs_takes_over(ctx: Context, tmp_path: Any) -> None:
    path = layers.rootfs(ctx, "a" * 64, (), lower_directories=[str(tmp_path / "1"), str(tmp_path / "2")])
    try:
        with open(path + "/file", encoding="ascii") as stream:
            assert stream.read() == "1"
        with open(path + "/new", "w", encoding="ascii") as stream:
            stream.write("kept")
    finally:
        layers.rootfs_unmount(ctx, "a" * 64)
    assert open(ctx.path("containers", "a" * 64, "upper", "new"), encoding="ascii").read() == "kept"  # noqa: SIM115


def test_without_it_both_remedies_are_named(ctx: Context, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Context, "find_tool", lambda _self, _name: None)
    with pytest.raises(EngineError, match=r"Linux 5\.11, or the package fuse-overlayfs"):
        layers.rootfs(ctx, "a" * 64, (), lower_directories=[str(tmp_path / "1")])
