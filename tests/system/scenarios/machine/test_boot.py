# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the emulator gives, and boxes cannot."""

from __future__ import annotations

from typing import Any


def test_systemd_runs_it(host: Any) -> None:
    assert host.check_output("cat /proc/1/comm") == "systemd"
    assert host.run("systemctl is-system-running --wait").stdout.strip() == "running", \
        host.check_output("systemctl --failed")


def test_cgroups_are_unified(host: Any) -> None:
    assert host.check_output("stat -f -c %T /sys/fs/cgroup") == "cgroup2fs"
    assert {"cpu", "memory", "pids"} <= set(host.file("/sys/fs/cgroup/cgroup.controllers").content_string.split())


def test_logind_knows_sessions(host: Any) -> None:
    assert "root" in host.check_output("loginctl list-users --no-legend")


def test_nothing_is_reached_but_what_the_tests_serve(host: Any) -> None:
    assert host.run("curl -s -m 5 http://10.0.2.2:8000/Packages | grep -q ^Package:").rc == 0
    assert host.run("curl -s -m 5 http://192.0.2.1/").rc != 0
