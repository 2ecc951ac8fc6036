# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Go's text/template, as far as people use it in --format: fields, pipelines, if, range, with, functions.

Keys are looked up as written, and else without regard to case: people write .ID where JSON says Id.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, List, Match, NamedTuple, Optional, Sequence, Tuple

from ..errors import InvalidInput

MAX_OUTPUT = 16 * 1024 * 1024
MAX_STEPS = 1000 * 1000
MAX_DEPTH = 64
MAX_PADDING = 1000

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)|'
                    r'(?P<name>\$?[A-Za-z_]\w*|\$)|(?P<field>(?:\.[A-Za-z_]\w*)+|\.)|(?P<mark>:=|=|[|(),]))')


class Node(NamedTuple):
    """A piece: kind text, value, if, range or with; ``pipe`` is what it evaluates."""

    kind: str
    text: str = ""
    pipe: Any = None
    body: Sequence[Any] = ()
    otherwise: Sequence[Any] = ()
    variables: Tuple[str, ...] = ()
    position: int = 0


class _NoValue:
    """What a map does not have: nothing to a condition, and '<no value>' in the text, as in Go."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "<no value>"


# What is a map for Go, where a key that is missing is no mistake. All else are structures.
_MAPS = ("labels", "annotations", "options", "networks", "ports", "sysctls", "driveropts")


def fail(text: str, position: int) -> InvalidInput:
    """The error for a template that makes no sense."""
    return InvalidInput("The template has an error at character %d: %s" % (position + 1, text))


# Parsing


def parse(text: str) -> List[Node]:
    """A template. Raises InvalidInput that says where it is wrong."""
    pieces = _split(text)
    nodes, ending = _block(pieces, 0, ())
    if ending < len(pieces):
        raise fail("%r without a beginning" % pieces[ending][1].strip(), pieces[ending][2])
    return nodes


def _split(text: str) -> List[Tuple[str, str, int]]:
    """('text' or 'action', content, position), with the blanks that {{- and -}} take away gone."""
    result: List[Tuple[str, str, int]] = []
    position = 0
    trim = False
    while position <= len(text):
        start = text.find("{{", position)
        literal = text[position:] if start < 0 else text[position:start]
        literal = literal.lstrip() if trim else literal
        if start < 0:
            result.append(("text", literal, position))
            break
        end = _action_end(text, start + 2)
        content = text[start + 2:end]
        if content[:1] == "-" and content[1:2].isspace():
            literal, content = literal.rstrip(), content[1:]
        trim = content.endswith("-") and content[-2:-1].isspace()
        if literal:
            result.append(("text", literal, position))
        content = content[:-1] if trim else content
        if not content.strip().startswith("/*"):
            result.append(("action", content, start + 2))
        position = end + 2
    return result


def _action_end(text: str, start: int) -> int:
    position = start
    if re.match(r"(-\s)?\s*/\*", text[start:start + 20]):
        # A comment may hold anything, quotes that do not end too.
        position = max(text.find("*/", start), start)
    while position < len(text):
        if text[position] in "\"`":
            quote = text[position]
            position += 1
            while position < len(text) and text[position] != quote:
                position += 2 if text[position] == "\\" and quote == '"' else 1
        elif text.startswith("}}", position):
            return position
        position += 1
    raise fail("an action is not closed", start - 2)


def _block(pieces: Sequence[Tuple[str, str, int]], index: int, enders: Sequence[str],
           depth: int = 0) -> Tuple[List[Node], int]:
    if depth > MAX_DEPTH:
        raise fail("blocks are nested too deep", 0)
    nodes: List[Node] = []
    while index < len(pieces):
        kind, content, position = pieces[index]
        if kind == "text":
            nodes.append(Node("text", content))
            index += 1
            continue
        word = content.split(None, 1)[0] if content.strip() else ""
        if word in ("end", "else"):
            if word not in enders:
                raise fail("%r without a beginning" % word, position)
            return nodes, index
        if word in ("if", "range", "with"):
            node, index = _control(pieces, index, word, depth)
            nodes.append(node)
            continue
        variables, pipe = _pipeline(content, position)
        nodes.append(Node("value", pipe=pipe, variables=variables, position=position))
        index += 1
    if enders:
        raise fail("a block has no end", pieces[-1][2] if pieces else 0)
    return nodes, index


def _control(pieces: Sequence[Tuple[str, str, int]], index: int, word: str, depth: int) -> Tuple[Node, int]:
    _kind, content, position = pieces[index]
    variables, pipe = _pipeline(content.strip()[len(word):], position)
    body, index = _block(pieces, index + 1, ("end", "else"), depth + 1)
    otherwise: List[Node] = []
    closing = pieces[index][1].split()
    if closing[0] == "else":
        if closing[1:2] == ["if"]:
            # {{else if x}} is an if in the else, that shares its end
            changed = list(pieces)
            changed[index] = ("action", pieces[index][1].strip()[4:], pieces[index][2])
            node, index = _control(changed, index, "if", depth + 1)
            return Node(word, pipe=pipe, body=body, otherwise=[node], variables=variables, position=position), index
        otherwise, index = _block(pieces, index + 1, ("end",), depth + 1)
    return Node(word, pipe=pipe, body=body, otherwise=otherwise, variables=variables, position=position), index + 1


def _pipeline(content: str, position: int) -> Tuple[Tuple[str, ...], Any]:
    tokens: List[Tuple[str, str]] = []
    at = 0
    stripped = content.rstrip()
    while at < len(stripped):
        found = _TOKEN.match(stripped, at)
        if found is None:
            raise fail("%r is not understood" % stripped[at:at + 20].strip(), position + at)
        kind = found.lastgroup or ""
        tokens.append((kind, found.group(kind)))
        at = found.end()
    if not tokens:
        raise fail("an action is empty", position)
    variables: List[str] = []
    for number, token in enumerate(tokens):
        if token in (("mark", ":="), ("mark", "=")):
            variables = [value for kind, value in tokens[:number] if kind == "name"]
            tokens = tokens[number + 1:]
            break
    pipe, rest = _commands(tokens, position)
    if rest:
        raise fail("%r is too much" % rest[0][1], position)
    return tuple(variables), pipe


def _commands(tokens: List[Tuple[str, str]], position: int, depth: int = 0) -> Tuple[Any, List[Tuple[str, str]]]:
    if depth > MAX_DEPTH:
        raise fail("parentheses are nested too deep", position)
    commands: List[List[Any]] = [[]]
    while tokens:
        kind, value = tokens[0]
        tokens = tokens[1:]
        if (kind, value) == ("mark", "|"):
            commands.append([])
        elif (kind, value) == ("mark", ")"):
            tokens = [("mark", ")")] + tokens
            break
        elif (kind, value) == ("mark", "("):
            inner, tokens = _commands(tokens, position, depth + 1)
            if not tokens or tokens[0] != ("mark", ")"):
                raise fail("'(' without ')'", position)
            tokens = tokens[1:]
            if tokens and tokens[0][0] == "field" and tokens[0][1] != ".":
                commands[-1].append(("of", inner, tokens[0][1]))
                tokens = tokens[1:]
            else:
                commands[-1].append(("pipe", inner, ""))
        elif kind == "mark":
            raise fail("%r is not understood" % value, position)
        elif kind == "field" and commands[-1] and commands[-1][-1][0] == "variable" and value != ".":
            commands[-1][-1] = ("of", commands[-1][-1], value)
        else:
            commands[-1].append(_operand(kind, value, position))
    if not all(commands):
        raise fail("a pipeline has an empty part", position)
    return commands, tokens


def _operand(kind: str, value: str, position: int) -> Tuple[str, Any, str]:
    if kind == "string":
        return ("constant", _string(value, position), "")
    if kind == "number":
        return ("constant", float(value) if "." in value else int(value), "")
    if kind == "field":
        return ("field", None, value)
    if value.startswith("$"):
        return ("variable", value, "")
    words = {"true": True, "false": False, "nil": None}
    if value in words:
        return ("constant", words[value], "")
    if value not in FUNCTIONS:
        raise InvalidInput("The template has an error at character %d: there is no function %s" % (position + 1, value),
                           "There are: %s." % ", ".join(sorted(FUNCTIONS)))
    return ("function", value, "")


_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{3}|.)", re.DOTALL)


def _string(value: str, position: int) -> str:
    """A Go string's content."""
    def one(found: Match[str]) -> str:
        code = found.group(1)
        if code in _ESCAPES or code in "\\\"":
            return _ESCAPES.get(code, code)
        number = int(code[1:], 16) if code[0] in "xuU" and code[1:] else int(code, 8) if len(code) == 3 else -1
        if not 0 <= number < 0x110000:
            raise fail("%s has an escape that Go does not know" % value[:40], position)
        return chr(number)

    return value[1:-1] if value.startswith("`") else _ESCAPE.sub(one, value[1:-1])


