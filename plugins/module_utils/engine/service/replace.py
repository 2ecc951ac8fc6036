# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replace a container by one that was asked for differently, or leave it as it was.

The new one is made aside, under a name of its own, with the old one's volumes. Only then the old
one is stopped (it holds the ports and addresses), and only when the new one runs is the old one
removed. A new one that does not run puts the old one back to work.
"""

from __future__ import annotations

import contextlib
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional

from ..context import Context
from ..errors import EngineError, InUse, NotFound, RuntimeFailed
from ..formats.container import ContainerSpec
from ..store import containers as store
from ..store import names, runs
from ..store.containers import Record
from . import creation, effective, journal, lifecycle, naming, readiness, removal

GRACE = 0.5     # seconds in which a new container must not fail
LOG_LINES = 10


class How(NamedTuple):
    """``pull`` and ``options`` as in creation.create; ``healthy`` seconds to wait for health where there is a check,
    None not to; ``start``: whether the new one is to run even if the old one does not; ``checked``: whether it must
    have a check."""

    pull: str = "missing"
    options: Mapping[str, Any] = {}
    healthy: Optional[float] = None
    start: Optional[bool] = None
    checked: bool = False


def replace(ctx: Context, old_id: str, spec: ContainerSpec, how: Optional[How] = None) -> Record:
    """The new container's record. It runs when the old one did.

    Raises what making or starting the new one raised, with the tail of its log; the old one is then
    as it was before, with its ID and its name.
    """
    how = how or How()
    journal.repair(ctx)
    key = "replace-" + old_id
    with store.lock(ctx, key):
        try:
            new = _replace(ctx, key, old_id, spec, how)
        finally:
            store.drop_lock(ctx, key)
    return store.get(ctx, new.id)


def _replace(ctx: Context, key: str, old_id: str, spec: ContainerSpec, how: How) -> Record:
    old = store.get(ctx, old_id)
    check(ctx, old_id)
    ran = runs.state(ctx, old_id).running
    aside = naming.aside(old.name)
    note = {"old": old_id, "aside": aside, "ran": ran, "committed": False, "name": spec.name or old.name}
    with journal.work(ctx, key, "replace", undo, note):
        new = creation.create(ctx, spec, pull=how.pull, options=how.options, keep_volumes=old.volumes,
                              claim_as=aside)
        if how.checked:
            effective.check_health(old.name, new.spec, effective.image_config(ctx, new), healthy=True)
        if ran:
            readiness.check(ctx, new._replace(name=old.name))
        if ran or how.start:
            try:
                _swap(ctx, old, new, how)
            except EngineError as exc:
                raise _explain(ctx, old, new, ran, exc) from exc
        note.update(committed=True, new=new.id)
        journal.begin(ctx, key, dict(note, verb="replace"))
        _commit(ctx, note)
    return new


def check(ctx: Context, old_id: str, halted: Collection[str] = ()) -> None:
    """Raise InUse when running containers, but those whose names are in ``halted``, need the one that is to be
    replaced."""
    old = store.get(ctx, old_id)
    running = [i for i in removal.dependents(ctx, old.id)
               if runs.state(ctx, i).running and store.get(ctx, i).name not in halted]
    if running:
        raise InUse("The container %s is needed by the running container %s" % (
            old.name, ", ".join(i[:12] for i in running)), "Stop that one first.")


def _swap(ctx: Context, old: Record, new: Record, how: How) -> None:
    with store.held(ctx, old.id):
        lifecycle.stop_locked(ctx, old, None)
    lifecycle.start(ctx, new.id)
    state = runs.state(ctx, new.id)
    if not state.running or lifecycle.wait_process(state, GRACE):
        code = lifecycle.wait(ctx, new.id, timeout=5.0) if state.running else state.exit_code
        if code != 0:
            raise RuntimeFailed("The new container %s ended with the exit code %d" % (old.name, code))
    if how.healthy is not None and effective.check_of(new, effective.image_config(ctx, new)) is not None:
        from . import health

        health.wait_healthy(ctx, new, how.healthy)


def _explain(ctx: Context, old: Record, new: Record, ran: bool, exc: EngineError) -> EngineError:
    from . import logs

    tail = ""
    with contextlib.suppress(EngineError, OSError):
        tail = b"".join(line.text for line in logs.lines(ctx, new, tail=LOG_LINES)).decode("utf-8", "replace").strip()
    return explained(old.name, ran, exc, tail)


def explained(name: str, ran: bool, exc: EngineError, tail: str = "") -> EngineError:
    """The error of a replacement that could not be started; ``ran`` is of the old one, ``tail`` the new one's log."""
    hint = "The old container %s." % ("runs again" if ran else "was left as it was")
    if exc.hint:
        hint = "%s %s" % (exc.hint, hint)
    if tail:
        hint += " The new one's log ended with: %s" % tail
    failed = RuntimeFailed("Cannot replace the container %s: %s" % (name, exc.message), hint)
    failed.exit_code = exc.exit_code
    return failed


def _commit(ctx: Context, note: Dict[str, Any]) -> None:
    """Give the name to the new container and remove the old one; can be done again after a crash."""
    with contextlib.suppress(NotFound), store.held(ctx, note["new"]) as new:
        names.transfer(ctx, "containers", note["name"], new.id)
        store.write(ctx, new._replace(name=note["name"]))
        names.release(ctx, "containers", note["aside"], new.id)
    with contextlib.suppress(NotFound), store.held(ctx, note["old"]) as old:
        removal.hand_over_dependents(ctx, old.id, new.id)
        lifecycle.stop_locked(ctx, old, None)
        removal.remove_locked(ctx, old, volumes=False)


def undo(ctx: Context, _key: str, note: Dict[str, Any]) -> None:
    """Put the old container back to work; or, when the new one had made it already, finish."""
    if note.get("committed"):
        _commit(ctx, note)
        return
    aside = names.owner(ctx, "containers", note["aside"])
    if aside is not None:
        with contextlib.suppress(NotFound), store.held(ctx, aside) as new:
            old = store.raw(ctx, note["old"]) or {}
            lifecycle.stop_locked(ctx, new, 0)
            kept: List[str] = sorted(old.get("volumes", {}).values())
            removal.remove_locked(ctx, new, volumes=True, keep=kept)
    if note["ran"] and store.raw(ctx, note["old"]) is not None:
        lifecycle.start(ctx, note["old"])
