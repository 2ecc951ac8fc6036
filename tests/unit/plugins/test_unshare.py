# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The become plugin's command line."""

from __future__ import annotations

import shlex
from typing import Any, Callable

import pytest
from ansible.plugins.loader import shell_loader


@pytest.mark.parametrize(("options", "before"), [
    ({}, ["pycontainer", "unshare"]),
    ({"become_user": "root"}, ["pycontainer", "unshare"]),
    ({"become_user": "alice"}, ["pycontainer", "--run-as-user", "alice", "unshare"]),
    ({"become_user": "a b"}, ["pycontainer", "--run-as-user", "a b", "unshare"]),
    ({"become_exe": "/opt/pycontainer --root /r", "become_flags": "--rootless-netns"},
     ["/opt/pycontainer", "--root", "/r", "unshare", "--rootless-netns"]),
])
def test_unshare_comes_before_a_shell(load: Callable[..., Any], options: dict, before: list) -> None:
    become = load("become", "unshare")
    become.set_options(direct=options)
    shell = shell_loader.get("sh")
    shell.executable = "/bin/sh"
    line = become.build_become_command("echo 'a b' \"$HOME\"", shell)
    words = shlex.split(line)
    assert words[:-3] == before
    assert words[-3:] == ["/bin/sh", "-c", "echo %s ; echo 'a b' \"$HOME\"" % become.success]


def test_no_command_stays_none(load: Callable[..., Any]) -> None:
    become = load("become", "unshare")
    become.set_options()
    assert become.build_become_command("", shell_loader.get("sh")) == ""
