# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeping a registries.conf file as declared: planned first, validated, then replaced atomically."""

from __future__ import annotations

import os
import time
from typing import Optional

from .. import deps
from ..context import Context
from ..errors import InvalidInput
from ..formats import registriesedit
from ..formats.registriesedit import Declared
from ..frozen import Frozen
from ..kernel.files import make_directory, remove, write_atomic
from ..kernel.locks import locked

SYSTEM_FILE = "/etc/containers/registries.conf"
MAX_FILE = 4 * 1024 * 1024


class Change(Frozen):
    """What a file says, and what it is to say. ``after`` None takes the file away."""

    path: str
    before: Optional[str]
    after: Optional[str]

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after


def main_file(ctx: Context) -> str:
    """The file that is meant when none is named: the system's for root, the user's own for others."""
    return os.path.join(ctx.home, ".config/containers/registries.conf") if ctx.rootless else SYSTEM_FILE


def plan(path: str, declared: Optional[Declared]) -> Change:
    """What would change in ``path``; with ``declared`` None the file is to be gone.

    Raises InvalidInput when the file or the declaration breaks containers-registries.conf(5).
    """
    before = _read(path)
    if declared is None:
        return Change(path, before, None)
    loads = deps.load_toml().loads
    after = registriesedit.edit(before or "", declared, loads, source=path)
    if after != (before or ""):
        _validate(path, after, loads)
    elif before is None:
        return Change(path, None, None)
    return Change(path, before, after)


def apply(change: Change, *, backup: bool = False) -> Optional[str]:
    """Make a planned change; the path of the backup, when one was asked for and there was a file.

    Raises InvalidInput when the file changed since it was planned; then nothing was written.
    """
    make_directory(os.path.dirname(change.path), 0o755)
    # The directory lock guards against a second play; editors do not know of it, hence the second look.
    with locked(os.path.join(os.path.dirname(change.path), ".%s.lock" % os.path.basename(change.path))):
        try:
            return _replace(change, backup)
        finally:
            os.unlink(os.path.join(os.path.dirname(change.path), ".%s.lock" % os.path.basename(change.path)))


def _replace(change: Change, backup: bool) -> Optional[str]:
    if _read(change.path) != change.before:
        raise InvalidInput("%s was changed by something else meanwhile" % change.path, "Run it again.")
    saved = None
    mode = 0o644
    if change.before is not None:
        mode = os.stat(change.path).st_mode & 0o777
        if backup:
            saved = "%s.%s~" % (change.path, time.strftime("%Y-%m-%d@%H:%M:%S"))
            write_atomic(saved, change.before.encode(), mode)
    if change.after is None:
        remove(change.path)
    else:
        write_atomic(change.path, change.after.encode(), mode)
    return saved


def _read(path: str) -> Optional[str]:
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
    if len(data) > MAX_FILE:
        raise InvalidInput("%s is larger than %d bytes" % (path, MAX_FILE))
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise InvalidInput("%s is no UTF-8 text: %s" % (path, exc)) from exc


def _validate(path: str, text: str, loads: registriesedit.Loads) -> None:
    from ..formats import registriesconf

    registriesconf.load([(path, text.encode())], loads)
