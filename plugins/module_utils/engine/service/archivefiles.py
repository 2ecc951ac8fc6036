# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files in an image archive or a layout directory, read with bounds.

Members are looked up by name, in the archive's own table; nothing is unpacked, and no link, device
or FIFO in an archive ever selects a file of the host.
"""

from __future__ import annotations

import gzip
import os
import zlib
from typing import Any, BinaryIO, Callable, Dict, Iterator, Optional, Tuple

from ..errors import InvalidInput
from ..formats import jsonbytes
from ..kernel import inroot
from ..store import tarstream, unpack

CHUNK = 1024 * 1024
MAX_MEMBERS = 100000


class Folder:
    """The regular files of a directory; links are followed inside it only."""

    def __init__(self, path: str) -> None:
        self.path = path

    def has(self, name: str) -> bool:
        """Whether there is such a regular file."""
        return os.path.isfile(os.path.join(self.path, name)) and not os.path.islink(os.path.join(self.path, name))

    def open(self, name: str) -> BinaryIO:
        """A file to read. Raises InvalidInput."""
        try:
            fd = inroot.open_in_root(self.path, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as exc:
            raise InvalidInput("%s has no readable %s: %s" % (self.path, name, exc.strerror)) from exc
        stream = os.fdopen(fd, "rb")
        if not os.path.isfile("/proc/self/fd/%d" % fd):
            stream.close()
            raise InvalidInput("%s in %s is no regular file" % (name, self.path))
        return stream


class Archive:
    """The members of a tar, plain or gzip. A link inside it is followed in its own table, a few times.

    A name that stands for several members is refused: readers differ in which of them they take.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._members: Dict[str, Optional[Tuple[bytes, int, int, str]]] = {}
        try:
            with open(path, "rb") as raw:
                self._packed = raw.read(2) == unpack.GZIP
                self._end = None if self._packed else os.fstat(raw.fileno()).st_size
            with self._stream() as stream:
                for entry in tarstream.entries(stream.read):
                    self._note(entry, stream)
        except (InvalidInput, EOFError, OSError, zlib.error) as exc:
            raise InvalidInput("%s is no readable tar archive: %s" % (path, getattr(exc, "message", exc))) from exc
        if not self._members:
            raise InvalidInput("%s is no readable tar archive: it is empty" % path)

    def _stream(self) -> Any:
        """The plain tar, for one reader: several layers are read at once."""
        return gzip.open(self.path, "rb") if self._packed else open(self.path, "rb")

    def _note(self, entry: tarstream.Entry, stream: Any) -> None:
        name = _plain(entry.name.decode("utf-8", "surrogateescape"))
        start = stream.tell()
        link = entry.link.decode("utf-8", "surrogateescape")
        if name and entry.kind != tarstream.DIRECTORY:
            self._members[name] = None if name in self._members else (entry.kind, start, entry.size, link)
        if len(self._members) > MAX_MEMBERS:
            raise InvalidInput("it has more than %d members" % MAX_MEMBERS)
        stream.seek(start + entry.size + tarstream.padding(entry.size))
        if self._end is not None and start + entry.size > self._end:
            raise InvalidInput("it ends in the middle of %s" % tarstream.shown(entry.name))

    def _find(self, name: str) -> Optional[Tuple[int, int]]:
        for _step in range(5):
            name = _plain(name)
            if name in self._members and self._members[name] is None:
                raise InvalidInput("%s has several members called %s" % (self.path, ascii(name[:200])))
            member = self._members.get(name)
            if member is None:
                return None
            if member[0] == tarstream.REGULAR:
                return member[1], member[2]
            if member[0] not in (tarstream.SYMLINK, tarstream.HARDLINK):
                return None
            base = os.path.dirname(name) if member[0] == tarstream.SYMLINK else ""
            name = os.path.normpath(os.path.join(base, member[3]))
        return None

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return self._find(name) is not None

    def open(self, name: str) -> Any:
        """A member to read. Raises InvalidInput."""
        found = self._find(name)
        if found is None:
            raise InvalidInput("%s has no regular file %s" % (self.path, ascii(name[:200])))
        stream = self._stream()
        stream.seek(found[0])
        return _Member(stream, found[1])


class _Member:
    """One member's content, by a stream of its own."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._left = stream, size

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_details: object) -> None:
        self._stream.close()

    def read(self, count: int) -> bytes:
        """At most ``count`` bytes. Raises EOFError where the archive ends too early."""
        wanted = min(count, self._left)
        data: bytes = self._stream.read(wanted)
        if len(data) < wanted:
            raise EOFError("it ends too early")
        self._left -= len(data)
        return data


def _plain(name: str) -> str:
    """A member's name without what means nothing; '' for one that leads out of the archive."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "" if ".." in parts or name.startswith("/") else "/".join(parts)


class Place:
    """A folder or an archive, read with bounds."""

    def __init__(self, path: str) -> None:
        if os.path.isdir(path):
            self._files: Any = Folder(path)
        elif os.path.isfile(path):
            self._files = Archive(path)
        else:
            raise InvalidInput("%s is neither a regular file nor a directory" % path)
        self.path = path
        self.has: Callable[[str], bool] = self._files.has

    def document(self, name: str) -> bytes:
        """A small file's content."""
        try:
            with self._open(name) as stream:
                data: bytes = stream.read(jsonbytes.MAX_SIZE + 1)
        except (EOFError, OSError, zlib.error) as exc:
            raise InvalidInput("%s is damaged at %s: %s" % (self.path, name[:200], exc)) from exc
        if len(data) > jsonbytes.MAX_SIZE:
            raise InvalidInput("%s in %s is larger than %d bytes" % (name, self.path, jsonbytes.MAX_SIZE))
        return data

    def _open(self, name: str) -> Any:
        return self._files.open(name)

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's content in pieces. Raises InvalidInput when the archive is damaged."""
        try:
            with self._open(name) as stream:
                yield from iter(lambda: stream.read(CHUNK), b"")
        except (EOFError, OSError, zlib.error) as exc:
            raise InvalidInput("%s is damaged at %s: %s" % (self.path, name, exc)) from exc
