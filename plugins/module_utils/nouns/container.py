# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Dict, Mapping, NamedTuple, Optional

from ..state.plan import Action, Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.service.foresee import Coming


class Ahead(NamedTuple):
    """What would have happened before, were it not a check; see converge()."""

    fetched: Optional[Mapping[str, Any]]
    secrets: Collection[str]
    coming: Optional[Coming]


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, fetched: Optional[Mapping[str, Any]] = None,
             secrets: Collection[str] = (), coming: Optional[Coming] = None) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply; a pod that is asked for with it comes first.

    What would have happened before, were it not a check: the container's image was pulled with the keywords
    ``fetched``, ``secrets`` got other values, and what is ``coming`` is there.
    """
    ahead = Ahead(fetched, secrets, coming)
    if not str(params["pod"] or "").startswith("new:"):
        return _converge(ctx, params, check, ahead)
    from ..state import pod as state
    from . import pod

    asked, params = state.of_container(params)
    if asked is None:
        return _converge(ctx, params, check, ahead)
    first = pod.converge(ctx, asked, check)
    plan = _converge(ctx, params, check, ahead)
    return plan._replace(
        actions=tuple(Action("pod " + action.verb, action.detail) for action in first.actions) + plan.actions,
        before=dict({"pod " + asked["name"]: first.before} if first.before else {}, **plan.before),
        after=dict({"pod " + asked["name"]: first.after} if first.after else {}, **plan.after))


def _converge(ctx: Context, params: Mapping[str, Any], check: bool, ahead: Ahead) -> Plan:
    from ..engine.service import converge
    from ..engine.service.inputs import pull_options, read_files
    from ..state import container as state

    name, options = params["name"], pull_options(params)
    wanted = state.wish(params, read_files(params["env_file"]))
    actual = state.Actual()
    fetched = ahead.fetched
    coming = ahead.coming
    if coming is None or not coming.gone:
        seen = converge.observe(ctx, name, image=wanted.get("image") or "",
                                pull=params["pull"] if fetched is None else "newer",
                                options=options if fetched is None else fetched, health=params["state"] == "healthy")
        actual = state.Actual(*seen[1:])
    if coming is not None and name in coming.halted and actual.status in ("running", "restarting", "paused"):
        actual = actual._replace(status="exited")
    if any(row["name"] in ahead.secrets for row in (actual.document or {}).get("secrets", ())):
        actual = actual._replace(secrets_changed=True)
    plan = state.plan(params, wanted, actual)
    if not plan.changed:
        return plan
    healthy = params["state"] == "healthy"
    if healthy:
        converge.check_health(ctx, name, plan.verbs, plan.document)
    settings = {
        "pull": params["pull"], "options": options, "wait_timeout": params["wait_timeout"],
        "healthy": "wait" in plan.verbs, "checked": healthy, "start": "start" in plan.verbs or None,
        "timeout": params["stop_timeout"] if params["stop_time"] is None else params["stop_time"],
        "force": params["force_delete"], "volumes": params["delete_volumes"]}
    if check:
        from ..engine.service import foresee

        foresee.check(ctx, name, plan.verbs, document=plan.document, settings=settings, coming=coming)
    else:
        converge.apply(ctx, name, plan.verbs, document=plan.document, live=tuple(plan.live), settings=settings)
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, show the container in short, and what one that was waited for has written."""
    from ..engine.service import converge as service

    plan = converge(ctx, params, check)
    values: Dict[str, Any] = {"container": service.describe(ctx, params["name"])}
    if "finish" in plan.verbs and not check:
        values.update(service.written(ctx, params["name"]))
    return plan.result("container " + params["name"], **values)
