# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loops of 20 items in one play: the container module against ping and against containers.podman."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from typing import Any, Dict, List

import run

ITEMS = 20


def podman_here(bench: run.Bench) -> str:
    """A program that calls podman with the bench's roots."""
    wrapper = os.path.join(bench.work, "podman-here")
    with open(wrapper, "w", encoding="utf-8") as stream:
        stream.write("#!/bin/sh\nexec %s \"$@\"\n" % " ".join(bench.podman))
    os.chmod(wrapper, 0o755)
    return wrapper


def tasks(bench: run.Bench) -> List[Dict[str, Any]]:
    """The play's tasks; their names are the rows of the table."""
    roots = {"root": bench.work + "/ours", "runroot": bench.work + "/ours-run"}
    wrapper = podman_here(bench)
    loop = "{{ range(%d) | list }}" % ITEMS
    ours = {"name": "ours{{ item }}", "image": bench.image, "state": "started", **roots}
    theirs = {"name": "theirs{{ item }}", "image": bench.image, "state": "started", "executable": wrapper,
              # busybox as PID 1 ignores SIGTERM, and each removal would wait for ten seconds
              "stop_signal": 9}
    gone_ours = {"name": "ours{{ item }}", "state": "absent", "stop_timeout": 0, **roots}
    gone_theirs = {"name": "theirs{{ item }}", "state": "absent", "executable": wrapper}
    module, peer = "pycontainer.engine.container", "containers.podman.podman_container"
    return [
        {"name": "warm-up", "ansible.builtin.ping": {}, "loop": loop},
        {"name": "ping", "ansible.builtin.ping": {}, "loop": loop},
        {"name": "create and start", module: ours, "loop": loop},
        {"name": "ping again", "ansible.builtin.ping": {}, "loop": loop},
        {"name": "unchanged", module: ours, "loop": loop},
        {"name": "containers.podman create", peer: theirs, "loop": loop},
        {"name": "containers.podman unchanged", peer: theirs, "loop": loop},
        {"name": "remove", module: gone_ours, "loop": loop},
        {"name": "containers.podman remove", peer: gone_theirs, "loop": loop},
    ]


def played(bench: run.Bench, rows: List[Dict[str, Any]], *, inventory: str = "") -> Dict[str, List[float]]:
    """Play tasks on this machine, or on the hosts of an ``inventory``; the seconds of each one's items, by its name."""
    play = os.path.join(bench.work, "loop.yml")
    times = os.path.join(bench.work, "times")
    with open(play, "w", encoding="utf-8") as stream:
        here = {"connection": "local", "vars": {"ansible_python_interpreter": "/usr/bin/python3"}}
        json.dump([{"hosts": "all" if inventory else "localhost", "gather_facts": False, "tasks": rows,
                    **({} if inventory else here)}], stream)
    config = os.path.join(bench.work, "ansible.cfg")
    with open(config, "w", encoding="utf-8") as stream:
        stream.write("[defaults]\nlocalhost_warning = False\n")
    environment = dict(os.environ, ITEM_TIMES=times, ANSIBLE_CALLBACK_PLUGINS=os.path.join(run.HERE, "callback"),
                       ANSIBLE_CALLBACKS_ENABLED="item_times", ANSIBLE_CONFIG=config,
                       ANSIBLE_COLLECTIONS_PATH=os.path.join(run.TOP, ".collections"))
    command = ["ansible-playbook", play, *(["-i", inventory] if inventory else [])]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    with open(times, encoding="utf-8") as stream:
        return {row["task"]: row["seconds"] for row in map(json.loads, stream)}


def main(bench: run.Bench) -> None:
    """Play, and print the table."""
    medians = {name: statistics.median(seconds) for name, seconds in played(bench, tasks(bench)).items()}
    ping = medians["ping again"]
    print("| item of a loop of %d | ms | ratio to ping | budget |\n| --- | --- | --- | --- |" % ITEMS)
    budgets = {"unchanged": "1.05", "create and start": "1.40"}
    for name, value in medians.items():
        if name != "warm-up":
            print("| %s | %.0f | %.2f | %s |" % (name, value * 1000, value / ping, budgets.get(name, "")))
