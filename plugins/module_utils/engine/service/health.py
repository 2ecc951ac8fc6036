# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Health checks: one check, what it means, what follows, and who runs the next one.

The results lie in ``<runroot>/containers/<id>/health.json`` in podman's form. A systemd timer runs
the checks where systemd is the host's init; elsewhere one small process of the container's does,
which ends with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import TYPE_CHECKING, Any, Dict, Optional

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound, RuntimeFailed, TimedOut, WrongState
from ..formats.container import HealthCheck
from ..kernel import files, proc
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from . import effective, persist, systemd
from . import exec as execution

if TYPE_CHECKING:
    from ..formats.imageconfig import ImageConfig

KEPT = 5            # results that are kept
OUTPUT_LIMIT = 500  # characters of a check's output that are kept, as in podman


def run_once(ctx: Context, container_id: str) -> int:
    """Run the check now and keep its result; 0 when it passed, 1 when it failed.

    Raises InvalidInput for a container without a check, WrongState when it does not run.
    """
    record = store.get(ctx, container_id)
    check = effective.check_of(record, effective.image_config(ctx, record))
    if check is None:
        raise InvalidInput("The container %s has no health check" % record.name)
    if runs.state(ctx, container_id).status != "running":
        raise WrongState("The container %s does not run" % record.name, "Start it first.")
    begun = time.time()
    code, output = _call(ctx, container_id, check)
    unhealthy = _keep(ctx, container_id, check, begun, code, output)
    if unhealthy:
        _act(ctx, record)
    return 0 if code == 0 else 1


def _call(ctx: Context, container_id: str, check: HealthCheck) -> tuple[int, str]:
    argv = ("/bin/sh", "-c", " ".join(check.test[1:])) if check.test[0] == "CMD-SHELL" else tuple(
        check.test[1:] if check.test[0] == "CMD" else check.test)
    try:
        done = execution.run(ctx, container_id, execution.ExecWish(argv, timeout=check.timeout))
    except TimedOut as exc:
        return -1, str(exc)
    except (WrongState, NotFound):
        raise
    except EngineError as exc:
        return exc.exit_code, str(exc)
    return done.code or 0, (done.stdout + done.stderr).decode("utf-8", "replace")[:OUTPUT_LIMIT]


def _keep(ctx: Context, container_id: str, check: HealthCheck, begun: float, code: int, output: str) -> bool:
    """Note a result; whether the container has just become unhealthy, or is so still."""
    from .shown import timestamp

    with store.held(ctx, container_id):
        state = runs.state(ctx, container_id)
        if not state.running or begun < state.started_at:
            return False
        document = runs.health(ctx, container_id) or {"Status": "starting", "FailingStreak": 0, "Log": []}
        # The first check comes at once; its failing counts as little as one in the start period.
        grace = max(check.start_period, min(check.interval, 1.0) if document["Status"] == "starting" else 0.0)
        if code == 0:
            document.update(Status="healthy", FailingStreak=0)
        elif begun - state.started_at >= grace:
            document["FailingStreak"] += 1
            if document["FailingStreak"] >= check.retries:
                document["Status"] = "unhealthy"
        document["Log"] = (document["Log"] + [{"Start": timestamp(begun), "End": timestamp(time.time()),
                                               "ExitCode": code, "Output": output}])[-KEPT:]
        files.write_json(store.run_directory(ctx, container_id, "health.json"), document, durable=False)
        return code != 0 and document["Status"] == "unhealthy"


def _act(ctx: Context, record: Record) -> None:
    """What the container asks for when it is unhealthy."""
    from . import lifecycle

    action = record.spec.healthcheck_failure_action
    if action == "restart" and runs.state(ctx, record.id).raw.get("unit"):
        # systemd starts it again; a monitor that it did not start is none of its service's.
        action = "kill"
    if action == "kill":
        with contextlib.suppress(WrongState):
            lifecycle.kill(ctx, record.id, "KILL", by_user=False)
    elif action == "stop":
        lifecycle.stop(ctx, record.id)
    elif action == "restart":
        lifecycle.restart(ctx, record.id)


