# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents that strangers wrote: JSON, manifests, indexes and image configurations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import imageconfig, jsonbytes, manifest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.platform import Platform

HEX = "0123456789abcdef" * 4
DIGEST = "sha256:" + HEX


def described(kind: str = manifest.OCI_LAYER + "+gzip", **changes: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": DIGEST, "size": 10, **changes}


def image(**changes: Any) -> dict[str, Any]:
    document = {"schemaVersion": 2, "mediaType": manifest.OCI_MANIFEST, "config": described(manifest.OCI_CONFIG),
                "layers": [described()]}
    document.update(changes)
    return {key: value for key, value in document.items() if value is not ...}


def index(*rows: Any, **changes: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": manifest.OCI_INDEX, "manifests": list(rows), **changes}


def entry(os: str, architecture: str, variant: str = "", size: int = 1) -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture}
    if variant:
        platform["variant"] = variant
    return described(manifest.OCI_MANIFEST, size=size, platform=platform)


def parsed(document: Any, media_type: str | None = None) -> Any:
    return manifest.parse_manifest(json.dumps(document).encode(), media_type)


@pytest.mark.parametrize("data", [
    b"", b"[]", b"null", b'"x"', b"{", b"{}x", b"\xff\xfe{}", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":Infinity}',
    b'{"a":"\\ud800"}', b"[" * 100000, b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":[' + b"[]," * 300000 + b"0]}", b'{"a":"' + b"x" * jsonbytes.MAX_SIZE + b'"}', b'"' + b'\\"' * 1000000,
    b'{"a":[' + b"1," * 300000 + b"0]}", b"{" + b",".join(b'"%d":0' % n for n in range(150000)) + b',"0":1}'],
    ids=range(19))
