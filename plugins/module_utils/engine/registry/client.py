# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One registry by the distribution-spec, v1.1, over requests.

Redirects are followed here and not by the library: credentials go to the host that they are for
and nowhere else. Bodies are bounded before they are read, and bounded in time.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

from .. import deps
from ..errors import InvalidInput, NotFound, RegistryError, TimedOut, Unauthorized, VerificationError
from ..formats import jsonbytes, manifest
from ..formats.manifest import Descriptor
from .auth import Credentials

CONNECT, IDLE, TOTAL = 30.0, 60.0, 600.0  # seconds; TOTAL is for everything but blobs
MAX_ERROR = 64 * 1024
MAX_TOKEN = 1024 * 1024
MAX_REDIRECTS = 10
RETRIES = 5
MAX_WAIT, MAX_WAITS = 60.0, 120.0
CHUNK = 256 * 1024
# A server that sends less than this many bytes a second, over a minute, is no server.
SLOWEST, WINDOW = 512, 60.0

Body = Callable[[], Any]


@dataclass(frozen=True)
class Options:
    """How to talk to one registry. ``ca``, ``certificate`` and ``key`` are files; ``verify`` False allows any
    certificate, and plain HTTP where there is no TLS."""

    verify: bool = True
    ca: Optional[str] = None
    certificate: Optional[str] = None
    key: Optional[str] = None


def clean(text: str, limit: int = 300) -> str:
    """A stranger's words, fit for a terminal."""
    return "".join(c if c.isprintable() else " " for c in text[:limit]).strip()


