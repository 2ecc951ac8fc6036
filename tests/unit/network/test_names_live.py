# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The name server when it is ended, hangs, or when who speaks to it is killed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
from typing import Any, Iterator, List

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import NetworkUse, Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import command, proc
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import (
    attachment,
    dns,
    endpoints,
    firewall,
    ipam,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import networks

SERVER = "10.89.0.1"
ON = (NetworkUse("network", "n"),)


@pytest.fixture
def names(lab: Any) -> Any:
    if not dns.available(lab.ctx):
        pytest.skip("aardvark-dns is not installed")
    return lab


def server(lab: Any) -> int:
    return int(pathlib.Path(lab.ctx.run("dns", "aardvark.pid")).read_text())


def address_of(lab: Any, name: str) -> str:
    """What a container is told that a name means, '' for nothing."""
    packet = b"\0\1\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name.encode() + b"\0\0\1\0\1"
    with lab.inside("web"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        try:
            sock.connect((SERVER, 53))
            sock.send(packet)
            answer = sock.recv(512)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[-4:]) if answer[7] else ""


def eventually(lab: Any, name: str, address: str) -> bool:
    deadline = time.monotonic() + 60
    while address_of(lab, name) != address:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.netns
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
def test_a_reload_serves_names_whatever_the_server_was_told(names: Any, number: int) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    web, db = names.endpoint("web", uses=ON), names.endpoint("db", uses=ON)
    for _attempt in range(5 if number != signal.SIGSTOP else 1):
        os.kill(server(names), number)
        networks.reload(names.ctx)
        assert proc.serves(server(names))
        assert eventually(names, "db", db.ip) and eventually(names, "web", web.ip)


def servers(lab: Any) -> List[int]:
    """The processes that serve names from the lab's directory."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            words = pathlib.Path("/proc", name, "cmdline").read_bytes().split(b"\0")
            if lab.ctx.run("dns").encode() in words:
                found.append(int(name))
    return found


@pytest.mark.netns
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: pathlib.Path(path).write_text("x")],
                         ids=["fifo", "directory", "text"])
def test_a_server_whose_note_is_damaged_is_replaced(names: Any, make: Any) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    web = names.endpoint("web", uses=ON)
    before = server(names)
    os.unlink(names.ctx.run("dns", "aardvark.pid"))
    make(names.ctx.run("dns", "aardvark.pid"))
    os.mkfifo(names.ctx.run("dns", "another"))
    db = names.endpoint("db", uses=ON)
    assert servers(names) == [server(names)] != [before]
    networks.reload(names.ctx)
    assert eventually(names, "db", db.ip) and eventually(names, "web", web.ip)


@pytest.mark.netns
def test_a_reload_does_not_tell_one_that_is_about_to_end(names: Any) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    db, web = names.endpoint("db", uses=ON), names.endpoint("web", uses=ON)
    os.kill(server(names), signal.SIGKILL)
    argv = ["aardvark-dns", "-ISc", "import time; time.sleep(1000)", names.ctx.run("dns")]
    with subprocess.Popen(argv, executable="/usr/bin/python3", preexec_fn=lambda: signal.pthread_sigmask(
            signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP])) as late:
        pathlib.Path(names.ctx.run("dns", "aardvark.pid")).write_text(str(late.pid))
        late.send_signal(signal.SIGTERM)
        networks.reload(names.ctx)
        assert late.wait(30) == -signal.SIGKILL and server(names) != late.pid
    assert eventually(names, "db", db.ip) and eventually(names, "web", web.ip)


@pytest.mark.netns
def test_a_start_serves_names_when_the_server_has_just_been_told_to_end(names: Any) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    names.up("web", uses=ON)
    for number in range(5):
        os.kill(server(names), signal.SIGTERM)
        added = names.endpoint("db%d" % number, uses=ON)
        assert eventually(names, "db%d" % number, added.ip)


def kill_at(module: Any, name: str, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    real = getattr(module, name)

    def killing(*arguments: Any, **more: Any) -> Any:
        if after:
            real(*arguments, **more)
        os.kill(os.getpid(), 9)

    monkeypatch.setattr(module, name, killing)


@pytest.mark.netns
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("module, step", [
    (dns, "_write"), (dns, "_signal"), (dns, "forget"), (endpoints, "delete"), (attachment, "_release"),
    (firewall, "remove")], ids=lambda part: part if isinstance(part, str) else "")
def test_a_name_goes_though_its_removal_was_killed(names: Any, monkeypatch: pytest.MonkeyPatch, module: Any,
                                                   step: str, after: bool) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    web, db = names.endpoint("web", uses=ON), names.endpoint("db", uses=ON, ports=(Port(80, 8080),))
    assert eventually(names, "db", db.ip)
    child = os.fork()
    if child == 0:
        kill_at(module, step, monkeypatch, after=after)
        names.down("db")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 9
    # What the journal of the next command does: complete the removal, then repair the networks.
    names.down("db")
    networks.repair(names.ctx)
    # A server that is just reading its files anew answers nothing for a moment.
    assert eventually(names, "web", web.ip) and eventually(names, "db", "")
    assert os.listdir(names.ctx.run("ports")) == [] and ipam.members(names.ctx, "n") == [names.identity("web")]
    names.up("other", uses=ON, ports=(Port(80, 8080),))
    names.serve("other", 80)
    assert names.ask("web", SERVER, 8080).startswith("other")


@pytest.mark.netns
@pytest.mark.parametrize("step", ["_write", "_signal", "forget"])
def test_the_server_ends_with_the_last_name_though_its_removal_was_killed(
        names: Any, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    names.up("web", uses=ON)
    pid = server(names)
    child = os.fork()
    if child == 0:
        kill_at(dns, step, monkeypatch, after=False)
        names.down("web")
        os._exit(0)
    os.waitpid(child, 0)
    names.down("web")
    networks.repair(names.ctx)
    assert command.ended(pid, 30)


@pytest.mark.netns
def test_a_damaged_file_of_names_goes_with_the_next_repair(names: Any) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    names.up("web", uses=ON)
    pid, file = server(names), pathlib.Path(names.ctx.run("dns", "n"))
    endpoints.delete(names.ctx, names.identity("web"))
    for address in pathlib.Path(names.ctx.run("ipam", "n")).iterdir():
        address.unlink()
    assert file.exists()
    file.write_bytes(b"\xff\n" + b"\xff" * 20)
    assert networks.repair(names.ctx) == [] and not file.exists() and command.ended(pid, 30)


@pytest.mark.netns
def test_a_network_that_is_removed_takes_them_along_too(names: Any) -> None:
    networks.create(names.ctx, NetworkSpec("n"))
    names.up("web", uses=ON)
    pid, file = server(names), pathlib.Path(names.ctx.run("dns", "n"))
    endpoints.delete(names.ctx, names.identity("web"))
    for address in pathlib.Path(names.ctx.run("ipam", "n")).iterdir():
        address.unlink()
    networks.remove(names.ctx, "n")
    assert command.ended(pid, 30) and not file.exists()


@pytest.fixture
def deaf() -> Iterator[int]:
    """A process to which a signal to end has been sent that it will not take note of."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        os.write(writing, b"x")
        while True:
            signal.pause()
    os.read(reading, 1)
    yield child
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)


def test_what_is_about_to_end_does_not_serve(deaf: int) -> None:
    started = proc.start_time(deaf)
    assert started and proc.serves(deaf) and proc.serves(deaf, started) and not proc.serves(deaf, started + 1)
    os.kill(deaf, signal.SIGTERM)
    assert proc.alive(deaf, started) and not proc.serves(deaf)
    os.kill(deaf, signal.SIGKILL)
    assert not proc.serves(deaf)
    assert not proc.serves(0) and not proc.serves(2 ** 22 + 1)
