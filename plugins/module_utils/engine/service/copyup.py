# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copy what an image has at a volume's target into the volume, when it is first used and empty.

Everything goes relative to directory descriptors and follows no link, because both trees were
filled by somebody else.
"""

from __future__ import annotations

import errno
import os
from typing import Optional, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..kernel import copytree, files, inroot
from ..store import volumes as store


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
        data = store.data_path(ctx, name)
        with os.scandir(data) as entries:
            empty = next(entries, None) is None
        if empty:
            _fill_directory(root, target, data, owner)
            with os.scandir(data) as entries:
                if next(entries, None) is not None:
                    files.sync_filesystem(data)
        store.write(ctx, volume._replace(filled=True))


def _fill_directory(root: str, target: str, data: str, owner: Optional[Tuple[int, int]]) -> None:
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
        into = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            copytree.Copier().tree(source, into)
        except OSError as exc:
            raise files.write_error(data, exc) from exc
        finally:
            os.close(into)
    finally:
        os.close(source)
