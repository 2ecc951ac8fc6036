# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""auth.json, credential helpers, and where configuration files are looked for."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import stat

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry import auth, configuration, transfer
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.auth import Credentials


def entry(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(("%s:%s" % (user, password)).encode()).decode()}


@pytest.fixture()
def ctx(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(auth, "default_file", lambda ctx: str(tmp_path / "run" / "auth.json"))
    monkeypatch.setattr(configuration, "SYSTEM", str(tmp_path / "etc" / "registries.conf"))
    monkeypatch.setattr(transfer, "CERTIFICATES", (".config/containers/certs.d", str(tmp_path / "etc" / "certs.d")))
    return Context(home=str(tmp_path / "home"))


def write(path: pathlib.Path, document: object) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


PLACE = auth.default_file


@pytest.mark.parametrize(("uid", "runtime", "expected"), [
    (0, False, "/run/containers/0/auth.json"),
    (1500, True, "{run}/1500/containers/auth.json"),
    (1500, False, "{home}/.config/containers/auth.json"),
], ids=["root", "a session", "no session"])
def test_where_login_writes(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, uid: int, runtime: bool,
                            expected: str) -> None:
    monkeypatch.setattr(auth, "RUNTIME", str(tmp_path / "run"))
    if runtime:
        (tmp_path / "run" / str(uid)).mkdir(parents=True)
    ctx = Context(home=str(tmp_path / "home"), uid=uid)
    assert PLACE(ctx) == expected.format(run=tmp_path / "run", home=tmp_path / "home")


@pytest.mark.parametrize(("name", "user"), [
    ("r.example/ns/repo/x", "repo"), ("r.example/ns/other", "ns"), ("r.example/else", "host"), ("r.example", "host"),
    ("old.example/x", "old"), ("docker.io/library/busybox", "hub"), ("r.example.org/x", None), ("example/x", None)])
def test_the_most_specific_key_wins(ctx: Context, tmp_path: pathlib.Path, name: str, user: str | None) -> None:
    path = write(tmp_path / "a.json", {"auths": {
        "r.example": entry("host", "1"), "r.example/ns": entry("ns", "2"), "r.example/ns/repo": entry("repo", "3:4"),
        "https://old.example/v2/": entry("old", "5"), "https://index.docker.io/v1/": entry("hub", "6"), "example": {}}})
    found = auth.find(ctx, name, authfile=str(path))
    assert (found.username if found else None) == user


def test_files_are_searched_in_order(ctx: Context, tmp_path: pathlib.Path) -> None:
    rows = [(tmp_path / "run" / "auth.json", {"auths": {"a.example": entry("run", "1")}}),
            (tmp_path / "home" / ".config" / "containers" / "auth.json", {"auths": {"a.example": entry("config",
                                                                                                       "1")}}),
            (tmp_path / "home" / ".docker" / "config.json", {"auths": {"a.example": entry("docker", "1")}}),
            (tmp_path / "home" / ".dockercfg", {"a.example": entry("old", "1")})]
    for path, document in rows:
        write(path, document)
    seen = []
    for path, _document in rows:
        found = auth.find(ctx, "a.example/x")
        seen.append(found.username if found else None)
        path.unlink()
    assert seen == ["run", "config", "docker", "old"] and auth.find(ctx, "a.example/x") is None


def test_the_environment_names_a_file(ctx: Context, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = write(tmp_path / "named.json", {"auths": {"a.example": entry("named", "1")}})
    other = write(tmp_path / "other.json", {"auths": {"a.example": entry("other", "1")}})
    write(tmp_path / "run" / "auth.json", {"auths": {"a.example": entry("run", "1"), "b.example": entry("run", "1")}})
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(named))
    assert [auth.find(ctx, "a.example", authfile=path) for path in (None, str(other))] == [
        Credentials("named", "1"), Credentials("other", "1")]
    assert auth.find(ctx, "b.example") is None
    assert auth.store(ctx, "c.example", Credentials("me", "2")) == str(named)
    assert auth.forget(ctx, "c.example") and not auth.forget(ctx, "b.example")
    monkeypatch.setenv("REGISTRY_AUTH_FILE", "")
    assert auth.find(ctx, "a.example") == Credentials("run", "1")


@pytest.mark.parametrize("key", ["r.example", "https://r.example/v2/"])
def test_a_registry_token_is_found(ctx: Context, tmp_path: pathlib.Path, key: str) -> None:
    path = write(tmp_path / "a.json", {"auths": {key: {"registrytoken": "abc.def"}}})
    found = auth.find(ctx, "r.example/x", authfile=str(path))
    assert found is not None and found.registry_token == "abc.def" and "abc.def" not in repr(found)
    write(path, {"auths": {key: {"registrytoken": "abc\nX-Evil: 1"}}})
    with pytest.raises(InvalidInput, match="no readable credentials"):
        auth.find(ctx, "r.example/x", authfile=str(path))


def test_login_keeps_what_else_is_there_and_is_private(ctx: Context, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "deep" / "auth.json"
    write(path, {"auths": {"b.example": entry("b", "1")}, "HttpHeaders": {"X": "y"}})
    path.chmod(0o644)
    auth.store(ctx, "a.example", Credentials("me", "p:w"), authfile=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = json.loads(path.read_text())
    assert document["HttpHeaders"] == {"X": "y"} and set(document["auths"]) == {"a.example", "b.example"}
    assert auth.find(ctx, "a.example", authfile=str(path)) == Credentials("me", "p:w")
    assert sorted(os.listdir(path.parent)) == ["auth.json"]
    assert auth.forget(ctx, "a.example", authfile=str(path)) and not auth.forget(ctx, "a.example", authfile=str(path))
    assert auth.find(ctx, "b.example", authfile=str(path)) == Credentials("b", "1")
    assert auth.forget(ctx, None, authfile=str(path)) and auth.find(ctx, "b.example", authfile=str(path)) is None


def test_a_new_file_lies_in_a_private_directory(ctx: Context, tmp_path: pathlib.Path) -> None:
    auth.store(ctx, "a.example", Credentials("me", "pw"))
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert not auth.forget(ctx, "a.example", authfile=str(tmp_path / "none.json"))


def test_a_linked_file_stays_linked(ctx: Context, tmp_path: pathlib.Path) -> None:
    target = write(tmp_path / "real.json", {})
    (tmp_path / "link.json").symlink_to(target)
    auth.store(ctx, "a.example", Credentials("me", "pw"), authfile=str(tmp_path / "link.json"))
    assert (tmp_path / "link.json").is_symlink() and "a.example" in target.read_text()


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(Credentials("me", "hidden", "hidden"))


@pytest.mark.parametrize("user", ["", "a:b", "a\nb", "a\x1b"])
def test_a_user_name_that_cannot_be_sent_is_refused(ctx: Context, user: str) -> None:
    with pytest.raises(InvalidInput):
        auth.store(ctx, "a.example", Credentials(user, "x"))


@pytest.mark.parametrize("text", ["[]", "{",
                                  '{"auths": []}', '{"auths": {"a.example": {"auth": "!!!"}}}', "x" * 5_000_000,
                                  '{"auths": {"a.example": {"auth": "bm9jb2xvbg=="}}}', '{"credHelpers": 5}', '\xff'])
def test_a_damaged_file_is_named(ctx: Context, tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput, match="auth.json"):
        auth.find(ctx, "a.example/x", authfile=str(path))


HELPER = """#!/bin/sh
read line
case "$1" in
  get) [ -f "$0.kept" ] || { echo "credentials not found in native keychain"; exit 1; }
       [ "$line" = a.example ] || { echo "credentials not found in native keychain"; exit 1; }
       cat "$0.kept" ;;
  store) printf '%s' "$line" > "$0.kept" ;;
  erase) rm -f "$0.kept" ;;
esac
"""


@pytest.fixture()
def helper(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    path = write(tmp_path / "bin" / "docker-credential-box", HELPER)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (path.parent, os.environ["PATH"]))
    return path


def test_a_credential_helper_keeps_and_forgets(ctx: Context, tmp_path: pathlib.Path, helper: pathlib.Path) -> None:
    path = str(write(tmp_path / "auth.json", {"credHelpers": {"a.example": "box"}}))
    assert auth.find(ctx, "a.example/x", authfile=path) is None
    auth.store(ctx, "a.example", Credentials("me", "pw"), authfile=path)
    assert "auths" not in json.loads(pathlib.Path(path).read_text())
    assert auth.find(ctx, "a.example/x", authfile=path) == Credentials("me", "pw")
    assert auth.forget(ctx, "a.example", authfile=path) and auth.find(ctx, "a.example/x", authfile=path) is None


def test_helpers_are_asked_in_order(ctx: Context, tmp_path: pathlib.Path, helper: pathlib.Path) -> None:
    write(pathlib.Path(str(helper) + ".kept"), {"Username": "<token>", "Secret": "identity"})
    write(tmp_path / "run" / "auth.json", {"auths": {"a.example": entry("file", "1"), "b.example": entry("file", "1")}})
    order = ("box", "containers-auth.json")
    assert auth.find(ctx, "a.example/x", helpers=order) == Credentials("", "", "identity")
    assert auth.find(ctx, "b.example/x", helpers=order) == Credentials("file", "1")
    assert auth.find(ctx, "a.example/x") == Credentials("file", "1")


@pytest.mark.parametrize(("script", "name"), [
    ("#!/bin/sh\necho secret-thing; exit 3", "box"), ("#!/bin/sh\necho '[1]'", "box"), (None, "none"),
    (None, "../box")])
def test_a_failing_helper_is_an_error_without_its_words(ctx: Context, tmp_path: pathlib.Path, helper: pathlib.Path,
                                                        script: str | None, name: str) -> None:
    if script:
        helper.write_text(script)
    path = write(tmp_path / "auth.json", {"credHelpers": {"a.example": name}})
    with pytest.raises(EngineError) as caught:
        auth.find(ctx, "a.example/x", authfile=str(path))
    assert "secret-thing" not in str(caught.value)


def test_a_store_for_all_that_is_not_installed_is_passed_over(ctx: Context, tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "config.json", {"credsStore": "desktop"})
    assert auth.find(ctx, "a.example/x", authfile=str(path)) is None


SEARCH = 'unqualified-search-registries = ["%s"]'


def test_configuration_files_come_in_the_manuals_order(ctx: Context, tmp_path: pathlib.Path) -> None:
    assert configuration.load(ctx).search == ()
    system, user = tmp_path / "etc", tmp_path / "home" / ".config" / "containers"
    seen = []
    for path in (system / "registries.conf", system / "registries.conf.d" / "10-b.conf",
                 system / "registries.conf.d" / "20-a.conf", user / "registries.conf.d" / "00-u.conf",
                 user / "registries.conf"):
        write(path, SEARCH % path.name)
        write(path.parent / "ignored.txt", "not = [toml")
        seen.append(configuration.load(ctx).search[0])
    # The user's own file shuts the system's out, but its drop-ins come after it.
    assert seen == ["registries.conf", "10-b.conf", "20-a.conf", "00-u.conf", "00-u.conf"]
    (user / "registries.conf.d" / "00-u.conf").unlink()
    assert configuration.load(ctx).search_source == str(user / "registries.conf")
    only = replace(ctx, registries_conf=str(write(tmp_path / "own.conf", SEARCH % "own")))
    assert configuration.load(only).search == ("own",)


def test_a_configuration_that_is_named_must_be_there(ctx: Context, tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidInput, match="none.conf"):
        configuration.load(replace(ctx, registries_conf=str(tmp_path / "none.conf")))


def test_the_environment_names_a_configuration_beside_the_drop_ins(ctx: Context, tmp_path: pathlib.Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """As podman reads it: what a drop-in blocks stays blocked."""
    write(tmp_path / "etc" / "registries.conf", SEARCH % "system")
    write(tmp_path / "etc" / "registries.conf.d" / "10-b.conf", '[[registry]]\nlocation = "b.example"\nblocked = true')
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(write(tmp_path / "own.conf", SEARCH % "own")))
    conf = configuration.load(ctx)
    assert conf.search == ("own",) and [row.prefix for row in conf.registries] == ["b.example"]
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "none.conf"))
    with pytest.raises(InvalidInput, match="none.conf"):
        configuration.load(ctx)
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", "")
    assert configuration.load(ctx).search == ("system",)


def test_certificates_are_those_of_the_first_directory(tmp_path: pathlib.Path) -> None:
    for name in ("a.crt", "b.crt", "c.cert", "c.key", "readme"):
        write(tmp_path / "d" / name, "x")
    options = transfer.certificates(str(tmp_path / "d"), True)
    assert [os.path.basename(path) for path in options.authorities] == ["a.crt", "b.crt"]
    assert [tuple(map(os.path.basename, pair)) for pair in options.certificates] == [("c.cert", "c.key")]
    (tmp_path / "d" / "c.key").unlink()
    with pytest.raises(InvalidInput, match="has no key beside it"):
        transfer.certificates(str(tmp_path / "d"), True)
