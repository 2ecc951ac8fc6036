# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A secret, brought into its declared state. Its value never stands in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Tuple

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context


def converge(ctx: Context, params: Mapping[str, Any], check: bool) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply."""
    return _converge(ctx, params, check)[0]


def _converge(ctx: Context, params: Mapping[str, Any], check: bool) -> Tuple[Plan, List[str]]:
    """The plan, and the IDs of the containers that were restarted."""
    from ..engine.service import secrets
    from ..engine.service.inputs import secret_value
    from ..state import secret as state

    name = params["name"]
    value = secret_value(params) if params["state"] == "present" else None
    known = secrets.inspect(ctx, name)["Spec"]["Labels"] if secrets.exists(ctx, name) else None
    same = None if value is None else secrets.is_value(ctx, name, value)
    # Only who asks for restarts needs to know: it takes a look at every container.
    asked = known is not None and params["restart_consumers"]
    stale = [i for i, fresh in secrets.users(ctx, name).items() if not fresh] if asked else []
    plan = state.plan(params, known, same, len(stale))
    restarted: List[str] = []
    if check and "create" in plan.verbs or "data" in plan.after:
        secrets.check(name, value or b"")
    if not check:
        if "remove" in plan.verbs:
            secrets.remove(ctx, name)
        elif "create" in plan.verbs:
            secrets.put(ctx, name, value or b"", labels=plan.document["labels"])
        elif "change" in plan.verbs:
            secrets.change(ctx, name, value if "data" in plan.after else None, labels=plan.document["labels"])
        restarted = secrets.restart_users(ctx, name) if "restart" in plan.verbs else []
    return plan, restarted


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show the secret."""
    from ..engine.service import secrets

    plan, restarted = _converge(ctx, params, check)
    if check and "remove" in plan.verbs:
        secrets.refuse_used(ctx, params["name"])
    shown = secrets.inspect(ctx, params["name"]) if secrets.exists(ctx, params["name"]) else {}
    return plan.result("secret " + params["name"], secret=shown, restarted=restarted)
