# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on what containers do and use: top and stats."""

from __future__ import annotations

import json
import time
from typing import Any, Dict, List, Tuple

from ..context import Context
from ..errors import InvalidInput, Unsupported
from ..service import containers
from . import output, selection
from .flags import IO, Flag, Parsed, Verb

CLEAR = "\x1b[H\x1b[2J"  # ECMA-48: the cursor goes home, and the screen is erased

COLUMNS = (("ID", "ID"), ("NAME", "Name"), ("CPU %", "CPUPerc"), ("MEM USAGE / LIMIT", "MemUsage"),
           ("MEM %", "MemPerc"), ("NET IO", "NetIO"), ("BLOCK IO", "BlockIO"), ("PIDS", "PIDs"), ("CPU TIME", "UpTime"),
           ("AVG CPU %", "AVGCPU"))
# 'stats --format json' has its own keys (podman-stats(1)).
JSON = (("id", "ID"), ("name", "Name"), ("cpu_time", "UpTime"), ("cpu_percent", "CPUPerc"), ("avg_cpu", "AVGCPU"),
        ("mem_usage", "MemUsage"), ("mem_percent", "MemPerc"), ("net_io", "NetIO"), ("block_io", "BlockIO"),
        ("pids", "PIDs"))


def top(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List the processes of a container; with flags of ps(1) by the container's own ps."""
    words = selection.rest(ctx, parsed)
    name, columns = words[0], words[1:]
    if columns and columns[0].startswith("-"):
        from ..service.exec import ExecWish

        result = containers.exec_run(ctx, name, ExecWish(("ps", *columns)))
        io.out.write(result.stdout.decode("utf-8", "replace"))
        io.err.write(result.stderr.decode("utf-8", "replace"))
        return result.code or 0
    rows = containers.top(ctx, name, columns)
    io.out.write(output.table(rows[0], rows[1:]))
    return 0


def stats(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print what containers use, once or again and again."""
    from ..service import statistics

    if sum(map(bool, (parsed.arguments, parsed.get("all"), parsed.get("latest")))) > 1:
        raise InvalidInput("Names, --all and --latest cannot go together", "Use one of them.")
    names = [selection.latest(ctx)] if parsed.get("latest") else parsed.arguments
    pause = parsed.get("interval", 5)
    once = bool(parsed.get("no-stream"))
    if pause < 1:
        raise InvalidInput("--interval is %d seconds" % pause, "Give at least 1.")
    if not once and getattr(io.out, "buffer", None) is None:
        raise Unsupported("stats goes on until somebody ends it", "Use --no-stream.")
    before: Dict[str, Any] = {}
    while True:
        found = statistics.samples(ctx, names, everything=bool(parsed.get("all")))
        rows = [statistics.row(one, before.get(one.id), bool(parsed.get("no-trunc"))) for one in found]
        text = _shown(rows, parsed)
        io.out.write(text if once or parsed.get("no-reset") or not io.out.isatty() else CLEAR + text)
        io.out.flush()
        if once:
            return 0
        before = {one.id: one for one in found}
        time.sleep(pause)


def _shown(rows: List[Dict[str, Any]], parsed: Parsed) -> str:
    if output.is_json(parsed.get("format")):
        return json.dumps([{key: str(row[name]) for key, name in JSON} for row in rows], indent=1) + "\n"
    return output.render(rows, COLUMNS, format=parsed.get("format"))


VERBS: Tuple[Verb, ...] = (
    Verb("top", "CONTAINER [COLUMN...]", "List the processes of a container", (selection.LATEST,), top,
         interspersed=False, reads_only=True),
    Verb("stats", "[CONTAINER...]", "Print what containers use", (
        selection.ALL, selection.LATEST, Flag("format", help="json, or a Go template"),
        Flag("interval", "i", "int", "seconds between two looks, 5"),
        Flag("no-reset", kind="bool", help="do not clear the screen"),
        Flag("no-stream", kind="bool", help="once only"), Flag("no-trunc", kind="bool", help="whole IDs")), stats,
        reads_only=True),
)
