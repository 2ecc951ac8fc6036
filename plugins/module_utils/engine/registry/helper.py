# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credential helpers: programs docker-credential-NAME (the protocol of docker/docker-credential-helpers).

A helper reads one document from its standard input and answers on its standard output, errors too.
"""

from __future__ import annotations

import json
import os
import re
from typing import Optional, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, TimedOut
from ..formats import jsonbytes
from ..kernel import command

TIMEOUT = 60.0  # seconds; a helper may have to ask a service of its own
_NAME = re.compile(r"\A[A-Za-z0-9._-]{1,64}\Z")


def exists(ctx: Context, name: str) -> bool:
    """Whether the helper's program is on this host."""
    return bool(_NAME.match(name)) and ctx.find_tool("docker-credential-" + name) is not None


def get(ctx: Context, name: str, registry: str) -> Optional[Tuple[str, str]]:
    """User name and secret for a registry, or None when the helper does not know it."""
    answer = _run(ctx, name, "get", registry)
    if answer is None:
        return None
    document = jsonbytes.Fields(jsonbytes.loads(answer, "The answer of docker-credential-" + name),
                                "The answer of docker-credential-" + name)
    username, secret = document.text("Username"), document.text("Secret")
    return (username, secret) if secret else None


def store(ctx: Context, name: str, registry: str, username: str, secret: str) -> None:
    """Give a helper credentials to keep."""
    text = json.dumps({"ServerURL": registry, "Username": username, "Secret": secret})
    if _run(ctx, name, "store", text) is None:
        raise EngineError("docker-credential-%s did not keep the credentials for %s" % (name, registry))


def erase(ctx: Context, name: str, registry: str) -> bool:
    """Make a helper forget a registry; whether it knew it."""
    return get(ctx, name, registry) is not None and _run(ctx, name, "erase", registry) is not None


def _run(ctx: Context, name: str, verb: str, text: str) -> Optional[bytes]:
    """The helper's answer, or None for 'not found'. Raises EngineError for every other failure."""
    if not _NAME.match(name):
        raise InvalidInput("%s is no credential helper" % ascii(name[:80]))
    program = ctx.find_tool("docker-credential-" + name)
    if program is None:
        raise EngineError("The credential helper docker-credential-%s is not on this host" % name,
                          "Install it, or take it out of auth.json and registries.conf.")
    try:
        done = command.run([program, verb], stdin=text.encode(), env=dict(os.environ), within=TIMEOUT)
    except TimedOut as exc:
        raise TimedOut("docker-credential-%s does not answer" % name) from exc
    if not done.code:
        return done.stdout
    # Its words are not repeated: what it says may hold what it was given.
    if b"not found" in done.stdout.lower():
        return None
    raise EngineError("docker-credential-%s failed with code %d" % (name, done.code),
                      "Run it by hand to see why.")
