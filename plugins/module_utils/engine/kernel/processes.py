# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes of a container, as proc(5) shows them."""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from . import cgroup

TICKS = os.sysconf("SC_CLK_TCK")
MAX_LINE = 65536


class Process(NamedTuple):
    """One process. ``pids`` are its IDs from the reader's PID namespace inwards; ``uids`` and ``gids`` the real
    and the effective one; ``cpu`` and ``started`` are seconds (``started`` since boot), ``rss`` and ``vsz`` KiB,
    ``capabilities`` masks by the names in /proc/PID/status, ``seccomp`` its number there."""

    pid: int
    pids: Tuple[int, ...]
    ppid: int
    pgids: Tuple[int, ...]
    comm: str
    args: Tuple[str, ...]
    state: str
    nice: int
    tty: int
    cpu: float
    started: float
    rss: int
    vsz: int
    uids: Tuple[int, int]
    gids: Tuple[int, int]
    groups: Tuple[int, ...]
    capabilities: Dict[str, int]
    seccomp: int
    label: str


def members(first: int, name: str) -> List[int]:
    """The IDs of the processes of the container whose first process is ``first``, in order.

    They are those of the control group that has ``name`` in its path, and of what lies below. A container without
    one (of a user to whom none is delegated) has those of its PID namespace, or where others share that, those that
    see its mounts and their children.
    """
    for place in cgroup.of_process(first).values():
        if name in place:
            found = _of_cgroup(place)
            if first in found:
                return sorted(found)
    own = read(first)
    if own is not None and own.pids[-1] == 1:
        return sorted(_of_namespace(first, "pid"))
    return sorted(family(_of_namespace(first, "mnt")))


def _of_cgroup(path: str) -> Iterable[int]:
    found: Set[int] = set()
    for directory, _names, _files in os.walk(path):
        try:
            with open(os.path.join(directory, "cgroup.procs"), encoding="ascii") as stream:
                found.update(int(line) for line in stream)
        except OSError:
            continue
    # 0 is a process that the reader's PID namespace does not have.
    return found - {0}


def _of_namespace(first: int, kind: str) -> List[int]:
    wanted = _namespace(first, kind)
    return [int(name) for name in os.listdir("/proc")
            if name.isdigit() and wanted and _namespace(int(name), kind) == wanted]


def _namespace(pid: int, kind: str) -> Optional[str]:
    try:
        return os.readlink("/proc/%d/ns/%s" % (pid, kind))
    except OSError:
        return None


def family(pids: Sequence[int]) -> Set[int]:
    """These processes and all that descend from them now."""
    found = set(pids)
    children: Dict[int, List[int]] = {}
    for one in (read(int(name)) for name in os.listdir("/proc") if name.isdigit()):
        if one is not None:
            children.setdefault(one.ppid, []).append(one.pid)
    waiting = list(pids)
    while waiting:
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting += new
    return found


def read(pid: int) -> Optional[Process]:
    """A process; None when it is gone."""
    try:
        stat, status = _content(pid, "stat"), _status(_content(pid, "status"))
        line = _content(pid, "cmdline")
    except OSError:
        return None
    end = stat.rindex(")")
    row = stat[end + 2:].split()
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    return Process(
        pid=pid, pids=_numbers(status.get("NSpid", str(pid))), ppid=int(row[1]),
        pgids=_numbers(status.get("NSpgid", row[2])), comm=_shown(stat[stat.index("(") + 1:end]),
        args=tuple(_shown(word) for word in line.rstrip("\0").split("\0")) if line else (), state=row[0],
        tty=int(row[4]), cpu=(int(row[11]) + int(row[12])) / TICKS, nice=int(row[16]), started=int(row[19]) / TICKS,
        vsz=int(row[20]) // 1024, rss=int(row[21]) * page,
        uids=_pair(status["Uid"]), gids=_pair(status["Gid"]), groups=_numbers(status.get("Groups", "")),
        capabilities={key: int(status[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
                      if key in status},
        seccomp=int(status.get("Seccomp", "0")), label=_label(pid))


def _content(pid: int, name: str) -> str:
    with open("/proc/%d/%s" % (pid, name), encoding="utf-8", errors="replace") as stream:
        return stream.read(MAX_LINE)


def _status(text: str) -> Dict[str, str]:
    return {key: value.strip() for key, _colon, value in (line.partition(":") for line in text.splitlines())}


def _numbers(text: str) -> Tuple[int, ...]:
    return tuple(int(word) for word in text.split())


def _pair(text: str) -> Tuple[int, int]:
    real, effective = text.split()[:2]
    return int(real), int(effective)


def _shown(text: str) -> str:
    """What a process calls itself may be anything; a terminal gets nothing to obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _label(pid: int) -> str:
    try:
        return _shown(_content(pid, "attr/current").strip("\0\n"))
    except OSError:
        return ""


def boot_time() -> float:
    """When the kernel started, in seconds since 1970."""
    with open("/proc/stat", encoding="ascii", errors="replace") as stream:
        for line in stream:
            if line.startswith("btime "):
                return float(line.split()[1])
    return 0.0


def uptime() -> float:
    """The seconds since the kernel started."""
    with open("/proc/uptime", encoding="ascii") as stream:
        return float(stream.read().split()[0])


def id_map(pid: int, kind: str) -> str:
    """The rows of a process's uid_map or gid_map (``kind`` is 'uid' or 'gid') as this process sees it; '' when it is
    gone."""
    if _namespace(pid, "user") == _namespace(os.getpid(), "user"):
        # The kernel shows such a reader the IDs of the parent's namespace (user_namespaces(7)).
        return "0 0 %d\n" % (2 ** 32 - 1)
    try:
        return _content(pid, kind + "_map")
    except OSError:
        return ""


def host_map(kind: str) -> str:
    """The rows of this process's own uid_map or gid_map: from what it sees to the host's."""
    return _content(os.getpid(), kind + "_map")
