# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options in any spelling become one canonical form, or one clear error."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container, values

# field, spellings of one wish, its canonical form
SAME = [
    ("memory", ["512m", "512MB", "512MiB", "0.5g", 536870912, "536870912"], 536870912),
    ("memory_swap", ["-1", -1, "unlimited"], -1),
    ("stop_signal", ["SIGTERM", "TERM", "term", 15, "15"], "SIGTERM"),
    ("stop_signal", ["SIGRTMIN+3", "RTMIN+3", 37], "SIGRTMIN+3"),
    ("stop_signal", ["SIGRTMAX", "RTMAX", 64, "SIGRTMIN+30"], "SIGRTMIN+30"),
    ("stop_signal", ["RTMAX-1", 63], "SIGRTMIN+29"), ("stop_signal", ["RTMIN", 34, "RTMAX-30"], "SIGRTMIN"),
    ("stop_signal", ["SIGCHLD", "SIGCLD", 17], "SIGCHLD"),
    ("command", ["sleep 'a b'", ["sleep", "a b"], ("sleep", "a b")], ["sleep", "a b"]),
    ("entrypoint", ["/bin/sh", ["/bin/sh"], '["/bin/sh"]'], ["/bin/sh"]),
    ("entrypoint", ["", []], []),
    ("env", [{"A": "1", "B": True}, ["A=1", "B=true"]], {"A": "1", "B": "true"}),
    ("label", [{"a": ""}, ["a"], ["a="]], {"a": ""}),
    ("cap_add", [["NET_ADMIN", "cap_chown"], ["CAP_CHOWN", "net_admin", "NET_ADMIN"]], ["CAP_CHOWN", "CAP_NET_ADMIN"]),
    ("cap_drop", ["all", ["ALL"]], ["ALL"]),
    ("restart_policy", ["no", "", False, "never"], "no"),
    ("restart_policy", ["on-failure", "on-failure:0"], "on-failure"),
    ("umask", ["022", "0022", 0o22], "0022"),
    ("publish", ["8080:80", ["0.0.0.0:8080:80/tcp"], ["8080:80", "8080:80/TCP"],
                 [{"container_port": 80, "host_port": "8080"}]],
     [{"container_port": 80, "host_port": 8080, "host_ip": "", "protocol": "tcp"}]),
    ("publish", ["[::1]::53/udp", "[0:0:0:0:0:0:0:1]::53/udp"],
     [{"container_port": 53, "host_port": 0, "host_ip": "::1", "protocol": "udp"}]),
    ("publish", ["8000-8001:80-81"],
     [{"container_port": 80, "host_port": 8000, "host_ip": "", "protocol": "tcp"},
      {"container_port": 81, "host_port": 8001, "host_ip": "", "protocol": "tcp"}]),
    ("expose", [["81", "80-81/tcp"], ["80", "81"]], ["80/tcp", "81/tcp"]),
    ("network", ["bridge", "podman", ["default"], [], None], []),
    ("network", ["host", ["host"]],
     [{"mode": "host", "name": "", "ip": "", "ip6": "", "mac": "", "interface": "", "aliases": []}]),
    ("network", ["web:ip=10.0.0.2,alias=b,alias=a,mac=02-AA-00-00-00-01", {"name": "web", "ip": "10.0.0.2",
                                                                           "aliases": ["a", "b"],
                                                                           "mac": "02:aa:00:00:00:01"}],
     [{"mode": "network", "name": "web", "ip": "10.0.0.2", "ip6": "", "mac": "02:aa:00:00:00:01", "interface": "",
       "aliases": ["a", "b"]}]),
    ("network", ["a,b", ["a", "b"]],
     [{"mode": "network", "name": n, "ip": "", "ip6": "", "mac": "", "interface": "", "aliases": []} for n in "ab"]),
    ("device", ["/dev/fuse", "/dev/fuse:rwm", "/dev/fuse:/dev/fuse:mwr"],
     [{"source": "/dev/fuse", "target": "/dev/fuse", "permissions": "rwm"}]),
    ("ulimit", ["nofile=10", "RLIMIT_NOFILE=10:10"], [{"name": "nofile", "soft": 10, "hard": 10}]),
    ("secrets", ["key", "key,type=mount", "source=key,target=key", {"name": "key", "mode": "0444"}],
     [{"name": "key", "type": "mount", "target": "", "uid": 0, "gid": 0, "mode": 0o444}]),
    ("secrets", ["key,type=env", "key,type=env,target=key"],
     [{"name": "key", "type": "env", "target": "key", "uid": 0, "gid": 0, "mode": 0o444}]),
    ("health", [{"test": "true", "interval": "5s"}, {"test": ["CMD-SHELL", "true"], "interval": 5}],
     {"test": ["CMD-SHELL", "true"], "interval": 5.0, "timeout": 30.0, "start_period": 0.0, "retries": 3}),
    ("health", [{"test": test} for test in (
        "curl -f 'a b' || exit 1", "CMD-SHELL curl -f 'a b' || exit 1", "cmd-shell  curl -f 'a b' || exit 1",
        ["CMD-SHELL", "curl -f 'a b' || exit 1"], '["CMD-SHELL", "curl -f \'a b\' || exit 1"]',
        ["curl -f 'a b' || exit 1"], {"test": ["CMD-SHELL", "curl -f 'a b' || exit 1"], "interval": None})],
     {"test": ["CMD-SHELL", "curl -f 'a b' || exit 1"], "interval": 30.0, "timeout": 30.0, "start_period": 0.0,
      "retries": 3}),
    ("health", [{"test": test, "retries": 4, "start_period": "1m"} for test in (
        "CMD curl -f 'a b'", ["CMD", "curl", "-f", "a b"], ["curl", "-f", "a b"], ' ["cmd", "curl", "-f", "a b"]')] + [
        {"test": {"test": "CMD curl -f 'a b'", "retries": 4, "start_period": 60}},
        {"test": {"test": ["curl", "-f", "a b"], "start_period": "60s"}, "retries": "4"}],
     {"test": ["CMD", "curl", "-f", "a b"], "interval": 30.0, "timeout": 30.0, "start_period": 60.0, "retries": 4}),
    ("health", [{"test": test} for test in ("none", "NONE", ["NONE"], '["none"]', {"disable": True},
                                            {"test": "x", "disable": "true"})],
     {"test": ["NONE"], "interval": 30.0, "timeout": 30.0, "start_period": 0.0, "retries": 3}),
    ("security_opt", [["seccomp:unconfined", "no-new-privileges:true"], ["no-new-privileges", "seccomp=unconfined"]],
     ["no-new-privileges", "seccomp=unconfined"]),
    ("ip6", ["fd00:0::1", "FD00::1"], "fd00::1"),
    ("etc_hosts", [{"db": "10.0.0.9"}, ["db:10.0.0.9"]], {"db": "10.0.0.9"}),
    ("device_read_bps", [["/dev/sda:1m"], {"/dev/sda": "1048576"}], {"/dev/sda": "1048576"}),
    ("pids_limit", ["-1", 0, "unlimited"], -1),
    ("workdir", ["/a//b/", "/a/./b"], "/a/b"),
    ("pid", ["private"], "private"), ("pid", [""], ""), ("userns", ["host"], "host"),
    ("userns", ["keep-id:uid=5,size=900", "keep-id:size=900,uid=5"], "keep-id:size=900,uid=5"),
    ("log_opt", [{"max_size": "10m", "path": None}, ["max-size=10485760"]], {"max-size": "10485760"}),
    ("cpus", ["1.5", 1.5], 1.5),
    ("systemd", ["always"], "always"), ("systemd", [True, "true", "yes"], "true"),
]


