# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plans for lingering, as a table; and hosts that cannot. Booted hosts are asked by tests/system."""

from __future__ import annotations

import os

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import NotFound, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import linger as service
from ansible_collections.pycontainer.engine.plugins.module_utils.state import linger

LINGERS, SYSTEMD, BUS = ({"state": "absent"}, {"state": "present"}), "systemd of the user", "message bus of the user"
PLANS = [
    # present, lingers, manager, bus, verbs, before and after
    (True, False, False, False, ("enable",), LINGERS), (True, False, True, True, ("enable",), LINGERS),
    (True, False, True, False, ("enable", "start bus"), (
        {"state": "absent", BUS: "stopped"}, {"state": "present", BUS: "started"})),
    (True, True, False, False, ("start",), ({SYSTEMD: "stopped"}, {SYSTEMD: "started"})),
    (True, True, True, False, ("start bus",), ({BUS: "stopped"}, {BUS: "started"})),
    (True, True, True, True, (), ({}, {})), (False, True, True, True, ("disable",), LINGERS[::-1]),
    (False, False, True, True, (), ({}, {})), (False, False, False, False, (), ({}, {})),
]


@pytest.mark.parametrize("present, lingers, manager, bus, verbs, diff", PLANS)
def test_plan(present: bool, lingers: bool, manager: bool, bus: bool, verbs: tuple, diff: tuple) -> None:
    plan = linger.plan(present, lingers=lingers, manager=manager, bus=bus)
    assert plan.verbs == verbs and (plan.before, plan.after) == diff


@pytest.mark.skipif(os.path.isdir("/run/systemd/system"), reason="this host was booted by systemd")
def test_a_host_without_systemd() -> None:
    with pytest.raises(Unsupported, match="not booted by systemd"):
        service.require_logind(make_context(), bus=True)


@pytest.mark.parametrize("name", ["no-such-user", "99999999999999999999", "../../etc/passwd", ""])
def test_a_user_who_is_not_there(name: str) -> None:
    with pytest.raises(NotFound, match="no user"):
        service.observe(name, required=True)
    assert service.observe(name, required=False) == service.Seen(name, None, False, False, False)
