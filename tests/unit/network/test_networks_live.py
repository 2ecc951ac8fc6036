# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks on a real kernel: packets go where they should, and nothing is left."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import time
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import context, errors
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import NetworkUse, Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import netns
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import networks

pytestmark = pytest.mark.netns
UDP = socket.SOCK_DGRAM


def shell(command: str) -> str:
    return subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.PIPE, text=True).stdout


def on(*names: str, **options: Any) -> tuple[NetworkUse, ...]:
    return tuple(NetworkUse("network", name, **options) for name in names)


def uplink() -> None:
    """An outside world: the namespace 'outside' at 192.0.2.2, the host at 192.0.2.1."""
    shell("ip link add up0 type veth peer name up1; ip addr add 192.0.2.1/24 dev up0; ip link set up0 up;"
          "ip addr add 2001:db8::1/64 dev up0 nodad")


class Outside:
    """A machine beside the host, reachable through a real link."""

    def __init__(self, lab: Any) -> None:
        path = lab.path("outside")
        netns.create(path)
        uplink()
        with open(path) as stream:
            shell("ip link set up1 netns /proc/%d/fd/%d" % (os.getpid(), stream.fileno()))
        with netns.inside(path):
            shell("ip addr add 192.0.2.2/24 dev up1; ip addr add 2001:db8::2/64 dev up1 nodad; ip link set up1 up")


def test_published_port_answers_from_everywhere(lab: Any) -> None:
    Outside(lab)
    first = lab.endpoint("web", ports=(Port(80, 8080),))
    second = lab.endpoint("other")
    lab.serve("web", 80)
    assert lab.ask("", "127.0.0.1", 8080) == "web 10.88.0.1"
    assert lab.ask("", "192.0.2.1", 8080) == "web 192.0.2.1"
    assert lab.ask("outside", "192.0.2.1", 8080) == "web 192.0.2.2"
    assert lab.ask("other", first.ip, 80) == "web " + second.ip
    assert lab.ask("other", "192.0.2.1", 8080).startswith("web")
    assert lab.ask("web", "192.0.2.1", 8080).startswith("web")
    assert lab.ask("web", "10.88.0.1", 8080).startswith("web")
    assert lab.ask("outside", "192.0.2.1", 80) == "ConnectionRefusedError"


def test_a_container_reaches_the_outside_with_the_hosts_address(lab: Any) -> None:
    Outside(lab)
    lab.up("inner")
    lab.serve("outside", 99)
    assert lab.ask("inner", "192.0.2.2", 99) == "outside 192.0.2.1"


def test_port_on_one_address_answers_only_there(lab: Any) -> None:
    Outside(lab)
    lab.up("local", ports=(Port(80, 8080, "127.0.0.1"),))
    lab.up("public", ports=(Port(80, 8080, "192.0.2.1"),))
    lab.serve("local", 80)
    lab.serve("public", 80)
    assert lab.ask("", "127.0.0.1", 8080).startswith("local")
    assert lab.ask("", "192.0.2.1", 8080).startswith("public")
    assert lab.ask("outside", "192.0.2.1", 8080).startswith("public")
    assert lab.ask("", "10.88.0.1", 8080) == "ConnectionRefusedError"


def test_udp_and_ranges_and_chosen_ports(lab: Any) -> None:
    result = lab.up("multi", ports=(Port(53, 5353, "", "udp"), Port(90, 9000), Port(91, 9001), Port(92, 0)))
    for port, kind in ((53, UDP), (90, socket.SOCK_STREAM), (91, socket.SOCK_STREAM), (92, socket.SOCK_STREAM)):
        lab.serve("multi", port, kind=kind)
    assert lab.ask("", "127.0.0.1", 5353, kind=UDP).startswith("multi")
    assert lab.ask("", "127.0.0.1", 9001).startswith("multi")
    chosen = result.ports[3].host_port
    assert chosen and lab.ask("", "127.0.0.1", chosen).startswith("multi")


def test_sctp_is_published(lab: Any) -> None:
    lab.up("sctp", ports=(Port(7, 7000, "", "sctp"),))
    assert "sctp . 7000" in shell("nft list table inet pyctest")


