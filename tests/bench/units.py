# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""20 containers as units of systemd's, the system's and a user's: the unchanged stack against a ping, over ssh.

The host is a box of the system tests (tests/system/boxes.py).
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from typing import Any, Dict, List

import loop
import run

sys.path.insert(0, os.path.join(run.TOP, "tests", "system"))
import boxes  # noqa: E402
import guests  # noqa: E402
import image  # noqa: E402

ITEMS = 20
REPEATED = 15
USERS = ("root", "alice")


def wish(user: str) -> Dict[str, Any]:
    """The options of the stack."""
    own = {} if user == "root" else {"run_as_user": user}
    container = {"image": boxes.OUTER + ":5000/busybox:1", "tls_verify": False, "command": ["sleep", "100000"],
                 "network": ["none"], "stop_signal": "KILL", "unit": {"restart_policy": "always"}}
    return dict({"name": "bench", "containers": [dict(container, name="c%d" % number) for number in range(ITEMS)]},
                **own)


def tasks() -> List[Dict[str, Any]]:
    """The play's tasks; the repeated ones are in turn."""
    rows: List[Dict[str, Any]] = [
        {"name": "prepare 1", "ansible.builtin.user": {"name": "alice"}},
        {"name": "prepare 2", "pycontainer.engine.linger": {"user": "alice"}}]
    rows += [{"name": "create and start, %s" % user, "pycontainer.engine.stack": wish(user)} for user in USERS]
    for number in range(REPEATED):
        rows.append({"name": "ping %d" % number, "ansible.builtin.ping": {}})
        rows += [{"name": "%s %d" % (user, number), "pycontainer.engine.stack": wish(user)} for user in USERS]
    return rows


def main(bench: run.Bench) -> None:
    """Boot, play, and print the table."""
    work = os.path.join(bench.work, "units")
    os.mkdir(work)
    place = image.ensure(os.path.join(run.TOP, "build", "system"))
    with boxes.ready(work, [1]), guests.running([boxes.Box(1, place, work, "prepared")], place, work) as hosts:
        variables = {"ansible_ssh_common_args": "-F %s/ssh_config" % work, "ansible_user": "root",
                     "ansible_python_interpreter": "/usr/bin/python3"}
        inventory = os.path.join(work, "inventory.json")
        with open(inventory, "w", encoding="utf-8") as stream:
            json.dump({"all": {"hosts": {host.name: variables for host in hosts}}}, stream)
        found = loop.played(bench, tasks(), inventory=inventory)
    ping = statistics.median(found["ping %d" % number][0] for number in range(REPEATED))
    print("| whole task over ssh, wall time | ms | ratio to a ping | budget |\n| --- | --- | --- | --- |")
    print("| ping | %.0f | 1.00 | |" % (ping * 1000))
    for user in USERS:
        first, = found["create and start, " + user]
        again = statistics.median(found["%s %d" % (user, number)][0] for number in range(REPEATED))
        print("| %d units of %s's created and started | %.0f | %.1f | |" % (ITEMS, user, first * 1000, first / ping))
        print("| %d units of %s's, unchanged | %.0f | %.2f | 3.00 |" % (ITEMS, user, again * 1000, again / ping))
