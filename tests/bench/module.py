# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an unchanged container costs its host: the processor time of what Ansible sends, against ping's.

Unlike the wall time of a loop, it hardly depends on what else the machine does.
"""

from __future__ import annotations

import glob
import os
import subprocess
from typing import List

import run

ROUNDS = 25
PYTHON = "/usr/bin/python3"


def sent(bench: run.Bench, module: str, arguments: str) -> str:
    """Run a module with Ansible; the path of the program that Ansible sent for it."""
    place = os.path.join(bench.work, "sent-" + module)
    environment = dict(os.environ, ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_REMOTE_TMP=place,
                       ANSIBLE_COLLECTIONS_PATH=os.path.join(run.TOP, ".collections"))
    subprocess.run(["ansible", "localhost", "-c", "local", "-e", "ansible_python_interpreter=" + PYTHON,
                    "-m", module, "-a", arguments], env=environment, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return glob.glob(os.path.join(place, "*", "AnsiballZ_*.py"))[0]


def processor_time(program: str) -> float:
    """Seconds of processor time, user and system, of one run."""
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(PYTHON, [PYTHON, program], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _pid, status, usage = os.wait4(pid, 0)
    os.close(null)
    if status:
        raise RuntimeError("%s failed" % program)
    return usage.ru_utime + usage.ru_stime


def main(bench: run.Bench) -> None:
    """Print the table."""
    wish = "name=m image=%s state=started root=%s/ours runroot=%s/ours-run" % (bench.image, bench.work, bench.work)
    peer = sent(bench, "ansible.builtin.ping", "")
    ours = sent(bench, "pycontainer.engine.container", wish)
    processor_time(ours)  # The first after a change keeps the engine on the host.
    mine: List[float] = []
    theirs: List[float] = []
    for _round in range(ROUNDS):
        theirs.append(processor_time(peer))
        mine.append(processor_time(ours))
    print(run.header("ping"))
    print(run.row("unchanged container, processor time", mine, theirs, 1.05))
    print("\nSent to the host: %d KB, for ping %d KB (a budget of 350 KB before base64)." % (
        os.path.getsize(ours) / 1000, os.path.getsize(peer) / 1000))
    subprocess.run(bench.ours + ["rm", "-f", "-t", "0", "m"], check=True, stdout=subprocess.DEVNULL)
