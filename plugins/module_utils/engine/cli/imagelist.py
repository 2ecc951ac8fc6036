# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verb images: rows, filters, order."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..context import Context
from ..errors import Ambiguous, InvalidInput, NotFound
from ..service import images
from . import output
from .flags import FALSE, IO, TRUE, Flag, Parsed, Verb

COLUMNS = (("REPOSITORY", "Repository"), ("TAG", "Tag"), ("IMAGE ID", "ID"), ("CREATED", "Created"), ("SIZE", "Size"))
NO_NAME = "<none>:<none>"

# podman-images(1), --sort: what a row and its record are ordered by
_SORTED_BY: Dict[str, Callable[[Dict[str, Any], Any], Any]] = {
    "created": lambda row, record: -seconds(record.created), "id": lambda row, record: record.id,
    "repository": lambda row, record: (row["Repository"], row["Tag"]), "size": lambda row, record: record.size,
    "tag": lambda row, record: (row["Tag"], row["Repository"])}


def seconds(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time; 0 for what is none."""
    import calendar

    try:
        return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return 0.0


def stamp(text: str) -> str:
    """An RFC 3339 time as Go prints one: '2026-01-02 03:04:05 +0000 UTC'; '' for what is none."""
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(seconds(text))) if seconds(text) else ""


def listing(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List images, a row for each name."""
    key = parsed.get("sort", "created")
    if key not in _SORTED_BY:
        raise InvalidInput("--sort %s is not there" % key, "Use one of: %s." % ", ".join(sorted(_SORTED_BY)))
    fits = _fits(ctx, parsed.get("filter", ())) + [_named(ctx, word) for word in parsed.arguments]
    found = []
    for record in images.all(ctx):
        for name in record.names or _untagged(record):
            if all(fit(record, name) for fit in fits):
                row = _row(record, name, bool(parsed.get("no-trunc")))
                found.append((_template_row(ctx, record, row) if parsed.get("format") else row, record))
    found.sort(key=lambda pair: _SORTED_BY[key](*pair))
    if parsed.get("quiet"):
        io.out.write("".join(one + "\n" for one in dict.fromkeys(row["ID"] for row, _record in found)))
        return 0
    if output.is_json(parsed.get("format")):
        io.out.write(output.to_json([_json_row(ctx, one) for one in {record.id: record for _row, record in found}
                                     .values()]))
        return 0
    columns = COLUMNS[:2] + (("DIGEST", "Digest"),) + COLUMNS[2:] if parsed.get("digests") else COLUMNS
    io.out.write(output.render([row for row, _record in found], columns, format=parsed.get("format"),
                               noheading=bool(parsed.get("noheading"))))
    return 0


def _untagged(record: Any) -> List[str]:
    """What stands in the table for an image without a tag: its repositories, when it was pulled by digest."""
    return list(dict.fromkeys(name.partition("@")[0] + ":<none>" for name in record.digest_names)) or [NO_NAME]


def _row(record: Any, name: str, full: bool) -> Dict[str, Any]:
    from ..formats import humanize

    when = seconds(record.created)
    ago = humanize.ago(time.time() - when) if when else "N/A"
    repository, _colon, tag = name.rpartition(":")
    return {"ID": "sha256:" + record.id if full else output.short(record.id, False), "Id": record.id,
            "Digest": record.manifest_digest, "Size": humanize.size(record.size), "Labels": record.labels,
            "Created": ago, "CreatedAt": stamp(record.created), "CreatedSince": ago, "Repository": repository,
            "Tag": tag}


def _template_row(ctx: Context, record: Any, row: Dict[str, Any]) -> Dict[str, Any]:
    """The fields for templates: podman's JSON, but in words where its templates have words."""
    fields = dict(_json_row(ctx, record), Dangling=row["Repository"] == "<none>", ReadOnly=False,
                  CreatedTime=row["CreatedAt"], History=", ".join(record.all_names))
    return dict(fields, **row)


def _json_row(ctx: Context, record: Any) -> Dict[str, Any]:
    return {"Id": record.id, "ParentId": "", "RepoTags": list(record.names) or None,
            "RepoDigests": list(record.repo_digests),
            "Size": record.size, "SharedSize": 0, "VirtualSize": record.size, "Labels": record.labels or None,
            "Containers": len(images.users(ctx, record)), "Names": list(record.all_names),
            "Digest": record.manifest_digest, "History": list(record.all_names),
            "Created": int(seconds(record.created)), "CreatedAt": record.created}


# filters: each takes what stands behind '=', and gives what tells whether an image, and one name of it, fits

Fit = Callable[[Any, str], bool]


def _fits(ctx: Context, texts: Sequence[str]) -> List[Fit]:
    """The tests that all have to be met: those of one key are alternatives, but for label's."""
    alternatives: Dict[str, List[Fit]] = {}
    for number, text in enumerate(texts):
        key, equals, value = text.partition("=")
        if key not in _FILTERS or not equals:
            raise InvalidInput("There is no filter %r for images" % text,
                               "Use KEY=VALUE with one of %s." % ", ".join(sorted(_FILTERS)))
        alternatives.setdefault("%s%s" % (key, number if key.startswith("label") else ""), []).append(
            _FILTERS[key](ctx, value))
    return [_any(tests) for tests in alternatives.values()]


def _any(tests: Sequence[Fit]) -> Fit:
    return lambda record, name: any(test(record, name) for test in tests)


def _label(ctx: Context, value: str) -> Fit:
    name, equals, content = value.partition("=")
    return lambda record, _name: name in record.labels and (not equals or record.labels[name] == content)


def _no_label(ctx: Context, value: str) -> Fit:
    has = _label(ctx, value)
    return lambda record, name: not has(record, name)


def _reference(ctx: Context, value: str) -> Fit:
    import fnmatch

    def fits(_record: Any, name: str) -> bool:
        repository = name.rpartition(":")[0]
        parts = repository.split("/")
        # 'busybox', 'library/busybox' and 'docker.io/library/busybox' all mean it, with or without a tag.
        forms = ["/".join(parts[number:]) for number in range(len(parts))]
        forms += ["%s:%s" % (form, name.rpartition(":")[2]) for form in forms]
        return name != NO_NAME and any(fnmatch.fnmatchcase(form, value) for form in forms)
    return fits


def _named(ctx: Context, value: str) -> Fit:
    """The word behind images: a reference, or an ID."""
    reference = _reference(ctx, value)
    try:
        wanted = images.lookup(ctx, value)
        spoken = images.spoken_name(ctx, wanted, value)
    except (NotFound, InvalidInput, Ambiguous):
        return reference
    return lambda record, name: reference(record, name) or (record.id == wanted.id and spoken in (None, name))


def _created(later: bool) -> Callable[[Context, str], Fit]:
    def make(ctx: Context, value: str) -> Fit:
        other = seconds(images.lookup(ctx, value).created)
        return lambda record, _name: seconds(record.created) > other if later else seconds(record.created) < other
    return make


def _until(ctx: Context, value: str) -> Fit:
    from ..service import logs

    limit = logs.moment(value)
    return lambda record, _name: seconds(record.created) <= limit


def _truth(of: Callable[[Context, Any, str], bool]) -> Callable[[Context, str], Fit]:
    def make(ctx: Context, value: str) -> Fit:
        if value.lower() not in TRUE + FALSE:
            raise InvalidInput("The filter's value %r is neither true nor false" % value)
        return lambda record, name: of(ctx, record, name) is (value.lower() in TRUE)
    return make


_FILTERS: Dict[str, Callable[[Context, str], Fit]] = {
    "label": _label, "label!": _no_label, "reference": _reference, "before": _created(False), "since": _created(True),
    "after": _created(True), "until": _until,
    "id": lambda ctx, value: lambda record, _name: record.id.startswith(value.replace("sha256:", "")),
    "digest": lambda ctx, value: lambda record, _name: value in (
        record.manifest_digest, *(one.rpartition("@")[2] for one in record.digests)),
    "dangling": _truth(lambda _ctx, _record, name: name == NO_NAME),
    "containers": _truth(lambda ctx, record, _name: bool(images.users(ctx, record))),
    # Every image here is a whole one, and none lies in a store that cannot be written to.
    "intermediate": _truth(lambda _ctx, _record, _name: False), "readonly": _truth(lambda _ctx, _record, _name: False)}

VERBS: Tuple[Verb, ...] = (
    Verb("images", "[IMAGE]", "List images", (
        Flag("all", "a", "bool", "there are no others"), Flag("quiet", "q", "bool", "only IDs"),
        Flag("format", help="json, or a Go template"), Flag("no-trunc", kind="bool", help="whole IDs"),
        Flag("digests", kind="bool", help="print digests"), Flag("filter", "f", "slice", "KEY=VALUE"),
        Flag("noheading", "n", "bool", "no head"), Flag("sort", help="created, id, repository, size or tag"),
        Flag("history", kind="bool", refused="former names are not kept")),
        listing, (0, 1), reads_only=True),
)
