# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take down what a run set up. Idempotent, whoever comes first: ``stop``, a foreground ``run``, the
hook of conmon, or the repair of a start that was killed. Needs the standard library only.

Setting up fails fast; this goes on after an error and reports all of them at the end.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any, Callable, Dict, List, Optional

from ..context import Context
from ..errors import Damaged, EngineError
from ..kernel import documents, locks, proc, tree
from ..store import containers as store
from ..store import runs
from ..store.runs import State

EXIT_FILE_PATIENCE = 5.0  # seconds that conmon gets to write the exit code of a process that is gone


def end_run(ctx: Context, container_id: str) -> Optional[State]:
    """Take down a run whose process has ended, and keep how it ended; the caller holds the lock.

    Returns the final state, or None when there was no run. Raises EngineError with all that failed;
    what could be taken down is gone then.
    """
    try:
        run = runs.raw_run(ctx, container_id)
    except Damaged:
        return _end_unknown(ctx, container_id)
    if run is None:
        take_down(ctx, container_id, {})
        return None
    final = _final_state(ctx, container_id, run)
    if run["phase"] == "running":
        runs.write_exit(ctx, container_id, final)
    take_down(ctx, container_id, run)
    return final


def _end_unknown(ctx: Context, container_id: str) -> State:
    """Take down a run whose state document is damaged: all that can be found of it."""
    code, finished = runs.read_exit_file(ctx, container_id)
    final = State("exited", 0, code, 0.0, finished or time.time(), runs.saw_oom(ctx, container_id),
                  error="" if finished else "What was noted of its run was damaged")
    runs.write_exit(ctx, container_id, final)
    take_down(ctx, container_id, {})
    return final


def _final_state(ctx: Context, container_id: str, run: Dict[str, Any]) -> State:
    deadline = time.monotonic() + EXIT_FILE_PATIENCE
    conmon_alive = proc.alive(run["conmon_pid"], run["conmon_start"])
    while conmon_alive and not os.path.exists(runs.exit_file(ctx, container_id)) and time.monotonic() < deadline:
        time.sleep(0.002)
        conmon_alive = proc.alive(run["conmon_pid"], run["conmon_start"])
    code, finished = runs.read_exit_file(ctx, container_id)
    error = "" if finished else run.get("error", "") or "Nobody was there to see how it ended"
    return State("exited", 0, code, run["started_at"], finished or time.time(),
                 runs.saw_oom(ctx, container_id), run["restarts"], 0, error)


def take_down(ctx: Context, container_id: str, run: Dict[str, Any]) -> None:
    """Remove everything of a run but the record and how it ended; the caller holds the lock."""
    problems: List[str] = []
    steps: List[Callable[[], None]] = [
        lambda: _stop_health(ctx, container_id, run),
        lambda: _end_conmon(ctx, container_id, run),
        lambda: _delete_in_runtime(ctx, container_id, run),
        lambda: _tear_down_network(ctx, container_id),
        lambda: _forget_name(ctx, container_id),
        lambda: _unmount(ctx, container_id, run),
    ]
    for step in steps:
        try:
            step()
        except (EngineError, OSError) as exc:
            problems.append(str(exc))
    if not problems:
        # They say what there was to take down: as long as something of it is left, the next attempt needs them.
        _remove_files(ctx, container_id)
    else:
        raise EngineError("Cannot clean up after the container %s: %s" % (container_id[:12], "; ".join(problems)),
                          "The next command on it tries again.")


def undo_start(ctx: Context, container_id: str, note: Dict[str, Any]) -> None:
    """Undo a start that failed or was killed; one that got as far as running is left to run."""
    try:
        run = runs.raw_run(ctx, container_id) or {}
    except Damaged:
        run = {}
    if run.get("phase") == "running" and runs.state(ctx, container_id).running:
        return
    if run.get("phase") == "running":
        end_run(ctx, container_id)
    else:
        take_down(ctx, container_id, run)


def _stop_health(ctx: Context, container_id: str, run: Dict[str, Any]) -> None:
    if run.get("health"):
        from . import health

        health.stop_scheduler(ctx, container_id, run["health"])


def _delete_in_runtime(ctx: Context, container_id: str, run: Dict[str, Any]) -> None:
    """Remove what the OCI runtime keeps: its state, the cgroup, and a process that is still there."""
    if not os.path.isdir(store.run_directory(ctx, container_id, "bundle")):
        return
    from ..kernel import cgroup
    from ..runtime import oci, probe

    runtime = probe.Runtime(**run["runtime"]) if run.get("runtime") else probe.of_state(
        ctx, os.path.join(oci.root(ctx), container_id))
    oci.delete(ctx, runtime, container_id, force=True)
    place = run.get("cgroup") or _cgroup_of_bundle(ctx, container_id)
    if place.startswith("/"):
        cgroup.remove(place)


def _cgroup_of_bundle(ctx: Context, container_id: str) -> str:
    """The cgroup of a run whose state document cannot tell; '' when nothing can."""
    try:
        bundle = documents.read(store.run_directory(ctx, container_id, "bundle", "config.json"), "bundle", container_id,
                                {"linux": "Dict[str, Any]"}) or {"linux": {}}
    except Damaged:
        return ""
    return str(bundle["linux"].get("cgroupsPath", ""))


def _end_conmon(ctx: Context, container_id: str, run: Dict[str, Any]) -> None:
    """A conmon whose container never started has nothing left to wait for."""
    if run.get("phase") == "starting":
        from ..runtime import conmon

        conmon.end(store.run_directory(ctx, container_id, "conmon.pid"), container_id)


def _tear_down_network(ctx: Context, container_id: str) -> None:
    from ..kernel import netns
    from . import namespaces, networks, usernamespace

    networks.teardown(ctx, container_id)
    netns.remove(namespaces.netns_path(ctx, container_id))
    usernamespace.remove(ctx, container_id)


def _forget_name(ctx: Context, container_id: str) -> None:
    """Who shares its network knows it by name no longer."""
    try:
        record = store.get_if_there(ctx, container_id)
    except Damaged:
        return
    if record is None or not record.spec.pod:
        return
    from . import membership, networks

    owner = membership.network_owner(membership.placed_if_any(ctx, record))
    if owner:
        networks.name_locally(ctx, owner, record.id, "")


def _unmount(ctx: Context, container_id: str, run: Dict[str, Any]) -> None:
    from ..kernel import mount
    from ..store import layers
    from . import mounts

    reachable = run.get("reachable", "")
    if reachable:
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(reachable)
    layers.rootfs_unmount(ctx, container_id)
    mount.unmount_all(store.run_directory(ctx, container_id))
    mounts.release(ctx, container_id)


def _remove_files(ctx: Context, container_id: str) -> None:
    """The run's directory goes; state.json as the last, because it says that there is something to do."""
    directory = store.run_directory(ctx, container_id)
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            if name in ("state.json", "exits", "wait.lock"):
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                tree.remove_path(path)
            else:
                os.unlink(path)
        # A waiter reads the exit code under this lock; nobody waits for one that hangs.
        with contextlib.suppress(EngineError), locks.locked(os.path.join(directory, "wait.lock"), timeout=2.0):
            pass
        tree.remove_path(directory)
