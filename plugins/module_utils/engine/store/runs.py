# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What containers do now: a state that is derived, never trusted.

``<runroot>/containers/<id>/state.json`` names the processes of the current run; whether they live
is asked of the kernel each time. ``exit.json`` beside the container's record says how the last run
ended, the empty file ``stopped`` that a user ended it, and the empty file ``ran`` that there was a run,
for when the power went in the first.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, NamedTuple, Optional

from ..context import Context
from ..errors import Damaged, EngineError, NoSpace
from ..kernel import documents, files, proc
from . import names
from .containers import directory, run_directory

_RUN = {
    "phase": "str", "boot": "str", "pid": "int", "pid_start": "int", "conmon_pid": "int", "conmon_start": "int",
    "started_at": "Time", "restarts": "int", "streak": "int", "cgroup": "str", "frozen": "str", "reachable": "str",
    "error": "str", "argv": "List[str]", "secrets": "Dict[str, str]", "runtime": "Dict[str, str]",
    "ports": "List[Dict[str, Any]]", "mounts": "List[Dict[str, Any]]"}
_RUN_WRITTEN = ("phase", "boot", "pid", "pid_start", "conmon_pid", "conmon_start", "started_at", "restarts")
_EXIT = {"code": "int", "started_at": "Time", "finished_at": "Time", "oom": "bool", "restarts": "int", "error": "str"}
_EXIT_WRITTEN = ("code", "started_at", "finished_at", "oom", "restarts")

UNKNOWN_EXIT = 255  # ended without anybody there to see how: a reboot, or conmon was killed too


class State(NamedTuple):
    """What a container does now. Times are seconds since the epoch, 0.0 for never.

    ``status`` is created, running, paused, restarting (between two runs), exited, or unknown when what was noted of
    its run is damaged: it may run. ``raw`` is the state document of the current run, {} when there is none.
    """

    status: str = "created"
    pid: int = 0
    exit_code: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0
    oom: bool = False
    restarts: int = 0
    conmon_pid: int = 0
    error: str = ""
    raw: Dict[str, Any] = {}

    @property
    def running(self) -> bool:
        """Whether its process lives (paused or not)."""
        return self.status in ("running", "paused")


def state(ctx: Context, container_id: str) -> State:
    """What a container does now, from its files and the kernel; of damaged ones the user is warned."""
    try:
        run = raw_run(ctx, container_id)
    except Damaged as exc:
        ctx.warn(exc)
        return State("unknown", error=str(exc))
    if run is not None:
        current = _state_of_run(ctx, container_id, run)
        if current is not None:
            return current
    return _state_at_rest(ctx, container_id)


def raw_run(ctx: Context, container_id: str) -> Optional[Dict[str, Any]]:
    """The state document of the current run, or None. Raises Damaged."""
    path = run_directory(ctx, container_id, "state.json")
    return documents.read(path, "run of the container", lambda: names.spoken(ctx, "containers", container_id), _RUN,
                          required=_RUN_WRITTEN)


def _state_of_run(ctx: Context, container_id: str, run: Dict[str, Any]) -> Optional[State]:
    """The state by the document of a run; None when that run has come to nothing."""
    if run["boot"] != proc.boot_id():
        if run["phase"] != "running":
            return None
        return State("exited", exit_code=UNKNOWN_EXIT, started_at=run["started_at"],
                     restarts=run["restarts"], error="The host was restarted while it ran")
    if run["phase"] == "restarting":
        if not proc.alive(run["pid"], run["pid_start"]):
            return None
        rest = _state_at_rest(ctx, container_id)
        return rest._replace(status="restarting", restarts=run["restarts"])
    if run["phase"] != "running":
        return None
    known = State("running", run["pid"], 0, run["started_at"], 0.0, False, run["restarts"],
                  run["conmon_pid"], "", run)
    if proc.alive(run["pid"], run["pid_start"]):
        return known._replace(status="paused") if is_frozen(run.get("frozen", "")) else known
    code, finished = read_exit_file(ctx, container_id)
    if not finished and proc.alive(run["conmon_pid"], run["conmon_start"]):
        # Its process is gone, but how it ended is only being written down.
        return known
    return known._replace(status="exited", pid=0, conmon_pid=0, exit_code=code, finished_at=finished,
                          oom=saw_oom(ctx, container_id))


def _state_at_rest(ctx: Context, container_id: str) -> State:
    try:
        last = raw_exit(ctx, container_id)
    except Damaged as exc:
        ctx.warn(exc)
        return State("exited", exit_code=UNKNOWN_EXIT, error=str(exc))
    if last is None:
        return _state_by_mark(ctx, container_id)
    return State("exited", 0, last["code"], last["started_at"], last["finished_at"], last["oom"],
                 last["restarts"], 0, last.get("error", ""))


def _state_by_mark(ctx: Context, container_id: str) -> State:
    try:
        began = os.stat(directory(ctx, container_id, "ran")).st_mtime
    except OSError:
        return State()
    return State("exited", exit_code=UNKNOWN_EXIT, started_at=began, error="The host was restarted while it ran")


