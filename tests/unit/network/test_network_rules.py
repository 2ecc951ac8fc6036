# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What networks may look like, which subnets they get, and what stands in the table, without a kernel."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import errors
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import NetworkUse, Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.endpoint import (
    Endpoint,
    EndpointDocument,
    SetupRequest,
    from_document,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import (
    definitions,
    dns,
    endpoints,
    links,
    ports,
    ruleset,
    subnets,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import networks


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-a", "a b", "a\n", "é", "x" * 300, "host", "none", "a\x1b[0m"])
def test_bad_names_are_refused(ctx: Any, name: str) -> None:
    with pytest.raises(errors.InvalidInput):
        networks.create(ctx, NetworkSpec(name))
    assert not networks.exists(ctx, name)


@pytest.mark.parametrize("changes, error, text", [
    ({"driver": "macvlan"}, errors.Unsupported, "macvlan"),
    ({"options": {"color": "red"}}, errors.InvalidInput, "no option 'color'"),
    ({"options": {"mtu": "12"}}, errors.InvalidInput, "mtu=12"),
    ({"options": {"mtu": "1\u0665"}}, errors.InvalidInput, "mtu"),
    ({"options": {"vlan": "4095"}}, errors.InvalidInput, "vlan"),
    ({"options": {"isolate": "maybe"}}, errors.InvalidInput, "isolate"),
    ({"interface": "a/b"}, errors.InvalidInput, "interface"),
    ({"interface": "x" * 16}, errors.InvalidInput, "interface"),
    ({"dns_servers": ("nope",)}, errors.InvalidInput, "nope"),
    ({"labels": {"a": "b\nc"}}, errors.InvalidInput, "control"),
    ({"subnets": (Subnet("10.90.0.0/33"),)}, errors.InvalidInput, "no subnet"),
    ({"subnets": (Subnet("10.90.0.0/31"),)}, errors.InvalidInput, "no room"),
    ({"subnets": (Subnet("10.90.0.0/24", "10.91.0.1"),)}, errors.InvalidInput, "gateway"),
    ({"subnets": (Subnet("10.90.0.0/24", "10.90.0.255"),)}, errors.InvalidInput, "gateway"),
    ({"subnets": (Subnet("10.90.0.0/24", "", "10.90.0.9", "10.90.0.3"),)}, errors.InvalidInput, "ends before"),
    ({"subnets": (Subnet("10.90.0.0/24", "", "x"),)}, errors.InvalidInput, "start of the range"),
    ({"subnets": (Subnet("10.90.0.0/24"), Subnet("10.90.0.128/25"))}, errors.Conflict, "another subnet of this"),
    ({"subnets": (Subnet("10.88.3.0/24"),)}, errors.Conflict, "network podman"),
    ({"subnets": (Subnet("10.77.0.0/16"),)}, errors.Conflict, "network first"),
    ({"name": "first"}, errors.Conflict, "exists"),
    ({"name": "podman"}, errors.Conflict, "exists"),
    ({"interface": "pyctest0"}, errors.Conflict, "another network"),
])
def test_bad_networks_are_refused(ctx: Any, changes: Any, error: Any, text: str) -> None:
    networks.create(ctx, NetworkSpec("first", subnets=(Subnet("10.77.3.0/24"),)))
    with pytest.raises(error, match=text):
        networks.create(ctx, replace(NetworkSpec("second"), **changes))
    assert [record.name for record in networks.all(ctx)] == ["first", "podman"]


def test_what_is_left_out_is_filled_in(ctx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subnets, "host_subnets", lambda **_ignore: [])
    first = networks.create(ctx, NetworkSpec("a", options={"com.docker.network.driver.mtu": "1400"}))
    second = networks.create(ctx, NetworkSpec("b", ipv6=True, subnets=(Subnet("10.89.1.7/24"),)))
    third = networks.create(ctx, NetworkSpec("c", subnets=(Subnet("fd01::/64"),)))
    assert first.spec.options == {"mtu": "1400"} and len(first.id) == 64
    assert second.spec.subnets[0] == Subnet("10.89.1.0/24", "10.89.1.1")
    assert second.spec.subnets[1].subnet.endswith("::/64") and second.spec.ipv6
    assert third.spec.ipv6 and [s.gateway for s in third.spec.subnets] == ["fd01::1"]
    assert len({first.spec.interface, second.spec.interface, third.spec.interface, "pyctest0"}) == 4
    assert networks.get(ctx, first.id[:12]) == first
    shown = networks.inspect(ctx, "b")
    assert shown["subnets"][0] == {"subnet": "10.89.1.0/24", "gateway": "10.89.1.1"}
    assert json.loads(json.dumps(shown))["ipam_options"] == {"driver": "host-local"}
    assert networks.remove(ctx, "a") == "a" and not networks.exists(ctx, "a")
    assert networks.prune(ctx, keep=("b",)) == ["c"]
    assert networks.prune(ctx, labels=("x=y",)) == []


def test_default_network_is_always_there(ctx: Any) -> None:
    record = networks.get(ctx, "podman")
    assert record.id == definitions.DEFAULT_ID and networks.get(ctx, record.id[:12]) == record
    assert networks.inspect(ctx, "podman")["dns_enabled"] is False
    with pytest.raises(errors.InvalidInput, match="cannot be removed"):
        networks.remove(ctx, "podman")
    with pytest.raises(errors.NotFound, match="no network 'a b'"):
        networks.get(ctx, "a b")


def test_free_subnets_skip_used_ones() -> None:
    used = [(ipaddress.ip_network(text), "x") for text in ("10.89.0.0/24", "10.89.2.0/23", "10.89.1.128/25")]
    assert subnets.free4(used).subnet == "10.89.4.0/24"
    with pytest.raises(errors.Conflict, match="is free"):
        subnets.free4([(ipaddress.ip_network("10.0.0.0/8"), "x")])


@pytest.mark.parametrize("first, second, meets", [
    ("", "", True), ("", "127.0.0.1", True), ("127.0.0.1", "127.0.0.2", False), ("127.0.0.1", "127.0.0.1", True),
    ("0.0.0.0", "10.0.0.1", True), ("::", "10.0.0.1", False), ("::", "fd00::1", True), ("", "fd00::1", True),
])
def test_claims_that_meet(first: str, second: str, meets: bool) -> None:
    assert {ports._meet(*pair) for pair in ((first, second), (second, first))} == {meets}


@pytest.mark.parametrize("port", [Port(0, 80), Port(80, 65536), Port(80, 80, "x"), Port(80, 80, "", "icmp")])
def test_bad_ports_are_refused(port: Port) -> None:
    with pytest.raises(errors.InvalidInput):
        ports.checked(port)


def document(ports_: tuple[Port, ...] = ()) -> EndpointDocument:
    request = SetupRequest("a" * 64, "web", "/x", uses=(NetworkUse("network", "n", aliases=("www",)),), ports=ports_,
                           dns=("9.9.9.9", "fe80::1%eth0"))
    return EndpointDocument(request, (Endpoint("n", "eth0", "br", "v", "02:42:0a:59:00:02", "10.89.0.2", 24,
                                               "10.89.0.1", "fd01::2", 64, "fd01::1", ("web", "www")),), ports_, 1, 2)


def test_endpoint_documents_come_back_as_they_were() -> None:
    original = document((Port(80, 8080),))
    assert from_document(json.loads(json.dumps(original.to_document()))) == original


def test_publications_by_family() -> None:
    rows = endpoints.publications(document((Port(80, 8080), Port(81, 81, "127.0.0.1"), Port(82, 82, "::1", "udp"))))
    assert [(p.host_ip, p.host_port, p.address) for p in rows] == [
        ("", 8080, "10.89.0.2"), ("", 8080, "fd01::2"), ("127.0.0.1", 81, "10.89.0.2"), ("::1", 82, "fd01::2")]
    names = [name for command in ruleset.elements("add", "t", rows) for name in [command["add"]["element"]["name"]]]
    assert names == ["publish4_address", "publish4_any_address", "publish4_any_port", "publish4_port",
                     "publish6_address", "publish6_any_address", "publish6_any_port", "publish6_port"]


def test_name_server_lines() -> None:
    record = definitions.NetworkRecord("0" * 64, 0.0, NetworkSpec(
        "n", subnets=(Subnet("10.89.0.0/24", "10.89.0.1"), Subnet("fd01::/64", "fd01::1")), dns_servers=("1.1.1.1",)))
    assert dns.header(Context(), record) == "10.89.0.1,fd01::1 1.1.1.1"
    assert dns.line(document(), "n") == "a" * 64 + " 10.89.0.2 fd01::2 web,www 9.9.9.9"


def test_macs_follow_from_addresses_and_are_local_unicast() -> None:
    assert links.mac_for("10.88.0.2") == "02:42:0a:58:00:02"
    assert links.mac_for("fd00::2") != links.mac_for("fd00::3")
    assert len(links.mac_for("fd00::2")) == 17
