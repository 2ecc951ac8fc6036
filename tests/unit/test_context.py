# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a user's engine lives: from the user's ID and the file system, never from the environment, never by a link."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import context

BOOT = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read(8)  # noqa: SIM115


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> dict[str, int]:
    """Directories that exist, and whose they are; all others are not there."""
    owners: dict[str, int] = {}
    monkeypatch.setattr(context, "_owns", lambda path, uid: owners.get(path) == uid)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    return owners


def test_roots_own_places_are_fixed() -> None:
    assert context.roots(0, "/root", None, None) == ("/var/lib/pycontainer", "/run/pycontainer")
    assert context.roots(0, "/root", "/a/../b", "/c") == ("/b", "/c")


@pytest.mark.parametrize("there, runroot", [
    ({"/run/user/1000": 1000}, "/run/user/1000/pycontainer"),
    ({"/run/pycontainer-users/1000": 1000}, "/run/pycontainer-users/1000/pycontainer"),
    ({"/run/user/1000": 1000, "/run/pycontainer-users/1000": 1000}, "/run/user/1000/pycontainer"),
    ({"/run/user/1000": 1001}, "/tmp/pycontainer-1000-" + BOOT),
    ({}, "/tmp/pycontainer-1000-" + BOOT),
])
def test_the_first_place_that_is_the_users(places: dict[str, int], there: dict[str, int], runroot: str,
                                           tmp_path: Any) -> None:
    places.update(there)
    home = str(tmp_path)
    assert context.roots(1000, home, None, None) == (home + "/.local/share/pycontainer", runroot)


def test_what_a_boot_began_with_stays(places: dict[str, int], tmp_path: Any) -> None:
    root = tmp_path / ".local/share/pycontainer"
    root.mkdir(parents=True)
    (root / "runroot").symlink_to("/run/pycontainer-users/1000/pycontainer")
    places.update({"/run/user/1000": 1000, "/run/pycontainer-users/1000/pycontainer": 1000})
    assert context.user_runroot(1000, str(root)) == "/run/pycontainer-users/1000/pycontainer"
    del places["/run/pycontainer-users/1000/pycontainer"]  # the next boot
    assert context.user_runroot(1000, str(root)) == "/run/user/1000/pycontainer"


def test_a_link_to_somebody_elses_directory_is_not_followed(places: dict[str, int], tmp_path: Any) -> None:
    (tmp_path / "runroot").symlink_to("/run/pycontainer")
    places["/run/pycontainer"] = 0
    assert context.user_runroot(1000, str(tmp_path)) == "/tmp/pycontainer-1000-" + BOOT


def test_root_finds_what_is_the_users(places: dict[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    places.update({"/run/user/1000": 1000, "/tmp/other": 1000})
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(context, "_outer", lambda _name: 0)
    assert context.user_runroot(1000, str(tmp_path)) == "/run/user/1000/pycontainer"
    (tmp_path / "runroot").symlink_to("/tmp/other")
    assert context.user_runroot(1000, str(tmp_path)) == "/tmp/other"


def test_in_the_users_own_namespaces_it_is_roots(places: dict[str, int], monkeypatch: pytest.MonkeyPatch,
                                                 tmp_path: Any) -> None:
    places["/run/user/1000"] = 0
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(context, "_outer", lambda _name: 1000)
    assert context.user_runroot(1000, str(tmp_path)) == "/run/user/1000/pycontainer"


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    before = context.roots(1000, "/home/a", None, None)
    for name in ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    assert context.roots(1000, "/home/a", None, None) == before
