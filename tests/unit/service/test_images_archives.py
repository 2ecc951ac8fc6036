# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hostile docker-archives: what they name, link and hide is refused, and nothing of them is kept."""

from __future__ import annotations

import gzip
import io
import json
import os
import pathlib
import sys
import tarfile
import time

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InvalidInput,
    RegistryError,
    VerificationError,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import manifest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images, pull
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import tars  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

LAYER = tars.make(tars.member("file", b"content"))
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                     "rootfs": {"type": "layers", "diff_ids": ["sha256:" + tars.digest(LAYER)]}}).encode()


def rows(**changes: object) -> bytes:
    row = {"Config": "config.json", "RepoTags": ["example.org/x:1"], "Layers": ["a/layer.tar"]}
    row.update(changes)
    return json.dumps([row]).encode()


def archive(*members: tars.Member, manifest: bytes = rows(), layer: bytes = LAYER) -> bytes:
    return tars.make(tars.member("manifest.json", manifest), tars.member("config.json", CONFIG),
                     tars.member("a/layer.tar", layer), *members)


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def load(ctx, tmp_path, data: bytes):
    path = tmp_path / "archive.tar"
    path.write_bytes(data)
    return images.load(ctx, str(path))


SECOND = tars.make(tars.member("second", b"content"))


def configuration(second: str) -> bytes:
    """Of an image with two layers, the second by its diff ID."""
    rootfs = {"type": "layers", "diff_ids": ["sha256:" + tars.digest(LAYER), "sha256:" + second]}
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()


def two_layers(second: bytes, *, diff_id: str = "") -> bytes:
    """An archive whose first layer is good."""
    return tars.make(tars.member("manifest.json", rows(Layers=["a/layer.tar", "b/layer.tar"])),
                     tars.member("config.json", configuration(diff_id or tars.digest(SECOND))),
                     tars.member("a/layer.tar", LAYER), tars.member("b/layer.tar", second))


@pytest.mark.parametrize("data", [
    two_layers(SECOND[:-1024] + b"x" * 1024), two_layers(SECOND, diff_id="0" * 64), two_layers(b"junk" * 1000)])
@pytest.mark.parametrize("needed", [False, True])
def test_of_a_refused_archive_nothing_is_kept(ctx, tmp_path, data: bytes, needed: bool) -> None:
    before = load(ctx, tmp_path, archive())[0].layers if needed else ()
    blobs = os.listdir(ctx.path("blobs", "sha256")) if needed else []
    with pytest.raises(EngineError):
        load(ctx, tmp_path, data)
    assert tuple(layers.all_ids(ctx)) == before
    assert not os.path.isdir(ctx.path("blobs", "sha256")) or os.listdir(ctx.path("blobs", "sha256")) == blobs
    assert load(ctx, tmp_path, two_layers(SECOND))[0].names == ("example.org/x:1",)


@pytest.mark.parametrize(("error", "kept"), [
    (InvalidInput("refused"), []), (VerificationError("refused"), []),
    (RegistryError("broken off"), [tars.digest(LAYER)])])
