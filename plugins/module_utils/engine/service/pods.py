# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done with pods: make and remove them, and what is done to all their containers at once.

What is done to several containers goes on after an error, and reports all of them at the end.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Any, Callable, Collection, Dict, List, Optional, Sequence

from ..context import Context
from ..errors import Damaged, EngineError, InUse, InvalidInput, NotFound, WrongState
from ..formats import pod as formats
from ..formats.container import ContainerSpec
from ..formats.pod import PodSpec
from ..frozen import replace
from ..kernel import files
from ..store import containers as container_store
from ..store import names, runs
from ..store import pods as store
from ..store.containers import Record
from ..store.pods import Pod
from . import creation, effective, infra, journal, lifecycle, membership, naming, podcgroup, removal

ATTEMPTS = 20


def create(ctx: Context, spec: PodSpec) -> Pod:
    """Make a pod; nothing of it runs yet. An empty name is made up.

    Raises Conflict for a name that a pod or a container has; nothing is left of a pod that could not be made.
    """
    journal.repair(ctx)
    check_values(ctx, spec)
    podcgroup.check(ctx, spec)
    pod_id = os.urandom(32).hex()
    with store.lock(ctx, pod_id), journal.work(ctx, "pod-" + pod_id, "pod-create", undo_create, {}):
        name = _take_name(ctx, spec.name, pod_id)
        pod = Pod(pod_id, name, time.time(), replace(spec, name=name))
        if spec.infra:
            pod = pod._replace(infra=creation.create(ctx, infra.spec(pod)).id)
        store.write(ctx, pod)
    return pod


def check_values(ctx: Context, spec: PodSpec) -> None:
    """Raise InvalidInput or Unsupported for wishes that nobody could meet, whatever else there is on this host."""
    if spec.name:
        names.check_name("pod", spec.name)
    formats.check(spec)
    if spec.infra:
        creation.check_values(ctx, infra.spec(Pod("0" * 64, spec.name or "unnamed", 0.0, spec)))


def create_for(ctx: Context, spec: ContainerSpec) -> ContainerSpec:
    """Make the pod that a container's ``new:NAME`` asks for; it gets the container's ports, networks and host name,
    which are gone from the spec that comes back."""
    if spec.pod == "new:":
        raise InvalidInput("new: names no pod", "Write new:NAME.")
    moved = {name: getattr(spec, name) for name in formats.NETWORK + formats.USER + ("hostname",)}
    pod = create(ctx, PodSpec(name=spec.pod.partition(":")[2], **moved))
    return replace(spec, pod=pod.name, **{name: formats.DEFAULTS[name] for name in moved})


def _take_name(ctx: Context, wanted: str, pod_id: str) -> str:
    if wanted:
        names.check_name("pod", wanted)
        if not creation.claim(ctx, wanted, pod_id):
            raise creation.taken(ctx, wanted)
        return wanted
    for attempt in range(ATTEMPTS):
        name = naming.made_up(attempt)
        if names.claim(ctx, "containers", name, pod_id):
            return name
    raise EngineError("No free name was found in %d attempts" % ATTEMPTS, "Give the pod a name.")


def undo_create(ctx: Context, key: str, note: Dict[str, Any]) -> None:
    """Remove what a pod left that was never finished; the caller holds its lock."""
    pod_id = key[len("pod-"):]
    if note.get("failed"):
        # Its last step may be what failed.
        store.remove(ctx, pod_id)
    elif store.exists(ctx, pod_id):
        return
    for name in names.held_by(ctx, "containers", pod_id):
        for document in list(container_store.all_raw(ctx)):
            if document["spec"].get("infra") and document["spec"].get("pod") == name:
                _remove_container(ctx, document["id"], 0)
        names.release(ctx, "containers", name, pod_id)
    store.drop_lock(ctx, pod_id)


def remove(ctx: Context, name: str, *, force: bool = False, timeout: Optional[float] = None) -> str:
    """Remove a pod with its containers and their anonymous volumes; its ID. With ``force`` they are stopped first.

    Raises NotFound, WrongState when something of it runs, InUse when a container outside needs one of it.
    """
    journal.repair(ctx)
    pod_id = store.find(ctx, name)
    with store.lock(ctx, pod_id):
        try:
            pod = store.get(ctx, pod_id)
        except NotFound:
            store.drop_lock(ctx, pod_id)
            raise
        except Damaged:
            if not force:
                raise
            pod = stand_in(ctx, pod_id)
        check_removal(ctx, pod, force)
        note = {"verb": "pod-remove", "name": pod.name, "timeout": timeout}
        journal.begin(ctx, "pod-" + pod_id, note)
        with files.together():
            complete_removal(ctx, "pod-" + pod_id, note)
        journal.end(ctx, "pod-" + pod_id)
        store.drop_lock(ctx, pod_id)
    return pod_id


