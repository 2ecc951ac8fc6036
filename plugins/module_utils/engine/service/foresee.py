# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check refuses: what making, replacing, changing or starting a container would refuse, as far as it can be
seen without doing any of it, in the same order and in the same words. What is missing is told as a warning: an
earlier task of the same check may be the one that would bring it."""

from __future__ import annotations

import contextlib
from typing import Any, Collection, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ..context import Context, missing_program
from ..errors import EngineError, MissingDependency, NotFound
from ..formats import container
from ..formats import pod as formats
from ..formats.container import ContainerSpec, Mount, NetworkUse
from ..frozen import replace as with_changes
from ..runtime import probe
from ..store import containers as store
from ..store import pods as pod_store
from ..store import runs
from . import (
    creation,
    devices,
    effective,
    infra,
    limits,
    membership,
    mounts,
    namespaces,
    pods,
    prepare,
    readiness,
    removal,
)

NOTHING: FrozenSet[str] = frozenset()


class Coming(NamedTuple):
    """What would be there by now, were it not a check, by name.

    ``halted`` containers would not run any more, those that are ``changed`` may not need what they need now, and the
    container in question would be ``gone``. With ``image_there`` its image is not looked for.
    """

    networks: FrozenSet[str] = NOTHING
    secrets: FrozenSet[str] = NOTHING
    containers: FrozenSet[str] = NOTHING
    pods: FrozenSet[str] = NOTHING
    halted: FrozenSet[str] = NOTHING
    changed: FrozenSet[str] = NOTHING
    gone: bool = False
    image_there: bool = False


def check(ctx: Context, name: str, verbs: Sequence[str], *, document: Mapping[str, Any], settings: Mapping[str, Any],
          coming: Optional[Coming] = None) -> None:
    """Raise what carrying out a plan's verbs would raise; ``document`` and ``settings`` as for converge.apply."""
    coming = coming or Coming()
    if "remove" in verbs:
        removal.check(ctx, store.lookup(ctx, name), force=settings["force"], without=coming.changed)
        return
    raw = None if coming.gone else store.raw_document(ctx, name)
    made = {"create", "replace"} & set(verbs)
    changed = made or "update" in verbs
    spec = _seen(container.from_document(document if changed or raw is None else raw["spec"]), coming)
    if made:
        _make(ctx, name, spec, settings, coming, raw)
    elif changed:
        membership.check_change(ctx, spec, {})
        with _warned(ctx):
            creation.check(ctx, spec)
    lives = raw is not None and runs.state(ctx, raw["id"]).running
    if not {"replace", "start", "restart"} & set(verbs) or ("replace" in verbs and not lives and "start" not in verbs):
        return
    with _warned(ctx), readiness.told(name) if lives else contextlib.nullcontext():
        _sources(ctx, spec)
    try:
        with _warned(ctx):
            _start(ctx, spec)
    except EngineError as exc:
        if "replace" not in verbs:
            raise
        from .replace import explained

        raise explained(name, lives, exc) from exc


def successor(ctx: Context, spec: ContainerSpec, image_id: str) -> None:
    """Raise what making and starting a container would raise once the one of its name is gone, for want of things too.
    Its image is here; '' is for a root directory."""
    from ..store import images

    image = images.config(ctx, image_id) if image_id else None
    needed(ctx, spec)
    effective.arguments(spec, image)
    effective.check_health(spec.name, spec, image)


def needed(ctx: Context, spec: ContainerSpec) -> None:
    """Raise for want of what a container needs that is to be made and started now."""
    spec = _seen(spec, Coming())
    if spec.pod:
        membership.check(spec, pod_store.get(ctx, pod_store.find(ctx, spec.pod)))
    creation.check(ctx, spec)
    namespaces.check_new(spec)
    _sources(ctx, spec)


def pod_successor(ctx: Context, spec: formats.PodSpec) -> None:
    """The same as ``successor`` for a pod."""
    if spec.infra:
        needed(ctx, infra.spec(pod_store.Pod("0" * 64, spec.name, 0.0, spec)))


def _seen(spec: ContainerSpec, coming: Coming) -> ContainerSpec:
    """The wishes without what is still to come, of which nothing can be said."""
    network = tuple(use for use in spec.network
                    if use.name not in (coming.containers if use.mode == "container" else coming.networks))
    changes: Dict[str, Any] = {
        "network": network if network or not spec.network else (NetworkUse("none"),),
        "secrets": tuple(use for use in spec.secrets if use.name not in coming.secrets),
        "requires": tuple(other for other in spec.requires if other not in coming.containers),
        "volumes_from": tuple(row for row in spec.volumes_from if row.partition(":")[0] not in coming.containers)}
    if changes["network"] != spec.network:
        changes.update(publish=(), publish_all=False, ip="", ip6="", mac_address="")
    for field in (*namespaces.KINDS, "userns"):
        kind, _colon, other = getattr(spec, field).partition(":")
        if kind == "container" and other in coming.containers:
            changes[field] = ""
    if spec.pod.startswith("new:") or spec.pod in coming.pods:
        changes["pod"] = ""
    return with_changes(spec, **changes)


