# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What this host and this engine are (podman-info(1))."""

from __future__ import annotations

import os
import platform
import time
from typing import Any, Dict

from ..context import Context
from ..errors import EngineError
from ..kernel import cgroup
from ..registry import configuration
from ..runtime import probe
from ..store import containers as store
from ..store import images, runs
from . import effective


def collect(ctx: Context) -> Dict[str, Any]:
    """The document. Looks for a runtime that works, and says so when there is none."""
    counts: Dict[str, int] = {"number": 0, "paused": 0, "running": 0, "stopped": 0}
    for container_id in store.ids(ctx):
        status = runs.state(ctx, container_id).status
        counts["number"] += 1
        counts[status if status in counts else "stopped"] += 1
    try:
        chosen = probe.choose(ctx)
        runtime: Dict[str, Any] = {"name": chosen.name, "path": chosen.path}
    except EngineError as exc:
        runtime = {"name": "", "path": "", "error": str(exc)}
    conf = configuration.load(ctx)
    memory = {row.split(":")[0]: int(row.split()[1]) * 1024 for row in _lines("/proc/meminfo") if " kB" in row}
    return {
        "host": {
            "arch": platform.machine(), "cgroupManager": effective.cgroup_manager(ctx), "cgroupVersion": cgroup.mode(),
            "conmon": {"path": ctx.conmon or ctx.find_tool("conmon") or ""}, "cpus": os.cpu_count(),
            "hostname": platform.node(), "kernel": platform.release(), "memFree": memory.get("MemFree", 0),
            "memTotal": memory.get("MemTotal", 0), "ociRuntime": runtime, "os": "linux",
            "networkBackend": "nftables", "dns": ctx.find_tool("aardvark-dns") or "hosts files",
            "uptime": "%.0f s" % time.clock_gettime(time.CLOCK_BOOTTIME), "python": platform.python_version(),
            "security": {"rootless": ctx.rootless}},
        "store": {"graphRoot": ctx.root, "runRoot": ctx.runroot, "graphDriverName": "overlay", "containerStore": counts,
                  "imageStore": {"number": len(images.ids(ctx))}},
        "registries": {"search": list(conf.search)},
        "version": {"Version": "0.1.0"}}


def _lines(path: str) -> list[str]:
    with open(path, encoding="ascii") as stream:
        return stream.read().splitlines()
