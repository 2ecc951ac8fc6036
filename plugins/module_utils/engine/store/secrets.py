# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets on disk: ``secrets/<id>/secret.json`` and the value in ``data`` (0600) beside it.

The value is read to start a container and to compare it with a new one, and never shown.
``version`` changes with the value, so that a container can tell which one it was started with
without anything that could be guessed from the value.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Callable, ContextManager, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ..context import Context
from ..errors import Ambiguous, Conflict, Damaged, InvalidInput, NotFound, TimedOut
from ..kernel import documents, files, locks
from . import names

MAX_SIZE = 512000  # podman-secret-create(1)


class Secret(NamedTuple):
    """A secret without its value. Times are seconds since the epoch."""

    id: str
    name: str
    version: str
    created: float
    updated: float
    labels: Dict[str, str] = {}


_SECRET = {"id": "str", "name": "str", "version": "str", "created": "Time", "updated": "Time",
           "labels": "Dict[str, str]"}


def _lock(ctx: Context, name: str, timeout: Optional[float] = None) -> ContextManager[None]:
    return locks.locked(ctx.path("locks", "secret-" + name), timeout=timeout)


def check(name: str, value: bytes) -> None:
    """Raise InvalidInput for a name or a size that no secret can have."""
    names.check_name("secret", name)
    if not 0 < len(value) <= MAX_SIZE:
        raise InvalidInput("The secret %s has %d bytes" % (name, len(value)), "Use 1 to %d bytes." % MAX_SIZE)


def put(ctx: Context, name: str, value: bytes, *, labels: Optional[Dict[str, str]] = None,
        replace: bool = False) -> Secret:
    """Make a secret, or with ``replace`` give an existing one another value and labels.

    Raises InvalidInput for a size out of bounds, Conflict when it exists and is not to be replaced.
    """
    check(name, value)
    with _lock(ctx, name):
        known = find(ctx, name)
        if known is not None and not replace:
            raise Conflict("There is a secret %s already" % name, "Replace it, or choose another name.")
        now = time.time()
        secret = Secret(known.id if known else os.urandom(13).hex()[:25], name, os.urandom(8).hex(),
                        known.created if known else now, now, dict(labels or {}))
        if known is not None:
            _replace(ctx, secret, value)
        else:
            _make(ctx, secret, value)
        return secret


def _make(ctx: Context, secret: Secret, value: bytes) -> None:
    """Store a new secret: a claim on its name first, which means nothing before there is what it names."""
    names.release(ctx, "secrets", secret.name, names.owner(ctx, "secrets", secret.name) or "")
    names.claim(ctx, "secrets", secret.name, secret.id)
    try:
        files.make_directory(ctx.path("secrets"))
        with files.staged(ctx.path("secrets", secret.id)) as place:
            files.write_atomic(os.path.join(place, "data"), value)
            files.write_json(os.path.join(place, "secret.json"), secret._asdict())
    except BaseException:
        names.release(ctx, "secrets", secret.name, secret.id)
        raise


def _replace(ctx: Context, secret: Secret, value: bytes) -> None:
    """Give a secret another value, beside the old one: its document says which of them is meant."""
    place, fresh = ctx.path("secrets", secret.id), _data(ctx, secret)
    try:
        files.write_plain(fresh, value, durable=True)
        files.write_json(os.path.join(place, "secret.json"), secret._asdict())
    except BaseException:
        if (_read(ctx, secret.id) or secret).version != secret.version:
            files.remove(fresh, durable=False)
        raise
    _drop_others(ctx, secret)


def _data(ctx: Context, secret: Secret) -> str:
    """Where a secret's value lies; that of one that was never changed is in ``data``."""
    return ctx.path("secrets", secret.id, "data-" + secret.version)


def _drop_others(ctx: Context, secret: Secret) -> None:
    """Remove a secret's values that are not its own any more; the caller holds its lock."""
    files.drop_temporaries(ctx.path("secrets", secret.id))
    for path in _others(ctx, secret):
        files.remove(path)