def test_hostile_json_is_refused_quickly(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        jsonbytes.loads(data, "It")
    assert str(caught.value).startswith("It ") and len(str(caught.value)) < 300


def test_brackets_in_strings_are_not_nesting() -> None:
    document = {"a": "[" * 500, "b": '\"' + "{" * 500, "c": [[] for _step in range(100)]}
    assert jsonbytes.loads(json.dumps(document).encode(), "It") == document


def test_an_image_and_an_index_are_read() -> None:
    known = parsed(image())
    assert known.config.media_type == manifest.OCI_CONFIG
    assert (known.layers[0].size, known.layers[0].digest) == (10, HEX)
    assert len(parsed(index(entry("linux", "amd64"))).manifests) == 1


@pytest.mark.parametrize(("own", "header", "kind"), [
    (None, None, manifest.OCI_MANIFEST), (None, manifest.DOCKER_MANIFEST, manifest.DOCKER_MANIFEST),
    (manifest.DOCKER_MANIFEST, "application/json", manifest.DOCKER_MANIFEST),
    (manifest.OCI_MANIFEST, manifest.OCI_MANIFEST + "; charset=utf-8", manifest.OCI_MANIFEST)])
def test_the_media_type_comes_from_the_document_or_its_header(own: str | None, header: str | None, kind: str) -> None:
    assert parsed(image(mediaType=own or ...), header).media_type == kind


@pytest.mark.parametrize(("document", "header", "words"), [
    (image(schemaVersion=1), None, "schemaVersion 1"),
    (image(schemaVersion="2"), None, "schemaVersion"),
    (image(schemaVersion=True), None, "schemaVersion"),
    (image(schemaVersion=...), None, "schemaVersion None"),
    ({"schemaVersion": 2}, None, "neither"),
    (image(manifests=[]), None, "ambiguous"),
    (index(config=None), None, "ambiguous"),
    (index(layers=[]), None, "ambiguous"),
    (index(manifests=None), None, "manifests is no list"),
    (index(manifests={}), None, "manifests is no list"),
    (index("x"), None, "manifests holds"),
    (image(), manifest.DOCKER_MANIFEST, "but it came as"),
    (image(), manifest.OCI_INDEX, "but it came as"),
    (image(mediaType=manifest.OCI_INDEX), None, "does not fit its content"),
    (index(entry("linux", "amd64"), mediaType=manifest.OCI_MANIFEST), None, "does not fit its content"),
    (image(mediaType="text/\x1b[31mred"), None, "does not fit"),
    (image(mediaType=5), None, "mediaType is no string"),
    (image(config=None), None, "config is no object"),
    (image(config=...), None, "config is no object"),
    (image(config=described("application/vnd.oci.empty.v1+json")), None, "is no image"),
    (image(layers=None), None, "layers is no list"),
    (image(layers=...), None, "layers is no list"),
    (image(layers=[None]), None, "layers holds"),
    (image(layers=[described()] * 501), None, "501 layers"),
    (image(layers=[described("application/x-evil")]), None, "layers[0] has the unknown media type"),
    (image(layers=[described(size=-1)]), None, "layers[0]: size"),
    (image(layers=[described(size=None)]), None, "layers[0]: size"),
    (image(layers=[described(size="10")]), None, "layers[0]: size"),
    (image(layers=[described(size=True)]), None, "layers[0]: size"),
    (image(layers=[described(size=1.5)]), None, "layers[0]: size"),
    (image(layers=[described(size=1 << 62)]), None, "layers[0]: size"),
    (image(layers=[described(digest=None)]), None, "layers[0]: digest"),
    (image(layers=[described(digest="sha256:../../etc/passwd")]), None, "layers[0]: digest"),
    (image(layers=[described(digest="sha1:" + HEX[:40])]), None, "layers[0]: digest"),
    (image(layers=[described(mediaType=None)]), None, "layers[0] has no mediaType"),
    (image(layers=[described(urls="x")]), None, "layers[0]: urls"),
    (image(layers=[described(annotations={"a": 1})]), None, "layers[0]: annotations"),
    (image(annotations=[]), None, "annotations is no object"),
    (index(described(manifest.OCI_MANIFEST, platform="linux")), None, "platform is no object"),
])
def test_a_wrong_manifest_is_refused_with_the_field(document: Any, header: str | None, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(document, header)
    assert words in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(("wanted", "size"), [
    (Platform("linux", "amd64"), 1), (Platform("linux", "arm", "v7"), 3), (Platform("linux", "arm", "v6"), 2),
    (Platform("linux", "arm64", "v8"), 4), (Platform("linux", "arm64"), 4), (Platform("linux", "amd64", "v3"), 1)])
def test_an_index_gives_the_best_variant(wanted: Platform, size: int) -> None:
    rows = parsed(index(
        entry("windows", "amd64", size=9), entry("linux", "amd64", size=1), entry("linux", "arm", "v6", 2),
        entry("linux", "arm", "v7", 3), entry("linux", "arm64", "v8", 4), entry("unknown", "unknown", size=8)))
    assert manifest.choose(rows, wanted, "x").size == size


def test_an_index_without_the_platform_says_what_there_is() -> None:
    rows = parsed(index(entry("linux", "s390x"), entry("linux", "arm", "v7"), entry("unknown", "unknown"),
                        entry("linux", "\x1b[31m")))
    with pytest.raises(NotFound, match="linux/arm/v7, linux/s390x") as caught:
        manifest.choose(rows, Platform("linux", "amd64"), "r.example/x")
    assert "unknown" not in str(caught.value) and "\x1b" not in str(caught.value)


def test_an_empty_index_is_refused() -> None:
    with pytest.raises(NotFound):
        manifest.choose(parsed(index()), Platform(), "x")


def test_what_is_built_can_be_read() -> None:
    known = parsed(image(layers=[described(urls=["https://e.example/x"], annotations={"a": "b"})]))
    for docker in (False, True):
        config = described(manifest.DOCKER_CONFIG if docker else manifest.OCI_CONFIG)
        row = parsed(image(config=config)).config
        again = manifest.parse_manifest(manifest.build_manifest(row, known.layers, {"k": "v"}, docker=docker))
        assert again.layers == known.layers and again.config == row


def config(**changes: Any) -> dict[str, Any]:
    document = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
                "config": {"Env": ["A=1"], "Cmd": ["sh"], "Volumes": {"/b": {}, "/a": {}},
                           "ExposedPorts": {"80/tcp": {}}, "Labels": {"k": "v"}}}
    document.update(changes)
    return {key: value for key, value in document.items() if value is not ...}


def read(document: Any) -> imageconfig.ImageConfig:
    return imageconfig.parse(json.dumps(document).encode())


def test_a_configuration_is_read() -> None:
    known = read(config(created="2024-02-29T23:59:59.123456789Z", history=[{"created_by": "x", "empty_layer": True}]))
    assert known.env == ("A=1",) and known.cmd == ("sh",) and known.volumes == ("/a", "/b")
    assert known.diff_ids == (HEX,) and known.labels == {"k": "v"} and known.exposed_ports == ("80/tcp",)


def test_go_writes_null_for_what_is_empty() -> None:
    known = read(config(config={"Env": None, "Cmd": None, "Volumes": None, "Labels": None}, history=None))
    assert known.env == () and known.labels == {} and known.history == ()
    assert read(config(config=None)).cmd == ()


def test_a_health_check_has_dockers_defaults() -> None:
    known = read(config(config={"Healthcheck": {"Test": ["CMD", "x"], "Interval": 5_000_000_000}})).healthcheck
    assert known is not None and (known.interval, known.timeout, known.retries) == (5.0, 30.0, 3)


@pytest.mark.parametrize(("document", "words"), [
    (config(rootfs=...), "rootfs is no object"), (config(rootfs=None), "rootfs is no object"),
    (config(rootfs={"type": "x"}), "rootfs has the type"), (config(rootfs={"type": "layers", "diff_ids": [5]}),
                                                            "diff_ids"),
    (config(rootfs={"type": "layers", "diff_ids": ["sha256:x"]}), "diff_ids[0]"),
    (config(rootfs={"type": "layers", "diff_ids": [DIGEST] * 501}), "501"),
    (config(os=...), "no os"), (config(architecture=""), "no architecture"), (config(os=5), "os is no string"),
    (config(config=[]), "config is no object"), (config(config={"Env": "A=1"}), "Env is no list"),
    (config(config={"Env": [None]}), "Env holds"), (config(config={"Env": ["A=\0"]}), "zero byte"),
    (config(config={"Cmd": ["\0"]}), "zero byte"), (config(config={"Entrypoint": "sh"}), "Entrypoint is no list"),
    (config(config={"WorkingDir": "/\0"}), "zero byte"), (config(config={"User": 0}), "User is no string"),
    (config(config={"Volumes": ["/a"]}), "Volumes is no object"), (config(config={"Volumes": {"/\0": {}}}),
                                                                   "zero byte"),
    (config(config={"Labels": {"a": 1}}), "Labels holds"), (config(created="yesterday"), "created is no time"),
    (config(created="2024-01-01T00:00:00Z\n"), "created is no time"), (config(history=["x"]), "history holds"),
    (config(history=[{"created_by": 5}]), "history[0]: created_by"), (config(history=[{"empty_layer": "yes"}]),
                                                                      "history[0]"),
    (config(config={"Healthcheck": {"Test": ["CMD"], "Interval": -1}}), "Interval is out of range"),
    (config(config={"Healthcheck": {"Test": "x"}}), "Test is no list"),
])
def test_a_wrong_configuration_is_refused_with_the_field(document: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(document)
    assert words in str(caught.value)


def test_a_built_configuration_can_be_read() -> None:
    data = imageconfig.build([HEX], {"Cmd": ["x"]}, architecture="arm64", created="2024-01-01T00:00:00Z", author="me")
    known = imageconfig.parse(data)
    assert known.diff_ids == (HEX,) and known.author == "me" and known.architecture == "arm64"
