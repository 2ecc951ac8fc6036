# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on volumes."""

from __future__ import annotations

import os
from typing import Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound
from ..formats.volume import VolumeSpec
from ..service import volumes
from . import output
from .confirm import FORCE, confirmed
from .flags import IO, Flag, Parsed, Verb
from .networks import pairs


def create(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make a volume and print its name."""
    io.out.write(volumes.create(ctx, spec(parsed), ignore=bool(parsed.get("ignore"))).name + "\n")
    return 0


def check(_ctx: Context, parsed: Parsed) -> None:
    """Raise what is wrong with create's values, whatever there is on this host."""
    volumes.check_values(spec(parsed))


def spec(parsed: Parsed) -> VolumeSpec:
    """What the words of volume create ask for. Raises InvalidInput."""
    name = parsed.arguments[0] if parsed.arguments else os.urandom(32).hex()
    return VolumeSpec(name, parsed.get("driver", "local"), pairs(parsed.get("opt", ()), "opt"),
                      pairs(parsed.get("label", ()), "label"))


def listing(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List volumes."""
    found = volumes.listing(ctx, parsed.get("filter", ()))
    if parsed.get("format") == "json":
        io.out.write(output.to_json([volumes.inspect(ctx, row.name) for row in found]))
        return 0
    rows = [volumes.inspect(ctx, row.name) for row in found]
    io.out.write(output.render(rows, (("DRIVER", "Driver"), ("VOLUME NAME", "Name")), format=parsed.get("format"),
                               quiet_key="Name" if parsed.get("quiet") else "",
                               noheading=bool(parsed.get("noheading"))))
    return 0


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about volumes."""
    if not parsed.get("all") and not parsed.arguments:
        raise InvalidInput("No volume is named", "Name one, or use --all.")
    names = [row.name for row in volumes.listing(ctx)] if parsed.get("all") else parsed.arguments
    return output.inspect_each(names, lambda name: volumes.inspect(ctx, name), parsed.get("format"),
                               out=io.out, err=io.err)


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove volumes."""
    if not parsed.get("all") and not parsed.arguments:
        raise InvalidInput("No volume is named", "Name one, or use --all.")
    names = [row.name for row in volumes.listing(ctx)] if parsed.get("all") else parsed.arguments
    code = 0
    for name in names:
        try:
            io.out.write(volumes.remove(ctx, name, force=bool(parsed.get("force")), timeout=parsed.get("time")) + "\n")
        except EngineError as exc:
            if parsed.get("force") and isinstance(exc, NotFound):
                continue
            io.err.write("Error: %s\n" % exc)
            code = 1
    return code


def exists(ctx: Context, parsed: Parsed, io: IO) -> int:
    """0 when there is such a volume, else 1."""
    return 0 if volumes.exists(ctx, parsed.arguments[0]) else 1


def prune(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove volumes that no container uses."""
    filters = parsed.get("filter", ())
    names = volumes.unused(ctx, filters)
    if not names or not confirmed(parsed, io, "This will remove these volumes, which no container uses:\n%s" % (
            "\n".join(names))):
        return 0
    io.out.write("".join(name + "\n" for name in volumes.prune(ctx, names)))
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("volume create", "[NAME]", "Make a volume", (
        Flag("driver", "d", help="local"), Flag("opt", "o", "list", "KEY=VALUE for the driver"),
        Flag("label", "l", "slice", "KEY=VALUE"), Flag("ignore", kind="bool", help="no error when it is there")),
        create, (0, 1), check=check),
    Verb("volume ls", "", "List volumes", (
        Flag("quiet", "q", "bool", "only names"), Flag("format", help="json, or a Go template"),
        Flag("filter", "f", "slice", "KEY=VALUE"), Flag("noheading", "n", "bool", "no head")),
        listing, (0, 0), reads_only=True),
    Verb("volume inspect", "VOLUME...", "Print everything about volumes", (
        Flag("all", "a", "bool", "all volumes"), Flag("format", "f", help="json, or a Go template")),
        inspect, reads_only=True),
    Verb("volume rm", "VOLUME...", "Remove volumes", (
        Flag("all", "a", "bool", "all volumes"), Flag("force", "f", "bool", "with the containers that use it"),
        Flag("time", "t", "int", "seconds until a container is killed")), remove),
    Verb("volume exists", "VOLUME", "Whether there is such a volume", (), exists, (1, 1), reads_only=True),
    Verb("volume prune", "", "Remove volumes that no container uses", (
        Flag("filter", kind="list", help="KEY=VALUE"), FORCE), prune, (0, 0)),
)
