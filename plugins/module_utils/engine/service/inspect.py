# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container in the JSON form of podman-container-inspect(1). Values of secrets never stand in it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from ..context import Context
from ..errors import EngineError, NotFound
from ..formats import runtimespec
from ..kernel import files
from ..runtime import probe
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from ..store.runs import State
from . import effective, membership, namespaces
from .listing import pod_id, ports_of
from .shown import bindings, timestamp

if TYPE_CHECKING:
    from ..formats.container import HealthCheck
    from ..formats.endpoint import EndpointDocument
    from ..formats.imageconfig import ImageConfig


def inspect(ctx: Context, container_id: str) -> Dict[str, Any]:
    """All that is known of a container."""
    stored = store.get(ctx, container_id)
    record = membership.placed_if_any(ctx, stored)
    state = runs.state(ctx, container_id)
    try:
        image = effective.image_config(ctx, record)
    except NotFound:
        image = None
    run = store.run_directory(ctx, record.id)
    names = membership.etc_directory(ctx, record) if state.running else run
    argv = _argv(record, image, state)
    ports = ports_of(ctx, record.id, state)
    return {
        "Id": record.id, "Created": timestamp(record.created), "Path": argv[0] if argv else "", "Args": argv[1:],
        "State": _state(ctx, record, state, image), "Image": record.image_id, "ImageName": record.image_name,
        "Rootfs": record.spec.image if record.spec.rootfs else "", "Pod": pod_id(ctx, stored.spec.pod),
        "ResolvConfPath": _path(names, state, "resolv.conf"), "HostnamePath": _path(run, state, "hostname"),
        "HostsPath": _path(names, state, "hosts"), "StaticDir": store.directory(ctx, record.id),
        "OCIConfigPath": _path(run, state, "bundle", "config.json"),
        "OCIRuntime": (state.raw.get("runtime") or {}).get("name") or probe.expected(ctx, record.spec.runtime),
        "ConmonPidFile": os.path.join(run, "conmon.pid"), "PidFile": os.path.join(run, "pidfile"),
        "LogPath": record.log_path, "LogTag": record.spec.log_opt.get("tag", ""), "Name": record.name,
        "RestartCount": state.restarts, "Driver": "overlay", "MountLabel": "", "ProcessLabel": "",
        "AppArmorProfile": "",
        "EffectiveCaps": _effective(record, image), "BoundingCaps": _capabilities(record), "ExecIDs": [],
        "GraphDriver": _driver(ctx, record, state), "Mounts": _mounts(ctx, record, state),
        "Dependencies": namespaces.dependencies(record.spec),
        "NetworkSettings": _network_settings(ctx, record, state, ports), "ExitCommand": [],
        "Namespace": "", "IsInfra": record.spec.infra, "Config": _config(ctx, record, state, image),
        "HostConfig": _host_config(ctx, record, state, ports),
    }


def _path(run: str, state: State, *parts: str) -> str:
    return os.path.join(run, *parts) if state.running else ""


def _argv(record: Record, image: Optional[ImageConfig], state: State) -> List[str]:
    if state.raw.get("argv"):
        return list(state.raw["argv"])
    first = record.spec.entrypoint if record.spec.entrypoint is not None else (image.entrypoint if image else ())
    return list(first) + (effective.command(record.spec, image) or [])


def _state(ctx: Context, record: Record, state: State, image: Optional[ImageConfig]) -> Dict[str, Any]:
    document: Dict[str, Any] = {
        "OciVersion": "1.0.2", "Status": state.status, "Running": state.status == "running",
        "Paused": state.status == "paused", "Restarting": state.status == "restarting", "OOMKilled": state.oom,
        "Dead": False, "Pid": state.pid, "ConmonPid": state.conmon_pid, "ExitCode": state.exit_code,
        "Error": state.error, "StartedAt": timestamp(state.started_at), "FinishedAt": timestamp(state.finished_at),
        "CgroupPath": state.raw.get("cgroup", ""), "Checkpointed": False,
        "StoppedByUser": runs.stopped_by_user(ctx, record.id)}
    # It is there without a check too, as podman has it: a template that asks for it fails on no container.
    known = runs.health(ctx, record.id) if effective.check_of(record, image) is not None else {}
    document["Health"] = document["Healthcheck"] = known or {"Status": "", "FailingStreak": 0, "Log": []}
    return document


