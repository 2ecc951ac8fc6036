# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs that show what there is: ps and inspect."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Tuple

from ..context import Context
from ..errors import InvalidInput, NotFound, Unsupported
from ..service import containers
from . import output, selection
from .flags import IO, Flag, Parsed, Verb

NEVER = -62135596800  # the year 1, which is no time in Go

COLUMNS = (("CONTAINER ID", "ID"), ("IMAGE", "Image"), ("COMMAND", "Command"), ("CREATED", "CreatedAgo"),
           ("STATUS", "Status"), ("PORTS", "Ports"), ("NAMES", "Names"))


NAMESPACE_COLUMNS = (("CONTAINER ID", "ID"), ("NAMES", "Names"), ("PID", "Pid"), ("CGROUPNS", "CGROUPNS"),
                     ("IPC", "IPC"), ("MNT", "MNT"), ("NET", "NET"), ("PIDNS", "PIDNS"), ("USERNS", "USERNS"),
                     ("UTS", "UTS"))

POD_COLUMNS = (("POD ID", "Pod"), ("PODNAME", "PodName"))

# podman-ps(1), --sort: its words, and the keys of a row
SORTED_BY = {"id": "ID", "image": "Image", "names": "Names", "command": "Command", "status": "Status",
             "created": "CreatedSince", "runningfor": "StartedAt"}


def ps(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List containers; with --watch again and again."""
    every = parsed.get("watch")
    if every is None:
        io.out.write(_list(ctx, parsed))
        return 0
    if every < 1:
        raise InvalidInput("--watch is %d seconds" % every, "Give at least 1.")
    if getattr(io.out, "buffer", None) is None:
        raise Unsupported("--watch needs somebody who watches", "Leave it out.")
    while True:
        # ECMA-48: the cursor goes home, and the screen is erased.
        io.out.write("\x1b[H\x1b[2J" + _list(ctx, parsed))
        io.out.flush()
        time.sleep(every)


def _list(ctx: Context, parsed: Parsed) -> str:
    last = 1 if parsed.get("latest") else parsed.get("last", 0)
    rows = containers.listing(ctx, everything=bool(parsed.get("all")), filters=parsed.get("filter", ()), last=last)
    rows.reverse()  # the oldest first, as podman does
    format, full = parsed.get("format"), bool(parsed.get("no-trunc"))
    key = parsed.get("sort")
    if key:
        if key not in SORTED_BY:
            raise InvalidInput("--sort %s is not there" % key, "Use one of: %s." % ", ".join(sorted(SORTED_BY)))
        rows.sort(key=lambda row: _row(ctx, row, full)[SORTED_BY[key]])
    if parsed.get("quiet") and not format:
        return "".join(output.short(row.id, full) + "\n" for row in rows)
    if format and ".Size" in format and not parsed.get("size"):
        raise InvalidInput("The template's .Size needs --size", "Add --size; it takes a look at every file.")
    # Only templates and JSON need what takes reading more files.
    make = _json_row if output.is_json(format) else _template_row if format or parsed.get("ns") else _row
    found = [make(ctx, row, full) for row in rows]
    columns: Tuple[Tuple[str, str], ...] = NAMESPACE_COLUMNS if parsed.get("ns") else COLUMNS
    if parsed.get("size"):
        found = [dict(shown, Size=_size(ctx, row.id, output.is_json(format))) for shown, row in zip(found, rows)]
        columns += (("SIZE", "Size"),)
    return output.render(found, columns + (POD_COLUMNS if parsed.get("pod") else ()), format=format,
                         noheading=bool(parsed.get("noheading")))


def _size(ctx: Context, container_id: str, as_numbers: bool) -> Any:
    """How much room a container takes: '10B (virtual 2.14MB)', or podman's JSON for it."""
    from ..formats import humanize
    from ..service import sizes

    own = sizes.writable(ctx, container_id)
    whole = own + sizes.image(ctx, container_id)
    if as_numbers:
        return {"rootFsSize": whole, "rwSize": own}
    return "%s (virtual %s)" % (humanize.compact(own), humanize.compact(whole))


def _namespaces(pid: int) -> Dict[str, str]:
    """The numbers of a process's namespaces by podman's names; '' for one that does not run."""
    result = {}
    for key, name in (("CGROUPNS", "cgroup"), ("IPC", "ipc"), ("MNT", "mnt"), ("NET", "net"), ("PIDNS", "pid"),
                      ("USERNS", "user"), ("UTS", "uts")):
        try:
            result[key] = os.readlink("/proc/%d/ns/%s" % (pid, name)).partition("[")[2].rstrip("]")
        except OSError:
            result[key] = ""
    return result


def _row(ctx: Context, row: Any, full: bool) -> Dict[str, Any]:
    """The fields for tables: those of a template, and the few of the table alone."""
    from ..formats import humanize

    state, now = row.state, time.time()
    command = " ".join(row.command)
    created = humanize.ago(now - row.document["created"])
    return {
        "ID": output.short(row.id, full), "Image": row.document["image_name"] or row.spec.get("image", ""),
        "Command": command if full or len(command) <= 20 else command[:17] + "...", "CreatedAgo": created,
        "CreatedSince": row.document["created"], "Created": _stamp(row.document["created"]), "RunningFor": created,
        "CreatedAt": _stamp(row.document["created"]), "CreatedHuman": created,
        "Status": _status(ctx, row, now), "State": state.status, "Ports": ports_text(row.ports), "Names": row.name,
        "StartedAt": int(state.started_at or NEVER), "Pod": output.short(row.pod_id, full),
        "PodName": row.spec.get("pod", "")}


def _template_row(ctx: Context, row: Any, full: bool) -> Dict[str, Any]:
    """The fields for templates: podman's JSON, but in words where its templates have words."""
    fields = dict(_json_row(ctx, row), **_row(ctx, row, full))
    del fields["Id"]
    return dict(fields, ImageID=output.short(row.document["image_id"], full), Networks=",".join(_networks(row)),
                Restarts=row.state.restarts, **_namespaces(row.state.pid))


def _networks(row: Any) -> List[str]:
    from ..service import listing

    return listing.network_names(row)


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(seconds))


