# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of a container, from its record to a living process.

The OCI runtime's create needs the network namespace but not its links, so the two are set up side
by side; the process is let go when both are there. Whoever calls holds the container's lock and
takes everything down when this raises.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, RuntimeFailed
from ..formats.container import Port
from ..formats.endpoint import SetupRequest
from ..frozen import replace
from ..kernel import files, proc
from ..runtime import conmon, oci, probe
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from . import effective, infra, limits, membership, namespaces, passing, persist, podcgroup, prepare, usernamespace

if TYPE_CHECKING:
    from ..formats.imageconfig import ImageConfig

BeforeStart = Callable[[Record], None]


def launch(ctx: Context, record: Record, *, restarts: int = 0, streak: int = 0,
           before_start: Optional[BeforeStart] = None) -> Record:
    """Run a container; returns its record, with host ports filled in that were left to the engine.

    ``restarts`` counts the policy's restarts since the user's start, ``streak`` those of them that
    followed a short run. ``before_start`` is called when the process exists but was not let go yet.
    """
    record = membership.placed(ctx, record)
    run = _begin(ctx, record, restarts, streak)
    if record.spec.pod:
        podcgroup.begin(ctx, record)
    image = effective.image_config(ctx, record)
    root = _mount_root(ctx, record)
    around = _seen_elsewhere(ctx, record, root, run)
    usernamespace.create(ctx, record, namespaces.netns_path(ctx, record.id)
                         if namespaces.owns_network(record.spec) else "")
    _write_etc_files(ctx, record)
    told = record
    if ctx.listen is not None:
        told = record._replace(spec=replace(record.spec, env=dict(record.spec.env, **passing.variables(ctx))))
    bundle = prepare.prepare(ctx, told, image, root, namespaces.resolve(ctx, record), seen_at=run.get("reachable", ""))
    run.update(cgroup=bundle.cgroups_path, mounts=bundle.mounts, secrets=bundle.secrets,
               argv=bundle.config["process"]["args"])
    record = _create_with_links(ctx, record, image, run, around)
    run["conmon_pid"] = _read_pid(store.run_directory(ctx, record.id, "conmon.pid"))
    run["conmon_start"] = proc.start_time(run["conmon_pid"]) or 0
    runs.write_state(ctx, record.id, run)
    limits.read_back(ctx, record.spec, run["pid"])
    if before_start is not None:
        before_start(record)
    if membership.network_owner(record):
        from . import networks

        networks.name_locally(ctx, membership.network_owner(record), record.id, record.spec.name or record.name)
    run["started_at"] = time.time()
    oci.start(ctx, probe.Runtime(**run["runtime"]), record.id)
    run["phase"] = "running"
    _start_health(ctx, record, image, run)
    runs.write_state(ctx, record.id, run)
    runs.mark_run(ctx, record.id)
    return record


def _begin(ctx: Context, record: Record, restarts: int, streak: int) -> Dict[str, Any]:
    """The run's directory and the state document, which from now on says that there is something to undo."""
    runtime = probe.choose(ctx, record.spec.runtime)
    files.make_directory(store.run_directory(ctx, record.id, "exits"))
    run: Dict[str, Any] = {
        "phase": "starting", "boot": proc.boot_id(), "pid": 0, "pid_start": 0, "conmon_pid": 0, "conmon_start": 0,
        "started_at": 0.0, "restarts": restarts, "streak": streak,
        "runtime": {"name": runtime.name, "path": runtime.path}}
    runs.write_state(ctx, record.id, run)
    return run


def _mount_root(ctx: Context, record: Record) -> str:
    if namespaces.owns_shm(record.spec):
        from ..kernel import mount

        path = files.make_directory(store.run_directory(ctx, record.id, "shm"))
        maps = usernamespace.of(record)
        owner = maps.outside(0, 0) if maps is not None else (0, 0)
        mount.mount("shm", path, "tmpfs", mount.MS_NOSUID | mount.MS_NODEV | mount.MS_NOEXEC,
                    "mode=1777,size=%d,uid=%d,gid=%d" % (record.spec.shm_size, *owner))
    if record.spec.infra:
        return infra.mount_root(ctx, record)
    if record.spec.rootfs:
        return record.spec.image
    from ..store import images, layers

    maps = usernamespace.of(record)
    chain_ids = images.get(ctx, record.image_id).layers
    if maps is None:
        return layers.rootfs(ctx, record.id, chain_ids)
    from ..store import mapped

    return layers.rootfs(ctx, record.id, chain_ids, lower_directories=mapped.lowers(ctx, chain_ids, maps))


def _seen_elsewhere(ctx: Context, record: Record, root: str, run: Dict[str, Any]) -> Tuple[str, ...]:
    """With a user namespace of its own: the container's root is nobody out here, and the run root lets nobody in. So
    its root file system is at another path, noted in the run, and there for the OCI runtime alone: the words that
    start that. Everybody else sees an empty directory there."""
    if not record.idmaps:
        return ()
    run["reachable"] = usernamespace.reachable_directory(ctx, record.id)
    runs.write_state(ctx, record.id, run)
    return (*persist.program(ctx, persist.keep(ctx)), "runtime", root, run["reachable"])


