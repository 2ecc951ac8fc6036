# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sixteen clients at once on one store: no wrong answer, and no name, address, port or range of IDs is given twice.

Usage: clients.py IMAGE ROOT NETWORK COMMAND. ``system check`` runs beside them and finds nothing.
"""

from __future__ import annotations

import glob
import json
import subprocess
import sys
from concurrent import futures
from typing import Any, Callable, List, Tuple

CLIENTS = 16
image, root, network, command = sys.argv[1:]
Done = Tuple[str, int, str, str]


def call(text: str) -> Done:
    """Run one client: what it was, its exit code, output and errors."""
    done = subprocess.run(command.split() + text.split(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=300)
    return text, done.returncode, done.stdout.strip(), done.stderr.strip()


def together(texts: List[str], right: Callable[[Done], bool] = lambda done: done[1] == 0) -> List[Done]:
    """Run all clients at the same time; each has to end ``right``."""
    with futures.ThreadPoolExecutor(len(texts)) as pool:
        ended = list(pool.map(call, texts))
    wrong = [done for done in ended if not right(done)]
    if wrong:
        sys.exit("wrong: %s" % wrong)
    return ended


def differ(what: str, values: List[Any]) -> None:
    """Of each client there is one, and it is nobody else's."""
    if len(values) != CLIENTS or len(set(values)) != CLIENTS:
        sys.exit("%s: %s" % (what, sorted(values)))


def answer(done: Done) -> bool:
    """Whether a client of the second round ended as it should, whoever was first."""
    text, code, output, problem = done
    if text.startswith(("create", "network create")):
        return code == 0 or code == 125 and ("is in use by" in problem or "exists" in problem)
    return code == 0 and not problem and not (text == "system check" and output)


together(["pull -q --tls-verify=false " + image] * CLIENTS, lambda done: done[1] == 0 and len(done[2]) == 64)
together(["run -d --name many%d --network %s --userns auto:size=2000 -p 8080 --stop-signal KILL %s" % (
    number, network, image) for number in range(CLIENTS)])
inspected = json.loads(call("inspect " + " ".join("many%d" % number for number in range(CLIENTS)))[2])
settings = [row["NetworkSettings"] for row in inspected]
differ("addresses", [row["Networks"][network]["IPAddress"] for row in settings])
differ("ports", [row["Ports"]["8080/tcp"][0]["HostPort"] for row in settings])
ranges = []
for row in inspected:
    for path in glob.glob("%s/containers/%s/container.json" % (root, row["Id"])):
        with open(path, encoding="utf-8") as stream:
            ranges.append(json.load(stream)["idmaps"]["uids"][0][1])
differ("IDs", ranges)
again = together(["create --name same " + image] * 4 + ["network create same"] * 4 + ["system check"] * 2
                 + ["rm -f many%d" % number for number in range(CLIENTS - 10)], answer)
if [done[1] for done in again[:8]].count(0) != 2:
    sys.exit("not one of each is made: %s" % (again[:8],))
rest = " ".join("many%d" % number for number in range(CLIENTS - 10, CLIENTS))
together(["rm -f same " + rest] * 2 + ["network rm -f same"] * 2 + ["system check"], answer)
left = call("ps -a --format {{.Names}}")[2].split()
if [name for name in left if name.startswith(("many", "same"))]:
    sys.exit("left: %s" % left)
