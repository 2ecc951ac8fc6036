# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that are namespaces of this kernel's with a systemd as PID 1: up in seconds, where an emulator takes a minute.

They are reached as emulated hosts are, and reach the same: 127.0.0.1 here is 10.0.2.2 to them. Theirs is the tree
of an image (an overlay over it, so it stays as it is); the kernel, its modules and the kind of control
groups are this machine's.

Run by itself (boxes.py NUMBER TREE WORK), it keeps one host up, over its reboots, until it is ended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Dict, Iterator, List, Sequence

import guests
import image

NODES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
         ("net/tun", 10, 200))
# What takes time, or wants a machine of its own.
MASKED = ("systemd-networkd.service", "systemd-networkd.socket", "getty.target", "systemd-udevd.service",
          "systemd-firstboot.service", "systemd-binfmt.service", "systemd-sysctl.service",
          "systemd-modules-load.service")
# Settings of the kernel that the role host would change, and that a box has in common with this machine.
COMMON = {"host_inotify_instances": "/proc/sys/fs/inotify/max_user_instances",
          "host_inotify_watches": "/proc/sys/fs/inotify/max_user_watches",
          "host_user_namespaces": "/proc/sys/user/max_user_namespaces"}
OUTER, USER_NETWORK = "10.0.2.2", "10.0.2.%d"
BRIDGES = ("user", "segment")


def own_place(work: str, number: int) -> str:
    """Where a box's own files are."""
    return os.path.join(work, "boxes", image.HOSTS[number - 1])


class Box(guests.Host):
    """A host in namespaces, in a directory of its own below ``work``."""

    def command(self) -> List[str]:
        for name in ("upper", "work", "root", "lib", "home"):
            os.makedirs(os.path.join(own_place(self.work, self.number), name))
        tree = os.path.join(self.place, self.base + ".tree")
        return [sys.executable, os.path.abspath(__file__), str(self.number), tree, self.work]

    def variables(self) -> Dict[str, str]:
        found = {}
        for variable, path in COMMON.items():
            with open(path, encoding="ascii") as stream:
                found[variable] = stream.read().strip()
        return found

    def last_words(self) -> str:
        if not shutil.which("journalctl"):
            return "(nobody here reads its journal)"
        journal = os.path.join(own_place(self.work, self.number), "upper", "var/log/journal")
        return subprocess.run(["journalctl", "--directory", journal, "--no-pager", "-n", "60"], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


@contextlib.contextmanager
def ready(work: str, numbers: Sequence[int]) -> Iterator[None]:
    """What boxes need around them, in network and mount namespaces that are the test's; ends with their groups."""
    place = os.path.join(work, "boxes")
    os.mkdir(place)
    # Of a known kind, so that the boxes' overlays can lie on it.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place], check=True)
    for bridge in BRIDGES:
        subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], check=True)
        subprocess.run(["ip", "link", "set", bridge, "up"], check=True)
    subprocess.run(["ip", "address", "add", OUTER + "/24", "dev", BRIDGES[0]], check=True)
    with open("/proc/sys/net/ipv4/conf/all/route_localnet", "w", encoding="ascii") as stream:
        stream.write("1")
    forwards = "".join("ip daddr 127.0.0.1 tcp dport %d dnat to %s:%d\n" % (outer, USER_NETWORK % (14 + number), port)
                       for number in numbers
                       for outer, port in [(2200 + number, 22), *((10000 * number + port, port)
                                                                  for port in guests.FORWARDED)])
    rules = ("table ip boxes {\n"
             "chain output { type nat hook output priority -100\n%s}\n"
             "chain prerouting { type nat hook prerouting priority -100\nip daddr %s dnat to 127.0.0.1\n}\n"
             "chain postrouting { type nat hook postrouting priority 100\n"
             "ip saddr 127.0.0.1 oifname != \"lo\" masquerade\n}\n}\n" % (forwards, OUTER))
    subprocess.run(["nft", "-f", "-"], check=True, input=rules, text=True)
    try:
        yield
    finally:
        # The processes of a box that was ended take a moment to go.
        deadline = time.monotonic() + 60
        while groups(work) and time.monotonic() < deadline:
            for group in groups(work):
                for directory, _below, _files in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(directory)
            time.sleep(0.1)


def hierarchies() -> List[List[str]]:
    """The rows of /proc/mounts (device, directory, type, options, ...) that are of control groups."""
    with open("/proc/mounts", encoding="utf-8") as stream:
        return [row for row in (line.split() for line in stream) if row[2] in ("cgroup", "cgroup2")]


def group_name(work: str, number: str = "") -> str:
    """What a box's control group is called in each hierarchy; without a number, how all of this test's begin."""
    return "%s-h%s" % (os.path.basename(work), number)


def groups(work: str) -> List[str]:
    """The control groups of the boxes of this test."""
    return [os.path.join(row[1], name) for row in hierarchies() for name in os.listdir(row[1])
            if name.startswith(group_name(work))]


