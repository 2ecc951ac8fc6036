# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading a tar as it streams by: ustar, pax (POSIX.1-2001) and the GNU extensions that layers use.

Written for hostile input: every size is bounded before it is read, checksums are verified, and what
is not understood is refused by name. Python's tarfile is slower, and trusts more.
"""

from __future__ import annotations

import struct
from typing import Callable, Dict, Iterator, NamedTuple, Optional, Tuple

from ..errors import InvalidInput

BLOCK = 512
MAX_EXTENSION = 1024 * 1024
MAX_PATH = 4096
MAX_SIZE = 1 << 43  # 8 TiB
MAX_TIME = 10 ** 12  # seconds

REGULAR, HARDLINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
_KINDS = {b"\0": REGULAR, b"7": REGULAR}
_KNOWN = {REGULAR, HARDLINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO}
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")

Read = Callable[[int], bytes]


class Entry(NamedTuple):
    """One member. ``mtime`` is in nanoseconds since 1970; ``xattrs`` by name."""

    name: bytes
    kind: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    link: bytes
    device: Tuple[int, int]
    xattrs: Dict[str, bytes]


def shown(name: bytes) -> str:
    """A member's name, fit for a message."""
    text = name[:200].decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in text)


def entries(read: Read) -> Iterator[Entry]:
    """The members in order. ``read(n)`` gives exactly n bytes, or fewer at the end of the stream.

    The caller reads each member's ``size`` bytes and the padding (``padding(size)``) itself before it
    asks for the next. Ends at the end mark, which is left half read, or at the end of the stream.
    Raises InvalidInput.
    """
    shared: Dict[bytes, bytes] = {}
    own: Dict[bytes, bytes] = {}
    extended = 0
    while True:
        header = read(BLOCK)
        if not header or header.count(0) == len(header) == BLOCK:
            return
        if len(header) < BLOCK:
            raise InvalidInput("The tar ends in the middle of a header")
        entry = _parse(header)
        if entry.kind in (b"x", b"g", b"L", b"K"):
            data = _extension(read, entry)
            extended += len(data)
            if extended > MAX_EXTENSION:
                raise InvalidInput("A member of the tar has more than %d bytes of extended headers" % MAX_EXTENSION)
            if entry.kind == b"x":
                own.update(_pax(data))
            elif entry.kind == b"g":
                shared.update(_global(data))
            else:
                own[b"path" if entry.kind == b"L" else b"linkpath"] = data.rstrip(b"\0")
            continue
        if entry.kind not in _KNOWN:
            raise InvalidInput("The tar's member %s is of the unsupported type %r" % (shown(entry.name), entry.kind))
        yield _finish(entry, {**shared, **own} if shared else own)
        own, extended = {}, 0


def padding(size: int) -> int:
    """How many bytes follow a member's data up to the next block."""
    return -size % BLOCK


def _extension(read: Read, entry: Entry) -> bytes:
    if entry.size > MAX_EXTENSION:
        raise InvalidInput("The tar has an extended header of %d bytes, more than %d" % (entry.size, MAX_EXTENSION))
    data = read(entry.size)
    if len(data) < entry.size or len(read(padding(entry.size))) < padding(entry.size):
        raise InvalidInput("The tar ends in the middle of an extended header")
    return data


