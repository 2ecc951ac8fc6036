# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One registry by the distribution-spec, v1.1.

Redirects are followed here and not by the library: credentials go to the host that they are for
and nowhere else.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

from ..errors import InvalidInput, NotFound, RegistryError, TimedOut, Unauthorized, VerificationError
from ..formats import jsonbytes, manifest
from ..formats.manifest import Descriptor
from . import body as bodies
from . import token as tokens
from .auth import Credentials
from .download import Download
from .session import Broken, Options, Session, clean, origin

MAX_REDIRECTS = 10
RETRIES = 5
BREAKS = 3
MAX_WAIT, MAX_WAITS = 60.0, 120.0  # seconds, for one Retry-After and for all of a request
BUSY = (429, 500, 502, 503, 504)

Body = Callable[[], Any]


class Client:
    """One registry, for one user. Safe for several threads."""

    def __init__(self, host: str, options: Options, credentials: Optional[Credentials] = None) -> None:
        import threading

        self.host, self.options, self.credentials = host, options, credentials
        self._session = Session(host, options)
        self._lock = threading.Lock()
        self._base = ""
        self._tokens: Dict[str, str] = {}
        self._challenge: Optional[tokens.Challenge] = None

    # The protocol's operations

    def ping(self) -> None:
        """Find out how to talk to it, and whether the credentials are good. Raises RegistryError."""
        try:
            answer = self.request("GET", "/v2/", "")
        except NotFound as exc:
            raise RegistryError("%s is no registry: it has no /v2/" % self.host, "Check the name and the port.",
                                404) from exc
        bodies.drain(answer, self.host)

    def manifest(self, repository: str, version: str) -> Tuple[bytes, str, str]:
        """A manifest's bytes, media type and hex digest. Raises NotFound, RegistryError, VerificationError."""
        answer = self.request("GET", _manifest_path(repository, version), self.pull_scope(repository),
                              headers={"Accept": ", ".join(manifest.ACCEPT)})
        data = bodies.whole(answer, self.host, jsonbytes.MAX_SIZE)
        digest = hashlib.sha256(data).hexdigest()
        for told in (version, str(answer.headers.get("Docker-Content-Digest") or "")):
            if told.startswith("sha256:") and told[7:] != digest:
                raise VerificationError("%s sent another manifest than %s" % (self.host, clean(told)),
                                        "The registry or something in between is damaged or lying.")
        return data, str(answer.headers.get("Content-Type") or ""), digest

    def manifest_digest(self, repository: str, version: str) -> str:
        """Only the hex digest of a manifest, where the registry tells it; else by fetching it."""
        try:
            answer = self.request("HEAD", _manifest_path(repository, version), self.pull_scope(repository),
                                  headers={"Accept": ", ".join(manifest.ACCEPT)})
        except RegistryError as exc:
            if exc.status is None or exc.status in BUSY:
                raise
            # There are registries that refuse HEAD; and only the answer to a GET says what is wrong.
            return self.manifest(repository, version)[2]
        bodies.drain(answer, self.host)
        told = str(answer.headers.get("Docker-Content-Digest") or "")
        if told.startswith("sha256:") and len(told) == 71 and not told[7:].strip("0123456789abcdef"):
            return told[7:]
        return self.manifest(repository, version)[2]

    def blob(self, repository: str, descriptor: Descriptor, write: Callable[[bytes], None],
             progress: Optional[Callable[[int], None]] = None) -> None:
        """Give a blob's bytes to ``write``, in order, each once, whatever interruptions there are.

        ``progress`` is told how many bytes are done. Size and digest are verified when the last has
        come. Raises NotFound, VerificationError, RegistryError or TimedOut.
        """
        Download(self, repository, descriptor, write, progress).run()

    def small_blob(self, repository: str, descriptor: Descriptor) -> bytes:
        """A blob of at most 4 MiB, such as a configuration."""
        if descriptor.size > jsonbytes.MAX_SIZE:
            raise InvalidInput("The image configuration is larger than %d bytes" % jsonbytes.MAX_SIZE)
        pieces: List[bytes] = []
        self.blob(repository, descriptor, pieces.append)
        return b"".join(pieces)

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the registry has a blob (hex digest) already."""
        try:
            answer = self.request("HEAD", "/v2/%s/blobs/sha256:%s" % (repository, digest), push_scope(repository))
        except NotFound:
            return False
        bodies.drain(answer, self.host)
        return True

    def upload(self, repository: str, digest: str, size: int, chunks: Callable[[], Iterator[bytes]]) -> None:
        """Upload a blob whose digest and size are known. ``chunks`` gives its bytes, once more for a retry."""
        scope = push_scope(repository)
        answer = self.request("POST", "/v2/%s/blobs/uploads/" % repository, scope, headers={"Content-Length": "0"})
        place = str(answer.headers.get("Location") or "")
        bodies.drain(answer, self.host)
        if not place:
            raise RegistryError("%s gave no place to upload to" % self.host)
        target = self._target(str(answer.url), place)
        target += ("&" if urlsplit(target).query else "?") + urlencode({"digest": "sha256:" + digest})
        done = self.request("PUT", target, scope, body=lambda: _Sized(chunks(), size),
                            headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)})
        bodies.drain(done, self.host)

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Have a blob that another repository of this registry has in this one, too; False when it does not do that.

        Distribution-spec, Mounting a blob from another repository.
        """
        path = "/v2/%s/blobs/uploads/?%s" % (repository, urlencode({"mount": "sha256:" + digest, "from": source}))
        scope = "%s %s" % (push_scope(repository), self.pull_scope(source))
        try:
            answer = self.request("POST", path, scope, headers={"Content-Length": "0"})
        except RegistryError as exc:
            # Access to the other repository may be what it refuses, or the whole idea.
            if exc.status is None or exc.status in BUSY:
                raise
            return False
        bodies.drain(answer, self.host)
        # 202 begins an upload instead, which the registry forgets when nothing comes.
        return bool(answer.status_code == 201)

    def put_manifest(self, repository: str, version: str, data: bytes, media_type: str) -> None:
        """Store a manifest under a tag or its digest."""
        done = self.request("PUT", _manifest_path(repository, version), push_scope(repository), body=lambda: data,
                            headers={"Content-Type": media_type})
        bodies.drain(done, self.host)

    def pages(self, path: str, key: str, scope: str, limit: int) -> List[str]:
        """A list that comes in pages (tags/list, _catalog), at most ``limit`` entries."""
        rows: List[str] = []
        following: Optional[str] = path
        for _page in range(limit):
            answer = self.request("GET", following or path, scope)
            data = bodies.whole(answer, self.host, jsonbytes.MAX_SIZE)
            document = jsonbytes.loads(data, "The list of %s" % self.host)
            rows += [clean(row) for row in jsonbytes.Fields(document, self.host).texts(key)]
            link = (answer.links or {}).get("next", {}).get("url")
            following = urljoin(str(answer.url), link) if link else None
            # A next page on another host is none of this registry's.
            if len(rows) >= limit or not following or _origin(following) != _origin(str(answer.url)):
                break
        return rows[:limit]

    def tags(self, repository: str, limit: int = 1000) -> List[str]:
        """The tags of a repository."""
        return self.pages("/v2/%s/tags/list" % repository, "tags", self.pull_scope(repository), limit)

    def catalog(self, limit: int = 1000) -> List[str]:
        """The repositories of a registry that lists them."""
        return self.pages("/v2/_catalog?n=100", "repositories", "registry:catalog:*", limit)

    def search(self, term: str, limit: int) -> Optional[List[Dict[str, Any]]]:
        """What docker's search API, version 1, finds; None where a registry has not got it.

        Each row has name, description, star_count, is_official and is_automated.
        """
        try:
            answer = self.request("GET", "/v1/search?" + urlencode({"q": term, "n": limit}), "")
        except RegistryError as exc:
            if exc.status is None or exc.status in BUSY:
                raise
            return None
        data = bodies.whole(answer, self.host, jsonbytes.MAX_SIZE)
        if not data.lstrip().startswith(b"{"):
            return None  # a web page, for people
        what = "The search of %s" % self.host
        rows = jsonbytes.loads(data, what).get("results")
        if not isinstance(rows, list):
            raise InvalidInput("%s has no list of results" % what)
        return [_found(jsonbytes.Fields(row, "%s: results[%d]" % (what, number)))
                for number, row in enumerate(rows[:limit])]

    @staticmethod
    def pull_scope(repository: str) -> str:
        """What a token has to allow for a pull (distribution's token scope documentation)."""
        return "repository:%s:pull" % repository

    # One request, with its credentials, retries and redirects

    def request(self, method: str, path: str, scope: Optional[str], *, headers: Optional[Mapping[str, str]] = None,
                body: Optional[Body] = None) -> Any:
        """An answer of 2xx, its body not read yet. ``path`` may be a whole address.

        ``scope`` None sends no credentials, wherever it goes. Raises NotFound, Unauthorized,
        RegistryError or TimedOut.
        """
        self._find_base()
        url = path if "://" in path else self._base + path

        def send() -> Any:
            return self._follow(method, url, scope, dict(headers or {}), body)

        used = self._authorization(scope)
        answer = self._patiently(send)
        if answer.status_code == 401 and scope is not None and _origin(str(answer.url)) == _origin(self._base):
            if not self._log_in(answer, scope, used):
                raise self._failure(answer, method)
            bodies.drain(answer, self.host)
            answer = self._patiently(send)
        if 200 <= answer.status_code < 300:
            return answer
        raise self._failure(answer, method)

    def _patiently(self, send: Callable[[], Any]) -> Any:
        """Ask again, ever later, while the registry is busy or connections break."""
        waited, attempt, breaks = 0.0, 0, 0
        while True:
            try:
                answer = send()
            except Broken:
                breaks += 1
                if breaks >= BREAKS:
                    raise
                time.sleep(0.2 * breaks)
                continue
            pause = _pause(str(answer.headers.get("Retry-After") or ""), attempt)
            if answer.status_code not in BUSY or attempt >= RETRIES or waited + pause > MAX_WAITS:
                return answer
            bodies.drain(answer, self.host)
            waited += pause
            attempt += 1
            time.sleep(pause)

    def _follow(self, method: str, url: str, scope: Optional[str], headers: Dict[str, str],
                body: Optional[Body]) -> Any:
        """Send, and follow redirects; credentials stay behind when scheme, host or port change."""
        for _redirect in range(MAX_REDIRECTS):
            sent = dict(headers)
            if _origin(url) == _origin(self._base):
                sent.update(self._authorization(scope))
            answer = self._session.send(method, url, sent, body() if body is not None else None)
            if answer.status_code not in (301, 302, 303, 307, 308):
                return answer
            place = str(answer.headers.get("Location") or "")
            bodies.drain(answer, self.host)
            url = self._target(url, place)
        raise RegistryError("%s redirects more than %d times" % (self.host, MAX_REDIRECTS))

    def _target(self, url: str, place: str) -> str:
        """Where a Location leads; raises RegistryError when that is no web address, or a downgrade."""
        try:
            target = urljoin(url, place)
            parts = urlsplit(target)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
            origin(target)
        except ValueError:
            good = False
        if not good:
            raise RegistryError("%s redirects to %s, which is no web address" % (self.host, ascii(place[:100])))
        if urlsplit(url).scheme == "https" and parts.scheme == "http" and self.options.verify:
            raise RegistryError("%s redirects from https to plain http (%s)" % (self.host, clean(parts.netloc)))
        return target

    def _find_base(self) -> None:
        """https, or plain http where no verification is wanted and there is no TLS."""
        with self._lock:
            if self._base:
                return
            base = "https://" + self.host
            if not self.options.verify:
                try:
                    bodies.drain(self._session.send("GET", base + "/v2/", {}), self.host)
                except (RegistryError, TimedOut):
                    base = "http://" + self.host
                    bodies.drain(self._session.send("GET", base + "/v2/", {}), self.host)
            self._base = base

    def _failure(self, answer: Any, method: str) -> RegistryError:
        """What a registry's refusal means."""
        words, status = bodies.words(answer, self.host), answer.status_code
        where = "%s (%s)" % (self.host, clean(urlsplit(str(answer.url)).path))
        if status == 404:
            return Missing("%s has no such thing: %s" % (where, words or "not found"), "Check the name and the tag.",
                           status)
        if status in (401, 403):
            return Unauthorized("%s refuses access: %s" % (where, words or "HTTP %d" % status),
                                "Log in, or check the name: a registry may say this of an image that is not there.",
                                status)
        hint = "It asks for patience; try again later." if status == 429 else None
        return RegistryError("%s answers %s with HTTP %d%s" % (
            where, method, status, ": " + words if words else ""), hint, status)

    # Credentials

    def _authorization(self, scope: Optional[str]) -> Dict[str, str]:
        if scope is None:
            return {}
        if self.credentials is not None and self.credentials.registry_token:
            return {"Authorization": "Bearer " + self.credentials.registry_token}
        if self._challenge is None:
            return {}
        if self._challenge[0] == "basic":
            return {"Authorization": tokens.basic(self.credentials)} if self.credentials else {}
        token = self._tokens.get(scope)
        return {"Authorization": "Bearer " + token} if token else {}

    def _log_in(self, answer: Any, scope: str, used: Dict[str, str]) -> bool:
        """Understand a 401 and get what it takes; False when there is nothing to be had."""
        if self.credentials is not None and self.credentials.registry_token:
            return False
        challenge = tokens.choose(str(answer.headers.get("WWW-Authenticate") or ""))
        if challenge is None:
            return False
        with self._lock:
            now = self._authorization(scope)
            if now and now != used:
                # Another thread was faster.
                return True
            self._challenge = challenge
            if challenge[0] == "basic":
                return bool(self.credentials is not None and self.credentials.username and not used)
            self._tokens[scope] = self._fetch_token(challenge[1], scope or challenge[1].get("scope", ""))
        return True

    def _fetch_token(self, parameters: Mapping[str, str], scope: str) -> str:
        """A bearer token, with the user's credentials or without any."""
        wish = tokens.request_for(parameters, scope, self.credentials, host=self.host,
                                  encrypted=self._base.startswith("https:"))
        answer = self._patiently(lambda: self._session.send(wish.method, wish.url, dict(wish.headers), wish.body))
        if answer.status_code != 200:
            raise self._failure(answer, wish.method)
        service = clean(urlsplit(wish.url).netloc)
        return tokens.parse_token(bodies.whole(answer, service, tokens.MAX_TOKEN), service)


