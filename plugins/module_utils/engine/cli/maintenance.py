# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs that look after what the engine keeps: for what is damaged or left over, or fits the host no more."""

from __future__ import annotations

from typing import Tuple

from ..context import Context
from ..errors import InvalidInput
from .flags import IO, Flag, Parsed, Verb


def check(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print a line for each finding; 1 when something is left that is wrong."""
    from ..service import check as checking

    force = bool(parsed.get("force") or parsed.get("repair-lossy"))
    if parsed.get("force") and not (parsed.get("repair") or parsed.get("repair-lossy")):
        raise InvalidInput("--force alone repairs nothing", "Add --repair.")
    found = checking.find(ctx, quick=bool(parsed.get("quick")))
    # Every finding has a line of its own.
    ctx.warnings.clear()
    if not parsed.get("repair") and not force:
        for one in found:
            way = "" if one.mend is None else "--repair --force: " if one.force else "--repair: "
            io.out.write("%s: %s%s\n" % (one, way, one.remedy))
        return 1 if found else 0
    left = False
    for finding, problem in checking.repair(ctx, found, force=force):
        left = left or bool(problem)
        io.out.write("%s: %s\n" % (finding, "not repaired: %s" % problem if problem else "repaired"))
    ctx.warnings.clear()
    return 1 if left else 0


def migrate(ctx: Context, _parsed: Parsed, io: IO) -> int:
    """Let the engine use the user's subordinate IDs as they are now."""
    from ..service import rootless

    for name in rootless.migrate(ctx):
        io.out.write("restarted %s\n" % name)
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("system check", "", "Find what is damaged or left over, and mend it", (
        Flag("quick", "q", "bool", "do not read all content of images"),
        Flag("repair", "r", "bool", "mend what can be mended without losing anything"),
        Flag("force", "f", "bool", "with --repair: remove what cannot be mended, with its data"),
        Flag("repair-lossy", kind="bool", help="the same as --repair --force"),
        Flag("max", "m", refused="locks tell what is still being made, however old it is")), check, (0, 0)),
    Verb("system migrate", "", "let the engine use the user's subordinate IDs as they are now", (), migrate, (0, 0),
         outside=True),
)
