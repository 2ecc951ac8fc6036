# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A check on a host that has nothing yet: what site.yml and single tasks would do is said, and nothing is done."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, Callable, Dict, List

import pytest

SITE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "site", "play.yml")
IMAGE = "docker.io/library/busybox:1"
SERVICE = {"name": "a", "image": IMAGE, "publish": ["8080:80"], "unit": {"restart_policy": "always"}}
MODULES: List[Any] = [
    ("container", {"name": "a", "image": IMAGE, "publish": ["8080:80"], "memory": "64m"}), ("network", {"name": "a"}),
    ("volume", {"name": "a"}), ("pod", {"name": "a", "publish": ["8080:80"]}), ("image", {"name": IMAGE}),
    ("secret", {"name": "a", "data": "x"}),
    ("stack", {"name": "a", "containers": [SERVICE], "networks": [{"name": "n"}]}),
    ("login", {"registry": "registry.example", "username": "a", "password": "b"}),
    ("quadlet", {"name": "a.container", "content": "[Container]\nImage=x\n"})]


def everything(host: Any) -> str:
    """All files of the host that no daemon writes to, and its accounts."""
    places = "/etc /home /opt /usr /var/lib /var/spool /run/pycontainer /run/pycontainer-users"
    found: str = host.check_output(
        "find %s -path /var/lib/systemd -prune -o -printf '%%p %%s %%C@\\n' 2>/dev/null | sort" % places)
    return found


def test_a_check_of_the_site_says_what_it_would_do(host: Any) -> None:
    before = everything(host)
    login = {"registry_client_users": ["root", "alice"], "registry_client_username": "a",
             "registry_client_password": "b"}
    done = subprocess.run(["ansible-playbook", SITE, "--check", "-e", json.dumps(login)], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    assert everything(host) == before
    for foreseen in ("conmon", "h1 has no user alice yet, who would get pages, greeting, web, other."):
        assert foreseen in done.stdout, done.stdout


@pytest.fixture
def bob(host: Any) -> Any:
    """A user without anything."""
    host.check_output("useradd --create-home bob")
    yield "bob"
    host.check_output("userdel --remove bob")


@pytest.mark.parametrize("own", [{}, {"run_as_user": "bob"}], ids=["root", "bob"])
def test_a_check_of_single_tasks_says_what_they_would_do(host: Any, ansible: Callable, bob: str,
                                                         own: Dict[str, str]) -> None:
    before = everything(host)
    for module, options in MODULES:
        if own:
            # A host with cgroup v1 gives users none.
            options = {key: value for key, value in options.items() if key != "memory"}
        done = ansible("pycontainer.engine." + module, check=True, **options, **own)
        assert done.get("changed") and not done.get("failed"), (module, done)
    assert everything(host) == before


def test_a_check_does_not_miss_the_packages_of_an_earlier_task(host: Any, ansible: Callable, bob: str) -> None:
    before = everything(host)
    assert ansible("pycontainer.engine.linger", check=True, user=bob)["changed"]
    failed = ansible("pycontainer.engine.linger", user=bob)
    assert "no message bus" in failed["msg"] and everything(host) == before
