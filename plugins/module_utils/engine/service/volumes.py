# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes: made, shown, removed, mounted for a container (podman-volume(1))."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Collection, Dict, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Conflict, Damaged, InUse, InvalidInput, NotFound, Unsupported
from ..formats.volume import VolumeSpec
from ..kernel import files
from ..store import names
from ..store import volumes as store
from ..store.volumes import Volume

OPTIONS = ("type", "device", "o", "copy", "nocopy")


def check(spec: VolumeSpec) -> None:
    """Raise Unsupported, InvalidInput or NotFound for what this engine cannot make on this host."""
    check_values(spec)
    if _is_bind(spec):
        _check_directory(spec.name, spec.options["device"])


def check_values(spec: VolumeSpec) -> None:
    """Raise Unsupported or InvalidInput for what it cannot make, whatever there is on this host."""
    if spec.name:
        names.check_name("volume", spec.name)
    if spec.driver != "local":
        raise Unsupported("The volume %s asks for the driver %s" % (spec.name, spec.driver), "Use the driver local.")
    for key in spec.options:
        if key not in OPTIONS:
            raise InvalidInput("The volume option %r does not exist" % key, "There are: %s." % ", ".join(OPTIONS))
    if spec.options.get("type") and not spec.options.get("device") and spec.options["type"] != "tmpfs":
        raise InvalidInput("The volume %s has a type but no device" % spec.name, "Set the option device.")
    if "copy" in spec.options and "nocopy" in spec.options:
        raise InvalidInput("The volume %s has the options copy and nocopy" % spec.name, "Use one of them.")


def _is_bind(spec: VolumeSpec) -> bool:
    """Whether the volume is a path of this host."""
    kind, device = spec.options.get("type", ""), spec.options.get("device", "")
    bound = {"bind", "rbind"} & {kind, *spec.options.get("o", "").split(",")}
    return bool(device) and (bool(bound) or kind in ("", "none"))


def _check_directory(name: str, path: str) -> None:
    """Raise InvalidInput or NotFound for what cannot be a volume's content."""
    if not path.startswith("/"):
        raise InvalidInput("The device %s of the volume %s is no absolute path" % (path, name),
                           "Begin it with a slash.")
    if not os.path.exists(path):
        raise NotFound("The device %s of the volume %s does not exist" % (path, name), "Make it first.")
    if not os.path.isdir(path):
        raise InvalidInput("The device %s of the volume %s is no directory" % (path, name),
                           "Name its directory, or mount the file without a volume.")


def create(ctx: Context, spec: VolumeSpec, *, ignore: bool = False) -> Volume:
    """Make a volume; '' as name makes one up. Raises Conflict when it exists, unless ``ignore``."""
    check(spec)
    if not spec.name:
        spec = VolumeSpec(**dict(spec.to_document(), name=os.urandom(32).hex()))
    made = store.create(ctx, spec)
    if made is None and not ignore:
        raise Conflict("There is a volume %s already" % spec.name, "Choose another name, or remove that volume.")
    return made if made is not None else store.get(ctx, spec.name)


def ensure(ctx: Context, spec: VolumeSpec, container_id: str) -> None:
    """Have a volume for a container; one that is missing is made with it."""
    check(spec)
    store.create(ctx, spec, container_id)


def get(ctx: Context, name: str) -> Volume:
    """The volume by its name or a unique prefix of it; raises NotFound or Ambiguous."""
    found = store.find(ctx, name)
    if found is not None or not name:
        return found or store.get(ctx, name)
    fitting = [v for v in store.all_volumes(ctx) if v.name.startswith(name)]
    if len(fitting) > 1:
        from ..errors import Ambiguous

        raise Ambiguous("More than one volume's name starts with %s" % name, [v.name for v in fitting])
    return fitting[0] if fitting else store.get(ctx, name)


def exists(ctx: Context, name: str) -> bool:
    """Whether there is a volume with exactly this name."""
    return store.find(ctx, name) is not None


