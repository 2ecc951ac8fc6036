# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Search: a registry's catalogue and tags, and docker's search API of version 1."""

from __future__ import annotations

import http.server
import io
import json
import pathlib
import shutil
import sys
import threading
import urllib.parse

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402

ROWS = [{"name": "nginx", "description": "a web server " * 10, "star_count": 900, "is_official": True},
        {"name": "team/nginx-x", "description": "with\nmore", "star_count": 3, "is_automated": True}]


class V1(http.server.BaseHTTPRequestHandler):
    answers: dict[str, bytes] = {}

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        data = self.answers.get(parts.path)
        if parts.path == "/v1/search" and data is None:
            rows = [row for row in ROWS if query["q"][0] in row["name"]][:int(query["n"][0])]
            data = json.dumps({"results": rows}).encode()
        self.send_response(200 if data is not None else 404)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture()
def v1():
    V1.answers = {"/v2/": b"{}"}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), V1)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "127.0.0.1:%d" % server.server_address[1]
    server.shutdown()


@pytest.fixture(scope="module")
def v2(tmp_path_factory):
    if not shutil.which("docker-registry") or not shutil.which("skopeo"):
        pytest.skip("needs docker-registry and skopeo")
    directory = tmp_path_factory.mktemp("search")
    data = image_layout.layer([image_layout.entry("f", b"x")])
    image_layout.write_layout(str(directory / "layout"), [data], {}, "1")
    with registry.running(str(directory / "registry")) as place:
        for name in ("shop:1", "shop:2", "team/shopping:1", "other:1"):
            registry.push(str(directory / "layout"), "1", "%s/%s" % (place, name))
        yield place


@pytest.fixture()
def run(tmp_path):
    def call(*words: str, conf: str = "") -> tuple[int, str, str]:
        (tmp_path / "registries.conf").write_text(conf)
        out, err = io.StringIO(), io.StringIO()
        code = main.main(["--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run"), "--registries-conf",
                          str(tmp_path / "registries.conf"), "search", "--tls-verify=false", *words], IO(out, err))
        return code, out.getvalue(), err.getvalue()

    return call


def test_a_catalogue_is_looked_through(run, v2) -> None:
    code, out, _err = run(v2 + "/shop")
    assert code == 0 and [line.split() for line in out.splitlines()] == [
        ["NAME", "DESCRIPTION"], [v2 + "/shop"], [v2 + "/team/shopping"]]
    assert run("--limit", "1", "--noheading", v2 + "/shop")[1].split() == [v2 + "/shop"]
    assert run("--format", "{{.Index}} {{.Name}}", v2 + "/other")[1] == "%s %s/other\n" % (v2, v2)
    assert run("--filter", "stars=1", "--noheading", v2 + "/shop")[1] == ""
    assert run("--noheading", "shop", conf='unqualified-search-registries = ["%s"]' % v2)[1].split() == [
        v2 + "/shop", v2 + "/team/shopping"]


def test_tags_are_listed(run, v2) -> None:
    head, *lines = [line.split() for line in run("--list-tags", v2 + "/shop")[1].splitlines()]
    assert head == ["NAME", "TAG"] and sorted(lines) == [[v2 + "/shop", "1"], [v2 + "/shop", "2"]]
    (row,) = json.loads(run("--list-tags", "--format", "json", v2 + "/shop")[1])
    assert row["Name"] == v2 + "/shop" and sorted(row["Tags"]) == ["1", "2"]
    assert run("--list-tags", v2 + "/missing")[0] == 125


def test_the_search_api_is_asked_where_there_is_one(run, v1) -> None:
    rows = json.loads(run("--format", "json", v1 + "/nginx")[1])
    assert rows[0] == {"Index": v1, "Name": v1 + "/nginx", "Description": ROWS[0]["description"].strip(), "Stars": 900,
                       "Official": "[OK]", "Automated": "", "Tag": ""}
    line = run("--noheading", "--compatible", v1 + "/nginx")[1].splitlines()[0]
    assert "a web server a web server" in line and "..." in line and line.split()[-2:] == ["900", "[OK]"]
    assert "..." not in run("--no-trunc", v1 + "/nginx")[1]


@pytest.mark.parametrize(("wish", "names"), [
    ("stars=10", ["nginx"]), ("is-official", ["nginx"]), ("is-official=false", ["nginx", "team/nginx-x"]),
    ("is-automated=true", ["team/nginx-x"])])
def test_filters(run, v1, wish: str, names: list[str]) -> None:
    assert run("--filter", wish, "--format", "{{.Name}}", v1 + "/nginx")[1].split() == [
        "%s/%s" % (v1, name) for name in names]


@pytest.mark.parametrize(("words", "text"), [
    (("--filter", "colour=red", "a.example/x"), "is not known"), (("--limit", "0", "a.example/x"), "limit"),
    (("--list-tags", "--filter", "stars=1", "a.example/x"), "cannot be filtered"), (("x",), "no registry to search")])
def test_wishes_that_make_no_sense_are_refused(run, words, text: str) -> None:
    code, _out, err = run(*words)
    assert code == 125 and text in err


@pytest.mark.parametrize(("body", "code", "text"), [
    (b'{"results": 3}', 125, "no list of results"), (b'{"results": [3]}', 125, "results[0]"),
    (b'{"results": [{"name": "a\\u001b[31m", "description": null}]}', 0, "/a"),
    (b"<html>", 125, "no such thing")])
def test_hostile_answers(run, v1, body: bytes, code: int, text: str) -> None:
    V1.answers["/v1/search"] = body
    got, out, err = run(v1 + "/nginx")
    assert got == code and text in out + err and "\x1b" not in out + err
