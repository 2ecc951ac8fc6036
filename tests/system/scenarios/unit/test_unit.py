# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units as systemd sees them, the system's and a user's: started, killed, stopped; the play is played twice."""

from __future__ import annotations

import base64
import subprocess
import time
from typing import Any, Callable, Dict, List

import pytest

ODD = "one\nExecStart=/bin/false\n%h $HOME \"two\" 'three' \\"
ROOT, ALICE = "root", "alice"
USERS = pytest.mark.parametrize("user", [ROOT, ALICE])


def command(host: Any, user: str, line: str) -> str:
    """What a command says that root or a user runs, who has no session."""
    if user != ROOT:
        line = "runuser -u %s -- env HOME=/home/%s XDG_RUNTIME_DIR=/run/user/%d %s" % (
            user, user, host.user(user).uid, line)
    said: str = host.check_output(line)
    return said


def systemctl(host: Any, user: str, line: str) -> str:
    """What the system's or the user's own systemctl says."""
    return command(host, user, "systemctl %s%s" % ("" if user == ROOT else "--user ", line))


def shown(host: Any, user: str, unit: str) -> Dict[str, str]:
    """What systemd knows of a unit."""
    return dict(row.partition("=")[::2] for row in systemctl(host, user, "show " + unit).splitlines())


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.5)


def answer(port: int, wanted: str = "version 1\n", seconds: float = 60) -> bool:
    """Whether the host's port is answered so from outside, soon."""
    def ask() -> bool:
        done = subprocess.run(["curl", "-s", "-m", "10", "http://127.0.0.1:%d/" % (10000 + port)], check=False,
                              stdout=subprocess.PIPE, text=True)
        return done.stdout == wanted

    return bool(eventually(ask, seconds))


def variable(host: Any, pid: str, name: str) -> List[str]:
    """A variable of a process, as it is."""
    text = host.check_output("base64 -w0 /proc/%s/environ", pid)
    rows = [row.partition("=") for row in base64.b64decode(text).decode().split("\0")]
    return [content for key, _equals, content in rows if key == name]


def inspected(host: Any, user: str, name: str, form: str) -> str:
    """One field of a container, asked as its owner."""
    return command(host, user, "pycontainer inspect --format '{{%s}}' %s" % (form, name))


@pytest.mark.parametrize("user, port", [(ROOT, 8080)])
def test_a_unit_keeps_its_service_up(host: Any, user: str, port: int) -> None:
    assert answer(port)
    unit = shown(host, user, "container-web")
    assert (unit["ActiveState"], unit["UnitFileState"], unit["Restart"]) == ("active", "enabled", "always")
    slices = ("/system.slice/", "/machine.slice/") if user == ROOT else ("/user.slice/user-", "/user.slice/user-")
    monitor, first = unit["MainPID"], inspected(host, user, "web", ".State.Pid")
    for pid, place in zip((monitor, first), slices):
        assert place in host.check_output("cat /proc/%s/cgroup", pid)
    assert host.file("/proc/%s/comm" % monitor).content_string.strip() == "conmon"
    # Values are what they were: none became a line of the unit's file.
    assert variable(host, first, "ODD") == [ODD]
    assert unit["Environment"].startswith('"ODD=one\\nExecStart=/bin/false\\n%h '), unit["Environment"]
    assert "/bin/false" not in unit["ExecStart"]

    host.check_output("kill -9 %s", first)
    assert eventually(lambda: int(shown(host, user, "container-web")["NRestarts"]) > int(unit["NRestarts"]))
    assert answer(port)


@USERS
def test_a_unit_starts_and_stops_a_container_that_exists(host: Any, user: str) -> None:
    made = inspected(host, user, "kept", ".Id")
    systemctl(host, user, "stop container-kept")
    assert inspected(host, user, "kept", ".State.Status") == "exited"
    systemctl(host, user, "start container-kept")
    assert inspected(host, user, "kept", ".State.Status") == "running"
    assert inspected(host, user, "kept", ".Id") == made


def test_the_units_of_a_pod_go_together(host: Any) -> None:
    members = ["container-p-web", "container-p-side"]
    assert answer(80)
    assert {shown(host, ROOT, unit)["BindsTo"] for unit in members} == {"pod-p.service"}
    systemctl(host, ROOT, "stop pod-p")
    assert eventually(lambda: {shown(host, ROOT, unit)["ActiveState"] for unit in members} == {"inactive"})
    assert host.check_output("pycontainer ps -aq --filter pod=p; pycontainer pod ps -q") == ""
    systemctl(host, ROOT, "start pod-p")
    assert eventually(lambda: {shown(host, ROOT, unit)["ActiveState"] for unit in members} == {"active"})
    assert answer(80)
