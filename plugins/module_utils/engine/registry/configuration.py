# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding the registries.conf files of this host and user (containers-registries.conf(5) and .d(5))."""

from __future__ import annotations

import os
from typing import List

from .. import deps
from ..context import Context
from ..errors import InvalidInput
from ..formats import registriesconf
from ..formats.registriesconf import RegistriesConf

SYSTEM = "/etc/containers/registries.conf"
VARIABLE = "CONTAINERS_REGISTRIES_CONF"


def load(ctx: Context) -> RegistriesConf:
    """What the files say together; without any file nothing is searched and nothing mirrored.

    ``ctx.registries_conf`` takes the place of all of them. Keys that are not known are warned of. Raises
    InvalidInput that names the file.
    """
    files = _files(ctx)
    if not files:
        return RegistriesConf()
    conf = registriesconf.load([(path, _read(path)) for path in files], deps.load_toml().loads)
    for warning in conf.warnings:
        ctx.warn(warning)
    return conf


def _files(ctx: Context) -> List[str]:
    """The user's file and drop-ins take the place of the system's; drop-ins alone come after them.

    A file that the environment names takes the place of the main file, not of drop-ins, as with podman.
    """
    if ctx.registries_conf:
        return [ctx.registries_conf]
    user, named = os.path.join(ctx.home, ".config", "containers", "registries.conf"), os.environ.get(VARIABLE)
    if os.path.isfile(user) and not named:
        return [user, *_drop_ins(user)]
    main = [named] if named else [path for path in [SYSTEM] if os.path.isfile(path)]
    return main + _drop_ins(SYSTEM) + _drop_ins(user)


def _drop_ins(main: str) -> List[str]:
    directory = main + ".d"
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".conf"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    return [path for path in (os.path.join(directory, name) for name in names) if os.path.isfile(path)]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(registriesconf.MAX_FILE + 1)
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
