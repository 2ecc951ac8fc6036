# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run every network mode and the verbs that start something, and see after each that no mount came or went.

Usage: verbs.py IMAGE DIRECTORY ROOT RUNROOT COMMAND. What is below ROOT and RUNROOT is the engine's own business.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import List

MODES = ["none", "host", "private", "slirp4netns", "slirp4netns:allow_host_loopback=true", "container:base", "net"]

image, directory, root, runroot, command = sys.argv[1:]
rootless = "--root" not in command
MODES += ["pasta"] if rootless else []  # root has none
if not rootless:
    for name in ("/etc/subuid", "/etc/subgid"):
        with open(name, "a", encoding="utf-8") as ranges:
            ranges.write("containers:3000000:100000\n")


def mounts() -> List[str]:
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        rows = [line.split() for line in stream]
    return [" ".join(row[3:]) for row in rows if not row[4].startswith((root, runroot))]


def verb(text: str) -> str:
    """Run one verb; its output."""
    done = subprocess.run(command.split() + text.split(), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=300)
    now = mounts()
    if now != BEFORE:
        sys.exit("%s changed the mounts: %s came, %s went" % (
            text, [row for row in now if row not in BEFORE], [row for row in BEFORE if row not in now]))
    if done.returncode:
        sys.exit("%s ended with %d: %s" % (text, done.returncode, done.stderr))
    print(text)
    return done.stdout


BEFORE = mounts()
run = "run -d --tls-verify=false --stop-signal KILL "
verb("pull -q --tls-verify=false " + image)
verb("network create net")
verb(run + "--name base -p 18080:8080 " + image)
for mode in MODES:
    verb(run + "--name one --network %s %s sleep 1000" % (mode, image))
    verb("exec one " + ("hostname -i" if mode.startswith(("slirp4netns", "pasta")) else "true"))
    verb("restart one")
    verb("network reload --all")
    verb("rm -f one")
for words in ("--uidmap 0:1000:4096 --network slirp4netns", "--userns auto:size=2000 --network net"):
    key = verb(run + "--name one %s %s" % (words, image)).strip()
    with open("%s/containers/%s/state.json" % (runroot, key), encoding="utf-8") as state:
        seen = json.load(state)["reachable"]  # for the OCI runtime alone
    if os.listdir(seen) or os.stat(seen).st_mode & 0o77:
        sys.exit("others can look into the container's root file system at %s" % seen)
    rows = [line.split() for line in verb("exec one cat /proc/self/mountinfo").splitlines()]
    if not all("nodev" in row[5].split(",") for row in rows if row[4] == "/"):
        sys.exit("devices of an image can be used: " + words)
    os.rmdir(seen)  # as systemd-tmpfiles(8) does after ten days
    verb("exec one true")
    verb("rm -f one")
for words in ("--read-only --init", "--privileged",
              "-v data:/data -v %s:/own:rshared --tmpfs /x" % directory, "--pid host --ipc host"):
    verb(run + "--name one %s %s" % (words, image))
    verb("exec -d one true")
    verb("rm -f one")
verb(run + "--name one --health-cmd true --health-interval 1s " + image)
verb("run --rm --tls-verify=false -t --network slirp4netns %s true" % image)
verb("create --tls-verify=false --name two %s" % image)
for words in ("start two", "pause two", "unpause two", "update --memory 64m two", "healthcheck run one", "kill two",
              "wait two", "rename two second", "logs second", "inspect second", "rm -f second one", "history " + image,
              "save -q -o %s/image.tar %s" % (directory, image), "load -q -i %s/image.tar" % directory,
              "tag %s again" % image, "push -q --tls-verify=false %s %s" % (image, image), "pod create pod",
              run + "--name three --pod pod " + image, "network connect net base", "network disconnect net base",
              "pod stop -t 0 pod", "pod start pod", "pod rm -f pod", "kill base", "start base", "top base",
              "stats --no-stream base", "rm -f base", "network rm net", "volume rm data", "container prune -f",
              "ps -a"):
    if not (rootless and words.startswith(("pause", "unpause", "update"))):  # here users have no control groups
        verb(words)
