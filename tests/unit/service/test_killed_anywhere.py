# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands that are killed, or fail, at each call that changes a file: what was under way is whole or not there.

FAULTS=all tries every call; without it some of each command's. Needs root, conmon and a runtime.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
from typing import Any, Dict

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import check, copyup, persist
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import volumes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import faults  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")
AT_REST = [name for name, scene in faults.SCENES.items() if not scene.live]
MOST = 4


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    return faults.materials(str(tmp_path_factory.mktemp("materials")))


def _copy(source: str, target: str) -> None:
    """Copy a file; the engine's own copy has too many of them, which never change."""
    if "/engine/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


class Stage:
    """A root for each try, made from one with what the scene needs, and how it looks before and after."""

    def __init__(self, place: Any, scene: faults.Scene, words: Dict[str, str]) -> None:
        self.place, self.words, self.line = place, words, faults.words_of(scene.line, words)
        self.output = str(place / "output")
        self.ctx = self._context("first")
        faults.set_up(self.ctx, scene.before, words, self.output)
        persist.keep(self.ctx)
        shutil.copytree(self.ctx.root, place / "kept", symlinks=True, copy_function=_copy)
        self.before = faults.observe(self.ctx)
        ended = faults.run(self.ctx, self.line, self.output)
        assert ended.code == 0, ended.said
        self.calls = ended.calls
        self.after, self.tree_after = faults.observe(self.ctx), faults.tree(self.ctx)
        assert self.after != self.before

    def _context(self, name: str) -> Context:
        return make_context(root=str(self.place / name / "root"), runroot=str(self.place / name / "run"))

    def again(self, number: int) -> Context:
        """A root as it was before, for the try of this number."""
        ctx = self._context("try%d" % number)
        shutil.copytree(self.place / "kept", ctx.root, symlinks=True, copy_function=_copy)
        return ctx

    def done(self, ctx: Context) -> None:
        shutil.rmtree(os.path.dirname(ctx.root))


@pytest.mark.parametrize("name", AT_REST)
def test_what_was_killed_is_whole_or_not_there_and_can_be_repeated(name: str, words: Dict[str, str],
                                                                   tmp_path: Any) -> None:
    stage = Stage(tmp_path, faults.SCENES[name], words)
    for at in faults.points(stage.calls, MOST):
        ctx = stage.again(at)
        ended = faults.run(ctx, stage.line, stage.output, at=at, fault=faults.killed)
        assert ended.code == -9, "call %d of %d: %s" % (at, stage.calls, ended.said)
        check.repair(ctx, check.find(ctx, quick=True))
        found, where = faults.observe(ctx), "%s, killed at call %d of %d" % (name, at, stage.calls)
        assert found in (stage.before, stage.after), where
        if found == stage.before:
            ended = faults.run(ctx, stage.line, stage.output)
            assert ended.code == 0, "%s: %s" % (where, ended.said)
            assert faults.observe(ctx) == stage.after, where
        assert (where, faults.left(ctx, stage.tree_after)) == (where, faults.NOTHING)
        stage.done(ctx)


@pytest.mark.parametrize("fault, kinds", [(faults.FULL, faults.TAKES_SPACE), (faults.BROKEN, ())],
                         ids=["no space", "input or output error"])
@pytest.mark.parametrize("name", [name for name in AT_REST if name.endswith(("create", "load", "import", "image"))])
def test_what_failed_leaves_nothing_and_can_be_repeated(name: str, fault: faults.Act, kinds: Any,
                                                        words: Dict[str, str], tmp_path: Any) -> None:
    stage = Stage(tmp_path, faults.SCENES[name], words)
    ctx = stage.again(0)
    calls = faults.run(ctx, stage.line, stage.output, kinds=kinds).calls
    stage.done(ctx)
    for at in faults.points(calls, MOST):
        ctx = stage.again(at)
        ended = faults.run(ctx, stage.line, stage.output, at=at, fault=fault, kinds=kinds)
        where = "%s, call %d of %d: %s" % (name, at, calls, ended.said)
        assert "Traceback" not in ended.said, where
        if ended.code:
            assert ended.code == 125 and ended.said.startswith("Error: "), where
            assert faults.observe(ctx) == stage.before, where
            ended = faults.run(ctx, stage.line, stage.output)
            assert ended.code == 0, "%s, repeated: %s" % (where, ended.said)
        assert faults.observe(ctx) == stage.after, where
        check.repair(ctx, check.find(ctx, quick=True))
        assert (where, faults.left(ctx, stage.tree_after)) == (where, faults.NOTHING)
        stage.done(ctx)


def test_a_volume_that_was_being_filled_is_filled_by_the_next_start(words: Dict[str, str], tmp_path: Any) -> None:
    ctx, output = make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path), str(tmp_path / "output")
    whole = faults.contents(words["ROOTFS"] + "/data")
    faults.set_up(ctx, ["volume create filled"], words, output)
    calls = faults.run(ctx, ["FILL", words["ROOTFS"]], output).calls
    assert faults.contents(volumes.data_path(ctx, "filled")) == whole
    for at in range(1, calls + 1):
        faults.set_up(ctx, ["volume rm filled", "volume create filled"], words, output)
        assert faults.run(ctx, ["FILL", words["ROOTFS"]], output, at=at, fault=faults.killed).code == -9
        if at % 2:
            check.repair(ctx, check.find(ctx, quick=True))
            assert faults.contents(volumes.data_path(ctx, "filled")) in ({}, whole), at
        copyup.fill(ctx, "filled", words["ROOTFS"], "/data")
        assert faults.contents(volumes.data_path(ctx, "filled")) == whole, at
        assert not os.path.exists(volumes.directory(ctx, "filled", copyup.FILLING)), at
