# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Downloading one blob: resumed after interruptions, verified, and never larger than it says."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Callable, Iterator, List, Optional

from ..errors import NotFound, RegistryError, TimedOut, VerificationError
from ..formats.manifest import FOREIGN_LAYERS, Descriptor
from . import body
from .session import Broken

if TYPE_CHECKING:
    from .client import Client

RETRIES = 5
# Interruptions are forgiven when this much came between them; a server that sends a byte and breaks
# off, again and again, would keep a pull busy for ever.
PROGRESS = 1024 * 1024

Write = Callable[[bytes], None]


class Download:
    """One blob on its way. What has been written stays written: a retry goes on behind it."""

    def __init__(self, client: Client, repository: str, descriptor: Descriptor, write: Write,
                 progress: Optional[Callable[[int], None]] = None) -> None:
        self._client, self._repository, self._descriptor = client, repository, descriptor
        self._write, self._progress = write, progress
        self._digest, self._done = hashlib.sha256(), 0

    def run(self) -> None:
        """Fetch all of it. Raises NotFound, RegistryError, TimedOut or VerificationError."""
        places = self._places()
        for number, place in enumerate(places):
            try:
                self._from(place, self._client.pull_scope(self._repository) if number == 0 else None)
                break
            except NotFound:
                if number == len(places) - 1:
                    raise
        size, digest = self._descriptor.size, self._descriptor.digest
        if self._done != size or self._digest.hexdigest() != digest:
            raise VerificationError("%s sent another blob than sha256:%s (%d of %d bytes)" % (
                self._client.host, digest, self._done, size), "Try again, or pull from another place.")

    def _places(self) -> List[str]:
        """The registry, and for layers that it need not have the addresses in their descriptor."""
        rows = ["/v2/%s/blobs/sha256:%s" % (self._repository, self._descriptor.digest)]
        if self._descriptor.media_type in FOREIGN_LAYERS:
            rows += [url for url in self._descriptor.urls if url.startswith(("https://", "http://"))]
        return rows

    def _from(self, place: str, scope: Optional[str]) -> None:
        failures = 0
        while True:
            before = self._done
            try:
                for data in self._part(place, scope):
                    self._done += len(data)
                    self._digest.update(data)
                    self._write(data)
                    if self._progress is not None:
                        self._progress(self._done)
                return
            except (Broken, TimedOut) as exc:
                # One that sends too slowly is tried once more, not five times.
                failures = 0 if self._done - before >= PROGRESS else failures
                failures += 3 if isinstance(exc, TimedOut) else 1
                if failures > RETRIES:
                    raise
                time.sleep(min(0.1 * 2 ** failures, 5))

    def _part(self, place: str, scope: Optional[str]) -> Iterator[bytes]:
        """The bytes from where we are to the end."""
        host, offset, size = self._client.host, self._done, self._descriptor.size
        headers = {"Range": "bytes=%d-" % offset} if offset else {}
        answer = self._client.request("GET", place, scope, headers=headers)
        skip = offset
        if answer.status_code == 206:
            skip = 0
            if not str(answer.headers.get("Content-Range") or "").startswith("bytes %d-" % offset):
                answer.close()
                raise RegistryError("%s answered with another range than it was asked for" % host, None, 416)
        left = size - offset
        for data in body.pieces(answer, host):
            if skip:
                # It does not know ranges and began anew.
                dropped = min(skip, len(data))
                skip -= dropped
                data = data[dropped:]
            left -= len(data)
            if left < 0:
                answer.close()
                raise VerificationError("%s sent more than the %d bytes of the blob sha256:%s" % (
                    host, size, self._descriptor.digest), "The registry or something in between is damaged or lying.")
            if data:
                yield data
        if left:
            raise Broken("%s ended the transfer of sha256:%s early" % (host, self._descriptor.digest[:12]))
