# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role registry leaves: a registry that asks for a login over TLS, and a client that has one."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import yaml

IMAGE = "pycontainer.engine.image"


def ansible(host: Any, module: str, **options: Any) -> dict:
    """The result of a module on the host."""
    done = subprocess.run(["ansible", host.backend.host, "-b", "-m", module, "-a", json.dumps(options)], check=False,
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    result: dict = json.loads(done.stdout[done.stdout.index(" => ") + 4:])
    return result


def test_it_starts_at_boot(host: Any) -> None:
    assert host.service("container-registry.service").is_enabled
    assert host.service("container-registry.service").is_running


def test_it_asks_for_a_login_over_tls(host: Any) -> None:
    ask = "curl -s -o /dev/null -w '%{http_code}' --cacert /etc/containers/certs.d/h1:5000/ca.crt "
    assert host.check_output(ask + "https://h1:5000/v2/") == "401"
    assert host.check_output(ask + "-u 'operator:a word' https://h1:5000/v2/") == "200"
    assert host.run("curl -s https://h1:5000/v2/").rc == 60


def test_further_options_are_added_to_the_roles_own(host: Any) -> None:
    shown = ansible(host, "pycontainer.engine.container_info", name="registry")["containers"][0]
    assert {row["Destination"] for row in shown["Mounts"]} == {"/var/lib/registry", "/etc/docker/registry", "/more"}
    assert {"tier", "org.pycontainer.registry.files", "org.pycontainer.role"} <= set(shown["Config"]["Labels"])
    unit = host.check_output("systemctl cat container-registry.service")
    assert "Restart=always" in unit and "RestartSec=7" in unit


def test_check_mode_says_what_starts_it_anew(host: Any) -> None:
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "converge.yml"), encoding="utf-8") as stream:
        wish = yaml.safe_load(stream)[0]["tasks"][0]["vars"]
    argv = ["ansible", host.backend.host, "-b", "--check", "-m", "ansible.builtin.include_role",
            "-a", "name=pycontainer.engine.registry", "-e"]
    for more, anew in ({}, False), ({"registry_mirror_of": "http://10.0.2.2:5000"}, True):
        said = subprocess.run([*argv, json.dumps(dict(wish, **more))], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        assert ("container registry: replace (label)" in said) == anew and "actions" in said, said


def test_its_files_are_roots(host: Any) -> None:
    assert host.file("/etc/pycontainer/registry").mode == 0o700
    assert host.file("/etc/pycontainer/registry/tls.key").mode == 0o600


def test_an_image_goes_there_and_comes_back_by_its_short_name(host: Any) -> None:
    pushed = ansible(host, IMAGE, name="10.0.2.2:5000/busybox:1", tls_verify=False, push=True,
                     push_args={"dest": "h1:5000/tools/busybox:1"})
    assert pushed.get("changed") is True, pushed
    pulled = ansible(host, IMAGE, name="tools/busybox:1")
    assert pulled.get("changed") is True, pulled
    refused = ansible(host, "pycontainer.engine.login", registry="h1:5000", username="operator", password="another")
    assert refused.get("error") == "Unauthorized", refused


def test_what_a_client_does_not_say_any_more_is_gone(host: Any) -> None:
    argv = ["ansible", host.backend.host, "-b", "-m", "ansible.builtin.include_role",
            "-a", "name=pycontainer.engine.registry tasks_from=client", "-e"]
    file = host.file("/etc/containers/registries.conf.d/60-registry-h1_5000.conf")
    for mirrors in (["docker.io"], []):
        wish = {"registry_client_address": "h1:5000", "registry_client_mirrors": mirrors}
        subprocess.run([*argv, json.dumps(wish)], check=True, stdin=subprocess.DEVNULL)
        assert file.exists == bool(mirrors)
        assert not mirrors or ("docker.io" in file.content_string and "search" not in file.content_string)
