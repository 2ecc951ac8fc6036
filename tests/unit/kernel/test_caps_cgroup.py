# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container's capabilities, and where its control groups are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import caps, cgroup

HELD = set(caps.NAMES) - {"CAP_SYS_BOOT", "CAP_FSETID"}
DEFAULT = set(caps.DEFAULT) - {"CAP_FSETID"}

SETS = [
    # add, drop, privileged, the container's
    ((), (), False, DEFAULT),
    (("CAP_NET_ADMIN",), (), False, DEFAULT | {"CAP_NET_ADMIN"}),
    (("CAP_CHOWN",), (), False, DEFAULT),
    ((), ("CAP_CHOWN",), False, DEFAULT - {"CAP_CHOWN"}),
    ((), ("CAP_SYS_ADMIN",), False, DEFAULT),
    ((), ("ALL",), False, set()),
    (("CAP_CHOWN",), ("ALL",), False, {"CAP_CHOWN"}),
    (("ALL",), (), False, HELD),
    (("ALL",), ("CAP_SYS_ADMIN",), False, HELD - {"CAP_SYS_ADMIN"}),
    ((), (), True, HELD),
    ((), ("CAP_SYS_ADMIN",), True, HELD - {"CAP_SYS_ADMIN"}),
    ((), ("ALL",), True, set()),
]


@pytest.fixture
def held(monkeypatch) -> None:
    """An engine that holds all capabilities but two."""
    monkeypatch.setattr(caps, "bounding", lambda: tuple(sorted(HELD)))


@pytest.mark.parametrize("add, drop, privileged, expected", SETS, ids=str)
def test_a_containers_set(held: None, add: tuple, drop: tuple, privileged: bool, expected: set) -> None:
    assert caps.container_set(add, drop, privileged=privileged) == tuple(sorted(expected))


@pytest.mark.parametrize("add, drop, words", [
    (("CAP_NOTHING",), (), "no capability CAP_NOTHING"), ((), ("CAP_NOTHING",), "no capability CAP_NOTHING"),
    (("chown",), (), "no capability chown"), (("CAP_CHOWN",), ("CAP_CHOWN",), "CAP_CHOWN is both"),
    (("ALL",), ("ALL",), "ALL is both"), (("CAP_SYS_BOOT",), (), "does not hold CAP_SYS_BOOT"),
    (("CAP_SYS_BOOT",), ("ALL",), "does not hold CAP_SYS_BOOT")])
def test_what_cannot_be(held: None, add: tuple, drop: tuple, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        caps.container_set(add, drop)


def test_the_names_are_in_the_kernels_order() -> None:
    assert (caps.NAMES.index("CAP_SYS_ADMIN"), caps.NAMES.index("CAP_SETFCAP")) == (21, 31)
    assert (caps.NAMES.index("CAP_CHECKPOINT_RESTORE"), len(caps.NAMES)) == (40, 41)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    mask = int(next(line for line in status.splitlines() if line.startswith("CapBnd")).split()[1], 16)
    assert len(caps.bounding()) == bin(mask & (1 << 41) - 1).count("1")


TREES = [
    (["cgroup.controllers"], "v2"), (["memory/", "cpu/", "unified/cgroup.controllers"], "hybrid"),
    (["memory/"], "v1"), (["cpu/", "pids/"], "v1"), (["systemd/"], "none"), ([], "none"),
]


def tree(directory: Path, names: list[str]) -> None:
    for name in names:
        path = directory / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")


@pytest.mark.parametrize("names, kind", TREES, ids=str)
def test_kinds_of_hosts(monkeypatch, tmp_path: Path, names: list, kind: str) -> None:
    tree(tmp_path, names)
    monkeypatch.setattr(cgroup, "ROOT", str(tmp_path))
    assert cgroup.mode() == kind


@pytest.mark.parametrize("names, base", [(["cgroup.controllers"], ""), (["unified/cgroup.controllers"], "unified")])
def test_a_process_is_found_in_each_hierarchy(monkeypatch, tmp_path: Path, names: list, base: str) -> None:
    tree(tmp_path, names)
    monkeypatch.setattr(cgroup, "ROOT", str(tmp_path))
    places = cgroup.of_process(os.getpid())
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _number, controllers, path = line.split(":", 2)
        if not controllers:
            assert places[""] == os.path.join(tmp_path, base).rstrip("/") + path
        for name in controllers.split(",") if not controllers.startswith("name=") else ():
            assert not name or places[name] == "%s/%s%s" % (tmp_path, name, path)
    assert cgroup.of_process(2 ** 22 + 1) == {}


@pytest.mark.parametrize("names", [["cgroup.controllers"], ["memory/", "unified/cgroup.controllers"]], ids=str)
def test_only_empty_groups_of_the_container_go(monkeypatch, tmp_path: Path, names: list) -> None:
    tree(tmp_path, names)
    base = tmp_path if names == ["cgroup.controllers"] else tmp_path / "memory"
    tree(base, ["pycontainer/c1/inner/deeper/", "pycontainer/c2/", "pycontainer/c3/busy", "other/"])
    monkeypatch.setattr(cgroup, "ROOT", str(tmp_path))
    for path in ("/pycontainer/c1", "/pycontainer/c3", "/pycontainer/gone", "", "/", "/.", "/pycontainer/../other",
                 "machine.slice:pycontainer:c2"):
        cgroup.remove(path)
    assert sorted(os.listdir(base / "pycontainer")) == ["c2", "c3"] and (base / "other").is_dir()


def test_a_host_without_control_groups_has_nothing_to_remove(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cgroup, "ROOT", str(tmp_path / "missing"))
    cgroup.remove("/pycontainer/c1")
