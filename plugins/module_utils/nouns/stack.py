# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The things of an application, brought into their declared states in one go.

Networks, volumes, secrets and images come first; then goes what runs and is not wanted any more, so that its ports
and addresses are free; then pods, containers and units come; what else is not wanted goes last.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ..engine.errors import EngineError, of_system
from ..state import stack as state
from ..state.plan import Action, Plan, Result
from . import container, image, network, pod, secret, unit, volume

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.service.unitsource import Coming

CONVERGE: Dict[str, Callable[..., Plan]] = {
    "networks": network.converge, "volumes": volume.converge, "secrets": secret.converge, "images": image.converge,
    "pods": pod.converge, "containers": container.converge, "units": unit.converge}


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does."""
    from ..engine.service import converge, labelled, systemd

    units = systemd.booted() if params["units"] is None else params["units"]
    state.check(params, units=units and params["state"] == "present")
    kinds = state.pruned(params)
    found = labelled.find(ctx, state.LABEL, params["name"], kinds) if kinds else {}
    wanted = {kind: state.wanted(params, kind, units=units) for kind in state.LISTS}
    unwanted = {kind: state.unwanted(params, kind, found) for kind in state.LISTS}
    work = Work(ctx, check)
    for kind in ("networks", "volumes", "secrets", "images"):
        work.all(kind, wanted[kind])
    if units:
        for kind in ("pods", "containers"):
            work.remove_units(kind, unwanted[kind])
            work.remove_other_units(kind, [entry for entry in wanted[kind] if not entry.get("pod")])
    for kind in ("containers", "pods"):
        work.all(kind, unwanted[kind])
    named: Dict[str, str] = {}
    if units:
        named = work.with_units(wanted)
    else:
        work.pods_and_containers(wanted)
    for kind in ("images", "secrets", "volumes", "networks"):
        work.all(kind, unwanted[kind])
    shown = {entry["name"]: converge.describe(ctx, entry["name"]) for entry in wanted["containers"]}
    values = {"actions": work.actions, "containers": shown, "units": named}
    return Result(bool(work.actions), values, work.before, work.after)


class Work:
    """What one run has done so far, or in a check would have done.

    For the check it remembers what later entries would find: ``coming`` containers and pods by (kind, name),
    ``fetched`` images, by the ID that they have now, with the keywords of the pull, ``secrets`` with other values,
    and units that are ``stopped`` for good, names of ``images`` that would be there, and whether an archive
    ``loads`` more of them. The check ``ahead`` of a run, after what that has ``done``, asks no registry.
    """

    def __init__(self, ctx: Context, check: bool, done: Sequence[str] = (), *, ahead: bool = False) -> None:
        self.ctx, self.check, self.done, self.ahead = ctx, check, done, ahead
        self.actions: List[str] = []
        self.before: Dict[str, Any] = {}
        self.after: Dict[str, Any] = {}
        self.coming: Dict[Tuple[str, str], Coming] = {}
        self.fetched: Dict[str, Mapping[str, Any]] = {}
        self.secrets: Set[str] = set()
        self.stopped: Set[str] = set()
        self.images: Set[str] = set()
        self.loads = False

    def all(self, kind: str, entries: List[Dict[str, Any]]) -> None:
        """Converge entries of a kind in their order."""
        for params in entries:
            if params["state"] == "absent" and self.gone(kind, params["name"]):
                continue
            with self.naming(kind, params["name"]):
                keywords = self.foresee(kind, params) if self.check else {}
                plan = CONVERGE[kind](self.ctx, params, self.check, **keywords)
                self.note(kind, params["name"], plan)
                if self.check:
                    self.remember(kind, params, plan)

    def with_units(self, wanted: Mapping[str, List[Dict[str, Any]]]) -> Dict[str, str]:
        """Converge pods and containers, and their units; the unit's name by the container's or pod's.

        While a container is replaced its unit may run, have failed, or be about to start again. So that what is done
        about units hangs on none of that, but is what a check says, it is planned before.
        """
        entries = wanted["pods"] + [row for row in wanted["containers"] if not row["pod"]]
        ahead = self if self.check else Work(self.ctx, True, done=self.actions, ahead=True)
        ahead.pods_and_containers(wanted)
        aims = ahead.aim_units(entries)
        plans = ahead.plan_units(entries, aims, ahead.stale(wanted["containers"]))
        if not self.check and ahead.actions:
            self.pods_and_containers(wanted)
            aims = self.aim_units(entries)
        if any(plan.changed for plan in plans.values()):
            self.change_units(aims, plans)
        return {name: aimed.main for name, aimed in aims.items()}

    def pods_and_containers(self, wanted: Mapping[str, List[Dict[str, Any]]]) -> None:
        """Converge pods and containers."""
        for kind in ("pods", "containers"):
            self.all(kind, wanted[kind])

    @contextlib.contextmanager
    def naming(self, kind: str, name: str) -> Iterator[None]:
        """Let errors of the body say which entry they are of, and what was done before."""
        try:
            yield
        except (EngineError, OSError) as exc:
            error = exc if isinstance(exc, EngineError) else of_system(exc)
            error.message = "%s/%s: %s" % (kind, name, error.message)
            error.done = tuple(self.done if self.check else self.actions)
            if error.done:
                error.hint = "%sDone before: %s. Another run goes on from there." % (
                    error.hint.rstrip(".") + ". " if error.hint else "", "; ".join(error.done))
            raise error from exc

    def note(self, kind: str, name: str, plan: Plan) -> None:
        """Add a plan that was carried out to the report."""
        self.actions += ["%s %s: %s" % (state.NOUNS[kind], name, action) for action in plan.actions]
        place = "%s/%s" % (kind, name)
        # A unit that takes the place of another is in two plans.
        before = dict(plan.before, **self.before.get(place, {}))
        after = dict(self.after.get(place, {}), **plan.after)
        for side, fields in ((self.before, before), (self.after, after)):
            if fields:
                side[place] = fields

    def gone(self, kind: str, name: str) -> bool:
        """Whether a unit would have taken it along by now."""
        found = self.coming.get((kind[:-1], name))
        return found is not None and found.document is None

    def foresee(self, kind: str, params: Mapping[str, Any]) -> Dict[str, Any]:
        """What a noun is told of earlier entries that a check has not carried out."""
        if kind == "pods":
            return {"without": {name for (_kind, name), row in self.coming.items() if row.document is None},
                    "gone": self.gone(kind, params["name"])}
        if kind != "containers" or params["state"] == "absent":
            return {}
        from ..state import image as image_state

        fetched: Optional[Mapping[str, Any]] = None
        if self.fetched and params["image"]:
            from ..engine.service import imageplan

            record = imageplan.find(self.ctx, params["image"])
            fetched = self.fetched.get(record.id) if record is not None else None
        return {"fetched": fetched, "secrets": self.secrets, "gone": self.gone(kind, params["name"]),
                "image_there": self.ahead or self.loads or image_state.tagged(params["image"] or "") in self.images}

    def remember(self, kind: str, params: Mapping[str, Any], plan: Plan) -> None:
        """What of a plan that was not carried out matters to later entries."""
        from ..engine.service.unitsource import Coming

        verbs = set(plan.verbs)
        if kind in ("containers", "pods"):
            if "remove" in verbs:
                self.coming[kind[:-1], params["name"]] = Coming(None)
            elif verbs & {"create", "replace", "update"}:
                self.coming[kind[:-1], params["name"]] = Coming(plan.document, bool(verbs & {"create", "replace"}))
        elif kind == "secrets" and "data" in plan.after and "restart" not in verbs:
            self.secrets.add(params["name"])
        elif kind == "images" and verbs & {"pull", "load", "import", "tag"}:
            from ..engine.service.inputs import pull_options
            from ..state import image as image_state

            names = (image_state.full_name(params), *(params["tags"] or ()))
            self.images.update(image_state.tagged(name) for name in names)
            self.loads = self.loads or "load" in verbs
            if "pull" in verbs and plan.before.get("image"):
                self.fetched[plan.before["image"]] = pull_options(params)

    def aim_units(self, entries: List[Dict[str, Any]]) -> Dict[str, unit.Aim]:
        """What the units of pods and containers are to be, by their names; to a check, what is coming is there."""
        from ..engine.service.unitsource import Source

        source = Source(self.ctx, self.coming) if self.check else None
        aims = {}
        for entry in entries:
            with self.naming("units", entry["name"]):
                aims[entry["name"]] = unit.aim(self.ctx, state.unit_params(entry), source)
        return aims

    def stale(self, entries: List[Dict[str, Any]]) -> Set[str]:
        """The containers, or their pods, that run with a secret that has another value by now."""
        from ..engine.service import converge

        return {entry["pod"] or entry["name"] for entry in entries
                if converge.has_stale_secrets(self.ctx, entry["name"], self.secrets)}

    def plan_units(self, entries: List[Dict[str, Any]], aims: Mapping[str, unit.Aim],
                   stale: Set[str]) -> Dict[str, Plan]:
        """What is to be done for units; systemd is asked once for all of them. ``stale`` ones that run on are to be
        started anew."""
        from ..engine.service import systemd

        with self.naming("units", "systemd"):
            shown = systemd.show(self.ctx, [one for aimed in aims.values() for one in aimed.names])
        plans = {}
        for entry in entries:
            name = entry["name"]
            with self.naming("units", name):
                plan = unit.converge(self.ctx, state.unit_params(entry), True, aimed=aims[name], shown=shown,
                                     gone=self.stopped)
            if name in stale and shown[aims[name].main].runs and not {"start", "restart", "stop"} & set(plan.verbs):
                plan = plan._replace(actions=(*plan.actions, Action("restart", "a secret has another value")))
            plans[name] = plan
        return plans

    def change_units(self, aims: Mapping[str, unit.Aim], plans: Mapping[str, Plan]) -> None:
        """Carry out plans of units: first all are written, read and enabled, then they are started one by one.

        systemd reads its units again, which takes long, once for all of them.
        """
        from ..engine.service import systemd, units

        def early(plan: Plan) -> List[str]:
            # What is taken away is read again afterwards.
            return [verb for verb in plan.verbs if verb in ("write", "reload", "enable") and "remove" not in plan.verbs]

        def step(verb: str, act: Callable[[List[str]], None]) -> None:
            names = [name for name, plan in plans.items() if verb in early(plan)]
            with self.naming("units", ", ".join(names)):
                if names and not self.check:
                    act(names)
            for name in names:
                plan = plans[name]
                self.note("units", name, plan._replace(actions=tuple(a for a in plan.actions if a.verb == verb)))

        def write(names: List[str]) -> None:
            for name in names:
                units.apply(self.ctx, ("write",), aims[name].main, aims[name].names, aims[name].wish)

        step("write", write)
        step("reload", lambda _names: systemd.reload(self.ctx))
        step("enable", lambda names: systemd.enable(self.ctx, *(aims[name].main for name in names)))
        for name, plan in plans.items():
            rest = plan._replace(actions=tuple(a for a in plan.actions if a.verb not in early(plan)))
            with self.naming("units", name):
                if rest.actions and not self.check:
                    units.apply(self.ctx, rest.verbs, aims[name].main, aims[name].names, aims[name].wish)
            self.note("units", name, rest)

    def remove_units(self, kind: str, entries: List[Dict[str, Any]]) -> None:
        """Remove the units of pods or containers, also those with another prefix, which would make them again."""
        for entry in entries:
            with self.naming("units", entry["name"]):
                self.remove_unit(entry, unit.aim(self.ctx, dict(state.unit_params(entry), state="absent")))
        self.remove_other_units(kind, entries)

    def remove_other_units(self, kind: str, entries: List[Dict[str, Any]]) -> None:
        """Remove the units of pods or containers that are not called as their entries say, such as by a prefix of
        before: of two, each would stop what the other has started."""
        from ..engine.formats import serviceunit
        from ..engine.service import units

        noun, there = kind[:-1], units.every(self.ctx) if entries else {}
        for entry in entries:
            with self.naming("units", entry["name"]):
                usual = serviceunit.name_of(serviceunit.choices_of(state.unit_params(entry)), noun, entry["name"])
                for main in there.get((noun, entry["name"]), ()):
                    if main != usual:
                        self.remove_unit(entry, unit.Aim(main, units.whole(self.ctx, noun, main)))

    def remove_unit(self, entry: Mapping[str, Any], aimed: unit.Aim) -> None:
        """Remove a unit. One that makes its container takes it along."""
        if self.stopped.issuperset(aimed.names):
            return
        from ..engine.service import units
        from ..engine.service.unitsource import Coming

        params = dict(state.unit_params(entry), state="absent")
        taken = units.takes_along(self.ctx, aimed.names)
        plan = unit.converge(self.ctx, params, self.check, aimed=aimed)
        self.note("units", params["name"], plan)
        if self.check:
            self.stopped.update(aimed.names)
        if self.check and "stop" in plan.verbs:
            self.coming.update((thing, Coming(None)) for thing in taken)
