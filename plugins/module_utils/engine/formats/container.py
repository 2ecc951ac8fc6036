# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user asked of a container: the resolved configuration that the engine stores.

Field names are the option names of the ``container`` module (and, with dashes, mostly podman's
long options). Values are canonical: whatever spelling the user chose, equal wishes give equal
values, so that comparing two documents compares two wishes. A field that was not asked for holds
its default. What follows from the image (its environment, command, volumes) is not mixed in here;
that happens each time the container starts.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen, as_dict, misfit

Pairs = Dict[str, str]


class Port(Frozen):
    """One published port. ``host_port`` 0 asks for any free one; ``host_ip`` '' is every address."""

    container_port: int
    host_port: int = 0
    host_ip: str = ""
    protocol: str = "tcp"


class Mount(Frozen):
    """One mount. ``type`` is bind, volume, tmpfs or image; an anonymous volume has no source.

    ``options`` are sorted, without duplicates, and hold what mount(8) and podman-run(1) know: ro,
    rw, z, Z, U, exec, suid, dev (and their no- forms), a propagation, rbind or bind, copy or nocopy,
    ``size=BYTES``, ``mode=OCTAL``, ``uid=N``, ``gid=N``.
    """

    type: str
    target: str
    source: str = ""
    options: Tuple[str, ...] = ()


class Device(Frozen):
    """One device of the host. ``permissions`` is a subset of 'rwm', in that order."""

    source: str
    target: str
    permissions: str = "rwm"


class Limit(Frozen):
    """One ulimit: name without RLIMIT_, lower case; -1 is unlimited; 'host' copies all is name 'host'."""

    name: str
    soft: int = -1
    hard: int = -1


class NetworkUse(Frozen):
    """One network of the container: a network's name, or with ``mode`` a kind of namespace.

    ``mode`` is 'network', 'none', 'host', 'container' (``name`` is the other container), 'ns'
    (``name`` is a path), 'slirp4netns' or 'pasta' (``name`` is their options), or 'private' (the
    default: the default bridge).
    """

    mode: str = "network"
    name: str = ""
    ip: str = ""
    ip6: str = ""
    mac: str = ""
    interface: str = ""
    aliases: Tuple[str, ...] = ()


class SecretUse(Frozen):
    """One secret in the container. ``type`` is 'mount' (a file) or 'env' (``target`` names the variable)."""

    name: str
    type: str = "mount"
    target: str = ""
    uid: int = 0
    gid: int = 0
    mode: int = 0o444


class HealthCheck(Frozen):
    """A health check; times are in seconds. ``test`` is ('CMD', ...), ('CMD-SHELL', line) or ('NONE',)."""

    test: Tuple[str, ...]
    interval: float = 30.0
    timeout: float = 30.0
    start_period: float = 0.0
    retries: int = 3


