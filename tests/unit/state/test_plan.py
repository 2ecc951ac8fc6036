# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What --diff shows: options as a task has them, texts as texts, and how the change comes about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container as formats
from ansible_collections.pycontainer.engine.plugins.module_utils.state import (
    container,
    image,
    quadlet,
    registries_conf,
    unit,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import blank
from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Action, Plan

WIDE: dict[str, Any] = {
    "image": "busybox", "secrets": ["key,mode=0400"], "publish": ["8000-8010:80-90", "[::1]:53:53/udp", "9000"],
    "volume": ["/srv:/srv:ro", "data:/data"], "mount": ["type=bind,source=/a,target=/b,bind-propagation=shared"],
    "tmpfs": {"/t": "size=1m,mode=1777"}, "healthcheck": "curl localhost", "healthcheck_interval": "1m30s",
    "memory": "512m", "memory_swap": "-1", "shm_size": "64m", "device": ["/dev/fuse", "/dev/kvm:/dev/k:r"],
    "ulimit": ["nofile=10:20", "core=0"], "network": ["front:ip=10.0.0.2,alias=a,alias=b", "back"],
    "device_read_bps": ["/dev/sda:1m"], "log_opt": {"max_size": "10m"}}


def planned(given: dict[str, Any], document: Any = None) -> Plan:
    params = blank(container.OPTIONS, name="web", **given)
    return container.plan(params, container.wish(params, {}), container.Actual(document, "running"))


def test_a_new_container_is_shown_as_the_task_has_it() -> None:
    after = planned(WIDE).after
    assert {option: after[option] for option in WIDE if option != "network"} == {
        **{option: value for option, value in WIDE.items() if option != "network"},
        "publish": ["8000-8010:80-90", "9000", "[::1]:53:53/udp"], "volume": ["data:/data", "/srv:/srv:ro"],
        "tmpfs": {"/t": "mode=1777,size=1m"}, "ulimit": ["core=0", "nofile=10:20"],
        "device": ["/dev/fuse", "/dev/kvm:/dev/k:r"]}
    assert after["network"] == ["front:ip=10.0.0.2,alias=a,alias=b", "back"]


def test_only_the_setting_of_a_health_check_that_differs_is_shown() -> None:
    document = json.loads(json.dumps(formats.from_document(planned(WIDE).document).to_document()))
    plan = planned(dict(WIDE, healthcheck_interval="5s"), document)
    assert plan.diffs("container web") == [{
        "before": {"healthcheck_interval": "1m30s"}, "after": {"healthcheck_interval": "5s"},
        "before_header": "container web", "after_header": "container web (replaced)"}]
    assert str(plan.actions[0]) == "replace (healthcheck_interval)"


@pytest.mark.parametrize(("given", "how"), [
    ({"memory": "1g"}, "container web (changed live)"), ({"tty": True}, "container web (replaced)"),
    ({"memory": "1g", "tty": True}, "container web (replaced)"), ({"state": "stopped"}, "container web"),
    ({"state": "absent"}, "container web (removed)")])
def test_it_says_how_a_change_comes_about(given: dict[str, Any], how: str) -> None:
    assert planned(given, {"name": "web", "image": "busybox"}).diffs("container web")[0]["after_header"] == how


@pytest.mark.parametrize("plan", [
    registries_conf.plan("/etc/f", "a\nb\n", "a\nc\n"), quadlet.plan("/etc/f", "a\nc\n", "a\nb\n", runs=False,
                                                                     stale=False),
    unit.plan({"state": "present", "enabled": None}, "/etc/f", {"/etc/f": "a\nc\n"}, {"/etc/f": unit.Seen("a\nb\n")})])
def test_files_are_texts(plan: Plan) -> None:
    assert plan.diffs("something") == [{"before": "a\nb\n", "after": "a\nc\n", "before_header": "/etc/f",
                                        "after_header": "/etc/f"}]


def test_a_file_that_is_not_there_is_said_to_be_so() -> None:
    plan = Plan((Action("write"),), {"enabled": False}, {"enabled": True}, files={"/f": (None, "a\n")})
    first, second = plan.diffs("unit f")
    assert (first["before"], first["after"]) == ({"enabled": False}, {"enabled": True})
    assert second == {"before": "", "after": "a\n", "before_header": "/f (no file)", "after_header": "/f"}


@pytest.mark.parametrize(("actual", "before", "after"), [
    (image.Actual(), {"state": "absent"}, {"state": "present"}),
    (image.Actual("i1", ("sha256:old",), "sha256:new"), {"image": "x (sha256:old)"}, {"image": "x (sha256:new)"})])
def test_a_pull_is_no_word_of_ours(actual: image.Actual, before: dict[str, Any], after: dict[str, Any]) -> None:
    plan = image.plan(blank(image.OPTIONS, name="x", pull_policy="newer"), actual)
    assert (plan.before, plan.after) == (before, after) and plan.verbs == ("pull",)