def _status(ctx: Context, row: Any, now: float) -> str:
    from ..formats import humanize

    state = row.state
    if state.status == "running":
        text = "Up " + humanize.ago(now - state.started_at)
        health = containers.health_status(ctx, row.id) if state.raw.get("health") else ""
        return "%s (%s)" % (text, health) if health else text
    if state.status == "exited":
        return "Exited (%d) %s" % (state.exit_code, humanize.ago(now - state.finished_at))
    return str(state.status).capitalize()


def ports_text(rows: List[Dict[str, Any]]) -> str:
    """'0.0.0.0:8080->80/tcp, ...'."""
    return ", ".join("%s:%s->%s/%s" % (
        row.get("host_ip") or "0.0.0.0", row.get("host_port") or "", row["container_port"],
        row.get("protocol", "tcp")) for row in rows)


def _json_row(ctx: Context, row: Any, _full: bool = True) -> Dict[str, Any]:
    """A row of 'ps --format json', with podman's keys."""
    from ..formats import humanize
    from ..service import listing

    state = row.state
    return {
        "AutoRemove": bool(row.spec.get("rm")), "Command": row.command or None,
        "CreatedAt": humanize.ago(time.time() - row.document["created"]),
        "Created": int(row.document["created"]), "Exited": state.status == "exited",
        "ExitedAt": int(state.finished_at or NEVER),
        "ExitCode": state.exit_code, "Id": row.id, "Image": row.document["image_name"] or row.spec.get("image", ""),
        "ImageID": row.document["image_id"], "IsInfra": bool(row.spec.get("infra")),
        "Labels": listing.labels_of(ctx, row) or None,
        "Mounts": sorted(one["target"] for one in row.spec.get("mounts", ())), "Names": [row.name], "Namespaces": {},
        "Networks": _networks(row), "Pid": state.pid, "Pod": row.pod_id, "PodName": row.spec.get("pod", ""),
        "Ports": [{"host_ip": p.get("host_ip", ""), "container_port": p["container_port"],
                   "host_port": p.get("host_port", 0), "range": 1, "protocol": p.get("protocol", "tcp")}
                  for p in row.ports] or None,
        "Size": None, "StartedAt": int(state.started_at or NEVER), "State": state.status,
        "Status": _status(ctx, row, time.time())}


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about containers, and about what else has such a name."""
    kind = parsed.get("type", "all")
    if kind not in KINDS + ("all",):
        raise InvalidInput("--type %s is not there" % kind, "Use one of: %s." % ", ".join(KINDS))
    return output.inspect_each(_names(ctx, parsed), lambda name: _inspect_one(ctx, name, kind, parsed),
                               parsed.get("format"), out=io.out, err=io.err)


def inspect_container(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about containers."""
    return output.inspect_each(_names(ctx, parsed), lambda name: _container(ctx, name, parsed), parsed.get("format"),
                               out=io.out, err=io.err)