def test_of_a_refused_pull_nothing_is_kept_but_of_one_that_broke_off(ctx, error: EngineError, kept: list[str]) -> None:
    config = configuration(tars.digest(SECOND))
    rows = [manifest.Descriptor(manifest.OCI_LAYER, tars.digest(data), len(data)) for data in (LAYER, SECOND)]
    text = manifest.build_manifest(manifest.Descriptor(manifest.OCI_CONFIG, tars.digest(config), len(config)), rows)
    parsed = manifest.parse_manifest(text)
    assert isinstance(parsed, manifest.Manifest)
    deadline = time.monotonic() + 60

    def write(row, feed, _progress) -> None:
        if row.digest == tars.digest(LAYER):
            feed(LAYER)
            return
        while not layers.exists(ctx, tars.digest(LAYER)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise error

    with pytest.raises(type(error)):
        pull.keep(ctx, parsed, config, text, [], [], write)
    assert layers.all_ids(ctx) == kept and images.all(ctx) == []


@pytest.mark.parametrize("data", [
    archive(), gzip.compress(archive()), archive(layer=gzip.compress(LAYER)),
    tars.make(tars.member("./manifest.json", rows(Layers=["b/layer.tar"])), tars.member("config.json", CONFIG),
              tars.member("a/layer.tar", LAYER),
              tars.member("b/layer.tar", None, tarfile.SYMTYPE, "../a/layer.tar")),
])
def test_a_good_archive_loads(ctx, tmp_path, data: bytes) -> None:
    assert load(ctx, tmp_path, data)[0].names == ("example.org/x:1",)


def bomb() -> bytes:
    """A pax header of 3 GiB, a few kilobytes when packed."""
    header = tars.raw(b"x", kind=b"x", size=b"%011o\0" % (3 << 30))
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as stream:
        stream.write(header)
        stream.write(bytes(1 << 20))
    return out.getvalue()


@pytest.mark.parametrize("data", [
    b"", b"no tar at all", archive()[:700], gzip.compress(archive())[:300], bomb(),
    archive(manifest=b"[]"), archive(manifest=b"null"), archive(manifest=b'[],"x":[]'),
    archive(manifest=rows(Layers=[])), archive(manifest=rows(Layers=["a/layer.tar"] * 2)),
    archive(manifest=rows(Config="../../../../etc/hostname")), archive(manifest=rows(Config="/etc/hostname")),
    archive(manifest=rows(Config=None)), archive(manifest=rows(Layers=["/bin/busybox"])),
    archive(manifest=rows(RepoTags=["../UP:1"])), archive(manifest=rows(RepoTags=[1])),
    archive(tars.member("manifest.json", rows())), archive(layer=LAYER + b"x" * 512),
    archive(tars.member("l", None, tarfile.SYMTYPE, "/bin/busybox"), manifest=rows(Layers=["l"])),
    archive(tars.member("l", None, tarfile.SYMTYPE, "l"), manifest=rows(Layers=["l"])),
    archive(tars.member("l", None, tarfile.FIFOTYPE), manifest=rows(Layers=["l"])),
    archive(tars.member("l", None, tarfile.CHRTYPE, device=(1, 5)), manifest=rows(Layers=["l"])),
    archive(tars.member("l", None, tarfile.LNKTYPE, "/etc/passwd"), manifest=rows(Layers=["l"])),
])
def test_a_hostile_archive_is_refused_and_leaves_nothing(ctx, tmp_path, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        load(ctx, tmp_path, data)
    assert images.all(ctx) == []
    assert not os.path.exists(ctx.path("layers")) or os.listdir(ctx.path("layers")) == []


def test_save_never_replaces_what_is_no_file(ctx, tmp_path) -> None:
    load(ctx, tmp_path, archive())
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", "/dev/null", tmp_path / "missing" / "x.tar"):
        with pytest.raises(EngineError):
            images.save(ctx, ["example.org/x:1"], str(target))


def test_of_several_images_all_are_loaded_or_none(ctx, tmp_path) -> None:
    second = tars.make(tars.member("other", b"x"))
    config = CONFIG.replace(tars.digest(LAYER).encode(), tars.digest(second).encode())
    both = json.dumps(json.loads(rows()) + [
        {"Config": "second.json", "RepoTags": ["example.org/y:1"], "Layers": ["b/layer.tar"]}]).encode()
    more = [tars.member("second.json", config), tars.member("b/layer.tar", second)]
    broken = [more[0], tars.member("b/layer.tar", second[:-1024] + b"\1" * 1024)]
    with pytest.raises(EngineError):
        load(ctx, tmp_path, archive(*broken, manifest=both))
    assert images.all(ctx) == [] and not os.path.exists(ctx.path("blobs"))
    names = [row.names for row in load(ctx, tmp_path, archive(*more, manifest=both))]
    assert names == [("example.org/x:1",), ("example.org/y:1",)]
    images.save(ctx, ["example.org/x:1", "example.org/y:1"], str(tmp_path / "saved.tar"))
    for row in images.all(ctx):
        images.remove(ctx, row.id)
    assert [row.names for row in images.load(ctx, str(tmp_path / "saved.tar"))] == names
