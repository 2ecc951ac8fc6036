# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What it means for a container to be in a pod: the record keeps the user's wishes, and ``placed`` adds,
each time it is used, what the pod gives: namespaces, mounts, devices, a cgroup.

So a pod that is made anew takes its containers along without a word of theirs being changed.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Collection, Dict, Iterator, List, Mapping, Set

from ..context import Context
from ..errors import Damaged, InvalidInput, NotFound
from ..formats.container import ContainerSpec, NetworkUse
from ..formats.pod import has_user_namespace
from ..frozen import replace
from ..store import containers as store
from ..store import pods as pod_store
from ..store.containers import Record
from ..store.pods import Pod

# namespace that a pod may share: field of ContainerSpec
FIELDS = {"cgroup": "cgroupns", "ipc": "ipc", "pid": "pid", "uts": "uts"}


def placed(ctx: Context, record: Record) -> Record:
    """The record with what its pod gives it; the same one for a container without a pod. Raises NotFound."""
    if not record.spec.pod:
        return record
    return record._replace(spec=place(ctx, record.spec, pod_store.named(ctx, record.spec.pod)))


def placed_if_any(ctx: Context, record: Record) -> Record:
    """Like ``placed``, and the same record when the pod is gone or damaged."""
    try:
        return placed(ctx, record)
    except (NotFound, Damaged):
        return record


def placed_spec(ctx: Context, spec: ContainerSpec) -> ContainerSpec:
    """A container's wishes with what its pod gives it; those of an infra container stay as they are."""
    if not spec.pod or spec.infra:
        return spec
    return place(ctx, spec, pod_store.named(ctx, spec.pod))


def place(ctx: Context, spec: ContainerSpec, pod: Pod) -> ContainerSpec:
    """A container's wishes in a pod."""
    changes: Dict[str, Any] = {}
    if pod.spec.share_parent and not (spec.cgroup_parent and not spec.infra):
        changes["cgroup_parent"] = cgroup_path(ctx, pod)
    if spec.infra or not pod.infra:
        return replace(spec, **changes)
    for namespace, field in FIELDS.items():
        if namespace in pod.spec.share and not getattr(spec, field):
            changes[field] = "container:" + pod.infra
    if has_user_namespace(pod.spec):
        changes["userns"] = "container:" + pod.infra
    if "net" in pod.spec.share:
        changes["network"] = (NetworkUse("container", pod.infra),)
    if "uts" in pod.spec.share and not spec.uts:
        changes["hostname"] = ""
    if pod.spec.device:
        targets = {device.target for device in spec.device}
        changes["device"] = tuple(d for d in pod.spec.device if d.target not in targets) + spec.device
    changes["security_opt"] = tuple(sorted(set(spec.security_opt) | set(pod.spec.security_opt)))
    if pod.spec.mounts or pod.spec.volumes_from:
        changes["volumes_from"] = (pod.infra,) + spec.volumes_from
    # Even where nothing is shared, the infra container runs while the pod does.
    changes["requires"] = spec.requires + (pod.infra,)
    return replace(spec, **changes)


def cgroup_path(ctx: Context, pod: Pod) -> str:
    """The pod's cgroup, below which those of its containers are: a directory, or systemd's slice; '' for a user
    to whom none is delegated."""
    from . import effective, limits

    parent = pod.spec.cgroup_parent
    if ctx.rootless and limits.delegated(ctx) is None:
        return ""
    if effective.cgroup_manager(ctx) == "systemd":
        base = (os.path.basename(parent) or ("user.slice" if ctx.rootless else "machine.slice"))[:-len(".slice")]
        return "%s-%s_pod_%s.slice" % (base, ctx.prefix.replace("-", "_"), pod.id)
    return os.path.join("/", parent or ctx.prefix, "pod-" + pod.id)


