# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done with containers, by name or ID: the one place that modules and verbs call.

Each function loads the module that does the work when it is called, so that listing containers
loads nothing that starts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..context import Context
from ..errors import NotFound
from ..store import containers as store
from ..store import runs
from ..store.containers import Record

if TYPE_CHECKING:
    from ..formats.container import ContainerSpec
    from .exec import ExecResult, ExecWish, Streams
    from .listing import Row


def create(ctx: Context, spec: ContainerSpec, *, pull: str = "missing",
           options: Optional[Mapping[str, Any]] = None) -> Record:
    """Make a container that does not run yet; see creation.create."""
    from . import creation

    return creation.create(ctx, spec, pull=pull, options=options)


def start(ctx: Context, name: str, *, wait_healthy: Optional[float] = None) -> Record:
    """Start a container; with ``wait_healthy`` wait so many seconds at most until it is healthy."""
    from . import lifecycle

    record = lifecycle.start(ctx, store.find(ctx, name))
    if wait_healthy is not None:
        from . import health

        health.wait_healthy(ctx, record, wait_healthy)
    return record


def run(ctx: Context, spec: ContainerSpec, *, pull: str = "missing", options: Optional[Mapping[str, Any]] = None,
        streams: Optional[Streams] = None,
        created: Optional[Callable[[Record], None]] = None) -> Tuple[Record, Optional[int]]:
    """Make and start a container. Without ``streams`` it is left to itself: (record, None); with them the
    client is attached until it ends: (record, exit code), or None when the client detached.

    ``created`` is called with the new container before it is started. A container that cannot be started
    is removed again when it was made with ``rm``.
    """
    from ..errors import EngineError
    from . import creation, lifecycle

    record = creation.create(ctx, spec, pull=pull, options=options)
    try:
        if created is not None:
            created(record)
        if streams is None:
            return lifecycle.start(ctx, record.id), None
        from . import foreground

        return record, foreground.start(ctx, record.id, streams)
    except (EngineError, OSError):
        if spec.rm:
            from . import foreground

            foreground.remove_ended(ctx, record)
        raise


def start_attached(ctx: Context, name: str, streams: Streams) -> Optional[int]:
    """Start a container with a client attached; its exit code, None when the client detached."""
    from . import foreground

    return foreground.start(ctx, store.find(ctx, name), streams)


def attach(ctx: Context, name: str, streams: Streams) -> Optional[int]:
    """Attach a client to a running container; its exit code, None when the client detached."""
    from . import foreground

    return foreground.attach(ctx, store.find(ctx, name), streams)


def stop(ctx: Context, name: str, *, timeout: Optional[float] = None) -> bool:
    """Stop a container; False when it did not run."""
    from . import lifecycle

    return lifecycle.stop(ctx, store.find(ctx, name), timeout=timeout)


def kill(ctx: Context, name: str, signal: str = "KILL", *, everything: bool = False) -> None:
    """Send a signal to a running container."""
    from . import lifecycle

    lifecycle.kill(ctx, store.find(ctx, name), signal, everything=everything)


def restart(ctx: Context, name: str, *, timeout: Optional[float] = None) -> Record:
    """Stop a container, if it runs, and start it."""
    from . import lifecycle

    return lifecycle.restart(ctx, store.find(ctx, name), timeout=timeout)


def pause(ctx: Context, name: str) -> None:
    """Freeze a running container."""
    from . import lifecycle

    lifecycle.pause(ctx, store.find(ctx, name))


def unpause(ctx: Context, name: str) -> None:
    """Let a frozen container go on."""
    from . import lifecycle

    lifecycle.unpause(ctx, store.find(ctx, name))


def remove(ctx: Context, name: str, *, force: bool = False, volumes: bool = False, timeout: Optional[float] = None,
           ignore: bool = False) -> Optional[str]:
    """Remove a container; its ID, or None when there was none and ``ignore`` is set. See removal.remove."""
    from . import removal

    try:
        container_id = store.find(ctx, name)
        removal.remove(ctx, container_id, force=force, volumes=volumes, timeout=timeout)
        return container_id
    except NotFound:
        if ignore:
            return None
        raise


def rename(ctx: Context, name: str, new_name: str) -> Record:
    """Give a container another name."""
    from . import update as updating

    return updating.rename(ctx, store.find(ctx, name), new_name)


def update(ctx: Context, name: str, changes: Mapping[str, Any]) -> Record:
    """Change a container without a restart; see update.update."""
    from . import update as updating

    return updating.update(ctx, store.find(ctx, name), changes)


def replace(ctx: Context, name: str, spec: ContainerSpec, *, pull: str = "missing",
            options: Optional[Mapping[str, Any]] = None, wait_healthy: Optional[float] = None,
            start: Optional[bool] = None) -> Record:
    """Replace a container by a new one, or leave it as it was; see replace.replace."""
    from . import replace as replacing

    return replacing.replace(ctx, store.find(ctx, name), spec,
                             replacing.How(pull, options or {}, wait_healthy, start))


