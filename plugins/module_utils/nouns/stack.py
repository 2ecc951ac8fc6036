# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The things of an application, brought into their declared states in one go.

Networks, volumes, secrets and images come first; then goes what runs and is not wanted any more, so that its ports
and addresses are free; then pods, containers and units come, each after what it needs; what else is not wanted goes
last.
"""

from __future__ import annotations

import contextlib
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    Sequence,
    Set,
    Tuple,
)

from ..engine.errors import EngineError, of_system
from ..state import stack as state
from ..state import stackorder
from ..state.option import blank
from ..state.plan import Action, Plan, Result
from . import container, image, network, pod, secret, unit, volume
from .stackahead import Foreseen

if TYPE_CHECKING:
    from ..engine.context import Context

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
    work = Work(ctx, check, units=units)
    things: Sequence[stackorder.Thing]
    leaving: Sequence[stackorder.Thing]
    things, leaving = ([(kind, entry) for kind in kinds for entry in rows[kind]] for kinds, rows in (
        (("pods", "containers"), wanted), (("containers", "pods"), unwanted)))
    work.stored = {(kind, entry["name"]): converge.stored(ctx, state.NOUNS[kind], entry["name"])
                   for kind, entry in (*things, *leaving)}
    things = stackorder.ordered(things, work.stored)
    leaving, late = stackorder.going(leaving, things, work.stored)
    for kind in ("networks", "volumes", "secrets", "images"):
        work.all(kind, wanted[kind])
    work.take_away(leaving, [(kind, entry) for kind, entry in things if not entry.get("pod")])
    named: Dict[str, str] = {}
    if units:
        named = work.with_units(things)
    else:
        work.pods_and_containers(things)
    work.take_away(late)
    for kind in ("images", "secrets", "volumes", "networks"):
        work.all(kind, unwanted[kind])
    shown = {entry["name"]: converge.describe(ctx, entry["name"]) for entry in wanted["containers"]}
    values = {"actions": work.actions, "containers": shown, "units": named}
    return Result(bool(work.actions), values, work.diffs())


class Work:
    """What one run has done so far, or in a check would have done, and what a check has ``foreseen``.

    The check ``ahead`` of a run comes after what that has ``done``. Pods and containers were made as ``stored``.
    """

    def __init__(self, ctx: Context, check: bool, done: Sequence[str] = (), *, ahead: bool = False,
                 units: bool = False) -> None:
        self.ctx, self.check, self.done, self.units = ctx, check, done, units
        self.stored: Mapping[stackorder.Key, Mapping[str, Any]] = {}
        self.foreseen = Foreseen(ctx, sure=ahead)
        self.actions: List[str] = []
        self.plans: Dict[Tuple[str, str], Plan] = {}

    def all(self, kind: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Converge entries of a kind in their order."""
        for params in entries:
            if params["state"] == "absent" and self.foreseen.gone(kind, params["name"]):
                continue
            with self.naming(kind, params["name"]):
                keywords = self.foreseen.keywords(kind, params) if self.check else {}
                plan = CONVERGE[kind](self.ctx, params, self.check, **keywords)
                self.note(kind, params["name"], plan)
                if self.check:
                    self.foreseen.remember(kind, params, plan)

    def take_away(self, leaving: Sequence[stackorder.Thing], others: Sequence[stackorder.Thing] = ()) -> None:
        """Remove pods and containers, before them their units and those of ``others`` that are called otherwise."""
        if self.units:
            for kind in ("pods", "containers"):
                self.remove_units(kind, [entry for one, entry in leaving if one == kind])
                self.remove_other_units(kind, [entry for one, entry in others if one == kind])
        for kind, entry in leaving:
            self.all(kind, [entry])

    def with_units(self, things: Sequence[stackorder.Thing]) -> Dict[str, str]:
        """Converge pods and containers, and their units; the unit's name by the container's or pod's.

        While a container is replaced its unit may run, have failed, or be about to start again. So that what is done
        about units hangs on none of that, but is what a check says, it is planned before.
        """
        entries = [entry for _kind, entry in things if not entry.get("pod")]
        ahead = self
        if not self.check:
            ahead = Work(self.ctx, True, done=self.actions, ahead=True, units=True)
            ahead.stored = self.stored
        ahead.pods_and_containers(things)
        aims = ahead.aim_units(entries)
        plans = ahead.plan_units(entries, aims, ahead.stale([entry for kind, entry in things if kind == "containers"]))
        if not self.check and ahead.actions:
            self.pods_and_containers(things)
            aims = self.aim_units(entries)
        if any(plan.changed for plan in plans.values()):
            self.change_units(aims, plans)
        return {name: aimed.main for name, aimed in aims.items()}

    def pods_and_containers(self, things: Sequence[stackorder.Thing]) -> None:
        """Converge pods and containers in that order."""
        by_name = {(kind, entry["name"]): entry for kind, entry in things}
        for kind, entry in things:
            if kind == "containers":
                self.make_way(entry, by_name)
                halted = entry["name"] in self.foreseen.halted
                if halted and entry["state"] in ("present", "created") and not self.units:
                    entry = dict(entry, state="started")  # it runs again, as it did
            self.all(kind, [entry])

    def make_way(self, entry: Mapping[str, Any], by_name: Mapping[stackorder.Key, Mapping[str, Any]]) -> None:
        """Halt the containers of the stack that run and need one which is to be replaced.

        The unit of a pod takes the pod along, which is made again then.
        """
        from ..engine.service import converge

        name = entry["name"]
        needing = [one for one in stackorder.followers(name, self.stored)
                   if ("containers", one) in by_name and one not in self.foreseen.halted
                   and converge.observe(self.ctx, one).status in ("running", "paused", "restarting")]
        if not needing or not self.would_replace(entry, needing):
            return
        for other in needing:
            with self.naming("containers", other):
                self.halt(by_name["containers", other], name)
        for pod_name in dict.fromkeys(by_name["containers", other]["pod"] for other in needing):
            if ("pods", pod_name) in by_name:
                self.all("pods", [by_name["pods", pod_name]])

    def would_replace(self, entry: Mapping[str, Any], halted: Sequence[str]) -> bool:
        """Whether a container would be replaced if those others did not run."""
        from ..engine.service import foresee

        with self.naming("containers", entry["name"]):
            keywords: Dict[str, Any] = self.foreseen.keywords("containers", entry) if self.check else {
                "coming": foresee.Coming(image_there=True)}
            coming = keywords["coming"]
            keywords["coming"] = coming._replace(halted=coming.halted.union(halted))
            plan = CONVERGE["containers"](self.ctx, entry, True, **keywords)
        return "replace" in plan.verbs

    def halt(self, entry: Mapping[str, Any], needed: str) -> None:
        """Stop a container until what it needs is there again; where a unit runs it, that."""
        from ..engine.service import systemd, units

        name = entry["name"]
        if self.units:
            params = state.unit_params(dict(entry, name=entry["pod"] or name, unit=None if entry["pod"]
                                            else entry.get("unit")))
            aimed = unit.aim(self.ctx, dict(params, state="absent"))
            if systemd.show(self.ctx, [aimed.main])[aimed.main].runs:
                taken = units.takes_along(self.ctx, aimed.names)
                self.foreseen.halted[entry["pod"] or name] = self.foreseen.halted[name] = needed
                if not self.check:
                    systemd.stop(self.ctx, aimed.names)
                else:
                    from ..engine.service.unitsource import Coming

                    self.foreseen.coming.update((thing, Coming(None)) for thing in taken)
                return
        plan = container.converge(self.ctx, dict(blank(state.TABLES["containers"], name=name), state="stopped"),
                                  self.check)
        self.foreseen.halted[name] = needed
        self.note("containers", name, plan._replace(actions=tuple(
            Action(action.verb, "it needs %s" % needed) for action in plan.actions)))

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
        # A unit that takes the place of another is in two plans.
        first = self.plans.get((kind, name), Plan())
        files = {path: (first.files.get(path, sides)[0], sides[1]) for path, sides in plan.files.items()}
        self.plans[kind, name] = Plan(first.actions + plan.actions, dict(plan.before, **first.before),
                                      dict(first.after, **plan.after), files=dict(first.files, **files))

    def diffs(self) -> List[Dict[str, Any]]:
        """What --diff shows: each thing by itself, in the order of the actions."""
        return [diff for (kind, name), plan in self.plans.items()
                for diff in plan.diffs("%s %s" % (state.NOUNS[kind], name))]

    def aim_units(self, entries: Sequence[Mapping[str, Any]]) -> Dict[str, unit.Aim]:
        """What the units of pods and containers are to be, by their names; to a check, what is coming is there."""
        from ..engine.service.unitsource import Source

        source = Source(self.ctx, self.foreseen.coming) if self.check else None
        aims = {}
        for entry in entries:
            with self.naming("units", entry["name"]):
                aims[entry["name"]] = unit.aim(self.ctx, state.unit_params(entry), source)
        return aims

    def stale(self, entries: Sequence[Mapping[str, Any]]) -> Set[str]:
        """The containers, or their pods, that run with a secret that has another value by now."""
        from ..engine.service import converge

        return {entry["pod"] or entry["name"] for entry in entries
                if converge.has_stale_secrets(self.ctx, entry["name"], self.foreseen.secrets)}

    def plan_units(self, entries: Sequence[Mapping[str, Any]], aims: Mapping[str, unit.Aim],
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
                                     gone=self.foreseen.stopped)
            needed = self.foreseen.halted.get(name)
            why = "it needs %s" % needed if needed else (
                "a secret has another value" if name in stale else "")
            if why and shown[aims[name].main].runs and not {"start", "restart", "stop"} & set(plan.verbs):
                plan = plan._replace(actions=(*plan.actions, Action("restart", why)))
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

    def remove_units(self, kind: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Remove the units of pods or containers, also those with another prefix, which would make them again."""
        for entry in entries:
            with self.naming("units", entry["name"]):
                self.remove_unit(entry, unit.aim(self.ctx, dict(state.unit_params(entry), state="absent")))
        self.remove_other_units(kind, entries)

    def remove_other_units(self, kind: str, entries: Sequence[Mapping[str, Any]]) -> None:
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
        if self.foreseen.stopped.issuperset(aimed.names):
            return
        from ..engine.service import units
        from ..engine.service.unitsource import Coming

        params = dict(state.unit_params(entry), state="absent")
        taken = units.takes_along(self.ctx, aimed.names)
        plan = unit.converge(self.ctx, params, self.check, aimed=aimed)
        self.note("units", params["name"], plan)
        if self.check:
            self.foreseen.stopped.update(aimed.names)
        if self.check and "stop" in plan.verbs:
            self.foreseen.coming.update((thing, Coming(None)) for thing in taken)
