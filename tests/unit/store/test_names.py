# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names as file names."""

from __future__ import annotations

import urllib.parse

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import names


@pytest.mark.parametrize("text, name", [
    ("127.0.0.1:5000/busybox:1", "127.0.0.1%3A5000%2Fbusybox%3A1"), ("docker.io/a_b/c-d~e", "docker.io%2Fa_b%2Fc-d~e"),
    ("a@sha256:0", "a%40sha256%3A0"), ("%2F", "%252F"), ("\u00e9/", "%C3%A9%2F"), ("", "")])
def test_any_text_is_a_file_name_when_it_is_quoted(text: str, name: str) -> None:
    assert names.quoted(text) == urllib.parse.quote(text, safe="") == name
    assert names.unquoted(name) == text


def test_a_claim_that_a_power_cut_emptied_is_nobodys(tmp_path) -> None:
    ctx = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
    assert names.claim(ctx, "containers", "one", "1")
    with open(ctx.path("names", "containers", "one"), "wb"):
        pass
    assert names.owner(ctx, "containers", "one") is None
    assert names.claim(ctx, "containers", "one", "2")
    assert not names.claim(ctx, "containers", "one", "3")
    assert names.owner(ctx, "containers", "one") == "2"
