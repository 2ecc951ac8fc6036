# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading what a container wrote into the journal, by journalctl(1)."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, cast

from ..context import Context
from ..errors import EngineError
from .logs import BLOCK, Line, Wanted

LOOK = 0.1  # seconds between two looks at whether the container still runs


def read(ctx: Context, container_id: str, wanted: Wanted, running: Callable[[], bool]) -> Iterator[Line]:
    """The container's lines in the journal; with ``follow`` until ``running`` says that it has ended, or until the
    time is over. Raises EngineError when journalctl fails.
    """
    program = ctx.tool("journalctl", "read the log of a container that logs to the journal")
    cursor = ""

    def lines(entries: Iterator[Dict[str, Any]]) -> Iterator[Line]:
        nonlocal cursor
        for entry in entries:
            cursor = entry.get("__CURSOR", cursor)
            line = _line(entry)
            if line is not None:
                yield line

    if wanted.follow:
        argv = [*_command(program, container_id, wanted, ""), "--follow"]
        yield from lines(_entries(argv, lambda: _goes_on(wanted, running)))
        # What is on its way from conmon to the journal belongs to it; only root may ask, others have to do without.
        subprocess.run([program, "--sync"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    yield from lines(_entries(_command(program, container_id, wanted, cursor), None))


def _goes_on(wanted: Wanted, running: Callable[[], bool]) -> bool:
    return running() and (wanted.until is None or time.time() <= wanted.until)


def _command(program: str, container_id: str, wanted: Wanted, cursor: str) -> List[str]:
    """journalctl's argv for the entries after ``cursor``, or for all that are wanted."""
    command = [program, "--output=json", "--quiet", "--no-pager", "CONTAINER_ID_FULL=" + container_id]
    if cursor:
        command += ["--lines=all", "--after-cursor=" + cursor]
    else:
        command.append("--lines=%s" % ("all" if wanted.tail is None else wanted.tail))
        if wanted.since is not None:
            command.append("--since=@%.6f" % wanted.since)
    if wanted.until is not None:
        command.append("--until=@%.6f" % wanted.until)
    return command


def _entries(argv: List[str], goes_on: Optional[Callable[[], bool]]) -> Iterator[Dict[str, Any]]:
    """What journalctl prints, until it ends or ``goes_on`` says no."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    with process:
        output, errors = cast(IO[bytes], process.stdout), cast(IO[bytes], process.stderr)
        try:
            for row in _rows(output.fileno(), goes_on):
                try:
                    entry = json.loads(row)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield entry
            if goes_on is None and process.wait():
                said = errors.read(4096).decode("utf-8", "replace").strip()
                raise EngineError("journalctl failed: %s" % (said or "exit code %d" % process.returncode),
                                  "Look whether systemd-journald runs, and whether you may read its files.")
        finally:
            process.terminate()


def _rows(fd: int, goes_on: Optional[Callable[[], bool]]) -> Iterator[bytes]:
    pending = b""
    while True:
        ready = select.select([fd], [], [], None if goes_on is None else LOOK)[0]
        if ready:
            block = os.read(fd, BLOCK)
            if not block:
                return
            rows = (pending + block).split(b"\n")
            pending = rows.pop()
            yield from rows
        if goes_on is not None and not goes_on():
            return


def _line(entry: Dict[str, Any]) -> Optional[Line]:
    try:
        message = entry["MESSAGE"]
        moment = int(entry["__REALTIME_TIMESTAMP"])
    except (ValueError, KeyError):
        return None
    text = bytes(message) if isinstance(message, list) else str(message).encode()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000000)) + ".%06d000+00:00" % (moment % 1000000)
    # conmon leaves the end of a line in the message, but for one that it had to part.
    partial = entry.get("CONTAINER_PARTIAL_MESSAGE") == "true" or text.endswith(b"\n")
    ending = b"" if partial else b"\n"
    return Line(stamp, "stderr" if entry.get("PRIORITY") == "3" else "stdout", text + ending)
