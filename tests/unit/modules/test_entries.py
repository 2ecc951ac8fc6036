# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries of lists are checked as their own module would, and their secrets are never told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.pycontainer.engine.plugins.module_utils import glue
from ansible_collections.pycontainer.engine.plugins.module_utils.state import stack
from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Result
from ansible_collections.pycontainer.engine.plugins.modules import stack as module

SECRET = "unspeakable"


def play(monkeypatch: Any, capsys: Any, run: Any = None, **arguments: Any) -> dict:
    """The answer of the module stack with another run()."""
    given = {"ANSIBLE_MODULE_ARGS": dict({"name": "shop"}, **arguments)}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(given).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(glue, "use_copy", lambda _params: True)
    logged: list = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, message, **_more: logged.append(message))
    monkeypatch.setattr(glue, "_work", lambda made, run, *_how: dict(run(None, made.params, False).values))
    monkeypatch.setattr(glue.os, "getuid", lambda: 0)
    with pytest.raises(SystemExit):
        glue.run_module(module.table, run or (lambda _ctx, params, _check: Result(False, {"params": params})),
                        module.entries)
    text = capsys.readouterr().out
    assert SECRET not in text + repr(logged)
    return json.loads(text)


WRONG = [
    ({"containers": [{"name": "a"}, {"name": "b", "colour": "red"}]},
     "containers[1] (b): there is no option colour, see ansible-doc pycontainer.engine.container"),
    ({"networks": [{"name": "a", "root": "/x"}]}, "networks[0] (a): root belongs to the whole task, not to an entry"),
    ({"pods": [{"name": "a", "run_as_user": "bob"}]},
     "pods[0] (a): run_as_user belongs to the whole task, or in the role containers to containers_user, not to an"),
    ({"volumes": [{}]}, "volumes[0] (without a name): missing required arguments: name"),
    ({"containers": [{"name": "a", "memory": "1m", "tty": "perhaps"}]}, "containers[0] (a): "),
    ({"containers": [{"name": "a", "unit": {"colour": "red"}}]}, "containers[0] (a): there is no option unit.colour"),
    ({"secrets": [{"name": "s", "data": SECRET, "path": "/x"}]}, "secrets[0] (s): parameters are mutually exclusive"),
    ({"secrets": [{"name": "s", "data": SECRET, "state": SECRET}]}, "secrets[0] (s): value of state must be one of"),
    ({"secrets": [{"name": "s", "data": SECRET}], "state": "wrong"}, "value of state must be one of"),
    ({"secrets": "name=s data=%s state=wrong" % SECRET}, "secrets[0] (s): value of state must be one of"),
    ({"images": [{"name": "i", "password": SECRET}]}, "images[0] (i): parameters are required together"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_a_wrong_entry_is_named(monkeypatch: Any, capsys: Any, arguments: dict, says: str) -> None:
    answer = play(monkeypatch, capsys, **arguments)
    assert answer["failed"] and says in answer["msg"]


def test_every_wrong_entry_is_told_at_once(monkeypatch: Any, capsys: Any) -> None:
    answer = play(monkeypatch, capsys, volumes=[{}], containers=[{"name": "a", "colour": "red"}])
    assert "volumes[0]" in answer["msg"] and "containers[0] (a)" in answer["msg"]


def test_entries_get_types_defaults_and_proper_names(monkeypatch: Any, capsys: Any) -> None:
    container = {"name": "a", "labels": {"x": "y"}, "ports": "1:1,2:2", "tty": "yes"}
    answer = play(monkeypatch, capsys, containers=[container],
                  secrets=[{"name": "s", "data": SECRET}], pods=[{"name": "p", "unit": {"enabled": "no"}}])
    found = answer["params"]["containers"][0]
    assert (found["label"], found["publish"], found["tty"], found["state"], found["pull"]) == (
        {"x": "y"}, ["1:1", "2:2"], True, "", "missing")
    assert answer["params"]["secrets"][0]["data"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert answer["params"]["pods"][0]["unit"]["enabled"] is False
    assert set(found) >= {row.name for row in stack.entries()["containers"].rows}


@pytest.mark.parametrize("value", [SECRET + "\n", SECRET + "\\", SECRET + "'\"", "\u00e9\x00" + SECRET])
@pytest.mark.parametrize("arguments", [{}, {"state": "wrong"}])
def test_a_secret_is_hidden_however_it_is_written(monkeypatch: Any, capsys: Any, value: str, arguments: dict) -> None:
    play(monkeypatch, capsys, secrets=[{"name": "s", "data": value}],
         images=[{"name": "i", "username": "u", "password": value}], **arguments)
    play(monkeypatch, capsys, secrets=[{"name": "s", "data": value, "state": value}])
