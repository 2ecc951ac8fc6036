# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decompressing, hashing and extracting a layer in one pass, in a child that has chrooted.

The parent only moves compressed bytes through a pipe, so that several layers keep several cores
busy, and whatever a hostile archive does, it does to the child.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import zlib
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional

from .. import deps
from ..errors import EngineError, InvalidInput, MissingDependency
from ..kernel import files, sandbox
from . import extract, owners
from .tarsplit import Writer

CHUNK = 256 * 1024
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

# What every decoder has to accept (RFC 8878, 3.1.1.1.2). Levels up to 19 need no more, and several layers
# are decompressed at once.
MAX_WINDOW = 8 * 1024 * 1024

Feed = Callable[[Callable[[bytes], None]], None]


class Result(NamedTuple):
    """What came of a layer; see layers.Layer."""

    diff_id: str
    size: int
    tar_size: int
    opaque_root: bool
    own_root: bool


class _ChildGone(Exception):
    """The child closed its end: it has an error to tell, or has died."""


def in_child(staging: str, feed: Feed) -> Result:
    """Extract what ``feed`` gives into ``staging``/diff, and note the tar in ``staging``/tar-split.

    Files that the tar itself replaced go to ``staging``/kept. Raises what ``feed`` raises, InvalidInput
    for a bad archive, and EngineError for a full disk. May be called by several threads at once.
    """
    try:
        record = os.open(os.path.join(staging, "tar-split"), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise files.write_error(staging, exc) from exc
    # The child holds this lock to its end: who takes over from a killed client waits for the child too.
    fcntl.flock(record, fcntl.LOCK_EX)
    data_read, data_write = os.pipe()
    answer_read, answer_write = os.pipe()
    with contextlib.suppress(OSError):
        fcntl.fcntl(data_write, 1031, CHUNK * 4)  # F_SETPIPE_SZ: fewer switches between the two
    # What could take a lock of another thread, and so would never get it in a child, is made here.
    job = _Job(staging, data_read, record, hashlib.sha256(), deps.load_optional("zstandard"), owners.here())
    try:
        pid = sandbox.fork(lambda: _child(job, answer_write), [data_read, answer_write, record])
    except OSError as exc:
        os.close(data_write)
        os.close(answer_read)
        raise EngineError("Cannot start a process that extracts a layer: %s" % exc.strerror) from exc
    finally:
        for fd in (data_read, answer_write, record):
            os.close(fd)
    try:
        try:
            with contextlib.suppress(_ChildGone):
                feed(lambda data: _write_all(data_write, data))
        finally:
            os.close(data_write)
            answer = _read_all(answer_read)
    finally:
        os.close(answer_read)
        os.waitpid(pid, 0)
    return _understand(answer)


class _Job(NamedTuple):
    """What the child gets: where, the compressed bytes, the record's file, and things made before the fork."""

    staging: str
    data: int
    record: int
    digest: Any
    zstandard: Optional[Any]
    owners: owners.Owners


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view):]
    except BrokenPipeError:
        raise _ChildGone from None


def _read_all(fd: int) -> bytes:
    data = b""
    while len(data) < 65536:
        piece = os.read(fd, 65536)
        if not piece:
            break
        data += piece
    return data


def _understand(answer: bytes) -> Result:
    try:
        document = json.loads(answer)
    except ValueError:
        raise EngineError("The process that extracts a layer died", "Is the host out of memory? Try again.") from None
    if "error" in document:
        kinds = {"InvalidInput": InvalidInput, "MissingDependency": MissingDependency}
        kind = kinds.get(document["kind"], EngineError)
        hint = "The layer is damaged or hostile; nothing of it was kept." if kind is InvalidInput else None
        raise kind(document["error"], document.get("hint") or hint)
    return Result(**document)


def _child(job: _Job, answer: int) -> None:
    try:
        document: Dict[str, Any] = _extract(job)._asdict()
    except EngineError as exc:
        document = {"error": exc.message, "hint": exc.hint, "kind": type(exc).__name__}
    except OSError as exc:
        hint = None
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Free some space on that file system and try again; nothing was left half-made."
        elif exc.errno == errno.ENOTSUP:
            hint = "Overlay needs a file system with extended attributes (%s); use another root." % job.owners.opaque
        document = {"error": "Cannot extract a layer into %s: %s" % (os.path.dirname(job.staging), exc.strerror),
                    "hint": hint, "kind": ""}
    except MemoryError:
        document = {"error": "There is not enough memory to extract a layer", "kind": ""}
    _write_all(answer, json.dumps(document).encode())


