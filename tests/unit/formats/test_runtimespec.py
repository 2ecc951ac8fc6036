# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""config.json against the runtime-spec's rules, for every option that shows up in it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container, runtimespec, seccomp
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.passwd import User
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import caps, rlimit

SCHEMA = yaml.safe_load(Path(__file__).with_name("runtime-spec.schema.yaml").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
OWN = {"mount": "", "pid": "", "ipc": "", "uts": "", "network": "/run/netns/c", "cgroup": ""}
HARD = {"RLIMIT_NOFILE": 4096, "RLIMIT_NPROC": -1, "RLIMIT_CORE": 0, "RLIMIT_LOCKS": -1}


def inputs(given: dict[str, Any] | None = None, **changes: Any) -> runtimespec.Inputs:
    """What a container with these options, in their canonical form, is built from."""
    spec = container.from_document(given or {})
    base = {"spec": spec, "container_id": "c" * 64, "rootfs": "/merged", "arguments": ("sh",),
            "environment": {"PATH": "/bin", "EMPTY": ""}, "workdir": "/", "user": User(),
            "capabilities": ("CAP_CHOWN", "CAP_NET_ADMIN"), "hostname": "box", "cgroups_path": "/pycontainer/c",
            "cgroup_mode": "v2", "namespaces": OWN, "hard_limits": HARD,
            "seccomp": seccomp.default_profile([], "x86_64")}
    return runtimespec.Inputs(**dict(base, **changes))


def build(given: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The config.json, as the OCI runtime reads it, which has to be a valid one."""
    document = json.loads(json.dumps(runtimespec.build(inputs(given, **changes))))
    VALIDATOR.validate(document)
    return document


def at(document: Any, path: str) -> Any:
    """The value below keys and numbers with slashes between; None when there is none."""
    for key in path.split("/"):
        if isinstance(document, list):
            document = document[int(key)]
        elif key not in document:
            return None
        else:
            document = document[key]
    return document


MAX = 2 ** 64 - 1
NULL = {"major": 1, "minor": 3}
CASES: list[tuple[dict, dict, dict]] = [
    # options, other inputs, {place in config.json: value}
    ({}, {}, {"process/terminal": False, "process/user": {"uid": 0, "gid": 0, "additionalGids": [], "umask": 18},
              "process/noNewPrivileges": False, "process/oomScoreAdj": None, "hostname": "box",
              "root": {"path": "/merged", "readonly": False}, "linux/resources/pids": {"limit": 2048},
              "linux/resources/memory": None, "linux/resources/cpu": None, "linux/rootfsPropagation": None,
              "linux/resources/devices": [{"allow": False, "access": "rwm"}], "linux/seccomp/defaultErrnoRet": 38}),
    ({"tty": True}, {}, {"process/terminal": True}),
    ({"umask": "0077"}, {}, {"process/user/umask": 63}),
    ({"user": "web"}, {"user": User(1000, 1001, (5, 6), "/home")},
     {"process/user": {"uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 18},
      "process/capabilities/effective": [], "process/capabilities/ambient": [],
      "process/capabilities/bounding": ["CAP_CHOWN", "CAP_NET_ADMIN"]}),
    ({"cap_add": ["CAP_NET_ADMIN"]}, {"user": User(1000)}, {
        "process/capabilities/effective": ["CAP_NET_ADMIN"], "process/capabilities/permitted": ["CAP_NET_ADMIN"],
        "process/capabilities/inheritable": ["CAP_NET_ADMIN"], "process/capabilities/ambient": ["CAP_NET_ADMIN"]}),
    ({"cap_add": ["ALL"]}, {"user": User(1000)}, {"process/capabilities/ambient": ["CAP_CHOWN", "CAP_NET_ADMIN"]}),
    ({"cap_add": ["CAP_NET_ADMIN"]}, {}, {"process/capabilities/effective": ["CAP_CHOWN", "CAP_NET_ADMIN"],
                                          "process/capabilities/ambient": []}),
    ({"oom_score_adj": 0}, {}, {"process/oomScoreAdj": 0}), ({"oom_score_adj": -1000}, {}, {
        "process/oomScoreAdj": -1000}),
    ({"security_opt": ["no-new-privileges"]}, {}, {"process/noNewPrivileges": True}),
    ({"security_opt": ["apparmor=mine"]}, {}, {"process/apparmorProfile": "mine"}),
    ({"security_opt": ["apparmor=unconfined"]}, {}, {"process/apparmorProfile": None}),
    ({"security_opt": ["mask=/a:/b"]}, {}, {"linux/maskedPaths": [*runtimespec.MASKED, "/a", "/b"]}),
    ({"security_opt": ["unmask=/proc/sys:/proc/kcore"]}, {}, {
        "linux/readonlyPaths": [p for p in runtimespec.READONLY if p != "/proc/sys"],
        "linux/maskedPaths": [p for p in runtimespec.MASKED if p != "/proc/kcore"]}),
    ({"security_opt": ["unmask=all"]}, {}, {"linux/readonlyPaths": [], "linux/maskedPaths": []}),
    ({"security_opt": ["seccomp=unconfined"]}, {"seccomp": None}, {"linux/seccomp": None}),
    ({"privileged": True}, {}, {"linux/seccomp": None, "linux/maskedPaths": [], "linux/readonlyPaths": [],
                                "linux/resources/devices": [{"allow": True, "access": "rwm"}]}),
    ({"ulimit": [{"name": "nofile", "soft": 100, "hard": 200}, {"name": "core", "soft": -1, "hard": -1},
                 {"name": "nproc", "soft": 5, "hard": -1}, {"name": "host"}, {"name": "locks", "soft": 1, "hard": 2}]},
     {}, {"process/rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
                              {"type": "RLIMIT_LOCKS", "soft": 1, "hard": 2},
                              {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
                              {"type": "RLIMIT_NPROC", "soft": 5, "hard": MAX}]}),
    ({"ulimit": [{"name": "nofile", "soft": 10000, "hard": -1}]}, {}, {
        "process/rlimits": [{"type": "RLIMIT_NOFILE", "soft": 4096, "hard": 4096}]}),
    ({"read_only": True}, {}, {"root/readonly": True}),
    ({"annotation": {"a": "b"}, "stop_signal": "SIGINT"}, {"image_annotations": {"a": "image", "c": "d"}}, {
        "annotations": {"a": "b", "c": "d", "org.opencontainers.image.stopSignal": "SIGINT"}}),
    ({"sysctl": {"net.ipv4.ip_forward": "1", "kernel.shmmax": "5", "fs.mqueue.msg_max": "9"}}, {}, {
        "linux/sysctl": {"net.ipv4.ip_forward": "1", "kernel.shmmax": "5", "fs.mqueue.msg_max": "9"}}),
    ({"memory": 1 << 20}, {}, {"linux/resources/memory": {"limit": 1 << 20, "swap": 2 << 20}}),
    ({"memory": 1 << 20, "memory_swap": -1}, {}, {"linux/resources/memory": {"limit": 1 << 20, "swap": -1}}),
    ({"memory": 1 << 20, "memory_swap": 1 << 20, "memory_reservation": 1 << 19}, {}, {
        "linux/resources/memory": {"limit": 1 << 20, "swap": 1 << 20, "reservation": 1 << 19}}),
    ({"memory_swappiness": 0, "oom_kill_disable": True}, {"cgroup_mode": "hybrid"}, {
        "linux/resources/memory": {"swappiness": 0, "disableOOMKiller": True}}),
    ({"cpus": 1.5}, {}, {"linux/resources/cpu": {"period": 100000, "quota": 150000}}),
    ({"cpus": 0.29}, {}, {"linux/resources/cpu": {"period": 100000, "quota": 29000}}),
    ({"cpu_period": 1000, "cpu_quota": -1, "cpu_shares": 2, "cpuset_cpus": "0-3,5", "cpuset_mems": "0",
      "cpu_rt_period": 10, "cpu_rt_runtime": 5}, {},
     {"linux/resources/cpu": {"period": 1000, "quota": -1, "shares": 2, "cpus": "0-3,5", "mems": "0",
                              "realtimePeriod": 10, "realtimeRuntime": 5}}),
    ({"pids_limit": 20}, {}, {"linux/resources/pids": {"limit": 20}}),
    ({"pids_limit": -1}, {}, {"linux/resources/pids": {"limit": -1}}),
    ({"blkio_weight": 10, "device_read_bps": {"/dev/null": "1"}, "device_write_bps": {"/dev/null": "2"},
      "device_read_iops": {"/dev/null": "3"}, "device_write_iops": {"/dev/null": "4"}}, {}, {
        "linux/resources/blockIO": {
            "weight": 10, "throttleReadBpsDevice": [{**NULL, "rate": 1}], "throttleWriteBpsDevice": [
                {**NULL, "rate": 2}], "throttleReadIOPSDevice": [{**NULL, "rate": 3}],
            "throttleWriteIOPSDevice": [{**NULL, "rate": 4}]}}),
    ({"cgroup_conf": {"memory.high": "max"}}, {}, {"linux/resources/unified": {"memory.high": "max"}}),
    ({"memory": 1 << 20}, {"limited": False, "cgroups_path": ""}, {
        "linux/resources": {"devices": [{"allow": False, "access": "rwm"}]}, "linux/cgroupsPath": None}),
    ({"device": [{"source": "/dev/fuse", "target": "/dev/fuse", "permissions": "rw"}],
      "device_cgroup_rule": ["c 1:* r"]},
     {"devices": ({"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666, "uid": 0,
                   "gid": 0},),
      "device_rules": ({"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"},
                       {"allow": True, "type": "c", "access": "r", "major": 1})},
     {"linux/devices/0/path": "/dev/fuse", "linux/resources/devices/2/access": "r"}),
    ({"uts": "host"}, {"namespaces": {"mount": "", "network": "/n"}}, {
        "hostname": None, "linux/namespaces": [{"type": "mount"}, {"type": "network", "path": "/n"}]}),
    ({}, {"namespaces": dict(OWN, uts="/proc/1/ns/uts")}, {"hostname": None}),
]


@pytest.mark.parametrize("given, other, expected", CASES, ids=lambda v: ",".join(v) if isinstance(v, dict) else "")
def test_options(given: dict, other: dict, expected: dict) -> None:
    document = build(given, **other)
    assert {path: at(document, path) for path in expected} == expected


# Mounts

def targets(document: dict[str, Any]) -> dict[str, tuple[str, set]]:
    return {row["destination"]: (row["type"], set(row["options"])) for row in document["mounts"]}


BIND = {"destination": "/data", "type": "bind", "source": "/srv", "options": ["rbind", "rprivate"]}


@pytest.mark.parametrize("given, other, target, kind, options", [
    ({}, {}, "/dev/shm", "tmpfs", {"mode=1777", "size=65536000", "noexec"}),
    ({"shm_size": 4096}, {}, "/dev/shm", "tmpfs", {"size=4096"}),
    ({}, {"shm_path": "/run/c/shm"}, "/dev/shm", "bind", {"bind"}),
    ({"ipc": "none"}, {}, "/dev/shm", None, set()),
    ({}, {"namespaces": {"mount": ""}}, "/dev/shm", "bind", {"rbind"}),
    ({}, {"namespaces": {"mount": ""}}, "/dev/mqueue", None, set()),
    ({}, {}, "/dev/mqueue", "mqueue", {"nodev"}),
    ({}, {}, "/sys", "sysfs", {"ro"}), ({}, {"own_sysfs": False}, "/sys", "bind", {"rbind", "ro", "rro"}),
    ({}, {"own_sysfs": False, "recursive_read_only": False}, "/sys", "bind", {"rbind", "ro"}),
    ({}, {}, "/sys/fs/cgroup", "cgroup", {"ro"}),
    ({}, {"cgroup_mode": "none", "namespaces": {"mount": ""}}, "/sys/fs/cgroup", None, set()),
    ({}, {}, "/dev/pts", "devpts", {"gid=5", "newinstance"}), ({}, {"gids": 1}, "/dev/pts", "devpts", {"newinstance"}),
    ({"read_only": True}, {}, "/tmp", "tmpfs", {"mode=1777"}),
    ({"read_only": True, "read_only_tmpfs": False}, {}, "/tmp", None, set()), ({}, {}, "/tmp", None, set()),
    ({"read_only": True}, {"mounts": (dict(BIND, destination="/tmp"),)}, "/tmp", "bind", {"rbind"}),
    ({}, {"mounts": (BIND,)}, "/data", "bind", {"rbind"}),
    ({}, {"mounts": (dict(BIND, destination="/dev/shm"),)}, "/dev/shm", "bind", {"rbind"}),
])
def test_mounts(given: dict, other: dict, target: str, kind: str | None, options: set) -> None:
    found = targets(build(given, **other))
    assert found.get(target, (None,))[0] == kind
    assert kind is None or options <= found[target][1]
    assert len(found) == len(build(given, **other)["mounts"])


def test_privileged_writes_to_sys() -> None:
    found = targets(build({"privileged": True}))
    assert "ro" not in found["/sys"][1] and "ro" not in found["/sys/fs/cgroup"][1]


@pytest.mark.parametrize("target", ["/dev", "/sys", "/run", "/proc/fs", "/data/a/b"])
def test_a_mount_never_hides_one_below_it(target: str) -> None:
    rows = (dict(BIND, destination=target + "/deep/er"), dict(BIND, destination=target))
    order = [row["destination"] for row in build({"read_only": True}, mounts=rows)["mounts"]]
    for number, path in enumerate(order):
        assert not [later for later in order[number:] if path.startswith(later + "/")]


@pytest.mark.parametrize("options, expected", [
    ((), None), (("rprivate",), None), (("rslave",), "rslave"), (("slave", "shared"), "rshared"),
    (("rshared",), "rshared")])
def test_the_root_is_as_open_as_its_mounts_have_to_be(options: tuple, expected: object) -> None:
    mounts = tuple(dict(BIND, destination="/m%d" % n, options=["rbind", o]) for n, o in enumerate(options))
    assert build(mounts=mounts)["linux"].get("rootfsPropagation") == expected


# What follows from other things than config.json's own options

IMAGE = {"PATH": "/image", "LANG": "C"}


@pytest.mark.parametrize("given, tells, silent", [
    ({}, {"PATH": "/image", "LANG": "C", "HOME": "/root", "HOSTNAME": "box", "container": "oci", "TERM": "xterm"},
     ("SECRET",)),
    ({"tty": True}, {"TERM": "xterm"}, ("SECRET",)), ({"unsetenv": ["TERM"]}, {"PATH": "/image"}, ("TERM",)),
    ({"env": {"TERM": "dumb"}}, {"TERM": "dumb"}, ()),
    ({"env": {"HOME": "/else", "LANG": ""}}, {"HOME": "/else", "LANG": ""}, ()),
    ({"unsetenv": ["LANG"]}, {"PATH": "/image"}, ("LANG",)),
    ({"unsetenv_all": True}, {"PATH": runtimespec.DEFAULT_PATH}, ("LANG",)),
    ({"http_proxy": True}, {"http_proxy": "p", "NO_PROXY": "n"}, ("SECRET", "ftp_proxy")),
    ({"env_host": True, "env": {"SECRET": "mine"}}, {"SECRET": "mine", "http_proxy": "p"}, ()),
])
def test_environment(given: dict, tells: dict, silent: tuple) -> None:
    spec = container.from_document(given)
    caller = {"SECRET": "s", "http_proxy": "p", "NO_PROXY": "n"}
    found = runtimespec.environment(spec, IMAGE, User(home="/root"), caller, "box")
    assert {name: found.get(name) for name in tells} == tells
    assert not set(silent) & set(found)


@pytest.mark.parametrize("given, argv", [
    ({}, ("/entry", "cmd")), ({"command": ["other"]}, ("/entry", "other")), ({"command": []}, ("/entry",)),
    ({"entrypoint": ["/mine"]}, ("/mine",)), ({"entrypoint": [], "command": ["x"]}, ("x",)),
    ({"entrypoint": ["/mine", "a"], "command": ["b"]}, ("/mine", "a", "b"))])
def test_arguments(given: dict, argv: tuple) -> None:
    assert runtimespec.arguments(container.from_document(given), ("/entry",), ("cmd",)) == argv


@pytest.mark.parametrize("given", [{"entrypoint": []}, {"entrypoint": [""]}])
def test_nothing_to_run(given: dict) -> None:
    with pytest.raises(InvalidInput, match="no command"):
        runtimespec.arguments(container.from_document(given), ("/entry",), ("cmd",))


@pytest.mark.parametrize("given, other, error", [
    ({"sysctl": {"kernel.panic": "1"}}, {}, InvalidInput), ({"sysctl": {"vm.swappiness": "1"}}, {}, InvalidInput),
    ({"sysctl": {"net/ipv4/ip_forward": "1"}}, {}, InvalidInput),
    ({"sysctl": {"net.ipv4.ip_forward": "1"}}, {"namespaces": {"mount": ""}}, InvalidInput),
    ({"sysctl": {"kernel.shmmax": "1"}}, {"namespaces": dict(OWN, ipc="/proc/1/ns/ipc")}, InvalidInput),
    ({"ulimit": [{"name": "files"}]}, {}, InvalidInput), ({"memory_swap": 5}, {}, InvalidInput),
    ({"memory": 10, "memory_swap": 5}, {}, InvalidInput), ({"cpus": 1.0, "cpu_quota": 5}, {}, InvalidInput),
    ({"memory_swappiness": 5}, {}, Unsupported), ({"oom_kill_disable": True}, {}, Unsupported),
    ({"cgroup_conf": {"memory.high": "1"}}, {"cgroup_mode": "hybrid"}, Unsupported),
    ({"device_read_bps": {"/dev/nothing": "1"}}, {}, InvalidInput)], ids=str)
def test_what_cannot_be_met_is_refused(given: dict, other: dict, error: type) -> None:
    with pytest.raises(error):
        runtimespec.build(inputs(given, **other))


ELSEWHERE = {  # options of which the caller of build() makes other inputs, or which are not of config.json
    "image", "name", "rootfs", "pod", "infra", "init_ctr", "command", "entrypoint", "env", "env_host", "http_proxy",
    "unsetenv",
    "unsetenv_all", "group_add", "workdir", "interactive", "init", "init_path", "stop_timeout", "timeout", "timezone",
    "systemd", "passwd", "hostname", "label", "restart_policy", "rm", "requires", "log_driver", "log_opt", "health",
    "no_healthcheck", "healthcheck_failure_action", "mounts", "volumes_from", "image_volume", "secrets", "network",
    "network_aliases", "ip", "ip6", "mac_address", "publish", "publish_all", "expose", "dns", "dns_option",
    "dns_search", "etc_hosts", "no_hosts", "pid", "userns", "uidmap", "gidmap", "subuidname", "subgidname",
    "cgroupns", "cap_drop", "cgroup_parent", "runtime"}


def test_every_option_of_config_json_is_in_a_table() -> None:
    tables = {name for given, _other, _expected in CASES for name in given} | {"shm_size", "ipc", "read_only_tmpfs"}
    assert tables | ELSEWHERE == set(container.DEFAULTS) and not tables & ELSEWHERE


def test_this_hosts_limits_are_ones_that_the_spec_knows() -> None:
    known = SCHEMA["properties"]["process"]["properties"]["rlimits"]["items"]["properties"]["type"]["enum"]
    assert set(rlimit.hard_limits()) == set(known)


def test_a_full_set_of_capabilities_is_valid() -> None:
    every = build({"privileged": True}, capabilities=tuple(sorted(caps.NAMES)))
    assert len(every["process"]["capabilities"]["bounding"]) == 41


# The schema itself

@pytest.mark.skipif(shutil.which("runc") is None, reason="needs runc")
def test_runcs_own_example_is_valid(tmp_path: Path) -> None:
    subprocess.run(["runc", "spec"], cwd=tmp_path, check=True)
    VALIDATOR.validate(json.loads((tmp_path / "config.json").read_text(encoding="utf-8")))


BROKEN = [
    # place, another value there (... takes it away)
    ("ociVersion", ...), ("ociVersion", "2"), ("ociVersion", 1), ("process", ...), ("process/args", ...),
    ("process/args", []), ("process/args/0", None), ("process/args/0", "a\0b"), ("process/cwd", ...),
    ("process/cwd", "relative"), ("process/cwd", ""), ("process/user", ...), ("process/user/uid", ...),
    ("process/user/uid", -1), ("process/user/gid", 2 ** 32), ("process/user/name", "root"),
    ("process/user/additionalGids", ["5"]), ("process/user/umask", 512), ("process/env/0", "PATH"),
    ("process/rlimits", [{"type": "RLIMIT_FILES", "soft": 1, "hard": 1}]),
    ("process/rlimits", [{"type": "RLIMIT_NOFILE", "soft": -1, "hard": 1}]),
    ("process/rlimits", [{"type": "RLIMIT_NOFILE", "soft": 1}]),
    ("process/rlimits", [{"type": "RLIMIT_NOFILE", "soft": n, "hard": n} for n in (1, 2)]),
    ("process/capabilities/bounding", ["NET_ADMIN"]), ("process/capabilities/extra", []),
    ("process/oomScoreAdj", 1001), ("process/colour", "red"), ("root", ...), ("root/path", ...), ("root/readonly", 1),
    ("hostname", None), ("annotations/a", 5), ("annotations/", "x"), ("mounts/0/destination", ...),
    ("mounts/0/destination", "proc"), ("mounts/0/options", "ro"), ("mounts/0/options/0", ""), ("mounts/0/option", []),
    ("mounts/0", {"destination": "/x", "type": "bind", "source": "relative", "options": ["bind"]}),
    ("mounts/0", {"destination": "/x", "type": "bind", "source": "/x", "options": []}),
    ("linux/namespaces/0/type", "net"), ("linux/namespaces/0/path", "run/x"), ("linux/namespaces/0", {}),
    ("linux/namespaces", [{"type": "pid"}, {"type": "pid", "path": "/x"}]), ("linux/colour", 1),
    ("linux/resources/memory", {"limit": "1g"}), ("linux/resources/memory", {"swappiness": 101}),
    ("linux/resources/cpu", {"cpus": "0-"}), ("linux/resources/cpu", {"quota": 1.5}),
    ("linux/resources/cpu", {"shares": -1}), ("linux/resources/pids", {}), ("linux/resources/blockIO", {"weight": 5}),
    ("linux/resources/devices/0", {"access": "rwm"}), ("linux/resources/devices/0/access", "rwx"),
    ("linux/resources/devices/0/type", "u"), ("linux/devices", [{"path": "/dev/x", "type": "c"}]),
    ("linux/devices", [{"path": "dev/x", "type": "p"}]), ("linux/sysctl", {"a": 1}),
    ("linux/rootfsPropagation", "open"),
    ("linux/maskedPaths/0", "proc"), ("linux/seccomp/defaultAction", "ALLOW"), ("linux/seccomp/defaultAction", ...),
    ("linux/seccomp/architectures/0", "x86_64"), ("linux/seccomp/syscalls/0/names", []),
    ("linux/seccomp/syscalls/0/includes", {}), ("linux/seccomp/syscalls/1/args/0/op", "=="),
    ("linux/seccomp/syscalls/1/args/0/index", 6), ("linux/seccomp/flags", ["FAST"]), ("colour", "red"),
]


@pytest.mark.parametrize("path, value", BROKEN, ids=str)
def test_a_broken_document_is_noticed(path: str, value: Any) -> None:
    document = copy.deepcopy(build({"annotation": {"a": "b"}}))
    *above, last = path.split("/")
    owner = at(document, "/".join(above)) if above else document
    key: Any = int(last) if isinstance(owner, list) else last
    if value is ...:
        del owner[key]
    else:
        owner[key] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(document)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert os.stat("/dev/null").st_rdev == os.makedev(NULL["major"], NULL["minor"])
