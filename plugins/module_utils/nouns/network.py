# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A network, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, without: Collection[str] = ()) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply; ``without`` are containers that would have left by now."""
    from ..engine.formats.network import from_document
    from ..engine.service import networks
    from ..state import network as state

    name = params["name"]
    actual = networks.get(ctx, name).spec.to_document() if networks.exists(ctx, name) else None
    plan = state.plan(params, actual)
    if plan.changed and not check:
        if plan.verbs[0] == "remove":
            networks.remove(ctx, name, force=params["force"])
        if plan.verbs[0] == "create":
            networks.create(ctx, from_document(plan.document))
        if plan.verbs[0] == "replace":
            networks.replace_one(ctx, from_document(plan.document), force=params["force"])
        if plan.verbs[0] == "update":
            spec = from_document(plan.document)
            networks.update(ctx, name, dns_servers=spec.dns_servers, labels=spec.labels)
    elif "remove" in plan.verbs:
        networks.check_removal(ctx, name, params["force"], without)
    elif "update" not in plan.verbs and plan.changed:
        networks.check(ctx, from_document(plan.document), anew="replace" in plan.verbs)
        if "replace" in plan.verbs:
            networks.check_removal(ctx, name, params["force"], without)
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show the network."""
    from ..engine.service import networks

    plan = converge(ctx, params, check)
    shown = networks.inspect(ctx, params["name"]) if networks.exists(ctx, params["name"]) else {}
    return plan.result("network " + params["name"], network=shown)
