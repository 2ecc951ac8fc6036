# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change a pod: its limits and labels while it runs, all else by another infra container.

The pod keeps its ID and its containers with all their files; those that ran are restarted in the new
namespaces. A new infra container that does not start puts the old one back to work.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound
from ..formats import pod as formats
from ..formats.pod import PodSpec
from ..frozen import replace as changed
from ..store import containers as container_store
from ..store import names, runs, volumes
from ..store import pods as store
from ..store.containers import Record
from ..store.pods import Pod
from . import creation, infra, journal, lifecycle, membership, mounts, naming, podcgroup, pods, readiness, removal

LIVE = frozenset(formats.LIMITS + ("label", "exit_policy", "restart_policy"))


def update(ctx: Context, name: str, changes: Mapping[str, Any]) -> Pod:
    """Apply new canonical values of the fields in LIVE without touching a container.

    When the kernel refuses a limit, the pod keeps its old ones. Raises InvalidInput for other fields,
    NotFound, EngineError.
    """
    fixed = sorted(set(changes) - LIVE)
    if fixed:
        raise InvalidInput("%s of a pod cannot be changed while it exists" % ", ".join(fixed), "Replace the pod.")
    pod_id = store.find(ctx, name)
    with store.lock(ctx, pod_id):
        old = store.get(ctx, pod_id)
        new = old._replace(spec=formats.from_document(dict(old.spec.to_document(), **changes)))
        if set(changes) & set(formats.LIMITS) and pods.alive(ctx, old):
            try:
                podcgroup.make(ctx, new, old.spec)
            except EngineError:
                podcgroup.make(ctx, old, new.spec)
                raise
        if "label" in changes and old.infra:
            with container_store.held(ctx, old.infra) as record:
                container_store.write(ctx, record._replace(spec=changed(record.spec, label=dict(new.spec.label))))
        store.write(ctx, new)
    return new


def replace(ctx: Context, name: str, spec: PodSpec, *, start: Optional[bool] = None,
            timeout: Optional[float] = None) -> Pod:
    """Give a pod other options; it and its containers run afterwards when they ran before, unless ``start`` is False.

    Raises what making or starting the new infra container raised; the pod is then as it was before.
    """
    journal.repair(ctx)
    pod_id = store.find(ctx, name)
    with store.lock(ctx, pod_id):
        old = store.get(ctx, pod_id)
        new = old._replace(spec=changed(spec, name=old.name), infra="")
        formats.check(new.spec)
        podcgroup.check(ctx, new.spec)
        members = membership.members(ctx, old)
        _check_users(old, new, members)
        ran = [record.id for record in members if runs.state(ctx, record.id).running]
        ran_as_one = bool(ran) or (bool(old.infra) and runs.state(ctx, old.infra).running)
        note = {"old": dict(old._asdict(), spec=old.spec.to_document()), "aside": naming.aside(pod_id[:12]),
                "ran": ran, "runs": ran_as_one, "start": start is not False, "committed": False}
        with journal.work(ctx, "pod-" + pod_id, "pod-replace", undo_replace, note):
            if spec.infra:
                _check_infra_name(ctx, old, new)
                new = new._replace(infra=creation.create(
                    ctx, infra.spec(new), keep_volumes=_volumes(ctx, old.infra), claim_as=str(note["aside"])).id)
                _keep_users(ctx, old, new)
            for record in members:
                membership.check(record.spec, new)
            if note["start"]:
                readiness.check_all(ctx, ran)
            _stop(ctx, [record.id for record in members], timeout)
            _stop(ctx, [old.infra] if old.infra else [], timeout)
            podcgroup.remove(ctx, old)
            store.write(ctx, new)
            if new.infra and ran_as_one and note["start"]:
                lifecycle.start(ctx, new.infra)
            note["committed"] = True
            journal.begin(ctx, "pod-" + pod_id, dict(note, verb="pod-replace"))
            _commit(ctx, new, note)
            problems = _start(ctx, ran) if ran_as_one and note["start"] else []
    if problems:
        raise EngineError("The pod %s was changed, but not all of its containers run again: %s" % (
            old.name, "; ".join(problems)))
    return new


def _volumes(ctx: Context, container_id: str) -> Dict[str, str]:
    """The anonymous volumes of a container, by target."""
    document = container_store.raw(ctx, container_id) if container_id else None
    return dict(document["volumes"]) if document else {}


