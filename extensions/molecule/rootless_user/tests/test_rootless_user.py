# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role rootless_user leaves: users without a login, whose containers run."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest


def ansible(host: Any, module: str, **options: Any) -> dict:
    """The result of a module on the host."""
    done = subprocess.run(["ansible", host.backend.host, "-b", "-m", module, "-a", json.dumps(options)], check=False,
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    result: dict = json.loads(done.stdout[done.stdout.index(" => ") + 4:])
    return result


def test_who_was_there_before_is_left_as_they_are(host: Any) -> None:
    assert host.user("bob-2").shell == "/bin/sh" and host.user("alice").shell == "/bin/bash"


def test_ranges_do_not_overlap(host: Any) -> None:
    for name in ("subuid", "subgid"):
        text = host.file("/etc/" + name).content_string
        rows = sorted((int(start), int(count)) for _user, start, count in (row.split(":") for row in text.split()))
        assert len(rows) == 2 and rows[0][0] + rows[0][1] <= rows[1][0]
        assert "bob-2:700000:65536" in text


def ranges(host: Any, user: str) -> list:
    """The first IDs of a user in /etc/subuid and /etc/subgid."""
    rows = [row.split(":") for name in ("subuid", "subgid")
            for row in host.file("/etc/" + name).content_string.split()]
    return [int(start) for name, start, _count in rows if name == user]


def test_the_ranges_of_a_user_who_is_gone_are_freed_and_given_to_the_next(host: Any) -> None:
    host.check_output("useradd --create-home carol")
    old = ranges(host, "carol")
    assert len(old) == 2 and not set(old) & set(ranges(host, "alice") + ranges(host, "bob-2"))
    # A directory's users leave their ranges behind; Debian's userdel does not.
    host.check_output("cp /etc/subuid /etc/subuid.kept && cp /etc/subgid /etc/subgid.kept && userdel --remove carol")
    host.check_output("mv /etc/subuid.kept /etc/subuid && mv /etc/subgid.kept /etc/subgid && useradd dave")
    taken = ansible(host, "pycontainer.engine.subid", user="dave", start=old[0])
    assert "error" in taken and "carol" in taken["msg"], taken
    freed = [ansible(host, "pycontainer.engine.subid", user="carol", state="absent")["changed"] for _again in range(2)]
    assert freed == [True, False] and ranges(host, "carol") == []
    given = ansible(host, "pycontainer.engine.subid", user="dave", start=old[0])
    assert given.get("changed") is True and ranges(host, "dave") == [old[0], old[0]], given
    assert ansible(host, "pycontainer.engine.subid", user="dave", state="absent")["changed"] is True


def test_who_lingers(host: Any) -> None:
    assert host.file("/var/lib/systemd/linger").listdir() == ["alice"]
    assert host.check_output("systemctl is-active user@%s", str(host.user("alice").uid)) == "active"


def test_a_container_of_a_user_who_never_logged_in(host: Any) -> None:
    made = ansible(host, "pycontainer.engine.container", name="web", image="10.0.2.2:5000/busybox:1", tls_verify=False,
                   run_as_user="alice", publish=["8080:8080"],
                   command=["sh", "-c", "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"])
    assert made.get("changed") is True, made
    again = ansible(host, "pycontainer.engine.container", name="web", image="10.0.2.2:5000/busybox:1",
                    tls_verify=False, run_as_user="alice", publish=["8080:8080"])
    assert again.get("changed") is False, again
    ask = "timeout 30 sh -c 'until curl -s http://127.0.0.1:8080/; do sleep 0.2; done'"
    assert host.check_output(ask) == "hello"


def test_the_low_port_leads_to_the_user_from_inside_and_outside(host: Any) -> None:
    assert host.check_output("curl -s -m 10 http://127.0.0.1:80/") == "hello"
    assert host.check_output("curl -s -m 10 http://10.77.0.1/") == "hello"
    outside = subprocess.run(["curl", "-s", "-m", "20", "http://127.0.0.1:10080/"], check=True, stdout=subprocess.PIPE)
    assert outside.stdout == b"hello\n"


@pytest.mark.parametrize("verb", ["start", "reload", "restart", "stop", "start"])
def test_the_low_port_outlives_the_hosts_own_rules(host: Any, verb: str) -> None:
    host.check_output("systemctl %s nftables" % verb)
    if verb == "stop":
        assert "pycontainer_redirects" not in host.check_output("nft list ruleset")
        return
    host.check_output("timeout 30 sh -c 'until nft list ruleset | grep -q pycontainer_redirects; do sleep 0.1; done'")
    assert host.check_output("curl -s -m 10 http://127.0.0.1:80/") == "hello"


def test_the_role_mends_redirects_that_somebody_flushed(host: Any) -> None:
    host.check_output("nft flush ruleset")
    assert host.run("curl -s -m 10 http://127.0.0.1:80/").rc == 7
    wish = {"rootless_user_name": "alice", "rootless_user_redirects": [{"from": 80, "to": 8080}]}
    argv = ["ansible", host.backend.host, "-b", "-m", "ansible.builtin.include_role",
            "-a", "name=pycontainer.engine.rootless_user", "-e", json.dumps(wish)]
    for mode, answers in (["--check"], 7), ([], 0), (["--check"], 0):
        done = subprocess.run(argv + mode, check=True, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert ("CHANGED" in done.stdout) == (mode == [] or answers == 7), done.stdout
        assert host.run("curl -s -m 10 http://127.0.0.1:80/").rc == answers


@pytest.mark.parametrize("unit", ["pycontainer-redirects-alice.service"])
def test_the_redirect_is_there_at_boot(host: Any, unit: str) -> None:
    assert host.service(unit).is_enabled and host.service(unit).is_running
