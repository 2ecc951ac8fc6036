# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""User namespaces with a mount namespace of their own (user_namespaces(7), mount_namespaces(7)).

A process that holds them makes both outlive the command that made them; others join it. Joining
takes a process without other threads (setns(2)), so it comes before anything else is begun.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import List, NoReturn, Optional, Sequence

from ..errors import EngineError
from . import command

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 1 << 19
PR_SET_DUMPABLE = 4

Row = Sequence[int]  # inside, outside, count

_libc = ctypes.CDLL(None, use_errno=True)


class Plan:
    """How a holder is made. ``uids`` and ``gids`` are rows of (inside, outside, count).

    ``tools`` are the paths of newuidmap(1) and newgidmap(1); None maps the own IDs alone, which needs
    no privilege. ``program`` is what the holder executes to wait for good.
    """

    def __init__(self, uids: Sequence[Row], gids: Sequence[Row], tools: Optional[Sequence[str]],
                 program: Sequence[str]) -> None:
        self.uids, self.gids, self.tools, self.program = uids, gids, tools, program


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def hold(plan: Plan) -> int:
    """Start a process that holds new namespaces, mapped as planned; its process ID. Raises EngineError."""
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)  # or the end of the parent would never be the end of the file
        _hold(plan, ready_write, go_read)
    os.close(ready_write)
    os.close(go_read)
    try:
        _await(ready_read, b"made")
        _map(plan, pid)
        os.write(go_write, b"go")
        # At the end of file it executes its program; that closes the pipe.
        _await(ready_read, b"")
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(ready_read)
        os.close(go_write)
    return pid


def _await(fd: int, wanted: bytes) -> None:
    if not command.readable(fd, command.PATIENCE):
        raise EngineError("Cannot make a user namespace: its process did not answer within %g seconds"
                          % command.PATIENCE)
    answer = os.read(fd, 4096)
    if answer != wanted:
        said = answer.decode("utf-8", "replace") or "its process died"
        raise EngineError("Cannot make a user namespace: %s" % said,
                          "The host must allow it: see the sysctls user.max_user_namespaces and, on Debian and "
                          "Ubuntu, kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns.")


