# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is shown of systemd's services to containers: for a user on an emulated host, for root in a box."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any, Callable, Optional

CONTAINER = "pycontainer.engine.container"
IMAGE = "10.0.2.2:5000/busybox:1"


def options(user: Optional[str], **more: Any) -> dict:
    """The options of a container of root's or of a user's."""
    base = {"image": IMAGE, "tls_verify": False, "stop_signal": "KILL"}
    return dict(base, **({"run_as_user": user} if user else {}), **more)


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.5)


def said(port: int) -> str:
    """What a host says on a forwarded port, '' when nothing answers there."""
    return subprocess.run(["curl", "-s", "-m", "10", "http://127.0.0.1:%d/" % port], check=False,
                          stdout=subprocess.PIPE, text=True).stdout


def answer(port: int, seconds: float = 60) -> str:
    """What a host says on a forwarded port, as soon as it says something."""
    found: str = eventually(lambda: said(port), seconds)
    return found


def timers(host: Any, user: Optional[str]) -> str:
    """The timers of the system's or of a user's systemd."""
    own = user and "runuser -u %s -- env XDG_RUNTIME_DIR=/run/user/%s systemctl --user" % (user, host.user(user).uid)
    said: str = host.check_output("%s list-timers --all --no-legend" % (own or "systemctl"))
    return said


def a_timer_checks_health(host: Any, ansible: Callable, user: Optional[str]) -> None:
    """A container gets healthy, and unhealthy, and its timer goes with it."""
    wish = options(user, name="healthy", healthcheck="test -e /tmp/good", healthcheck_interval="1s",
                   healthcheck_retries=2, command=["sh", "-c", "touch /tmp/good; sleep 1000"])
    made = ansible(CONTAINER, state="healthy", **wish)
    assert made.get("changed"), made
    found = timers(host, user)
    assert made["container"]["Id"][:12] in found, found
    which = dict({"run_as_user": user} if user else {}, name="healthy")
    # It runs in a session, from where a user may move no process into the container's control group.
    removed = ansible("pycontainer.engine.exec", argv=["rm", "/tmp/good"], **which)
    assert removed.get("rc") == 0, removed

    def unhealthy() -> bool:
        shown = ansible("pycontainer.engine.container_info", **which)
        return bool(shown["containers"][0]["State"]["Health"]["Status"] == "unhealthy")

    assert eventually(unhealthy, 180)
    assert ansible(CONTAINER, state="absent", **which)["changed"]
    found = timers(host, user)
    assert made["container"]["Id"][:12] not in found, found


def the_journal_has_the_logs(host: Any, ansible: Callable, user: Optional[str]) -> None:
    """What a container says is in its owner's journal, who can read it."""
    made = ansible(CONTAINER, name="talks", log_driver="journald", detach=False, command=["echo", "a word"],
                   **options(user))
    reader = "runuser -u %s -- journalctl" % user if user else "journalctl"
    rows = host.check_output("%s --output json CONTAINER_NAME=talks" % reader).splitlines()
    assert "a word" in [json.loads(row)["MESSAGE"].strip() for row in rows], rows
    assert made.get("stdout") == "a word\n", (made, rows)
    assert ansible(CONTAINER, name="talks", state="absent", **({"run_as_user": user} if user else {}))["changed"]
