# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plans of images, networks, volumes, secrets and logins, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Conflict, InvalidInput, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import network as network_format
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import volume as volume_format
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import networks, volumes
from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import network as nouns
from ansible_collections.pycontainer.engine.plugins.module_utils.state import image, login, network, secret, volume


def params(noun: Any, **given: Any) -> dict:
    """What Ansible hands to a module."""
    base = {row.name: row.settings.get("default") for row in noun.OPTIONS}
    return dict(base, name="thing", registry="reg.example", **{"state": "present", **given})


VOLUME = volume_format.VolumeSpec("thing", options={"type": "tmpfs"}, labels={"a": "b"}).to_document()
VOLUMES = [
    ({}, None, ("create",), {"state"}), ({}, VOLUME, (), set()), ({"state": "absent"}, None, (), set()),
    ({"state": "absent"}, VOLUME, ("remove",), {"state"}), ({"label": {"a": "b"}}, VOLUME, (), set()),
    ({"label": {"a": "c"}}, VOLUME, ("label",), {"label"}), ({"options": ["type=tmpfs"]}, VOLUME, (), set()),
    ({"options": ["type=ext4"], "force": True}, VOLUME, ("replace",), {"options"}),
    ({"recreate": True}, VOLUME, ("replace",), set()), ({"strict": True, "force": True}, VOLUME, ("replace",),
                                                        {"options", "label"}),
]


@pytest.mark.parametrize("given, actual, verbs, fields", VOLUMES, ids=str)
def test_volume(given: dict, actual: dict | None, verbs: tuple, fields: set) -> None:
    plan = volume.plan(params(volume, **given), actual)
    assert plan.verbs == verbs and set(plan.before) == fields
    assert volume_format.from_document(plan.document).name == "thing"


def test_a_volume_never_loses_data_unasked() -> None:
    with pytest.raises(Conflict, match="options"):
        volume.plan(params(volume, options=["type=ext4"]), VOLUME)


@pytest.mark.parametrize("options, there", [
    ({"device": "/missing"}, False), ({"device": "/missing", "type": "bind"}, False), ({"device": "/etc"}, True),
    ({"device": "/missing", "type": "none", "o": "rbind,ro"}, False), ({"device": "tmpfs", "type": "tmpfs"}, True),
    ({"device": "host:/missing", "type": "nfs"}, True), ({"device": "/missing", "type": "nfs"}, True)], ids=str)
def test_a_volume_of_a_path_needs_the_path(ctx: Context, options: dict, there: bool) -> None:
    spec = volume_format.VolumeSpec("thing", options=options)
    if there:
        assert volumes.create(ctx, spec).name == "thing"
        return
    with pytest.raises(NotFound, match="/missing"):
        volumes.create(ctx, spec)
    for device in ("relative", "/etc/passwd"):
        with pytest.raises(InvalidInput, match=device):
            volumes.create(ctx, volume_format.VolumeSpec("thing", options=dict(options, device=device)))
    assert not volumes.exists(ctx, "thing")


def made(**given: Any) -> dict:
    """A network's stored document, as lists."""
    spec = network_format.NetworkSpec("thing", interface="pyc0", subnets=(network_format.Subnet("10.89.0.0/24",
                                                                                                "10.89.0.1"),), **given)
    document = spec.to_document()
    return dict(document, subnets=list(document["subnets"]), dns_servers=list(document["dns_servers"]))


NETWORKS = [
    ({}, None, ("create",), {"state"}), ({}, made(), (), set()), ({"state": "absent"}, made(), ("remove",), {"state"}),
    ({"subnet": "10.89.0.0/24"}, made(), (), set()), ({"subnet": "10.89.0.7/24"}, made(), (), set()),
    ({"subnet": "10.89.0.0/24", "gateway": "10.89.0.1"}, made(), (), set()),
    ({"subnet": "10.89.0.0/24", "gateway": "10.89.0.2"}, made(), ("replace",), {"subnet", "gateway"}),
    ({"subnet": "10.90.0.0/24"}, made(), ("replace",), {"subnet"}),
    ({"subnet": "10.89.0.0/24", "ip_range": "10.89.0.64/26"}, made(), ("replace",), {"subnet"}),
    ({"internal": True}, made(), ("replace",), {"internal"}), ({"internal": False}, made(), (), set()),
    ({"disable_dns": True}, made(), ("replace",), {"disable_dns"}), ({"disable_dns": True}, made(dns=False), (), set()),
    ({"opt": {"mtu": 1400, "vlan": None}}, made(options={"mtu": "1400"}), (), set()),
    ({"opt": {"mtu": 9000}}, made(options={"mtu": "1400"}), ("replace",), {"opt"}),
    ({"strict": True}, made(), (), set()), ({"recreate": True}, made(), ("replace",), set()),
    ({"net_config": [{"subnet": "10.89.0.0/24"}, {"subnet": "fd00::/64"}]}, made(), ("replace",),
     {"net_config", "ipv6"}),
]


