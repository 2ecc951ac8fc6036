# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets: made, shown (never their values) and removed (podman-secret(1))."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ..context import Context
from ..errors import Damaged, InUse, InvalidInput
from ..store import runs
from ..store import secrets as store
from ..store.secrets import Secret


def put(ctx: Context, name: str, value: bytes, *, labels: Optional[Dict[str, str]] = None,
        replace: bool = False) -> Secret:
    """Make a secret, or with ``replace`` change it; see store.secrets.put for what is raised."""
    store.tidy(ctx)
    return store.put(ctx, name, value, labels=labels, replace=replace)


def check(name: str, value: bytes) -> None:
    """Raise InvalidInput for a name or a size that no secret can have."""
    store.check(name, value)


def change(ctx: Context, name: str, value: Optional[bytes], *, labels: Dict[str, str]) -> Secret:
    """Give a secret another value (None keeps the one it has) and other labels; raises NotFound."""
    if value is None:
        return store.relabel(ctx, name, labels)
    return store.put(ctx, name, value, labels=labels, replace=True)


def exists(ctx: Context, name: str) -> bool:
    """Whether there is a secret with exactly this name."""
    return store.find(ctx, name) is not None


def is_value(ctx: Context, name: str, value: bytes) -> bool:
    """Whether a secret exists and has this value."""
    secret = store.find(ctx, name)
    return secret is not None and store.has_value(ctx, secret, value)


def inspect(ctx: Context, name: str) -> Dict[str, Any]:
    """What podman-secret-inspect(1) shows of a secret: never its value."""
    from .shown import timestamp

    secret = store.lookup(ctx, name)
    return {"ID": secret.id, "CreatedAt": timestamp(secret.created), "UpdatedAt": timestamp(secret.updated),
            "Spec": {"Name": secret.name, "Driver": {"Name": "file", "Options": {}}, "Labels": dict(secret.labels)}}


def listing(ctx: Context, filters: Sequence[str] = ()) -> List[Secret]:
    """All secrets that fit all filters (name, id), by name; raises InvalidInput for another filter."""
    rows = store.all_secrets(ctx)
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals or key not in ("name", "id"):
            raise InvalidInput("There is no secret filter %r" % text, "Use name= or id=.")
        rows = [row for row in rows if (value in row.name if key == "name" else row.id.startswith(value))]
    return rows


def remove(ctx: Context, name: str) -> str:
    """Remove a secret; its ID. Raises InUse (its containers are named), NotFound or Ambiguous."""
    store.tidy(ctx)
    return store.remove(ctx, name, lambda called: refuse_used(ctx, called))


def refuse_used(ctx: Context, name: str) -> None:
    """Raise InUse when a container uses the secret, whether it runs or not."""
    found = users(ctx, name)
    if found:
        raise InUse("The secret %s is used by the container%s %s" % (
            name, "s" if len(found) > 1 else "", ", ".join(sorted(i[:12] for i in found))),
            "Remove %s first, or make %s anew without it." % (("them",) * 2 if len(found) > 1 else ("it",) * 2))


def users(ctx: Context, name: str) -> Dict[str, bool]:
    """The containers that use a secret: {ID: whether its run was started with the present value}."""
    from ..store import containers

    try:
        secret = store.find(ctx, name)
    except Damaged:
        secret = None
    found: Dict[str, bool] = {}
    for document in containers.all_raw(ctx):
        for row in document["spec"].get("secrets", ()):
            # It may be named by the beginning of its ID.
            if row["name"] == name or (secret is not None and secret.id.startswith(row["name"])):
                run = runs.state(ctx, document["id"])
                started_with = run.raw.get("secrets", {}).get(row["name"])
                found[document["id"]] = not run.running or (secret is not None and started_with == secret.version)
    return found


def restart_users(ctx: Context, name: str) -> List[str]:
    """Restart the running containers that were started with another value of a secret; their IDs."""
    from . import lifecycle, readiness

    stale = sorted(container_id for container_id, fresh in users(ctx, name).items() if not fresh)
    readiness.check_all(ctx, stale)
    for container_id in stale:
        lifecycle.restart(ctx, container_id)
    return stale
