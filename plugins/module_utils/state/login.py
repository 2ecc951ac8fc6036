# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a login, and the plan that leads to what was asked for. A password never stands in a plan."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from ..engine.errors import InvalidInput
from .option import Row
from .plan import HIDDEN, Action, Plan

OPTIONS = (
    Row("registry", settings={"required": True}),
    Row("state", settings={"choices": ["absent", "present"], "default": "present"}),
    Row("username"), Row("password", settings={"no_log": True}),
    Row("authfile", "path", settings={"aliases": ["auth_file"]}),
    Row("tls_verify", "bool", settings={"aliases": ["validate_certs", "tlsverify"]}),
    Row("ca_cert_dir", "path", settings={"aliases": ["certdir"]}),
    Row("force", "bool", settings={"default": False}),
)
CONSTRAINTS = {"required_if": [("state", "present", ("username", "password"))]}


def plan(params: Mapping[str, Any], actual: Optional[Tuple[str, str]]) -> Plan:
    """What to do, by the (user name, password) that the file has for the registry, None for none."""
    if params["state"] == "absent":
        if actual is None:
            return Plan()
        return Plan((Action("logout", params["registry"]),), {"username": actual[0]}, {"username": ""})
    wanted = (params["username"], params["password"])
    if not all(wanted):
        raise InvalidInput("A login to %s needs a user name and a password" % params["registry"])
    if actual == wanted and not params["force"]:
        return Plan()
    before = {"username": actual[0] if actual else "", "password": HIDDEN if actual else ""}
    return Plan((Action("login", params["registry"]),), before, {"username": wanted[0], "password": "(another secret)"})
