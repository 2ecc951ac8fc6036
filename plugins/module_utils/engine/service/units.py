# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units of systemd's for containers and pods: what belongs into their files, from the stored definitions."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..context import Context, roots
from ..errors import InvalidInput, NotFound
from ..formats import serviceunit
from ..formats.serviceunit import Choices, Unit
from ..frozen import replace
from ..kernel import files
from ..store import units
from ..store.units import Definition
from . import persist
from .unitsource import Source

if TYPE_CHECKING:
    from .systemd import Shown


class Wanted(NamedTuple):
    """The units that are wanted, the one that was asked for first: texts and definitions by the unit's name.

    ``runs`` are the IDs of what exists now of each, '' when the unit has yet to make it.
    """

    main: str
    texts: Dict[str, str]
    definitions: Dict[str, Definition]
    runs: Dict[str, str]


def directory(ctx: Context) -> str:
    """Where this user's units are written: systemd.unit(5), for the system or for the user's own systemd."""
    return os.path.join(ctx.home, ".config/systemd/user") if ctx.rootless else "/etc/systemd/system"


def wanted(ctx: Context, name: str, choices: Choices, *, by_name: bool = True,
           source: Optional[Source] = None) -> Wanted:
    """The units of a container or a pod, named by its name or its ID; ``source`` knows what there would be by now.

    A container that its unit has removed is known by the unit's definition. Raises NotFound, InvalidInput.
    """
    serviceunit.check(choices)
    source = source or Source(ctx)
    result = Wanted("", {}, {}, {})
    kind = _kind(source, name, choices)
    if kind == "pod":
        return _pod(source, name, choices, by_name)
    main = _add(source, result, "container", name, choices, by_name, bound="")
    return result._replace(main=main)


def _kind(source: Source, name: str, choices: Choices) -> str:
    for kind in ("container", "pod"):
        if source.exists(kind, name):
            return kind
    for kind in ("container", "pod"):
        known = units.find(source.ctx, serviceunit.name_of(choices, kind, name)[:-len(".service")])
        if choices.new and known is not None and known.new:
            return kind
    raise NotFound("There is no container or pod %s" % name, "Make it first: its unit is made from its definition.")


def _pod(source: Source, name: str, choices: Choices, by_name: bool) -> Wanted:
    """A pod's unit and those of its containers, which come and go with it."""
    result = Wanted("", {}, {}, {})
    main = source.called("pod", name, by_name)
    main_unit = serviceunit.name_of(choices, "pod", main)
    try:
        members = source.members(name, by_name)
    except NotFound:
        members = [known.name for known in units.every(source.ctx).values()
                   if known.kind == "container" and known.spec.get("pod") == name]
    # In an order that stays when they are started, and so made, in another one.
    member_units = tuple(sorted(_add(source, result, "container", member, choices, by_name, bound=main_unit)
                                for member in members))
    _add(source, result, "pod", name, choices, by_name, members=member_units)
    order = [main_unit, *member_units]
    return Wanted(main_unit, {one: result.texts[one] for one in order}, result.definitions, result.runs)


def _add(source: Source, result: Wanted, kind: str, name: str, choices: Choices, by_name: bool, *, bound: str = "",
         members: Tuple[str, ...] = ()) -> str:
    """Add one unit; its name."""
    ctx, called = source.ctx, source.called(kind, name, by_name)
    unit_name = serviceunit.name_of(choices, kind, called)
    stem = unit_name[:-len(".service")]
    there, spec = source.stored(kind, name)
    known = units.find(ctx, stem)
    if not there:
        if known is None:
            raise NotFound("There is no %s %s" % (kind, name), "Make it first.")
        spec = known.spec
    _check(kind, called, spec, choices)
    needs, part_of = _needs(source, kind, spec, choices, by_name)
    pod = spec.get("pod", "") if kind == "container" and not bound else ""
    unit = Unit(
        name=unit_name, kind=kind, called=called, command=tuple(command(ctx)), root=ctx.root,
        restart=_restart(spec), stop_timeout=int(spec.get("stop_timeout", 10)),
        bound=bound or (serviceunit.name_of(choices, "pod", pod) if pod else ""), members=members, needs=needs,
        part_of=part_of, user=ctx.rootless)
    text = serviceunit.render(unit, choices)
    result.texts[unit_name] = text
    result.definitions[unit_name] = Definition(
        kind, called, choices.new, choices.sdnotify, choices.stop_timeout, _plain(spec) if choices.new else {},
        serviceunit.fingerprint(unit, choices), _digest(text))
    result.runs[unit_name] = there
    return unit_name


