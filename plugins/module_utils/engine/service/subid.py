# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading and replacing /etc/subuid and /etc/subgid, under the locks that shadow-utils' own tools take."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from ..context import Context, make_context
from ..errors import EngineError, InvalidInput, NotFound, TimedOut
from ..formats import idmap, subid
from ..kernel import files

LIMIT = 16 * 1024 * 1024
LOCK_SECONDS = 15.0  # as long as shadow-utils tries
ASKING_SECONDS = 60  # that a look into a user's directories may take, whatever lies there


def names(user: str, *, required: bool) -> Tuple[str, ...]:
    """The login name and the user ID of ``user``, which may be either; only itself when there is no such user.

    Raises NotFound for one that has to exist, InvalidInput for what can stand in no line.
    """
    import pwd

    if not user or not user.isprintable() or set(user) & set(":# "):
        raise InvalidInput("%r is no name of a user" % user)
    try:
        entry = pwd.getpwuid(int(user)) if user.isascii() and user.isdigit() else pwd.getpwnam(user)
    except (KeyError, OverflowError):
        if required:
            raise NotFound("There is no user %s" % user, "Make the user first.") from None
        return (user,)
    return entry.pw_name, str(entry.pw_uid)


def observe(ctx: Context, user: str, *, required: bool, etc: str = "/etc") -> subid.Seen:
    """What the host says about a user; see ``names`` for ``required`` and the errors."""
    if ctx.rootless:
        raise InvalidInput("subid needs root", "Let the play become root, and leave out run_as_user.")
    known = names(user, required=required)
    limits = read(os.path.join(etc, "login.defs"))
    source = subid.parse_source(read(os.path.join(etc, "nsswitch.conf")))
    seen = {kind: subid.File(read(os.path.join(etc, name)), subid.parse_limits(limits, kind), accounts(kind))
            for kind, name in subid.FILES.items()}
    return subid.Seen(known, seen, source, {} if source == "files" else reported(ctx, known[0]))


def accounts(kind: str) -> Tuple[Tuple[int, str], ...]:
    """The IDs and names of the accounts (``kind`` uid) or groups (gid) that this host lists."""
    import grp
    import pwd

    if kind == "uid":
        return tuple((user.pw_uid, user.pw_name) for user in pwd.getpwall())
    return tuple((group.gr_gid, group.gr_name) for group in grp.getgrall())


def read(path: str) -> str:
    """The text of a file of /etc, '' when it is missing; bytes that are no UTF-8 survive ``write``."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(LIMIT + 1)
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
    if len(data) > LIMIT:
        raise InvalidInput("%s is larger than %d bytes" % (path, LIMIT))
    return data.decode("utf-8", "surrogateescape")


def reported(ctx: Context, user: str) -> Dict[str, Tuple[subid.Range, ...]]:
    """What getsubids(1) says of a user, by 'uid' and 'gid'; its lines read ``0: alice 100000 65536``."""
    from ..kernel import command

    program = ctx.tool("getsubids", "ask for ranges that do not come from files")
    found: Dict[str, Tuple[subid.Range, ...]] = {}
    for kind, options in (("uid", []), ("gid", ["-g"])):
        done = command.run([program, *options, user])
        lines = done.stdout.decode("utf-8", "replace").splitlines() if done.code == 0 else []
        rows: List[subid.Range] = []
        for words in (line.split() for line in lines):
            if len(words) == 4 and words[2].isdigit() and words[3].isdigit():
                rows.append(subid.Range(words[1], int(words[2]), int(words[3])))
        found[kind] = tuple(rows)
    return found


@contextlib.contextmanager
def locked(etc: str = "/etc") -> Iterator[None]:
    """Hold the locks of both files; raises TimedOut when another process keeps one."""
    with lock(os.path.join(etc, "subuid")), lock(os.path.join(etc, "subgid")):
        yield


@contextlib.contextmanager
def lock(path: str, *, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold ``path``.lock as shadow-utils does: a link of a file that has the process ID of its holder.

    A lock of a process that is gone is broken.
    """
    target, own = path + ".lock", "%s.%d" % (path, os.getpid())
    with contextlib.suppress(FileNotFoundError):
        os.unlink(own)  # of an earlier process with this ID
    files.write_plain(own, b"%d\0" % os.getpid())
    try:
        deadline = time.monotonic() + seconds
        while not _link(own, target):
            holder = _break_stale(target)
            if holder and time.monotonic() >= deadline:
                raise TimedOut("Process %d holds %s" % (holder, target), "Try again when it has ended.")
            if holder:
                time.sleep(0.1)
    finally:
        os.unlink(own)
    try:
        yield
    finally:
        os.unlink(target)


def _link(own: str, target: str) -> bool:
    try:
        os.link(own, target)
    except FileExistsError:
        return False
    except OSError as exc:
        raise files.write_error(target, exc) from exc
    return True


def _break_stale(target: str) -> int:
    """The process that holds a lock; 0 when there is none any more, and then its lock is gone.

    Raises TimedOut for a lock that names no process: nobody can say whether it is held.
    """
    try:
        with open(target, "rb") as stream:
            found = os.fstat(stream.fileno())
            text = stream.read(32).rstrip(b"\0\n ")
    except FileNotFoundError:
        return 0
    if not text.isdigit() or int(text) < 1:
        raise TimedOut("%s names no process" % target, "If no usermod or useradd is running, remove it.")
    try:
        os.kill(int(text), 0)
        return int(text)
    except (ProcessLookupError, OverflowError):
        pass
    except PermissionError:
        return int(text)
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(found, os.lstat(target)):
            os.unlink(target)
    return 0


def write(texts: Mapping[str, str], etc: str = "/etc") -> None:
    """Replace the files of ``texts`` (by 'uid' and 'gid') atomically; owner, mode and SELinux label stay."""
    for kind, text in texts.items():
        path = os.path.realpath(os.path.join(etc, subid.FILES[kind]))
        files.replace(path, text.encode("utf-8", "surrogateescape"))


def planned(seen: subid.Seen, texts: Mapping[str, str]) -> Dict[str, List[Tuple[int, int]]]:
    """The (start, count) of a user's ranges by 'uid' and 'gid', once ``texts`` are the files' texts."""
    if seen.source != "files":
        return {kind: [(row.start, row.size) for row in rows] for kind, rows in seen.reported.items()}
    name, number = (*seen.names, "-1")[:2]
    return {kind: idmap.subordinate(texts.get(kind, file.text), name, int(number))
            for kind, file in seen.files.items()}


def migrate_needed(user: Tuple[str, ...], ranges: Mapping[str, Sequence[Tuple[int, int]]]) -> bool:
    """Whether the user's engine works in namespaces that have other IDs than ``ranges`` give.

    A child that has become the user looks: what lies in a user's directories is for nobody else to follow.
    """
    import pwd
    import signal

    from ..kernel import account
    from . import rootless

    if len(user) < 2 or user[1] == "0":
        return False
    entry = pwd.getpwnam(user[0])
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(ASKING_SECONDS)
            account.become(entry)
            os.write(write, b"1" if rootless.outdated(make_context(), ranges) else b"0")
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        answer = stream.read(1)
    os.waitpid(child, 0)
    if not answer:
        raise EngineError("Cannot tell which IDs the engine of %s works with" % user[0],
                          "See 'pycontainer unshare cat /proc/self/uid_map' as that user.")
    return answer == b"1"