def stand_in(ctx: Context, pod_id: str) -> Pod:
    """A pod whose document cannot be read, as far as it is known from elsewhere: its name by its claim, its infra
    container by that one's record."""
    name = next(iter(names.held_by(ctx, "containers", pod_id)), "")
    infras = [document["id"] for document in container_store.all_raw(ctx)
              if name and document["spec"].get("infra") and document["spec"].get("pod") == name]
    return Pod(pod_id, name, 0.0, PodSpec(name=name), infras[0] if infras else "")


def check_removal(ctx: Context, pod: Pod, force: bool, without: Collection[str] = ()) -> None:
    """Raise what ``remove`` would raise; containers ``without`` do not count."""
    own = [record.id for record in everyone(ctx, pod)]
    for container_id in own:
        others = [i for i in removal.dependents(ctx, container_id) if i not in own
                  and (not without or container_store.get(ctx, i).name not in without)]
        if others:
            raise InUse("A container of the pod %s is needed by the container %s" % (
                pod.name, ", ".join(i[:12] for i in others)), "Remove that one first.")
    running = [record.name for record in membership.members(ctx, pod)
               if runs.state(ctx, record.id).status in ("running", "paused", "restarting")]
    if running and not force:
        raise WrongState("The pod %s has running containers: %s" % (pod.name, ", ".join(running)),
                         "Stop it first, or use force.")


def complete_removal(ctx: Context, key: str, note: Dict[str, Any]) -> None:
    """Do, or do again, what removing a pod takes; the caller holds its lock."""
    pod_id = key[len("pod-"):]
    if store.exists(ctx, pod_id):
        try:
            pod = store.get(ctx, pod_id)
        except Damaged:
            pod = stand_in(ctx, pod_id)
        left = [record.id for record in everyone(ctx, pod)]
        _together([i for i in left if i != pod.infra], lambda i: _stop_only(ctx, i, note["timeout"]))
        while left:
            ready = [i for i in left if not set(removal.dependents(ctx, i)) & set(left)] or left[:1]
            for container_id in ready:
                _remove_container(ctx, container_id, note["timeout"])
                left.remove(container_id)
        podcgroup.remove(ctx, pod)
    store.remove(ctx, pod_id)
    names.release(ctx, "containers", note["name"], pod_id)


def _remove_container(ctx: Context, container_id: str, timeout: Optional[float]) -> None:
    try:
        with container_store.held(ctx, container_id) as record:
            lifecycle.stop_locked(ctx, record, timeout)
            removal.remove_locked(ctx, record, volumes=True)
    except NotFound:
        return


def _stop_only(ctx: Context, container_id: str, timeout: Optional[float]) -> None:
    try:
        with container_store.held(ctx, container_id) as record:
            lifecycle.stop_locked(ctx, record, timeout)
    except NotFound:
        return


# what is done to all containers of a pod

def everyone(ctx: Context, pod: Pod) -> List[Record]:
    """All containers of a pod, the oldest first and the infra container as the last."""
    found = membership.members(ctx, pod)
    if pod.infra:
        # A removal that was killed may have got so far.
        with contextlib.suppress(NotFound):
            found.append(container_store.get(ctx, pod.infra))
    return found


def start(ctx: Context, name: str, *, unfinished: bool = False) -> Pod:
    """Start a pod's infra container, then its containers in the order in which they were made.

    Those that run in namespaces of an infra container that is gone are restarted. ``unfinished`` leaves those
    alone that have done their work while the pod ran (store.containers.finished). Raises EngineError with all
    that failed.
    """
    pod_id = store.find(ctx, name)
    with store.lock(ctx, pod_id, shared=True):
        # An exit policy waits until all have been started.
        pod = store.get(ctx, pod_id)
        problems = _start_all(ctx, pod, unfinished)
    _raise(pod, "start", problems)
    return pod


def _start_all(ctx: Context, pod: Pod, unfinished: bool) -> List[str]:
    stale = bool(pod.infra) and not runs.state(ctx, pod.infra).running
    members = membership.members(ctx, pod)
    busy = any(runs.state(ctx, record.id).running for record in members)
    if pod.infra:
        lifecycle.start(ctx, pod.infra)
    if not busy:
        _run_first(ctx, pod, [record for record in members if record.spec.init_ctr])
    problems = []
    spare = unfinished and (not stale if pod.infra else busy)
    for record in members:
        if record.spec.init_ctr:
            continue
        try:
            if spare and runs.finished(ctx, record.id):
                continue
            if stale and runs.state(ctx, record.id).running:
                lifecycle.restart(ctx, record.id)
            elif runs.state(ctx, record.id).status != "paused":
                lifecycle.start(ctx, record.id)
        except EngineError as exc:
            problems.append(str(exc))
    return problems


def _run_first(ctx: Context, pod: Pod, first: Sequence[Record]) -> None:
    """Run a pod's init containers one after the other, each to its end. Raises EngineError when one fails."""
    for record in first:
        lifecycle.start(ctx, record.id)
        code = lifecycle.wait(ctx, record.id)
        if code:
            raise EngineError("The init container %s of the pod %s ended with the exit code %d" % (
                record.name, pod.name, code), "See its log: pycontainer logs %s" % record.name)
        if record.spec.init_ctr == "once":
            _remove_container(ctx, record.id, 0)


