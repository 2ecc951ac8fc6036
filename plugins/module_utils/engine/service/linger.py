# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users whose systemd runs from boot on, without a login (loginctl(1), enable-linger).

What logind notes down is a file; whether the user's systemd and bus are there shows at their
sockets. So finding out starts no process.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from typing import List, NamedTuple, Optional

from ..context import Context
from ..errors import EngineError, InvalidInput, MissingDependency, NotFound, TimedOut, Unsupported
from ..kernel import command, init

MARKS = "/var/lib/systemd/linger"
USER_UNITS = ("/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
              "/lib/systemd/user")


class Seen(NamedTuple):
    """A user as the host has them. ``uid`` is None when there is no such user.

    ``manager``: their systemd answers; ``bus``: their message bus is there.
    """

    name: str
    uid: Optional[int]
    lingers: bool
    manager: bool
    bus: bool

    @property
    def runtime_directory(self) -> str:
        """Where the sockets are."""
        return "/run/user/%d" % (self.uid if self.uid is not None else -1)


def observe(user: str, *, required: bool) -> Seen:
    """What is there of ``user`` (a login name or user ID); raises NotFound for one that has to exist."""
    import pwd

    try:
        entry = pwd.getpwuid(int(user)) if user.isascii() and user.isdigit() else pwd.getpwnam(user)
    except (KeyError, ValueError, OverflowError):
        if required:
            raise NotFound("There is no user %s" % user, "Make the user first.") from None
        return Seen(user, None, "/" not in user and os.path.exists(os.path.join(MARKS, user)), False, False)
    home = "/run/user/%d" % entry.pw_uid
    return Seen(entry.pw_name, entry.pw_uid, os.path.exists(os.path.join(MARKS, entry.pw_name)),
                _answers(home + "/systemd/private"), _is_socket(home + "/bus"))


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _is_socket(path: str) -> bool:
    # Connecting would start the bus, which systemd holds the socket for.
    with contextlib.suppress(OSError):
        return stat.S_ISSOCK(os.stat(path).st_mode)
    return False


def warning(ctx: Context) -> str:
    """What to tell who started a user's containers that end with the user's last session; '' if they do not."""
    if not ctx.rootless or not init.is_systemd():
        return ""
    import pwd

    try:
        name = pwd.getpwuid(ctx.uid).pw_name
        runs = os.listdir(ctx.run("containers"))
    except (KeyError, FileNotFoundError):
        return ""
    if not runs or os.path.exists(os.path.join(MARKS, name)):
        return ""
    return ("User %s does not linger: systemd ends their containers with their last session, and starts none at boot. "
            "Let them linger with the module linger." % name)


def require_logind(ctx: Context, *, bus: bool) -> None:
    """Raise MissingDependency on a host without logind or without a ``bus`` for users.

    Raises Unsupported where systemd does not run, and InvalidInput when the caller is not root.
    """
    if ctx.rootless:
        raise InvalidInput("linger needs root", "Let the play become root, and leave out run_as_user.")
    if not init.is_systemd():
        raise Unsupported("This host was not booted by systemd, so nobody can linger on it",
                          "Use a host with systemd and logind, or leave out linger.")
    if not any(os.path.exists(os.path.join(home, "systemd-logind.service"))
               for home in ("/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system")):
        raise MissingDependency("This host has no systemd-logind, so nobody can linger on it",
                                "Install libpam-systemd (Debian) or systemd (Fedora).")
    ctx.tool("loginctl", "let a user's services run without a login")
    if bus and not any(os.path.exists(os.path.join(home, "dbus.socket")) for home in USER_UNITS):
        raise MissingDependency("This host gives users no message bus",
                                "Install dbus-user-session (Debian) or dbus-daemon (Fedora).")


def enable(ctx: Context, seen: Seen) -> None:
    """Let the user linger."""
    _run([ctx.tool("loginctl", "enable linger"), "enable-linger", seen.name])


def disable(ctx: Context, seen: Seen) -> None:
    """Let the user linger no more; their services end with their last session."""
    if seen.uid is None:
        os.unlink(os.path.join(MARKS, seen.name))
    else:
        _run([ctx.tool("loginctl", "disable linger"), "disable-linger", seen.name])


def start(ctx: Context, seen: Seen) -> None:
    """Start the user's systemd, which somebody stopped."""
    _run([ctx.tool("systemctl", "start a user's systemd"), "start", "user@%d.service" % (seen.uid or 0)])


def start_bus(ctx: Context, seen: Seen) -> None:
    """Start the bus of a systemd that runs since before the bus was installed."""
    import pwd

    group = str(pwd.getpwnam(seen.name).pw_gid)
    become = [ctx.tool("setpriv", "act as another user"), "--reuid", str(seen.uid), "--regid", group, "--clear-groups",
              ctx.tool("systemctl", "start a user's bus"), "--user"]
    for words in (["daemon-reload"], ["start", "dbus.socket"]):
        _run(become + words, runtime=seen.runtime_directory)


def wait(ctx: Context, seen: Seen, seconds: float) -> Seen:
    """Wait until the user's systemd and bus are there, and return that; raises TimedOut."""
    deadline = time.monotonic() + seconds
    while not (seen.manager and seen.bus):
        if time.monotonic() >= deadline:
            missing = "bus" if seen.manager else "systemd"
            raise TimedOut("The %s of user %s was not there within %d seconds" % (missing, seen.name, seconds),
                           "See journalctl -b -u user@%d.service." % (seen.uid or 0))
        time.sleep(0.1)
        seen = observe(seen.name, required=True)
    return seen


def _run(argv: List[str], runtime: Optional[str] = None) -> None:
    done = command.run(argv, env={"LC_ALL": "C", **({"XDG_RUNTIME_DIR": runtime} if runtime else {})})
    if done.code:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError("%s failed: %s" % (" ".join(argv), said or "exit code %d" % done.code),
                          "See journalctl -b -u systemd-logind.")
