# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that is asked of systemctl(1): the system's systemd for root, the user's own for everybody else.

Where that lies follows from the user's ID, never from the caller's environment.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Sequence

from ..context import Context
from ..errors import EngineError, Unsupported
from ..kernel import account, command, init

PROPERTIES = ("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "FragmentPath", "NeedDaemonReload",
              "MainPID", "Result")


class Shown(NamedTuple):
    """A unit as systemd has it (systemctl show)."""

    name: str
    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    file: str = ""
    path: str = ""
    stale: bool = False
    main_pid: int = 0
    result: str = ""

    @property
    def enabled(self) -> bool:
        """Whether it starts by itself."""
        return self.file in ("enabled", "enabled-runtime", "generated")

    @property
    def runs(self) -> bool:
        """Whether it is up, or on its way."""
        return self.active in ("active", "activating", "reloading")


def booted() -> bool:
    """Whether systemd runs this host."""
    return init.is_systemd()


def require(ctx: Context) -> None:
    """Raise Unsupported when this user has no systemd that answers."""
    if not booted():
        raise Unsupported("This host was not booted by systemd, so it runs no units",
                          "Use the container module's restart_policy.")
    if not present(ctx):
        raise Unsupported("User %d has no systemd of their own that runs" % ctx.uid,
                          "Let the user linger: the linger module.")


def present(ctx: Context) -> bool:
    """Whether this user's systemd is there to be asked."""
    return init.serves(ctx.uid, rootless=ctx.rootless)


def whose(ctx: Context) -> List[str]:
    """The option that tells systemctl and systemd-run whose systemd is meant."""
    return ["--user"] if ctx.rootless else []


def scope(ctx: Context) -> List[str]:
    """The words before a command that is to join a user's container; [] where it needs none.

    No user may move a process between control groups from outside those that are the user's own (cgroups(7),
    delegation containment); the user's systemd has the system's one do it.
    """
    if not ctx.rootless or not present(ctx):
        return []
    with open("/proc/self/cgroup", encoding="utf-8") as stream:
        own = stream.read(65536).rpartition("0::")[2].strip()
    if "/user@%d.service/" % ctx.uid in own:
        return []
    program = ctx.find_tool("systemd-run")
    return [program, "--user", "--quiet", "--scope", "--collect", "--"] if program else []


def show(ctx: Context, units: Sequence[str]) -> Dict[str, Shown]:
    """What systemd knows of units, by the names that were asked for."""
    if not units or not present(ctx):
        return {unit: Shown(unit) for unit in units}
    text = _call(ctx, "show", "--property=" + ",".join(PROPERTIES), "--", *units)
    return dict(zip(units, (_shown(block) for block in text.split("\n\n"))))


def instances(ctx: Context, unit: str) -> List[Shown]:
    """What systemd knows of a unit, or of the instances of a template that are loaded."""
    if "@." not in unit:
        return list(show(ctx, [unit]).values())
    if not present(ctx):
        return []
    text = _call(ctx, "show", "--property=" + ",".join(PROPERTIES), "--", every_instance(unit))
    return [_shown(block) for block in text.split("\n\n") if block.strip()]


def every_instance(unit: str) -> str:
    """What systemctl takes for all instances of a template that are loaded; another unit is itself."""
    return unit.replace("@.", "@*.")


def _shown(block: str) -> Shown:
    rows: Mapping[str, str] = dict(line.partition("=")[::2] for line in block.strip().splitlines())
    return Shown(rows.get("Id", ""), rows.get("LoadState", ""), rows.get("ActiveState", ""), rows.get("SubState", ""),
                 rows.get("UnitFileState", ""), rows.get("FragmentPath", ""), rows.get("NeedDaemonReload") == "yes",
                 int(rows.get("MainPID") or 0), rows.get("Result", ""))


def reload(ctx: Context) -> None:
    """Let systemd read its units again."""
    _call(ctx, "daemon-reload")


def enable(ctx: Context, *units: str) -> None:
    """Let units start by themselves."""
    _call(ctx, "enable", "--", *units)


def disable(ctx: Context, units: Sequence[str]) -> None:
    """Let units start by themselves no more; units that are not there are no error."""
    _call(ctx, "disable", "--", *units)


def stop(ctx: Context, units: Sequence[str]) -> None:
    """Stop units and wait for it."""
    _call(ctx, "stop", "--", *units)


def forgive(ctx: Context, units: Sequence[str]) -> None:
    """Forget that units have failed: a failed one that is gone would be told of for ever."""
    if present(ctx):
        _call(ctx, "reset-failed", "--", *units, fails=False)


def start(ctx: Context, unit: str, *, again: bool = False) -> None:
    """Start a unit, or ``again`` when it runs, and wait for it. Raises EngineError with the journal's end."""
    forgive(ctx, [unit])
    try:
        _call(ctx, "restart" if again else "start", "--", unit)
    except EngineError as exc:
        said = journal(ctx, unit)
        exc.message += said
        # Not every user can read what the own units say, and what was said last may have yet to be written.
        if ctx.rootless and not said:
            exc.unread = unit
            exc.hint = "See journalctl --user --unit=%s; where users have no journal of their own, root sees it with " \
                       "journalctl _SYSTEMD_USER_UNIT=%s _UID=%d." % (unit, unit, ctx.uid)
        raise


def journal(ctx: Context, unit: str, *, uid: int = 0) -> str:
    """The end of a unit's journal, to stand behind a message; '' when it cannot be read.

    As root the unit may be that of another user, ``uid``.
    """
    program = ctx.find_tool("journalctl")
    if program is None:
        return ""
    matches = ["--unit=" + unit]
    if uid or ctx.uid:
        # Its own --user-unit takes a process in the user's namespaces for root's.
        whose = "_UID=%d" % (uid or ctx.uid)
        matches = ["_SYSTEMD_USER_UNIT=" + unit, whose, "+", "USER_UNIT=" + unit, whose]
    if not ctx.rootless:
        command.run([program, "--sync"], env=environment(ctx))
    done = command.run([program, "--no-pager", "--quiet", "--output=cat", "--lines=20", *matches], env=environment(ctx))
    text = done.stdout.decode("utf-8", "replace").strip()
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    return "; the end of its journal:\n%s\n" % clean if clean and not done.code else ""


def environment(ctx: Context) -> Dict[str, str]:
    return {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "",
            **(account.bus(ctx.uid) if ctx.rootless else {})}


def _call(ctx: Context, *words: str, fails: bool = True) -> str:
    argv: List[str] = [ctx.tool("systemctl", "work with units"), *whose(ctx),
                       "--no-pager", "--quiet", *words]
    # systemd has time limits of its own for each unit, or none where a unit says so (a long pull).
    waits = words[0] in ("start", "restart", "stop")
    done = command.run(argv, env=environment(ctx), within=command.FOREVER if waits else None)
    if done.code and fails:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError("systemctl %s failed: %s" % (" ".join(words[:1] + words[-1:]), said or "code %d" % done.code),
                          "See systemctl%s status %s." % (" --user" if ctx.rootless else "", words[-1]))
    return done.stdout.decode("utf-8", "replace")