def _number(field: bytes, what: str) -> int:
    """An octal field, or GNU's base-256 form."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ~(1 << (len(field) * 8 - 1))
        if field[0] & 0x40:
            value -= 1 << (len(field) * 8 - 1)
        return value
    text = field.strip(b" \0")
    if not text:
        return 0
    # int() also takes '0o7', '1_0' and '+7', where other readers of the same tar see other numbers.
    if text.strip(b"01234567"):
        raise InvalidInput("A header of the tar has no valid %s: %r" % (what, text))
    return int(text, 8)


def _parse(header: bytes) -> Entry:
    (name, mode, uid, gid, size, mtime, checksum, kind, link, magic, _user, _group, major, minor,
     prefix) = _HEADER.unpack(header)
    wanted = _number(checksum, "checksum")
    found = sum(header) - sum(checksum) + 8 * 32
    # Some old writers took the bytes as signed.
    if wanted != found and wanted != found - 256 * sum(byte > 127 for byte in header):
        raise InvalidInput("A header of the tar has a wrong checksum")
    name = name.split(b"\0", 1)[0]
    if magic[:6] == b"ustar\0":
        if header[508:] == b"tar\0":
            prefix = prefix[:131]  # star keeps times behind a shorter prefix
        prefix = prefix.split(b"\0", 1)[0]
        if prefix:
            name = prefix + b"/" + name
    kind = _KINDS.get(kind, kind)
    bytes_ = _number(size, "size")
    if not 0 <= bytes_ <= MAX_SIZE:
        raise InvalidInput("The tar's member %s has the impossible size %d" % (shown(name), bytes_))
    device = (0, 0)
    if kind in (CHARACTER, BLOCK_DEVICE):
        device = (_number(major, "device number"), _number(minor, "device number"))
        if not (0 <= device[0] < 1 << 12 and 0 <= device[1] < 1 << 20):
            raise InvalidInput("The tar's member %s has the impossible device number %d:%d" % (shown(name), *device))
    seconds = _number(mtime, "time")
    return Entry(name, kind, _number(mode, "mode") & 0o7777, _number(uid, "user ID"), _number(gid, "group ID"),
                 bytes_, seconds * 1000000000 if abs(seconds) < MAX_TIME else 0, link.split(b"\0", 1)[0], device, {})


def _pax(data: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Records 'LENGTH KEY=VALUE\\n', where the length counts the whole record."""
    position = 0
    while position < len(data):
        blank = data.find(b" ", position, position + 8)
        digits = data[position:blank] if blank >= 0 else b""
        if not digits.isdigit():
            raise InvalidInput("A pax header of the tar is malformed")
        end = position + int(digits)
        record = data[blank + 1:end]
        key, equals, value = record.partition(b"=")
        if end > len(data) or end <= blank or not record.endswith(b"\n") or not equals:
            raise InvalidInput("A pax header of the tar is malformed")
        yield key, value[:-1]
        position = end


def _global(data: bytes) -> Dict[bytes, bytes]:
    """What a global header says about the members that follow: owners and times. What builders do with
    the rest differs, so what would move all members or change their size is refused."""
    known = {}
    for key, value in _pax(data):
        if key in (b"path", b"linkpath", b"size") or key.startswith(b"GNU.sparse."):
            raise InvalidInput("A global header of the tar has %s, which only one member can have" % key.decode())
        if key in (b"uid", b"gid", b"mtime"):
            known[key] = value
    return known


def _finish(entry: Entry, pax: Dict[bytes, bytes]) -> Entry:
    """A member with what its extended headers say put in."""
    if pax:
        if any(key.startswith(b"GNU.sparse.") for key in pax):
            raise InvalidInput("The tar's member %s is sparse, which is not supported" % shown(entry.name))
        entry = entry._replace(
            name=pax.get(b"path") or entry.name, link=pax.get(b"linkpath") or entry.link,
            size=_decimal(pax, b"size", entry.size), uid=_decimal(pax, b"uid", entry.uid),
            gid=_decimal(pax, b"gid", entry.gid), mtime=_time(pax.get(b"mtime"), entry.mtime),
            xattrs={key[13:].decode("utf-8", "surrogateescape"): value for key, value in pax.items()
                    if key.startswith(b"SCHILY.xattr.")})
    if entry.kind == REGULAR and entry.name.endswith(b"/"):
        entry = entry._replace(kind=DIRECTORY)  # tars from before there was a type for it
    if entry.kind in (HARDLINK, SYMLINK, DIRECTORY, CHARACTER, BLOCK_DEVICE, FIFO) and entry.size:
        if entry.kind != HARDLINK:
            raise InvalidInput("The tar's member %s has data, which its type does not have" % shown(entry.name))
        # POSIX lets a hard link carry a copy of the data; no builder of images does.
        raise InvalidInput("The tar's hard link %s has data" % shown(entry.name))
    if len(entry.name) > MAX_PATH or len(entry.link) > MAX_PATH or b"\0" in entry.name or b"\0" in entry.link:
        raise InvalidInput("The tar has a member with an impossible name: %s" % shown(entry.name))
    for label, value in (("user", entry.uid), ("group", entry.gid)):
        if not 0 <= value < 2 ** 32 - 1:
            raise InvalidInput("The tar's member %s has the impossible %s ID %d" % (shown(entry.name), label, value))
    return entry


def _decimal(pax: Dict[bytes, bytes], key: bytes, default: int) -> int:
    value = pax.get(key)
    if not value:
        return default
    if not value.isdigit() or len(value) > 19 or int(value) > MAX_SIZE:
        raise InvalidInput("A pax header of the tar has an invalid %s" % key.decode())
    return int(value)


def _time(value: Optional[bytes], default: int) -> int:
    """Nanoseconds of a pax time, '1700000000.5'. One that is out of range counts as 1970."""
    if value is None:
        return default
    whole, _dot, fraction = value.partition(b".")
    if not whole[whole.startswith(b"-"):].isdigit() or len(whole) > 12 or (fraction and not fraction.isdigit()):
        return 0
    return int(whole) * 1000000000 + int(fraction[:9].ljust(9, b"0") or b"0")
