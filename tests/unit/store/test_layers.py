# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers from good and from hostile tars; needs root (chroot, device nodes, trusted attributes)."""

from __future__ import annotations

import gzip
import io
import os
import pathlib
import stat
import subprocess
import sys
import tarfile
import threading

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    InvalidInput,
    VerificationError,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from tars import digest, in_mount_namespace, make, member  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def extract(ctx, data: bytes, packed: bytes | None = None, parent=None, diff_id=None) -> layers.Layer:
    diff_id = diff_id or digest(data)

    def feed(write):
        stream = io.BytesIO(data if packed is None else packed)
        for piece in iter(lambda: stream.read(10007), b""):
            write(piece)

    with layers.held(ctx, layers.chain_id(parent, diff_id)):
        return layers.extract(ctx, feed, diff_id, parent)


def diff(ctx, layer: layers.Layer, *parts: str) -> str:
    return ctx.path("layers", layer.chain_id, "diff", *parts)


def content(ctx, layer: layers.Layer, name: str) -> str:
    with open(diff(ctx, layer, name)) as stream:
        return stream.read()


GOOD = [
    member("./", kind=tarfile.DIRTYPE, mode=0o755), member("etc", kind=tarfile.DIRTYPE, mode=0o750, uid=7),
    member("etc/a", b"content", uid=3), member("etc/empty"), member("bin/tool", b"x" * 70000, mode=0o4755),
    member("link", kind=tarfile.SYMTYPE, link="/etc/a"), member("hard", kind=tarfile.LNKTYPE, link="etc/a"),
    member("fifo", kind=tarfile.FIFOTYPE), member("null", kind=tarfile.CHRTYPE, device=(1, 3)),
    member("l" * 150 + "/" + "m" * 200, b"long"), member("caf\u00e9", b"unicode"),
    member("cap", b"cap", pax={"SCHILY.xattr.user.mine": "yes", "SCHILY.xattr.trusted.overlay.opaque": "y"}),
]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("pack", [
    lambda d: d, gzip.compress, lambda d: gzip.compress(d[:999]) + gzip.compress(d[999:]),
    lambda d: subprocess.run(["zstd", "-q"], input=d, check=True, capture_output=True).stdout])
def test_a_layer_is_extracted_with_all_its_traits_and_made_again(ctx, form, pack) -> None:
    data = make(*GOOD, form=form)
    layer = extract(ctx, data, pack(data))
    status = os.stat(diff(ctx, layer, "etc"))
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_mtime) == (0o750, 7, 1600000000)
    assert stat.S_IMODE(os.stat(diff(ctx, layer, "bin/tool")).st_mode) == 0o4755
    assert os.readlink(diff(ctx, layer, "link")) == "/etc/a"
    assert os.stat(diff(ctx, layer, "hard")).st_ino == os.stat(diff(ctx, layer, "etc/a")).st_ino
    assert stat.S_ISFIFO(os.stat(diff(ctx, layer, "fifo")).st_mode)
    assert os.stat(diff(ctx, layer, "null")).st_rdev == os.makedev(1, 3)
    assert os.listxattr(diff(ctx, layer, "cap")) == (["user.mine"] if form == tarfile.PAX_FORMAT else [])
    assert digest(b"".join(layers.tar(ctx, layer.chain_id))) == digest(data)
    assert os.listdir(ctx.path("layers")) == [layer.chain_id]


def test_what_gnu_tar_writes_is_made_again_to_the_byte(ctx, tmp_path) -> None:
    tree = tmp_path / "tree"
    (tree / "d").mkdir(parents=True)
    (tree / "d" / "f").write_bytes(b"abc" * 5000)
    os.symlink("f", tree / "d" / "s")
    data = subprocess.run(["tar", "-C", str(tree), "-cf", "-", "."], check=True, capture_output=True).stdout
    layer = extract(ctx, data)
    assert b"".join(layers.tar(ctx, layer.chain_id)) == data


