# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plans for a user's ranges, as a table."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Conflict, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.subid import File, Limits, Range, Seen
from ansible_collections.pycontainer.engine.plugins.module_utils.state import subid

FULL = "100000:65536"
NEXT = "165536:65536"


def seen(uid: str, gid: str, **given: Any) -> Seen:
    """A host with these files; 'alice:100000:65536 bob:...' are lines."""
    accounts = given.pop("accounts", ((0, "root"), (1000, "alice")))
    limits = given.pop("limits", Limits())
    files = {kind: File("".join(line + "\n" for line in text.split()), limits, accounts)
             for kind, text in (("uid", uid), ("gid", gid))}
    return Seen(("alice", "1000"), files, **given)


def params(**given: Any) -> dict:
    return dict({"user": "alice", "state": "present", "count": None, "start": None}, **given)


def a(*ranges: str) -> str:
    return " ".join("alice:" + text for text in ranges)


B = "bob:100000:65536"
PLANS = [
    # given, subuid, subgid, subuid afterwards, subgid afterwards
    ({}, "", "", a(FULL), a(FULL)),
    ({}, B, B, B + " " + a(NEXT), B + " " + a(NEXT)),
    ({}, B, "", B + " " + a(NEXT), a(NEXT)),
    ({}, a(FULL), "", a(FULL), a(FULL)),
    ({}, a(FULL), B, a(FULL), B + " " + a(NEXT)),
    ({}, a(FULL), a(FULL), a(FULL), a(FULL)),
    ({}, "1000:" + FULL, a(FULL), "1000:" + FULL, a(FULL)),
    ({"count": 10}, a(FULL), a(FULL), a(FULL), a(FULL)),
    ({"count": 70000}, a(FULL), a(FULL), a(FULL, "165536:4464"), a(FULL, "165536:4464")),
    ({"start": 200000}, a(FULL), a(FULL), a("200000:65536"), a("200000:65536")),
    ({"start": 100000, "count": 131072}, a(FULL), a(FULL), a("100000:131072"), a("100000:131072")),
    ({"start": 100000}, "1000:" + FULL, a(FULL), "1000:" + FULL, a(FULL)),
    ({"state": "absent"}, a(FULL) + " " + B.replace("100000", "200000"), "", "bob:200000:65536", ""),
    ({"state": "absent"}, "", "", "", ""),
]


@pytest.mark.parametrize("given, uid, gid, uid_after, gid_after", PLANS, ids=str)
def test_plan(given: dict, uid: str, gid: str, uid_after: str, gid_after: str) -> None:
    before = seen(uid, gid)
    plan = subid.plan(params(**given), before)
    after = {kind: plan.document.get(kind, file.text) for kind, file in before.files.items()}
    assert after == {kind: file.text for kind, file in seen(uid_after, gid_after).files.items()}
    assert plan.changed == (after != {kind: file.text for kind, file in before.files.items()})
    again = subid.plan(params(**given), before._replace(
        files={kind: file._replace(text=after[kind]) for kind, file in before.files.items()}))
    assert not again.changed


REFUSED = [
    (params(start=120000), seen(B, ""), Conflict, "bob"),
    (params(start=120000), seen("", B), Conflict, "subgid.*bob"),
    (params(), seen(a(FULL) + " " + B, a(FULL)), Conflict, "bob"),
    (params(start=1), seen("", ""), Conflict, "1000.*alice"),
    (params(start=4294967290), seen("", ""), InvalidInput, "4294967290"),
    (params(start=0), seen("", ""), InvalidInput, "start"), (params(count=0), seen("", ""), InvalidInput, "count"),
    (params(), seen("", "", limits=Limits(100000, 165534)), Conflict, "no 65536 free"),
    (params(), seen("", "", source="sss", reported={"uid": (), "gid": ()}), Conflict, "sss.*none"),
    (params(start=5), seen("", "", source="sss", reported={
        kind: (Range("alice", 100000, 65536),) for kind in ("uid", "gid")}), Conflict, "sss.*100000:65536"),
]


@pytest.mark.parametrize("given, host, error, match", REFUSED, ids=str)
def test_refused(given: dict, host: Seen, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        subid.plan(given, host)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_ranges_from_elsewhere_are_left_alone(state: str) -> None:
    reported = {kind: (Range("alice", 500000, 65536),) for kind in ("uid", "gid")}
    assert not subid.plan(params(state=state), seen(a(FULL), "", source="sss", reported=reported)).changed


def test_accounts_are_not_allocated() -> None:
    host = seen("", "", accounts=((0, "root"), (100010, "directory-user")))
    assert subid.plan(params(), host).files["/etc/subuid"] == ("", "alice:100011:65536\n")
