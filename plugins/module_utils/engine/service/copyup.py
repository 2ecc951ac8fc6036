# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copy what an image has at a volume's target into the volume, when it is first used and empty.

Everything goes relative to directory descriptors and follows no link, because both trees were
filled by somebody else.
"""

from __future__ import annotations

import errno
import os
from typing import Optional, Tuple, Union

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..kernel import copytree, files, inroot, tree
from ..store import volumes as store

FILLING = "filling"  # the file that is in the volume's directory meanwhile


def fill(ctx: Context, name: str, root: str, target: str, owner: Optional[Tuple[int, int]] = None) -> None:
    """Copy the directory ``target`` inside ``root`` into the volume, once in the volume's life.

    A volume that has content already is left as it is. The volume's own directory takes over
    owner and mode of the target; where the image has no such directory, ``owner``.
    Raises EngineError when the disk is full; the next start then tries again.
    """
    with store.lock(ctx, name):
        volume = store.get(ctx, name)
        if volume.filled:
            return
        _drop_torn(ctx, name)
        if _is_empty(store.data_path(ctx, name)):
            try:
                _fill_empty(ctx, name, root, target, owner)
            except BaseException:
                _drop_torn(ctx, name)
                raise
        store.write(ctx, volume._replace(filled=True))


def drop_torn(ctx: Context, name: str) -> None:
    """Empty a volume that a killed command was about to fill; for who uses it without filling it."""
    if os.path.exists(store.directory(ctx, name, FILLING)):
        with store.lock(ctx, name):
            _drop_torn(ctx, name)


def is_torn(ctx: Context, name: str) -> bool:
    """Whether a volume was being filled by a command that is gone."""
    if not os.path.exists(store.directory(ctx, name, FILLING)):
        return False
    with store.lock(ctx, name):
        return os.path.exists(store.directory(ctx, name, FILLING))


def _drop_torn(ctx: Context, name: str) -> None:
    mark = store.directory(ctx, name, FILLING)
    if os.path.exists(mark):
        if not store.get(ctx, name).filled:
            tree.empty(store.data_path(ctx, name))
        files.remove(mark)


def _is_empty(directory: Union[str, int]) -> bool:
    with os.scandir(directory) as entries:
        return next(entries, None) is None


def _fill_empty(ctx: Context, name: str, root: str, target: str, owner: Optional[Tuple[int, int]]) -> None:
    """Copy, under a mark that tells of a copy that was cut short."""
    data, mark = store.data_path(ctx, name), store.directory(ctx, name, FILLING)
    try:
        source = inroot.open_in_root(root, target, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            if owner is not None:
                os.chown(data, owner[0], owner[1])
            return
        if exc.errno in (errno.ENOTDIR, errno.ELOOP):
            raise InvalidInput("%s in the image is no directory, a volume cannot be mounted there" % target) from exc
        raise EngineError("Cannot read %s in the image: %s" % (target, exc.strerror)) from exc
    try:
        if _is_empty(source):
            _copy(source, data)
            return
        with files.together():
            files.mark(mark)
        _copy(source, data)
        files.sync_filesystem(data)
    finally:
        os.close(source)
    files.remove(mark, durable=False)  # It goes for good with the document that follows.


def _copy(source: int, data: str) -> None:
    into = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        copytree.Copier().tree(source, into)
    except OSError as exc:
        raise files.write_error(data, exc) from exc
    finally:
        os.close(into)
