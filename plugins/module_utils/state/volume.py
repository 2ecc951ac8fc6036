# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a volume, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from ..engine.errors import Conflict
from ..engine.formats import values
from .option import LIVE, Row, defaults, desired, differences, effects, sides, spelled
from .plan import Action, Plan, presence


def _options(value: Any, option: str) -> Dict[str, str]:
    return values.pairs(value, option, bare=True)


FIELDS = (
    Row("driver", "str", "driver", default="local", canonical=values.line),
    Row("label", "dict", "labels", LIVE, {}, values.labels, {"aliases": ["labels"]}),
    Row("options", "list", "options", default={}, canonical=_options,
        settings={"elements": "str", "aliases": ["opt"]},
        spell=lambda options: ["=".join(pair) if pair[1] else pair[0] for pair in options.items()]),
)
OPTIONS = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("strict", "bool", settings={"default": False}),
    Row("recreate", "bool", settings={"default": False}),
    Row("force", "bool", settings={"default": False}),
) + FIELDS


def plan(params: Mapping[str, Any], actual: Optional[Mapping[str, Any]]) -> Plan:
    """The actions from a VolumeSpec's document (None: there is no volume) to what ``params`` ask for.

    Raises Conflict when that would take the data away and ``force`` does not allow it.
    """
    exists, wanted = actual is not None, params["state"] == "present"
    fields = desired(FIELDS, params, strict=params["strict"]) if wanted else {}
    changes: Dict[str, Any] = dict(presence(params["name"], exists, wanted))
    document = dict(defaults(FIELDS), **dict(actual or {}, **fields))
    document["name"] = params["name"]
    if not wanted or actual is None:
        before, after = sides(FIELDS, changes)
        return Plan((Action("create" if wanted else "remove"),) if changes else (), before,
                    dict(after, **spelled(FIELDS, fields)), document)
    changes.update(differences(fields, actual, defaults(FIELDS)))
    before, after = sides(FIELDS, changes)
    fixed = sorted(spelled(FIELDS, {field: pair[1] for field, pair in changes.items()
                                    if effects(FIELDS).get(field) != LIVE}))
    if fixed and not (params["force"] or params["recreate"]):
        raise Conflict("The volume %s has other %s, which cannot be changed in place" % (
            params["name"], " and ".join(fixed)), "Set force: true to make it anew, without its data.")
    if fixed or params["recreate"]:
        return Plan((Action("replace", ", ".join(fixed)),), before, after, document)
    return Plan((Action("label"),) if changes else (), before, after, document)
