# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A volume, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context


def converge(ctx: Context, params: Mapping[str, Any], check: bool) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply."""
    from ..engine.formats.volume import from_document
    from ..engine.service import volumes
    from ..state import volume as state

    name = params["name"]
    actual = volumes.get(ctx, name).spec.to_document() if volumes.exists(ctx, name) else None
    plan = state.plan(params, actual)
    if plan.changed:
        spec, verb = from_document(plan.document), plan.verbs[0]
        volumes.check(spec)
        if not check and verb == "label":
            volumes.label(ctx, name, spec.labels)
        if not check and verb in ("remove", "replace"):
            volumes.remove(ctx, name, force=params["force"] and verb == "remove")
        if not check and verb in ("create", "replace"):
            volumes.create(ctx, spec)
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show the volume."""
    from ..engine.service import volumes

    plan = converge(ctx, params, check)
    return plan.result(volume=volumes.inspect(ctx, params["name"]) if volumes.exists(ctx, params["name"]) else {})
