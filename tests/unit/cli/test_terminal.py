# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container's terminal, from the user's: attaching again and again, keys, sizes, several clients."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import time
from typing import Callable

import pytest
from command_line import Client
from terminal import Terminal

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon") or not os.path.exists("/bin/busybox"),
                                reason="needs root, conmon and busybox")
LEAVE = b"\x10\x11"
# It says what it reads, and how large its terminal is when that changes.
SCRIPT = "trap 'stty size' WINCH; echo ready; while :; do read line && echo \"got:$line\"; done"


def eventually(met: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def start(client: Client, flags: str = "-dit") -> None:
    assert client(*client.run, flags, "--name", "one", client.image, "sh", "-c", SCRIPT)[0] == 0
    eventually(lambda: "ready" in client("logs", "one")[1])


def attached(client: Client, *words: str) -> Terminal:
    """A client that has the terminal already, and to an attached one of which has been shown how large it is."""
    one = Terminal([*client.start, *words])
    if words[0] == "attach":
        one.read_until(b"24 80\r\n")
    eventually(one.is_raw)
    return one


def test_what_is_typed_ahead_is_kept(client: Client) -> None:
    start(client)
    with Terminal([*client.start, "attach", "one"]) as one:
        one.type(b"early\r")
        one.read_until(b"got:early\r\n")


@pytest.mark.parametrize("flags", ["-dit", "-dt"])
def test_one_can_attach_again_after_a_detach(client: Client, flags: str) -> None:
    start(client, flags)
    for number in (b"1", b"2", b"3", b"4"):
        with attached(client, "attach", "one") as one:
            one.type(b"line %s\r" % number)
            one.read_until(b"got:line %s\r\n" % number)
            one.type(LEAVE)
            assert one.ended() == 0
    assert client("ps", "--format", "{{.Names}} {{.State}}")[1] == "one running\n"


def test_run_and_start_leave_a_terminal_that_can_be_attached_to(client: Client) -> None:
    run = [*client.run, "-it", "--name", "one", client.image, "sh", "-c", SCRIPT]
    for words in (run, ["attach", "one"], ["start", "-ai", "one"], ["attach", "one"]):
        if words[0] == "start":
            client("kill", "one")
            client("wait", "one")
        with attached(client, *words) as one:
            if words[0] != "attach":
                one.read_until(b"ready\r\n")
            one.type(b"%s\r" % words[0].encode())
            one.read_until(b"got:" + words[0].encode())
            one.type(LEAVE)
            assert one.ended() == 0


def test_a_process_goes_on_when_its_exec_is_left(client: Client) -> None:
    client.detached("--name", "one", client.image, "sh", "-c", "while [ ! -e /tmp/on ]; do sleep 0.1; done; echo on")
    with attached(client, "exec", "-it", "one", "sh", "-c", "read line; sleep 0.5; echo > /tmp/on") as one:
        one.type(b"go\r" + LEAVE)
        assert one.ended() == 0
    assert client("wait", "one")[1] == "0\n"
    os.unlink(client.image + "/tmp/on")


def test_the_detach_keys_can_be_chosen_and_have_to_be_pressed_in_full(client: Client) -> None:
    start(client)
    with attached(client, "attach", "--detach-keys", "ctrl-x,a", "one") as one:
        one.type(LEAVE + b"\x18b\r")
        one.read_until(b"got:\x10\x18b\r\n")  # ctrl-q is the container's terminal's own
        one.type(b"\x18a")
        assert one.ended() == 0
    with attached(client, "attach", "--detach-keys", "", "one") as one:
        one.type(LEAVE + b"\r")
        one.read_until(b"got:\x10\r\n")


def test_two_clients_see_and_type_the_same_and_one_may_leave(client: Client) -> None:
    start(client)
    with attached(client, "attach", "one") as first, attached(client, "attach", "one") as second:
        for typing, reading in ((first, second), (second, first)):
            typing.type(b"hello\r")
            for one in (typing, reading):
                one.read_until(b"got:hello\r\n")
        first.type(LEAVE)
        assert first.ended() == 0
        second.type(b"alone\r")
        second.read_until(b"got:alone\r\n")
    with attached(client, "attach", "one") as third:
        third.type(b"after a kill\r")
        third.read_until(b"got:after a kill\r\n")


def test_the_size_is_passed_on_and_what_runs_is_asked_to_draw_itself_again(client: Client) -> None:
    start(client)
    with attached(client, "attach", "one") as one:
        one.resize(30, 100)
        one.read_until(b"30 100\r\n")
    with Terminal([*client.start, "attach", "one"], rows=30, columns=100) as one:
        one.read_until(b"30 100\r\n")  # the same size as before: nothing but the signal tells


def test_the_size_is_passed_on_without_keys_too(client: Client) -> None:
    script = "until [ \"$(stty size)\" = '30 100' ]; do sleep 0.1; done; echo large"
    with Terminal([*client.start, *client.run, "-t", client.image, "sh", "-c", script], rows=30, columns=100) as one:
        one.read_until(b"large\r\n")
        assert one.ended() == 0


def test_the_end_of_the_input_ends_what_reads_from_a_terminal(client: Client) -> None:
    for text, wanted in (("one\n", "one\r\none\r\n"), ("part", "partpart"), ("", "")):
        done = subprocess.run([*client.start, *client.run, "--rm", "-it", client.image, "cat"], input=text.encode(),
                              stdout=subprocess.PIPE, check=False, timeout=60)
        assert (done.returncode, done.stdout.decode()) == (0, wanted)


def test_much_goes_through_both_ways(client: Client, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "much"
    path.write_bytes(os.urandom(1 << 16) * 256)
    with path.open("rb") as stream:
        done = subprocess.run([*client.start, *client.run, "--rm", "-i", "--log-driver", "none", client.image, "cat"],
                              stdin=stream, stdout=subprocess.PIPE, check=False, timeout=300)
    assert done.returncode == 0 and done.stdout == path.read_bytes()
