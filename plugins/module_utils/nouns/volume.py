# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A volume, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.formats.volume import VolumeSpec


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, without: Collection[str] = ()) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply; ``without`` are containers that would have left by now."""
    from ..engine.formats.volume import from_document
    from ..engine.service import volumes
    from ..state import volume as state

    name = params["name"]
    actual = volumes.get(ctx, name).spec.to_document() if volumes.exists(ctx, name) else None
    plan = state.plan(params, actual)
    if plan.changed:
        spec, verb = from_document(plan.document), plan.verbs[0]
        if check:
            _check(ctx, params, spec, verb, without)
        else:
            volumes.check(spec)
        if not check and verb == "label":
            volumes.label(ctx, name, spec.labels)
        if not check and verb in ("remove", "replace"):
            volumes.remove(ctx, name, force=params["force"] and verb == "remove")
        if not check and verb in ("create", "replace"):
            volumes.create(ctx, spec)
    return plan


def _check(ctx: Context, params: Mapping[str, Any], spec: VolumeSpec, verb: str, without: Collection[str]) -> None:
    from ..engine.service import volumes

    if verb != "remove":
        volumes.check_new(spec)
    if verb == "replace" or (verb == "remove" and not params["force"]):
        volumes.check_removal(ctx, params["name"], without)


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show the volume."""
    from ..engine.service import volumes

    plan = converge(ctx, params, check)
    shown = volumes.inspect(ctx, params["name"]) if volumes.exists(ctx, params["name"]) else {}
    return plan.result("volume " + params["name"], volume=shown)
