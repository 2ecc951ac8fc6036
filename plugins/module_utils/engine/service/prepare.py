# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run's bundle: config.json from the record, the image's own files and this host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..context import Context
from ..errors import CannotInvoke, InvalidInput, NotFound, Unsupported
from ..formats import idmap, passwd, runtimespec
from ..formats.container import ContainerSpec
from ..frozen import replace
from ..kernel import caps, cgroup, files, inroot, mount
from ..store import containers as store
from ..store.containers import Record
from . import devices, effective, identity, limits, membership, mounts, namespaces, usernamespace

if TYPE_CHECKING:
    from ..formats.imageconfig import ImageConfig

INIT_TARGET = "/dev/init"


class Bundle(NamedTuple):
    """What a run was prepared with. ``mounts`` are rows for inspect, ``secrets`` {name: version}."""

    path: str
    config: Dict[str, Any]
    cgroups_path: str
    mounts: List[Dict[str, Any]]
    secrets: Dict[str, str]


def prepare(ctx: Context, record: Record, image: Optional[ImageConfig], root: str,
            joined: Mapping[str, str], *, seen_at: str = "") -> Bundle:
    """Write the bundle of a run whose root file system is mounted at ``root``; the OCI runtime sees it at ``seen_at``.

    ``joined`` are the namespaces as in runtimespec.Inputs. Raises InvalidInput, NotFound or
    Unsupported for wishes that cannot be met, before the OCI runtime sees them.
    """
    inroot.refuse_links(root)
    spec = _with_defaults(record)
    user = identity.resolve(spec.user or (image.user if image is not None else ""), root, spec.group_add)
    hostname = namespaces.hostname(ctx, record)
    maps = usernamespace.of(record)
    owner = maps.outside if maps is not None else _same
    resolved = list(mounts.resolve(ctx, record, root, owner, (user.uid, user.gid)))
    versions: Dict[str, str] = {}
    workdir = _workdir(spec, image)
    login = _login_name(ctx, record, user, root)
    if login:
        user = replace(user, home=_home(ctx, workdir, resolved))
    environment = _environment(ctx, spec, image, user, hostname, versions)
    argv = effective.arguments(spec, image)
    oci_mounts = [row.oci for row in resolved]
    taken = {row["destination"] for row in oci_mounts}
    own = mounts.secret_mounts(ctx, record, owner) + _engine_mounts(
        ctx, record, spec, user, root, argv, (login, user.home if login else workdir))
    oci_mounts += [row for row in own if row["destination"] not in taken]
    _note_secrets(ctx, spec, versions)
    _ready_workdir(spec, workdir, root, owner(user.uid, user.gid), [row["destination"] for row in oci_mounts])
    nodes, rules = devices.resolve(spec, consoles=not effective.is_systemd(spec, argv))
    config = runtimespec.build(runtimespec.Inputs(
        spec=spec, container_id=record.id, rootfs=seen_at or root, arguments=_with_init(spec, argv),
        environment=environment, workdir=workdir, user=user,
        capabilities=caps.container_set(spec.cap_add, spec.cap_drop, privileged=spec.privileged),
        hostname=hostname, cgroups_path=effective.cgroups_path(ctx, record), cgroup_mode=cgroup.mode(),
        namespaces=joined, mounts=tuple(oci_mounts), hard_limits=_hard_limits(),
        seccomp=seccomp_profile(spec), devices=nodes, device_rules=rules, shm_path=namespaces.shm_path(ctx, record),
        limited=limits.check(ctx, spec), gids=_mapped_groups(ctx, maps),
        uid_mappings=maps.uids if maps is not None else (), gid_mappings=maps.gids if maps is not None else (),
        own_sysfs=_own_sysfs(ctx, spec, maps, joined), recursive_read_only=mount.sets_attributes(),
        own_proc="pid" in joined or (maps is None and not ctx.rootless)))
    path = files.make_directory(store.run_directory(ctx, record.id, "bundle"))
    files.write_json(os.path.join(path, "config.json"), config, durable=False)
    return Bundle(path, config, config["linux"].get("cgroupsPath", ""), [row.shown for row in resolved], versions)


def _own_sysfs(ctx: Context, spec: ContainerSpec, maps: Optional[usernamespace.Maps],
               joined: Mapping[str, str]) -> bool:
    """Whether the user namespace that the container gets owns its network namespace."""
    if maps is not None:
        return namespaces.owns_network(spec) or spec.userns.startswith("container:")
    return not ctx.rootless or "network" in joined


