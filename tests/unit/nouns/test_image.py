# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images for another platform, and what a check foresees of a pull or an archive; needs root and a registry."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import deps
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InUse,
    InvalidInput,
    MissingDependency,
    NotFound,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images
from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import container, image, stack
from ansible_collections.pycontainer.engine.plugins.module_utils.state import container as container_state
from ansible_collections.pycontainer.engine.plugins.module_utils.state import image as state
from ansible_collections.pycontainer.engine.plugins.module_utils.state import stack as stack_state
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import blank

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("docker-registry") or not shutil.which("skopeo"),
    reason="needs root, docker-registry and skopeo")


def layout(path: pathlib.Path, architecture: str) -> str:
    """A layout with one image, tag 1, for an architecture."""
    image_layout.write_layout(str(path), [image_layout.layer([image_layout.entry("f", b"x")])], {"Cmd": ["f"]}, "1")
    blobs = path / "blobs" / "sha256"
    index = json.loads((path / "index.json").read_text())
    top = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())
    config = json.loads((blobs / top["config"]["digest"][7:]).read_text())
    config["architecture"] = architecture
    top["config"].update(_blob(blobs, config))
    index["manifests"][0].update(_blob(blobs, top), platform={"os": "linux", "architecture": architecture})
    (path / "index.json").write_text(json.dumps(index))
    return str(path)


