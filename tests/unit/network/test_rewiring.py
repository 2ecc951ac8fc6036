# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A running container that joins or leaves a network keeps its places on the others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import errors
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    creation,
    namespaces,
    networks,
    update,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store.containers import Record
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store.runs import State

pytestmark = pytest.mark.netns
SPEC = ContainerSpec(image="i", name="c")
DEFAULT, SECOND = NetworkUse("network", "podman"), NetworkUse("network", "n2")


def start(lab: Any, spec: ContainerSpec) -> Record:
    networks.create(lab.ctx, NetworkSpec("n2", subnets=(Subnet("10.99.0.0/24"),)))
    lab.up("lowest")
    lab.up("c", uses=namespaces.network_uses(spec))
    lab.down("lowest")
    return Record(lab.identity("c"), "c", 0.0, spec)


def rewire(lab: Any, record: Record, *uses: NetworkUse) -> Record:
    spec = replace(record.spec, network=uses)
    update._rewire(lab.ctx, record, spec, State("running"))
    return record._replace(spec=spec)


def live(lab: Any) -> Any:
    return networks.live(lab.ctx, lab.identity("c")).endpoints


@pytest.mark.parametrize("spec", [
    SPEC, replace(SPEC, network=(DEFAULT,)), replace(SPEC, ip="10.88.0.77"),
    replace(SPEC, network_aliases=("other",))], ids=["default", "named", "static", "alias"])
def test_connecting_leaves_the_first_network_as_it_is(lab: Any, spec: ContainerSpec) -> None:
    record = start(lab, spec)
    first = live(lab)["podman"]
    record = rewire(lab, record, DEFAULT, SECOND)
    assert live(lab)["podman"] == first and live(lab)["n2"].ip == "10.99.0.2"
    rewire(lab, record, DEFAULT)
    assert live(lab) == {"podman": first}


def test_another_alias_is_no_other_address(lab: Any) -> None:
    record = start(lab, SPEC)
    first = live(lab)["podman"]
    rewire(lab, record, replace(DEFAULT, aliases=("new",)))
    assert "new" in live(lab)["podman"].aliases
    assert (live(lab)["podman"].ip, live(lab)["podman"].mac) == (first.ip, first.mac)


def test_what_cannot_be_joined_leaves_everything_as_it_was(lab: Any) -> None:
    record = start(lab, SPEC)
    lab.up("holder", uses=(replace(SECOND, ip="10.99.0.9"),))
    before = live(lab)
    with pytest.raises(errors.Conflict, match=r"10\.99\.0\.9"):
        rewire(lab, record, replace(SECOND, ip="10.99.0.9"))
    assert {name: one.ip for name, one in live(lab).items()} == {"podman": before["podman"].ip}
    with pytest.raises(errors.Conflict):
        rewire(lab, record, replace(DEFAULT, aliases=("new",)), replace(SECOND, ip="10.99.0.9"))
    assert live(lab) == before


def test_a_static_address_goes_with_its_network(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("n2", subnets=(Subnet("10.99.0.0/24"),)))
    record = creation.create(lab.ctx, ContainerSpec(image="/", rootfs=True, name="c", command=("true",),
                                                    network=(DEFAULT,), ip="10.88.0.77"))
    for verb, network in (("connect", "n2"), ("disconnect", "podman")):
        assert main.main(["--root", lab.ctx.root, "--runroot", lab.ctx.runroot, "network", verb, network, "c"]) == 0
    assert namespaces.network_uses(store.get(lab.ctx, record.id).spec) == (SECOND,)
