# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's copy on the host: from a directory, from a zip, and what collects it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import containers, hooks, persist

ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(hooks.__file__)))
CALL = """import sys; sys.path.insert(0, sys.argv[1])
from engine.context import make_context
from engine.service import persist
print(persist.ensure(make_context(root=sys.argv[2], runroot=sys.argv[3]), "c" * 64))"""


@pytest.fixture
def ctx(tmp_path: object) -> Context:
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)


def ensure(ctx: Context, path: str) -> str:
    done = subprocess.run([sys.executable, "-c", CALL, path, ctx.root, ctx.runroot], check=True, capture_output=True)
    return done.stdout.decode().strip()


def pack(top: str, archive: str) -> None:
    """A payload such as Ansible's: module_utils as the package utils, in a zip archive."""
    with zipfile.ZipFile(archive, "w") as files:
        for directory, _below, names in os.walk(top):
            for path in (os.path.join(directory, name) for name in names if name.endswith(".py")):
                files.write(path, os.path.join("utils", os.path.relpath(path, top)))


def test_the_copy_runs_and_is_the_same_from_a_zip(ctx: Context, tmp_path: object) -> None:
    archive = "%s/payload.zip" % tmp_path
    top = os.path.dirname(ENGINE)
    pack(top, archive)
    digest = ensure(ctx, top)
    assert ensure(ctx, archive + "/utils") == digest
    assert ensure(ctx, archive + "/utils") == digest
    assert sorted(os.listdir(ctx.path("engine"))) == [digest, digest + ".users"]
    command = persist.command(ctx, digest, "exit", "d" * 64)
    assert command[:3] == [sys.executable, "-IS", ctx.path("engine", digest)]
    assert subprocess.run(command, check=False).returncode == 0


USER = """import os, sys; sys.path.insert(0, sys.argv[1] + "/payload.zip")
from utils import glue
from utils.engine.kernel import payload
holder = payload.Held("utils")
os.unlink(sys.argv[1] + "/payload.zip")
sys.meta_path.insert(0, holder)
glue._forget_engine()
copied = glue.use_copy({"root": sys.argv[2], "runroot": sys.argv[3]})
from utils.nouns import unit
print(getattr(unit, "__file__", "memory"))
if not copied:
    from utils.engine.context import make_context
    from utils.engine.service import persist
    persist.keep(make_context(root=sys.argv[2], runroot=sys.argv[3]))"""


def test_what_works_for_a_user_reads_nothing_of_a_payload_that_is_out_of_reach(ctx: Context, tmp_path: object) -> None:
    said = []
    for _run in range(2):
        pack(os.path.dirname(ENGINE), "%s/payload.zip" % tmp_path)
        said.append(subprocess.run([sys.executable, "-c", USER, str(tmp_path), ctx.root, ctx.runroot],
                                   check=False, capture_output=True, text=True))
    assert said[0].stdout == "memory\n", said[0].stderr
    assert said[1].stdout.startswith(ctx.path("engine")), said[1].stderr


def test_a_copy_that_no_container_names_is_collected(ctx: Context) -> None:
    digest = persist.ensure(ctx, "c" * 64)
    os.makedirs(ctx.path("containers", "c" * 64))
    assert persist.collect(ctx) == []
    os.rmdir(ctx.path("containers", "c" * 64))
    persist.drop(ctx, digest, "c" * 64)
    assert os.path.isdir(ctx.path("engine", digest)), "our own copy stays while we work"
    other = "0" * 64
    for ending in ("", ".users"):
        os.rename(ctx.path("engine", digest + ending), ctx.path("engine", other + ending))
    assert containers.prune(ctx) == []
    assert os.listdir(ctx.path("engine")) == []


@pytest.mark.parametrize("streak, seconds", [(0, 0.0), (1, 0.1), (2, 0.2), (5, 1.6), (50, hooks.LONGEST_DELAY)])
def test_restarts_wait_longer_each_time(streak: int, seconds: float) -> None:
    assert hooks.delay(streak) == seconds
