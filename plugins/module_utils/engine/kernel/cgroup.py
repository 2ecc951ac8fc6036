# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Control groups: which kind this host has, and where a container's lies (cgroups(7))."""

from __future__ import annotations

import contextlib
import os
from typing import Dict, List, Sequence

from ..errors import EngineError

ROOT = "/sys/fs/cgroup"
CONTROLLERS = ("memory", "cpu", "pids", "devices", "freezer", "blkio", "cpuset")  # one may be switched off


def mode() -> str:
    """'v2' (unified), 'v1', 'hybrid' (v1 controllers, and a v2 tree beside them) or 'none'."""
    if os.path.exists(os.path.join(ROOT, "cgroup.controllers")):
        return "v2"
    if os.path.exists(os.path.join(ROOT, "unified", "cgroup.controllers")):
        return "hybrid"
    return "v1" if any(os.path.isdir(os.path.join(ROOT, name)) for name in CONTROLLERS) else "none"


def of_process(pid: int) -> Dict[str, str]:
    """The directory of a process in each hierarchy: {'memory': '/sys/fs/cgroup/memory/x', '': '/sys/fs/cgroup/x'}.

    The key of the v2 hierarchy is ''. Empty when the process is gone.
    """
    result: Dict[str, str] = {}
    try:
        with open("/proc/%d/cgroup" % pid, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return result
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        if not controllers:
            base = ROOT if mode() == "v2" else os.path.join(ROOT, "unified")
            result[""] = base + path
        for controller in controllers.split(","):
            if controller and not controller.startswith("name="):
                result[controller] = os.path.join(ROOT, controller) + path
    return result


def file(path: str, controller: str, name: str) -> str:
    """The file of a cgroup; ``path`` as in ``make``."""
    return os.path.join(ROOT if mode() == "v2" else os.path.join(ROOT, controller), path.strip("/"), name)


def make(path: str, controllers: Sequence[str]) -> None:
    """Make a cgroup that processes' own ones will lie below, with these controllers at work in it.

    ``path`` begins at the top ('/pycontainer/pod-1'). A controller that is not there shows by the files that
    are missing then. Raises EngineError.
    """
    parts = path.strip("/").split("/")
    try:
        if mode() == "v2":
            for depth in range(len(parts) + 1):
                place = os.path.join(ROOT, *parts[:depth])
                os.makedirs(place, exist_ok=True)
                if depth < len(parts):
                    _enable(place, controllers)
            return
        for controller in controllers:
            for depth in range(1, len(parts) + 1):
                place = os.path.join(ROOT, controller, *parts[:depth])
                os.makedirs(place, exist_ok=True)
                if controller == "cpuset":
                    _inherit_cpuset(place)
    except OSError as exc:
        raise EngineError("Cannot make the cgroup %s: %s" % (path, exc.strerror)) from exc


def _enable(place: str, controllers: Sequence[str]) -> None:
    """Let the cgroups below have controllers, one by one: one that is missing does not stop the others."""
    for controller in controllers:
        with contextlib.suppress(OSError), open(os.path.join(place, "cgroup.subtree_control"), "w",
                                                encoding="ascii") as stream:
            stream.write("+" + controller)


def _inherit_cpuset(place: str) -> None:
    """A new cpuset of v1 is empty, and no process can be in it until it has processors and memory (cpuset(7))."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        with open(os.path.join(place, name), "r+", encoding="ascii") as stream:
            if stream.read().strip():
                continue
            with open(os.path.join(os.path.dirname(place), name), encoding="ascii") as parent:
                stream.seek(0)
                stream.write(parent.read().strip())


def remove(path: str) -> None:
    """Remove a container's empty cgroup directories in every hierarchy; what is busy or gone is left.

    ``path`` is the OCI cgroupsPath in its cgroupfs form ('/pycontainer/<id>'); one that names the whole
    tree, or leads out of it, is no container's.
    """
    if not path.strip("./") or ".." in path.split("/"):
        return
    bases: List[str] = [ROOT]
    if mode() != "v2":
        try:
            bases = [os.path.join(ROOT, name) for name in os.listdir(ROOT)]
        except OSError:
            return
    for base in bases:
        target = base + path
        if os.path.isdir(target):
            for directory, _names, _files in os.walk(target, topdown=False):
                try:
                    os.rmdir(directory)
                except OSError:
                    continue
