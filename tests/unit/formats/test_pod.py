# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod's options mean, the program that waits in it, and its limits as files of a control group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import Callable

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import (
    cgroupfiles,
    container,
    pause,
    pod,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.cgroupfiles import File
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import NetworkUse, Port


def test_a_document_is_read_back_as_it_was() -> None:
    spec = pod.PodSpec("web", {"a": "b"}, ("net",), publish=(Port(80, 8080),),
                       network=(NetworkUse("network", "inner"),), infra_command=("/x", "y"),
                       memory=4096, memory_swap=-1, etc_hosts={"db": "10.0.0.1"})
    assert pod.from_document(json.loads(json.dumps(spec.to_document()))) == spec
    assert pod.from_document(spec.to_document()) == spec
    assert pod.PodSpec().to_document() == {}
    with pytest.raises(InvalidInput, match="colour"):
        pod.from_document({"colour": "red"})


def test_fields_that_both_have_mean_the_same() -> None:
    common = set(pod.DEFAULTS) & set(container.DEFAULTS) - {"infra"}
    assert {name: pod.DEFAULTS[name] for name in common} == {name: container.DEFAULTS[name] for name in common}
    assert set(pod.PASSED) | set(pod.LIMITS) <= common


@pytest.mark.parametrize("value, names", [
    ("", []), ("none", []), ("net", ["net"]), ("net,ipc", ["ipc", "net"]), (["uts", "net"], ["net", "uts"]),
    ("+pid", ["ipc", "net", "pid", "uts"]), ("+cgroup,pid", ["cgroup", "ipc", "net", "pid", "uts"]),
    (" net , net ", ["net"])], ids=str)
def test_share(value: object, names: list) -> None:
    assert pod.canonical("share", value) == names


@pytest.mark.parametrize("name, value", [("share", "mnt"), ("share", "user"), ("exit_policy", "never"),
                                         ("infra", "perhaps"), ("publish", "x:y"), ("pid", "nobody")])
def test_nonsense_is_refused_by_its_option(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match="the_option"):
        pod.canonical(name, value, "the_option")


@pytest.mark.parametrize("spec, words", [
    (pod.PodSpec(infra=False, publish=(Port(80),)), "publish"), (pod.PodSpec(infra=False, hostname="x"), "hostname"),
    (pod.PodSpec(infra=False, pid="host", dns=("9.9.9.9",)), "dns, pid"),
    (pod.PodSpec(share=("ipc",), publish=(Port(80),)), "do not share"),
    (pod.PodSpec(hostname="x", uts="host"), "host name"),
    (pod.PodSpec(no_hosts=True, etc_hosts={"a": "1.2.3.4"}), "no_hosts and etc_hosts")], ids=str)
def test_contradictions(spec: pod.PodSpec, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        pod.check(spec)


def test_a_pod_without_an_infra_container_may_have_limits_and_labels() -> None:
    pod.check(pod.PodSpec(infra=False, label={"a": "b"}, memory=4096, exit_policy="stop"))


# the program that waits

@pytest.mark.parametrize("machine, number", [("x86_64", 62), ("aarch64", 183)])
def test_the_program_is_a_static_elf_file(machine: str, number: int) -> None:
    data = pause.program(machine)
    assert data is not None and len(data) < 512
    assert pause.is_static(data) and int.from_bytes(data[18:20], "little") == number
    entry, size = int.from_bytes(data[24:32], "little"), int.from_bytes(data[96:104], "little")
    assert entry == pause.BASE + pause.HEADERS and size == len(data)
    # PT_LOAD in place of PT_INTERP makes it one that needs a loader.
    assert not pause.is_static(data[:64] + b"\x03" + data[65:])


def test_other_machines_have_none() -> None:
    assert pause.program("riscv64") is None
    assert not pause.is_static(b"#!/bin/sh\n") and not pause.is_static(b"\x7fELF\x02\x01")


def read(path: str) -> str:
    with open(path, encoding="ascii") as stream:
        return stream.read().strip()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(pause.program(os.uname().machine) is None, reason="no code for this machine")
@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
def test_it_waits_collects_its_children_and_ends_when_asked(tmp_path: object, number: int, code: int) -> None:
    path = "%s/pause" % tmp_path
    with open(path, "wb") as stream:
        stream.write(pause.program(os.uname().machine) or b"")
    os.chmod(path, 0o755)
    # The shell leaves it a child that ends at once, and execs it with the same process ID.
    process = subprocess.Popen(["sh", "-c", "sleep 0.1 & exec " + path + " -P"])
    try:
        wait_until(lambda: read("/proc/%d/comm" % process.pid) == "pause")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: read("/proc/%d/task/%d/children" % (process.pid, process.pid)) == "")
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(5) == code
    finally:
        process.kill()
        process.wait()


# limits as files

RESOURCES = {"memory": {"limit": 67108864, "swap": 134217728},
             "cpu": {"shares": 512, "period": 100000, "quota": 50000, "cpus": "0-1", "mems": "0"},
             "blockIO": {"weight": 100, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1024}]},
             "pids": {"limit": 2048}}


