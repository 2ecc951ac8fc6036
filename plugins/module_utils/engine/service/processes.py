# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs in a container, column by column (podman-top(1)): read from /proc by the engine itself."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from ..context import Context
from ..errors import InvalidInput, WrongState
from ..formats import humanize, idmap, passwd
from ..kernel import caps, inroot, processes
from ..kernel.processes import Process
from ..store import runs

SECCOMP = {0: "disabled", 1: "strict", 2: "filter"}


class Names(NamedTuple):
    """The names of users or groups by the number that a process here sees them under; others stay numbers."""

    inside: idmap.Mapping
    names: Dict[int, str]
    outside: idmap.Mapping
    host_names: Dict[int, str]

    def own(self, number: int) -> str:
        """As the container knows it."""
        return self._name(idmap.to_inside(self.inside, number), self.names)

    def host(self, number: int) -> str:
        """As the host knows it."""
        return self._name(idmap.to_outside(self.outside, number), self.host_names)

    @staticmethod
    def _name(number: int, names: Dict[int, str]) -> str:
        return "?" if number < 0 else names.get(number, "%d" % number)


class View(NamedTuple):
    """What gives a process's numbers a meaning: the first process, names, the clock, all processes by their IDs."""

    first: Process
    users: Names
    groups: Names
    boot: float
    uptime: float
    known: Dict[int, Process]

    def pid(self, one: Process) -> int:
        """The ID in the container's PID namespace."""
        return one.pids[min(len(self.first.pids), len(one.pids)) - 1]

    def parent(self, one: Process) -> int:
        """The parent's ID in there; 0 for one outside."""
        parent = self.known.get(one.ppid)
        return self.pid(parent) if parent is not None else 0


def _capabilities(key: str) -> Callable[[Process, View], str]:
    def call(one: Process, _view: View) -> str:
        mask = one.capabilities.get(key, 0)
        if not mask:
            return "none"
        held = [name[len("CAP_"):] for bit, name in enumerate(caps.NAMES) if mask >> bit & 1]
        return "full" if len(held) == len(caps.NAMES) else ",".join(sorted(held))
    return call


def _elapsed(one: Process, view: View) -> float:
    return max(view.uptime - one.started, 0.0)


def _busy(one: Process, view: View) -> str:
    elapsed = _elapsed(one, view)
    return "%.3f" % (one.cpu * 100 / elapsed if elapsed else 0.0)


def _started(one: Process, view: View) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(view.boot + one.started))


def terminal(number: int) -> str:
    """A controlling terminal's name by its device number (Documentation/admin-guide/devices.txt): 'pts/0', '?'."""
    major, minor = (number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00)
    if 136 <= major <= 143:
        return "pts/%d" % (minor + (major - 136) * 256)
    if major == 4:
        return "tty%d" % minor if minor < 64 else "ttyS%d" % (minor - 64)
    return "console" if (major, minor) == (5, 1) else "?"


def _args(one: Process, _view: View) -> str:
    return " ".join(one.args) or "[%s]" % one.comm


