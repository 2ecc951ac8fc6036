# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What systemd calls for a unit: start its container or pod, stop it, and clear up behind it.

A unit that makes its container makes it anew at each start. One of the same name that somebody else has made
meanwhile is the newer wish: its definition becomes the unit's, and it is what the unit runs. One that other containers
need is not made anew, but started again.
"""

from __future__ import annotations

import os
import sys
from typing import Optional

from ..context import Context
from ..errors import EngineError, InUse, InvalidInput, NotFound
from ..formats import container as container_format
from ..frozen import replace
from ..kernel import notify
from ..store import containers as store
from ..store import pods as pod_store
from ..store import runs, units
from ..store.containers import Record
from ..store.units import Definition

HEALTHY_PATIENCE = 3600.0  # seconds; systemd's own limit (TimeoutStartSec) comes first


def main(ctx: Context, verb: str, unit: str) -> int:
    """``unit-start``, ``unit-stop`` or ``unit-end``; the exit code. Errors go to the journal."""
    from . import rootless

    try:
        for warning in rootless.enter(ctx):
            sys.stderr.write("Warning: %s\n" % warning)
        {"unit-start": start, "unit-stop": stop, "unit-end": end}[verb](ctx, unit)
        return 0
    except EngineError as exc:
        sys.stderr.write("Error: %s\n%s\n" % (exc.message, exc.hint or ""))
        return exc.exit_code


def start(ctx: Context, unit: str) -> None:
    """Start what the unit runs, and tell systemd which process to watch. Raises EngineError."""
    with units.lock(ctx, unit):
        definition = units.get(ctx, unit)
        container_id = _pod(ctx, unit, definition) if definition.kind == "pod" else prepared(ctx, unit, definition)
    record = run(ctx, container_id, unit)
    announce(ctx, record, definition.sdnotify)


def run(ctx: Context, container_id: str, unit: str) -> Record:
    """Run a container as a part of this process's control group; one that runs elsewhere is started again here."""
    from . import lifecycle, passing, persist, readiness

    # The link that led here may soon lead to another copy: this one stays while it works.
    persist.ensure(ctx, container_id)
    with store.held(ctx, container_id) as record:
        state = runs.state(ctx, container_id)
        if state.running:
            readiness.check(ctx, record)
        if state.status != "created":
            lifecycle.stop_locked(ctx, record, None)

    def mark(started: Record) -> None:
        runs.write_state(ctx, started.id, dict(runs.state(ctx, started.id).raw, unit=unit))

    return lifecycle.start(passing.to_containers(ctx, os.environ), container_id, after_start=mark)


def announce(ctx: Context, record: Record, when: str) -> None:
    """Tell systemd that the service is up: now ('conmon') or when the container is ``healthy``.

    Raises EngineError when the container has ended meanwhile, or is not healthy.
    """
    if when == "healthy":
        from . import health

        # This process stays the service's main one until then: when it fails, the service has failed.
        health.wait_healthy(ctx, record, HEALTHY_PATIENCE)
    state = runs.state(ctx, record.id)
    if not state.conmon_pid:
        code = runs.state(ctx, record.id).exit_code
        if code:
            raise EngineError("The container %s ended with exit code %d" % (record.name, code), "Look at its log.")
        notify.send("READY=1\nSTATUS=Container %s has ended" % record.id[:12])
        return
    notify.send("MAINPID=%d\nREADY=1\nSTATUS=Container %s" % (state.conmon_pid, record.id[:12]))


def announce_pod(ctx: Context, pod: pod_store.Pod) -> None:
    """Tell systemd that a pod is up, and to watch its infra container. Raises InvalidInput for one without."""
    if not pod.infra:
        raise no_infra(pod)
    announce(ctx, store.get(ctx, pod.infra), "conmon")


def no_infra(pod: pod_store.Pod) -> InvalidInput:
    """The error for a pod that has nothing to watch."""
    return InvalidInput("The pod %s has no infra container that a unit could watch" % pod.name, "Make it with infra.")


def prepared(ctx: Context, unit: str, definition: Definition) -> str:
    """The ID of the unit's container, which is made when the unit makes its own."""
    if not definition.new:
        return store.find(ctx, definition.name)
    from . import creation, removal

    there = _id_of(ctx, definition.name)
    if there and there == units.made(ctx, unit):
        try:
            removal.remove(ctx, there, force=True, volumes=True)
        except InUse:
            if store.get(ctx, there).spec != container_format.from_document(definition.spec):
                raise
            return there
    elif there:
        record = store.get(ctx, there)
        units.write(ctx, unit, replace(definition, spec=record.spec.to_document()))
        units.note_made(ctx, unit, there)
        return there
    record = creation.create(ctx, container_format.from_document(definition.spec))
    units.note_made(ctx, unit, record.id)
    return record.id


def _id_of(ctx: Context, name: str) -> str:
    raw = store.raw_document(ctx, name)
    return raw["id"] if raw is not None else ""


def _pod(ctx: Context, unit: str, definition: Definition) -> str:
    """The ID of the infra container of the unit's pod, which is made when the unit makes its own."""
    from . import pods

    pod: Optional[pod_store.Pod] = None
    if pods.exists(ctx, definition.name):
        pod = pod_store.lookup(ctx, definition.name)
        if definition.new and pod.id != units.made(ctx, unit):
            units.write(ctx, unit, replace(definition, spec=pod.spec.to_document()))
        elif definition.new:
            pods.remove(ctx, pod.id, force=True)
            pod = None
    elif not definition.new:
        raise NotFound("There is no pod %s" % definition.name, "Make it, or write the unit with new.")
    if pod is None:
        from ..formats import pod as pod_format

        pod = pods.create(ctx, pod_format.from_document(definition.spec))
    if definition.new:
        units.note_made(ctx, unit, pod.id)
    if not pod.infra:
        raise no_infra(pod)
    return pod.infra


def stop(ctx: Context, unit: str) -> None:
    """Stop what the unit runs; nothing to do when it is gone."""
    definition = units.get(ctx, unit)
    _stop(ctx, unit, definition, definition.stop_timeout)


def _stop(ctx: Context, unit: str, definition: Definition, timeout: Optional[float]) -> None:
    from . import lifecycle, pods

    name = units.made(ctx, unit) if definition.new else definition.name
    if not name:
        return
    try:
        if definition.kind == "pod":
            pods.stop(ctx, name, timeout=timeout)
        else:
            lifecycle.stop(ctx, store.find(ctx, name), timeout=timeout)
    except NotFound:
        return


def end(ctx: Context, unit: str) -> None:
    """The service is down, however that came: nothing of it may run on, and what the unit made is removed."""
    definition = units.get(ctx, unit)
    with units.lock(ctx, unit):
        if not definition.new:
            _stop(ctx, unit, definition, definition.stop_timeout)
            return
        try:
            _remove(ctx, definition, units.made(ctx, unit))
        except InUse as exc:
            _stop(ctx, unit, definition, definition.stop_timeout)
            sys.stderr.write("It is kept for the next start: %s\n" % exc.message)
            return
        units.note_made(ctx, unit, "")


def _remove(ctx: Context, definition: Definition, made: str) -> None:
    from . import pods, removal

    if not made:
        return
    try:
        if definition.kind == "pod":
            pods.remove(ctx, made, force=True, timeout=definition.stop_timeout)
        elif os.path.isdir(store.directory(ctx, made)):
            removal.remove(ctx, made, force=True, volumes=True, timeout=definition.stop_timeout)
    except NotFound:
        return
