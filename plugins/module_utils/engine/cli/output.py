# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables, templates and JSON, as podman prints them."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence, Tuple

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

    text = format.replace("\\t", "\t").replace("\\n", "\n")
    is_table = text.startswith("table ")
    template = gotemplate.parse(text[6:] if is_table else text)
    lines = [gotemplate.render(template, row) for row in rows]
    if not is_table:
        return "".join(line + "\n" for line in lines)
    headers = {key: header for header, key in columns}
    head = gotemplate.render(template, {key: headers.get(key, key.upper()) for row in rows[:1] or [headers]
                                        for key in set(row) | set(headers)})
    return table([] if noheading else head.split("\t"), [line.split("\t") for line in lines])


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
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() + "\n" for row in rows)


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

    template = gotemplate.parse(format.replace("\\t", "\t").replace("\\n", "\n"))
    return "".join(gotemplate.render(template, one) + "\n" for one in found)


def short(identifier: str, full: bool) -> str:
    """An ID's first 12 digits, or with ``full`` all."""
    return identifier if full else identifier[:12]
