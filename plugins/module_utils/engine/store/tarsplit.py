# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left of a tar without its files' content, so that the same bytes can be made again.

A zlib stream of records: b'R', length, raw bytes of the tar; or b'F', size, inode, length, path of the
file whose content comes here. Numbers are little-endian, 4 bytes for lengths and 8 for the others.
A file that a later member of the same tar replaced is kept beside the layer under its inode's number.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import Callable, Iterator

from ..errors import EngineError
from ..kernel import inroot
from ..kernel.files import Unreadable, regular

CHUNK = 1024 * 1024
_RAW, _FILE = struct.Struct("<cI"), struct.Struct("<cQQI")


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

    def content(self, path: bytes, size: int, inode: int) -> None:
        """Here the content of a file stood; ``path`` is relative to the layer."""
        self._flush()
        self._write(self._compress.compress(_FILE.pack(b"F", size, inode, len(path)) + path))

    def _flush(self) -> None:
        if self._raw:
            self._write(self._compress.compress(_RAW.pack(b"R", len(self._raw)) + self._raw))
            self._raw.clear()

    def finish(self) -> None:
        """Write what is left."""
        self._flush()
        self._write(self._compress.flush())


def assemble(record: str, diff: str, kept: str) -> Iterator[bytes]:
    """The tar again, from its record, the layer's directory, and the directory of replaced files.

    Raises EngineError when a file is not as it was.
    """
    files = _Files(diff, kept)
    try:
        with os.fdopen(_opened(record), "rb") as stream:
            unpack = _Unpacker(stream.read)
            while True:
                kind = unpack.take(1)
                if not kind:
                    return
                if kind == b"R":
                    yield unpack.take(struct.unpack("<I", unpack.take(4))[0])
                    continue
                size, inode, length = struct.unpack("<QQI", unpack.take(20))
                yield from files.content(unpack.take(length), size, inode)
    finally:
        files.close()


def _opened(record: str) -> int:
    try:
        return regular(record)
    except (OSError, Unreadable) as exc:
        raise EngineError("Cannot read %s: %s" % (record, exc), "Remove the image and pull it again.") from exc


class _Unpacker:
    """Exact reads from a zlib stream."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._zlib = zlib.decompressobj()
        self._data = b""
        self._position = 0

    def take(self, count: int) -> bytes:
        end = self._position + count
        while len(self._data) < end:
            packed = self._zlib.unconsumed_tail or self._read(65536)
            if not packed:
                break
            self._data = self._data[self._position:] + self._zlib.decompress(packed, CHUNK)
            end -= self._position
            self._position = 0
        data = self._data[self._position:end]
        self._position += len(data)
        return data


class _Files:
    """The contents of a layer's files; the directory of the last one stays open, as files come in groups."""

    def __init__(self, diff: str, kept: str) -> None:
        self._diff, self._kept = diff, kept
        self._replaced = set(os.listdir(kept)) if os.path.isdir(kept) else set()
        self._parent = b""
        self._fd = inroot.open_in_root(diff, "/", os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        os.close(self._fd)

    def content(self, path: bytes, size: int, inode: int) -> Iterator[bytes]:
        with os.fdopen(self._open(path, inode), "rb", buffering=0) as stream:
            left = size
            while left:
                data = stream.read(min(CHUNK, left))
                if not data:
                    raise _lost(self._diff, path)
                left -= len(data)
                yield data

    def _open(self, path: bytes, inode: int) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        if self._replaced and str(inode) in self._replaced:
            return os.open(os.path.join(self._kept, str(inode)), flags)
        parent, _slash, name = path.rpartition(b"/")
        try:
            if parent != self._parent:
                fd = inroot.open_in_root(self._diff, os.fsdecode(parent) or "/", os.O_RDONLY | os.O_DIRECTORY)
                os.close(self._fd)
                self._fd, self._parent = fd, parent
            return os.open(name, flags, dir_fd=self._fd)
        except OSError as exc:
            raise _lost(self._diff, path) from exc


def _lost(diff: str, path: bytes) -> EngineError:
    return EngineError("The stored layer %s has lost content of %s" % (diff, ascii(os.fsdecode(path))),
                       "Remove the image and pull it again.")