def _make(ctx: Context, name: str, spec: ContainerSpec, settings: Mapping[str, Any], coming: Coming,
          raw: Optional[Mapping[str, Any]]) -> None:
    """What replace.replace and creation.create refuse."""
    if raw is not None:
        from . import replace

        replace.check(ctx, raw["id"], coming.halted)
    if spec.pod:
        with _warned(ctx):
            membership.check(spec, pod_store.get(ctx, pod_store.find(ctx, spec.pod)))
    with _warned(ctx):
        creation.check(ctx, spec)
    if raw is None:
        namespaces.check_new(spec)
    with _warned(ctx):
        creation.check_source(spec)
    _image(ctx, spec, settings, coming)
    _health(ctx, name, spec)
    with _warned(ctx):
        _mounts(ctx, spec)
    if raw is None and not coming.gone:
        creation.check_name(ctx, name)


def _mounts(ctx: Context, spec: ContainerSpec) -> List[Mount]:
    return mounts.wanted(spec, (), mounts.inherited(ctx, membership.placed_spec(ctx, spec)))


def _image(ctx: Context, spec: ContainerSpec, settings: Mapping[str, Any], coming: Coming) -> None:
    from .converge import foresee_image

    if not coming.image_there:
        foresee_image(ctx, {"image": spec.image, "rootfs": spec.rootfs}, settings["pull"], settings["options"])


def _health(ctx: Context, name: str, spec: ContainerSpec) -> None:
    from ..store import images

    image = None
    if not spec.rootfs:
        try:
            image = images.config(ctx, images.lookup(ctx, spec.image).id)
        except NotFound:
            return  # It is looked into when it is here.
    effective.check_health(name, spec, image)


def _sources(ctx: Context, spec: ContainerSpec) -> None:
    """What readiness.check refuses, also for a container that is not made yet."""
    for row in _mounts(ctx, spec):
        if row.type == "bind":
            mounts.check_source(row)
    devices.resolve(membership.placed_spec(ctx, spec))
    prepare.seccomp_profile(spec)


def _start(ctx: Context, spec: ContainerSpec) -> None:
    """What launch.launch refuses besides, and for want of which programs."""
    placed = membership.placed_spec(ctx, spec)
    if spec.init and not spec.init_path:
        with _warned(ctx):
            ctx.tool("catatonit", "run a container with init")
    limits.foresee(ctx, placed)
    with _warned(ctx):
        if not ctx.conmon:
            ctx.tool("conmon", "supervise containers")
    with _warned(ctx):
        probe.require(ctx, spec.runtime)
    with _warned(ctx):
        if namespaces.on_bridges(placed) and ctx.find_tool("nft") is None:
            raise missing_program("nft", "publish ports and to separate networks")


@contextlib.contextmanager
def _warned(ctx: Context) -> Iterator[None]:
    """What is missing is a warning: an earlier task may be the one that brings it."""
    try:
        yield
    except (MissingDependency, NotFound) as exc:
        ctx.warn(exc)


def pod(ctx: Context, name: str, verbs: Sequence[str], *, document: Mapping[str, Any],
        coming: Optional[Coming] = None, without: Collection[str] = ()) -> None:
    """Raise what carrying out a plan's verbs for a pod would raise; ``document`` as for podconverge.apply."""
    coming = coming or Coming()
    there = pod_store.raw_document(ctx, name) if not coming.gone else None
    if "remove" in verbs:
        pods.check_removal(ctx, pod_store.named(ctx, name), True, without)
    if not {"create", "replace", "start", "restart"} & set(verbs):
        return
    spec = formats.from_document(document)
    wanted = _seen(infra.spec(pod_store.Pod("0" * 64, name, 0.0, spec)), coming)
    if "create" in verbs and there is None and not coming.gone:
        creation.check_name(ctx, name, "pod")
    if spec.infra and {"create", "replace"} & set(verbs):
        with _warned(ctx):
            creation.check(ctx, wanted)
            _mounts(ctx, wanted)
    if spec.infra and {"start", "restart"} & set(verbs):
        with _warned(ctx):
            _sources(ctx, wanted)
            _start(ctx, wanted)
