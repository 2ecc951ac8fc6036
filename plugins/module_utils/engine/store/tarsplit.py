# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left of a tar without its files' content, so that the same bytes can be made again.

A zlib stream of records: b'R' + length + raw bytes of the tar, or b'F' + size + length + path of the
file whose content comes here. Numbers are little-endian, 4 bytes for lengths and 8 for sizes.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import Callable, Iterator

from ..errors import EngineError
from ..kernel import inroot

CHUNK = 1024 * 1024
_RAW, _FILE = struct.Struct("<cI"), struct.Struct("<cQI")


class Writer:
    """Collects records; ``write`` takes compressed bytes."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._compress = zlib.compressobj(1)
        self._raw = bytearray()

    def raw(self, data: bytes) -> None:
        """Bytes of the tar itself."""
        self._raw += data
        if len(self._raw) >= CHUNK:
            self._flush()

    def content(self, path: bytes, size: int) -> None:
        """Here the content of a file stood; ``path`` is relative to the layer."""
        self._flush()
        self._write(self._compress.compress(_FILE.pack(b"F", size, len(path)) + path))

    def _flush(self) -> None:
        if self._raw:
            self._write(self._compress.compress(_RAW.pack(b"R", len(self._raw)) + self._raw))
            self._raw.clear()

    def finish(self) -> None:
        """Write what is left."""
        self._flush()
        self._write(self._compress.flush())


def assemble(record: str, diff: str) -> Iterator[bytes]:
    """The tar again, from its record and the layer's directory. Raises EngineError when a file is not as it was."""
    with open(record, "rb") as stream:
        unpack = _Unpacker(stream.read)
        while True:
            kind = unpack.take(1)
            if not kind:
                return
            if kind == b"R":
                yield unpack.take(struct.unpack("<I", unpack.take(4))[0])
                continue
            size, length = struct.unpack("<QI", unpack.take(12))
            yield from _content(diff, unpack.take(length), size)


class _Unpacker:
    """Exact reads from a zlib stream."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._zlib = zlib.decompressobj()
        self._data = b""

    def take(self, count: int) -> bytes:
        while len(self._data) < count:
            packed = self._zlib.unconsumed_tail or self._read(65536)
            if not packed:
                break
            self._data += self._zlib.decompress(packed, CHUNK)
        data, self._data = self._data[:count], self._data[count:]
        return data


def _content(diff: str, path: bytes, size: int) -> Iterator[bytes]:
    name = os.fsdecode(path)
    fd = inroot.open_in_root(diff, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb", buffering=0) as stream:
        left = size
        while left:
            data = stream.read(min(CHUNK, left))
            if not data:
                raise EngineError("The stored layer %s has lost content of %s" % (diff, name),
                                  "Remove the image and pull it again.")
            left -= len(data)
            yield data
