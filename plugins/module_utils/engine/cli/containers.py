# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on containers that exist: stop, kill, rm and their kin."""

from __future__ import annotations

from typing import Any, Dict, Set, Tuple

from ..context import Context
from ..errors import Damaged, InvalidInput, NotFound, WrongState
from ..service import containers
from . import selection
from .confirm import FORCE, confirmed
from .flags import IO, Flag, Parsed, Verb
from .selection import each, named

TIME = Flag("time", "t", "int", "seconds until it is killed")
CHOICE = (selection.ALL, selection.LATEST, selection.CIDFILE, selection.FILTER)


def stop(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Stop containers."""
    names = selection.chosen(ctx, parsed, ("running", "paused", "restarting"))
    return each(named(lambda name: containers.stop(ctx, name, timeout=parsed.get("time")),
                      ignore=bool(parsed.get("ignore"))), names, io)


def restart(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Stop containers and start them."""
    if parsed.get("running"):
        parsed.flags["all"] = True
    names = selection.chosen(ctx, parsed, ("running",) if parsed.get("running") else None)
    return each(named(lambda name: containers.restart(ctx, name, timeout=parsed.get("time"))), names, io)


def kill(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Send a signal."""
    names = selection.chosen(ctx, parsed, ("running",))
    return each(named(lambda name: containers.kill(ctx, name, parsed.get("signal", "KILL"))), names, io)


def check_kill(_ctx: Context, parsed: Parsed) -> None:
    """Raise what is wrong with kill's values, whatever there is on this host."""
    from ..formats import values

    values.signal(parsed.get("signal", "KILL"), "--signal")


def pause(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Freeze containers."""
    return each(named(lambda name: containers.pause(ctx, name)), selection.chosen(ctx, parsed, ("running",)), io)


def unpause(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Let frozen containers go on."""
    return each(named(lambda name: containers.unpause(ctx, name)), selection.chosen(ctx, parsed, ("paused",)), io)


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove containers."""
    force = bool(parsed.get("force"))
    done: Set[str] = set()

    def away(name: str) -> None:
        container = containers.find(ctx, name)
        if container in done:
            return
        try:
            record = containers.get(ctx, container)
        except Damaged:
            containers.remove(ctx, container, force=force, volumes=bool(parsed.get("volumes")))
            done.add(container)
            return
        if parsed.get("all") and record.spec.infra:
            # --all means the pods too; one that is named by its ID is refused.
            from ..service import pods

            pods.remove(ctx, record.spec.pod, force=force, timeout=parsed.get("time"))
            return
        if parsed.get("depend"):
            for other in containers.dependents(ctx, container):
                away(other)
        containers.remove(ctx, container, force=force, volumes=bool(parsed.get("volumes")), timeout=parsed.get("time"))
        done.add(container)

    # podman-rm(1), exit status: 1 when one is not there, 2 when one runs or is paused
    lenient = bool(parsed.get("ignore") or force or parsed.get("all"))
    chosen = list(selection.chosen(ctx, parsed))
    if parsed.get("all") and force and not parsed.get("filter"):
        chosen += containers.damaged(ctx)
    return each(named(away, ignore=lenient), chosen, io, ((NotFound, 1), (WrongState, 2)))


def wait(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Wait for containers, and print their exit codes."""
    conditions = tuple(word for text in parsed.get("condition", ("stopped",)) for word in text.split(","))
    interval = _interval(parsed.get("interval", "250ms"))
    return each(lambda name: "%d" % containers.wait(ctx, name, condition=conditions, interval=interval),
                selection.chosen(ctx, parsed), io)


def _interval(text: str) -> float:
    """Seconds from a duration, or from a number of milliseconds (podman-wait(1))."""
    from ..formats import values

    found = int(text) / 1000 if text.isdecimal() else values.duration(text, "--interval")
    if found <= 0:
        raise InvalidInput("--interval is %s, which is no time to wait" % text, "Write a duration, such as 500ms.")
    return found


def rename(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Give a container another name."""
    containers.rename(ctx, *parsed.arguments)
    return 0


def port(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print published ports."""
    if parsed.get("all"):
        for row in containers.listing(ctx):
            for one in row.ports:
                io.out.write("%s\t%s\n" % (row.id[:12], _mapping(one, True)))
        return 0
    words = selection.rest(ctx, parsed)
    wanted = words[1] if words[1:] else ""
    published = containers.ports(ctx, words[0])
    rows = [row for row in published
            if not wanted or wanted in (str(row["container_port"]), "%s/%s" % (row["container_port"], row["protocol"]))]
    if published and not rows:  # podman: of a container that publishes nothing there is nothing to say
        raise NotFound("%s does not publish %s" % (words[0], wanted))
    io.out.write("".join(_mapping(row, not wanted) + "\n" for row in rows))
    return 0


def _mapping(row: Dict[str, Any], both: bool) -> str:
    place = "%s:%s" % (row.get("host_ip") or "0.0.0.0", row.get("host_port") or "")
    return "%s/%s -> %s" % (row["container_port"], row["protocol"], place) if both else place


def update(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Change limits of a container without a restart."""
    from ..formats import values

    rows = {flag.long: flag.field for flag in LIMITS}
    changes = {rows[name]: values.canonical(rows[name], value, "--" + name) for name, value in parsed.flags.items()}
    if not changes:
        raise InvalidInput("update changes nothing", "Give a limit, such as --memory 64m.")
    io.out.write(containers.update(ctx, parsed.arguments[0], changes).id + "\n")
    return 0


def healthcheck(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Run a container's health check now."""
    return containers.healthcheck(ctx, parsed.arguments[0])


def exists(ctx: Context, parsed: Parsed, io: IO) -> int:
    """0 when there is such a container, else 1."""
    return 0 if containers.exists(ctx, parsed.arguments[0]) else 1


def prune(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove all containers that do not run."""
    if not confirmed(parsed, io, "This will remove all containers that do not run."):
        return 0
    containers.repair(ctx)
    io.out.write("".join(one + "\n" for one in containers.prune(ctx, parsed.get("filter", ()))))
    return 0


LIMITS = tuple(Flag(name, short, help=help, field=name.replace("-", "_")) for name, short, help in (
    ("memory", "m", "limit, such as 64m"), ("memory-reservation", "", "soft limit"),
    ("memory-swap", "", "memory and swap together"), ("memory-swappiness", "", "0 to 100"),
    ("cpus", "", "number of processors"),
    ("cpu-period", "", "microseconds"), ("cpu-quota", "", "microseconds"), ("cpu-shares", "c", "relative weight"),
    ("cpu-rt-period", "", "microseconds"), ("cpu-rt-runtime", "", "microseconds"),
    ("cpuset-cpus", "", "processors"), ("cpuset-mems", "", "memory nodes"), ("pids-limit", "", "number of processes"),
    ("blkio-weight", "", "block I/O weight"))) + tuple(
    Flag(name, kind="slice", help="DEVICE:RATE", field=name.replace("-", "_"))
    for name in ("device-read-bps", "device-write-bps", "device-read-iops", "device-write-iops")) + (
    Flag("restart", help="no, on-failure[:N], always or unless-stopped", field="restart_policy"),)

VERBS: Tuple[Verb, ...] = (
    Verb("stop", "CONTAINER...", "Stop containers", (*CHOICE, TIME, selection.IGNORE), stop),
    Verb("restart", "CONTAINER...", "Stop containers and start them",
         (*CHOICE, TIME, Flag("running", kind="bool", help="those that run")), restart),
    Verb("kill", "CONTAINER...", "Send a signal to containers",
         (*CHOICE[:3], Flag("signal", "s", help="its name or number")), kill, check=check_kill),
    Verb("rm", "CONTAINER...", "Remove containers",
         (selection.ALL, selection.LATEST, selection.CIDFILE, Flag("filter", "", "slice", selection.FILTER.help), TIME,
          selection.IGNORE, Flag("force", "f", "bool", "stop it first"),
          Flag("depend", kind="bool", help="and those that need it"),
          Flag("volumes", "v", "bool", "remove its anonymous volumes")), remove),
    Verb("wait", "CONTAINER...", "Wait for containers, and print their exit codes",
         (Flag("condition", kind="slice", help="stopped, running, healthy, ..."), selection.LATEST,
          Flag("interval", "i", help="time between looks, 250ms")), wait, reads_only=True),
    Verb("rename", "CONTAINER NAME", "Give a container another name", (), rename, (2, 2)),
    Verb("port", "CONTAINER [PORT[/PROTOCOL]]", "Print published ports",
         (selection.ALL, selection.LATEST), port, (0, 2), reads_only=True),
    Verb("pause", "CONTAINER...", "Freeze containers", CHOICE, pause),
    Verb("unpause", "CONTAINER...", "Let frozen containers go on", CHOICE, unpause),
    Verb("update", "CONTAINER", "Change limits of a container without a restart", LIMITS, update, (1, 1)),
    Verb("healthcheck run", "CONTAINER", "Run a container's health check now", (), healthcheck, (1, 1)),
    Verb("exists", "CONTAINER", "Whether there is such a container", (
        Flag("external", kind="bool", help="those of other tools too, of which there are none"),), exists, (1, 1),
        reads_only=True),
    Verb("prune", "", "Remove all containers that do not run",
         (Flag("filter", kind="list", help="KEY=VALUE"), FORCE),
         prune, (0, 0)),
)
