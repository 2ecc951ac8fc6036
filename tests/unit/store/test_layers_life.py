# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers when clients die, disks are full, and several clients and threads work at once."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InvalidInput,
    MissingDependency,
    VerificationError,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import mount
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers, unpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from tars import digest, in_mount_namespace, make, member  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
DATA = make(*(member("d%d/f" % number, b"%d" % number * 20000) for number in range(40)))


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def extract(ctx, data: bytes, feed=None) -> layers.Layer:
    with layers.held(ctx, digest(data)):
        return layers.extract(ctx, feed or (lambda write: write(data)), digest(data))


def test_a_layer_does_not_wait_for_one_that_another_thread_extracts(ctx) -> None:
    """The children of threads inherit each other's pipes, unless somebody sees to it that they don't."""
    first, second = DATA, make(member("other", b"x" * 100000))
    both, done = threading.Barrier(2), threading.Event()
    failures = []

    def quick(write) -> None:
        both.wait(5)
        write(first)

    def slow(write) -> None:
        both.wait(5)
        assert done.wait(5), "the first layer waits for the second"
        write(second)

    def one(data, feed, after) -> None:
        try:
            extract(ctx, data, feed)
            after()
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=one, args=row) for row in (
        (first, quick, done.set), (second, slow, lambda: None))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == [] and sorted(layers.all_ids(ctx)) == sorted([digest(first), digest(second)])


def test_children_keep_no_file_of_the_client_open(ctx, tmp_path) -> None:
    seen = []

    def feed(write) -> None:
        write(DATA[:1024])
        deadline = time.monotonic() + 60
        while not any("tar-split" in path for path in seen) and time.monotonic() < deadline:
            time.sleep(0.05)
            with open("/proc/self/task/%d/children" % threading.get_native_id()) as stream:
                for pid in stream.read().split():
                    for name in os.listdir("/proc/%s/fd" % pid):
                        with contextlib.suppress(FileNotFoundError):
                            seen.append(os.readlink("/proc/%s/fd/%s" % (pid, name)))
        write(DATA[1024:])

    with open(tmp_path / "secret", "w") as _secret:
        extract(ctx, DATA, feed)
    assert any("tar-split" in path for path in seen)
    assert not any("secret" in path or "locks" in path for path in seen)


