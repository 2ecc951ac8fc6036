# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules make of their parameters."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import inputs


@pytest.mark.parametrize("given, options", [
    ({}, {}), ({"tls_verify": False, "authfile": "/a", "retry": 0}, {"tls_verify": False, "authfile": "/a",
                                                                     "retry": 0}),
    ({"ca_cert_dir": "/c"}, {"cert_dir": "/c"}), ({"retry_delay": "2s"}, {"retry_delay": 2.0}),
    ({"username": "u", "password": "p"}, {"creds": ("u", "p")}),
    ({"platform": "linux/arm64"}, {"platform": "linux/arm64"}),
    ({"arch": "arm", "variant": "v7"}, {"platform": "linux/arm/v7"}), ({"os": "plan9",
                                                                        "arch": "386"}, {"platform": "plan9/386"}),
])
def test_keywords_of_a_pull(given: dict, options: dict) -> None:
    assert inputs.pull_options(given) == options


def test_a_secrets_value(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"data": None, "path": None, "env": None}
    (tmp_path / "f").write_bytes(b"\xffkey\n")
    monkeypatch.setenv("KEY", "value")
    monkeypatch.delenv("NOKEY", raising=False)
    assert inputs.secret_value(nothing) is None
    assert inputs.secret_value(dict(nothing, data="x")) == b"x"
    assert inputs.secret_value(dict(nothing, path=str(tmp_path / "f"))) == b"\xffkey\n"
    assert inputs.secret_value(dict(nothing, env="KEY")) == b"value"
    for wrong in ({"env": "NOKEY"}, {"path": str(tmp_path / "none")}):
        with pytest.raises(InvalidInput):
            inputs.secret_value(dict(nothing, **wrong))


def test_files_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_text("A=1\n")
    assert inputs.read_files([str(tmp_path / "f")]) == {str(tmp_path / "f"): "A=1\n"}
    assert inputs.read_files(None) == {}
    with pytest.raises(InvalidInput, match="none"):
        inputs.read_files([str(tmp_path / "none")])


def test_what_is_gone_is_left_out() -> None:
    def inspect(_ctx: object, name: str) -> str:
        if name == "gone":
            raise NotFound("gone")
        return name

    assert inputs.inspect_all(None, inspect, ["a", "gone", "b"]) == ["a", "b"]  # type: ignore[arg-type]
