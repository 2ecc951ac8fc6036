# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files on a host: what is missing there is said before anything is written."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import quadlets, systemd


@pytest.mark.parametrize("booted, message", [(True, "on this host makes units"), (False, "systemd has not booted")])
def test_a_file_that_nothing_would_read_is_refused(booted: bool, message: str, tmp_path: pathlib.Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "booted", lambda: booted)
    monkeypatch.setattr(quadlets, "GENERATORS", ("%s/%%s-generators" % tmp_path,))
    with pytest.raises(Unsupported, match=message):
        quadlets.require_generator(Context(), ["write"])
    quadlets.require_generator(Context(), ["stop", "remove", "reload"])
    (tmp_path / "user-generators").mkdir()
    (tmp_path / "user-generators/pycontainer").touch()
    quadlets.require_generator(Context(uid=1000), ["write"])
    with pytest.raises(Unsupported, match=message):
        quadlets.require_generator(Context(), ["write"])
