# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP requests, one at a time: certificates, proxies and time limits. Redirects are not followed here."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Any, Callable, Dict, Iterator, Optional, Tuple
from urllib.parse import urlsplit

from .. import deps
from ..errors import InvalidInput, RegistryError, TimedOut
from ..frozen import Frozen

# Seconds: to connect, between two bytes, and for all of an answer's header. A registry that stores
# an upload elsewhere may need minutes for its last answer.
CONNECT, IDLE, HEADER, UPLOAD = 30.0, 60.0, 90.0, 600.0
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


class Broken(RegistryError):
    """A connection broke, or none came about; another try may help."""


class Options(Frozen):
    """How to talk to one registry. ``verify`` False allows any certificate, and plain HTTP where there is no TLS.

    ``authorities`` are files of CA certificates on top of the system's; ``certificates`` are pairs of
    files, a client certificate and its key.
    """

    verify: bool = True
    authorities: Tuple[str, ...] = ()
    certificates: Tuple[Tuple[str, str], ...] = ()


def clean(text: str, limit: int = 300) -> str:
    """A stranger's words, fit for a terminal."""
    return "".join(c if c.isprintable() else " " for c in text[:limit]).strip()


def origin(url: str) -> Tuple[str, str, int]:
    """Scheme, host and port: what credentials are bound to. Raises ValueError for a port that is none."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def cause(exc: BaseException) -> str:
    """The innermost reason of a failed request. The outer texts hold URLs, which may be signed and so secret."""
    current: Optional[BaseException] = exc
    innermost = exc
    for _level in range(10):
        if current is None:
            break
        innermost = current
        told = getattr(current, "verify_message", None) or getattr(current, "strerror", None)
        if isinstance(told, str) and told:
            return clean(told)
        below = [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
        current = next((one for one in below if isinstance(one, BaseException)), None)
    text = str(innermost)
    return clean(text) if text and "://" not in text and innermost is not exc else type(innermost).__name__


class Session:
    """Requests to one registry and to where it redirects; each thread has connections of its own."""

    def __init__(self, host: str, options: Options) -> None:
        import threading

        self.host, self.options = host, options
        self._requests = deps.load("requests")
        self._local = threading.local()

    def send(self, method: str, url: str, headers: Dict[str, str], body: Any = None) -> Any:
        """The answer with its body not read. Raises Broken, RegistryError or TimedOut."""
        exceptions = self._requests.exceptions
        where = clean(urlsplit(url).netloc)
        headers = {"Accept-Encoding": "identity", **headers}
        idle = IDLE if body is None else UPLOAD
        session = self._session()
        try:
            return session.request(
                method, url, headers=headers, data=body, stream=True, allow_redirects=False,
                timeout=(CONNECT, idle), proxies=self._proxies(url))
        except exceptions.SSLError as exc:
            raise self._untrusted(where, exc) from exc
        except exceptions.Timeout as exc:
            raise TimedOut("%s does not answer" % where, "Is it up, and reachable from this host?") from exc
        except Exception as exc:
            # Whatever the libraries below make of what a stranger sent: there are many kinds.
            kind = Broken if isinstance(exc, exceptions.ConnectionError) and "aborted" in str(exc) else RegistryError
            raise kind("Cannot reach %s: %s" % (where, cause(exc)),
                       "Is the name right, is it up, and reachable from this host?") from exc

    def _untrusted(self, where: str, exc: BaseException) -> RegistryError:
        reason = cause(exc)
        told = reason.upper().replace(" ", "_")
        if any(sign in told for sign in ("WRONG_VERSION", "UNKNOWN_PROTOCOL", "RECORD_LAYER")):
            return RegistryError("%s does not speak TLS" % where,
                                 "When it is meant to speak plain HTTP, set tls_verify to false, or insecure for it "
                                 "in registries.conf.")
        return RegistryError("The certificate of %s is not trusted: %s" % (where, reason),
                             "Put its CA certificate into /etc/containers/certs.d/%s/ca.crt, or set tls_verify "
                             "to false." % self.host)

    def _proxies(self, url: str) -> Dict[str, str]:
        """The environment's proxies for this address; never for this host itself, as in other engines."""
        host = urlsplit(url).hostname or ""
        if host == "localhost" or host.startswith("127.") or host == "::1":
            return {}
        return dict(self._requests.utils.get_environ_proxies(url))

    def _session(self) -> Any:
        session = getattr(self._local, "session", None)
        if session is None:
            import http.cookiejar

            session = self._local.session = self._requests.Session()
            # Otherwise requests would take credentials from ~/.netrc, and CAs from variables.
            session.trust_env = False
            # It would look at redirects also when told not to follow them, and read their bodies to the end.
            session.get_redirect_target = lambda answer: None
            session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            session.headers["User-Agent"] = "pycontainer"
            session.verify = self._trust()
            adapter = _adapter(self._requests, self._context())
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            if not self.options.verify:
                import warnings

                warnings.filterwarnings("ignore", message="Unverified HTTPS request")
        return session

    def _trust(self) -> Any:
        """The host's own store before the one that comes with the library: that is where admins put CAs."""
        if not self.options.verify:
            return False
        return next((path for path in BUNDLES if os.path.exists(path)), True)

    def _context(self) -> Optional[Any]:
        """A TLS context with this registry's own certificates, or None for the library's."""
        import ssl

        options = self.options
        if not options.certificates and not (options.verify and options.authorities):
            return None
        required = ssl.CERT_REQUIRED if options.verify else ssl.CERT_NONE
        context = deps.load("urllib3.util.ssl_").create_urllib3_context(cert_reqs=required)
        for path in options.authorities if options.verify else ():
            try:
                context.load_verify_locations(path)
            except OSError as exc:
                raise InvalidInput("%s holds no CA certificate: %s" % (path, cause(exc)),
                                   "Replace or remove it.") from exc
        for certificate, key in options.certificates:
            try:
                # Without a password it would ask on the terminal.
                context.load_cert_chain(certificate, key, password="")
            except OSError as exc:
                raise InvalidInput("Cannot use the client certificate %s with %s: %s" % (certificate, key, cause(exc)),
                                   "Replace or remove them; the key must not be encrypted.") from exc
        return context


