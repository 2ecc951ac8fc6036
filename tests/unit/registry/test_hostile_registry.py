# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry that lies, breaks off, redirects and dawdles: what the client makes of it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import json
import random
import socket
import threading
import time
from email.utils import formatdate
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InvalidInput,
    NotFound,
    RegistryError,
    TimedOut,
    Unauthorized,
    VerificationError,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import manifest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.manifest import Descriptor
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry import (
    body,
    client,
    download,
    session,
    token,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.auth import Credentials
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.client import Client
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.session import Options

pytest.importorskip("requests")

DATA = bytes(range(256)) * 4096
BLOB = Descriptor(manifest.OCI_LAYER, hashlib.sha256(DATA).hexdigest(), len(DATA))
MANIFEST = json.dumps({"schemaVersion": 2}).encode()
ME = Credentials("me", "the-password")
PLACE = "/v2/a/b/blobs/sha256:" + BLOB.digest
TAG = "/v2/a/b/manifests/1"


class Server:
    """A real HTTP server in a thread; ``routes`` answer, and ``seen`` remembers what was asked."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[Any], None]] = {"/v2/": lambda request: request.answer(200)}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle_one_request()

            def log_message(self, *arguments: Any) -> None:
                pass

            def answer(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.seen.append((self.command, self.path, dict(self.headers)))
                route = outer.routes.get(self.path.partition("?")[0])
                if route is None:
                    self.answer(404, b'{"errors":[{"code":"UNKNOWN","message":"no such"}]}')
                else:
                    route(self)

            do_HEAD = do_POST = do_PUT = do_GET

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_port
        self.host = "127.0.0.1:%d" % self.port
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def paths(self, start: str = "/") -> list[str]:
        return [path for _method, path, _headers in self.seen if path.startswith(start)]

    def sent(self, start: str) -> list[str | None]:
        """The Authorization headers of the requests for a path."""
        return [headers.get("Authorization") for _method, path, headers in self.seen if path.startswith(start)]


@pytest.fixture()
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture()
def other() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting is written down and not done."""
    slept: list[float] = []

    class Clock:
        sleep = staticmethod(slept.append)
        monotonic = staticmethod(time.monotonic)
        time = staticmethod(time.time)

    monkeypatch.setattr(client, "time", Clock)
    monkeypatch.setattr(download, "time", Clock)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return slept


def plain(server: Server, credentials: Credentials | None = None) -> Client:
    return Client(server.host, Options(verify=False), credentials)


def fetch(talk: Client, blob: Descriptor = BLOB) -> bytes:
    got: list[bytes] = []
    talk.blob("a/b", blob, got.append)
    return b"".join(got)


# Content


def test_a_blob_comes_in_order_and_once(server: Server) -> None:
    server.routes[PLACE] = lambda request: request.answer(200, DATA)
    seen: list[int] = []
    got: list[bytes] = []
    plain(server).blob("a/b", BLOB, got.append, seen.append)
    assert b"".join(got) == DATA and seen[-1] == len(DATA) and seen == sorted(seen)


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA + b"x", DATA * 4], ids=["wrong", "one more", "much more"])
def test_a_wrong_blob_is_refused(server: Server, data: bytes) -> None:
    server.routes[PLACE] = lambda request: request.answer(200, data)
    got: list[bytes] = []
    with pytest.raises(VerificationError, match="sha256:"):
        plain(server).blob("a/b", BLOB, got.append)
    assert len(b"".join(got)) <= len(DATA)


def test_a_short_blob_ends_in_an_error(server: Server) -> None:
    server.routes[PLACE] = lambda request: request.answer(200 if "Range" not in request.headers else 416, DATA[:-1])
    with pytest.raises(RegistryError):
        fetch(plain(server))


def test_a_blob_that_is_sent_without_end_stops_at_its_size(server: Server) -> None:
    def route(request: Any) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        endless(request)

    server.routes[PLACE] = route
    with pytest.raises(VerificationError, match="more than"):
        fetch(plain(server))


