# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers there are, as ``ps`` and ``container_info`` need them (podman-ps(1))."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..context import Context
from ..errors import InvalidInput
from ..store import containers as store
from ..store import runs
from ..store.runs import State
from .shown import ports

FILTERS = ("id", "name", "label", "label!", "status", "exited", "ancestor", "volume", "network", "health",
           "restart-policy", "before", "since", "until", "pod")


class Row(NamedTuple):
    """One container: its document as stored, and what it does now. ``network_of`` is the infra container whose
    network it shares, in a pod."""

    document: Dict[str, Any]
    state: State
    pod_id: str = ""
    network_of: Optional[Tuple[Dict[str, Any], State]] = None

    @property
    def id(self) -> str:
        """The full ID."""
        return str(self.document["id"])

    @property
    def name(self) -> str:
        """The name."""
        return str(self.document["name"])

    @property
    def spec(self) -> Dict[str, Any]:
        """What was asked for: ContainerSpec.to_document()."""
        found: Dict[str, Any] = self.document["spec"]
        return found

    @property
    def ports(self) -> List[Dict[str, Any]]:
        """The published ports: of the run, else those asked for."""
        return ports(*(self.network_of or (self.document, self.state)))

    @property
    def command(self) -> List[str]:
        """The command without the entrypoint, the user's or the image's."""
        return list(self.document.get("command") or self.spec.get("command") or ())


def rows(ctx: Context, *, everything: bool = False, filters: Sequence[str] = (), last: int = 0) -> List[Row]:
    """Containers that fit all filters, the newest first; only running ones, without paused, unless ``everything``.

    ``filters`` are KEY=VALUE; several of one key are alternatives, but for label. ``last`` is a number
    of containers to stop after. Raises InvalidInput for a filter that there is not.
    """
    wanted = _parse(filters)
    everything = everything or last > 0 or any(key in ("status", "exited") for key, _value in wanted)
    found = _in_pods(ctx, [Row(document, runs.state(ctx, document["id"])) for document in store.all_raw(ctx)])
    if not everything:
        # podman-ps(1): a paused one is shown by --all only
        found = [row for row in found if row.state.running and row.state.status != "paused"]
    for key in dict.fromkeys(key for key, _value in wanted):
        values: List[Any] = [value for other, value in wanted if other == key]
        if key == "ancestor":
            values = [_ancestor(ctx, value) for value in values]
        test = all if key in ("label", "label!", "before", "since", "until") else any
        found = [row for row in found if test(_fits(ctx, row, key, value) for value in values)]
    found.sort(key=lambda row: (-row.document["created"], row.id))
    return found[:last] if last > 0 else found


def _in_pods(ctx: Context, found: List[Row]) -> List[Row]:
    """The rows with their pods; those without one as they are."""
    if not any(row.spec.get("pod") for row in found):
        return found
    from ..store import pods

    known = {pod.name: pod for pod in pods.every(ctx)}
    infras = {row.id: (row.document, row.state) for row in found if row.spec.get("infra")}
    rows = []
    for row in found:
        pod = known.get(row.spec.get("pod", ""))
        if pod is not None:
            shared = "net" in pod.spec.share and row.id != pod.infra
            row = row._replace(pod_id=pod.id, network_of=infras.get(pod.infra) if shared else None)
        rows.append(row)
    return rows


def _parse(filters: Sequence[str]) -> List[Tuple[str, str]]:
    pairs = []
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals or key not in FILTERS:
            raise InvalidInput("There is no container filter %r" % text,
                               "Use KEY=VALUE with one of %s." % ", ".join(FILTERS))
        pairs.append((key, value))
    return pairs


