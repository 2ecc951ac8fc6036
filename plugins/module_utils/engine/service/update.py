# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change a container while it runs: limits, restart policy, networks, name (podman-update(1))."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence

from ..context import Context
from ..errors import Conflict, EngineError, InvalidInput
from ..formats import container, runtimespec
from ..formats.container import ContainerSpec, NetworkUse
from ..frozen import Frozen, as_dict, replace
from ..kernel import cgroup, limits
from ..network.definitions import DEFAULT_NETWORK
from ..runtime import oci, probe
from ..store import containers as store
from ..store import names, runs
from ..store.containers import Record
from ..store.runs import State
from . import creation, effective, journal, membership, namespaces

if TYPE_CHECKING:
    from ..formats.endpoint import Endpoint

RESOURCES = frozenset((
    "memory", "memory_reservation", "memory_swap", "memory_swappiness", "cpus", "cpu_period", "cpu_quota",
    "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpuset_cpus", "cpuset_mems", "pids_limit", "blkio_weight",
    "device_read_bps", "device_write_bps", "device_read_iops", "device_write_iops"))
RECORDED = frozenset(("restart_policy", "stop_timeout", "stop_signal", "healthcheck_failure_action", "requires"))
ADDRESSES = ("ip", "ip6", "mac_address")  # the first network's; they change with it
LIVE = RESOURCES | RECORDED | frozenset(("name", "network"))


def update(ctx: Context, container_id: str, changes: Mapping[str, Any]) -> Record:
    """Apply new values of fields of ContainerSpec (or of its document) without a restart.

    Raises InvalidInput for a field that takes a new container. When the kernel refuses a limit, the
    record keeps the old one.
    """
    for field in changes:
        if field not in LIVE and not (field in ADDRESSES and "network" in changes):
            raise InvalidInput("%s cannot be changed while a container exists" % field, "Make it again.")
    with store.held(ctx, container_id) as record:
        spec = container.from_document(dict(record.spec.to_document(), **_plain(changes)))
        membership.check_change(ctx, spec, changes)
        creation.check(ctx, spec)
        if "healthcheck_failure_action" in changes:
            effective.check_health(record.name, spec, effective.image_config(ctx, record))
        state = runs.state(ctx, container_id)
        if RESOURCES & set(changes) and state.running:
            _limit(ctx, record, spec, state)
        if "network" in changes:
            _rewire(ctx, record, spec, state)
        runtimespec.resources(spec, cgroup.mode())
        record = record._replace(spec=spec)
        store.write(ctx, record)
    if changes.get("name") and changes["name"] != record.name:
        record = rename(ctx, container_id, changes["name"])
    return record


def _plain(changes: Mapping[str, Any]) -> Dict[str, Any]:
    """The changes as they stand in a document, where rows are objects; the name is changed apart."""
    return {key: [as_dict(row) if isinstance(row, Frozen) else row for row in value]
            if isinstance(value, (list, tuple)) else value for key, value in changes.items() if key != "name"}


def _limit(ctx: Context, record: Record, spec: ContainerSpec, state: State) -> None:
    resources = _with_lifted(runtimespec.resources(spec, cgroup.mode()), record.spec, spec)
    oci.update(ctx, probe.Runtime(**state.raw["runtime"]), record.id, resources)
    _limit_directly(record, spec, state, resources)
    wanted = resources.get("memory", {}).get("limit", 0)
    actual = memory_limit(state.pid)
    if wanted > 0 and actual is not None and actual != wanted - wanted % os.sysconf("SC_PAGE_SIZE"):
        raise EngineError("The memory limit of %s is %d bytes and not %d" % (record.name, actual, wanted),
                          "The kernel kept the old one; the container may use more than the new one allows.")


def _limit_directly(record: Record, spec: ContainerSpec, state: State, resources: Mapping[str, Any]) -> None:
    """Set what the OCI runtime's update takes and leaves as it was."""
    before = runtimespec.resources(record.spec, cgroup.mode())
    try:
        limits.set_rates(state.pid, before.get("blockIO", {}), resources.get("blockIO", {}))
        if spec.memory_swappiness is not None and spec.memory_swappiness != record.spec.memory_swappiness:
            limits.set_swappiness(state.pid, spec.memory_swappiness)
    except OSError as exc:
        raise EngineError("The kernel refuses a limit of %s: %s: %s" % (record.name, exc.filename, exc.strerror),
                          "The record keeps the old one.") from exc


