# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of directory trees by descriptors: no link is followed, owners, modes, times and attributes are kept."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Callable, Dict, Tuple

CHUNK = 8 * 1024 * 1024
OVERLAY = ("trusted.overlay.", "user.overlay.")

Owner = Callable[[int, int], Tuple[int, int]]


def _same(uid: int, gid: int) -> Tuple[int, int]:
    return uid, gid


class Copier:
    """``owner`` gives the owner of a copy for (user, group) of the original; what it raises ends the copying.

    With ``layer`` an overlay's marks (whiteouts, opaque directories) are copied too; without, left out.
    """

    def __init__(self, owner: Owner = _same, *, layer: bool = False) -> None:
        self._owner, self._layer = owner, layer
        self._linked: Dict[Tuple[int, int], str] = {}

    def tree(self, source: int, into: int) -> None:
        """Copy the content and the attributes of one open directory into another. Raises OSError."""
        for name in sorted(os.listdir(source)):
            status = os.stat(name, dir_fd=source, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                self._directory(source, into, name)
            elif stat.S_ISLNK(status.st_mode):
                os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=into)
                os.chown(name, *self._owner(status.st_uid, status.st_gid), dir_fd=into, follow_symlinks=False)
            elif stat.S_ISREG(status.st_mode):
                self._file(source, into, name)
            elif not stat.S_ISSOCK(status.st_mode):
                os.mknod(name, status.st_mode, status.st_rdev, dir_fd=into)
                os.chown(name, *self._owner(status.st_uid, status.st_gid), dir_fd=into, follow_symlinks=False)
        self._attributes(source, into)

    def _directory(self, source: int, into: int, name: str) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
        os.mkdir(name, 0o700, dir_fd=into)
        below = os.open(name, flags, dir_fd=source)
        try:
            target = os.open(name, flags, dir_fd=into)
            try:
                self.tree(below, target)
            finally:
                os.close(target)
        finally:
            os.close(below)

    def _file(self, source: int, into: int, name: str) -> None:
        reader = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=source)
        try:
            status = os.fstat(reader)
            if status.st_nlink > 1 and self._link((status.st_dev, status.st_ino), into, name):
                return
            writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600,
                             dir_fd=into)
            try:
                while os.sendfile(writer, reader, None, CHUNK):
                    pass
                self._attributes(reader, writer)
            finally:
                os.close(writer)
        finally:
            os.close(reader)

    def _link(self, inode: Tuple[int, int], into: int, name: str) -> bool:
        """Link to the copy that another name of the same file has; False when this is the first."""
        first = self._linked.get(inode)
        if first is None:
            # By the path that the kernel knows it by: descriptors of directories that are done are closed.
            self._linked[inode] = os.path.join(os.readlink("/proc/self/fd/%d" % into), name)
            return False
        os.link(first, name, dst_dir_fd=into, follow_symlinks=False)
        return True

    def _attributes(self, source: int, target: int) -> None:
        """Owner first: changing it clears set-user-ID bits and capabilities."""
        status = os.fstat(source)
        os.fchown(target, *self._owner(status.st_uid, status.st_gid))
        os.fchmod(target, stat.S_IMODE(status.st_mode))
        with contextlib.suppress(OSError):
            for key in os.listxattr(source):
                if key != "security.selinux" and (self._layer or not key.startswith(OVERLAY)):
                    os.setxattr(target, key, os.getxattr(source, key))
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
