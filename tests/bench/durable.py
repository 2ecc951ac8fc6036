# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What being durable costs: the same commands with fsync(2) and without it, in turn, in one process.

python tests/bench/durable.py [DIRECTORY]: on the file system of that directory, /var/tmp by default.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Tuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plugins" / "module_utils"))
from engine.context import make_context  # noqa: E402
from engine.formats.container import ContainerSpec, NetworkUse  # noqa: E402
from engine.formats.volume import VolumeSpec  # noqa: E402
from engine.service import containers, secrets, volumes  # noqa: E402

ROUNDS = 30
REAL = os.fsync


def measure(ctx: Any, rootfs: str) -> Dict[Tuple[str, bool], List[float]]:
    """Milliseconds of each command, with fsync and without."""
    spec = ContainerSpec(image=rootfs, rootfs=True, name="one", command=("true",), network=(NetworkUse("none"),))
    steps: Dict[str, Callable[[], Any]] = {
        "create": lambda: containers.create(ctx, spec), "rename": lambda: containers.rename(ctx, "one", "two"),
        "rm": lambda: containers.remove(ctx, "two"), "volume create": lambda: volumes.create(ctx, VolumeSpec("one")),
        "volume rm": lambda: volumes.remove(ctx, "one"), "secret create": lambda: secrets.put(ctx, "one", b"value"),
        "secret rm": lambda: secrets.remove(ctx, "one")}
    times: Dict[Tuple[str, bool], List[float]] = {}
    for number in range(2 * ROUNDS + 1):
        durable = bool(number % 2)
        os.fsync = REAL if durable else lambda _fd: None
        for name, step in steps.items():
            began = time.monotonic()
            step()
            if number:  # the first round writes the engine's own copy
                times.setdefault((name, durable), []).append((time.monotonic() - began) * 1000)
    return times


def main() -> None:
    """Print a table."""
    place = tempfile.mkdtemp(prefix="pycontainer-durable-", dir=sys.argv[1] if len(sys.argv) > 1 else "/var/tmp")
    try:
        os.mkdir(place + "/rootfs")
        times = measure(make_context(root=place + "/root", runroot=place + "/run"), place + "/rootfs")
    finally:
        shutil.rmtree(place)
    print("%-16s %10s %10s   (ms, median of %d)" % ("", "durable", "without", ROUNDS))
    for name in dict.fromkeys(name for name, _durable in times):
        print("%-16s %10.1f %10.1f" % (name, *(statistics.median(times[name, way]) for way in (True, False))))


if __name__ == "__main__":
    main()
