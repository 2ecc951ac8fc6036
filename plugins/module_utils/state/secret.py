# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a secret, and the plan that leads to what was asked for. A value never stands in a plan."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from ..engine.errors import InvalidInput
from ..engine.formats import values
from .option import Row
from .plan import HIDDEN, Action, Plan, presence

OPTIONS = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("data", settings={"no_log": True}), Row("path", "path"), Row("env"),
    Row("labels", "dict", settings={"aliases": ["label"]}),
    Row("force", "bool", settings={"default": False}),
    Row("skip_existing", "bool", settings={"default": False}),
    Row("restart_consumers", "bool", settings={"default": False}),
)
CONSTRAINTS = {"mutually_exclusive": [("data", "path", "env")]}


def plan(params: Mapping[str, Any], labels: Optional[Mapping[str, str]], same: Optional[bool],
         stale: int) -> Plan:
    """What to do about a secret.

    ``labels`` are the secret's (None: there is none), ``same`` whether it has the value that was given
    (None: none was given), ``stale`` how many running containers were started with an older value.
    """
    exists, wanted = labels is not None, params["state"] == "present"
    changes = presence(params["name"], exists, wanted)
    before: Dict[str, Any] = {key: pair[0] for key, pair in changes.items()}
    after: Dict[str, Any] = {key: pair[1] for key, pair in changes.items()}
    if not wanted or labels is None:
        if wanted and same is None:
            raise InvalidInput("There is no secret %s, and no value to make it from" % params["name"],
                               "Set data, path or env.")
        given = {"labels": values.labels(params["labels"])}
        shown = given if changes and wanted and given["labels"] else {}
        return Plan((Action("create" if wanted else "remove"),) if changes else (), before, dict(after, **shown), given)
    if params["skip_existing"]:
        return Plan()
    actions = []
    new_labels = values.labels(params["labels"]) if params["labels"] is not None else dict(labels)
    if same is False or (params["force"] and same is not None):
        actions.append(Action("change"))
        before["data"], after["data"] = HIDDEN, "(another secret)"
    elif new_labels != labels:
        actions.append(Action("change", "labels"))
    if new_labels != labels:
        before["labels"], after["labels"] = dict(labels), new_labels
    if params["restart_consumers"] and (stale or "data" in after):
        actions.append(Action("restart", "consumers"))
    return Plan(tuple(actions), before, after, {"labels": new_labels})
