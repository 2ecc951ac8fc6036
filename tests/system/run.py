# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Boots hosts for each scenario, plays on them, and asks them by pytest-testinfra over ssh.

Usage: run.py [--hold] [--emulated] [SCENARIO ...]; without names every folder below scenarios/ and
extensions/molecule/. ``--hold`` leaves the hosts up when the scenario has ended, until Return is pressed, and says
how to reach them. ``--emulated`` takes the emulator for boxes too.

A scenario is a folder with any of: ``scenario.yml`` (``hosts``: 1 to 3; ``image``: bare, or prepared with all
packages; ``kind``: box for namespaces, or emulated, with ``memory`` MiB each; ``plays``: how often ``play.yml`` is
played, 2 by default, and only the first time may change anything), ``play.yml``, ``test_*.py``.
One of extensions/molecule/ is run by ``molecule test`` with the default driver; its platforms say the same.
Each scenario has fresh hosts and network, mount and PID namespaces of its own, without any way to the outside:
127.0.0.1:8000 is an apt repository and 127.0.0.1:5000 a registry with busybox:1 and :2 (and the same as
library/busybox, as a mirror of docker.io has it), library/registry:2 and library/redis:7, which the hosts know as
10.0.2.2. Two scenarios run at a time, and each prints when it has ended. Needs root.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
MOLECULE = os.path.join(TOP, "extensions", "molecule")
sys.path[:0] = [HERE, os.path.join(TOP, "tests", "support")]

import boxes  # noqa: E402
import guests  # noqa: E402
import image  # noqa: E402
import image_layout  # noqa: E402
import registry  # noqa: E402
import sandbox  # noqa: E402
import yaml  # noqa: E402

PACKAGES_PORT, REGISTRY_PORT = 8000, 5000
# Repository, tag, program and configuration of the images that are made from this machine's programs.
PROGRAMS: Tuple[Tuple[str, str, str, Dict[str, Any]], ...] = (
    ("registry", "2", "/usr/bin/docker-registry", {
        "Entrypoint": ["/usr/bin/docker-registry", "serve"], "Cmd": ["/etc/docker/registry/config.yml"]}),
    ("redis", "7", "/usr/bin/redis-server", {"Env": ["PATH=/usr/bin"], "Cmd": ["redis-server"]}))


def main(arguments: List[str]) -> int:
    """Run each scenario; 0 when all passed."""
    options = " ".join(name for name in arguments if name in ("--hold", "--emulated"))
    names = [name for name in arguments if name not in options.split()] or known_scenarios()
    began = time.monotonic()
    place = image.ensure(os.path.join(TOP, "build", "system"))
    print("%-20s %s  %.0f s" % ("image", os.path.basename(place), time.monotonic() - began), flush=True)
    # Those in the emulator first, for they take longest: what runs last should not run alone.
    names.sort(key=lambda name: settings_of(folder_of(name))["kind"] == "box")
    return sandbox.summary("system", sandbox.enter_all(
        os.path.abspath(__file__), [([name, place, options], name) for name in names],
        at_a_time=1 if "--hold" in options else sandbox.AT_A_TIME))


def known_scenarios() -> List[str]:
    """The names of all scenarios, those without roles first."""
    found = []
    for home in (os.path.join(HERE, "scenarios"), MOLECULE):
        if os.path.isdir(home):
            found += [name for name in sorted(os.listdir(home)) if os.path.isdir(os.path.join(home, name))]
    return found


def folder_of(name: str) -> str:
    """Where a scenario lies."""
    folder = os.path.join(HERE, "scenarios", name)
    return folder if os.path.isdir(folder) else os.path.join(MOLECULE, name)


def inside(work: str, name: str, place: str, options: str) -> int:
    """In the namespaces: boot, play, test, stop."""
    sandbox.loopback_up()
    subprocess.run(["ip", "link", "set", "lo", "multicast", "on"], check=True)
    subprocess.run(["ip", "route", "add", "224.0.0.0/4", "dev", "lo"], check=True)
    own_sockets(os.path.join(work, "cp"))
    folder = folder_of(name)
    settings = settings_of(folder)
    serve_packages(os.path.join(place, "packages"))
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(hosts_of(settings, place, work, emulated="--emulated" in options))
        print("%-20s %d booted  %.0f s" % (name, len(hosts), time.monotonic() - began), flush=True)
        fill(stack.enter_context(registry.running(os.path.join(work, "registry"), REGISTRY_PORT)), work)
        code = run_scenario(folder, work, hosts, settings["plays"])
        if code:
            for host in hosts:
                print("console of %s:\n%s" % (host.name, host.last_words()))
        if "--hold" in options:
            input("nsenter -n -m -t %d ssh -F %s/ssh_config h1\nReturn ends the hosts: " % (hosts[0].process.pid, work))
    return code


@contextlib.contextmanager
def hosts_of(settings: Mapping[str, Any], place: str, work: str, *, emulated: bool) -> Iterator[Sequence[guests.Host]]:
    """The hosts that a scenario wants, up and taking ssh."""
    numbers = range(1, settings["hosts"] + 1)
    with contextlib.ExitStack() as stack:
        base = settings["image"]
        if settings["kind"] == "box" and not emulated:
            stack.enter_context(boxes.ready(work, numbers))
            hosts: List[guests.Host] = [boxes.Box(number, place, work, base) for number in numbers]
        else:
            hosts = [guests.Emulated(number, place, work, base, settings["memory"]) for number in numbers]
        yield stack.enter_context(guests.running(hosts, place, work))