def _cgroup_manager(ctx: Context, record: Record, state: State) -> str:
    """Who keeps the cgroup of the current run, or would keep the next one's."""
    path = state.raw.get("cgroup") if state.running else ""
    if path:
        return "cgroupfs" if path.startswith("/") else "systemd"
    return effective.cgroup_manager(ctx, record)


def _capabilities(record: Record) -> List[str]:
    from ..kernel import caps

    try:
        return list(caps.container_set(record.spec.cap_add, record.spec.cap_drop, privileged=record.spec.privileged))
    except EngineError:
        return []


def _effective(record: Record, image: Optional[ImageConfig]) -> List[str]:
    """What the first process may do: all that it is given as root, else what was added (capabilities(7))."""
    user = (record.spec.user or (image.user if image is not None else "")).partition(":")[0]
    given = _capabilities(record)
    if user in ("", "0", "root") or "ALL" in record.spec.cap_add:
        return given
    return [name for name in given if name in record.spec.cap_add]


def _driver(ctx: Context, record: Record, state: State) -> Dict[str, Any]:
    data = {}
    if not record.spec.rootfs:
        data = {"UpperDir": store.directory(ctx, record.id, "upper"),
                "WorkDir": store.directory(ctx, record.id, "work")}
        if state.running:
            data["MergedDir"] = store.run_directory(ctx, record.id, "merged")
    return {"Name": "overlay", "Data": data}


def _mounts(ctx: Context, record: Record, state: State) -> List[Dict[str, Any]]:
    if state.raw.get("mounts"):
        return list(state.raw["mounts"])
    from ..store import volumes
    from . import mounts

    rows = []
    for row in mounts.of_record(ctx, record):
        if row.type == "volume":
            rows.append({"Type": "volume", "Name": row.source, "Source": volumes.data_path(ctx, row.source),
                         "Destination": row.target, "Driver": "local", "Mode": "", "Options": list(row.options),
                         "RW": "ro" not in row.options, "Propagation": "rprivate"})
        else:
            rows.append({"Type": row.type, "Source": row.source, "Destination": row.target, "Driver": "", "Mode": "",
                         "Options": list(row.options), "RW": "ro" not in row.options, "Propagation": "rprivate"})
    return rows


def _live(ctx: Context, record: Record) -> Optional[EndpointDocument]:
    """What the container has on its networks."""
    # All else that networks take would be loaded with service.networks.
    from ..network import endpoints

    return endpoints.read(ctx, record.id)


def _network_settings(ctx: Context, record: Record, state: State, ports: List[Dict[str, Any]]) -> Dict[str, Any]:
    live = _live(ctx, record) if state.running else None
    networks: Dict[str, Any] = {}
    for endpoint in live.endpoints if live is not None else ():
        networks[endpoint.network] = {
            "EndpointID": "", "Gateway": endpoint.gateway, "IPAddress": endpoint.ip, "IPPrefixLen": endpoint.ip_prefix,
            "IPv6Gateway": endpoint.gateway6, "GlobalIPv6Address": endpoint.ip6,
            "GlobalIPv6PrefixLen": endpoint.ip6_prefix,
            "MacAddress": endpoint.mac, "NetworkID": endpoint.network, "DriverOpts": None, "IPAMConfig": None,
            "Links": None, "Aliases": list(endpoint.aliases) + [record.id[:12]], "InterfaceName": endpoint.interface}
    if live is None and namespaces.on_bridges(record.spec):
        names = [use.name or "podman" for use in namespaces.network_uses(record.spec)]
        networks = {name: {"NetworkID": name, "IPAddress": "", "Gateway": "", "MacAddress": "", "IPPrefixLen": 0,
                           "Aliases": []} for name in names}
    first: Dict[str, Any] = next(iter(networks.values()), {}) if len(networks) == 1 else {}
    own = namespaces.owns_network(record.spec) and state.running
    return {"EndpointID": "", "Gateway": first.get("Gateway", ""), "IPAddress": first.get("IPAddress", ""),
            "IPPrefixLen": first.get("IPPrefixLen", 0), "IPv6Gateway": first.get("IPv6Gateway", ""),
            "GlobalIPv6Address": first.get("GlobalIPv6Address", ""),
            "GlobalIPv6PrefixLen": first.get("GlobalIPv6PrefixLen", 0), "MacAddress": first.get("MacAddress", ""),
            "Bridge": "", "SandboxID": "", "HairpinMode": False, "LinkLocalIPv6Address": "",
            "LinkLocalIPv6PrefixLen": 0, "Ports": bindings(ports),
            "SandboxKey": namespaces.netns_path(ctx, record.id) if own else "", "Networks": networks}


