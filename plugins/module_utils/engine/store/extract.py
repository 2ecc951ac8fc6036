# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Extracting one layer's tar. Runs in a child that has chrooted into the layer's staging directory.

Two walls stand between a hostile tar and the host: the chroot, and a walk that opens every parent
by itself, relative to a descriptor of /diff, and follows no link. A member whose parent is a link or
a file of the same tar is refused; one that has the name of an earlier member replaces it, but a
directory goes on. Whiteouts become overlay's own marks, and hide what is in the layers below only,
wherever in the tar they stand (image-spec layer.md; the kernel's overlayfs.rst).

In a user's namespace nobody can make a device: there it becomes an empty regular file, which hides
what the layers below have under its name, and which later members can replace and link to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections import OrderedDict
from typing import Callable, List, Tuple

from ..errors import InvalidInput
from ..kernel import tree
from . import tarstream
from .owners import Owners
from .tarsplit import Writer
from .tarstream import Entry, shown

# Descriptors: a member needs at most twice MAX_DEPTH, on top of MAX_OPEN, and a process has 1024.
MAX_DEPTH = 256
MAX_OPEN = 64
CHUNK = 1024 * 1024
DIFF, KEPT = "/diff", "/kept"

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

# What is wrong with the host's file system, and not with the tar.
_OF_THE_HOST = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOMEM, errno.ENOTSUP, errno.EMFILE)

Parts = Tuple[bytes, ...]


