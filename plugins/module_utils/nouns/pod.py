# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping, Optional

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.service.foresee import Coming


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, without: Collection[str] = (),
             coming: Optional[Coming] = None) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply.

    ``without`` are containers that would have been removed by now, were it not a check; what is ``coming`` is there.
    """
    from ..engine.service import podconverge
    from ..state import pod as state

    name = params["name"]
    actual = state.Actual() if coming is not None and coming.gone else state.Actual(*podconverge.observe(ctx, name))
    if without:
        actual = actual._replace(members=tuple(one for one in actual.members if one not in without),
                                 running=tuple(one for one in actual.running if one not in without))
    plan = state.plan(params, state.wish(params), actual)
    if plan.changed:
        podconverge.check(ctx, plan.verbs, plan.document)
    if plan.changed and check:
        from ..engine.service import foresee

        foresee.pod(ctx, name, plan.verbs, document=plan.document, coming=coming, without=without)
    elif plan.changed:
        podconverge.apply(ctx, name, plan.verbs, document=plan.document, live=plan.live,
                          timeout=params.get("stop_time"))
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show the pod."""
    from ..engine.service import podconverge

    plan = converge(ctx, params, check)
    return plan.result("pod " + params["name"], pod=podconverge.describe(ctx, params["name"]))