class Client:
    """One registry, for one user. Safe for several threads: each has a connection of its own."""

    def __init__(self, host: str, options: Options, credentials: Optional[Credentials] = None) -> None:
        import threading

        self.host, self.options, self.credentials = host, options, credentials
        self._requests = deps.load("requests")
        self._local = threading.local()
        self._lock = threading.Lock()
        self._base = ""
        self._tokens: Dict[str, str] = {}
        self._challenge: Optional[Tuple[str, Dict[str, str]]] = None

    # The protocol's operations

    def ping(self) -> None:
        """Find out how to talk to it, and whether the credentials are good. Raises RegistryError."""
        self._find_base()
        answer = self.request("GET", "/v2/", "")
        self._body(answer, MAX_ERROR)

    def manifest(self, repository: str, version: str) -> Tuple[bytes, str, str]:
        """A manifest's bytes, media type and hex digest. Raises NotFound, RegistryError, VerificationError."""
        answer = self.request("GET", _manifest_path(repository, version), _pull(repository),
                              headers={"Accept": ", ".join(manifest.ACCEPT)})
        data = self._body(answer, jsonbytes.MAX_SIZE)
        digest = hashlib.sha256(data).hexdigest()
        if version.startswith("sha256:") and version[7:] != digest:
            raise VerificationError("%s sent another manifest than %s" % (self.host, version),
                                    "The registry or something in between is damaged or lying.")
        return data, str(answer.headers.get("Content-Type") or ""), digest

    def manifest_digest(self, repository: str, version: str) -> str:
        """Only the hex digest of a manifest, where the registry tells it; else by fetching it."""
        answer = self.request("HEAD", _manifest_path(repository, version), _pull(repository),
                              headers={"Accept": ", ".join(manifest.ACCEPT)})
        answer.close()
        told = str(answer.headers.get("Docker-Content-Digest") or "")
        if told.startswith("sha256:") and len(told) == 71 and not told[7:].strip("0123456789abcdef"):
            return told[7:]
        return self.manifest(repository, version)[2]

    def blob(self, repository: str, descriptor: Descriptor, write: Callable[[bytes], None],
             progress: Optional[Callable[[int], None]] = None) -> None:
        """Give a blob's bytes to ``write``, in order, each once, whatever interruptions there are.

        Size and digest are verified when the last has come. Raises VerificationError or RegistryError.
        """
        digest, done, failures = hashlib.sha256(), 0, 0
        while done < descriptor.size or descriptor.size == 0:
            before = done
            try:
                for data in self._blob_part(repository, descriptor, done):
                    done += len(data)
                    digest.update(data)
                    write(data)
                    if progress is not None:
                        progress(done)
                break
            except (RegistryError, TimedOut) as exc:
                failures = 0 if done > before else failures + 1
                status = getattr(exc, "status", None)
                if failures >= RETRIES or (status is not None and 400 <= status < 500):
                    raise
                time.sleep(min(0.2 * 2 ** failures, 5))
        if done != descriptor.size or digest.hexdigest() != descriptor.digest:
            raise VerificationError("%s sent another blob than sha256:%s (%d of %d bytes)" % (
                self.host, descriptor.digest, done, descriptor.size), "Try again, or pull from another place.")

    def _blob_part(self, repository: str, descriptor: Descriptor, offset: int) -> Iterator[bytes]:
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = "bytes=%d-" % offset
        path = "/v2/%s/blobs/sha256:%s" % (repository, descriptor.digest)
        answer = self.request("GET", path, _pull(repository), headers=headers)
        skip = offset if answer.status_code != 206 else 0
        if answer.status_code == 206 and not str(answer.headers.get("Content-Range") or "").startswith(
                "bytes %d-" % offset):
            answer.close()
            raise RegistryError("%s answered with another range than it was asked for" % self.host, status=416)
        left = descriptor.size - offset
        for data in self._pieces(answer):
            if skip:
                # It does not know ranges and began anew.
                dropped = min(skip, len(data))
                skip -= dropped
                data = data[dropped:]
                if not data:
                    continue
            left -= len(data)
            if left < 0:
                answer.close()
                raise VerificationError("%s sent more than the %d bytes of the blob sha256:%s" % (
                    self.host, descriptor.size, descriptor.digest))
            yield data
        if left:
            raise RegistryError("%s ended the transfer of sha256:%s early" % (self.host, descriptor.digest[:12]))

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
            self.request("HEAD", "/v2/%s/blobs/sha256:%s" % (repository, digest), _push(repository)).close()
        except NotFound:
            return False
        return True

    def upload(self, repository: str, digest: str, size: int, chunks: Callable[[], Iterator[bytes]]) -> None:
        """Upload a blob whose digest and size are known. ``chunks`` gives its bytes, once more for a retry."""
        scope = _push(repository)
        answer = self.request("POST", "/v2/%s/blobs/uploads/" % repository, scope, headers={"Content-Length": "0"})
        place = str(answer.headers.get("Location") or "")
        answer.close()
        target = urljoin(str(answer.url), place)
        if not place or urlsplit(target).scheme not in ("http", "https"):
            raise RegistryError("%s gave no place to upload to" % self.host)
        target += ("&" if urlsplit(target).query else "?") + urlencode({"digest": "sha256:" + digest})
        self.request("PUT", target, scope, body=lambda: _Sized(chunks(), size),
                     headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)}).close()

    def put_manifest(self, repository: str, version: str, data: bytes, media_type: str) -> None:
        """Store a manifest under a tag or its digest."""
        self.request("PUT", _manifest_path(repository, version), _push(repository), body=lambda: data,
                     headers={"Content-Type": media_type}).close()

    def pages(self, path: str, key: str, scope: str, limit: int) -> List[str]:
        """A list that comes in pages (tags/list, _catalog), at most ``limit`` entries."""
        rows: List[str] = []
        following: Optional[str] = path
        while following and len(rows) < limit:
            answer = self.request("GET", following, scope)
            document = jsonbytes.loads(self._body(answer, jsonbytes.MAX_SIZE), "The list of %s" % self.host)
            rows += [clean(row) for row in jsonbytes.Fields(document, self.host).texts(key)]
            link = (answer.links or {}).get("next", {}).get("url")
            # A next page on another host would be given the credentials of this one.
            following = urljoin(str(answer.url), link) if link else None
            if following and urlsplit(following)[:2] != urlsplit(str(answer.url))[:2]:
                following = None
        return rows[:limit]

    def tags(self, repository: str, limit: int = 1000) -> List[str]:
        """The tags of a repository."""
        return self.pages("/v2/%s/tags/list" % repository, "tags", _pull(repository), limit)

    def catalog(self, limit: int = 1000) -> List[str]:
        """The repositories of a registry that lists them."""
        return self.pages("/v2/_catalog?n=100", "repositories", "registry:catalog:*", limit)

    # One request, with its redirects, retries and credentials

    def request(self, method: str, path: str, scope: str, *, headers: Optional[Mapping[str, str]] = None,
                body: Optional[Body] = None) -> Any:
        """An answer of 2xx, its body not read yet. Raises NotFound, Unauthorized, RegistryError or TimedOut."""
        self._find_base()
        url = path if "://" in path else self._base + path
        waited, logged_in = 0.0, False
        for attempt in range(RETRIES + 1):
            answer = self._follow(method, url, scope, dict(headers or {}), body)
            status = answer.status_code
            if 200 <= status < 300:
                return answer
            if status == 401 and not logged_in and self._log_in(answer, scope):
                logged_in = True
                answer.close()
                continue
            if status not in (429, 500, 502, 503, 504) or attempt >= RETRIES:
                raise self._failure(answer, method, url)
            pause = self._pause(answer, attempt)
            failure = self._failure(answer, method, url)
            if waited + pause > MAX_WAITS:
                raise failure
            waited += pause
            time.sleep(pause)
        raise RegistryError("%s kept asking to try again" % self.host)

    @staticmethod
    def _pause(answer: Any, attempt: int) -> float:
        told = str(answer.headers.get("Retry-After") or "")
        return min(float(told), MAX_WAIT) if told.isdigit() else min(0.25 * 2.0 ** attempt, 8.0)

    def _follow(self, method: str, url: str, scope: str, headers: Dict[str, str], body: Optional[Body]) -> Any:
        """Send, and follow redirects; credentials stay behind when scheme, host or port change."""
        own = urlsplit(self._base)[:2]
        for _redirect in range(MAX_REDIRECTS):
            sent = dict(headers)
            if urlsplit(url)[:2] == own:
                sent.update(self._authorization(scope))
            answer = self._send(method, url, sent, body() if body is not None else None)
            if answer.status_code not in (301, 302, 303, 307, 308):
                return answer
            target = urljoin(url, str(answer.headers.get("Location") or ""))
            answer.close()
            parts = urlsplit(target)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise RegistryError("%s redirects to %s, which is no web address" % (self.host, clean(target)))
            if urlsplit(url).scheme == "https" and parts.scheme == "http" and self.options.verify:
                raise RegistryError("%s redirects from https to plain http (%s)" % (self.host, clean(parts.netloc)))
            url = target
        raise RegistryError("%s redirects more than %d times" % (self.host, MAX_REDIRECTS))

    def _send(self, method: str, url: str, headers: Dict[str, str], body: Any) -> Any:
        exceptions = self._requests.exceptions
        try:
            return self._session().request(method, url, headers=headers, data=body, stream=True, allow_redirects=False,
                                           timeout=(CONNECT, IDLE))
        except exceptions.SSLError as exc:
            place = "/etc/containers/certs.d/%s/ca.crt" % self.host
            raise RegistryError("The certificate of %s is not trusted: %s" % (self.host, clean(str(exc), 600)),
                                "Put its CA certificate into %s, or set tls_verify to false." % place) from exc
        except exceptions.Timeout as exc:
            raise TimedOut("%s does not answer" % self.host, "Is it up, and reachable from this host?") from exc
        except (exceptions.RequestException, ValueError) as exc:
            raise RegistryError("Cannot reach %s: %s" % (self.host, clean(str(exc))),
                                "Is the name right, is it up, and reachable from this host?") from exc

    def _session(self) -> Any:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._requests.Session()
            # Otherwise requests would take credentials from ~/.netrc, and CAs from variables.
            session.trust_env = False
            session.proxies = self._requests.utils.get_environ_proxies(self._base or "https://" + self.host)
            session.headers["User-Agent"] = "pycontainer"
            session.verify = self._trust()
            if self.options.certificate:
                session.cert = (self.options.certificate, self.options.key or self.options.certificate)
            if not self.options.verify:
                import warnings
                warnings.filterwarnings("ignore", message="Unverified HTTPS request")
        return session

    def _trust(self) -> Any:
        """The host's own store before the one that comes with the library: that is where admins put CAs."""
        if not self.options.verify:
            return False
        if self.options.ca:
            return self.options.ca
        for path in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"):
            if os.path.exists(path):
                return path
        return True

    def _find_base(self) -> None:
        """https, or plain http where no verification is wanted and there is no TLS."""
        with self._lock:
            if self._base:
                return
            base = "https://" + self.host
            if self.options.verify:
                self._base = base
                return
            try:
                self._send("GET", base + "/v2/", {}, None).close()
                self._base = base
            except (RegistryError, TimedOut) as first:
                try:
                    self._send("GET", "http://%s/v2/" % self.host, {}, None).close()
                except (RegistryError, TimedOut):
                    raise first from None
                self._base = "http://" + self.host

    # Bodies

    def _pieces(self, answer: Any) -> Iterator[bytes]:
        """The raw body in pieces; raises RegistryError or TimedOut when it breaks or trickles."""
        began, count = time.monotonic(), 0
        try:
            while True:
                data = answer.raw.read(CHUNK, decode_content=False)
                if not data:
                    return
                count += len(data)
                yield data
                passed = time.monotonic() - began
                if passed > WINDOW:
                    if count / passed < SLOWEST:
                        raise TimedOut("%s sends too slowly: %d bytes in %d seconds" % (self.host, count, passed))
                    began, count = time.monotonic(), 0
        except TimedOut:
            raise
        except Exception as exc:
            if type(exc).__module__.split(".")[0] not in ("urllib3", "requests", "http", "socket", "ssl", "builtins"):
                raise
            if isinstance(exc, (GeneratorExit, VerificationError, InvalidInput)):
                raise
            raise RegistryError("The connection to %s broke: %s" % (self.host, clean(str(exc)))) from exc
        finally:
            answer.close()

    def _body(self, answer: Any, limit: int) -> bytes:
        """A whole body, decoded, of at most ``limit`` bytes, within TOTAL seconds."""
        deadline = time.monotonic() + TOTAL
        data = b""
        try:
            while len(data) <= limit:
                piece = answer.raw.read(65536, decode_content=True)
                if not piece:
                    return data
                data += piece
                if time.monotonic() > deadline:
                    raise TimedOut("%s sends too slowly" % self.host)
        except TimedOut:
            raise
        except Exception as exc:
            raise RegistryError("The connection to %s broke: %s" % (self.host, clean(str(exc)))) from exc
        finally:
            answer.close()
        raise InvalidInput("The answer of %s is larger than %d bytes" % (self.host, limit))

    def _failure(self, answer: Any, method: str, url: str) -> RegistryError:
        try:
            body = self._body(answer, MAX_ERROR)
        except (RegistryError, InvalidInput, TimedOut):
            body = b""
        words = _error_words(body)
        status = answer.status_code
        where = "%s (%s)" % (self.host, urlsplit(url).path)
        if status == 404:
            return _Missing("%s has no such thing: %s" % (where, words or "not found"), "Check the name and the tag.",
                            status)
        if status in (401, 403):
            return Unauthorized("%s refuses access: %s" % (where, words or "HTTP %d" % status),
                                "Log in, or check the name: a registry may say this of an image that is not there.",
                                status)
        return RegistryError("%s answers %s with HTTP %d%s" % (
            where, method, status, ": " + words if words else ""), None, status)

    # Credentials

    def _authorization(self, scope: str) -> Dict[str, str]:
        if self._challenge is None:
            return {}
        if self._challenge[0] == "basic":
            return {"Authorization": _basic(self.credentials)} if self.credentials else {}
        token = self._tokens.get(scope)
        return {"Authorization": "Bearer " + token} if token else {}

    def _log_in(self, answer: Any, scope: str) -> bool:
        """Understand a 401 and get what it takes; False when there is nothing to be had."""
        scheme, parameters = parse_challenge(str(answer.headers.get("WWW-Authenticate") or ""))
        if scheme == "basic":
            self._challenge = (scheme, parameters)
            return self.credentials is not None
        if scheme != "bearer":
            return False
        self._challenge = (scheme, parameters)
        self._tokens[scope] = self._fetch_token(parameters, scope or parameters.get("scope", ""))
        return True

    def _fetch_token(self, parameters: Mapping[str, str], scope: str) -> str:
        """A bearer token (distribution's token authentication specification)."""
        realm = parameters.get("realm", "")
        parts = urlsplit(realm)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise RegistryError("%s names %r as its token service, which is no web address" % (self.host, clean(realm)))
        if self._base.startswith("https:") and parts.scheme != "https":
            raise RegistryError("%s wants credentials to be sent without encryption, to %s" % (self.host, clean(realm)))
        query = [("service", parameters["service"])] if parameters.get("service") else []
        query += [("scope", one) for one in scope.split(" ") if one]
        headers: Dict[str, str] = {}
        body = None
        method, url = "GET", realm
        if self.credentials is not None and self.credentials.identity_token:
            method, body = "POST", urlencode([*query, ("grant_type", "refresh_token"), ("client_id", "pycontainer"),
                                              ("refresh_token", self.credentials.identity_token)])
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            url += ("&" if parts.query else "?") + urlencode(query)
            if self.credentials is not None:
                headers["Authorization"] = _basic(self.credentials)
        answer = self._send(method, url, headers, body)
        if answer.status_code != 200:
            raise self._failure(answer, method, realm)
        document = jsonbytes.loads(self._body(answer, MAX_TOKEN), "The token of %s" % clean(parts.netloc))
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable() or " " in token:
            raise RegistryError("%s gave no usable token" % clean(parts.netloc))
        return token


