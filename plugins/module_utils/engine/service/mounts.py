# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container's mounts: what was asked for, what the image adds, and the OCI mount objects of a run."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ..context import Context
from ..errors import InvalidInput, NotFound, Unsupported
from ..formats.container import ContainerSpec, Mount
from ..formats.volume import VolumeSpec
from ..kernel import files
from ..store import containers as store
from ..store import runs
from ..store.containers import Record
from . import copyup, volumes

PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable")
# Options that stand in config.json as they are; all others are the engine's own work.
_PLAIN = frozenset(("ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "bind", "rbind", "relatime",
                    "noatime", "nodiratime", "sync", "async") + PROPAGATIONS)
_OURS = frozenset(("z", "Z", "U", "copy", "nocopy", "notmpcopyup"))


Owner = Callable[[int, int], Tuple[int, int]]


class Resolved(NamedTuple):
    """One mount of a run: the OCI object, and what ``inspect`` says of it."""

    oci: Dict[str, Any]
    shown: Dict[str, Any]


def wanted(spec: ContainerSpec, image_volumes: Sequence[str], inherited: Sequence[Mount]) -> List[Mount]:
    """All mounts of a container, one a target: the user's, then those inherited from other containers
    (``volumes_from``), then the image's volumes."""
    rows: Dict[str, Mount] = {}
    if spec.image_volume in ("anonymous", "bind"):
        rows.update((os.path.normpath(path), Mount("volume", os.path.normpath(path))) for path in image_volumes)
    elif spec.image_volume == "tmpfs":
        rows.update((os.path.normpath(path), Mount("tmpfs", os.path.normpath(path))) for path in image_volumes)
    rows.update((row.target, row) for row in inherited)
    rows.update((row.target, row) for row in spec.mounts)
    for row in rows.values():
        _check(row)
    return list(rows.values())


def _check(row: Mount) -> None:
    if row.type not in ("bind", "volume", "tmpfs", "image"):
        raise Unsupported("A mount of the type %s on %s cannot be made" % (row.type, row.target),
                          "Use bind, volume, tmpfs or image.")
    if not row.target.startswith("/") or os.path.normpath(row.target) == "/":
        raise InvalidInput("The mount target %r is not below /" % row.target, "Give an absolute path.")
    for option in row.options:
        known = option in _PLAIN or option in _OURS
        if row.type == "tmpfs":
            known = known or option.split("=")[0] in ("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks")
        if not known:
            raise Unsupported("The option %s of the mount on %s is not known" % (option, row.target))
    if row.type == "bind" and not row.source.startswith("/"):
        raise InvalidInput("The source %r of the mount on %s is no absolute path" % (row.source, row.target))


def inherited(ctx: Context, spec: ContainerSpec) -> List[Mount]:
    """The mounts that ``volumes_from`` takes over; an entry is NAME or NAME:OPTIONS (ro, rw, z)."""
    rows: List[Mount] = []
    for entry in spec.volumes_from:
        name, _colon, text = entry.partition(":")
        options = tuple(o for o in text.split(",") if o)
        for option in options:
            if option not in ("ro", "rw", "z"):
                raise InvalidInput("volumes_from %r has the unknown option %s" % (entry, option), "Use ro, rw or z.")
        other = store.lookup(ctx, name)
        for row in of_record(ctx, other):
            if row.type in ("bind", "volume"):
                source = row.source or other.volumes.get(row.target, "")
                kept = tuple(o for o in row.options if not ({"ro", "rw"} & set(options) and o in ("ro", "rw")))
                rows.append(Mount(row.type, row.target, source, tuple(sorted(set(kept + options)))))
    return rows


def of_record(ctx: Context, record: Record) -> List[Mount]:
    """All mounts of a container that exists."""
    rows: Dict[str, Mount] = {row["target"]: _from_document(row) for row in record.volumes_from}
    rows.update((row.target, row) for row in record.spec.mounts)
    for target, name in record.volumes.items():
        options = rows[target].options if target in rows else ()
        rows[target] = Mount("volume", target, name, options)
    if record.spec.image_volume == "tmpfs" and record.image_id:
        from ..store import images

        for path in images.config(ctx, record.image_id).volumes:
            rows.setdefault(os.path.normpath(path), Mount("tmpfs", os.path.normpath(path)))
    return list(rows.values())