def _needs(source: Source, kind: str, spec: Mapping[str, Any], choices: Choices,
           by_name: bool) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """The units of the containers that have to be there before it, and of those that have to run as long as it does."""
    from ..formats import container, pod
    from ..store import pods
    from . import infra, namespaces

    wishes = container.from_document(spec) if kind == "container" else infra.spec(
        pods.Pod("", "", 0.0, pod.from_document(spec)))
    running = namespaces.dependencies(wishes)
    there = [*running, *(row.partition(":")[0] for row in wishes.volumes_from)]
    needs, part_of = (tuple(serviceunit.name_of(choices, "container", source.called("container", other, by_name))
                            for other in dict.fromkeys(names)) for names in (there, running))
    return needs, part_of


def _digest(text: str) -> str:
    from ..kernel import sha256

    return sha256.hexdigest(text.encode())


def _plain(spec: Mapping[str, Any]) -> Dict[str, Any]:
    """A document as it is when it was read back: JSON knows no tuples."""
    import json

    document: Dict[str, Any] = json.loads(json.dumps(spec))
    return document


def _check(kind: str, called: str, spec: Mapping[str, Any], choices: Choices) -> None:
    if kind == "container" and spec.get("infra"):
        raise InvalidInput("%s is the infra container of the pod %s" % (called, spec.get("pod")), "Name the pod.")
    if kind == "container" and spec.get("rm") and not choices.new:
        raise InvalidInput("The container %s is removed when it ends, so no unit can start it again" % called,
                           "Use new: the unit makes the container at each start.")


def _restart(spec: Mapping[str, Any]) -> str:
    """The container's own policy; on-failure when it has none (podman-generate-systemd(1))."""
    policy = str(spec.get("restart_policy", "no"))
    return "on-failure" if policy == "no" else serviceunit.restart_policy(policy)


def command(ctx: Context) -> List[str]:
    """The argv by which a unit calls the engine: a path that stays, and the roots when they are not the user's own."""
    row = [sys.executable or "/usr/bin/python3", "-IS", ctx.path("engine", persist.CURRENT)]
    root, runroot = roots(ctx.uid, ctx.home, None, None)
    if ctx.root != root:
        row += ["--root", ctx.root]
    if ctx.runroot != runroot:
        row += ["--runroot", ctx.runroot]
    if ctx.prefix != "pycontainer":
        row += ["--prefix", ctx.prefix]
    if ctx.cgroup_manager:
        row += ["--cgroup-manager", ctx.cgroup_manager]
    return row


def outdated(ctx: Context, wish: Wanted, unit: str, *, runs: bool) -> bool:
    """Whether what the engine keeps for a unit, or what it ``runs``, is not what is wanted now."""
    stem = unit[:-len(".service")]
    definition = wish.definitions[unit]
    found = units.find(ctx, stem)
    if found is None or replace(found, wish=definition.wish, written=definition.written) != definition:
        return True
    return bool(runs and definition.new and wish.runs[unit] and units.made(ctx, stem) != wish.runs[unit])


def reworded(ctx: Context, wish: Wanted, unit: str, there: Optional[str]) -> bool:
    """Whether a unit's text, as it is ``there``, means what is wanted and differs only because the engine that wrote
    it, or the Python that it calls, was another; not when somebody else has changed it."""
    found = units.find(ctx, unit[:-len(".service")])
    return bool(there is not None and there != wish.texts[unit] and found is not None
                and found.wish == wish.definitions[unit].wish and found.written == _digest(there))


def keep(ctx: Context, wish: Wanted) -> None:
    """Store the definitions, and the engine that the units call."""
    persist.current(ctx)
    for unit, definition in wish.definitions.items():
        stem = unit[:-len(".service")]
        with units.lock(ctx, stem):
            if units.find(ctx, stem) != definition:
                units.write(ctx, stem, definition)


def forget(ctx: Context, unit: str) -> None:
    """The unit's file is gone: forget its definition."""
    units.drop(ctx, unit[:-len(".service")])


def read(ctx: Context, unit: str) -> Optional[str]:
    """The text of a unit's file, None when there is none."""
    try:
        with open(os.path.join(directory(ctx), unit), encoding="utf-8", errors="replace") as stream:
            return stream.read(1024 * 1024)
    except FileNotFoundError:
        return None