def memory_limit(pid: int) -> Optional[int]:
    """The memory limit in force for a process in bytes, or None when there is none to read."""
    places = cgroup.of_process(pid)
    path = os.path.join(places["memory"], "memory.limit_in_bytes") if "memory" in places else os.path.join(
        places.get("", ""), "memory.max")
    try:
        with open(path, encoding="ascii") as stream:
            text = stream.read().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _with_lifted(resources: Dict[str, Any], before: ContainerSpec, after: ContainerSpec) -> Dict[str, Any]:
    """The resources with an explicit 'no limit' for what was limited before and is not any more."""
    memory, cpu = dict(resources.get("memory", {})), dict(resources.get("cpu", {}))
    if before.memory and not after.memory:
        memory.update(limit=-1, swap=-1)
    if before.memory_reservation and not after.memory_reservation:
        memory["reservation"] = -1
    if (before.cpus or before.cpu_quota) and not (after.cpus or after.cpu_quota):
        cpu.update(quota=-1, period=after.cpu_period or 100000)
    if before.cpu_shares and not after.cpu_shares:
        cpu["shares"] = 1024
    result = dict(resources)
    if memory:
        result["memory"] = memory
    if cpu:
        result["cpu"] = cpu
    return result


def _rewire(ctx: Context, record: Record, spec: ContainerSpec, state: State) -> None:
    """Leave the networks that are gone and join the new ones; a changed one is left and joined again."""
    from . import networks

    before, after = namespaces.network_uses(record.spec), namespaces.network_uses(spec)
    if not (namespaces.on_bridges(record.spec) and namespaces.on_bridges(spec)):
        raise InvalidInput("The network mode of %s cannot be changed while it exists" % record.name, "Make it again.")
    if not state.running:
        return
    rows = _by_name(before), _by_name(after)
    known = networks.live(ctx, record.id)
    has = {} if known is None else known.endpoints
    gone = [name for name, use in rows[0].items() if rows[1].get(name) != use]
    new = [name for name, use in rows[1].items() if rows[0].get(name) != use]
    try:
        for name in gone:
            networks.disconnect(ctx, record.id, name)
        for name in new:
            networks.connect(ctx, record.id, _keeping(rows[1][name], rows[0].get(name), has.get(name)))
    except EngineError:
        _back(ctx, record.id, [name for name in new if name not in gone], rows[0], has)
        raise


def _by_name(uses: Sequence[NetworkUse]) -> Dict[str, NetworkUse]:
    """Uses by the network's name; the default network has one also where it was not asked for by name."""
    named = [replace(use, mode="network", name=use.name or DEFAULT_NETWORK) for use in uses]
    return {use.name: use for use in named}


def _keeping(use: NetworkUse, before: Optional[NetworkUse], has: Optional[Endpoint]) -> NetworkUse:
    """A use with the addresses that the container has there, but for those that it is to have no more."""
    if before is None or has is None:
        return use
    return replace(use, ip=use.ip or ("" if before.ip else has.ip), ip6=use.ip6 or ("" if before.ip6 else has.ip6),
                   mac=use.mac or ("" if before.mac or before.ip else has.mac))


def _back(ctx: Context, container_id: str, added: Sequence[str], before: Mapping[str, NetworkUse],
          has: Mapping[str, Endpoint]) -> None:
    """Put a container back on its networks with its addresses; the reason counts, not what undoing it stumbles over."""
    from . import networks

    known = networks.live(ctx, container_id)
    now = {} if known is None else known.endpoints
    for name in added:
        if name in now:
            with contextlib.suppress(EngineError):
                networks.disconnect(ctx, container_id, name)
    for name, use in before.items():
        if now.get(name) != has.get(name):
            with contextlib.suppress(EngineError):
                if name in now:
                    networks.disconnect(ctx, container_id, name)
                networks.connect(ctx, container_id, _keeping(use, use, has.get(name)))


def rename(ctx: Context, container_id: str, name: str) -> Record:
    """Give a container another name; raises Conflict when it is in use."""
    journal.repair(ctx)
    with store.held(ctx, container_id) as record:
        if name == record.name:
            raise Conflict("The container is called %s already" % name)
        membership.check_change(ctx, record.spec, {"name": name})
        renamed = record._replace(name=name, spec=replace(record.spec, name=name))
        with journal.work(ctx, container_id, "rename", finish_rename, {"old": record.name, "new": name}):
            store.reserve_name(ctx, name, container_id)
            store.write(ctx, renamed)
            names.release(ctx, "containers", record.name, container_id)
        if runs.state(ctx, container_id).running:
            from . import networks

            networks.rename(ctx, container_id, name)
            owner = membership.network_owner(membership.placed_if_any(ctx, renamed))
            if owner:
                networks.name_locally(ctx, owner, container_id, name)
        return renamed


def finish_rename(ctx: Context, container_id: str, note: Dict[str, Any]) -> None:
    """Leave a container the one name that its document says; when the renaming failed, its old one."""
    record = store.get(ctx, container_id)
    if note.get("failed") and record.name == note["new"]:
        record = record._replace(name=note["old"], spec=replace(record.spec, name=note["old"]))
        names.claim(ctx, "containers", record.name, container_id)
        store.write(ctx, record)
    for name in {note["old"], note["new"]} - {record.name}:
        names.release(ctx, "containers", name, container_id)