# Evaluating


class _Scope(NamedTuple):
    dot: Any
    variables: Dict[str, Any]


class _Output:
    """The text so far, and a limit on it and on the steps that make it: ranges in ranges multiply."""

    def __init__(self) -> None:
        self.parts: List[str] = []
        self.length = self.steps = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)
        if self.length > MAX_OUTPUT:
            raise InvalidInput("The template makes more than %d characters" % MAX_OUTPUT)

    def step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise InvalidInput("The template takes more than %d steps" % MAX_STEPS)


def render(template: Sequence[Node], data: Any) -> str:
    """The text that a parsed template makes of ``data``. Raises InvalidInput for what data does not have."""
    parts = _Output()
    _run(template, _Scope(data, {"$": data}), parts)
    return "".join(parts.parts)


def _run(nodes: Sequence[Node], scope: _Scope, parts: _Output) -> None:
    for node in nodes:
        parts.step()
        if node.kind == "text":
            parts.add(node.text)
            continue
        try:
            value = _evaluate(node.pipe, scope)
        except InvalidInput as exc:
            raise InvalidInput("%s (the template's character %d)" % (exc.message, node.position + 1), exc.hint) from exc
        if node.kind == "value":
            if node.variables:
                scope.variables[node.variables[-1]] = value
            else:
                parts.add(show(value))
        elif node.kind == "range":
            _range(node, value, scope, parts)
        elif value or (isinstance(value, (int, float)) and value != 0):
            inner = _Scope(value if node.kind == "with" else scope.dot, dict(scope.variables))
            if node.variables:
                inner.variables[node.variables[-1]] = value
            _run(node.body, inner, parts)
        else:
            _run(node.otherwise, scope, parts)


