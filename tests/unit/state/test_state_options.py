# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every option of the container module: spelled otherwise it changes nothing, changed it is seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container as formats
from ansible_collections.pycontainer.engine.plugins.module_utils.state import container as state
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import argument_spec

ANSIBLE = ArgumentSpecValidator(argument_spec(state.OPTIONS))
FILES = {"/a.env": "A=1\n", "/b.env": "# the same\n\nA=1\n", "/c.env": "A=2\n"}


def params(given: dict[str, Any]) -> dict[str, Any]:
    """What a module gets of a task: names by alias, texts and numbers as Ansible makes them."""
    result = ANSIBLE.validate(dict({"name": "web"}, **given))
    assert not result.error_messages, result.error_messages
    return dict(result.validated_parameters)


def stored(given: dict[str, Any]) -> dict[str, Any]:
    """The document of a container that such a task made, as it lies on disk."""
    found = params(dict({"image": "busybox", "state": "created"}, **given))
    document = state.plan(found, state.wish(found, FILES), state.Actual()).document
    assert document is not None
    return dict(json.loads(json.dumps(formats.from_document(document).to_document())))


def plan(given: dict[str, Any], document: dict[str, Any]) -> Any:
    found = params(given)
    return state.plan(found, state.wish(found, FILES), state.Actual(document, "running"))


