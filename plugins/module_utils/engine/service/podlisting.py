# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pods there are and what they do, as ``pod ps``, ``pod inspect`` and ``pod_info`` show them."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

from ..context import Context
from ..errors import InvalidInput
from ..store import containers as container_store
from ..store import pods as store
from ..store import runs
from ..store.pods import Pod
from ..store.runs import State
from . import shown

FILTERS = ("ctr-ids", "ctr-names", "ctr-number", "ctr-status", "id", "label", "label!", "name", "network", "status",
           "until")


class Member(NamedTuple):
    """One container of a pod: its document as stored, and what it does."""

    document: Dict[str, Any]
    state: State


class Row(NamedTuple):
    """One pod with its containers, the infra container among them, the oldest first."""

    pod: Pod
    members: List[Member]

    @property
    def status(self) -> str:
        """What the pod does; see ``status_of``."""
        return status_of([member.state.status for member in self.members
                          if not member.document["spec"].get("init_ctr") or member.state.running])


def status_of(statuses: Sequence[str]) -> str:
    """A pod's status by those of its containers (podman-pod-ps(1)): Created, Running, Degraded (only some
    run), Paused, Exited (all have ended) or Stopped (some have, none runs)."""
    count = {status: list(statuses).count(status) for status in statuses}
    running = count.get("running", 0) + count.get("restarting", 0)
    paused, exited = count.get("paused", 0), count.get("exited", 0)
    if running:
        return "Running" if running == len(statuses) else "Degraded"
    if paused:
        return "Paused" if paused == len(statuses) else "Degraded"
    if exited:
        return "Exited" if exited == len(statuses) else "Stopped"
    return "Created"


def rows(ctx: Context, *, filters: Sequence[str] = (), last: int = 0) -> List[Row]:
    """Pods that fit all filters, the newest first; ``last`` is a number of pods to stop after.

    Filters are KEY=VALUE; several of one key are alternatives, but for labels. Raises InvalidInput.
    """
    wanted = []
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals or key not in FILTERS:
            raise InvalidInput("There is no pod filter %r" % text, "Use KEY=VALUE with one of %s." % ", ".join(FILTERS))
        wanted.append((key, value))
    found = every(ctx)
    for key in dict.fromkeys(key for key, _value in wanted):
        values = [value for other, value in wanted if other == key]
        test: Callable[[Any], bool] = all if key.startswith("label") or key == "until" else any
        found = [row for row in found if test(_fits(row, key, value) for value in values)]
    found.sort(key=lambda row: (-row.pod.created, row.pod.id))
    return found[:last] if last > 0 else found


def every(ctx: Context) -> List[Row]:
    """All pods, in no order. Reads each container's document once."""
    pods = {pod.name: Row(pod, []) for pod in store.every(ctx)}
    if pods:
        for document in container_store.all_raw(ctx):
            row = pods.get(document["spec"].get("pod", ""))
            if row is not None:
                row.members.append(Member(document, runs.state(ctx, document["id"])))
    for row in pods.values():
        row.members.sort(key=lambda member: (member.document["created"], member.document["id"]))
    return list(pods.values())


def one(ctx: Context, name: str) -> Row:
    """One pod, by name or ID; raises NotFound or Ambiguous."""
    pod = store.lookup(ctx, name)
    found = [Member(document, runs.state(ctx, document["id"])) for document in container_store.all_raw(ctx)
             if document["spec"].get("pod") == pod.name]
    return Row(pod, sorted(found, key=lambda member: (member.document["created"], member.document["id"])))


def _fits(row: Row, key: str, value: str) -> bool:
    pod = row.pod
    if key in ("label", "label!"):
        name, equals, content = value.partition("=")
        return (name in pod.spec.label and (not equals or pod.spec.label[name] == content)) != (key == "label!")
    if key == "name":
        try:
            return re.search(value, pod.name) is not None
        except re.error as exc:
            raise InvalidInput("The filter name=%s is no regular expression: %s" % (value, exc)) from exc
    if key == "until":
        from ..runtime import logs

        return pod.created <= logs.parse_time(value)
    if key == "id":
        return pod.id.startswith(value)
    if key == "status":
        return row.status.lower() == value.lower()
    if key == "network":
        return value in networks_of(pod)
    if key == "ctr-number":
        return str(len(row.members)) == value
    if key == "ctr-status":
        return any(member.state.status == value for member in row.members)
    if key == "ctr-ids":
        return any(member.document["id"].startswith(value) for member in row.members)
    return any(value in member.document["name"] for member in row.members)


