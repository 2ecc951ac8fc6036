# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From quadlets to units of our engine: command lines, and the dependencies between the files.

Specifiers (``%h``) pass through to systemd; a dollar sign is only for systemd in Exec=, which is written as a
command line of systemd's.
"""

from __future__ import annotations

import os
from typing import Dict, List, Mapping, NamedTuple, Tuple

from ..errors import InvalidInput, Unsupported
from . import serviceunit, systemdunit
from .quadlet import KINDS, Quadlet
from .systemdunit import Setting

DEPENDENCIES = ("After", "Before", "BindsTo", "Conflicts", "OnFailure", "OnSuccess", "PartOf", "PropagatesReloadTo",
                "PropagatesStopTo", "ReloadPropagatedFrom", "Requires", "Requisite", "StopPropagatedFrom", "Upholds",
                "Wants")
_RESOURCE = {"container": "ContainerName", "pod": "PodName", "network": "NetworkName", "volume": "VolumeName",
             "image": "ImageTag"}


class Service(NamedTuple):
    """A unit to be written, and the links that enable it: ``wants`` are (directory, name of the link)."""

    name: str
    text: str
    links: List[Tuple[str, str]]


class _Job:
    """What is collected for one unit."""

    def __init__(self, one: Quadlet, known: Mapping[str, Quadlet], engine: str) -> None:
        self.one, self.known, self.engine = one, known, engine
        self.needs: List[str] = []

    def other(self, name: str) -> Quadlet:
        """Another file by its name; the unit comes to need its service. Raises InvalidInput."""
        if name not in self.known:
            raise InvalidInput("%s needs %s, which is not there" % (self.one.path, name), "Add that file.")
        self.needs.append(service_name(self.known[name]))
        return self.known[name]


def service_name(one: Quadlet) -> str:
    """The name of the unit that a file becomes."""
    stem, at, instance = one.stem.partition("@")
    name = one.last("ServiceName")
    return systemdunit.unit_name((name or stem + KINDS[one.kind][2] + at + instance) + ".service")


def resource_name(one: Quadlet) -> str:
    """The name of the container, network and so on; ``systemd-`` and the file's name unless it says so itself."""
    if one.kind == "image":
        return one.last("ImageTag") or one.last("Image")
    return one.last(_RESOURCE[one.kind]) or "systemd-" + ("%p_%i" if "@" in one.stem else one.stem)


def build(one: Quadlet, known: Mapping[str, Quadlet], engine: str, *, user: bool) -> Service:
    """The unit of a file. ``known`` are all files by name, ``engine`` is our command's absolute path."""
    job = _Job(one, known, engine)
    own = {"container": _container, "pod": _pod, "network": _network, "volume": _volume, "image": _image}[one.kind](job)
    sections = [("Unit", _unit(job, user)), ("Service", _service(one, own))]
    install = [(line.key, line.value) for line in one.lines if line.section == "Install"]
    if install:
        sections.append(("Install", install))
    name = service_name(one)
    return Service(name, systemdunit.render(sections, ["Made by pycontainer from " + one.path]), _links(one, name))


def _unit(job: _Job, user: bool) -> List[Setting]:
    one = job.one
    rows = []
    for line in one.lines:
        if line.section == "Unit":
            content = line.value
            if line.key in DEPENDENCIES:
                content = " ".join(service_name(job.known[word]) if word in job.known else word
                                   for word in line.value.split())
            rows.append((line.key, content))
    rows.append(("SourcePath", one.path.replace("%", "%%")))
    if not user and one.flag("DefaultDependencies", True, "Quadlet"):
        rows += [("Wants", "network-online.target"), ("After", "network-online.target")]
    pod = service_name(job.known[one.last("Pod")]) if one.kind == "container" and one.last("Pod") in job.known else ""
    for need in dict.fromkeys(job.needs):
        rows += [("BindsTo" if need == pod else "Requires", need), ("After", need)]
    if one.kind == "pod":
        members = [service_name(other) for other in job.known.values() if other.kind == "container"
                   and other.last("Pod") == "%s.pod" % one.stem and other.flag("StartWithPod", True)]
        rows += [("Wants", " ".join(members)), ("Before", " ".join(members))] if members else []
    return rows


def _service(one: Quadlet, own: List[Setting]) -> List[Setting]:
    given = [(line.key, line.value) for line in one.lines if line.section == "Service"]
    keys = {key for key, _value in given}
    return given + [(key, value) for key, value in own if key not in keys or key.startswith("Exec")]


def _links(one: Quadlet, name: str) -> List[Tuple[str, str]]:
    """What [Install] asks for, as systemctl(1) enable would do it: a generated unit cannot be enabled."""
    target = name
    if "@." in name:
        instance = one.last("DefaultInstance", "Install")
        if not instance:
            return []
        target = name.replace("@.", "@%s." % instance)
    rows = [("", systemdunit.unit_name(alias)) for alias in one.words("Alias", "Install")]
    for key, end in (("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")):
        rows += [("%s.%s" % (systemdunit.unit_name(other), end), systemdunit.unit_name(target))
                 for other in one.words(key, "Install")]
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


def _line(job: _Job, *words: str, exec_words: Tuple[str, ...] = ()) -> str:
    """A command line that calls the engine."""
    head = [systemdunit.word(job.engine)]
    head += [systemdunit.word(word, specifiers=True) for word in (*job.one.words("GlobalArgs"), *words)]
    return " ".join(head + [systemdunit.word(word, specifiers=True, variables=True) for word in exec_words])