# option: (spellings of one wish, other wishes)
CASES: dict[str, tuple[list, list]] = {
    "image": (["busybox"], ["busybox:2", "docker.io/library/busybox"]),
    "rootfs": ([True, "yes"], [False]),
    "command": ([["sleep", "1 2"], "sleep '1 2'", 'sleep "1 2"'], [["sleep", "1", "2"], "true", []]),
    "entrypoint": ([["/e", "x"], '["/e", "x"]'], ["/e", [], ""]),
    "env_host": ([True, "on", 1], [False]), "http_proxy": ([True, "true"], ["no"]),
    "unsetenv": ([["A", "B"], "B,A", ["B", "A", "A"]], [["A"], []]), "unsetenv_all": ([True, "1"], [False]),
    "user": (["1000:5"], ["1000", "web", ""]),
    "group_add": ([["a", "5"], ["5", "a"], "a,5", [5, "a", "a"]], [["a"], []]), "pod": (["p"], ["q", ""]),
    "init_ctr": (["once"], ["always", ""]),
    "workdir": (["/a/b", "/a//b/", "/a/./b"], ["/a", ""]),
    "interactive": ([True, "y"], [False]), "tty": ([True, "t"], ["f"]), "init": ([True], [False]),
    "init_path": (["/sbin/tini", "/sbin//tini"], ["/sbin/init", ""]),
    "umask": (["0077", "077", "77"], ["0022", "0"]),
    "stop_signal": (["SIGINT", "int", "2", 2], ["TERM", ""]), "stop_timeout": ([5, "5"], [6, 0]),
    "timeout": ([60, "60"], [61, 0]), "timezone": (["Europe/Berlin"], ["local", ""]),
    "systemd": (["true", True, "yes"], ["always", "false"]), "passwd": ([False, "no"], [True]),
    "hostname": (["box"], ["box2", ""]),
    "label": ([{"a": "1", "b": ""}, {"b": "", "a": 1}], [{"a": "1"}, {"a": "2", "b": ""}, {}]),
    "annotation": ([{"a": "true"}, {"a": True}], [{"a": "no"}, {}]),
    "restart_policy": (["on-failure:3", "on-failure:03"], ["on-failure", "always", "no"]),
    "rm": ([True], [False]), "requires": ([["a", "b"], "b,a"], [["a"], []]),
    "log_driver": (["k8s-file", "json-file"], ["journald", "none"]),
    "log_opt": ([{"max_size": "1m", "tag": "x"}, {"tag": "x", "max_size": "1024kb"}, {"max_size": 1048576, "tag": "x"}],
                [{"max_size": "2m", "tag": "x"}, {"tag": "x"}, {"path": "/l"}]),
    "no_healthcheck": ([True], [False]), "healthcheck_failure_action": (["kill"], ["stop", "none"]),
    "read_only": ([True, "True"], [False]), "read_only_tmpfs": ([False, 0], [True]),
    "volumes_from": ([["a:ro", "b"], "a:ro,b"], [["b", "a:ro"], ["a"], []]),
    "image_volume": (["ignore"], ["tmpfs", "anonymous", "bind"]),
    "shm_size": (["64m", "65536k", 67108864, "67108864"], ["65m", "1g"]),
    "device": ([["/dev/fuse", "/dev/kvm:/dev/k:r"], ["/dev/kvm:/dev/k:r", "/dev/fuse:/dev/fuse:mrw"]],
               [["/dev/fuse"], ["/dev/fuse:rw", "/dev/kvm:/dev/k:r"], []]),
    "device_cgroup_rule": ([["c 1:3 rw", "b 8:* r"], ["b 8:*  r", "c 1:3 wr"]], [["c 1:3 rw"], ["c 1:4 rw"], []]),
    "secrets": ([["key,mode=400", "b"], ["b,type=mount", "key,mode=0400,uid=0,target=key"]],
                [["key", "b"], ["key,type=env", "b"], ["b"], []]),
    "network": ([["a:ip=10.0.0.2,alias=y,alias=x", "b"], ["a:alias=x,alias=y,ip=10.0.0.2", "b"]],
                [["a", "b"], ["b", "a:ip=10.0.0.2,alias=y,alias=x"], ["host"], ["podman"], []]),
    "network_aliases": ([["a", "b"], "b,a"], [["a"], []]),
    "ip": (["10.0.0.9"], ["10.0.0.8", ""]), "ip6": (["fd00::9", "FD00:0:0::9"], ["fd00::8", ""]),
    "mac_address": (["02:aa:00:00:00:01", "02-AA-00-00-00-01"], ["02:aa:00:00:00:02", ""]),
    "publish": ([["8080:80", "53:53/udp"], ["53:53/UDP", "0.0.0.0:8080:80/tcp"], "8080:80,53:53/udp"],
                [["8080:80"], ["8081:80", "53:53/udp"], ["127.0.0.1:8080:80", "53:53/udp"], []]),
    "publish_all": ([True], [False]),
    "expose": ([["80", "90-91"], ["91/tcp", "90/TCP", 80]], [["80"], ["80/udp", "90-91"], []]),
    "dns": ([["10.0.0.1", "fd00::1"], "10.0.0.1,FD00::1"], [["fd00::1", "10.0.0.1"], []]),
    "dns_option": ([["ndots:2"], "ndots:2"], [["ndots:3"], []]), "dns_search": ([["a.b", "c"]], [["c", "a.b"], []]),
    "etc_hosts": ([{"a": "10.0.0.1", "b": "fd00::1"}, {"b": "FD00::1", "a": "10.0.0.1"}], [{"a": "10.0.0.2"}, {}]),
    "no_hosts": ([True], [False]),
    "pid": (["host"], ["container:a", "private"]), "ipc": (["private"], ["host", "none", "shareable"]),
    "userns": (["keep-id:uid=1,gid=2", "keep-id:gid=2,uid=1"], ["keep-id", "auto", "host"]),
    "uidmap": ([["0:10:1", "5:100:10"], "5:100:10,0:10", ["5:100:10", "0:10:1"]], [["0:10:2"], []]),
    "gidmap": ([["0:10:1"], "0:10"], [["0:10:2"], []]),
    "subuidname": (["alice"], ["bob", ""]), "subgidname": (["alice"], ["bob", ""]),
    "uts": (["ns:/run/x", "ns:/run//x"], ["host", "private"]), "cgroupns": (["host"], ["private"]),
    "privileged": ([True], [False]),
    "cap_add": ([["NET_ADMIN", "chown"], ["CAP_CHOWN", "cap_net_admin"], "chown,net_admin"], [["chown"], ["all"], []]),
    "cap_drop": ([["all"], ["ALL"]], [["chown"], []]),
    "security_opt": ([["no-new-privileges", "mask=/a"], ["mask:/a", "no-new-privileges=true"]],
                     [["mask=/a"], ["no-new-privileges=false"], ["seccomp=unconfined"], []]),
    "sysctl": ([{"net.ipv4.ip_forward": "1"}, {"net.ipv4.ip_forward": 1}], [{"net.ipv4.ip_forward": "0"}, {}]),
    "ulimit": ([["nofile=10:20", "core=-1"], ["core=unlimited:-1", "RLIMIT_NOFILE=10:20"]],
               [["nofile=10"], ["nofile=10:20", "core=0"], ["host"], []]),
    "oom_score_adj": ([0, "0"], [1, -5]), "cgroup_parent": (["/a"], ["/b", ""]),
    "memory": (["64m", "65536k", "64MiB", 67108864], ["65m", 0]),
    "memory_reservation": (["1g", "1024m"], ["2g", 0]), "memory_swap": (["-1", -1, "unlimited"], ["1g", 0]),
    "memory_swappiness": ([0, "0"], [60]), "oom_kill_disable": ([True], [False]),
    "cpus": (["1.5", 1.5, "1.50"], [2, 0]), "cpu_period": ([1000], [2000, 0]), "cpu_quota": ([-1, "-1"], [5000, 0]),
    "cpu_rt_period": ([10], [0]), "cpu_rt_runtime": ([10], [0]), "cpu_shares": ([512, "512"], [0]),
    "cpuset_cpus": (["0-1,3", "0-1, 3"], ["0", ""]), "cpuset_mems": (["0"], ["0-1", ""]),
    "pids_limit": (["-1", -1, 0, "unlimited"], [100]), "blkio_weight": ([10, "10"], [0]),
    "device_read_bps": ([["/dev/sda:1m"], ["/dev//sda:1024k"], ["/dev/sda:1048576"]], [["/dev/sda:2m"], []]),
    "device_write_bps": ([["/dev/sda:1m"], "/dev/sda:1024kb"], [["/dev/sdb:1m"], []]),
    "device_read_iops": ([["/dev/sda:100"]], [["/dev/sda:200"], []]),
    "device_write_iops": ([["/dev/sda:100"]], [["/dev/sda:200"], []]),
    "cgroup_conf": ([{"memory.high": "5"}, {"memory.high": 5}], [{"memory.high": "max"}, {}]),
    "env": ([{"A": "1", "B": "true"}, {"B": True, "A": 1}], [{"A": "1"}, {"A": "2", "B": "true"}, {}]),
    "env_file": ([["/a.env"], ["/b.env"], "/a.env"], [["/c.env"], []]),
    "volume": ([["d:/d", "/a:/b:ro"], ["/a/:/b/:rprivate,ro", "d:/d:rw,copy"]],
               [["d:/d"], ["d:/d", "/a:/b"], ["e:/d", "/a:/b:ro"], []]),
    "mount": ([["type=bind,src=/a,dst=/b,ro"], ["type=bind,readonly=true,source=/a,target=/b"]],
              [["type=bind,src=/a,dst=/b"], ["type=tmpfs,dst=/b"], []]),
    "tmpfs": ([{"/t": "size=1m,mode=0755"}, {"/t": "rw,mode=755,size=1024k"}], [{"/t": "size=2m"}, {"/u": ""}, {}]),
    "healthcheck": (['["CMD-SHELL", "true"]', "true"], ["false", "none", '["CMD", "true"]']),
}
# Options that belong to another, and come with it.
WITH = {"healthcheck_interval": (["90s", "1m30s", 90], ["30s"]), "healthcheck_timeout": (["1.5s", "1500ms"], ["1s"]),
        "healthcheck_start_period": (["1m", 60], ["0"]), "healthcheck_retries": ([5, "5"], [3])}

