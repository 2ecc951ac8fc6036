# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An ordinary user's namespaces: made with the first command, found again by the next, migrated.

``enter`` makes this process root in the user and mount namespace of its user; from there on the engine
works as it does for root. A small process holds the namespaces (``<runroot>/holder.json`` names it).
When somebody ended that, the monitor of any running container still has them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Damaged, EngineError, InUse
from ..formats import idmap
from ..kernel import documents, files, locks, proc
from ..store import containers as store
from ..store import runs

FILES = {"uid": "/etc/subuid", "gid": "/etc/subgid"}
LIMIT = 1024 * 1024


def enter(ctx: Context, *, make: bool = True) -> List[str]:
    """Work in the user's namespaces from now on; for root there is nothing to do. Warnings for the user.

    With ``make`` false nothing is started: without namespaces this process stays outside, from where
    all can be read but nothing changed. Raises EngineError when the host does not allow it.
    """
    if not ctx.rootless or os.getuid() == 0:
        return []
    pid = _holder(ctx)
    warnings: List[str] = []
    if pid is None and make:
        prepare_roots(ctx)
        with locks.locked(ctx.run("holder.lock")):
            pid = _holder(ctx)
            if pid is None:
                pid, warnings = _start(ctx)
    target = pid or _monitor(ctx)
    if target is None:
        return []
    from ..kernel import userns

    try:
        userns.join(target)
    except OSError as exc:
        raise EngineError("Cannot enter the namespaces of user %d: %s" % (ctx.uid, exc)) from exc
    return warnings


def prepare_roots(ctx: Context) -> None:
    """Make a user's directories, and note which run root this boot has."""
    for path in (ctx.root, ctx.runroot):
        files.make_directory(path)
        if os.lstat(path).st_uid != ctx.uid:
            raise EngineError("%s belongs to somebody else" % path, "Remove it, or name another root.")
    link = ctx.path("runroot")
    with contextlib.suppress(OSError):
        if os.readlink(link) == ctx.runroot:
            return
    fresh = "%s.%d.tmp" % (link, os.getpid())
    os.symlink(ctx.runroot, fresh)
    os.rename(fresh, link)


def _holder(ctx: Context) -> Optional[int]:
    try:
        document = documents.read(ctx.run("holder.json"), "holder of the user", str(ctx.uid),
                                  {"pid": "int", "started": "int"})
    except Damaged as exc:
        ctx.warn(exc)
        return None
    if document is not None and proc.serves(document["pid"], document["started"]):
        return int(document["pid"])
    return None


def _monitor(ctx: Context) -> Optional[int]:
    """The monitor of a running container, which is in the user's namespaces."""
    for run in _runs(ctx):
        if run.get("conmon_pid") and proc.serves(run["conmon_pid"], run["conmon_start"]):
            return int(run["conmon_pid"])
    return None


def _runs(ctx: Context) -> Iterator[Dict[str, Any]]:
    with contextlib.suppress(FileNotFoundError):
        for container_id in os.listdir(ctx.run("containers")):
            with contextlib.suppress(Damaged):
                run = runs.raw_run(ctx, container_id)
                if run is not None:
                    yield run


def _start(ctx: Context) -> Tuple[int, List[str]]:
    """Start a holder: in the namespaces that a monitor still has, else in new ones; the caller has the lock."""
    from ..kernel import userns

    program = _program(ctx)
    monitor = _monitor(ctx)
    if monitor is not None:
        pid = _start_inside(monitor, program)
        warnings: List[str] = []
    else:
        uids, gids, warnings = ranges(ctx)
        tools = None
        if len(uids) > 1 or len(gids) > 1:
            tools = [ctx.tool(name, "map the IDs of user %d" % ctx.uid) for name in ("newuidmap", "newgidmap")]
        pid = userns.hold(userns.Plan(uids, gids, tools, program))
    files.write_json(ctx.run("holder.json"), {"pid": pid, "started": proc.start_time(pid) or 0}, durable=False)
    return pid, warnings


def _program(ctx: Context) -> List[str]:
    """What waits for good. Under systemd it gets a scope, so that no unit or session takes it along."""
    waiting = [ctx.tool("sleep", "keep a user's namespaces"), "infinity"]
    launcher = ctx.find_tool("systemd-run") if os.path.exists("/run/user/%d/systemd/private" % ctx.uid) else None
    if launcher is None:
        return waiting
    return [ctx.tool("env", "reach a user's systemd"), "XDG_RUNTIME_DIR=/run/user/%d" % ctx.uid,
            launcher, "--user", "--scope", "--quiet", "--collect", "--", *waiting]


def _start_inside(monitor: int, program: List[str]) -> int:
    """Start the holder in the namespaces of a process, from a child that joins them."""
    from ..kernel import userns

    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            userns.join(monitor)
            os.write(write, b"%d" % userns.program_in(program))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        answer = stream.read(32)
    os.waitpid(child, 0)
    if not answer.isdigit():
        raise EngineError("Cannot hold the namespaces of the containers that run")
    return int(answer)


