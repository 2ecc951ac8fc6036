# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units of stored containers: what is kept for them, and when that is out of date. Needs root."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InUse,
    InvalidInput,
    NotFound,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.pod import PodSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.serviceunit import Choices
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    containers,
    lifecycle,
    persist,
    pods,
    systemd,
    unitrun,
    units,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import units as store
from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import unit as noun
from ansible_collections.pycontainer.engine.plugins.module_utils.state import unit as state

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
NEW = Choices(new=True)
WEB = "container-web.service"


@pytest.fixture
def ctx(tmp_path: object) -> Context:
    os.mkdir("%s/rootfs" % tmp_path)
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)


def make(ctx: Context, **wishes: object) -> str:
    wishes = {"name": "web", "image": os.path.dirname(ctx.root) + "/rootfs", "rootfs": True, "command": ("a", "b"),
              "network": (NetworkUse("none"),), "env": {"PASSWORD": "hush"}, **wishes}
    return containers.create(ctx, ContainerSpec(**wishes)).id


def test_what_was_kept_is_not_out_of_date(ctx: Context) -> None:
    made = make(ctx)
    wish = units.wanted(ctx, "web", NEW)
    assert units.outdated(ctx, wish, WEB, runs=False)
    units.keep(ctx, wish)
    store.note_made(ctx, "container-web", made)
    for runs in (False, True):
        assert not units.outdated(ctx, units.wanted(ctx, "web", NEW), WEB, runs=runs)
    containers.remove(ctx, "web")
    assert units.wanted(ctx, "web", NEW).texts == wish.texts, "the unit makes it again"
    make(ctx, command=("c",))
    assert units.outdated(ctx, units.wanted(ctx, "web", NEW), WEB, runs=False)


@pytest.mark.parametrize("by, reworded, outdated", [
    ("another engine", True, False), ("somebody", False, False), ("a wish", False, False),
    ("a definition", True, True)])
def test_an_engine_that_writes_other_words_starts_nothing_anew(
        ctx: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: object, by: str, reworded: bool,
        outdated: bool) -> None:
    monkeypatch.setattr(units, "directory", lambda _ctx: "%s/units" % tmp_path)
    make(ctx)
    wish = units.wanted(ctx, "web", NEW)
    units.apply(ctx, ("write",), WEB, [WEB], wish)
    later = units.wanted(ctx, "web", NEW)
    assert not units.reworded(ctx, later, WEB, units.read(ctx, WEB))
    if by == "somebody":
        units.write(ctx, WEB, wish.texts[WEB] + "# by hand\n")
    elif by == "a definition":
        containers.remove(ctx, "web")
        make(ctx, command=("c",))
    if by in ("another engine", "a definition"):
        roots = units.command(ctx)[3:]
        monkeypatch.setattr(units, "command", lambda _ctx: ["/usr/bin/python9", "-IS", "/other", *roots])
    later = units.wanted(ctx, "web", replace(NEW, restart_sec=7) if by == "a wish" else NEW)
    assert later.texts[WEB] != units.read(ctx, WEB)
    assert units.reworded(ctx, later, WEB, units.read(ctx, WEB)) is reworded
    assert units.outdated(ctx, later, WEB, runs=False) is outdated
    units.apply(ctx, ("write",), WEB, [WEB], later)
    assert not units.reworded(ctx, later, WEB, units.read(ctx, WEB)) and units.read(ctx, WEB) == later.texts[WEB]