def _others(ctx: Context, secret: Secret) -> List[str]:
    place, own = ctx.path("secrets", secret.id), os.path.basename(_data(ctx, secret))
    found = os.listdir(place)
    return [os.path.join(place, name) for name in sorted(found)
            if name.startswith("data") and not name.endswith(".tmp") and name != (own if own in found else "data")]


def tidy(ctx: Context) -> None:
    """Remove the values and the claims that killed commands left."""
    files.drop_temporaries(ctx.path("secrets"))
    files.drop_temporaries(ctx.path("names", "secrets"))
    for secret in _with_other_values(ctx):
        with contextlib.suppress(TimedOut, NotFound), _lock(ctx, secret.name, timeout=0):
            _drop_others(ctx, lookup(ctx, secret.name))
    for name in names.every(ctx, "secrets"):
        with _dead(ctx, name) as dead:
            if dead:
                files.remove(ctx.path("names", "secrets", name))
                _drop_lock(ctx, name)


def remains(ctx: Context) -> List[str]:
    """The paths of values and claims that ``tidy`` would remove."""
    found = []
    for secret in _with_other_values(ctx):
        with contextlib.suppress(TimedOut, NotFound), _lock(ctx, secret.name, timeout=0):
            found += _others(ctx, lookup(ctx, secret.name))
    for name in names.every(ctx, "secrets"):
        with _dead(ctx, name) as dead:
            found += [ctx.path("names", "secrets", name)] if dead else []
    return found


def without_document(ctx: Context) -> List[str]:
    """The paths of secrets whose document is gone: they are made, and removed, as a whole."""
    paths = [ctx.path("secrets", secret_id) for secret_id in _ids(ctx)]
    # Looked at in this order: one that is just removed goes with its document.
    return [path for path in paths if not os.path.lexists(os.path.join(path, "secret.json")) and os.path.lexists(path)]


def _with_other_values(ctx: Context) -> List[Secret]:
    found = []
    for secret in all_secrets(ctx):
        with contextlib.suppress(FileNotFoundError):
            if len(os.listdir(ctx.path("secrets", secret.id))) > 2:
                found.append(secret)
    return found


@contextlib.contextmanager
def _dead(ctx: Context, name: str) -> Iterator[bool]:
    """Whether a claim has no secret behind it; nobody makes one during the body."""
    with contextlib.ExitStack() as held:
        dead = not _is_there(ctx, name)
        if dead:
            try:
                held.enter_context(_lock(ctx, name, timeout=0))
                dead = os.path.lexists(ctx.path("names", "secrets", name)) and not _is_there(ctx, name)
            except TimedOut:
                dead = False
        yield dead


def _is_there(ctx: Context, name: str) -> bool:
    try:
        return find(ctx, name) is not None
    except Damaged:
        return True


def _drop_lock(ctx: Context, name: str) -> None:
    files.remove(ctx.path("locks", "secret-" + name), durable=False)


def relabel(ctx: Context, name: str, labels: Dict[str, str]) -> Secret:
    """Give a secret other labels and leave its value alone; raises NotFound."""
    with _lock(ctx, name):
        secret = lookup(ctx, name)._replace(labels=dict(labels), updated=time.time())
        files.write_json(ctx.path("secrets", secret.id, "secret.json"), secret._asdict())
        return secret


def find(ctx: Context, name: str) -> Optional[Secret]:
    """The secret with exactly this name, or None."""
    secret_id = names.owner(ctx, "secrets", name)
    return _read(ctx, secret_id) if secret_id else None


def _read(ctx: Context, secret_id: str) -> Optional[Secret]:
    document = documents.read(ctx.path("secrets", secret_id, "secret.json"), "secret",
                              lambda: names.spoken(ctx, "secrets", secret_id), _SECRET,
                              required=("id", "name", "version", "created", "updated"), same={"id": secret_id})
    if document is None:
        return None
    return Secret(**{key: document[key] for key in _SECRET if key in document})


