# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start, stop, signal, pause and wait for containers."""

from __future__ import annotations

import contextlib
import os
import select
import signal as signals
import time
from typing import Callable, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import InvalidInput, TimedOut, WrongState
from ..frozen import replace
from ..kernel import files, locks, proc
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from ..store.runs import State
from . import cleanup, effective, journal, launch, membership, namespaces

KILL_PATIENCE = 10.0  # seconds that a process gets to end after SIGKILL; more means stuck in the kernel


def start(ctx: Context, container_id: str, *, before_start: Optional[launch.BeforeStart] = None,
          after_start: Optional[launch.BeforeStart] = None, restarts: int = 0, streak: int = 0,
          only_if: Optional[Callable[[], bool]] = None, chain: Tuple[str, ...] = ()) -> Record:
    """Start a container and, before it, those that it needs; one that runs already is left alone.

    ``before_start`` is called when the process exists but was not let go yet, ``after_start`` when it
    was, both under the lock. ``only_if`` is asked under the lock whether it is still wanted.
    Raises WrongState for a paused one; when starting fails for any reason, nothing of the attempt is left.
    """
    journal.repair(ctx)
    _start_dependencies(replace(ctx, descriptors=0, listen=None), container_id, chain)
    with store.held(ctx, container_id) as record:
        state = runs.state(ctx, container_id)
        if only_if is not None and not only_if():
            return record
        if state.status == "paused":
            raise WrongState("The container %s is paused" % record.name, "Unpause it.")
        if state.status == "unknown":
            raise WrongState("The container %s may run already: %s" % (record.name, state.error), "Stop it first.")
        if state.running:
            return record
        # Its state is the last that goes when a run is taken down; a killed start is the journal's.
        if os.path.isdir(store.run_directory(ctx, container_id)):
            cleanup.end_run(ctx, container_id)
        if only_if is None:
            runs.unmark_stopped(ctx, container_id)
        with journal.work(ctx, container_id, "start", cleanup.undo_start, {}):
            record = launch.launch(ctx, record, restarts=restarts, streak=streak, before_start=before_start)
        if after_start is not None:
            after_start(record)
        return record


def _start_dependencies(ctx: Context, container_id: str, chain: Tuple[str, ...]) -> None:
    if container_id in chain:
        raise InvalidInput("Containers need each other in a circle: %s" % " -> ".join(
            i[:12] for i in chain[chain.index(container_id):] + (container_id,)), "Remove one of these needs.")
    for name in namespaces.dependencies(membership.placed(ctx, store.get(ctx, container_id)).spec):
        other = store.find(ctx, name)
        if not runs.state(ctx, other).running:
            start(ctx, other, chain=chain + (container_id,))


def stop(ctx: Context, container_id: str, *, timeout: Optional[float] = None) -> bool:
    """Ask a container to end, and kill it after ``timeout`` seconds (None: its stop_timeout).

    False when it did not run. Nothing of the run is left when this returns; one made with ``rm``
    is gone.
    """
    journal.repair(ctx)
    with store.held(ctx, container_id) as record, files.together():
        stopped = stop_locked(ctx, record, timeout)
        if stopped and record.spec.rm:
            from . import removal

            removal.remove_locked(ctx, record, volumes=True)
    if stopped and record.spec.pod and record.spec.rm:
        # The hook that runs at its end does not find it any more.
        from . import pods

        pods.after_exit(ctx, record.spec.pod)
    return stopped


def stop_locked(ctx: Context, record: Record, timeout: Optional[float], *, by_user: bool = True) -> bool:
    """Stop a container whose lock the caller holds."""
    state = runs.state(ctx, record.id)
    if by_user and (state.running or state.status in ("restarting", "unknown")):
        runs.mark_stopped(ctx, record.id)
    if not state.running:
        cleanup.end_run(ctx, record.id)
        return state.status in ("restarting", "unknown")
    patience = record.spec.stop_timeout if timeout is None else timeout
    if patience > 0:
        _send(state, effective.signal_number(effective.stop_signal(record.spec, effective.image_config(ctx, record))))
    if state.status == "paused":
        _resume(ctx, record, state)
    if not wait_process(state, patience):
        _kill_all(ctx, record, state)
    cleanup.end_run(ctx, record.id)
    return True


