# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The global flag --run-as-user: root's command line works as another user, as the modules' run_as_user does."""

from __future__ import annotations

import os
import sys
from typing import Any

from ..context import prepare_user_runroot
from ..errors import InvalidInput
from ..kernel import account, payload
from .flags import IO

# The name of module_utils' package where this package is engine.cli, as in bin/pycontainer: ''.
PACKAGE = str(__package__).rpartition("engine.cli")[0].rstrip(".")


def become(name: str, io: IO) -> None:
    """Be a user of this host from now on; there is no way back. Nothing is done for the user who calls.

    Raises NotFound, and InvalidInput for a caller who may not, and when the user cannot read this Python.
    """
    if getattr(io.out, "buffer", None) is None:
        # In a module's process, which has its own work to end.
        raise InvalidInput("--run-as-user is not for a module", "Use the module's option run_as_user.")
    entry = account.find(name)
    if os.getuid() == entry.pw_uid:
        return
    if os.getuid() != 0:
        raise InvalidInput("--run-as-user %s needs root" % name, "Call it as root, or as that user.")
    # Where the engine's files lie may be a directory of root's: then they are read before.
    holder = None if _can_read(entry, __file__) else payload.Held(PACKAGE)
    prepare_user_runroot(entry.pw_uid, entry.pw_gid)
    account.become(entry)
    if not os.access(os.__file__, os.R_OK):
        raise InvalidInput("The user %s cannot read the Python that runs this, %s" % (entry.pw_name, sys.executable),
                           "Run it by one that everybody can read, such as /usr/bin/python3.")
    if holder is not None:
        sys.meta_path.insert(0, holder)


def _can_read(entry: Any, path: str) -> bool:
    """Whether a user can read a file, asked of the system with the user's IDs."""
    own = os.getgroups(), os.getegid()
    os.setgroups(account.supplementary(entry)[2])
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        return os.access(path, os.R_OK, effective_ids=True)
    finally:
        os.seteuid(0)
        os.setegid(own[1])
        os.setgroups(own[0])