def test_containers_cannot_reach_the_hosts_loopback(lab: Any) -> None:
    """route_localnet alone would let a container's packet to 127.0.0.1 in."""
    endpoint = lab.endpoint("attacker")
    lab.serve("", 6666, address="127.0.0.1")
    with lab.inside("attacker"):
        shell("ip route del local 127.0.0.0/8 table local; ip route del local 127.0.0.1 table local;"
              "ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via %s dev eth0 onlink;"
              "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet" % endpoint.gateway)
    assert lab.ask("attacker", "127.0.0.1", 6666, timeout=1) in ("TimeoutError", "timeout")


def route_of_attacker(lab: Any) -> None:
    """Have the machine beside the host send to its 127.0.0.1 and to its containers."""
    with lab.inside("outside"):
        shell("ip route del local 127.0.0.0/8 table local; ip route del local 127.0.0.1 table local;"
              "ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via 192.0.2.1 dev up1 onlink;"
              "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet;"
              "ip route add 10.0.0.0/8 via 192.0.2.1; ip route add fd00::/8 via 2001:db8::1")


def test_a_neighbour_does_not_reach_what_is_published_on_loopback(lab: Any) -> None:
    Outside(lab)
    lab.up("local", ports=(Port(80, 8080, "127.0.0.1"),))
    lab.serve("local", 80)
    route_of_attacker(lab)
    assert lab.ask("", "127.0.0.1", 8080).startswith("local")
    assert lab.ask("outside", "127.0.0.1", 8080, timeout=1) in ("TimeoutError", "timeout")


@pytest.mark.parametrize("option", ["false", "true"])
def test_a_neighbour_reaches_containers_addresses_only_where_that_is_allowed(lab: Any, option: str) -> None:
    Outside(lab)
    networks.create(lab.ctx, NetworkSpec("direct", ipv6=True, options={"direct_routing": option}))
    networks.create(lab.ctx, NetworkSpec("neighbour"))
    target = lab.endpoint("web", uses=on("direct"), ports=(Port(80, 8080),))
    lab.up("peer", uses=on("neighbour"))
    lab.serve("web", 80)
    lab.serve("outside", 99)
    route_of_attacker(lab)
    for address in (target.ip, target.ip6):
        if option == "true":
            assert lab.ask("outside", address, 80).startswith("web")
        else:
            assert lab.ask("outside", address, 80, timeout=1) in ("TimeoutError", "timeout")
    assert lab.ask("outside", "192.0.2.1", 8080).startswith("web"), "what is published is published"
    assert lab.ask("web", "192.0.2.2", 99).startswith("outside"), "answers come back"
    assert lab.ask("peer", target.ip, 80).startswith("web"), "networks are not isolated unless they are to be"
    assert lab.ask("", target.ip, 80).startswith("web")


def test_dual_stack(lab: Any) -> None:
    Outside(lab)
    networks.create(lab.ctx, NetworkSpec("six", ipv6=True))
    endpoint = lab.endpoint("web", uses=on("six"), ports=(Port(80, 8080),))
    lab.up("other", uses=on("six"))
    lab.serve("web", 80)
    lab.serve("outside", 99)
    assert endpoint.ip == "10.89.0.2" and endpoint.ip6.startswith("fd") and endpoint.ip6_prefix == 64
    assert lab.ask("other", endpoint.ip6, 80).startswith("web fd")
    assert lab.ask("", "2001:db8::1", 8080).startswith("web")
    assert lab.ask("outside", "2001:db8::1", 8080) == "web 2001:db8::2"
    assert lab.ask("other", "2001:db8::1", 8080).startswith("web")
    assert lab.ask("other", "2001:db8::2", 99) == "outside 2001:db8::1"
    assert lab.ask("", "::1", 8080) == "ConnectionRefusedError"


def test_internal_network_has_no_way_out(lab: Any) -> None:
    Outside(lab)
    networks.create(lab.ctx, NetworkSpec("closed", internal=True))
    endpoint = lab.endpoint("inner", uses=on("closed"), ports=(Port(80, 8080),))
    lab.up("peer", uses=on("closed"))
    lab.up("stranger")
    lab.serve("inner", 80)
    lab.serve("stranger", 81)
    lab.serve("outside", 99)
    assert endpoint.gateway == ""
    assert lab.ask("peer", endpoint.ip, 80).startswith("inner")
    assert lab.ask("", "127.0.0.1", 8080).startswith("inner")
    assert lab.ask("stranger", endpoint.ip, 80, timeout=0.3) != "inner"
    with lab.inside("inner"):
        shell("ip route add default via 10.89.0.1")
    assert lab.ask("inner", "192.0.2.2", 99, timeout=0.3) in ("TimeoutError", "timeout")
    assert lab.ask("outside", "192.0.2.1", 8080, timeout=0.3) in ("TimeoutError", "timeout")