@pytest.mark.parametrize("given, actual, verbs, fields", NETWORKS, ids=str)
def test_network(given: dict, actual: dict | None, verbs: tuple, fields: set) -> None:
    plan = network.plan(params(network, **given), actual)
    assert plan.verbs == verbs and set(plan.before) == fields
    if plan.document:
        assert network_format.from_document(plan.document).name == "thing"


V4, V6 = {"subnet": "10.97.0.0/24"}, {"subnet": "fd97::/64"}
RUNS = [{"net_config": rows, "ipv6": ipv6, "strict": strict} for rows in ([V4], [V6], [V4, V6], None)
        for ipv6 in (True, False, None) for strict in (False, True)] + [
    {"opt": {"isolate": 1}}, {"opt": {"isolate": "True"}}, {"opt": {"no_default_route": True}},
    {"driver": "macvlan", "interface_name": "lo", "net_config": [V4], "disable_dns": False, "opt": {"mode": "Bridge"}},
    {"driver": "ipvlan", "interface_name": "lo", "net_config": [V6], "strict": True}]


@pytest.mark.parametrize("given", RUNS, ids=str)
def test_a_second_run_leaves_a_network_as_the_first_made_it(given: dict, ctx: Context) -> None:
    wish = params(network, **given)
    networks.create(ctx, network_format.from_document(network.plan(wish, None).document))
    made = networks.get(ctx, "thing").spec
    assert not network.plan(wish, made.to_document()).changed
    asked = len(given.get("net_config") or ()) or 1
    assert len(made.subnets) == (2 if given.get("ipv6") else asked)
    anew = network.plan(dict(wish, recreate=True), made.to_document()).document
    assert networks.replace_one(ctx, network_format.from_document(anew)).spec.subnets == made.subnets


def test_a_network_that_cannot_be_made_anew_stays(ctx: Context) -> None:
    for name, subnet in (("thing", "10.97.0.0/24"), ("other", "10.98.0.0/24")):
        networks.create(ctx, network_format.NetworkSpec(name, subnets=(network_format.Subnet(subnet),)))
    before = networks.get(ctx, "thing")
    wish = params(network, subnet="10.98.0.0/25", force=True)
    with pytest.raises(Conflict, match="other"):
        nouns.converge(ctx, wish, False)
    assert networks.get(ctx, "thing") == before


def test_a_network_made_anew_keeps_the_subnet_that_nobody_asked_for(ctx: Context) -> None:
    wish = params(network, net_config=[V4], ipv6=True)
    networks.create(ctx, network_format.from_document(network.plan(wish, None).document))
    before = networks.get(ctx, "thing").spec.to_document()
    plan = network.plan(dict(wish, internal=True), before)
    assert plan.verbs == ("replace",)
    assert [row["subnet"] for row in plan.document["subnets"]] == [row["subnet"] for row in before["subnets"]]
    gone = network.plan(dict(wish, ipv6=False), before)
    assert set(gone.before) == {"net_config", "ipv6"} and len(gone.document["subnets"]) == 1


@pytest.fixture
def ctx(tmp_path: Any) -> Context:
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


@pytest.mark.parametrize("given", [{"subnet": "10.0.0.0/40"}, {"subnet": "x"}, {"subnet": "10.0.0.0/24",
                                                                                "ip_range": "y"}])
def test_wrong_subnets(given: dict) -> None:
    with pytest.raises(InvalidInput):
        network.plan(params(network, **given), None)


