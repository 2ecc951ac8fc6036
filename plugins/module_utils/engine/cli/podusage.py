# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on what the containers of pods do, use and write: pod top, pod stats and pod logs."""

from __future__ import annotations

import heapq
import json
import threading
import time
from typing import Any, Dict, Iterator, List, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound, Unsupported, WrongState
from ..service import containers, podlisting
from . import output
from .flags import IO, Flag, Parsed, Verb
from .streams import writer

CLEAR = "\x1b[H\x1b[2J"  # ECMA-48: the cursor goes home, and the screen is erased
COLUMNS = (("POD", "Pod"), ("CID", "CID"), ("NAME", "Name"), ("CPU %", "CPU"), ("MEM USAGE/ LIMIT", "MemUsage"),
           ("MEM %", "Mem"), ("NET IO", "NetIO"), ("BLOCK IO", "BlockIO"), ("PIDS", "PIDS"))
LATEST = Flag("latest", "l", "bool", "the last one")


def _rows(ctx: Context, parsed: Parsed, names: List[str]) -> List[podlisting.Row]:
    """The pods that are meant: by name, the last one, or all that run."""
    if parsed.get("latest"):
        return podlisting.rows(ctx, last=1)
    if names:
        return [podlisting.one(ctx, name) for name in names]
    return [row for row in podlisting.rows(ctx) if parsed.get("all") or row.status in ("Running", "Degraded")]


def _pod(ctx: Context, parsed: Parsed) -> Tuple[podlisting.Row, List[str]]:
    """The single pod of a verb and the other words."""
    words = list(parsed.arguments)
    if parsed.get("latest"):
        rows = podlisting.rows(ctx, last=1)
        if not rows:
            raise NotFound("There are no pods")
        return rows[0], words
    if not words:
        raise InvalidInput("No pod is named", "Name one, or use --latest.")
    return podlisting.one(ctx, words[0]), words[1:]


def top(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List the processes of all containers of a pod."""
    row, columns = _pod(ctx, parsed)
    if columns and columns[0].startswith("-"):
        raise Unsupported("pod top takes no flags of ps(1)", "Name columns, such as pid and args.")
    tables = [containers.top(ctx, member.document["id"], columns) for member in row.members if member.state.running]
    if not tables:
        raise WrongState("Nothing of the pod %s runs" % row.pod.name, "Start it first.")
    found: List[List[str]] = []
    for table in tables:
        # Containers that share the namespace of processes have each other's.
        found += [line for line in table[1:] if line not in found]
    io.out.write(output.table(tables[0][0], found))
    return 0


def stats(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print what the containers of pods use, once or again and again."""
    once = bool(parsed.get("no-stream"))
    if not once and getattr(io.out, "buffer", None) is None:
        raise Unsupported("pod stats goes on until somebody ends it", "Use --no-stream.")
    before: Dict[str, Any] = {}
    while True:
        shown, before = _samples(ctx, parsed, before)
        if output.is_json(parsed.get("format")):
            text = json.dumps(shown, indent=1) + "\n"
        else:
            text = output.render(shown, COLUMNS, format=parsed.get("format"))
        io.out.write(text if once or parsed.get("no-reset") or not io.out.isatty() else CLEAR + text)
        io.out.flush()
        if once:
            return 0
        time.sleep(5)


def _samples(ctx: Context, parsed: Parsed, before: Dict[str, Any]) -> Tuple[List[Dict[str, Any]], Dict[str, Any]]:
    from ..service import statistics

    shown, now = [], {}
    for row in _rows(ctx, parsed, parsed.arguments):
        ids = [member.document["id"] for member in row.members if member.state.running]
        for one in statistics.samples(ctx, ids) if ids else ():
            now[one.id] = one
            cells = statistics.row(one, before.get(one.id), False)
            shown.append({"Pod": row.pod.id[:12], "CID": one.id[:12], "Name": one.name, "CPU": cells["CPUPerc"],
                          "MemUsage": cells["MemUsage"], "Mem": cells["MemPerc"], "NetIO": cells["NetIO"],
                          "BlockIO": cells["BlockIO"], "PIDS": cells["PIDs"]})
    return shown, now


def logs(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print what the containers of a pod wrote, by time."""
    row, rest = _pod(ctx, parsed)
    if rest:
        raise InvalidInput("pod logs takes one pod", "Name containers with --container.")
    members = [member for member in row.members if member.document["id"] != row.pod.infra]
    wanted = parsed.get("container", [])
    for name in wanted:
        if not any(_is(member, name) for member in members):
            raise NotFound("The pod %s has no container %s" % (row.pod.name, name))
    members = [member for member in members if not wanted or any(_is(member, name) for name in wanted)]
    sources = [_lines(ctx, parsed, member, len(members) > 1 or bool(parsed.get("names"))) for member in members]
    write = writer(io)
    if not parsed.get("follow"):
        for _time, stream, data in heapq.merge(*sources):
            write(stream, data)
        return 0
    lock = threading.Lock()
    threads = [threading.Thread(target=_copy, args=(source, write, lock), daemon=True) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def _is(member: podlisting.Member, name: str) -> bool:
    return name == member.document["name"] or str(member.document["id"]).startswith(name)


def _lines(ctx: Context, parsed: Parsed, member: podlisting.Member, label: bool) -> Iterator[Tuple[bytes, int, bytes]]:
    """(time, stream, line) of one container."""
    tail = parsed.get("tail", -1)
    prefix = (member.document["id"][:12] + " ").encode() if label else b""
    if parsed.get("names"):
        prefix = (member.document["name"] + " ").encode()
    for stream, data in containers.logs(
            ctx, member.document["id"], follow=bool(parsed.get("follow")), since=parsed.get("since", ""),
            until=parsed.get("until", ""), tail=tail if tail >= 0 else None, timestamps=True):
        moment, _blank, text = data.partition(b" ")
        yield moment, 3 if stream == "stderr" else 2, prefix + (data if parsed.get("timestamps") else text)


def _copy(source: Iterator[Tuple[bytes, int, bytes]], write: Any, lock: threading.Lock) -> None:
    try:
        for _time, stream, data in source:
            with lock:
                write(stream, data)
    except EngineError:
        return  # removed meanwhile


VERBS: Tuple[Verb, ...] = (
    Verb("pod top", "POD [COLUMN...]", "List the processes of a pod", (LATEST,), top, interspersed=False,
         reads_only=True),
    Verb("pod stats", "[POD...]", "Print what the containers of pods use", (
        Flag("all", "a", "bool", "also pods that do not run"), LATEST, Flag("format", help="json, or a Go template"),
        Flag("no-reset", kind="bool", help="do not clear the screen"),
        Flag("no-stream", kind="bool", help="once only")), stats, reads_only=True),
    Verb("pod logs", "POD", "Print what the containers of a pod wrote", (
        Flag("container", "c", "list", "of this container only"), Flag("follow", "f", "bool", "go on until all end"),
        Flag("since", help="a time, or a duration back"), Flag("until", help="a time, or a duration back"),
        Flag("tail", kind="int", help="so many last lines of each"), Flag("timestamps", "t", "bool", "print times"),
        Flag("names", "n", "bool", "print names and not IDs"),
        Flag("color", kind="bool", refused="names have no colours"), LATEST), logs, reads_only=True),
)
