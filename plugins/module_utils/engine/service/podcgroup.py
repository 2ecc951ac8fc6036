# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cgroup of a pod: made with its limits before the first process is in it, and read back."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

from ..context import Context
from ..errors import EngineError, Unsupported
from ..formats import cgroupfiles, pod, runtimespec
from ..formats.pod import PodSpec
from ..kernel import cgroup, command
from ..kernel.command import Result
from ..store import pods as pod_store
from ..store.containers import Record
from ..store.pods import Pod
from . import limits, membership

SYSTEMD_DEVICES = {"IOReadBandwidthMax": "device_read_bps", "IOWriteBandwidthMax": "device_write_bps",
                   "IOReadIOPSMax": "device_read_iops", "IOWriteIOPSMax": "device_write_iops"}


def check(ctx: Context, spec: PodSpec) -> None:
    """Raise Unsupported or InvalidInput for limits that cannot be set here."""
    asked = pod.limits(spec)
    runtimespec.resources(asked, cgroup.mode())
    if asked != pod.limits(PodSpec()):
        if not spec.share_parent:
            raise Unsupported("The limits of a pod without a cgroup of its own cannot be set",
                              "Leave share_parent: false out, or limit its containers.")
        limits.check(ctx, asked)


def begin(ctx: Context, record: Record) -> None:
    """Make the cgroup for a run, before anything is in it: with the infra container, or where there is none with
    each container."""
    one = pod_store.named(ctx, record.spec.pod)
    if record.spec.infra or not one.infra:
        make(ctx, one)


def make(ctx: Context, one: Pod, before: Optional[PodSpec] = None) -> None:
    """Make the pod's cgroup if it is missing, and set its limits; with ``before`` those are lifted that are
    not wished any more. Raises EngineError when the kernel does not keep one."""
    path = membership.cgroup_path(ctx, one)
    wanted = resources(one.spec, before)
    if not path or not one.spec.share_parent or not wanted:
        return
    if path.endswith(".slice"):
        _set_properties(ctx, path, one.spec, wanted)
        return
    rows = cgroupfiles.files(wanted, cgroup.mode())
    cgroup.make(path, sorted({row.controller for row in rows}))
    files = {row: cgroup.file(path, row.controller, row.name) for row in rows}
    if one.spec.memory_swap is None:
        # A kernel may not count swap, and nobody asked.
        rows = [row for row in rows if "sw" not in row.name or os.path.exists(files[row])]
    late = [row for row in rows if not _fits_now(files[row], row)]
    for row in late:
        _write(files[row], row, one.name)
    for row in rows:
        with open(files[row], encoding="ascii") as stream:
            content = stream.read()
        if not cgroupfiles.is_set(row, content, os.sysconf("SC_PAGE_SIZE")):
            raise EngineError("The limit %s of the pod %s is %r and not %s" % (
                row.name, one.name, content.strip()[:80], row.value), "The kernel kept the old one.")


def _fits_now(file: str, row: cgroupfiles.File) -> bool:
    """Write a limit, unless another one has to be written first: in v1 memory may never be more than memory and
    swap together, whichever way both are going."""
    try:
        with open(file, "w", encoding="ascii") as stream:
            stream.write(row.value)
        return True
    except OSError:
        return False


def _write(file: str, row: cgroupfiles.File, name: str) -> None:
    try:
        with open(file, "w", encoding="ascii") as stream:
            stream.write(row.value)
    except FileNotFoundError as exc:
        raise Unsupported("The limit %s of the pod %s cannot be set: this kernel does not have it" % (row.name, name),
                          "Leave the option out.") from exc
    except OSError as exc:
        raise EngineError("Cannot set the limit %s of the pod %s to %s: %s" % (
            row.name, name, row.value, exc.strerror)) from exc


def resources(spec: PodSpec, before: Optional[PodSpec] = None) -> Dict[str, Any]:
    """linux.resources of a pod's limits, with an explicit 'no limit' for what ``before`` limited."""
    wanted = runtimespec.resources(pod.limits(spec), cgroup.mode())
    memory, cpu = dict(wanted.get("memory", {})), dict(wanted.get("cpu", {}))
    if before is not None:
        if before.memory and not spec.memory:
            memory.update(limit=-1, swap=-1)
        if before.cpus and not spec.cpus:
            cpu.update(quota=-1, period=100000)
        if before.cpu_shares and not spec.cpu_shares:
            cpu["shares"] = 1024
    found: Dict[str, Any] = {key: value for key, value in (("memory", memory), ("cpu", cpu)) if value}
    if wanted.get("blockIO"):
        found["blockIO"] = wanted["blockIO"]
    return found


def _set_properties(ctx: Context, unit: str, spec: PodSpec, wanted: Dict[str, Any]) -> None:
    paths = {name: {path: int(rate) for path, rate in getattr(spec, field).items()}
             for name, field in SYSTEMD_DEVICES.items()}
    done = _systemctl(ctx, "set-property", "--runtime", unit, *cgroupfiles.properties(wanted, paths))
    if done.code:
        raise EngineError("systemd did not set the limits of %s: %s" % (
            unit, done.stderr.decode("utf-8", "replace").strip()))


def _systemctl(ctx: Context, *words: str) -> Result:
    program = ctx.tool("systemctl", "limit a pod")
    if not ctx.rootless:
        return command.run([program, *words])
    return command.run([program, "--user", *words],
                       env={"LC_ALL": "C", "XDG_RUNTIME_DIR": "/run/user/%d" % ctx.uid})


def remove(ctx: Context, one: Pod) -> None:
    """Remove the pod's cgroup, if it is there and empty."""
    path = membership.cgroup_path(ctx, one)
    if not path or not one.spec.share_parent:
        return
    if not path.endswith(".slice"):
        cgroup.remove(path)
    elif resources(one.spec):
        for verb in ("stop", "revert"):
            _systemctl(ctx, verb, path)