def _blob(blobs: pathlib.Path, document: Any) -> dict[str, Any]:
    import hashlib

    data = json.dumps(document).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A registry with shop:1 for amd64 and mainframe:1 for s390x."""
    directory = tmp_path_factory.mktemp("platforms")
    with registry.running(str(directory / "registry")) as address:
        for name, architecture in (("shop", "amd64"), ("mainframe", "s390x")):
            registry.push(layout(directory / name, architecture), "1", "%s/%s:1" % (address, name))
        yield address


@pytest.fixture()
def ctx(tmp_path):
    (tmp_path / "registries.conf").write_text("")
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                        registries_conf=str(tmp_path / "registries.conf"))


def converge(ctx, check: bool = False, **given: Any) -> list[str]:
    given = dict({"tls_verify": False}, **given)
    return [str(action) for action in image.converge(ctx, blank(state.OPTIONS, **given), check).actions]


def stacked(ctx, check: bool, **lists: list[dict[str, Any]]) -> list[str]:
    given = blank(stack_state.OPTIONS, name="s", units=False, **lists)
    for kind, form in stack_state.entries().items():
        given[kind] = [blank(form.rows, **entry) for entry in given[kind] or ()]
    return list(stack.run(ctx, given, check).values["actions"])


def both(ctx, error: type[EngineError], words: str, **given: Any) -> None:
    """A check fails as the run does."""
    said = []
    for check in (True, False):
        with pytest.raises(error, match=words) as caught:
            converge(ctx, check, **given)
        said.append(str(caught.value))
    assert said[0] == said[1]


PLATFORMS = [{"platform": "linux/s390x"}, {"arch": "s390x"}, {"os": "linux", "arch": "s390x"}]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_image_for_another_platform_is_not_what_is_wanted(ctx, place, platform: dict[str, str]) -> None:
    name = place + "/shop:1"
    converge(ctx, name=name)
    assert converge(ctx, name=name, platform="linux/amd64") == converge(ctx, name=name, arch="amd64") == []
    both(ctx, NotFound, "has no image for", name=name, **platform)
    both(ctx, NotFound, "for the platform", name=name, pull=False, **platform)
    images.tag(ctx, name, place + "/mainframe:1")
    assert converge(ctx, True, name=place + "/mainframe:1", **platform) == ["pull (%s/mainframe:1)" % place]
    assert converge(ctx, name=place + "/mainframe:1", **platform) == ["pull (%s/mainframe:1)" % place]
    assert images.inspect(ctx, place + "/mainframe:1")["Architecture"] == "s390x"
    assert converge(ctx, name=place + "/mainframe:1", **platform) == []


@pytest.mark.parametrize("policy", ["missing", "newer", "always", "never"])
def test_a_pull_by_any_policy_never_gives_another_platform(ctx, place, policy: str) -> None:
    images.pull(ctx, place + "/shop:1", tls_verify=False)
    with pytest.raises(NotFound, match="has no image for linux/s390x"):
        images.pull(ctx, place + "/shop:1", policy=policy, platform="linux/s390x", tls_verify=False)


def made(ctx, check: bool, **given: Any) -> list[str]:
    given = blank(container_state.OPTIONS, **dict({"name": "one", "network": ["none"], "state": "created"}, **given))
    return [str(action) for action in container.converge(ctx, given, check).actions]


def test_a_container_of_another_platform_is_made_anew(ctx, place) -> None:
    name = place + "/mainframe:1"
    images.pull(ctx, place + "/shop:1", tls_verify=False)
    images.tag(ctx, place + "/shop:1", name)
    wish = {"image": name, "tls_verify": False}
    assert made(ctx, False, **wish) == ["create"] and made(ctx, True, **wish, platform="linux/amd64") == []
    for check in (True, False):
        assert made(ctx, check, **wish, platform="linux/s390x") == ["replace (image)"]
    assert made(ctx, False, **wish, platform="linux/s390x") == []


def test_a_check_asks_the_registry_for_what_a_run_would_pull(ctx, place) -> None:
    both(ctx, NotFound, "missing", name=place + "/missing:1")
    both(ctx, InvalidInput, "no valid", name=place + "/Shop:1")
    with open(ctx.registries_conf, "w", encoding="utf-8") as stream:
        stream.write('[[registry]]\nlocation = "blocked.example"\nblocked = true')
    both(ctx, InvalidInput, "blocked", name="blocked.example/shop:1")
    assert not os.path.exists(ctx.path("images"))
    assert ctx.warnings == []
    assert converge(ctx, True, name=place + "/shop:1") == ["pull (%s/shop:1)" % place]
    assert images.all(ctx) == []


@pytest.mark.parametrize(("name", "words"), [
    ("127.0.0.1:1/shop:1", "Cannot reach"), ("shop", "no registry to search"), ("localhost/shop", "not on this host"),
    ("library", "python3-requests")])
def test_where_no_registry_can_be_asked_a_check_warns(ctx, place, monkeypatch, name: str, words: str) -> None:
    """An earlier task of the same check may bring the registry, its configuration, the package or the image."""
    def missing(name: str) -> None:
        raise MissingDependency("The Python library %s is not there" % name, "Install the package python3-requests.")

    if name == "library":
        monkeypatch.setattr(deps, "load", missing)
        name = place + "/shop:1"
    assert converge(ctx, True, name=name) == ["pull (%s)" % name]
    assert made(ctx, True, image=name, tls_verify=False) == ["create"]
    (warning,) = ctx.warnings
    assert words in warning and name in warning
    with pytest.raises(EngineError):
        converge(ctx, name=name)


@pytest.mark.parametrize("pull", ["missing", "newer", "always"])
def test_a_check_of_a_container_looks_for_its_image(ctx, place, pull: str) -> None:
    said = []
    for check in (True, False):
        with pytest.raises(NotFound) as caught:
            made(ctx, check, image=place + "/missing:1", tls_verify=False, pull=pull)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert made(ctx, True, image=place + "/shop:1", tls_verify=False, pull=pull) == ["create"]
    assert images.all(ctx) == []


def test_a_check_reads_an_archive(ctx, place, tmp_path) -> None:
    both(ctx, InvalidInput, "neither a regular file", name="shop", path=str(tmp_path / "missing.tar"))
    (tmp_path / "junk.tar").write_bytes(b"junk" * 1000)
    both(ctx, InvalidInput, "no readable tar", name="shop", path=str(tmp_path / "junk.tar"))
    both(ctx, InvalidInput, "Cannot read", name="shop", **{"import": str(tmp_path / "missing.tar")})
    both(ctx, InvalidInput, "no regular file", name="shop", **{"import": str(tmp_path)})
    (tmp_path / "root.tar").write_bytes(image_layout.layer([image_layout.entry("f", b"x")]))
    both(ctx, InvalidInput, "not understood", name="shop", changes=["COLOUR red"],
         **{"import": str(tmp_path / "root.tar")})
    for number in ("1", "2"):
        images.import_tar(ctx, str(tmp_path / "root.tar"), "shop:" + number, changes=["ENV N=" + number])
    images.save(ctx, ["shop:1", "shop:2"], str(tmp_path / "two.tar"))
    images.save(ctx, ["shop:1"], str(tmp_path / "one.tar"))
    for number in ("1", "2"):
        images.remove(ctx, "shop:" + number)
    for check in (True, False):
        assert converge(ctx, check, name="shop:2", path=str(tmp_path / "two.tar"))[0].startswith("load")
    for number in ("1", "2"):
        images.remove(ctx, "shop:" + number)
    with pytest.raises(EngineError, match="none is called other"):
        converge(ctx, True, name="other", path=str(tmp_path / "two.tar"))
    assert converge(ctx, True, name="other", path=str(tmp_path / "one.tar"))[0].startswith("load")


def test_a_check_of_a_stack_knows_of_images_that_would_be_there(ctx, place, tmp_path) -> None:
    (tmp_path / "root.tar").write_bytes(image_layout.layer([image_layout.entry("f", b"x")]))

    def check(pictures: list[dict[str, Any]], picture: str) -> list[str]:
        return stacked(ctx, True, images=pictures, containers=[
            {"name": "one", "image": picture, "network": ["none"], "tls_verify": False}])

    own = {"name": "shop", "import": str(tmp_path / "root.tar"), "tags": ["more:2"]}
    for picture in ("shop", "shop:latest", "more:2"):
        assert check([own], picture)[-2:] == ["container one: create", "container one: start"]
    assert check([], place + "/shop:1")
    with pytest.raises(NotFound, match="missing"):
        check([own], place + "/missing:1")


def test_a_check_of_a_removal_says_what_still_needs_the_image(ctx, tmp_path) -> None:
    (tmp_path / "root.tar").write_bytes(image_layout.layer([image_layout.entry("f", b"x")]))
    record = images.import_tar(ctx, str(tmp_path / "root.tar"), "shop", changes=['CMD ["/f"]'])
    images.tag(ctx, "shop", "more")
    both(ctx, InUse, "several names", name=record.id, state="absent")
    for check in (True, False):
        assert converge(ctx, check, name="more", state="absent") == ["remove"]
    made(ctx, False, image="shop")
    both(ctx, InUse, "is used by the container", name="shop", state="absent")
    assert converge(ctx, True, name="shop", state="absent", force=True) == ["remove"]
    gone = {"containers": [{"name": "one", "state": "absent"}]}
    for check in (True, False):
        with pytest.raises(InUse, match="is used by the container"):
            stacked(ctx, check, images=[{"name": "shop", "state": "absent"}])
        actions = stacked(ctx, check, images=[{"name": "shop", "state": "absent"}], **gone)
        assert actions == ["container one: remove", "image shop: remove"]
    assert images.all(ctx) == []


def test_a_check_of_a_push_asks_where_it_goes(ctx, place, tmp_path) -> None:
    (tmp_path / "root.tar").write_bytes(image_layout.layer([image_layout.entry("f", b"x")]))
    with open(ctx.registries_conf, "w", encoding="utf-8") as stream:
        stream.write('[[registry]]\nlocation = "blocked.example"\nblocked = true')
    own = {"import": str(tmp_path / "root.tar"), "push": True}
    for source in (own, {"push": True}):
        for destination in ("blocked.example/shop:1", "Upper/Case", place + "/Shop:1"):
            name = "pushed" if source is own else place + "/shop:1"
            with pytest.raises(EngineError) as foreseen:
                converge(ctx, True, name=name, push_args={"dest": destination}, **source)
            with pytest.raises(EngineError) as happened:
                converge(ctx, name=name, push_args={"dest": destination}, **source)
            assert (type(foreseen.value), str(foreseen.value)) == (type(happened.value), str(happened.value))
            images.remove(ctx, name)
    with pytest.raises(InvalidInput, match="does not say which registry"):
        converge(ctx, True, name="pushed", **own)
    assert ctx.warnings == []
    assert converge(ctx, True, name="pushed", push_args={"dest": "127.0.0.1:1/shop:1"}, **own)[1:] == [
        "push (127.0.0.1:1/shop:1)"]
    (warning,) = ctx.warnings
    assert "127.0.0.1:1" in warning
