# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tars that no well-meaning program writes: refused, or harmless; nothing outside the layer ever changes."""

from __future__ import annotations

import gzip
import os
import pathlib
import random
import sys
import tarfile

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from tars import digest, make, member, raw  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
END = bytes(1024)
LINK, SYMBOLIC, DIRECTORY, CHARACTER = tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


@pytest.fixture(autouse=True)
def canary(tmp_path):
    """A file beside the layers and one at the host's root, which must come out as they went in."""
    paths = [tmp_path / "canary", pathlib.Path("/pycontainer-test-canary-%d" % os.getpid())]
    for path in paths:
        path.write_text("mine")
        os.chmod(path, 0o640)
    before = [os.stat(path) for path in paths]
    yield
    try:
        for path, old in zip(paths, before):
            new = os.stat(path)
            assert path.read_text() == "mine"
            for field in ("st_mode", "st_uid", "st_gid", "st_ino", "st_nlink", "st_mtime_ns", "st_size"):
                assert getattr(new, field) == getattr(old, field), field
    finally:
        paths[1].unlink()


def extract(ctx, data: bytes, packed: bytes | None = None) -> layers.Layer:
    with layers.held(ctx, digest(data)):
        return layers.extract(ctx, lambda write: write(data if packed is None else packed), digest(data))


def record(key: bytes, value: bytes) -> bytes:
    """One pax record with its right length."""
    size = len(key) + len(value) + 3
    while len(b"%d" % size) + len(key) + len(value) + 3 != size:
        size = len(b"%d" % size) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (size, key, value)


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    return raw(b"pax", b"".join(record(key, value) for key, value in records), kind)


NAME = b"pycontainer-test-canary-%d" % os.getpid()

