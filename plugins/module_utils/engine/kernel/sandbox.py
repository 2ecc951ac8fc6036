# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Children that do one piece of work on hostile input, behind walls, and never outlive their parent.

Everything here is made for a process with threads: the child inherits no open file of another
thread (a pipe whose writing end lives on in a sibling never ends, a lock that is inherited is never
free), and it runs plain Python that takes no lock and imports nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import os
import signal
import struct
from typing import Callable, NoReturn, Sequence

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITY_VERSION_3 = 0x20080522

# Bits of capabilities(7): what it takes to write files of any owner and kind, with overlay's marks:
# CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, SYS_ADMIN (trusted.*), MKNOD, SETFCAP.
WRITE_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 21 | 1 << 27 | 1 << 31

_libc = ctypes.CDLL(None, use_errno=True)


def fork(body: Callable[[], None], keep: Sequence[int]) -> int:
    """Run ``body`` in a child and give its process ID; of the open files it keeps 0-2 and ``keep``.

    The child is killed when the calling thread ends (prctl(2), PR_SET_PDEATHSIG), so the thread has
    to wait for it. Its exit code is 0, or 1 when ``body`` raised.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _run(body, keep, parent)
    return pid


def _run(body: Callable[[], None], keep: Sequence[int], parent: int) -> NoReturn:
    code = 1
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            gc.freeze()  # a collection would find, and write to, everything that the parent has
            _close_others(keep)
            body()
            code = 0
    finally:
        os._exit(code)


def _close_others(keep: Sequence[int]) -> None:
    """Let go of all other open files, but keep their numbers taken: an object that another thread left
    behind may yet close its number, and must not hit a file that was opened here since."""
    wanted = {0, 1, 2, *keep}
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd not in wanted and fd != null:
            with contextlib.suppress(OSError):  # the one that this listing had open
                fcntl.fcntl(fd, fcntl.F_GETFD)
                os.dup2(null, fd, inheritable=False)


def confine(directory: str, capabilities: int = WRITE_FILES) -> None:
    """Make ``directory`` the root of this process for good (chroot(2)), and give up other capabilities.

    Raises OSError.
    """
    os.chdir(directory)
    os.chroot(".")
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    if _libc.capget(header, held):
        raise OSError(ctypes.get_errno(), "capget failed")
    row = struct.unpack("=6I", held.raw)
    permitted = (row[1] | row[4] << 32) & capabilities
    low, high = permitted & 0xFFFFFFFF, permitted >> 32
    if _libc.capset(header, struct.pack("=6I", low, low, 0, high, high, 0)):
        raise OSError(ctypes.get_errno(), "capset failed")