class ContainerSpec(Frozen):
    """All of a container's options; see the module's documentation for what each does."""

    image: str = ""
    name: str = ""
    rootfs: bool = False
    # the pod that it is in, by name; ``infra`` marks the one that holds the pod's namespaces
    pod: str = ""
    infra: bool = False
    # '' for an ordinary container; 'always' or 'once': run to its end before the others, each time the pod starts
    init_ctr: str = ""
    # process
    command: Optional[Tuple[str, ...]] = None
    entrypoint: Optional[Tuple[str, ...]] = None
    env: Pairs = {}
    env_host: bool = False
    http_proxy: bool = False
    unsetenv: Tuple[str, ...] = ()
    unsetenv_all: bool = False
    user: str = ""
    group_add: Tuple[str, ...] = ()
    workdir: str = ""
    interactive: bool = False
    tty: bool = False
    init: bool = False
    init_path: str = ""
    umask: str = "0022"
    stop_signal: str = ""
    stop_timeout: int = 10
    timeout: int = 0
    timezone: str = ""
    systemd: str = "false"
    passwd: bool = True
    # identity
    hostname: str = ""
    label: Pairs = {}
    annotation: Pairs = {}
    # life
    restart_policy: str = "no"
    rm: bool = False
    requires: Tuple[str, ...] = ()
    log_driver: str = ""
    log_opt: Pairs = {}
    health: Optional[HealthCheck] = None
    no_healthcheck: bool = False
    healthcheck_failure_action: str = "none"
    # file systems
    read_only: bool = False
    read_only_tmpfs: bool = True
    mounts: Tuple[Mount, ...] = ()
    volumes_from: Tuple[str, ...] = ()
    image_volume: str = "anonymous"
    shm_size: int = 65536000
    device: Tuple[Device, ...] = ()
    device_cgroup_rule: Tuple[str, ...] = ()
    secrets: Tuple[SecretUse, ...] = ()
    # networks
    network: Tuple[NetworkUse, ...] = ()
    network_aliases: Tuple[str, ...] = ()
    ip: str = ""
    ip6: str = ""
    mac_address: str = ""
    publish: Tuple[Port, ...] = ()
    publish_all: bool = False
    expose: Tuple[str, ...] = ()
    dns: Tuple[str, ...] = ()
    dns_option: Tuple[str, ...] = ()
    dns_search: Tuple[str, ...] = ()
    etc_hosts: Pairs = {}
    no_hosts: bool = False
    # namespaces: '' is the default, else 'private', 'host', 'container:NAME', 'ns:PATH'
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    userns: str = ""
    uidmap: Tuple[str, ...] = ()
    gidmap: Tuple[str, ...] = ()
    subuidname: str = ""
    subgidname: str = ""
    cgroupns: str = ""
    # privileges
    privileged: bool = False
    cap_add: Tuple[str, ...] = ()
    cap_drop: Tuple[str, ...] = ()
    security_opt: Tuple[str, ...] = ()
    sysctl: Pairs = {}
    ulimit: Tuple[Limit, ...] = ()
    oom_score_adj: Optional[int] = None
    # cgroup; sizes in bytes, 0 is 'no limit', None is 'not asked for'
    cgroup_parent: str = ""
    memory: int = 0
    memory_reservation: int = 0
    memory_swap: Optional[int] = None
    memory_swappiness: Optional[int] = None
    oom_kill_disable: bool = False
    cpus: float = 0.0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_rt_period: int = 0
    cpu_rt_runtime: int = 0
    cpu_shares: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: Optional[int] = None
    blkio_weight: int = 0
    device_read_bps: Pairs = {}
    device_write_bps: Pairs = {}
    device_read_iops: Pairs = {}
    device_write_iops: Pairs = {}
    cgroup_conf: Pairs = {}
    # which OCI runtime; '' lets the engine choose
    runtime: str = ""

    def to_document(self) -> Dict[str, Any]:
        """The JSON document: only the fields that differ from their default."""
        plain = as_dict(self)
        return {name: plain[name] for name, value in DEFAULTS.items() if getattr(self, name) != value}


DEFAULTS: Dict[str, Any] = as_dict(ContainerSpec())

_ROWS = {"mounts": Mount, "publish": Port, "device": Device, "ulimit": Limit,
         "network": NetworkUse, "secrets": SecretUse}


def from_document(document: Mapping[str, Any]) -> ContainerSpec:
    """A ContainerSpec from ``to_document``'s JSON, read back.

    Raises InvalidInput for a field that this version does not know (a newer engine wrote it), or of another type.
    """
    unknown = sorted(set(document) - set(DEFAULTS))
    if unknown:
        raise InvalidInput("The container's document has unknown fields: %s" % ", ".join(unknown),
                           "A newer version of the engine wrote it; use that version.")
    problem = misfit(ContainerSpec, document)
    if problem:
        raise InvalidInput("The container's document is damaged: " + problem)
    values = dict(document)
    for name, row in _ROWS.items():
        if name in values:
            values[name] = tuple(_row(row, item) for item in values[name])
    if values.get("health"):
        values["health"] = _row(HealthCheck, values["health"])
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return ContainerSpec(**values)


def _row(row: Any, item: Mapping[str, Any]) -> Any:
    return row(**{k: tuple(v) if isinstance(v, list) else v for k, v in item.items()})
