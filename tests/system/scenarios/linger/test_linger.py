# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lingering on a host that boots: for good, repaired, and taken away again."""

from __future__ import annotations

from typing import Any, Callable

LINGER = "pycontainer.engine.linger"


def uid(host: Any) -> str:
    return str(host.user("alice").uid)


def of_logind(host: Any) -> set:
    return set(host.check_output("loginctl show-user alice -p Linger -p Sessions").split())


def test_the_users_systemd_runs_without_a_session(host: Any) -> None:
    assert of_logind(host) == {"Linger=yes", "Sessions="}
    assert host.check_output("systemctl is-active user@%s.service", uid(host)) == "active"


def test_a_stopped_systemd_is_started_again(host: Any, ansible: Callable) -> None:
    host.check_output("systemctl stop user@%s.service", uid(host))
    result = ansible(LINGER, user="alice")
    assert result["actions"] == ["start (systemd of the user)"], result
    assert host.file("/run/user/%s/bus" % uid(host)).is_socket
    assert ansible(LINGER, user="alice")["changed"] is False


def test_a_bus_that_came_later_is_started(host: Any, ansible: Callable) -> None:
    host.check_output("runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/%s systemctl --user stop dbus.socket",
                      uid(host))
    host.run("rm /run/user/%s/bus", uid(host))
    assert ansible(LINGER, user="alice")["actions"] == ["start bus"]
    assert host.file("/run/user/%s/bus" % uid(host)).is_socket


def test_a_host_that_lacks_the_bus_is_told_which_package_brings_it(host: Any, ansible: Callable) -> None:
    host.check_output("useradd --create-home bob")
    host.check_output("dpkg --remove --force-depends dbus-user-session")
    refused = ansible(LINGER, user="bob")
    assert "dbus-user-session" in refused["msg"], refused
    installed = ansible("ansible.builtin.apt", name="dbus-user-session", update_cache=True)
    assert installed.get("changed") is True, installed
    assert ansible(LINGER, user="bob")["changed"] is True
    assert ansible(LINGER, user="bob", state="absent")["changed"] is True


def test_it_survives_a_reboot(host: Any, ansible: Callable, reboot: Callable) -> None:
    reboot()
    assert of_logind(host) == {"Linger=yes", "Sessions="}
    assert ansible(LINGER, user="alice")["changed"] is False


def test_it_is_taken_away(host: Any, ansible: Callable) -> None:
    assert [ansible(LINGER, user="alice", state="absent")["changed"] for _again in range(2)] == [True, False]
    assert not host.file("/var/lib/systemd/linger/alice").exists


def test_a_user_who_is_gone(host: Any, ansible: Callable) -> None:
    host.check_output("touch /var/lib/systemd/linger/ghost")
    assert "no user ghost" in ansible(LINGER, user="ghost")["msg"]
    assert ansible(LINGER, user="ghost", state="absent")["changed"] is True
    assert not host.file("/var/lib/systemd/linger/ghost").exists