def _extract(job: _Job) -> Result:
    pieces = decompressed(job.data, job.zstandard)
    first = next(pieces, b"")  # before the chroot, where the zstd program is still to be found
    sandbox.confine(job.staging)
    tar_size = 0

    def source() -> bytes:
        nonlocal first, tar_size
        piece, first = (first, b"") if first else (next(pieces, b""), b"")
        job.digest.update(piece)
        tar_size += len(piece)
        return piece

    writer = Writer(lambda data: _write_all(job.record, data))
    extractor = extract.Extractor(source, writer, job.owners)
    extractor.run()
    writer.finish()
    return Result(job.digest.hexdigest(), extractor.size, tar_size, extractor.opaque_root, extractor.own_root)


def decompressed(fd: int, zstandard: Optional[Any] = None) -> Iterator[bytes]:
    """The plain bytes of a descriptor's gzip, zstd or plain stream, in pieces of bounded size."""
    head = os.read(fd, CHUNK)
    while 0 < len(head) < 4:
        more = os.read(fd, CHUNK)
        if not more:
            break
        head += more
    if head.startswith(GZIP):
        return _gunzip(fd, head)
    if head.startswith(ZSTD):
        return _unzstd(fd, head, zstandard)
    return _plain(fd, head)


def _plain(fd: int, head: bytes) -> Iterator[bytes]:
    while head:
        yield head
        head = os.read(fd, CHUNK)


def _gunzip(fd: int, head: bytes) -> Iterator[bytes]:
    """All members of a gzip stream (RFC 1952, 2.2)."""
    unzip = zlib.decompressobj(31)
    fresh = True
    data = head
    while True:
        if not data:
            data = os.read(fd, CHUNK)
            if not data:
                break
        if unzip.eof:
            if not data.startswith(GZIP[:1]):
                if data.strip(b"\0"):
                    raise InvalidInput("The compressed layer has garbage after its end")
                data = b""
                continue
            unzip, fresh = zlib.decompressobj(31), True
        try:
            piece = unzip.decompress(data, CHUNK * 4)
        except zlib.error as exc:
            raise InvalidInput("The layer's compression is damaged: %s" % exc) from exc
        data = unzip.unconsumed_tail or unzip.unused_data
        fresh = False
        if piece:
            yield piece
    if not unzip.eof and not fresh:
        raise InvalidInput("The compressed layer ends too early")


def _unzstd(fd: int, head: bytes, zstandard: Optional[Any]) -> Iterator[bytes]:
    if zstandard is not None:
        return _unzstd_library(fd, head, zstandard)
    return _unzstd_program(fd, head)


class _Head:
    """A stream that begins with bytes that were read already."""

    def __init__(self, fd: int, head: bytes) -> None:
        self._fd, self._head = fd, head

    def read(self, count: int = CHUNK) -> bytes:
        if self._head:
            data, self._head = self._head[:count], self._head[count:]
            return data
        return os.read(self._fd, count)


def _unzstd_library(fd: int, head: bytes, zstandard: Any) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(
        _Head(fd, head), read_across_frames=True)
    while True:
        try:
            piece = reader.read(CHUNK * 4)
        except zstandard.ZstdError as exc:
            raise InvalidInput("The layer's compression is damaged: %s" % exc) from exc
        if not piece:
            return
        yield piece


def _unzstd_program(fd: int, head: bytes) -> Iterator[bytes]:
    """By the zstd program, with a child that pumps the bytes into it."""
    import shutil

    program = shutil.which("zstd", path="/usr/local/bin:/usr/bin:/bin")
    if program is None:
        raise MissingDependency("A layer is compressed with zstd, and this host can't read that",
                                "Install the package zstd, or the Python library zstandard.")
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    unzstd = os.posix_spawn(program, ["zstd", "-dcq", "--memory=%d" % MAX_WINDOW], {}, file_actions=[
        (os.POSIX_SPAWN_DUP2, in_read, 0), (os.POSIX_SPAWN_DUP2, out_write, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    os.close(in_read)
    os.close(out_write)

    def body() -> None:
        for piece in _plain(fd, head):
            _write_all(in_write, piece)

    pump = sandbox.fork(body, [fd, in_write])
    os.close(in_write)
    yield from _plain(out_read, os.read(out_read, CHUNK))
    os.close(out_read)
    os.waitpid(pump, 0)
    if os.waitpid(unzstd, 0)[1]:
        raise InvalidInput("The layer's compression is damaged (zstd)")
