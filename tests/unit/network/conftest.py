# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests marked ``netns`` run in network, mount and PID namespaces of their own, which end with all that was started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import traceback
from typing import Any, Iterator, Optional

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.endpoint import (
    Endpoint,
    SetupRequest,
    SetupResult,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import netns
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import network_etcfiles, networks

CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID = 0x20000, 0x40000000, 0x20000000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "netns: runs as root in a child with its own namespaces")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Optional[bool]:
    if pyfuncitem.get_closest_marker("netns") is None:
        return None
    if os.getuid() != 0 or not shutil.which("nft") or not shutil.which("ip"):
        pytest.skip("needs root, nft and ip")
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os._exit(_in_child(pyfuncitem.obj, arguments, writing))
    os.close(writing)
    with open(reading, "rb") as stream:
        text = stream.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        pytest.fail(text or "the child ended with %d" % status, pytrace=False)
    return True


def _in_child(function: Any, arguments: Any, writing: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) == 0
    assert libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) == 0
    first = os.fork()
    if first == 0:
        assert libc.mount(b"proc", b"/proc", b"proc", 0, None) == 0
        os._exit(_first_process(function, arguments, writing))
    return os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) and 1


def _first_process(function: Any, arguments: Any, writing: int) -> int:
    """Collect the orphans of the namespace until the test has ended; the kernel ends the others then."""
    test = os.fork()
    if test == 0:
        os._exit(_test(function, arguments, writing))
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == test:
            return os.waitstatus_to_exitcode(status) and 1


def _test(function: Any, arguments: Any, writing: int) -> int:
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            function(**arguments)
        finally:
            for value in arguments.values():
                if isinstance(value, Lab):
                    value.close()
        return 0
    except BaseException:
        os.write(writing, traceback.format_exc().encode()[-20000:])
        return 1


class Lab:
    """Containers that are just namespaces, and sockets in them."""

    def __init__(self, ctx: context.Context) -> None:
        self.ctx = ctx
        self.sockets: list[socket.socket] = []

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()
        for entry in os.listdir(self.ctx.run("endpoints")) if os.path.isdir(self.ctx.run("endpoints")) else []:
            networks.teardown(self.ctx, entry[:-len(".json")])

    @staticmethod
    def identity(name: str) -> str:
        return name.encode().hex().ljust(64, "0")

    def path(self, name: str) -> str:
        return self.ctx.run("netns", self.identity(name))

    def request(self, name: str, **options: Any) -> SetupRequest:
        return SetupRequest(self.identity(name), name, self.path(name), **options)

    def up(self, name: str, **options: Any) -> SetupResult:
        request = self.request(name, **options)
        network_etcfiles.first(self.ctx, request)
        netns.create(self.path(name))
        return networks.setup(self.ctx, request)

    def endpoint(self, name: str, **options: Any) -> Endpoint:
        return next(iter(self.up(name, **options).endpoints.values()))

    def down(self, name: str) -> None:
        networks.teardown(self.ctx, self.identity(name))

    def hosts(self, name: str) -> str:
        return pathlib.Path(self.ctx.run("containers", self.identity(name), "hosts")).read_text()

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """In a container's namespace, or the host's with ''."""
        with netns.inside(self.path(name)) if name else contextlib.nullcontext():
            yield

    def serve(self, name: str, port: int, *, kind: int = socket.SOCK_STREAM, address: str = "::") -> None:
        """Answer each connection or packet with the server's name and the client's address."""
        with self.inside(name):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
            sock.bind((address, port))
        self.sockets.append(sock)
        if kind == socket.SOCK_STREAM:
            sock.listen(16)
        threading.Thread(target=self._answer, args=(sock, name, kind), daemon=True).start()

    @staticmethod
    def _answer(sock: socket.socket, name: str, kind: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                if kind == socket.SOCK_STREAM:
                    client, peer = sock.accept()
                    with client:
                        client.sendall(("%s %s" % (name, peer[0].replace("::ffff:", ""))).encode())
                else:
                    _rest, peer = sock.recvfrom(100)
                    sock.sendto(("%s %s" % (name, peer[0].replace("::ffff:", ""))).encode(), peer)

    def ask(self, name: str, address: str, port: int, *, kind: int = socket.SOCK_STREAM, timeout: float = 20.0) -> str:
        """What a server answers to a client in a container ('': on the host), or the error's name."""
        with self.inside(name):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        with sock:
            sock.settimeout(timeout)
            try:
                sock.connect((address, port))
                if kind == socket.SOCK_DGRAM:
                    sock.send(b"?")
                return sock.recv(100).decode()
            except OSError as exc:
                return type(exc).__name__


@pytest.fixture
def ctx(tmp_path: pathlib.Path) -> context.Context:
    return context.Context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"), prefix="pyctest")


@pytest.fixture
def lab(ctx: context.Context) -> Lab:
    return Lab(ctx)
