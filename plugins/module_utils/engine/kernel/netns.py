# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network namespaces that a path keeps alive (network_namespaces(7), namespaces(7)).

unshare(2) and setns(2) with CLONE_NEWNET change the calling thread alone, so no child process is
needed, and other threads of the engine may fork meanwhile. /proc/sys/net shows the namespace of
the thread that opens it, so sysctls are written by plain files inside ``inside``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
from typing import Any, Callable, Iterator, List, TypeVar

from ..errors import EngineError
from . import files

CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MNT_DETACH = 2
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
THIS = "/proc/thread-self/ns/net"

T = TypeVar("T")


def _call(name: str, *arguments: Any) -> None:
    """One libc call that answers 0 or sets errno; raises OSError."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (name, os.strerror(number)))


def _set(fd: int) -> None:
    _call("setns", fd, CLONE_NEWNET)


def create(path: str) -> None:
    """Make a new network namespace with lo up, mounted at ``path`` (a file made here).

    What an earlier crash left at ``path`` is removed first. Raises EngineError.
    """
    remove(path)
    files.make_directory(os.path.dirname(path))
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        in_thread(lambda: _create(path))
    except OSError as exc:
        remove(path)
        raise EngineError("Cannot make a network namespace at %s: %s" % (path, exc.strerror),
                          "This needs root (CAP_SYS_ADMIN) and a kernel with network namespaces.") from exc


def _create(path: str) -> None:
    _call("unshare", CLONE_NEWNET)
    _call("mount", THIS.encode(), path.encode(), b"none", MS_BIND, None)
    loopback_up()


def in_thread(body: Callable[[], T]) -> T:
    """Run the body in a thread that ends with it, so that it may leave its namespace for good.

    The root of a user's namespaces can enter a network namespace of its own, but not go back to the
    host's: setns(2) asks for a capability there.
    """
    import threading

    results: List[T] = []
    problems: List[BaseException] = []

    def run() -> None:
        try:
            results.append(body())
        except BaseException as exc:  # handed to the thread that waits
            problems.append(exc)

    worker = threading.Thread(target=run)
    worker.start()
    worker.join()
    if problems:
        raise problems[0]
    return results[0]


def run_inside(path: str, body: Callable[[], T]) -> T:
    """The body's result, run by a thread in the namespace at ``path``; raises EngineError when it is gone."""
    def run() -> T:
        enter(path)
        return body()

    return in_thread(run)


def run_apart(body: Callable[[], T]) -> T:
    """The body's result, run by a thread in a new namespace that goes with it. Raises OSError."""
    def run() -> T:
        _call("unshare", CLONE_NEWNET)
        return body()

    return in_thread(run)


def enter(path: str) -> None:
    """Move this thread into the namespace at ``path``; raises EngineError when it is gone."""
    try:
        target = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _set(target)
        finally:
            os.close(target)
    except OSError as exc:
        raise EngineError("Cannot enter the network namespace %s: %s" % (path, exc.strerror)) from exc


def remove(path: str) -> None:
    """Unmount and unlink a namespace; one that is not there is fine.

    It ends, and takes its links along, when no process is in it any more.
    """
    while True:
        try:
            _call("umount2", path.encode(), MNT_DETACH)
        except OSError as exc:
            if exc.errno in (errno.EINVAL, errno.ENOENT):
                break
            raise EngineError("Cannot unmount %s: %s" % (path, exc.strerror)) from exc
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def exists(path: str) -> bool:
    """Whether a namespace is mounted at ``path`` (and not just the empty file it is mounted on)."""
    try:
        return os.stat(path).st_dev == os.stat(THIS).st_dev
    except OSError:
        return False


@contextlib.contextmanager
def inside(path: str) -> Iterator[None]:
    """Run the body with this thread in the namespace at ``path``; raises EngineError when it is gone."""
    home = os.open(THIS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(path)
        try:
            yield
        finally:
            _set(home)
    finally:
        os.close(home)


def loopback_up() -> None:
    """Bring up lo in the namespace of this thread. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