def _create_with_links(ctx: Context, record: Record, image: Optional[ImageConfig], run: Dict[str, Any],
                       around: Tuple[str, ...]) -> Record:
    """Let conmon create the container, and meanwhile set up its links."""
    with conmon.Launching(ctx, _job(ctx, record, around)) as launching:
        if namespaces.has_links(record.spec):
            try:
                record = _set_up_links(ctx, record, image, run)
            except BaseException:
                # There is something to take down only when the runtime has ended.
                with contextlib.suppress(EngineError):
                    launching.finish()
                raise
        run["pid"] = launching.finish()
    run["pid_start"] = proc.start_time(run["pid"]) or 0
    if not run["pid_start"]:
        raise RuntimeFailed("The process of %s ended before it was started" % record.name)
    return record


def _job(ctx: Context, record: Record, around: Tuple[str, ...]) -> conmon.Launch:
    run = store.run_directory(ctx, record.id)
    log = record.log_driver
    if log == "k8s-file":
        log = "k8s-file:" + record.log_path
        if "path" not in record.spec.log_opt:
            files.expect_regular(record.log_path)  # conmon would wait for a FIFO
    size = record.spec.log_opt.get("max_size") or record.spec.log_opt.get("max-size") or "-1"
    return conmon.Launch(
        container_id=record.id, name=record.name, bundle=os.path.join(run, "bundle"),
        runtime_path=probe.choose(ctx, record.spec.runtime).path, runtime_root=oci.root(ctx), log=log,
        pidfile=os.path.join(run, "pidfile"), conmon_pidfile=os.path.join(run, "conmon.pid"),
        exit_directory=os.path.join(run, "exits"),
        exit_command=tuple(persist.command(ctx, record.engine, "exit", record.id)),
        preserved=ctx.descriptors, terminal=record.spec.tty, stdin=record.spec.interactive, timeout=record.spec.timeout,
        log_size=log_size(size), log_tag=record.spec.log_opt.get("tag", ""), around=around,
        systemd_cgroup=effective.cgroup_manager(ctx, record) == "systemd")


def log_size(text: str) -> int:
    """The size of a log in bytes, from bytes or '10m'; -1 for no limit. Raises InvalidInput."""
    number, unit = text.rstrip("bBkKmMgG"), text[len(text.rstrip("bBkKmMgG")):].lower().rstrip("b")
    factors = {"": 1, "k": 1024, "m": 1024 ** 2, "g": 1024 ** 3}
    if unit not in factors or not number.lstrip("-").isdecimal():
        raise InvalidInput("The log size %r is malformed" % text, "Use bytes, or a number with k, m or g.")
    return int(number) * factors[unit]


def _read_pid(path: str) -> int:
    try:
        return int(files.word(path) or "")
    except ValueError:
        return 0


# networks

def _write_etc_files(ctx: Context, record: Record) -> None:
    """Make hosts, resolv.conf and hostname, which are bind-mounted.

    Where links are set up they are only made: what stands in them comes with the addresses, and the network
    part is loaded while the OCI runtime works.
    """
    if namespaces.has_links(record.spec):
        for name in ("hosts", "resolv.conf", "hostname"):
            files.ensure_regular(store.run_directory(ctx, record.id, name))
        return
    from . import network_etcfiles

    network_etcfiles.first(ctx, request(ctx, record, ()))


def request(ctx: Context, record: Record, ports: Tuple[Port, ...]) -> SetupRequest:
    """What the network part has to know of a container."""
    spec = record.spec
    return SetupRequest(
        container_id=record.id, container_name=record.spec.name or record.name,
        netns=namespaces.netns_path(ctx, record.id),
        uses=namespaces.network_uses(spec), ports=ports, hostname=namespaces.hostname(ctx, record),
        dns=spec.dns, dns_option=spec.dns_option, dns_search=spec.dns_search, etc_hosts=spec.etc_hosts,
        no_hosts=spec.no_hosts)


def wanted_ports(record: Record, image: Optional[ImageConfig]) -> Tuple[Port, ...]:
    """The ports to publish; one whose host port was left to the engine keeps what it got before."""
    rows = list(record.spec.publish)
    if record.spec.publish_all:
        published = {(row.container_port, row.protocol) for row in rows}
        for text in list(record.spec.expose) + list(image.exposed_ports if image is not None else ()):
            number, _slash, protocol = text.partition("/")
            if not number.isdecimal() or not 0 < int(number) < 65536:
                raise InvalidInput("The exposed port %r is malformed" % text[:40], "Use PORT/PROTOCOL.")
            if (int(number), protocol or "tcp") not in published:
                published.add((int(number), protocol or "tcp"))
                rows.append(Port(int(number), 0, "", protocol or "tcp"))
    before = {(p["container_port"], p["host_ip"], p["protocol"]): p["host_port"] for p in record.ports}
    return tuple(row if row.host_port else replace(
        row, host_port=before.get((row.container_port, row.host_ip, row.protocol), 0)) for row in rows)


def _set_up_links(ctx: Context, record: Record, image: Optional[ImageConfig], run: Dict[str, Any]) -> Record:
    from . import networks

    ports = wanted_ports(record, image)
    result = networks.setup(ctx, request(ctx, record, ports))
    run["ports"] = [dict(vars(port)) for port in result.ports]
    if any(not port.host_port for port in record.spec.publish) or record.spec.publish_all:
        chosen = [dict(vars(port)) for port in result.ports]
        if chosen != record.ports:
            record = record._replace(ports=chosen)
            store.write(ctx, store.get(ctx, record.id)._replace(ports=chosen))
    return record


def _start_health(ctx: Context, record: Record, image: Optional[ImageConfig], run: Dict[str, Any]) -> None:
    check = image.healthcheck if image is not None else None
    if record.spec.health is None and check is None:
        return
    from . import health

    run["health"] = health.start_scheduler(ctx, record, image)
