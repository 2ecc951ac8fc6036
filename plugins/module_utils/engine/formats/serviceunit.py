# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of the unit of one container or pod: from names and choices to a file, nothing is looked up.

The service's main process is the container's monitor, conmon, whose exit code is the container's: so
Restart= works by it. KillMode=process, because the processes of a container are ended by ExecStop= and
ExecStopPost=, and because a helper that serves other containers too may have been started here.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen, as_dict, replace
from . import systemdunit

RESTART = ("no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always")
SDNOTIFY = ("conmon", "healthy")
STOP_PATIENCE = 60  # seconds that systemd waits longer than the container gets to end
TERMINATED = "143"  # the exit code for SIGTERM
KILLED = "137 " + TERMINATED  # and that for SIGKILL
HEADER = "Written by pycontainer; changes made here get lost when it writes the unit again."


class Choices(Frozen):
    """What a user chooses about units. Times are in seconds; None is systemd's, or the container's, own.

    ``restart_policy`` '' is the container's own. ``sdnotify``: the unit is up when the container was started
    ('conmon') or when it is healthy.
    """

    new: bool = False
    restart_policy: str = ""
    restart_sec: Optional[int] = None
    stop_timeout: Optional[int] = None
    start_timeout: Optional[int] = None
    sdnotify: str = "conmon"
    wants: Tuple[str, ...] = ()
    after: Tuple[str, ...] = ()
    requires: Tuple[str, ...] = ()
    environment: Dict[str, str] = {}
    container_prefix: str = "container"
    pod_prefix: str = "pod"
    separator: str = "-"
    header: bool = True


class Unit(Frozen):
    """One unit: ``name`` with .service, ``kind`` container or pod, and ``called`` as people know it.

    ``command`` is the engine's, to which a verb and the unit's name are added. ``bound`` is the pod's unit,
    ``members`` are the units of a pod's containers, ``needs`` those of containers that start before, and ``part_of``
    those of them that it cannot outlive.
    """

    name: str
    kind: str
    called: str
    command: Tuple[str, ...]
    root: str
    restart: str = "on-failure"
    stop_timeout: int = 10
    bound: str = ""
    members: Tuple[str, ...] = ()
    needs: Tuple[str, ...] = ()
    part_of: Tuple[str, ...] = ()
    user: bool = False


def restart_policy(value: Any, option: str = "restart_policy") -> str:
    """A unit's Restart=, also from a container's policy ('unless-stopped', 'on-failure:3'). Raises InvalidInput."""
    word = str(value).partition(":")[0]
    word = {"unless-stopped": "always", "never": "no", "False": "no"}.get(word, word)
    if word not in RESTART:
        raise InvalidInput("%s is %r" % (option, value), "Use one of: %s." % ", ".join(RESTART))
    return word


def check(choices: Choices) -> None:
    """Raise InvalidInput for choices that no unit can hold."""
    if choices.restart_policy:
        restart_policy(choices.restart_policy)
    if choices.sdnotify not in SDNOTIFY:
        raise InvalidInput("sdnotify is %r" % choices.sdnotify,
                           "Use conmon (up when started) or healthy (up when its check passes); the container "
                           "cannot tell systemd itself.")
    for name in ("restart_sec", "stop_timeout", "start_timeout"):
        seconds = getattr(choices, name)
        if seconds is not None and seconds < 0:
            raise InvalidInput("%s is %d" % (name, seconds), "Give seconds.")
    for name in ("wants", "after", "requires"):
        for other in getattr(choices, name):
            systemdunit.unit_name(other)
    for name, content in choices.environment.items():
        systemdunit.assignment(name, content)


def name_of(choices: Choices, kind: str, called: str) -> str:
    """The unit's name for a container or a pod. Raises InvalidInput."""
    prefix = choices.pod_prefix if kind == "pod" else choices.container_prefix
    return systemdunit.unit_name((prefix + choices.separator if prefix else "") + called + ".service", "service")


