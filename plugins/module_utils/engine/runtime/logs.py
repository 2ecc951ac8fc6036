# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading what a container wrote into a k8s-file log (conmon(8), podman-logs(1)); journald.py reads the journal.

A k8s-file line is 'TIME STREAM P|F TEXT'; P marks a part of a line whose rest follows.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import BinaryIO, Callable, Iterator, NamedTuple, Optional

from ..errors import EngineError, InvalidInput
from ..kernel.files import Unreadable, regular

BLOCK = 65536
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Line(NamedTuple):
    """One line, or a part of one; ``text`` ends with a newline where the line ended."""

    timestamp: str
    stream: str
    text: bytes


class Wanted(NamedTuple):
    """Which lines: ``since`` and ``until`` in seconds since 1970, ``tail`` a number of lines or None for all."""

    since: Optional[float] = None
    until: Optional[float] = None
    tail: Optional[int] = None
    follow: bool = False


def parse_time(text: str, now: Optional[float] = None) -> float:
    """Seconds since 1970 from RFC 3339, a Unix time, or a duration back from now ('1h30m').

    Raises InvalidInput.
    """
    import re

    if re.match(r"^\d+(\.\d+)?$", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", text)
    if parts and "".join(number + unit for number, unit in parts) == text.lstrip("-"):
        return (time.time() if now is None else now) - sum(float(number) * UNITS[unit] for number, unit in parts)
    from datetime import datetime

    try:
        # Nanoseconds are more than datetime reads.
        cut = re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00"))
        return datetime.fromisoformat(cut).timestamp()
    except ValueError as exc:
        raise InvalidInput("%r is no time" % text,
                           "Use RFC 3339, seconds since 1970, or a duration such as 10m.") from exc


def read_file(path: str, wanted: Wanted, running: Callable[[], bool]) -> Iterator[Line]:
    """The lines of a k8s-file log; with ``follow`` until ``running`` says that the container has ended."""
    with contextlib.ExitStack() as files:
        try:
            stream = files.enter_context(_opened(path))
        except FileNotFoundError:
            return
        if wanted.tail is not None:
            stream.seek(_tail_offset(stream.fileno(), wanted.tail))
        pending = b""
        while True:
            ended = wanted.follow and not running()
            block = stream.read(BLOCK)
            if block:
                rows = (pending + block).split(b"\n")
                pending = rows.pop()
                for row in rows:
                    line = _parse(row)
                    if line is not None and _within(line, wanted):
                        yield line
                continue
            if not wanted.follow or ended or (wanted.until is not None and time.time() > wanted.until):
                return
            if _replaced(stream.fileno(), path):
                # conmon starts a new file when the old one has reached its size.
                stream = files.enter_context(_opened(path))
                continue
            time.sleep(0.05)


def _opened(path: str) -> BinaryIO:
    """Raises FileNotFoundError, EngineError."""
    try:
        # A path of the user's may be a link.
        return os.fdopen(regular(path, follow=True), "rb")
    except FileNotFoundError:
        raise
    except (OSError, Unreadable) as exc:
        raise EngineError("The log %s cannot be read: %s" % (path, exc),
                          "Remove it, and start the container anew.") from exc


def _replaced(fd: int, path: str) -> bool:
    try:
        return not os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _parse(row: bytes) -> Optional[Line]:
    parts = row.split(b" ", 3)
    if len(parts) < 4 or parts[2] not in (b"P", b"F"):
        return None
    text = parts[3] + (b"\n" if parts[2] == b"F" else b"")
    return Line(parts[0].decode("ascii", "replace"), parts[1].decode("ascii", "replace"), text)


def _within(line: Line, wanted: Wanted) -> bool:
    if wanted.since is None and wanted.until is None:
        return True
    moment = parse_time(line.timestamp)
    return (wanted.since is None or moment >= wanted.since) and (wanted.until is None or moment <= wanted.until)


def _tail_offset(fd: int, lines: int) -> int:
    """Where the last ``lines`` whole lines begin, read backwards, so that a large log costs nothing."""
    position = os.fstat(fd).st_size
    if lines <= 0:
        return position
    found, data = 0, b""
    while position > 0:
        step = min(BLOCK, position)
        position -= step
        data = os.pread(fd, step, position) + data
        rows = data.split(b"\n")
        # The first row may be cut; a part ('P') belongs to the line that a later row ends.
        found = sum(1 for row in rows[1:] if row.split(b" ", 3)[2:3] == [b"F"])
        if found > lines:
            break
    offset = position + len(data)
    ends = 0
    for row in reversed(data.split(b"\n")[:-1]):
        if row.split(b" ", 3)[2:3] == [b"F"]:
            ends += 1
            if ends > lines:
                return offset
        offset -= len(row) + 1
    return max(offset, position)
