# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tars for tests, good and bad, and what is done with mounts in a child."""

from __future__ import annotations

import ctypes
import hashlib
import io
import os
import struct
import tarfile
import traceback
from typing import Any, Callable, Dict, Optional, Tuple

Member = Tuple[tarfile.TarInfo, Optional[bytes]]


def member(name: str, data: Optional[bytes] = None, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644,
           uid: int = 0, device: Tuple[int, int] = (0, 0), pax: Optional[Dict[str, str]] = None) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.uid, info.gid, info.mtime = kind, link, mode, uid, uid, 1600000000
    info.devmajor, info.devminor = device
    info.size = len(data) if data else 0
    info.pax_headers = pax or {}
    return info, data


def make(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if data else None)
    return out.getvalue()


def raw(name: bytes, data: bytes = b"", kind: bytes = b"0", **fields: bytes) -> bytes:
    """One member, header and data, whose fields are what they are given as; 'size' defaults to the data's."""
    values = {"mode": b"0000644\0", "uid": b"0000000\0", "gid": b"0000000\0", "size": b"%011o\0" % len(data),
              "mtime": b"00000000000\0", "link": b"", "magic": b"ustar\00000", "major": b"", "minor": b"",
              "prefix": b"", **fields}
    header = struct.pack("100s8s8s8s12s12s8sc100s8s64x8s8s155s12x", name, values["mode"], values["uid"],
                         values["gid"], values["size"], values["mtime"], b" " * 8, kind, values["link"],
                         values["magic"], values["major"], values["minor"], values["prefix"])
    checksum = fields.get("checksum", b"%06o\0 " % sum(header))
    return header[:148] + checksum.ljust(8) + header[156:] + data + bytes(-len(data) % 512)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def in_mount_namespace(work: Callable[[], Any]) -> str:
    """What ``work`` returns, as text, from a child with mounts of its own; AssertionError with what it raised."""
    return _in_child(work, 0x20000, "")


def in_user_namespace(work: Callable[[], Any], mapping: str = "0 0 1\n1 100001 65535\n") -> str:
    """The same with a user namespace of its own, too; ``mapping`` is what uid_map and gid_map get."""
    return _in_child(work, 0x20000 | 0x10000000, mapping)


def _in_child(work: Callable[[], Any], namespaces: int, mapping: str) -> str:
    read, write = os.pipe()
    made, mapped = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            libc = ctypes.CDLL(None)
            assert libc.unshare(namespaces) == 0
            os.write(made[1], b"1")
            os.read(mapped[0], 1)
            if mapping:
                os.setresgid(0, 0, 0)
                os.setresuid(0, 0, 0)
            libc.mount(b"none", b"/", None, 16384 | (1 << 18), None)
            os.write(write, ("ok\n%s" % (work(),)).encode())
        except BaseException:
            os.write(write, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(write)
    os.read(made[0], 1)
    for name in ("uid_map", "gid_map") if mapping else ():
        with open("/proc/%d/%s" % (pid, name), "w") as stream:
            stream.write(mapping)
    os.write(mapped[1], b"1")
    for fd in (*made, *mapped):
        os.close(fd)
    with os.fdopen(read) as stream:
        verdict, _newline, text = stream.read().partition("\n")
    os.waitpid(pid, 0)
    assert verdict == "ok", text
    return text
