# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which namespaces a container gets: its own, the host's, another container's, or one at a path."""

from __future__ import annotations

import os
from typing import Dict, List, Tuple

from ..context import Context
from ..errors import Conflict, InvalidInput, NotFound, WrongState
from ..formats.container import ContainerSpec, NetworkUse
from ..store import containers as store
from ..store import runs
from ..store.containers import Record

# field of the spec: (OCI type, name in /proc/PID/ns, allowed words besides private and host)
KINDS = {"pid": ("pid", "pid"), "ipc": ("ipc", "ipc"), "uts": ("uts", "uts"), "cgroupns": ("cgroup", "cgroup")}


def network_uses(spec: ContainerSpec) -> Tuple[NetworkUse, ...]:
    """The networks of a container; without a wish, the default one. Options that stand for the first
    network (ip, ip6, mac_address) or for all (network_aliases) are put where they belong.

    Raises InvalidInput for combinations that contradict each other.
    """
    from ..frozen import replace

    uses = spec.network or (NetworkUse("private"),)
    if len(uses) > 1 and any(use.mode not in ("network", "private") for use in uses):
        raise InvalidInput("The network modes none, host, container and ns go with no other network")
    joins = uses[0].mode in ("network", "private")
    if not joins:
        _refuse_static(spec)
    if not joins and (spec.publish or spec.publish_all):
        if uses[0].mode in ("container", "ns"):
            raise InvalidInput("Ports cannot be published from a network namespace that belongs to somebody else",
                               "Publish them where the namespace is made.")
        return uses
    if joins:
        uses = tuple(replace(use, aliases=tuple(use.aliases) + tuple(spec.network_aliases)) for use in uses)
        uses = (replace(uses[0], ip=spec.ip or uses[0].ip, ip6=spec.ip6 or uses[0].ip6,
                        mac=spec.mac_address or uses[0].mac), *uses[1:])
    return uses


def _refuse_static(spec: ContainerSpec) -> None:
    asked = [name for name in ("ip", "ip6", "mac_address") if getattr(spec, name)]
    if asked:
        raise InvalidInput("A static %s needs exactly one network" % ", ".join(asked),
                           "Give the address with the network it is for.")


def check_new(spec: ContainerSpec) -> None:
    """Refuse an address that does not say of which network it is; one that was connected later has only one."""
    if len(spec.network) > 1:
        _refuse_static(spec)


def on_bridges(spec: ContainerSpec) -> bool:
    """Whether the container is on networks."""
    return network_uses(spec)[0].mode in ("network", "private")


def has_links(spec: ContainerSpec) -> bool:
    """Whether the container's own network namespace has a way out: by networks, slirp4netns or pasta."""
    return network_uses(spec)[0].mode in ("network", "private", "slirp4netns", "pasta")


def owns_network(spec: ContainerSpec) -> bool:
    """Whether the container has a network namespace of its own (possibly without links)."""
    return network_uses(spec)[0].mode in ("network", "private", "none", "slirp4netns", "pasta")


def netns_path(ctx: Context, container_id: str) -> str:
    """Where a container's own network namespace is kept."""
    return ctx.run("netns", container_id)


def check(spec: ContainerSpec) -> None:
    """Raise InvalidInput for a namespace that this engine cannot give."""
    for field in KINDS:
        value = getattr(spec, field)
        kind, _colon, rest = value.partition(":")
        words = ("", "private", "host", "container", "ns") + (("shareable", "none") if field == "ipc" else ())
        if kind not in words or (kind in ("container", "ns")) != bool(rest):
            raise InvalidInput("%s: %r is no kind of namespace" % (field, value),
                               "Use private, host, container:NAME or ns:PATH.")
    if spec.no_hosts and spec.etc_hosts:
        raise InvalidInput("no_hosts and etc_hosts contradict each other", "Use one of them.")


def check_others(ctx: Context, spec: ContainerSpec) -> None:
    """Raise NotFound for another container that is not there, and Ambiguous."""
    for name in dependencies(spec):
        store.find(ctx, name)