HOSTILE = {
    "dotdot": [member("../canary", b"evil")],
    "dotdot inside": [member("a/../../canary", b"evil")],
    "below a link": [member("a", kind=tarfile.SYMTYPE, link="../../../.."), member("a/canary", b"evil")],
    "below an absolute link": [member("a", kind=tarfile.SYMTYPE, link="/"), member("a/canary", b"evil")],
    "hard link outside": [member("h", kind=tarfile.LNKTYPE, link="../../canary"), member("h", b"evil")],
    "hard link through a link": [member("a", kind=tarfile.SYMTYPE, link="/"),
                                 member("h", kind=tarfile.LNKTYPE, link="a/canary")],
    "whiteout of nothing": [member("d/.wh.")],
    "whiteout of dot": [member("d/.wh..")],
    "whiteout of dotdot": [member("d/.wh...")],
    "whiteout through a link": [member("a", kind=tarfile.SYMTYPE, link="/"), member("a/.wh.canary")],
    "whiteout in disguise": [member("x", kind=tarfile.CHRTYPE, device=(0, 0))],
    "no name": [member("/", b"evil")],
    "too deep": [member("/".join("d" * 600), b"x")],
    "component too long": [member("x" * 300, b"x")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_tar_is_refused_and_touches_nothing_outside(ctx, tmp_path, name: str) -> None:
    canary = tmp_path / "canary"
    canary.write_text("mine")
    before = os.stat(canary)
    with pytest.raises(InvalidInput):
        extract(ctx, make(*HOSTILE[name]))
    after = os.stat(canary)
    assert (canary.read_text(), after.st_mode, after.st_ino, after.st_nlink, after.st_mtime_ns) == (
        "mine", before.st_mode, before.st_ino, before.st_nlink, before.st_mtime_ns)
    assert os.listdir(ctx.path("layers")) == []


def test_absolute_names_stay_inside(ctx) -> None:
    layer = extract(ctx, make(member("/etc/x", b"in")))
    assert os.path.exists(diff(ctx, layer, "etc/x"))


def _broken(change) -> bytes:
    data = bytearray(make(member("a", b"x" * 3000), member("b", b"y")))
    return bytes(change(data))


@pytest.mark.parametrize("data", [
    _broken(lambda d: d[:300]), _broken(lambda d: d[:2000]), _broken(lambda d: d[:100] + b"Z" * 8 + d[108:]),
    _broken(lambda d: d[:10] + b"\1" + d[11:]), b"no tar at all" * 100,
    make(member("s", kind=b"S")), make(member("v", kind=b"Q")),
])
def test_a_damaged_tar_is_refused(ctx, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        extract(ctx, data)
    assert os.listdir(ctx.path("layers")) == []


@pytest.mark.parametrize("packed", [
    gzip.compress(make(member("a", b"x" * 9999)))[:-10], gzip.compress(make(member("a", b"x")))[:20] + b"junk" * 9,
    gzip.compress(make(member("a", b"x"))) + b"garbage", b"\x28\xb5\x2f\xfd" + b"junk" * 20,
])
def test_damaged_compression_is_refused(ctx, packed: bytes) -> None:
    with pytest.raises(InvalidInput):
        extract(ctx, make(member("a", b"x")), packed)
    assert os.listdir(ctx.path("layers")) == []


def test_another_diff_id_is_refused_and_leaves_nothing(ctx) -> None:
    with pytest.raises(VerificationError, match="sha256:" + "0" * 64):
        extract(ctx, make(member("a", b"x")), diff_id="0" * 64)
    assert os.listdir(ctx.path("layers")) == []


def test_the_last_of_two_members_wins(ctx) -> None:
    layer = extract(ctx, make(
        member("f", b"one"), member("f", b"two"), member("d/x", b"x"), member("d", b"file"),
        member("e", b"file"), member("e", kind=tarfile.DIRTYPE), member("l", kind=tarfile.SYMTYPE, link="f"),
        member("l", b"no longer a link")))
    assert content(ctx, layer, "f") == "two"
    assert content(ctx, layer, "d") == "file"
    assert os.path.isdir(diff(ctx, layer, "e"))
    assert content(ctx, layer, "l") == "no longer a link"


def test_a_tar_that_holds_files_twice_is_made_again(ctx) -> None:
    data = make(
        member("f", b"one"), member("hard", kind=tarfile.LNKTYPE, link="f"), member("f", b"two"), member("f", b"three"),
        member("hard", b"four"), member("d/x", b"x" * 5000), member("d/y/z", b"z"), member("d", b"file"),
        member("e", b"was a file"), member("e", kind=tarfile.DIRTYPE), member("e/f", b"in"),
        member("a", b"same"), member("b", kind=tarfile.LNKTYPE, link="a"), member("b", kind=tarfile.LNKTYPE, link="a"),
        member("s", b"file"), member("s", kind=tarfile.SYMTYPE, link="f"))
    layer = extract(ctx, data)
    assert content(ctx, layer, "hard") == "four"
    assert b"".join(layers.tar(ctx, layer.chain_id)) == data


def test_whiteouts_and_opaque_directories_hide_what_is_below(ctx, tmp_path) -> None:
    low = extract(ctx, make(*(member(name, b"1") for name in ("gone", "kept", "dir/old", "re/old"))))
    high = extract(ctx, make(
        member(".wh.gone"), member("dir", kind=tarfile.DIRTYPE), member("dir/.wh..wh..opq"), member("dir/new", b"2"),
        member(".wh.re"), member("re", kind=tarfile.DIRTYPE, mode=0o755), member("re/new", b"2"),
        member(".wh..wh.plnk")), parent=low.chain_id)
    target = tmp_path / "view"
    target.mkdir()
    seen = _seen(lambda: layers.image_mount(ctx, [low.chain_id, high.chain_id], str(target)), target)
    assert seen == ["dir", "dir/new", "kept", "re", "re/new"]


def test_an_opaque_root_hides_everything_below(ctx, tmp_path) -> None:
    low = extract(ctx, make(member("old", b"1")))
    high = extract(ctx, make(member(".wh..wh..opq"), member("new", b"2")), parent=low.chain_id)
    assert layers.lowers(ctx, [low.chain_id, high.chain_id]) == [diff(ctx, high)]


def test_an_image_of_one_layer_shows_no_marks(ctx, tmp_path) -> None:
    layer = extract(ctx, make(member(".wh.gone"), member("kept", b"1")))
    target = tmp_path / "view"
    target.mkdir()
    assert _seen(lambda: layers.image_mount(ctx, [layer.chain_id], str(target)), target) == ["kept"]


@pytest.mark.parametrize("count", [100, 260])
def test_hundreds_of_layers_mount(ctx, tmp_path, count: int) -> None:
    chain = []
    for number in range(count):
        chain.append(extract(ctx, make(member("f%d" % number, b"x")), parent=chain[-1] if chain else None).chain_id)
    target = tmp_path / "view"
    target.mkdir()
    assert len(_seen(lambda: layers.image_mount(ctx, chain, str(target)), target)) == count


def test_a_containers_root_has_what_the_images_root_has(ctx, tmp_path) -> None:
    layer = extract(ctx, make(member("./", kind=tarfile.DIRTYPE, mode=0o711, uid=5), member("f", b"x")))

    def work() -> str:
        path = layers.rootfs(ctx, "c" * 64, [layer.chain_id])
        assert layers.rootfs(ctx, "c" * 64, [layer.chain_id]) == path
        status = os.stat(path)
        os.unlink(os.path.join(path, "f"))
        with open(os.path.join(path, "new"), "w"):
            layers.rootfs_unmount(ctx, "c" * 64)  # busy, and yet it goes
        layers.rootfs_unmount(ctx, "c" * 64)
        assert os.listdir(path) == []
        return "%o %d" % (stat.S_IMODE(status.st_mode), status.st_uid)

    assert in_mount_namespace(work) == "711 5"
    assert sorted(os.listdir(ctx.path("containers", "c" * 64, "upper"))) == ["f", "new"]
    assert os.path.exists(diff(ctx, layer, "f"))


def _root(mode: int, owner: int = 0) -> bytes:
    return make(member("./", kind=tarfile.DIRTYPE, mode=mode, uid=owner))


@pytest.mark.parametrize(("tars", "seen"), [
    ((_root(0o555, 5), make(member("f"))), "555 5"), ((_root(0o700), make(member("f")), make(member("g"))), "700 0"),
    ((_root(0o700), _root(0o1777, 3), make(member("f"))), "1777 3"), ((make(member("f")), make(member("g"))), "555 0"),
    ((make(member("f")), _root(0o755, 2)), "755 2")])
def test_a_root_of_which_a_layer_says_nothing_is_that_of_the_layer_below(ctx, tars, seen: str) -> None:
    chain: list[str] = []
    for data in tars:
        chain.append(extract(ctx, data, parent=chain[-1] if chain else None).chain_id)
    layers.settle(ctx, chain)
    os.makedirs(ctx.path("view"))

    def modes() -> str:
        layers.image_mount(ctx, chain, ctx.path("view"))
        found = [os.stat(path) for path in (layers.rootfs(ctx, "c" * 64, chain), ctx.path("view"))]
        return " ".join("%o %d" % (stat.S_IMODE(status.st_mode), status.st_uid) for status in found)

    assert in_mount_namespace(modes) == "%s %s" % (seen, seen)


def _seen(mount, target) -> list[str]:
    """What is below ``target`` after ``mount``."""
    def work() -> str:
        mount()
        return "\n".join(sorted(
            os.path.relpath(os.path.join(d, n), target) for d, ds, fs in os.walk(target) for n in ds + fs))

    return in_mount_namespace(work).splitlines()


def test_eight_clients_extract_a_layer_once(ctx) -> None:
    data = make(*GOOD)
    made = []

    def client() -> None:
        with layers.held(ctx, digest(data)) as there:
            if not there:
                made.append(layers.extract(ctx, lambda write: write(data), digest(data)))

    threads = [threading.Thread(target=client) for _client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and layers.all_ids(ctx) == [digest(data)]


def test_what_a_killed_client_left_is_removed(ctx) -> None:
    data = make(*GOOD)
    os.makedirs(ctx.path("layers", ".%s.99999" % digest(data), "diff", "junk"))
    os.makedirs(ctx.path("layers", ".%s.99998" % ("a" * 64), "diff"))
    extract(ctx, data)
    layers.discard_staging(ctx)
    assert os.listdir(ctx.path("layers")) == [digest(data)]


def test_an_error_of_the_source_leaves_nothing(ctx) -> None:
    def feed(write):
        write(make(*GOOD)[:2048])
        raise RuntimeError("the registry went away")

    with layers.held(ctx, "0" * 64), pytest.raises(RuntimeError):
        layers.extract(ctx, feed, "0" * 64)
    assert os.listdir(ctx.path("layers")) == []


def test_removing_a_layer_leaves_nothing(ctx) -> None:
    layer = extract(ctx, make(*GOOD))
    layers.remove(ctx, layer.chain_id)
    layers.remove(ctx, layer.chain_id)
    assert layers.all_ids(ctx) == [] and os.listdir(ctx.path("locks")) == []