@pytest.mark.parametrize("field, spellings, canonical", SAME, ids=lambda v: v if isinstance(v, str) else "")
def test_equal_wishes_are_equal_values(field: str, spellings: list, canonical: object) -> None:
    for spelling in spellings:
        assert values.canonical(field, spelling) == canonical, spelling


@pytest.mark.parametrize("field, spellings, canonical", SAME, ids=lambda v: v if isinstance(v, str) else "")
def test_a_canonical_value_survives_storing_and_reading(field: str, spellings: list, canonical: object) -> None:
    stored = json.loads(json.dumps(container.from_document({field: canonical}).to_document()))
    assert stored.get(field, json.loads(json.dumps(container.DEFAULTS[field]))) == canonical


WRONG = [
    ("memory", "12 apples"), ("memory", "-5"), ("memory", "1e400"), ("memory", "nan"), ("memory", "m"),
    ("stop_signal", "SIGNOTHING"), ("stop_signal", 99), ("command", "echo 'open"), ("entrypoint", '["a"'),
    ("env", ["HOME"]), ("env", {"A=B": "c"}), ("env", {"": "c"}), ("env", {"A\nB": "c"}), ("env", {"A": "b\0c"}),
    ("env", {"A": ["b"]}), ("restart_policy", "sometimes"), ("restart_policy", "always:3"), ("umask", "99"),
    ("publish", "80:"), ("publish", "0"), ("publish", "70000"), ("publish", "80/icmp"), ("publish", "80-81:80"),
    ("publish", "81-80"), ("publish", "999.0.0.1:80:80"), ("publish", "a:b:c:d"), ("publish", ["80:1", "80:2"]),
    ("publish", [{"port": 80}]), ("publish", "[::1:80:80"), ("expose", "http"),
    ("network", ["host", "web"]), ("network", ["web", "web"]), ("network", "web:colour=red"), ("network", "container:"),
    ("network", "web:ip=nowhere"), ("network", "web:interface_name=averyveryverylongname"),
    ("device", "/dev/x:rwx"), ("device", "dev/x"), ("device_cgroup_rule", "c 1 rwm"), ("ulimit", "files=3"),
    ("ulimit", "nofile=20:10"), ("secrets", ""), ("secrets", "k,mode=0999"), ("secrets", "k,target=../x"),
    ("secrets", "k,colour=red"), ("health", {"interval": "5s"}), ("health", {"test": "CMD"}),
    ("health", {"test": True}),
    ("health", {"test": "CMD-SHELL "}), ("health", {"test": ["CMD-SHELL"]}), ("health", {"test": []}),
    ("health", {"test": "CMD 'open"}), ("health", {"test": {"test": "x", "start_interval": "1s"}}),
    ("health", {"test": {"test": "x", "interval": "1s"}, "interval": "2s"}), ("health", {"test": {"interval": "1s"}}),
    ("health", {"test": "true", "interval": "soon"}),
    ("ip", "fd00::1"), ("ip6", "10.0.0.1"), ("mac_address", "01:00:00:00:00:00"), ("mac_address", "zz:00:00:00:00:00"),
    ("hostname", "a b"), ("hostname", "-a"), ("hostname", "x" * 65), ("hostname", "a\nb"), ("etc_hosts", {"a": "b"}),
    ("etc_hosts", {"a\n1.2.3.4 b": "1.2.3.4"}), ("workdir", "relative"), ("workdir", "/a/../b"), ("pid", "shared"),
    ("ipc", "ns:relative"), ("cpus", "many"), ("cpus", "-1"), ("cpuset_cpus", "3-1"), ("oom_score_adj", 1001),
    ("stop_signal", "RTMAX-31"), ("stop_signal", "SIGRTMIN+31"), ("stop_signal", 0), ("blkio_weight", 9),
    ("blkio_weight", 1001), ("log_driver", "syslog"), ("log_opt", {"colour": "red"}), ("timezone", "../../etc/passwd"),
    ("security_opt", "seccomp"), ("image_volume", "keep"), ("label", {"a": {"b": "c"}}), ("user", "root\n"),
]


