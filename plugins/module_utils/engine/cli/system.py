# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on registries' credentials and on the engine itself."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Tuple

from ..context import Context
from ..errors import InvalidInput, NotFound
from ..service import images
from . import options, output
from .flags import IO, Flag, Parsed, Verb


def login(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Try credentials on a registry, and keep them."""
    if not parsed.arguments:
        raise InvalidInput("login needs a registry", "Name one, such as registry.example.com:5000.")
    registry = parsed.arguments[0]
    if parsed.get("get-login"):
        known = images.get_login(ctx, registry, authfile=parsed.get("authfile"))
        if known is None:
            raise NotFound("There is no login for %s" % registry, "Log in first.")
        io.out.write(known.username + "\n")
        return 0
    username, password = parsed.get("username"), parsed.get("password")
    if parsed.get("password-stdin"):
        with os.fdopen(os.dup(io.stdin), encoding="utf-8") as stream:
            password = stream.readline().rstrip("\n")
    if username is None or password is None:
        if not os.isatty(io.stdin):
            raise InvalidInput("login needs a user name and a password", "Use --username and --password-stdin.")
        import getpass

        username = username if username is not None else input("Username: ")
        password = password if password is not None else getpass.getpass("Password: ")
    keywords = options.pull_keywords(parsed)
    images.login(ctx, registry, username, password, **keywords)
    io.out.write("Login Succeeded!\n")
    return 0


def logout(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Forget credentials."""
    if parsed.get("all"):
        images.logout(ctx, None, authfile=parsed.get("authfile"))
        io.out.write("Removed login credentials for all registries\n")
        return 0
    if not parsed.arguments:
        raise InvalidInput("logout needs a registry", "Name one, or use --all.")
    if not images.logout(ctx, parsed.arguments[0], authfile=parsed.get("authfile")):
        raise NotFound("There is no login for %s" % parsed.arguments[0])
    io.out.write("Removed login credentials for %s\n" % parsed.arguments[0])
    return 0


def version(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print versions."""
    from .main import VERSION

    client = {"Version": VERSION, "APIVersion": VERSION, "PythonVersion": sys.version.split()[0],
              "OsArch": "linux/%s" % os.uname().machine}
    if parsed.get("format"):
        document = {"Client": client}
        io.out.write(output.to_json(document) if parsed.get("format") == "json"
                     else output.documents([document], parsed.get("format")))
        return 0
    rows = [("Version:", VERSION), ("Python version:", client["PythonVersion"]), ("OS/Arch:", client["OsArch"])]
    io.out.write("".join("%-16s%s\n" % row for row in rows))
    return 0


def info(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print what this host and this engine are."""
    from ..service import facts

    document: Dict[str, Any] = facts.collect(ctx)
    if parsed.get("format") and parsed.get("format") != "json":
        io.out.write(output.documents([document], parsed.get("format")))
        return 0
    io.out.write(output.to_json(document))
    return 0


_AUTHFILE = Flag("authfile", help="file with credentials")
_FORMAT = Flag("format", "f", help="json, or a Go template")

VERBS: Tuple[Verb, ...] = (
    Verb("login", "REGISTRY", "Try credentials on a registry, and keep them", (
        Flag("username", "u", help="the user's name"), Flag("password", "p", help="better on standard input"),
        Flag("password-stdin", kind="bool", help="read the password from standard input"), _AUTHFILE,
        Flag("get-login", kind="bool", help="print who is logged in"),
        Flag("tls-verify", kind="bool", help="verify certificates"),
        Flag("cert-dir", help="directory with certificates"),
        Flag("verbose", "v", "bool", refused="there is no more to tell"),
        Flag("secret", refused="use --password-stdin")), login, (0, 1)),
    Verb("logout", "REGISTRY", "Forget credentials", (
        Flag("all", "a", "bool", "of all registries"), _AUTHFILE), logout, (0, 1)),
    Verb("version", "", "Print versions", (_FORMAT,), version, (0, 0), reads_only=True),
    Verb("info", "", "Print what this host and this engine are", (
        _FORMAT, Flag("debug", "D", "bool", refused="there is no more to tell")), info, (0, 0), reads_only=True),
)
