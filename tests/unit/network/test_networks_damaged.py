# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Damaged documents of networks and of who is on them, with real links: others work, and nothing is left."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
from typing import Any, ContextManager, List

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Damaged, EngineError
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import NetworkUse, Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import endpoints, firewall, ipam
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import network_orphans, networks

pytestmark = pytest.mark.netns


def links() -> List[str]:
    return [name for _index, name in socket.if_nameindex()]


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
    assert "pyctest0" not in links()
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
    assert "pyctest0" not in links() and os.listdir(lab.ctx.run("ports")) == []


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


def at_rest(_container_id: str) -> ContextManager[bool]:
    return contextlib.nullcontext(True)


def checked(lab: Any) -> List[str]:
    """What ``system check`` finds in networks, mended; the kinds."""
    found = list(network_orphans.find(lab.ctx, at_rest))
    for one in found:
        assert one.mend is not None and not one.force
        one.mend()
    assert list(network_orphans.find(lab.ctx, at_rest)) == []
    return [one.kind for one in found]


def nft(*words: str) -> str:
    return subprocess.run(["nft", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def test_check_finds_nothing_where_all_is_well(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("n", subnets=(Subnet("10.9.0.0/24"), Subnet("fd09::/64")),
                                         options={"isolate": "strict"}))
    assert checked(lab) == []
    lab.up("one", ports=(Port(80, 8080), Port(81, 8081, "127.0.0.1")))
    lab.up("two", uses=(NetworkUse("network", "n"), NetworkUse("private")), ports=(Port(80, 9080, protocol="udp"),))
    assert checked(lab) == []
    lab.down("one")
    assert checked(lab) == []
    lab.down("two")
    assert checked(lab) == []


@pytest.mark.parametrize("change", [
    ("flush", "chain", "inet", "pyctest", "forward"), ("delete", "table", "inet", "pyctest"),
    ("flush", "map", "inet", "pyctest", "publish4_any_port"), ("add", "rule", "inet", "pyctest", "forward", "drop"),
    ("insert", "rule", "inet", "pyctest", "forward", "accept"), ("add", "chain", "inet", "pyctest", "strange"),
    ("add", "element", "inet", "pyctest", "bridges", "{ strange }")],
    ids=lambda words: "-".join(words[:2] + words[4:5]))
def test_check_finds_changed_rules_and_writes_them_anew(lab: Any, change: Any) -> None:
    lab.up("web", ports=(Port(80, 8080),))
    nft(*change)
    (found,) = network_orphans.find(lab.ctx, at_rest)
    assert found.kind == "changed rules" and found.name == (change[4] if len(change) > 4 else "pyctest")
    assert checked(lab) == ["changed rules"]
    lab.serve("web", 80)
    assert lab.ask("", "127.0.0.1", 8080).startswith("web")


def test_check_leaves_rules_alone_that_others_wrote(lab: Any) -> None:
    nft("add", "table", "inet", "pyctest")
    assert checked(lab) == [] and "pyctest" in nft("list", "tables")


def test_check_finds_rules_that_no_container_needs(lab: Any) -> None:
    lab.up("web")
    rows = pathlib.Path(lab.ctx.run("firewall.json")).read_text(encoding="ascii")
    lab.down("web")
    nft("add", "table", "inet", "pyctest")
    spoil(lab.ctx.run("firewall.json"), rows)
    assert checked(lab) == ["changed rules"] and "pyctest" not in nft("list", "tables")


def test_check_finds_links_and_bridges_that_no_container_has(lab: Any) -> None:
    lab.up("stays")
    subprocess.run(["sh", "-ec", "ip link add pyct0123456789 type veth peer name p; "
                    "ip link set pyct0123456789 master pyctest0; ip link add pyctabcdef0123 type bridge"], check=True)
    assert checked(lab) == ["link that no container has"]
    # What is on none of our bridges may be another engine's.
    assert "pyct0123456789" not in links() and "pyctabcdef0123" in links()
    assert links_of(lab, "stays")
    lab.down("stays")
    subprocess.run(["ip", "link", "add", "pyctest0", "type", "bridge"], check=True)
    assert checked(lab) == ["bridge that no container needs"] and "pyctest0" not in links()


def links_of(lab: Any, name: str) -> bool:
    document = endpoints.read(lab.ctx, lab.identity(name))
    return document is not None and all(one.link in links() for one in document.endpoints)