def _kill_all(ctx: Context, record: Record, state: State) -> None:
    if membership.placed_if_any(ctx, record).spec.pid not in ("", "private"):
        # Without a pid namespace of its own the death of the first process does not end the others.
        _signal_all(ctx, record.id, state, signals.SIGKILL)
    else:
        _send(state, signals.SIGKILL)
    if not wait_process(state, KILL_PATIENCE):
        raise TimedOut("The process %d of %s does not end, even when killed" % (state.pid, record.name),
                       "The kernel waits for a device or file system; look at the kernel's log.")


def _signal_all(ctx: Context, container_id: str, state: State, number: int) -> None:
    """Send a signal to all processes of a container: those of its cgroup, or where a user's container has none,
    those that are in its mount namespace."""
    if state.raw.get("cgroup"):
        from ..runtime import oci, probe

        oci.kill(ctx, probe.Runtime(**state.raw["runtime"]), container_id, str(int(number)), everything=True)
        return
    for pid in proc.neighbours(state.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _send(state: State, number: int) -> bool:
    """Send a signal to the container's first process; False when it is gone."""
    if not proc.alive(state.pid, state.raw["pid_start"]):
        return False
    try:
        os.kill(state.pid, number)
        return True
    except ProcessLookupError:
        return False


def wait_process(state: State, timeout: Optional[float]) -> bool:
    """Wait until the container's first process has ended; False past ``timeout`` seconds."""
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        fd = os.pidfd_open(state.pid, 0)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):
        return _poll_process(state, deadline)
    try:
        if not proc.alive(state.pid, state.raw["pid_start"]):
            return True
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        return bool(select.select([fd], [], [], left)[0])
    finally:
        os.close(fd)


def _poll_process(state: State, deadline: Optional[float]) -> bool:
    while proc.alive(state.pid, state.raw["pid_start"]):
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def kill(ctx: Context, container_id: str, signal: str = "KILL", *, everything: bool = False,
         by_user: bool = True) -> None:
    """Send a signal to a container's first process, or to all. Raises WrongState when it does not run.

    A user's SIGKILL or SIGTERM keeps the restart policy from starting it again.
    """
    number = effective.signal_number(signal)
    record = store.get(ctx, container_id)
    state = runs.state(ctx, container_id)
    if not state.running:
        raise WrongState("The container %s does not run" % record.name, "Start it first.")
    if by_user and number in (signals.SIGKILL, signals.SIGTERM):
        runs.mark_stopped(ctx, container_id)
    if everything:
        _signal_all(ctx, container_id, state, number)
    else:
        _send(state, number)


def restart(ctx: Context, container_id: str, *, timeout: Optional[float] = None) -> Record:
    """Stop a container, if it runs, and start it; one made with ``rm`` stays.

    One that a unit runs is restarted by that, for systemd would take its end for the service's and remove it; the
    container that is returned is the one that the unit has made then.
    """
    from . import readiness, systemd, units

    if runs.state(ctx, container_id).running:
        readiness.check(ctx, store.get(ctx, container_id))
    name, unit = store.get(ctx, container_id).name, units.running(ctx, container_id)
    if not unit or timeout is not None:
        with store.held(ctx, container_id) as record:
            stop_locked(ctx, record, timeout)
    if not unit:
        return start(ctx, container_id)
    systemd.start(ctx, unit, again=True)
    return store.lookup(ctx, name)


def pause(ctx: Context, container_id: str) -> None:
    """Freeze a running container. Raises WrongState when it does not run, or is frozen already."""
    from ..kernel import cgroup
    from ..runtime import oci, probe

    with store.held(ctx, container_id) as record:
        state = runs.state(ctx, container_id)
        if state.status != "running":
            raise WrongState("The container %s is %s" % (record.name, state.status),
                             "Only a running one can be paused.")
        oci.pause(ctx, probe.Runtime(**state.raw["runtime"]), container_id)
        places = cgroup.of_process(state.pid)
        frozen = os.path.join(places["freezer"], "freezer.state") if "freezer" in places else os.path.join(
            places.get("", ""), "cgroup.freeze")
        runs.write_state(ctx, container_id, dict(state.raw, frozen=frozen))


