# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From quadlets to units of our engine: command lines, and the dependencies between the files.

Specifiers (``%h``) pass through to systemd; a dollar sign is only for systemd in Exec=, which is written as a
command line of systemd's.
"""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..errors import EngineError, InvalidInput, Unsupported
from . import serviceunit, specifiers, systemdunit
from .quadlet import KINDS, Quadlet
from .quadletreference import Job, Other, plain, resource_name, service_name
from .systemdunit import Setting

# Without these no other key makes sense; and whose values are nobody's business
_FIRST = ("Image", "Rootfs", "ContainerName", "PodName", "NetworkName", "VolumeName")
_SECRET = ("Creds", "Environment")
# Lines that are tried for the place of an error: the generators of a boot have seconds, whatever lies there
_LOOKED_AT = 300
DEPENDENCIES = ("After", "Before", "BindsTo", "Conflicts", "OnFailure", "OnSuccess", "PartOf", "PropagatesReloadTo",
                "PropagatesStopTo", "ReloadPropagatedFrom", "Requires", "Requisite", "StopPropagatedFrom", "Upholds",
                "Wants")


class Service(NamedTuple):
    """A unit to be written, the links that enable it, (directory, name of the link) each, and the command lines that
    it calls the engine by, whose words may have specifiers in them."""

    name: str
    text: str
    links: List[Tuple[str, str]]
    commands: List[List[str]]


def build(one: Quadlet, known: Mapping[str, Quadlet], engine: str, *, user: bool) -> Service:
    """The unit of a file. ``known`` are all files by name, ``engine`` is our command's absolute path."""
    job = Job(one, known, engine)
    own = {"container": _container, "pod": _pod, "network": _network, "volume": _volume, "image": _image}[one.kind](job)
    sections = [("Unit", _unit(job, user)), ("Service", _service(one, own))]
    install = [(line.key, line.value) for line in one.lines if line.section == "Install"]
    if install:
        sections.append(("Install", install))
    name = service_name(one)
    return Service(name, systemdunit.render(sections, ["Made by pycontainer from " + one.path]),
                   [*_started_by_instance(job, name), *_links(one, name)], job.commands)


def _unit(job: Job, user: bool) -> List[Setting]:
    one = job.one
    rows = []
    for line in one.lines:
        if line.section == "Unit":
            content = line.value
            if line.key in DEPENDENCIES:
                content = " ".join(job.translated(word) for word in line.value.split())
            rows.append((line.key, content))
    rows.append(("SourcePath", one.path.replace("%", "%%")))
    if one.flag("DefaultDependencies", True, "Quadlet") and not user:
        rows += [("Wants", "network-online.target"), ("After", "network-online.target")]
    pod = job.find(one.last("Pod")) if one.kind == "container" and one.last("Pod") else None
    for need in job.needs:
        rows += [("BindsTo" if pod is not None and need == pod.service else "Requires", need), ("After", need)]
    members = _members(job) if one.kind == "pod" else []
    rows += [("Wants", " ".join(members)), ("Before", " ".join(members))] if members else []
    return rows


def _members(job: Job) -> List[str]:
    """The units that start with a pod's: of its containers, and of templates the instance that is the pod's own.

    A container of one instance of a pod's template only cannot stand in the template; see _started_by_instance.
    """
    found = []
    for other in job.known.values():
        # What is wrong with a container's file is said of that file.
        with contextlib.suppress(InvalidInput):
            pod, template = _pod_it_starts_with(Job(other, job.known, job.engine)), other.stem.endswith("@")
            if pod is None or pod.file is not job.one or (job.one.stem.endswith("@") and pod.instance != "%i"):
                continue
            if not template or job.own["i"]:
                found.append(Other(other, job.own["i"] if template else "").service)
    return found


def _pod_it_starts_with(job: Job) -> Optional[Other]:
    """The pod whose start is a container's, too; None when there is none."""
    starts = job.one.kind == "container" and job.one.last("Pod") and job.one.flag("StartWithPod", True)
    return job.find(job.one.last("Pod")) if starts else None


def _service(one: Quadlet, own: List[Setting]) -> List[Setting]:
    given = [(line.key, line.value) for line in one.lines if line.section == "Service"]
    keys = {key for key, _value in given}
    return given + [(key, value) for key, value in own if key not in keys or key.startswith("Exec")]