def _from_document(row: Mapping[str, Any]) -> Mount:
    return Mount(row["type"], row["target"], row["source"], tuple(row["options"]))


def make_volumes(ctx: Context, rows: Sequence[Mount], container_id: str, anonymous: Mapping[str, str]) -> None:
    """Make the volumes that are missing and note the container as their user.

    ``anonymous`` maps the target of each anonymous volume to the name it gets.
    """
    from ..store import volumes as volume_store

    for row in rows:
        if row.type == "volume":
            name = row.source or anonymous[row.target]
            volumes.ensure(ctx, VolumeSpec(name, anonymous=not row.source), container_id)
            volume_store.add_user(ctx, name, container_id)


def volume_names(record: Record) -> List[str]:
    """The names of all volumes of a container."""
    found = [row.source for row in record.spec.mounts if row.type == "volume" and row.source]
    found += [row["source"] for row in record.volumes_from if row["type"] == "volume"]
    return sorted(set(found) | set(record.volumes.values()))


def resolve(ctx: Context, record: Record, root: str, owner: Owner, user: Tuple[int, int]) -> Iterator[Resolved]:
    """Make ready and yield each mount of a run; ``user`` is the container's user and group, and ``owner``
    gives the owner out here for one in the container.

    Raises NotFound for a source that is missing.
    """
    for number, row in enumerate(of_record(ctx, record)):
        if row.type == "tmpfs":
            yield _tmpfs(row, user)
        elif row.type == "image":
            yield _image(ctx, record, row, number)
        else:
            yield _bind(ctx, record, row, root, (owner(0, 0), owner(*user)))


def _tmpfs(row: Mount, user: Tuple[int, int]) -> Resolved:
    options = [o for o in row.options if o not in _OURS]
    if "U" in row.options:
        given = {option.partition("=")[0] for option in options}
        options += ["%s=%d" % pair for pair in zip(("uid", "gid"), user) if pair[0] not in given]
    for default in ("noexec", "nosuid", "nodev"):
        if default[2:] not in options and default not in options:
            options.append(default)
    if "ro" not in options and "rw" not in options:
        options.append("rw")
    if not {"nocopy", "notmpcopyup"} & set(row.options):
        # An extension that runc and crun share: what the image has there shows up in the tmpfs.
        options.append("tmpcopyup")
    oci = {"destination": row.target, "type": "tmpfs", "source": "tmpfs", "options": options}
    return Resolved(oci, {"Type": "tmpfs", "Source": "tmpfs", "Destination": row.target, "Driver": "",
                          "Mode": "", "Options": options, "RW": "ro" not in options, "Propagation": ""})


def _bind(ctx: Context, record: Record, row: Mount, root: str, owners: Tuple[Tuple[int, int], ...]) -> Resolved:
    shown: Dict[str, Any] = {"Type": row.type}
    if row.type == "volume":
        source = volumes.use(ctx, row.source, record.id)
        volume = volumes.get(ctx, row.source)
        # The infra container of a pod has nothing to fill it with; those that follow may have.
        if not record.spec.infra and volumes.copies_up(volume, row.options):
            copyup.fill(ctx, row.source, root, row.target, owners[1])
        else:
            copyup.drop_torn(ctx, row.source)
        shown.update(Name=row.source, Driver="local")
    else:
        source = row.source
        check_source(row)
    if "U" in row.options and not runs.has_run(ctx, record.id):
        # Once, as podman: what the container has given to other owners stays theirs at the next start.
        _chown_tree(source, owners[1])
    if "z" in row.options or "Z" in row.options:
        _relabel(source)
    options = [o for o in row.options if o in _PLAIN]
    if "bind" not in options and "rbind" not in options:
        options.append("rbind")
    propagation = next((o for o in options if o in PROPAGATIONS), "")
    if not propagation:
        propagation = "rprivate"
        options.append(propagation)
    shown.update(Source=source, Destination=row.target, Mode="", Options=[o for o in options if o != propagation],
                 RW="ro" not in options, Propagation=propagation)
    return Resolved({"destination": row.target, "type": "bind", "source": source, "options": options}, shown)