class Extractor:
    """Feeds on tar bytes; ``source`` gives the next piece of any length, b'' at the end.

    Afterwards ``size`` is the bytes of all files, ``opaque_root`` tells of an opaque mark in the root, and
    ``own_root`` of a member for the root itself.
    """

    def __init__(self, source: Callable[[], bytes], record: Writer, owners: Owners) -> None:
        self._source, self._record, self._owners = source, record, owners
        self._data = memoryview(b"")
        # Open directories by path: descriptor and the mtime that the directory is to keep.
        self._open: OrderedDict[Parts, List[int]] = OrderedDict()
        self.opaque_root = self.own_root = False
        self.size = 0

    def run(self) -> None:
        """Extract everything up to the end of the stream. Raises InvalidInput; the directory is then junk."""
        os.umask(0)
        for entry in tarstream.entries(self._read):
            try:
                while len(self._open) > MAX_OPEN:
                    self._close(next(key for key in self._open if key))
                self._place(entry)
            except OSError as exc:
                if exc.errno in _OF_THE_HOST:
                    raise
                raise InvalidInput("The tar's member %s cannot be extracted: %s" % (
                    shown(entry.name), exc.strerror)) from exc
            except (ValueError, OverflowError) as exc:
                raise InvalidInput("The tar's member %s cannot be extracted: %s" % (shown(entry.name), exc)) from exc
        while self._data or self._fill():
            # What follows the end mark belongs to the digest, and to the tar that is made again.
            self._record.raw(bytes(self._data))
            self._data = memoryview(b"")
        for parts in list(self._open):
            self._close(parts)

    # The stream

    def _fill(self) -> bool:
        self._data = memoryview(self._source())
        return bool(self._data)

    def _read(self, count: int) -> bytes:
        """Exactly ``count`` bytes of the tar's own structure, noted for the record."""
        if len(self._data) >= count:
            result = bytes(self._data[:count])
            self._data = self._data[count:]
        else:
            pieces = []
            left = count
            while left and (self._data or self._fill()):
                piece = bytes(self._data[:left])
                self._data = self._data[len(piece):]
                left -= len(piece)
                pieces.append(piece)
            result = b"".join(pieces)
        self._record.raw(result)
        return result

    # Directories

    def _directory(self, parts: Parts, *, make: bool = True) -> int:
        """A descriptor of a directory of the layer, good for this member; missing ones are made with mode 0755."""
        row = self._open.get(parts)
        if row is not None:
            self._open.move_to_end(parts)
            return row[0]
        if not parts:
            fd = os.open(DIFF, _DIRECTORY)
        else:
            parent = self._directory(parts[:-1], make=make)
            try:
                fd = os.open(parts[-1], _DIRECTORY, dir_fd=parent)
            except FileNotFoundError:
                if not make:
                    raise
                os.mkdir(parts[-1], 0o755, dir_fd=parent)
                fd = os.open(parts[-1], _DIRECTORY, dir_fd=parent)
            except OSError as exc:
                if exc.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise InvalidInput("The tar has a member below %s, which is no directory" % shown(
                        b"/".join(parts))) from exc
                raise
        self._open[parts] = [fd, os.fstat(fd).st_mtime_ns]
        return fd

    def _close(self, parts: Parts) -> None:
        fd, mtime = self._open.pop(parts)
        os.utime(fd, ns=(mtime, mtime))
        os.close(fd)

    def _forget(self) -> None:
        """Close all directories before one of them may go away."""
        for parts in [key for key in self._open if key]:
            self._close(parts)

    # Members

    def _place(self, entry: Entry) -> None:
        parts = split(entry.name)
        if b"/.wh." in b"/" + entry.name:
            self._skip(entry.size)
            self._whiteout(parts)
            return
        if entry.kind == tarstream.DIRECTORY:
            self._make_directory(parts, entry)
            return
        if not parts:
            raise InvalidInput("The tar has a member without a name that is no directory")
        parent = self._directory(parts[:-1])
        if entry.kind == tarstream.REGULAR:
            self._make_file(parent, parts, entry)
            return
        self._make_other(parts, entry)

    def _make_directory(self, parts: Parts, entry: Entry) -> None:
        if parts:
            parent = self._directory(parts[:-1])
            try:
                os.mkdir(parts[-1], 0o700, dir_fd=parent)
            except FileExistsError:
                status = os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    self._clear(parts)
                    os.mkdir(parts[-1], 0o700, dir_fd=parent)
                    if _is_whiteout(status):
                        # The layers below lose what they have here; what comes now is on its own.
                        os.setxattr(self._directory(parts), self._owners.opaque, b"y")
        else:
            self.own_root = True
        fd = self._directory(parts)
        os.fchown(fd, *self._owner(entry))
        os.fchmod(fd, entry.mode)
        _set_xattrs(fd, entry)
        self._open[parts][1] = entry.mtime

    def _make_file(self, parent: int, parts: Parts, entry: Entry) -> None:
        name = parts[-1]
        try:
            fd = os.open(name, _NEW_FILE, entry.mode & 0o777, dir_fd=parent)
        except FileExistsError:
            self._clear(parts)
            fd = os.open(name, _NEW_FILE, entry.mode & 0o777, dir_fd=self._directory(parts[:-1]))
        inode = 0
        try:
            left = entry.size
            while left:
                if not self._data and not self._fill():
                    raise InvalidInput("The tar ends in the middle of %s" % shown(entry.name))
                written = os.write(fd, self._data[:left])
                self._data = self._data[written:]
                left -= written
            os.fchown(fd, *self._owner(entry))
            if entry.mode & 0o7000:
                os.fchmod(fd, entry.mode)
            if entry.xattrs:
                _set_xattrs(fd, entry)
            os.utime(fd, ns=(entry.mtime, entry.mtime))
            inode = os.fstat(fd).st_ino
        finally:
            os.close(fd)
        self.size += entry.size
        if entry.size:
            self._record.content(b"/".join(parts), entry.size, inode)
            self._pad(entry.size)

    def _make_other(self, parts: Parts, entry: Entry) -> None:
        make = self._make_link if entry.kind == tarstream.HARDLINK else self._make_special
        try:
            make(parts, entry)
        except FileExistsError:
            self._clear(parts)
            make(parts, entry)

    def _make_link(self, parts: Parts, entry: Entry) -> None:
        target = split(entry.link)
        if not target:
            raise InvalidInput("The tar's hard link %s leads nowhere" % shown(entry.name))
        source = self._directory(target[:-1], make=False)
        if _is_whiteout(os.stat(target[-1], dir_fd=source, follow_symlinks=False)):
            raise InvalidInput("The tar's hard link %s leads to a whiteout" % shown(entry.name))
        if target != parts:
            os.link(target[-1], parts[-1], src_dir_fd=source, dst_dir_fd=self._directory(parts[:-1]),
                    follow_symlinks=False)

    def _make_special(self, parts: Parts, entry: Entry) -> None:
        name = parts[-1]
        parent = self._directory(parts[:-1])
        if entry.kind == tarstream.SYMLINK:
            os.symlink(entry.link, name, dir_fd=parent)
        elif entry.kind == tarstream.FIFO:
            os.mkfifo(name, entry.mode & 0o777, dir_fd=parent)
        else:
            if entry.kind == tarstream.CHARACTER and entry.device == (0, 0):
                raise InvalidInput("The tar's member %s is an overlay whiteout in disguise" % shown(entry.name))
            kind = stat.S_IFCHR if entry.kind == tarstream.CHARACTER else stat.S_IFBLK
            if self._owners.own_namespace:
                kind = stat.S_IFREG
            os.mknod(name, kind | (entry.mode & 0o777), os.makedev(*entry.device), dir_fd=parent)
        os.chown(name, *self._owner(entry), dir_fd=parent, follow_symlinks=False)
        if entry.mode & 0o7000 and entry.kind != tarstream.SYMLINK:
            os.chmod(name, entry.mode, dir_fd=parent)
        os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=parent, follow_symlinks=False)

    def _owner(self, entry: Entry) -> Tuple[int, int]:
        return self._owners.of(entry.uid, entry.gid, shown(entry.name))

    def _clear(self, parts: Parts) -> None:
        """Take away what an earlier member put in this place; the last one wins, as with any tar."""
        parent, name = self._directory(parts[:-1]), os.fsdecode(parts[-1])
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            self._forget()
            tree.remove(self._directory(parts[:-1]), name, self._keep)
        elif not self._keep(parent, name):
            os.unlink(name, dir_fd=parent)

    def _keep(self, parent: int, name: str) -> bool:
        """Move a replaced file aside when the tar cannot be made again without it."""
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False
        os.rename(name, "%s/%d" % (KEPT, status.st_ino), src_dir_fd=parent)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)  # rename(2) leaves both of two names of one inode
        return True

    def _whiteout(self, parts: Parts) -> None:
        mark = next(part for part in parts if part.startswith(b".wh."))
        if mark == b".wh..wh..opq" and mark is parts[-1]:
            os.setxattr(self._directory(parts[:-1]), self._owners.opaque, b"y")
            self.opaque_root = self.opaque_root or len(parts) == 1
            return
        if mark.startswith(b".wh..wh."):
            return  # aufs' own bookkeeping; no layer means anything by it
        name = mark[4:]
        if name in (b"", b".", b".."):
            raise InvalidInput("The tar has a whiteout without a target: %s" % shown(b"/".join(parts)))
        if mark is not parts[-1]:
            raise InvalidInput("The tar has a member below a whiteout: %s" % shown(b"/".join(parts)))
        parent = self._directory(parts[:-1])
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=parent)
            return
        # This layer brings the same name itself: it hides the lower one already, and a directory
        # has to say that it does not continue the lower one.
        if stat.S_ISDIR(status.st_mode):
            os.setxattr(self._directory(parts[:-1] + (name,)), self._owners.opaque, b"y")

    def _pad(self, size: int) -> None:
        count = tarstream.padding(size)
        if len(self._read(count)) < count:
            raise InvalidInput("The tar ends in the middle of a member")

    def _skip(self, size: int) -> None:
        left = size + tarstream.padding(size)
        while left:
            piece = self._read(min(left, CHUNK))
            if not piece:
                raise InvalidInput("The tar ends in the middle of a member")
            left -= len(piece)


def split(name: bytes) -> Parts:
    """A member's name as components below the root. Raises InvalidInput for '..' and for too deep ones."""
    parts = tuple(part for part in name.split(b"/") if part not in (b"", b"."))
    if b".." in parts:
        raise InvalidInput("The tar has a member that leads out of it: %s" % shown(name))
    if len(parts) > MAX_DEPTH:
        raise InvalidInput("The tar has a member more than %d directories deep" % MAX_DEPTH)
    return parts


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _set_xattrs(fd: int, entry: Entry) -> None:
    """Those attributes that mean the same on every host; never overlay's own marks."""
    for name, value in entry.xattrs.items():
        if name == "security.capability" or (name.startswith("user.") and not name.startswith("user.overlay.")):
            try:
                os.setxattr(fd, name, value)
            except OSError as exc:
                if exc.errno in (errno.ENOSPC, errno.E2BIG, errno.ERANGE):
                    # Not the disk: a file system has little room for one file's attributes.
                    raise InvalidInput("The tar's member %s has too large extended attributes" % shown(
                        entry.name)) from exc
                if exc.errno not in (errno.ENOTSUP, errno.EPERM):
                    raise
