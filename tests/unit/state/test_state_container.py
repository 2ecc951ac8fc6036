# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the container module would do, as tables: nothing here touches a host."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container as formats
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import update
from ansible_collections.pycontainer.engine.plugins.module_utils.state import container as state


def params(**given: Any) -> dict:
    """What Ansible hands to a module: every option, those that were left out with their default."""
    base = {row.name: row.settings.get("default") for row in state.OPTIONS}
    return dict(base, name="web", **given)


def stored(**given: Any) -> dict:
    """The document of a container that was made with these options."""
    wanted = state.wish(params(**given), {})
    document = state.plan(params(state="created", **given), wanted, state.Actual()).document
    return json.loads(json.dumps(formats.from_document(document).to_document()))


def plan(given: dict, document: dict | None, status: str = "running", **actual: Any) -> Any:
    """The plan for options against a stored document."""
    wanted = state.wish(params(**given), {})
    return state.plan(params(**given), wanted, state.Actual(document, status if document else "absent", **actual))


BASE = {"image": "busybox", "env": {"A": "1"}, "publish": ["8080:80"], "volume": ["data:/data"], "memory": "64m"}
HEALTH = {"healthcheck", *("healthcheck_" + name for name in ("interval", "retries", "start_period", "timeout"))}
SAME_IMAGE = {"image_id": "i1", "wanted_image_id": "i1"}

CASES = [
    # options besides BASE, status, verbs, fields of the diff
    ({}, "running", (), set()),
    ({"state": "started"}, "exited", ("start",), {"state"}),
    ({"state": "started"}, "created", ("start",), {"state"}),
    ({"state": "started"}, "paused", ("unpause",), {"state"}),
    ({"state": "stopped"}, "running", ("stop",), {"state"}),
    ({"state": "stopped"}, "paused", ("stop",), {"state"}),
    ({"state": "stopped"}, "exited", (), set()),
    ({"state": "stopped"}, "created", (), set()),
    ({"state": "present"}, "exited", (), set()),
    ({"state": "created"}, "running", (), set()),
    ({"state": "absent"}, "running", ("remove",), {"state"}),
    ({"force_restart": True}, "running", ("restart",), set()),
    ({"force_restart": True}, "exited", ("start",), {"state"}),
    ({"memory": "96m"}, "running", ("update",), {"memory"}),
    ({"memory": "96m"}, "exited", ("update", "start"), {"memory", "state"}),
    ({"memory": "96m", "state": "stopped"}, "running", ("update", "stop"), {"memory", "state"}),
    ({"memory": "65536k"}, "running", (), set()),
    ({"env": {"A": "2"}}, "running", ("replace",), {"env"}),
    ({"env": {"A": "2"}, "memory": "96m"}, "running", ("replace",), {"env", "memory"}),
    ({"env": {"A": "2"}, "state": "present"}, "running", ("replace",), {"env"}),
    ({"env": {"A": "2"}, "state": "stopped"}, "running", ("replace", "stop"), {"env", "state"}),
    ({"env": {"A": "2"}}, "exited", ("replace", "start"), {"env", "state"}),
    ({"env": {"A": "2"}, "wait": True}, "running", ("replace", "wait"), {"env"}),
    ({"env_merge": {"B": "2"}}, "running", ("replace",), {"env"}),
    ({"env_merge": {"A": "1"}}, "running", (), set()),
    ({"recreate": True}, "running", ("replace",), set()),
    ({"volume": ["data:/data:ro"]}, "running", ("replace",), {"volume"}),
    ({"tmpfs": {"/t": ""}}, "running", ("replace",), {"tmpfs"}),
    ({"network": ["web"]}, "running", ("update",), {"network"}),
    ({"network": ["bridge"]}, "running", (), set()),
    ({"network": ["host"]}, "running", ("replace",), {"network"}),
    ({"restart_policy": "always"}, "running", ("update",), {"restart_policy"}),
    ({"healthcheck": "true"}, "running", ("replace",), HEALTH),
    ({"state": "healthy"}, "running", ("wait",), {"state"}),
]


@pytest.mark.parametrize("given, status, verbs, fields", CASES, ids=str)
def test_plan(given: dict, status: str, verbs: tuple, fields: set) -> None:
    found = plan(dict(BASE, **given), stored(**BASE), status, **SAME_IMAGE)
    assert found.verbs == verbs
    assert found.changed == bool(verbs)
    assert set(found.before) == set(found.after) == fields