def _started_by_instance(job: Job, name: str) -> List[Tuple[str, str]]:
    """The link by which a container starts with its pod, where that is one instance of a template."""
    pod = _pod_it_starts_with(job)
    if pod is None or pod.instance in ("", "%i") or "@." in name:
        return []
    return [(pod.service + ".wants", name)]


def _links(one: Quadlet, name: str) -> List[Tuple[str, str]]:
    """What [Install] asks for, as systemctl(1) enable would do it: a generated unit cannot be enabled."""
    target = name
    if "@." in name:
        instance = one.last("DefaultInstance", "Install")
        if not instance:
            return []
        target = name.replace("@.", "@%s." % instance)
    own = specifiers.of_unit(target)

    def named(key: str) -> List[str]:
        return [systemdunit.unit_name(specifiers.expand(word, own)[0]) for word in one.words(key, "Install")]

    rows = [("", alias) for alias in named("Alias")]
    for key, end in (("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")):
        rows += [("%s.%s" % (other, end), systemdunit.unit_name(target)) for other in named(key)]
    return rows


def flags(one: Quadlet) -> List[str]:
    """The flags of all keys that are one to one, in the order of the table."""
    rows: List[str] = []
    for key, (how, flag) in KINDS[one.kind][1].items():
        values = one.values(key)
        if not values:
            continue
        if how == "bool":
            rows.append("--%s=%s" % (flag, "true" if one.flag(key) else "false"))
        elif how in ("one", "all", "words"):
            chosen = values[-1:] if how == "one" else values if how == "all" else one.words(key)
            rows += ["--%s=%s" % (flag, value) for value in chosen]
    return rows


def _line(job: Job, *words: str, exec_words: Tuple[str, ...] = ()) -> str:
    """A command line that calls the engine."""
    job.commands.append([*job.one.words("GlobalArgs"), *words, *exec_words])
    head = [systemdunit.word(job.engine)]
    head += [systemdunit.word(word, specifiers=True) for word in (*job.one.words("GlobalArgs"), *words)]
    return " ".join(head + [systemdunit.word(word, specifiers=True, variables=True) for word in exec_words])


def _container(job: Job) -> List[Setting]:
    one, name = job.one, resource_name(job.one)
    kind = one.last("Type", "Service") or "notify"
    if kind not in ("notify", "oneshot"):
        raise InvalidInput("%s: Type=%s cannot be" % (one.path, kind), "Use notify or oneshot, or leave it out.")
    words = ["run", "--name", name, "--replace", "--rm"]
    if kind == "notify":
        words += ["--detach", "--sdnotify", _notify(one)]
    words += flags(one) + _security(one) + _user(one) + _networks(job) + _volumes(job)
    words += _environment_files(one)
    one.flag("StartWithPod")  # It is for the pod's unit, and an error is this file's.
    if one.last("Pod"):
        words += ["--pod", _pod_of(job).resource]
    words += one.words("PodmanArgs")
    start = _line(job, *words, *_what(job), exec_words=tuple(one.words("Exec")))
    away = _line(job, "rm", "--volumes", "--force", "--ignore", name)
    rows = [("Type", kind), ("KillMode", "process"), ("ExecStart", start), ("ExecStop", away),
            ("ExecStopPost", "-" + away)]
    if kind == "notify":
        rows += [("NotifyAccess", "all"), *serviceunit.killed(one.last("Restart", "Service"))]
    return rows + _reload(job, name)


def _pod_of(job: Job) -> Other:
    """The pod that a container is of."""
    name = job.one.last("Pod")
    if not name.endswith(".pod"):
        raise InvalidInput("%s: Pod=%s is no .pod file" % (job.one.path, name), "PodmanArgs=--pod=NAME takes a pod "
                           "that is made otherwise.")
    return job.other(name)


def _reload(job: Job, name: str) -> List[Setting]:
    one = job.one
    if one.last("ReloadCmd") and one.last("ReloadSignal"):
        raise InvalidInput("%s: ReloadCmd and ReloadSignal exclude each other" % one.path, "Use one of them.")
    if one.last("ReloadCmd"):
        return [("ExecReload", _line(job, "exec", name, exec_words=tuple(one.words("ReloadCmd"))))]
    return [("ExecReload", _line(job, "kill", "--signal", one.last("ReloadSignal"), name))] if one.last(
        "ReloadSignal") else []


