# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role host leaves on a host that had nothing."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest


@pytest.mark.parametrize("program", ["conmon", "crun", "runc", "nft", "newuidmap", "slirp4netns", "pasta", "catatonit"])
def test_programs(host: Any, program: str) -> None:
    assert host.exists(program)


# Those that are of a whole machine are shown in the scenario machine.
@pytest.mark.parametrize("name, value", [
    ("net.ipv4.ip_forward", 1), ("net.ipv4.ip_unprivileged_port_start", 80),
    ("net.ipv4.ping_group_range", "0\t2147483647")])
def test_kernel_settings(host: Any, name: str, value: Any) -> None:
    assert host.sysctl(name) == value


def test_users_may_limit_everything(host: Any) -> None:
    shown = host.check_output("systemctl show user@65000 --property=DelegateControllers --value")
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(shown.split())


def test_the_command_works_for_everybody(host: Any) -> None:
    assert "Version:" in host.check_output("pycontainer version")
    assert host.check_output("docker ps -q") == ""
    assert "Version:" in host.check_output("runuser -u nobody -- pycontainer version")
    for user in ("root", "typist"):
        assert "docker=" in host.check_output("runuser -l %s -c 'bash -ic alias 2>/dev/null'", user)


def test_bash_completes_it(host: Any) -> None:
    ask = ("source /usr/share/bash-completion/bash_completion; _completion_loader pycontainer; "
           "COMP_WORDS=(pycontainer st) COMP_CWORD=1; _pycontainer; echo ${COMPREPLY[*]}")
    assert host.check_output("bash -c %s", ask) == "start stats stop"


def test_registries_and_certificates(host: Any) -> None:
    text = host.file("/etc/containers/registries.conf.d/50-pycontainer.conf").content_string
    assert "10.0.2.2:5000" in text and "registry.example.com" in text
    certificate = host.file("/etc/containers/certs.d/harbor.example.com:8443/harbor.crt").content_string
    assert "BEGIN CERTIFICATE" in certificate
    assert certificate.split()[3] in host.file("/etc/ssl/certs/ca-certificates.crt").content_string


def test_root_runs_a_container(host: Any) -> None:
    assert host.check_output("pycontainer run --rm busybox:1 echo from inside") == "from inside"
    assert host.check_output("pycontainer run --rm -d -p 8080:80 busybox:1 sleep 1000")
    assert host.check_output("pycontainer ps -q")
    host.check_output("pycontainer stop -t 0 -a")


def test_trust_ends(host: Any) -> None:
    wish = {"host_ca_certificates": [{"name": "company", "state": "absent"}],
            # What the role looks up for Debian; only this part of it is played.
            "_host_ca_directory": "/usr/local/share/ca-certificates", "_host_ca_command": ["update-ca-certificates"]}
    argv = ["ansible", host.backend.host, "-b", "-m", "ansible.builtin.include_role",
            "-a", "name=pycontainer.engine.host tasks_from=registries", "-e", json.dumps(wish)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    certificate = host.file("/etc/containers/certs.d/harbor.example.com:8443/harbor.crt").content_string
    assert certificate.split()[3] not in host.file("/etc/ssl/certs/ca-certificates.crt").content_string
    assert not host.file("/etc/containers/registries.conf.d/50-pycontainer.conf").exists