def dependencies(spec: ContainerSpec) -> List[str]:
    """The names of the containers that have to run before this one can."""
    found = list(spec.requires)
    found += [getattr(spec, f).partition(":")[2] for f in KINDS if getattr(spec, f).startswith("container:")]
    found += [spec.userns.partition(":")[2]] if spec.userns.startswith("container:") else []
    found += [use.name for use in spec.network if use.mode == "container"]
    return list(dict.fromkeys(found))


def resolve(ctx: Context, record: Record) -> Dict[str, str]:
    """OCI namespace types with the path to join, '' for a new one; the host's are left out."""
    spec = record.spec
    result = {"mount": ""}
    for field, (kind, proc_name) in KINDS.items():
        value = getattr(spec, field)
        if field == "cgroupns" and not value:
            value = default_cgroupns(spec)
        word, _colon, rest = value.partition(":")
        if word == "host":
            continue
        if word == "container":
            path = _of_container(ctx, rest, field, proc_name)
            if path:
                result[kind] = path
        elif word == "ns":
            result[kind] = _existing(rest)
        else:
            result[kind] = ""
    use = network_uses(spec)[0]
    if use.mode == "container":
        path = _of_container(ctx, use.name, "network", "net")
        if path:
            result["network"] = path
    elif use.mode == "ns":
        result["network"] = _existing(use.name)
    elif use.mode != "host":
        result["network"] = netns_path(ctx, record.id)
    from . import usernamespace

    user = usernamespace.to_join(ctx, record)
    return dict(result, user=user) if user else result


def default_cgroupns(spec: ContainerSpec) -> str:
    """podman-run(1): private where there is cgroup v2, the host's with v1."""
    from ..kernel import cgroup

    return "private" if cgroup.mode() == "v2" else "host"


def _of_container(ctx: Context, name: str, field: str, proc_name: str) -> str:
    """The path of another container's namespace; '' when that is the host's, which a user cannot enter again."""
    from . import membership

    other = store.lookup(ctx, name)
    state = runs.state(ctx, other.id)
    if not state.running:
        raise WrongState("The container %s, whose namespace is to be shared, does not run" % other.name,
                         "Start it first.")
    spec = membership.placed_if_any(ctx, other).spec
    use = network_uses(spec)[0]
    wish = use.mode + ":" + use.name if field == "network" else getattr(spec, field)
    if field == "cgroupns" and not wish:
        wish = default_cgroupns(spec)
    kind, _colon, rest = wish.partition(":")
    if kind == "container":
        return _of_container(ctx, rest, field, proc_name)
    return "" if kind == "host" else "/proc/%d/ns/%s" % (state.pid, proc_name)


def _existing(path: str) -> str:
    if not os.path.exists(path):
        raise NotFound("There is no namespace at %s" % path)
    return path


def hostname(ctx: Context, record: Record) -> str:
    """The container's host name: what was asked for, the host's when it shares that, else its short ID."""
    if record.spec.uts == "host" or (not record.spec.hostname and not owns_network(record.spec)
                                     and network_uses(record.spec)[0].mode == "host"):
        if record.spec.hostname and record.spec.uts == "host":
            raise Conflict("hostname cannot be set in the host's uts namespace")
        return os.uname().nodename
    if record.spec.uts.startswith("container:"):
        return hostname(ctx, store.lookup(ctx, record.spec.uts.partition(":")[2]))
    return record.spec.hostname or record.id[:12]


def shm_path(ctx: Context, record: Record) -> str:
    """Where the shared memory of a container is mounted that others may share; '' where it is not."""
    word, _colon, rest = record.spec.ipc.partition(":")
    if word in ("", "shareable"):
        return store.run_directory(ctx, record.id, "shm")
    if word == "container":
        other = store.lookup(ctx, rest)
        path = shm_path(ctx, other)
        if not path and other.spec.ipc != "host":
            raise WrongState("The container %s keeps its ipc namespace to itself" % other.name,
                             "Make it with ipc: shareable.")
        return path
    return ""


def owns_shm(spec: ContainerSpec) -> bool:
    """Whether the container's shared memory is a mount of its run."""
    return spec.ipc in ("", "shareable")
