# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod of three containers against podman's, and many containers on one network against one."""

from __future__ import annotations

import statistics
import subprocess
from typing import Callable, List

import run

ROUNDS = 5
MANY = 20


def pod(command: List[str], image: str) -> float:
    """Seconds to make and start a pod of three containers; it is removed afterwards."""
    spent = run.seconds(command + ["pod", "create", "--name", "p"])
    for number in range(3):
        spent += run.seconds(command + ["run", "-d", "--pod", "p", "--name", "p%d" % number, image, "sleep", "100"])
    subprocess.run(command + ["pod", "rm", "-f", "-t", "0", "p"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return spent


def many(command: List[str], image: str, count: int) -> float:
    """Seconds to start so many containers on one network, one after the other."""
    names = ["m%d" % number for number in range(count)]
    spent = sum(run.seconds(command + ["run", "-d", "--network", "many", "--name", name, image]) for name in names)
    subprocess.run(command + ["rm", "-f", "-t", "0", *names], check=True, stdout=subprocess.DEVNULL)
    return spent


def main(bench: run.Bench) -> None:
    """Print the tables."""
    print(run.header("podman"))
    ours, theirs = [], []
    for number in range(ROUNDS + 1):
        for command, times in ((bench.ours, ours), (bench.podman, theirs)):
            taken = pod(command, bench.image)
            if number:
                times.append(taken)
    print(run.row("a pod of three containers", ours, theirs, 1.0), flush=True)
    subprocess.run(bench.ours + ["network", "create", "many"], check=True, stdout=subprocess.DEVNULL)
    measure: Callable[[int], float] = lambda count: many(bench.ours, bench.image, count)
    one = statistics.median(measure(1) for _round in range(ROUNDS))
    twenty = measure(MANY)
    print("\n| what | ms | times one | budget |\n| --- | --- | --- | --- |")
    print("| one container on a network | %.0f | 1.0 | |" % (one * 1000))
    print("| %d containers | %.0f | %.1f | %.1f |" % (MANY, twenty * 1000, twenty / one, MANY))
    subprocess.run(bench.ours + ["network", "rm", "many"], check=True, stdout=subprocess.DEVNULL)