def fingerprint(unit: Unit, choices: Choices) -> str:
    """Stands for the wish that a unit's file is made from: not for the engine, nor for the words that it chooses."""
    import json

    document = [as_dict(replace(unit, command=unit.command[3:])), as_dict(replace(choices, header=True))]
    # What is as always is left out, so that an option that is added later does not change old wishes.
    usual = [as_dict(Unit("", "", "", (), "")), as_dict(Choices())]
    rows = [{key: content for key, content in one.items() if content != always.get(key)}
            for one, always in zip(document, usual)]
    return json.dumps(rows, sort_keys=True)


def render(unit: Unit, choices: Choices) -> str:
    """The unit's file. Raises InvalidInput."""
    sections = [("Unit", _unit(unit, choices)), ("Service", _service(unit, choices)),
                ("Install", [("WantedBy", unit.bound or "default.target")])]
    return systemdunit.render(sections, [unit.name, HEADER] if choices.header else [])


def _unit(unit: Unit, choices: Choices) -> List[Tuple[str, str]]:
    # A user's systemd has no such target; nothing comes of naming it there.
    online = () if unit.user else ("network-online.target",)
    rows = [("Description", systemdunit.value("%s %s" % ("Pod" if unit.kind == "pod" else "Container", unit.called)))]
    rows += _names("Wants", online, unit.needs, unit.members, choices.wants)
    rows += _names("Requires", choices.requires)
    # Not Requires=, which fails where no unit runs what is needed.
    rows += _names("PartOf", unit.part_of)
    rows += _names("BindsTo", (unit.bound,) if unit.bound else ())
    rows += _names("Before", unit.members)
    rows += _names("After", online, (unit.bound,) if unit.bound else (), unit.needs, choices.after,
                   choices.requires)
    rows.append(("RequiresMountsFor", systemdunit.word(unit.root)))
    return rows


def _names(key: str, *groups: Sequence[str]) -> List[Tuple[str, str]]:
    names = list(dict.fromkeys(name for group in groups for name in group))
    return [(key, " ".join(systemdunit.unit_name(name) for name in names))] if names else []


def _service(unit: Unit, choices: Choices) -> List[Tuple[str, str]]:
    rows = [("Type", "notify"), ("NotifyAccess", "all"), ("KillMode", "process")]
    rows += [("Environment", systemdunit.assignment(*pair)) for pair in sorted(choices.environment.items())]
    policy = restart_policy(choices.restart_policy or unit.restart)
    rows += [("Restart", policy), *killed(policy)]
    if choices.restart_sec is not None:
        rows.append(("RestartSec", str(choices.restart_sec)))
    if choices.start_timeout is not None:
        rows.append(("TimeoutStartSec", str(choices.start_timeout)))
    stop = unit.stop_timeout if choices.stop_timeout is None else choices.stop_timeout
    rows.append(("TimeoutStopSec", str(stop + STOP_PATIENCE)))
    stem = unit.name[:-len(".service")]
    for key, verb in (("ExecStart", "unit-start"), ("ExecStop", "unit-stop"), ("ExecStopPost", "unit-end")):
        program, options = unit.command[:3], unit.command[3:]
        rows.append((key, systemdunit.command([*program, verb, *options, stem])))
    return rows


def killed(policy: str) -> List[Tuple[str, str]]:
    """What a container that a signal has ended means, by a unit's Restart=.

    A stop that systemd asked for ends it by SIGTERM or SIGKILL, which is no failure; without such a request it
    is one, and the container is started again. Where nothing starts it again, that cannot be told apart: then
    SIGTERM is a clean end, as for any service (systemd.service(5)), and SIGKILL, also the kernel's when memory is
    short, a failure.
    """
    if policy in ("on-failure", "always"):
        return [("SuccessExitStatus", KILLED), ("RestartForceExitStatus", KILLED)]
    return [("SuccessExitStatus", TERMINATED)]


def choices_of(params: Mapping[str, Any]) -> Choices:
    """Choices from a module's options or a verb's flags of the same names; what is None keeps its default."""
    given = {name: params[name] for name in Choices._fields if params.get(name) is not None}
    for name in ("wants", "after", "requires"):
        if name in given:
            given[name] = tuple(str(word) for word in given[name])
    if "environment" in given:
        given["environment"] = {str(key): str(content) for key, content in given["environment"].items()}
    choices = Choices(**given)
    check(choices)
    return choices
