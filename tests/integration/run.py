# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays integration targets, each in network, mount and PID namespaces of its own.

Usage: run.py [TARGET ...]; without arguments every folder below targets/.

In there, 127.0.0.1:5000 is a registry and localhost:5001 one with TLS and a password, both with
busybox:1 and busybox:2; /etc/containers is an empty tmpfs. When a target has ended, nothing of the
engine may be left: no process, mount, namespace, link, rule, cgroup or container. Needs root.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Dict, List

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

import image_layout  # noqa: E402
import registry  # noqa: E402
import sandbox  # noqa: E402


def main(names: List[str]) -> int:
    """Play each target; 0 when all passed."""
    targets = names or sorted(os.listdir(os.path.join(HERE, "targets")))
    failed = []
    for name in targets:
        began = time.monotonic()
        code = sandbox.enter(__file__, [name])
        print("%-20s %s  %.0f s" % (name, "ok" if code == 0 else "FAILED", time.monotonic() - began), flush=True)
        if code:
            failed.append(name)
    print("integration: %d passed, %d failed" % (len(targets) - len(failed), len(failed)))
    return 1 if failed else 0


def inside(work: str, name: str) -> int:
    """PID 1 of the namespaces: prepare, play, look for what was left behind."""
    sandbox.loopback_up()
    os.makedirs("/etc/containers", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/etc/containers"], check=True)
    layout = os.path.join(work, "layout")
    for version in ("1", "2"):
        image_layout.busybox_image(os.path.join(layout, version), version)
    with registry.running(os.path.join(work, "open"), 5000) as address, \
            registry.running(os.path.join(work, "closed"), 5001, secure=True) as _closed:
        for version in ("1", "2"):
            source = os.path.join(layout, version)
            registry.push(source, version, address + "/busybox:" + version)
            registry.push(source, version, "localhost:5001/busybox:" + version, secure=True)
        before = set(os.listdir("/proc"))
        code = play(name, work, address)
        left = leftovers(work, before)
    for line in left:
        print("left behind: " + line)
    return code or (1 if left else 0)


def play(name: str, work: str, address: str) -> int:
    """Run ansible-playbook on one target, collecting the orphans that PID 1 inherits meanwhile."""
    variables: Dict[str, Any] = {
        "ansible_python_interpreter": os.environ.get("TARGET_PYTHON", "/usr/bin/python3"),
        "test_root": os.path.join(work, "root"), "test_runroot": os.path.join(work, "run"), "work": work,
        "registry": address, "secure_registry": "localhost:5001",
        "secure_user": registry.USER, "secure_password": registry.PASSWORD,
        "secure_ca": os.path.join(work, "closed", "ca.crt"), "layout": os.path.join(work, "layout"),
        "pycontainer": "/usr/bin/python3 %s/bin/pycontainer --root %s/root --runroot %s/run" % (TOP, work, work),
    }
    roots = {"root": variables["test_root"], "runroot": variables["test_runroot"]}
    path = os.path.join(work, "play.yml")
    with open(path, "w", encoding="utf-8") as stream:
        json.dump([{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables,
                    "module_defaults": {"group/pycontainer.engine.all": roots}, "roles": [name]}], stream)
    environment = dict(os.environ, ANSIBLE_CONFIG=os.path.join(TOP, "ansible.cfg"), ANSIBLE_NOCOLOR="1",
                       ANSIBLE_COLLECTIONS_PATH=os.path.join(TOP, ".collections"),
                       ANSIBLE_ROLES_PATH=os.path.join(HERE, "targets"), ANSIBLE_DISPLAY_SKIPPED_HOSTS="0",
                       ANSIBLE_LOCAL_TEMP=os.path.join(work, "ansible"), ANSIBLE_DISPLAY_OK_HOSTS="0",
                       ANSIBLE_REMOTE_TEMP=os.path.join(work, "remote"))
    child = subprocess.Popen(["ansible-playbook", path], env=environment, cwd=TOP)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child.pid:
            return os.waitstatus_to_exitcode(status)


def leftovers(work: str, before: set[str]) -> List[str]:
    """What of the engine is still there after a target removed its objects."""
    rows = []
    deadline = time.monotonic() + 5
    while True:
        pids = [p for p in os.listdir("/proc") if p.isdigit() and p not in before and p != str(os.getpid())]
        alive = [p for p in pids if command_of(p)]
        if not alive or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    rows += ["process %s: %s" % (p, command_of(p)) for p in alive]
    with open("/proc/self/mounts", encoding="utf-8") as stream:
        rows += ["mount " + line.split()[1] for line in stream if work in line]
    links = json.loads(subprocess.run(["ip", "-j", "link"], check=True, stdout=subprocess.PIPE).stdout)
    rows += ["link " + link["ifname"] for link in links if link["ifname"].startswith(("pyc", "podman", "veth", "br"))]
    rules = subprocess.run(["nft", "list", "ruleset"], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows += ["rules: " + line for line in rules.splitlines() if line.startswith("table")]
    for part in ("root/containers", "root/names/containers", "run/containers", "run/netns", "run/endpoints",
                 "run/ports"):
        path = os.path.join(work, part)
        if os.path.isdir(path):
            rows += ["file %s/%s" % (part, entry) for entry in os.listdir(path)]
    return rows


def command_of(pid: str) -> str:
    """The command line of a process, '' for one that is gone or a zombie."""
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as stream:
            return stream.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(inside(*sys.argv[2:4]))
    sys.exit(main(sys.argv[1:]))
