# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding the registries.conf files of this host and user (containers-registries.conf(5) and .d(5))."""

from __future__ import annotations

import os
from typing import List, Tuple

from .. import deps
from ..context import Context
from ..errors import InvalidInput
from ..formats import registriesconf
from ..formats.registriesconf import RegistriesConf

SYSTEM = "/etc/containers/registries.conf"


def load(ctx: Context) -> RegistriesConf:
    """What the files say together; without any file nothing is searched and nothing mirrored.

    ``ctx.registries_conf`` takes the place of all of them. Raises InvalidInput that names the file.
    """
    files = _files(ctx)
    if not files:
        return RegistriesConf()
    return registriesconf.load([(path, _read(path)) for path in files], deps.load_toml().loads)


def _files(ctx: Context) -> List[str]:
    if ctx.registries_conf:
        return [ctx.registries_conf]
    home = os.path.join(ctx.home, ".config", "containers", "registries.conf")
    user_file = ctx.rootless and os.path.exists(home)
    main = home if user_file else SYSTEM
    result = [main] if os.path.exists(main) else []
    directories = [SYSTEM + ".d"]
    if ctx.rootless:
        directories.append(home + ".d")
    # A drop-in of the user's hides the system's of the same name; all are read in the order of their names.
    found: List[Tuple[str, str]] = []
    for directory in directories:
        names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
        found = [row for row in found if row[0] not in names]
        found += [(name, os.path.join(directory, name)) for name in names if name.endswith(".conf")]
    return result + [path for _name, path in sorted(found)]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(registriesconf.MAX_FILE + 1)
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
