# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""20 containers that nothing has changed of: one task of ``stack`` against one ping, and against loops.

The processor time of what is sent to the host hardly depends on what else the machine does; the wall times are those
of whole tasks in one play.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from typing import Any, Dict, List

import loop
import module
import run

ITEMS = 20
ROUNDS = 15
REPEATED = 5


def wish(bench: run.Bench) -> Dict[str, Any]:
    """The options of the stack: containers on a network, with a volume and a secret."""
    container = {"image": bench.image, "command": ["sleep", "1000"], "network": ["stack"], "volume": ["stack:/data"],
                 "secrets": ["stack"], "env": {"A": "b"}, "stop_signal": "KILL"}
    return {"name": "bench", "units": False, "prune": True, "root": bench.work + "/ours",
            "runroot": bench.work + "/ours-run", "networks": [{"name": "stack"}], "volumes": [{"name": "stack"}],
            "secrets": [{"name": "stack", "data": "a word"}], "images": [{"name": bench.image, "tls_verify": False}],
            "containers": [dict(container, name="stack%d" % number) for number in range(ITEMS)]}


def tasks(bench: run.Bench) -> List[Dict[str, Any]]:
    """The play's tasks; the repeated ones are in turn."""
    stack = "pycontainer.engine.stack"
    ours = {"image": bench.image, "root": bench.work + "/ours", "runroot": bench.work + "/ours-run"}
    theirs = {"name": "theirs{{ item }}", "image": bench.image, "state": "started", "stop_signal": 9,
              "executable": loop.podman_here(bench)}
    items = {"loop": "{{ range(%d) | list }}" % ITEMS}
    rows: List[Dict[str, Any]] = [{"name": "warm-up", "ansible.builtin.ping": {}},
                                  {"name": "stack, create and start", stack: wish(bench)}]
    for number in range(REPEATED):
        rows += [{"name": "ping %d" % number, "ansible.builtin.ping": {}},
                 {"name": "stack %d" % number, stack: wish(bench)}]
    peer = "containers.podman.podman_container"
    return rows + [
        {"name": "loop of container", "pycontainer.engine.container": dict(ours, name="stack{{ item }}"), **items},
        {"name": "containers.podman, create and start", peer: theirs, **items},
        {"name": "loop of containers.podman", peer: theirs, **items},
        {"name": "remove", stack: dict(wish(bench), state="absent", prune_volumes=True)},
        {"name": "containers.podman remove", peer: dict(theirs, state="absent"), **items}]


def main(bench: run.Bench) -> None:
    """Print both tables."""
    peer = module.sent(bench, "ansible.builtin.ping", "")
    ours = module.sent(bench, "pycontainer.engine.stack", json.dumps(wish(bench)))
    module.processor_time(ours)  # The first after a change keeps the engine on the host.
    mine: List[float] = []
    theirs: List[float] = []
    for _round in range(ROUNDS):
        theirs.append(module.processor_time(peer))
        mine.append(module.processor_time(ours))
    print(run.header("ping"))
    print(run.row("unchanged stack of %d, processor time" % ITEMS, mine, theirs, 3.0))
    print("\nSent to the host: %d KB." % (os.path.getsize(ours) / 1000))
    subprocess.run(bench.ours + ["rm", "--all", "-f", "-t", "0"], check=True, stdout=subprocess.DEVNULL)
    found = loop.played(bench, tasks(bench))
    ping, stack = ([statistics.median(found["%s %d" % (name, number)]) for number in range(REPEATED)]
                   for name in ("ping", "stack"))
    base = statistics.median(ping)
    print("\n| whole task, wall time | ms | ratio to a ping |\n| --- | --- | --- |")
    times = {"ping": base, "stack of %d, unchanged" % ITEMS: statistics.median(stack)}
    times.update({name: sum(seconds) for name, seconds in found.items() if name[-1].isalpha() and name != "warm-up"})
    for name, value in times.items():
        print("| %s | %.0f | %.2f |" % (name, value * 1000, value / base))