def _with_defaults(record: Record) -> ContainerSpec:
    """The spec with what podman's containers get unasked and what a single option stands for."""
    spec = record.spec
    changes: Dict[str, Any] = {}
    if spec.userns.startswith("keep-id") and not spec.user:
        # The user's own ID is the one that is 0 in the user's namespace.
        inside = [next(row[0] for row in record.idmaps[kind] if row[1] == 0) for kind in ("uids", "gids")]
        changes["user"] = "%d:%d" % tuple(inside)
    if namespaces.owns_network(spec):
        # containers.conf(5), default_sysctls: ping without CAP_NET_RAW.
        changes["sysctl"] = dict({"net.ipv4.ping_group_range": "0 0"}, **spec.sysctl)
    return replace(spec, **changes) if changes else spec


def _environment(ctx: Context, spec: ContainerSpec, image: Optional[ImageConfig], user: passwd.User,
                 hostname: str, versions: Dict[str, str]) -> Dict[str, str]:
    result = runtimespec.environment(spec, effective.image_environment(image), user, os.environ, hostname)
    for use in spec.secrets:
        if use.type == "env":
            from ..store import secrets

            secret = secrets.lookup(ctx, use.name)
            value = secrets.value(ctx, secret)
            if b"\0" in value:
                raise InvalidInput("The secret %s holds a zero byte and cannot be a variable" % use.name,
                                   "Mount it instead.")
            result[use.target or use.name] = value.decode("utf-8", "surrogateescape")
            versions[use.name] = secret.version
    if effective.is_systemd(spec, effective.arguments(spec, image)):
        result["container_uuid"] = hostname
    return result


def _note_secrets(ctx: Context, spec: ContainerSpec, versions: Dict[str, str]) -> None:
    for use in spec.secrets:
        if use.name not in versions:
            from ..store import secrets

            versions[use.name] = secrets.lookup(ctx, use.name).version


def _with_init(spec: ContainerSpec, argv: Tuple[str, ...]) -> Tuple[str, ...]:
    return (INIT_TARGET, "--") + argv if spec.init else argv


def _workdir(spec: ContainerSpec, image: Optional[ImageConfig]) -> str:
    """The working directory's path: the user's, the image's, or /."""
    path = spec.workdir or (image.workdir if image is not None else "") or "/"
    return os.path.normpath("/" + path.lstrip("/"))


def _ready_workdir(spec: ContainerSpec, path: str, root: str, owner: Tuple[int, int], mounted: List[str]) -> None:
    """Make the image's working directory when it is missing, with the user as its owner; one that the user named has
    to be there, as podman has it. Raises CannotInvoke."""
    places = ["/dev", "/proc", "/sys", *mounted]
    if path == "/" or any((path + "/").startswith(place.rstrip("/") + "/") or place.startswith(path + "/")
                          for place in places):
        return
    made = not spec.workdir and not spec.read_only
    try:
        with inroot.directory(root, path, make=made, owner=owner):
            pass
    except InvalidInput as exc:
        if spec.workdir:
            raise CannotInvoke("The working directory %s does not exist in the container" % path,
                               "Mount something there, choose another one, or make it in the image.") from exc
        if made:
            raise


def _same(uid: int, gid: int) -> Tuple[int, int]:
    return uid, gid


def _mapped_groups(ctx: Context, maps: Optional[usernamespace.Maps]) -> int:
    if maps is not None:
        return idmap.size(maps.gids)
    if not ctx.rootless:
        return 2 ** 32
    from . import rootless

    return idmap.size(rootless.mapped("gid"))


def _hard_limits() -> Dict[str, int]:
    from ..kernel import rlimit

    return rlimit.hard_limits()


def seccomp_profile(spec: ContainerSpec) -> Optional[Mapping[str, Any]]:
    """The profile that the container gets; None for none. Raises NotFound, InvalidInput."""
    from ..formats import seccomp

    chosen = next((o.partition("=")[2] for o in spec.security_opt if o.startswith("seccomp=")), "")
    if spec.privileged or chosen == "unconfined":
        return None
    held, machine = caps.container_set(spec.cap_add, spec.cap_drop), os.uname().machine
    if chosen:
        try:
            with open(chosen, "rb") as stream:
                data = stream.read(seccomp.MAX_PROFILE + 1)
        except OSError as exc:
            raise NotFound("Cannot read the seccomp profile %s: %s" % (chosen, exc.strerror)) from exc
        return seccomp.parse_profile(data, source=chosen, capabilities=held, machine=machine,
                                     kernel=os.uname().release)
    return seccomp.default_profile(held, machine)


def check_security(spec: ContainerSpec) -> None:
    """Raise Unsupported for a security option that this engine does not know."""
    for option in spec.security_opt:
        key = option.partition("=")[0]
        if key not in ("seccomp", "no-new-privileges", "apparmor", "mask", "unmask", "label"):
            raise Unsupported("The security option %r is not known" % option)
        if key == "label" and option != "label=disable" and os.path.exists("/sys/fs/selinux/enforce"):
            raise Unsupported("The security option %r cannot be met" % option, "Only label=disable is supported.")


# what the engine itself puts into the container