def alive(ctx: Context, pod: Pod) -> bool:
    """Whether anything of a pod runs."""
    return any(runs.state(ctx, record.id).running for record in everyone(ctx, pod))


def after_exit(ctx: Context, name: str) -> None:
    """A container of a pod has ended or is gone: with the exit policy stop, the infra container goes after the last.

    What is being done to the whole pod is waited for. A pod that is gone is fine.
    """
    raw = store.raw_document(ctx, name)
    if raw is None or raw["spec"].get("exit_policy") != "stop" or not raw["infra"]:
        return
    with store.lock(ctx, raw["id"]):
        if not store.exists(ctx, raw["id"]):
            store.drop_lock(ctx, raw["id"])
            return
        pod = store.get(ctx, raw["id"])
        busy = [record for record in membership.members(ctx, pod)
                if runs.state(ctx, record.id).status in ("running", "paused", "restarting")]
        if not busy:
            _stop_member(ctx, pod.infra, None)


def stop(ctx: Context, name: str, *, timeout: Optional[float] = None) -> bool:
    """Stop a pod's containers side by side, then its infra container; False when none of them ran."""
    pod = store.lookup(ctx, name)
    ran = [record.id for record in everyone(ctx, pod)
           if runs.state(ctx, record.id).status in ("running", "paused", "restarting")]
    problems = _together([i for i in ran if i != pod.infra], lambda i: _stop_member(ctx, i, timeout))
    if pod.infra in ran:
        problems += _together([pod.infra], lambda i: _stop_member(ctx, i, timeout))
    _raise(pod, "stop", problems)
    return bool(ran)


def _stop_member(ctx: Context, container_id: str, timeout: Optional[float]) -> None:
    try:
        lifecycle.stop(ctx, container_id, timeout=timeout)
    except NotFound:
        return


def restart(ctx: Context, name: str, *, timeout: Optional[float] = None) -> Pod:
    """Stop a pod, and start all of its containers, if they could all be started."""
    from . import readiness

    pod = store.lookup(ctx, name)
    if alive(ctx, pod):
        readiness.check_all(ctx, [record.id for record in everyone(ctx, pod)])
    stop(ctx, name, timeout=timeout)
    return start(ctx, name)


def kill(ctx: Context, name: str, signal: str = "KILL") -> str:
    """Send a signal to all running containers of a pod; its ID, '' when none runs. Raises InvalidInput for a signal
    that there is not."""
    effective.signal_number(signal)
    pod = store.lookup(ctx, name)
    return _each(ctx, pod, "kill", ("running",), lambda i: lifecycle.kill(ctx, i, signal))


def pause(ctx: Context, name: str) -> str:
    """Freeze all running containers of a pod; its ID, '' when none runs."""
    pod = store.lookup(ctx, name)
    return _each(ctx, pod, "pause", ("running",), lambda i: lifecycle.pause(ctx, i))


def unpause(ctx: Context, name: str) -> str:
    """Let all frozen containers of a pod go on; its ID, '' when none is frozen."""
    pod = store.lookup(ctx, name)
    return _each(ctx, pod, "unpause", ("paused",), lambda i: lifecycle.unpause(ctx, i))


def _each(ctx: Context, pod: Pod, verb: str, statuses: Sequence[str], action: Callable[[str], Any]) -> str:
    chosen = [record.id for record in everyone(ctx, pod)
              if runs.state(ctx, record.id).status in statuses]
    problems = []
    for container_id in chosen:
        try:
            action(container_id)
        except EngineError as exc:
            problems.append(str(exc))
    _raise(pod, verb, problems)
    return pod.id if chosen else ""


def _together(ids: Sequence[str], action: Callable[[str], Any]) -> List[str]:
    """Do something to several containers side by side; what failed."""
    problems: List[str] = []

    def one(container_id: str) -> None:
        try:
            action(container_id)
        except (EngineError, OSError) as exc:
            problems.append(str(exc))

    threads = [threading.Thread(target=one, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def _raise(pod: Pod, verb: str, problems: Sequence[str]) -> None:
    if problems:
        raise EngineError("Cannot %s all of the pod %s: %s" % (verb, pod.name, "; ".join(problems)))


def find(ctx: Context, name: str) -> str:
    """The full ID for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    return store.find(ctx, name)


def exists(ctx: Context, name: str) -> bool:
    """Whether there is a pod of this name or ID."""
    try:
        store.find(ctx, name)
        return True
    except NotFound:
        return False


def prune(ctx: Context) -> List[str]:
    """Remove all pods that have run and of which nothing runs any more (podman-pod-prune(1)); their IDs."""
    gone = []
    for pod_id in store.ids(ctx):
        try:
            pod = store.get(ctx, pod_id)
            statuses = {runs.state(ctx, record.id).status for record in everyone(ctx, pod)}
            if "exited" not in statuses or statuses - {"created", "exited"}:
                continue
            gone.append(remove(ctx, pod_id))
        except EngineError:
            continue
    return gone
