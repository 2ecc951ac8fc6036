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
NAMESPACES = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "--propagation",
              "private"]
EXT4_IOC_SHUTDOWN, WITHOUT_FLUSH = 0x8004587D, 2  # ext4.h in Linux
LOOP = 7  # Documentation/admin-guide/devices.txt
LONG = 600  # seconds between the commits that ext4 makes by itself


def run(what: str, *arguments: str, place: str) -> subprocess.CompletedProcess[str]:
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
           "volume prune -f", "network rm net", "network prune -f", "secret rm secret",
           "untag localhost/base localhost/other", "rmi localhost/base", "image prune -f -a", "container prune -f",
           "pod prune -f")


def full(place: str, how: str, where: str) -> None:
    """Fill a file system, and free all that can be freed; ``where``: 'root' only, or 'both' for the run root, too."""
    import faults
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import check

    disk = os.path.join(place, "disk")
    os.mkdir(disk)
    options = "size=48m,nr_inodes=3000" if how == "inodes" else "size=48m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    ctx = make_context(root=disk + "/root", runroot=(disk if where == "both" else place) + "/run")
    words, output = faults.materials(place), os.path.join(place, "output")
    run_one = faults.RUN.format
    faults.set_up(ctx, ["load -i LAYOUT", "tag localhost/base localhost/other", "network create net",
                        "secret create secret VALUE", run_one("one"), run_one("two"), faults.CREATE.format("three"),
                        "pod create --name pod --network none", "create --pod pod --name four --rootfs ROOTFS sleep 9",
                        "pod start pod"], words, output)
    fill(disk, inodes=how == "inodes")
    before = faults.observe(ctx)
    for line in (faults.CREATE.format("five"), "volume create five", "secret create five VALUE", "network create five",
                 "pod create --name five", "import TAR localhost/five"):
        ended = faults.run(ctx, faults.words_of(line, words), output)
        assert ended.code == 125 and "No space left" in ended.said and "Traceback" not in ended.said, (line, ended)
        assert faults.observe(ctx) == before, line
    ended = faults.run(ctx, ["--tmpdir", disk, "load"], output, stdin=words["TAR"])
    assert ended.code == 125 and "Cannot write %s" % disk in ended.said and "--tmpdir" in ended.said, ended
    assert not [name for name in os.listdir(disk) if name.startswith("pycontainer-load-")]
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
    check.repair(ctx, check.find(ctx, quick=True))
    assert [path for path in faults.tree(ctx) if not path.startswith("locks/")] == []


# a power cut

class Machine:
    """A root on an ext4 of its own, which can lose power; all in the namespaces of this script."""

    def __init__(self, place: str) -> None:
        from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context

        self.memory, self.disk = os.path.join(place, "memory"), os.path.join(place, "disk")
        self.ran, self.image = os.path.join(place, "run"), os.path.join(place, "memory", "image")
        for path in (self.memory, self.disk):
            os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", self.memory], check=True)
        with open(self.image, "wb") as stream:
            stream.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-J", "size=8", self.image], check=True)
        self.ctx = make_context(root=self.disk + "/root", runroot=self.ran)

    def on(self) -> None:
        """Boot: the disk is there, and what was on the run root is not."""
        boot = os.path.join(self.memory, "boot")
        with open(boot, "w", encoding="ascii") as stream:
            stream.write("%s\n" % os.urandom(16).hex())
        subprocess.run(["mount", "--bind", boot, "/proc/sys/kernel/random/boot_id"], check=True)
        subprocess.run(["mount", "-t", "ext4", "-o", "loop,commit=%d" % LONG, self.image, self.disk], check=True)

    def off(self) -> None:
        """All processes end, and all is unmounted; only what is on the disk stays."""
        while self._others():
            for pid in self._others():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.01)
        with open("/proc/self/mounts", encoding="utf-8") as stream:
            mounted = [line.split()[1] for line in stream]
        for path in reversed(mounted):
            if path.startswith((self.disk, self.ran)) or path.endswith("/boot_id"):
                subprocess.run(["umount", "-l", path], check=True)
        shutil.rmtree(self.ran, ignore_errors=True)
        deadline = time.monotonic() + 60
        while _in_use(self.image):
            assert time.monotonic() < deadline, "the loop device stays"
            time.sleep(0.01)

    @staticmethod
    def _others() -> List[int]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]

    def cut(self, _name: str = "") -> None:
        """Lose power: what is not on the disk by now never will be."""
        fd = os.open(self.disk, os.O_RDONLY | os.O_DIRECTORY)
        assert os.major(os.fstat(fd).st_dev) == LOOP
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, array.array("I", [WITHOUT_FLUSH]))
        os.close(fd)

    def cut_and_end(self, _name: str) -> None:
        """The fault of a command that is under way when the power goes."""
        self.cut()
        os.kill(os.getpid(), signal.SIGKILL)

    @contextlib.contextmanager
    def running(self) -> Iterator[Any]:
        """The machine is on; its context."""
        self.on()
        try:
            yield self.ctx
        finally:
            self.off()


