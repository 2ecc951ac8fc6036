# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs about a user's own namespaces: unshare, system migrate."""

from __future__ import annotations

import os
import sys
from typing import List

from ..context import Context
from ..errors import CommandNotFound, InvalidInput
from .flags import IO, Flag, Parsed, Verb


def _unshare(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Become a command in the user's namespaces; this process is in them already."""
    if not ctx.rootless:
        raise InvalidInput("unshare is for users without root", "Root's containers have no user namespace to enter.")
    argv = parsed.arguments or [os.environ.get("SHELL") or "/bin/sh"]
    if parsed.get("rootless-netns"):
        from ..service import network_place

        network_place.enter(ctx)
    io.out.flush()
    # Root's programs, such as ip and nft, have their use in here.
    os.environ["PATH"] = ":".join(filter(None, (os.environ.get("PATH"), "/usr/local/sbin:/usr/sbin:/sbin")))
    try:
        if io.out is not sys.stdout:
            return _captured(argv, io)
        os.execvp(argv[0], argv)
    except OSError as exc:
        raise CommandNotFound("Cannot run %s: %s" % (argv[0], exc.strerror)) from exc


def _captured(argv: List[str], io: IO) -> int:
    """Run a command whose output goes into a module's answer."""
    import subprocess

    done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    io.out.write(done.stdout.decode("utf-8", "replace"))
    io.err.write(done.stderr.decode("utf-8", "replace"))
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


VERBS = (
    Verb("unshare", "[flags] [COMMAND [ARG...]]", "run a command in the user namespace of the calling user",
         (Flag("rootless-netns", kind="bool", help="in the network namespace of the user's bridges, too"),),
         _unshare, (0, None), interspersed=False),
)
