# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client's streams on a container: ``run`` and ``start`` in the foreground, and ``attach``."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import List, Optional

from ..context import Context
from ..errors import NotFound, WrongState
from ..kernel import locks
from ..runtime import attach as attachment
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from . import lifecycle, removal
from .exec import Streams


def start(ctx: Context, container_id: str, streams: Streams) -> Optional[int]:
    """Start a container with the client attached from its first byte on.

    Returns its exit code, None when the client detached. One made with ``rm`` is gone then.
    """
    held: List[attachment.Attachment] = []
    with contextlib.ExitStack() as stack:
        def connect(record: Record) -> None:
            client = stack.enter_context(attachment.Attachment(store.run_directory(ctx, record.id, "bundle")))
            if streams.attached is not None:
                streams.attached(client)
            held.append(client)

        def hold(record: Record) -> None:
            # Keeps the run's files until the exit code is read, though the container may be removed at its end.
            stack.enter_context(locks.locked(store.run_directory(ctx, record.id, "wait.lock"), shared=True))
            if streams.started is not None:
                streams.started(record)

        record = lifecycle.start(ctx, container_id, before_start=connect, after_start=hold)
        if not held:
            raise WrongState("The container %s runs already" % record.name, "Attach to it.")
        code = _follow(ctx, record, held[0], streams)
    if code is not None and record.spec.rm and record.spec.restart_policy == "no":
        remove_ended(ctx, record)
    return code


def attach(ctx: Context, container_id: str, streams: Streams) -> Optional[int]:
    """Connect the client to a running container; its exit code, or None when the client detached."""
    record, state = store.get(ctx, container_id), runs.state(ctx, container_id)
    if state.status != "running":
        raise WrongState("The container %s does not run" % record.name, "Start it first.")
    with contextlib.ExitStack() as stack:
        stack.enter_context(locks.locked(store.run_directory(ctx, container_id, "wait.lock"), shared=True))
        client = stack.enter_context(attachment.Attachment(store.run_directory(ctx, container_id, "bundle")))
        if streams.attached is not None:
            streams.attached(client)
        if streams.started is not None:
            streams.started(record)
        if record.spec.tty:
            # What was drawn is gone; this makes a shell or an editor draw it again.
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGWINCH)
        return _follow(ctx, record, client, streams)


def _follow(ctx: Context, record: Record, client: attachment.Attachment, streams: Streams) -> Optional[int]:
    state = runs.state(ctx, record.id)
    finished = client.stream(streams.output or _to_own_descriptors, streams.stdin, detach=streams.detach,
                             terminal=record.spec.tty)
    if not finished:
        return None
    if not state.running:
        return state.exit_code
    code = lifecycle.exit_code_of(ctx, record.id, state, None)
    return runs.UNKNOWN_EXIT if code is None else code


def _to_own_descriptors(stream: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(2 if stream == attachment.STDERR else 1, view):]


def remove_ended(ctx: Context, record: Record) -> None:
    """Remove a container whose run has ended; the hook may have been quicker."""
    with contextlib.suppress(NotFound), store.held(ctx, record.id):
        if not runs.state(ctx, record.id).running:
            removal.remove_locked(ctx, record, volumes=True)
