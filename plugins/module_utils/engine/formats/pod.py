# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user asked of a pod: the resolved configuration that the engine stores.

Fields that a pod has in common with a container have the same names, types and canonical values as
in ``container.ContainerSpec``: they are the infra container's, the limits those of the pod's cgroup.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen, as_dict, misfit
from . import values
from .container import ContainerSpec, Device, Mount, NetworkUse, Port

NAMESPACES = ("cgroup", "ipc", "net", "pid", "uts")
DEFAULT_SHARE = ("ipc", "net", "uts")   # podman-pod-create(1), --share
EXIT_POLICIES = ("continue", "stop")

# What containers leave to their pod where it shares the namespace
NETWORK = ("network", "network_aliases", "ip", "ip6", "mac_address", "publish", "dns", "dns_option", "dns_search",
           "etc_hosts", "no_hosts")
LIMITS = ("memory", "memory_swap", "cpus", "cpu_shares", "cpuset_cpus", "cpuset_mems", "blkio_weight",
          "device_read_bps", "device_write_bps", "device_read_iops", "device_write_iops")
USER = ("userns", "uidmap", "gidmap", "subuidname", "subgidname")
# What only a pod with an infra container can have
INFRA = NETWORK + ("infra_name", "infra_command", "hostname", "mounts", "volumes_from", "pid", "uts",
                   "sysctl", "security_opt", "device", "shm_size") + USER
# What its infra container is made with, under the same names
PASSED = NETWORK + USER + ("hostname", "volumes_from", "pid", "uts", "sysctl", "security_opt", "device", "shm_size")


class PodSpec(Frozen):
    """All of a pod's options. ``share`` are namespaces of NAMESPACES, sorted; () shares none."""

    name: str = ""
    label: Dict[str, str] = {}
    share: Tuple[str, ...] = DEFAULT_SHARE
    share_parent: bool = True
    infra: bool = True
    infra_name: str = ""
    infra_command: Optional[Tuple[str, ...]] = None
    exit_policy: str = "continue"
    restart_policy: str = "no"
    # the infra container's
    hostname: str = ""
    network: Tuple[NetworkUse, ...] = ()
    network_aliases: Tuple[str, ...] = ()
    ip: str = ""
    ip6: str = ""
    mac_address: str = ""
    publish: Tuple[Port, ...] = ()
    dns: Tuple[str, ...] = ()
    dns_option: Tuple[str, ...] = ()
    dns_search: Tuple[str, ...] = ()
    etc_hosts: Dict[str, str] = {}
    no_hosts: bool = False
    mounts: Tuple[Mount, ...] = ()
    volumes_from: Tuple[str, ...] = ()
    pid: str = ""
    uts: str = ""
    userns: str = ""
    uidmap: Tuple[str, ...] = ()
    gidmap: Tuple[str, ...] = ()
    subuidname: str = ""
    subgidname: str = ""
    sysctl: Dict[str, str] = {}
    security_opt: Tuple[str, ...] = ()
    device: Tuple[Device, ...] = ()
    shm_size: int = 65536000
    # the cgroup's; sizes in bytes, 0 is 'no limit', None is 'not asked for'
    cgroup_parent: str = ""
    memory: int = 0
    memory_swap: Optional[int] = None
    cpus: float = 0.0
    cpu_shares: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    blkio_weight: int = 0
    device_read_bps: Dict[str, str] = {}
    device_write_bps: Dict[str, str] = {}
    device_read_iops: Dict[str, str] = {}
    device_write_iops: Dict[str, str] = {}

    def to_document(self) -> Dict[str, Any]:
        """The JSON document: only the fields that differ from their default."""
        plain = as_dict(self)
        return {name: plain[name] for name, value in DEFAULTS.items() if getattr(self, name) != value}


DEFAULTS: Dict[str, Any] = as_dict(PodSpec())


def from_document(document: Mapping[str, Any]) -> PodSpec:
    """A PodSpec from ``to_document``'s JSON, read back. Raises InvalidInput for a field that is not known."""
    from . import container

    unknown = sorted(set(document) - set(DEFAULTS))
    if unknown:
        raise InvalidInput("The pod's document has unknown fields: %s" % ", ".join(unknown),
                           "A newer version of the engine wrote it; use that version.")
    problem = misfit(PodSpec, document)
    if problem:
        raise InvalidInput("The pod's document is damaged: " + problem)
    common = container.from_document({key: value for key, value in document.items() if key in container.DEFAULTS})
    own: Dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}
    own.update((key, getattr(common, key)) for key in document if key in container.DEFAULTS)
    return PodSpec(**own)


def limits(spec: PodSpec) -> ContainerSpec:
    """The pod's limits as a container's, for runtimespec.resources."""
    return ContainerSpec(**{name: getattr(spec, name) for name in LIMITS})


def has_user_namespace(spec: PodSpec) -> bool:
    """Whether the pod has a user namespace of its own, which all of its containers are in then."""
    return spec.userns not in ("", "host") or any(getattr(spec, name) for name in USER[1:])


def check(spec: PodSpec) -> None:
    """Raise InvalidInput for wishes that contradict each other."""
    if not spec.infra:
        found = sorted(name for name in INFRA if getattr(spec, name) != DEFAULTS[name])
        if found:
            raise InvalidInput("A pod without an infra container cannot have %s" % ", ".join(found),
                               "Leave infra: false out, or give these options to the containers.")
    elif "net" not in spec.share and spec.publish:
        raise InvalidInput("The pod publishes ports, but its containers do not share its network",
                           "Add net to share, or publish the ports with the containers.")
    if spec.no_hosts and spec.etc_hosts:
        raise InvalidInput("no_hosts and etc_hosts contradict each other", "Use one of them.")
    if spec.hostname and spec.uts == "host":
        raise InvalidInput("The pod has a host name of its own, and the host's uts namespace", "Use one of them.")


# canonical forms

def share(value: Any, option: str = "share") -> List[str]:
    """Namespaces from a list or from ``ipc,net``; ``+pid`` adds to the default, ``none`` or '' shares none."""
    words = [word.strip() for row in values.words(value, option) for word in row.split(",")]
    text = ",".join(word for word in words if word)
    names = set(DEFAULT_SHARE) if text.startswith("+") else set()
    for word in text.lstrip("+").split(",") if text else ():
        if word == "none":
            continue
        if word == "user":
            raise InvalidInput("%s: user is not shared by naming it" % option,
                               "Set userns of the pod; its containers are in that user namespace then.")
        if word not in NAMESPACES:
            raise InvalidInput("%s: there is no namespace %r to share" % (option, word),
                               "Use %s or none." % ", ".join(NAMESPACES))
        names.add(word)
    return sorted(names)


def _mounts(value: Any, option: str) -> Any:
    from . import mounts

    return mounts.rows(mounts.volumes(value, option), option)


_OWN: Dict[str, Callable[[Any, str], Any]] = {
    "share": share, "share_parent": values.boolean, "infra": values.boolean, "infra_name": values.line,
    "infra_command": values.command, "exit_policy": values.one_of(*EXIT_POLICIES), "mounts": _mounts}


def canonical(name: str, value: Any, option: str = "") -> Any:
    """The canonical value of one field, with ``option`` as what messages call it. Raises InvalidInput."""
    if name in _OWN:
        return _OWN[name](value, option or name)
    return values.canonical(name, value, option)