def inspect(ctx: Context, name: str) -> Dict[str, Any]:
    """What podman-volume-inspect(1) shows of a volume."""
    from .shown import timestamp

    volume = get(ctx, name)
    spec = volume.spec
    document: Dict[str, Any] = {
        "Name": spec.name, "Driver": spec.driver, "Mountpoint": store.data_path(ctx, spec.name),
        "CreatedAt": timestamp(volume.created), "Labels": dict(spec.labels), "Scope": "local",
        "Options": dict(spec.options), "MountCount": len(_mount_users(ctx, spec.name)),
        "NeedsCopyUp": not volume.filled}
    if spec.anonymous:
        document["Anonymous"] = True
    return document


def label(ctx: Context, name: str, labels: Dict[str, str]) -> Volume:
    """Give a volume other labels; raises NotFound."""
    with store.lock(ctx, name):
        volume = store.get(ctx, name)
        changed = volume._replace(spec=VolumeSpec(**dict(volume.spec.to_document(), labels=dict(labels))))
        store.write(ctx, changed)
        return changed


def remove(ctx: Context, name: str, *, force: bool = False, timeout: Optional[float] = None) -> str:
    """Remove a volume; with ``force`` also a damaged one, and the containers that use it, within ``timeout``
    seconds. Its name."""
    try:
        name = get(ctx, name).name
    except Damaged as exc:
        if not force:
            raise
        name = exc.name
    if force:
        from . import removal

        for container_id in store.users(ctx, name):
            with contextlib.suppress(NotFound):
                removal.remove(ctx, container_id, force=True, timeout=timeout)
    unmount(ctx, name)
    store.remove(ctx, name, damaged_too=force)
    return name


def check_new(spec: VolumeSpec) -> None:
    """Raise what ``create`` would raise of the specification."""
    check(spec)
    names.check_name("volume", spec.name)


def check_removal(ctx: Context, name: str, without: Collection[str] = ()) -> None:
    """Raise what removing a volume without force would raise; containers ``without`` do not count."""
    from ..store import containers

    store.refuse_used(name, [i for i in store.users(ctx, name) if containers.get(ctx, i).name not in without])


def prune(ctx: Context, found: Sequence[str]) -> List[str]:
    """Remove the volumes that ``unused`` found, but for those that a container uses by now; their names."""
    gone = []
    for name in found:
        with contextlib.suppress(InUse, NotFound):
            unmount(ctx, name)
            store.remove(ctx, name)
            gone.append(name)
    return gone


def unused(ctx: Context, filters: Sequence[str] = ()) -> List[str]:
    """The names of the volumes that no container uses and that fit the filters."""
    return [volume.name for volume in listing(ctx, filters) if not store.users(ctx, volume.name)]


def listing(ctx: Context, filters: Sequence[str] = ()) -> List[Volume]:
    """All volumes that fit all filters (name, driver, label, opt, dangling, anonymous), by name.

    Raises InvalidInput for a filter that there is not.
    """
    rows = store.all_volumes(ctx)
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals or key not in ("name", "driver", "label", "label!", "opt", "dangling", "anonymous"):
            raise InvalidInput("There is no volume filter %r" % text, "Use name=, driver=, label=, opt= or dangling=.")
        rows = [row for row in rows if _fits(ctx, row, key, value)]
    return rows


def _fits(ctx: Context, volume: Volume, key: str, value: str) -> bool:
    spec = volume.spec
    if key == "name":
        import re

        return re.search(value, spec.name) is not None
    if key == "driver":
        return spec.driver == value
    if key in ("label", "label!", "opt"):
        wanted, equals, content = value.partition("=")
        pairs = spec.options if key == "opt" else spec.labels
        has = wanted in pairs and (not equals or pairs[wanted] == content)
        return has != (key == "label!")
    wish = value.lower() in ("true", "1")
    if key == "anonymous":
        return spec.anonymous == wish
    return (not store.users(ctx, spec.name)) == wish


# for a container's run

