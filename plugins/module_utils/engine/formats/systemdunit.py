# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unit files: written so that no value can break out of its line or word, and read back (systemd.syntax(7)).

What a value may hold depends on where it stands. ``value`` is for settings that systemd takes as they are
(Description=), ``word`` for one word of a command line (systemd.service(5), COMMAND LINES), ``assignment`` for
one of Environment=. All three double the percent sign, which would begin a specifier.
"""

from __future__ import annotations

from typing import Iterable, List, NamedTuple, Sequence, Tuple

from ..errors import InvalidInput

LIMIT = 1024 * 1024  # characters of a unit file
LONGEST_NAME = 255   # systemd.unit(5)
KINDS = ("service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@,+")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"',
            "'": "'", "s": " "}
_WRITTEN = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}
_DIGITS = {"x": 2, "u": 4, "U": 8}

Setting = Tuple[str, str]


class Line(NamedTuple):
    """One setting of a unit file: ``value`` as written, on one line, the ``number``-th of ``source``, from 1."""

    section: str
    key: str
    value: str
    number: int
    source: str = ""


# writing

def render(sections: Iterable[Tuple[str, Sequence[Setting]]], comments: Sequence[str] = ()) -> str:
    """A unit file of (section, ((key, value as it is to stand there), ...)). Raises InvalidInput.

    Whoever calls has made the values by ``value``, ``word`` or ``assignment``.
    """
    lines = ["# " + _one_line(comment, "A comment") for comment in comments]
    for name, settings in sections:
        if not name or any(c in "[]" for c in _one_line(name, "A section's name")):
            raise InvalidInput("%r is no name of a section" % name[:80], "Write it without brackets.")
        lines += ([""] if lines else []) + ["[%s]" % name]
        for key, content in settings:
            if not key or key != key.strip() or "=" in _one_line(key, "A key") or key[0] in "#;[":
                raise InvalidInput("%r is no key of a unit file" % key[:80])
            _one_line(content.replace("\t", " "), key)
            if _goes_on(content):
                raise InvalidInput("%s ends with a backslash, which would join the next line to it" % key)
            lines.append("%s=%s" % (key, content))
    return "\n".join(lines) + "\n"


def _goes_on(text: str) -> bool:
    """Whether a line ends with a backslash that no other one escapes, which joins the next line to it."""
    return bool((len(text) - len(text.rstrip("\\"))) % 2)


def _one_line(text: str, what: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise InvalidInput("%s has a control character: %r" % (what, text[:80]), "Leave it out.")
    return text


def value(text: str, key: str = "value") -> str:
    """A value that systemd takes as it is, such as Description=. Raises InvalidInput for what cannot stand there."""
    _one_line(text, key)
    if text != text.strip():
        raise InvalidInput("%s begins or ends with a space, which a unit file cannot hold" % key, "Leave it out.")
    if text.endswith("\\"):
        raise InvalidInput("%s ends with a backslash, which would join the next line to it" % key, "Leave it out.")
    return text.replace("%", "%%")


def word(text: str, *, specifiers: bool = False, variables: bool = False) -> str:
    """One word of a command line, quoted where it has to be.

    With ``specifiers`` a percent sign stays as it is, with ``variables`` a dollar sign does.
    """
    return _quoted(text if specifiers else text.replace("%", "%%"), dollars=not variables)


def command(words: Sequence[str], *, specifiers: bool = False) -> str:
    """A command line for ExecStart= and its kin. The program is an absolute path; raises InvalidInput."""
    if not words or not words[0].startswith("/"):
        raise InvalidInput("A unit needs the absolute path of its program, not %r" % (words[0] if words else ""))
    # systemd puts no variables into the program's path, so a dollar sign stays single there.
    return " ".join(word(one, specifiers=specifiers, variables=place == 0) for place, one in enumerate(words))


def assignment(name: str, content: str, *, specifiers: bool = False) -> str:
    """NAME=VALUE for Environment=. Raises InvalidInput for a name that no variable has."""
    if not name or not (name[0].isalpha() or name[0] == "_") or not name.isascii() or not all(
            c.isalnum() or c == "_" for c in name):
        raise InvalidInput("%r is no name of an environment variable" % name, "Use letters, digits and _.")
    text = "%s=%s" % (name, content)
    return _quoted(text if specifiers else text.replace("%", "%%"), dollars=False)


def _quoted(text: str, *, dollars: bool) -> str:
    if "\0" in text:
        raise InvalidInput("A word of a unit file holds a NUL character", "Leave it out.")
    if dollars:
        text = text.replace("$", "$$")
    if text and all(c in _PLAIN or c in "%$" for c in text):
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(char: str) -> str:
    if char in _WRITTEN:
        return _WRITTEN[char]
    # A control character of the second block, and a line separator, are for no reader's eyes.
    if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029":
        return "".join("\\x%02x" % byte for byte in char.encode("utf-8"))
    return char


def unit_name(name: str, *kinds: str) -> str:
    """A unit's name, checked; its kind is one of ``kinds``, by default any. Raises InvalidInput."""
    stem, _dot, kind = name.rpartition(".")
    if not stem or kind not in (kinds or KINDS) or len(name) > LONGEST_NAME or not all(c in _NAME for c in name):
        raise InvalidInput("%r is no name of a systemd unit" % name[:80],
                           "Use letters, digits and :-_.@ and end it with .%s." % (kinds or KINDS)[0])
    return name


