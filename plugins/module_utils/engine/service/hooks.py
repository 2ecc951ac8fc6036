# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the persisted engine is called for: by conmon when a container has ended, and by health timers.

Runs with the standard library only, in isolated mode, without anybody who reads its output: what
goes wrong is kept with the container and shown by ``inspect``.
"""

from __future__ import annotations

import os
import time
from typing import List

from ..context import Context
from ..errors import Damaged, EngineError, NotFound
from ..kernel import files, proc
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from ..store.runs import State

SHORT_RUN = 10.0     # seconds; a run that lasted longer starts the back-off anew
FIRST_DELAY = 0.1    # seconds before the first restart after a short run, doubled each time
LONGEST_DELAY = 30.0


def main(argv: List[str]) -> int:
    """``exit``, ``health`` or ``health-loop``, the roots, and a container's ID; the exit code.

    ``runtime`` is called by conmon, with two paths and the OCI runtime's command line (``kernel.unseen``).
    ``unit-start``, ``unit-stop`` and ``unit-end`` are called by systemd, with the name of a unit.
    """
    from ..context import make_context

    if argv[0] == "runtime":
        from ..kernel import unseen

        return unseen.main(*argv[1:])
    verb, container_id, options = argv[0], argv[-1], argv[1:-1]
    pairs = {options[i][2:].replace("-", "_"): options[i + 1] for i in range(0, len(options), 2)}
    prefix = pairs.pop("prefix", "pycontainer")
    from ..frozen import replace

    ctx = replace(make_context(root=pairs.get("root"), runroot=pairs.get("runroot"),
                               cgroup_manager=pairs.get("cgroup_manager")), prefix=prefix)
    if verb.startswith("unit-"):
        from . import unitrun

        return unitrun.main(ctx, verb, container_id)
    try:
        if ctx.rootless and os.getuid() != 0:
            # A timer of the user's systemd is outside of the user's namespaces; conmon is inside.
            from . import rootless

            rootless.enter(ctx)
        if verb == "exit":
            on_exit(ctx, container_id)
            return 0
        from . import health

        if verb == "health":
            return health.run_once(ctx, container_id)
        if verb == "health-loop":
            health.loop(ctx, container_id)
            return 0
    except NotFound:
        return 0
    except EngineError as exc:
        _keep_error(ctx, container_id, str(exc))
        return exc.exit_code
    except Exception as exc:  # nobody reads a traceback here
        _keep_error(ctx, container_id, "The %s hook failed: %s: %s" % (verb, type(exc).__name__, exc))
    return 125


def _keep_error(ctx: Context, container_id: str, text: str) -> None:
    path = store.directory(ctx, container_id, "exit.json")
    try:
        last = runs.raw_exit(ctx, container_id)
    except Damaged:
        return
    if last is not None:
        files.write_json(path, dict(last, error=text), durable=False)


def on_exit(ctx: Context, container_id: str) -> None:
    """A run has ended: take it down, and then restart or remove the container as it asks for; the pod that it
    was the last one of may stop too."""
    try:
        pod = str((store.raw(ctx, container_id) or {"spec": {}})["spec"].get("pod", ""))
    except Damaged:
        _take_down(ctx, container_id)
        raise
    try:
        _on_exit(ctx, container_id)
    finally:
        if pod:
            from . import pods

            pods.after_exit(ctx, pod)


def _take_down(ctx: Context, container_id: str) -> None:
    """Take down the run of a container whose record cannot be read: what it wished to happen then is lost."""
    from . import cleanup

    with store.lock(ctx, container_id):
        if not runs.state(ctx, container_id).running:
            cleanup.end_run(ctx, container_id)


def _on_exit(ctx: Context, container_id: str) -> None:
    from . import cleanup, removal

    with store.held(ctx, container_id) as record:
        if runs.state(ctx, container_id).running:
            return
        try:
            run = runs.raw_run(ctx, container_id)
        except Damaged:
            # Its process has ended, or conmon would not have called.
            cleanup.end_run(ctx, container_id)
            return
        if run is None or run["phase"] != "running":
            return
        final = cleanup.end_run(ctx, container_id)
        if final is None:
            return
        # Under a unit of systemd's it is for that to start the container again.
        again = not run.get("unit") and wants_restart(ctx, record, final)
        if again:
            lasted = final.finished_at - final.started_at
            streak = 0 if lasted > SHORT_RUN else int(run.get("streak", 0)) + 1
            _announce_restart(ctx, record, final.restarts + 1, streak)
        elif record.spec.rm:
            removal.remove_locked(ctx, record, volumes=True)
    if again:
        restart_until_it_runs(ctx, record, final.restarts + 1, streak)


def wants_restart(ctx: Context, record: Record, final: State) -> bool:
    """Whether the restart policy starts a container again that ended like this (podman-run(1))."""
    if runs.stopped_by_user(ctx, record.id):
        return False
    from . import membership

    policy, _colon, count = membership.restart_policy(ctx, record.spec).partition(":")
    if policy in ("always", "unless-stopped"):
        return True
    if policy == "on-failure" and final.exit_code != 0:
        return not count or int(count) == 0 or final.restarts < int(count)
    return False


def _announce_restart(ctx: Context, record: Record, restarts: int, streak: int) -> None:
    """Say that this process is going to start the container again; whoever takes that away cancels it."""
    own = os.getpid()
    files.make_directory(store.run_directory(ctx, record.id))
    runs.write_state(ctx, record.id, {
        "phase": "restarting", "boot": proc.boot_id(), "pid": own, "pid_start": proc.start_time(own) or 0,
        "conmon_pid": 0, "conmon_start": 0, "started_at": 0.0, "restarts": restarts, "streak": streak})


def _still_ours(ctx: Context, container_id: str) -> bool:
    run = runs.raw_run(ctx, container_id)
    return (run is not None and run["phase"] == "restarting" and run["pid"] == os.getpid()
            and not runs.stopped_by_user(ctx, container_id))


def restart_until_it_runs(ctx: Context, record: Record, restarts: int, streak: int) -> None:
    """Start the container again after a growing delay; a start that fails counts as a short run."""
    from . import lifecycle

    while True:
        time.sleep(delay(streak))
        try:
            lifecycle.start(ctx, record.id, restarts=restarts, streak=streak,
                            only_if=lambda: _still_ours(ctx, record.id))
            return
        except NotFound:
            return
        except EngineError as exc:
            with store.held(ctx, record.id):
                _keep_error(ctx, record.id, str(exc))
                failed = runs.state(ctx, record.id)._replace(exit_code=exc.exit_code, restarts=restarts)
                if not wants_restart(ctx, record, failed):
                    return
                restarts, streak = restarts + 1, streak + 1
                _announce_restart(ctx, record, restarts, streak)


def delay(streak: int) -> float:
    """Seconds to wait before a restart that follows ``streak`` short runs."""
    return 0.0 if streak < 1 else min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(streak - 1, 16))
