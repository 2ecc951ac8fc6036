# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""File systems that fill up, or lose power, in namespaces of their own: run as a script by ``run``, for tests.

What it needs: root; for a power cut also mkfs.ext4, loop devices and the kernel's EXT4_IOC_SHUTDOWN, which ends an ext4
without writing what only memory has, as xfstests does it. The device is a loop device whose number is checked first.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, Iterator, List

HERE = pathlib.Path(__file__).resolve()
NAMESPACES = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
EXT4_IOC_SHUTDOWN, WITHOUT_FLUSH = 0x8004587D, 2  # ext4.h in Linux
LOOP = 7  # Documentation/admin-guide/devices.txt
LONG = 600  # seconds between the commits that ext4 makes by itself


def run(what: str, *arguments: str, place: str) -> "subprocess.CompletedProcess[str]":
    """Do one of the things below in fresh namespaces; ``place`` is an empty directory."""
    return subprocess.run(NAMESPACES + [sys.executable, str(HERE), what, place, *arguments], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


# a full disk

def fill(directory: str, *, inodes: bool) -> None:
    """Take all space, or all inodes, of the file system of a directory, to the last byte."""
    count = len(os.listdir(directory))
    with contextlib.suppress(OSError):
        while inodes:
            os.close(os.open(os.path.join(directory, "f%d" % count), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            count += 1
    size = 0 if inodes else 1 << 20
    while size:
        fd = os.open(os.path.join(directory, "full"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        try:
            while os.write(fd, b"x" * size) == size:
                pass
        except OSError as exc:
            assert exc.errno == errno.ENOSPC
        finally:
            os.close(fd)
        size //= 16


FREEING = ("stop one", "rm one", "rm -f two", "pod stop pod", "pod rm -f pod", "rm -f three", "volume rm named",
           "volume prune -f", "network rm net", "network prune -f", "secret rm secret", "untag localhost/base localhost/other",
           "rmi localhost/base", "image prune -f -a", "container prune -f", "pod prune -f")


def full(place: str, how: str, where: str) -> None:
    """Fill a file system, and free all that can be freed; ``where``: 'root' only, or 'both' for the run root, too."""
    import faults
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import tidying

    disk = os.path.join(place, "disk")
    os.mkdir(disk)
    options = "size=48m,nr_inodes=3000" if how == "inodes" else "size=48m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    ctx = make_context(root=disk + "/root", runroot=(disk if where == "both" else place) + "/run")
    words, output = faults.materials(place), os.path.join(place, "output")
    run_one = faults.RUN.format
    faults.set_up(ctx, ["load -i LAYOUT", "tag localhost/base localhost/other", "network create net",
                        "secret create secret VALUE", run_one("one"), run_one("two"), faults.CREATE.format("three"),
                        "pod create --name pod --network none", "create --pod pod --name four --rootfs ROOTFS sleep 100",
                        "pod start pod"], words, output)
    fill(disk, inodes=how == "inodes")
    before = faults.observe(ctx)
    for line in (faults.CREATE.format("five"), "volume create five", "secret create five VALUE", "network create five",
                 "pod create --name five", "import TAR localhost/five"):
        ended = faults.run(ctx, faults.words_of(line, words), output)
        assert ended.code == 125 and "No space left" in ended.said and "Traceback" not in ended.said, (line, ended)
        assert faults.observe(ctx) == before, line
    for line in FREEING:
        ended = faults.run(ctx, line.split(), output)
        assert ended.code == 0, (line, ended)
        fill(disk, inodes=how == "inodes")
    found = faults.observe(ctx)
    assert not any(found[kind] for kind in ("containers", "pods", "images", "volumes", "secrets")), found
    assert list(found["networks"]) == ["podman"], found
    for name in os.listdir(disk):
        if name.startswith("f"):
            os.unlink(os.path.join(disk, name))
    tidying.tidy(ctx)
    assert [path for path in faults.tree(ctx) if not path.startswith("locks/")] == []


WHATS: Dict[str, Callable[..., None]] = {"full": full}

if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[2] / ".collections"), str(HERE.parent)]
    WHATS[sys.argv[1]](*sys.argv[2:])
    os._exit(0)