SECRETS = [
    # options, labels of the secret, same value, stale consumers, verbs
    ({}, None, False, 0, ("create",)), ({}, {}, True, 0, ()), ({}, {}, None, 0, ()), ({}, {}, False, 2, ("change",)),
    ({"restart_consumers": True}, {}, False, 2, ("change", "restart")),
    ({"restart_consumers": True}, {}, True, 2, ("restart",)), ({"restart_consumers": True}, {}, True, 0, ()),
    ({"force": True}, {}, True, 0, ("change",)), ({"skip_existing": True}, {}, False, 0, ()),
    ({"labels": {"a": "b"}}, {}, True, 0, ("change",)), ({"labels": {"a": "b"}}, {"a": "b"}, True, 0, ()),
    ({"state": "absent"}, {}, None, 0, ("remove",)), ({"state": "absent"}, None, None, 0, ()),
]


@pytest.mark.parametrize("given, labels, same, stale, verbs", SECRETS, ids=str)
def test_secret(given: dict, labels: dict | None, same: bool | None, stale: int, verbs: tuple) -> None:
    plan = secret.plan(params(secret, data="hush", **given), labels, same, stale)
    assert plan.verbs == verbs
    assert "hush" not in repr(plan)


def test_a_new_secret_needs_a_value() -> None:
    with pytest.raises(InvalidInput, match="value"):
        secret.plan(params(secret), None, None, 0)


HERE = {"id": "i1", "digests": ("sha256:a",)}
IMAGES = [
    ({}, {}, ("pull",)), ({}, HERE, ()), ({"pull_policy": "newer"}, dict(HERE, offered="sha256:a"), ()),
    ({"pull_policy": "newer"}, dict(HERE, offered="sha256:b"), ("pull",)), ({"path": "/a.tar"}, {}, ("load",)),
    ({"path": "/a.tar"}, HERE, ()), ({"path": "/a.tar", "force": True}, HERE, ("load",)),
    ({"import": "/a.tar", "push": True}, {}, ("import", "push")), ({"import": "/a.tar", "push": True}, HERE, ("push",)),
    ({"import": "/a.tar", "push": True}, dict(HERE, pushed=True), ()), ({"tags": ["b"]}, dict(HERE, tags=("b",)),
                                                                        ("tag",)),
    ({"tags": ["b"]}, HERE, ()), ({"tags": ["b"]}, {}, ("pull", "tag")), ({"state": "absent"}, HERE, ("remove",)),
    ({"state": "absent"}, {}, ()), ({"pull": False}, HERE, ()),
]


@pytest.mark.parametrize("given, actual, verbs", IMAGES, ids=str)
def test_image(given: dict, actual: dict, verbs: tuple) -> None:
    plan = image.plan(params(image, **given), image.Actual(**actual))
    assert plan.verbs == verbs
    assert set(plan.before) == set(plan.after)


@pytest.mark.parametrize("given", [{"pull": False}, {"pull_policy": "never"}])
def test_an_image_that_may_not_be_pulled(given: dict) -> None:
    with pytest.raises(NotFound):
        image.plan(params(image, **given), image.Actual())


@pytest.mark.parametrize("name, tag, full", [
    ("a", None, "a"), ("a", "1", "a:1"), ("h:5000/a", "1", "h:5000/a:1"), ("a:2", "1", "a:2"), ("a@sha256:x", "1",
                                                                                                "a@sha256:x")])
def test_full_name(name: str, tag: str | None, full: str) -> None:
    assert image.full_name({"name": name, "tag": tag}) == full


def test_only_a_policy_asks_the_registry() -> None:
    assert not image.asks_registry(params(image), True)
    assert not image.asks_registry(params(image, pull_policy="newer"), False)
    assert image.asks_registry(params(image, pull_policy="newer"), True)
    assert image.asks_registry(params(image, force=True), True)
    assert not image.asks_registry(params(image, force=True, path="/a.tar"), True)


@pytest.mark.parametrize("given, actual, verbs", [
    ({}, None, ("login",)), ({}, ("u", "p"), ()), ({}, ("u", "old"), ("login",)), ({"force": True}, ("u", "p"),
                                                                                   ("login",)),
    ({"state": "absent"}, ("u", "p"), ("logout",)), ({"state": "absent"}, None, ())])
def test_login(given: dict, actual: tuple | None, verbs: tuple) -> None:
    plan = login.plan(params(login, username="u", password="p", **given), actual)
    assert plan.verbs == verbs
    assert "'p'" not in repr(plan) and "old" not in repr(plan)
