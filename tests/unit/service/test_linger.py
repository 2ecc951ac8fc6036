# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pathlib
import pwd

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import init
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import linger


@pytest.mark.parametrize("booted, marked, running, rootless, warned", [
    (True, False, True, True, True),
    (True, True, True, True, False),
    (True, False, False, True, False),
    (False, False, True, True, False),
    (True, False, True, False, False),
], ids=["nothing holds them", "lingers", "nothing runs", "no systemd", "root's"])
def test_who_starts_containers_hears_that_they_will_not_last(
        tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, booted: bool, marked: bool, running: bool,
        rootless: bool, warned: bool) -> None:
    uid = 65534 if rootless else 0
    name = pwd.getpwuid(uid).pw_name
    context = Context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"), uid=uid)
    for wish, path in ((booted, "systemd"), (marked, "marks/" + name), (running, "run/containers/abc")):
        if wish:
            (tmp_path / path).mkdir(parents=True)
    monkeypatch.setattr(init, "SYSTEM", str(tmp_path / "systemd"))
    monkeypatch.setattr(linger, "MARKS", str(tmp_path / "marks"))
    assert (name in linger.warning(context)) is warned
