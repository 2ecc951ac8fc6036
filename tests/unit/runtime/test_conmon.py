# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real container under conmon and the OCI runtime that works here; needs root."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
import uuid

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import CannotInvoke, CommandNotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.runtime import (
    attach,
    conmon,
    exitwatch,
    logs,
    oci,
    probe,
)

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")


class Place:
    """A bundle with a busybox root, and the ways to run something in it."""

    def __init__(self, path: str) -> None:
        self.ctx = make_context(root=path + "/root", runroot=path + "/run")
        self.id = uuid.uuid4().hex * 2
        self.path = path
        self.bundle = path + "/bundle"
        self.log = path + "/ctr.log"
        os.makedirs(self.bundle + "/rootfs/bin")
        shutil.copy("/bin/busybox", self.bundle + "/rootfs/bin/busybox")
        os.symlink("busybox", self.bundle + "/rootfs/bin/sh")
        os.makedirs(path + "/exits")
        self.runtime = probe.choose(self.ctx)

    def create(self, *argv: str, exit_command: tuple[str, ...] = (), stdin: bool = False) -> int:
        config = {
            "ociVersion": "1.0.2", "root": {"path": "rootfs"},
            "process": {"user": {"uid": 0, "gid": 0}, "args": list(argv), "cwd": "/", "env": ["PATH=/bin"]},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount", "network")],
                      "cgroupsPath": "/pycontainer-test/" + self.id},
        }
        with open(self.bundle + "/config.json", "w", encoding="utf-8") as stream:
            json.dump(config, stream)
        return conmon.launch(self.ctx, self.job(exit_command=exit_command, stdin=stdin))

    def job(self, **more: object) -> conmon.Launch:
        values = {"container_id": self.id, "name": "test", "bundle": self.bundle, "runtime_path": self.runtime.path,
                  "runtime_root": oci.root(self.ctx), "log": "k8s-file:" + self.log, "pidfile": self.path + "/pid",
                  "conmon_pidfile": self.path + "/conmon.pid", "exit_directory": self.path + "/exits"}
        values.update(more)
        return conmon.Launch(**values)

    def exit_code(self) -> int | None:
        path = os.path.join(self.path, "exits", self.id)
        assert exitwatch.wait_for(path, timeout=60)
        return exitwatch.read_exit_code(path)

    def lines(self) -> list[tuple[str, bytes]]:
        return [(line.stream, line.text) for line in logs.read_file(self.log, logs.Wanted(), lambda: False)]


@pytest.fixture()
def place(tmp_path):
    place = Place(str(tmp_path))
    yield place
    oci.delete(place.ctx, place.runtime, place.id, force=True)
    for path in ("/sys/fs/cgroup/pycontainer-test",):
        if os.path.isdir(path):
            os.rmdir(path)


def test_a_container_runs_writes_its_log_and_leaves_its_exit_code(place: Place) -> None:
    pid = place.create("sh", "-c", "echo out; echo err >&2; exit 3")
    assert os.path.exists("/proc/%d" % pid)
    oci.start(place.ctx, place.runtime, place.id)
    assert place.exit_code() == 3
    assert sorted(place.lines()) == [("stderr", b"err\n"), ("stdout", b"out\n")]


def test_the_exit_command_runs_when_all_is_over(place: Place) -> None:
    mark = place.path + "/mark"
    place.create("sh", "-c", "exit 0", exit_command=(sys.executable, "-I", "-c", "open(%r, 'w').write('x')" % mark))
    oci.start(place.ctx, place.runtime, place.id)
    assert exitwatch.wait_for(mark, timeout=60)


@pytest.mark.parametrize(("argv", "error"), [(("nothing-here",), CommandNotFound), (("/bin",), CannotInvoke)])
def test_a_command_that_cannot_run_is_told_apart(place: Place, argv: tuple[str, ...], error: type) -> None:
    with pytest.raises(error) as caught:
        place.create(*argv)
        oci.start(place.ctx, place.runtime, place.id)
    assert caught.value.exit_code == {CommandNotFound: 127, CannotInvoke: 126}[error]


def test_only_what_conmon_needs_is_open_in_the_container(place: Place) -> None:
    leak = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(leak, True)
    try:
        place.create("sh", "-c", "busybox ls -l /proc/self/fd")
        oci.start(place.ctx, place.runtime, place.id)
        place.exit_code()
    finally:
        os.close(leak)
    assert not any(b"hostname" in text for _stream, text in place.lines())


def test_a_signal_ends_it_and_one_that_has_ended_says_so(place: Place) -> None:
    place.create("sh", "-c", "while :; do busybox sleep 1; done")
    oci.start(place.ctx, place.runtime, place.id)
    assert oci.kill(place.ctx, place.runtime, place.id, "KILL")
    assert place.exit_code() == 137
    assert not oci.kill(place.ctx, place.runtime, place.id, "KILL")