def _environment(ctx: Context, record: Record, state: State, image: Optional[ImageConfig]) -> List[str]:
    """What the first process was given, without secrets; of one that does not run, what nobody has to be asked for."""
    if state.running:
        secret = {use.target or use.name for use in record.spec.secrets if use.type == "env"}
        with contextlib.suppress(EngineError, KeyError, TypeError):
            rows = files.read_json(store.run_directory(ctx, record.id, "bundle", "config.json"))["process"]["env"]
            return [row for row in rows if row.partition("=")[0] not in secret]
    found = runtimespec.environment(record.spec, effective.image_environment(image), None, {}, "")
    return ["%s=%s" % pair for pair in found.items()]


def _config(ctx: Context, record: Record, state: State, image: Optional[ImageConfig]) -> Dict[str, Any]:
    from .listing import Row, labels_of

    spec = record.spec
    entrypoint = spec.entrypoint if spec.entrypoint is not None else tuple(image.entrypoint if image else ())
    row = Row({"id": record.id, "image_id": record.image_id, "spec": {"label": dict(spec.label)}}, runs.State())
    document: Dict[str, Any] = {
        "Hostname": spec.hostname or record.id[:12], "Domainname": "",
        "User": spec.user or (image.user if image is not None else ""), "AttachStdin": False, "AttachStdout": False,
        "AttachStderr": False, "Tty": spec.tty, "OpenStdin": spec.interactive, "StdinOnce": False,
        "Env": _environment(ctx, record, state, image), "Cmd": effective.command(spec, image) or [],
        "Image": record.image_name,
        "Volumes": None, "WorkingDir": spec.workdir or (image.workdir if image is not None else "") or "/",
        "Entrypoint": list(entrypoint) or None, "OnBuild": None, "Labels": labels_of(ctx, row),
        "Annotations": dict(spec.annotation), "Umask": spec.umask, "StopSignal": _stop_signal(record, image),
        "Timeout": spec.timeout, "StopTimeout": spec.stop_timeout, "Passwd": spec.passwd, "CreateCommand": [],
        "Secrets": [{"Name": use.name, "UID": use.uid, "GID": use.gid, "Mode": use.mode} for use in spec.secrets],
        "HealthcheckOnFailureAction": spec.healthcheck_failure_action}
    check = effective.check_of(record, image)
    if check is not None:
        document["Healthcheck"] = _healthcheck(check)
    return document


def _stop_signal(record: Record, image: Optional[ImageConfig]) -> int:
    try:
        return effective.signal_number(effective.stop_signal(record.spec, image))
    except EngineError:
        return 15


def _healthcheck(check: HealthCheck) -> Dict[str, Any]:
    """Docker's form of a check: times in nanoseconds."""
    return {"Test": list(check.test), "Interval": int(check.interval * 1e9), "Timeout": int(check.timeout * 1e9),
            "StartPeriod": int(check.start_period * 1e9), "Retries": check.retries}


