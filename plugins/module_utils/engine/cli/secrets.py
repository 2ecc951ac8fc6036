# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on secrets. A value is read, and never printed."""

from __future__ import annotations

import os
import time
from typing import Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..service import secrets
from . import output
from .flags import IO, Flag, Parsed, Verb
from .networks import pairs

MAX_SIZE = 512000


def create(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Keep a secret from a file, from standard input (-) or from a variable, and print its ID."""
    name, source = parsed.arguments
    secret = secrets.put(ctx, name, _value(source, bool(parsed.get("env")), io),
                         labels=pairs(parsed.get("label", ()), "label"), replace=bool(parsed.get("replace")))
    io.out.write(secret.id + "\n")
    return 0


def _value(source: str, variable: bool, io: IO) -> bytes:
    if variable:
        if source not in os.environ:
            raise InvalidInput("The environment has no variable %s" % source)
        return os.environb[source.encode()]
    try:
        with open(io.stdin if source == "-" else source, "rb", closefd=source != "-") as stream:
            return stream.read(MAX_SIZE + 1)
    except OSError as exc:
        raise InvalidInput("%s cannot be read: %s" % (source, exc.strerror)) from exc


def listing(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List secrets."""
    from ..formats import humanize

    now = time.time()
    rows = [{"ID": row.id, "Name": row.name, "Driver": "file", "CreatedAt": humanize.ago(now - row.created),
             "UpdatedAt": humanize.ago(now - row.updated), "Labels": row.labels}
            for row in secrets.listing(ctx, parsed.get("filter", ()))]
    columns = (("ID", "ID"), ("NAME", "Name"), ("DRIVER", "Driver"), ("CREATED", "CreatedAt"), ("UPDATED", "UpdatedAt"))
    io.out.write(output.render(rows, columns, format=parsed.get("format"),
                               quiet_key="ID" if parsed.get("quiet") else "",
                               noheading=bool(parsed.get("noheading"))))
    return 0


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about secrets but their values."""
    return output.inspect_each(parsed.arguments, lambda name: secrets.inspect(ctx, name), parsed.get("format"),
                               out=io.out, err=io.err)


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove secrets."""
    names = [row.name for row in secrets.listing(ctx)] if parsed.get("all") else parsed.arguments
    code = 0
    for name in names:
        try:
            io.out.write(secrets.remove(ctx, name) + "\n")
        except EngineError as exc:
            io.err.write("Error: %s\n" % exc)
            code = exc.exit_code
    return code


def exists(ctx: Context, parsed: Parsed, io: IO) -> int:
    """0 when there is such a secret, else 1."""
    return 0 if secrets.exists(ctx, parsed.arguments[0]) else 1


VERBS: Tuple[Verb, ...] = (
    Verb("secret create", "NAME FILE|-", "Keep a secret", (
        Flag("env", kind="bool", help="the second word is a variable's name"), Flag("label", "l", "list", "KEY=VALUE"),
        Flag("replace", kind="bool", help="change one that is there"), Flag("driver", "d", refused="secrets are files"),
        Flag("driver-opts", kind="list", refused="secrets are files")), create, (2, 2)),
    Verb("secret ls", "", "List secrets", (
        Flag("quiet", "q", "bool", "only IDs"), Flag("format", help="json, or a Go template"),
        Flag("filter", "f", "slice", "KEY=VALUE"), Flag("noheading", "n", "bool", "no head")),
        listing, (0, 0), reads_only=True),
    Verb("secret inspect", "SECRET...", "Print everything about secrets but their values", (
        Flag("format", "f", help="json, or a Go template"), Flag("pretty", kind="bool", refused="use --format")),
        inspect, (1, None), reads_only=True),
    Verb("secret rm", "SECRET...", "Remove secrets", (Flag("all", "a", "bool", "all secrets"),), remove),
    Verb("secret exists", "SECRET", "Whether there is such a secret", (), exists, (1, 1), reads_only=True),
)
