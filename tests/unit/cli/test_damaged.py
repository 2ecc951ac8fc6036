# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs beside a damaged object: they show and remove the others, warn of it, and remove it by force."""

from __future__ import annotations

import io as streams
import json
import os
import shutil
from typing import Any, List, NamedTuple

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main as cli
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    Mount,
    NetworkUse,
    Port,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.pod import PodSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.volume import VolumeSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import definitions
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import (
    blobs,
    containers,
    images,
    layers,
    pods,
    secrets,
    volumes,
)

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="works as root's engine")
BAD, GOOD = "a" * 64, "b" * 64


@pytest.fixture
def ctx(tmp_path: object) -> Context:
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path, tmpdir="%s/tmp" % tmp_path)


class Done(NamedTuple):
    code: int
    out: str
    err: str


def call(ctx: Context, *words: str) -> Done:
    out, err = streams.StringIO(), streams.StringIO()
    code = cli.main(["--root", ctx.root, "--runroot", ctx.runroot, "--tmpdir", ctx.tmpdir, *words], IO(out, err))
    return Done(code, out.getvalue(), err.getvalue())


def spoil(path: str, text: str = "[]") -> str:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
    return path


def container(ctx: Context, name: str, **more: Any) -> str:
    key = BAD if name == "bad" else GOOD
    spec = ContainerSpec(image="x", name=name, command=("true",), label={"a": "b"}, publish=(Port(80, 8080),),
                         mounts=(Mount("volume", "/data", "data"),), network=(NetworkUse("network", "n"),), **more)
    containers.reserve_name(ctx, name, key)
    files.make_directory(containers.directory(ctx, key))
    containers.write(ctx, containers.Record(key, name, 12.5, spec, volumes={"/v": "anonymous"}))
    return containers.directory(ctx, key, "container.json")


def image(ctx: Context, name: str, *diff_ids: str) -> images.ImageRecord:
    """An image with its configuration and layers that hold nothing but their documents."""
    config = {"architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05Z", "config": {},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + one for one in diff_ids]}}
    image_id = blobs.put(ctx, json.dumps(config).encode())
    chains = layers.chain(diff_ids)
    for number, chain in enumerate(chains):
        files.make_directory(ctx.path("layers", chain, "diff"))
        files.write_json(ctx.path("layers", chain, "layer.json"), vars(layers.Layer(
            chain, diff_ids[number], chains[number - 1] if number else "", 5, 7)))
    manifest = blobs.put(ctx, json.dumps({"config": {"digest": "sha256:" + image_id}, "layers": []}).encode())
    with images.lock(ctx):
        return images.put(ctx, images.ImageRecord(
            image_id, manifest_digest="sha256:" + manifest, layers=tuple(chains), diff_ids=tuple(diff_ids), size=5),
            ["localhost/%s:latest" % name])


def _ways(value: Any) -> List[List[Any]]:
    rows: List[List[Any]] = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        rows += [[key]] + [[key, *rest] for rest in _ways(item)]
    return rows


def test_no_value_of_another_type_breaks_ps(ctx: Context) -> None:
    path = container(ctx, "bad", pod="p", entrypoint=("sh",), restart_policy="always", userns="auto")
    container(ctx, "good")
    whole = json.loads(files.contents(path) or b"")
    for way in _ways(whole):
        for wrong in (None, 5, "x", [], {}, [5], {"x": 5}, [None], [["x"]]):
            document = json.loads(json.dumps(whole))
            place = document
            for key in way[:-1]:
                place = place[key]
            place[way[-1]] = wrong
            files.write_json(path, document, durable=False)
            for words in (["--format", "json"], ["--filter", "network=n", "--filter", "volume=data"],
                          ["--filter", "label=a", "--format", "{{.Ports}} {{.Names}} {{.Mounts}}"]):
                done = call(ctx, "ps", "-a", *words)
                assert done.code == 0 and "good" in done.out, (way, wrong, done)
                assert "--filter" in words or way == ["name"] or "bad" in done.out or "Warning: " in done.err


@pytest.mark.parametrize("words", [
    ("ps", "-aq", "--no-trunc"), ("ps", "-a", "--format", "json"), ("info",), ("pod", "ps"), ("volume", "ls"),
    ("images",), ("network", "ls"), ("container", "prune", "-f"), ("secret", "ls"), ("network", "prune", "-f"),
    ("image", "prune", "-af"), ("rm", "-f", "good"), ("rename", "good", "better"), ("container", "exists", "good")])