def test_an_unchanged_unit_asks_systemd_once(ctx: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    asked: list[str] = []

    def systemctl(_ctx: Context, *words: str, fails: bool = True) -> str:
        asked.append(words[0])
        return "Id=%s\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=7\n" % WEB

    monkeypatch.setattr(units, "directory", lambda _ctx: "%s/units" % tmp_path)
    monkeypatch.setattr(systemd, "present", lambda _ctx: True)
    monkeypatch.setattr(systemd, "require", lambda _ctx: None)
    monkeypatch.setattr(systemd, "_call", systemctl)
    make(ctx)
    params = {row.name: row.settings.get("default") for row in state.OPTIONS}
    params["name"] = "web"
    assert noun.run(ctx, params, False).changed
    store.note_made(ctx, "container-web", units.wanted(ctx, "web", NEW).runs[WEB])
    asked.clear()
    result = noun.run(ctx, params, False)
    assert not result.changed and asked == ["show"], (result, asked)
    assert result.values["status"]["main_pid"] == 7


@pytest.mark.parametrize("readable", [True, False])
def test_a_users_unit_that_fails_says_where_its_journal_is(readable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def systemctl(_ctx: Context, *words: str, fails: bool = True) -> str:
        if fails:
            raise EngineError("systemctl %s failed" % words[0], "See systemctl status.")
        return ""

    monkeypatch.setattr(systemd, "_call", systemctl)
    monkeypatch.setattr(systemd, "present", lambda _ctx: True)
    monkeypatch.setattr(systemd, "journal", lambda _ctx, _unit: "; no such program" if readable else "")
    with pytest.raises(EngineError) as failed:
        systemd.start(Context(uid=1000), WEB)
    assert failed.value.message == "systemctl start failed" + ("; no such program" if readable else "")
    assert ("journalctl --user --unit=%s" % WEB in failed.value.hint) is not readable
    assert failed.value.unread == ("" if readable else WEB)


def test_the_same_container_made_anew_elsewhere_is_not_what_the_unit_runs(ctx: Context) -> None:
    made = make(ctx)
    units.keep(ctx, units.wanted(ctx, "web", NEW))
    store.note_made(ctx, "container-web", made)
    containers.remove(ctx, "web")
    make(ctx)
    assert units.outdated(ctx, units.wanted(ctx, "web", NEW), WEB, runs=True)


def test_no_secret_stands_in_the_unit(ctx: Context) -> None:
    make(ctx)
    wish = units.wanted(ctx, "web", NEW)
    units.keep(ctx, wish)
    assert "hush" not in wish.texts[WEB]
    path = ctx.path("units", "container-web.json")
    with open(path, encoding="utf-8") as stream:
        assert "hush" in stream.read()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_the_engine_that_units_call_is_not_collected(ctx: Context) -> None:
    make(ctx)
    units.keep(ctx, units.wanted(ctx, "web", NEW))
    containers.remove(ctx, "web")
    assert persist.collect(ctx) == []
    assert os.path.exists(ctx.path("engine", "current", "__main__.py"))


def test_a_pod_binds_its_containers(ctx: Context) -> None:
    pods.create(ctx, PodSpec(name="p"))
    make(ctx, pod="p", network=())
    wish = units.wanted(ctx, "p", NEW)
    assert list(wish.texts) == ["pod-p.service", WEB]
    assert "Wants=network-online.target container-web.service" in wish.texts["pod-p.service"]
    assert "BindsTo=pod-p.service" in wish.texts[WEB]
    units.keep(ctx, wish)
    assert not any(units.outdated(ctx, units.wanted(ctx, "p", NEW), unit, runs=False) for unit in wish.texts)
    pods.remove(ctx, "p", force=True)
    assert units.wanted(ctx, "p", NEW).texts == wish.texts


def test_in_which_order_a_pods_containers_were_made_is_nothing_to_its_unit(ctx: Context) -> None:
    texts = []
    for names in (("a", "b"), ("b", "a")):
        pods.create(ctx, PodSpec(name="p"))
        for name in names:
            make(ctx, name=name, pod="p", network=())
        texts.append(units.wanted(ctx, "p", NEW).texts)
        pods.remove(ctx, "p", force=True)
    assert texts[0] == texts[1] and "container-a.service container-b.service" in texts[0]["pod-p.service"]


@pytest.mark.parametrize(("wishes", "takes_along"), [
    ({"requires": ("base",)}, True), ({"network": (NetworkUse("container", "base"),)}, True),
    ({"pid": "container:base"}, True), ({"userns": "container:base"}, True), ({"volumes_from": ("base:ro",)}, False)])
def test_a_unit_comes_after_those_of_what_its_container_needs(ctx: Context, wishes: dict[str, object],
                                                              takes_along: bool) -> None:
    base = make(ctx, name="base")
    make(ctx, **wishes)
    for by_name, unit in ((True, "container-base.service"), (False, "container-%s.service" % base)):
        wish = units.wanted(ctx, "web", NEW, by_name=by_name)
        lines = wish.texts[wish.main].splitlines()
        assert "Wants=network-online.target " + unit in lines and "After=network-online.target " + unit in lines
        assert ("PartOf=" + unit in lines) == takes_along


def test_a_pods_unit_comes_after_that_of_the_container_whose_network_it_has(ctx: Context) -> None:
    make(ctx, name="base")
    pods.create(ctx, PodSpec(name="p", network=(NetworkUse("container", "base"),)))
    assert "PartOf=container-base.service" in units.wanted(ctx, "p", NEW).texts["pod-p.service"].splitlines()


def test_what_a_unit_made_and_another_needs_is_kept_and_started_again(ctx: Context) -> None:
    """So after a crash; were it made anew, the unit would fail for as long as the other one is there."""
    base = make(ctx, name="base")
    units.keep(ctx, units.wanted(ctx, "base", NEW))
    store.note_made(ctx, "container-base", base)
    make(ctx, network=(NetworkUse("container", "base"),))
    unitrun.end(ctx, "container-base")
    definition = store.get(ctx, "container-base")
    assert unitrun.prepared(ctx, "container-base", definition) == base == store.made(ctx, "container-base")
    with pytest.raises(InUse):
        unitrun.prepared(ctx, "container-base", replace(definition, spec=dict(definition.spec, hostname="other")))
    containers.remove(ctx, "web")
    unitrun.end(ctx, "container-base")
    with pytest.raises(NotFound):
        containers.inspect(ctx, "base")
    assert not store.made(ctx, "container-base")


@pytest.mark.parametrize("wishes", [{"rm": True}])
def test_what_no_unit_can_start_again_is_refused(ctx: Context, wishes: dict[str, object]) -> None:
    make(ctx, **wishes)
    with pytest.raises(InvalidInput):
        units.wanted(ctx, "web", Choices())
    assert units.wanted(ctx, "web", NEW).main == WEB


def test_nothing_is_known_of_what_is_not_there(ctx: Context) -> None:
    with pytest.raises(NotFound):
        units.wanted(ctx, "web", NEW)


def test_the_units_of_a_container_are_found_whatever_they_are_called(ctx: Context) -> None:
    made = make(ctx)
    pods.create(ctx, PodSpec(name="p"))
    make(ctx, name="inner", pod="p", network=())
    other = Choices(new=True, container_prefix="svc", pod_prefix="")
    for name, choices in (("web", NEW), ("web", other), ("p", other)):
        units.keep(ctx, units.wanted(ctx, name, choices))
    there = units.every(ctx)
    assert there["container", "web"] == [WEB, "svc-web.service"] and units.whole(ctx, "container", WEB) == [WEB]
    assert ("pod", "web") not in there and there["pod", "p"] == ["p.service"]
    assert units.running(ctx, made) == "", "systemd runs none of them"


@pytest.mark.parametrize("timeout", [None, 0.0])
def test_a_container_that_a_unit_runs_is_restarted_by_it(
        ctx: Context, monkeypatch: pytest.MonkeyPatch, timeout: float | None) -> None:
    made, started = make(ctx), []
    monkeypatch.setattr(units, "running", lambda _ctx, container_id: WEB if container_id == made else "")
    monkeypatch.setattr(systemd, "start", lambda _ctx, unit, again=False: started.append((unit, again)))
    assert lifecycle.restart(ctx, made, timeout=timeout).name == "web"
    assert started == [(WEB, True)]
