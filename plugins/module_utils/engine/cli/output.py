# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables, templates and JSON, as podman prints them."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, List, Optional, Sequence, TextIO, Tuple

from ..errors import EngineError

Column = Tuple[str, str]
Rows = Sequence[Dict[str, Any]]


def render(rows: Rows, columns: Sequence[Column], *, format: Optional[str] = None, quiet_key: str = "",
           noheading: bool = False) -> str:
    """The text for a list. ``columns`` are (header, key); ``quiet_key`` prints only that key of each row.

    ``format`` is 'json', 'table {{...}}', a Go template for each row, or None for the columns.
    """
    if quiet_key:
        return "".join("%s\n" % row[quiet_key] for row in rows)
    if is_json(format):
        return to_json(list(rows))
    if format and format != "table":
        return _templates(rows, columns, format, noheading)
    cells = [[str(row.get(key, "")) for _header, key in columns] for row in rows]
    return table([] if noheading else [header for header, _key in columns], cells)


def _templates(rows: Rows, columns: Sequence[Column], format: str, noheading: bool) -> str:
    from ..formats import gotemplate

    text = _escaped(format)
    is_table = text.startswith("table ")
    if text.startswith("{{range"):
        # A template that goes through the rows itself
        return gotemplate.render(gotemplate.parse(text), list(rows)).rstrip("\n") + "\n"
    template = gotemplate.parse(_in_columns(text[6:]) if is_table else text)
    lines = [gotemplate.render(template, row) for row in rows]
    if not is_table:
        return "".join(line + "\n" for line in lines)
    headers = {key: header for header, key in columns}
    head = gotemplate.render(template, {key: headers.get(key, key.upper()) for row in rows[:1] or [headers]
                                        for key in set(row) | set(headers)})
    return table([] if noheading else head.split("\t"), [line.split("\t") for line in lines])


def _escaped(format: str) -> str:
    """A template with the blanks that people write as \\t and \\n, as podman reads them."""
    return format.replace("\\t", "\t").replace("\\n", "\n")


def _in_columns(text: str) -> str:
    """In a table a blank between actions begins a column, as a tab does; inside of an action it does not."""
    pieces = re.split(r"(\{\{.*?\}\})", text.strip(), flags=re.DOTALL)
    return "".join(piece if number % 2 else re.sub(r"[ \t]+", "\t", piece) for number, piece in enumerate(pieces))


def table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two blanks apart."""
    rows = ([list(head)] if head else []) + [list(row) for row in cells]
    widths: List[int] = []
    for row in rows:
        for number, cell in enumerate(row):
            if number == len(widths):
                widths.append(0)
            # podman's columns are at least ten wide and padded by two
            widths[number] = max(widths[number], len(cell), 10)
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(" ") + "\n"
                   for row in rows)


def is_json(format: Optional[str]) -> bool:
    """Whether a format means the whole list as JSON: 'json', and for podman's lists '{{json .}}' too."""
    return bool(format) and "".join(str(format).split()) in ("json", "{{json.}}", "{{json}}")


def to_json(document: Any) -> str:
    """Indented by four blanks, as podman inspect prints it."""
    return json.dumps(document, indent=4, ensure_ascii=False) + "\n"


def documents(found: Sequence[Any], format: Optional[str]) -> str:
    """What an inspect prints: a JSON list, or a template for each."""
    if not format or format == "json":
        return to_json(list(found))
    from ..formats import gotemplate

    text = _escaped(format)
    template = gotemplate.parse(text[6:] if text.startswith("table ") else text)
    return "".join(gotemplate.render(template, one) + "\n" for one in found)


def inspect_each(names: Sequence[str], inspect: Callable[[str], Any], format: Optional[str],
                 *, out: TextIO, err: TextIO) -> int:
    """Print what is known of each name, and then what went wrong; 125 when something did, as podman does."""
    found, errors = [], []
    for name in names:
        try:
            found.append(inspect(name))
        except EngineError as exc:
            errors.append(exc)
    out.write(documents(found, format))
    err.write("".join("Error: %s\n" % exc for exc in errors))
    return 125 if errors else 0


def short(identifier: str, full: bool) -> str:
    """An ID's first 12 digits, or with ``full`` all."""
    return identifier if full else identifier[:12]
