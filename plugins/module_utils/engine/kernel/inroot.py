# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths inside a root file system that somebody else filled: no link in it leads out of it.

openat2(2) with RESOLVE_IN_ROOT does this in the kernel (Linux 5.6); where it is missing or forbidden,
the same walk is done component by component, relative to directory descriptors.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
from typing import Iterator, List, Optional

from ..errors import InvalidInput

SYS_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_IN_ROOT = 0x10
MAX_LINKS = 40

_libc = ctypes.CDLL(None, use_errno=True)


def open_in_root(root: str, path: str, flags: int = os.O_RDONLY, mode: int = 0) -> int:
    """A descriptor for ``path`` (absolute paths and links count from ``root``); raises OSError."""
    if "\0" in path:
        # The system call would see a shorter path than the one that was asked for.
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    root_fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            return _openat2(root_fd, path, flags, mode)
        except OSError as exc:
            if exc.errno not in (errno.ENOSYS, errno.EPERM):
                raise
        return _walk(root_fd, path, flags, mode)
    finally:
        os.close(root_fd)


def _openat2(root_fd: int, path: str, flags: int, mode: int) -> int:
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode if flags & os.O_CREAT else 0,
                      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    while True:
        fd = int(_libc.syscall(SYS_OPENAT2, root_fd, os.fsencode(path or "/"), how, ctypes.c_size_t(len(how))))
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        # EAGAIN: a rename raced with a '..'; the man page says to try again.
        if number != errno.EAGAIN:
            raise OSError(number, os.strerror(number), path)


def _walk(root_fd: int, path: str, flags: int, mode: int) -> int:
    """The same by hand, for kernels before 5.6."""
    stack = [os.dup(root_fd)]
    todo = _components(path)
    links = 0
    try:
        while todo:
            part = todo.pop()
            if part == ".":
                continue
            if part == "..":
                if len(stack) > 1:
                    os.close(stack.pop())
                continue
            target = _link_target(stack[-1], part)
            if target is not None and not (not todo and flags & os.O_NOFOLLOW):
                links += 1
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                if target.startswith("/"):
                    while len(stack) > 1:
                        os.close(stack.pop())
                todo.extend(_components(target))
            elif todo:
                stack.append(os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
                                     dir_fd=stack[-1]))
            else:
                return os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=stack[-1])
        return os.open(".", flags | os.O_CLOEXEC, dir_fd=stack[-1])
    finally:
        for fd in stack:
            os.close(fd)


def _components(path: str) -> List[str]:
    """The parts of a path, the last one first. 'a/' and 'a/.' end in '.': they say that a is a directory."""
    parts = path.split("/")
    ends = ["."] if parts[-1] in ("", ".") else []
    return ends + [part for part in reversed(parts) if part not in ("", ".")]


def _link_target(directory: int, name: str) -> Optional[str]:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as exc:
        if exc.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def read_in_root(root: str, path: str, limit: int) -> bytes:
    """At most ``limit`` bytes of a regular file; b'' when there is none.

    Anything that is no regular file is refused without being opened: a FIFO would make the caller
    wait, and opening a device may do something already. Raises InvalidInput.
    """
    try:
        place = open_in_root(root, path, os.O_PATH)
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return b""
        raise InvalidInput("Cannot read %s of the image: %s" % (path, exc.strerror)) from exc
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise InvalidInput("%s of the image is no regular file" % path)
        with open("/proc/self/fd/%d" % place, "rb") as stream:
            return stream.read(limit)
    finally:
        os.close(place)


@contextlib.contextmanager
def directory(root: str, path: str, *, make: bool = False, mode: int = 0o755,
              owner: tuple[int, int] = (0, 0)) -> Iterator[int]:
    """A descriptor of a directory inside the root; with ``make``, missing ones are made.

    Raises InvalidInput where a component is no directory.
    """
    fd = open_in_root(root, "/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        done = ""
        for part in [p for p in path.split("/") if p not in ("", ".")]:
            done += "/" + part
            fd = _descend(root, fd, done, (part, mode, owner) if make else None)
        yield fd
    finally:
        os.close(fd)


def _descend(root: str, fd: int, path: str, make: Optional[tuple[str, int, tuple[int, int]]]) -> int:
    """The descriptor of ``path``, one component below ``fd``, which is closed on success."""
    for _attempt in range(2):
        try:
            below = open_in_root(root, path, os.O_RDONLY | os.O_DIRECTORY)
            os.close(fd)
            return below
        except OSError as exc:
            if exc.errno != errno.ENOENT or make is None:
                raise InvalidInput("%s inside the container's root is no directory: %s" % (path, exc.strerror)) from exc
        name, mode, owner = make
        if name == ".." or _link_target(fd, name) is not None:
            raise InvalidInput("%s inside the container's root is a link that leads nowhere" % path)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, mode, dir_fd=fd)
            made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
            try:
                os.fchown(made, owner[0], owner[1])
                os.fchmod(made, mode)  # whatever the caller's umask is
            finally:
                os.close(made)
    raise InvalidInput("%s inside the container's root cannot be made" % path)


def ensure_target(root: str, path: str, *, is_directory: bool) -> None:
    """Make the place of a mount inside the root: a directory, or an empty regular file.

    An existing entry of the right kind is left as it is, and is not opened. A link that leads nowhere
    is followed inside the root, and its target is made (/etc/resolv.conf is one in many images).
    Raises InvalidInput for the wrong kind.
    """
    if is_directory:
        with directory(root, path, make=True):
            return
    try:
        if stat.S_ISDIR(_kind_of_file(root, path)):
            raise InvalidInput("The mount point %s is a directory, and a file is to be mounted there" % path)
    except OSError as exc:
        raise InvalidInput("Cannot make the mount point %s: %s" % (path, exc.strerror)) from exc


def _kind_of_file(root: str, path: str) -> int:
    """st_mode of what ``path`` leads to; an empty file is made when it leads to nothing."""
    for _link in range(MAX_LINKS):
        with contextlib.suppress(FileNotFoundError):
            return _mode(open_in_root(root, path, os.O_PATH))
        parent, _slash, name = path.rstrip("/").rpartition("/")
        with directory(root, parent, make=True) as fd:
            target = _link_target(fd, name)
            if target is None:
                # O_EXCL: whatever comes to be there meanwhile is looked at in the next round.
                with contextlib.suppress(FileExistsError):
                    return _mode(_new_file(fd, name))
            else:
                path = target if target.startswith("/") else parent + "/" + target
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def _new_file(directory_fd: int, name: str) -> int:
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=directory_fd)
    os.fchmod(fd, 0o644)  # whatever the caller's umask is
    return fd


def _mode(fd: int) -> int:
    try:
        return os.fstat(fd).st_mode
    finally:
        os.close(fd)


def refuse_links(root: str, names: tuple[str, ...] = ("dev", "proc", "sys")) -> None:
    """Refuse a root whose /dev, /proc or /sys is a link: the OCI runtime would mount through it."""
    for name in names:
        if os.path.islink(os.path.join(root, name)):
            raise InvalidInput("/%s of the image is a symbolic link" % name,
                               "Such an image is not safe to run; ask its author.")
