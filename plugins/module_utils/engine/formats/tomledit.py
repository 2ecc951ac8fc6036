# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changing a TOML text line by line, so that comments, order and what is not ours stay as they are.

A text is cut into blocks, each one table header with the lines that belong to it (TOML 1.0). Only
the lines of a changed key are replaced. Whether the result means what it should is not decided here:
the caller parses it before and after with a real TOML library.
"""

from __future__ import annotations

import re
from typing import List, Optional, Sequence, Tuple, Union

Value = Union[str, bool, Sequence[str]]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")


class Block:
    """One table: ``name`` is '' for the top of the file; ``array`` is an array of tables ([[name]]).

    ``lines`` hold everything that belongs to it, comments above its header included.
    """

    def __init__(self, name: str, array: bool = False, lines: Sequence[str] = ()) -> None:
        self.name, self.array, self.lines = name, array, list(lines)


def split(text: str) -> List[Block]:
    """Cut a text into blocks; joining them gives the same text again."""
    blocks = [Block("")]
    depth: Tuple[int, str] = (0, "")
    for line in text.splitlines(keepends=True):
        header = _HEADER.match(line) if depth == (0, "") else None
        if header:
            block = Block(header.group(2).replace('"', "").replace(" ", ""), header.group(1) == "[[")
            above = blocks[-1].lines
            # Comments that touch the header from above speak of it.
            while above and above[-1].lstrip().startswith("#"):
                block.lines.insert(0, above.pop())
            block.lines.append(line)
            blocks.append(block)
            continue
        depth = _scan(line, depth)
        blocks[-1].lines.append(line)
    return blocks


def join(blocks: Sequence[Block]) -> str:
    """The text of all blocks."""
    return "".join(line for block in blocks for line in block.lines)


def _scan(line: str, state: Tuple[int, str]) -> Tuple[int, str]:
    """Open brackets and the open multi-line quote after a line, so that a value's end is known."""
    depth, quote = state
    position = 0
    while position < len(line):
        if quote:
            end = line.find(quote, position)
            if end < 0:
                return depth, quote
            position, quote = end + 3, ""
            continue
        char = line[position]
        if line.startswith(('"""', "'''"), position):
            quote = line[position:position + 3]
            position += 3
        elif char in "\"'":
            position = _string_end(line, position)
        elif char == "#":
            break
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(char, 0)
            position += 1
    return depth, quote


def _string_end(line: str, start: int) -> int:
    position = start + 1
    while position < len(line) and line[position] != line[start]:
        position += 2 if line[position] == "\\" and line[start] == '"' else 1
    return position + 1


def _key_lines(block: Block, key: str) -> Optional[Tuple[int, int]]:
    """Where a key's assignment starts and ends among a block's lines."""
    pattern = re.compile(r"""^\s*(?:%s|"%s"|'%s')\s*=""" % ((re.escape(key),) * 3))
    state: Tuple[int, str] = (0, "")
    start = None
    for index, line in enumerate(block.lines):
        if state == (0, "") and _HEADER.match(line):
            continue
        if state == (0, "") and pattern.match(line):
            start = index
        state = _scan(line, state)
        if start is not None and state == (0, ""):
            return start, index + 1
    return None


def set_key(block: Block, key: str, value: Optional[Value]) -> None:
    """Give a key a value, or with None take it out. An end-of-line comment of a changed line goes along."""
    found = _key_lines(block, key)
    new = [] if value is None else ["%s = %s\n" % (render_key(key), render(value))]
    if found:
        block.lines[found[0]:found[1]] = new
        return
    end = len(block.lines)
    while end and not block.lines[end - 1].strip():
        end -= 1
    if new and end and not block.lines[end - 1].endswith("\n"):
        block.lines[end - 1] += "\n"
    block.lines[end:end] = new


def render_key(key: str) -> str:
    """A key, quoted when it is no bare one."""
    return key if re.match(r"^[A-Za-z0-9_-]+$", key) else render(key)


def render(value: Value) -> str:
    """A TOML value: a basic string, a boolean or an array of strings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"%s"' % "".join(c if c.isprintable() else "\\U%08x" % ord(c) for c in escaped)
    return "[%s]" % ", ".join(render(item) for item in value)


def new_block(name: str, *, array: bool = False) -> Block:
    """A block with its header, to be appended after a blank line."""
    return Block(name, array, ["\n", "[[%s]]\n" % name if array else "[%s]\n" % name])