def test_files_of_v1() -> None:
    assert cgroupfiles.files(RESOURCES, "hybrid") == [
        File("memory", "memory.limit_in_bytes", "67108864"), File("memory", "memory.memsw.limit_in_bytes", "134217728"),
        File("cpu", "cpu.shares", "512"), File("cpu", "cpu.cfs_period_us", "100000"),
        File("cpu", "cpu.cfs_quota_us", "50000"), File("cpuset", "cpuset.cpus", "0-1"),
        File("cpuset", "cpuset.mems", "0"), File("blkio", "blkio.weight", "100"),
        File("blkio", "blkio.throttle.read_bps_device", "8:0 1024")]


def test_files_of_v2() -> None:
    assert cgroupfiles.files(RESOURCES, "v2") == [
        File("memory", "memory.max", "67108864"), File("memory", "memory.swap.max", "67108864"),
        File("cpu", "cpu.weight", "20"), File("cpu", "cpu.max", "50000 100000"), File("cpuset", "cpuset.cpus", "0-1"),
        File("cpuset", "cpuset.mems", "0"), File("io", "io.weight", "default 910"),
        File("io", "io.max", "8:0 rbps=1024")]
    assert cgroupfiles.files({"memory": {"limit": -1, "swap": -1}, "cpu": {"quota": -1}}, "v2") == [
        File("memory", "memory.max", "max"), File("memory", "memory.swap.max", "max"),
        File("cpu", "cpu.max", "max 100000")]


def test_properties_of_a_slice() -> None:
    assert cgroupfiles.properties(RESOURCES, {"IOReadBandwidthMax": {"/dev/sda": 1024}}) == [
        "MemoryMax=67108864", "MemorySwapMax=67108864", "CPUWeight=20", "CPUQuota=50%", "AllowedCPUs=0-1",
        "AllowedMemoryNodes=0", "IOWeight=910", "IOReadBandwidthMax=/dev/sda 1024"]
    assert cgroupfiles.properties({"memory": {"limit": -1, "swap": -1}, "cpu": {"quota": -1}}, {}) == [
        "MemoryMax=infinity", "MemorySwapMax=infinity", "CPUQuota="]


@pytest.mark.parametrize("shares, weight", [(2, 1), (1024, 39), (262144, 10000), (0, 1)])
def test_weights(shares: int, weight: int) -> None:
    assert cgroupfiles.weight(shares) == weight


@pytest.mark.parametrize("row, content, kept", [
    (File("memory", "memory.max", "5000"), "4096\n", True), (File("memory", "memory.max", "5000"), "8192\n", False),
    (File("memory", "memory.max", "5000"), "max\n", False), (File("memory", "memory.max", "max"), "max\n", True),
    (File("memory", "memory.limit_in_bytes", "-1"), "9223372036854771712\n", True),
    (File("memory", "memory.limit_in_bytes", "-1"), "4096\n", False),
    (File("cpuset", "cpuset.cpus", "0,1,3"), "0-1,3\n", True), (File("cpuset", "cpuset.cpus", "0"), "0-1\n", False),
    (File("cpu", "cpu.shares", "512"), "512\n", True), (File("cpu", "cpu.shares", "512"), "1024\n", False),
    (File("cpu", "cpu.max", "50000 100000"), "50000 100000\n", True),
    (File("io", "io.max", "8:0 rbps=1024"), "8:0 rbps=1024 wbps=max riops=max wiops=max\n", True),
    (File("io", "io.max", "8:0 rbps=1024"), "8:16 rbps=1024 wbps=max\n", False),
    (File("blkio", "blkio.throttle.read_bps_device", "8:0 1024"), "8:16 7\n8:0 1024\n", True),
    (File("blkio", "blkio.throttle.read_bps_device", "8:0 1024"), "", False)], ids=str)
def test_what_the_kernel_kept(row: File, content: str, kept: bool) -> None:
    assert cgroupfiles.is_set(row, content, 4096) is kept