def write(ctx: Context, unit: str, text: str, where: str = "") -> str:
    """Write a unit's file, by default where systemd finds it; its path."""
    home = where or directory(ctx)
    files.make_directory(home, 0o755)
    path = os.path.join(home, unit)
    files.write_atomic(path, text.encode(), 0o644)
    os.chmod(path, 0o644)
    return path


# what the module asks for

def known(ctx: Context, name: str, choices: Choices) -> Tuple[str, List[str]]:
    """(main unit, it and its members) of what there is to be removed under a name, by files and definitions."""
    pod_unit = serviceunit.name_of(choices, "pod", name)
    main = serviceunit.name_of(choices, "container", name)
    members: List[str] = []
    if read(ctx, pod_unit) is not None or units.find(ctx, pod_unit[:-len(".service")]) is not None:
        main = pod_unit
        members = _bound(ctx, pod_unit)
    return main, [main, *members]


def every(ctx: Context) -> Dict[Tuple[str, str], List[str]]:
    """The units of all containers and pods, whatever they are called, by (kind, name)."""
    found: Dict[Tuple[str, str], List[str]] = {}
    for stem, definition in units.every(ctx).items():
        found.setdefault((definition.kind, definition.name), []).append(stem + ".service")
    return found


def whole(ctx: Context, kind: str, unit: str) -> List[str]:
    """A container's or a pod's unit, and its members."""
    return [unit, *(_bound(ctx, unit) if kind == "pod" else [])]


def _bound(ctx: Context, pod_unit: str) -> List[str]:
    """The units that are bound to a pod's, by their files."""
    from ..formats import systemdunit

    found = []
    for stem in units.every(ctx):
        text = read(ctx, stem + ".service")
        if text and any(line.key == "BindsTo" and pod_unit in line.value.split() for line in systemdunit.parse(text)):
            found.append(stem + ".service")
    return found


def running(ctx: Context, container_id: str) -> str:
    """The unit that runs a container now, '' when none does."""
    from ..store import containers
    from . import systemd

    there = every(ctx)
    names = (container_id, containers.get(ctx, container_id).name) if there else ()
    found = [unit for name in names for unit in there.get(("container", name), ())]
    return next((unit for unit, shown in systemd.show(ctx, found).items() if shown.runs), "")


def takes_along(ctx: Context, names: List[str]) -> List[Tuple[str, str]]:
    """(kind, name) of the containers and pods that are gone when these units are stopped, because units make them."""
    found = (units.find(ctx, name[:-len(".service")]) for name in names)
    return [(definition.kind, definition.name) for definition in found if definition is not None and definition.new]


def observe(ctx: Context, names: List[str], wish: Optional[Wanted],
            shown: Optional[Mapping[str, Shown]] = None) -> Dict[str, Tuple[Any, ...]]:
    """Each unit as it is: the fields of state.unit.Seen. ``shown`` is what systemd has said of them already."""
    from . import systemd

    shown = systemd.show(ctx, names) if shown is None else shown
    result = {}
    for name in names:
        unit = shown[name]
        behind = (outdated(ctx, wish, name, runs=unit.runs) if wish is not None
                  else units.find(ctx, name[:-len(".service")]) is not None)
        text = read(ctx, name)
        result[name] = (text, unit.runs, unit.enabled, unit.stale, behind,
                        wish is not None and reworded(ctx, wish, name, text))
    return result


def remove(ctx: Context, names: List[str]) -> None:
    """Remove units' files and definitions."""
    from . import systemd

    systemd.forgive(ctx, names)
    with files.together():
        for unit in names:
            files.remove(os.path.join(directory(ctx), unit))
            forget(ctx, unit)


def apply(ctx: Context, verbs: Tuple[str, ...], main: str, names: List[str], wish: Optional[Wanted]) -> None:
    """Carry out the verbs of a plan in order; see state.unit.plan."""
    from . import systemd

    steps: Dict[str, Any] = {
        "reload": lambda: systemd.reload(ctx), "enable": lambda: systemd.enable(ctx, main),
        "disable": lambda: systemd.disable(ctx, [main]), "start": lambda: systemd.start(ctx, main),
        "restart": lambda: systemd.start(ctx, main, again=True), "stop": lambda: systemd.stop(ctx, names),
        "remove": lambda: remove(ctx, names)}
    for verb in verbs:
        if verb in ("start", "restart"):
            # What runs on keeps the engine that it was started by; what starts now takes this one.
            persist.current(ctx)
        if verb != "write":
            steps[verb]()
        elif wish is not None:
            keep(ctx, wish)
            for unit, text in wish.texts.items():
                if read(ctx, unit) != text:
                    write(ctx, unit, text)
