# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removing directory trees that somebody else filled: relative to descriptors, without following a link.

Neither the depth of a tree nor the number of its files costs memory or descriptors without bound.
"""

from __future__ import annotations

import errno
import itertools
import os
from typing import Callable, List, Optional, Tuple

MAX_OPEN = 64
BATCH = 1000

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Visit = Callable[[int, str], bool]


def remove(parent: int, name: str, visit: Optional[Visit] = None) -> None:
    """Remove the directory ``name`` below the descriptor ``parent``, and all that is in it.

    ``visit`` sees each name that is no directory, with its directory's descriptor, and says whether
    it has taken it away itself. Raises OSError, also when there is no such directory.
    """
    top = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        _empty(top, visit)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=parent)


def remove_path(path: str) -> None:
    """``remove`` by an absolute path whose parent is ours, or of what is in the tree's place; one that is gone is fine.
    Raises OSError."""
    try:
        parent = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove(parent, os.path.basename(path))
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        os.unlink(os.path.basename(path), dir_fd=parent)
    finally:
        os.close(parent)


def empty(path: str) -> None:
    """Remove all that is in a directory, which stays. Raises OSError."""
    top = os.open(path, _DIRECTORY)
    try:
        _empty(top, None)
    finally:
        os.close(top)


def _empty(top: int, visit: Optional[Visit]) -> None:
    stack: List[Tuple[int, str]] = [(top, "")]
    try:
        while True:
            fd, name = stack[-1]
            below = _files(fd, visit)
            if below is None:
                if len(stack) == 1:
                    return
                stack.pop()
                os.close(fd)
                os.rmdir(name, dir_fd=stack[-1][0])
            elif len(stack) < MAX_OPEN:
                stack.append((os.open(below, _DIRECTORY, dir_fd=fd), below))
            else:
                _lift(fd, below, top)
    finally:
        for fd, _name in stack[1:]:
            os.close(fd)


def _files(fd: int, visit: Optional[Visit]) -> Optional[str]:
    """Remove what is no directory; the first directory that was met, or None when all is gone."""
    while True:
        with os.scandir(fd) as rows:
            batch = list(itertools.islice(rows, BATCH))
        if not batch:
            return None
        below = None
        for row in batch:
            if row.is_dir(follow_symlinks=False):
                below = below or row.name
            elif visit is None or not visit(fd, row.name):
                os.unlink(row.name, dir_fd=fd)
        if below is not None:
            return below


def _lift(fd: int, name: str, top: int) -> None:
    """Move a directory that lies too deep up to the top, where its turn comes."""
    for number in itertools.count():
        try:
            os.rename(name, ".deep.%d" % number, src_dir_fd=fd, dst_dir_fd=top)
            return
        except OSError as exc:
            if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
