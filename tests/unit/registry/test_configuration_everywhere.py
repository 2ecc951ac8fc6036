# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""registries.conf holds for every verb that talks to a registry; needs root, for the store."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import pathlib
import sys
import threading

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import imageplan, images

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from tars import make, member  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
MANIFEST = b'{"schemaVersion": 2}'


class Registry(http.server.BaseHTTPRequestHandler):
    """A registry with hub/library/shop:1, which keeps count of what it is asked."""

    asked: list[str] = []
    tokens: list[str | None] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.tokens.append(self.headers["Authorization"])
        answers = {"/v2/": b"{}", "/v2/hub/library/shop/tags/list": b'{"tags": ["1", "2"]}',
                   "/v2/_catalog?n=100": b'{"repositories": ["hub/library/shop", "other/shop"]}',
                   "/v2/hub/library/shop/manifests/1": MANIFEST}
        data = answers.get(self.path)
        self.send_response(200 if data is not None else 404)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data or b"")

    do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture()
def place():
    Registry.asked, Registry.tokens = [], []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "127.0.0.1:%d" % server.server_address[1]
    server.shutdown()


@pytest.fixture()
def ctx(tmp_path):
    (tmp_path / "registries.conf").write_text("")
    context = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                           registries_conf=str(tmp_path / "registries.conf"))
    (tmp_path / "root.tar").write_bytes(make(member("f", b"x")))
    images.import_tar(context, str(tmp_path / "root.tar"), "docker.io/library/shop:1")
    return context


def configure(ctx, text: str) -> None:
    with open(ctx.registries_conf, "w", encoding="utf-8") as stream:
        stream.write(text)