def _range(node: Node, value: Any, scope: _Scope, parts: _Output) -> None:
    if value and not isinstance(value, (dict, list, tuple)):
        raise InvalidInput("range cannot go through %s (the template's character %d)" % (
            show(value)[:40], node.position + 1))
    pairs = sorted(value.items()) if isinstance(value, dict) else list(enumerate(value or ()))
    if not pairs:
        _run(node.otherwise, scope, parts)
    for key, one in pairs:
        inner = _Scope(one, dict(scope.variables))
        if node.variables:
            inner.variables[node.variables[-1]] = one
        if len(node.variables) == 2:
            inner.variables[node.variables[0]] = key
        _run(node.body, inner, parts)


def _evaluate(pipe: Any, scope: _Scope) -> Any:
    result: Any = None
    for number, command in enumerate(pipe):
        result = _command(command, scope, [result] if number else [])
    return result


def _command(words: Sequence[Any], scope: _Scope, piped: List[Any]) -> Any:
    kind, value, path = words[0]
    if kind == "function":
        function = FUNCTIONS[value]
        arguments = [_word(word, scope) for word in words[1:]] + piped
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError) as exc:
            raise InvalidInput("The template function %s cannot do this: %s" % (value, exc)) from exc
    if len(words) > 1 or piped:
        raise InvalidInput("%s is no function and takes no arguments" % (path or value))
    return _word(words[0], scope)


