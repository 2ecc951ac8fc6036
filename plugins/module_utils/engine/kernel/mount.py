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

# mount(2) copies one page of options.
MAX_OPTIONS = 4095

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system of type ``kind``. Raises EngineError that names the target."""
    if _libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), flags,
                   os.fsencode(options) if options else None):
        number = ctypes.get_errno()
        hint = "This needs root (CAP_SYS_ADMIN)." if number == errno.EPERM else None
        raise EngineError("Cannot mount %s (%s) on %s: %s" % (source, kind, target, os.strerror(number)), hint)


def bind(source: str, target: str, *, recursive: bool = False, read_only: bool = False) -> None:
    """Show ``source`` at ``target`` too. Raises EngineError."""
    mount(source, target, "none", MS_BIND | (MS_REC if recursive else 0))
    if read_only:
        mount("none", target, "none", MS_BIND | MS_REMOUNT | MS_RDONLY)


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
    """Whether something is mounted exactly at ``path``."""
    return os.path.normpath(path) in mounts_below(os.path.normpath(path))


def unmount_all(prefix: str) -> None:
    """Unmount everything at or below a path. Raises EngineError for the first that stays."""
    for point in mounts_below(prefix):
        umount(point)


def overlay(lowers: Sequence[str], upper: str, work: str, target: str) -> None:
    """Mount an overlay; ``lowers`` from the top down, ``upper`` '' for a read-only one. Raises EngineError.

    Where the paths are more than mount(2) takes, descriptors stand for them.
    """
    held: List[int] = []
    try:
        paths = [_escape(path) for path in lowers]
        options = _overlay_options(paths, upper, work)
        if len(options) > MAX_OPTIONS:
            held = [os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in lowers]
            options = _overlay_options(["/proc/self/fd/%d" % fd for fd in held], upper, work)
        if len(options) > MAX_OPTIONS:
            raise EngineError("%d layers are too many for one overlay mount" % len(lowers),
                              "Make an image with fewer layers.")
        mount("overlay", target, "overlay", MS_RDONLY if not upper else 0, options)
    finally:
        for fd in held:
            os.close(fd)


def _overlay_options(lowers: Sequence[str], upper: str, work: str) -> str:
    options = "lowerdir=" + ":".join(lowers)
    if upper:
        options += ",upperdir=%s,workdir=%s" % (_escape(upper), _escape(work))
    return options


def _escape(path: str) -> str:
    """In the options of an overlay ':' parts layers and ',' parts options (overlayfs.rst)."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
