# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for a file to appear, such as the one conmon writes an exit code to (inotify(7))."""

from __future__ import annotations

import ctypes
import os
import select
import time
from typing import Callable, Optional

from ..kernel import files

IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x8, 0x80, 0x100
IN_CLOEXEC, IN_NONBLOCK = 0o2000000, 0o4000

# How often to look whether the writer is still alive, in seconds.
LOOK = 0.5

_libc = ctypes.CDLL(None, use_errno=True)


def wait_for(path: str, *, timeout: Optional[float] = None, alive: Optional[Callable[[], bool]] = None) -> bool:
    """True when ``path`` has content; False past ``timeout`` seconds, or when ``alive`` says no.

    The directory of ``path`` has to exist.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    watch = _watch(os.path.dirname(path))
    try:
        while True:
            if _has_content(path):
                return True
            left = LOOK if deadline is None else min(LOOK, deadline - time.monotonic())
            if left <= 0:
                return False
            if watch is None:
                time.sleep(min(left, 0.02))
            elif not select.select([watch], [], [], left)[0]:
                # Nothing happened for a while: is there still somebody to write it?
                if alive is not None and not alive():
                    return _has_content(path)
                continue
            else:
                os.read(watch, 65536)
    finally:
        if watch is not None:
            os.close(watch)


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def _watch(directory: str) -> Optional[int]:
    """An inotify descriptor on a directory, or None where the host has no more of them."""
    fd = int(_libc.inotify_init1(IN_CLOEXEC | IN_NONBLOCK))
    if fd < 0:
        return None
    if _libc.inotify_add_watch(fd, os.fsencode(directory), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0:
        os.close(fd)
        return None
    return fd


def read_exit_code(path: str) -> Optional[int]:
    """The exit code that conmon wrote, or None while there is none."""
    text = (files.word(path) or "").strip()
    return int(text) if text.lstrip("-").isdigit() else None
