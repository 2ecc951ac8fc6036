# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a registries.conf file, and what they declare."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ..engine.errors import InvalidInput
from ..engine.formats.registriesconf import MODES, PULL_FROM
from ..engine.formats.registriesedit import Declared
from .option import Row
from .plan import Action, Plan

_MIRROR = {"location": {"type": "str", "required": True}, "insecure": {"type": "bool"},
           "pull_from_mirror": {"type": "str", "choices": list(PULL_FROM)}}
_REGISTRY = {
    "prefix": {"type": "str"}, "location": {"type": "str"}, "insecure": {"type": "bool"}, "blocked": {"type": "bool"},
    "mirror_by_digest_only": {"type": "bool"}, "mirrors": {"type": "list", "elements": "dict", "options": _MIRROR},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"}}

OPTIONS = (
    Row("path", "path"),
    Row("drop_in"),
    Row("state", settings={"choices": ["absent", "exact", "present"], "default": "present"}),
    Row("unqualified_search_registries", "list", settings={"elements": "str", "aliases": ["search"]}),
    Row("short_name_mode", settings={"choices": list(MODES)}),
    Row("registries", "list", settings={"elements": "dict", "options": _REGISTRY}),
    Row("aliases", "dict"),
    Row("purge", "bool", settings={"default": False}),
    Row("backup", "bool", settings={"default": False}),
)
CONSTRAINTS: Mapping[str, Any] = {}


def path(params: Mapping[str, Any], main: str) -> str:
    """The file that is meant; ``main`` is the one without any option.

    Raises InvalidInput for a drop-in's name that is no plain file name.
    """
    name = params["drop_in"]
    if not name:
        return str(params["path"] or main)
    if "/" in name or name.startswith(".") or not name.isprintable():
        raise InvalidInput("drop_in %r is no file name" % name, "Give a name without a directory, such as 50-mirror.")
    return "%s.d/%s" % (main, name if name.endswith(".conf") else name + ".conf")


def declared(params: Mapping[str, Any]) -> Optional[Declared]:
    """What the file is to say; None when it is to be gone. Raises InvalidInput for a registry without a name."""
    if params["state"] == "absent":
        return None
    for row in params["registries"] or ():
        if not row.get("prefix") and not row.get("location"):
            raise InvalidInput("A registry has neither prefix nor location", "Say which registry it is about.")
    search, registries, aliases = (params[name] for name in ("unqualified_search_registries", "registries", "aliases"))
    exact = params["state"] == "exact"
    if exact:
        registries, aliases = registries or [], aliases or {}
    return Declared(
        None if search is None else tuple(search), params["short_name_mode"], registries,
        None if aliases is None else {str(name): str(value or "") for name, value in aliases.items()},
        exact or params["purge"], exact)


def plan(file: str, before: Optional[str], after: Optional[str]) -> Plan:
    """What to do about a file that says ``before`` and is to say ``after``; None is no file."""
    if before == after:
        return Plan()
    verb = "remove" if after is None else "write"
    return Plan((Action(verb, file),), files={file: (before, after)})
