# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Limits of users' containers: refused where nothing is delegated, read back where something is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import RuntimeFailed, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import ContainerSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import cgroup
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import limits

ALICE = Context(uid=1000, gid=1000)
ASKED = [({"memory": 64 << 20}, "memory"), ({"cpus": 1.5}, "cpu"), ({"pids_limit": 10}, "pids"),
         ({"cpuset_cpus": "0"}, "cpuset"), ({"blkio_weight": 100}, "io"),
         ({"device_read_bps": {"/dev/null": "1"}}, "io")]


@pytest.mark.parametrize("wish, controller", ASKED, ids=str)
def test_what_is_not_delegated_is_refused(monkeypatch: pytest.MonkeyPatch, wish: dict, controller: str) -> None:
    every = {"memory", "cpu", "pids", "cpuset", "io"}
    spec = ContainerSpec(image="i", **wish)
    for there in (None, frozenset(every - {controller})):
        monkeypatch.setattr(limits, "delegated", lambda _ctx, there=there: there)
        with pytest.raises(Unsupported, match=next(iter(wish))):
            limits.check(ALICE, spec)
    monkeypatch.setattr(limits, "delegated", lambda _ctx: frozenset(every))
    assert limits.check(ALICE, spec)
    assert limits.check(Context(), spec)


@pytest.mark.parametrize("mode", ["v1", "v2"])
def test_a_check_warns_where_an_earlier_task_may_delegate(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(cgroup, "mode", lambda: mode)
    ctx, spec = Context(uid=1000, gid=1000), ContainerSpec(image="i", memory=64 << 20)
    if mode == "v1":
        with pytest.raises(Unsupported, match="memory"):
            limits.foresee(ctx, spec)
    else:
        monkeypatch.setattr(limits, "delegated", lambda _ctx: None)
        limits.foresee(ctx, spec)
    assert len(ctx.warnings) == (mode == "v2")


@pytest.mark.parametrize("there, limited", [
    (None, False), (frozenset(("memory",)), False), (frozenset(("pids",)), True)])
def test_the_default_limit_of_processes_comes_where_it_can(monkeypatch: pytest.MonkeyPatch, there: Any,
                                                           limited: bool) -> None:
    monkeypatch.setattr(limits, "delegated", lambda _ctx: there)
    assert limits.check(ALICE, ContainerSpec(image="i")) is limited


@pytest.mark.parametrize("memory, pids, says", [
    ("67108864", "10", ""), ("max", "10", "memory.max"), ("67108864", "max", "pids.max"),
    ("67108864", None, "pids.max"),
])
def test_what_was_asked_for_is_read_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, memory: str,
                                         pids: Any, says: str) -> None:
    for name, value in (("memory.max", memory), ("pids.max", pids)):
        if value is not None:
            (tmp_path / name).write_text(value + "\n")
    monkeypatch.setattr(cgroup, "of_process", lambda _pid: {"": str(tmp_path)})
    spec = ContainerSpec(image="i", memory=64 << 20, pids_limit=10)
    limits.read_back(Context(), spec, 1)
    if not says:
        limits.read_back(ALICE, spec, 1)
        return
    with pytest.raises(RuntimeFailed, match=says):
        limits.read_back(ALICE, spec, 1)
