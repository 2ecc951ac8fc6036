# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes on disk: ``volumes/<name>/volume.json``, the data in ``_data`` beside it, and who uses it.

A user is the empty file ``users/<container ID>``. A mark of a container that is gone means nothing,
so a crash between the two cannot keep a volume for ever.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any, ContextManager, Dict, List, NamedTuple, Optional, Sequence

from ..context import Context
from ..errors import Damaged, InUse, NotFound
from ..formats import volume as volume_format
from ..formats.volume import VolumeSpec
from ..kernel import documents, files, locks
from . import names


class Volume(NamedTuple):
    """A volume. ``created`` is in seconds since the epoch; ``filled``: image content was copied into it."""

    spec: VolumeSpec
    created: float
    filled: bool = False

    @property
    def name(self) -> str:
        """The volume's name, which is also its ID."""
        return self.spec.name


_VOLUME = {"spec": "dict", "created": "Time", "filled": "bool"}


def lock(ctx: Context, name: str) -> ContextManager[None]:
    """The volume's lock: it guards its document, its users and its being mounted."""
    return locks.locked(ctx.path("locks", "volume-" + name))


def drop_lock(ctx: Context, name: str) -> None:
    """Remove the lock file of a volume that is gone; its holder does this."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "volume-" + name))


def directory(ctx: Context, name: str, *parts: str) -> str:
    """A path in the volume's directory."""
    return ctx.path("volumes", name, *parts)


def data_path(ctx: Context, name: str) -> str:
    """Where the volume's data lies."""
    return directory(ctx, name, "_data")


def create(ctx: Context, spec: VolumeSpec, made_for: str = "") -> Optional[Volume]:
    """Make a volume; None when there is one of that name. ``made_for`` is the container that is being made with it."""
    names.check_name("volume", spec.name)
    with lock(ctx, spec.name):
        if os.path.lexists(directory(ctx, spec.name, "volume.json")):
            return None
        tidy(ctx)
        files.discard(directory(ctx, spec.name))  # without its document
        volume = Volume(spec, time.time())
        files.make_directory(ctx.path("volumes"))
        with files.staged(directory(ctx, spec.name)) as place:
            data = files.make_directory(os.path.join(place, "_data"), 0o755)
            os.chmod(data, 0o755)
            if made_for:
                files.write_plain(os.path.join(place, "made-for"), made_for.encode())
            files.write_json(os.path.join(place, "volume.json"), _document(volume))
        return volume


def tidy(ctx: Context) -> None:
    """Remove what killed commands left of volumes that they were making or removing."""
    files.drop_temporaries(ctx.path("volumes"))


def write(ctx: Context, volume: Volume) -> None:
    """Store a volume's document; the caller holds its lock."""
    files.write_json(directory(ctx, volume.name, "volume.json"), _document(volume))


def _document(volume: Volume) -> Dict[str, Any]:
    return {"spec": volume.spec.to_document(), "created": volume.created, "filled": volume.filled}


def find(ctx: Context, name: str) -> Optional[Volume]:
    """The volume with exactly this name, or None. Raises Damaged."""
    if not names.is_name(name):
        return None
    path = directory(ctx, name, "volume.json")
    document = documents.read(path, "volume", name, _VOLUME)
    if document is None:
        return None
    with documents.built("volume", name, path):
        spec = volume_format.from_document(document["spec"])
        if spec.name != name:
            raise ValueError("it is of the volume %s" % spec.name)
        return Volume(spec, document["created"], document["filled"])


def get(ctx: Context, name: str) -> Volume:
    """The volume with exactly this name; raises NotFound."""
    volume = find(ctx, name)
    if volume is None:
        raise NotFound("There is no volume %r" % name, "Create it, or look at the names of those there are.")
    return volume


def all_volumes(ctx: Context) -> List[Volume]:
    """All volumes, by name; of a damaged one the user is warned."""
    return list(documents.each(all_names(ctx), lambda name: find(ctx, name), ctx.warn))


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of volumes."""
    found: List[Damaged] = []
    list(documents.each(all_names(ctx), lambda name: find(ctx, name), found.append))
    return found


def all_names(ctx: Context) -> List[str]:
    """The names of all volumes, whole or not."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(name for name in os.listdir(ctx.path("volumes")) if not name.startswith("."))
    return []


def add_user(ctx: Context, name: str, container_id: str) -> None:
    """Note that a container uses a volume; raises NotFound when the volume is gone."""
    with lock(ctx, name):
        get(ctx, name)
        files.make_directory(directory(ctx, name, "users"))
        files.mark(directory(ctx, name, "users", container_id))


def drop_user(ctx: Context, name: str, container_id: str) -> None:
    """Note that a container does not use a volume any more."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(directory(ctx, name, "users", container_id))


def used_by(ctx: Context, container_id: str) -> List[str]:
    """The names of the volumes that a container uses, by the marks with them."""
    return [name for name in all_names(ctx) if os.path.lexists(directory(ctx, name, "users", container_id))]


def is_anonymous(ctx: Context, name: str) -> bool:
    """Whether a volume was made for one container; False for one whose document cannot tell."""
    try:
        found = find(ctx, name)
    except Damaged:
        return False
    return found is not None and found.spec.anonymous


def made_for(ctx: Context, name: str) -> str:
    """The ID of the container with which a volume was made, '' for one that was made by itself."""
    return files.word(directory(ctx, name, "made-for")) or ""


def users(ctx: Context, name: str) -> List[str]:
    """The IDs of the containers that use a volume, sorted; marks of containers that are gone do not count."""
    try:
        found = sorted(os.listdir(directory(ctx, name, "users")))
    except FileNotFoundError:
        return []
    return [i for i in found if os.path.isdir(ctx.path("containers", i))]


def refuse_used(name: str, found: Sequence[str]) -> None:
    """Raise InUse when containers, by their IDs, use a volume."""
    if found:
        raise InUse("The volume %s is used by the container %s" % (name, ", ".join(i[:12] for i in found)),
                    "Remove the container first, or force it.")


def remove(ctx: Context, name: str, *, damaged_too: bool = False) -> None:
    """Remove a volume with its data; raises NotFound, InUse that names its users, and Damaged unless that is no
    reason to keep it. The caller has unmounted it."""

    with lock(ctx, name):
        try:
            get(ctx, name)
        except Damaged:
            if not damaged_too:
                raise
        refuse_used(name, users(ctx, name))
        files.discard(directory(ctx, name))
        tidy(ctx)
        drop_lock(ctx, name)