def raw_exit(ctx: Context, container_id: str) -> Optional[Dict[str, Any]]:
    """How the last run ended, as ``write_exit`` wrote it, or None. Raises Damaged."""
    for path in (_aside(ctx, container_id, "exit.json"), directory(ctx, container_id, "exit.json")):
        found = documents.read(path, "last run of the container", lambda: names.spoken(ctx, "containers", container_id),
                               _EXIT, required=_EXIT_WRITTEN)
        if found is not None:
            return found
    return None


def write_state(ctx: Context, container_id: str, document: Dict[str, Any]) -> None:
    """Store the state of the current run; the caller holds the container's lock."""
    files.write_json(run_directory(ctx, container_id, "state.json"), document, durable=False)


def has_run(ctx: Context, container_id: str) -> bool:
    """Whether there was an earlier run."""
    return any(os.path.exists(directory(ctx, container_id, name)) for name in ("exit.json", "ran"))


def mark_run(ctx: Context, container_id: str) -> None:
    """Remember that it has run; not worth a wait for the disk, nor a failure for want of space."""
    if not has_run(ctx, container_id):
        with contextlib.suppress(EngineError):
            files.mark(directory(ctx, container_id, "ran"), durable=False)


def write_exit(ctx: Context, container_id: str, last: State) -> None:
    """Store how a run ended; the caller holds the container's lock."""
    document = {
        "code": last.exit_code, "started_at": last.started_at, "finished_at": last.finished_at,
        "oom": last.oom, "restarts": last.restarts, "error": last.error}
    _without_space(ctx, container_id, "exit.json", lambda path: files.write_json(path, document))


def _aside(ctx: Context, container_id: str, name: str) -> str:
    return ctx.run("aside", "%s.%s" % (container_id, name))


def _without_space(ctx: Context, container_id: str, name: str, write: Callable[[str], None]) -> None:
    """Write a small file of a container's, so that it can be stopped and removed when its file system is full:
    below the run root then, and where that is full as well not at all."""
    try:
        write(directory(ctx, container_id, name))
    except NoSpace:
        with contextlib.suppress(NoSpace):
            files.make_directory(ctx.run("aside"))
            write(_aside(ctx, container_id, name))
    else:
        files.remove(_aside(ctx, container_id, name), durable=False)


def drop_aside(ctx: Context, container_id: str) -> None:
    """Remove what was written elsewhere for want of space; the caller holds the lock."""
    for name in ("exit.json", "stopped"):
        files.remove(_aside(ctx, container_id, name), durable=False)


def health(ctx: Context, container_id: str) -> Dict[str, Any]:
    """The kept results of health checks: {"Status", "FailingStreak", "Log": [{"Start", "End", "ExitCode",
    "Output"}]}, or {}."""
    try:
        return documents.read(run_directory(ctx, container_id, "health.json"), "health of the container",
                              container_id[:12], {"Status": "str", "FailingStreak": "int",
                                                  "Log": "List[Dict[str, Any]]"}, required=()) or {}
    except Damaged as exc:
        # The next check writes it anew.
        ctx.warn(exc)
        return {}


def health_status(ctx: Context, container_id: str) -> str:
    """'healthy', 'unhealthy', 'starting', or '' for a container without checks or that does not run."""
    return str(health(ctx, container_id).get("Status", ""))


def exit_file(ctx: Context, container_id: str) -> str:
    """Where conmon leaves the exit code of the current run."""
    return run_directory(ctx, container_id, "exits", container_id)


def read_exit_file(ctx: Context, container_id: str) -> tuple[int, float]:
    """The exit code and when it was written; UNKNOWN_EXIT and 0.0 while there is none, or none that can be read."""
    try:
        path = exit_file(ctx, container_id)
        # conmon writes -1 for a container that it killed because its time was over.
        return int(files.word(path) or "") & 0xFF, os.stat(path).st_mtime
    except (FileNotFoundError, ValueError):
        return UNKNOWN_EXIT, 0.0


def saw_oom(ctx: Context, container_id: str) -> bool:
    """Whether conmon saw the kernel kill it for want of memory: it leaves a file in the bundle."""
    return os.path.exists(run_directory(ctx, container_id, "bundle", "oom"))


def is_frozen(path: str) -> bool:
    """Whether the freezer file of a cgroup (v1 freezer.state, v2 cgroup.freeze) says so."""
    if not path:
        return False
    try:
        with open(path, encoding="ascii") as stream:
            return stream.read().strip() in ("FROZEN", "FREEZING", "1")
    except OSError:
        return False


# what the user wants after the run

def mark_stopped(ctx: Context, container_id: str) -> None:
    """Remember that a user ended it: no restart policy starts it again."""
    _without_space(ctx, container_id, "stopped", files.mark)


def unmark_stopped(ctx: Context, container_id: str) -> None:
    """Forget that a user ended it."""
    files.remove(directory(ctx, container_id, "stopped"))
    files.remove(_aside(ctx, container_id, "stopped"), durable=False)


def stopped_by_user(ctx: Context, container_id: str) -> bool:
    """Whether a user ended the last run."""
    return any(os.path.exists(path) for path in (
        directory(ctx, container_id, "stopped"), _aside(ctx, container_id, "stopped")))


def finished(ctx: Context, container_id: str, known: Optional[State] = None) -> bool:
    """Whether it has ended by itself with the exit code 0: it has done its work."""
    now = known or state(ctx, container_id)
    return now.status == "exited" and now.exit_code == 0 and not stopped_by_user(ctx, container_id)
