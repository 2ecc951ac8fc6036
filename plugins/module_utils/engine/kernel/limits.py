# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Limits of a living container that an OCI runtime's ``update`` takes and then leaves as they were.

runc 1.1 and crun change memory, processors, processes and the block weight, but neither the rates of single
devices nor the swappiness. Files: blkio-controller.rst and cgroup-v2.rst of the kernel's documentation.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Tuple

from . import cgroup

# the OCI specification's key, cgroup v1's file, cgroup v2's word in io.max
RATES = (("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
         ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
         ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
         ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"))

Device = Tuple[int, int]


def set_rates(pid: int, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Change the rates of devices for the container whose first process is ``pid``.

    ``before`` and ``wanted`` are the OCI specification's blockIO. A rate that is not wanted any more is
    lifted. Raises OSError when the kernel refuses one.
    """
    places = cgroup.of_process(pid)
    for key, name, word in RATES:
        old, new = _rates(before, key), _rates(wanted, key)
        for device in sorted({**old, **new}):
            rate = new.get(device, 0)
            if rate == old.get(device, 0):
                continue
            if "blkio" in places:
                # 0 takes a rate away
                _write(os.path.join(places["blkio"], name), "%d:%d %d" % (*device, rate))
            else:
                _write(os.path.join(places.get("", ""), "io.max"), "%d:%d %s=%s" % (*device, word, rate or "max"))


def _rates(block: Mapping[str, Any], key: str) -> Dict[Device, int]:
    return {(row["major"], row["minor"]): row["rate"] for row in block.get(key, ())}


def set_swappiness(pid: int, value: int) -> None:
    """Change how gladly a container's memory is swapped out, 0 to 100 (cgroup v1). Raises OSError."""
    _write(os.path.join(cgroup.of_process(pid).get("memory", ""), "memory.swappiness"), "%d" % value)


def _write(path: str, text: str) -> None:
    # Not created: without the controller there is no such file, and that is an error.
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    except OSError as exc:
        exc.filename = path
        raise
    finally:
        os.close(fd)