def test_attach_carries_input_and_output(place: Place) -> None:
    place.create("sh", "-c", "read line; echo got $line", stdin=True)
    read, write = os.pipe()
    got = []
    with attach.Attachment(place.bundle) as attachment:
        oci.start(place.ctx, place.runtime, place.id)
        os.write(write, b"hello\n")
        os.close(write)
        assert attachment.stream(lambda kind, data: got.append((kind, data)), read)
    os.close(read)
    assert got == [(attach.STDOUT, b"got hello\n")]


def test_exec_in_a_running_container(place: Place) -> None:
    place.create("sh", "-c", "while :; do busybox sleep 1; done")
    oci.start(place.ctx, place.runtime, place.id)
    spec = place.path + "/process.json"
    with open(spec, "w", encoding="utf-8") as stream:
        json.dump({"args": ["sh", "-c", "echo in exec; exit 7"], "cwd": "/", "env": ["PATH=/bin"],
                   "user": {"uid": 0, "gid": 0}}, stream)
    bundle = place.path + "/exec"
    os.makedirs(bundle)
    job = place.job(bundle=bundle, exec_spec=spec, exec_id="e1", pidfile=bundle + "/pid",
                    conmon_pidfile=bundle + "/conmon.pid",
                    log="k8s-file:" + bundle + "/log", attach=True,
                    exit_directory=bundle)
    got = []
    conmon.launch(place.ctx, job, attached=lambda: attach.Attachment(bundle), into=got)
    output = []
    with got[0] as attachment:
        attachment.stream(lambda kind, data: output.append((kind, data)))
    assert output == [(attach.STDOUT, b"in exec\n")]
    assert exitwatch.wait_for(os.path.join(bundle, place.id), timeout=60)
    assert exitwatch.read_exit_code(os.path.join(bundle, place.id)) == 7


@pytest.mark.parametrize(("tail", "expected"), [(None, 6), (0, 0), (1, 1), (2, 2), (3, 4), (99, 6)])
def test_tail_counts_lines_not_parts(tmp_path, tail: int | None, expected: int) -> None:
    path = str(tmp_path / "log")
    rows = ["stdout F one", "stderr F two", "stdout P thr", "stdout F ee", "stdout F four", "stdout F five"]
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines("2026-01-01T00:00:0%d.5+00:00 %s\n" % (n, row) for n, row in enumerate(rows))
    assert len(list(logs.read_file(path, logs.Wanted(tail=tail), lambda: False))) == expected


def test_since_and_until_bound_the_lines(tmp_path) -> None:
    path = str(tmp_path / "log")
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines("2026-01-01T00:00:0%d.000000001+00:00 stdout F %d\n" % (n, n) for n in range(5))
    wanted = logs.Wanted(since=logs.parse_time("2026-01-01T00:00:02Z"),
                         until=logs.parse_time("2026-01-01T00:00:03.5Z"))
    assert [line.text for line in logs.read_file(path, wanted, lambda: False)] == [b"2\n", b"3\n"]


def test_follow_ends_with_the_container(tmp_path) -> None:
    path = str(tmp_path / "log")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("2026-01-01T00:00:00+00:00 stdout F one\n")
    end = time.monotonic() + 0.3

    def running() -> bool:
        return time.monotonic() < end

    assert [line.text for line in logs.read_file(path, logs.Wanted(follow=True), running)] == [b"one\n"]


def test_who_writes_without_an_end_is_left_by_keys(tmp_path) -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(str(tmp_path / "attach"))
    listening.listen()
    read, write = os.pipe()
    os.write(write, b"\x10\x11")
    with listening, attach.Attachment(str(tmp_path)) as client, listening.accept()[0] as conmon_end:
        sent = iter(range(10000))
        conmon_end.send(b"\x02y")

        def output(_kind: int, _data: bytes) -> None:
            if next(sent, None) is None:
                conmon_end.shutdown(socket.SHUT_WR)
            else:
                conmon_end.send(b"\x02y")  # there is always more to print

        assert not client.stream(output, read, detach=b"\x10\x11")
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(("data", "keys", "found"), [
    (b"abc", b"", (False, b"abc", b"")), (b"ab\x10\x11c", b"\x10\x11", (True, b"ab", b"")),
    (b"ab\x10", b"\x10\x11", (False, b"ab", b"\x10")), (b"\x10x", b"\x10\x11", (False, b"\x10x", b"")),
])
def test_detach_keys_are_found_across_reads(data: bytes, keys: bytes, found: object) -> None:
    assert attach.find_detach(data, keys) == found


def test_a_runtime_that_does_not_answer_is_told_apart_from_one_that_refuses(
        place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.path + "/crun"
    with open(path, "w", encoding="utf-8") as stream:
        stream.write('#!/bin/sh\ncase " $* " in *" create "*) exec sleep 1000;; esac\n')
    os.chmod(path, 0o755)
    monkeypatch.setattr(probe, "PATIENCE", 0.5)
    assert probe._try(place.ctx, path) == "did not answer within 0.5 seconds"