def run(ctx, *words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main.main(["--root", ctx.root, "--runroot", ctx.runroot, "--registries-conf", ctx.registries_conf, *words],
                     IO(out, err))
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("blocked", ["{}", "{}/hub", "127.0.0.1", "*.0.0.1"])
@pytest.mark.parametrize("words", [
    ("pull", "{}/hub/library/shop:1"), ("pull", "--all-tags", "{}/hub/library/shop"),
    ("create", "--network", "none", "{}/hub/library/shop:1"),
    ("push", "docker.io/library/shop:1", "{}/hub/library/shop:1"), ("search", "--list-tags", "{}/hub/library/shop"),
    ("search", "{}/hub/shop"), ("login", "-u", "a", "-p", "b", "{}/hub")])
def test_a_blocked_registry_is_never_asked(ctx, place, tmp_path, words, blocked: str) -> None:
    if words[0] == "search" and len(words) == 2 and blocked == "{}/hub":
        pytest.skip("a search is of a whole registry")
    authfile = ("--authfile", str(tmp_path / "auth.json")) if words[0] == "login" else ()
    configure(ctx, '[[registry]]\nprefix = "%s"\nblocked = true\ninsecure = true\n' % blocked.format(place))
    code, out, err = run(ctx, words[0], "--tls-verify=false", *authfile, *(word.format(place) for word in words[1:]))
    assert code == 125 and "is blocked in %s" % ctx.registries_conf in err, (out, err)
    assert Registry.asked == [] and not (tmp_path / "auth.json").exists()


@pytest.mark.parametrize("words", [
    ("pull", "Blocked.example/x:1"), ("push", "docker.io/library/shop:1", "BLOCKED.example/x:1"),
    ("search", "--list-tags", "sub.BLOCKED.Example/x"), ("login", "-u", "a", "-p", "b", "BLOCKED.EXAMPLE"),
    ("pull", "index.docker.io/library/other"), ("login", "-u", "a", "-p", "b", "index.docker.io"),
    ("login", "-u", "a", "-p", "b", "https://index.docker.io/v1/"), ("search", "registry-1.docker.io/x")])
def test_a_blocked_registry_is_blocked_by_each_of_its_names(ctx, words) -> None:
    configure(ctx, "".join('[[registry]]\nprefix = "%s"\nblocked = true\n' % prefix
                           for prefix in ("blocked.Example", "*.Blocked.example", "docker.io")))
    code, out, err = run(ctx, *words)
    assert code == 125 and "is blocked in" in err, (out, err)


def test_a_login_to_the_hub_has_one_name(ctx, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.images.try_login",
                        lambda *_arguments, **_options: None)
    authfile = ("--authfile", str(tmp_path / "auth.json"))
    (tmp_path / "auth.json").write_text('{"auths": {"index.docker.io": {"auth": "b2xkOm9sZA=="}}}')
    assert run(ctx, "login", *authfile, "--get-login", "docker.io")[1] == "old\n"
    assert run(ctx, "login", *authfile, "-u", "me", "-p", "secret", "https://index.docker.io/v1/")[0] == 0
    assert run(ctx, "login", *authfile, "--get-login", "registry-1.docker.io")[1] == "me\n"
    assert run(ctx, "logout", *authfile, "index.docker.io")[0] == 0
    assert json.loads((tmp_path / "auth.json").read_text())["auths"] == {}


def test_a_blocked_mirror_is_passed_over(ctx, place) -> None:
    configure(ctx, '''
[[registry]]
location = "127.0.0.1:1"
blocked = true
[[registry]]
prefix = "docker.io"
location = "%s/hub"
insecure = true
[[registry.mirror]]
location = "127.0.0.1:1/hub"
''' % place)
    assert run(ctx, "search", "--list-tags", "--noheading", "docker.io/shop")[1].split()[1::2] == ["1", "2"]


def test_the_module_is_told_too(ctx, place) -> None:
    configure(ctx, '[[registry]]\nlocation = "%s"\nblocked = true' % place)
    for work in (lambda: imageplan.is_pushed(ctx, "docker.io/shop:1", place + "/hub/library/shop:1", {}),
                 lambda: imageplan.offered(ctx, place + "/hub/library/shop:1", {})):
        with pytest.raises(InvalidInput, match="blocked"):
            work()
    assert Registry.asked == []


def moved(place: str) -> str:
    return '''
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "%s/hub"
insecure = true
''' % place


@pytest.mark.parametrize("name", ["docker.io/shop", "docker.io/library/shop", "shop"])
def test_a_list_of_tags_comes_from_where_the_registry_is(ctx, place, name: str) -> None:
    configure(ctx, moved(place))
    code, out, err = run(ctx, "search", "--list-tags", "--noheading", name)
    assert code == 0 and out.split() == ["docker.io/library/shop", "1", "docker.io/library/shop", "2"], err
    configure(ctx, '''
unqualified-search-registries = ["127.0.0.1:1", "docker.io"]
[[registry]]
prefix = "docker.io"
location = "127.0.0.1:1"
insecure = true
[[registry.mirror]]
location = "%s/hub"
insecure = true
''' % place)
    code, out, err = run(ctx, "search", "--list-tags", "--noheading", name)
    assert code == 0 and out.split()[1::2] == ["1", "2"], err


@pytest.mark.parametrize("term", ["docker.io/shop", "docker.io/library/shop", "shop"])
def test_a_search_asks_where_the_registry_is(ctx, place, term: str) -> None:
    configure(ctx, moved(place))
    code, out, err = run(ctx, "search", "--noheading", "--format", "{{.Index}} {{.Name}}", term)
    assert code == 0 and out.split() == ["docker.io", "docker.io/library/shop"], err


def test_a_push_asks_the_registry_that_it_goes_to(ctx, place) -> None:
    """podman pushes to where the name says; so what is there already is looked for there, not at a mirror."""
    configure(ctx, '''
[[registry]]
location = "%s"
insecure = true
[[registry.mirror]]
location = "127.0.0.1:1"
''' % place)
    assert not imageplan.is_pushed(ctx, "docker.io/shop:1", place + "/hub/library/shop:1", {})
    assert not imageplan.is_pushed(ctx, "docker.io/shop:1", place + "/missing:1", {})
    assert set(Registry.asked) == {"/v2/", "/v2/hub/library/shop/manifests/1", "/v2/missing/manifests/1"}
    assert imageplan.offered(ctx, place + "/hub/library/shop:1", {}) == "sha256:" + hashlib.sha256(MANIFEST).hexdigest()


@pytest.mark.parametrize("text", ["https://{}", "http://{}/", "https://{}/v2/", "{}", "{}/"])
def test_a_login_takes_an_address(ctx, place, tmp_path, text: str) -> None:
    configure(ctx, '[[registry]]\nlocation = "%s"\ninsecure = true' % place)
    path = str(tmp_path / "auth.json")
    assert run(ctx, "login", "--authfile", path, "-u", "me", "-p", "secret", text.format(place))[0] == 0
    with open(path, encoding="utf-8") as stream:
        assert list(json.load(stream)["auths"]) == [place]
    assert run(ctx, "login", "--authfile", path, "--get-login", text.format(place))[1] == "me\n"
    assert run(ctx, "logout", "--authfile", path, text.format(place))[0] == 0


@pytest.mark.parametrize("text", ["ftp://a.example", "https://", "https:///v2/", "a b", "https://me@a.example"])
def test_a_login_to_no_registry_is_refused(ctx, text: str) -> None:
    code, _out, err = run(ctx, "login", "-u", "me", "-p", "secret", text)
    assert code == 125 and "no valid" in err


def test_a_registry_token_is_sent_as_it_is(ctx, place, tmp_path) -> None:
    configure(ctx, '[[registry]]\nlocation = "%s"\ninsecure = true' % place)
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {place: {"registrytoken": "ready.made"}}}))
    code, _out, err = run(ctx, "search", "--list-tags", "--authfile", str(tmp_path / "auth.json"),
                          place + "/hub/library/shop")
    assert code == 0 and Registry.tokens[-1] == "Bearer ready.made", err


def test_the_environment_names_the_authfile(ctx, place, tmp_path, monkeypatch) -> None:
    configure(ctx, '[[registry]]\nlocation = "%s"\ninsecure = true' % place)
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {place: {"registrytoken": "ready.made"}}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    assert run(ctx, "search", "--list-tags", place + "/hub/library/shop")[0] == 0
    assert Registry.tokens[-1] == "Bearer ready.made"
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "new" / "auth.json"))
    assert run(ctx, "login", "-u", "me", "-p", "secret", place)[0] == 0
    assert list(json.loads((tmp_path / "new" / "auth.json").read_text())["auths"]) == [place]


def test_an_unknown_key_is_told_once_and_the_verb_goes_on(ctx, place) -> None:
    configure(ctx, '[[registry]]\nlocation = "%s"\ninsecure = true\nblock = true' % place)
    code, _out, err = run(ctx, "search", "--list-tags", place + "/hub/library/shop")
    assert code == 0 and err.count("did you mean blocked?") == 1 and err.startswith("Warning: ")
    assert ctx.registries_conf in err
    images.login(ctx, place, "me", "secret", authfile=ctx.registries_conf + ".auth")
    assert "did you mean blocked?" in "".join(ctx.warnings)
