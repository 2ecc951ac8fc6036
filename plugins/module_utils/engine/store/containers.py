# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers on disk: one document each, and a state that is derived, never trusted.

``<root>/containers/<id>/container.json`` is what was asked for and what became of it (the record);
it is written last when a container is made, so what has none is not a container. ``exit.json``
beside it says how the last run ended, and the empty file ``stopped`` that a user ended it.
``<runroot>/containers/<id>/state.json`` names the processes of the current run; whether they live
is asked of the kernel each time.

Reading a record or a state imports nothing but JSON: an unchanged task and ``ps`` do only that.
"""

from __future__ import annotations

import contextlib
import os
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
)

from ..context import Context
from ..errors import Ambiguous, Conflict, Damaged, NoSpace, NotFound
from ..frozen import unlike
from ..kernel import documents, files, proc
from . import names

if TYPE_CHECKING:
    from ..formats.container import ContainerSpec

# What those who read documents without making a ContainerSpec of them rely on; frozen.unlike says what the words mean.
_RECORD = {
    "id": "str", "name": "str", "created": "Time", "spec": "dict", "image_id": "str", "image_name": "str",
    "volumes": "Dict[str, str]", "ports": "List[Dict[str, Any]]", "engine": "str", "log_driver": "str",
    "log_path": "str", "command": "Optional[List[str]]", "volumes_from": "List[Dict[str, Any]]",
    "idmaps": "Dict[str, List[List[int]]]"}
_WRITTEN = ("id", "name", "created", "spec", "image_id", "image_name", "volumes", "ports")  # by every version
_SPEC = {
    "image": "str", "name": "str", "pod": "str", "infra": "bool", "init_ctr": "str", "userns": "str", "rm": "bool",
    "restart_policy": "str", "entrypoint": "Optional[List[str]]", "command": "Optional[List[str]]",
    "label": "Dict[str, str]"}
_ROWS = {
    "network": {"mode": "str", "name": "str"}, "mounts": {"type": "str", "source": "str", "target": "str"},
    "secrets": {"name": "str"},
    "publish": {"container_port": "int", "host_port": "int", "host_ip": "str", "protocol": "str"}}
_RUN = {
    "phase": "str", "boot": "str", "pid": "int", "pid_start": "int", "conmon_pid": "int", "conmon_start": "int",
    "started_at": "Time", "restarts": "int", "streak": "int", "cgroup": "str", "frozen": "str", "reachable": "str",
    "error": "str", "argv": "List[str]", "secrets": "Dict[str, str]", "runtime": "Dict[str, str]",
    "ports": "List[Dict[str, Any]]", "mounts": "List[Dict[str, Any]]"}
_RUN_WRITTEN = ("phase", "boot", "pid", "pid_start", "conmon_pid", "conmon_start", "started_at", "restarts")
_EXIT = {"code": "int", "started_at": "Time", "finished_at": "Time", "oom": "bool", "restarts": "int", "error": "str"}
_EXIT_WRITTEN = ("code", "started_at", "finished_at", "oom", "restarts")

UNKNOWN_EXIT = 255  # ended without anybody there to see how: a reboot, or conmon was killed too


class Record(NamedTuple):
    """What the engine stores of a container. ``created`` is in seconds since the epoch.

    ``volumes`` maps the target of each anonymous volume to the volume's name; ``ports`` are the
    published ports with the host ports that were chosen, kept from one start to the next;
    ``engine`` is the digest of the persisted engine that its hooks run; ``idmaps`` are the rows of the
    container's own user namespace under 'uids' and 'gids', {} when it has none; ``command`` is what follows
    the entrypoint, also where it is the image's; ``cgroup_manager`` is the one that it was made with, '' for the
    host's.
    """

    id: str
    name: str
    created: float
    spec: ContainerSpec
    image_id: str = ""
    image_name: str = ""
    volumes: Dict[str, str] = {}
    ports: List[Dict[str, Any]] = []
    engine: str = ""
    log_driver: str = "k8s-file"
    log_path: str = ""
    volumes_from: List[Dict[str, Any]] = []
    idmaps: Dict[str, List[List[int]]] = {}
    command: Optional[List[str]] = None
    cgroup_manager: str = ""


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


def directory(ctx: Context, container_id: str, *parts: str) -> str:
    """A path in the container's persistent directory."""
    return ctx.path("containers", container_id, *parts)


def run_directory(ctx: Context, container_id: str, *parts: str) -> str:
    """A path in the directory of the container's current run."""
    return ctx.run("containers", container_id, *parts)


def lock(ctx: Context, container_id: str, timeout: Optional[float] = None) -> ContextManager[None]:
    """The container's lock: it guards record, state and everything that a run sets up."""
    return files.locked(ctx.path("locks", "container-" + container_id), timeout=timeout)


@contextlib.contextmanager
def held(ctx: Context, container_id: str, timeout: Optional[float] = None) -> Iterator[Record]:
    """Hold the lock of a container that exists, for the body; its record. Raises NotFound, TimedOut."""
    with lock(ctx, container_id, timeout):
        try:
            record = get(ctx, container_id)
        except NotFound:
            # Taking the lock has made its file anew.
            drop_lock(ctx, container_id)
            raise
        yield record


