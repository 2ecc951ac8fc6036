# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notes of what is under way: torn and foreign ones, a disk without space, and what failed at its last step."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Conflict, EngineError, NoSpace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    containers,
    journal,
    removal,
    update,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import names, runs

ID = "ab" * 32


@pytest.fixture
def ctx(tmp_path: Any) -> Context:
    (tmp_path / "rootfs").mkdir()
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)


def spec(ctx: Context, name: str) -> ContainerSpec:
    return ContainerSpec(image=os.path.dirname(ctx.root) + "/rootfs", rootfs=True, name=name, command=("true",),
                         network=(NetworkUse("none"),))


@pytest.mark.parametrize("data", [b"", b"\0" * 40, b'{"verb": "remo', b"[]", b"7"])
def test_a_torn_note_hinders_nothing_and_goes(ctx: Context, data: bytes) -> None:
    files.make_directory(ctx.path("pending"))
    files.write_plain(ctx.path("pending", ID), data)
    containers.create(ctx, spec(ctx, "one"))
    assert journal.pending(ctx) == []
    containers.remove(ctx, "one")


@pytest.mark.parametrize("note", [{"verb": "of a later version"}, {}, {"verb": "replace"}, {"verb": "remove"}])
def test_a_note_that_nothing_can_be_done_with_hinders_nothing_else(ctx: Context, note: Any) -> None:
    files.make_directory(ctx.path("pending"))
    files.write_json(ctx.path("pending", ID), note)
    containers.create(ctx, spec(ctx, "one"))
    containers.rename(ctx, "one", "two")
    containers.remove(ctx, "two")
    assert journal.pending(ctx) == [ID]
    assert len(journal.problems(ctx)) == 1 and ctx.path("pending", ID) in journal.problems(ctx)[0]


def test_a_removal_that_finds_no_space_for_its_note_goes_on(ctx: Context, monkeypatch: Any) -> None:
    containers.create(ctx, spec(ctx, "one"))

    def full(path: str, *_rest: Any, **_more: Any) -> None:
        raise NoSpace("Cannot write %s: No space left on device" % path)

    for name in ("write_plain", "write_atomic", "write_json", "mark"):
        monkeypatch.setattr(files, name, full)
    with pytest.raises(NoSpace):
        journal.begin(ctx, ID, {"verb": "create"})
    containers.remove(ctx, "one", force=True)
    assert containers.listing(ctx, everything=True) == []


def _fails_once(monkeypatch: Any, place: str) -> None:
    """Let the next fsync of a directory fail."""
    real, left = os.fsync, [place]

    def fsync(fd: int) -> None:
        if left and os.readlink("/proc/self/fd/%d" % fd) == left[0]:
            del left[:]
            raise OSError(5, "Input/output error")
        real(fd)

    monkeypatch.setattr(files.os, "fsync", fsync)


def test_a_creation_whose_last_sync_fails_leaves_nothing_and_can_be_repeated(ctx: Context, monkeypatch: Any) -> None:
    _fails_once(monkeypatch, ctx.path("containers"))
    with pytest.raises(EngineError, match="Input/output error"):
        containers.create(ctx, spec(ctx, "one"))
    assert containers.listing(ctx, everything=True) == [] and os.listdir(ctx.path("containers")) == []
    assert os.listdir(ctx.path("names", "containers")) == [] and journal.pending(ctx) == []
    containers.create(ctx, spec(ctx, "one"))


def test_a_creation_that_failed_leaves_no_mark_with_the_container_that_it_needs(ctx: Context,
                                                                                monkeypatch: Any) -> None:
    other = containers.create(ctx, spec(ctx, "one"))
    needy = replace(spec(ctx, "two"), network=(NetworkUse("container", "one"),))
    _fails_once(monkeypatch, ctx.path("containers"))
    with pytest.raises(EngineError, match="Input/output error"):
        containers.create(ctx, needy)
    assert os.listdir(ctx.path("containers", other.id, "dependents")) == []


def test_a_container_is_known_to_have_run_when_the_power_went_in_its_first_run(ctx: Context) -> None:
    made = containers.create(ctx, spec(ctx, "one"))
    assert runs.state(ctx, made.id).status == "created" and not runs.has_run(ctx, made.id)
    runs.mark_run(ctx, made.id)
    state = runs.state(ctx, made.id)
    assert (state.status, state.exit_code) == ("exited", runs.UNKNOWN_EXIT) and runs.has_run(ctx, made.id)
    assert "restarted" in state.error and state.started_at


def test_a_renaming_whose_last_sync_fails_leaves_the_old_name_and_can_be_repeated(ctx: Context,
                                                                                  monkeypatch: Any) -> None:
    containers.create(ctx, spec(ctx, "one"))
    _fails_once(monkeypatch, ctx.path("names", "containers"))
    with pytest.raises(EngineError, match="Input/output error"):
        containers.rename(ctx, "one", "two")
    assert containers.get(ctx, "one").name == "one" and not containers.exists(ctx, "two")
    assert containers.rename(ctx, "one", "two").name == "two"
    assert os.listdir(ctx.path("names", "containers")) == ["two"]


@pytest.mark.parametrize("step", ["reserve_name", "write", "release"])
def test_a_renaming_that_was_killed_can_be_repeated(ctx: Context, monkeypatch: Any, step: str) -> None:
    containers.create(ctx, spec(ctx, "one"))
    pid = os.fork()
    if pid == 0:
        place = names if step == "release" else update.store
        real = getattr(place, step)

        def killed(*rest: Any) -> None:
            if step != "release":
                real(*rest)
            os._exit(9)

        monkeypatch.setattr(place, step, killed)
        with contextlib.suppress(BaseException):
            containers.rename(ctx, "one", "two")
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 9 << 8
    try:
        assert containers.rename(ctx, "one", "two").name == "two"
    except (Conflict, EngineError):
        assert containers.get(ctx, "two").name == "two"  # the repair has finished it
    assert os.listdir(ctx.path("names", "containers")) == ["two"] and journal.pending(ctx) == []


def test_a_removal_is_on_the_disk_before_its_note_goes(ctx: Context, monkeypatch: Any) -> None:
    made = containers.create(ctx, spec(ctx, "one"))
    synced = []
    monkeypatch.setattr(files.os, "fsync", lambda fd: synced.append(os.readlink("/proc/self/fd/%d" % fd)))
    monkeypatch.setattr(removal.journal, "end", lambda *_rest: synced.append("end"))
    containers.remove(ctx, "one")
    assert synced[0] == ctx.path("pending", made.id) and synced[-1] == "end"
    assert {ctx.path("containers"), ctx.path("names", "containers")} <= set(synced[1:-1])
