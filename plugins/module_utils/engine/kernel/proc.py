# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes by /proc: whether one that was seen before is still the same one (proc(5))."""

from __future__ import annotations

import os
from typing import List, Optional


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