def _hold(plan: Plan, ready: int, go: int) -> NoReturn:
    """The child: make the namespaces, wait to be mapped, become root in there, execute the program."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
        # newuidmap works on processes of its caller only; one that changed its IDs counts as root's.
        _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        os.write(ready, b"made")
        if os.read(go, 16) != b"go":
            os._exit(1)
        _become_root()
        # What the host mounts from now on is seen here too, but not the other way round.
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None), "mount")
        os.chdir("/")
        # What the caller was started with (a connection's pipes, say) must not stay open in here for good. The
        # two pipes of this talk close by themselves when the program is executed.
        low, high = sorted((ready, go))
        for first, end in ((3, low), (low + 1, high), (high + 1, 65536)):
            os.closerange(first, end)
        os.execve(plan.program[0], list(plan.program), {"LC_ALL": "C"})
    except BaseException as exc:  # nothing of the parent's may run in this child
        with contextlib.suppress(OSError):
            os.write(ready, str(exc).encode())
    os._exit(1)


def _become_root() -> None:
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def _map(plan: Plan, pid: int) -> None:
    if plan.tools is None:
        try:
            _put(pid, "setgroups", "deny")
            _put(pid, "uid_map", "%d %d %d" % tuple(plan.uids[0]))
            _put(pid, "gid_map", "%d %d %d" % tuple(plan.gids[0]))
        except OSError as exc:
            raise EngineError("Cannot map the own user into a namespace: %s" % exc.strerror) from exc
        return
    for tool, rows in zip(plan.tools, (plan.uids, plan.gids)):
        words = [str(number) for row in rows for number in row]
        done = command.run([tool, str(pid), *words])
        if done.code:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise EngineError("%s refused the mapping %s: %s" % (tool, " ".join(words), said),
                              "The ranges of this user in /etc/subuid and /etc/subgid must hold these IDs, and the "
                              "program must be setuid root or have its file capabilities.")


def _put(pid: int, name: str, text: str) -> None:
    with open("/proc/%d/%s" % (pid, name), "w", encoding="ascii") as stream:
        stream.write(text)


def join(pid: int) -> None:
    """Become root in the user and mount namespace of a process. The working directory stays. Raises OSError."""
    directory = os.getcwd()
    fds: List[int] = []
    try:
        for name in ("user", "mnt"):
            fds.append(os.open("/proc/%d/ns/%s" % (pid, name), os.O_RDONLY | os.O_CLOEXEC))
        _check(_libc.setns(fds[0], CLONE_NEWUSER), "setns")
        _check(_libc.setns(fds[1], CLONE_NEWNS), "setns")
    finally:
        for fd in fds:
            os.close(fd)
    _become_root()
    with contextlib.suppress(OSError):
        os.chdir(directory)


def program_in(argv: Sequence[str]) -> int:
    """Start the waiting program inside of the namespaces that this process is in; its process ID."""
    return command.launch(argv, descriptors={}, env={"LC_ALL": "C"})


def create(path: str, uids: Sequence[Row], gids: Sequence[Row], network: str) -> None:
    """Make a user namespace below this one, kept by a mount on ``path`` (a file made here).

    With ``network`` a network namespace that belongs to it is made too, kept by a mount on that path.
    Raises EngineError; nothing is left then.
    """
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        _wait_in_new(ready_write, go_read, network)
    os.close(ready_write)
    os.close(go_read)
    made: List[str] = []
    try:
        _await(ready_read, b"made")
        for name, rows in (("uid_map", uids), ("gid_map", gids)):
            _put(pid, name, "".join("%d %d %d\n" % tuple(row) for row in rows))
        os.write(go_write, b"go")
        if network:
            _await(ready_read, b"net")
        for place, kind in ((path, "user"), (network, "net")):
            if place:
                os.close(os.open(place, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                made.append(place)
                _check(_libc.mount(b"/proc/%d/ns/%s" % (pid, kind.encode()), place.encode(), None, MS_BIND, None),
                       "mount")
    except BaseException as exc:
        for place in made:
            _libc.umount2(place.encode(), 2)
            os.unlink(place)
        if isinstance(exc, OSError):
            raise EngineError("Cannot make a user namespace: %s" % exc,
                              "The mapped IDs must be the user's own ones.") from exc
        raise
    finally:
        os.close(ready_read)
        os.close(go_write)
        os.waitpid(pid, 0)


def _wait_in_new(ready: int, go: int, network: str) -> NoReturn:
    try:
        _check(_libc.unshare(CLONE_NEWUSER), "unshare")
        _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        os.write(ready, b"made")
        if os.read(go, 16) == b"go":
            if network:
                # Of this namespace, so that the container's root may set it up and mount its sysfs.
                _check(_libc.unshare(CLONE_NEWNET), "unshare")
                os.write(ready, b"net")
            os.read(go, 16)
    except BaseException as exc:  # nothing of the parent's may run in this child
        with contextlib.suppress(OSError):
            os.write(ready, str(exc).encode())
    os._exit(0)


def network_in(user: str, path: str) -> None:
    """Make a network namespace that belongs to the user namespace at ``user``, kept by a mount on ``path``.

    Raises EngineError; nothing is left then.
    """
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        try:
            _check(_libc.setns(os.open(user, os.O_RDONLY | os.O_CLOEXEC), CLONE_NEWUSER), "setns")
            _check(_libc.unshare(CLONE_NEWNET), "unshare")
            _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
            os.write(ready_write, b"net")
            os.read(go_read, 16)
        except BaseException as exc:  # nothing of the parent's may run in this child
            os.write(ready_write, str(exc).encode())
        os._exit(0)
    os.close(ready_write)
    os.close(go_read)
    try:
        _await(ready_read, b"net")
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        if _libc.mount(b"/proc/%d/ns/net" % pid, path.encode(), None, MS_BIND, None):
            os.unlink(path)
            raise EngineError("Cannot keep a network namespace at %s: %s" % (path, os.strerror(ctypes.get_errno())))
    finally:
        os.close(ready_read)
        os.close(go_write)
        os.waitpid(pid, 0)


def maps_of(path: str) -> List[str]:
    """The texts of uid_map and gid_map of the user namespace at a path, seen from this one. Raises OSError."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            _check(_libc.setns(fd, CLONE_NEWUSER), "setns")
            for name in ("uid_map", "gid_map"):
                with open("/proc/self/" + name, "rb") as stream:
                    os.write(write, stream.read() + b"\0")
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="ascii") as text:
        found = text.read().split("\0")[:2]
    os.waitpid(pid, 0)
    if len(found) != 2:
        raise OSError(1, os.strerror(1))
    return found
