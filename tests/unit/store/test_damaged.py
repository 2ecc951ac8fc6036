# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Damaged documents: listings go on without the object and say so, whatever is in the document's place."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any, Callable, Dict, List, NamedTuple

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Damaged, NoSpace, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    HealthCheck,
    Mount,
    NetworkUse,
    Port,
    SecretUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.endpoint import (
    Endpoint,
    EndpointDocument,
    SetupRequest,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec, Subnet
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.pod import PodSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.volume import VolumeSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import documents, files
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import definitions, endpoints
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import (
    collection,
    containers,
    images,
    layers,
    pods,
    runs,
    secrets,
    units,
    volumes,
)

BAD, GOOD = "a" * 64, "b" * 64
SPEC = ContainerSpec(
    image="busybox", name="web", env={"A": "1"}, command=("true",), label={"a": "b"}, publish=(Port(80, 8080),),
    mounts=(Mount("volume", "/data", "data", ("ro",)),), health=HealthCheck(("CMD", "true")), pod="p",
    network=(NetworkUse("network", "n"),), secrets=(SecretUse("s"),), memory_swap=5, cpus=1.5)


class Kind(NamedTuple):
    """How objects of a kind are made, listed and named by what is listed, and where the document of 'bad' lies."""

    make: Callable[[Context, str], str]
    listing: Callable[[Context], List[Any]]


def container(ctx: Context, key: str) -> str:
    containers.reserve_name(ctx, key, BAD if key == "bad" else GOOD)
    record = containers.Record(BAD if key == "bad" else GOOD, key, 12.5, SPEC, "ab" * 32, "busybox")
    files.make_directory(containers.directory(ctx, record.id))
    containers.write(ctx, record)
    return containers.directory(ctx, record.id, "container.json")


def pod(ctx: Context, key: str) -> str:
    pod_id = BAD if key == "bad" else GOOD
    containers.reserve_name(ctx, key, pod_id)
    pods.write(ctx, pods.Pod(pod_id, key, 1.0, PodSpec(key, {"a": "b"}, ("net",), publish=(Port(80),), cpus=2.0)))
    return ctx.path("pods", pod_id + ".json")


def image(ctx: Context, key: str) -> str:
    image_id = BAD if key == "bad" else GOOD
    images.put(ctx, images.ImageRecord(
        image_id, digests=("x@sha256:1",), layers=("c" * 64,), diff_ids=("d" * 64,), size=5, created="2026",
        labels={"a": "b"}), ["localhost/%s:latest" % key])
    return ctx.path("images", image_id, "image.json")


def volume(ctx: Context, key: str) -> str:
    volumes.create(ctx, VolumeSpec(key, options={"o": "ro"}, labels={"a": "b"}))
    return volumes.directory(ctx, key, "volume.json")


def secret(ctx: Context, key: str) -> str:
    found = secrets.put(ctx, key, b"value", labels={"a": "b"})
    return ctx.path("secrets", found.id, "secret.json")


def network(ctx: Context, key: str) -> str:
    definitions.write_new(ctx, "e" * 64, NetworkSpec(key, subnets=(Subnet("10.1.0.0/24"),), dns_servers=("1.1.1.1",)))
    return ctx.path("networks", key + ".json")


def layer(ctx: Context, key: str) -> str:
    chain = BAD if key == "bad" else GOOD
    files.make_directory(ctx.path("layers", chain))
    files.write_json(ctx.path("layers", chain, "layer.json"), vars(layers.Layer(chain, "d" * 64, "", 5, 7)))
    return ctx.path("layers", chain, "layer.json")


def unit(ctx: Context, key: str) -> str:
    units.write(ctx, key, units.Definition("container", key, spec={"image": "x"}))
    return ctx.path("units", key + ".json")


def endpoint(ctx: Context, key: str) -> str:
    container_id = BAD if key == "bad" else GOOD
    endpoints.write(ctx, EndpointDocument(
        SetupRequest(container_id, key, "/run/x", (NetworkUse("network", "n"),), (Port(80, 80),)),
        (Endpoint("n", "eth0", aliases=("a",)),), (Port(80, 80),), 5, 6))
    return ctx.run("endpoints", container_id + ".json")


KINDS = {
    "container": Kind(container, lambda ctx: [document["name"] for document in containers.all_raw(ctx)]),
    "pod": Kind(pod, lambda ctx: [one.name for one in pods.every(ctx)]),
    "image": Kind(image, lambda ctx: [one.names[0][10:-7] for one in images.all(ctx)]),
    "volume": Kind(volume, lambda ctx: [one.name for one in volumes.all_volumes(ctx)]),
    "secret": Kind(secret, lambda ctx: [one.name for one in secrets.all_secrets(ctx)]),
    "network": Kind(network, lambda ctx: [one.name for one in definitions.stored(ctx)]),
    "layer": Kind(layer, lambda ctx: ["good" if one.chain_id == GOOD else "bad" for one in documents.each(
        layers.all_ids(ctx), lambda chain: layers.get(ctx, chain), ctx.warn)]),
    "unit": Kind(unit, lambda ctx: list(units.every(ctx))),
    "endpoint": Kind(endpoint, lambda ctx: [one.request.container_name for one in endpoints.everyone(ctx)]),
}


def _write(data: bytes) -> Callable[[str], None]:
    def change(path: str) -> None:
        with open(path, "wb") as stream:
            stream.write(data)
    return change


def _in_its_place(make: Callable[[str], Any]) -> Callable[[str], None]:
    def change(path: str) -> None:
        os.unlink(path)
        make(path)
    return change


def _link(path: str) -> None:
    shutil.move(path, path + ".there")
    os.symlink(path + ".there", path)


DAMAGE: Dict[str, Callable[[str], None]] = {
    "empty": _write(b""), "torn": lambda path: os.truncate(path, os.path.getsize(path) // 2), "list": _write(b"[]"),
    "null": _write(b"null"), "text": _write(b'"x"'), "number": _write(b"5"), "no fields": _write(b"{}"),
    "zeros": _write(b"\0" * 512), "not utf-8": _write(b'{"id": "\xff\xfe"}'), "deep": _write(b"[" * 100000),
    "half a pair": _write(b'{"id": "\\ud800"}'), "directory": _in_its_place(os.mkdir),
    "fifo": _in_its_place(os.mkfifo), "link": _link, "dangling link": _in_its_place(lambda p: os.symlink("/none", p)),
    "large": lambda path: os.truncate(path, files.MAX_DOCUMENT + 1)}


@pytest.fixture
def ctx(tmp_path: object) -> Context:
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", KINDS)
def test_a_listing_shows_the_others_and_warns_of_the_damaged_one(ctx: Context, kind: str, damage: str) -> None:
    path = KINDS[kind].make(ctx, "bad")
    KINDS[kind].make(ctx, "good")
    assert sorted(KINDS[kind].listing(ctx)) == ["bad", "good"] and not ctx.warnings
    DAMAGE[damage](path)
    assert KINDS[kind].listing(ctx) == ["good"]
    (warning,) = ctx.warnings
    assert path in warning and "damaged" in warning
    assert "bad" in warning or BAD[:12] in warning


def _places(value: Any) -> List[List[Any]]:
    """The way to each value in a document."""
    rows: List[List[Any]] = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        rows.append([key])
        rows += [[key, *rest] for rest in _places(item)]
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_of_another_type_breaks_a_listing(ctx: Context, kind: str) -> None:
    path = KINDS[kind].make(ctx, "bad")
    KINDS[kind].make(ctx, "good")
    whole = json.loads(files.contents(path) or b"")
    for way in _places(whole):
        for wrong in (None, 5, -1, "x", True, 1e300, [], {}, [5], {"x": 5}, [None], ["x"], [["x"]]):
            document = json.loads(json.dumps(whole))
            place = document
            for key in way[:-1]:
                place = place[key]
            place[way[-1]] = wrong
            files.write_json(path, document)
            assert "good" in KINDS[kind].listing(ctx), (way, wrong)
            if way[-1] == "created":
                assert isinstance(wrong, (int, float, str)) or "bad" not in KINDS[kind].listing(ctx)


def test_a_damaged_object_itself_is_one_error_that_names_it(ctx: Context) -> None:
    path = container(ctx, "bad")
    _write(b"[]")(path)
    with pytest.raises(Damaged, match="The container bad is damaged: .*container.json: it is no object"):
        containers.lookup(ctx, "bad")
    assert containers.find(ctx, "bad") == BAD
    assert [damage.name for damage in containers.damaged(ctx)] == ["bad"]


def test_what_a_run_left_damaged_is_no_reason_to_fail(ctx: Context) -> None:
    container(ctx, "bad")
    for name, read in (("state.json", lambda: runs.state(ctx, BAD).status),
                       ("health.json", lambda: runs.health_status(ctx, BAD))):
        path = os.path.join(files.make_directory(containers.run_directory(ctx, BAD)), name)
        for damage in ("empty", "list", "fifo", "directory"):
            _write(b"{}")(path)
            DAMAGE[damage](path)
            assert read() == ("unknown" if name == "state.json" else "")
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    files.write_json(containers.directory(ctx, BAD, "exit.json"), [])
    state = runs.state(ctx, BAD)
    assert (state.status, state.exit_code) == ("exited", runs.UNKNOWN_EXIT)
    assert len(ctx.warnings) == 7  # a FIFO and a directory are told in the same words


def test_a_damaged_name_has_no_owner_and_none_waits_for_it(ctx: Context) -> None:
    container(ctx, "bad")
    DAMAGE["fifo"](ctx.path("names", "containers", "bad"))
    with pytest.raises(NotFound):
        containers.find(ctx, "bad")
    assert containers.find(ctx, BAD) == BAD


def test_what_an_end_and_a_pin_left_damaged_is_not_waited_for(ctx: Context) -> None:
    container(ctx, "bad")
    files.make_directory(os.path.dirname(runs.exit_file(ctx, BAD)))
    os.mkfifo(runs.exit_file(ctx, BAD))
    assert runs.read_exit_file(ctx, BAD) == (runs.UNKNOWN_EXIT, 0.0)
    os.mkfifo(os.path.join(files.make_directory(ctx.path("images", "pins")), "1-1-1"))
    with images.lock(ctx):
        assert collection.pins(ctx) == set() and os.listdir(ctx.path("images", "pins")) == []
    volume(ctx, "v")
    os.mkfifo(volumes.directory(ctx, "v", "made-for"))
    assert volumes.made_for(ctx, "v") == ""
    found = secrets.put(ctx, "s", b"value")
    DAMAGE["fifo"](ctx.path("secrets", found.id, "data"))
    with pytest.raises(Damaged, match="secret s is damaged"):
        secrets.value(ctx, found)


def test_a_damaged_secret_is_removed_by_its_name_with_its_value(ctx: Context) -> None:
    path = secret(ctx, "bad")
    secret(ctx, "good")
    _write(b"")(path)
    secrets.remove(ctx, "bad")
    assert not os.path.exists(os.path.dirname(path))
    assert [one.name for one in secrets.all_secrets(ctx)] == ["good"] and not ctx.warnings
    secret(ctx, "bad")


def test_a_damaged_image_is_removed_without_space(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(b"")(image(ctx, "bad"))
    image(ctx, "good")

    def full(path: str, *_rest: Any, **_more: Any) -> None:
        raise NoSpace("Cannot write %s: No space left on device" % path)

    monkeypatch.setattr(files, "write_json", full)
    with images.lock(ctx):
        collection.forget_damaged(ctx, BAD)
    assert [one.id for one in images.all(ctx)] == [GOOD] and not images.damaged(ctx)
    assert not os.path.exists(ctx.path("images", BAD))


def test_a_damaged_image_is_mended_by_its_next_pull(ctx: Context) -> None:
    _write(b"")(image(ctx, "bad"))
    image(ctx, "bad")
    assert [one.id for one in images.all(ctx)] == [BAD] and not ctx.warnings
