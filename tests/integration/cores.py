# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays a few integration targets on each ansible-core that meta/runtime.yml allows and this machine can run.

Usage: cores.py [VERSION ...]; VERSION is such as 2.16, or 'newest', which is the newest one that a Python of this
machine can run. The test environment's own version is left out: run.py plays everything on it. Virtual environments
are kept in build/cores.

What differs between versions is how a task, its free-form line, check mode and diff reach a module, so that root's
engine alone is played: free-form lines on each version, everything else on the oldest and the newest. Needs root.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from typing import Dict, List, Optional, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

import sandbox  # noqa: E402

CORES = ("2.16", "2.17", "2.18", "2.19", "newest")
# The Pythons that run a version's controller; of several, the first one that is there.
PYTHONS = {"2.16": (12, 11, 10), "2.17": (12, 11, 10), "2.18": (13, 12, 11), "2.19": (13, 12, 11),
           "newest": (14, 13, 12, 11)}
LINES, OBJECTS = ("pycontainer", "rootful"), ("main_path", "rootful")
RUN = os.path.join(HERE, "run.py")


def main(words: List[str]) -> int:
    """Play the targets on each version; 0 when all passed."""
    own = ".".join(version("ansible-core").split(".")[:2])
    places: Dict[str, str] = {}
    for core in words or [core for core in CORES if core != own]:
        place = environment_of(core)
        there = version_in(place) if place else ""
        if not place:
            print("ansible-core %s: there is no Python for it" % core)
        elif words or not there.startswith(own + "."):
            places.setdefault(there, place)
    runs: List[Tuple[Tuple[List[str], str], Dict[str, str]]] = []
    ends = (next(iter(places), ""), next(reversed(places), ""))
    for there, place in places.items():
        environment = dict(os.environ, PATH="%s/bin:%s" % (place, os.environ["PATH"]))
        runs += [(([target, mode], "%s:%s on %s" % (target, mode, there)), environment)
                 for target, mode in (LINES, *([OBJECTS] if there in ends else []))]
    return sandbox.summary("cores", sandbox.enter_all(
        RUN, [run for run, _environment in runs], environments=[environment for _run, environment in runs]))


def environment_of(core: str) -> str:
    """The path of a virtual environment with that version, made when there is none; '' without a Python for it."""
    python = python_of(core)
    if not python:
        return ""
    place = os.path.join(TOP, "build", "cores", core)
    ready = os.path.join(place, ".ready")
    if not os.path.exists(ready):
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", place], check=True)
        wanted = "ansible-core" if core == "newest" else "ansible-core==%s.*" % core
        subprocess.run([place + "/bin/pip", "install", "--quiet", "--disable-pip-version-check", wanted],
                       check=True)
        with open(ready, "w", encoding="utf-8"):
            pass
    return place


def python_of(core: str) -> Optional[str]:
    """A Python for a version, of PATH or of pyenv, whose shims may lead to nothing."""
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    for minor in PYTHONS[core]:
        name = "python3.%d" % minor
        for path in filter(None, (shutil.which(name), *glob.glob("%s/versions/3.%d.*/bin/%s" % (pyenv, minor, name)))):
            if subprocess.run([path, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0:
                return path
    return None


def version_in(place: str) -> str:
    """The version of ansible-core in a virtual environment."""
    return subprocess.run([place + "/bin/python", "-c",
                           "from importlib.metadata import version; print(version('ansible-core'))"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