def check_sources(ctx: Context, record: Record) -> None:
    """Raise NotFound for a mount of a container whose source is not there now."""
    from ..store import images

    for row in of_record(ctx, record):
        if row.type == "bind":
            check_source(row)
        elif row.type == "image":
            images.lookup(ctx, row.source)
        elif row.type == "volume":
            volumes.get(ctx, row.source)


def check_source(row: Mount) -> None:
    """Raise NotFound for a bind mount of something that is not there."""
    if not os.path.exists(row.source):
        raise NotFound("The source %s of the mount on %s does not exist" % (row.source, row.target),
                       "Make it first, or use a named volume.")


def _image(ctx: Context, record: Record, row: Mount, number: int) -> Resolved:
    """An image's content, read-only, mounted beside the run."""
    from ..store import images, layers

    image = images.lookup(ctx, row.source)
    path = files.make_directory(store.run_directory(ctx, record.id, "images", str(number)))
    layers.image_mount(ctx, image.layers, path)
    oci = {"destination": row.target, "type": "bind", "source": path, "options": ["rbind", "ro", "rprivate"]}
    return Resolved(oci, {"Type": "image", "Source": row.source, "Destination": row.target, "Driver": "", "Mode": "",
                          "Options": ["rbind", "ro"], "RW": False, "Propagation": "rprivate"})


def _chown_tree(path: str, owner: Tuple[int, int]) -> None:
    """Give a tree to the container's user (option U); links in it are not followed."""
    if os.path.isdir(path):
        for _directory, below, found, descriptor in os.fwalk(path, follow_symlinks=False):
            for name in below + found:
                os.chown(name, owner[0], owner[1], dir_fd=descriptor, follow_symlinks=False)
    os.chown(path, owner[0], owner[1])


def _relabel(path: str) -> None:
    """Give a tree the SELinux label that containers share (options z and Z); nothing without SELinux.

    The engine gives its containers no categories of their own, so Z cannot be narrower than z.
    """
    if not os.path.exists("/sys/fs/selinux/enforce"):
        return
    label = b"system_u:object_r:container_file_t:s0"
    os.setxattr(path, "security.selinux", label)
    if os.path.isdir(path):
        for directory, below, found in os.walk(path):
            for name in below + found:
                with contextlib.suppress(FileNotFoundError):
                    os.setxattr(os.path.join(directory, name), "security.selinux", label, follow_symlinks=False)


def secret_mounts(ctx: Context, record: Record, owner: Owner) -> List[Dict[str, Any]]:
    """The OCI mounts of the container's secrets; their copies lie in the run's directory."""
    from ..store import secrets as secret_store

    rows = []
    for number, use in enumerate(u for u in record.spec.secrets if u.type == "mount"):
        value = secret_store.value(ctx, secret_store.lookup(ctx, use.name))
        path = os.path.join(files.make_directory(store.run_directory(ctx, record.id, "secrets")), str(number))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        files.write_plain(path, value)
        os.chown(path, *owner(use.uid, use.gid))
        os.chmod(path, use.mode)
        target = use.target or use.name
        if not target.startswith("/"):
            target = "/run/secrets/" + target
        rows.append({"destination": target, "type": "bind", "source": path,
                     "options": ["bind", "ro", "rprivate", "nosuid", "nodev"]})
    return rows


def release(ctx: Context, container_id: str) -> None:
    """The run has ended: unmount what was mounted for it, whether its record can be read or not."""
    for name in volumes.used_by(ctx, container_id):
        volumes.unuse(ctx, name, container_id)