@pytest.mark.parametrize("first, second, passes", [
    ("false", "false", True), ("true", "false", True), ("true", "true", False),
    ("strict", "false", False), ("false", "strict", False), ("strict", "true", False),
])
def test_isolation_between_networks(lab: Any, first: str, second: str, passes: bool) -> None:
    for name, isolate in (("a", first), ("b", second)):
        networks.create(lab.ctx, NetworkSpec(name, options={"isolate": isolate}))
    lab.up("one", uses=on("a"))
    target = lab.endpoint("two", uses=on("b"))
    lab.up("three", uses=on("b"))
    lab.serve("two", 80)
    assert lab.ask("three", target.ip, 80).startswith("two")
    assert lab.ask("one", target.ip, 80, timeout=20 if passes else 0.3).startswith("two") is passes


def test_static_addresses_mac_mtu_and_interface_name(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("fix", subnets=(Subnet("10.99.0.0/24"), Subnet("fd99::/64")),
                                         options={"mtu": "1400"}))
    endpoint = lab.endpoint("still", uses=on("fix", ip="10.99.0.77", ip6="fd99::77", mac="02:11:22:33:44:55",
                                             interface="lan0"))
    with lab.inside("still"):
        text = shell("ip addr show dev lan0; ip route; ip -6 route")
    for part in ("inet 10.99.0.77/24", "inet6 fd99::77/64", "02:11:22:33:44:55", "mtu 1400",
                 "default via 10.99.0.1", "default via fd99::1"):
        assert part in text
    assert endpoint.ip == "10.99.0.77"
    with pytest.raises(errors.Conflict, match="in use by container"):
        lab.up("twin", uses=on("fix", ip="10.99.0.77"))
    for wrong in ("10.99.0.0", "10.99.0.255", "10.99.0.1", "10.98.0.5", "nonsense"):
        with pytest.raises(errors.InvalidInput):
            lab.up("wrong", uses=on("fix", ip=wrong))


def test_range_is_kept_and_runs_out(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("few", subnets=(
        Subnet("10.99.0.0/24", range_start="10.99.0.10", range_end="10.99.0.11"),)))
    assert {lab.endpoint(name, uses=on("few")).ip for name in ("a", "b")} == {"10.99.0.10", "10.99.0.11"}
    with pytest.raises(errors.Conflict, match="no free address"):
        lab.up("c", uses=on("few"))
    lab.down("a")
    assert lab.endpoint("c", uses=on("few")).ip == "10.99.0.10"


def test_port_in_use_names_who_has_it_and_leaves_nothing(lab: Any) -> None:
    lab.serve("", 7070)
    lab.up("holder", ports=(Port(80, 8080),))
    for ports, who in (((Port(80, 8081), Port(80, 8080)), "container holder"), ((Port(80, 7070),), "another program"),
                       ((Port(80, 8080, "127.0.0.1"),), "container holder")):
        with pytest.raises(errors.Conflict, match=who):
            lab.up("late", ports=ports)
    assert os.listdir(lab.ctx.run("ports")) == ["tcp_0.0.0.0_8080"]
    assert sorted(os.listdir(lab.ctx.run("ipam", "podman"))) == [".last4", "10.88.0.2"]
    with pytest.raises(errors.InvalidInput, match="must be one of this host's"):
        lab.up("late", ports=(Port(80, 8099, "203.0.113.9"),))


def test_vlan_is_made_or_refused(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("tagged", options={"vlan": "7"}))
    try:
        lab.up("one", uses=on("tagged"))
    except errors.Unsupported as exc:
        assert "VLAN" in str(exc)
        assert "pyctest0" not in shell("ip -o link")
    else:
        assert "7 PVID Egress Untagged" in shell("bridge vlan")


