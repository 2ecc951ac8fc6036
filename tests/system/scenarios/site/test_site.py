# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The service of a user who never logged in: from outside, restarted, after a reboot."""

from __future__ import annotations

import os
import subprocess
from typing import Any, Callable, Dict

from services import answer


def starts(host: Any) -> Dict[str, str]:
    """What systemd calls the present run of each unit."""
    own = "runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/%d systemctl --user" % host.user("alice").uid
    asked = {"web": own, "other": own, "status": "systemctl", "registry": "systemctl"}
    return {name: host.check_output("%s show --value -p InvocationID container-%s.service" % (command, name))
            for name, command in asked.items()}


def test_it_answers_on_both_ports(host: Any) -> None:
    assert answer(18080) == "hello from alice" and answer(10080) == "hello from alice"


def test_it_is_alices(host: Any) -> None:
    uid = host.user("alice").uid
    pid = host.check_output("pgrep -x httpd -u alice")
    assert "/user-%d.slice/user@%d.service/" % (uid, uid) in host.file("/proc/%s/cgroup" % pid).content_string
    assert int(host.check_output("stat -c %%u /proc/%s", pid)) == uid


def test_systemd_starts_a_killed_container_again(host: Any) -> None:
    before = host.check_output("pgrep -x httpd -u alice")
    host.check_output("kill -9 %s", before)
    host.check_output("timeout 180 sh -c 'until pgrep -x httpd -u alice; do sleep 0.3; done'")
    assert answer(18080) == "hello from alice"
    assert host.check_output("pgrep -x httpd -u alice") != before


def test_the_systems_service_answers(host: Any) -> None:
    assert answer(18081) == "version 1\n"


def test_the_registry_had_what_was_pulled_through_it(host: Any) -> None:
    catalog = host.check_output("curl -s --cacert /etc/containers/certs.d/h1:5000/ca.crt https://h1:5000/v2/_catalog")
    assert "library/busybox" in catalog


def test_a_changed_image_starts_exactly_that_unit_anew(host: Any) -> None:
    before = starts(host)
    assert all(before.values()), before
    play = os.path.join(os.path.dirname(os.path.abspath(__file__)), "play.yml")
    subprocess.run(["ansible-playbook", play, "-e", "site_other=2"], check=True, stdin=subprocess.DEVNULL)
    after = starts(host)
    assert {name for name in before if before[name] != after[name]} == {"other"}


def test_it_answers_after_a_reboot_without_a_login(host: Any, reboot: Callable) -> None:
    reboot()
    assert answer(10080, 120) == "hello from alice" and answer(18081, 120) == "version 1\n"
    shown = host.check_output("loginctl show-user alice -p Sessions -p Linger")
    assert set(shown.split()) == {"Linger=yes", "Sessions="}


def test_its_unit_is_alices(host: Any) -> None:
    show = ("runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/%d systemctl --user show container-web.service "
            "-p ActiveState -p UnitFileState" % host.user("alice").uid)
    assert set(host.check_output(show).split()) == {"ActiveState=active", "UnitFileState=enabled"}