def check(spec: ContainerSpec, pod: Pod) -> None:
    """Raise InvalidInput for what a container leaves to its pod."""
    from ..formats.pod import NETWORK, USER

    if not pod.infra:
        return
    found: List[str] = []
    if "net" in pod.spec.share:
        found += [name for name in NETWORK + ("publish_all",) if getattr(spec, name)]
    if "uts" in pod.spec.share and spec.hostname and not spec.uts:
        found.append("hostname")
    if has_user_namespace(pod.spec):
        found += [name for name in USER if getattr(spec, name)]
    if found:
        raise InvalidInput("The container shares namespaces of the pod %s and cannot have its own %s" % (
            pod.name, ", ".join(sorted(found))), "Put that on the pod.")


def check_change(ctx: Context, spec: ContainerSpec, changes: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a change that is the pod's to make."""
    if not spec.pod:
        return
    if spec.infra and set(changes) & {"network", "name"}:
        raise InvalidInput("The %s of the infra container is that of the pod %s" % (
            " and ".join(sorted(set(changes) & {"network", "name"})), spec.pod), "Change the pod.")
    if not spec.infra:
        check(spec, pod_store.named(ctx, spec.pod))


def network_owner(record: Record) -> str:
    """The ID of the infra container whose network a placed container shares; '' for none."""
    use = record.spec.network[0] if record.spec.network else None
    shares = record.spec.pod and not record.spec.infra and use is not None and use.mode == "container"
    return use.name if shares and use is not None else ""


def etc_directory(ctx: Context, record: Record) -> str:
    """Where a run's hosts and resolv.conf are: those of the container whose network it shares, in a pod the infra
    container's, so that what changes there is seen by all."""
    use = record.spec.network[0] if record.spec.network else None
    if use is None or use.mode != "container":
        return store.run_directory(ctx, record.id)
    return etc_directory(ctx, placed(ctx, store.lookup(ctx, use.name)))


def restart_policy(ctx: Context, spec: ContainerSpec) -> str:
    """The restart policy that counts: a container without one has its pod's."""
    if spec.restart_policy != "no" or not spec.pod or spec.infra:
        return spec.restart_policy
    document = pod_store.raw_document(ctx, spec.pod)
    return str(document["spec"].get("restart_policy", "no")) if document else "no"


def members(ctx: Context, pod: Pod) -> List[Record]:
    """The containers of a pod but its infra container, the oldest first."""
    found = store.records(ctx, (document for document in store.all_raw(ctx) if document["spec"].get("pod") == pod.name
                                and document["id"] != pod.infra))
    return sorted(found, key=lambda record: (record.created, record.id))


def infra_names(ctx: Context, pods: Collection[str]) -> Set[str]:
    """The names of the infra containers that these pods have now."""
    return {document["name"] for document in (store.all_raw(ctx) if pods else ())
            if document["spec"].get("infra") and document["spec"].get("pod") in pods}


@contextlib.contextmanager
def joining(ctx: Context, spec: ContainerSpec) -> Iterator[ContainerSpec]:
    """Keep the pod that a new container is to be in from being removed for the body; the spec with its name.

    ``new:NAME`` makes the pod, which is gone again when the body fails.
    """
    if spec.init_ctr and not spec.pod:
        raise InvalidInput("A container without a pod cannot be an init container", "Name the pod too.")
    if not spec.pod or spec.infra:
        yield spec
        return
    made = spec.pod.startswith("new:")
    if made:
        from . import pods

        spec = pods.create_for(ctx, spec)
    try:
        with _kept(ctx, spec) as joined:
            yield joined
    except BaseException:
        if made:
            pods.remove(ctx, spec.pod, force=True)
        raise


@contextlib.contextmanager
def _kept(ctx: Context, spec: ContainerSpec) -> Iterator[ContainerSpec]:
    pod_id = pod_store.find(ctx, spec.pod)
    with pod_store.lock(ctx, pod_id, shared=True):
        try:
            pod = pod_store.get(ctx, pod_id)
        except NotFound:
            pod_store.drop_lock(ctx, pod_id)
            raise
        spec = replace(spec, pod=pod.name)
        check(spec, pod)
        yield spec
