# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine on a host with systemd and cgroup v2: who keeps the cgroups, the timers and the logs."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

import pytest

CONTAINER = "pycontainer.engine.container"
IMAGE = "10.0.2.2:5000/busybox:1"


def options(user: Optional[str], **more: Any) -> dict:
    """The options of a container of root's or of a user's."""
    base = {"image": IMAGE, "tls_verify": False, "stop_signal": "KILL"}
    return dict(base, **({"run_as_user": user} if user else {}), **more)


def cgroup(host: Any, result: dict) -> str:
    """The directory of a container's cgroup."""
    line = host.check_output("cat /proc/%s/cgroup", str(result["container"]["State"]["Pid"]))
    return "/sys/fs/cgroup" + line.strip().split("::")[1]


@pytest.mark.parametrize("runtime", ["crun", "runc"])
@pytest.mark.parametrize("user, slice_name", [(None, "/machine.slice/"), ("alice", "/user.slice/user-")])
def test_systemd_keeps_the_cgroup_and_the_kernel_the_limits(host: Any, ansible: Callable, user: Optional[str],
                                                            slice_name: str, runtime: str) -> None:
    wish = options(user, name="limited", runtime=runtime, memory="64m", pids_limit="50", command=["sleep", "1000"])
    made = ansible(CONTAINER, **wish)
    assert made["changed"], made
    path = cgroup(host, made)
    assert slice_name in path, path
    assert host.file(path + "/memory.max").content_string.strip() == str(64 * 1024 * 1024)
    assert host.file(path + "/pids.max").content_string.strip() == "50"
    assert ansible(CONTAINER, **wish)["changed"] is False
    live = ansible(CONTAINER, **dict(wish, memory="96m"))
    assert live["actions"] == ["update (memory)"], live
    assert host.file(path + "/memory.max").content_string.strip() == str(96 * 1024 * 1024)
    assert ansible(CONTAINER, **dict(wish, state="absent"))["changed"]
    assert not host.file(path).exists


@pytest.mark.parametrize("user", [None, "alice"])
def test_health_is_checked_by_a_timer(host: Any, ansible: Callable, user: Optional[str]) -> None:
    wish = options(user, name="healthy", healthcheck="test -e /tmp/good", healthcheck_interval="1s",
                   healthcheck_retries=2, command=["sh", "-c", "touch /tmp/good; sleep 1000"])
    made = ansible(CONTAINER, state="healthy", **wish)
    assert made.get("changed"), made
    own = "runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/%s systemctl --user" % host.user("alice").uid
    timers = host.check_output("%s list-timers --all --no-legend" % (own if user else "systemctl"))
    assert made["container"]["Id"][:12] in timers, timers
    gone = dict({"run_as_user": user} if user else {}, name="healthy")
    # It runs in a session, from where a user may move no process into the container's control group.
    removed = ansible("pycontainer.engine.exec", argv=["rm", "/tmp/good"], **gone)
    assert removed.get("rc") == 0, removed
    for _attempt in range(20):
        shown = ansible("pycontainer.engine.container_info", **gone)
        health = shown["containers"][0]["State"]["Health"]
        if health["Status"] == "unhealthy":
            break
    assert health["Status"] == "unhealthy", health
    assert ansible(CONTAINER, state="absent", **gone)["changed"]
    timers = host.check_output("%s list-timers --all --no-legend" % (own if user else "systemctl"))
    assert made["container"]["Id"][:12] not in timers, timers


@pytest.mark.parametrize("user", [None, "alice"])
def test_logs_are_in_the_journal(host: Any, ansible: Callable, user: Optional[str]) -> None:
    made = ansible(CONTAINER, name="talks", log_driver="journald", detach=False, command=["echo", "a word"],
                   **options(user))
    reader = "runuser -u alice -- journalctl" if user else "journalctl"
    rows = host.check_output("%s --output json CONTAINER_NAME=talks" % reader).splitlines()
    assert "a word" in [json.loads(row)["MESSAGE"].strip() for row in rows], rows
    assert made.get("stdout") == "a word\n", (made, rows)
    assert ansible(CONTAINER, name="talks", state="absent", **({"run_as_user": user} if user else {}))["changed"]
