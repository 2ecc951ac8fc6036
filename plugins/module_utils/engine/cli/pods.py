# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on pods."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound
from ..formats import pod as formats
from ..formats.pod import PodSpec
from ..service import podlisting, pods
from . import options, output
from .confirm import FORCE, confirmed
from .flags import IO, Flag, Parsed, Verb

ALL = Flag("all", "a", "bool", "all pods")
TIME = Flag("time", "t", "int", "seconds until a container is killed")
IGNORE = Flag("ignore", "i", "bool", "no error for one that is not there")
ID_FILE = Flag("pod-id-file", kind="list", help="a file with the pod's ID")
_OWN_IMAGE = "the infra container has no image; name a program with --infra-command, and mount it with --volume"

# Flags of run that a pod has too, with the same help
_SHARED = ("blkio-weight", "cgroup-parent", "cpu-shares", "cpus", "cpuset-cpus", "cpuset-mems", "device",
           "device-read-bps", "device-read-iops", "device-write-bps", "device-write-iops", "dns", "dns-option",
           "dns-search", "hostname", "ip", "ip6", "mac-address", "memory", "memory-swap", "name", "network",
           "network-alias", "no-hosts", "pid", "publish", "security-opt", "shm-size", "sysctl", "userns", "uts",
           "volumes-from", "restart", "uidmap", "gidmap", "subuidname", "subgidname", "add-host",
           "label", "label-file", "volume")
_OPTIONS = {flag.long: flag for flag in options.CREATE}
CREATE = tuple(_OPTIONS[name]._replace(short={"name": "n"}.get(name, _OPTIONS[name].short)) for name in _SHARED) + (
    Flag("exit-policy", help="continue, or stop when the last container has ended", field="exit_policy"),
    Flag("infra", kind="bool", help="a container that holds the shared namespaces", field="infra"),
    Flag("infra-command", help="what the infra container runs", field="infra_command"),
    Flag("infra-name", help="name of the infra container", field="infra_name"),
    Flag("share", help="namespaces that are shared: ipc,net,uts; +pid adds one; none", field="share"),
    Flag("share-parent", kind="bool", help="the containers' cgroups are below the pod's", field="share_parent"),
    Flag("pod-id-file", help="write the pod's ID to this file"),
    Flag("replace", kind="bool", help="remove a pod of the same name first"),
    Flag("net", kind="list", help="the same as --network", field="network"),
    Flag("infra-image", refused=_OWN_IMAGE), Flag("infra-conmon-pidfile", refused="inspect shows the monitor"),
    Flag("blkio-weight-device", kind="list", refused="only --blkio-weight is there"))


def spec(parsed: Parsed) -> PodSpec:
    """What the words of pod create ask for. Raises InvalidInput that names the flag."""
    document: Dict[str, Any] = {}
    rows = {flag.long: flag.field for flag in CREATE if flag.field}
    for name, value in parsed.flags.items():
        if name in rows:
            document[rows[name]] = formats.canonical(rows[name], value, "--" + name)
    options.labels_hosts_and_volumes(parsed, document)
    if parsed.arguments:
        if document.get("name", parsed.arguments[0]) != parsed.arguments[0]:
            raise InvalidInput("The pod has two names", "Give it as the word behind the flags, or with --name.")
        document["name"] = parsed.arguments[0]
    return formats.from_document(document)


