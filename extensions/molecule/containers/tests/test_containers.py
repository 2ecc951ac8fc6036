# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role containers leaves: services that answer, units that start at boot, and nothing that is not listed."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

OWN = "runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/%d systemctl --user "
ANSWER = "timeout 120 sh -c 'until curl -s -m 10 http://127.0.0.1:%d/; do sleep 0.5; done'"


@pytest.mark.parametrize("port, says", [(8080, "a secret"), (8081, "version 1"), (8082, "version 1")])
def test_they_answer(host: Any, port: int, says: str) -> None:
    assert host.check_output(ANSWER % port) == says


@pytest.mark.parametrize("unit", ["container-web.service", "pod-group.service"])
def test_their_units_start_at_boot(host: Any, unit: str) -> None:
    assert host.service(unit).is_enabled and host.service(unit).is_running


def test_the_users_is_the_users(host: Any) -> None:
    own = OWN % host.user("alice").uid
    assert host.check_output(own + "is-enabled container-own.service") == "enabled"
    assert host.check_output(own + "is-active container-own.service") == "active"
    assert host.run("systemctl cat container-own.service").rc != 0


def test_systemd_starts_a_killed_one_again_with_its_port(host: Any) -> None:
    before = host.check_output("pgrep -x httpd -u alice")
    host.check_output("kill -9 %s", before)
    assert host.check_output(ANSWER % 8082) == "version 1"
    assert host.check_output("pgrep -x httpd -u alice") != before


def test_what_is_not_listed_any_more_is_removed(host: Any) -> None:
    wish = {"containers_prune": True, "containers_user": "", "containers_volumes": [{"name": "pages"}]}
    argv = ["ansible", host.backend.host, "-b", "-m", "ansible.builtin.include_role",
            "-a", "name=pycontainer.engine.containers", "-e", json.dumps(wish)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    assert host.run("systemctl cat container-web.service pod-group.service").rc != 0
    assert host.run("curl -s http://127.0.0.1:8080/").rc == 7 and host.run("curl -s http://127.0.0.1:8081/").rc == 7
    assert host.check_output((OWN % host.user("alice").uid) + "is-active container-own.service") == "active"