def wait_healthy(ctx: Context, record: Record, seconds: float) -> None:
    """Wait until a container is healthy. Raises RuntimeFailed when it is not, or has no check, TimedOut."""
    from . import lifecycle

    if effective.check_of(record, effective.image_config(ctx, record)) is None:
        raise RuntimeFailed("The container %s has no health check to wait for" % record.name, "Give it one.")
    lifecycle.wait(ctx, record.id, condition=("healthy", "unhealthy", "stopped"), timeout=seconds, interval=0.1)
    now = runs.health_status(ctx, record.id)
    if now != "healthy":
        raise RuntimeFailed("The container %s is %s" % (record.name, now or "not running"), "Look at its log.")


# who runs it

def start_scheduler(ctx: Context, record: Record, image: Optional[ImageConfig]) -> Optional[Dict[str, Any]]:
    """Arrange for the checks of a run; what ``stop_scheduler`` needs, or None when there are none."""
    check = effective.check_of(record, image)
    if check is None:
        return None
    files.write_json(store.run_directory(ctx, record.id, "health.json"),
                     {"Status": "starting", "FailingStreak": 0, "Log": []}, durable=False)
    if check.interval <= 0:
        return None
    program = ctx.find_tool("systemd-run") if systemd.present(ctx) else None
    if program is not None:
        return _start_timer(ctx, record, check, program)
    from ..kernel import command

    argv = persist.command(ctx, record.engine, "health-loop", record.id)
    pid = command.launch(argv, descriptors={}, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    return {"pid": pid, "start": proc.start_time(pid) or 0}


def _start_timer(ctx: Context, record: Record, check: HealthCheck, program: str) -> Dict[str, Any]:
    from ..kernel import command

    unit = "%s-health-%s" % (ctx.prefix, record.id[:24])
    argv = [program, *systemd.whose(ctx), "--quiet", "--unit", unit, "--on-active=0",
            "--on-unit-inactive=%gs" % check.interval, "--timer-property=AccuracySec=100ms",
            "--description=Health of the container " + record.name,
            # An interval may be shorter than systemd's idea of starting too often; each start is no news.
            "--property=StartLimitIntervalSec=0", "--property=LogLevelMax=notice",
            # An action may restart the container; its processes must outlive the check's unit.
            "--property=KillMode=process", "--property=SyslogLevel=debug", "--",
            *persist.command(ctx, record.engine, "health", record.id)]
    done = command.run(argv, env=systemd.environment(ctx))
    if done.code:
        raise EngineError("Cannot make the health timer of %s: %s" % (
            record.name, done.stderr.decode("utf-8", "replace").strip()), "Look at systemctl status.")
    return {"unit": unit}


def stop_scheduler(ctx: Context, container_id: str, health: Dict[str, Any]) -> None:
    """End what ``start_scheduler`` began; idempotent."""
    if "unit" in health:
        from ..kernel import command

        program = ctx.find_tool("systemctl")
        if program is not None:
            for words in (["stop", health["unit"] + ".timer"], ["reset-failed", health["unit"] + ".service"]):
                command.run([program, *systemd.whose(ctx), *words], env=systemd.environment(ctx))
        return
    pid = health["pid"]
    if pid != os.getpid() and proc.alive(pid, health["start"]):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 15)


def loop(ctx: Context, container_id: str) -> None:
    """Run the checks of the current run until it ends, or another process is in charge."""
    with store.held(ctx, container_id) as record:
        # Starting holds this lock, so from here on the state is that of a run that runs.
        pass
    check = effective.check_of(record, effective.image_config(ctx, record))
    while check is not None:
        state = runs.state(ctx, container_id)
        if not state.running or (state.raw.get("health") or {}).get("pid") != os.getpid():
            return
        if state.status == "running":
            with contextlib.suppress(WrongState):
                run_once(ctx, container_id)
        _sleep(state.pid, check.interval)


def _sleep(pid: int, seconds: float) -> None:
    """Sleep, but no longer than the container's process lives."""
    try:
        fd = os.pidfd_open(pid, 0)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        time.sleep(seconds)
        return
    try:
        select.select([fd], [], [], seconds)
    finally:
        os.close(fd)
