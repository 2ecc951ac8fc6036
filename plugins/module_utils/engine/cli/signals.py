# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signals that an attached client gets and its container is meant to get (podman-run(1), --sig-proxy)."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any, Dict, List, Optional

from ..context import Context
from ..errors import EngineError
from ..service import containers

# Not those that cannot be caught, that the kernel sends for what this process itself did, that tell of
# its children and its terminal, and job control, which is the shell's business with the client.
_OWN = ("SIGKILL", "SIGSTOP", "SIGCHLD", "SIGCLD", "SIGPIPE", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP",
        "SIGSYS", "SIGABRT", "SIGIOT", "SIGURG", "SIGWINCH", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT", "SIGPROF",
        "SIGSTKFLT", "SIGXCPU", "SIGXFSZ")
_OF_SHELLS = (signal.SIGINT, signal.SIGQUIT)


def forwarded() -> List[int]:
    """The numbers of the signals that are passed on."""
    own = {getattr(signal, name) for name in _OWN if hasattr(signal, name)}
    return sorted(int(number) for number in signal.valid_signals() if number not in own)


class Proxy:
    """Passes signals on, from ``install`` to ``remove``; those that come before ``started`` wait for it.

    It does nothing when ``wanted`` is false, and outside of the main thread, which gets the signals.
    """

    def __init__(self, ctx: Context, wanted: bool = True) -> None:
        self._ctx = ctx
        self._wanted = wanted and threading.current_thread() is threading.main_thread()
        self._before: Dict[int, Any] = {}
        self._waiting: List[int] = []
        self._container: Optional[str] = None

    def install(self, *_record: object) -> None:
        """From now on signals are the container's."""
        if self._wanted:
            for number in forwarded():
                # What a parent made this process ignore (nohup(1)) stays so; but for what a shell makes all ignore
                # that it starts in the background (POSIX, 2.11): a script that sends it means the container.
                if number in _OF_SHELLS or signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._received)

    def started(self, record: Any) -> None:
        """The process of this container (a store.containers.Record) runs: send what has come meanwhile."""
        self._container = record.id
        while self._waiting:
            self._send(self._waiting.pop(0))

    def remove(self) -> None:
        """Signals are this process's own again."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _received(self, number: int, _frame: object) -> None:
        if self._container is None:
            self._waiting.append(number)
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        # One that has ended meanwhile needs no signal.
        with contextlib.suppress(EngineError, OSError):
            containers.kill(self._ctx, self._container or "", "%d" % number)