class _Missing(NotFound, RegistryError):
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


def _basic(credentials: Optional[Credentials]) -> str:
    if credentials is None:
        return ""
    text = "%s:%s" % (credentials.username, credentials.password)
    return "Basic " + base64.b64encode(text.encode()).decode()


def _manifest_path(repository: str, version: str) -> str:
    return "/v2/%s/manifests/%s" % (repository, quote(version, safe=":"))


def _pull(repository: str) -> str:
    return "repository:%s:pull" % repository


def _push(repository: str) -> str:
    return "repository:%s:pull,push" % repository


def parse_challenge(text: str) -> Tuple[str, Dict[str, str]]:
    """The scheme, in lower case, and the parameters of a WWW-Authenticate header (RFC 7235)."""
    import re

    scheme, _blank, rest = text[:8192].strip().partition(" ")
    found = re.findall(r'([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', rest)
    return scheme.lower(), {key.lower(): quoted.replace('\\"', '"') or plain for key, quoted, plain in found}


def _error_words(body: bytes) -> str:
    """The registry's own words: the codes and messages of its JSON, never a page of HTML."""
    try:
        rows = jsonbytes.loads(body, "x").get("errors")
    except InvalidInput:
        return ""
    if not isinstance(rows, list):
        return ""
    words = ["%s %s" % (row.get("code") or "", row.get("message") or "") for row in rows[:3] if isinstance(row, dict)]
    return clean("; ".join(words))
