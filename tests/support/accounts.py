# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users that only a test's own mount namespace has, with subordinate IDs, homes and runtime directories."""

from __future__ import annotations

import os
import re
import subprocess
from typing import List

FILES = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")


def own_home(work: str) -> str:
    """Give root an empty home in this mount namespace; its path, for $HOME."""
    home, copy = os.path.join(work, "home"), os.path.join(work, "passwd")
    os.mkdir(home, 0o700)
    with open("/etc/passwd", encoding="utf-8") as stream, open(copy, "w", encoding="utf-8") as changed:
        changed.write(re.sub(r"(?m)^((?:[^:\n]*:){2}0:(?:[^:\n]*:){2})[^:\n]*", r"\g<1>" + home, stream.read()))
    subprocess.run(["mount", "--bind", copy, "/etc/passwd"], check=True)
    return home


def make(work: str, names: List[str], *, without: str = "") -> None:
    """Make users from 1500 on, each with 65536 subordinate IDs; the host's files stay as they are.

    The user ``without`` comes after them, and has no subordinate IDs.
    """
    directory = os.path.join(work, "etc")
    os.makedirs(directory)
    for name in FILES:
        path, copy = "/etc/" + name, os.path.join(directory, name)
        if not os.path.exists(path):
            continue
        subprocess.run(["cp", "-p", path, copy], check=True)
        subprocess.run(["mount", "--bind", copy, path], check=True)
    for place in ("/home", "/run"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place], check=True)
    for number, name in enumerate(names + [without] if without else names, 1500):
        _append("passwd", "%s:x:%d:%d::/home/%s:/bin/sh" % (name, number, number, name))
        _append("shadow", name + ":*:19000:0:99999:7:::")
        _append("group", "%s:x:%d:" % (name, number))
        for kind in ("subuid", "subgid") if name != without else ():
            _append(kind, "%s:%d:65536" % (name, 1000000 + 100000 * (number - 1500)))
        for path in ("/home/" + name, "/run/user/%d" % number):
            os.makedirs(path)
            os.chmod(path, 0o700)
            os.chown(path, number, number)
    _tun(work)


def _append(name: str, line: str) -> None:
    with open("/etc/" + name, "a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def _tun(work: str) -> None:
    """slirp4netns and pasta need /dev/net/tun to be there for everybody, as distributions have it."""
    path = os.path.join(work, "tun")
    os.mknod(path, 0o666 | 0o020000, os.makedev(10, 200))
    os.chmod(path, 0o666)
    if os.path.exists("/dev/net/tun"):
        subprocess.run(["mount", "--bind", path, "/dev/net/tun"], check=True)


def uplink() -> None:
    """Give this network namespace an address besides lo's and a default route, as pasta wants them, and one more
    address that pasta does not take."""
    for words in ("link add up0 type veth peer name up1", "link set up1 up", "addr add 192.0.2.10/24 dev up0",
                  "link set up0 up", "route add default via 192.0.2.1", "addr add 198.51.100.7/32 dev lo"):
        subprocess.run(["ip", *words.split()], check=True)
