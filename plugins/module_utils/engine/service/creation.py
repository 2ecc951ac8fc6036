# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Create a container: its image, its name, its volumes, and last its record."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, ContextManager, Dict, List, Mapping, Optional, Tuple

from ..context import Context
from ..errors import Conflict, EngineError, InUse, InvalidInput, NotFound, Unsupported
from ..formats.container import ContainerSpec
from ..frozen import replace
from ..kernel import files, tree
from ..store import containers as store
from ..store import names, pods
from ..store import volumes as volume_store
from ..store.containers import Record
from . import effective, journal, membership, mounts, namespaces, naming, persist, prepare, removal, usernamespace

if TYPE_CHECKING:
    from ..formats.imageconfig import ImageConfig

LOG_DRIVERS = ("k8s-file", "json-file", "journald", "none", "passthrough")
RESTART_POLICIES = ("no", "on-failure", "always", "unless-stopped")
ATTEMPTS = 20

# image ID, its complete name, its configuration
Found = Tuple[str, str, "Optional[ImageConfig]"]


def create(ctx: Context, spec: ContainerSpec, *, pull: str = "missing",
           options: Optional[Mapping[str, Any]] = None, keep_volumes: Optional[Mapping[str, str]] = None,
           claim_as: str = "") -> Record:
    """Make a container; it does not run yet.

    ``pull`` is the policy and ``options`` more keywords of fetch.pull. ``keep_volumes`` are
    anonymous volumes of a predecessor by target, to be taken over. An empty name is made up;
    ``claim_as`` is the name that the container has until it takes over the one it was asked for.
    Raises Conflict for a name in use; nothing is left of a container that could not be made.
    """
    journal.repair(ctx)
    with membership.joining(ctx, spec) as spec, contextlib.ExitStack() as until_written:
        check(ctx, spec)
        if not claim_as:
            namespaces.check_new(spec)
        found = _image(ctx, spec, pull, options or {}, until_written)
        return _create(ctx, spec, found, dict(keep_volumes or {}), claim_as)


def _create(ctx: Context, spec: ContainerSpec, made_from: Found, kept: Dict[str, str], claim_as: str) -> Record:
    image_id, image_name, image = made_from
    if not spec.rm and spec.restart_policy == "":
        raise InvalidInput("The restart policy is empty", "Use no, on-failure, always or unless-stopped.")
    container_id = os.urandom(32).hex()
    inherited = mounts.inherited(ctx, membership.placed_spec(ctx, spec))
    rows = mounts.wanted(spec, image.volumes if image is not None else (), inherited)
    anonymous = {row.target: kept.get(row.target) or os.urandom(32).hex()
                 for row in rows if row.type == "volume" and not row.source}
    with store.lock(ctx, container_id):
        note = {"volumes": sorted(set(anonymous.values()) - set(kept.values()))}
        with journal.work(ctx, container_id, "create", undo, note):
            name = _take_name(ctx, claim_as or spec.name, container_id)
            spec = replace(spec, name=spec.name or name)
            files.make_directory(store.directory(ctx, container_id))
            mounts.make_volumes(ctx, rows, container_id, anonymous)
            effective.stop_signal(spec, image)
            effective.check_health(spec.name, spec, image)
            record = Record(container_id, name, time.time(), spec, image_id, image_name, anonymous,
                            [], persist.ensure(ctx, container_id), *_log(ctx, spec, container_id),
                            [dict(vars(row)) for row in inherited], command=effective.command(spec, image),
                            # Those of a pod follow the pod, whose cgroup they are in.
                            cgroup_manager="" if spec.pod or spec.infra else ctx.cgroup_manager or "")
            removal.add_dependents(ctx, record)
            with _keeping_secrets(ctx, spec), usernamespace.chosen(
                    ctx, membership.placed_spec(ctx, spec), _layers(ctx, image_id)) as idmaps:
                record = record._replace(idmaps=idmaps)
                store.write(ctx, record)
    return record


def _keeping_secrets(ctx: Context, spec: ContainerSpec) -> ContextManager[None]:
    if not spec.secrets:
        return contextlib.nullcontext()
    from ..store import secrets

    return secrets.kept(ctx, [use.name for use in spec.secrets])


