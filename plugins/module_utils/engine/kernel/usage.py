# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container has used so far, from its control groups (cgroups(7)) or its processes (proc(5)), and from its
network namespace."""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, NamedTuple, Tuple

from . import cgroup


class Usage(NamedTuple):
    """``cpu`` and ``system`` are nanoseconds, ``per_cpu`` too (cgroup v1 only); all else but ``pids`` is bytes.
    ``limit`` is the memory that there is for it: its limit, or the host's."""

    cpu: int = 0
    system: int = 0
    per_cpu: Tuple[int, ...] = ()
    memory: int = 0
    limit: int = 0
    received: int = 0
    sent: int = 0
    read: int = 0
    written: int = 0
    pids: int = 0


def of(pid: int, name: str) -> Usage:
    """What the container whose first process is ``pid`` has used; zeros where the host does not count.

    Control groups count when their path has ``name`` in it. A container without one of its own, which is in that of
    its user's session, has used what its processes have; those that ended and were not waited for are missing.
    """
    places = {key: path for key, path in cgroup.of_process(pid).items() if name in path}
    received, sent = _network(pid)
    if not places:
        usage = _of_processes(pid, name)
    else:
        usage = _v1(places) if "memory" in places or "cpuacct" in places else _v2(places.get("", ""))
    return usage._replace(received=received, sent=sent)


def _of_processes(pid: int, name: str) -> Usage:
    from . import processes

    cpu = system = memory = read = written = 0
    members = processes.members(pid, name)
    for member in members:
        place = "/proc/%d" % member
        stat = _text(place, "stat")
        # proc_pid_stat(5), from the state on: utime, stime, cutime, cstime; rss in pages
        row = stat[stat.rfind(")") + 2:].split()
        if len(row) < 22:
            continue
        user, kernel = int(row[11]) + int(row[13]), int(row[12]) + int(row[14])
        cpu, system, memory = cpu + user + kernel, system + kernel, memory + int(row[21])
        counted = {words[0]: int(words[1]) for words in _rows(_text(place, "io")) if len(words) == 2}
        read, written = read + counted.get("read_bytes:", 0), written + counted.get("write_bytes:", 0)
    tick = 10 ** 9 // processes.TICKS
    return Usage(cpu=cpu * tick, system=system * tick, memory=memory * os.sysconf("SC_PAGE_SIZE"), limit=_limit(""),
                 read=read, written=written, pids=len(members))


def _v1(places: Dict[str, str]) -> Usage:
    cpu, memory = places.get("cpuacct", ""), places.get("memory", "")
    read, written = _block_v1(places.get("blkio", ""))
    return Usage(
        cpu=_number(cpu, "cpuacct.usage"), system=_number(cpu, "cpuacct.usage_sys"),
        per_cpu=tuple(int(word) for word in _text(cpu, "cpuacct.usage_percpu").split()),
        memory=_number(memory, "memory.usage_in_bytes"), limit=_limit(_text(memory, "memory.limit_in_bytes")),
        read=read, written=written, pids=_number(places.get("pids", ""), "pids.current"))


def _block_v1(path: str) -> Tuple[int, int]:
    sums = {"Read": 0, "Write": 0}
    for name in ("blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"):
        text = _text(path, name)
        if not text:
            continue
        for row in _rows(text):
            if len(row) == 3 and row[1] in sums:
                sums[row[1]] += int(row[2])
        break
    return sums["Read"], sums["Write"]


def _v2(path: str) -> Usage:
    times = {row[0]: int(row[1]) * 1000 for row in _rows(_text(path, "cpu.stat")) if len(row) == 2}
    block = {"rbytes": 0, "wbytes": 0}
    for row in _rows(_text(path, "io.stat")):
        for word in row[1:]:
            key, _equals, value = word.partition("=")
            if key in block:
                block[key] += int(value)
    return Usage(
        cpu=times.get("usage_usec", 0), system=times.get("system_usec", 0), memory=_number(path, "memory.current"),
        limit=_limit(_text(path, "memory.max")), read=block["rbytes"], written=block["wbytes"],
        pids=_number(path, "pids.current"))


def _rows(text: str) -> Iterator[List[str]]:
    return (line.split() for line in text.splitlines())


def _text(directory: str, name: str) -> str:
    if not directory:
        return ""
    try:
        with open(os.path.join(directory, name), encoding="ascii", errors="replace") as stream:
            return stream.read(65536)
    except OSError:
        return ""


def _number(directory: str, name: str) -> int:
    text = _text(directory, name).strip()
    return int(text) if text.isdigit() else 0


def _limit(text: str) -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(int(text), total) if text.strip().isdigit() else total


def _network(pid: int) -> Tuple[int, int]:
    """What the links of a process's network namespace have received and sent, but the loopback's."""
    received = sent = 0
    for line in _text("/proc/%d/net" % pid, "dev").splitlines()[2:]:
        name, _colon, rest = line.partition(":")
        row = rest.split()
        if name.strip() != "lo" and len(row) >= 9:
            received, sent = received + int(row[0]), sent + int(row[8])
    return received, sent