def _container(ctx: Context, name: str, parsed: Parsed) -> Any:
    """A container's document, with --size how much room it takes too."""
    document = containers.inspect(ctx, name)
    if parsed.get("size"):
        size = _size(ctx, document["Id"], True)
        document.update(SizeRw=size["rwSize"], SizeRootFs=size["rootFsSize"])
    return document


def _names(ctx: Context, parsed: Parsed) -> List[str]:
    if parsed.get("latest"):
        return [selection.latest(ctx)]
    if not parsed.arguments:
        raise InvalidInput("Nothing is named that is to be inspected", "Name it, or use --latest.")
    return parsed.arguments


KINDS = ("container", "image", "network", "volume", "pod")


def _inspect_one(ctx: Context, name: str, kind: str, parsed: Parsed) -> Any:
    """What is called so; containers come before images, these before networks, as in podman-inspect(1)."""
    for one in KINDS if kind == "all" else (kind,):
        try:
            return _container(ctx, name, parsed) if one == "container" else _document(ctx, name, one)
        except NotFound:
            if kind != "all":
                raise
    raise NotFound("There is no container, image, network, volume or pod %s" % name)


def _document(ctx: Context, name: str, kind: str) -> Any:
    if kind == "image":
        from ..service import images
        return images.inspect(ctx, name)
    if kind == "network":
        from ..service import networks
        return networks.inspect(ctx, name)
    if kind == "pod":
        from ..service import podlisting
        return podlisting.inspect(ctx, name)
    from ..service import volumes
    return volumes.inspect(ctx, name)


VERBS: Tuple[Verb, ...] = (
    Verb("ps", "", "List containers",
         (Flag("all", "a", "bool", "also those that do not run"), Flag("quiet", "q", "bool", "only IDs"),
          Flag("last", "n", "int", "the last so many"), Flag("latest", "l", "bool", "the last one"),
          Flag("filter", "f", "slice", "KEY=VALUE"), Flag("format", help="json, or a Go template"),
          Flag("no-trunc", kind="bool", help="whole IDs and commands"), Flag("noheading", kind="bool", help="no head"),
          Flag("sort", help="command, created, id, image, names, runningfor or status"),
          Flag("watch", "w", "int", "list again every so many seconds"),
          Flag("sync", kind="bool", help="ask the system for the states, which is always done"),
          Flag("external", kind="bool", help="those of other tools too, of which there are none"),
          Flag("ns", kind="bool", help="print the namespaces"),
          Flag("pod", "p", "bool", "print the pod of each"),
          Flag("size", "s", "bool", "print how much room they take")), ps, (0, 0), reads_only=True),
    Verb("inspect", "NAME...", "Print everything about containers and images",
         (Flag("format", "f", help="json, or a Go template"),
          Flag("type", "t", help="container, image, network or volume"),
          Flag("size", "s", "bool", "with how much room they take"), selection.LATEST), inspect, reads_only=True),
    Verb("container inspect", "CONTAINER...", "Print everything about containers",
         (Flag("format", "f", help="json, or a Go template"),
          Flag("size", "s", "bool", "with how much room they take"), selection.LATEST), inspect_container,
         reads_only=True),
)