def create(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make a pod and print its ID."""
    wanted = spec(parsed)
    path = parsed.get("pod-id-file")
    if path and os.path.exists(path):
        raise InvalidInput("The file %s exists already" % path, "Remove it, or name another one.")
    if parsed.get("replace"):
        if not wanted.name:
            raise InvalidInput("--replace needs a name", "Say which pod is to be replaced.")
        if pods.exists(ctx, wanted.name):
            from ..service import foresee

            foresee.pod_successor(ctx, wanted)
            pods.remove(ctx, wanted.name, force=True)
    pod = pods.create(ctx, wanted)
    if path:
        with open(path, "w", encoding="ascii") as stream:
            stream.write(pod.id)
    io.out.write(pod.id + "\n")
    return 0


def check(ctx: Context, parsed: Parsed) -> None:
    """Raise what is wrong with create's values, whatever there is on this host."""
    pods.check_values(ctx, spec(options.without_files(parsed)))


def _chosen(ctx: Context, parsed: Parsed) -> List[str]:
    """The pods that were named, in words or files; or with --all the IDs of all."""
    if parsed.get("all"):
        return [row.pod.id for row in podlisting.rows(ctx)]
    if parsed.get("latest"):
        return [row.pod.id for row in podlisting.rows(ctx, last=1)]
    names = list(parsed.arguments)
    for path in parsed.get("pod-id-file", ()):
        try:
            with open(path, encoding="utf-8") as stream:
                names.append(stream.readline(256).strip())
        except OSError as exc:
            raise InvalidInput("%s cannot be read: %s" % (path, exc.strerror)) from exc
    if not names:
        raise InvalidInput("No pod is named", "Name one, or use --all.")
    return names


def _each(ctx: Context, parsed: Parsed, io: IO, action: Callable[[str], Any], *, missing: int = 125) -> int:
    """Do something with each pod and print its ID; one failure does not stop the rest."""
    code = 0
    for name in _chosen(ctx, parsed):
        try:
            pod_id = pods.find(ctx, name)
            if action(pod_id) != "":
                io.out.write(pod_id + "\n")
        except EngineError as exc:
            if isinstance(exc, NotFound) and parsed.get("ignore"):
                continue
            io.err.write("Error: %s\n" % exc)
            code = missing if isinstance(exc, NotFound) else exc.exit_code
    return code


def start(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Start pods, and tell systemd whom to watch: the monitor of the infra container."""
    def one(name: str) -> Any:
        pod = pods.start(ctx, name)
        if parsed.get("sdnotify", "ignore") != "ignore":
            from ..service import unitrun

            unitrun.announce_pod(ctx, pod)
        return pod

    return _each(ctx, parsed, io, one)


def stop(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Stop pods."""
    return _each(ctx, parsed, io, lambda name: pods.stop(ctx, name, timeout=parsed.get("time")))


def restart(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Stop pods and start them."""
    return _each(ctx, parsed, io, lambda name: pods.restart(ctx, name))


def kill(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Send a signal to pods."""
    return _each(ctx, parsed, io, lambda name: pods.kill(ctx, name, parsed.get("signal", "KILL")) or None)


def pause(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Freeze pods."""
    return _each(ctx, parsed, io, lambda name: pods.pause(ctx, name) or None)


def unpause(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Let frozen pods go on."""
    return _each(ctx, parsed, io, lambda name: pods.unpause(ctx, name))


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove pods."""
    return _each(ctx, parsed, io, lambda name: pods.remove(
        ctx, name, force=bool(parsed.get("force")), timeout=parsed.get("time")), missing=1)


def prune(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove all pods that have ended."""
    if not confirmed(parsed, io, "This will remove all pods that have ended."):
        return 0
    for pod_id in pods.prune(ctx):
        io.out.write(pod_id + "\n")
    return 0


def exists(ctx: Context, parsed: Parsed, io: IO) -> int:
    """0 when there is such a pod, else 1."""
    return 0 if pods.exists(ctx, parsed.arguments[0]) else 1


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about pods."""
    format = parsed.get("format")
    try:
        found = [podlisting.inspect(ctx, name) for name in _chosen(ctx, parsed)]
    except NotFound:
        io.out.write("[]\n" if not format else "")
        raise
    if len(found) == 1 and (not format or format == "json"):
        io.out.write(output.to_json(found[0]))     # as podman 4: an object for one, a list for several
    else:
        io.out.write(output.documents(found, format))
    return 0


COLUMNS = (("POD ID", "ID"), ("NAME", "Name"), ("STATUS", "Status"), ("CREATED", "Created"))
INFRA, NUMBER = (("INFRA ID", "InfraID"),), (("# OF CONTAINERS", "NumberOfContainers"),)


def listing(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List pods."""
    rows = podlisting.rows(ctx, filters=parsed.get("filter", ()), last=1 if parsed.get("latest") else 0)
    full, format = bool(parsed.get("no-trunc")), parsed.get("format")
    if parsed.get("quiet"):
        io.out.write("".join(output.short(row.pod.id, full) + "\n" for row in rows))
        return 0
    rows = _sorted(rows, parsed.get("sort", "created"))
    if output.is_json(format):
        io.out.write(output.to_json([_json_row(ctx, row) for row in rows]))
        return 0
    extra: Tuple[Tuple[str, str], ...] = ()
    for flag, header, key in (("ctr-ids", "IDS", "ContainerIds"), ("ctr-names", "NAMES", "ContainerNames"),
                              ("ctr-status", "STATUS", "ContainerStatuses")):
        extra += ((header, key),) if parsed.get(flag) else ()
    if parsed.get("ns"):
        extra += (("CGROUP", "Cgroup"), ("NAMESPACES", "Namespace"))
    io.out.write(output.render([_row(ctx, row, full) for row in rows], COLUMNS + INFRA + (extra or NUMBER),
                               format=format, noheading=bool(parsed.get("noheading"))))
    return 0


def _sorted(rows: Sequence[podlisting.Row], key: str) -> List[podlisting.Row]:
    keys: Dict[str, Callable[[podlisting.Row], Any]] = {
        "created": lambda row: -row.pod.created, "id": lambda row: row.pod.id, "name": lambda row: row.pod.name,
        "number": lambda row: len(row.members), "status": lambda row: row.status}
    if key not in keys:
        raise InvalidInput("--sort %s is not there" % key, "Use one of: %s." % ", ".join(keys))
    return sorted(rows, key=keys[key])


def _row(ctx: Context, row: podlisting.Row, full: bool) -> Dict[str, Any]:
    from ..formats import humanize

    pod = row.pod
    return {
        "ID": output.short(pod.id, full), "Id": pod.id, "Name": pod.name, "Status": row.status,
        "Created": humanize.ago(time.time() - pod.created), "InfraID": output.short(pod.infra, full),
        "InfraId": pod.infra, "NumberOfContainers": len(row.members), "Labels": pod.spec.label,
        "ContainerIds": ",".join(output.short(member.document["id"], full) for member in row.members),
        "ContainerNames": ",".join(member.document["name"] for member in row.members),
        "ContainerStatuses": ",".join(member.state.status for member in row.members),
        "Cgroup": pod.spec.cgroup_parent or "/" + ctx.prefix, "Namespace": ",".join(pod.spec.share),
        "Networks": ",".join(podlisting.networks_of(pod)), "Restarts": sum(m.state.restarts for m in row.members)}


def _json_row(ctx: Context, row: podlisting.Row) -> Dict[str, Any]:
    """A row of 'pod ps --format json', with podman's keys."""
    pod = row.pod
    return {
        "Cgroup": pod.spec.cgroup_parent or "/" + ctx.prefix, "Containers": [
            {"Id": member.document["id"], "Names": member.document["name"], "Status": member.state.status}
            for member in row.members],
        "Created": podlisting.created(pod), "Id": pod.id, "InfraId": pod.infra, "Name": pod.name,
        "Namespace": "", "Networks": podlisting.networks_of(pod), "Status": row.status, "Labels": dict(pod.spec.label)}


_LISTING = (Flag("filter", "f", "slice", "KEY=VALUE"), Flag("format", help="json, or a Go template"),
            Flag("quiet", "q", "bool", "only IDs"), Flag("no-trunc", kind="bool", help="whole IDs"),
            Flag("noheading", kind="bool", help="no head"), Flag("sort", help="created, id, name, number or status"),
            Flag("latest", "l", "bool", "only the last one"), Flag("ctr-ids", kind="bool", help="the containers' IDs"),
            Flag("ctr-names", kind="bool", help="the containers' names"),
            Flag("ctr-status", kind="bool", help="the containers' states"),
            Flag("ns", kind="bool", help="the shared namespaces"))
LATEST = Flag("latest", "l", "bool", "the last one")

VERBS: Tuple[Verb, ...] = (
    Verb("pod create", "[NAME]", "Make a pod", CREATE, create, (0, 1), check=check),
    Verb("pod ps", "", "List pods", _LISTING, listing, (0, 0), reads_only=True),
    Verb("pod ls", "", "List pods", _LISTING, listing, (0, 0), reads_only=True),
    Verb("pod inspect", "POD...", "Print everything about pods",
         (Flag("format", "f", help="json, or a Go template"), LATEST), inspect, reads_only=True),
    Verb("pod start", "POD...", "Start pods", (ALL, LATEST, ID_FILE, Flag(
        "sdnotify", help="tell systemd when it is up: conmon (started), or ignore",
        refused="a pod is up when it has been started", accepted=("ignore", "conmon"))), start),
    Verb("pod stop", "POD...", "Stop pods", (ALL, LATEST, ID_FILE, IGNORE, TIME), stop),
    Verb("pod restart", "POD...", "Stop pods and start them", (ALL, LATEST), restart),
    Verb("pod kill", "POD...", "Send a signal to pods",
         (ALL, LATEST, Flag("signal", "s", help="its name or number")), kill),
    Verb("pod pause", "POD...", "Freeze pods", (ALL, LATEST), pause),
    Verb("pod unpause", "POD...", "Let frozen pods go on", (ALL, LATEST), unpause),
    Verb("pod rm", "POD...", "Remove pods",
         (ALL, LATEST, ID_FILE, IGNORE, TIME, Flag("force", "f", "bool", "stop them first")), remove),
    Verb("pod prune", "", "Remove all pods that have ended",
         (FORCE,), prune, (0, 0)),
    Verb("pod exists", "POD", "Whether there is such a pod", (), exists, (1, 1), reads_only=True),
)
