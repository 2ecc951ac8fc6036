# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of containers that ended, or that left, stand in nobody's hosts file."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import dns
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import membership, networks
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store.containers import Record

pytestmark = pytest.mark.netns


def rows(text: str, name: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if name in line.split()[1:]]


def test_a_pods_container_is_named_while_it_runs(lab: Any) -> None:
    lab.up("infra", etc_hosts={"mine": "10.0.0.9"})
    infra = lab.identity("infra")
    networks.name_locally(lab.ctx, infra, "1" * 64, "web")
    networks.name_locally(lab.ctx, infra, "2" * 64, "mine")
    assert rows(lab.hosts("infra"), "web") == ["127.0.0.1"] and rows(lab.hosts("infra"), "mine") == ["10.0.0.9"]
    networks.name_locally(lab.ctx, infra, "1" * 64, "shop")
    assert not rows(lab.hosts("infra"), "web") and rows(lab.hosts("infra"), "shop") == ["127.0.0.1"]
    for member in ("1" * 64, "2" * 64, "3" * 64):
        networks.name_locally(lab.ctx, infra, member, "")
    assert not rows(lab.hosts("infra"), "shop") and rows(lab.hosts("infra"), "mine") == ["10.0.0.9"]


def test_a_name_that_another_container_has_taken_over_stays(lab: Any) -> None:
    lab.up("infra")
    infra = lab.identity("infra")
    networks.name_locally(lab.ctx, infra, "1" * 64, "web")
    networks.name_locally(lab.ctx, infra, "2" * 64, "web")
    networks.name_locally(lab.ctx, infra, "1" * 64, "")
    assert rows(lab.hosts("infra"), "web") == ["127.0.0.1"]


def test_a_removed_networks_names_are_gone(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "available", lambda _ctx: False)
    networks.create(lab.ctx, NetworkSpec("n2", subnets=(Subnet("10.99.0.0/24"),)))
    for name in ("one", "two"):
        lab.up(name, uses=(NetworkUse("private"), NetworkUse("network", "n2")))
    assert rows(lab.hosts("one"), "two") == ["10.99.0.3"]
    networks.remove(lab.ctx, "n2", force=True)
    assert not rows(lab.hosts("one"), "two") and "10.99.0" not in lab.hosts("one")


def test_a_container_in_anothers_network_has_its_files(lab: Any) -> None:
    uses = {1: (), 2: (NetworkUse("container", "1" * 64),), 3: (NetworkUse("container", "2" * 64),)}
    chain = [Record(str(n) * 64, "c%d" % n, 0.0, ContainerSpec(image="i", name="c%d" % n, network=use))
             for n, use in uses.items()]
    for record in chain:
        pathlib.Path(store.directory(lab.ctx, record.id)).mkdir(parents=True)
        store.write(lab.ctx, record)
    assert {membership.etc_directory(lab.ctx, record) for record in chain} == {
        store.run_directory(lab.ctx, "1" * 64)}
