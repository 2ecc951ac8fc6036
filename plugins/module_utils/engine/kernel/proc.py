# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes by /proc: whether one that was seen before is still the same one (proc(5))."""

from __future__ import annotations

import os
import signal
from typing import List, Optional

ENDING = sum(1 << number - 1 for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT))
PF_EXITING = 4


def boot_id() -> str:
    """The ID of this boot of the kernel."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
        return stream.read().strip()


def start_time(pid: int) -> Optional[int]:
    """When a process started, in clock ticks since boot; None when it is gone or a zombie."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    fields = data[data.rindex(b")") + 2:].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19])


def alive(pid: int, started: int) -> bool:
    """Whether the process ``pid`` is the one that started then. IDs are reused, start times are not."""
    return pid > 0 and start_time(pid) == started


def serves(pid: int, started: Optional[int] = None) -> bool:
    """Whether a process is there and will be: one that a signal to end has been sent to can take long to be gone.

    ``started``: it is the one that started then.
    """
    try:
        with open("/proc/%d/stat" % pid, "rb") as stream:
            data = stream.read()
        with open("/proc/%d/status" % pid, "rb") as stream:
            pending = [int(line.split()[1], 16) for line in stream if line.startswith((b"SigPnd:", b"ShdPnd:"))]
    except OSError:
        return False
    fields = data[data.rindex(b")") + 2:].split()
    if fields[0] in (b"Z", b"X") or int(fields[6]) & PF_EXITING or any(mask & ENDING for mask in pending):
        return False
    return pid > 0 and started in (None, int(fields[19]))


def neighbours(pid: int) -> List[int]:
    """All processes in the mount namespace of one, itself included; none when it is gone or hidden from us."""
    try:
        wanted = os.readlink("/proc/%d/ns/mnt" % pid)
    except OSError:
        return []
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.readlink("/proc/%s/ns/mnt" % name) == wanted:
                    found.append(int(name))
            except OSError:
                continue
    return found
