# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine on a host with systemd and cgroup v2: who keeps the cgroups, the timers and the logs."""

from __future__ import annotations

from typing import Any, Callable, Optional

import pytest
import services
from services import CONTAINER


def cgroup(host: Any, result: dict) -> str:
    """The directory of a container's cgroup."""
    line = host.check_output("cat /proc/%s/cgroup", str(result["container"]["State"]["Pid"]))
    return "/sys/fs/cgroup" + line.strip().split("::")[1]


@pytest.mark.parametrize("runtime", ["crun", "runc"])
@pytest.mark.parametrize("user, slice_name", [(None, "/machine.slice/"), ("alice", "/user.slice/user-")])
def test_systemd_keeps_the_cgroup_and_the_kernel_the_limits(host: Any, ansible: Callable, user: Optional[str],
                                                            slice_name: str, runtime: str) -> None:
    wish = services.options(user, name="limited", runtime=runtime, memory="64m", pids_limit="50",
                            command=["sleep", "1000"])
    made = ansible(CONTAINER, **wish)
    assert made["changed"], made
    assert ansible(CONTAINER, **wish)["changed"] is False
    path = cgroup(host, made)
    assert slice_name in path, path
    read = "cat %s/memory.max %s/pids.max"
    assert host.check_output(read, path, path).split() == [str(64 << 20), "50"]
    live = ansible(CONTAINER, **dict(wish, memory="96m"))
    assert live["actions"] == ["update (memory)"], live
    assert host.check_output(read, path, path).split() == [str(96 << 20), "50"]
    assert ansible(CONTAINER, **dict(wish, state="absent"))["changed"]
    assert not host.file(path).exists


def test_a_timer_of_the_users_checks_health(host: Any, ansible: Callable) -> None:
    services.a_timer_checks_health(host, ansible, "alice")


def test_logs_are_in_the_users_journal(host: Any, ansible: Callable) -> None:
    services.the_journal_has_the_logs(host, ansible, "alice")
