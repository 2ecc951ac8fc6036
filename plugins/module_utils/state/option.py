# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One frozen row per option; argument spec, comparison and plan follow from the table."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple

LIVE, RECREATE = "live", "recreate"

Canonicalise = Callable[[Any, str], Any]


class Row(NamedTuple):
    """One option of a noun.

    ``field`` is the key in the stored document, None for an option that says how to act and is not
    compared. ``canonical`` makes of the user's value what the document holds. ``default`` is what a
    document without the key means. ``effect`` says whether a difference is applied live or by
    recreation. ``settings`` are further keys of Ansible's argument spec (aliases, choices, ...). ``spell`` is the
    way back, from what the document holds to what a user would write; None takes the field's usual one.
    """

    name: str
    type: str = "str"
    field: Optional[str] = None
    effect: str = RECREATE
    default: Any = None
    canonical: Optional[Canonicalise] = None
    settings: Mapping[str, Any] = {}
    spell: Optional[Callable[[Any], Any]] = None


class Entries(NamedTuple):
    """What the dicts of an option that is a list of dicts may hold: the rows and AnsibleModule's constraints of the
    module ``noun``."""

    noun: str
    rows: Tuple[Row, ...]
    constraints: Mapping[str, Any] = {}


def argument_spec(rows: Iterable[Row]) -> Dict[str, Dict[str, Any]]:
    """Ansible's argument spec of a table."""
    return {row.name: dict(row.settings, type=row.type) for row in rows}


def blank(rows: Iterable[Row], **given: Any) -> Dict[str, Any]:
    """The params of a task that sets no more than ``given``."""
    return dict({row.name: row.settings.get("default") for row in rows}, **given)


def desired(rows: Iterable[Row], params: Mapping[str, Any], *, strict: bool = False) -> Dict[str, Any]:
    """{field: canonical value} of what the user manages.

    An option that was left out is not managed, unless ``strict``: then it goes back to its default.
    """
    result: Dict[str, Any] = {}
    for row in rows:
        if row.field is None:
            continue
        value = params.get(row.name)
        if value is not None:
            result[row.field] = row.canonical(value, row.name) if row.canonical else value
        elif strict:
            result.setdefault(row.field, row.default)
    return result


def defaults(rows: Iterable[Row]) -> Dict[str, Any]:
    """{field: default} of a table."""
    return {row.field: row.default for row in rows if row.field is not None}


def effects(rows: Iterable[Row]) -> Dict[str, str]:
    """{field: live or recreate} of a table."""
    return {row.field: row.effect for row in rows if row.field is not None}


def differences(wanted: Mapping[str, Any], actual: Mapping[str, Any],
                standard: Mapping[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    """{field: (before, after)} of the managed fields whose canonical values differ."""
    result = {}
    for field, value in wanted.items():
        before = actual.get(field, standard.get(field))
        if before != value:
            result[field] = (before, value)
    return result


def spelled(rows: Iterable[Row], fields: Mapping[str, Any]) -> Dict[str, Any]:
    """{option: value as a user writes it} from {field: canonical value}; what no option sets keeps its name."""
    from ..engine.formats import spelling

    by_field = {row.field: row for row in reversed(tuple(rows)) if row.field is not None}
    result = {}
    for field, value in fields.items():
        row = by_field.get(field)
        spell = row.spell if row is not None else None
        result[row.name if row is not None else field] = spell(value) if spell else spelling.value(field, value)
    return result


def sides(rows: Iterable[Row], changes: Mapping[str, Tuple[Any, Any]]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The two sides of a diff as users write them, from {field: (before, after)}."""
    rows = tuple(rows)
    return (spelled(rows, {field: pair[0] for field, pair in changes.items()}),
            spelled(rows, {field: pair[1] for field, pair in changes.items()}))