def wait(ctx: Context, name: str, *, condition: Sequence[str] = ("stopped",), interval: float = 0.25,
         timeout: Optional[float] = None) -> int:
    """Wait for a container; its exit code. See lifecycle.wait."""
    from . import lifecycle

    return lifecycle.wait(ctx, store.find(ctx, name), condition=condition, interval=interval, timeout=timeout)


def get(ctx: Context, name: str) -> Record:
    """A container's record, by name or ID. Raises NotFound or Ambiguous."""
    return store.get(ctx, store.find(ctx, name))


def find(ctx: Context, name: str) -> str:
    """A container's full ID, by name or ID, also of a damaged one. Raises NotFound or Ambiguous."""
    return store.find(ctx, name)


def damaged(ctx: Context) -> List[str]:
    """The IDs of the containers whose documents are damaged; listings do not have them."""
    import os

    return sorted(os.path.basename(os.path.dirname(damage.path)) for damage in store.damaged(ctx))


def exists(ctx: Context, name: str) -> bool:
    """Whether there is a container of this name or ID."""
    try:
        store.find(ctx, name)
        return True
    except NotFound:
        return False


def running(ctx: Context, name: str) -> bool:
    """Whether a container runs now, or is paused."""
    return runs.state(ctx, store.find(ctx, name)).running


def health_status(ctx: Context, container_id: str) -> str:
    """'healthy', 'unhealthy', 'starting', or '' for a container without checks; see runs.health_status."""
    return runs.health_status(ctx, container_id)


def dependents(ctx: Context, name: str) -> List[str]:
    """The IDs of the containers that cannot run without this one."""
    from . import removal

    return removal.dependents(ctx, store.find(ctx, name))


def inspect(ctx: Context, name: str) -> Dict[str, Any]:
    """A container in podman's JSON form."""
    from . import inspect as inspecting

    return inspecting.inspect(ctx, store.find(ctx, name))


def listing(ctx: Context, *, everything: bool = False, filters: Sequence[str] = (), last: int = 0) -> List[Row]:
    """Containers that fit the filters; see listing.rows."""
    from . import listing as rows

    return rows.rows(ctx, everything=everything, filters=filters, last=last)


def logs(ctx: Context, name: str, *, follow: bool = False, since: str = "", until: str = "",
         tail: Optional[int] = None, timestamps: bool = False) -> Iterator[Tuple[str, bytes]]:
    """What a container has written: ('stdout' or 'stderr', bytes); see logs.lines."""
    from . import logs as reading

    record = store.lookup(ctx, name)
    for line in reading.lines(ctx, record, follow=follow, since=since, until=until, tail=tail):
        yield line.stream, shown_time(line.timestamp).encode() + b" " + line.text if timestamps else line.text


def shown_time(stamp: str) -> str:
    """A log's time as podman prints it: Go's RFC3339Nano, without zeros at its end, and Z for UTC."""
    moment, plus, zone = stamp.partition("+")
    moment = moment.rstrip("0").rstrip(".") if "." in moment else moment
    return moment + ("Z" if zone == "00:00" else plus + zone)


def exec_check(ctx: Context, name: str, argv: Sequence[str]) -> None:
    """Raise what exec_run would raise before it runs anything."""
    from . import exec as execution

    execution.require(ctx, store.find(ctx, name), argv)


def exec_run(ctx: Context, name: str, wish: ExecWish, *, stdin: bytes = b"", detach: bool = False,
             streams: Optional[Streams] = None) -> ExecResult:
    """Run one more process in a running container; see exec.run."""
    from . import exec as execution

    return execution.run(ctx, store.find(ctx, name), wish, stdin=stdin, detach=detach, streams=streams)


def ports(ctx: Context, name: str) -> List[Dict[str, Any]]:
    """The published ports of a container, rows of formats.container.Port."""
    from . import listing as rows

    return rows.ports_of(ctx, store.find(ctx, name))


def top(ctx: Context, name: str, columns: Sequence[str] = ()) -> List[List[str]]:
    """A head and a row for each process of a running container; see processes.table."""
    from . import processes

    return processes.table(ctx, store.find(ctx, name), columns)


def healthcheck(ctx: Context, name: str) -> int:
    """Run a container's health check now; 0 when it passed, 1 when it failed."""
    from . import health

    return health.run_once(ctx, store.find(ctx, name))


def prune(ctx: Context, filters: Sequence[str] = ()) -> List[str]:
    """Remove all containers that do not run and fit the filters; their IDs."""
    from ..errors import EngineError
    from . import listing as rows
    from . import persist, removal

    gone = []
    for row in rows.rows(ctx, everything=True, filters=filters):
        if row.state.status in ("created", "exited"):
            try:
                removal.remove(ctx, row.id)
                gone.append(row.id)
            except (NotFound, EngineError):
                continue
    persist.collect(ctx)
    return gone


def repair(ctx: Context) -> List[str]:
    """Undo or complete what killed commands left, and take down runs that ended with nobody there; their IDs."""
    from . import journal

    return journal.repair(ctx) + journal.sweep(ctx)
