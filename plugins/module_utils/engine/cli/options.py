# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flags of run and create: one row each, through the same canonical forms as the module's options."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import InvalidInput
from ..formats import mounts, values
from ..formats.container import ContainerSpec, from_document
from .flags import Flag, Parsed

_ROOTLESS = "user namespaces are not there"

FIELDS = (
    Flag("name", help="the container's name", field="name"),
    Flag("annotation", kind="slice", help="KEY=VALUE for the OCI configuration", field="annotation"),
    Flag("blkio-weight", help="block I/O weight, 10 to 1000", field="blkio_weight"),
    Flag("cap-add", kind="slice", help="add a capability", field="cap_add"),
    Flag("cap-drop", kind="slice", help="drop a capability", field="cap_drop"),
    Flag("cgroup-conf", kind="slice", help="KEY=VALUE of cgroup v2", field="cgroup_conf"),
    Flag("cgroup-parent", help="the cgroup below which the container's is", field="cgroup_parent"),
    Flag("cgroupns", help="private or host", field="cgroupns"),
    Flag("cpu-period", help="microseconds", field="cpu_period"),
    Flag("cpu-quota", help="microseconds", field="cpu_quota"),
    Flag("cpu-rt-period", help="microseconds", field="cpu_rt_period"),
    Flag("cpu-rt-runtime", help="microseconds", field="cpu_rt_runtime"),
    Flag("cpu-shares", "c", help="relative weight", field="cpu_shares"),
    Flag("cpus", help="number of processors", field="cpus"),
    Flag("cpuset-cpus", help="processors, 0-3 or 0,1", field="cpuset_cpus"),
    Flag("cpuset-mems", help="memory nodes", field="cpuset_mems"),
    Flag("device", kind="slice", help="HOST[:CONTAINER][:rwm]", field="device"),
    Flag("device-cgroup-rule", kind="slice", help="'c 1:3 rwm'", field="device_cgroup_rule"),
    Flag("device-read-bps", kind="slice", help="DEVICE:RATE", field="device_read_bps"),
    Flag("device-read-iops", kind="slice", help="DEVICE:RATE", field="device_read_iops"),
    Flag("device-write-bps", kind="slice", help="DEVICE:RATE", field="device_write_bps"),
    Flag("device-write-iops", kind="slice", help="DEVICE:RATE", field="device_write_iops"),
    Flag("dns", kind="slice", help="a name server's address", field="dns"),
    Flag("dns-option", kind="slice", help="an option for resolv.conf", field="dns_option"),
    Flag("dns-search", kind="slice", help="a search domain", field="dns_search"),
    Flag("entrypoint", help="in place of the image's; a JSON list or one word", field="entrypoint"),
    Flag("env-host", kind="bool", help="pass all of the caller's variables", field="env_host"),
    Flag("expose", kind="slice", help="a port or a range, for -P", field="expose"),
    Flag("group-add", kind="slice", help="one more group", field="group_add"),
    Flag("health-on-failure", help="none, kill, restart or stop", field="healthcheck_failure_action"),
    Flag("hostname", "h", help="the container's host name", field="hostname"),
    Flag("http-proxy", kind="bool", help="pass the caller's proxy variables", field="http_proxy"),
    Flag("image-volume", help="anonymous, tmpfs or ignore", field="image_volume"),
    Flag("init-ctr", help="once or always: run to its end before the others of the pod", field="init_ctr"),
    Flag("init", kind="bool", help="run an init that reaps processes", field="init"),
    Flag("init-path", help="the init's path on the host", field="init_path"),
    Flag("interactive", "i", "bool", "keep standard input open", field="interactive"),
    Flag("ip", help="a fixed IPv4 address", field="ip"),
    Flag("ip6", help="a fixed IPv6 address", field="ip6"),
    Flag("ipc", help="private, shareable, host, none, container:NAME or ns:PATH", field="ipc"),
    Flag("log-driver", help="k8s-file, journald or none", field="log_driver"),
    Flag("log-opt", kind="slice", help="KEY=VALUE for the log", field="log_opt"),
    Flag("mac-address", help="a fixed MAC address", field="mac_address"),
    Flag("memory", "m", help="limit, such as 64m", field="memory"),
    Flag("memory-reservation", help="soft limit", field="memory_reservation"),
    Flag("memory-swap", help="memory and swap together; -1 for no limit", field="memory_swap"),
    Flag("memory-swappiness", help="0 to 100", field="memory_swappiness"),
    Flag("network", kind="list", help="a network, none, host, container:NAME or ns:PATH", field="network"),
    Flag("network-alias", kind="slice", help="one more name on the network", field="network_aliases"),
    Flag("no-healthcheck", kind="bool", help="ignore the image's health check", field="no_healthcheck"),
    Flag("no-hosts", kind="bool", help="leave /etc/hosts alone", field="no_hosts"),
    Flag("oom-kill-disable", kind="bool", help="no kill for want of memory", field="oom_kill_disable"),
    Flag("oom-score-adj", help="-1000 to 1000", field="oom_score_adj"),
    Flag("passwd", kind="bool", help="put the user into /etc/passwd", field="passwd"),
    Flag("pid", help="private, host, container:NAME or ns:PATH", field="pid"),
    Flag("pod", help="put it into this pod; new:NAME makes the pod", field="pod"),
    Flag("pids-limit", help="number of processes; -1 for no limit", field="pids_limit"),
    Flag("privileged", kind="bool", help="all capabilities and devices", field="privileged"),
    Flag("publish", "p", "slice", "[[IP:]HOST:]CONTAINER[/PROTOCOL]", field="publish"),
    Flag("publish-all", "P", "bool", "publish all exposed ports", field="publish_all"),
    Flag("read-only", kind="bool", help="the root file system cannot be written to", field="read_only"),
    Flag("read-only-tmpfs", kind="bool", help="tmpfs on /run, /tmp and /var/tmp of a read-only container",
         field="read_only_tmpfs"),
    Flag("requires", kind="slice", help="containers that are started first", field="requires"),
    Flag("restart", help="no, on-failure[:N], always or unless-stopped", field="restart_policy"),
    Flag("rm", kind="bool", help="remove the container when it ends", field="rm"),
    Flag("rootfs", kind="bool", help="the image is a directory of the host", field="rootfs"),
    Flag("secret", kind="list", help="NAME[,type=env][,target=...]", field="secrets"),
    Flag("security-opt", kind="list", help="seccomp=FILE, no-new-privileges, ...", field="security_opt"),
    Flag("shm-size", help="size of /dev/shm", field="shm_size"),
    Flag("stop-signal", help="the signal that asks it to end", field="stop_signal"),
    Flag("stop-timeout", help="seconds until it is killed", field="stop_timeout"),
    Flag("sysctl", kind="slice", help="NAME=VALUE of its own namespaces", field="sysctl"),
    Flag("systemd", help="true, false or always", field="systemd"),
    Flag("timeout", help="seconds after which it is killed", field="timeout"),
    Flag("tty", "t", "bool", "give it a terminal", field="tty"),
    Flag("tz", help="time zone, or local", field="timezone"),
    Flag("ulimit", kind="slice", help="NAME=SOFT[:HARD]", field="ulimit"),
    Flag("umask", help="octal", field="umask"),
    Flag("unsetenv", kind="list", help="take a variable of the image away", field="unsetenv"),
    Flag("unsetenv-all", kind="bool", help="take all variables of the image away", field="unsetenv_all"),
    Flag("user", "u", help="NAME or UID, with :GROUP or :GID", field="user"),
    Flag("userns", help="keep-id[:uid=N,gid=N,size=N], auto[:size=N], nomap, host, container:NAME or ns:PATH",
         field="userns"),
    Flag("uidmap", kind="slice", help="INSIDE:OUTSIDE[:COUNT] of the container's user namespace", field="uidmap"),
    Flag("gidmap", kind="slice", help="INSIDE:OUTSIDE[:COUNT] of the container's user namespace", field="gidmap"),
    Flag("subuidname", help="whose ranges in /etc/subuid the container gets", field="subuidname"),
    Flag("subgidname", help="whose ranges in /etc/subgid the container gets", field="subgidname"),
    Flag("uts", help="private, host or container:NAME", field="uts"),
    Flag("volumes-from", kind="list", help="the mounts of another container", field="volumes_from"),
    Flag("workdir", "w", help="working directory", field="workdir"),
)