def _word(word: Any, scope: _Scope) -> Any:
    kind, value, path = word
    if kind == "constant":
        return value
    if kind == "field":
        return _follow(scope.dot, path)
    if kind == "variable":
        if value not in scope.variables:
            raise InvalidInput("The template has no variable %s" % value)
        return scope.variables[value]
    if kind == "of":
        inner = _word(value, scope) if isinstance(value, tuple) else _evaluate(value, scope)
        return _follow(inner, path)
    if kind == "pipe":
        return _evaluate(value, scope)
    return _command([word], scope, [])


def _follow(value: Any, path: str) -> Any:
    parent = ""
    for name in path.split(".")[1:] if path != "." else ():
        if isinstance(value, dict):
            key = _key(value, name)
            if key is None and parent in _MAPS:
                return _NoValue()
            if key is None:
                raise InvalidInput("There is no field .%s here" % name,
                                   "There are: %s." % ", ".join(sorted(map(str, value))[:60]))
            value, parent = value[key], name.lower()
        elif value is None:
            return _NoValue() if parent in _MAPS else None
        else:
            raise InvalidInput("There is no field .%s in %s" % (name, show(value)[:40]))
    return value


def _key(value: Dict[Any, Any], name: str) -> Optional[str]:
    """The key that a field's name means: .NetworkInterface is JSON's network_interface."""
    if name in value:
        return name
    folded = name.lower().replace("_", "")
    return next((one for one in value if isinstance(one, str) and one.lower().replace("_", "") == folded), None)


def show(value: Any) -> str:
    """A value as Go prints it with %v."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[%s]" % " ".join(map(show, value))
    if isinstance(value, dict):
        return "map[%s]" % " ".join("%s:%s" % (key, show(value[key])) for key in sorted(value))
    return str(value)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            # Go has the empty value of the map's kind for a key that is missing; most are maps of strings.
            value = value.get(key, "")
        elif value is None:
            value = ""
        elif isinstance(key, bool) or not isinstance(key, int) or not 0 <= key < len(value):
            raise IndexError("%s is no index of %d" % (show(key), len(value)))
        else:
            value = value[key]
    return value


def _slice(value: Any, *ends: int) -> Any:
    start, end = (list(ends) + [0, len(value)][len(ends):])[:2]
    if not 0 <= start <= end <= len(value):
        raise IndexError("%d to %d is not within %d" % (start, end, len(value)))
    return value[start:end]


def _pad(text: str, before: int, after: int) -> str:
    if before > MAX_PADDING or after > MAX_PADDING:
        raise ValueError("more than %d blanks" % MAX_PADDING)
    return " " * before + text + " " * after if text else text


def _html(value: Any) -> str:
    import html

    return html.escape(show(value)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _print(*values: Any) -> str:
    """Go's Sprint: a blank between two operands when neither is a string."""
    return "".join((" " if number and not isinstance(value, str) and not isinstance(values[number - 1], str) else "")
                   + show(value) for number, value in enumerate(values))


def _printf(form: str, *values: Any) -> str:
    if any(int(width) > MAX_PADDING for width in re.findall(r"%[^a-z%]*?(\d+)", form)):
        raise ValueError("a width of more than %d" % MAX_PADDING)
    shown = [show(value) if spec in "sv" else json.dumps(value) if spec == "q" else value
             for spec, value in zip(re.findall(r"%[-+ 0-9.]*([a-z%])", form.replace("%%", "")), values)]
    return re.sub(r"(%[-+ 0-9.]*)[vq]", r"\1s", form) % tuple(shown)


FUNCTIONS: Dict[str, Callable[..., Any]] = {
    "index": _index, "json": lambda value: json.dumps(value, separators=(",", ":")), "len": len,
    "join": lambda rows, mark: mark.join(map(show, rows or ())), "split": lambda text, mark: text.split(mark),
    "lower": lambda text: show(text).lower(), "upper": lambda text: show(text).upper(),
    "title": lambda text: show(text).title(), "print": _print,
    "println": lambda *values: " ".join(map(show, values)) + "\n", "printf": _printf,
    "eq": lambda first, *others: any(first == other for other in others), "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "truncate": lambda text, length: text[:length],
    "pad": _pad, "slice": _slice, "html": _html,
}
