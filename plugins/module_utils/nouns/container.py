# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Dict, Mapping, Optional

from ..state.plan import Action, Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, fetched: Optional[Mapping[str, Any]] = None,
             secrets: Collection[str] = (), gone: bool = False, image_there: bool = False) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply; a pod that is asked for with it comes first.

    What would have happened before, were it not a check: the container's image was pulled with the keywords
    ``fetched``, ``secrets`` got other values, and the container itself is ``gone``. With ``image_there`` its image
    is not looked for.
    """
    if not str(params["pod"] or "").startswith("new:"):
        return _converge(ctx, params, check, fetched, secrets, gone, image_there)
    from ..state import pod as state
    from . import pod

    asked, params = state.of_container(params)
    if asked is None:
        return _converge(ctx, params, check, fetched, secrets, gone, image_there)
    first = pod.converge(ctx, asked, check)
    plan = _converge(ctx, params, check, fetched, secrets, gone, image_there)
    return plan._replace(
        actions=tuple(Action("pod " + action.verb, action.detail) for action in first.actions) + plan.actions,
        before=dict({"pod": first.before} if first.before else {}, **plan.before),
        after=dict({"pod": first.after} if first.after else {}, **plan.after))


def _converge(ctx: Context, params: Mapping[str, Any], check: bool, fetched: Optional[Mapping[str, Any]],
              secrets: Collection[str], gone: bool, image_there: bool) -> Plan:
    from ..engine.service import converge
    from ..engine.service.inputs import pull_options, read_files
    from ..state import container as state

    name, options = params["name"], pull_options(params)
    wanted = state.wish(params, read_files(params["env_file"]))
    actual = state.Actual()
    if not gone:
        seen = converge.observe(ctx, name, image=wanted.get("image") or "",
                                pull=params["pull"] if fetched is None else "newer",
                                options=options if fetched is None else fetched, health=params["state"] == "healthy")
        actual = state.Actual(*seen[1:])
    if any(row["name"] in secrets for row in (actual.document or {}).get("secrets", ())):
        actual = actual._replace(secrets_changed=True)
    plan = state.plan(params, wanted, actual)
    healthy = params["state"] == "healthy"
    if plan.changed and healthy:
        converge.check_health(ctx, name, plan.verbs, plan.document)
    if check and not image_there and {"create", "replace"} & set(plan.verbs):
        converge.foresee_image(ctx, plan.document or {}, params["pull"], options)
    if plan.changed and not check:
        settings = {
            "pull": params["pull"], "options": options, "wait_timeout": params["wait_timeout"],
            "healthy": "wait" in plan.verbs, "checked": healthy, "start": "start" in plan.verbs or None,
            "timeout": params["stop_timeout"] if params["stop_time"] is None else params["stop_time"],
            "force": params["force_delete"], "volumes": params["delete_volumes"]}
        converge.apply(ctx, name, plan.verbs, document=plan.document, live=tuple(plan.live), settings=settings)
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, show the container in short, and what one that was waited for has written."""
    from ..engine.service import converge as service

    plan = converge(ctx, params, check)
    values: Dict[str, Any] = {"container": service.describe(ctx, params["name"])}
    if "finish" in plan.verbs and not check:
        values.update(service.written(ctx, params["name"]))
    return plan.result(**values)
