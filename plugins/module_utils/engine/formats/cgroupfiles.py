# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""linux.resources of the OCI runtime-spec as files of a control group, or as properties of a systemd slice.

An OCI runtime does this for a container's own cgroup. The cgroup of a pod is ours to limit
(cgroups(7); the kernel's admin-guide/cgroup-v1 and cgroup-v2.rst; systemd.resource-control(5)).
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Set

UNLIMITED_V1 = "-1"
_BLOCK = (("throttleReadBpsDevice", "read_bps_device", "rbps"), ("throttleWriteBpsDevice", "write_bps_device", "wbps"),
          ("throttleReadIOPSDevice", "read_iops_device", "riops"),
          ("throttleWriteIOPSDevice", "write_iops_device", "wiops"))


class File(NamedTuple):
    """One value: the controller's name in this kind of cgroup, the file's name, and what is written."""

    controller: str
    name: str
    value: str


def files(resources: Mapping[str, Any], mode: str) -> List[File]:
    """The files for limits; ``mode`` is kernel.cgroup.mode()'s. Only what is in ``resources`` is written."""
    memory, cpu = resources.get("memory", {}), resources.get("cpu", {})
    block = resources.get("blockIO", {})
    return (_v2 if mode == "v2" else _v1)(memory, cpu, block)


def _v1(memory: Mapping[str, Any], cpu: Mapping[str, Any], block: Mapping[str, Any]) -> List[File]:
    rows = []
    for key, name in (("limit", "memory.limit_in_bytes"), ("swap", "memory.memsw.limit_in_bytes")):
        if key in memory:
            rows.append(File("memory", name, str(memory[key])))
    for key, controller, name in (("shares", "cpu", "cpu.shares"), ("period", "cpu", "cpu.cfs_period_us"),
                                  ("quota", "cpu", "cpu.cfs_quota_us"), ("cpus", "cpuset", "cpuset.cpus"),
                                  ("mems", "cpuset", "cpuset.mems")):
        if key in cpu:
            rows.append(File(controller, name, str(cpu[key])))
    if "weight" in block:
        rows.append(File("blkio", "blkio.weight", str(block["weight"])))
    for key, name, _v2_name in _BLOCK:
        rows += [File("blkio", "blkio.throttle." + name, "%d:%d %d" % (row["major"], row["minor"], row["rate"]))
                 for row in block.get(key, ())]
    return rows


def _v2(memory: Mapping[str, Any], cpu: Mapping[str, Any], block: Mapping[str, Any]) -> List[File]:
    rows = []
    if "limit" in memory:
        rows.append(File("memory", "memory.max", _or_max(memory["limit"])))
    if "swap" in memory:
        # In v2 swap is counted by itself, in the runtime-spec together with the memory.
        swap = memory["swap"] if memory["swap"] < 0 else memory["swap"] - max(memory.get("limit", 0), 0)
        rows.append(File("memory", "memory.swap.max", _or_max(swap)))
    if "shares" in cpu:
        rows.append(File("cpu", "cpu.weight", str(weight(cpu["shares"]))))
    if "quota" in cpu:
        rows.append(File("cpu", "cpu.max", "%s %d" % (_or_max(cpu["quota"]), cpu.get("period", 100000))))
    for key in ("cpus", "mems"):
        if key in cpu:
            rows.append(File("cpuset", "cpuset." + key, str(cpu[key])))
    if "weight" in block:
        rows.append(File("io", "io.weight", "default %d" % io_weight(block["weight"])))
    for key, _v1_name, name in _BLOCK:
        rows += [File("io", "io.max", "%d:%d %s=%d" % (row["major"], row["minor"], name, row["rate"]))
                 for row in block.get(key, ())]
    return rows


def _or_max(number: int) -> str:
    return "max" if number < 0 else str(number)


def weight(shares: int) -> int:
    """cpu.weight (1 to 10000) for cpu.shares (2 to 262144), as OCI runtimes convert it."""
    return 1 + (max(shares, 2) - 2) * 9999 // 262142


def io_weight(number: int) -> int:
    """io.weight (1 to 10000) for blkio.weight (10 to 1000)."""
    return 1 + (max(number, 10) - 10) * 9999 // 990


def is_set(row: File, content: str, page: int) -> bool:
    """Whether a file's content is what was written to it. Memory is rounded down to pages of ``page`` bytes."""
    content = content.strip()
    if row.name.startswith("memory."):
        if row.value in (UNLIMITED_V1, "max"):
            return content == "max" or (content.isdigit() and int(content) >= 2 ** 62)
        return content.isdigit() and int(content) == int(row.value) - int(row.value) % page
    if row.name.startswith("cpuset."):
        return numbers(content) == numbers(row.value)
    if row.name.startswith("blkio.throttle."):
        return row.value in content.splitlines() or row.value.endswith(" 0")
    if row.name == "io.max":
        device, limit = row.value.split(" ")
        return limit.endswith("=0") or any(device == line.split(" ")[0] and limit in line.split(" ")
                                           for line in content.splitlines())
    return content.splitlines()[:1] == [row.value]


def numbers(text: str) -> List[int]:
    """The numbers of a list such as '0-2,4' (cpuset(7))."""
    found: Set[int] = set()
    for part in text.strip().split(",") if text.strip() else ():
        low, _dash, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return sorted(found)


def properties(resources: Mapping[str, Any], paths: Mapping[str, Dict[str, int]]) -> List[str]:
    """The same as properties of a systemd unit, KEY=VALUE. ``paths`` are the devices' limits by systemd's name
    of the property: {'IOReadBandwidthMax': {'/dev/sda': 1048576}}."""
    memory, cpu = resources.get("memory", {}), resources.get("cpu", {})
    rows = []
    if "limit" in memory:
        rows.append("MemoryMax=%s" % ("infinity" if memory["limit"] < 0 else memory["limit"]))
    if "swap" in memory:
        swap = memory["swap"] if memory["swap"] < 0 else memory["swap"] - max(memory.get("limit", 0), 0)
        rows.append("MemorySwapMax=%s" % ("infinity" if swap < 0 else swap))
    if "shares" in cpu:
        rows.append("CPUWeight=%d" % weight(cpu["shares"]))
    if "quota" in cpu:
        rows.append("CPUQuota=" if cpu["quota"] < 0 else "CPUQuota=%d%%" % (
            cpu["quota"] * 100 // cpu.get("period", 100000)))
    for key, name in (("cpus", "AllowedCPUs"), ("mems", "AllowedMemoryNodes")):
        if key in cpu:
            rows.append("%s=%s" % (name, cpu[key]))
    if "weight" in resources.get("blockIO", {}):
        rows.append("IOWeight=%d" % io_weight(resources["blockIO"]["weight"]))
    return rows + ["%s=%s %d" % (name, path, rate) for name, rates in paths.items() for path, rate in rates.items()]
