# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""--run-as-user: who may use it, and that a module's process never becomes somebody else."""

from __future__ import annotations

import io
import os
import pwd
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main, otheruser
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import account, payload


def terminal() -> IO:
    return IO(io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO()))


def test_a_module_is_refused() -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main.main(["--run-as-user", "root", "ps"], IO(out, err)) == 125
    assert "use the module's option run_as_user" in err.getvalue().lower()


def test_a_user_that_there_is_not() -> None:
    with pytest.raises(NotFound, match="nosuchuser"):
        otheruser.become("nosuchuser", terminal())


def test_oneself_changes_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(account, "become", lambda _entry: pytest.fail("it became somebody"))
    otheruser.become(pwd.getpwuid(os.getuid()).pw_name, terminal())


def test_only_root_becomes_others(monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(InvalidInput, match="needs root"):
        otheruser.become("root", terminal())


def test_what_names_the_callers_own_files_stays_behind() -> None:
    """The user could not read them, or worse, could: they are root's."""
    caller = {"PATH": "/bin", "HOME": "/root", "REGISTRY_AUTH_FILE": "/root/auth.json", "DOCKER_CONFIG": "/r",
              "CONTAINERS_REGISTRIES_CONF": "/root/registries.conf", "SSL_CERT_FILE": "/root/ca.crt"}
    entry = pwd.getpwuid(os.getuid())
    assert set(account.environment(entry, caller)) & set(caller) == {"PATH", "HOME"}
    assert account.environment(entry, caller)["HOME"] == entry.pw_dir


@pytest.mark.parametrize(("package", "name", "found"), [
    ("", "engine.errors", True), ("", "engine.cli", True), ("", "json", False),
    ("a.module_utils", "a.module_utils.engine.errors", True), ("a.module_utils", "engine.errors", False)])
def test_files_in_memory_with_and_without_a_package(package: str, name: str, found: bool) -> None:
    spec = payload.Held(package).find_spec(name)
    assert (spec is not None) is found
    if name.endswith("cli"):
        assert spec.submodule_search_locations is not None
