# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command line run in this process, with its output kept: what the ad-hoc module does."""

from __future__ import annotations

import io as streams
import os
import shlex
from typing import List, NamedTuple, Optional, Sequence

from ..context import Context
from ..errors import InvalidInput
from .flags import IO, parse
from .main import GLOBAL, find_verb, main, reads_only


class Done(NamedTuple):
    """How it ended; ``code`` is None when it was not run."""

    code: Optional[int]
    out: str = ""
    err: str = ""
    changes: bool = True


def words(line: Optional[str], argv: Optional[Sequence[str]]) -> List[str]:
    """The words of a line or a list. Raises InvalidInput for quotes that do not end, and for nothing."""
    try:
        result = list(argv) if argv is not None else shlex.split(line or "")
    except ValueError as exc:
        raise InvalidInput("The command line is not quoted well: %s" % exc) from exc
    if not result:
        raise InvalidInput("There is no command to run", "Give a verb, such as ps.")
    return result


def enter(ctx: Context, argv: Sequence[str], *, make: bool) -> List[str]:
    """Work in the user's namespaces from now on, as the verb would; warnings for the user. See service.rootless.enter.

    Some verbs work outside: who is in some namespaces can make no others, as system migrate does.
    """
    from ..service import rootless

    given = parse(GLOBAL, argv, interspersed=False)
    verb = find_verb(given.arguments)[0] if given.arguments[:1] not in ([], ["help"]) else None
    return [] if verb is None or verb.outside else rootless.enter(ctx, make=make)


def run(ctx: Context, argv: Sequence[str], stdin: Optional[str], *, check: bool = False) -> Done:
    """Run words with a context's roots; in check mode only those that change nothing."""
    changes = not reads_only(argv)
    if check and changes:
        return Done(None)
    own = ["--root", ctx.root, "--runroot", ctx.runroot] + (["--runtime", ctx.runtime] if ctx.runtime else [])
    source = os.memfd_create("stdin", os.MFD_CLOEXEC)
    try:
        os.write(source, (stdin or "").encode())
        os.lseek(source, 0, os.SEEK_SET)
        out, err = streams.StringIO(), streams.StringIO()
        code = main(own + list(argv), IO(out, err, source))
    finally:
        os.close(source)
    return Done(code, out.getvalue(), err.getvalue(), changes)
