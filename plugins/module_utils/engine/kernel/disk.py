# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How large a directory tree is that somebody else fills meanwhile: by descriptors, without following a link."""

from __future__ import annotations

import contextlib
import os
from typing import Optional, Set, Tuple

# Deeper directories are not counted; each level takes two descriptors.
MAX_DEPTH = 128

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def size(path: str) -> int:
    """The bytes of the files below a directory; a file with several names counts once. 0 where there is none."""
    return _below(path, None, set(), 0)


def _below(name: str, parent: Optional[int], seen: Set[Tuple[int, int]], depth: int) -> int:
    total = 0
    try:
        fd = os.open(name, _DIRECTORY, dir_fd=parent)
    except OSError:
        return 0
    try:
        with os.scandir(fd) as rows:
            for row in rows:
                # What vanishes meanwhile does not count.
                with contextlib.suppress(OSError):
                    total += _one(row, fd, seen, depth)
    finally:
        os.close(fd)
    return total


def _one(row: os.DirEntry[str], fd: int, seen: Set[Tuple[int, int]], depth: int) -> int:
    if row.is_dir(follow_symlinks=False):
        return _below(row.name, fd, seen, depth + 1) if depth < MAX_DEPTH else 0
    status = row.stat(follow_symlinks=False)
    if status.st_nlink > 1:
        if (status.st_dev, status.st_ino) in seen:
            return 0
        seen.add((status.st_dev, status.st_ino))
    return status.st_size
