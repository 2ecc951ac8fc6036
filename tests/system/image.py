# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The disk, kernel and packages of the hosts that the system tests boot; built once for each recipe.

``build/system/<digest of the recipe>/`` holds ``bare.disk`` (ext4, a host without anything) and ``prepared.disk`` (the
same with all of ``OFFERED`` installed), both as directories too (``bare.tree``, ``prepared.tree``), ``vmlinuz``,
``initrd``, ``key`` (root's ssh key) and ``packages/`` (an apt repository with what roles install). Building needs root
and Debian's mirror; booting needs neither.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import Any, Dict, Sequence

MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
# What a bare host has: nothing of what the engine needs but Python.
BASE = ("systemd", "systemd-sysv", "libpam-systemd", "dbus", "udev", "kmod", "openssh-server", "python3", "sudo",
        "linux-image-cloud-amd64", "initramfs-tools", "iproute2", "procps", "curl")
# What roles and tests may install; apt finds these and what they depend on at 10.0.2.2:8000.
OFFERED = ("conmon", "crun", "runc", "nftables", "python3-requests", "python3-tomli", "uidmap", "slirp4netns", "passt",
           "catatonit", "aardvark-dns", "fuse-overlayfs", "dbus-user-session", "bash-completion", "ca-certificates",
           "openssl", "python3-apt", "systemd-container", "busybox-static")
# Each host's second card is on one segment with the others' (10.77.0.0/24); the first leads to the test runner.
HOSTS = ("h1", "h2", "h3")
SEGMENT = "10.77.0.%d"
USER_MAC, SEGMENT_MAC = "52:54:00:00:02:%02x", "52:54:00:00:77:%02x"


def _files() -> Dict[str, str]:
    """Files of the tree and their contents."""
    files = {
        "etc/hostname": "host\n",
        "etc/hosts": "127.0.0.1 localhost\n" + "".join(
            "%s %s\n" % (SEGMENT % number, name) for number, name in enumerate(HOSTS, 1)),
        "etc/resolv.conf": "",
        "etc/machine-id": "",
        "etc/fstab": "/dev/vda / ext4 defaults 0 0\n",
        "etc/apt/sources.list": "deb [trusted=yes] http://10.0.2.2:8000/ ./\n",
        "etc/apt/apt.conf.d/90test": 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n',
        "etc/dpkg/dpkg.cfg.d/test": "force-unsafe-io\n",
        "etc/initramfs-tools/conf.d/test": "MODULES=list\n",
        "etc/initramfs-tools/modules": "virtio_pci\nvirtio_blk\next4\n",
        "etc/ssh/sshd_config.d/test.conf": "UseDNS no\nPermitRootLogin prohibit-password\n",
        "etc/systemd/network/10-user.network":
            "[Match]\nMACAddress=%s\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n" % " ".join(
                USER_MAC % number for number in range(1, len(HOSTS) + 1)),
        # As on any Debian host; it is what splits the journal by user.
        "var/log/journal/.keep": "",
    }
    for number in range(1, len(HOSTS) + 1):
        files["etc/systemd/network/20-segment%d.network" % number] = (
            "[Match]\nMACAddress=%s\n[Network]\nAddress=%s/24\n" % (SEGMENT_MAC % number, SEGMENT % number))
    return files


# Run in the tree; timers would only take time from the tests.
COMMANDS = ("systemctl enable systemd-networkd ssh",
            "systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer "
            "e2scrub_reap.service fstrim.timer systemd-networkd-wait-online.service",
            "update-initramfs -u")
DISK_SIZE = "6G"


def recipe() -> str:
    """The digest of all that decides what is built."""
    rows: Dict[str, Any] = {"base": BASE, "offered": OFFERED, "files": _files(), "commands": COMMANDS,
                            "mirror": MIRROR, "size": DISK_SIZE, "format": 4}
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]


def ensure(home: str) -> str:
    """The directory of the image, which is built first when this recipe has none; older ones are removed."""
    place = os.path.join(home, recipe())
    if not os.path.isdir(place):
        shutil.rmtree(home, ignore_errors=True)
        aside = place + ".tmp"
        os.makedirs(aside)
        build(aside)
        os.rename(aside, place)
    return place


