# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much containers use (podman-stats(1))."""

from __future__ import annotations

import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from ..context import Context
from ..formats import humanize
from ..kernel import proc, usage
from ..kernel.usage import Usage
from ..store import containers as store
from ..store import runs
from . import listing, namespaces


class Sample(NamedTuple):
    """What one container had used at a time (``at`` and ``since``, its start, are seconds since 1970)."""

    id: str
    name: str
    used: Usage
    at: float
    since: float


def samples(ctx: Context, names: Sequence[str] = (), *, everything: bool = False) -> List[Sample]:
    """Samples of the named containers, or of those that run, or of all; zeros for one that does not run.

    Raises NotFound for a name that is not there.
    """
    if names:
        ids = [store.find(ctx, name) for name in names]
    else:
        ids = [row.id for row in reversed(listing.rows(ctx, everything=everything))]
    found = []
    for container_id in ids:
        record, state = store.get(ctx, container_id), runs.state(ctx, container_id)
        used = Usage()
        if state.running and proc.alive(state.pid, state.raw["pid_start"]):
            used = usage.of(state.pid, container_id)
            if namespaces.network_uses(record.spec)[0].mode == "host":
                # The host's links are not the container's.
                used = used._replace(received=0, sent=0)
        found.append(Sample(record.id, record.name, used, time.time(), state.started_at))
    return found


def row(sample: Sample, before: Optional[Sample], full: bool) -> Dict[str, Any]:
    """The fields of one container for templates and tables, since ``before`` or since it started."""
    used = sample.used
    average = _percent(used.cpu, sample.at - sample.since) if used.cpu else 0.0
    busy = average
    if before is not None and before.since == sample.since:
        busy = _percent(used.cpu - before.used.cpu, sample.at - before.at)
    memory = used.memory * 100 / used.limit if used.limit else 0.0
    pair = "%s / %s"
    return {
        "ID": sample.id if full else sample.id[:12], "ContainerID": sample.id, "Name": sample.name,
        "CPUPerc": "%.2f%%" % busy, "CPU": busy, "CPUNano": used.cpu, "CPUSystemNano": used.system,
        "SystemNano": int(sample.at * 1e9), "PerCPU": list(used.per_cpu) or None, "AvgCPU": average,
        "AVGCPU": "%.2f%%" % average, "UpTime": humanize.go_duration(used.cpu), "Duration": used.cpu,
        "MemUsage": pair % (humanize.compact(used.memory), humanize.compact(used.limit)),
        "MemUsageBytes": pair % (humanize.compact(used.memory, binary=True), humanize.compact(used.limit, binary=True)),
        "MemLimit": used.limit, "MemPerc": "%.2f%%" % memory,
        "NetInput": used.received, "NetOutput": used.sent,
        "NetIO": pair % (humanize.compact(used.received), humanize.compact(used.sent)),
        "BlockInput": used.read, "BlockOutput": used.written,
        "BlockIO": pair % (humanize.compact(used.read), humanize.compact(used.written)), "PIDs": used.pids}


def _percent(nanoseconds: int, seconds: float) -> float:
    return nanoseconds / 1e7 / seconds if seconds > 0 else 0.0
