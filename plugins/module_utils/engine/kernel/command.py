# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs of the host, started without ``subprocess`` (whose import alone takes 6 ms): all of them by ``_spawn``.

Input and output are memory files, not pipes: a program never blocks on us, nor we on it, so it can
run while the caller does something else.

A program that mounts or pivots is started with ``own_mounts``: what it does to its mounts nobody else sees. Others
are not: conmon and its hook take down mounts that the next command must see gone, fuse-overlayfs makes one that is
to be seen, and whatever lives on with mounts of its own would keep those of containers that have ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..errors import EngineError, TimedOut

# What we start begins with the usual signals: Python ignores SIGPIPE, nohup SIGHUP, and a container's processes would
# inherit that. KILL and STOP cannot be ignored, 32 and 33 are the C library's.
RESTORED = tuple(number for number in range(1, 65) if number not in (9, 19, 32, 33))
OUTPUT_LIMIT = 16 * 1024 * 1024
PATIENCE = 120.0  # seconds that a program gets which has to end by itself
GOODBYE = 5.0  # seconds that one which was killed gets to be gone
FOREVER = float("inf")


class Result(NamedTuple):
    """How a program ended: exit code (negative: by that signal) and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes


class Running:
    """A program under way; ``finish`` has to be called once. ``what`` names it in an error."""

    def __init__(self, what: str, pid: int, stdout: int, stderr: int) -> None:
        self._what, self._pid, self._stdout, self._stderr = what, pid, stdout, stderr

    def ended(self, timeout: float) -> bool:
        """Whether it ends within ``timeout`` seconds; the result is still there for ``finish``."""
        return ended(self._pid, timeout)

    def finish(self, within: Optional[float] = None) -> Result:
        """Wait for its end, PATIENCE seconds unless told otherwise, or FOREVER. Raises TimedOut; it is killed then."""
        try:
            limit = PATIENCE if within is None else within
            if limit != FOREVER and not self.ended(limit):
                os.kill(self._pid, 9)
                if self.ended(GOODBYE):
                    os.waitpid(self._pid, 0)
                raise TimedOut("%s did not end within %g seconds" % (self._what, limit), "It was killed.")
            _rest, status = os.waitpid(self._pid, 0)
            return Result(os.waitstatus_to_exitcode(status), _content(self._stdout), _content(self._stderr))
        finally:
            os.close(self._stdout)
            os.close(self._stderr)


def ended(pid: int, timeout: float) -> bool:
    """Whether a process ends within ``timeout`` seconds, or is gone already; not whether somebody took note of it."""
    try:
        fd = os.pidfd_open(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # a kernel before 5.3
        return _polled(pid, timeout)
    try:
        return readable(fd, timeout)
    finally:
        os.close(fd)


def readable(fd: int, timeout: float) -> bool:
    """Whether there is something to read within ``timeout`` seconds, or the end; the number of ``fd`` may be high."""
    import select

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(min(max(timeout, 0.0) * 1000, 2 ** 31 - 1)))


def _polled(pid: int, timeout: float) -> bool:
    import time

    from . import proc

    deadline = time.monotonic() + timeout
    while proc.start_time(pid) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.002)
    return True


def _content(fd: int) -> bytes:
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(os.dup(fd), "rb") as stream:
        return stream.read(OUTPUT_LIMIT)


def start(argv: Sequence[str], *, stdin: bytes = b"", env: Optional[Dict[str, str]] = None,
          own_mounts: bool = False) -> Running:
    """Start ``argv`` (an absolute path first) with ``stdin`` as its input; raises EngineError.

    Its environment is ``env``, by default just a locale: nothing of the caller's reaches it.
    """
    descriptors: List[int] = []
    try:
        for name in ("stdin", "stdout", "stderr"):
            descriptors.append(os.memfd_create(name, os.MFD_CLOEXEC))
        view = memoryview(stdin)
        while view:
            view = view[os.write(descriptors[0], view):]
        os.lseek(descriptors[0], 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(descriptors)]
        pid = _spawn(argv, {"LC_ALL": "C"} if env is None else env, actions, own_mounts=own_mounts)
    except BaseException as exc:
        for fd in descriptors:
            os.close(fd)
        if isinstance(exc, OSError):
            raise EngineError("Cannot run %s: %s" % (argv[0], exc.strerror)) from exc
        raise
    os.close(descriptors[0])
    return Running(_named(argv), pid, descriptors[1], descriptors[2])


def _named(argv: Sequence[str]) -> str:
    text = " ".join(argv)
    return "".join(c for c in text[:200] if c.isprintable()) + ("..." if len(text) > 200 else "")


def run(argv: Sequence[str], *, stdin: bytes = b"", env: Optional[Dict[str, str]] = None,
        own_mounts: bool = False, within: Optional[float] = None) -> Result:
    """``start`` and ``finish`` in one."""
    return start(argv, stdin=stdin, env=env, own_mounts=own_mounts).finish(within)


def launch(argv: Sequence[str], *, descriptors: Mapping[int, int], env: Dict[str, str],
           own_mounts: bool = False) -> int:
    """Start a program in a session of its own (setsid(2)) and return its process ID.

    ``descriptors`` maps numbers in the child to descriptors here; 0, 1 and 2 are /dev/null when they
    are not in it, and nothing else is open. Raises EngineError when it cannot be executed.
    """
    moved: Dict[int, int] = {}
    actions: List[Tuple[int, ...]] = []
    try:
        for number, fd in descriptors.items():
            # Out of the way of the low numbers first, so that no copy overwrites another one's source.
            moved[number] = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        moved.update({number: null for number in (0, 1, 2) if number not in moved})
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in moved.items()]
        return _spawn(argv, env, actions, setsid=True, own_mounts=own_mounts)
    except OSError as exc:
        raise EngineError("Cannot run %s: %s" % (argv[0], exc.strerror)) from exc
    finally:
        for fd in set(moved.values()):
            os.close(fd)


def inherit(argv: Sequence[str], *, env: Dict[str, str], stdin: bool) -> int:
    """Run a program on the caller's own terminal or pipes, for as long as it takes; its exit code."""
    actions = [] if stdin else [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    pid = _spawn(argv, env, actions)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _spawn(argv: Sequence[str], env: Dict[str, str], actions: Sequence[Any], *, setsid: bool = False,
           own_mounts: bool = False) -> int:
    """Start a program of the host; its process ID. Raises OSError."""
    _close_when_executing()

    def spawn() -> int:
        return os.posix_spawn(argv[0], list(argv), env, file_actions=list(actions), setsid=setsid,
                              setsigdef=RESTORED)

    if not own_mounts:
        return spawn()
    from . import mount, netns

    def body() -> int:
        mount.unshare()
        return spawn()

    return netns.in_thread(body)


def _close_when_executing() -> None:
    """Keep from a program what this process was started with and has not opened itself: a shell's lock file that a
    monitor holds would be locked for as long as its container runs."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):  # the one that this listing had open
                os.set_inheritable(int(name), False)
