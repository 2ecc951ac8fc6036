# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documents of images that we make and save, against the image-spec's rules."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sys
import tarfile
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import imageconfig, manifest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images, imports

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import tars  # noqa: E402

SCHEMA = yaml.safe_load(pathlib.Path(__file__).with_name("image-spec.schema.yaml").read_text(encoding="utf-8"))
HEX = "0123456789abcdef" * 4
CHANGES = ["CMD sleep 5", 'ENTRYPOINT ["/e", "x"]', "ENV A=1 B='2 3'", "ENV C d", "EXPOSE 80 53/udp", "LABEL a=b",
           "STOPSIGNAL SIGINT", "USER 1000:5", "VOLUME /v /w", "WORKDIR /srv"]


def check(kind: str, document: Any) -> Any:
    """The document, once it has proven to be a valid one."""
    jsonschema.Draft202012Validator({"$ref": "#/$defs/" + kind, "$defs": SCHEMA["$defs"]}).validate(document)
    return document


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.parametrize("changes", [[], CHANGES], ids=["plain", "with every change"])
def test_an_image_that_was_made_and_saved(tmp_path: pathlib.Path, changes: list) -> None:
    ctx = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
    (tmp_path / "root.tar").write_bytes(tars.make(tars.member("file", b"content")))
    imports.import_tar(ctx, str(tmp_path / "root.tar"), "localhost/made:1", changes=changes, message="why")
    images.save(ctx, ["localhost/made:1"], str(tmp_path / "saved.tar"), format="oci-archive")
    with tarfile.open(tmp_path / "saved.tar") as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}  # type: ignore[union-attr]

    def blob(descriptor: dict[str, Any]) -> bytes:
        data = files["blobs/sha256/" + descriptor["digest"][7:]]
        assert len(data) == descriptor["size"]
        assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"]
        return data

    check("layout", json.loads(files["oci-layout"]))
    index = check("index", json.loads(files["index.json"]))
    image = check("manifest", json.loads(blob(index["manifests"][0])))
    config = check("config", json.loads(blob(image["config"])))
    assert [hashlib.sha256(blob(row)).hexdigest() for row in image["layers"]] == [
        row[7:] for row in config["rootfs"]["diff_ids"]]
    assert len([row for row in config["history"] if not row.get("empty_layer")]) == len(image["layers"])
    if changes:
        assert config["config"] == {
            "Cmd": ["/bin/sh", "-c", "sleep 5"], "Entrypoint": ["/e", "x"], "Env": ["A=1", "B=2 3", "C=d"],
            "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Labels": {"a": "b"}, "StopSignal": "SIGINT",
            "User": "1000:5", "Volumes": {"/v": {}, "/w": {}}, "WorkingDir": "/srv"}


def built() -> dict[str, Any]:
    layer = manifest.Descriptor(manifest.OCI_LAYER + "+gzip", HEX, 5, ("https://r.example/x",), {"a": "b"})
    config = manifest.Descriptor(manifest.OCI_CONFIG, HEX, 7)
    return dict(json.loads(manifest.build_manifest(config, [layer], {"k": "v"})))


def configured() -> dict[str, Any]:
    return dict(json.loads(imageconfig.build([HEX], {"Cmd": ["x"]}, architecture="arm64", author="me",
                                             created="2024-01-01T00:00:00Z", history=[{"created_by": "x"}])))


def test_what_is_built_is_valid() -> None:
    check("manifest", built())
    check("config", configured())


@pytest.mark.parametrize("kind, change", [
    ("manifest", {"schemaVersion": 1}), ("manifest", {"layers": []}), ("manifest", {"manifests": []}),
    ("manifest", {"mediaType": manifest.DOCKER_MANIFEST}), ("manifest", {"annotations": {"a": 1}}),
    ("manifest", {"config": {"mediaType": manifest.OCI_LAYER, "digest": "sha256:" + HEX, "size": 1}}),
    ("manifest", {"config": {"mediaType": manifest.OCI_CONFIG, "digest": HEX, "size": 1}}),
    ("manifest", {"config": {"mediaType": manifest.OCI_CONFIG, "digest": "sha256:" + HEX, "size": -1}}),
    ("config", {"os": "plan9"}), ("config", {"architecture": "x86_64"}), ("config", {"created": "yesterday"}),
    ("config", {"rootfs": {"type": "layers", "diff_ids": [HEX]}}), ("config", {"history": [{"empty_layer": 1}]}),
    ("config", {"config": {"Env": ["A"]}}), ("config", {"config": {"Volumes": ["/v"]}}),
    ("config", {"config": {"ExposedPorts": {"http": {}}}}), ("config", {"config": {"WorkingDir": "srv"}})], ids=str)
def test_a_broken_document_is_noticed(kind: str, change: dict) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(kind, dict(built() if kind == "manifest" else configured(), **change))
