# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Locks that die with their process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Iterator, Optional

from ..errors import TimedOut
from . import files


@contextlib.contextmanager
def locked(path: str, *, shared: bool = False, timeout: Optional[float] = None) -> Iterator[None]:
    """Hold an flock(2) on the lock file ``path`` (made when missing) for the body.

    The kernel drops the lock of a process that died, so a lock file alone means nothing. When the
    file was unlinked or replaced by another holder meanwhile, the lock is taken anew, so that two
    processes never hold different files of one name. ``timeout`` in seconds; TimedOut past it.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError as exc:
            if os.path.islink(os.path.dirname(path)):  # to nowhere
                raise files.write_error(path, exc) from exc
            files.make_directory(os.path.dirname(path))
            continue
        except OSError as exc:
            raise files.write_error(path, exc) from exc
        try:
            _flock(fd, how, deadline, path)
            try:
                same = os.path.samestat(os.fstat(fd), os.stat(path))
            except FileNotFoundError:
                same = False
            if not same:
                continue
            yield
            return
        finally:
            os.close(fd)


def _flock(fd: int, how: int, deadline: Optional[float], path: str) -> None:
    if deadline is None:
        fcntl.flock(fd, how)
        return
    while True:
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimedOut("Another process holds %s" % path, "Try again when it has ended.") from None
            time.sleep(0.02)


@contextlib.contextmanager
def held(path: str) -> Iterator[None]:
    """Hold a temporary file or directory for the body, which shows others that it is in use.

    In a directory that is everybody's, the process whose number its name has may be in a PID namespace of its own.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH)
        yield
    finally:
        os.close(fd)


def is_held(path: str) -> bool:
    """Whether somebody has a file or directory ``held``. Raises FileNotFoundError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
