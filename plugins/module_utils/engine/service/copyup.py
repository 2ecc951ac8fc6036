# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copy what an image has at a volume's target into the volume, when it is first used and empty.

Everything goes relative to directory descriptors and follows no link, because both trees were
filled by somebody else.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Optional, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..kernel import files, inroot
from ..store import volumes as store

CHUNK = 8 * 1024 * 1024


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
            _copy_tree(source, into)
        except OSError as exc:
            raise files.write_error(data, exc) from exc
        finally:
            os.close(into)
    finally:
        os.close(source)


def _copy_tree(source: int, into: int) -> None:
    for entry in sorted(os.listdir(source)):
        status = os.stat(entry, dir_fd=source, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            _copy_directory(source, into, entry)
        elif stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(entry, dir_fd=source), entry, dir_fd=into)
            os.chown(entry, status.st_uid, status.st_gid, dir_fd=into, follow_symlinks=False)
        elif stat.S_ISREG(status.st_mode):
            _copy_file(source, into, entry)
        elif stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            os.mknod(entry, status.st_mode, status.st_rdev, dir_fd=into)
            os.chown(entry, status.st_uid, status.st_gid, dir_fd=into, follow_symlinks=False)
    _copy_attributes(source, into)


def _copy_directory(source: int, into: int, name: str) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    os.mkdir(name, 0o700, dir_fd=into)
    below = os.open(name, flags, dir_fd=source)
    try:
        target = os.open(name, flags, dir_fd=into)
        try:
            _copy_tree(below, target)
        finally:
            os.close(target)
    finally:
        os.close(below)


def _copy_file(source: int, into: int, name: str) -> None:
    reader = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=source)
    try:
        writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=into)
        try:
            while os.sendfile(writer, reader, None, CHUNK):
                pass
            _copy_attributes(reader, writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _copy_attributes(source: int, target: int) -> None:
    """Owner first: changing it clears set-user-ID bits and capabilities."""
    status = os.fstat(source)
    os.fchown(target, status.st_uid, status.st_gid)
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    with contextlib.suppress(OSError):
        for key in os.listxattr(source):
            if not key.startswith(("trusted.overlay.", "user.overlay.", "security.selinux")):
                os.setxattr(target, key, os.getxattr(source, key))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
