# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods on disk: ``<root>/pods/<id>.json`` each. Which containers are in one, their own documents say.

Pods and containers have one name space: a pod's name is a claim among the containers' names.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, ContextManager, Dict, Iterator, List, NamedTuple, Optional

from ..context import Context
from ..errors import Ambiguous, Damaged, NotFound
from ..frozen import unlike
from ..kernel import documents, files, locks
from . import names

if TYPE_CHECKING:
    from ..formats.pod import PodSpec


class Pod(NamedTuple):
    """What the engine stores of a pod. ``created`` is in seconds since the epoch; ``infra`` is the ID of its
    infra container, '' for a pod without one."""

    id: str
    name: str
    created: float
    spec: PodSpec
    infra: str = ""


# What those who read documents without making a PodSpec of them rely on (frozen.unlike).
_POD = {"id": "str", "name": "str", "created": "Time", "spec": "dict", "infra": "str"}
_SPEC = {"exit_policy": "str", "restart_policy": "str", "label": "Dict[str, str]", "share": "List[str]"}


def lock(ctx: Context, pod_id: str, *, shared: bool = False) -> ContextManager[None]:
    """The pod's lock. Who makes or removes it holds it alone, who adds a container holds it shared; it is
    taken before any container's."""
    return locks.locked(ctx.path("locks", "container-pod-" + pod_id), shared=shared)


def drop_lock(ctx: Context, pod_id: str) -> None:
    """Remove the lock file of a pod that is gone; its holder does this."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "container-pod-" + pod_id))


def _path(ctx: Context, pod_id: str) -> str:
    return ctx.path("pods", pod_id + ".json")


def raw(ctx: Context, pod_id: str) -> Optional[Dict[str, Any]]:
    """The document of a pod by its full ID, or None. Raises Damaged."""
    document = documents.read(_path(ctx, pod_id), "pod", lambda: names.spoken(ctx, "containers", pod_id), _POD,
                              required=("id", "name", "created", "spec"), same={"id": pod_id})
    if document is not None:
        problem = unlike(document["spec"], _SPEC, required=())
        if problem:
            raise Damaged("pod", document["name"], _path(ctx, pod_id), problem)
        document.setdefault("infra", "")
    return document


def raw_document(ctx: Context, name: str) -> Optional[Dict[str, Any]]:
    """The document of the pod with exactly this name, or None."""
    pod_id = names.owner(ctx, "containers", name)
    return raw(ctx, pod_id) if pod_id else None


def to_pod(document: Dict[str, Any]) -> Pod:
    """The pod in a document; raises InvalidInput for one that is damaged, or that a newer engine wrote."""
    from ..formats import pod

    return Pod(**dict(document, spec=pod.from_document(document["spec"])))


def named(ctx: Context, name: str) -> Pod:
    """The pod with exactly this name; raises NotFound."""
    document = raw_document(ctx, name)
    if document is None:
        raise NotFound("There is no pod with the name %r" % name)
    return _built(ctx, document)


def get(ctx: Context, pod_id: str) -> Pod:
    """The pod with this full ID; raises NotFound, Damaged."""
    found = _read(ctx, pod_id)
    if found is None:
        raise NotFound("There is no pod with the ID %s" % pod_id[:12])
    return found


def _read(ctx: Context, pod_id: str) -> Optional[Pod]:
    document = raw(ctx, pod_id)
    return _built(ctx, document) if document is not None else None


def _built(ctx: Context, document: Dict[str, Any]) -> Pod:
    with documents.built("pod", document["name"], _path(ctx, document["id"])):
        return to_pod(document)


def write(ctx: Context, pod: Pod) -> None:
    """Store a pod; the caller holds its lock alone."""
    files.make_directory(ctx.path("pods"))
    files.write_json(_path(ctx, pod.id), dict(pod._asdict(), spec=pod.spec.to_document()))


def remove(ctx: Context, pod_id: str) -> None:
    """Remove a pod's document; one that is gone is fine."""
    files.remove(_path(ctx, pod_id))


def exists(ctx: Context, pod_id: str) -> bool:
    """Whether there is a pod with this full ID."""
    return os.path.lexists(_path(ctx, pod_id))


def ids(ctx: Context) -> List[str]:
    """The IDs of all pods, in no order."""
    with contextlib.suppress(FileNotFoundError):
        return [name[:-5] for name in os.listdir(ctx.path("pods")) if name.endswith(".json")]
    return []


def every(ctx: Context) -> Iterator[Pod]:
    """All pods, in no order; of a damaged one the user is warned."""
    return documents.each(ids(ctx), lambda pod_id: _read(ctx, pod_id), ctx.warn)


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of pods."""
    found: List[Damaged] = []
    list(documents.each(ids(ctx), lambda pod_id: _read(ctx, pod_id), found.append))
    return found


def find(ctx: Context, name: str) -> str:
    """The full ID for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    pod_id = names.owner(ctx, "containers", name)
    if pod_id and exists(ctx, pod_id):
        return pod_id
    found = [i for i in ids(ctx) if i.startswith(name)] if name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous("More than one pod's ID starts with %s" % name, sorted(i[:20] for i in found))
    raise NotFound("There is no pod with the name or ID %r" % name)


def lookup(ctx: Context, name: str) -> Pod:
    """The pod for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    return get(ctx, find(ctx, name))
