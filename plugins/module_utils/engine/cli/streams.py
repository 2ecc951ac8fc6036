# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client's side of a container's streams: descriptors, buffers, a raw terminal, signals."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

from ..errors import InvalidInput
from . import signals
from .flags import IO, Parsed


@contextlib.contextmanager
def terminal(tty: bool, interactive: bool, io: IO, parsed: Parsed,
             proxy: Optional[signals.Proxy] = None) -> Iterator[Any]:
    """The client's streams; of a terminal on both sides the size is passed on, and it is raw if keys are wanted.

    Which streams are meant says --attach; ``proxy`` is told when the container has started.
    """
    from ..service.exec import Streams

    wanted = _wanted(parsed)
    streams = Streams(
        output=writer(io, wanted), stdin=io.stdin if interactive and "stdin" in wanted else None,
        detach=_detach_keys(parsed) if tty else b"", started=proxy.started if proxy is not None else None)
    io.out.flush()
    try:
        if tty and os.isatty(io.stdin):
            with _own_terminal(io.stdin, streams) as streams:
                yield streams
        else:
            yield streams
    finally:
        if proxy is not None:
            proxy.remove()


@contextlib.contextmanager
def _own_terminal(fd: int, streams: Any) -> Iterator[Any]:
    """The streams with a terminal ``fd`` that tells its size, and hands every key on if keys are wanted; it is as
    before when this ends.
    """
    import signal
    import termios
    import tty as terminals

    def ended(number: int, _frame: object) -> None:
        # Without this the shell would get back a raw terminal.
        raise SystemExit(128 + number)

    saved = termios.tcgetattr(fd)
    held: List[Any] = []

    def resized(*_signal: object) -> None:
        # Here and not in the loop that copies: a signal does not end its wait (PEP 475).
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(fd)
            for client in held:
                client.resize(size.lines, size.columns)

    def attached(client: Any) -> None:
        held.append(client)
        resized()

    before = {signal.SIGWINCH: signal.signal(signal.SIGWINCH, resized),
              signal.SIGTERM: signal.signal(signal.SIGTERM, ended), signal.SIGHUP: signal.signal(signal.SIGHUP, ended)}
    try:
        if streams.stdin is not None:
            terminals.setraw(fd, termios.TCSADRAIN)  # What was typed ahead is kept.
        else:
            # The container's terminal has ended the lines already.
            quiet = termios.tcgetattr(fd)
            quiet[1] &= ~termios.OPOST
            termios.tcsetattr(fd, termios.TCSADRAIN, quiet)
        yield streams._replace(attached=attached)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, saved)
        for number, handler in before.items():
            signal.signal(number, handler)


STREAMS = ("stdin", "stdout", "stderr")


def _wanted(parsed: Parsed) -> Tuple[str, ...]:
    """The streams of run's --attach, all of them without it. Raises InvalidInput."""
    named = parsed.get("attach")
    if not isinstance(named, list):
        return STREAMS
    for name in named:
        if name.lower() not in STREAMS:
            raise InvalidInput("--attach is %r" % name, "Use stdin, stdout or stderr.")
    return tuple(name.lower() for name in named)


def _detach_keys(parsed: Parsed) -> bytes:
    from ..service.exec import parse_detach_keys

    return parse_detach_keys(parsed.get("detach-keys", "ctrl-p,ctrl-q"))


def writer(io: IO, wanted: Sequence[str] = STREAMS) -> Callable[[int, bytes], None]:
    """Bytes to where the verb's output goes: its descriptors, or its buffers where it has none."""
    targets = {number: target for name, number, target in (("stdout", 2, io.out), ("stderr", 3, io.err))
               if name in wanted}

    def write(stream: int, data: bytes) -> None:
        target = targets.get(stream)
        if target is None:
            return
        buffer = getattr(target, "buffer", None)
        if buffer is None:
            target.write(data.decode("utf-8", "replace"))
        else:
            buffer.write(data)
            buffer.flush()

    return write