COMBINED = (
    Flag("add-host", kind="slice", help="NAME:ADDRESS for /etc/hosts"),
    Flag("env", "e", "list", "NAME=VALUE; NAME takes the caller's value, NAME* all that begin so"),
    Flag("env-file", kind="slice", help="a file of NAME=VALUE lines"),
    Flag("env-merge", kind="list", help="NAME=VALUE, where ${NAME} is the image's value"),
    Flag("label", "l", "list", "KEY=VALUE"),
    Flag("label-file", kind="slice", help="a file of KEY=VALUE lines"),
    Flag("mount", kind="list", help="type=...,source=...,target=..."),
    Flag("tmpfs", kind="list", help="PATH[:OPTIONS]"),
    Flag("volume", "v", "list", "[SOURCE:]TARGET[:OPTIONS]"),
    Flag("health-cmd", help="the health check's command, or none"),
    Flag("health-interval", help="time between checks, such as 30s"),
    Flag("health-retries", help="failures until it is unhealthy"),
    Flag("health-start-period", help="time in which failures do not count"),
    Flag("health-timeout", help="time that a check may take"),
)

PULL = (
    Flag("pull", help="always, missing, newer or never"),
    Flag("platform", help="OS/ARCHITECTURE[/VARIANT]"), Flag("arch", help="architecture"),
    Flag("os", help="operating system"), Flag("variant", help="variant of the architecture"),
    Flag("authfile", help="file with credentials"), Flag("tls-verify", kind="bool", help="verify certificates"),
    Flag("cert-dir", help="directory with certificates"), Flag("creds", help="USER:PASSWORD"),
    Flag("retry", kind="int", help="how often to try again"), Flag("retry-delay", help="time between tries"),
)

