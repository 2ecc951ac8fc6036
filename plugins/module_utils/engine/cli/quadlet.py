# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verb quadlet-generator, which a systemd generator calls."""

from __future__ import annotations

import os
import sys
from typing import Tuple

from ..context import Context
from ..errors import InvalidInput
from ..service import quadlets
from . import main
from .flags import IO, Flag, Parsed, Verb


def generate(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make units of quadlet files, in the first directory that is named, or print them."""
    engine = parsed.get("command") or os.path.abspath(sys.argv[0])
    if not engine.startswith("/") or not os.access(engine, os.X_OK):
        raise InvalidInput("%s is no program that a unit could call" % engine, "Name one with --command.")
    user = bool(parsed.get("user"))
    places = parsed.get("from") or quadlets.directories(user=user, home=ctx.home, uid=ctx.uid,
                                                        podman=bool(parsed.get("containers-systemd")))
    services, problems = quadlets.generate(ctx, places, engine, user=user, validate=main.check)
    if parsed.get("dry-run"):
        io.out.write("\n".join("# %s\n%s" % (name, service.text) for name, service in sorted(services.items())))
    elif parsed.arguments:
        quadlets.write(services, parsed.arguments[0])
    else:
        raise InvalidInput("There is no directory to write units to", "Name it, or use --dry-run.")
    for problem in problems:
        io.err.write("pycontainer: %s\n" % problem)
    return 1 if problems else 0


VERBS: Tuple[Verb, ...] = (
    Verb("quadlet-generator", "[NORMAL_DIR [EARLY_DIR LATE_DIR]]", "Make systemd units of quadlet files", (
        Flag("user", kind="bool", help="of the user's files"),
        Flag("dry-run", kind="bool", help="print the units"),
        Flag("from", kind="list", help="look for files in this directory only"),
        Flag("containers-systemd", kind="bool", help="also where podman's generator looks"),
        Flag("command", help="the pycontainer command that units call")), generate, (0, 3), outside=True,
        reads_only=True),
)
