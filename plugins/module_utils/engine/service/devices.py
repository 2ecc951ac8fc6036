# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices of the host in a container: their nodes, and the rules that let it use them."""

from __future__ import annotations

import os
import re
import stat
from typing import Any, Dict, Iterator, List, Tuple

from ..errors import InvalidInput, NotFound
from ..formats.container import ContainerSpec, Device

Rows = Tuple[Dict[str, Any], ...]
_RULE = re.compile(r"([acb]) +([0-9]+|\*):([0-9]+|\*) +([rwm]{1,3})\Z")
_CONSOLE = re.compile(r"/dev/tty[0-9]+\Z")
# The OCI runtime makes these itself (runtime-spec config-linux.md, default devices), or mounts them.
_OWN = ("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx")
_MOUNTED = ("pts", "shm", "mqueue", "fd", "stdin", "stdout", "stderr", "core")


def resolve(spec: ContainerSpec, *, consoles: bool = True) -> Tuple[Rows, Rows]:
    """(OCI device nodes, OCI cgroup rules) for what was asked for; raises NotFound or InvalidInput.

    Without ``consoles`` a privileged container gets none of the host's virtual ones, on which a systemd would log in.
    """
    nodes: List[Dict[str, Any]] = []
    rules: List[Dict[str, Any]] = []
    if spec.privileged:
        nodes += [_node(source, status) for source, status in _host_devices("/dev", _OWN + _MOUNTED)
                  if consoles or not _CONSOLE.match(source)]
    for device in spec.device:
        for target, status in _expand(device):
            row = _node(target, status)
            nodes = [n for n in nodes if n["path"] != target] + [row]
            rules.append({"allow": True, "type": row["type"], "major": row["major"], "minor": row["minor"],
                          "access": device.permissions})
    rules += [_rule(text) for text in spec.device_cgroup_rule]
    return tuple(nodes), tuple(rules)


def _expand(device: Device) -> Iterator[Tuple[str, os.stat_result]]:
    """The path in the container of the device, or of all devices below a directory."""
    target = device.target or device.source
    try:
        status = os.stat(device.source)
    except OSError as exc:
        raise NotFound("There is no device %s: %s" % (device.source, exc.strerror)) from exc
    if stat.S_ISDIR(status.st_mode):
        for source, found in _host_devices(device.source, ()):
            yield os.path.join(target, os.path.relpath(source, device.source)), found
    elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        yield target, status
    else:
        raise InvalidInput("%s is no device" % device.source)


def _host_devices(directory: str, leave_out: Tuple[str, ...]) -> Iterator[Tuple[str, os.stat_result]]:
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        status = os.lstat(path)
        if name in leave_out:
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _host_devices(path, ())
        elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            yield path, status


def _node(target: str, status: os.stat_result) -> Dict[str, Any]:
    return {"path": target, "type": "c" if stat.S_ISCHR(status.st_mode) else "b",
            "major": os.major(status.st_rdev), "minor": os.minor(status.st_rdev),
            "fileMode": stat.S_IMODE(status.st_mode), "uid": status.st_uid, "gid": status.st_gid}


def _rule(text: str) -> Dict[str, Any]:
    found = _RULE.match(text)
    if found is None:
        raise InvalidInput("The device rule %r is malformed" % text,
                           "Use TYPE MAJOR:MINOR ACCESS, as in 'c 10:200 rwm'.")
    kind, major, minor, access = found.groups()
    row: Dict[str, Any] = {"allow": True, "type": kind, "access": access}
    if major != "*":
        row["major"] = int(major)
    if minor != "*":
        row["minor"] = int(minor)
    return row
