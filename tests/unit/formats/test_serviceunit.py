# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of a container's unit: each choice is in its place, and systemd finds nothing wrong with it."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import serviceunit, systemdunit
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.serviceunit import Unit, choices_of

WEB = Unit(name="container-web.service", kind="container", called="web", root="/srv/a b%",
           command=("/usr/bin/python3", "-IS", "/srv/a b%/engine/current", "--root", "/srv/a b%"))


def settings(unit: Unit, **chosen: Any) -> dict[str, str]:
    return {line.key: line.value for line in systemdunit.parse(serviceunit.render(unit, choices_of(chosen)))}


CASES = [
    ({}, "Restart", "on-failure"), ({}, "TimeoutStopSec", "70"), ({}, "Type", "notify"),
    ({"restart_policy": "always"}, "Restart", "always"), ({"restart_sec": 7}, "RestartSec", "7"),
    ({}, "SuccessExitStatus", "137 143"), ({"restart_policy": "no"}, "SuccessExitStatus", "143"),
    ({"stop_timeout": 0}, "TimeoutStopSec", "60"), ({"start_timeout": 300}, "TimeoutStartSec", "300"),
    ({"after": ["a.service"]}, "After", "network-online.target a.service"),
    ({"wants": ["a.service", "b.target"]}, "Wants", "network-online.target a.service b.target"),
    ({"requires": ["a.mount"]}, "Requires", "a.mount"),
    ({"environment": {"A": "x y%"}}, "Environment", '"A=x y%%"'),
    ({}, "ExecStart", '/usr/bin/python3 -IS "/srv/a b%%/engine/current" unit-start --root "/srv/a b%%" container-web'),
    ({}, "RequiresMountsFor", '"/srv/a b%%"'), ({}, "WantedBy", "default.target"), ({}, "Description", "Container web"),
]


@pytest.mark.parametrize(("chosen", "key", "value"), CASES)
def test_choices_are_in_their_place(chosen: dict[str, Any], key: str, value: str) -> None:
    assert settings(WEB, **chosen)[key] == value


@pytest.mark.parametrize("chosen", [
    {"restart_policy": "sometimes"}, {"restart_sec": -1}, {"after": ["a b.service"]}, {"wants": ["a"]},
    {"requires": ["x\n[Service].service"]}, {"environment": {"A B": "x"}}, {"environment": {"A": "\0"}},
    {"sdnotify": "container"}])
def test_choices_that_no_unit_can_hold_are_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        choices_of(chosen)


def test_the_containers_of_a_pod_come_and_go_with_it() -> None:
    member = settings(Unit(**dict(vars(WEB), bound="pod-p.service", user=True)))
    assert member["BindsTo"] == member["After"] == member["WantedBy"] == "pod-p.service"
    pod = settings(Unit(**dict(vars(WEB), kind="pod", members=("a.service", "b.service"), user=True)))
    assert pod["Wants"] == pod["Before"] == "a.service b.service"


def test_what_a_container_needs_starts_before_it_and_takes_it_along() -> None:
    """Wants= and PartOf= rather than Requires=, which would fail where no unit runs what is needed."""
    unit = settings(Unit(**dict(vars(WEB), needs=("a.service", "b.service"), part_of=("a.service",), user=True)))
    assert unit["Wants"] == unit["After"] == "a.service b.service" and unit["PartOf"] == "a.service"
    assert "Requires" not in unit


@pytest.mark.parametrize(("chosen", "kind", "name"), [
    ({}, "container", "container-web.service"), ({}, "pod", "pod-web.service"),
    ({"container_prefix": "c", "separator": "."}, "container", "c.web.service"),
    ({"container_prefix": ""}, "container", "web.service")])
def test_names_of_units(chosen: dict[str, Any], kind: str, name: str) -> None:
    assert serviceunit.name_of(choices_of(chosen), kind, "web") == name


@pytest.mark.parametrize("prefix", ["a b", "x/y", "a\nb", "%n"])
def test_a_prefix_cannot_lead_elsewhere(prefix: str) -> None:
    with pytest.raises(InvalidInput):
        serviceunit.name_of(choices_of({"container_prefix": prefix}), "container", "web")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong(tmp_path: pathlib.Path) -> None:
    unit = Unit(**dict(vars(WEB), command=(shutil.which("true") or "/bin/true", "-IS", "/x y")))
    text = serviceunit.render(unit, choices_of({
        "environment": {"A": "x\n[Service]\nExecStart=/bin/evil"}, "restart_sec": 1, "start_timeout": 5}))
    (tmp_path / unit.name).write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr
