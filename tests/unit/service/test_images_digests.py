# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names with a digest: a pull by one gives the image that name, which is listed, kept and taken away; needs root."""

from __future__ import annotations

import io
import json
import os
import pathlib
import shutil
import sys

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InUse, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("docker-registry") or not shutil.which("skopeo"),
    reason="needs root, docker-registry and skopeo")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The name of a repository with the tag 1, and that with the digest."""
    directory = tmp_path_factory.mktemp("digests")
    digest = image_layout.write_layout(str(directory / "layout"), [image_layout.layer([image_layout.entry("f", b"x")])],
                                       {"Cmd": ["serve"]}, "1")
    with registry.running(str(directory / "registry")) as address:
        registry.push(str(directory / "layout"), "1", address + "/shop:1")
        yield address + "/shop", "%s/shop@%s" % (address, digest)


@pytest.fixture()
def ctx(tmp_path):
    (tmp_path / "registries.conf").write_text("")
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                        registries_conf=str(tmp_path / "registries.conf"))


def pull(ctx, *names: str) -> str:
    return [images.pull(ctx, name, tls_verify=False).image.id for name in names][0]


def run(ctx, *words: str) -> str:
    out = io.StringIO()
    assert main.main(["--root", ctx.root, "--runroot", ctx.runroot, *words], IO(out, io.StringIO())) == 0
    return out.getvalue()


def test_a_pull_by_digest_gives_a_name(ctx, place) -> None:
    name, by_digest = place
    image_id = pull(ctx, by_digest)
    assert not images.pull(ctx, by_digest, tls_verify=False).changed
    assert run(ctx, "images", "--format", "{{.Repository}} {{.Tag}} {{.Dangling}}").split() == [name, "<none>", "false"]
    (row,) = json.loads(run(ctx, "images", "--format", "json"))
    assert (row["RepoTags"], row["RepoDigests"], row["Names"]) == (None, [by_digest], [by_digest])
    shown = images.inspect(ctx, image_id)
    assert (shown["RepoTags"], shown["RepoDigests"]) == ([], [by_digest])
    assert run(ctx, "images", "-q", "--filter", "dangling=true") == ""
    assert images.prune(ctx) == [] and images.lookup(ctx, by_digest).id == image_id


def test_the_tag_alone_answers_for_its_digest(ctx, place) -> None:
    name, by_digest = place
    image_id = pull(ctx, name + ":1")
    assert images.lookup(ctx, by_digest).id == image_id
    assert images.remove(ctx, by_digest) == ["Untagged: %s:1" % name, "Deleted: " + image_id]


def test_of_several_names_a_digest_takes_its_own_away(ctx, place) -> None:
    name, by_digest = place
    image_id = pull(ctx, name + ":1", by_digest)
    assert images.remove(ctx, by_digest) == ["Untagged: " + by_digest]
    record = images.lookup(ctx, by_digest)
    assert record.id == image_id and record.names == (name + ":1",)
    images.tag(ctx, image_id, "other:3")
    with pytest.raises(InUse, match="several names"):
        images.remove(ctx, by_digest)
    assert len(images.lookup(ctx, image_id).names) == 2


def test_with_the_last_name_of_its_repository_a_digest_means_nothing(ctx, place) -> None:
    name, by_digest = place
    image_id = pull(ctx, by_digest)
    images.tag(ctx, by_digest, "other:3")
    with pytest.raises(InUse):
        images.remove(ctx, image_id)
    assert run(ctx, "images", "--format", "{{.Repository}}:{{.Tag}}").split() == ["localhost/other:3"]
    assert images.remove(ctx, by_digest) == ["Untagged: " + by_digest]
    with pytest.raises(NotFound):
        images.remove(ctx, by_digest)
    assert images.lookup(ctx, "other:3").id == image_id
    assert images.inspect(ctx, image_id)["RepoDigests"] == []
    assert images.pull(ctx, by_digest, tls_verify=False).changed
    assert images.remove(ctx, "other:3") == ["Untagged: localhost/other:3"]
    assert images.remove(ctx, by_digest) == ["Untagged: " + by_digest, "Deleted: " + image_id]


@pytest.mark.parametrize("names", [(), ("itself",)])
def test_untag_takes_a_name_with_a_digest(ctx, place, names: tuple[str, ...]) -> None:
    _name, by_digest = place
    image_id = pull(ctx, by_digest)
    images.untag(ctx, by_digest, [by_digest for _one in names])
    assert images.inspect(ctx, image_id)["RepoDigests"] == []
    assert run(ctx, "images", "--format", "{{.Repository}} {{.Tag}}").split() == ["<none>", "<none>"]
    assert images.prune(ctx) == [image_id]


def test_untag_by_the_tag_of_a_digest_that_is_no_name(ctx, place) -> None:
    name, by_digest = place
    pull(ctx, name + ":1")
    with pytest.raises(NotFound, match="has no name"):
        images.untag(ctx, name + ":1", [by_digest])
    assert images.lookup(ctx, name + ":1").names == (name + ":1",)


def test_a_name_with_a_digest_is_no_tag_of_an_archive(ctx, place, tmp_path) -> None:
    _name, by_digest = place
    pull(ctx, by_digest)
    for number, layout in enumerate(("docker-archive", "oci-archive")):
        images.save(ctx, [by_digest], str(tmp_path / str(number)), format=layout)
        with open(tmp_path / str(number), "rb") as stream:
            assert b"shop@" not in stream.read()