def _what(job: Job) -> List[str]:
    """The image, or the root directory."""
    one = job.one
    image, rootfs = plain(one, "Image"), plain(one, "Rootfs")
    if bool(image) == bool(rootfs):
        raise InvalidInput("%s has %s" % (one.path, "both Image and Rootfs" if image else "no Image"),
                           "Give one of Image and Rootfs.")
    if rootfs:
        return ["--rootfs", rootfs]
    if image.endswith(".build"):
        raise Unsupported("%s: builds are not built yet" % one.path)
    return [job.other(image).resource if image.endswith(".image") else image]


def _environment_files(one: Quadlet) -> List[str]:
    """Paths that are not absolute are those beside the file, but for what a specifier begins with."""
    for path in one.words("EnvironmentFile"):
        if path.startswith("-"):
            raise Unsupported("%s: EnvironmentFile=%s: a file that may be missing is not built yet" % (one.path, path),
                              "Leave the dash out.")
    return ["--env-file=" + (path if path.startswith(("/", "%")) else _path(one, "./" + path))
            for path in one.words("EnvironmentFile")]


def _notify(one: Quadlet) -> str:
    text = one.last("Notify").lower()
    if text == "healthy":
        return "healthy"
    if one.flag("Notify"):
        raise Unsupported("%s: Notify=true is not built yet: the container cannot tell systemd itself" % one.path,
                          "Use healthy, or leave it out.")
    return "conmon"


def _security(one: Quadlet) -> List[str]:
    rows = ["no-new-privileges"] if one.flag("NoNewPrivileges") else []
    rows += ["label=disable"] if one.flag("SecurityLabelDisable") else []
    for key, begin in (("SeccompProfile", "seccomp="), ("SecurityLabelType", "label=type:"),
                       ("SecurityLabelLevel", "label=level:"), ("SecurityLabelFileType", "label=filetype:"),
                       ("Mask", "mask="), ("Unmask", "unmask=")):
        rows += [begin + one.last(key)] if one.last(key) else []
    return ["--security-opt=" + row for row in rows]


def _user(one: Quadlet) -> List[str]:
    user, group = one.last("User"), one.last("Group")
    if group and not user:
        raise InvalidInput("%s has a Group and no User" % one.path, "Add User.")
    return ["--user=%s" % (user + ":" + group if group else user)] if user else []


def _networks(job: Job) -> List[str]:
    rows = []
    for value in job.one.values("Network"):
        name, colon, more = value.partition(":")
        if name.endswith(".network"):
            name = job.other(name).resource
        elif name.endswith(".container"):
            if colon:
                raise InvalidInput("%s: Network=%s: there are no options for the network of a container" % (
                    job.one.path, value), "Leave them out.")
            name, colon, more = "container", ":", job.other(name).resource
        rows.append("--network=" + name + colon + more)
    return rows


def _volumes(job: Job) -> List[str]:
    rows = []
    for value in job.one.values("Volume"):
        source, colon, more = value.partition(":")
        if colon:
            source = job.other(source).resource if source.endswith(".volume") else _path(job.one, source)
        rows.append("--volume=" + source + colon + more)
    for value in job.one.values("Mount"):
        parts = value.split(",")
        for number, part in enumerate(parts):
            key, _equals, content = part.partition("=")
            if key in ("source", "src"):
                if content.endswith((".volume", ".image")):
                    content = job.other(content).resource
                parts[number] = "%s=%s" % (key, _path(job.one, content))
        rows.append("--mount=" + ",".join(parts))
    return rows


def _path(one: Quadlet, text: str) -> str:
    """A path that begins with a dot is one from where the file lies."""
    if not text.startswith("."):
        return text
    return os.path.normpath(os.path.join(os.path.dirname(one.path), text))


def _oneshot(*rows: Setting) -> List[Setting]:
    return [("Type", "oneshot"), ("RemainAfterExit", "yes"), *rows]


def _pod(job: Job) -> List[Setting]:
    """The pod ends with its last container unless it says otherwise, and the unit with the pod."""
    one, name = job.one, resource_name(job.one)
    kind = one.last("Type", "Service") or "notify"
    if kind != "notify":
        raise InvalidInput("%s: Type=%s cannot be" % (one.path, kind), "Leave it out.")
    words = ["pod", "create", "--replace", *([] if one.last("ExitPolicy") else ["--exit-policy=stop"]), *flags(one),
             *_networks(job), *_volumes(job), *one.words("PodmanArgs"), name]
    return [("Type", kind), ("NotifyAccess", "all"), ("KillMode", "process"),
            ("SuccessExitStatus", serviceunit.KILLED), ("ExecStartPre", _line(job, *words)),
            ("ExecStart", _line(job, "pod", "start", "--sdnotify=conmon", name)),
            ("ExecStop", _line(job, "pod", "stop", name)),
            ("ExecStopPost", "-" + _line(job, "pod", "rm", "--force", "--ignore", name))]


