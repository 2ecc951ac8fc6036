# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares the engine with its peers, side by side in one run, and prints tables of medians and ratios.

Usage: run.py [loop] [module] [commands] [pull] [groups] [rootless] [stack] [units]; all of them without arguments.
Needs root, podman and the ``ansible`` package (for containers.podman). Everything runs in namespaces of its own, on
roots of its own. docs/performance.md says what the figures mean.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Callable, Dict, List, Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))
sys.path.insert(0, HERE)

import image_layout  # noqa: E402
import registry  # noqa: E402
import sandbox  # noqa: E402


class Bench:
    """One run's place: directories, a registry, and the two engines' command lines."""

    def __init__(self, work: str, address: str) -> None:
        self.work, self.registry = work, address
        self.image = address + "/busybox:1"
        # As bin/pycontainer starts itself, with the host's own Python
        self.ours = ["/usr/bin/python3", "-IS", os.path.join(TOP, "bin", "pycontainer"),
                     "--root", work + "/ours", "--runroot", work + "/ours-run"]
        self.podman = ["podman", "--root", work + "/podman", "--runroot", work + "/podman-run",
                       "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", "runc"]

    def start(self) -> None:
        """Let both engines have the image."""
        for command in (self.ours, self.podman):
            subprocess.run(command + ["pull", "--quiet", "--tls-verify=false", self.image], check=True,
                           stdout=subprocess.DEVNULL)


def seconds(command: Sequence[str]) -> float:
    """How long one command takes, from outside."""
    began = time.perf_counter()
    subprocess.run(list(command), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def row(name: str, ours: List[float], peer: List[float], budget: float) -> str:
    """One line of a table: medians in milliseconds and their ratio."""
    mine, theirs = statistics.median(ours), statistics.median(peer)
    return "| %s | %.0f | %.0f | %.2f | %.2f |" % (name, mine * 1000, theirs * 1000, mine / theirs, budget)


def header(peer: str) -> str:
    """The head of a table."""
    return "| what | pycontainer, ms | %s, ms | ratio | budget |\n| --- | --- | --- | --- | --- |" % peer


def inside(work: str, names: List[str]) -> int:
    """The run itself."""
    import commands
    import groups
    import loop
    import module
    import pull
    import rootless
    import stack
    import units
    parts: Dict[str, Callable[[Bench], None]] = {
        "loop": loop.main, "module": module.main, "commands": commands.main, "pull": pull.main,
        "groups": groups.main, "rootless": rootless.main, "stack": stack.main, "units": units.main}
    sandbox.loopback_up()
    # With it, Python would compile the engine anew for each command, as no host does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    layout = os.path.join(work, "layout")
    image_layout.busybox_image(layout)
    with registry.running(os.path.join(work, "registry"), 5000) as address:
        registry.push(layout, "1", address + "/busybox:1")
        bench = Bench(work, address)
        bench.start()
        for name in names or list(parts):
            print("\n## %s\n" % name, flush=True)
            parts[name](bench)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(inside(sys.argv[2], sys.argv[3:]))
    sys.exit(sandbox.enter(__file__, sys.argv[1:], "bench").code)
