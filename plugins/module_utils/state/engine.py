# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of an installed engine, and the plan that leads to what was asked for."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..engine.errors import Conflict
from .option import Row
from .plan import Action, Plan

OPTIONS = (
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("directory", "path", settings={"default": "/usr/local/lib/pycontainer"}),
    Row("command", "path", settings={"default": "/usr/local/bin/pycontainer"}),
    Row("completion", "bool", settings={"default": True}),
    Row("docker", "bool", settings={"default": False}),
    Row("quadlet", "bool", settings={"default": True}),
    Row("nftables", "bool", settings={"default": True}),
)
CONSTRAINTS: Mapping[str, Any] = {}
# What systemd is to find, by the option that asks for it; %s is the command's name.
SYSTEMD = {
    "quadlet": {"generator": "/usr/local/lib/systemd/system-generators/%s",
                "user_generator": "/usr/local/lib/systemd/user-generators/%s"},
    "nftables": {"reload_unit": "/usr/local/lib/systemd/system/%s-network-reload.service",
                 "nftables_drop_in": "/usr/local/lib/systemd/system/nftables.service.d/%s.conf"}}
COMPLETION = "/usr/local/share/bash-completion/completions/"


def places(params: Mapping[str, Any]) -> Dict[str, str]:
    """The paths of what is installed besides the copy, by what they are."""
    name = os.path.basename(params["command"])
    return {"command": params["command"], "completion": COMPLETION + name,
            "docker": os.path.join(os.path.dirname(params["command"]), "docker"),
            **{what: path % name for rows in SYSTEMD.values() for what, path in rows.items()}}


def wanted(params: Mapping[str, Any], texts: Mapping[str, str]) -> Dict[str, Optional[str]]:
    """What each place is to hold: its text of ``texts``, a link as '-> TARGET', None for nothing."""
    nothing: Dict[str, Optional[str]] = dict.fromkeys(places(params))
    if params["state"] == "absent":
        return nothing
    options = {"completion": ("completion",), **SYSTEMD}
    return dict(nothing, command=texts["command"],
                docker="-> " + os.path.basename(params["command"]) if params["docker"] else None,
                **{what: texts[what] for option, rows in options.items() if params[option] for what in rows})


def plan(params: Mapping[str, Any], want: Mapping[str, Optional[str]], have: Mapping[str, Optional[str]], mark: str,
         copy: str, whole: bool) -> Plan:
    """What to do; ``document`` has the new contents by path.

    ``mark`` is in every program of ours. ``whole``: the copy at the path ``copy`` is there.
    Raises Conflict when a place holds something else.
    """
    actions: List[Action] = []
    files: Dict[str, Tuple[Optional[str], Optional[str]]] = {}
    document: Dict[str, Optional[str]] = {}
    present = params["state"] == "present"
    if present and not whole:
        actions.append(Action("copy", copy))
    for what, path in places(params).items():
        ours = _is_ours(what, have[what], params, mark)
        if want[what] == have[what] or (want[what] is None and not ours):
            continue
        if have[what] is not None and not ours:
            raise Conflict("%s is there, and it is not this engine's" % path,
                           "Move it away, or choose another place or option.")
        actions.append(Action("remove" if want[what] is None else "write", path))
        files[path] = _shown(have[what]), _shown(want[what])
        document[path] = want[what]
    new = present and not whole
    return Plan(tuple(actions), {"copy": None} if new else {}, {"copy": copy} if new else {}, document, files=files)


def _shown(text: Optional[str]) -> Optional[str]:
    """A link and a short text as they are, of a long one its digest: nobody reads 20 KB of completion in a diff."""
    if text is None or len(text) < 4096:
        return text if text is None or text.endswith("\n") else text + "\n"
    return "%d characters, sha256:%s\n" % (len(text), hashlib.sha256(text.encode()).hexdigest()[:12])


def _is_ours(what: str, text: Optional[str], params: Mapping[str, Any], mark: str) -> bool:
    if text is None:
        return False
    if what == "docker":
        return bool(text == "-> " + os.path.basename(params["command"]))
    return text.startswith("# Completion of pycontainer") if what == "completion" else mark in text
