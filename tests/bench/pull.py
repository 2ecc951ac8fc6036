# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pulling a large image from loopback: time against podman's, and the memory of all processes together."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from typing import List

import image_layout
import registry
import run

LAYERS, FILES, MEAN = 4, 15000, 12000
ROUNDS = 3


def big_layer(number: int) -> bytes:
    """A layer of many files whose content compresses about as well as programs and libraries do."""
    source = random.Random(number)
    words = [source.randbytes(24) for _attempt in range(4096)]
    rows = []
    for index in range(FILES):
        size = int(source.expovariate(1 / MEAN))
        data = b"".join(source.choices(words, k=size // 24 + 1))[:size]
        rows.append(image_layout.entry("data%d/%d/%d" % (number, index // 200, index), data, mode=0o644))
    return image_layout.layer(rows)


def tree_memory(pid: int) -> int:
    """Resident bytes (PSS) of a process and all below it."""
    total, todo = 0, [pid]
    while todo:
        current = todo.pop()
        try:
            with open("/proc/%d/smaps_rollup" % current, encoding="ascii") as stream:
                total += sum(int(line.split()[1]) for line in stream if line.startswith("Pss:")) * 1024
            for task in os.listdir("/proc/%d/task" % current):
                with open("/proc/%d/task/%s/children" % (current, task), encoding="ascii") as stream:
                    todo += [int(child) for child in stream.read().split()]
        except OSError:
            continue
    return total


def timed(command: List[str]) -> tuple[float, int]:
    """Seconds and peak bytes of one pull."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, tree_memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    taken = time.perf_counter() - began
    done.set()
    watcher.join()
    if code:
        raise RuntimeError("%s ended with %d" % (command, code))
    return taken, peak


def main(bench: run.Bench) -> None:
    """Print the table."""
    layout = os.path.join(bench.work, "big")
    layers = [big_layer(number) for number in range(LAYERS)]
    size = sum(map(len, layers))
    image_layout.write_layout(layout, layers, {}, "1")
    image = bench.registry + "/big:1"
    registry.push(layout, "1", image)
    del layers
    print("%d layers, %d files, %.0f MB unpacked\n" % (LAYERS, LAYERS * FILES, size / 1e6))
    ours, theirs, peaks = [], [], []
    for _round in range(ROUNDS):
        for command, times in ((bench.ours, ours), (bench.podman, theirs)):
            subprocess.run(["sync"], check=True)
            taken, peak = timed(command + ["pull", "--quiet", "--tls-verify=false", image])
            times.append(taken)
            peaks += [peak] if command is bench.ours else []
            subprocess.run(command + ["rmi", image], check=True, stdout=subprocess.DEVNULL)
    print(run.header("podman"))
    print(run.row("pull", ours, theirs, 0.65))
    print("\npeak memory of all our processes together: %.0f MB (budget 150)" % (max(peaks) / 1e6))
