# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is being done to a container, so that the next command can repair what a killed one left.

Before a container is created, started or removed, a note ``pending/<id>`` says so; it goes away when
the work, or its undoing, is complete. A note whose container's lock is free belongs to nobody
alive: creating and starting are then undone, removing is completed. Normally the directory is
empty, so looking costs one system call.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, List

from ..context import Context
from ..errors import EngineError, TimedOut
from ..kernel import files
from ..store import containers as store

Undo = Callable[[Context, str, Dict[str, Any]], None]


def _path(ctx: Context, key: str) -> str:
    return ctx.path("pending", key)


def begin(ctx: Context, key: str, note: Dict[str, Any]) -> None:
    """Note what is about to be done; the caller holds the lock for ``key``."""
    files.make_directory(ctx.path("pending"))
    files.write_json(_path(ctx, key), note, durable=False)


def end(ctx: Context, key: str) -> None:
    """It is done, or undone."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(ctx, key))


@contextlib.contextmanager
def work(ctx: Context, container_id: str, verb: str, undo: Undo, note: Dict[str, Any]) -> Iterator[None]:
    """Do the body under a note; an error undoes it. The caller holds the container's lock."""
    begin(ctx, container_id, dict(note, verb=verb))
    try:
        yield
    except BaseException:
        # A failing undo leaves the note: the next command tries again.
        undo(ctx, container_id, note)
        end(ctx, container_id)
        raise
    end(ctx, container_id)


def pending(ctx: Context) -> List[str]:
    """The keys of all notes."""
    try:
        return [name for name in os.listdir(ctx.path("pending")) if not name.endswith(".tmp")]
    except FileNotFoundError:
        return []


def repair(ctx: Context) -> List[str]:
    """Undo or complete what killed commands left; the keys of what was repaired.

    What another, living command is doing is left alone: it holds the lock.
    """
    repaired = []
    for key in pending(ctx):
        try:
            with store.lock(ctx, key, timeout=0):
                repaired += [key] if _repair_one(ctx, key) else []
                if not os.path.exists(store.directory(ctx, key)):
                    # Whoever held it may have removed it; taking the lock has made its file anew.
                    store.drop_lock(ctx, key)
        except TimedOut:
            continue
    if repaired:
        for place in (ctx.path("names", "containers"), ctx.path("pending"), ctx.run("ports"), ctx.run("endpoints"),
                      *(store.directory(ctx, key) for key in repaired)):
            files.drop_temporaries(place)
        from . import networks

        # An address or port that was claimed, but not yet noted with its container.
        networks.repair(ctx)
    return repaired


def _repair_one(ctx: Context, key: str) -> bool:
    note = files.read_json(_path(ctx, key))
    if note is None:
        return False
    from . import cleanup, creation, podchange, pods, removal, replace

    steps: Dict[str, Undo] = {"create": creation.undo, "start": cleanup.undo_start, "remove": removal.complete,
                              "replace": replace.undo, "pod-create": pods.undo_create,
                              "pod-remove": pods.complete_removal, "pod-replace": podchange.undo_replace}
    step = steps.get(note.get("verb", ""))
    if step is None:
        raise EngineError("The note %s is damaged" % _path(ctx, key), "Remove that file.")
    step(ctx, key, note)
    end(ctx, key)
    return True


def sweep(ctx: Context) -> List[str]:
    """Take down the runs that ended while nobody was there, because conmon was killed too; their IDs."""
    from . import cleanup

    found = []
    with contextlib.suppress(FileNotFoundError):
        for container_id in os.listdir(ctx.run("containers")):
            state = store.state(ctx, container_id)
            if state.running or state.status == "restarting" or state.conmon_pid:
                continue
            with contextlib.suppress(TimedOut), store.lock(ctx, container_id, timeout=0):
                if not store.state(ctx, container_id).running:
                    cleanup.end_run(ctx, container_id)
                    found.append(container_id)
                if not os.path.exists(store.directory(ctx, container_id)):
                    store.drop_lock(ctx, container_id)
    return found
