# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Children behind walls."""

from __future__ import annotations

import os
import signal
import time

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import sandbox


def run(body, *keep: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(sandbox.fork(body, keep), 0)[1])


def fail() -> None:
    raise ValueError("on purpose")


def test_the_exit_code_tells_whether_it_went_well() -> None:
    assert run(lambda: None) == 0
    assert run(fail) == 1


def test_only_the_files_that_are_named_stay_open(tmp_path) -> None:
    read, write = os.pipe()
    with open(tmp_path / "secret", "w") as secret:
        def body() -> None:
            rows = [os.readlink("/proc/self/fd/%s" % fd) for fd in os.listdir("/proc/self/fd") if fd not in "012"
                    and os.path.lexists("/proc/self/fd/%s" % fd)]
            os.write(write, "\n".join(rows).encode())
            secret.close()  # hits no file that was opened since
        assert run(body, write) == 0
    os.close(write)
    assert {row.partition(":")[0] for row in os.read(read, 65536).decode().split("\n")} <= {"pipe", "/dev/null"}
    os.close(read)


def test_a_child_dies_with_its_parent() -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        child = sandbox.fork(lambda: time.sleep(60), [])
        os.write(write, b"%d" % child)
        time.sleep(60)
    child = int(os.read(read, 20))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    for _attempt in range(3000):
        try:
            with open("/proc/%d/stat" % child) as stream:
                if stream.read().rpartition(")")[2].split()[0] == "Z":
                    break
        except FileNotFoundError:
            break
        time.sleep(0.02)
    else:
        raise AssertionError("the child lives")
    os.close(read)
    os.close(write)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_a_confined_child_sees_one_directory_and_holds_few_capabilities(tmp_path) -> None:
    (tmp_path / "inside").write_text("x")
    read, write = os.pipe()

    def body() -> None:
        own = os.open("/proc/self/status", os.O_RDONLY)
        sandbox.confine(str(tmp_path))
        os.write(write, os.read(own, 65536) + b"List: %s\n" % ",".join(os.listdir("/../..")).encode())
        try:
            os.chroot(".")
        except PermissionError:
            os.write(write, b"Again: no\n")

    assert run(body, write) == 0
    rows = dict(line.split(":\t", 1) if ":\t" in line else line.split(": ", 1)
                for line in os.read(read, 65536).decode().splitlines())
    for name in ("CapEff", "CapPrm"):
        assert int(rows[name], 16) & ~sandbox.WRITE_FILES == 0
    assert (rows["NoNewPrivs"], rows["List"], rows["Again"]) == ("1", "inside", "no")
    for fd in (read, write):
        os.close(fd)
