# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import cgroup, processes, usage

V1 = {"memory": {"memory.usage_in_bytes": "4096\n", "memory.limit_in_bytes": "8192\n"},
      "cpuacct": {"cpuacct.usage": "77\n", "cpuacct.usage_sys": "7\n", "cpuacct.usage_percpu": "70 7 \n"},
      "pids": {"pids.current": "3\n"},
      "blkio": {"blkio.throttle.io_service_bytes_recursive":
                "8:0 Read 10\n8:0 Write 20\n8:16 Read 1\n8:16 Total 31\nTotal 31\n"}}
V2 = {"": {"memory.current": "4096\n", "memory.max": "8192\n", "pids.current": "3\n",
           "cpu.stat": "usage_usec 77\nuser_usec 70\nsystem_usec 7\n",
           "io.stat": "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=0\n"}}


@pytest.mark.parametrize(("files", "cpu", "system", "per"), [(V1, 77, 7, (70, 7)), (V2, 77000, 7000, ())])
def test_both_kinds_of_control_groups_are_read(files: Any, cpu: int, system: int, per: Any, tmp_path: Any,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    for key, content in files.items():
        for name, text in content.items():
            (tmp_path / key).mkdir(exist_ok=True)
            (tmp_path / key / name).write_text(text)
    monkeypatch.setattr(cgroup, "of_process", lambda _pid: {key: str(tmp_path / key) for key in files})
    found = usage.of(os.getpid(), str(tmp_path))
    assert (found.cpu, found.system, found.per_cpu, found.memory, found.limit, found.pids) == (
        cpu, system, per, 4096, 8192, 3)
    assert (found.read, found.written) == (11, 20)


def test_without_a_limit_it_is_the_hosts_memory(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(cgroup, "of_process", lambda _pid: {"": str(tmp_path)})
    assert usage.of(os.getpid(), str(tmp_path)).limit == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_this_process_is_read() -> None:
    found = processes.read(os.getpid())
    assert found is not None and found.pids[-1] == os.getpid() and found.ppid == os.getppid()
    assert found.uids == (os.getuid(), os.geteuid()) and found.state == "R" and found.vsz > found.rss > 0
    assert processes.read(2 ** 22 + 1) is None


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_in_the_control_group_of_others_a_container_is_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user to whom none is delegated: what else is in there is not the container's."""
    monkeypatch.setattr(cgroup, "of_process", lambda _pid: {"": "/sys/fs/cgroup/user.slice"})
    command = "dd if=/dev/zero bs=1M count=3000 of=/dev/null 2>&1; sleep 100 & sleep 101; true"
    with subprocess.Popen(["unshare", "--mount", "sh", "-c", command], stdout=subprocess.PIPE) as first:
        try:
            deadline, names = time.monotonic() + 60, [""]
            while names.count("sleep") < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
                pids = processes.members(first.pid, "0123")
                names = sorted(one.args[0] for one in map(processes.read, pids) if one is not None and one.args)
            found = usage.of(first.pid, "0123")
            assert names == ["sh", "sleep", "sleep"]
            assert found.pids == 3 and 0 < found.memory < 2 ** 25 and 0 < found.cpu < 10 ** 10
        finally:
            for pid in reversed(processes.members(first.pid, "0123")):
                os.kill(pid, signal.SIGKILL)