def _fits(ctx: Context, row: Row, key: str, value: Any) -> bool:
    if key == "ancestor":
        return bool(value.fits(row.document))
    if key in ("label", "label!"):
        name, equals, content = value.partition("=")
        labels = labels_of(ctx, row)
        has = name in labels and (not equals or labels[name] == content)
        return has != (key == "label!")
    if key in ("before", "since"):
        other = store.get(ctx, store.find(ctx, value)).created
        return bool(row.document["created"] < other if key == "before" else row.document["created"] > other)
    if key == "until":
        from ..runtime import logs

        return bool(row.document["created"] <= logs.parse_time(value))
    if key == "name":
        try:
            return re.search(value, row.name) is not None
        except re.error as exc:
            raise InvalidInput("The filter name=%s is no regular expression: %s" % (value, exc)) from exc
    return _fits_field(ctx, row, key, value)


def _fits_field(ctx: Context, row: Row, key: str, value: str) -> bool:
    if key == "id":
        return row.id.startswith(value)
    if key == "status":
        return row.state.status == {"stopped": "exited", "configured": "created"}.get(value, value)
    if key == "exited":
        return row.state.status == "exited" and str(row.state.exit_code) == value
    if key == "health":

        return runs.health_status(ctx, row.id) == value
    if key == "pod":
        return bool(row.spec.get("pod")) and value in (row.spec["pod"], row.pod_id[:len(value)])
    if key == "restart-policy":
        return str(row.spec.get("restart_policy", "no")).partition(":")[0] == value
    if key == "network":
        return value in network_names(row)
    sources = [m["source"] for m in row.spec.get("mounts", ())] + [m["target"] for m in row.spec.get("mounts", ())]
    return value in sources or value in row.document["volumes"].values() or value in row.document["volumes"]


class _Ancestor(NamedTuple):
    """What a filter's value may mean: complete names, the end of one, and (the beginning of) an ID."""

    names: Tuple[str, ...]
    ending: str
    ids: Tuple[str, ...]

    def fits(self, document: Mapping[str, Any]) -> bool:
        """Whether a container was made from it."""
        name, image_id = document["image_name"], document["image_id"]
        return name in self.names or bool(self.ending) and name.endswith(self.ending) or bool(
            image_id) and image_id.startswith(self.ids)


def _ancestor(ctx: Context, value: str) -> _Ancestor:
    """The image of a container by its name then, which may be gone or another's by now, or by what it is called now."""
    from ..errors import EngineError
    from ..formats import reference
    from ..store import images

    plain = value[7:] if value.startswith("sha256:") else value
    ids = [plain] if len(plain) >= 3 and not plain.strip("0123456789abcdef") else []
    with contextlib.suppress(EngineError):
        ids.append(images.lookup(ctx, value).id)
    names: Tuple[str, ...] = (value,)
    ending = ""
    with contextlib.suppress(InvalidInput):
        if reference.is_short(value):
            path, tag, digest = reference.split_short(value)
            ending = "/%s@%s" % (path, digest) if digest else "/%s:%s" % (path, tag or "latest")
        else:
            names += (reference.parse(value).canonical,)
    return _Ancestor(names, ending, tuple(ids))


def network_names(row: Row) -> List[str]:
    """The names of the networks that a container is on."""
    spec = row.network_of[0]["spec"] if row.network_of else row.spec
    uses = spec.get("network") or [{"mode": "private", "name": ""}]
    return [use["name"] if use["mode"] == "network" else "podman" for use in uses
            if use["mode"] in ("network", "private")]


def pod_id(ctx: Context, name: str) -> str:
    """The ID of the pod of this name; '' when there is none."""
    if not name:
        return ""
    from ..store import names

    return names.owner(ctx, "containers", name) or ""


def labels_of(ctx: Context, row: Row) -> Dict[str, str]:
    """A container's labels: the image's, overridden by its own."""
    labels: Dict[str, str] = {}
    if row.document["image_id"]:
        from ..errors import NotFound
        from ..store import images

        try:
            labels.update(images.get(ctx, row.document["image_id"]).labels)
        except NotFound:
            labels = {}
    labels.update(row.spec.get("label", {}))
    return labels


def ports_of(ctx: Context, container_id: str, of: Optional[State] = None) -> List[Dict[str, Any]]:
    """The published ports of a container, rows of formats.container.Port."""
    document = store.raw(ctx, container_id) or {}
    return Row(document, of or runs.state(ctx, container_id)).ports
