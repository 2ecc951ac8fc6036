# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services of the system and of a user who never logged in: limited by the kernel, and there after a boot."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from services import answer

USERS = "runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/%d systemctl --user"


def group(host: Any) -> str:
    """The cgroup of the process of alice's service."""
    pid = host.check_output("pgrep -x httpd -u alice")
    found: str = host.check_output("cut -d: -f3 /proc/%s/cgroup", pid)
    return found


@pytest.mark.parametrize("name, value", [
    ("fs.inotify.max_user_instances", 1024), ("user.max_user_namespaces", 65536), ("net.ipv4.ip_forward", 1),
    ("net.ipv4.ip_unprivileged_port_start", 1000), ("kernel.unprivileged_userns_clone", 1)])
def test_kernel_settings(host: Any, name: str, value: int) -> None:
    assert host.sysctl(name) == value


def test_tun_is_there_for_everybody(host: Any) -> None:
    tun = host.file("/dev/net/tun")
    assert tun.mode == 0o666 and host.file("/sys/module/overlay").exists


def test_users_may_limit_everything(host: Any) -> None:
    uid = host.user("alice").uid
    path = "/sys/fs/cgroup/user.slice/user-%d.slice/user@%d.service/cgroup.controllers" % (uid, uid)
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(host.file(path).content_string.split())


def test_it_is_alices_and_limited_by_the_kernel(host: Any) -> None:
    uid = host.user("alice").uid
    assert "/user-%d.slice/user@%d.service/" % (uid, uid) in group(host)
    assert host.file("/sys/fs/cgroup%s/pids.max" % group(host)).content_string.strip() == "50"
    assert host.file("/sys/fs/cgroup%s/memory.max" % group(host)).content_string.strip() == str(64 << 20)
    assert int(host.check_output("stat -c %u /proc/$(pgrep -x httpd -u alice)")) == uid


def test_the_systems_service_is_the_systems(host: Any) -> None:
    assert "/machine.slice/" in host.check_output("cut -d: -f3 /proc/$(pgrep -x httpd -u root)/cgroup")


def test_they_answer_after_a_reboot_without_a_login(host: Any, reboot: Callable) -> None:
    assert answer(18080) == answer(18081) == "version 1\n"
    reboot()
    assert answer(18080, 120) == answer(18081, 120) == "version 1\n"
    shown = host.check_output("loginctl show-user alice -p Sessions -p Linger")
    assert set(shown.split()) == {"Linger=yes", "Sessions="}
    assert host.sysctl("net.ipv4.ip_unprivileged_port_start") == 1000
    shown = host.check_output((USERS % host.user("alice").uid) + " show container-web.service -p ActiveState")
    assert shown.strip() == "ActiveState=active"