def _in_use(image: str) -> bool:
    found = subprocess.run(["losetup", "-j", image], check=True, stdout=subprocess.PIPE).stdout
    return bool(found.strip())


def power(place: str, name: str, most: str) -> None:
    """Cut the power right after a scene's command, and inside it: it is done, or whole or not at all."""
    import faults
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import check, persist

    scene, words, output = faults.SCENES[name], faults.materials(place), os.path.join(place, "output")
    line, machine = faults.words_of(scene.line, words), Machine(place)
    kept = machine.image + ".kept"

    def prepare(ctx: Any) -> None:
        faults.set_up(ctx, scene.before, words, output)
        files.sync_filesystem(machine.disk)

    with machine.running() as ctx:
        persist.keep(ctx)
        if scene.live:  # what runs does not survive a reboot: it is prepared in each
            files.sync_filesystem(machine.disk)
            shutil.copy(machine.image, kept)
        prepare(ctx)
    if not scene.live:
        shutil.copy(machine.image, kept)
    with machine.running() as ctx:
        before = faults.observe(ctx)
    shutil.copy(kept, machine.image)
    with machine.running() as ctx:
        if scene.live:
            prepare(ctx)
        ended = faults.run(ctx, line, output)
        assert ended.code == 0, ended
        files.sync_filesystem(machine.disk)
    calls = ended.calls
    with machine.running() as ctx:
        after = faults.observe(ctx)
    assert after != before
    for at in [0] + faults.points(calls, int(most)):
        where = "%s, cut at call %d of %d" % (name, at, calls) if at else "%s, cut right after it" % name
        shutil.copy(kept, machine.image)
        with machine.running() as ctx:
            if scene.live:
                prepare(ctx)
            ended = faults.run(ctx, line, output, at=at, fault=machine.cut_and_end)
            assert ended.code == (-9 if at else 0), (where, ended)
            if not at:
                machine.cut()
        with machine.running() as ctx:
            if at:
                check.repair(ctx, check.find(ctx, quick=True))
            found = faults.observe(ctx)
            assert found in ((before, after) if at else (after,)) or (
                at and scene.live and _stopped(found) in (_stopped(before), after)) or (
                scene.line.startswith("run ") and _stopped(found) == after), (where, found, before, after)
            if found == before and not scene.live:
                again = faults.run(ctx, line, output)
                assert again.code == 0, (where, again)
            check.repair(ctx, check.find(ctx, quick=True))
            assert is_usable(ctx, words, output), where


def engine(place: str) -> None:
    """Cut the power right after the engine's own copy was written, and while it was: what runs it finds it whole."""
    import faults
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import persist

    machine, output = Machine(place), os.path.join(place, "output")
    with machine.running():
        pass
    kept = machine.image + ".kept"
    shutil.copy(machine.image, kept)
    with machine.running() as ctx:
        calls = faults.run(ctx, ["PERSIST"], output).calls
    for at in (0, calls // 2, calls):
        shutil.copy(kept, machine.image)
        with machine.running() as ctx:
            ended = faults.run(ctx, ["PERSIST"], output, at=at, fault=machine.cut_and_end)
            assert ended.code == (-9 if at else 0), (at, ended)
            if not at:
                machine.cut()
        with machine.running() as ctx:
            link = ctx.path("engine", persist.CURRENT)
            assert os.path.exists(link) or at, "The link is gone"
            if not os.path.exists(link):
                persist.current(ctx)
            hook = [sys.executable, "-IS", link, "exit", "--root", ctx.root, "--runroot", ctx.runroot, "--prefix",
                    ctx.prefix, "0" * 64]
            done = subprocess.run(hook, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            assert done.returncode == 0, (at, calls, done.stdout)


def _stopped(found: Dict[str, Any]) -> Dict[str, Any]:
    """What is there, if its containers had been stopped: what removes a running one stops it first."""
    return dict(found, containers={name: ("exited",) + row[1:] for name, row in found["containers"].items()})


def is_usable(ctx: Any, words: Dict[str, str], output: str) -> bool:
    """Whether other objects can be made and removed, whatever became of the one that was under way."""
    import faults

    for line in (faults.CREATE.format("another"), "rm -v another", "volume rm named", "network create another",
                 "network rm another", "secret create another VALUE", "secret rm another"):
        ended = faults.run(ctx, faults.words_of(line, words), output)
        if ended.code and line != "volume rm named":
            raise AssertionError((line, ended))
    return True


WHATS: Dict[str, Callable[..., None]] = {"full": full, "power": power, "engine": engine}

if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[2] / ".collections"), str(HERE.parent)]
    WHATS[sys.argv[1]](*sys.argv[2:])
    os._exit(0)
