# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files: the keys that podman-systemd.unit(5) documents, and which flags of ours they mean.

``read`` takes a file and its drop-ins; an unknown key is an error with file and line. Each kind has a table:
key -> (how its value is taken, flag). formats/quadletunit.py makes units of it.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

from ..errors import InvalidInput, Unsupported
from . import systemdunit
from .systemdunit import Line

# How a value is taken: 'one' the last one counts, 'all' each line is one, 'words' each word of each line is one,
# 'bool' true or false, 'special' formats/quadletunit.py looks at it, 'no' is known and not built.
Table = Dict[str, Tuple[str, str]]


def _table(**groups: str) -> Table:
    """{key: (how, flag)} from 'Key=flag Key=flag' by how; a key without a flag is special or not built."""
    return {key: (how, flag) for how, text in groups.items()
            for key, _equals, flag in (row.partition("=") for row in text.split())}


_COMMON = "ServiceName PodmanArgs GlobalArgs"
CONTAINER = _table(
    special=_COMMON + " ContainerName Image Rootfs Exec Network Pod Volume Mount User Group Notify StartWithPod "
    "EnvironmentFile NoNewPrivileges SeccompProfile SecurityLabelDisable SecurityLabelType SecurityLabelLevel "
    "SecurityLabelFileType Mask Unmask ReloadCmd ReloadSignal",
    one="Entrypoint=entrypoint HealthCmd=health-cmd HealthInterval=health-interval "
    "HealthOnFailure=health-on-failure HealthRetries=health-retries HealthStartPeriod=health-start-period "
    "HealthTimeout=health-timeout HostName=hostname IP=ip IP6=ip6 LogDriver=log-driver Memory=memory "
    "PidsLimit=pids-limit Pull=pull Retry=retry RetryDelay=retry-delay ShmSize=shm-size StopSignal=stop-signal "
    "StopTimeout=stop-timeout Timezone=tz UserNS=userns WorkingDir=workdir CgroupsMode=cgroups",
    all="AddDevice=device AddHost=add-host DNS=dns DNSOption=dns-option DNSSearch=dns-search ExposeHostPort=expose "
    "GroupAdd=group-add LogOpt=log-opt NetworkAlias=network-alias PublishPort=publish Secret=secret Tmpfs=tmpfs "
    "Ulimit=ulimit",
    words="AddCapability=cap-add Annotation=annotation DropCapability=cap-drop Environment=env Label=label "
    "Sysctl=sysctl",
    bool="EnvironmentHost=env-host ReadOnly=read-only ReadOnlyTmpfs=read-only-tmpfs RunInit=init",
    no="AutoUpdate ContainersConfModule GIDMap UIDMap SubGIDMap SubUIDMap RemapGid RemapUid RemapUidSize RemapUsers "
    "HealthLogDestination HealthMaxLogCount HealthMaxLogSize HealthStartupCmd HealthStartupInterval "
    "HealthStartupRetries HealthStartupSuccess HealthStartupTimeout SecurityLabelNested VolatileTmp")
POD = _table(
    special=_COMMON + " PodName Network Volume", one="ExitPolicy=exit-policy HostName=hostname IP=ip IP6=ip6 "
    "ShmSize=shm-size UserNS=userns",
    all="AddHost=add-host DNS=dns DNSOption=dns-option DNSSearch=dns-search NetworkAlias=network-alias "
    "PublishPort=publish", words="Label=label",
    no="ContainersConfModule GIDMap UIDMap SubGIDMap SubUIDMap RemapGid RemapUid RemapUidSize RemapUsers StopTimeout")
NETWORK = _table(
    special=_COMMON + " NetworkName", one="Driver=driver InterfaceName=interface-name",
    all="DNS=dns Gateway=gateway IPRange=ip-range Subnet=subnet Options=opt", words="Label=label",
    bool="DisableDNS=disable-dns Internal=internal IPv6=ipv6", no="ContainersConfModule IPAMDriver NetworkDeleteOnStop")
VOLUME = _table(
    special=_COMMON + " VolumeName Device Type Options Copy User Group", one="Driver=driver", words="Label=label",
    no="ContainersConfModule Image")
IMAGE = _table(
    special=_COMMON + " Image ImageTag", one="Arch=arch AuthFile=authfile CertDir=cert-dir Creds=creds OS=os "
    "Retry=retry RetryDelay=retry-delay Variant=variant", bool="AllTags=all-tags TLSVerify=tls-verify",
    no="ContainersConfModule DecryptionKey")

