# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done for a quadlet file: nothing without need, and no reload that nobody hears."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.state import quadlet


@pytest.mark.parametrize(("wanted", "there", "how", "verbs"), [
    ("new", None, {}, ("write", "reload")), ("new", "old", {}, ("write", "reload")), ("new", "new", {}, ()),
    ("new", "new", {"stale": True}, ("reload",)), (None, "old", {"runs": True}, ("stop", "remove", "reload")),
    (None, None, {}, ()), (None, "old", {}, ("remove", "reload")),
    ("new", None, {"heard": False}, ("write",)), (None, "old", {"heard": False}, ("remove",)),
])
def test_what_is_done(wanted: str | None, there: str | None, how: dict[str, bool], verbs: tuple[str, ...]) -> None:
    plan = quadlet.plan("/f", wanted, there, **{"runs": False, "stale": False, **how})
    assert plan.verbs == verbs and plan.changed == bool(verbs)