CLIENT = (
    Flag("cidfile", help="write the container's ID to this file"),
    Flag("replace", kind="bool", help="remove a container of the same name first"),
    Flag("quiet", "q", "bool", "say nothing about a pull"),
    Flag("disable-content-trust", kind="bool", help="there is none to disable"),
    Flag("passwd-entry", refused="the user's line is the engine's"),
    Flag("pod-id-file", help="put it into the pod whose ID this file holds"),
    Flag("hostuser", kind="slice", refused=_ROOTLESS), Flag("gpus", refused="CDI is not there"),
    Flag("sdnotify", help="tell systemd when it is up: conmon (started), healthy, or ignore",
         refused="the container cannot tell systemd itself", accepted=("ignore", "conmon", "healthy")),
    Flag("cgroups", refused="every container has its own", accepted=("enabled", "no-conmon")),
    Flag("chrootdirs", kind="slice", refused="it is not there"),
    Flag("decryption-key", kind="list", refused="encrypted images are not there"),
    Flag("conmon-pidfile", refused="inspect shows the monitor"), Flag("pidfile", refused="inspect shows the process"),
    Flag("seccomp-policy", refused="the default profile is always the engine's", accepted=("default",)),
    Flag("rdt-class", refused="Intel RDT is not there"), Flag("personality", refused="it is not there"),
)

CREATE = FIELDS + COMBINED + PULL + CLIENT

_ALIASES = {"net": "network", "dns-opt": "dns-option", "userns-mode": "userns"}
ALL = CREATE + tuple(flag._replace(long=alias, short="") for alias, name in _ALIASES.items()
                     for flag in CREATE if flag.long == name)


def spec(parsed: Parsed) -> ContainerSpec:
    """What run's or create's words ask for. Raises InvalidInput that names the flag."""
    document: Dict[str, Any] = {}
    rows = {flag.long: flag for flag in ALL if flag.field}
    for name, value in parsed.flags.items():
        flag = rows.get(name)
        if flag is not None:
            document[flag.field] = values.canonical(flag.field, value, "--" + name)
    if parsed.get("pod-id-file"):
        with open(parsed.get("pod-id-file"), encoding="ascii") as stream:
            document["pod"] = values.canonical("pod", stream.readline(256).strip(), "--pod-id-file")
    document["image"] = values.canonical("image", parsed.arguments[0], "the image")
    if parsed.arguments[1:]:
        document["command"] = values.canonical("command", list(parsed.arguments[1:]), "the command")
    _combined(parsed, document)
    # podman-run(1): a container whose command is systemd is made ready for it, unasked.
    document.setdefault("systemd", "true")
    return from_document(document)