# kind: (its section, its keys, what its service's name ends with)
KINDS: Dict[str, Tuple[str, Table, str]] = {
    "container": ("Container", CONTAINER, ""), "pod": ("Pod", POD, "-pod"), "network": ("Network", NETWORK, "-network"),
    "volume": ("Volume", VOLUME, "-volume"), "image": ("Image", IMAGE, "-image")}
LATER = {"kube": "kube YAML", "build": "builds"}
# Settings of the service that are the engine's
OWN = ("ExecStart", "ExecStop", "User", "Group", "DynamicUser", "KillMode")
PASSED = ("Unit", "Service", "Install", "Quadlet")


class Quadlet(NamedTuple):
    """One file, read: ``stem`` is its name without .kind, ``path`` where it lies, ``lines`` all its settings."""

    stem: str
    kind: str
    path: str
    lines: List[Line]

    @property
    def section(self) -> str:
        """The section of its kind."""
        return KINDS[self.kind][0]

    def values(self, key: str, section: str = "") -> List[str]:
        """All values of a key in order; an empty one takes back those before it (systemd.syntax(7))."""
        found: List[str] = []
        for line in self.lines:
            if line.section == (section or self.section) and line.key == key:
                found = found + [line.value] if line.value else []
        return found

    def last(self, key: str, section: str = "") -> str:
        """The value that counts of a key, '' when there is none."""
        return (self.values(key, section) or [""])[-1]

    def words(self, key: str, section: str = "") -> List[str]:
        """All words of all values of a key. Raises InvalidInput."""
        return [word for value in self.values(key, section) for word in systemdunit.split(value, "%s: %s" % (
            self.path, key))]

    def flag(self, key: str, default: bool = False, section: str = "") -> bool:
        """A key that is true or false. Raises InvalidInput."""
        text = self.last(key, section).lower()
        if text not in ("", "1", "yes", "true", "on", "0", "no", "false", "off"):
            raise InvalidInput("%s: %s is %r, neither true nor false" % (self.path, key, text))
        return text in ("1", "yes", "true", "on") if text else default


def kind_of(name: str) -> Tuple[str, str]:
    """(stem, kind) of a file's name. Raises InvalidInput, Unsupported."""
    stem, _dot, kind = name.rpartition(".")
    if kind in LATER:
        raise Unsupported("%s: .%s files are not built yet: they belong to %s" % (name, kind, LATER[kind]))
    if kind not in KINDS or not stem:
        raise InvalidInput("%s is no quadlet file" % name, "Name it .%s." % ", .".join(KINDS))
    systemdunit.unit_name(stem + ".service")
    return stem, kind


def read(name: str, path: str, text: str, dropins: Sequence[Tuple[str, str]] = ()) -> Quadlet:
    """A quadlet from a file and its drop-ins, (path, text) each. Raises InvalidInput with file and line."""
    stem, kind = kind_of(name)
    lines: List[Line] = []
    for source, content in ((path, text), *dropins):
        found = systemdunit.parse(content, source)
        for line in found:
            _check(line, kind, source)
        lines += found
    return Quadlet(stem, kind, path, lines)


def _check(line: Line, kind: str, source: str) -> None:
    section, table, _end = KINDS[kind]
    where = "%s, line %d" % (source, line.number)
    if line.section == section:
        if line.key not in table:
            import difflib

            close = difflib.get_close_matches(line.key, list(table), 1)
            raise InvalidInput("%s: [%s] has no key %s" % (where, section, line.key),
                               "Did you mean %s?" % close[0] if close else "podman-systemd.unit(5) lists them.")
        if table[line.key][0] == "no":
            raise Unsupported("%s: %s is not built yet" % (where, line.key), "Leave it out.")
    elif line.section == "Quadlet":
        if line.key != "DefaultDependencies":
            raise InvalidInput("%s: [Quadlet] has no key %s" % (where, line.key), "It has DefaultDependencies.")
    elif line.section not in PASSED and not line.section.startswith("X-"):
        raise InvalidInput("%s: there is no section [%s] in a .%s file" % (where, line.section, kind),
                           "Use [%s], [Unit], [Service] and [Install]." % section)
    elif line.section == "Service" and line.key in OWN:
        raise InvalidInput("%s: %s of the service is the engine's" % (where, line.key), "Leave it out.")


def render(sections: Dict[str, Dict[str, object]]) -> str:
    """A quadlet's text from {section: {key: value or list of values}}. Raises InvalidInput."""
    rows = []
    for section, keys in sections.items():
        settings: List[Tuple[str, str]] = []
        for key, value in keys.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            settings += [(str(key), ("true" if one else "false") if isinstance(one, bool) else str(one))
                         for one in values]
        rows.append((str(section), settings))
    return systemdunit.render(rows)