def test_verbs_on_others_work_beside_a_damaged_container(ctx: Context, words: Any) -> None:
    path = spoil(container(ctx, "bad"), "")
    container(ctx, "good")
    done = call(ctx, *words)
    assert done.code == 0 and "Error" not in done.err
    assert os.path.exists(path)
    if words[0] == "ps":
        assert "Warning: The container bad is damaged: %s" % path in done.err and GOOD[:12] in done.out


def test_a_damaged_container_is_removed_by_force_with_all_that_is_known_of_it(ctx: Context) -> None:
    volumes.create(ctx, VolumeSpec("data"))
    volumes.create(ctx, VolumeSpec("anonymous", anonymous=True))
    path = spoil(container(ctx, "bad"))
    for name in ("data", "anonymous"):
        volumes.add_user(ctx, name, BAD)
    mark = ctx.path("engine", "d" * 64 + ".users", BAD)
    spoil(os.path.join(files.make_directory(os.path.dirname(mark)), BAD))
    refused = call(ctx, "rm", "bad")
    assert refused.code == 125 and "damaged" in refused.err and os.path.exists(path)
    assert call(ctx, "rm", "-fv", "bad") == Done(0, "bad\n", "")
    assert not os.path.exists(os.path.dirname(path)) and not os.path.exists(mark)
    assert [one.name for one in volumes.all_volumes(ctx)] == ["data"] and volumes.users(ctx, "data") == []
    assert call(ctx, "ps", "-aq") == Done(0, "", "")
    container(ctx, "bad")  # Its name is free.


def test_all_by_force_means_the_damaged_ones_too(ctx: Context) -> None:
    spoil(container(ctx, "bad"))
    container(ctx, "good")
    assert call(ctx, "rm", "-fa").code == 0
    assert containers.ids(ctx) == []


def test_a_damaged_pod_is_removed_by_force_with_its_containers(ctx: Context) -> None:
    pod_id = "c" * 64
    containers.reserve_name(ctx, "p", pod_id)
    pods.write(ctx, pods.Pod(pod_id, "p", 1.0, PodSpec("p")))
    container(ctx, "good", pod="p")
    spoil(ctx.path("pods", pod_id + ".json"))
    done = call(ctx, "pod", "ps", "-q")
    assert done.code == 0 and "The pod p is damaged" in done.err
    assert call(ctx, "pod", "rm", "p").code == 125
    assert call(ctx, "pod", "rm", "-f", "p").code == 0
    assert containers.ids(ctx) == [] and pods.ids(ctx) == []
    assert containers.names.owner(ctx, "containers", "p") is None


def test_a_damaged_volume_is_removed_by_force_only(ctx: Context) -> None:
    for name in ("bad", "good"):
        volumes.create(ctx, VolumeSpec(name))
    path = spoil(volumes.directory(ctx, "bad", "volume.json"))
    assert call(ctx, "volume", "prune", "-f").code == 0 and os.path.exists(path)
    assert call(ctx, "volume", "rm", "bad").code == 1 and os.path.exists(path)
    assert call(ctx, "volume", "rm", "-f", "bad") == Done(0, "bad\n", "")
    assert not os.path.exists(os.path.dirname(path))


def test_a_damaged_network_is_removed_by_force_only(ctx: Context) -> None:
    for number, name in enumerate(("bad", "good", "podman")):
        definitions.write_new(ctx, "%d" % number * 64, NetworkSpec(name, interface="x%d" % number,
                                                                   subnets=(Subnet("10.%d.0.0/24" % number),)))
        spoil(ctx.path("networks", "bad.json"), "")
    done = call(ctx, "network", "ls", "-q")
    assert done.out == "good\npodman\n" and "The network bad is damaged" in done.err
    assert call(ctx, "network", "rm", "bad").code == 125
    assert call(ctx, "network", "rm", "-f", "bad") == Done(0, "bad\n", "")
    spoil(ctx.path("networks", "podman.json"))
    assert "podman" in call(ctx, "network", "ls").out
    assert call(ctx, "network", "rm", "-f", "podman").code == 0
    assert os.listdir(ctx.path("networks")) == ["good.json"]