def drop_lock(ctx: Context, container_id: str) -> None:
    """Remove the lock file of a container that is gone; its holder does this."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "container-" + container_id))


# records

def raw(ctx: Context, container_id: str) -> Optional[Dict[str, Any]]:
    """The document of a container by its full ID, or None. Raises Damaged."""
    path = directory(ctx, container_id, "container.json")
    document = documents.read(path, "container", lambda: names.spoken(ctx, "containers", container_id), _RECORD,
                              required=_WRITTEN, same={"id": container_id})
    if document is not None:
        problem = _unlike_spec(document["spec"]) or _unlike_rows("ports", document["ports"], _ROWS["publish"])
        if problem:
            raise Damaged("container", document["name"], path, problem)
    return document


def _unlike_spec(spec: Dict[str, Any]) -> str:
    problem = unlike(spec, _SPEC, required=())
    for name, forms in _ROWS.items():
        problem = problem or (_unlike_rows(name, spec[name], forms) if name in spec else "")
    return problem


def _unlike_rows(name: str, rows: Any, forms: Dict[str, str]) -> str:
    if not isinstance(rows, list):
        return name + " is no list"
    problems = ["%s[%d] %s" % (name, number, problem) for number, row in enumerate(rows)
                for problem in [unlike(row, forms)] if problem]
    return problems[0] if problems else ""


def raw_document(ctx: Context, name: str) -> Optional[Dict[str, Any]]:
    """The document of the container with exactly this name, or None."""
    container_id = names.owner(ctx, "containers", name)
    return raw(ctx, container_id) if container_id else None


def to_record(ctx: Context, document: Dict[str, Any]) -> Record:
    """The record in a document; raises Damaged, also when a newer engine wrote it."""
    from ..formats import container

    values = dict(document)
    with documents.built("container", document["name"], directory(ctx, document["id"], "container.json")):
        values["spec"] = container.from_document(values["spec"])
        return Record(**values)


def get(ctx: Context, container_id: str) -> Record:
    """The record of a container by its full ID; raises NotFound, Damaged."""
    document = raw(ctx, container_id)
    if document is None:
        raise NotFound("There is no container with the ID %s" % container_id[:12])
    return to_record(ctx, document)


def write(ctx: Context, record: Record) -> None:
    """Store a record; the caller holds the container's lock."""
    document = record._asdict()
    document["spec"] = record.spec.to_document()
    files.write_json(directory(ctx, record.id, "container.json"), document)


def ids(ctx: Context) -> List[str]:
    """The IDs of what may be containers, in no order; one may turn out to be half-made."""
    try:
        return os.listdir(ctx.path("containers"))
    except FileNotFoundError:
        return []


def all_raw(ctx: Context) -> Iterator[Dict[str, Any]]:
    """The documents of all containers, in no order; of a damaged one the user is warned."""
    return documents.each(ids(ctx), lambda container_id: raw(ctx, container_id), ctx.warn)


def records(ctx: Context, found: Iterable[Dict[str, Any]]) -> Iterator[Record]:
    """The records in documents; of a damaged one the user is warned."""
    return documents.each(found, lambda document: to_record(ctx, document), ctx.warn)


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of containers: what those need is not known."""
    found: List[Damaged] = []
    list(documents.each(ids(ctx), lambda container_id: get_if_there(ctx, container_id), found.append))
    return found


def get_if_there(ctx: Context, container_id: str) -> Optional[Record]:
    """The record of a container by its full ID, or None. Raises Damaged."""
    document = raw(ctx, container_id)
    return to_record(ctx, document) if document is not None else None


def find(ctx: Context, name: str) -> str:
    """The full ID for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    container_id = names.owner(ctx, "containers", name)
    if container_id and os.path.lexists(directory(ctx, container_id, "container.json")):
        return container_id
    if name and all(c in "0123456789abcdef" for c in name):
        found = [i for i in ids(ctx) if i.startswith(name)
                 and os.path.lexists(directory(ctx, i, "container.json"))]
        if len(found) == 1:
            return found[0]
        if found:
            raise Ambiguous("More than one container's ID starts with %s" % name, sorted(i[:20] for i in found))
    raise NotFound("There is no container with the name or ID %r" % name)


def lookup(ctx: Context, name: str) -> Record:
    """The record for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    return get(ctx, find(ctx, name))


def reserve_name(ctx: Context, name: str, container_id: str) -> None:
    """Take a container's name; raises Conflict that says who holds it."""
    names.check_name("container", name)
    if not names.claim(ctx, "containers", name, container_id):
        holder = names.owner(ctx, "containers", name) or ""
        if holder == container_id:
            return
        raise Conflict("The name %r is in use by the container %s" % (name, holder[:12]),
                       "Remove or rename that container, or choose another name.")


def image_users(ctx: Context) -> Dict[str, List[str]]:
    """Which containers use an image: {image ID: [container ID]}."""
    users: Dict[str, List[str]] = {}
    for document in all_raw(ctx):
        if document.get("image_id"):
            users.setdefault(document["image_id"], []).append(document["id"])
    return users


# state

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
        return State()
    return State("exited", 0, last["code"], last["started_at"], last["finished_at"], last["oom"],
                 last["restarts"], 0, last.get("error", ""))


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
    """Whether an earlier run has ended."""
    return os.path.exists(directory(ctx, container_id, "exit.json"))


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
    """The exit code and when it was written; UNKNOWN_EXIT and 0.0 while there is none."""
    try:
        with open(exit_file(ctx, container_id), "rb") as stream:
            # conmon writes -1 for a container that it killed because its time was over.
            return int(stream.read(16)) & 0xFF, os.fstat(stream.fileno()).st_mtime
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
