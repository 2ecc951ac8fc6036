# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Damaged documents of networks and of who is on them, with real links: others work, and nothing is left."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Damaged, EngineError
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import NetworkUse, Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import endpoints, firewall, ipam
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import networks

pytestmark = pytest.mark.netns


def spoil(path: str, text: str = "[]") -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


def test_a_rule_that_could_not_be_taken_back_is_tried_again(lab: Any, monkeypatch: Any) -> None:
    lab.up("web", ports=(Port(80, 8080),))
    real, calls = firewall.remove, []

    def fails_once(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise EngineError("nft fails")
        real(*arguments)

    monkeypatch.setattr(firewall, "remove", fails_once)
    with pytest.raises(EngineError, match="nft fails"):
        lab.down("web")
    assert endpoints.ids(lab.ctx) == [lab.identity("web")], "there is something to try again"
    lab.down("web")
    assert endpoints.ids(lab.ctx) == [] and len(calls) == 2
    assert not os.path.exists("/sys/class/net/pyctest0")
    lab.up("next", ports=(Port(80, 8080),))
    lab.serve("next", 80)
    assert lab.ask("", "127.0.0.1", 8080).startswith("next")


def test_who_has_a_damaged_endpoint_document_is_taken_down_by_its_claims(lab: Any) -> None:
    lab.up("bad", ports=(Port(80, 8080),))
    spoil(lab.ctx.run("endpoints", lab.identity("bad") + ".json"))
    lab.up("good", ports=(Port(81, 8081),))
    lab.serve("good", 81)
    assert lab.ask("", "127.0.0.1", 8081).startswith("good")
    lab.down("bad")
    assert ipam.members(lab.ctx, "podman") == [lab.identity("good")]
    assert endpoints.ids(lab.ctx) == [lab.identity("good")] and not os.path.exists(lab.path("bad"))
    lab.up("again", ports=(Port(80, 8080),))
    assert lab.ask("", "127.0.0.1", 8081).startswith("good")
    for name in ("again", "good"):
        lab.down(name)
    assert not os.path.exists("/sys/class/net/pyctest0") and os.listdir(lab.ctx.run("ports")) == []


def test_a_damaged_network_hinders_no_other(lab: Any) -> None:
    for name in ("bad", "good"):
        networks.create(lab.ctx, NetworkSpec(name))
        lab.up("on-" + name, uses=(NetworkUse("network", name),))
    spoil(lab.ctx.path("networks", "bad.json"), "")
    lab.up("more", uses=(NetworkUse("network", "good"),), ports=(Port(80, 8080),))
    lab.serve("more", 80)
    assert lab.ask("", "127.0.0.1", 8080).startswith("more")
    with pytest.raises(Damaged):
        lab.up("other", uses=(NetworkUse("network", "bad"),))
    networks.reload(lab.ctx)
    assert lab.ask("", "127.0.0.1", 8080).startswith("more")
    for name in ("on-bad", "on-good", "more"):
        lab.down(name)
    networks.remove(lab.ctx, "bad", force=True)
    networks.create(lab.ctx, NetworkSpec("bad"))


def test_a_damaged_default_network_is_made_anew(lab: Any) -> None:
    lab.up("first")
    lab.down("first")
    spoil(lab.ctx.path("networks", "podman.json"), "")
    assert "podman" in [record.name for record in networks.all(lab.ctx)]
    lab.up("second", ports=(Port(80, 8080),))
    lab.serve("second", 80)
    assert lab.ask("", "127.0.0.1", 8080).startswith("second")
