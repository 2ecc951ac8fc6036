# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An image, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, without: Collection[str] = ()) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply; to a check, the containers ``without`` do not need it."""
    from ..engine.service import imageplan
    from ..engine.service.inputs import pull_options
    from ..state import image as state

    name, options = state.full_name(params), pull_options(params)
    local = imageplan.find(ctx, name)
    offered = imageplan.offered(ctx, name, options) if state.asks_registry(params, bool(local)) else None
    destination = (params["push_args"] or {}).get("dest") or name
    pushed = bool(local) and params["push"] and imageplan.is_pushed(ctx, name, destination, options)
    tags = imageplan.wrong_tags(ctx, name, params["tags"] or ())
    plan = state.plan(params, state.Actual(local.id if local else "", imageplan.digests(local), offered, tags, pushed,
                                           imageplan.fits(ctx, local, options)))
    sources = {"load": params["path"], "import": params["import"]}
    if check:
        imageplan.foresee(ctx, name, plan.actions, sources=sources, options=options, settings=params, without=without)
    elif plan.changed:
        imageplan.apply(ctx, name, plan.actions, sources=sources, options=options, settings=params)
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show the image."""
    from ..engine.service import imageplan
    from ..state import image as state

    plan = converge(ctx, params, check)
    return plan.result("image " + state.full_name(params), image=imageplan.describe(ctx, state.full_name(params)))
