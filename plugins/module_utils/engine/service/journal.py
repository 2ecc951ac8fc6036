# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is being done to a container, so that the next command can repair what a killed one left.

Before a container is created, started or removed, a note says so; it goes away when the work, or its
undoing, is complete. A note whose container's lock is free belongs to nobody alive: creating and starting
are then undone, removing is completed. Normally the directories are empty, so looking costs two system calls.

``<root>/pending/<key>`` is on the disk before the work begins, so a torn note's work has not begun. Of a start
nothing is left after a reboot: its note is below the run root. There, too, is that of a removal which
finds no space: what frees space goes on without any note in the end. No note stands in the way of another one.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Callable, Dict, Iterator, List, Optional

from ..context import Context
from ..errors import EngineError, InvalidInput, NoSpace, TimedOut
from ..kernel import files
from ..store import containers as store
from ..store import runs

Undo = Callable[[Context, str, Dict[str, Any]], None]

VOLATILE = ("start",)
FREEING = ("remove", "pod-remove")
STEPWISE = ("replace", "pod-replace")


def _paths(ctx: Context, key: str) -> List[str]:
    return [ctx.path("pending", key), ctx.run("pending", key)]


def begin(ctx: Context, key: str, note: Dict[str, Any]) -> None:
    """Note what is about to be done; the caller holds the lock for ``key``."""
    durable, volatile = _paths(ctx, key)
    if note["verb"] in VOLATILE:
        _write(volatile, note, durable=False)
        return
    try:
        _write(durable, note, durable=True)
    except NoSpace:
        if note["verb"] not in FREEING:
            raise
        with contextlib.suppress(EngineError):
            _write(volatile, note, durable=False)


def _write(path: str, note: Dict[str, Any], *, durable: bool) -> None:
    files.make_directory(os.path.dirname(path))
    with files.together():  # now, whatever is to be synced later
        if os.path.exists(path):
            files.write_json(path, note, durable=durable)
        else:
            # Not by renaming: a torn one says as much as none, and this way one commit of the file system is enough.
            files.write_plain(path, json.dumps(note, sort_keys=True).encode(), durable=durable)


def end(ctx: Context, key: str, *, durable: bool = False) -> None:
    """It is done, or undone. ``durable`` where it would do harm to do it again after a power cut.

    That the note cannot be removed is no failure of what it is about; the next command does that again.
    """
    for path in _paths(ctx, key):
        with contextlib.suppress(EngineError):
            files.remove(path, durable=durable)


@contextlib.contextmanager
def work(ctx: Context, container_id: str, verb: str, undo: Undo, note: Dict[str, Any]) -> Iterator[None]:
    """Do the body under a note; an error undoes it. The caller holds the container's lock.

    What the body makes is on the disk when this returns. ``undo`` sees from ``note["failed"]`` that the body has
    raised, and was not killed.
    """
    try:
        begin(ctx, container_id, dict(note, verb=verb))
    except BaseException:
        if not os.path.exists(store.directory(ctx, container_id)):
            store.drop_lock(ctx, container_id)
        raise
    try:
        # What has several steps needs each of them on the disk before the next one.
        with contextlib.nullcontext() if verb in STEPWISE else files.together():
            yield
    except BaseException:
        # A failing undo leaves the note: the next command tries again.
        note["failed"] = True
        with files.together():
            undo(ctx, container_id, note)
        end(ctx, container_id)
        raise
    end(ctx, container_id, durable=verb in STEPWISE)


def pending(ctx: Context) -> List[str]:
    """The keys of all notes."""
    found: Dict[str, None] = {}
    for directory in (ctx.path("pending"), ctx.run("pending")):
        with contextlib.suppress(FileNotFoundError):
            found.update((name, None) for name in os.listdir(directory) if not name.endswith(".tmp"))
    return list(found)


def repair(ctx: Context) -> List[str]:
    """Undo or complete what killed commands left; the keys of what was repaired.

    What another, living command is doing is left alone: it holds the lock. What cannot be repaired now
    keeps its note and hinders nothing else; ``problems`` tells of it.
    """
    repaired = []
    for key in pending(ctx):
        with contextlib.suppress(EngineError, OSError), store.lock(ctx, key, timeout=0):
            repaired += [key] if _repair_one(ctx, key) else []
            if not os.path.exists(store.directory(ctx, key)):
                # Whoever held it may have removed it; taking the lock has made its file anew.
                store.drop_lock(ctx, key)
    if repaired:
        for place in (ctx.path("names", "containers"), ctx.path("pending"), ctx.run("pending"), ctx.run("ports"),
                      ctx.run("endpoints"), *(store.directory(ctx, key) for key in repaired)):
            files.drop_temporaries(place)
        from . import networks

        # An address or port that was claimed, but not yet noted with its container.
        networks.repair(ctx)
    return repaired


def problems(ctx: Context) -> List[str]:
    """Try what ``repair`` could not do, and say what hinders it."""
    found = []
    for key in pending(ctx):
        try:
            with store.lock(ctx, key, timeout=0):
                _repair_one(ctx, key)
        except TimedOut:
            continue
        except (EngineError, OSError) as exc:
            found.append("%s: %s" % (next(filter(os.path.exists, _paths(ctx, key)), key), exc))
    return found


def _read(ctx: Context, key: str) -> Optional[Dict[str, Any]]:
    """The note; None when there is none, or only a torn one, which goes."""
    for path in _paths(ctx, key):
        try:
            note = files.read_json(path)
        except InvalidInput:
            note = ""
        if isinstance(note, dict):
            return note
        if note is not None:
            files.remove(path, durable=False)
    return None


def _repair_one(ctx: Context, key: str) -> bool:
    note = _read(ctx, key)
    if note is None:
        return False
    from . import cleanup, creation, podchange, pods, removal, replace, update

    steps: Dict[str, Undo] = {"create": creation.undo, "start": cleanup.undo_start, "remove": removal.complete,
                              "rename": update.finish_rename, "replace": replace.undo,
                              "pod-create": pods.undo_create, "pod-remove": pods.complete_removal,
                              "pod-replace": podchange.undo_replace}
    step = steps.get(note.get("verb", ""))
    if step is None:
        raise EngineError("Another version of the engine has begun what the note says", "Let that one finish it.")
    try:
        with files.together():
            step(ctx, key, note)
    except (KeyError, TypeError, AttributeError) as exc:
        raise EngineError("The note lacks what repairing takes: %r" % exc, "Remove that file.") from exc
    end(ctx, key)
    return True


def sweep(ctx: Context) -> List[str]:
    """Take down the runs that ended while nobody was there, because conmon was killed too; their IDs."""
    from . import cleanup

    found = []
    with contextlib.suppress(FileNotFoundError):
        for container_id in (name for name in os.listdir(ctx.run("containers")) if len(name) == 64):
            state = runs.state(ctx, container_id)
            if state.running or state.status in ("restarting", "unknown") or state.conmon_pid:
                continue
            with contextlib.suppress(TimedOut), store.lock(ctx, container_id, timeout=0):
                if not runs.state(ctx, container_id).running:
                    cleanup.end_run(ctx, container_id)
                    found.append(container_id)
                if not os.path.exists(store.directory(ctx, container_id)):
                    store.drop_lock(ctx, container_id)
    return found
