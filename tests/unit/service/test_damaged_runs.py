# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs whose notes are damaged, or whose end fails half-way: nothing is left, or somebody says so. Real containers."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any, Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    Damaged,
    EngineError,
    NotFound,
    RuntimeFailed,
    WrongState,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    Mount,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import mount, netns, proc
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.runtime import oci
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    cleanup,
    containers,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import runs, volumes

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("rootfs"))
    os.chmod(path, 0o755)
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        os.makedirs(os.path.join(path, name))
    shutil.copy("/bin/busybox", path + "/bin/busybox")
    for name in ("sh", "sleep", "true"):
        os.symlink("busybox", "%s/bin/%s" % (path, name))
    return path


@pytest.fixture
def ctx(tmp_path: object) -> Iterator[Context]:
    place = make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)
    yield place
    for container_id in store.ids(place):
        containers.remove(place, container_id, force=True, timeout=0)


def run(ctx: Context, root: str, **more: Any) -> store.Record:
    values = {"image": root, "rootfs": True, "name": "one", "command": ("sleep", "1000"), "stop_timeout": 0,
              "network": (NetworkUse("none"),)}
    return containers.run(ctx, ContainerSpec(**dict(values, **more)))[0]


def ended(state: runs.State) -> bool:
    """Whether a process has ended; its monitor reaps it a moment after it was killed."""
    deadline = time.monotonic() + 60
    while proc.alive(state.pid, state.raw["pid_start"]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not proc.alive(state.pid, state.raw["pid_start"])


def nothing_left(ctx: Context, container_id: str, state: runs.State) -> None:
    cgroup = state.raw["cgroup"]
    assert ended(state)
    assert not os.path.exists(store.directory(ctx, container_id))
    assert not os.path.exists(store.run_directory(ctx, container_id))
    assert not os.path.exists(os.path.join(oci.root(ctx), container_id))
    assert not mount.mounts_below(ctx.runroot)
    for base in os.listdir("/sys/fs/cgroup"):
        assert not cgroup.strip("/") or not os.path.exists(os.path.join("/sys/fs/cgroup", base, cgroup.strip("/")))


STEPS = {"runtime": (oci, "delete"), "namespace": (netns, "remove"), "unmount": (mount, "unmount_all"),
         "conmon": (cleanup, "_end_conmon")}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_once_is_tried_again(ctx: Context, root: str, monkeypatch: Any, step: str) -> None:
    record = run(ctx, root)
    state = runs.state(ctx, record.id)
    place, name = STEPS[step]
    real, calls = getattr(place, name), []

    def fails_once(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise RuntimeFailed("This step fails")
        return real(*arguments, **named)

    monkeypatch.setattr(place, name, fails_once)
    with pytest.raises(EngineError, match="This step fails"):
        containers.remove(ctx, "one", force=True, timeout=0)
    assert containers.exists(ctx, "one"), "what is not gone is still told"
    containers.remove(ctx, "one", force=True, timeout=0)
    nothing_left(ctx, record.id, state)
    with pytest.raises(NotFound):
        containers.remove(ctx, "one")


@pytest.mark.parametrize("what", ["", "[]", "{}"])
def test_a_container_whose_state_is_damaged_is_stopped_and_removed(ctx: Context, root: str, what: str) -> None:
    record = run(ctx, root)
    state = runs.state(ctx, record.id)
    with open(store.run_directory(ctx, record.id, "state.json"), "w", encoding="ascii") as stream:
        stream.write(what)
    (row,) = containers.listing(ctx, everything=True)
    assert row.state.status == "unknown" and "one" in ctx.warnings[0]
    with pytest.raises(WrongState):
        containers.start(ctx, "one")
    with pytest.raises(WrongState):
        containers.remove(ctx, "one")
    assert containers.prune(ctx) == []
    assert containers.stop(ctx, "one")
    assert runs.state(ctx, record.id).status == "exited" and ended(state)
    containers.start(ctx, "one")
    assert containers.running(ctx, "one")
    again = runs.state(ctx, record.id)
    containers.remove(ctx, "one", force=True, timeout=0)
    nothing_left(ctx, record.id, again)


def test_a_running_container_whose_record_is_damaged_is_removed_by_force(ctx: Context, root: str) -> None:
    record = run(ctx, root, mounts=(Mount("volume", "/data", "data"), Mount("volume", "/anonymous")))
    state = runs.state(ctx, record.id)
    with open(store.directory(ctx, record.id, "container.json"), "w", encoding="ascii") as stream:
        stream.write("null")
    assert containers.listing(ctx, everything=True) == []
    with pytest.raises(Damaged):
        containers.stop(ctx, "one")
    containers.remove(ctx, "one", force=True, volumes=True)
    nothing_left(ctx, record.id, state)
    assert [one.name for one in volumes.all_volumes(ctx)] == ["data"]


def test_check_and_repair_leave_alone_what_others_are_doing(ctx: Context, root: str) -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import check

    child = os.fork()
    if child == 0:
        code = 1
        try:
            for number in range(5):
                record = run(ctx, root, name="c%d" % number, mounts=(Mount("volume", "/v"),))
                containers.stop(ctx, record.id, timeout=0)
                containers.start(ctx, record.id)
                containers.remove(ctx, record.id, force=True, volumes=True, timeout=0)
            run(ctx, root, name="last", mounts=(Mount("volume", "/v"),))
            code = 0
        finally:
            os._exit(code)
    repaired = []
    alive = True
    while alive:
        alive = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        repaired += check.repair(ctx, check.find(ctx), force=True)
    assert os.waitpid(child, 0)[1] == 0
    assert [(row.finding.kind, row.finding.path, row.problem) for row in repaired] == []
    assert containers.running(ctx, "last") and check.find(ctx) == []
