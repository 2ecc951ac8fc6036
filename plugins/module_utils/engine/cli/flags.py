# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Command lines as podman's users write them: long and short flags, '=', clusters, '--'.

A verb is a table of flags; parsing, the usage text and what is refused follow from it.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, TextIO, Tuple

from ..context import Context
from ..errors import InvalidInput, Unsupported

TRUE = ("true", "1", "t", "yes")
FALSE = ("false", "0", "f", "no")


class Flag(NamedTuple):
    """One flag. ``kind`` is string, bool, int, list (may be given several times) or slice (the same, and each
    value may hold several with commas between, quoted as in CSV). ``refused`` says why podman's flag of this
    name is not built; only the values ``accepted`` say what is so anyway. ``field`` is the field of
    ContainerSpec that it fills."""

    long: str
    short: str = ""
    kind: str = "string"
    help: str = ""
    field: str = ""
    refused: str = ""
    accepted: Tuple[str, ...] = ()


class IO(NamedTuple):
    """Where a verb writes, and the descriptor that it reads from."""

    out: TextIO
    err: TextIO
    stdin: int = 0


class Parsed(NamedTuple):
    """The flags that were given, by their long name, and the other words."""

    flags: Dict[str, Any]
    arguments: List[str]

    def get(self, name: str, default: Any = None) -> Any:
        """A flag's value, or ``default`` when it was not given."""
        return self.flags.get(name, default)


class Verb(NamedTuple):
    """One verb. ``arguments`` is how many words it takes, least and most (None for any number).

    ``outside`` verbs are not run in the namespaces of a user without root. ``check`` raises what is wrong with the
    values themselves, whatever there is on this host.
    """

    name: str
    usage: str
    help: str
    flags: Tuple[Flag, ...]
    run: Callable[[Context, Parsed, IO], int]
    arguments: Tuple[int, Optional[int]] = (0, None)
    interspersed: bool = True
    reads_only: bool = False
    outside: bool = False
    check: Optional[Callable[[Context, Parsed], None]] = None


def parse(flags: Sequence[Flag], words: Sequence[str], *, interspersed: bool = True, verb: str = "") -> Parsed:
    """Take flags and other words apart. Raises InvalidInput, or Unsupported for a refused flag.

    --help, and -h where it means nothing else, end it: the flag 'help' is set then.
    """
    by_long = {flag.long: flag for flag in flags}
    by_short = {flag.short: flag for flag in flags if flag.short}
    result = Parsed({}, [])
    todo = list(words)
    while todo:
        word = todo.pop(0)
        if word == "--":
            result.arguments.extend(todo)
            break
        if (word == "--help" and "help" not in by_long) or (word == "-h" and "h" not in by_short):
            result.flags["help"] = True
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            flag = by_long.get(name)
            if flag is None:
                raise _unknown("--" + name, [*by_long, "help"], verb)
            _take(result, flag, value if equals else None, todo)
        elif word.startswith("-") and len(word) > 1:
            _cluster(result, by_short, word, todo, verb)
        else:
            result.arguments.append(word)
            if not interspersed:
                result.arguments.extend(todo)
                break
    return result


def _cluster(result: Parsed, by_short: Dict[str, Flag], word: str, todo: List[str], verb: str) -> None:
    """-it, -p80:80, -p 80:80, -d=false."""
    rest = word[1:]
    while rest:
        flag = by_short.get(rest[0])
        if flag is None:
            raise _unknown("-" + rest[0], [], verb)
        rest = rest[1:]
        if flag.kind == "bool" and not rest.startswith("="):
            _take(result, flag, None, todo)
            continue
        _take(result, flag, rest[1:] if rest.startswith("=") else rest or None, todo)
        return


def _take(result: Parsed, flag: Flag, value: Optional[str], todo: List[str]) -> None:
    if flag.accepted and value is None and todo:
        value = todo.pop(0)
    if flag.refused and value not in flag.accepted:
        raise Unsupported("--%s is not built yet: %s" % (flag.long, flag.refused))
    if flag.kind == "bool":
        if value is not None and value.lower() not in TRUE + FALSE:
            raise InvalidInput("--%s is %r, neither true nor false" % (flag.long, value))
        result.flags[flag.long] = value is None or value.lower() in TRUE
        return
    if value is None:
        if not todo:
            raise InvalidInput("--%s needs a value" % flag.long)
        value = todo.pop(0)
    if flag.kind == "slice":
        result.flags.setdefault(flag.long, []).extend(_split(value, flag.long))
    elif flag.kind == "list":
        result.flags.setdefault(flag.long, []).append(value)
    elif flag.kind == "int":
        digits = value[1:] if value.startswith("-") else value
        if not (digits.isascii() and digits.isdigit()):
            raise InvalidInput("--%s is %r, which is no number" % (flag.long, value))
        result.flags[flag.long] = int(value)
    else:
        result.flags[flag.long] = value


def _split(value: str, name: str) -> List[str]:
    """The parts of a value with commas; quotes keep a comma, as in CSV (RFC 4180)."""
    if '"' not in value:
        return value.split(",") if value else []
    import csv

    try:
        return next(csv.reader([value], strict=True))
    except csv.Error as exc:
        raise InvalidInput("--%s is %r, whose quotes make no sense: %s" % (name, value, exc),
                           'Write "a,b" in quotes for one value with a comma.') from exc


def _unknown(word: str, known: Sequence[str], verb: str) -> InvalidInput:
    import difflib

    close = difflib.get_close_matches(word[2:], known, 1) if known else []
    hint = "Did you mean --%s?" % close[0] if close else "See 'pycontainer %s --help'." % verb
    return InvalidInput("There is no flag %s" % word, hint)


def check_arguments(verb: Verb, parsed: Parsed) -> None:
    """Raise InvalidInput when there are too few or too many words."""
    least, most = verb.arguments
    count = len(parsed.arguments)
    if count < least:
        raise InvalidInput("%s needs %s" % (verb.name, verb.usage or "an argument"),
                           "See 'pycontainer %s --help'." % verb.name)
    if most is not None and count > most:
        raise InvalidInput("%s takes %s, not %d words" % (
            verb.name, "no arguments" if not most else "at most %d" % most, count),
            "See 'pycontainer %s --help'." % verb.name)


def usage(verb: Verb) -> str:
    """The text of --help."""
    lines = [verb.help, "", "Usage:", "  pycontainer %s [flags] %s" % (verb.name, verb.usage), ""]
    kinds = {"bool": "", "slice": " list"}
    rows = [("  %s--%s%s" % ("-%s, " % flag.short if flag.short else "    ", flag.long,
                             kinds.get(flag.kind, " " + flag.kind)), flag.help)
            for flag in sorted(verb.flags, key=lambda flag: flag.long) if not flag.refused]
    if rows:
        width = max(len(left) for left, _help in rows)
        lines += ["Flags:"] + [("%-*s  %s" % (width, left, text)).rstrip() for left, text in rows]
    return "\n".join(lines).rstrip() + "\n"