def check(ctx: Context, spec: ContainerSpec) -> None:
    """Raise InvalidInput, NotFound or Unsupported for wishes that no run could meet."""
    from ..store import secrets

    check_values(ctx, spec)
    namespaces.check_others(ctx, spec)
    if spec.annotation:
        from ..formats import annotations
        from ..runtime import probe

        annotations.check(dict(spec.annotation), probe.choose(ctx, spec.runtime).name, effective.cgroup_manager(ctx))
    for use in spec.secrets:
        secrets.lookup(ctx, use.name)
    _check_networks(ctx, spec)


def check_values(ctx: Context, spec: ContainerSpec) -> None:
    """The same for wishes that nobody could meet, whatever else there is on this host."""
    policy, _colon, count = spec.restart_policy.partition(":")
    if policy not in RESTART_POLICIES or (count and (policy != "on-failure" or not count.isdecimal())):
        raise InvalidInput("The restart policy %r is not known" % spec.restart_policy,
                           "Use no, on-failure[:COUNT], always or unless-stopped.")
    if spec.rm and policy not in ("no", "on-failure"):
        raise InvalidInput("rm and the restart policy %s contradict each other" % policy, "Use one of them.")
    if spec.log_driver and spec.log_driver not in LOG_DRIVERS:
        raise Unsupported("The log driver %s is not supported" % spec.log_driver,
                          "Use %s." % ", ".join(LOG_DRIVERS[:4]))
    if spec.image_volume not in ("anonymous", "bind", "tmpfs", "ignore"):
        raise InvalidInput("image_volume is %r" % spec.image_volume, "Use anonymous, tmpfs or ignore.")
    if spec.healthcheck_failure_action not in ("none", "kill", "restart", "stop"):
        raise InvalidInput("The action %r on a failed health check is not known" % spec.healthcheck_failure_action,
                           "Use none, kill, restart or stop.")
    if spec.systemd not in ("false", "true", "always"):
        raise InvalidInput("systemd is %r" % spec.systemd, "Use false, true or always.")
    if "keep-groups" in spec.group_add:
        raise Unsupported("keep-groups is not built yet: a container has the groups that are named",
                          "Name them, or their numbers.")
    from ..formats import passwd, runtimespec
    from ..kernel import caps, cgroup

    passwd.check_user(spec.user)
    if spec.name:
        names.check_name("container", spec.name)
    caps.check(set(spec.cap_add), set(spec.cap_drop))
    runtimespec.check(spec, cgroup.mode())
    namespaces.check(spec)
    namespaces.network_uses(spec)
    prepare.check_security(spec)


def _check_networks(ctx: Context, spec: ContainerSpec) -> None:
    for use in namespaces.network_uses(spec):
        if use.mode != "network":
            continue
        from . import network_definitions

        if not network_definitions.exists(ctx, use.name):
            raise NotFound("There is no network %r" % use.name, "Create it first.")


def _image(ctx: Context, spec: ContainerSpec, pull: str, options: Mapping[str, Any],
           until_written: contextlib.ExitStack) -> Found:
    """(image ID, complete name, configuration); for a root directory ('', path, None).

    Nobody can remove the image before ``until_written`` is closed.
    """
    if spec.infra:
        return "", "", None
    check_source(spec)
    if spec.rootfs:
        return "", "", None
    from ..store import collection
    from ..store import images as image_store
    from . import fetch

    for attempt in range(ATTEMPTS):
        result = fetch.pull(ctx, spec.image, policy=pull, **options)
        image_id = result.image.id
        try:
            until_written.enter_context(collection.pinned(ctx, [image_id], image=True))
            break
        except NotFound:
            # Somebody removed it since it was found.
            if pull == "never" or attempt == ATTEMPTS - 1:
                raise
    return image_id, result.name or spec.image, image_store.config(ctx, image_id)


def check_source(spec: ContainerSpec) -> None:
    """Raise InvalidInput without an image, NotFound for a root file system that is not there."""
    if not spec.image:
        raise InvalidInput("There is no image to make the container from", "Give the image.")
    if spec.rootfs and not (os.path.isabs(spec.image) and os.path.isdir(spec.image)):
        raise NotFound("The root file system %s is no directory" % spec.image, "Give an absolute path.")


