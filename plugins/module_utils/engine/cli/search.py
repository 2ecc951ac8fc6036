# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verb search (podman-search(1))."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ..context import Context
from ..errors import InvalidInput
from ..service import search as service
from . import options, output
from .flags import IO, Flag, Parsed, Verb

WIDTH = 44  # characters of a description that is not wanted whole
COLUMNS = (("NAME", "Name"), ("DESCRIPTION", "Description"))
MORE = (("STARS", "Stars"), ("OFFICIAL", "Official"), ("AUTOMATED", "Automated"))
ACCESS = tuple(flag for flag in options.PULL if flag.long in ("authfile", "tls-verify", "cert-dir", "creds"))


def search(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Look for images, or for the tags of one, in registries."""
    term, limit = parsed.arguments[0], parsed.get("limit", service.LIMIT)
    if limit < 1:
        raise InvalidInput("The limit is %d" % limit, "Use a number from 1 on.")
    access = options.access(options.pull_keywords(parsed))
    if parsed.get("list-tags"):
        if parsed.get("filter"):
            raise InvalidInput("A list of tags cannot be filtered", "Leave --filter or --list-tags out.")
        name, tags = service.tags(ctx, term, limit=limit, access=access)
        rows: List[Dict[str, Any]] = [{"Name": name, "Tag": tag} for tag in tags]
        if output.is_json(parsed.get("format")):
            rows = [{"Name": name, "Tags": tags}]
        return _print(rows, (("NAME", "Name"), ("TAG", "Tag")), parsed, io)
    filters = service.parse_filters(parsed.get("filter") or [])
    rows = service.search(ctx, term, limit=limit, filters=filters, access=access)
    if not parsed.get("no-trunc") and not output.is_json(parsed.get("format")):
        for row in rows:
            row["Description"] = _short(row["Description"])
    return _print(rows, COLUMNS + MORE if parsed.get("compatible") else COLUMNS, parsed, io)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else text[:WIDTH] + "..."


def _print(rows: List[Dict[str, Any]], columns: Tuple[Tuple[str, str], ...], parsed: Parsed, io: IO) -> int:
    io.out.write(output.render(rows, columns, format=parsed.get("format"), noheading=bool(parsed.get("noheading"))))
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("search", "[REGISTRY/]TERM", "Look for images in a registry", ACCESS + (
        Flag("format", help="json, or a Go template"),
        Flag("limit", kind="int", help="so many of each registry at most"),
        Flag("filter", "f", "slice", "stars=NUMBER, is-official or is-automated"),
        Flag("list-tags", kind="bool", help="the tags of one repository"),
        Flag("no-trunc", kind="bool", help="whole descriptions"), Flag("noheading", kind="bool", help="no head"),
        Flag("compatible", kind="bool", help="stars, and what is official and automated, too")),
        search, (1, 1), reads_only=True),
)
