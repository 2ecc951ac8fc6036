# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Short-lived programs of the host, started without ``subprocess`` (whose import alone takes 6 ms).

Input and output are memory files, not pipes: a program never blocks on us, nor we on it, so it can
run while the caller does something else.
"""

from __future__ import annotations

import fcntl
import os
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..errors import EngineError

# What we start begins with the usual signals: Python ignores SIGPIPE, nohup SIGHUP, and a container's processes would
# inherit that. KILL and STOP cannot be ignored, 32 and 33 are the C library's.
RESTORED = tuple(number for number in range(1, 65) if number not in (9, 19, 32, 33))
OUTPUT_LIMIT = 16 * 1024 * 1024


class Result(NamedTuple):
    """How a program ended: exit code (negative: by that signal) and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes


class Running:
    """A program under way; ``finish`` has to be called once."""

    def __init__(self, pid: int, stdout: int, stderr: int) -> None:
        self._pid, self._stdout, self._stderr = pid, stdout, stderr

    def ended(self, timeout: float) -> bool:
        """Whether it ends within ``timeout`` seconds; the result is still there for ``finish``."""
        import select

        fd = os.pidfd_open(self._pid, 0)
        try:
            return bool(select.select([fd], [], [], timeout)[0])
        finally:
            os.close(fd)

    def finish(self) -> Result:
        """Wait for its end."""
        try:
            _rest, status = os.waitpid(self._pid, 0)
            return Result(os.waitstatus_to_exitcode(status), _content(self._stdout), _content(self._stderr))
        finally:
            os.close(self._stdout)
            os.close(self._stderr)


def _content(fd: int) -> bytes:
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(os.dup(fd), "rb") as stream:
        return stream.read(OUTPUT_LIMIT)


def start(argv: Sequence[str], *, stdin: bytes = b"", env: Optional[Dict[str, str]] = None) -> Running:
    """Start ``argv`` (an absolute path first) with ``stdin`` as its input; raises EngineError.

    Its environment is ``env``, by default just a locale: nothing of the caller's reaches it.
    """
    descriptors = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("stdin", "stdout", "stderr")]
    try:
        view = memoryview(stdin)
        while view:
            view = view[os.write(descriptors[0], view):]
        os.lseek(descriptors[0], 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(descriptors)]
        pid = os.posix_spawn(argv[0], list(argv), {"LC_ALL": "C"} if env is None else env, file_actions=actions,
                             setsigdef=RESTORED)
    except OSError as exc:
        for fd in descriptors:
            os.close(fd)
        raise EngineError("Cannot run %s: %s" % (argv[0], exc.strerror)) from exc
    os.close(descriptors[0])
    return Running(pid, descriptors[1], descriptors[2])


def run(argv: Sequence[str], *, stdin: bytes = b"", env: Optional[Dict[str, str]] = None) -> Result:
    """``start`` and ``finish`` in one."""
    return start(argv, stdin=stdin, env=env).finish()


def launch(argv: Sequence[str], *, descriptors: Mapping[int, int], env: Dict[str, str]) -> int:
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
        return os.posix_spawn(argv[0], list(argv), env, file_actions=actions, setsid=True, setsigdef=RESTORED)
    except OSError as exc:
        raise EngineError("Cannot run %s: %s" % (argv[0], exc.strerror)) from exc
    finally:
        for fd in set(moved.values()):
            os.close(fd)
