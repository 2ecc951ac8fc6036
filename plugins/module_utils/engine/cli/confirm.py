# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The question before a verb removes what nobody has named."""

from __future__ import annotations

import os

from ..errors import InvalidInput
from .flags import IO, Flag, Parsed

FORCE = Flag("force", "f", "bool", "do not ask")
MAX_ANSWER = 1024


def confirmed(parsed: Parsed, io: IO, warning: str) -> bool:
    """Whether --force was given, or the answer on standard input begins with a y.

    Raises InvalidInput when nobody answers.
    """
    if parsed.get("force"):
        return True
    io.out.write("WARNING! %s\nAre you sure you want to continue? [y/N] " % warning)
    io.out.flush()
    answer = b""
    # One by one: what follows the line is not for this verb.
    while not answer.endswith(b"\n") and len(answer) < MAX_ANSWER:
        try:
            byte = os.read(io.stdin, 1)
        except OSError:  # closed, or a terminal of which this is in the background
            byte = b""
        if not byte:
            break
        answer += byte
    if not answer:
        io.out.write("\n")
        raise InvalidInput("Nobody answers on standard input, so nothing was removed",
                           "Use --force, with which nobody is asked.")
    return answer[:1] in (b"y", b"Y")
