# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading an answer's body: bounded in size and in time, whatever the server does."""

from __future__ import annotations

import time
import zlib
from typing import Any, Callable, Iterator, Optional

from ..errors import InvalidInput, RegistryError, TimedOut
from ..formats import jsonbytes
from .session import Broken, Watch, cause, clean, socket_of

CHUNK = 256 * 1024
MAX_ERROR = 64 * 1024
TOTAL = 120.0  # seconds for a whole document
STALL = 90.0  # seconds without a byte of content, whatever else comes
# A server that sends less than SLOWEST bytes a second over WINDOW seconds sends too slowly.
SLOWEST, WINDOW = 512, 30.0


def pieces(answer: Any, host: str) -> Iterator[bytes]:
    """The raw body as it comes. Raises Broken when it ends early, TimedOut when it only trickles."""
    read = _reader(answer.raw)
    watch = Watch(lambda: socket_of(answer.raw), STALL)
    began, count = time.monotonic(), 0
    try:
        while True:
            data = _read(read, host, watch)
            watch.tick()
            if not data:
                _finish(answer.raw, host)
                return
            count += len(data)
            passed = time.monotonic() - began
            if passed > WINDOW:
                if count / passed < SLOWEST:
                    raise TimedOut("%s sends too slowly: %d bytes in %d seconds" % (host, count, passed),
                                   "Try again later, or pull from another place.")
                began, count = time.monotonic(), 0
            yield data
    finally:
        watch.stop()
        answer.close()


def _reader(raw: Any) -> Callable[[int], bytes]:
    """What one recv(2) gives. ``read`` would wait until all of a chunk is there, however slowly it comes."""
    if hasattr(raw, "read1"):
        return lambda size: bytes(raw.read1(size, decode_content=False))
    # urllib3 before 2.2; http.client's response is below.
    lower = raw._fp
    return lambda size: bytes(lower.read1(size))


def _read(read: Callable[[int], bytes], host: str, watch: Watch) -> bytes:
    """Every failure of the libraries below, and there are many kinds, means the same here."""
    try:
        data = read(CHUNK)
        failure: Optional[Exception] = None
    except Exception as exc:
        data, failure = b"", exc
    # A trailer that was cut off looks like one that ended, so the watch is asked in any case.
    if watch.expired or isinstance(failure, TimeoutError) or "timed out" in str(failure):
        raise TimedOut("%s stopped sending" % host, "Try again later, or pull from another place.") from failure
    if failure is not None:
        raise Broken("The connection to %s broke: %s" % (host, cause(failure))) from failure
    return data


def _finish(raw: Any, host: str) -> None:
    """Hand the connection back for the next request; urllib3 2 did so itself at the last byte."""
    if hasattr(raw, "read1"):
        return
    lower = raw._fp
    if getattr(lower, "length", None):
        raise Broken("The connection to %s broke: %d bytes are missing" % (host, lower.length))
    lower.close()
    raw.release_conn()


def whole(answer: Any, host: str, limit: int) -> bytes:
    """A document of at most ``limit`` bytes after decoding. Raises InvalidInput, Broken or TimedOut."""
    decode = _decoder(str(answer.headers.get("Content-Encoding") or ""), host)
    deadline = time.monotonic() + TOTAL
    result = bytearray()
    for data in pieces(answer, host):
        result += decode(data, limit + 1 - len(result)) if decode is not None else data
        if len(result) > limit:
            answer.close()
            raise InvalidInput("The answer of %s is larger than %d bytes" % (host, limit))
        if time.monotonic() > deadline:
            answer.close()
            raise TimedOut("%s takes more than %d seconds to send a document" % (host, TOTAL))
    return bytes(result)


def _decoder(encoding: str, host: str) -> Optional[Callable[[bytes, int], bytes]]:
    """Servers may compress what was asked for as it is; then it is bounded while it grows."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name not in ("gzip", "x-gzip", "deflate"):
        raise RegistryError("%s answers in the unknown encoding %s" % (host, ascii(encoding[:40])))
    unpack = zlib.decompressobj(32 + zlib.MAX_WBITS)

    def decode(data: bytes, room: int) -> bytes:
        try:
            return unpack.decompress(data, max(room, 1))
        except zlib.error as exc:
            raise RegistryError("%s sent damaged compressed data" % host) from exc

    return decode


def drain(answer: Any, host: str) -> None:
    """Read what is left of a short answer nobody needs, so that the connection can be used again."""
    try:
        whole(answer, host, MAX_ERROR)
    except (RegistryError, InvalidInput, TimedOut):
        answer.close()


def words(answer: Any, host: str) -> str:
    """The registry's own words on a failure: codes and messages of its JSON, never a page of HTML."""
    try:
        rows = jsonbytes.loads(whole(answer, host, MAX_ERROR), "x").get("errors")
    except (RegistryError, InvalidInput, TimedOut):
        return ""
    if not isinstance(rows, list):
        return ""
    told = ["%s %s" % (row.get("code") or "", row.get("message") or "") for row in rows[:3] if isinstance(row, dict)]
    return clean("; ".join(told))
