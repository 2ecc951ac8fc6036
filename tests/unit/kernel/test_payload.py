# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's own files, and which byte-compiled copy of them a module may trust."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import payload
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import persist


@pytest.fixture
def ctx(tmp_path: pathlib.Path) -> Context:
    """Roots of its own."""
    for name in ("root", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    return Context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def test_sources_are_engine_and_state_and_nothing_of_ansible() -> None:
    found = payload.sources()
    assert "engine/service/hooks.py" in found and "state/plan.py" in found and "engine/__init__.py" in found
    assert all(name.startswith(payload.TREES) for name in found)
    assert payload.fingerprint() == payload.fingerprint()


@pytest.mark.parametrize("missing", payload.TREES[1:])
def test_a_copy_need_not_have_all_trees(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, data in payload.sources().items():
        if not name.startswith(missing):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
    monkeypatch.setattr(payload, "base", lambda: (str(tmp_path), ""))
    assert payload.fingerprint() and not any(name.startswith(missing) for name in payload.sources())


def test_a_copy_is_found_once_it_is_written(ctx: Context) -> None:
    assert payload.copy_of(ctx.root, ctx.runroot) is None
    persist.keep(ctx)
    copy = payload.copy_of(ctx.root, ctx.runroot)
    assert copy is not None and copy.startswith(ctx.root)
    assert list(pathlib.Path(copy, "state").rglob("plan.*.pyc"))
    persist.keep(ctx)
    assert len([name for name in os.listdir(ctx.path("engine")) if len(name) == 64]) == 1


@pytest.mark.parametrize("place", ["root", "run", "root/engine", "copy"])
def test_a_copy_that_another_user_could_have_written_is_not_used(ctx: Context, place: str) -> None:
    persist.keep(ctx)
    copy = payload.copy_of(ctx.root, ctx.runroot)
    assert copy is not None
    path = copy if place == "copy" else os.path.join(os.path.dirname(ctx.root), place)
    os.chmod(path, 0o777)
    assert payload.copy_of(ctx.root, ctx.runroot) is None


def test_a_remembered_digest_is_no_path(ctx: Context) -> None:
    os.makedirs(ctx.run("engine-digests"))
    with open(ctx.run("engine-digests", payload.fingerprint()), "w", encoding="ascii") as stream:
        stream.write("../" * 21 + "x")
    assert payload.known_digest(ctx.runroot) == ""
