# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Becoming another user for good: IDs, groups, environment, directory (credentials(7))."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Dict, List, Sequence, Tuple

from ..errors import InvalidInput, NotFound

PR_SET_DUMPABLE = 4
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")


def find(name: str) -> Any:
    """The passwd entry (pwd.struct_passwd) of a user by name or number. Raises NotFound."""
    import pwd

    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError) as exc:
        raise NotFound("There is no user %r on this host" % name[:80], "Make the user first.") from exc


def supplementary(entry: Any) -> Tuple[str, int, List[int]]:
    """(name, group, supplementary groups) of a passwd entry."""
    return entry.pw_name, entry.pw_gid, os.getgrouplist(entry.pw_name, entry.pw_gid)


def process_groups(gid: int, groups: Sequence[int]) -> Tuple[int, ...]:
    """The supplementary groups of a container's process whose group is ``gid``.

    That one is among them: a set-group-ID program would drop it otherwise, and with it what is forbidden to the group
    (CVE-2022-2989). None at all where this user namespace forbids setgroups(2), as that of a user without ranges.
    """
    try:
        with open("/proc/self/setgroups", encoding="ascii") as stream:
            allowed = stream.read(8).strip() != "deny"
    except OSError:
        allowed = True
    return (gid, *(group for group in groups if group != gid)) if allowed else ()


def become(entry: Any) -> None:
    """Be the user of a passwd entry from now on; there is no way back. Needs root.

    Raises InvalidInput for root: nothing would be dropped.
    """
    if entry.pw_uid == 0:
        raise InvalidInput("run_as_user names root", "Leave it out.")
    _name, group, groups = supplementary(entry)
    os.setgroups(groups)
    os.setresgid(group, group, group)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    # A process that changed its IDs counts as root's in /proc, where newuidmap(1) looks for its caller.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    wanted = environment(entry, dict(os.environ))
    os.environ.clear()
    os.environ.update(wanted)
    os.umask(0o022)
    try:
        os.chdir(entry.pw_dir)
    except OSError:
        os.chdir("/")


def environment(entry: Any, caller: Dict[str, str]) -> Dict[str, str]:
    """The environment of a user: what the user's ID gives, and of the caller's what is about the host."""
    result = {name: caller[name] for name in KEPT if name in caller}
    result.update(HOME=entry.pw_dir, USER=entry.pw_name, LOGNAME=entry.pw_name, SHELL=entry.pw_shell or "/bin/sh")
    result.update(bus(entry.pw_uid))
    return result


def bus(uid: int) -> Dict[str, str]:
    """Where a user's runtime directory and message bus are, as far as they are there (pam_systemd(8))."""
    directory = "/run/user/%d" % uid
    if not os.path.isdir(directory):
        return {}
    result = {"XDG_RUNTIME_DIR": directory}
    if os.path.exists(directory + "/bus"):
        result["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=%s/bus" % directory
    return result
