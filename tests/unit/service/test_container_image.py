# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container tells of its image: the complete name, however it was typed, and the command; needs root."""

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
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import converge, images
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import images as store

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402
from tars import make, member  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
NAME = "docker.io/library/shop:latest"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """A registry that stands in for docker.io, with library/shop:latest and its digest."""
    if not shutil.which("docker-registry") or not shutil.which("skopeo"):
        pytest.skip("needs docker-registry and skopeo")
    directory = tmp_path_factory.mktemp("mirror")
    digest = image_layout.write_layout(str(directory / "layout"), [image_layout.layer([image_layout.entry("f", b"x")])],
                                       {"Cmd": ["serve"]}, "1")
    with registry.running(str(directory / "registry")) as place:
        registry.push(str(directory / "layout"), "1", place + "/library/shop:latest")
        yield place, digest


@pytest.fixture()
def ctx(tmp_path):
    (tmp_path / "registries.conf").write_text("")
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                        registries_conf=str(tmp_path / "registries.conf"))


@pytest.fixture()
def run(ctx):
    def call(*words: str) -> str:
        out, err = io.StringIO(), io.StringIO()
        assert main.main(["--root", ctx.root, "--runroot", ctx.runroot, "--registries-conf", ctx.registries_conf,
                          *words], IO(out, err)) == 0, err.getvalue()
        return out.getvalue()

    return call


def configure(ctx, place: str) -> None:
    with open(ctx.registries_conf, "w", encoding="utf-8") as stream:
        stream.write("""
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "%s"
insecure = true
[aliases]
market = "docker.io/library/shop"
""" % place)


@pytest.mark.parametrize("pulled_before", [False, True])
@pytest.mark.parametrize("text", ["market", "shop", "shop:latest", "library/shop", "docker.io/shop",
                                  "docker.io/library/shop", NAME])
def test_the_name_is_complete_however_it_was_typed(ctx, run, mirror, text: str, pulled_before: bool) -> None:
    configure(ctx, mirror[0])
    if pulled_before:
        run("pull", text)
    run("create", "--name", "one", "--network", "none", text)
    assert run("ps", "-a", "--noheading", "--format", "{{.Image}}").split() == [NAME]
    assert json.loads(run("ps", "-a", "--format", "json"))[0]["Image"] == NAME
    assert run("inspect", "--format", "{{.ImageName}} {{.Config.Image}}", "one").split() == [NAME, NAME]
    assert converge.describe(ctx, "one")["ImageName"] == NAME
    for value in (NAME, "docker.io/library/shop", "docker.io/shop", "shop", "shop:latest"):
        assert run("ps", "-aq", "--filter", "ancestor=" + value), value


@pytest.mark.parametrize("text", ["shop@%s", "shop:latest@%s", "docker.io/library/shop@%s", "market@%s"])
def test_by_digest_the_name_has_the_digest(ctx, run, mirror, text: str) -> None:
    configure(ctx, mirror[0])
    for name in ("one", "two"):  # the first one pulls it
        run("create", "--name", name, "--network", "none", text % mirror[1])
        assert run("inspect", "--format", "{{.ImageName}}", name).split() == [
            "docker.io/library/shop@" + mirror[1]]
    assert len(run("ps", "-aq", "--filter", "ancestor=docker.io/library/shop@" + mirror[1]).split()) == 2


@pytest.fixture()
def image(ctx, tmp_path):
    """Make an image of an instruction or two with these names; its ID."""
    def make_one(*names: str, changes: tuple[str, ...] = ("CMD serve",)) -> str:
        path = tmp_path / "root.tar"
        path.write_bytes(make(member("f", names[0].encode())))
        record = images.import_tar(ctx, str(path), names[0], changes=changes)
        with store.lock(ctx):
            for name in names[1:]:
                store.set_name(ctx, name, record.id)
        return str(record.id)

    return make_one


def test_by_id_the_name_is_the_images_own(ctx, run, image) -> None:
    name, other = "a.example/shop:1", "b.example/market:2"
    image_id = image(name, other)
    for container, text in (("one", image_id), ("two", image_id[:8]), ("three", "sha256:" + image_id)):
        run("create", "--name", container, "--network", "none", text)
        assert run("inspect", "--format", "{{.ImageName}}", container).split() == [name]
    images.untag(ctx, image_id)
    run("create", "--name", "four", "--network", "none", image_id)
    assert run("ps", "-a", "--filter", "name=four", "--format", "{{.Image}}").split() == [image_id]


def test_ancestor_takes_no_part_of_a_name(run, image) -> None:
    first, other = image("a.example/shop:1"), image("a.example/shopping:latest")
    run("create", "--name", "one", "--network", "none", "a.example/shop:1")
    run("create", "--name", "two", "--network", "none", "shopping")

    def found(value: str) -> list[str]:
        return sorted(run("ps", "-a", "--filter", "ancestor=" + value, "--format", "{{.Names}}").split())

    for value in ("a.example/shop:1", "shop:1", first, first[:12], "sha256:" + first):
        assert found(value) == ["one"], value
    for value in ("a.example/shopping", "shopping", "shopping:latest", other[:5]):
        assert found(value) == ["two"], value
    for value in ("sho", "example/shop:1", "a.example/shop", "op:1", "missing", "A B"):
        assert found(value) == [], value
    run("tag", "a.example/shop:1", "c.example/stand:3")
    assert found("stand:3") == ["one"]
    run("untag", "c.example/stand:3")
    assert found("shop:1") == ["one"] and found("stand:3") == []


def test_a_short_name_is_looked_up_anew(ctx, run, image) -> None:
    image(NAME)
    run("create", "--name", "one", "--network", "none", "shop")
    assert converge.observe(ctx, "one", image="shop").wanted_image_id == images.lookup(ctx, NAME).id
    other = image("localhost/shop:latest")
    assert converge.observe(ctx, "one", image="shop").wanted_image_id == other


@pytest.mark.parametrize(("changes", "flags", "words", "command"), [
    (('CMD ["serve", "-p", "80"]',), (), (), ["serve", "-p", "80"]),
    (('ENTRYPOINT ["start", "it"]', 'CMD ["serve"]'), (), (), ["serve"]),
    (('ENTRYPOINT ["start", "it"]', 'CMD ["serve"]'), (), ("my", "words"), ["my", "words"]),
    (('ENTRYPOINT ["start", "it"]', 'CMD ["serve"]'), ("--entrypoint", "sleep"), (), None),
    (('ENTRYPOINT ["start", "it"]', 'CMD ["serve"]'), ("--entrypoint", "sleep"), ("30",), ["30"]),
    (('ENTRYPOINT ["start", "it"]',), (), (), None),
    (('CMD ["serve"]',), ("--init",), (), ["serve"])])
def test_the_command_is_the_images_where_none_was_given(ctx, run, image, changes, flags, words, command) -> None:
    image("shop", changes=changes)
    run("create", "--name", "one", "--network", "none", *flags, "shop", *words)
    assert run("ps", "-a", "--no-trunc", "--format", "{{.Command}}").strip() == " ".join(command or ())
    assert json.loads(run("ps", "-a", "--format", "json"))[0]["Command"] == command
    assert json.loads(run("inspect", "one"))[0]["Config"]["Cmd"] == (command or [])