def _container(job: _Job) -> List[Setting]:
    one, name = job.one, resource_name(job.one)
    kind = one.last("Type", "Service") or "notify"
    if kind not in ("notify", "oneshot"):
        raise InvalidInput("%s: Type=%s cannot be" % (one.path, kind), "Use notify or oneshot, or leave it out.")
    words = ["run", "--name", name, "--replace", "--rm"]
    if kind == "notify":
        words += ["--detach", "--sdnotify", _notify(one)]
    words += flags(one) + _security(one) + _user(one) + _networks(job) + _volumes(job)
    words += ["--env-file=" + _path(one, value) for value in one.values("EnvironmentFile")]
    if one.last("Pod"):
        words += ["--pod", resource_name(job.other(one.last("Pod")))]
    words += one.words("PodmanArgs")
    start = _line(job, *words, *_what(job), exec_words=tuple(one.words("Exec")))
    away = _line(job, "rm", "--volumes", "--force", "--ignore", name)
    rows = [("Type", kind), ("KillMode", "process"), ("ExecStart", start), ("ExecStop", away),
            ("ExecStopPost", "-" + away)]
    if kind == "notify":
        rows += [("NotifyAccess", "all"), *serviceunit.killed(one.last("Restart", "Service"))]
    return rows + _reload(job, name)


def _reload(job: _Job, name: str) -> List[Setting]:
    one = job.one
    if one.last("ReloadCmd") and one.last("ReloadSignal"):
        raise InvalidInput("%s: ReloadCmd and ReloadSignal exclude each other" % one.path, "Use one of them.")
    if one.last("ReloadCmd"):
        return [("ExecReload", _line(job, "exec", name, exec_words=tuple(one.words("ReloadCmd"))))]
    return [("ExecReload", _line(job, "kill", "--signal", one.last("ReloadSignal"), name))] if one.last(
        "ReloadSignal") else []


def _what(job: _Job) -> List[str]:
    """The image, or the root directory."""
    one = job.one
    image, rootfs = one.last("Image"), one.last("Rootfs")
    if bool(image) == bool(rootfs):
        raise InvalidInput("%s has %s" % (one.path, "both Image and Rootfs" if image else "no Image"),
                           "Give one of Image and Rootfs.")
    if rootfs:
        return ["--rootfs", rootfs]
    if image.endswith(".build"):
        raise Unsupported("%s: builds are not built yet" % one.path)
    return [resource_name(job.other(image)) if image.endswith(".image") else image]


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


def _networks(job: _Job) -> List[str]:
    rows = []
    for value in job.one.values("Network"):
        name, colon, more = value.partition(":")
        if name.endswith(".network"):
            name = resource_name(job.other(name))
        elif name.endswith(".container"):
            name, colon, more = "container", ":", resource_name(job.other(name))
        rows.append("--network=" + name + colon + more)
    return rows


def _volumes(job: _Job) -> List[str]:
    rows = []
    for value in job.one.values("Volume"):
        source, colon, more = value.partition(":")
        if colon:
            source = resource_name(job.other(source)) if source.endswith(".volume") else _path(job.one, source)
        rows.append("--volume=" + source + colon + more)
    for value in job.one.values("Mount"):
        parts = value.split(",")
        for number, part in enumerate(parts):
            key, _equals, content = part.partition("=")
            if key in ("source", "src"):
                if content.endswith(".volume"):
                    content = resource_name(job.other(content))
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


def _pod(job: _Job) -> List[Setting]:
    one, name = job.one, resource_name(job.one)
    words = ["pod", "create", "--replace", *flags(one), *_networks(job), *_volumes(job), *one.words("PodmanArgs"), name]
    return _oneshot(("KillMode", "process"), ("ExecStartPre", _line(job, *words)),
                    ("ExecStart", _line(job, "pod", "start", name)), ("ExecStop", _line(job, "pod", "stop", name)),
                    ("ExecStopPost", "-" + _line(job, "pod", "rm", "--force", "--ignore", name)))


def _network(job: _Job) -> List[Setting]:
    one = job.one
    return _oneshot(("ExecStart", _line(job, "network", "create", "--ignore", *flags(one), *one.words("PodmanArgs"),
                                        resource_name(one))))


def _volume(job: _Job) -> List[Setting]:
    one, options = job.one, []
    mount = [one.last("Options")] if one.last("Options") else []
    mount += ["%s=%s" % (key.lower()[0] + "id", one.last(key)) for key in ("User", "Group") if one.last(key)]
    for key, value in (("type", one.last("Type")), ("device", one.last("Device")), ("o", ",".join(mount))):
        options += ["--opt=%s=%s" % (key, value)] if value else []
    if one.last("Copy") and not one.flag("Copy"):
        options.append("--opt=nocopy")
    return _oneshot(("ExecStart", _line(job, "volume", "create", "--ignore", *flags(one), *options,
                                        *one.words("PodmanArgs"), resource_name(one))))


def _image(job: _Job) -> List[Setting]:
    one = job.one
    if not one.last("Image"):
        raise InvalidInput("%s has no Image" % one.path, "Add Image to [Image].")
    return _oneshot(("ExecStart", _line(job, "pull", "--quiet", *flags(one), *one.words("PodmanArgs"),
                                        one.last("Image"))))


def build_all(known: Mapping[str, Quadlet], engine: str, *, user: bool) -> Tuple[Dict[str, Service], List[Exception]]:
    """The units of all files by name, and the errors of those that made no sense."""
    from ..errors import EngineError

    services: Dict[str, Service] = {}
    problems: List[Exception] = []
    for one in known.values():
        try:
            service = build(one, known, engine, user=user)
            if service.name in services:
                raise InvalidInput("%s: there is another file for %s" % (one.path, service.name), "Rename one.")
            services[service.name] = service
        except EngineError as exc:
            problems.append(exc)
    return services, problems