def test_everything_is_gone_after_the_last(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("n", ipv6=True))
    before = shell("ip -o link; nft list ruleset")
    for name in ("a", "b"):
        lab.up(name, uses=on("podman", "n"), ports=(Port(80, 0),))
    for name in ("a", "b", "b", "never"):
        lab.down(name)
    for _attempt in range(600):
        if shell("ip -o link; nft list ruleset") == before:
            break
        time.sleep(0.05)
    assert shell("ip -o link; nft list ruleset") == before
    for directory in ("ports", "endpoints", "netns"):
        assert os.listdir(lab.ctx.run(directory)) == []
    assert lab.ctx.runroot not in pathlib.Path("/proc/self/mounts").read_text()
    assert not os.path.exists(lab.ctx.run("firewall.json"))


def test_reload_puts_back_what_others_took_away(lab: Any) -> None:
    lab.up("web", ports=(Port(80, 8080),))
    lab.serve("web", 80)
    shell("nft flush ruleset; ip link del pyctest0")
    assert networks.reload(lab.ctx) == [lab.identity("web")]
    assert lab.ask("", "127.0.0.1", 8080).startswith("web")
    shell("nft flush ruleset")
    lab.up("next", ports=(Port(80, 8081),))
    lab.serve("next", 80)
    assert lab.ask("", "127.0.0.1", 8080).startswith("web")
    assert lab.ask("", "127.0.0.1", 8081).startswith("next")


def test_connect_and_disconnect_while_running(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("extra"))
    lab.up("web", ports=(Port(80, 8080),))
    lab.up("peer", uses=on("extra"))
    lab.serve("web", 80)
    added = networks.connect(lab.ctx, lab.identity("web"), NetworkUse("network", "extra", aliases=("www",)))
    assert added.interface == "eth1"
    assert lab.ask("peer", added.ip, 80).startswith("web")
    with pytest.raises(errors.Conflict):
        networks.connect(lab.ctx, lab.identity("web"), NetworkUse("network", "extra"))
    networks.disconnect(lab.ctx, lab.identity("web"), "podman")
    assert lab.ask("", "127.0.0.1", 8080).startswith("web")
    networks.disconnect(lab.ctx, lab.identity("web"), "extra")
    assert lab.ask("", "127.0.0.1", 8080) == "ConnectionRefusedError"
    networks.connect(lab.ctx, lab.identity("web"), NetworkUse("network", "extra"))
    assert lab.ask("", "127.0.0.1", 8080).startswith("web")
    with pytest.raises(errors.NotFound):
        networks.disconnect(lab.ctx, lab.identity("web"), "podman")


def test_remove_needs_force_while_in_use(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("used"))
    lab.up("web", uses=on("used"))
    with pytest.raises(errors.InUse, match="web"):
        networks.remove(lab.ctx, "used")
    assert networks.remove(lab.ctx, "used", force=True) == "used"
    assert "pyctest" not in shell("ip -o link")
    assert networks.prune(lab.ctx) == []