def fill(address: str, work: str) -> None:
    """Push to the registry at ``address`` what the scenarios pull."""
    for version in ("1", "2"):
        image_layout.busybox_image(os.path.join(work, "layout", version), version)
        for repository in ("busybox", "library/busybox"):
            registry.push(os.path.join(work, "layout", version), version, "%s/%s:%s" % (address, repository, version))
    for repository, tag, program, config in PROGRAMS:
        layout = os.path.join(work, "layout", repository)
        image_layout.program_image(layout, program, tag, config)
        registry.push(layout, tag, "%s/library/%s:%s" % (address, repository, tag))


def own_sockets(directory: str) -> None:
    """Keep ssh's shared connections apart: each run has an h1 at 127.0.0.1:2201, and Molecule's have one name."""
    common = os.path.expanduser("~/.ansible/cp")
    for path in (directory, common):
        os.makedirs(path, mode=0o700, exist_ok=True)
    subprocess.run(["mount", "--bind", directory, common], check=True)


def settings_of(folder: str) -> Dict[str, Any]:
    """How many hosts a scenario wants, and which: scenario.yml, or the platforms of molecule.yml."""
    settings: Dict[str, Any] = {"hosts": 1, "memory": 1024, "image": "prepared",
                                "kind": "emulated", "plays": 2}
    for name in ("scenario.yml", "molecule.yml"):
        if os.path.exists(os.path.join(folder, name)):
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                document = yaml.safe_load(stream)
            platforms = document.get("platforms")
            given = dict(platforms[0], hosts=len(platforms)) if platforms else document
            settings.update({key: given[key] for key in settings if key in given})
    return settings


def serve_packages(directory: str) -> None:
    """An apt repository at 127.0.0.1:8000, until this process ends."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PACKAGES_PORT), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def run_scenario(folder: str, work: str, hosts: Sequence[guests.Host], plays: int) -> int:
    """Play and test on running hosts; 0 when all is well."""
    inventory = write_inventory(work, hosts)
    environment = dict(os.environ, ANSIBLE_CONFIG=os.path.join(TOP, "ansible.cfg"), ANSIBLE_NOCOLOR="1", NO_COLOR="1",
                       ANSIBLE_COLLECTIONS_PATH=os.path.join(TOP, ".collections"), ANSIBLE_INVENTORY=inventory,
                       ANSIBLE_LOCAL_TEMP=os.path.join(work, "ansible"), ANSIBLE_HOME=os.path.join(work, "home"),
                       ANSIBLE_PIPELINING="1", ANSIBLE_DISPLAY_SKIPPED_HOSTS="0",
                       # Facts take an emulated host as long as several tasks do.
                       ANSIBLE_GATHERING="smart",
                       # Two runs at a time both have an h1; a shared socket would lead one to the other's host.
                       ANSIBLE_SSH_CONTROL_PATH_DIR=os.path.join(work, "cp"),
                       # An emulated host answers late when the machine is busy.
                       ANSIBLE_TIMEOUT="60", ANSIBLE_SSH_RETRIES="3",
                       SYSTEM_TEST_INVENTORY=inventory, SYSTEM_TEST_SSH_CONFIG=os.path.join(work, "ssh_config"))
    if os.path.exists(os.path.join(folder, "molecule.yml")):
        environment["MOLECULE_EPHEMERAL_DIRECTORY"] = os.path.join(work, "molecule")
        return subprocess.run(["molecule", "test", "--scenario-name", os.path.basename(folder)], check=False,
                              cwd=TOP, env=environment, stdin=subprocess.DEVNULL).returncode
    play = os.path.join(folder, "play.yml")
    if os.path.exists(play):
        for number in range(plays):
            code = play_once(play, environment, unchanged=number > 0)
            if code:
                return code
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", os.path.join(HERE, "pytest.ini"), "-p", "no:cacheprovider", "-q",
         "--ssh-config", os.path.join(work, "ssh_config"), "--hosts", ",".join("ssh://" + host.name for host in hosts),
         folder], check=False, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode


def play_once(play: str, environment: Dict[str, str], *, unchanged: bool) -> int:
    """Run a playbook; with ``unchanged``, anything that it changes is a failure."""
    ended = subprocess.run(["ansible-playbook", "--diff", play], check=False, cwd=TOP, env=environment, text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if unchanged else None)
    if unchanged:
        changing = [line for line in ended.stdout.splitlines() if "changed=" in line and "changed=0 " not in line]
        if ended.returncode or changing:
            sys.stdout.write(ended.stdout)
            print("The second run changed something: %s" % changing)
            return ended.returncode or 1
        print("The second run changed nothing")
    return ended.returncode


def write_inventory(work: str, hosts: Sequence[guests.Host]) -> str:
    """An inventory of the hosts, by the names that they have among each other."""
    path = os.path.join(work, "inventory.json")
    common = {"ansible_ssh_common_args": "-F %s/ssh_config" % work, "ansible_python_interpreter": "/usr/bin/python3",
              "ansible_user": "root"}
    rows = {host.name: dict(host.variables(), address=image.SEGMENT % host.number, forwarded=10000 * host.number)
            for host in hosts}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump({"all": {"hosts": rows, "vars": common}}, stream, indent=1)
    return path


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(inside(*sys.argv[2:6]))
    sys.exit(main(sys.argv[1:]))
