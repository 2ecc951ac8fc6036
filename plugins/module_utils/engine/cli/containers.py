# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on containers that exist: ps, inspect, stop, kill, rm and their kin."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound
from ..service import containers
from . import output
from .flags import IO, Flag, Parsed, Verb

ALL = Flag("all", "a", "bool", "all containers")
TIME = Flag("time", "t", "int", "seconds until it is killed")
IGNORE = Flag("ignore", "i", "bool", "no error for one that is not there")

NEVER = -62135596800  # the year 1, which is no time in Go

COLUMNS = (("CONTAINER ID", "ID"), ("IMAGE", "Image"), ("COMMAND", "Command"), ("CREATED", "CreatedAgo"),
           ("STATUS", "Status"), ("PORTS", "Ports"), ("NAMES", "Names"))


def ps(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List containers."""
    last = 1 if parsed.get("latest") else parsed.get("last", 0)
    rows = containers.listing(ctx, everything=bool(parsed.get("all")), filters=parsed.get("filter", ()), last=last)
    rows.reverse()  # the oldest first, as podman does
    format = parsed.get("format")
    full = bool(parsed.get("no-trunc"))
    if parsed.get("quiet"):
        io.out.write("".join(output.short(row.id, full) + "\n" for row in rows))
        return 0
    found = [_json_row(row) if output.is_json(format) else _row(row, full) for row in rows]
    key = parsed.get("sort")
    if key:
        keys = {"id": "ID", "image": "Image", "names": "Names", "command": "Command", "status": "Status",
                "created": "CreatedSince"}
        if key not in keys:
            raise InvalidInput("--sort %s is not there" % key, "Use one of: %s." % ", ".join(sorted(keys)))
        order = [pair[1] for pair in sorted(zip([_row(row, full)[keys[key]] for row in rows], range(len(rows))))]
        found = [found[number] for number in order]
    io.out.write(output.render(found, COLUMNS, format=format, noheading=bool(parsed.get("noheading"))))
    return 0


def _row(row: Any, full: bool) -> Dict[str, Any]:
    from ..formats import humanize

    state, now = row.state, time.time()
    command = " ".join(row.argv)
    created = humanize.ago(now - row.document["created"])
    return {
        "ID": output.short(row.id, full), "Image": row.document["image_name"] or row.spec.get("image", ""),
        "Command": command if full or len(command) <= 20 else command[:17] + "...", "CreatedAgo": created,
        "CreatedSince": row.document["created"], "Created": _stamp(row.document["created"]), "RunningFor": created,
        "CreatedAt": _stamp(row.document["created"]), "CreatedHuman": created, "Exited": state.status == "exited",
        "Status": _status(state, now), "State": state.status, "Ports": ports_text(row.ports), "Names": row.name,
        "Pid": state.pid, "ExitCode": state.exit_code, "ImageID": row.document["image_id"], "Restarts": state.restarts,
        "Labels": row.spec.get("label", {}), "Networks": ",".join(_networks(row)), "StartedAt": state.started_at}


def _networks(row: Any) -> List[str]:
    from ..service import listing

    return listing.network_names(row)


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(seconds))


def _status(state: Any, now: float) -> str:
    from ..formats import humanize

    if state.status in ("running", "paused"):
        text = "Up " + humanize.ago(now - state.started_at)
        health = (state.raw.get("health") or {}).get("status") if isinstance(state.raw.get("health"), dict) else ""
        text += " (%s)" % health if health else ""
        return text + (" (Paused)" if state.status == "paused" else "")
    if state.status == "exited":
        return "Exited (%d) %s" % (state.exit_code, humanize.ago(now - state.finished_at))
    return str(state.status).capitalize()


def ports_text(rows: List[Dict[str, Any]]) -> str:
    """'0.0.0.0:8080->80/tcp, ...'."""
    return ", ".join("%s:%s->%s/%s" % (
        row.get("host_ip") or "0.0.0.0", row.get("host_port") or "", row["container_port"],
        row.get("protocol", "tcp")) for row in rows)


def _json_row(row: Any) -> Dict[str, Any]:
    """A row of 'ps --format json', with podman's keys."""
    state = row.state
    return {
        "AutoRemove": bool(row.spec.get("rm")), "Command": row.argv, "CreatedAt": _row(row, True)["CreatedAgo"],
        "Created": int(row.document["created"]), "Exited": state.status == "exited",
        "ExitedAt": int(state.finished_at or NEVER),
        "ExitCode": state.exit_code, "Id": row.id, "Image": row.document["image_name"] or row.spec.get("image", ""),
        "ImageID": row.document["image_id"], "IsInfra": False, "Labels": row.spec.get("label") or None,
        "Mounts": sorted(one["target"] for one in row.spec.get("mounts", ())), "Names": [row.name], "Namespaces": {},
        "Networks": _networks(row), "Pid": state.pid, "Pod": "", "PodName": "",
        "Ports": [{"host_ip": p.get("host_ip", ""), "container_port": p["container_port"],
                   "host_port": p.get("host_port", 0), "range": 1, "protocol": p.get("protocol", "tcp")}
                  for p in row.ports] or None,
        "Size": None, "StartedAt": int(state.started_at), "State": state.status, "Status": _status(state, time.time())}


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about containers and images."""
    found: List[Any] = []
    missing: List[str] = []
    kind = parsed.get("type", "all")
    if kind not in ("all", "container", "image", "network", "volume"):
        raise InvalidInput("--type %s is not there" % kind, "Use container, image, network or volume.")
    for name in parsed.arguments:
        document = _inspect_one(ctx, name, kind)
        if document is None:
            missing.append(name)
        else:
            found.append(document)
    if found or not missing:
        io.out.write(output.documents(found, parsed.get("format")))
    elif not parsed.get("format"):
        io.out.write("[]\n")
    for name in missing:
        io.err.write("Error: There is no %s %s\n" % ("container or image" if kind == "all" else kind, name))
    return 125 if missing else 0


def _inspect_one(ctx: Context, name: str, kind: str) -> Optional[Any]:
    def image(ctx: Context, name: str) -> Any:
        from ..service import images
        return images.inspect(ctx, name)

    def network(ctx: Context, name: str) -> Any:
        from ..service import networks
        return networks.inspect(ctx, name)

    def volume(ctx: Context, name: str) -> Any:
        from ..service import volumes
        return volumes.inspect(ctx, name)

    ways: Dict[str, Callable[[Context, str], Any]] = {
        "container": containers.inspect, "image": image, "network": network, "volume": volume}
    for one in ways if kind == "all" else (kind,):
        try:
            return ways[one](ctx, name)
        except NotFound:
            continue
    return None


def _each(action: Callable[[str], Any], names: List[str], io: IO, missing: int = 125) -> int:
    """Do something with each; the names that worked are printed, and one failure does not stop the rest.

    ``missing`` is the exit code when one is not there: podman's rm ends with 1 then, its other verbs with 125.
    """
    code = 0
    for name in names:
        try:
            action(name)
            io.out.write(name + "\n")
        except EngineError as exc:
            io.err.write("Error: %s\n" % exc)
            code = missing if isinstance(exc, NotFound) else exc.exit_code
    return code


def _chosen(ctx: Context, parsed: Parsed, statuses: tuple[str, ...]) -> List[str]:
    """The names that were given, or with --all those of containers in one of the states."""
    if not parsed.get("all"):
        if not parsed.arguments:
            raise InvalidInput("No container is named", "Name one, or use --all.")
        return parsed.arguments
    return [row.id for row in containers.listing(ctx, everything=True) if row.state.status in statuses]


def _ignoring(parsed: Parsed, action: Callable[[str], Any]) -> Callable[[str], Any]:
    def call(name: str) -> Any:
        try:
            return action(name)
        except NotFound:
            if not parsed.get("ignore"):
                raise
            return None
    return call


def stop(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Stop containers."""
    names = _chosen(ctx, parsed, ("running", "paused", "restarting"))
    return _each(_ignoring(parsed, lambda name: containers.stop(ctx, name, timeout=parsed.get("time"))), names, io)


def restart(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Stop containers and start them."""
    names = _chosen(ctx, parsed, ("running", "paused", "exited", "created"))
    return _each(lambda name: containers.restart(ctx, name, timeout=parsed.get("time")), names, io)


def kill(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Send a signal."""
    names = _chosen(ctx, parsed, ("running",))
    return _each(lambda name: containers.kill(ctx, name, parsed.get("signal", "KILL")), names, io)


def pause(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Freeze containers."""
    return _each(lambda name: containers.pause(ctx, name), _chosen(ctx, parsed, ("running",)), io)


def unpause(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Let frozen containers go on."""
    return _each(lambda name: containers.unpause(ctx, name), _chosen(ctx, parsed, ("paused",)), io)


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove containers."""
    names = _chosen(ctx, parsed, ("created", "exited") + (("running", "paused", "restarting")
                                                          if parsed.get("force") else ()))
    return _each(lambda name: containers.remove(
        ctx, name, force=bool(parsed.get("force")), volumes=bool(parsed.get("volumes")), timeout=parsed.get("time"),
        ignore=bool(parsed.get("ignore") or parsed.get("force"))), names, io, missing=1)


def wait(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Wait for containers, and print their exit codes."""
    for name in parsed.arguments:
        code = containers.wait(ctx, name, condition=tuple(parsed.get("condition", ("stopped",))))
        io.out.write("%d\n" % code)
    return 0


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
    if not parsed.arguments:
        raise InvalidInput("No container is named", "Name one, or use --all.")
    wanted = parsed.arguments[1] if parsed.arguments[1:] else ""
    rows = [row for row in containers.ports(ctx, parsed.arguments[0])
            if not wanted or wanted in (str(row["container_port"]), "%s/%s" % (row["container_port"], row["protocol"]))]
    if wanted and not rows:
        raise NotFound("%s does not publish %s" % (parsed.arguments[0], wanted))
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
    containers.repair(ctx)
    io.out.write("".join(one + "\n" for one in containers.prune(ctx, parsed.get("filter", ()))))
    return 0


LIMITS = tuple(Flag(name, short, help=help, field=name.replace("-", "_")) for name, short, help in (
    ("memory", "m", "limit, such as 64m"), ("memory-reservation", "", "soft limit"),
    ("memory-swap", "", "memory and swap together"), ("cpus", "", "number of processors"),
    ("cpu-period", "", "microseconds"), ("cpu-quota", "", "microseconds"), ("cpu-shares", "c", "relative weight"),
    ("cpuset-cpus", "", "processors"), ("cpuset-mems", "", "memory nodes"), ("pids-limit", "", "number of processes"),
    ("blkio-weight", "", "block I/O weight"))) + (
    Flag("restart", help="no, on-failure[:N], always or unless-stopped", field="restart_policy"),)

VERBS: Tuple[Verb, ...] = (
    Verb("ps", "", "List containers",
         (Flag("all", "a", "bool", "also those that do not run"), Flag("quiet", "q", "bool", "only IDs"),
          Flag("last", "n", "int", "the last so many"), Flag("latest", "l", "bool", "the last one"),
          Flag("filter", "f", "list", "KEY=VALUE"), Flag("format", help="json, or a Go template"),
          Flag("no-trunc", kind="bool", help="whole IDs and commands"), Flag("noheading", kind="bool", help="no head"),
          Flag("sort", help="command, created, id, image, names or status"),
          Flag("pod", "p", "bool", refused="pods are not there"),
          Flag("size", "s", "bool", refused="sizes are not there"),
          Flag("ns", kind="bool", refused="inspect shows the namespaces")), ps, (0, 0), reads_only=True),
    Verb("inspect", "NAME...", "Print everything about containers and images",
         (Flag("format", "f", help="json, or a Go template"),
          Flag("type", "t", help="container, image, network or volume"),
          Flag("size", "s", "bool", refused="sizes are not there")), inspect, (1, None), reads_only=True),
    Verb("stop", "CONTAINER...", "Stop containers", (ALL, TIME, IGNORE), stop),
    Verb("restart", "CONTAINER...", "Stop containers and start them", (ALL, TIME), restart),
    Verb("kill", "CONTAINER...", "Send a signal to containers",
         (ALL, Flag("signal", "s", help="its name or number")), kill),
    Verb("rm", "CONTAINER...", "Remove containers",
         (ALL, TIME, IGNORE, Flag("force", "f", "bool", "stop it first"),
          Flag("volumes", "v", "bool", "remove its anonymous volumes")), remove),
    Verb("wait", "CONTAINER...", "Wait for containers, and print their exit codes",
         (Flag("condition", kind="list", help="stopped, running, healthy, ..."),), wait, (1, None), reads_only=True),
    Verb("rename", "CONTAINER NAME", "Give a container another name", (), rename, (2, 2)),
    Verb("port", "CONTAINER [PORT[/PROTOCOL]]", "Print published ports", (ALL,), port, (0, 2), reads_only=True),
    Verb("pause", "CONTAINER...", "Freeze containers", (ALL,), pause),
    Verb("unpause", "CONTAINER...", "Let frozen containers go on", (ALL,), unpause),
    Verb("update", "CONTAINER", "Change limits of a container without a restart", LIMITS, update, (1, 1)),
    Verb("healthcheck run", "CONTAINER", "Run a container's health check now", (), healthcheck, (1, 1)),
    Verb("exists", "CONTAINER", "Whether there is such a container", (), exists, (1, 1), reads_only=True),
    Verb("prune", "", "Remove all containers that do not run",
         (Flag("filter", kind="list", help="KEY=VALUE"), Flag("force", "f", "bool", "never ask, which is so anyway")),
         prune, (0, 0)),
)
