# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers for containers with a user namespace of their own: copies whose files belong to the mapped IDs.

``<root>/layers-mapped/<digest of the mapping>/<chain ID>/`` is made with the first container that needs
it, appears by rename when it is complete, and goes with its layer. Shifting at mount time instead
(idmapped mounts) takes rights over the file system that a user without root does not have.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import List, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..formats import idmap
from ..kernel import copytree, files, locks, tree
from . import layers

Maps = Tuple[idmap.Mapping, idmap.Mapping]  # of user IDs and of group IDs


def lowers(ctx: Context, chain_ids: Sequence[str], maps: Maps) -> List[str]:
    """As layers.lowers, with the mapped copies; those that are missing are made. Raises EngineError, InvalidInput."""
    home = ctx.path("layers-mapped", hashlib.sha256(repr(maps).encode()).hexdigest()[:16])
    result = []
    for path in layers.lowers(ctx, chain_ids):
        chain_ = os.path.basename(os.path.dirname(path))
        # Without layers there is one empty directory, which is not below layers/<chain ID>.
        result.append(_copy(ctx, path, os.path.join(home, chain_), maps) if layers.exists(ctx, chain_) else path)
    return result


def _copy(ctx: Context, source: str, target: str, maps: Maps) -> str:
    if os.path.isdir(target):
        return target
    name = "mapped-%s-%s" % tuple(target.split("/")[-2:])
    with locks.locked(ctx.path("locks", name)):
        if not os.path.isdir(target):
            staging = os.path.join(files.make_directory(os.path.dirname(target)), "." + os.path.basename(target))
            tree.remove_path(staging)
            os.mkdir(staging, 0o700)
            try:
                _fill(source, staging, maps)
                os.rename(staging, target)
            finally:
                tree.remove_path(staging)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ctx.path("locks", name))
    return target


def _fill(source: str, staging: str, maps: Maps) -> None:
    def owner(uid: int, gid: int) -> Tuple[int, int]:
        mapped = idmap.to_outside(maps[0], uid), idmap.to_outside(maps[1], gid)
        if -1 in mapped:
            raise InvalidInput("The image has files of %s, which the container's user namespace does not have"
                               % ("user %d" % uid if mapped[0] < 0 else "group %d" % gid),
                               "Map more IDs, for example by size=.")
        return mapped

    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    reader = os.open(source, flags)
    try:
        writer = os.open(staging, flags)
        try:
            copytree.Copier(owner, layer=True).tree(reader, writer)
        except OSError as exc:
            raise EngineError("Cannot copy the layer %s for a user namespace: %s" % (source, exc)) from exc
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def drop(ctx: Context, chain_: str) -> None:
    """Remove the copies of a layer that is going."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("layers-mapped")):
            tree.remove_path(ctx.path("layers-mapped", name, chain_))
            with contextlib.suppress(OSError):
                os.rmdir(ctx.path("layers-mapped", name))


def largest_owner(ctx: Context, chain_ids: Sequence[str]) -> int:
    """The largest user or group ID that owns a file of these layers."""
    largest = 0
    for path in layers.lowers(ctx, chain_ids):
        for _directory, _below, found, descriptor in os.fwalk(path, follow_symlinks=False):
            statuses = [os.fstat(descriptor)]
            statuses += [os.stat(name, dir_fd=descriptor, follow_symlinks=False) for name in found]
            largest = max([largest, *(max(status.st_uid, status.st_gid) for status in statuses)])
    return largest
