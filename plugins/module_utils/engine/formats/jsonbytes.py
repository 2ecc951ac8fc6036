# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON that strangers wrote: bounded in size and depth, without doubled keys, fields of the right type."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Set, Tuple

from ..errors import InvalidInput

MAX_SIZE = 4 * 1024 * 1024
MAX_DEPTH = 64
# Objects and lists in one document, and the commas between values: each costs up to 230 bytes in
# memory for the 2 that it is long.
MAX_NODES, MAX_COMMAS = 100_000, 200_000

# Strings without escapes, and brackets. Nothing here can backtrack.
_STRUCTURE = re.compile(rb'"[^"]*(?:"|\Z)|[\[\]{}]')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: Set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise InvalidInput("it has the key %s twice" % ascii(key[:80]))
            seen.add(key)
    return result


def _constant(name: str) -> Any:
    raise InvalidInput("%s is no JSON" % name)


def _whole(text: str) -> int:
    """Parsing a number takes quadratic time in its length, and no size has more than 19 digits."""
    if len(text) > 20:
        raise InvalidInput("it has a number of %d digits" % len(text))
    return int(text)


def loads(data: bytes, what: str) -> Dict[str, Any]:
    """The object in ``data``. Raises InvalidInput that begins with ``what``."""
    if len(data) > MAX_SIZE:
        raise InvalidInput("%s is larger than %d bytes" % (what, MAX_SIZE))
    if data.count(b"[") + data.count(b"{") > MAX_NODES or data.count(b",") > MAX_COMMAS:
        raise InvalidInput("%s has more than %d objects and lists, or %d values" % (what, MAX_NODES, MAX_COMMAS))
    if _depth(data) > MAX_DEPTH:
        raise InvalidInput("%s is nested more than %d levels deep" % (what, MAX_DEPTH))
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_object,
                              parse_constant=_constant, parse_int=_whole)
        if _SURROGATE.search(data):
            # Half a surrogate pair is no text: whoever prints or stores it would fail much later.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except InvalidInput as exc:
        raise InvalidInput("%s is refused: %s" % (what, exc.message)) from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("%s is no JSON: %s" % (what, exc)) from exc
    if not isinstance(document, dict):
        raise InvalidInput("%s is no JSON object" % what)
    return document


def _depth(data: bytes) -> int:
    """How deep brackets nest, strings apart: cheap enough to ask before parsing."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _STRUCTURE.finditer(data.replace(b"\\\\", b"").replace(b'\\"', b"")):
        mark = match.group()
        if mark in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in (b"]", b"}"):
            depth -= 1
    return deepest


class Fields:
    """Typed access to an object's fields, with errors that name them."""

    def __init__(self, document: Any, what: str) -> None:
        if not isinstance(document, dict):
            raise InvalidInput("%s is no object" % what)
        self.document, self.what = document, what

    def _get(self, key: str, kind: Any, name: str, default: Any) -> Any:
        value = self.document.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
            raise InvalidInput("%s: %s is no %s" % (self.what, key, name))
        return value

    def text(self, key: str, default: str = "") -> str:
        """A string; missing and null are ``default``."""
        return str(self._get(key, str, "string", default))

    def number(self, key: str, default: int = 0) -> int:
        """A whole number."""
        return int(self._get(key, int, "whole number", default))

    def flag(self, key: str) -> bool:
        """True or false; missing and null are false."""
        return bool(self._get(key, bool, "boolean", False))

    def texts(self, key: str) -> Tuple[str, ...]:
        """A list of strings."""
        rows = self._get(key, list, "list", [])
        if not all(isinstance(row, str) for row in rows):
            raise InvalidInput("%s: %s holds something that is no string" % (self.what, key))
        return tuple(rows)

    def pairs(self, key: str) -> Dict[str, str]:
        """An object of strings."""
        rows = self._get(key, dict, "object", {})
        if not all(isinstance(value, str) for value in rows.values()):
            raise InvalidInput("%s: %s holds something that is no string" % (self.what, key))
        return dict(rows)

    def objects(self, key: str) -> List[Dict[str, Any]]:
        """A list of objects."""
        rows = self._get(key, list, "list", [])
        if not all(isinstance(row, dict) for row in rows):
            raise InvalidInput("%s: %s holds something that is no object" % (self.what, key))
        return list(rows)

    def object(self, key: str) -> Dict[str, Any]:
        """An object; missing and null are an empty one."""
        return dict(self._get(key, dict, "object", {}))