@pytest.mark.parametrize("field, value", WRONG, ids=str)
def test_nonsense_is_refused_by_its_option(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        values.canonical(field, value, "the_option")
    assert "the_option" in caught.value.message


@pytest.mark.parametrize("value, mode, name", [
    ("slirp4netns", "slirp4netns", ""), ("pasta", "pasta", ""), ("pasta:-t,auto", "pasta", "-t,auto"),
    ("slirp4netns:mtu=1500,cidr=10.9.0.0/24", "slirp4netns", "cidr=10.9.0.0/24,mtu=1500"),
])
def test_private_ways_out(value: str, mode: str, name: str) -> None:
    row = values.canonical("network", value)[0]
    assert (row["mode"], row["name"]) == (mode, name)


@pytest.mark.parametrize("value, canonical", [
    ("host", "host"), ("", ""), ("keep-id", "keep-id"), ("keep-id:gid=6,uid=5", "keep-id:gid=6,uid=5"),
    ("keep-id:uid=5,gid=6", "keep-id:gid=6,uid=5"), ("auto:size=2000", "auto:size=2000"), ("nomap", "nomap"),
    ("container:web", "container:web"), ("ns:/run/ns", "ns:/run/ns"),
])
def test_user_namespaces(value: str, canonical: str) -> None:
    assert values.canonical("userns", value) == canonical


@pytest.mark.parametrize("value", ["keep-id:colour=5", "auto:size=x", "nomap:uid=1", "container:", "pod", "mine"])
def test_user_namespaces_that_there_are_not(value: str) -> None:
    with pytest.raises(InvalidInput, match="userns"):
        values.canonical("userns", value)


def test_every_field_has_a_canonicaliser() -> None:
    assert set(values.FIELDS) == set(container.DEFAULTS)


@pytest.mark.parametrize("word, seconds", [
    ("1m30s", 90.0), ("500ms", 0.5), ("10", 10.0), (2, 2.0), ("1.5h", 5400.0), ("1h1m1s", 3661.0), ("100us", 1e-4)])
def test_durations(word: object, seconds: float) -> None:
    assert values.duration(word) == pytest.approx(seconds)


@pytest.mark.parametrize("word", ["", "s", "1x", "1m30", "-5s", "nan", "inf", "1..5s", ".s"])
def test_wrong_durations(word: str) -> None:
    with pytest.raises(InvalidInput):
        values.duration(word)