# reading

def parse(text: str, source: str = "the unit file") -> List[Line]:
    """The settings of a unit file, continued lines joined by a space. Raises InvalidInput with the line."""
    if len(text) > LIMIT:
        raise InvalidInput("%s is larger than %d characters" % (source, LIMIT))
    result: List[Line] = []
    section, held, began = "", "", 0
    lines = text[1:].split("\n") if text.startswith("\ufeff") else text.split("\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        line = line.rstrip("\r").lstrip()
        stripped = line.rstrip()
        if stripped[:1] in ("#", ";") or (not stripped and not held):
            # A comment amid a continued line is left out, and the line goes on after it.
            continue
        began = began if held else number
        if _goes_on(line):
            # A space behind the backslash, which nobody sees, ends the line all the same.
            held += line[:-1] + " "
            continue
        stripped, held = (held + stripped).strip(), ""
        if stripped.startswith("["):
            section = _section(stripped, source, began)
        else:
            result.append(_setting(stripped, section, source, began))
    if held.strip():
        raise InvalidInput("%s, line %d: the line goes on and the file ends" % (source, began))
    return result


def _section(text: str, source: str, number: int) -> str:
    if not text.endswith("]") or len(text) < 3 or "[" in text[1:] or "]" in text[:-1]:
        raise InvalidInput("%s, line %d: %r is no section" % (source, number, text[:80]), "Write [Name].")
    return text[1:-1]


def _setting(text: str, section: str, source: str, number: int) -> Line:
    key, equals, content = text.partition("=")
    if not equals or not key.strip():
        raise InvalidInput("%s, line %d: %r is no setting" % (source, number, text[:80]), "Write Key=value.")
    if not section:
        raise InvalidInput("%s, line %d: %s stands before any section" % (source, number, key.strip()[:80]))
    return Line(section, key.strip(), content.strip(), number, source)


def split(text: str, what: str = "The value") -> List[str]:
    """The words of a value: quotes of both kinds, and C's escapes. Raises InvalidInput."""
    words: List[str] = []
    position, size = 0, len(text)
    while position < size:
        if text[position] in " \t":
            position += 1
            continue
        found, position = _next_word(text, position, what)
        words.append(found)
    return words


def _next_word(text: str, position: int, what: str) -> Tuple[str, int]:
    result, quote = "", ""
    while position < len(text):
        char = text[position]
        if char == "\\":
            part, position = _unescaped(text, position + 1, what)
            result += part
            continue
        position += 1
        if quote:
            if char == quote:
                quote = ""
                continue
        elif char in "\"'":
            quote = char
            continue
        elif char in " \t":
            return result, position
        result += char
    if quote:
        raise InvalidInput("%s has a quote that does not end: %s" % (what, text[:80]))
    return result, position


def _unescaped(text: str, position: int, what: str) -> Tuple[str, int]:
    """The character behind a backslash, and where the text goes on."""
    char = text[position:position + 1]
    if char in _ESCAPES and char:
        return _ESCAPES[char], position + 1
    digits, base = "", 16
    if char in _DIGITS and char:
        position += 1
        digits = text[position:position + _DIGITS[char]]
        complete = len(digits) == _DIGITS[char]
    else:
        digits, base = text[position:position + 3], 8
        complete = len(digits) == 3
    try:
        if not complete:
            raise ValueError
        number = int(digits, base)
        if not number:
            raise ValueError
        return chr(number), position + len(digits)
    except (ValueError, OverflowError):
        raise InvalidInput("%s has an escape that is not known: \\%s" % (what, text[position:position + 8])) from None
