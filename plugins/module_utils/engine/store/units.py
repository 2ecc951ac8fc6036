# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engine keeps of systemd's units: for whom each one is, and what it made.

``<root>/units/<unit>.json`` holds a Definition; 0600, because a container's environment may hold what is
nobody's business. ``<root>/units/<unit>.id`` names the container or pod that the unit runs now.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, ContextManager, Dict, List, Optional, Tuple

from ..context import Context
from ..errors import Damaged, NotFound
from ..frozen import Frozen, as_dict, misfit
from ..kernel import documents, files, locks


class Definition(Frozen):
    """What a unit runs: a container or a pod (``kind``) by ``name``.

    With ``new`` the unit makes it, from the document ``spec`` of a ContainerSpec or PodSpec, and removes it.
    ``stop_timeout`` None is the container's own. ``wish`` stands for all that its file was made from, and
    ``written`` is the SHA-256 of the file's text: an engine that writes the same wish in other words is no reason to
    start a service anew.
    """

    kind: str
    name: str
    new: bool = False
    sdnotify: str = "conmon"
    stop_timeout: Optional[int] = None
    spec: Dict[str, Any] = {}
    wish: str = ""
    written: str = ""


def _path(ctx: Context, unit: str, kind: str) -> str:
    return ctx.path("units", "%s.%s" % (unit, kind))


def lock(ctx: Context, unit: str) -> ContextManager[None]:
    """The unit's lock: it guards both files."""
    return locks.locked(ctx.path("locks", "unit-" + unit))


def find(ctx: Context, unit: str) -> Optional[Definition]:
    """The definition of a unit (its name without .service), None when there is none. Raises Damaged."""
    path = _path(ctx, unit, "json")
    document = documents.read(path, "unit", unit, {})
    if document is None:
        return None
    with documents.built("unit", unit, path):
        problem = misfit(Definition, document)
        if problem:
            raise ValueError(problem)
        # A newer engine may have noted more.
        return Definition(**{key: content for key, content in document.items() if key in Definition._fields})


def get(ctx: Context, unit: str) -> Definition:
    """The definition of a unit; raises NotFound."""
    found = find(ctx, unit)
    if found is None:
        raise NotFound("The engine knows no unit %s" % unit, "Write it again: the unit module, or generate systemd.")
    return found


def write(ctx: Context, unit: str, definition: Definition) -> None:
    """Store a definition."""
    files.make_directory(ctx.path("units"))
    files.write_json(_path(ctx, unit, "json"), as_dict(definition))


def made(ctx: Context, unit: str) -> str:
    """The ID of what the unit runs, '' when it runs nothing."""
    return files.word(_path(ctx, unit, "id")) or ""


def note_made(ctx: Context, unit: str, made_id: str) -> None:
    """Remember what the unit runs; '' for nothing."""
    if made_id:
        files.write_atomic(_path(ctx, unit, "id"), made_id.encode())
        return
    files.remove(_path(ctx, unit, "id"))


def drop(ctx: Context, unit: str) -> None:
    """Forget a unit."""
    for kind in ("id", "json"):
        files.remove(_path(ctx, unit, kind))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "unit-" + unit))


def _stems(ctx: Context) -> List[str]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(name[:-len(".json")] for name in os.listdir(ctx.path("units")) if name.endswith(".json"))
    return []


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the definitions of units."""
    found: List[Damaged] = []
    list(documents.each(_stems(ctx), lambda unit: find(ctx, unit), found.append))
    return found


def every(ctx: Context) -> Dict[str, Definition]:
    """All units that the engine knows, by their names, in the order of these; of a damaged one the user is warned."""
    def one(name: str) -> Optional[Tuple[str, Definition]]:
        found = find(ctx, name)
        return (name, found) if found is not None else None

    return dict(documents.each(_stems(ctx), one, ctx.warn))