def ranges(ctx: Context) -> Tuple[idmap.Mapping, idmap.Mapping, List[str]]:
    """The mappings of a user's namespace (user IDs, group IDs), and a warning when there are no ranges."""
    import pwd

    try:
        name = pwd.getpwuid(ctx.uid).pw_name
    except KeyError:
        name = str(ctx.uid)
    found = {kind: ranges_of(name, kind, ctx.uid) or _getsubids(ctx, name, kind) for kind in FILES}
    if all(found.values()):
        return (*_mappings(ctx, found), [])
    warning = ("User %s has no range in /etc/subuid and /etc/subgid: containers can use no other user than their root. "
               "Give the user ranges with the subid module, or usermod --add-subuids and --add-subgids, and then run "
               "'pycontainer system migrate' as that user." % name)
    return (*_mappings(ctx, found), [warning])


def _mappings(ctx: Context, found: Mapping[str, Sequence[Tuple[int, int]]]) -> Tuple[idmap.Mapping, idmap.Mapping]:
    """What the user's namespace maps with these ranges; the user alone when one kind is missing."""
    whole = all(found.values())
    return idmap.own(ctx.uid, found["uid"] if whole else ()), idmap.own(ctx.gid, found["gid"] if whole else ())


def outdated(ctx: Context, found: Mapping[str, Sequence[Tuple[int, int]]]) -> bool:
    """Whether the user's engine works in namespaces that map other IDs than these ranges, by 'uid' and 'gid'."""
    pid = _keeper(ctx)
    return pid is not None and _maps(pid) != _mappings(ctx, found)


def _keeper(ctx: Context) -> Optional[int]:
    """A process that has the namespaces of the user's engine: the next command would join it."""
    return _holder(ctx) or _monitor(ctx)


def _maps(pid: int) -> Tuple[idmap.Mapping, ...]:
    return tuple(idmap.parse_kernel(_read("/proc/%d/%s_map" % (pid, kind))) for kind in ("uid", "gid"))


def ranges_of(name: str, kind: str, number: int = -1) -> List[Tuple[int, int]]:
    """The (start, count) of a user in /etc/subuid or, with ``kind`` gid, /etc/subgid."""
    return idmap.subordinate(_read(FILES[kind]), name, number)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(LIMIT)
    except OSError:
        return ""


def _getsubids(ctx: Context, name: str, kind: str) -> List[Tuple[int, int]]:
    """Ranges that come from elsewhere than the files, such as LDAP (getsubids(1): '0: alice 100000 65536')."""
    program = ctx.find_tool("getsubids")
    if program is None:
        return []
    from ..kernel import command

    done = command.run([program] + (["-g"] if kind == "gid" else []) + [name])
    rows = [line.split() for line in done.stdout.decode("ascii", "replace").splitlines()] if done.code == 0 else []
    return [(int(row[2]), int(row[3])) for row in rows if len(row) == 4 and row[2].isdigit() and row[3].isdigit()]


def mapped(kind: str) -> idmap.Mapping:
    """The IDs that this process's namespace has; ``kind`` is uid or gid."""
    with open("/proc/self/%s_map" % kind, encoding="ascii") as stream:
        return idmap.parse_kernel(stream.read())


def migrate(ctx: Context) -> List[str]:
    """Let a user's engine use the ranges that the user has now; the names of the containers restarted for it.

    Raises InUse when files of the store belong to IDs that the new ranges give another meaning.
    """
    if not ctx.rootless:
        return []
    pid = _keeper(ctx)
    if pid is None:
        return []
    old, new = _maps(pid), ranges(ctx)[:2]
    if new == old:
        return []
    kept = all(now[:len(was)] == was for was, now in zip(old, new))
    if not kept and any(os.path.isdir(ctx.path(part)) and os.listdir(ctx.path(part))
                        for part in ("layers", "containers", "volumes")):
        raise InUse("The ranges of user %d changed, and files in %s belong to the old ones" % (ctx.uid, ctx.root),
                    "Give the user the old ranges again as the first ones, or remove all containers, images and "
                    "volumes of the user first.")
    names = _in_child(ctx, lambda: _stop_all(ctx))
    end_holder(ctx)
    _in_child(ctx, lambda: _start_all(ctx, names))
    return names


def _stop_all(ctx: Context) -> List[str]:
    from . import lifecycle, listing

    names = [row.name for row in listing.rows(ctx)]
    for name in names:
        lifecycle.stop(ctx, store.find(ctx, name))
    return names


def _start_all(ctx: Context, names: Sequence[str]) -> List[str]:
    from . import lifecycle

    for name in reversed(names):
        lifecycle.start(ctx, store.find(ctx, name))
    return []


def _in_child(ctx: Context, body: Callable[[], List[str]]) -> List[str]:
    """What the body answers in the user's namespaces: a process that has entered some cannot enter others."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                enter(ctx)
                answer: Dict[str, Any] = {"names": body()}
            except EngineError as exc:
                answer = {"error": [exc.message, exc.hint or ""]}
            with os.fdopen(write, "w", encoding="utf-8") as stream:
                json.dump(answer, stream)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    answer = json.loads(text or '{"error": ["The migration of user %d ended early", ""]}' % ctx.uid)
    if "error" in answer:
        raise EngineError(*answer["error"])
    return list(answer["names"])


def end_holder(ctx: Context) -> None:
    """End the holder; the next command starts another one."""
    pid = _holder(ctx)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.run("holder.json"))