def _combined(parsed: Parsed, document: Dict[str, Any]) -> None:
    document["env"] = values.canonical("env", environment(parsed), "--env")
    labels_hosts_and_volumes(parsed, document)
    health = {key: parsed.get("health-" + name) for key, name in (
        ("test", "cmd"), ("interval", "interval"), ("timeout", "timeout"), ("start_period", "start-period"),
        ("retries", "retries")) if parsed.get("health-" + name) is not None}
    if health:
        document["health"] = values.canonical("health", health, "--health")


def labels_hosts_and_volumes(parsed: Parsed, document: Dict[str, Any]) -> None:
    """Put what --label, --label-file, --add-host, --volume, --mount and --tmpfs say into a document."""
    labels = _lines(parsed.get("label-file", ()), False) + list(parsed.get("label", ()))
    if labels:
        document["label"] = values.canonical("label", labels, "--label")
    if parsed.get("add-host"):
        document["etc_hosts"] = values.canonical("etc_hosts", parsed.get("add-host"), "--add-host")
    found = (mounts.volumes([_absolute(one) for one in parsed.get("volume", ())], "--volume")
             + mounts.mounts(parsed.get("mount", []), "--mount") + mounts.tmpfs(parsed.get("tmpfs", []), "--tmpfs"))
    if found:
        document["mounts"] = mounts.rows(found, "--volume")


def _absolute(volume: str) -> str:
    """podman-run(1): a source that begins with a dot is a path from here."""
    return os.path.normpath(os.path.join(os.getcwd(), volume.split(":")[0])) + volume[len(volume.split(":")[0]):] \
        if volume.startswith(".") else volume


def environment(parsed: Parsed) -> Dict[str, str]:
    """--env-file and --env together; the caller's values only for names that stand alone in --env."""
    result: Dict[str, str] = {}
    rows = _lines(parsed.get("env-file", ()), True)
    for row in rows:
        name, _equals, value = row.partition("=")
        result[name] = value
    for row in parsed.get("env", ()):
        name, equals, value = row.partition("=")
        if equals:
            result[name] = value
        elif name.endswith("*"):
            result.update((key, os.environ[key]) for key in os.environ if key.startswith(name[:-1]))
        elif name in os.environ:
            result[name] = os.environ[name]
    return result


def _lines(paths: Sequence[str], need_value: bool) -> List[str]:
    """The lines of files, comments and blank ones apart. Raises InvalidInput."""
    rows: List[str] = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as stream:
                text = stream.read(1024 * 1024)
        except (OSError, UnicodeDecodeError) as exc:
            raise InvalidInput("%s cannot be read: %s" % (path, exc)) from exc
        for row in text.splitlines():
            if row.strip() and not row.lstrip().startswith("#") and ("=" in row or not need_value):
                rows.append(row.lstrip())
    return rows


def without_files(parsed: Parsed) -> Parsed:
    """The same but for the flags that name files to be read: in a check of what is to be run later."""
    return Parsed({name: value for name, value in parsed.flags.items()
                   if name not in ("env-file", "label-file", "pod-id-file")}, parsed.arguments)


def access(keywords: Mapping[str, Any]) -> Any:
    """How to talk to registries, from the keywords of a pull: a registry.transfer.Access."""
    from ..service.pull import as_options

    names = ("tls_verify", "authfile", "cert_dir", "creds")
    return as_options(**{name: keywords[name] for name in names if name in keywords})["access"]


def pull_keywords(parsed: Parsed) -> Dict[str, Any]:
    """The keywords of images.pull, from those flags that were given."""
    names = {"authfile": "authfile", "tls-verify": "tls_verify", "cert-dir": "cert_dir", "creds": "creds",
             "retry": "retry"}
    result = {key: parsed.get(name) for name, key in names.items() if parsed.get(name) is not None}
    if result.get("retry", 0) < 0:
        raise InvalidInput("--retry is %d" % result["retry"], "Use 0 or more.")
    if parsed.get("retry-delay"):
        result["retry_delay"] = values.duration(parsed.get("retry-delay"), "--retry-delay")
    platform = parsed.get("platform", "")
    if not platform and (parsed.get("arch") or parsed.get("os") or parsed.get("variant")):
        from ..formats.platform import host

        parts = (parsed.get("os") or "linux", parsed.get("arch") or host().architecture, parsed.get("variant"))
        platform = "/".join(part for part in parts if part)
    if platform:
        result["platform"] = platform
    return result
