# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""config.json of the OCI runtime-spec 1.0 (config.md, config-linux.md) from a container's wishes.

Pure: everything that has to be looked up on the host or in the image comes in with ``Inputs``.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..errors import InvalidInput, Unsupported
from ..frozen import Frozen
from .container import ContainerSpec
from .passwd import User

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

MASKED = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
          "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/firmware", "/sys/fs/selinux",
          "/sys/devices/virtual/powercap", "/proc/interrupts")
READONLY = ("/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

# sysctl(8) names that a namespace of the container's own makes harmless: prefix -> namespace
NAMESPACED_SYSCTLS = {"net.": "net", "fs.mqueue.": "ipc", "kernel.msg": "ipc", "kernel.sem": "ipc",
                      "kernel.shm": "ipc", "kernel.domainname": "uts", "kernel.hostname": "uts"}


class Inputs(Frozen):
    """What a container's config.json is made of, besides the user's wishes.

    ``uid_mappings`` and ``gid_mappings`` are rows (inside, outside, length) of a user namespace to join.
    ``own_sysfs`` and ``own_proc`` say whether the kernel lets the container mount its own; else the host's show,
    read-only with all that is mounted below where ``recursive_read_only`` says that the kernel can do that.
    ``limited`` says whether the container's cgroup may be limited. ``gids`` is how many group IDs there are.
    ``namespaces`` maps the OCI types (pid, ipc, uts, network, mount, cgroup) to a path to join, '' for
    a new one; a type that is missing is the host's. ``mounts`` are OCI mount objects for volumes and
    files. ``hard_limits`` are the engine's own, {'RLIMIT_NOFILE': n or -1}. ``seccomp`` is
    linux.seccomp or None for unconfined.
    """

    spec: ContainerSpec
    container_id: str
    rootfs: str
    arguments: Tuple[str, ...]
    environment: Mapping[str, str]
    workdir: str
    user: User
    capabilities: Tuple[str, ...]
    hostname: str
    cgroups_path: str
    cgroup_mode: str
    namespaces: Mapping[str, str]
    mounts: Tuple[Mapping[str, Any], ...] = ()
    hard_limits: Mapping[str, int] = {}
    seccomp: Optional[Mapping[str, Any]] = None
    devices: Tuple[Mapping[str, Any], ...] = ()
    device_rules: Tuple[Mapping[str, Any], ...] = ()
    shm_path: str = ""
    image_annotations: Mapping[str, str] = {}
    uid_mappings: Tuple[Tuple[int, int, int], ...] = ()
    gid_mappings: Tuple[Tuple[int, int, int], ...] = ()
    own_sysfs: bool = True
    own_proc: bool = True
    recursive_read_only: bool = True
    limited: bool = True
    gids: int = 2 ** 32


def arguments(spec: ContainerSpec, entrypoint: Tuple[str, ...], command: Tuple[str, ...]) -> Tuple[str, ...]:
    """The process's argv: the user's entry point and command before the image's (podman-run(1)).

    Another entry point drops the image's command. Raises InvalidInput when nothing is left to run.
    """
    first = spec.entrypoint if spec.entrypoint is not None else entrypoint
    result = tuple(first) + cmd_of(spec, command)
    if not result or not result[0]:
        raise InvalidInput("There is no command to run in %s" % (spec.image or "the container"),
                           "Give a command; the image names none.")
    return result


def cmd_of(spec: ContainerSpec, command: Tuple[str, ...]) -> Tuple[str, ...]:
    """What follows the entry point: the user's command, or the image's beside the image's entry point."""
    if spec.command is not None:
        return tuple(spec.command)
    return command if spec.entrypoint is None else ()


def environment(spec: ContainerSpec, image: Mapping[str, str], user: Optional[User],
                caller: Mapping[str, str], hostname: str) -> Dict[str, str]:
    """The process's environment. Nothing of ``caller`` reaches it unasked. Without a ``user``, what each run has."""
    result = {"PATH": DEFAULT_PATH, "TERM": "xterm", "container": "oci"}
    if not spec.unsetenv_all:
        result.update(image)
    for name in spec.unsetenv:
        result.pop(name, None)
    if spec.http_proxy:
        names = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
        result.update((n, caller[n]) for name in names for n in (name, name.upper()) if n in caller)
    if spec.env_host:
        result.update(caller)
    result.update(spec.env)
    if user is not None:
        result.setdefault("HOME", user.home)
        result.setdefault("HOSTNAME", hostname)
    return result


def build(inputs: Inputs) -> Dict[str, Any]:
    """The document. Raises InvalidInput or Unsupported for a wish that cannot be met on this host."""
    spec = inputs.spec
    document: Dict[str, Any] = {
        "ociVersion": "1.0.2",
        "process": _process(inputs),
        "root": {"path": inputs.rootfs, "readonly": spec.read_only},
        "mounts": _mounts(inputs),
        "linux": _linux(inputs),
        "annotations": _annotations(inputs),
    }
    if "uts" in inputs.namespaces and not inputs.namespaces["uts"]:
        document["hostname"] = inputs.hostname
    return document


def _annotations(inputs: Inputs) -> Dict[str, str]:
    result = dict(inputs.image_annotations)
    result.update(inputs.spec.annotation)
    if inputs.spec.stop_signal:
        result["org.opencontainers.image.stopSignal"] = inputs.spec.stop_signal
    return result


def _process(inputs: Inputs) -> Dict[str, Any]:
    spec, user = inputs.spec, inputs.user
    # A user without privileges gets only what was added by hand, and that as ambient too:
    # otherwise execve(2) would take it away again.
    root = user.uid == 0
    everything = root or "ALL" in spec.cap_add
    effective = list(inputs.capabilities) if everything else sorted(set(inputs.capabilities) & set(spec.cap_add))
    process: Dict[str, Any] = {
        "terminal": spec.tty,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": list(user.groups), "umask": int(spec.umask, 8)},
        "args": list(inputs.arguments),
        "env": ["%s=%s" % pair for pair in inputs.environment.items()],
        "cwd": inputs.workdir,
        "capabilities": {"bounding": list(inputs.capabilities), "effective": effective, "permitted": effective,
                         "inheritable": [], "ambient": []},
        "rlimits": _rlimits(inputs),
        "noNewPrivileges": "no-new-privileges" in spec.security_opt,
    }
    if not root and effective:
        process["capabilities"]["inheritable"] = effective
        process["capabilities"]["ambient"] = effective
    if spec.oom_score_adj is not None:
        process["oomScoreAdj"] = spec.oom_score_adj
    for option in spec.security_opt:
        # Without AppArmor on the host, a runtime refuses any profile, 'unconfined' too.
        if option.startswith("apparmor=") and option != "apparmor=unconfined":
            process["apparmorProfile"] = option.partition("=")[2]
    return process


def _rlimits(inputs: Inputs) -> List[Dict[str, Any]]:
    """The limits asked for, clamped to the hard limits that this engine has itself.

    Raising a hard limit takes CAP_SYS_RESOURCE, which an engine in a container may not have.
    """
    wanted = {limit.name: (limit.soft, limit.hard) for limit in inputs.spec.ulimit if limit.name != "host"}
    rows = []
    for name, (soft, hard) in sorted(wanted.items()):
        kind = "RLIMIT_" + name.upper()
        if kind not in inputs.hard_limits:
            raise InvalidInput("There is no ulimit %s" % name, "getrlimit(2) lists them, without RLIMIT_.")
        ceiling = inputs.hard_limits[kind]
        infinite = 2 ** 64 - 1
        top = infinite if ceiling < 0 else ceiling
        rows.append({"type": kind, "soft": min(infinite if soft < 0 else soft, top),
                     "hard": min(infinite if hard < 0 else hard, top)})
    return rows


def _mounts(inputs: Inputs) -> List[Dict[str, Any]]:
    spec = inputs.spec
    protected = ["nosuid", "noexec", "nodev"]
    sys_ro = [] if spec.privileged else ["ro"]
    proc = ({"destination": "/proc", "type": "proc", "source": "proc", "options": protected} if inputs.own_proc else
            {"destination": "/proc", "type": "bind", "source": "/proc", "options": ["rbind", "rprivate"] + protected})
    rows: List[Dict[str, Any]] = [
        proc,
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] + (
             ["gid=5"] if inputs.gids > 5 else [])},
    ]
    if inputs.namespaces.get("ipc") == "":
        rows.append({"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": protected})
    if inputs.own_sysfs:
        rows.append({"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": protected + sys_ro})
    else:
        # The kernel refuses a new sysfs to a user namespace that does not own the network namespace. 'ro' alone would
        # leave what is mounted on the host's /sys (tracefs, debugfs, bpf) as it is.
        recursive = ["rro"] if sys_ro and inputs.recursive_read_only else []
        rows.append({"destination": "/sys", "type": "bind", "source": "/sys",
                     "options": ["rbind", "rprivate"] + protected + sys_ro + recursive})
    if "cgroup" in inputs.namespaces or inputs.cgroup_mode != "none":
        rows.append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                     "options": ["rprivate", "nosuid", "noexec", "nodev", "relatime"] + (
                         [] if spec.privileged else ["ro"])})
    if inputs.shm_path:
        rows.append({"destination": "/dev/shm", "type": "bind", "source": inputs.shm_path,
                     "options": ["bind", "rprivate", "nosuid", "noexec", "nodev"]})
    elif inputs.namespaces.get("ipc") == "" and spec.ipc != "none":
        rows.append({"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                     "options": protected + ["mode=1777", "size=%d" % spec.shm_size]})
    elif spec.ipc != "none":
        rows.append({"destination": "/dev/shm", "type": "bind", "source": "/dev/shm",
                     "options": ["rbind", "rprivate"] + protected})
    extra = list(inputs.mounts)
    if spec.read_only and spec.read_only_tmpfs:
        taken = {row["destination"] for row in extra}
        extra += [{"destination": path, "type": "tmpfs", "source": "tmpfs",
                   "options": ["rw", "nosuid", "nodev", "mode=1777"]}
                  for path in ("/run", "/tmp", "/var/tmp") if path not in taken]
    replaced = {row["destination"] for row in extra}
    rows = [row for row in rows if row["destination"] not in replaced]
    # A mount on a directory has to come after the one on its parent, which may be a volume on /dev.
    return sorted([*rows, *(dict(row) for row in extra)], key=lambda row: row["destination"].count("/"))


def _propagation(inputs: Inputs) -> str:
    """How the root file system propagates: a mount cannot be more open than the tree that it is made in.

    '' leaves it to the OCI runtime, which makes it a slave of the host's.
    """
    options = {option for row in inputs.mounts for option in row.get("options", ())}
    return "rshared" if options & {"shared", "rshared"} else "rslave" if options & {"slave", "rslave"} else ""


def _linux(inputs: Inputs) -> Dict[str, Any]:
    spec = inputs.spec
    linux: Dict[str, Any] = {
        **({"cgroupsPath": inputs.cgroups_path} if inputs.cgroups_path else {}),
        "namespaces": [{"type": kind, "path": path} if path else {"type": kind}
                       for kind, path in sorted(inputs.namespaces.items())],
        "resources": resources(spec, inputs.cgroup_mode) if inputs.limited else {},
        "sysctl": _sysctls(inputs),
        "devices": [dict(row) for row in inputs.devices],
    }
    if inputs.uid_mappings:
        for key, mapping in (("uidMappings", inputs.uid_mappings), ("gidMappings", inputs.gid_mappings)):
            linux[key] = [{"containerID": row[0], "hostID": row[1], "size": row[2]} for row in mapping]
    linux["resources"]["devices"] = _device_rules(inputs)
    if _propagation(inputs):
        linux["rootfsPropagation"] = _propagation(inputs)
    if not spec.privileged:
        masked, readonly = _paths(spec)
        linux["maskedPaths"], linux["readonlyPaths"] = masked, readonly
        if inputs.seccomp is not None:
            linux["seccomp"] = dict(inputs.seccomp)
    else:
        linux["maskedPaths"], linux["readonlyPaths"] = [], []
    return linux


def _paths(spec: ContainerSpec) -> Tuple[List[str], List[str]]:
    masked, readonly = list(MASKED), list(READONLY)
    for option in spec.security_opt:
        key, _equals, value = option.partition("=")
        if key == "mask":
            masked += [path for path in value.split(":") if path]
        elif key == "unmask":
            paths = value.split(":")
            if "ALL" in (path.upper() for path in paths):
                masked, readonly = [], []
            masked = [path for path in masked if path not in paths]
            readonly = [path for path in readonly if path not in paths]
    return masked, readonly


def _sysctls(inputs: Inputs) -> Dict[str, str]:
    for name in inputs.spec.sysctl:
        kind = _sysctl_namespace(name)
        # The engine makes a container's network namespace itself, so that one comes with a path.
        if inputs.namespaces.get(kind, "host") != "" and (kind != "network" or kind not in inputs.namespaces):
            raise InvalidInput("The sysctl %s needs a %s namespace of the container's own" % (name, kind))
    return dict(inputs.spec.sysctl)


def _sysctl_namespace(name: str) -> str:
    """The kind of namespace that a sysctl belongs to. Raises InvalidInput for one of the whole host."""
    for prefix, kind in NAMESPACED_SYSCTLS.items():
        if name.startswith(prefix):
            return {"net": "network"}.get(kind, kind)
    raise InvalidInput("The sysctl %s belongs to the whole host" % name,
                       "Only net.*, fs.mqueue.*, kernel.shm*, kernel.msg* and kernel.sem* can be set here.")


def check(spec: ContainerSpec, cgroup_mode: str) -> None:
    """Raise for wishes that ``build`` could meet on no host with this kind of cgroup, so that nothing is begun."""
    for name in spec.sysctl:
        _sysctl_namespace(name)
    _memory(spec, cgroup_mode)
    _cpu(spec)


def _device_rules(inputs: Inputs) -> List[Dict[str, Any]]:
    if inputs.spec.privileged:
        return [{"allow": True, "access": "rwm"}]
    rows: List[Dict[str, Any]] = [{"allow": False, "access": "rwm"}]
    return rows + [dict(row) for row in inputs.device_rules]


def resources(spec: ContainerSpec, cgroup_mode: str) -> Dict[str, Any]:
    """linux.resources without devices; also what ``update`` hands to the OCI runtime.

    Raises Unsupported for a limit that this kind of cgroup does not have.
    """
    result: Dict[str, Any] = {}
    memory = _memory(spec, cgroup_mode)
    if memory:
        result["memory"] = memory
    cpu = _cpu(spec)
    if cpu:
        result["cpu"] = cpu
    # containers.conf(5): pids_limit is 2048 unless something else was asked for.
    limit = 2048 if spec.pids_limit is None else spec.pids_limit
    result["pids"] = {"limit": limit if limit > 0 else -1}
    block = _block_io(spec)
    if block:
        result["blockIO"] = block
    if spec.cgroup_conf:
        if cgroup_mode != "v2":
            raise Unsupported("cgroup_conf needs cgroup v2, and this host has %s" % cgroup_mode)
        result["unified"] = dict(spec.cgroup_conf)
    return result


def _memory(spec: ContainerSpec, cgroup_mode: str) -> Dict[str, Any]:
    memory: Dict[str, Any] = {}
    if spec.memory:
        memory["limit"] = spec.memory
        # podman-run(1): without --memory-swap, memory and swap together are twice the memory.
        memory["swap"] = 2 * spec.memory if spec.memory_swap is None else spec.memory_swap
    elif spec.memory_swap is not None:
        raise InvalidInput("memory_swap needs memory", "Set memory too.")
    if spec.memory and spec.memory_swap is not None and 0 <= spec.memory_swap < spec.memory:
        raise InvalidInput("memory_swap is smaller than memory", "memory_swap is memory and swap together.")
    if spec.memory_reservation:
        memory["reservation"] = spec.memory_reservation
    if spec.memory_swappiness is not None:
        if cgroup_mode == "v2":
            raise Unsupported("memory_swappiness does not exist in cgroup v2")
        memory["swappiness"] = spec.memory_swappiness
    if spec.oom_kill_disable:
        if cgroup_mode == "v2":
            raise Unsupported("oom_kill_disable does not exist in cgroup v2")
        memory["disableOOMKiller"] = True
    return memory


def _cpu(spec: ContainerSpec) -> Dict[str, Any]:
    cpu: Dict[str, Any] = {}
    if spec.cpus:
        if spec.cpu_quota or spec.cpu_period:
            raise InvalidInput("cpus goes with neither cpu_quota nor cpu_period", "Use one way to say it.")
        cpu["period"], cpu["quota"] = 100000, round(spec.cpus * 100000)
    for key, value in (("period", spec.cpu_period), ("quota", spec.cpu_quota), ("shares", spec.cpu_shares),
                       ("cpus", spec.cpuset_cpus), ("mems", spec.cpuset_mems),
                       ("realtimePeriod", spec.cpu_rt_period), ("realtimeRuntime", spec.cpu_rt_runtime)):
        if value:
            cpu[key] = value
    return cpu


def _block_io(spec: ContainerSpec) -> Dict[str, Any]:
    import os

    block: Dict[str, Any] = {}
    if spec.blkio_weight:
        block["weight"] = spec.blkio_weight
    for key, pairs in (("throttleReadBpsDevice", spec.device_read_bps),
                       ("throttleWriteBpsDevice", spec.device_write_bps),
                       ("throttleReadIOPSDevice", spec.device_read_iops),
                       ("throttleWriteIOPSDevice", spec.device_write_iops)):
        rows = []
        for path, rate in pairs.items():
            try:
                number = os.stat(path).st_rdev
            except OSError as exc:
                raise InvalidInput("The device %s does not exist: %s" % (path, exc.strerror)) from exc
            rows.append({"major": os.major(number), "minor": os.minor(number), "rate": int(rate)})
        if rows:
            block[key] = rows
    return block
