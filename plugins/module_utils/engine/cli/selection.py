# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers a verb means, and doing something with each of them."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound
from ..service import containers
from .flags import IO, Flag, Parsed

ALL = Flag("all", "a", "bool", "all containers")
LATEST = Flag("latest", "l", "bool", "the container that was made last")
CIDFILE = Flag("cidfile", kind="list", help="a file with a container's ID")
FILTER = Flag("filter", "f", "slice", "KEY=VALUE: the containers that fit")
IGNORE = Flag("ignore", "i", "bool", "no error for one that is not there")

CIDFILE_LIMIT = 4096


def one(ctx: Context, parsed: Parsed) -> str:
    """The single container of a verb: the first word, or with --latest the newest container's ID."""
    return rest(ctx, parsed)[0]


def rest(ctx: Context, parsed: Parsed) -> List[str]:
    """The words with the container's name first, which --latest stands for. Raises InvalidInput."""
    if parsed.get("latest"):
        return [latest(ctx)] + parsed.arguments
    if not parsed.arguments:
        raise InvalidInput("No container is named", "Name one, or use --latest.")
    return parsed.arguments


def latest(ctx: Context) -> str:
    """The ID of the container that was made last. Raises NotFound."""
    rows = containers.listing(ctx, everything=True, last=1)
    if not rows:
        raise NotFound("There are no containers")
    return rows[0].id


def chosen(ctx: Context, parsed: Parsed, statuses: Optional[Sequence[str]] = None) -> List[str]:
    """The names that were given, or the IDs that --latest, --cidfile, --filter and --all stand for.

    ``statuses`` are the states that --all means, None for every one. Raises InvalidInput for ways that
    exclude each other, and for none.
    """
    ways = [way for way, given in (
        ("names", parsed.arguments or parsed.get("cidfile")), ("--all", parsed.get("all")),
        ("--latest", parsed.get("latest")), ("--filter", parsed.get("filter"))) if given]
    if ways == ["--all", "--filter"]:
        ways = ["--filter"]
    if len(ways) > 1:
        raise InvalidInput("%s cannot go together" % " and ".join(ways), "Use one of them.")
    if not ways:
        raise InvalidInput("No container is named", "Name one, or use --all.")
    if parsed.get("latest"):
        return [latest(ctx)]
    if parsed.get("filter"):
        return [row.id for row in containers.listing(ctx, everything=True, filters=parsed.get("filter"))]
    if parsed.get("all"):
        return [row.id for row in containers.listing(ctx, everything=True)
                if statuses is None or row.state.status in statuses]
    return parsed.arguments + _from_files(parsed)


def _from_files(parsed: Parsed) -> List[str]:
    """The IDs in the files of --cidfile; with --ignore a file may be missing."""
    found = []
    for path in parsed.get("cidfile", ()):
        try:
            with open(path, encoding="ascii") as stream:
                words = stream.read(CIDFILE_LIMIT).split()
        except FileNotFoundError as exc:
            if parsed.get("ignore"):
                continue
            raise InvalidInput("The file %s is not there" % path, "It is written by run and create.") from exc
        except UnicodeDecodeError as exc:
            raise InvalidInput("The file %s holds no container's ID" % path) from exc
        if len(words) != 1:
            raise InvalidInput("The file %s holds no container's ID" % path)
        found.append(words[0])
    return found


def each(action: Callable[[str], Optional[str]], names: Sequence[str], io: IO,
         codes: Sequence[Tuple[Any, int]] = ()) -> int:
    """Do something with each and print what comes of it; one failure does not stop the rest.

    ``codes`` are exit codes for kinds of errors, other than the errors' own.
    """
    code = 0
    for name in names:
        try:
            done = action(name)
            if done is not None:
                io.out.write(done + "\n")
        except EngineError as exc:
            io.out.flush()
            io.err.write("Error: %s\n" % exc)
            code = next((number for kind, number in codes if isinstance(exc, kind)), exc.exit_code)
    return code


def named(action: Callable[[str], Any], *, ignore: bool = False) -> Callable[[str], Optional[str]]:
    """An action for ``each`` that prints the name; with ``ignore`` nothing for what is not there."""
    def call(name: str) -> Optional[str]:
        try:
            action(name)
            return name
        except NotFound:
            if not ignore:
                raise
            return None
    return call
