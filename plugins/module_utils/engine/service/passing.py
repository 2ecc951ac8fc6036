# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Descriptors of the caller that a container gets: --preserve-fds, and socket activation (sd_listen_fds(3))."""

from __future__ import annotations

import os
from typing import Mapping

from ..context import Context
from ..errors import InvalidInput
from ..frozen import replace

FIRST = 3
MOST = 50  # kernel.command moves descriptors out of the way, to 64 and up


def to_containers(ctx: Context, environ: Mapping[str, str], preserve: str = "0") -> Context:
    """The context with the descriptors from 3 on that containers get which are started with it.

    ``preserve`` is a number of them; without one it is LISTEN_FDS, whose variables the container gets too. Raises
    InvalidInput for descriptors that are not open.
    """
    if not preserve.isdecimal() or int(preserve) > MOST:
        raise InvalidInput("--preserve-fds is %r" % preserve[:20], "Use a number up to %d." % MOST)
    asked, count, names = environ.get("LISTEN_FDS", ""), int(preserve), None
    if not count and asked.isdecimal() and 0 < int(asked) <= MOST:
        count, names = int(asked), environ.get("LISTEN_FDNAMES", "")
    for number in range(FIRST, FIRST + count):
        try:
            os.fstat(number)
        except OSError as exc:
            if names is not None and environ.get("LISTEN_PID") != "%d" % os.getpid():
                return ctx  # meant for somebody else, who has left the variables behind
            raise InvalidInput("The descriptor %d, which the container is to get, is not open" % number) from exc
    return replace(ctx, descriptors=count, listen=names) if count else ctx


def variables(ctx: Context) -> Mapping[str, str]:
    """The variables that tell the container's first process of its sockets; {} for none."""
    if ctx.listen is None:
        return {}
    found = {"LISTEN_FDS": "%d" % ctx.descriptors, "LISTEN_PID": "1"}
    return dict(found, LISTEN_FDNAMES=ctx.listen) if ctx.listen else found