def check_name(ctx: Context, name: str, kind: str = "container") -> None:
    """Raise InvalidInput for what is no name, Conflict for one that is in use."""
    names.check_name(kind, name)
    holder = names.owner(ctx, "containers", name)
    if holder is not None and _is_there(ctx, holder):
        raise taken(ctx, name)


def _layers(ctx: Context, image_id: str) -> Tuple[str, ...]:
    """The chain IDs of an image; none for a root directory."""
    if not image_id:
        return ()
    from ..store import images as image_store

    return tuple(image_store.get(ctx, image_id).layers)


def _take_name(ctx: Context, wanted: str, container_id: str) -> str:
    if wanted:
        names.check_name("container", wanted)
        if not claim(ctx, wanted, container_id):
            raise taken(ctx, wanted)
        return wanted
    for attempt in range(ATTEMPTS):
        name = naming.made_up(attempt)
        if names.claim(ctx, "containers", name, container_id):
            return name
    raise EngineError("No free name was found in %d attempts" % ATTEMPTS, "Give the container a name.")


def claim(ctx: Context, name: str, holder: str) -> bool:
    """Take a name that containers and pods share, also from one that is no more; False when it is in use."""
    if names.claim(ctx, "containers", name, holder):
        return True
    return _drop_dead_claim(ctx, name) and names.claim(ctx, "containers", name, holder)


def taken(ctx: Context, name: str) -> Conflict:
    """The error for a name that is in use; it says by what."""
    holder = names.owner(ctx, "containers", name) or ""
    kind = "pod" if pods.exists(ctx, holder) else "container"
    return Conflict("The name %r is in use by the %s %s" % (name, kind, holder[:12]),
                    "Remove%s that %s, or choose another name." % (" or rename" if kind == "container" else "", kind))


def _is_there(ctx: Context, holder: str) -> bool:
    """Whether the container or pod with that ID is there."""
    return os.path.exists(store.directory(ctx, holder, "container.json")) or pods.exists(ctx, holder)


def _drop_dead_claim(ctx: Context, name: str) -> bool:
    """Free a name whose holder neither exists nor is being made; whether it was."""
    holder = names.owner(ctx, "containers", name)
    if holder is None:
        return True
    # In this order: the note goes when the holder is there.
    if {holder, "pod-" + holder} & set(journal.pending(ctx)) or _is_there(ctx, holder):
        return False
    names.release(ctx, "containers", name, holder)
    return True


def _log(ctx: Context, spec: ContainerSpec, container_id: str) -> Tuple[str, str]:
    """(log driver, path of the log file or ''). json-file is k8s-file under another name, as in podman."""
    driver = spec.log_driver or "k8s-file"
    if driver == "json-file":
        driver = "k8s-file"
    if driver != "k8s-file":
        return driver, ""
    path = spec.log_opt.get("path", "") or store.directory(ctx, container_id, "ctr.log")
    if not os.path.isabs(path):
        raise InvalidInput("The log path %r is not absolute" % path)
    return driver, path


def undo(ctx: Context, container_id: str, note: Dict[str, Any]) -> None:
    """Remove what a container left that was never finished; the caller holds its lock."""
    if note.get("failed"):
        # Its last step may be what failed.
        files.remove(store.directory(ctx, container_id, "container.json"))
    elif os.path.exists(store.directory(ctx, container_id, "container.json")):
        return
    tree.remove_path(store.directory(ctx, container_id))
    for name in names.held_by(ctx, "containers", container_id):
        names.release(ctx, "containers", name, container_id)
    _release_volumes(ctx, container_id, note.get("volumes", []))
    for other in store.ids(ctx):
        files.remove(store.directory(ctx, other, "dependents", container_id), durable=False)
    with contextlib.suppress(FileNotFoundError):
        for digest in os.listdir(ctx.path("engine")):
            if digest.endswith(".users"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(ctx.path("engine", digest, container_id))
    store.drop_lock(ctx, container_id)


def _release_volumes(ctx: Context, container_id: str, own: List[str]) -> None:
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("volumes")):
            volume_store.drop_user(ctx, name, container_id)
            if volume_store.made_for(ctx, name) == container_id and name not in own:
                own = own + [name]
    for name in own:
        with contextlib.suppress(NotFound, InUse):
            volume_store.remove(ctx, name)