def _network(job: Job) -> List[Setting]:
    one = job.one
    return _oneshot(("ExecStart", _line(job, "network", "create", "--ignore", *flags(one), *one.words("PodmanArgs"),
                                        resource_name(one))))


def _volume(job: Job) -> List[Setting]:
    one, options = job.one, []
    mount = [one.last("Options")] if one.last("Options") else []
    mount += ["%s=%s" % (key.lower()[0] + "id", one.last(key)) for key in ("User", "Group") if one.last(key)]
    for key, value in (("type", one.last("Type")), ("device", one.last("Device")), ("o", ",".join(mount))):
        options += ["--opt=%s=%s" % (key, value)] if value else []
    if one.last("Copy") and not one.flag("Copy"):
        options.append("--opt=nocopy")
    return _oneshot(("ExecStart", _line(job, "volume", "create", "--ignore", *flags(one), *options,
                                        *one.words("PodmanArgs"), resource_name(one))))


def _image(job: Job) -> List[Setting]:
    one = job.one
    image = plain(one, "Image")
    if not image:
        raise InvalidInput("%s has no Image" % one.path, "Add Image to [Image].")
    return _oneshot(("ExecStart", _line(job, "pull", "--quiet", *flags(one), *one.words("PodmanArgs"), image)))


def build_all(known: Mapping[str, Quadlet], engine: str, *, user: bool,
              check: Callable[[Service], None] = lambda _service: None) -> Tuple[Dict[str, Service], List[EngineError]]:
    """The units of all files by name, and the errors of those that made no sense, or that ``check`` raised."""
    services: Dict[str, Service] = {}
    problems: List[EngineError] = []
    for one in known.values():
        try:
            service = build_checked(one, known, engine, user=user, check=check)
            if service.name in services:
                raise InvalidInput("%s: there is another file for %s" % (one.path, service.name), "Rename one.")
            services[service.name] = service
        except EngineError as exc:
            problems.append(exc)
    return services, problems


def build_checked(one: Quadlet, known: Mapping[str, Quadlet], engine: str, *, user: bool,
                  check: Callable[[Service], None]) -> Service:
    """The unit of a file, once ``check`` has found nothing wrong. An error names file, line, key and value."""
    def attempt(part: Quadlet) -> Service:
        service = build(part, known, engine, user=user)
        check(service)
        return service

    try:
        return attempt(one)
    except EngineError as exc:
        raise _placed(one, exc, attempt) from exc


def _shown(line: systemdunit.Line, text: str) -> Tuple[str, str]:
    """A line that brings an error about as people may see it, and what is wrong with it."""
    if line.key in _SECRET:
        return line.key, "the value, which is not shown, makes no sense"
    setting = "%s=%s" % (line.key, (line.value if line.value.isprintable() else repr(line.value))[:200])
    return setting, text[len(setting) + 2:] if text.startswith(setting + ": ") else text


def _placed(one: Quadlet, exc: EngineError, attempt: Callable[[Quadlet], Service]) -> EngineError:
    """The error with the line that brings it about: the one with which alone it comes up, too."""
    text = exc.message[len(one.path) + 2:] if exc.message.startswith(one.path + ": ") else exc.message
    where = one.path
    kept: List[systemdunit.Line] = []
    lines = sorted((line for line in one.lines if line.value),
                   key=lambda line: _FIRST.index(line.key) if line.key in _FIRST else len(_FIRST))
    for line in lines[:_LOOKED_AT]:
        try:
            attempt(one._replace(lines=[*kept, line]))
        except EngineError as again:
            if again.message == exc.message:
                setting, text = _shown(line, text)
                where = "%s, line %d: %s" % (line.source, line.number, setting)
                break
        if line.key in _FIRST:
            kept.append(line)
    kind = Unsupported if isinstance(exc, Unsupported) else InvalidInput
    return kind("%s: %s" % (where, text), exc.hint)
