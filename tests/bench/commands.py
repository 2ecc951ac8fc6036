# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line against podman's: the same verbs in turn, so that both see the same machine."""

from __future__ import annotations

import subprocess
from typing import List

import run

ROUNDS = 11


def paired(bench: run.Bench, arguments: List[str], undo: List[str] | None = None) -> tuple[list[float], list[float]]:
    """Times of one verb by both engines, one after the other in each round; the first round is not counted."""
    ours: List[float] = []
    theirs: List[float] = []
    for number in range(ROUNDS + 1):
        for command, times in ((bench.ours, ours), (bench.podman, theirs)):
            taken = run.seconds(command + arguments)
            if undo:
                subprocess.run(command + undo, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if number:
                times.append(taken)
    return ours, theirs


def main(bench: run.Bench) -> None:
    """Print the table."""
    print(run.header("podman"))
    pairs = [
        ("run --rm --network none", ["run", "--rm", "--network", "none", bench.image, "true"], None),
        ("run -d on the default bridge", ["run", "-d", "--name", "b", bench.image], ["rm", "-f", "-t", "0", "b"]),
    ]
    for name, arguments, undo in pairs:
        print(run.row(name, *paired(bench, arguments, undo), 1.0), flush=True)
    for command in (bench.ours, bench.podman):
        for number in range(5):
            subprocess.run(command + ["run", "-d", "--name", "c%d" % number, "--network", "none", bench.image],
                           check=True, stdout=subprocess.DEVNULL)
    for name, arguments in (("ps -a, 5 containers", ["ps", "-a"]), ("inspect", ["inspect", "c1"])):
        print(run.row(name, *paired(bench, arguments), 1.0), flush=True)
    for command in (bench.ours, bench.podman):
        subprocess.run(command + ["rm", "-f", "-t", "0"] + ["c%d" % n for n in range(5)], check=True,
                       stdout=subprocess.DEVNULL)
