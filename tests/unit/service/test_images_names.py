# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a name means: everywhere the same, and never one of several by chance; needs root."""

from __future__ import annotations

import io
import json
import os
import pathlib
import sys
import tarfile

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Ambiguous, InUse, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import images as store

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from tars import make, member  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
LOCAL, DOCKER, OTHER = "localhost/busybox:latest", "docker.io/library/busybox:latest", "a.example/busybox:latest"
THIRD = "b.example/team/busybox:latest"


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


@pytest.fixture()
def image(ctx, tmp_path):
    """Make an image with these names; its ID."""
    def make_one(*names: str) -> str:
        path = tmp_path / "root.tar"
        path.write_bytes(make(member("f", names[0].encode())))
        record = images.import_tar(ctx, str(path), names[0])
        with store.lock(ctx):
            for name in names[1:]:
                store.set_name(ctx, name, record.id)
        return str(record.id)

    return make_one


@pytest.mark.parametrize("text", ["busybox", "busybox:latest"])
def test_several_images_are_told_by_their_names(ctx, image, text: str) -> None:
    image(OTHER), image(THIRD)
    for work in (images.lookup, images.exists, images.remove, images.inspect, images.tag, images.untag):
        with pytest.raises(Ambiguous) as caught:
            work(ctx, text, *(["x"] if work is images.tag else []))
        assert caught.value.candidates == (OTHER, THIRD)
    with pytest.raises(Ambiguous):
        images.pull(ctx, text, policy="never")


def test_several_names_of_one_image_are_no_riddle(ctx, image) -> None:
    record = image(OTHER, THIRD)
    assert images.lookup(ctx, "busybox").id == record


def test_the_beginning_of_an_id_that_fits_several(ctx, image, monkeypatch) -> None:
    ids = ["abc1" + "0" * 60, "abc2" + "0" * 60]
    monkeypatch.setattr(store, "ids", lambda ctx: ids)
    with pytest.raises(Ambiguous) as caught:
        images.lookup(ctx, "abc")
    assert caught.value.candidates == ("abc100000000", "abc200000000")


@pytest.mark.parametrize(("text", "goes"), [
    ("busybox", LOCAL), ("localhost/busybox", LOCAL), ("docker.io/busybox", DOCKER), ("library/busybox", DOCKER),
    ("a.example/busybox", OTHER)])
def test_of_an_image_with_several_names_the_one_that_was_meant_goes(ctx, image, text: str, goes: str) -> None:
    names = (DOCKER, LOCAL, OTHER)
    record = image(*names)
    assert images.remove(ctx, text) == ["Untagged: " + goes]
    with store.lock(ctx):
        store.set_name(ctx, goes, record)
    images.untag(ctx, DOCKER, [text])
    assert images.lookup(ctx, record).names == tuple(sorted(set(names) - {goes}))


def test_an_id_takes_no_name_of_several_away(ctx, image) -> None:
    record = image(DOCKER, LOCAL)
    for text in (record, record[:12], "sha256:" + record):
        with pytest.raises(InUse):
            images.remove(ctx, text)
    assert images.lookup(ctx, record).names == (DOCKER, LOCAL)


def test_untag_knows_only_names_of_that_image(ctx, image) -> None:
    image(DOCKER), image(LOCAL)
    with pytest.raises(NotFound, match="has no name"):
        images.untag(ctx, "docker.io/busybox", ["busybox"])
    assert images.lookup(ctx, DOCKER).names == (DOCKER,)


def tags(path: pathlib.Path) -> list[str]:
    with tarfile.open(path) as archive:
        stream = archive.extractfile("manifest.json")
        assert stream is not None
        return [tag for row in json.load(stream) for tag in row["RepoTags"]]


def test_an_image_that_is_saved_by_its_id_has_no_tag(ctx, image, tmp_path) -> None:
    record = image(DOCKER, LOCAL)
    for number, names in enumerate(([record], [record[:12]], ["sha256:" + record], [record, DOCKER])):
        images.save(ctx, names, str(tmp_path / str(number)))
        assert tags(tmp_path / str(number)) == names[1:]
    images.save(ctx, [record], str(tmp_path / "oci"), format="oci-dir")
    assert "annotations" not in json.loads((tmp_path / "oci" / "index.json").read_text())["manifests"][0]
    images.remove(ctx, record, force=True)
    assert [row.names for row in images.load(ctx, str(tmp_path / "0"))] == [()]


@pytest.mark.parametrize(("text", "name"), [("busybox", LOCAL), ("docker.io/busybox", DOCKER)])
def test_an_image_is_saved_and_listed_by_the_name_that_was_meant(ctx, image, tmp_path, text: str, name: str) -> None:
    image(DOCKER, LOCAL)
    images.save(ctx, [text], str(tmp_path / "a.tar"))
    assert tags(tmp_path / "a.tar") == [name]
    out = io.StringIO()
    assert main.main(["--root", ctx.root, "--runroot", ctx.runroot, "images", "--format", "{{.Repository}}", text],
                     IO(out, io.StringIO())) == 0
    # 'busybox' alone is the last part of all their names, which is what podman-images(1) lists.
    assert name.rpartition(":")[0] in out.getvalue().split()
    assert len(out.getvalue().split()) == (2 if text == "busybox" else 1)