class Missing(NotFound, RegistryError):
    """The registry does not have it."""

    def __init__(self, message: str, hint: Optional[str], status: int) -> None:
        RegistryError.__init__(self, message, hint, status)


class _Sized:
    """An upload's body that knows its length, so that it is not sent in chunked encoding."""

    def __init__(self, chunks: Iterator[bytes], size: int) -> None:
        self._chunks, self._size = chunks, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks


def _found(row: jsonbytes.Fields) -> Dict[str, Any]:
    stars = row.document.get("star_count")
    return {"name": clean(row.text("name")), "description": clean(row.text("description")),
            "star_count": stars if isinstance(stars, int) else 0,
            "is_official": row.document.get("is_official") is True,
            "is_automated": row.document.get("is_automated") is True}


def push_scope(repository: str) -> str:
    """What a token has to allow for a push."""
    return "repository:%s:pull,push" % repository


def _origin(url: str) -> Tuple[str, str, int]:
    try:
        return origin(url)
    except ValueError:
        return ("", "", 0)


def _manifest_path(repository: str, version: str) -> str:
    return "/v2/%s/manifests/%s" % (repository, quote(version, safe=":"))


def _pause(told: str, attempt: int) -> float:
    """Seconds to wait: what Retry-After says (a number or a date, RFC 9110), else ever longer."""
    if told.isascii() and told.isdecimal():
        return min(float(told[:12]), MAX_WAIT)
    if told:
        from email.utils import parsedate_to_datetime

        try:
            return min(max(parsedate_to_datetime(told[:64]).timestamp() - time.time(), 0.0), MAX_WAIT)
        except (ValueError, TypeError, OverflowError):
            pass
    return float(min(0.25 * 2.0 ** attempt, 8.0))