def networks_of(pod: Pod) -> List[str]:
    """The names of the networks that a pod's infra container is on."""
    if not pod.infra:
        return []
    if not pod.spec.network:
        return ["podman"]
    return [use.name if use.mode == "network" else "podman" for use in pod.spec.network
            if use.mode in ("network", "private")]


def inspect(ctx: Context, name: str) -> Dict[str, Any]:
    """A pod in the JSON form of podman-pod-inspect(1)."""
    from . import membership

    row = one(ctx, name)
    pod, spec = row.pod, row.pod.spec
    document: Dict[str, Any] = {
        "Id": pod.id, "Name": pod.name, "Created": shown.timestamp(pod.created), "CreateCommand": [],
        "ExitPolicy": spec.exit_policy, "RestartPolicy": spec.restart_policy, "State": row.status,
        "Hostname": spec.hostname, "Labels": dict(spec.label), "CreateCgroup": spec.share_parent,
        "CgroupParent": spec.cgroup_parent or "/" + ctx.prefix,
        "CgroupPath": membership.cgroup_path(ctx, pod) if spec.share_parent else "",
        "CreateInfra": spec.infra, "InfraContainerID": pod.infra,
        "SharedNamespaces": list(spec.share) if pod.infra else [],
        "NumContainers": len(row.members),
        "Containers": [{"Id": member.document["id"], "Name": member.document["name"], "State": member.state.status}
                       for member in row.members]}
    document["InfraConfig"] = _infra(row) if pod.infra else None
    document.update(_limits(pod))
    return document


def _infra(row: Row) -> Dict[str, Any]:
    spec = row.pod.spec
    ports: List[Dict[str, Any]] = []
    for member in row.members:
        if member.document["id"] == row.pod.infra:
            ports = published(member)
    uses = {use.mode for use in spec.network}
    return {
        "PortBindings": shown.bindings(ports), "HostNetwork": "host" in uses, "StaticIP": spec.ip,
        "StaticIPv6": spec.ip6,
        "StaticMAC": spec.mac_address, "NoManageResolvConf": "none" in spec.dns, "DNSServer": list(spec.dns),
        "DNSSearch": list(spec.dns_search), "DNSOption": list(spec.dns_option), "NoManageHosts": spec.no_hosts,
        "HostAdd": ["%s:%s" % pair for pair in spec.etc_hosts.items()], "Networks": networks_of(row.pod),
        "NetworkOptions": None, "pid_ns": spec.pid or "private", "userns": spec.userns or "host",
        "uts_ns": spec.uts or "private"}


def published(member: Member) -> List[Dict[str, Any]]:
    """The published ports of a container, rows of formats.container.Port."""
    return shown.ports(member.document, member.state)


def _limits(pod: Pod) -> Dict[str, Any]:
    """The limits of the pod's cgroup; only those that were set, as podman shows them."""
    spec = pod.spec
    shown = {
        "cpu_period": 100000 if spec.cpus else 0, "cpu_quota": int(spec.cpus * 100000), "cpu_shares": spec.cpu_shares,
        "cpuset_cpus": spec.cpuset_cpus, "cpuset_mems": spec.cpuset_mems, "memory_limit": spec.memory,
        "memory_swap": 0 if not spec.memory else 2 * spec.memory if spec.memory_swap is None else spec.memory_swap,
        "blkio_weight": spec.blkio_weight, "security_opt": list(spec.security_opt),
        "device_read_bps": dict(spec.device_read_bps), "device_write_bps": dict(spec.device_write_bps),
        "mounts": [row.target for row in spec.mounts], "devices": [device.source for device in spec.device],
        "volumes_from": list(spec.volumes_from)}
    return {key: value for key, value in shown.items() if value}


def created(pod: Pod) -> str:
    """When a pod was made, as podman writes times."""
    return shown.timestamp(pod.created)