def _client(ctx, ready: int) -> None:
    """A client that hangs in the middle of a layer."""
    def feed(write) -> None:
        write(DATA[:len(DATA) // 2])
        os.write(ready, b"x")
        time.sleep(60)

    extract(ctx, DATA, feed)


def _lives(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open("/proc/%d/stat" % pid) as stream:
        return stream.read().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_killed_client_is_cleaned_up_after(ctx) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _client(ctx, write)
        finally:
            os._exit(0)
    assert os.read(read, 1) == b"x"
    with open("/proc/%d/task/%d/children" % (pid, pid)) as stream:
        children = [int(one) for one in stream.read().split()]
    assert len(children) == 1 and len(os.listdir(ctx.path("layers"))) == 1
    layers.discard_staging(ctx)
    assert len(os.listdir(ctx.path("layers"))) == 1, "the client lives, and its layer is its own"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    layers.discard_staging(ctx)
    assert os.listdir(ctx.path("layers")) == [] and os.listdir(ctx.path("locks")) == []
    deadline = time.monotonic() + 60
    while any(_lives(child) for child in children):  # its files are closed before it is dead
        assert time.monotonic() < deadline
        time.sleep(0.01)
    extract(ctx, DATA)
    os.close(read)
    os.close(write)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path) -> None:
    def work() -> str:
        mount.mount("tmpfs", str(tmp_path), "tmpfs", 0, "size=400k")
        ctx = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
        with pytest.raises(EngineError) as caught:
            extract(ctx, DATA)
        return "%s %s" % (os.listdir(ctx.path("layers")), caught.value)

    text = in_mount_namespace(work)
    assert text.startswith("[] ") and "No space left" in text and "Free some space" in text


def test_no_more_inodes_is_told_and_leaves_nothing(tmp_path) -> None:
    def work() -> str:
        mount.mount("tmpfs", str(tmp_path), "tmpfs", 0, "size=50m,nr_inodes=30")
        ctx = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
        with pytest.raises(EngineError, match="No space left"):
            extract(ctx, DATA)
        return str(os.listdir(ctx.path("layers")))

    assert in_mount_namespace(work) == "[]"


def test_the_callers_umask_does_not_matter(ctx) -> None:
    old = os.umask(0o077)
    try:
        layer = extract(ctx, make(member("d/f", b"x", mode=0o666)))
    finally:
        os.umask(old)
    root = ctx.path("layers", layer.chain_id, "diff")
    assert [os.stat(os.path.join(root, name)).st_mode & 0o777 for name in (".", "d", "d/f")] == [0o755, 0o755, 0o666]


def test_a_changed_file_is_found_out(ctx) -> None:
    layer = extract(ctx, DATA)
    path = ctx.path("layers", layer.chain_id, "diff", "d7", "f")
    with open(path, "r+") as stream:
        stream.write("other")
    with pytest.raises(VerificationError):
        list(layers.tar(ctx, layer.chain_id))
    os.truncate(path, 5)
    with pytest.raises(EngineError, match="d7/f"):
        list(layers.tar(ctx, layer.chain_id))
    os.unlink(path)
    os.symlink("/etc/passwd", path)
    with pytest.raises(EngineError, match="d7/f"):
        list(layers.tar(ctx, layer.chain_id))


def test_sixteen_clients_extract_and_remove_at_once(ctx) -> None:
    stop, failures = time.monotonic() + 1.0, []

    def client(number: int) -> None:
        try:
            while time.monotonic() < stop:
                with layers.held(ctx, digest(DATA)) as there:
                    if not there:
                        layers.extract(ctx, lambda write: write(DATA), digest(DATA))
                    assert layers.get(ctx, digest(DATA)).tar_size == len(DATA)
                if number % 4 == 0:
                    layers.remove(ctx, digest(DATA))
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    layers.remove(ctx, digest(DATA))
    assert os.listdir(ctx.path("layers")) == []


@pytest.mark.skipif(shutil.which("umoci") is None, reason="needs umoci")
def test_layers_that_umoci_makes_are_made_again(ctx, tmp_path) -> None:
    source = tmp_path / "source"
    (source / "d").mkdir(parents=True)
    (source / "d" / "f").write_bytes(b"x" * 3000)
    os.link(source / "d" / "f", source / "hard")
    os.setxattr(source / "hard", "user.mine", b"1")
    os.symlink("d", source / "link")
    os.mkfifo(source / "fifo")
    place = str(tmp_path / "image")
    for command in (["init", "--layout", place], ["new", "--image", place + ":a"],
                    ["insert", "--image", place + ":a", str(source), "/in"],
                    ["insert", "--image", place + ":a", "--whiteout", "/in/d"]):
        subprocess.run(["umoci", *command], check=True, capture_output=True)

    def document(name: str) -> dict:
        return json.loads(pathlib.Path(place, "blobs", "sha256", name.partition(":")[2] or name).read_bytes())

    index = json.loads(pathlib.Path(place, "index.json").read_bytes())
    manifest = document(index["manifests"][0]["digest"])
    wanted = [one.partition(":")[2] for one in document(manifest["config"]["digest"])["rootfs"]["diff_ids"]]
    parent = None
    for row, diff_id in zip(manifest["layers"], wanted):
        packed = pathlib.Path(place, "blobs", "sha256", row["digest"].partition(":")[2]).read_bytes()
        with layers.held(ctx, layers.chain_id(parent, diff_id)):
            parent = layers.extract(ctx, lambda write, packed=packed: write(packed), diff_id, parent).chain_id
        assert digest(b"".join(layers.tar(ctx, parent))) == diff_id
    assert os.stat(ctx.path("layers", parent, "diff", "in", "d")).st_rdev == 0


@pytest.mark.parametrize("options", [["--format=gnu"], ["--format=pax"], ["--format=ustar"], ["--format=v7"],
                                     ["--format=pax", "--xattrs"], ["--format=gnu", "-b", "1"]])
def test_every_format_of_gnu_tar_is_made_again(ctx, tmp_path, options: list[str]) -> None:
    tree = tmp_path / "tree"
    (tree / ("d" * 60)).mkdir(parents=True)
    (tree / ("d" * 60) / ("f" * 30)).write_bytes(os.urandom(70000))
    os.link(tree / ("d" * 60) / ("f" * 30), tree / "hard")
    os.symlink("hard", tree / "link")
    os.setxattr(tree / "hard", "user.mine", b"\x00\xff")
    data = subprocess.run(["tar", *options, "--sort=name", "-C", str(tree), "-cf", "-", "."],
                          check=True, capture_output=True).stdout
    layer = extract(ctx, data)
    assert b"".join(layers.tar(ctx, layer.chain_id)) == data
    assert layer.tar_size == len(data)


def test_an_empty_tar_is_an_empty_layer(ctx) -> None:
    for data in (bytes(1024), b""):
        assert extract(ctx, data).size == 0


def test_a_directory_in_a_layers_place_that_is_no_layer_is_replaced(ctx) -> None:
    os.makedirs(ctx.path("layers", digest(DATA), "diff", "junk"))
    assert layers.all_ids(ctx) == [digest(DATA)] and not layers.exists(ctx, digest(DATA))
    assert not os.path.exists(ctx.path("layers", extract(ctx, DATA).chain_id, "diff", "junk"))


def zstd(data: bytes, *options: str) -> bytes:
    return subprocess.run(["zstd", "-q", *options], input=data, check=True, capture_output=True).stdout


@pytest.mark.parametrize("library", [True, False])
def test_zstd_is_read_by_library_or_program(ctx, monkeypatch, library: bool) -> None:
    if not library:
        monkeypatch.setattr(unpack.deps, "load_optional", lambda name: None)
    elif unpack.deps.load_optional("zstandard") is None:
        pytest.skip("needs zstandard")
    packed = zstd(DATA[:70000], "-19") + b"\x50\x2a\x4d\x18\4\0\0\0skip" + zstd(DATA[70000:])
    layer = extract(ctx, DATA, lambda write: write(packed))
    assert b"".join(layers.tar(ctx, layer.chain_id)) == DATA
    layers.remove(ctx, layer.chain_id)
    half = len(packed) // 2
    for broken in (packed[:-5], packed[:half], packed[:half] + b"junk" + packed[half + 4:], zstd(DATA, "--long=27")):
        with pytest.raises(InvalidInput):
            extract(ctx, DATA, lambda write, broken=broken: write(broken))
    assert os.listdir(ctx.path("layers")) == []


def test_without_library_and_program_zstd_is_named(ctx, monkeypatch) -> None:
    monkeypatch.setattr(unpack.deps, "load_optional", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(MissingDependency, match="zstd"):
        extract(ctx, DATA, lambda write: write(zstd(DATA)))
