# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A systemd that boots as PID 1 of fresh namespaces over a Debian tree, in about two seconds.

Usage: systemd_box.py TREE SCRIPT, both absolute paths. The tree (debootstrap(8), with systemd) is the lower
layer of an overlay and stays as it is. The script runs as a unit of that systemd's when it is up; its output
and exit code become ours. Nothing of the host's is in there but the checkout, read-only at /checkout, and
the devices that every container has. Needs root, and control groups of version 1 with a name=systemd
hierarchy or version 2.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import List

LONGEST = 120  # seconds
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NODES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
UNIT = """[Unit]
Description=What is tested
After=multi-user.target
[Service]
Type=oneshot
WorkingDirectory=/
ExecStart=/bin/sh -c '/run/box/script > /run/box/output 2>&1; echo $? > /run/box/code; systemctl --no-block exit'
[Install]
WantedBy=multi-user.target
"""
SLOW = ("systemd-networkd-wait-online.service", "getty.target", "systemd-udevd.service", "systemd-resolved.service",
        "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
        "systemd-firstboot.service", "systemd-binfmt.service", "systemd-sysctl.service", "systemd-modules-load.service")


def mount(*words: str) -> None:
    """mount(8)."""
    subprocess.run(["mount", *words], check=True)


def inside(tree: str, script: str, work: str) -> None:
    """PID 1 of the namespaces: make the root, and become systemd."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    out = os.path.join(work, "out")
    work = os.path.join(work, "box")
    os.mkdir(work)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", work)
    root = work + "/root"
    for name in ("upper", "work", "root"):
        os.mkdir(os.path.join(work, name))
    mount("-t", "overlay", "-o", "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (tree, work, work), "overlay", root)
    devices(root)
    for kind, path in (("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "run"), ("tmpfs", "tmp")):
        mount("-t", kind, kind, os.path.join(root, path))
    control_groups(root)
    # Overlay upon overlay is not to be had: the engine's layers lie on a tmpfs.
    for path in ("var/lib", "home"):
        state = os.path.join(work, os.path.basename(path))
        subprocess.run(["cp", "-a", os.path.join(root, path), state], check=True)
        mount("--bind", state, os.path.join(root, path))
    os.makedirs(root + "/checkout", exist_ok=True)
    mount("--bind", TOP, root + "/checkout")
    mount("-o", "remount,bind,ro", root + "/checkout")
    prepare(root, script, out)
    os.chdir(root)
    os.makedirs("old", exist_ok=True)
    subprocess.run(["pivot_root", ".", "old"], check=True)
    os.chroot(".")
    subprocess.run(["umount", "-l", "/old"], check=True)
    os.execve("/lib/systemd/systemd", ["/lib/systemd/systemd", "--system", "--log-target=journal"],
              {"container": "box", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def devices(root: str) -> None:
    """A /dev of its own."""
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root + "/dev")
    for name, major, minor in NODES:
        os.mknod(os.path.join(root, "dev", name), 0o666 | 0o020000, os.makedev(major, minor))
        os.chmod(os.path.join(root, "dev", name), 0o666)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"),
                         ("ptmx", "pts/ptmx")):
        os.symlink(target, os.path.join(root, "dev", name))
    for name, kind, options in (("pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"),
                                ("shm", "tmpfs", "mode=1777")):
        os.mkdir(os.path.join(root, "dev", name))
        mount("-t", kind, "-o", options, kind, os.path.join(root, "dev", name))


def control_groups(root: str) -> None:
    """The same hierarchies as the host's; in a cgroup namespace each begins where this process is."""
    with open("/proc/mounts", encoding="utf-8") as stream:
        rows = [line.split() for line in stream if line.split()[2] in ("cgroup", "cgroup2")]
    if not any(row[1] == "/sys/fs/cgroup" for row in rows):
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root + "/sys/fs/cgroup")
    for _device, path, kind, options in (row[:4] for row in rows):
        os.makedirs(root + path, exist_ok=True)
        extra = ["-o", ",".join(o for o in options.split(",") if o not in ("rw", "ro", "relatime", "nosuid", "nodev",
                                                                           "noexec"))] if kind == "cgroup" else []
        mount("-t", kind, *extra, kind, root + path)


def prepare(root: str, script: str, out: str) -> None:
    """The unit that runs the script, and away with what takes time."""
    os.makedirs(root + "/run/box")
    mount("--bind", out, root + "/run/box")
    subprocess.run(["cp", script, root + "/run/box/script"], check=True)
    os.chmod(root + "/run/box/script", 0o755)
    units = root + "/etc/systemd/system/"
    with open(units + "box.service", "w", encoding="ascii") as stream:
        stream.write(UNIT)
    os.makedirs(units + "multi-user.target.wants", exist_ok=True)
    for name, target in [("multi-user.target.wants/box.service", "../box.service"),
                         ("default.target", "/lib/systemd/system/multi-user.target"),
                         *[(name, "/dev/null") for name in SLOW]]:
        if os.path.lexists(units + name):
            os.unlink(units + name)
        os.symlink(target, units + name)


def own_groups() -> List[str]:
    """A control group for the box in each hierarchy, with this process in it; their directories."""
    with open("/proc/mounts", encoding="utf-8") as stream:
        tops = [line.split()[1] for line in stream if line.split()[2] in ("cgroup", "cgroup2")]
    made = []
    for top in tops:
        group = os.path.join(top, "box-%d" % os.getpid())
        os.mkdir(group)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty in a new group
            if os.path.exists(os.path.join(group, name)):
                with open(os.path.join(top, name), encoding="ascii") as known, open(
                        os.path.join(group, name), "w", encoding="ascii") as stream:
                    stream.write(known.read())
        made.append(group)
    return made


def main(tree: str, script: str) -> int:
    """Boot, and answer as the script did."""
    work = tempfile.mkdtemp(prefix="pycontainer-box-")
    out = os.path.join(work, "out")
    os.mkdir(out)
    groups = own_groups()
    child = 0
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_all: sys.exit("The box was ended"))
    signal.alarm(LONGEST)
    try:
        child = os.fork()
        if child == 0:
            for group in groups:
                with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as stream:
                    stream.write("0")
            os.execvp("unshare", ["unshare", "--cgroup", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork",
                                  "--kill-child", "--mount-proc", "--propagation", "private", sys.executable, __file__,
                                  "--inside", tree, script, work])
        os.waitpid(child, 0)
        child = 0
        with open(os.path.join(out, "output"), encoding="utf-8", errors="replace") as stream:
            sys.stdout.write(stream.read())
        with open(os.path.join(out, "code"), encoding="ascii") as stream:
            return int(stream.read())
    except FileNotFoundError:
        sys.stderr.write("The box ended before the script did\n")
        return 1
    finally:
        if child:
            # unshare(1) takes PID 1 along, and that everything in there.
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
        for group in groups:
            for directory, _below, _files in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(*sys.argv[2:5])
    else:
        raise SystemExit(main(*sys.argv[1:3]))