def test_mixed_names_resolve_by_hosts_files(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import dns

    monkeypatch.setattr(dns, "PROGRAM", "no-such-name-server")
    networks.create(lab.ctx, NetworkSpec("n"))
    web = lab.endpoint("web", uses=on("n", aliases=("www",)), hostname="webhost")
    inode = os.stat(lab.ctx.run("containers", lab.identity("web"), "hosts")).st_ino
    db = lab.endpoint("db", uses=on("n"))
    assert "%s\tdb " % db.ip in lab.hosts("web")
    assert "%s\tweb " % web.ip in lab.hosts("db") and " www" in lab.hosts("db")
    assert "%s\twebhost web" % web.ip in lab.hosts("web")
    networks.rename(lab.ctx, lab.identity("db"), "base")
    assert "%s\tbase " % db.ip in lab.hosts("web")
    lab.down("db")
    assert db.ip not in lab.hosts("web")
    assert os.stat(lab.ctx.run("containers", lab.identity("web"), "hosts")).st_ino == inode


def test_names_resolve_by_aardvark(lab: Any) -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import dns

    if not dns.available(lab.ctx):
        pytest.skip("aardvark-dns is not installed")
    networks.create(lab.ctx, NetworkSpec("n"))
    web = lab.endpoint("web", uses=on("n", aliases=("www",)))
    db = lab.endpoint("db", uses=on("n"))
    resolv = pathlib.Path(lab.ctx.run("containers", lab.identity("web"), "resolv.conf")).read_text()
    assert "nameserver 10.89.0.1\n" in resolv
    with lab.inside("web"):
        for name, address in (("db", db.ip), ("www", web.ip), ("web", web.ip)):
            answer = query(name, "10.89.0.1", address)
            assert address == answer
    pid = int(pathlib.Path(lab.ctx.run("dns", "aardvark.pid")).read_text())
    lab.down("db")
    lab.down("web")
    for _attempt in range(600):
        if not os.path.exists("/proc/%d/ns/net" % pid) or b"Z" in pathlib.Path("/proc/%d/stat" % pid).read_bytes():
            return
        time.sleep(0.05)
    os.kill(pid, 9)
    pytest.fail("the name server outlived its networks")


def query(name: str, server: str, wanted: str) -> str:
    """The first IPv4 address that a name server answers; asked again for a while, for it may be reading its files."""
    packet = b"\0\1\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name.encode() + b"\0\0\1\0\1"
    answer, deadline = "", time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_INET, UDP) as sock:
            sock.settimeout(0.5)
            sock.connect((server, 53))
            try:
                sock.send(packet)
                answer = socket.inet_ntoa(sock.recv(512)[-4:])
            except OSError:
                answer = ""
        if answer == wanted:
            break
        time.sleep(0.1)
    return answer


def test_a_killed_engine_is_repaired(lab: Any) -> None:
    """Killed in the middle of a set-up: what it took is taken back when somebody needs it."""
    child = os.fork()
    if child == 0:
        lab.up("lost", uses=on("podman", ip="10.88.0.9"), ports=(Port(80, 8080),))
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    pathlib.Path(lab.ctx.run("ports", "tcp_0.0.0.0_9999")).write_text("f" * 64)
    result = lab.up("next", uses=on("podman", ip="10.88.0.9"), ports=(Port(80, 8080), Port(81, 9999)))
    assert result.endpoints["podman"].ip == "10.88.0.9"
    assert os.listdir(lab.ctx.run("endpoints")) == [lab.identity("next") + ".json"]
    assert networks.repair(lab.ctx) == []


def test_sixteen_at_once(lab: Any) -> None:
    networks.create(lab.ctx, NetworkSpec("many"))
    children = []
    for number in range(16):
        child = os.fork()
        if child == 0:
            try:
                lab.up("c%d" % number, uses=on("podman", "many"), ports=(Port(80, 0),))
                if number % 2:
                    lab.down("c%d" % number)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 16
    found = [networks.live(lab.ctx, lab.identity("c%d" % n)) for n in range(0, 16, 2)]
    for name in ("podman", "many"):
        assert len({result.endpoints[name].ip for result in found}) == 8
    assert len({result.ports[0].host_port for result in found}) == 8
    assert len(os.listdir(lab.ctx.run("ports"))) == 8
    assert sum(1 for link in socket.if_nameindex() if link[1].startswith("pyctest")) == 2


def test_a_missing_program_is_named_and_nothing_is_left(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "TOOL_DIRECTORIES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(errors.MissingDependency, match="nftables"):
        lab.up("web", ports=(Port(80, 8080),))
    assert os.listdir(lab.ctx.run("ports")) == [] == os.listdir(lab.ctx.run("endpoints"))
    assert [name for _rest, name in socket.if_nameindex() if name.startswith("pyct")] == []


@pytest.mark.parametrize("use", [
    {"aliases": ("a\nb",)}, {"aliases": ("a b",)}, {"mac": "03:00:00:00:00:01"}, {"mac": "02:00"},
    {"interface": "a/b"}, {"interface": "lo"}, {"interface": "x" * 16}, {"ip": "fd00::5"}, {"ip6": "10.88.0.5"},
])
def test_hostile_settings_are_refused_and_leave_nothing(lab: Any, use: Any) -> None:
    with pytest.raises(errors.EngineError):
        lab.up("web", uses=on("podman", **use))
    assert networks.members(lab.ctx, "podman") == []
    assert "pyctest" not in shell("ip -o link; nft list ruleset")