def test_an_empty_blob_is_fetched(server: Server) -> None:
    empty = Descriptor(manifest.OCI_LAYER, hashlib.sha256(b"").hexdigest(), 0)
    server.routes["/v2/a/b/blobs/sha256:" + empty.digest] = lambda request: request.answer(200)
    assert fetch(plain(server), empty) == b""


@pytest.mark.parametrize("ranges", [True, False], ids=["with ranges", "without ranges"])
def test_an_interrupted_blob_goes_on_where_it_was(server: Server, ranges: bool) -> None:
    def breaking(request: Any) -> None:
        start = int((request.headers.get("Range") or "bytes=0-")[6:-1]) if ranges else 0
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(DATA) - start))
        if start:
            request.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(DATA) - 1, len(DATA)))
        request.end_headers()
        wanted = server.paths(PLACE)
        request.wfile.write(DATA[start:] if len(wanted) == 4 else DATA[start:len(DATA) * len(wanted) // 5])
        request.close_connection = True

    server.routes[PLACE] = breaking
    assert fetch(plain(server)) == DATA
    assert len(server.paths(PLACE)) == 4


@pytest.mark.parametrize("told", ["bytes 0-9/10", "", "bytes 7-9/10", "lines 100-"])
def test_another_range_than_asked_for_is_refused(server: Server, told: str) -> None:
    def lying(request: Any) -> None:
        if "Range" in request.headers:
            request.answer(206, DATA[100:], {"Content-Range": told})
        else:
            request.answer(200, DATA[:100], {"Content-Length": str(len(DATA))})
            request.close_connection = True

    server.routes[PLACE] = lying
    with pytest.raises(RegistryError, match="another range"):
        fetch(plain(server))


def test_a_server_that_gives_a_byte_at_a_time_is_given_up(server: Server) -> None:
    def byte(request: Any) -> None:
        start = int((request.headers.get("Range") or "bytes=0-")[6:-1])
        request.answer(206 if start else 200, DATA[start:start + 1], {
            "Content-Length": str(len(DATA) - start), "Content-Range": "bytes %d-" % start})
        request.close_connection = True

    server.routes[PLACE] = byte
    with pytest.raises(RegistryError):
        fetch(plain(server))
    assert len(server.paths(PLACE)) < 10


def test_a_blob_is_not_unpacked_on_its_way(server: Server) -> None:
    packed = gzip.compress(b"x" * 100000)
    row = Descriptor(manifest.OCI_LAYER, hashlib.sha256(packed).hexdigest(), len(packed))
    server.routes["/v2/a/b/blobs/sha256:" + row.digest] = lambda request: request.answer(
        200, packed, {"Content-Encoding": "gzip"})
    assert fetch(plain(server), row) == packed
    assert server.seen[-1][2]["Accept-Encoding"] == "identity"


def test_a_manifest_has_its_digest_checked(server: Server) -> None:
    digest = hashlib.sha256(MANIFEST).hexdigest()
    server.routes[TAG] = lambda request: request.answer(200, MANIFEST, {"Content-Type": manifest.OCI_MANIFEST})
    assert plain(server).manifest("a/b", "1") == (MANIFEST, manifest.OCI_MANIFEST, digest)
    server.routes["/v2/a/b/manifests/sha256:" + "0" * 64] = server.routes[TAG]
    with pytest.raises(VerificationError):
        plain(server).manifest("a/b", "sha256:" + "0" * 64)
    server.routes[TAG] = lambda request: request.answer(200, MANIFEST, {"Docker-Content-Digest": "sha256:" + "0" * 64})
    with pytest.raises(VerificationError):
        plain(server).manifest("a/b", "1")


@pytest.mark.parametrize("packed", [False, True])
def test_a_manifest_is_bounded_also_when_it_is_compressed(server: Server, packed: bool) -> None:
    data = b" " * (4 * 1024 * 1024 + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    server.routes[TAG] = lambda request: request.answer(200, gzip.compress(data) if packed else data, headers)
    with pytest.raises(InvalidInput, match="larger than 4194304"):
        plain(server).manifest("a/b", "1")


def test_a_compressed_manifest_is_read_and_an_unknown_encoding_is_not(server: Server) -> None:
    server.routes[TAG] = lambda request: request.answer(200, gzip.compress(MANIFEST), {"Content-Encoding": "gzip"})
    assert plain(server).manifest("a/b", "1")[0] == MANIFEST
    server.routes[TAG] = lambda request: request.answer(200, MANIFEST, {"Content-Encoding": "br\x1b"})
    with pytest.raises(RegistryError, match="unknown encoding"):
        plain(server).manifest("a/b", "1")
    server.routes[TAG] = lambda request: request.answer(200, b"no gzip", {"Content-Encoding": "gzip"})
    with pytest.raises(RegistryError, match="damaged"):
        plain(server).manifest("a/b", "1")


@pytest.mark.parametrize(("head", "asked"), [
    ({"Docker-Content-Digest": "sha256:" + "1" * 64}, ["HEAD"]), ({}, ["HEAD", "GET"]),
    ({"Docker-Content-Digest": "sha256:xyz"}, ["HEAD", "GET"]), (None, ["HEAD", "GET"])])
def test_a_digest_comes_by_head_or_else_by_get(server: Server, head: dict[str, str] | None, asked: list[str]) -> None:
    def route(request: Any) -> None:
        if request.command == "HEAD":
            request.answer(405 if head is None else 200, b"", head)
        else:
            request.answer(200, MANIFEST)

    server.routes[TAG] = route
    digest = plain(server).manifest_digest("a/b", "1")
    assert digest == ("1" * 64 if asked == ["HEAD"] else hashlib.sha256(MANIFEST).hexdigest())
    assert [method for method, path, _headers in server.seen if path == TAG] == asked


# Failures and patience


@pytest.mark.parametrize(("status", "data", "kind", "words"), [
    (404, b"", NotFound, "not found"), (403, b"", Unauthorized, "HTTP 403"), (401, b"", Unauthorized, "HTTP 401"),
    (400, b'{"errors":[{"code":"NAME_INVALID","message":"bad"}]}', RegistryError, "NAME_INVALID bad"),
    (418, b"<html><script>alert(1)</script>" * 10, RegistryError, "HTTP 418"),
    (400, b'{"errors":[{"code":"X","message":"\\u001b[31mred\\u202e\\r\\n\\u0000"}]}', RegistryError, "X"),
    (400, b'{"errors":[{"code":{"a":1},"message":null}, 5, null]}', RegistryError, "HTTP 400"),
    (400, b'{"errors":"x"}', RegistryError, "HTTP 400"), (400, b"[" * 100000, RegistryError, "HTTP 400"),
    (400, b'{"errors":[{"message":"' + b"x" * 70000 + b'"}]}', RegistryError, "HTTP 400"),
    (304, b"", RegistryError, "HTTP 304"), (200 + 99, b"", None, "")])
def test_a_refusal_is_told_in_clean_words(server: Server, status: int, data: bytes, kind: Any, words: str) -> None:
    server.routes[TAG] = lambda request: request.answer(status, data)
    if kind is None:
        assert plain(server).manifest("a/b", "1")[0] == b""
        return
    with pytest.raises(kind) as caught:
        plain(server).manifest("a/b", "1")
    text = str(caught.value)
    assert words in text and text.isprintable() and "script" not in text and len(text) < 700


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_two_failures_and_then_an_answer_are_a_success(server: Server, quick: list[float], status: int) -> None:
    server.routes[TAG] = lambda request: request.answer(status if len(server.paths(TAG)) < 3 else 200, MANIFEST)
    assert plain(server).manifest("a/b", "1")[0] == MANIFEST
    assert len(quick) == 2 and quick[0] < quick[1] <= 8


@pytest.mark.parametrize(("told", "waits"), [
    ("7", [7.0] * 5), ("999", [60.0, 60.0]), ("9" * 400, [60.0, 60.0]), ("-1", 5), ("\u00b2", 5), ("soon", 5),
    ("0", [0.0] * 5),
    ("40", [40.0] * 3), ("Thu, 01 Jan 1970 00:00:00 GMT", [0.0] * 5), ("Fri, 99 Foo 9999 99:99:99 GMT", 5)])
def test_retry_after_is_heeded_within_bounds(server: Server, quick: list[float], told: str, waits: Any) -> None:
    server.routes[TAG] = lambda request: request.answer(429, b"", {"Retry-After": told})
    with pytest.raises(RegistryError, match="429"):
        plain(server).manifest("a/b", "1")
    assert (quick == waits) if isinstance(waits, list) else (len(quick) == waits)
    assert sum(quick) <= 120


def test_retry_after_may_be_a_date(server: Server, quick: list[float]) -> None:
    server.routes[TAG] = lambda request: request.answer(
        503 if len(server.paths(TAG)) < 2 else 200, MANIFEST,
        {"Retry-After": formatdate(time.time() + 30, usegmt=True)})
    plain(server).manifest("a/b", "1")
    assert len(quick) == 1 and 25 < quick[0] <= 31


def test_a_connection_that_breaks_is_tried_again(server: Server) -> None:
    def route(request: Any) -> None:
        if len(server.paths(TAG)) < 3:
            request.connection.shutdown(socket.SHUT_RDWR)
            request.close_connection = True
        else:
            request.answer(200, MANIFEST)

    server.routes[TAG] = route
    assert plain(server).manifest("a/b", "1")[0] == MANIFEST


def test_one_that_always_breaks_is_given_up(server: Server) -> None:
    def route(request: Any) -> None:
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True

    server.routes[TAG] = route
    with pytest.raises(RegistryError, match="Cannot reach"):
        plain(server).manifest("a/b", "1")
    assert len(server.paths(TAG)) == 3


def test_nobody_there_is_said_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = "127.0.0.1:%d" % probe.getsockname()[1]
        with pytest.raises(RegistryError, match="Connection refused"):
            Client(host, Options()).ping()


def test_what_is_no_registry_is_told_so(server: Server) -> None:
    del server.routes["/v2/"]
    with pytest.raises(RegistryError, match="is no registry"):
        plain(server).ping()


def test_plain_http_needs_to_be_allowed(server: Server) -> None:
    with pytest.raises(RegistryError, match="does not speak TLS"):
        Client(server.host, Options(), ME).ping()
    assert server.seen == []


# Time


def slowly(data: bytes, pause: float) -> Callable[[Any], None]:
    def route(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        for number in range(len(data)):
            request.wfile.write(data[number:number + 1])
            time.sleep(pause)

    return route


def test_a_trickle_ends_in_a_clear_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "WINDOW", 0.2)
    server.routes[PLACE] = slowly(DATA, 0.01)
    with pytest.raises(TimedOut, match="too slowly"):
        fetch(plain(server))
    server.routes[TAG] = slowly(DATA, 0.01)
    with pytest.raises(TimedOut, match="too slowly"):
        plain(server).manifest("a/b", "1")


def test_a_document_has_a_time_limit_in_all(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "TOTAL", 0.2)
    server.routes[TAG] = slowly(DATA, 0.01)
    with pytest.raises(TimedOut, match="to send a document"):
        plain(server).manifest("a/b", "1")


def test_silence_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "IDLE", 0.2)
    server.routes[TAG] = lambda request: time.sleep(30)
    with pytest.raises(TimedOut, match="does not answer"):
        plain(server).manifest("a/b", "1")
    server.routes[TAG] = slowly(DATA, 30)
    with pytest.raises(TimedOut, match="stopped sending"):
        plain(server).manifest("a/b", "1")


def test_a_header_that_trickles_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HEADER", 0.3)

    def route(request: Any) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1200):
            request.wfile.write(b"X-%d: y\r\n" % number)
            time.sleep(0.05)

    server.routes[TAG] = route
    began = time.monotonic()
    with pytest.raises(TimedOut, match="does not answer"):
        plain(server).manifest("a/b", "1")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("limit", "head", "again"), [
    ("HEADER", b"HTTP/1.1 200 OK\r\n", b""), ("HEADER", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("STALL", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n")])
def test_an_answer_that_never_gets_to_the_point_ends(server: Server, monkeypatch: pytest.MonkeyPatch,
                                                     limit: str, head: bytes, again: bytes) -> None:
    monkeypatch.setattr(body if limit == "STALL" else session, limit, 0.3)

    def route(request: Any) -> None:
        request.wfile.write(head)
        for _number in range(12000):
            request.wfile.write(again)
            time.sleep(0.005)

    server.routes[TAG] = route
    began = time.monotonic()
    with pytest.raises(TimedOut):
        plain(server).manifest("a/b", "1")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_one_of_our_errors(server: Server, seed: int) -> None:
    noise = random.Random(seed)
    parts = [b"HTTP/1.1 200 OK", b"\r\n", b"\r\n\r\n", b"Content-Length: 5", b"Content-Length: 5, 6",
             b"Content-Length: -1",
             b"Transfer-Encoding: chunked", b"HTTP/9.9 999 \x1b[31m", b"ffffffffffffffff", b"-5", b"0",
             b"\0" * 9, b"{}",
             b"Content-Encoding: gzip", b"HTTP/1.1 302 x", b"Location: http://[", b"WWW-Authenticate: Bearer realm=",
             b"HTTP/1.1 401 x", b"Retry-After: x", b"Link: <", b"a" * 70000, b"HTTP/1.1 206 x", b"\xff: \xfe", b"\r",
             b":"]
    first = noise.choice([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 401 x\r\n", b"HTTP/1.1 302 x\r\n", b""])

    def route(request: Any) -> None:
        request.wfile.write(first + b"".join(noise.choice(parts) + noise.choice([b"\r\n", b"", b"\r\n\r\n"])
                                             for _part in range(noise.randrange(1, 12))))
        request.close_connection = True

    server.routes[TAG] = server.routes[PLACE] = route
    for act in (lambda: plain(server, ME).manifest("a/b", "1"), lambda: fetch(plain(server, ME)),
                lambda: plain(server, ME).manifest_digest("a/b", "1")):
        with contextlib.suppress(EngineError):
            act()


def test_a_handshake_that_trickles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HEADER", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer = listener.accept()[0]
                threading.Thread(target=trickle, args=(peer,), daemon=True).start()

    def trickle(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            for one in b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\0" * 1200:
                peer.sendall(bytes([one]))
                time.sleep(0.05)

    threading.Thread(target=serve, daemon=True).start()
    began = time.monotonic()
    with listener, pytest.raises((RegistryError, TimedOut)):
        Client("127.0.0.1:%d" % listener.getsockname()[1], Options()).ping()
    assert time.monotonic() - began < 30


# Redirects and credentials


def basic(server: Server) -> None:
    """Make the server want the password everywhere."""
    wanted = token.basic(ME)
    inner = dict(server.routes)

    def guarded(route: Callable[[Any], None]) -> Callable[[Any], None]:
        def check(request: Any) -> None:
            if request.headers.get("Authorization") == wanted:
                route(request)
            else:
                request.answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
        return check

    server.routes = {path: guarded(route) for path, route in inner.items()}


def test_a_password_is_sent_where_it_is_wanted(server: Server) -> None:
    server.routes[TAG] = lambda request: request.answer(200, MANIFEST)
    basic(server)
    assert plain(server, ME).manifest("a/b", "1")[0] == MANIFEST
    with pytest.raises(Unauthorized):
        plain(server, Credentials("me", "wrong")).manifest("a/b", "1")
    with pytest.raises(Unauthorized):
        plain(server).manifest("a/b", "1")
    with pytest.raises(Unauthorized):
        plain(server, Credentials("x", "y")).ping()


@pytest.mark.parametrize("spelling", ["http://127.0.0.1:%d/x", "http://localhost:%d/x", "//127.0.0.1:%d/x"])
def test_credentials_stay_behind_on_another_port_or_host(server: Server, other: Server, spelling: str) -> None:
    other.routes["/x"] = lambda request: request.answer(200, DATA)
    server.routes[PLACE] = lambda request: request.answer(307, b"", {"Location": spelling % other.port})
    basic(server)
    assert fetch(plain(server, ME)) == DATA
    assert server.sent(PLACE)[-1] is not None and other.sent("/x") == [None]


def test_another_name_of_the_same_server_gets_no_credentials(server: Server) -> None:
    server.routes["/x"] = lambda request: request.answer(200, DATA)
    server.routes[PLACE] = lambda request: request.answer(307, b"", {"Location": "http://localhost:%d/x" % server.port})
    server.routes[PLACE], route = server.routes[PLACE], server.routes.pop("/x")
    basic(server)
    server.routes["/x"] = route
    assert fetch(plain(server, ME)) == DATA and server.sent("/x") == [None]


def test_credentials_stay_on_the_same_origin(server: Server) -> None:
    server.routes["/x"] = lambda request: request.answer(200, DATA)
    server.routes[PLACE] = lambda request: request.answer(302, b"", {"Location": "/x"})
    basic(server)
    assert fetch(plain(server, ME)) == DATA and server.sent("/x") == [token.basic(ME)]


def test_a_stranger_that_asks_for_a_password_gets_none(server: Server, other: Server) -> None:
    realm = 'Bearer realm="http://%s/token"' % other.host
    other.routes["/x"] = lambda request: request.answer(401, b"", {"WWW-Authenticate": realm})
    other.routes["/token"] = lambda request: request.answer(200, b'{"token":"t"}')
    server.routes[PLACE] = lambda request: request.answer(307, b"", {"Location": "http://%s/x" % other.host})
    with pytest.raises(Unauthorized):
        fetch(plain(server, ME))
    assert other.paths() == ["/x"] and other.sent("/") == [None]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x.example/", "javascript:1", "http://a:b@127.0.0.1/x",
                                    "http://[::1/x", "http://127.0.0.1:99999/x", "gopher://127.0.0.1:1/\x1b[31m"])
def test_only_web_addresses_are_followed(server: Server, target: str) -> None:
    server.routes[PLACE] = lambda request: request.answer(302, b"", {"Location": target})
    with pytest.raises(RegistryError, match="no web address") as caught:
        fetch(plain(server))
    assert "\x1b" not in str(caught.value)


def test_a_circle_of_redirects_ends(server: Server) -> None:
    server.routes[PLACE] = lambda request: request.answer(302, b"", {"Location": PLACE})
    with pytest.raises(RegistryError, match="redirects more than 10 times"):
        fetch(plain(server))
    assert len(server.paths(PLACE)) == 10


def endless(request: Any) -> None:
    while True:
        request.wfile.write(b"10000\r\n" + b"\0" * 65536 + b"\r\n")


@pytest.mark.parametrize("status", [302, 404, 429, 401])
def test_a_body_without_end_that_nobody_needs_is_not_read(server: Server, status: int) -> None:
    def route(request: Any) -> None:
        request.send_response(status)
        request.send_header("Location", "/x")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        endless(request)

    server.routes[TAG] = route
    server.routes["/x"] = lambda request: request.answer(200, MANIFEST)
    if status == 302:
        assert plain(server).manifest("a/b", "1")[0] == MANIFEST
        return
    with pytest.raises(RegistryError):
        plain(server).manifest("a/b", "1")


def test_cookies_are_not_kept(server: Server) -> None:
    server.routes[TAG] = lambda request: request.answer(200, MANIFEST, {"Set-Cookie": "a=b; Path=/"})
    talk = plain(server)
    talk.manifest("a/b", "1")
    talk.manifest("a/b", "1")
    assert all("Cookie" not in headers for _method, _path, headers in server.seen)


def test_a_netrc_is_not_read(server: Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password netrc-secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.routes[TAG] = lambda request: request.answer(200, MANIFEST)
    plain(server).manifest("a/b", "1")
    assert server.sent("/") == [None] * len(server.seen)


# Tokens


def bearer(server: Server, realm: str, answer: bytes = b'{"token":"good"}', status: int = 200) -> None:
    def guarded(request: Any) -> None:
        if request.headers.get("Authorization") == "Bearer good":
            request.answer(200, MANIFEST)
        else:
            request.answer(401, b"", {"WWW-Authenticate": 'Bearer realm="%s",service="s v",scope="other"' % realm})

    server.routes[TAG] = guarded
    server.routes["/token"] = lambda request: request.answer(status, answer)


def test_a_token_is_fetched_once_and_used(server: Server) -> None:
    bearer(server, "http://%s/token" % server.host)
    talk = plain(server, ME)
    assert talk.manifest("a/b", "1")[0] == talk.manifest("a/b", "1")[0] == MANIFEST
    assert server.paths("/token") == ["/token?service=s+v&scope=repository%3Aa%2Fb%3Apull"]
    assert server.sent("/token") == [token.basic(ME)]
    assert plain(server).manifest("a/b", "1")[0] == MANIFEST
    assert server.sent("/token")[-1] is None


def test_an_identity_token_is_posted(server: Server) -> None:
    bearer(server, "http://%s/token" % server.host, b'{"access_token":"good"}')
    plain(server, Credentials("", "", "identity")).manifest("a/b", "1")
    assert [method for method, path, _headers in server.seen if path == "/token"] == ["POST"]
    assert server.sent("/token") == [None]


@pytest.mark.parametrize("realm", ["", "token", "/token", "ftp://x.example/", "file:///etc/shadow", "http://",
                                   "http://u:p@x.example/",
                                   "http://x.example:99999/", "http://x.example/ y", "http://[::1/"])
def test_a_realm_has_to_be_a_web_address(server: Server, realm: str) -> None:
    bearer(server, realm)
    with pytest.raises(RegistryError, match="no web address"):
        plain(server, ME).manifest("a/b", "1")
    assert not any(server.sent("/"))


def test_a_realm_is_never_a_downgrade() -> None:
    with pytest.raises(RegistryError, match="without encryption"):
        token.request_for({"realm": "http://x.example/"}, "s", ME, host="r.example", encrypted=True)
    assert token.request_for({"realm": "https://x.example/?a=b"}, "s", None, host="r.example",
                             encrypted=True).url == "https://x.example/?a=b&scope=s"


@pytest.mark.parametrize("answer", [
    b"", b"[]", b"{}", b'{"token":5}', b'{"token":""}', b'{"token":"a\\r\\nX: y"}', b'{"token":"a b"}',
    b'{"token":"\\u00e9"}', b'{"token":"a\\u0000"}', b'{"token":"' + b"x" * (1024 * 1024) + b'"}'], ids=range(10))
def test_an_unusable_token_is_refused(server: Server, answer: bytes) -> None:
    bearer(server, "http://%s/token" % server.host, answer)
    with pytest.raises((RegistryError, InvalidInput)):
        plain(server).manifest("a/b", "1")


def test_a_token_that_is_never_good_enough_ends(server: Server) -> None:
    bearer(server, "http://%s/token" % server.host, b'{"token":"bad"}')
    with pytest.raises(Unauthorized):
        plain(server, ME).manifest("a/b", "1")
    assert len(server.paths("/token")) == 1 and len(server.paths(TAG)) == 2


def test_a_refusing_token_service_is_an_error_without_the_password(server: Server) -> None:
    bearer(server, "http://%s/token" % server.host, b'{"details":"the-password"}', 401)
    with pytest.raises(Unauthorized) as caught:
        plain(server, ME).manifest("a/b", "1")
    assert "the-password" not in str(caught.value)


def test_an_expired_token_is_replaced(server: Server) -> None:
    bearer(server, "http://%s/token" % server.host)
    talk = plain(server, ME)
    talk._challenge, talk._tokens["repository:a/b:pull"] = ("bearer", {}), "old"
    assert talk.manifest("a/b", "1")[0] == MANIFEST


@pytest.mark.parametrize(("text", "expected"), [
    ("", None), ("Negotiate", None), ('Basic realm="x"', ("basic", {"realm": "x"})),
    ('BEARER Realm="https://a/b",service=c', ("bearer", {"realm": "https://a/b", "service": "c"})),
    ('Basic realm="x", Bearer realm="https://a",scope="a,b c"', ("bearer", {"realm": "https://a", "scope": "a,b c"})),
    ('Bearer realm="https://a", Basic realm="x"', ("bearer", {"realm": "https://a"})),
    ('Negotiate, Bearer realm="https://a\\"b"', ("bearer", {"realm": 'https://a"b'})),
    ('Bearer realm="unclosed', ("bearer", {})), ("Bearer " + "a=b," * 100000, ("bearer", {"a": "b"})),
    ('realm="x"', None), ("=,=,,", None), ('Bearer realm="a",realm="b"', ("bearer", {"realm": "a"}))])
def test_challenges_are_read(text: str, expected: Any) -> None:
    assert token.choose(text) == expected


# Foreign layers, uploads, lists


def test_a_foreign_layer_comes_from_its_address_without_credentials(server: Server, other: Server) -> None:
    row = Descriptor(manifest.FOREIGN_LAYERS[0], BLOB.digest, BLOB.size,
                     ("file:///etc/passwd", "http://%s/gone" % other.host, "http://%s/layer" % other.host))
    other.routes["/layer"] = lambda request: request.answer(200, DATA)
    basic(server)
    talk = plain(server, ME)
    talk.ping()
    assert fetch(talk, row) == DATA and not any(other.sent("/"))
    with pytest.raises(NotFound):
        fetch(talk, Descriptor(manifest.OCI_LAYER, BLOB.digest, BLOB.size, ("http://%s/layer" % other.host,)))
    assert other.paths("/layer") == ["/layer"]


def test_a_foreign_layer_on_the_same_host_gets_no_credentials_either(server: Server) -> None:
    row = Descriptor(manifest.FOREIGN_LAYERS[0], BLOB.digest, BLOB.size, ("http://%s/layer" % server.host,))
    basic(server)
    server.routes["/layer"] = lambda request: request.answer(200, DATA)
    talk = plain(server, ME)
    talk.ping()
    assert fetch(talk, row) == DATA and server.sent("/layer") == [None]


@pytest.mark.parametrize("place", ["", "ftp://x.example/", "http://u:p@x.example/"])
def test_an_upload_needs_a_place(server: Server, place: str) -> None:
    server.routes["/v2/a/b/blobs/uploads/"] = lambda request: request.answer(202, b"",
                                                                             {"Location": place} if place else {})
    with pytest.raises(RegistryError):
        plain(server).upload("a/b", BLOB.digest, BLOB.size, lambda: iter([DATA]))


def test_an_upload_keeps_the_query_of_its_place(server: Server) -> None:
    server.routes["/v2/a/b/blobs/uploads/"] = lambda request: request.answer(202, b"", {"Location": "/up?state=x"})
    server.routes["/up"] = lambda request: request.answer(201 if len(server.paths("/up")) > 1 else 503)
    plain(server).upload("a/b", BLOB.digest, BLOB.size, lambda: iter([DATA[:9], DATA[9:]]))
    assert server.paths("/up") == ["/up?state=x&digest=sha256%3A" + BLOB.digest] * 2
    assert server.seen[-1][2]["Content-Length"] == str(BLOB.size)


def test_lists_come_in_pages_but_not_from_elsewhere_and_not_for_ever(server: Server, other: Server) -> None:
    def route(request: Any) -> None:
        number = len(server.paths("/v2/a/b/tags"))
        following = "/v2/a/b/tags/list?n=%d" % number if number < 3 else "http://%s/steal" % other.host
        data = json.dumps({"tags": ["t%d\x1b" % number]}).encode()
        request.answer(200, data, {"Link": "<%s>; rel=next" % following})

    server.routes["/v2/a/b/tags/list"] = route
    assert plain(server).tags("a/b") == ["t1", "t2", "t3"] and other.seen == []
    server.routes["/v2/_catalog"] = lambda request: request.answer(
        200, b'{"repositories":[]}', {"Link": "</v2/_catalog>; rel=next"})
    assert plain(server).catalog(20) == []
    assert len(server.paths("/v2/_catalog")) == 20


def test_threads_share_a_client(server: Server) -> None:
    bearer(server, "http://%s/token" % server.host)
    talk, got = plain(server, ME), []
    threads = [threading.Thread(target=lambda: got.append(talk.manifest("a/b", "1")[0])) for _step in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [MANIFEST] * 8 and len(server.paths("/token")) == 1