def _ids(ctx: Context) -> List[str]:
    try:
        return [name for name in os.listdir(ctx.path("secrets")) if len(name) == 25]
    except FileNotFoundError:
        return []


def all_secrets(ctx: Context) -> List[Secret]:
    """All secrets, by name; of a damaged one the user is warned."""
    secrets = documents.each(_ids(ctx), lambda secret_id: _read(ctx, secret_id), ctx.warn)
    known = [s for s in secrets if names.owner(ctx, "secrets", s.name) == s.id]
    return sorted(known, key=lambda s: s.name)


def lookup(ctx: Context, name: str) -> Secret:
    """The secret for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    secret = find(ctx, name)
    if secret is not None:
        return secret
    fitting = [s for s in all_secrets(ctx) if name and s.id.startswith(name)]
    if len(fitting) > 1:
        raise Ambiguous("More than one secret's ID starts with %s" % name, [s.id for s in fitting])
    if not fitting:
        raise NotFound("There is no secret %r" % name, "Create it first.")
    return fitting[0]


def value(ctx: Context, secret: Secret) -> bytes:
    """The secret's value, for a container that is started with it; raises NotFound."""
    for path in (_data(ctx, secret), ctx.path("secrets", secret.id, "data")):
        try:
            data = files.contents(path, MAX_SIZE)
        except files.Unreadable as exc:
            raise Damaged("secret", secret.name, path, str(exc)) from exc
        if data is not None:
            return data
    now = find(ctx, secret.name)
    if now is not None and now.version != secret.version:
        return value(ctx, now)  # changed meanwhile
    raise NotFound("There is no secret %r" % secret.name, "Create it first.")


def has_value(ctx: Context, secret: Secret, wanted: bytes) -> bool:
    """Whether this is the secret's value, in a time that does not depend on where they differ."""
    import hmac

    return hmac.compare_digest(value(ctx, secret), wanted)


@contextlib.contextmanager
def kept(ctx: Context, used: Iterable[str]) -> Iterator[None]:
    """Nobody removes these secrets during the body, which records a container that uses them. Raises NotFound."""
    with contextlib.ExitStack() as until_recorded:
        for name in sorted({lookup(ctx, name).name for name in used}):
            until_recorded.enter_context(_lock(ctx, name))
            lookup(ctx, name)
        yield


def remove(ctx: Context, name: str, refuse: Callable[[str], None] = lambda _name: None) -> str:
    """Remove a secret, also a damaged one; its ID. ``refuse`` is called with its name while nobody else can record
    that a container uses it, and may raise. Raises NotFound or Ambiguous."""
    called = _whose(ctx, name)[1]
    with _lock(ctx, called):
        refuse(called)
        secret_id = _whose(ctx, name)[0]
        with files.together():
            files.discard(ctx.path("secrets", secret_id))
            names.release(ctx, "secrets", called, secret_id)
        _drop_lock(ctx, called)
        return secret_id


def _whose(ctx: Context, name: str) -> Tuple[str, str]:
    """The ID and the name of the secret for a name or the beginning of an ID. Raises NotFound or Ambiguous."""
    try:
        secret = lookup(ctx, name)
        return secret.id, secret.name
    except Damaged as exc:
        secret_id = os.path.basename(os.path.dirname(exc.path))
    except NotFound:
        # A damaged one is not in the listing.
        fitting = [i for i in _ids(ctx) if name and i.startswith(name)]
        if len(fitting) != 1:
            raise
        secret_id = fitting[0]
    return secret_id, next(iter(names.held_by(ctx, "secrets", secret_id)), secret_id)


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of secrets."""
    found: List[Damaged] = []
    list(documents.each(_ids(ctx), lambda secret_id: _read(ctx, secret_id), found.append))
    return found