def _adapter(requests: Any, context: Optional[Any]) -> Any:
    """requests' adapter with our TLS context and with connections that watch the clock."""
    base = requests.adapters.HTTPAdapter
    pools = deps.load("urllib3.connectionpool")
    extra = {"ssl_context": context} if context is not None else {}
    classes = {scheme: type("WatchedPool", (pool,), {"ConnectionCls": _watched(pool.ConnectionCls)})
               for scheme, pool in (("http", pools.HTTPConnectionPool), ("https", pools.HTTPSConnectionPool))}

    def init_poolmanager(self: Any, connections: int, maxsize: int, block: bool = False, **keywords: Any) -> None:
        base.init_poolmanager(self, connections, maxsize, block, **extra, **keywords)
        self.poolmanager.pool_classes_by_scheme = classes

    def proxy_manager_for(self: Any, proxy: str, **keywords: Any) -> Any:
        manager = base.proxy_manager_for(self, proxy, **extra, **keywords)
        if not proxy.startswith("socks"):
            manager.pool_classes_by_scheme = classes
        return manager

    return type("WatchedAdapter", (base,), {
        "init_poolmanager": init_poolmanager, "proxy_manager_for": proxy_manager_for})()


def _watched(base: Any) -> Any:
    """A connection whose TLS handshake and answer header must be there in time, not only each byte of them."""
    def _new_conn(self: Any) -> Any:
        made = base._new_conn(self)
        # The handshake takes the descriptor over; a duplicate can still be shut down.
        self.handle = made.dup()
        return made

    def connect(self: Any) -> None:
        self.handle = None
        try:
            with _limit(lambda: self.handle, HEADER):
                base.connect(self)
        finally:
            if self.handle is not None:
                self.handle.close()
                self.handle = None

    def getresponse(self: Any, *arguments: Any, **keywords: Any) -> Any:
        used = self.sock
        limit = HEADER + (used.gettimeout() or 0.0) - IDLE
        with _limit(lambda: used, max(limit, HEADER)):
            answer = base.getresponse(self, *arguments, **keywords)
        # The connection may have let go of it already, while the body still comes from it.
        answer.watched = used
        return answer

    return type("WatchedConnection", (base,), {
        "_new_conn": _new_conn, "connect": connect, "getresponse": getresponse})


def socket_of(raw: Any) -> Any:
    """The socket below an answer's body, for a Watch."""
    return getattr(raw, "watched", None) or getattr(getattr(raw, "_original_response", None), "watched", None)


class Watch:
    """Shuts a connection down when ``tick`` was not called for so many seconds.

    Time limits of sockets are for each recv(2), and one call of the libraries above may make many:
    a header or a trailer that never ends would keep them busy for ever.
    """

    def __init__(self, get: Callable[[], Any], seconds: float) -> None:
        import threading

        self.expired = False
        self._get, self._seconds, self._last = get, seconds, time.monotonic()
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self._done.wait(max(self._last + self._seconds - time.monotonic(), 0.01)):
            if time.monotonic() - self._last >= self._seconds:
                self.expired = True
                with contextlib.suppress(OSError, AttributeError, TypeError):
                    # Not the TLS socket's own method, which would touch what another thread is using.
                    socket.socket.shutdown(self._get(), socket.SHUT_RDWR)
                return

    def tick(self) -> None:
        """Something came."""
        self._last = time.monotonic()

    def stop(self) -> None:
        """It is over."""
        self._done.set()


@contextlib.contextmanager
def _limit(get: Callable[[], Any], seconds: float) -> Iterator[None]:
    """Shut a connection down when the body of the statement takes longer; then socket.timeout is raised."""
    watch = Watch(get, seconds)
    try:
        yield
    except Exception as exc:
        if watch.expired:
            raise socket.timeout("it took more than %d seconds" % seconds) from exc
        raise
    finally:
        watch.stop()
    # An answer's header that was cut off looks like one that ended.
    if watch.expired:
        raise socket.timeout("it took more than %d seconds" % seconds)
