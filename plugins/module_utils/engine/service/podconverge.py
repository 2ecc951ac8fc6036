# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pod module asks of the engine: what is there, and carrying out planned steps."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..context import Context
from ..store import containers as container_store
from ..store import pods as store
from ..store import runs
from ..store.runs import State


class Observed(NamedTuple):
    """A pod as it is; the fields of ``state.pod.Actual``."""

    document: Optional[Dict[str, Any]] = None
    status: str = "absent"
    members: Tuple[str, ...] = ()
    running: Tuple[str, ...] = ()


def observe(ctx: Context, name: str) -> Observed:
    """What there is under a name."""
    raw = store.raw_document(ctx, name)
    if raw is None:
        return Observed()
    rows = [(document, runs.state(ctx, document["id"])) for document in container_store.all_raw(ctx)
            if document["spec"].get("pod") == name]
    rows.sort(key=lambda row: row[0]["created"])
    members = [row for row in rows if row[0]["id"] != raw["infra"]]
    # An init container that has run is not missed, whatever the state of the others.
    counted = [(document["id"], state) for document, state in rows
               if not document["spec"].get("init_ctr") or state.running]
    return Observed(raw["spec"], _status(ctx, raw["infra"], counted),
                    tuple(document["name"] for document, _state in members),
                    tuple(document["name"] for document, state in members if state.running))


def _status(ctx: Context, infra: str, rows: Sequence[Tuple[str, State]]) -> str:
    """running, stopped, paused or partly. Where something runs, a container that has ended by itself with the
    exit code 0 has done its work: it is not missed."""
    alive = [state.status for _id, state in rows if state.running or state.status == "restarting"]
    if not alive:
        return "stopped"
    if "paused" in alive:
        return "paused" if set(alive) == {"paused"} else "partly"
    for container_id, state in rows:
        done = container_id != infra and runs.finished(ctx, container_id, state)
        if not done and not state.running and state.status != "restarting":
            return "partly"
    return "running"


def describe(ctx: Context, name: str) -> Dict[str, Any]:
    """What ``pod inspect`` shows, {} when there is no such pod."""
    if store.raw_document(ctx, name) is None:
        return {}
    from . import podlisting

    return podlisting.inspect(ctx, name)


def check(ctx: Context, verbs: Sequence[str], document: Mapping[str, Any]) -> None:
    """Raise what carrying out would raise for wishes that no pod could meet; for check mode too."""
    if {"create", "replace", "update"} & set(verbs):
        from ..formats import pod
        from . import podcgroup

        spec = pod.from_document(document)
        pod.check(spec)
        podcgroup.check(ctx, spec)


def apply(ctx: Context, name: str, verbs: Sequence[str], *, document: Mapping[str, Any], live: Mapping[str, Any],
          timeout: Optional[float]) -> None:
    """Carry out the verbs of a plan in order: create, update, replace, start, stop, restart, pause, unpause,
    kill, remove. ``timeout`` is for stopping; None for each container's own."""
    from . import podchange, pods

    for verb in verbs:
        if verb == "create":
            from ..formats import pod

            pods.create(ctx, pod.from_document(document))
        elif verb == "update":
            podchange.update(ctx, name, live)
        elif verb == "replace":
            from ..formats import pod

            podchange.replace(ctx, name, pod.from_document(document), timeout=timeout,
                              start=False if "stop" in verbs or "kill" in verbs else None)
        elif verb == "start":
            pods.start(ctx, name, unfinished="create" not in verbs)
        elif verb == "stop":
            pods.stop(ctx, name, timeout=timeout)
        elif verb == "restart":
            pods.restart(ctx, name, timeout=timeout)
        elif verb == "remove":
            pods.remove(ctx, name, force=True, timeout=timeout)
        else:
            {"pause": pods.pause, "unpause": pods.unpause, "kill": pods.kill}[verb](ctx, name)