def use(ctx: Context, name: str, container_id: str) -> str:
    """Mount a volume that has options for a container's run; where its data lies."""
    volume = store.get(ctx, name)
    if needs_mount(volume):
        with store.lock(ctx, name):
            files.make_directory(ctx.run("volumes", name))
            files.mark(ctx.run("volumes", name, container_id), durable=False)
            _mount(ctx, volume)
    return store.data_path(ctx, name)


def used_by(ctx: Context, container_id: str) -> List[str]:
    """The volumes that are mounted for a container's run."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.run("volumes"))
                if os.path.exists(ctx.run("volumes", name, container_id))]
    return []


def unuse(ctx: Context, name: str, container_id: str) -> None:
    """A container's run has ended: unmount the volume when no other run uses it. Idempotent."""
    if not os.path.isdir(ctx.run("volumes", name)):
        return
    with store.lock(ctx, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ctx.run("volumes", name, container_id))
        if not _mount_users(ctx, name):
            unmount(ctx, name)


def needs_mount(volume: Volume) -> bool:
    """Whether the volume is a file system of its own, and not just a directory."""
    return bool(volume.spec.options.get("device") or volume.spec.options.get("type"))


def _mount_users(ctx: Context, name: str) -> List[str]:
    try:
        return os.listdir(ctx.run("volumes", name))
    except FileNotFoundError:
        return []


def _mount(ctx: Context, volume: Volume) -> None:
    from ..kernel import mount

    target = store.data_path(ctx, volume.name)
    if mount.is_mounted(target):
        return
    options = volume.spec.options
    flags, data, bind = _split(options.get("o", ""))
    kind, device = options.get("type", ""), options.get("device", "")
    if kind in ("bind", "none") or bind:
        mount.bind(device, target, recursive=bind != "bind")
        return
    if kind in ("nfs", "nfs4", "cifs"):
        _mount_by_program(ctx, volume.name, kind, device, target, options.get("o", ""))
        return
    mount.mount(device or kind, target, kind or "auto", flags, data)


def _mount_by_program(ctx: Context, name: str, kind: str, device: str, target: str, options: str) -> None:
    """mount(8), for network file systems whose options the kernel alone does not understand."""
    from ..errors import EngineError
    from ..kernel import command

    argv = [ctx.tool("mount", "mount the volume %s" % name), "-t", kind, *(["-o", options] if options else [])]
    done = command.run([*argv, "--", device, target], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
    if done.code:
        raise EngineError("Cannot mount the volume %s: %s" % (name, done.stderr.decode("utf-8", "replace").strip()),
                          "Check its options type, device and o.")


_FLAGS = {"ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "sync": 16, "noatime": 1024, "nodiratime": 2048,
          "relatime": 1 << 21, "rw": 0, "suid": 0, "dev": 0, "exec": 0, "async": 0, "defaults": 0}


def _split(text: str) -> Tuple[int, str, str]:
    """mount(8) options: (flags of mount(2), the rest for the file system, '' or the kind of bind)."""
    flags, rest, bind = 0, [], ""
    for option in (o for o in text.split(",") if o):
        if option in _FLAGS:
            flags |= _FLAGS[option]
        elif option in ("bind", "rbind"):
            bind = option
        else:
            rest.append(option)
    return flags, ",".join(rest), bind


def unmount(ctx: Context, name: str) -> None:
    """Unmount a volume, whatever its document says; only then may anything below it be removed."""
    from ..kernel import mount

    target = store.data_path(ctx, name)
    if mount.is_mounted(target):
        mount.umount(target)
    with contextlib.suppress(OSError):
        os.rmdir(ctx.run("volumes", name))


def copies_up(volume: Volume, options: Sequence[str], *, default: bool = True) -> Optional[bool]:
    """Whether the image's content belongs into the volume when it is first used."""
    if "nocopy" in options or "nocopy" in volume.spec.options:
        return False
    return True if "copy" in options or "copy" in volume.spec.options else default