def unpause(ctx: Context, container_id: str) -> None:
    """Let a frozen container go on. Raises WrongState when it is not frozen."""
    with store.held(ctx, container_id) as record:
        state = runs.state(ctx, container_id)
        if state.status != "paused":
            raise WrongState("The container %s is %s" % (record.name, state.status),
                             "Only a paused one can be unpaused.")
        _resume(ctx, record, state)


def _resume(ctx: Context, record: Record, state: State) -> None:
    from ..runtime import oci, probe

    oci.resume(ctx, probe.Runtime(**state.raw["runtime"]), record.id)
    runs.write_state(ctx, record.id, {k: v for k, v in state.raw.items() if k != "frozen"})


# waiting

CONDITIONS = ("stopped", "exited", "running", "paused", "created", "configured", "initialized", "healthy", "unhealthy",
              "removing")


def wait(ctx: Context, container_id: str, *, condition: Sequence[str] = ("stopped",), interval: float = 0.25,
         timeout: Optional[float] = None) -> int:
    """Wait for one of the conditions; the exit code of its last run, 0 when it has none yet, or -1 for another
    condition than its end, as podman has it.

    Raises TimedOut past ``timeout`` seconds, InvalidInput for a condition that there is not, NotFound when it is
    removed meanwhile.
    """
    for name in condition:
        if name not in CONDITIONS:
            raise InvalidInput("There is no condition %r to wait for" % name, "Use one of %s." % ", ".join(CONDITIONS))
    if set(condition) <= {"healthy", "unhealthy"}:
        record = store.get(ctx, container_id)
        effective.check_health(record.name, record.spec, effective.image_config(ctx, record), healthy=True)
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        code = _met(ctx, container_id, condition)
        if code is not None:
            return code
        if deadline is not None and time.monotonic() >= deadline:
            raise TimedOut("The container %s is not %s after %g seconds" % (
                container_id[:12], " or ".join(condition), timeout or 0), "Look at its log.")
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if set(condition) <= {"stopped", "exited"}:
            ended = wait_exit(ctx, container_id, left)
            if ended is not None:
                return ended
        else:
            time.sleep(interval if left is None else min(interval, left))


def _met(ctx: Context, container_id: str, condition: Sequence[str]) -> Optional[int]:
    state = runs.state(ctx, container_id)
    if state.status == "created":
        store.get(ctx, container_id)  # one that is gone has no files either: it would be waited for without an end
    now: List[str] = [state.status]
    if state.status in ("exited", "created"):
        now += ["stopped", "exited"]
    if state.status == "created":
        now += ["configured", "initialized"]
    if {"healthy", "unhealthy"} & set(condition) and state.running:

        now.append(runs.health_status(ctx, container_id))
    if not set(now) & set(condition):
        return None
    return state.exit_code if {"stopped", "exited"} & set(now) & set(condition) else -1


def wait_exit(ctx: Context, container_id: str, timeout: Optional[float]) -> Optional[int]:
    """Wait for the end of the current run and return its exit code; None past the time.

    Holds the run's wait lock meanwhile, so that the run's files stay until the code is read, even
    when the container is removed at its end.
    """
    with locks.locked(store.run_directory(ctx, container_id, "wait.lock"), shared=True):
        state = runs.state(ctx, container_id)
        if not state.running:
            return state.exit_code if state.status == "exited" else None
        return exit_code_of(ctx, container_id, state, timeout)


def exit_code_of(ctx: Context, container_id: str, state: State, timeout: Optional[float]) -> Optional[int]:
    """Wait for the end of a run that is known to live; the caller holds its wait lock."""
    if not wait_process(state, timeout):
        return None
    from ..runtime import exitwatch

    path = runs.exit_file(ctx, container_id)
    exitwatch.wait_for(path, timeout=cleanup.EXIT_FILE_PATIENCE,
                       alive=lambda: proc.alive(state.conmon_pid, state.raw["conmon_start"]))
    return runs.read_exit_file(ctx, container_id)[0]