def own_groups(number: int, work: str) -> List[str]:
    """A control group for a box in each hierarchy, made when it is not there; their directories."""
    found = []
    for row in hierarchies():
        group = os.path.join(row[1], group_name(work, str(number)))
        os.makedirs(group, exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty in a new group
            if os.path.exists(os.path.join(group, name)):
                with open(os.path.join(row[1], name), encoding="ascii") as known, open(
                        os.path.join(group, name), "w", encoding="ascii") as stream:
                    stream.write(known.read())
        found.append(group)
    return found


def keep(number: int, tree: str, work: str) -> int:
    """Boot a box, and again each time that it reboots."""
    mine = own_groups(number, work)
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    while True:
        def begin() -> None:
            guests.die_with_parent()
            for group in mine:
                with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as stream:
                    stream.write("0")

        ended = subprocess.run(
            ["unshare", "--cgroup", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
             "--mount-proc", "--propagation", "private", sys.executable, os.path.abspath(__file__), "--inside",
             str(number), tree, own_place(work, number), str(outside)], check=False,
            pass_fds=[outside], preexec_fn=begin)
        # reboot(2) in a PID namespace ends its PID 1 so.
        if ended.returncode != -signal.SIGHUP:
            return ended.returncode


def inside(number: int, tree: str, own: str, outside: int) -> None:
    """PID 1 of the namespaces: make the root, and become systemd."""
    name, root = image.HOSTS[number - 1], own + "/root"
    network(number, "/proc/self/fd/%d" % outside)
    mount("-t", "overlay", "-o", "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (tree, own, own), "overlay", root)
    devices(root)
    for kind, path in (("proc", "proc"), ("sysfs", "sys")):
        mount("-t", kind, kind, os.path.join(root, path))
    for path, mode in (("run", "755"), ("tmp", "1777")):
        mount("-t", "tmpfs", "-o", "mode=" + mode, "tmpfs", os.path.join(root, path))
    control_groups(root)
    # Overlay upon overlay is not to be had: what the engine's layers lie on is a tmpfs.
    for path in ("lib", "home"):
        place, target = os.path.join(own, path), os.path.join(root, {"lib": "var/lib", "home": "home"}[path])
        if not os.listdir(place):
            subprocess.run(["cp", "-a", target + "/.", place], check=True)
        mount("--bind", place, target)
    units = root + "/etc/systemd/system/"
    for unit in MASKED:
        if not os.path.lexists(units + unit):
            os.symlink("/dev/null", units + unit)
    for path in ("/etc/hostname", "/proc/sys/kernel/hostname"):
        with open(root * path.startswith("/etc") + path, "w", encoding="ascii") as stream:
            stream.write(name + "\n")
    os.chdir(root)
    os.makedirs("old", exist_ok=True)
    subprocess.run(["pivot_root", ".", "old"], check=True)
    os.chroot(".")
    subprocess.run(["umount", "-l", "/old"], check=True)
    os.closerange(3, 256)
    os.execve("/lib/systemd/systemd", ["/lib/systemd/systemd", "--system", "--log-target=journal"],
              {"container": "box", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def mount(*words: str) -> None:
    """mount(8)."""
    subprocess.run(["mount", *words], check=True)


def network(number: int, outside: str) -> None:
    """Two cards, on the bridges of the network namespace ``outside``."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    addresses = (USER_NETWORK % (14 + number), image.SEGMENT % number)
    for card, bridge, address in zip(("eth0", "eth1"), BRIDGES, addresses):
        end = "%s%d" % (bridge, number)
        subprocess.run(["ip", "link", "add", card, "type", "veth", "peer", "name", end, "netns", outside],
                       check=True, close_fds=False)
        subprocess.run(["nsenter", "--net=" + outside, "ip", "link", "set", end, "master", bridge, "up"], check=True,
                       close_fds=False)
        subprocess.run(["ip", "link", "set", card, "up"], check=True)
        subprocess.run(["ip", "address", "add", address + "/24", "dev", card], check=True)
    subprocess.run(["ip", "route", "add", "default", "via", OUTER], check=True)


def control_groups(root: str) -> None:
    """The same hierarchies as this machine's; in a cgroup namespace each begins where this process is."""
    rows = hierarchies()
    if not any(row[1] == "/sys/fs/cgroup" for row in rows):
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root + "/sys/fs/cgroup")
    for _device, path, kind, options in (row[:4] for row in rows):
        os.makedirs(root + path, exist_ok=True)
        extra = ["-o", ",".join(o for o in options.split(",") if o not in ("rw", "ro", "relatime", "nosuid", "nodev",
                                                                           "noexec"))] if kind == "cgroup" else []
        mount("-t", kind, *extra, kind, root + path)


def devices(root: str) -> None:
    """A /dev of its own."""
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root + "/dev")
    for name, major, minor in NODES:
        path = os.path.join(root, "dev", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.mknod(path, 0o666 | 0o020000, os.makedev(major, minor))
        os.chmod(path, 0o666)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"),
                         ("ptmx", "pts/ptmx")):
        os.symlink(target, os.path.join(root, "dev", name))
    for name, kind, options in (("pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"),
                                ("shm", "tmpfs", "mode=1777")):
        os.mkdir(os.path.join(root, "dev", name))
        mount("-t", kind, "-o", options, kind, os.path.join(root, "dev", name))


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        raise SystemExit(keep(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