ROWS = [(option, {}, *case) for option, case in CASES.items()]
ROWS += [(option, {"healthcheck": "true"}, *case) for option, case in WITH.items()]
# The options that a field is made of, where that is not the one of its name.
TOGETHER = {"mounts": {"volume", "mount", "tmpfs"}, "env": {"env"}, "health": {"healthcheck", *WITH}}
BY_NAME = {row.name: row for row in state.FIELDS + state.COMPOSED}


@pytest.mark.parametrize("option, others, same, different", ROWS, ids=[row[0] for row in ROWS])
def test_another_spelling_is_no_change(option: str, others: dict, same: list, different: list) -> None:
    document = stored(dict(others, **{option: same[0]}))
    for name in (option, *BY_NAME[option].settings.get("aliases", ())):
        for spelling in same:
            assert plan(dict(others, **{name: spelling}), document).before == {}, (name, spelling)


@pytest.mark.parametrize("option, others, same, different", ROWS, ids=[row[0] for row in ROWS])
def test_another_wish_is_seen_and_nothing_else(option: str, others: dict, same: list, different: list) -> None:
    row = BY_NAME[option]
    document = stored(dict(others, **{option: same[0]}))
    for wish in different:
        found = plan(dict(others, **{option: wish}), document)
        assert set(found.before) == set(found.after) and found.after, wish
        assert set(found.after) <= TOGETHER.get(row.field, {option}), wish
        # Networks are joined and left live; from or to another kind of namespace is a new container.
        live = row.effect == "live" and wish not in (["host"],)
        assert found.verbs == ("update",) if live else found.verbs == ("replace",), wish
        assert plan(dict(others, **{option: wish}), found.document or {}).verbs == (), "the second run: %r" % (wish,)
        # A diff has what a task would say: it changes nothing on the side that it is of.
        for side, there in ((found.before, document), (found.after, found.document)):
            said = {name: value for name, value in side.items() if value is not None}
            assert plan(dict({name: others[name] for name in set(others) - set(side)}, **said), there).verbs == (), said


@pytest.mark.parametrize("option, others, same, different", ROWS, ids=[row[0] for row in ROWS])
def test_left_out_it_is_not_managed_and_strictly_it_goes_back(option: str, others: dict, same: list,
                                                              different: list) -> None:
    document = stored(dict(others, **{option: same[0]}))
    assert plan({}, document).verbs == ()
    fields = set(plan({"image": "busybox", "strict": True}, document).before)
    assert fields <= TOGETHER.get(BY_NAME[option].field, {option}) and bool(fields) == (option != "image")


@pytest.mark.parametrize("row", [row for row in state.FIELDS if row.name != "image"], ids=lambda row: row.name)
def test_the_default_said_aloud_is_no_change(row: Any) -> None:
    if row.default is not None and row.name != "log_driver":  # whose default, the engine's choice, has no name
        assert plan({row.name: row.default or ([] if row.type == "list" else row.default)}, stored({})).verbs == ()


def test_every_option_is_in_the_table() -> None:
    assert set(CASES) | set(WITH) == set(BY_NAME) - {"env_merge"}  # which has tables of its own


def test_every_case_has_two_sides() -> None:
    assert all(same and different for _option, _others, same, different in ROWS)