REFUSED = {
    "a long name out of the layer": pax((b"path", b"../" * 900 + NAME)) + raw(b"x", b"evil"),
    "a GNU name out of the layer": raw(b"././@LongLink", b"a/" + b"../" * 200 + NAME, b"L") + raw(b"x", b"evil"),
    "a GNU link out of the layer": raw(b"././@LongLink", b"../" * 200 + NAME + b"\0", b"K") + raw(b"x", kind=b"1"),
    "a hard link over a directory": make(member("d", kind=DIRECTORY), member("h", kind=LINK, link="d")),
    "a hard link to nothing": make(member("h", kind=LINK, link="missing")),
    "a hard link to itself": make(member("h", kind=LINK, link="h")),
    "a hard link to the root": make(member("h", kind=LINK, link="/")),
    "a hard link to a whiteout": make(member(".wh.x"), member("h", kind=LINK, link="x")),
    "a hard link with data": raw(b"f", b"x") + raw(b"h", b"evil", b"1", link=b"f"),
    "links in a row": make(member("a", kind=SYMBOLIC, link="."), member("a/b", kind=SYMBOLIC, link="/"),
                           member("a/b/" + NAME.decode(), b"evil")),
    "a directory below a link": make(member("a", kind=SYMBOLIC, link="/"), member("a/tmp", kind=DIRECTORY)),
    "an opaque mark below a link": make(member("a", kind=SYMBOLIC, link="/"), member("a/.wh..wh..opq")),
    "a member below a file": make(member("a", b"x"), member("a/b", b"x")),
    "a member below a whiteout": make(member(".wh.a"), member("a/b", b"x")),
    "a member below a whiteout's mark": make(member(".wh.a/b", b"x")),
    "a whiteout of dotdot in a directory": make(member("a/b/.wh...")),
    "a whiteout that leads out": make(member("a/../../.wh.x")),
    "a link without a target": raw(b"l", kind=b"2"),
    "a link with data": raw(b"l", b"evil", b"2", link=b"x"),
    "a FIFO with data": raw(b"l", b"evil", b"6"),
    "a device number past all": raw(b"c", kind=b"3", major=b"7777777\0", minor=b"7777777\0"),
    "a sparse file of GNU's": raw(b"s", b"x", b"S"),
    "a sparse file of pax": pax((b"GNU.sparse.major", b"1")) + raw(b"s", b"x"),
    "a contiguous mystery": raw(b"s", b"x", b"Z"),
    "a size below zero": raw(b"s", size=b"\xff" * 12),
    "a size past all": raw(b"s", size=b"\x80" + b"\x7f" * 11),
    "a size that no octal number is": raw(b"s", b"x", size=b"0o1\0"),
    "a size with a sign": raw(b"s", b"x", size=b"+1\0"),
    "a size with an underscore": raw(b"s", b"x" * 8, size=b"1_0\0"),
    "a pax size past all": pax((b"size", b"9" * 18)) + raw(b"s"),
    "a pax size below zero": pax((b"size", b"-1")) + raw(b"s"),
    "an owner past all": pax((b"uid", b"4294967295")) + raw(b"s"),
    "an owner below zero": raw(b"s", uid=b"\xff" * 8),
    "a NUL in a name": pax((b"path", b"a\0b")) + raw(b"s"),
    "a NUL in an attribute's name": pax((b"SCHILY.xattr.user.a\0b", b"1")) + raw(b"s"),
    "attributes without end": pax(*((b"SCHILY.xattr.user.%d" % n, b"x" * 200) for n in range(4000))) + raw(b"s", b"x"),
    "a pax record that is too long": raw(b"pax", b"99 path=x\n", b"x") + raw(b"s"),
    "a pax record that is too short": raw(b"pax", b"5 path=x\n", b"x") + raw(b"s"),
    "a pax record of length zero": raw(b"pax", b"0 path=x\n", b"x") + raw(b"s"),
    "a pax record without a length": raw(b"pax", b"path=x\n", b"x") + raw(b"s"),
    "extended headers of 2 MiB": raw(b"pax", b"x" * (2 << 20), b"x") + raw(b"s"),
    "extended headers without end": pax((b"comment", b"x" * 60000)) * 20 + raw(b"s"),
    "global headers without end": pax((b"comment", b"x" * 60000), kind=b"g") * 20 + raw(b"s"),
    "a global name": pax((b"path", b"../" + NAME), kind=b"g") + raw(b"s"),
    "a global size": pax((b"size", b"1"), kind=b"g") + raw(b"s"),
    "a GNU name of 5000 bytes": raw(b"././@LongLink", b"x/" * 2500, b"L") + raw(b"s"),
    "a wrong checksum": raw(b"s", checksum=b"000001\0 "),
    "a checksum of letters": raw(b"s", checksum=b"abcdef\0 "),
    "a checksum that is missing": raw(b"s", checksum=b" " * 8),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_leaves_nothing(ctx, name: str) -> None:
    with pytest.raises(InvalidInput):
        extract(ctx, REFUSED[name] + END)
    assert os.listdir(ctx.path("layers")) == []


HARMLESS = {
    "a time past all": (pax((b"mtime", b"9" * 30)) + raw(b"f", b"x"), "f"),
    "a binary time past all": (raw(b"f", b"x", mtime=b"\x80" + b"\x7f" * 11), "f"),
    "a time before all": (pax((b"mtime", b"-5.5")) + raw(b"f", b"x"), "f"),
    "a global comment, as git writes it": (pax((b"comment", b"abc"), kind=b"g") + raw(b"f", b"x"), "f"),
    "an absolute name": (raw(b"/" + NAME, b"evil"), NAME.decode()),
    "many slashes and dots": (raw(b".//./d/././/f", b"x"), "d/f"),
    "a directory of before there was a type": (raw(b"d/", kind=b"\0"), "d"),
    "a pax name that ends in a slash": (pax((b"path", b"d/")) + raw(b"x"), "d"),
    "a file without the end mark": (raw(b"f", b"x"), "f"),
    "a directory that was a link": (make(member("d", kind=SYMBOLIC, link="/"), member("d", kind=DIRECTORY, mode=0),
                                         member("d/f", b"x")), "d/f"),
    "a link that was a directory": (make(member("d/f", b"x"), member("d", kind=SYMBOLIC, link="/")), "d"),
    "a file that was a link out": (make(member("l", kind=SYMBOLIC, link="/" + NAME.decode()), member("l", b"x")), "l"),
    "a hard link to a link out": (make(member("l", kind=SYMBOLIC, link="/" + NAME.decode()),
                                       member("h", kind=LINK, link="l"), member("h", b"evil")), "h"),
    "attributes of overlay's": (make(member("f", b"x", pax={
        "SCHILY.xattr.trusted.overlay.redirect": "/", "SCHILY.xattr.user.overlay.opaque": "y",
        "SCHILY.xattr.trusted.overlay.metacopy": "", "SCHILY.xattr.security.selinux": "x"})), "f"),
    "bookkeeping of aufs": (make(member(".wh..wh.plnk/1.2", b"x"), member(".wh..wh.aufs"), member("f", b"x")), "f"),
    "a directory that is deep": (make(member("/".join("d" * 250), b"x")), "/".join("d" * 250)),
    "deep links that push each other out": (make(*(
        member("/".join(c * 120), b"x") for c in "abc"), *(
        member("/".join("b" * 119) + "/l", kind=LINK, link="/".join(c * 120)) for c in "acacac")),
        "/".join("b" * 119) + "/l"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_it_stays_inside_and_can_be_made_again(ctx, name: str) -> None:
    data, path = HARMLESS[name]
    layer = extract(ctx, data)
    path = ctx.path("layers", layer.chain_id, "diff", path)
    assert os.path.lexists(path)
    assert os.path.islink(path) or os.listxattr(path) == []
    assert b"".join(layers.tar(ctx, layer.chain_id)) == data
    layers.remove(ctx, layer.chain_id)
    assert os.listdir(ctx.path("layers")) == []


def test_errors_show_names_without_control_characters(ctx) -> None:
    with pytest.raises(InvalidInput) as caught:
        extract(ctx, make(member("a\x1b[2J\n\u202e/../../x", b"x")))
    assert "a\\x1b[2J\\x0a" in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_is_refused_or_harmless(ctx, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(make(
        member("d", kind=DIRECTORY), member("d/f", b"x" * 700), member("l", kind=SYMBOLIC, link="../../.."),
        member("h", kind=LINK, link="d/f"), member("n" * 200, b"x"), member(".wh.x"), member("c", kind=CHARACTER,
                                                                                             device=(1, 3))))
    for _step in range(chance.randrange(1, 6)):
        data[chance.randrange(len(data))] = chance.choice([0, 0x2E, 0x2F, 0x30, 0x37, 0xFF, chance.randrange(256)])
    packed = bytearray(gzip.compress(data))
    if seed % 2:
        packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    try:
        layer = extract(ctx, bytes(data), bytes(packed))
    except InvalidInput:
        assert os.listdir(ctx.path("layers")) == []
    else:
        assert b"".join(layers.tar(ctx, layer.chain_id)) == data


def test_a_bomb_of_headers_costs_no_memory(ctx) -> None:
    """100 MB of directories' headers, 100 KB compressed; the child may use 60 MB more than it has at first."""
    import resource

    data = raw(b"d/", kind=b"5") * 40000
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    extract(ctx, data, gzip.compress(data))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < max(before, resource.getrusage(
        resource.RUSAGE_SELF).ru_maxrss) + 60 * 1024
