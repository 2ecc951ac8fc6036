# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plans of pods, as a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container, pod
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import podchange
from ansible_collections.pycontainer.engine.plugins.module_utils.state import pod as state
from ansible_collections.pycontainer.engine.plugins.module_utils.state.pod import Actual

THERE = json.loads(json.dumps(pod.PodSpec("shop", {"a": "b"}, publish=(container.Port(80, 8080),), memory=1024,
                                          etc_hosts={"db": "10.0.0.1"}).to_document()))
NONE = Actual()
RUNS = Actual(THERE, "running", ("web", "old"), ("web",))
STOPPED, PARTLY, PAUSED = (RUNS._replace(status=status) for status in ("stopped", "partly", "paused"))


def params(**given: Any) -> dict:
    """What Ansible hands to the module."""
    return dict({row.name: row.settings.get("default") for row in state.OPTIONS}, name="shop", **given)


def planned(actual: Actual, **given: Any) -> Any:
    found = params(**given)
    return state.plan(found, state.wish(found), actual)


PLANS = [
    (NONE, {}, ["create"]), (NONE, {"state": "started"}, ["create", "start"]), (NONE, {"state": "absent"}, []),
    (NONE, {"state": "stopped"}, ["create"]), (NONE, {"state": "restarted"}, ["create", "start"]),
    (NONE, {"state": "paused"}, ["create", "start", "pause"]), (NONE, {"state": "unpaused"}, ["create"]),
    (RUNS, {}, []), (RUNS, {"state": "started"}, []), (RUNS, {"state": "stopped"}, ["stop"]),
    (RUNS, {"state": "restarted"}, ["restart"]), (RUNS, {"state": "paused"}, ["pause"]),
    (RUNS, {"state": "unpaused"}, []), (RUNS, {"state": "killed"}, ["kill"]),
    (RUNS, {"state": "absent"}, ["remove (with web, old)"]),
    (STOPPED, {"state": "started"}, ["start"]), (STOPPED, {"state": "stopped"}, []), (STOPPED, {"state": "killed"}, []),
    (STOPPED, {"state": "restarted"}, ["start"]), (STOPPED, {"state": "paused"}, ["start", "pause"]),
    (PARTLY, {"state": "started"}, ["start"]), (PARTLY, {"state": "stopped"}, ["stop"]),
    (PARTLY, {"state": "restarted"}, ["restart"]), (PAUSED, {"state": "started"}, ["unpause"]),
    (PAUSED, {"state": "unpaused"}, ["unpause"]), (PAUSED, {"state": "paused"}, []), (PAUSED, {"state": "created"}, []),
    (RUNS, {"publish": ["8080:80"]}, []), (RUNS, {"add_host": ["db:10.0.0.1"]}, []), (RUNS, {"memory": "1k"}, []),
    (RUNS, {"label": {"a": "b"}}, []), (RUNS, {"share": "uts,net,ipc"}, []), (RUNS, {"infra": True}, []),
    (RUNS, {"label": {"a": "c"}}, ["update (label)"]), (RUNS, {"memory": "2k", "exit_policy": "stop"},
                                                        ["update (exit_policy, memory)"]),
    (RUNS, {"publish": ["8081:80"]}, ["replace (publish; restarts web)"]),
    (RUNS, {"publish": ["8081:80"], "state": "started"}, ["replace (publish; restarts web)"]),
    (RUNS, {"publish": ["8081:80"], "state": "restarted"}, ["replace (publish; restarts web)"]),
    (RUNS, {"publish": ["8081:80"], "state": "stopped"}, ["replace (publish)", "stop"]),
    (RUNS, {"publish": [], "label": {}}, ["replace (label, publish; restarts web)"]),
    (STOPPED._replace(running=()), {"publish": ["8081:80"], "state": "started"}, ["replace (publish)", "start"]),
    (RUNS, {"volume": ["data:/data"], "device": ["/dev/null"], "network": ["inner:ip=10.0.0.5"], "shm_size": "1m",
            "sysctl": {"net.core.somaxconn": 5}, "dns": "9.9.9.9", "infra_command": "/x y", "cpus": "1.5"},
     ["replace (cpus, device, dns, infra_command, network, shm_size, sysctl, volume; restarts web)"]),
    (RUNS, {"recreate": True}, ["replace (recreate; restarts web)"]),
    (RUNS, {"strict": True}, ["replace (add_host, label, memory, publish; restarts web)"]),
]


@pytest.mark.parametrize("actual, given, actions", PLANS, ids=str)
def test_plans(actual: Actual, given: dict, actions: list) -> None:
    plan = planned(actual, **given)
    assert [str(action) for action in plan.actions] == actions
    assert plan.changed == bool(actions)
    pod.from_document(plan.document)


@pytest.mark.parametrize("actual, given, before, after", [
    (RUNS, {"label": {"a": "c"}}, {"label": {"a": "b"}}, {"label": {"a": "c"}}),
    (RUNS, {"state": "stopped"}, {"state": "started"}, {"state": "stopped"}),
    (NONE, {"state": "started", "label": {"x": "y"}}, {"state": "absent"},
     {"label": {"x": "y"}, "state": "started"}),
    (RUNS, {"state": "absent"}, {"state": "started"}, {"state": "absent"}), (RUNS, {}, {}, {})])
def test_differences(actual: Actual, given: dict, before: dict, after: dict) -> None:
    plan = planned(actual, **given)
    assert (plan.before, plan.after) == (before, after)


def test_what_is_not_managed_is_kept() -> None:
    assert planned(RUNS, publish=["8081:80"]).document["label"] == {"a": "b"}
    assert planned(RUNS, label={}).live == {"label": {}}


def test_no_image_and_nothing_to_kill() -> None:
    with pytest.raises(Unsupported, match="no image"):
        state.wish(params(infra_image="pause"))
    with pytest.raises(InvalidInput, match="no pod shop"):
        planned(NONE, state="killed")


def test_the_table_has_the_defaults_of_the_engine() -> None:
    for row in state.FIELDS:
        assert row.default == json.loads(json.dumps(pod.DEFAULTS[row.field])), row.name
    assert {row.field for row in state.FIELDS} | {"name"} == set(pod.DEFAULTS)


def test_what_the_table_calls_live_the_engine_changes_live() -> None:
    assert {row.field for row in state.FIELDS if row.effect == "live"} == podchange.LIVE


def test_a_container_gives_its_ports_to_the_pod_that_it_asks_for() -> None:
    given = {"name": "web", "state": "started", "pod": "new:shop", "publish": ["80:80"], "hostname": "x",
             "memory": "1m"}
    asked, own = state.of_container(given)
    assert asked is not None and (asked["name"], asked["state"]) == ("shop", "created")
    assert state.wish(asked) == {"publish": [{"container_port": 80, "host_port": 80, "host_ip": "", "protocol": "tcp"}],
                                 "hostname": "x"}
    assert (own["pod"], own["publish"], own["hostname"], own["memory"]) == ("shop", None, None, "1m")
    assert state.of_container(dict(given, state="absent"))[0] is None
    assert state.of_container(dict(given, pod="shop")) == (None, dict(given, pod="shop"))
