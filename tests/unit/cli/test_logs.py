# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logs that are followed come to an end, with all that was written: from files, and from a real journal."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import time
from typing import Iterator

import pytest
from command_line import Client

JOURNALD = "/lib/systemd/systemd-journald"
pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon") or not os.path.exists("/bin/busybox"),
                                reason="needs root, conmon and busybox")
# The journal of this mount namespace; without the host's kernel messages, nor in its network namespace its audit.
JOURNAL = """
mount -t tmpfs none /run && mount -t tmpfs none /var/log && mount --bind /dev/null /dev/kmsg
mkdir -p /run/systemd/journal && exec %s""" % JOURNALD


@pytest.fixture
def journal(client: Client) -> Iterator[Client]:
    """The command line, where there is a journal."""
    if not os.path.exists(JOURNALD) or not shutil.which("journalctl"):
        pytest.skip("needs systemd-journald")
    with subprocess.Popen(["unshare", "--mount", "--net", "--propagation", "private", "sh", "-ec", JOURNAL]) as server:
        try:
            plain, inside = client.start, ["nsenter", "--mount", "--target", str(server.pid)]
            client.start = [*inside, *plain]
            deadline = time.monotonic() + 60
            while subprocess.run([*inside, "journalctl", "--sync"], check=False, capture_output=True).returncode:
                assert server.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            yield client
            client("rm", "-a", "-f", "-t", "0")
        finally:
            client.start = plain
            server.kill()


@pytest.fixture(params=["k8s-file", "journald"])
def logging(request: pytest.FixtureRequest) -> Client:
    one: Client = request.getfixturevalue("journal" if request.param == "journald" else "client")
    one.run = [*one.run[:1], "--log-driver", request.param, *one.run[1:]]
    return one


def test_following_one_that_has_ended_ends(logging: Client) -> None:
    logging(*logging.run, "--name", "one", logging.image, "sh", "-c", "echo a; echo b; printf c")
    for _time in range(2):
        assert logging("logs", "-f", "one") == (0, "a\nb\nc", "")
    assert logging("logs", "-f", "--tail", "1", "one")[1] in ("c", "b\nc")
    assert logging("logs", "-f", "--since", "2000-01-01T00:00:00Z", "--until", "1s", "one")[0] == 0


def test_following_ends_with_the_container_and_leaves_nothing_out(logging: Client, tmp_path: pathlib.Path) -> None:
    go = pathlib.Path(logging.image) / "tmp" / "go"
    script = "echo first; until [ -e /tmp/go ]; do sleep 0.1; done; for n in 1 2 3 4 5 6 7 8 9; do echo $n; done"
    logging.detached("--name", "one", logging.image, "sh", "-c", script)
    running = logging.attached("logs", "-f", "one")
    try:
        assert running.stdout.readline() == "first\n"
        go.touch()
        assert running.communicate(timeout=60)[0] == "".join("%d\n" % n for n in range(1, 10))
        assert running.returncode == 0
    finally:
        go.unlink()
        running.kill()


def test_following_ends_with_its_time(logging: Client) -> None:
    logging.detached("--name", "one", logging.image, "sh", "-c", "echo a; sleep 1000")
    moment = "%f" % (time.time() + 3)
    assert logging("logs", "-f", "--until", moment, "one") == (0, "a\n", "")
    assert time.time() > float(moment)


def test_following_ends_when_the_container_is_removed(logging: Client) -> None:
    logging.detached("--name", "one", logging.image, "sh", "-c", "echo a; sleep 1000")
    running = logging.attached("logs", "-f", "one")
    try:
        assert running.stdout.readline() == "a\n"
        assert logging("rm", "-f", "-t", "0", "one")[0] == 0
        assert running.communicate(timeout=60)[0] == "" and running.returncode == 0
    finally:
        running.kill()
