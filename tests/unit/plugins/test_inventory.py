# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin: which files are its own, how it asks, and what becomes of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader

ROW = {"Id": "0123456789abcdef" * 4, "Image": "registry:5000/team/app:1.2", "ImageID": "f" * 64, "Command": ["sleep"],
       "Created": 1, "State": "running", "Status": "Up", "ExitCode": 0, "Networks": ["front-end"], "PodName": "shop",
       "Mounts": None, "Ports": None, "Labels": {"tier": "db", "empty": ""}, "Names": ["web"], "IsInfra": False}

# Stands in for pycontainer: its answers are the files 0, 1 and so on.
PS = """\
#!/bin/sh
cd "%s"
n=$(cat n || echo 0)
echo $((n + 1)) > n
printf "%%s\\n" "$@" > args$n
cat $n || { echo "Error: out of order" >&2; exit 125; }
"""


@pytest.fixture
def parse(tmp_path: Path, load: Callable[..., Any]) -> Callable[..., Any]:
    """The inventory from these answers of 'ps', one after the other; its ``calls`` are the argv."""
    def parsed(answers: list, **options: Any) -> Any:
        for path in tmp_path.iterdir():
            path.unlink()
        for number, answer in enumerate(answers):
            (tmp_path / str(number)).write_text(answer if isinstance(answer, str) else json.dumps(answer))
        (tmp_path / "ps").write_text(PS % tmp_path)
        (tmp_path / "ps").chmod(0o755)
        path, plugin = tmp_path / "test.pycontainer.yml", load("inventory", "containers")
        options = dict({"plugin": plugin.NAME, "executable": str(tmp_path / "ps")}, **options)
        path.write_text(yaml.safe_dump(options, sort_keys=False))
        inventory = InventoryData()
        plugin.parse(inventory, DataLoader(), str(path), cache=False)
        inventory.calls = [(tmp_path / ("args%d" % n)).read_text().splitlines() for n in range(len(answers))]
        return inventory

    return parsed


def groups(inventory: Any) -> dict:
    return {name: sorted(host.name for host in group.hosts) for name, group in inventory.groups.items()
            if name not in ("all", "ungrouped")}


@pytest.mark.parametrize(("name", "ours"), [
    ("web.pycontainer.yml", True), ("web.pycontainer.yaml", True), ("pycontainer.yml", True),
    ("pycontainer.yaml", True), ("web.yml", False), ("pycontainer.json", False), ("xpycontainer.yml", False)])
def test_which_files_are_its_own(tmp_path: Path, load: Callable[..., Any], name: str, ours: bool) -> None:
    (tmp_path / name).touch()
    assert load("inventory", "containers").verify_file(str(tmp_path / name)) is ours


def test_a_container_is_in_its_groups(parse: Callable[..., Any]) -> None:
    found = groups(parse([[ROW]], run_as_users=["alice"]))
    assert found == dict.fromkeys((
        "image_registry_5000_team_app", "label_tier", "label_tier_db", "label_empty", "pod_shop", "network_front_end",
        "state_running", "user_alice"), ["web"])


def test_what_it_is_grouped_by(parse: Callable[..., Any]) -> None:
    assert set(groups(parse([[ROW]], group_by=["state", "pod"]))) == {"state_running", "pod_shop"}


@pytest.mark.parametrize(("image", "group"), [
    ("docker.io/library/nginx:1.27", "image_docker_io_library_nginx"), ("nginx", "image_nginx"),
    ("localhost:5000/a", "image_localhost_5000_a"), ("a/b@sha256:" + "0" * 64, "image_a_b")])
def test_an_images_group_has_no_tag(parse: Callable[..., Any], image: str, group: str) -> None:
    assert list(groups(parse([[dict(ROW, Image=image)]], group_by=["image"]))) == [group]


def test_a_container_without_anything(parse: Callable[..., Any]) -> None:
    bare = dict(ROW, Image="", Labels=None, Networks=[], PodName="")
    assert set(groups(parse([[bare]], run_as_users=["alice"]))) == {"state_running", "user_alice"}


def test_variables_tell_the_connection(parse: Callable[..., Any]) -> None:
    inventory = parse([[ROW]], run_as_users=["alice"], root="/r", hostname="id")
    values = inventory.hosts["0123456789ab"].get_vars()
    wanted = {"ansible_connection": "pycontainer.engine.container", "ansible_host": "web",
              "ansible_pycontainer_root": "/r", "ansible_pycontainer_run_as_user": "alice", "pycontainer_pod": "shop",
              "pycontainer_mounts": [],
              "pycontainer_labels": {"tier": "db", "empty": ""}, "pycontainer_exit_code": 0, "pycontainer_name": "web"}
    assert {name: values[name] for name in wanted} == wanted
    assert "ansible_pycontainer_runroot" not in values


@pytest.mark.parametrize(("options", "words"), [
    ({}, ["ps", "--format", "json"]),
    ({"all": True}, ["ps", "--format", "json", "--all"]),
    ({"filters": {"status": "exited", "label": ["a=b", "c=d,e"]}},
     ["ps", "--format", "json", "--filter", "status=exited", "--filter", "label=a=b", "--filter", '"label=c=d,e"']),
    ({"root": "/r", "run_as_users": ["bob"], "extra_args": "--runtime 'a b'"},
     ["--root", "/r", "--run-as-user", "bob", "--runtime", "a b", "ps", "--format", "json"]),
])
def test_how_it_asks(parse: Callable[..., Any], options: dict, words: list) -> None:
    assert parse([[]], **options).calls == [words]


def test_two_users_with_one_name(parse: Callable[..., Any]) -> None:
    with pytest.raises(AnsibleError, match="alice and bob are called web"):
        parse([[ROW], [ROW]], run_as_users=["alice", "bob"])


def test_two_users_by_user_and_name(parse: Callable[..., Any]) -> None:
    inventory = parse([[ROW], [ROW]], run_as_users=["alice", "bob"], hostname="user_name")
    assert sorted(inventory.hosts) == ["alice_web", "bob_web"]


@pytest.mark.parametrize(("infra", "hosts"), [(False, ["web"]), (True, ["infra", "web"])])
def test_infra_containers(parse: Callable[..., Any], infra: bool, hosts: list) -> None:
    rows = [ROW, dict(ROW, Names=["infra"], IsInfra=True)]
    assert sorted(parse([rows], infra=infra).hosts) == hosts


def test_constructed_groups_and_variables(parse: Callable[..., Any]) -> None:
    inventory = parse([[ROW]], group_by=[], groups={"databases": "pycontainer_labels.tier == 'db'"},
                      keyed_groups=[{"key": "pycontainer_state", "prefix": "is"}],
                      compose={"shop": "pycontainer_pod | upper"})
    assert groups(inventory) == {"databases": ["web"], "is_running": ["web"]}
    assert inventory.hosts["web"].get_vars()["shop"] == "SHOP"


def test_strict_names_the_container(parse: Callable[..., Any]) -> None:
    options = {"compose": {"x": "pycontainer_labels.nothing.at_all"}}
    assert parse([[ROW]], **options).hosts
    with pytest.raises(AnsibleError, match="The container web"):
        parse([[ROW]], strict=True, **options)


def test_an_engine_that_fails_or_talks_nonsense(parse: Callable[..., Any]) -> None:
    with pytest.raises(AnsibleError, match="Cannot list the containers of alice: out of order"):
        parse([], run_as_users=["alice"])
    with pytest.raises(AnsibleError, match="did not answer with JSON"):
        parse(["?"])