def _host_config(ctx: Context, record: Record, state: State, ports: List[Dict[str, Any]]) -> Dict[str, Any]:
    spec = record.spec
    policy, _colon, count = spec.restart_policy.partition(":")
    use = namespaces.network_uses(spec)[0]
    mode = {"private": "bridge", "network": "bridge", "container": "container:" + use.name,
            "ns": "ns:" + use.name}.get(use.mode, use.mode)
    binds = ["%s:%s:%s" % (m.get("Name") or m["Source"], m["Destination"], ",".join(
        ["rw" if m["RW"] else "ro"] + [o for o in m["Options"] if o not in ("rw", "ro")]))
        for m in _mounts(ctx, record, state) if m["Type"] in ("bind", "volume")]
    return {
        "Binds": binds, "CgroupManager": _cgroup_manager(ctx, record, state), "CgroupMode": spec.cgroupns or
        namespaces.default_cgroupns(spec), "ContainerIDFile": "", "LogConfig": {
            "Type": record.log_driver, "Config": None, "Path": record.log_path, "Tag": spec.log_opt.get("tag", ""),
            "Size": spec.log_opt.get("max_size") or spec.log_opt.get("max-size") or "0B"},
        "NetworkMode": mode, "PortBindings": bindings(ports), "RestartPolicy": {
            "Name": policy, "MaximumRetryCount": int(count or 0)},
        "AutoRemove": spec.rm, "VolumeDriver": "", "VolumesFrom": list(spec.volumes_from) or None,
        "CapAdd": list(spec.cap_add), "CapDrop": list(spec.cap_drop), "Dns": list(spec.dns),
        "DnsOptions": list(spec.dns_option), "DnsSearch": list(spec.dns_search),
        "ExtraHosts": ["%s:%s" % pair for pair in spec.etc_hosts.items()], "GroupAdd": list(spec.group_add),
        "IpcMode": spec.ipc or "shareable", "Cgroup": "", "Cgroups": "default", "Links": None,
        "OomScoreAdj": spec.oom_score_adj or 0, "PidMode": spec.pid or "private", "Privileged": spec.privileged,
        "PublishAllPorts": spec.publish_all, "ReadonlyRootfs": spec.read_only, "SecurityOpt": list(spec.security_opt),
        "Tmpfs": {m.target: ",".join(m.options) for m in spec.mounts if m.type == "tmpfs"},
        "UTSMode": spec.uts or "private", "UsernsMode": spec.userns, "ShmSize": spec.shm_size, "Runtime": "oci",
        "ConsoleSize": [0, 0], "Isolation": "", "CpuShares": spec.cpu_shares, "Memory": spec.memory,
        "NanoCpus": int(spec.cpus * 1e9), "CgroupParent": spec.cgroup_parent, "BlkioWeight": spec.blkio_weight,
        "BlkioWeightDevice": None, "BlkioDeviceReadBps": None, "BlkioDeviceWriteBps": None,
        "BlkioDeviceReadIOps": None, "BlkioDeviceWriteIOps": None, "CpuPeriod": spec.cpu_period or (
            100000 if spec.cpus else 0), "CpuQuota": spec.cpu_quota or int(spec.cpus * 100000),
        "CpuRealtimePeriod": spec.cpu_rt_period, "CpuRealtimeRuntime": spec.cpu_rt_runtime,
        "CpusetCpus": spec.cpuset_cpus, "CpusetMems": spec.cpuset_mems, "Devices": [
            {"PathOnHost": d.source, "PathInContainer": d.target, "CgroupPermissions": d.permissions}
            for d in spec.device],
        "DiskQuota": 0, "KernelMemory": 0, "MemoryReservation": spec.memory_reservation,
        "MemorySwap": (2 * spec.memory if spec.memory_swap is None else spec.memory_swap),
        "MemorySwappiness": spec.memory_swappiness or 0, "OomKillDisable": spec.oom_kill_disable, "Init": spec.init,
        "PidsLimit": 2048 if spec.pids_limit is None else spec.pids_limit, "Ulimits": [
            {"Name": "RLIMIT_" + u.name.upper(), "Soft": u.soft, "Hard": u.hard} for u in spec.ulimit],
        "CpuCount": 0, "CpuPercent": 0, "IOMaximumIOps": 0, "IOMaximumBandwidth": 0,
        "CgroupConf": dict(spec.cgroup_conf)}