# descriptor: its heading, ps(1)'s letter for it if there is one, and the cell
COLUMNS: Dict[str, Tuple[str, str, Callable[[Process, View], Any]]] = {
    "args": ("COMMAND", "%a", _args),
    "capamb": ("AMBIENT CAPS", "", _capabilities("CapAmb")),
    "capbnd": ("BOUNDING CAPS", "", _capabilities("CapBnd")),
    "capeff": ("EFFECTIVE CAPS", "", _capabilities("CapEff")),
    "capinh": ("INHERITED CAPS", "", _capabilities("CapInh")),
    "capprm": ("PERMITTED CAPS", "", _capabilities("CapPrm")),
    "comm": ("COMMAND", "%c", lambda one, view: one.comm),
    "etime": ("ELAPSED", "%t", lambda one, view: humanize.go_duration(int(_elapsed(one, view) * 100) * 10 ** 7)),
    "group": ("GROUP", "%G", lambda one, view: view.groups.own(one.gids[1])),
    "groups": ("GROUPS", "", lambda one, view: ",".join(map(view.groups.own, one.groups))),
    "hgroup": ("HGROUP", "", lambda one, view: view.groups.host(one.gids[1])),
    "hgroups": ("HGROUPS", "", lambda one, view: ",".join(map(view.groups.host, one.groups))),
    "hpid": ("HPID", "", lambda one, view: one.pid),
    "huser": ("HUSER", "", lambda one, view: view.users.host(one.uids[1])),
    "label": ("LABEL", "", lambda one, view: one.label or "?"),
    "nice": ("NI", "%n", lambda one, view: one.nice),
    "pcpu": ("%CPU", "%C", _busy),
    "pgid": ("PGID", "%r", lambda one, view: one.pgids[min(len(view.first.pids), len(one.pgids)) - 1]),
    "pid": ("PID", "%p", lambda one, view: view.pid(one)),
    "ppid": ("PPID", "%P", lambda one, view: view.parent(one)),
    "rgroup": ("RGROUP", "%g", lambda one, view: view.groups.own(one.gids[0])),
    "rss": ("RSS", "", lambda one, view: one.rss),
    "ruser": ("RUSER", "%u", lambda one, view: view.users.own(one.uids[0])),
    "seccomp": ("SECCOMP", "", lambda one, view: SECCOMP.get(one.seccomp, "%d" % one.seccomp)),
    "state": ("STATE", "", lambda one, view: one.state),
    "stime": ("STIME", "", _started),
    "time": ("TIME", "%x", lambda one, view: humanize.go_duration(int(one.cpu) * 10 ** 9)),
    "tty": ("TTY", "%y", lambda one, view: terminal(one.tty)),
    "user": ("USER", "%U", lambda one, view: view.users.own(one.uids[1])),
    "vsz": ("VSZ", "%z", lambda one, view: one.vsz),
}
DEFAULT = ("user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args")

_ALIASES = {"%cpu": "pcpu", "elapsed": "etime", "command": "args", "ni": "nice", "rssize": "rss", "vsize": "vsz",
            **{row[1]: name for name, row in COLUMNS.items() if row[1]}}


def descriptors(words: Sequence[str]) -> List[str]:
    """The columns that are meant, the usual ones for none. Raises InvalidInput that names those there are."""
    found = []
    for word in [part for argument in words for part in argument.split(",") if part] or DEFAULT:
        name = _ALIASES.get(word) or _ALIASES.get(word.lower(), word.lower())
        if name not in COLUMNS:
            raise InvalidInput("There is no column %s for top" % word, "Use one of: %s." % ", ".join(COLUMNS))
        found.append(name)
    return found


def table(ctx: Context, container_id: str, words: Sequence[str] = ()) -> List[List[str]]:
    """The head and the rows, in the order of the processes' IDs. Raises WrongState, InvalidInput."""
    columns = descriptors(words)
    state = runs.state(ctx, container_id)
    if not state.running or not state.pid:
        raise WrongState("The container %s does not run" % container_id[:12], "Start it first.")
    rows = [one for one in map(processes.read, processes.members(state.pid, container_id)) if one is not None]
    first = next((one for one in rows if one.pid == state.pid), None)
    if first is None:
        raise WrongState("The container %s does not run any more" % container_id[:12], "Start it first.")
    view = _view(first, rows)
    rows.sort(key=view.pid)
    return [[COLUMNS[name][0] for name in columns]] + [
        [str(COLUMNS[name][2](one, view)) for name in columns] for one in rows]


def _view(first: Process, rows: Sequence[Process]) -> View:
    def names(kind: str, file: str, parse: Callable[[bytes], Dict[int, str]]) -> Names:
        own, host = (parse(inroot.read_in_root(root, "/etc/" + file, passwd.MAX_FILE))
                     for root in ("/proc/%d/root" % first.pid, "/"))
        return Names(idmap.parse_kernel(processes.id_map(first.pid, kind)), own,
                     idmap.parse_kernel(processes.host_map(kind)), host)

    return View(first, names("uid", "passwd", passwd.user_names), names("gid", "group", passwd.group_names),
                processes.boot_time(), processes.uptime(), {one.pid: one for one in rows})
