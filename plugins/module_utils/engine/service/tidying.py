# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clear what killed commands and power cuts left, of all kinds of objects.

What the next command of the same kind clears by itself is cleared here, too, and what nobody comes across: files of
processes that are gone, directories of containers that were never recorded, claims and locks that nothing holds.
"""

from __future__ import annotations

import contextlib
import os
from typing import List

from ..context import Context
from ..errors import EngineError, TimedOut
from ..kernel import files, tree
from ..store import collection, containers, images, layers, names, pods, secrets, volumes
from . import journal

# Where small files are written aside and renamed; ``*`` are the objects' own directories.
PLACES = ("pending", "names/containers", "networks", "pods", "units", "engine", "containers/*", "volumes/*",
          "secrets/*")
RUN_PLACES = ("pending", "aside", "ports", "endpoints", "dns", "containers/*", "ipam/*")


def tidy(ctx: Context) -> List[str]:
    """Clear it; the keys of the notes that were repaired. Living commands are not disturbed."""
    repaired = journal.repair(ctx) + journal.sweep(ctx)
    secrets.tidy(ctx)
    volumes.tidy(ctx)
    layers.discard_staging(ctx)
    with images.lock(ctx):
        collection.tidy(ctx)
    for place in [ctx.path(row) for row in PLACES] + [ctx.run(row) for row in RUN_PLACES]:
        for directory in _every(place):
            files.drop_temporaries(directory)
    _drop_unrecorded(ctx)
    _drop_claims(ctx)
    _drop_locks(ctx)
    return repaired


def _every(place: str) -> List[str]:
    """A directory; or with ``*`` at the end all that are in one."""
    if not place.endswith("/*"):
        return [place]
    with contextlib.suppress(FileNotFoundError):
        return [os.path.join(place[:-2], name) for name in os.listdir(place[:-2])]
    return []


def _drop_unrecorded(ctx: Context) -> None:
    """Remove the directories of containers that have no document and that no note knows of."""
    for container_id in containers.ids(ctx):
        if _is_container(ctx, container_id) or container_id in journal.pending(ctx):
            continue
        with contextlib.suppress(TimedOut), containers.lock(ctx, container_id, timeout=0):
            if not _is_container(ctx, container_id) and container_id not in journal.pending(ctx):
                with contextlib.suppress(OSError):
                    tree.remove_path(containers.directory(ctx, container_id))
                containers.drop_lock(ctx, container_id)


def _is_container(ctx: Context, container_id: str) -> bool:
    return os.path.lexists(containers.directory(ctx, container_id, "container.json"))


def _drop_claims(ctx: Context) -> None:
    """Give back the names of containers and pods that neither exist nor are being made."""
    for name in names.every(ctx, "containers"):
        holder = names.owner(ctx, "containers", name)
        if holder is None or _is_container(ctx, holder) or pods.exists(ctx, holder):
            continue
        if not {holder, "pod-" + holder} & set(journal.pending(ctx)):
            names.release(ctx, "containers", name, holder)


def _drop_locks(ctx: Context) -> None:
    """Remove the lock files of objects that are gone; one that somebody holds or waits for is left."""
    places = {"container-pod-": "pods/%s.json", "container-": "containers/%s", "volume-": "volumes/%s",
              "layer-": "layers/%s", "secret-": "names/secrets/%s"}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("locks")):
            prefix = next((one for one in places if name.startswith(one)), "")
            if not prefix:
                continue
            target = ctx.path(places[prefix] % name[len(prefix):])
            if os.path.lexists(target) or name.partition("-")[2] in journal.pending(ctx):
                continue
            with contextlib.suppress(EngineError), files.locked(ctx.path("locks", name), timeout=0):
                if not os.path.lexists(target):
                    os.unlink(ctx.path("locks", name))