def _file(source: str, target: str, *options: str) -> Dict[str, Any]:
    return {"destination": target, "type": "bind", "source": source, "options": ["bind", "rprivate", *options]}


def _engine_mounts(ctx: Context, record: Record, spec: ContainerSpec, user: passwd.User, root: str,
                   argv: Tuple[str, ...], entry: Tuple[str, str]) -> List[Dict[str, Any]]:
    run = store.run_directory(ctx, record.id)
    names = membership.etc_directory(ctx, record)
    rows = [_file(os.path.join(names, "resolv.conf"), "/etc/resolv.conf"),
            _file(os.path.join(run, "hostname"), "/etc/hostname"),
            _file(_containerenv(run), "/run/.containerenv")]
    if not spec.no_hosts and os.path.exists(os.path.join(names, "hosts")):
        rows.append(_file(os.path.join(names, "hosts"), "/etc/hosts"))
    if spec.init:
        source = spec.init_path or ctx.tool("catatonit", "run a container with init")
        rows.append(_file(source, INIT_TARGET, "ro"))
    if spec.timezone:
        rows.append(_file(_zone(spec.timezone), "/etc/localtime", "ro"))
    if spec.passwd and not spec.read_only:
        rows += _entries(ctx, record, user, root, *entry)
    if effective.is_systemd(spec, argv):
        rows += _systemd_mounts()
    for row in rows:
        target = row["destination"]
        if row["type"] == "bind" and not target.startswith(("/dev/", "/run/")) and not spec.read_only:
            inroot.ensure_target(root, target, is_directory=False)
    return rows


def _containerenv(run: str) -> str:
    path = os.path.join(run, "containerenv")
    files.ensure_regular(path)
    return path


def _zone(name: str) -> str:
    path = "/etc/localtime" if name == "local" else os.path.normpath(os.path.join("/usr/share/zoneinfo", name))
    if not os.path.isfile(path) or not path.startswith(("/usr/share/zoneinfo/", "/etc/localtime")):
        raise NotFound("This host has no time zone %r" % name, "Install the package tzdata, or correct the name.")
    return os.path.realpath(path)


def _entries(ctx: Context, record: Record, user: passwd.User, root: str, name: str, home: str
             ) -> List[Dict[str, Any]]:
    """Passwd and group files with a line for a user that the image does not know (podman-run(1), --passwd)."""
    if user.uid == 0 or user.name:
        return []
    known = {name: inroot.read_in_root(root, "/etc/" + name, passwd.MAX_FILE) for name in ("passwd", "group")}
    fields = (name or user.uid, user.uid, user.gid, name or "container user", home)
    lines = {"passwd": "%s:*:%d:%d:%s:%s:/bin/sh\n" % fields}
    if name and user.gid not in passwd.group_names(known["group"]):
        lines["group"] = "%s:x:%d:\n" % (name, user.gid)
    rows = []
    for kind in (kind for kind in lines if known[kind]):
        path = store.run_directory(ctx, record.id, kind)
        files.write_atomic(path, known[kind].rstrip(b"\n") + b"\n" + lines[kind].encode(), 0o644, durable=False)
        os.chmod(path, 0o644)
        rows.append(_file(path, "/etc/" + kind))
    return rows


def _login_name(ctx: Context, record: Record, user: passwd.User, root: str) -> str:
    """What the user of the engine is called, when that is who the container's user is (keep-id) and the image knows
    nobody of that ID or name; else ''."""
    import pwd

    maps = usernamespace.of(record)
    if not ctx.rootless or maps is None or user.uid == 0 or user.name or maps.outside(user.uid, user.gid)[0] != 0:
        return ""
    try:
        name = pwd.getpwuid(ctx.uid).pw_name
    except KeyError:
        return ""
    known = passwd.user_names(inroot.read_in_root(root, "/etc/passwd", passwd.MAX_FILE))
    return "" if name in known.values() else name


def _home(ctx: Context, workdir: str, mounted: List[mounts.Resolved]) -> str:
    """Where the user of the engine is at home in a container: in the own home if that is mounted there, or what it is
    in, else in the working directory."""
    import pwd

    home = pwd.getpwuid(ctx.uid).pw_dir
    above = {home}
    while os.path.dirname(home) != "/" and home != os.path.dirname(home):
        home = os.path.dirname(home)
        above.add(home)
    return max(above, key=len) if above & {row.oci["destination"] for row in mounted} else workdir


def _systemd_mounts() -> List[Dict[str, Any]]:
    rows: List[Dict[str, Any]] = [
        {"destination": path, "type": "tmpfs", "source": "tmpfs",
         "options": ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup", "mode=755"]}
        for path in ("/run", "/run/lock", "/tmp", "/var/log/journal")]
    rows.append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                 "options": ["private", "nosuid", "noexec", "nodev", "relatime", "rw"]})
    return rows