def build(place: str) -> None:
    """Build everything in the empty directory ``place``."""
    tree = os.path.join(place, "bare.tree")
    log = os.path.join(place, "build.log")
    logged(log, ["debootstrap", "--variant=minbase", "--include=" + ",".join(BASE), "bookworm", tree, MIRROR])
    offer(tree, os.path.join(place, "packages"), log)
    for name, content in _files().items():
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(content)
    for command in COMMANDS:
        logged(log, ["chroot", tree, "sh", "-ec", command])
    key = os.path.join(place, "key")
    logged(log, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "system tests", "-f", key])
    os.makedirs(os.path.join(tree, "root", ".ssh"), mode=0o700, exist_ok=True)
    shutil.copy(key + ".pub", os.path.join(tree, "root", ".ssh", "authorized_keys"))
    for name, target in (("vmlinuz", "vmlinuz"), ("initrd.img", "initrd")):
        shutil.copy(os.path.join(tree, "boot", os.path.basename(os.readlink(os.path.join(tree, name)))),
                    os.path.join(place, target))
    prepared = os.path.join(place, "prepared.tree")
    logged(log, ["cp", "-a", tree, prepared])
    prepare(prepared, os.path.join(place, "packages"), log)
    for name in ("bare", "prepared"):
        logged(log, ["mkfs.ext4", "-q", "-L", "root", "-d", os.path.join(place, name + ".tree"),
                     os.path.join(place, name + ".disk"), DISK_SIZE])


def prepare(tree: str, repository: str, log: str) -> None:
    """Install what is offered, from the repository; here it takes seconds, and minutes on a host that is emulated."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    inside = os.path.join(tree, "var/cache/apt/archives")
    names = [name for name in os.listdir(repository) if name.endswith(".deb")]
    for name in names:
        shutil.copy(os.path.join(repository, name), inside)
    paths = ["/var/cache/apt/archives/" + name for name in names]
    logged(log, ["chroot", tree, "dpkg", "--install", *paths], environment)
    logged(log, ["chroot", tree, "apt-get", "clean"], environment)


def offer(tree: str, repository: str, log: str) -> None:
    """Make an apt repository of what the tree lacks to install OFFERED, and empty the tree's own caches."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    logged(log, ["chroot", tree, "apt-get", "clean"], environment)
    logged(log, ["chroot", tree, "apt-get", "update", "-q"], environment)
    logged(log, ["chroot", tree, "apt-get", "install", "-q", "-y", "--download-only", "--no-install-recommends",
                 *OFFERED], environment)
    os.makedirs(repository)
    archives = os.path.join(tree, "var/cache/apt/archives")
    rows = []
    for name in sorted(os.listdir(archives)):
        path = os.path.join(archives, name)
        if not name.endswith(".deb"):
            continue
        fields = subprocess.run(["dpkg-deb", "--field", path], check=True, stdout=subprocess.PIPE, text=True).stdout
        with open(path, "rb") as stream:
            data = stream.read()
        rows.append("%sFilename: ./%s\nSize: %d\nSHA256: %s\n" % (fields, name, len(data),
                                                                  hashlib.sha256(data).hexdigest()))
        shutil.move(path, os.path.join(repository, name))
    with open(os.path.join(repository, "Packages"), "w", encoding="utf-8") as stream:
        stream.write("\n".join(rows))
    logged(log, ["chroot", tree, "apt-get", "clean"], environment)
    lists = os.path.join(tree, "var/lib/apt/lists")
    shutil.rmtree(lists)
    os.makedirs(os.path.join(lists, "partial"))


def logged(log: str, command: Sequence[str], environment: Dict[str, str] | None = None) -> None:
    """Run a command into the log file; SystemExit with the end of the log when it fails."""
    with open(log, "a", encoding="utf-8") as stream:
        code = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=stream,
                              stderr=subprocess.STDOUT, env=environment).returncode
    if code:
        with open(log, encoding="utf-8", errors="replace") as stream:
            sys.stderr.write("".join(stream.readlines()[-20:]))
        raise SystemExit("image: %s failed with %d" % (command[0], code))
