# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""mount(2), umount2(2), and overlay file systems of many layers."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import List, Sequence

from ..errors import EngineError

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE, MS_SHARED = 32, 4096, 16384, 1 << 18, 1 << 19, 1 << 20
MNT_DETACH, UMOUNT_NOFOLLOW = 2, 8
CLONE_NEWNS = 0x20000

# mount(2) copies one page of options.
MAX_OPTIONS = 4095

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)


def unshare() -> None:
    """Move this thread into a mount namespace of its own, for good: what is mounted there nobody else sees.

    What others unmount goes away there too, so that it keeps no file system busy. Raises OSError.
    """
    if _libc.unshare(CLONE_NEWNS) or _libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system of type ``kind``. Raises EngineError that names the target."""
    if _libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), flags,
                   os.fsencode(options) if options else None):
        number = ctypes.get_errno()
        hint = "This needs root (CAP_SYS_ADMIN)." if number == errno.EPERM else None
        raise EngineError("Cannot mount %s (%s) on %s: %s" % (source, kind, target, os.strerror(number)), hint)


def bind(source: str, target: str, *, recursive: bool = False, read_only: bool = False, devices: bool = True) -> None:
    """Show ``source`` at ``target`` too, on request read-only or without its devices. Raises EngineError."""
    mount(source, target, "none", MS_BIND | (MS_REC if recursive else 0))
    if read_only:
        mount("none", target, "none", MS_BIND | MS_REMOUNT | MS_RDONLY)
    if not devices:
        # A user's namespace must not take away what its mounts came with; the bits are those of mount(2).
        kept = os.statvfs(target).f_flag & (MS_RDONLY | MS_NOSUID | MS_NOEXEC)
        mount("none", target, "none", MS_BIND | MS_REMOUNT | MS_NODEV | kept)


def umount(target: str, *, lazy: bool = True) -> bool:
    """Unmount what is on ``target``; False when nothing is. Links are not followed. Raises EngineError."""
    if _libc.umount2(os.fsencode(target), UMOUNT_NOFOLLOW | (MNT_DETACH if lazy else 0)) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOENT):
        return False
    raise EngineError("Cannot unmount %s: %s" % (target, os.strerror(number)))


def mounts_below(prefix: str) -> List[str]:
    """Mount points at or below a path, the last one mounted first."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        points = [_unescape(line.split(" ", 5)[4]) for line in stream]
    return [point for point in reversed(points) if point == prefix or point.startswith(prefix.rstrip("/") + "/")]


def _unescape(text: str) -> str:
    """proc(5): blanks and backslashes stand as octal numbers there."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def is_mounted(path: str) -> bool:
    """Whether something is mounted exactly at ``path``; costs the same however many mounts there are."""
    try:
        return _mount_id(path) != _mount_id(os.path.dirname(os.path.normpath(path)))
    except (FileNotFoundError, NotADirectoryError):
        return False


def _mount_id(path: str) -> str:
    """The mount that a path lies on (proc(5), fdinfo)."""
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with open("/proc/self/fdinfo/%d" % fd, encoding="ascii") as stream:
            return next(line for line in stream if line.startswith("mnt_id:"))
    finally:
        os.close(fd)


def unmount_all(prefix: str) -> None:
    """Unmount everything at or below a path. Raises EngineError for the first that stays."""
    for point in mounts_below(prefix):
        umount(point)


def overlay(lowers: Sequence[str], upper: str, work: str, target: str, *, userxattr: bool = False) -> None:
    """Mount an overlay; ``lowers`` from the top down, ``upper`` '' for a read-only one. Raises EngineError.

    A read-only one needs two lowers at least. ``userxattr``: its marks are ``user.overlay.*``, as they must
    be in a user namespace (Linux 5.11). Where the paths are more than mount(2) takes, a child
    mounts it from a directory in which they are short.
    """
    tail = _overlay_tail(upper, work, userxattr)
    options = "lowerdir=" + ":".join(_escape(path) for path in lowers) + tail
    flags = MS_RDONLY if not upper else 0
    if len(os.fsencode(options)) <= MAX_OPTIONS:
        mount("overlay", target, "overlay", flags, options)
    else:
        _overlay_by_descriptors(lowers, tail, target, flags)


def _overlay_by_descriptors(lowers: Sequence[str], tail: str, target: str, flags: int) -> None:
    """In /proc/self/fd each layer has a name of one to four digits, so that 500 of them fit."""
    from . import sandbox

    answer_read, answer_write = os.pipe()

    def body() -> None:
        try:
            fds = [os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in lowers]
            os.chdir("/proc/self/fd")
            mount("overlay", target, "overlay", flags, "lowerdir=" + ":".join("%d" % fd for fd in fds) + tail)
            os.write(answer_write, b"ok")
        except EngineError as exc:
            os.write(answer_write, exc.message.encode())
        except OSError as exc:
            os.write(answer_write, ("Cannot mount the layers on %s: %s" % (target, exc.strerror)).encode())

    try:
        try:
            pid = sandbox.fork(body, [answer_write])
        finally:
            os.close(answer_write)
        answer = os.read(answer_read, 8192).decode("utf-8", "replace")
        os.waitpid(pid, 0)
    finally:
        os.close(answer_read)
    if answer != "ok":
        raise EngineError(answer or "The process that mounts %s died" % target)


def _overlay_tail(upper: str, work: str, userxattr: bool) -> str:
    """The options that follow the lower directories."""
    options = ",upperdir=%s,workdir=%s" % (_escape(upper), _escape(work)) if upper else ""
    if userxattr:
        options += ",userxattr"
    # Both are defaults that a kernel may be built or told otherwise: an index refuses a layer that was
    # copied or restored, and metadata-only copies trust attributes in layers (overlayfs.rst).
    for option in ("index", "metacopy"):
        if os.path.exists("/sys/module/overlay/parameters/" + option):
            options += ",%s=off" % option
    return options


def _escape(path: str) -> str:
    """In the options of an overlay ':' parts layers and ',' parts options (overlayfs.rst)."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def sets_attributes() -> bool:
    """Whether the kernel makes a whole tree of mounts read-only: mount_setattr(2), Linux 5.12."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(c for c in minor if c.isdigit()))) >= (5, 12)
