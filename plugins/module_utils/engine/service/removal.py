# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remove a container, so that nothing of it is left. What was begun is completed, never undone."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Collection, Dict, List, Optional, Sequence

from ..context import Context
from ..errors import Damaged, InUse, NotFound, WrongState
from ..kernel import files, tree
from ..store import containers as store
from ..store import names, runs
from ..store import volumes as volume_store
from ..store.containers import Record
from . import cleanup, journal, membership, mounts, namespaces, persist


def add_dependents(ctx: Context, record: Record) -> None:
    """Note with each container that this one needs that this one needs it."""
    for name in namespaces.dependencies(membership.placed_if_any(ctx, record).spec):
        other = store.find(ctx, name)
        files.make_directory(store.directory(ctx, other, "dependents"))
        files.mark(store.directory(ctx, other, "dependents", record.id))


def dependents(ctx: Context, container_id: str) -> List[str]:
    """The IDs of the containers that cannot run without this one."""
    try:
        found = os.listdir(store.directory(ctx, container_id, "dependents"))
    except FileNotFoundError:
        return []
    return sorted(i for i in found if os.path.lexists(store.directory(ctx, i, "container.json")))


def remove(ctx: Context, container_id: str, *, force: bool = False, volumes: bool = False,
           timeout: Optional[float] = None) -> None:
    """Remove a container; a running one only with ``force``, which stops it first, and so a damaged one.

    ``volumes`` removes its anonymous volumes too. Raises NotFound, WrongState, InUse, Damaged.
    """
    if container_id in journal.repair(ctx) and not os.path.lexists(store.directory(ctx, container_id)):
        return  # An earlier removal had failed half-way; now it is complete.
    try:
        _remove(ctx, container_id, force, volumes, timeout)
    except Damaged as exc:
        if not force or exc.path != store.directory(ctx, container_id, "container.json"):
            raise
        with store.lock(ctx, container_id):
            remove_damaged(ctx, container_id, volumes=volumes)


def _remove(ctx: Context, container_id: str, force: bool, volumes: bool, timeout: Optional[float]) -> None:
    from . import lifecycle

    with store.held(ctx, container_id) as record:
        state = check(ctx, record, force=force)
        if state.running or state.status in ("restarting", "unknown"):
            lifecycle.stop_locked(ctx, record, timeout)
        remove_locked(ctx, record, volumes=volumes)
    if record.spec.pod and state.running:
        from . import pods

        pods.after_exit(ctx, record.spec.pod)


def check(ctx: Context, record: Record, *, force: bool, without: Collection[str] = ()) -> runs.State:
    """The container's state. Raises what ``remove`` raises; containers ``without`` need it no more."""
    if record.spec.infra:
        raise InUse("The container %s holds the namespaces of the pod %s" % (record.name, record.spec.pod),
                    "Remove the pod.")
    needed_by = [i for i in dependents(ctx, record.id) if not without or store.get(ctx, i).name not in without]
    if needed_by:
        raise InUse("The container %s is needed by the container %s" % (
            record.name, ", ".join(i[:12] for i in needed_by)), "Remove that one first.")
    state = runs.state(ctx, record.id)
    if (state.running or state.status in ("restarting", "unknown")) and not force:
        raise WrongState("The container %s is %s" % (record.name, state.status), "Stop it first, or use force.")
    return state


def hand_over_dependents(ctx: Context, old: str, new: str) -> None:
    """The containers that need ``old`` by its name need ``new`` from now on."""
    for dependent in dependents(ctx, old):
        files.make_directory(store.directory(ctx, new, "dependents"))
        files.mark(store.directory(ctx, new, "dependents", dependent))
        files.remove(store.directory(ctx, old, "dependents", dependent))


def remove_locked(ctx: Context, record: Record, *, volumes: bool, keep: Sequence[str] = ()) -> None:
    """Remove a container whose lock the caller holds and whose process has ended.

    ``volumes`` removes its anonymous volumes too, but those whose names are in ``keep``.
    """
    note = {"verb": "remove", "name": record.name, "engine": record.engine,
            "log": record.log_path, "used": mounts.volume_names(record),
            "volumes": sorted(set(record.volumes.values()) - set(keep)) if volumes else []}
    journal.begin(ctx, record.id, note)
    with files.together():
        complete(ctx, record.id, note)
    journal.end(ctx, record.id)
    store.drop_lock(ctx, record.id)


def remove_damaged(ctx: Context, container_id: str, *, volumes: bool) -> None:
    """Remove a container whose record cannot be read, with all that is known of it from elsewhere; the caller holds
    its lock. Its process is killed. What is a user's own, such as a log at another place, stays."""
    used = volume_store.used_by(ctx, container_id)
    note = {"verb": "remove", "name": next(iter(names.held_by(ctx, "containers", container_id)), ""),
            "engine": persist.used_by(ctx, container_id), "log": "", "used": used,
            "volumes": [name for name in used if volume_store.is_anonymous(ctx, name)] if volumes else []}
    journal.begin(ctx, container_id, note)
    with files.together():
        complete(ctx, container_id, note)
    journal.end(ctx, container_id)
    store.drop_lock(ctx, container_id)


def _free_dependencies(ctx: Context, container_id: str) -> None:
    """Take a container off the lists of those that it needs; marks of one that is gone mean nothing anyway."""
    try:
        record = store.get(ctx, container_id)
    except (NotFound, Damaged):
        return
    for name in namespaces.dependencies(membership.placed_if_any(ctx, record).spec):
        with contextlib.suppress(NotFound):
            files.remove(store.directory(ctx, store.find(ctx, name), "dependents", container_id))


def complete(ctx: Context, container_id: str, note: Dict[str, Any]) -> None:
    """Do, or do again, what removing a container takes; the caller holds its lock, and drops it when the note is gone:
    without its lock a note looks like that of a dead command."""
    cleanup.end_run(ctx, container_id)
    _free_dependencies(ctx, container_id)
    files.remove(store.directory(ctx, container_id, "container.json"))
    names.release(ctx, "containers", note["name"], container_id)
    for name in note["used"]:
        volume_store.drop_user(ctx, name, container_id)
    for name in note["volumes"]:
        with contextlib.suppress(NotFound, InUse):
            volume_store.remove(ctx, name)
    persist.drop(ctx, note["engine"], container_id)
    runs.drop_aside(ctx, container_id)
    tree.remove_path(store.directory(ctx, container_id))
    files.sync_directory(ctx.path("containers"))