def test_a_damaged_image_is_removed_by_force_with_the_layers_that_nothing_else_needs(ctx: Context) -> None:
    bad, good = image(ctx, "bad", "1" * 64, "2" * 64), image(ctx, "good", "1" * 64, "3" * 64)
    spoil(ctx.path("images", bad.id, "image.json"))
    listed = call(ctx, "images", "-q")
    assert listed.out == good.id[:12] + "\n" and "The image localhost/bad:latest is damaged" in listed.err
    assert call(ctx, "rmi", "bad").code == 2
    assert call(ctx, "rmi", "-f", "bad").code == 0
    assert set(layers.all_ids(ctx)) == set(good.layers)
    assert set(blobs.all_digests(ctx)) == {good.id, good.manifest_digest[7:]}
    assert call(ctx, "images", "-q") == Done(0, good.id[:12] + "\n", "")


@pytest.mark.parametrize("config", [True, False])
def test_what_a_damaged_image_may_need_stays(ctx: Context, config: bool) -> None:
    bad, good = image(ctx, "bad", "1" * 64, "2" * 64), image(ctx, "good", "1" * 64, "3" * 64)
    spoil(ctx.path("images", bad.id, "image.json"))
    if not config:
        blobs.remove(ctx, bad.id)
    assert call(ctx, "rmi", "good").code == 0
    left = set(bad.layers) if config else set(bad.layers) | set(good.layers)
    assert set(layers.all_ids(ctx)) == left
    assert call(ctx, "image", "prune", "-f").code == 0
    assert set(layers.all_ids(ctx)) == left


def test_images_are_kept_that_a_damaged_container_may_need(ctx: Context) -> None:
    image(ctx, "good", "1" * 64)
    path = spoil(container(ctx, "bad"))
    done = call(ctx, "image", "prune", "-af")
    assert done.code == 0 and "kept that the damaged container bad may need" in done.err and path in done.err
    assert len(images.all(ctx)) == 1


def test_a_damaged_secret_is_removed_by_its_id_too(ctx: Context) -> None:
    made = secrets.put(ctx, "bad", b"x")
    spoil(ctx.path("secrets", made.id, "secret.json"))
    assert "The secret bad is damaged" in call(ctx, "secret", "ls").err
    assert call(ctx, "secret", "rm", made.id[:12]).out == made.id + "\n"
    assert os.listdir(ctx.path("names", "secrets")) == []


PLACES = ("containers", "pods", "volumes", "networks", "secrets", "units", "images", "layers", "blobs/sha256",
          "names/containers", "names/secrets", "engine")


@pytest.mark.parametrize("directory", [False, True])
def test_what_is_not_the_engine_s_own_hinders_nothing_and_stays(ctx: Context, directory: bool) -> None:
    container(ctx, "good")
    image(ctx, "good", "1" * 64)
    volumes.create(ctx, VolumeSpec("good"))
    secrets.put(ctx, "good", b"x")
    alien = [ctx.path(place, "lost+found") for place in PLACES] + [
        ctx.run("ipam", "lost+found"), ctx.run("containers", "lost+found")]
    for path in alien:
        files.make_directory(os.path.dirname(path))
        if directory:
            os.mkdir(path)
        else:
            spoil(path)
    for words in (("ps", "-a"), ("images",), ("pod", "ps"), ("volume", "ls"), ("network", "ls"), ("secret", "ls"),
                  ("image", "prune", "-f"), ("volume", "prune", "-f"), ("network", "prune", "-f"),
                  ("container", "prune", "-f"), ("rmi", "-f", "good"), ("secret", "rm", "good"),
                  ("system", "check", "--repair", "--force")):
        assert call(ctx, *words).code == 0, words
    assert all(map(os.path.lexists, alien))


@pytest.mark.parametrize("kind", ["containers", "volumes", "secrets", "layers"])
def test_a_file_in_the_place_of_an_object_s_directory_is_removed(ctx: Context, kind: str) -> None:
    record = image(ctx, "bad", "1" * 64)
    container(ctx, "bad")
    volumes.create(ctx, VolumeSpec("bad"))
    secret = secrets.put(ctx, "bad", b"x")
    keys = {"containers": BAD, "volumes": "bad", "secrets": secret.id, "layers": record.layers[0]}
    place = ctx.path(kind, keys[kind])
    shutil.rmtree(place)
    spoil(place)
    for words in (("ps", "-a"), ("images",), ("volume", "ls"), ("secret", "ls")):
        assert call(ctx, *words).code == 0
    call(ctx, "rmi", "-f", "bad")
    assert call(ctx, "system", "check", "--repair", "--force").code == 0
    assert not os.path.lexists(place) and call(ctx, "system", "check") == (0, "", "")
