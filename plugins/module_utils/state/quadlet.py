# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of quadlet files, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .option import Row
from .plan import Action, Plan

OPTIONS = (
    Row("name", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("content"), Row("src", "path"), Row("options", "dict"),
)
CONSTRAINTS: Mapping[str, Any] = {
    "mutually_exclusive": [("content", "src", "options")],
    "required_if": [("state", "present", ("content", "src", "options"), True)]}


def plan(path: str, wanted: Optional[str], there: Optional[str], *, runs: bool, stale: bool,
         heard: bool = True) -> Plan:
    """From a file's text to the wanted one (None: no file). ``runs`` and ``stale`` are the service's.

    ``heard`` says whether there is a systemd that can read the files again; if not, it will when it starts.
    """
    reload = (Action("reload"),) if heard else ()
    if wanted is None:
        if there is None:
            return Plan()
        actions = (Action("stop"),) if runs else ()
        return Plan((*actions, Action("remove"), *reload), files={path: (there, None)})
    if wanted == there:
        return Plan(reload) if stale else Plan()
    return Plan((Action("write"), *reload), files={path: (there, wanted)})
