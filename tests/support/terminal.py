# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program on a terminal of its own, as a person has it who types and reads."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from typing import Optional, Sequence

PATIENCE = 60.0  # seconds


class Terminal:
    """A process whose standard streams are a new terminal; use it in a ``with``, which ends it."""

    def __init__(self, argv: Sequence[str], rows: int = 24, columns: int = 80) -> None:
        self.seen = b""
        self._code: Optional[int] = None
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(argv[0], list(argv))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_problem: object) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    def type(self, text: bytes) -> None:
        """Press keys."""
        os.write(self._fd, text)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window's size; the process is told by SIGWINCH."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_raw(self) -> bool:
        """Whether the process has taken every key for itself."""
        return not termios.tcgetattr(self._fd)[3] & termios.ICANON

    def read_until(self, text: bytes) -> bytes:
        """What came before ``text`` since it was last read for; fails when it does not come."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert self._read(deadline), "%r is not in %r" % (text, self.seen)
        before, _text, self.seen = self.seen.partition(text)
        return before

    def ended(self) -> int:
        """Wait until the process has ended; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        while self._code is None:
            assert time.monotonic() < deadline, "it has not ended: %r" % self.seen
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        return self._code

    def _read(self, deadline: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            data = b""
        self.seen += data
        return bool(data)