def test_nothing_there_is_created_and_started() -> None:
    found = plan(BASE, None)
    assert found.verbs == ("create", "start")
    assert found.before == {"state": "absent"}
    assert found.after["state"] == "started" and found.after["env"] == {"A": "1"}
    assert found.after["memory"] == "64m" and found.after["publish"] == ["8080:80"] and "mounts" not in found.after
    assert plan(dict(BASE, state="present"), None).verbs == ("create",)
    assert plan(dict(BASE, state="stopped"), None).verbs == ("create",)
    assert plan(dict(BASE, state="healthy"), None).verbs == ("create", "start", "wait")
    assert plan(dict(BASE, state="absent"), None).verbs == ()


def test_no_image_to_make_it_from() -> None:
    with pytest.raises(InvalidInput, match="no image"):
        plan({"state": "started"}, None)


def test_a_left_out_option_is_not_managed() -> None:
    assert plan({}, stored(**BASE)).verbs == ()


def test_strict_takes_left_out_options_back() -> None:
    found = plan({"strict": True, "image": "busybox"}, stored(**BASE), **SAME_IMAGE)
    assert found.verbs == ("replace",)
    assert set(found.after) == {"env", "volume", "memory", "publish"}
    assert found.document == {"name": "web", "image": "busybox"}


def test_strict_with_everything_changes_nothing() -> None:
    assert plan(dict(BASE, strict=True), stored(**BASE), **SAME_IMAGE).verbs == ()


def test_recreation_keeps_what_was_not_given() -> None:
    found = plan({"env": {"A": "2"}}, stored(**BASE))
    assert found.document["publish"] == stored(**BASE)["publish"]
    assert found.document["env"] == {"A": "2"}


def test_a_live_change_names_only_its_fields() -> None:
    assert plan({"memory": "96m", "cpus": "1.5"}, stored(**BASE)).live == {"memory": 96 << 20, "cpus": 1.5}


IMAGES = [
    # image asked for, its ID here, strict names, whether it is replaced
    ("busybox", "i1", False, False), ("busybox", "i2", False, True), ("docker.io/library/busybox:latest",
                                                                      "i1", False, False),
    ("docker.io/library/busybox:latest", "i1", True, True), ("other", "i2", False, True), ("other", "", False, True),
]


@pytest.mark.parametrize("name, wanted_id, strict, replaced", IMAGES)
def test_image(name: str, wanted_id: str, strict: bool, replaced: bool) -> None:
    found = plan({"image": name, "image_strict": strict}, stored(**BASE), image_id="i1", wanted_image_id=wanted_id)
    assert found.verbs == (("replace",) if replaced else ())


def test_a_secret_with_another_value_restarts() -> None:
    assert plan({}, stored(**BASE), secrets_changed=True).verbs == ("restart",)
    assert plan({"state": "present"}, stored(**BASE), secrets_changed=True).verbs == ()


def test_env_files_and_what_overrides_them() -> None:
    given = params(env_file=["/f"], env={"B": "3"}, env_merge={"C": "4"})
    wanted = state.wish(given, {"/f": "# a comment\nA=1\nB=2\n\n"})
    found = state.plan(dict(given, image="x"), dict(wanted, image="x"), state.Actual())
    assert found.document["env"] == {"A": "1", "B": "3", "C": "4"}
    with pytest.raises(InvalidInput, match="/f"):
        state.wish(params(env_file=["/f"]), {"/f": "HOME\n"})


def test_the_table_has_the_defaults_of_the_engine() -> None:
    for row in state.FIELDS:
        assert row.default == json.loads(json.dumps(formats.DEFAULTS[row.field])), row.name


def test_every_field_is_an_option_or_refused_by_ansible() -> None:
    fields = {row.field for row in state.FIELDS + state.COMPOSED} | {"name"}
    assert set(formats.DEFAULTS) - fields == {"runtime", "infra"}


def test_what_the_table_calls_live_the_engine_changes_live() -> None:
    live = {row.field for row in state.FIELDS if row.effect == "live"}
    assert live == update.LIVE - {"name"}
