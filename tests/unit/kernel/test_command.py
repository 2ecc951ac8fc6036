# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs that are started: what they can do to the caller's mounts, and how long they are waited for."""

from __future__ import annotations

import ctypes
import errno
import os
import pathlib
import resource
import subprocess
import traceback
from typing import Callable

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import TimedOut
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import command, mount


def in_shared_namespace(body: Callable[[], None]) -> None:
    """Run the body in a child whose mount namespace is its own, with everything in it shared, as on a host."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            libc = ctypes.CDLL(None)
            assert libc.unshare(mount.CLONE_NEWNS) == 0
            assert libc.mount(b"none", b"/", None, mount.MS_REC | mount.MS_PRIVATE, None) == 0
            assert libc.mount(b"none", b"/", None, mount.MS_REC | mount.MS_SHARED, None) == 0
            body()
        except BaseException:
            os.write(writing, traceback.format_exc().encode()[-20000:])
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    if text:
        pytest.fail(text, pytrace=False)


def points() -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        return [line.split()[4] for line in stream]


def shell(text: str) -> list[str]:
    return ["/bin/sh", "-c", text]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.parametrize("launched", [False, True])
def test_what_mounts_does_so_for_itself_alone(tmp_path: pathlib.Path, launched: bool) -> None:
    place, mark = tmp_path / "place", tmp_path / "mark"
    place.mkdir()
    argv = shell("umount /dev/shm || umount /proc; mount -t tmpfs tmpfs %s && echo done > %s" % (place, mark))

    def body() -> None:
        before = points()
        assert "/dev/shm" in before or "/proc" in before
        if launched:
            os.waitpid(command.launch(argv, descriptors={}, env={"PATH": os.environ["PATH"]}, own_mounts=True), 0)
        else:
            command.run(argv, env={"PATH": os.environ["PATH"]}, own_mounts=True)
        assert mark.read_text() == "done\n"
        assert points() == before

    in_shared_namespace(body)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_what_has_its_own_mounts_keeps_none_of_others_busy(tmp_path: pathlib.Path) -> None:
    place = tmp_path / "place"
    place.mkdir()

    def body() -> None:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
        reading, writing = os.pipe()
        pid = command.launch(shell("read wait"), descriptors={0: reading}, env={}, own_mounts=True)
        try:
            theirs = pathlib.Path("/proc/%d/mounts" % pid)
            assert str(place) in theirs.read_text()
            subprocess.run(["umount", str(place)], check=True)
            assert str(place) not in theirs.read_text()
        finally:
            os.close(writing)
            os.waitpid(pid, 0)

    in_shared_namespace(body)


@pytest.fixture(params=["pidfd", "older kernel"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_pid: int, _flags: int) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    if request.param != "pidfd":
        monkeypatch.setattr(os, "pidfd_open", missing)


def test_a_wait_has_an_end_and_says_for_what(monkeypatch: pytest.MonkeyPatch, kernel: None) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.2)
    running = command.start(shell("exec sleep 1000"))
    with pytest.raises(TimedOut, match=r"/bin/sh -c exec sleep 1000 did not end within 0.2 seconds"):
        running.finish()
    assert not pathlib.Path("/proc/%d" % running._pid).exists()


def test_a_limit_of_ones_own_comes_first(monkeypatch: pytest.MonkeyPatch, kernel: None) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    assert command.run(shell("echo said"), within=60).stdout == b"said\n"
    assert command.run(shell("echo said"), within=command.FOREVER).stdout == b"said\n"


def test_many_open_files_do_not_hinder_a_wait() -> None:
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    if highest[1] != resource.RLIM_INFINITY and highest[1] < 2100:
        pytest.skip("this process may not open that many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(highest[0], 2100), highest[1]))
    opened = [os.open(os.devnull, os.O_RDONLY) for _number in range(1100)]
    try:
        assert command.run(shell("echo said")).stdout == b"said\n"
    finally:
        for fd in opened:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, highest)


@pytest.mark.parametrize("launched", [False, True])
def test_what_the_caller_was_started_with_is_not_handed_on(tmp_path: pathlib.Path, launched: bool) -> None:
    (tmp_path / "lock").touch()
    with open(tmp_path / "lock") as lock:
        os.set_inheritable(lock.fileno(), True)
        argv, env = ["/bin/sh", "-c", "readlink /proc/$$/fd/* || true"], {"PATH": "/usr/bin:/bin"}
        if launched:
            reading, writing = os.pipe()
            pid = command.launch(argv, descriptors={1: writing}, env=env)
            os.close(writing)
            with open(reading) as stream:
                found = stream.read()
            os.waitpid(pid, 0)
        else:
            found = command.run(argv, env=env).stdout.decode()
    assert found and str(tmp_path) not in found
