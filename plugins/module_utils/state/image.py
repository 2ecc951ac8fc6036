# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of an image, and the plan that leads to what was asked for."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..engine.errors import NotFound
from .option import Row
from .plan import Action, Plan

OPTIONS = (
    Row("name", settings={"required": True}), Row("tag"),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("pull", "bool", settings={"default": True}),
    Row("pull_policy", settings={"choices": ["always", "missing", "never", "newer"], "default": "missing"}),
    Row("path", "path"), Row("import", "path"), Row("changes", "list", settings={"elements": "str"}),
    Row("commit_message"),
    Row("tags", "list", settings={"elements": "str"}),
    Row("push", "bool", settings={"default": False}),
    Row("push_args", "dict", settings={"options": {
        "dest": {"type": "str"}, "format": {"type": "str", "choices": ["oci", "v2s2"]}}}),
    Row("force", "bool", settings={"default": False}),
    Row("authfile", "path", settings={"aliases": ["auth_file"]}),
    Row("tls_verify", "bool", settings={"aliases": ["validate_certs", "tlsverify"]}),
    Row("username"), Row("password", settings={"no_log": True}), Row("ca_cert_dir", "path"),
    Row("platform"), Row("arch"), Row("os"), Row("variant"), Row("retry", "int"), Row("retry_delay"),
)
CONSTRAINTS = {"mutually_exclusive": [("path", "import")], "required_together": [("username", "password")],
               "required_by": {"changes": ["import"], "commit_message": ["import"]}}


class Actual(NamedTuple):
    """What there is. ``id`` '' means that there is no such image here.

    ``digests`` are those of the manifests that the image is known by. ``offered`` is the digest that the
    registry has under the name, None when it was not asked. ``tags`` are those of the wanted further
    names that mean another image or none. ``pushed`` says that the destination has this image already, and
    ``fits`` that the image is for the platform that is wanted.
    """

    id: str = ""
    digests: Tuple[str, ...] = ()
    offered: Optional[str] = None
    tags: Tuple[str, ...] = ()
    pushed: bool = False
    fits: bool = True


def full_name(params: Mapping[str, Any]) -> str:
    """The name with ``tag``, unless it has a tag or digest of its own."""
    name: str = params["name"]
    if params["tag"] and "@" not in name and ":" not in name.rpartition("/")[2]:
        return "%s:%s" % (name, params["tag"])
    return name


def tagged(name: str) -> str:
    """A name with the tag that it implies."""
    return name if "@" in name or ":" in name.rpartition("/")[2] else name + ":latest"


def asks_registry(params: Mapping[str, Any], exists: bool) -> bool:
    """Whether the plan needs the digest that the registry has under the name."""
    return (params["state"] == "present" and exists and not params["path"] and not params["import"] and params["pull"]
            and (params["force"] or params["pull_policy"] in ("always", "newer")))


def plan(params: Mapping[str, Any], actual: Actual) -> Plan:
    """The actions that lead from ``actual`` to what ``params`` ask for."""
    name = full_name(params)
    if params["state"] == "absent":
        gone = (Action("remove"),) if actual.id else ()
        return Plan(gone, {"state": "present"} if gone else {}, {"state": "absent"} if gone else {})
    actions: List[Action] = _arrival(params, actual, name)
    before: Dict[str, Any] = {}
    after: Dict[str, Any] = {}
    if actions and not actual.id:
        before["state"], after["state"] = "absent", "present"
    elif actions:
        before["image"] = "%s (%s)" % (name, (actual.digests or (actual.id,))[0])
        after["image"] = "%s (%s)" % (name, actual.offered or "from %s" % actions[0].detail)
    fresh = bool(actions)
    tags = tuple(params["tags"] or ()) if fresh else actual.tags
    for tag in tags:
        actions.append(Action("tag", tag))
    if tags:
        before["tags"], after["tags"] = [], list(tags)
    if params["push"] and (not actual.pushed or fresh):
        destination = (params["push_args"] or {}).get("dest") or name
        actions.append(Action("push", destination))
        before["push"], after["push"] = "", destination
    return Plan(tuple(actions), before, after, {"replaced": actual.id} if fresh else {})


def _arrival(params: Mapping[str, Any], actual: Actual, name: str) -> List[Action]:
    """How the image comes to the host, if it has to."""
    for option, verb in (("path", "load"), ("import", "import")):
        if params[option]:
            return [Action(verb, params[option])] if not actual.id or params["force"] else []
    if actual.id and actual.fits:
        moved = actual.offered is not None and actual.offered not in actual.digests
        return [Action("pull", name)] if moved else []
    if not params["pull"] or params["pull_policy"] == "never":
        what = name if actual.fits else "%s for the platform that is wanted" % name
        raise NotFound("There is no image %s on this host, and it is not to be pulled" % what,
                       "Set pull: true, or load it from an archive with path.")
    return [Action("pull", name)]