def _check_users(old: Pod, new: Pod, members: Sequence[Record]) -> None:
    """The files of containers belong to the IDs of the user namespace that they were made in."""
    changes = [name for name in formats.USER if getattr(old.spec, name) != getattr(new.spec, name)]
    if changes and members:
        raise InvalidInput("The %s of the pod %s cannot be changed while it has containers: %s" % (
            ", ".join(changes), old.name, ", ".join(record.name for record in members)),
            "Remove them first, or the pod.")


def _keep_users(ctx: Context, old: Pod, new: Pod) -> None:
    """Another infra container has the IDs of the one before it, also where they were chosen by itself (auto)."""
    if not old.infra or any(getattr(old.spec, name) != getattr(new.spec, name) for name in formats.USER):
        return
    with container_store.held(ctx, new.infra) as record:
        container_store.write(ctx, record._replace(idmaps=container_store.get(ctx, old.infra).idmaps))


def _check_infra_name(ctx: Context, old: Pod, new: Pod) -> None:
    name = infra.spec(new).name
    if names.owner(ctx, "containers", name) not in (None, old.infra):
        raise creation.taken(ctx, name)


def _stop(ctx: Context, ids: Sequence[str], timeout: Optional[float]) -> None:
    for container_id in ids:
        with contextlib.suppress(NotFound), container_store.held(ctx, container_id) as record:
            # Not by the user's wish: it is started again.
            lifecycle.stop_locked(ctx, record, timeout, by_user=False)


def _start(ctx: Context, ids: Sequence[str]) -> List[str]:
    """Start containers one after the other; what failed."""
    problems = []
    for container_id in ids:
        try:
            lifecycle.start(ctx, container_id)
        except EngineError as exc:
            problems.append(str(exc))
    return problems


def _commit(ctx: Context, new: Pod, note: Dict[str, Any]) -> None:
    """Let the new infra container take the old one's place for good; can be done again after a crash."""
    old = note["old"]["infra"]
    if new.infra:
        with container_store.held(ctx, new.infra) as record:
            names.transfer(ctx, "containers", record.spec.name, new.infra)
            container_store.write(ctx, record._replace(name=record.spec.name))
            names.release(ctx, "containers", note["aside"], new.infra)
    for member in membership.members(ctx, new):
        with contextlib.suppress(NotFound), container_store.held(ctx, member.id) as record:
            _settle(ctx, record)
    if old:
        with contextlib.suppress(NotFound), container_store.held(ctx, old) as record:
            lifecycle.stop_locked(ctx, record, 0)
            removal.remove_locked(ctx, record, volumes=True, keep=sorted(_volumes(ctx, new.infra).values()))


def _settle(ctx: Context, record: Record) -> None:
    """Give a container the mounts of its changed pod; the caller holds its lock."""
    removal.add_dependents(ctx, record)
    inherited = mounts.inherited(ctx, membership.placed_spec(ctx, record.spec))
    rows = [dict(vars(row), options=list(row.options)) for row in inherited]
    if rows == record.volumes_from:
        return
    after = record._replace(volumes_from=rows)
    mounts.make_volumes(ctx, inherited, record.id, {})
    container_store.write(ctx, after)
    for name in set(mounts.volume_names(record)) - set(mounts.volume_names(after)):
        volumes.drop_user(ctx, name, record.id)


def undo_replace(ctx: Context, key: str, note: Dict[str, Any]) -> None:
    """Put the old infra container back to work; or, when the new one had made it already, finish."""
    pod_id = key[len("pod-"):]
    if note["committed"]:
        new = store.get(ctx, pod_id)
        _commit(ctx, new, note)
        if note["runs"] and note["start"]:
            _start(ctx, note["ran"])
        return
    old = store.to_pod(note["old"])
    aside = names.owner(ctx, "containers", note["aside"])
    store.write(ctx, old)
    if aside is not None:
        with contextlib.suppress(NotFound), container_store.held(ctx, aside) as record:
            lifecycle.stop_locked(ctx, record, 0)
            removal.remove_locked(ctx, record, volumes=True, keep=sorted(_volumes(ctx, old.infra).values()))
    if note["runs"]:
        if old.infra:
            lifecycle.start(ctx, old.infra)
        _start(ctx, note["ran"])
