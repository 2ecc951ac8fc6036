# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays integration targets, each in network, mount and PID namespaces of its own.

Usage: run.py [TARGET[:MODE] ...]; without arguments every folder below targets/. MODE is rootful or rootless,
and left out means both; a target's file ``modes`` says which ones make sense for it.

In rootless mode every task runs as the user alice by ``run_as_user``. In there, 127.0.0.1:5000 is a registry and
localhost:5001 one with TLS and a password, both with busybox:1 and busybox:2; /etc/containers is an empty tmpfs.
When a target has ended, nothing of the engine may be left: no process, mount, namespace, link, rule, cgroup or
container; and all other mounts have to be as they were, though `/` is shared in there, as systemd makes it. Needs root.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any, Dict, List, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

import accounts  # noqa: E402
import image_layout  # noqa: E402
import registry  # noqa: E402
import sandbox  # noqa: E402


def main(names: List[str]) -> int:
    """Play each target; 0 when all passed."""
    targets = [(name, mode) for word in names or sorted(os.listdir(os.path.join(HERE, "targets")))
               for name, mode in plays(word)]
    return sandbox.summary("integration", sandbox.enter_all(
        __file__, [([name, mode], "%s:%s" % (name, mode)) for name, mode in targets]))


def plays(word: str) -> List[Tuple[str, str]]:
    """The (target, mode) that a word on the command line means."""
    name, _colon, mode = word.partition(":")
    path = os.path.join(HERE, "targets", name, "modes")
    if mode or not os.path.exists(path):
        return [(name, mode)] if mode else [(name, "rootful"), (name, "rootless")]
    with open(path, encoding="utf-8") as stream:
        return [(name, mode) for mode in stream.read().split()]


def inside(work: str, name: str, mode: str) -> int:
    """PID 1 of the namespaces: prepare, play, look for what was left behind."""
    sandbox.loopback_up()
    os.chmod(work, 0o755)
    sandbox.like_a_host(work)
    os.environ["HOME"] = accounts.own_home(work)
    if mode == "rootless":
        accounts.make(work, ["alice", "bob"], without="carol")
        accounts.uplink()
    os.makedirs("/etc/containers", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/etc/containers"], check=True)
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
        place = Place(work, mode)
        own = (place.root, place.runroot, work, "/run/netns")  # the last one ip(8) makes for a target
        mounted = sandbox.mounts(own)
        code = play(name, place, address)
        left = leftovers(place, before)
        now = sandbox.mounts(own)
        left += ["mount that came: " + row for row in now if row not in mounted]
        left += ["mount that went: " + row for row in mounted if row not in now]
    for line in left:
        print("left behind: " + line[:120])
    return code or (1 if left else 0)


class Place:
    """Where a play's engine keeps its things, and how to call it by hand."""

    def __init__(self, work: str, mode: str) -> None:
        self.work, self.mode = work, mode
        self.root, self.runroot = os.path.join(work, "root"), os.path.join(work, "run")
        self.command = "/usr/bin/python3 %s/bin/pycontainer" % TOP
        self.defaults = {"root": self.root, "runroot": self.runroot}
        self.there, self.own = "", os.path.join(work, "own")
        os.mkdir(self.own)
        if mode == "rootless":
            self.root, self.runroot = "/home/alice/.local/share/pycontainer", "/run/user/1500/pycontainer"
            self.defaults = {"run_as_user": "alice"}
            os.chown(self.own, 1500, 1500)
            # The checkout may lie where only its owner can read.
            for part in ("bin", "plugins/module_utils"):
                shutil.copytree(os.path.join(TOP, part), os.path.join(work, "checkout", part))
            self.command = ("setpriv --reuid=alice --regid=alice --init-groups --reset-env "
                            "/usr/bin/python3 %s/checkout/bin/pycontainer" % work)
            self.there = self.command + " unshare --rootless-netns "
        else:
            self.command += " --root %s --runroot %s" % (self.root, self.runroot)


def play(name: str, place: Place, address: str) -> int:
    """Run ansible-playbook on one target, collecting the orphans that PID 1 inherits meanwhile."""
    work = place.work
    variables: Dict[str, Any] = {
        "ansible_python_interpreter": os.environ.get("TARGET_PYTHON", "/usr/bin/python3"),
        "test_root": place.root, "test_runroot": place.runroot, "work": work, "own": place.own,
        "rootless": place.mode == "rootless",
        "registry": address, "secure_registry": "localhost:5001",
        "secure_user": registry.USER, "secure_password": registry.PASSWORD,
        "secure_ca": os.path.join(work, "closed", "ca.crt"), "layout": os.path.join(work, "layout"),
        "pycontainer": place.command, "there": place.there,
    }
    path = os.path.join(work, "play.yml")
    with open(path, "w", encoding="utf-8") as stream:
        json.dump([{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables,
                    "module_defaults": {"group/pycontainer.engine.all": place.defaults}, "roles": [name]}], stream)
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


def leftovers(place: Place, before: set[str]) -> List[str]:
    """What of the engine is still there after a target removed its objects."""
    rows, work = [], place.work
    mounts = ["/proc/self/mounts"]
    for holder in holders():
        mounts.append("/proc/%s/mounts" % holder)
        before = before | {holder}
    deadline = time.monotonic() + 30
    while True:
        pids = [p for p in os.listdir("/proc") if p.isdigit() and p not in before and p != str(os.getpid())]
        alive = [p for p in pids if command_of(p)]
        if not alive or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    rows += ["process %s: %s" % (p, command_of(p)) for p in alive]
    for path in mounts:
        with open(path, encoding="utf-8") as stream:
            rows += ["mount " + point for point in (line.split()[1] for line in stream)
                     if point.startswith((place.root, place.runroot)) or work + "/root" in point]
    links = json.loads(subprocess.run(["ip", "-j", "link"], check=True, stdout=subprocess.PIPE).stdout)
    rows += ["link " + link["ifname"] for link in links if link["ifname"].startswith(("pyc", "podman", "veth", "br"))]
    rules = subprocess.run(["nft", "list", "ruleset"], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows += ["rules: " + line for line in rules.splitlines() if line.startswith("table")]
    for top, parts in ((place.root, ("containers", "names/containers", "pods")),
                       (place.runroot, ("containers", "netns", "endpoints", "ports", "uplinks", "uplink"))):
        for part in parts:
            path = os.path.join(top, part)
            if os.path.isdir(path):
                rows += ["file %s/%s" % (part, entry) for entry in os.listdir(path)]
    return rows


def holders() -> List[str]:
    """The processes that keep users' namespaces, which are there to stay."""
    found = []
    for path in glob.glob("/run/user/*/pycontainer/holder.json"):
        with open(path, encoding="utf-8") as stream:
            found.append(str(json.load(stream)["pid"]))
    return found


def command_of(pid: str) -> str:
    """The command line of a process, '' for one that is gone or a zombie."""
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as stream:
            return stream.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(inside(*sys.argv[2:5]))
    sys.exit(main(sys.argv[1:]))
