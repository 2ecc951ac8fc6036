# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a container's cgroup can be limited: root's always, a user's by what systemd delegated to the user.

A limit that was asked for and cannot be set is an error, never ignored.
"""

from __future__ import annotations

import os
from typing import FrozenSet, Optional

from ..context import Context
from ..errors import RuntimeFailed, Unsupported
from ..formats.container import ContainerSpec
from ..kernel import cgroup

# option: the controller of cgroup v2 that it takes (cgroups(7))
CONTROLLERS = {
    "memory": "memory", "memory_reservation": "memory", "memory_swap": "memory", "memory_swappiness": "memory",
    "oom_kill_disable": "memory", "cpus": "cpu", "cpu_period": "cpu", "cpu_quota": "cpu", "cpu_rt_period": "cpu",
    "cpu_rt_runtime": "cpu", "cpu_shares": "cpu", "cpuset_cpus": "cpuset", "cpuset_mems": "cpuset",
    "pids_limit": "pids", "blkio_weight": "io", "device_read_bps": "io", "device_write_bps": "io",
    "device_read_iops": "io", "device_write_iops": "io", "cgroup_conf": "",
}


def delegated(ctx: Context) -> Optional[FrozenSet[str]]:
    """The controllers that a user's systemd may use; None where it may use none at all."""
    if cgroup.mode() != "v2" or not os.path.exists("/run/user/%d/bus" % ctx.uid):
        return None
    path = "/sys/fs/cgroup/user.slice/user-%d.slice/user@%d.service/cgroup.controllers" % (ctx.uid, ctx.uid)
    try:
        with open(path, encoding="ascii") as stream:
            return frozenset(stream.read().split())
    except OSError:
        return None


def check(ctx: Context, spec: ContainerSpec) -> bool:
    """Whether the container gets limits at all. Raises Unsupported for one that was asked for and cannot be set."""
    if not ctx.rootless:
        return True
    from ..formats.container import DEFAULTS

    there = delegated(ctx)
    asked = [name for name in CONTROLLERS if getattr(spec, name) != DEFAULTS[name]]
    missing = [name for name in asked if there is None or (CONTROLLERS[name] and CONTROLLERS[name] not in there)]
    if missing:
        words = sorted({CONTROLLERS[name] for name in missing if CONTROLLERS[name]})
        raise Unsupported(
            "The limits %s cannot be set for user %d on this host: %s" % (
                ", ".join(missing), ctx.uid, "no cgroup controller is delegated" if there is None
                else "the controllers %s are not delegated" % ", ".join(words)),
            "It takes cgroup v2, a user session (linger) and Delegate=%s in a drop-in of user@.service."
            % " ".join(words or ("yes",)))
    return bool(asked) or (there is not None and "pids" in there)


def foresee(ctx: Context, spec: ContainerSpec) -> None:
    """Raise what ``check`` raises; where an earlier task of the same check may delegate what is missing, warn."""
    try:
        check(ctx, spec)
    except Unsupported as exc:
        if cgroup.mode() != "v2":
            raise
        ctx.warn(exc)


def read_back(ctx: Context, spec: ContainerSpec, pid: int) -> None:
    """See whether a user's container has the limits that were asked for, before its process is let go.

    An OCI runtime without root goes on when it may not write a cgroup. Raises RuntimeFailed.
    """
    if not ctx.rootless:
        return
    page = os.sysconf("SC_PAGE_SIZE")
    wanted = {"memory.max": str(spec.memory // page * page) if spec.memory else "",
              "pids.max": str(spec.pids_limit) if (spec.pids_limit or 0) > 0 else "",
              "cpu.max": "%d 100000" % int(spec.cpus * 100000) if spec.cpus else ""}
    place = cgroup.of_process(pid).get("", "")
    for name, value in wanted.items():
        if not value:
            continue
        try:
            with open(os.path.join(place, name), encoding="ascii") as stream:
                found = stream.read().strip()
        except OSError as exc:
            found = exc.strerror or "nothing"
        if found != value:
            raise RuntimeFailed("The limit %s of the container is not set: it is to be %s, and is %s"
                                % (name, value, found), "See what is delegated in %s." % (place or "its cgroup"))
