# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests and indexes: OCI (image-spec manifest.md, image-index.md) and docker's v2, schema 2.

A document that could be read in two ways is refused: a registry and a client that read it
differently would run different images under one digest.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from ..errors import InvalidInput, NotFound
from ..frozen import Frozen
from .digest import parse_digest
from .jsonbytes import Fields, loads
from .platform import Platform

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"

ACCEPT = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
MAX_LAYERS = 500
MAX_BLOB = 1 << 40  # 1 TiB

# Layers that need not be in the registry: their descriptors may say where else they are (image-spec, layer.md).
FOREIGN_LAYERS = ("application/vnd.oci.image.layer.nondistributable.v1.tar",
                  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
                  "application/vnd.docker.image.rootfs.foreign.diff.tar",
                  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")

_CONFIGS = (OCI_CONFIG, DOCKER_CONFIG)
_LAYERS = (OCI_LAYER, OCI_LAYER + "+gzip", OCI_LAYER + "+zstd", DOCKER_LAYER, DOCKER_LAYER + ".gzip",
           DOCKER_LAYER + ".zstd", *FOREIGN_LAYERS)


class Descriptor(Frozen):
    """A pointer to content: ``digest`` in hex, ``size`` in bytes."""

    media_type: str
    digest: str
    size: int
    urls: Tuple[str, ...] = ()
    annotations: Dict[str, str] = {}
    platform: Optional[Platform] = None


class Manifest(Frozen):
    """One image: its configuration and its layers, the lowest first."""

    media_type: str
    config: Descriptor
    layers: Tuple[Descriptor, ...]
    annotations: Dict[str, str] = {}


class Index(Frozen):
    """Several images under one name."""

    media_type: str
    manifests: Tuple[Descriptor, ...]


def parse_manifest(data: bytes, media_type: Optional[str] = None, what: str = "The manifest") -> Union[Manifest, Index]:
    """A manifest or an index. ``media_type`` is what a header or a descriptor said, if anything.

    Raises InvalidInput that names the field.
    """
    document = loads(data, what)
    fields = Fields(document, what)
    if document.get("schemaVersion") != 2 or isinstance(document.get("schemaVersion"), bool):
        raise InvalidInput("%s has schemaVersion %s" % (what, _shown(document.get("schemaVersion"))),
                           "Only version 2 is supported; ask for the image to be pushed anew.")
    is_index, is_image = "manifests" in document, "layers" in document or "config" in document
    if is_index and is_image:
        raise InvalidInput("%s is ambiguous: it has manifests, and config or layers" % what)
    if not is_index and not is_image:
        raise InvalidInput("%s has neither manifests nor config and layers" % what)
    kind = _media_type(fields, media_type, is_index)
    if is_index:
        if not isinstance(document["manifests"], list):
            raise InvalidInput("%s: manifests is no list" % what)
        rows = [_descriptor(row, "%s: manifests[%d]" % (what, n), with_platform=True)
                for n, row in enumerate(fields.objects("manifests"))]
        return Index(kind, tuple(rows))
    return _manifest(fields, kind)


def _media_type(fields: Fields, header: Optional[str], is_index: bool) -> str:
    """The document's own media type and the header's must agree, with each other and with the content."""
    own = fields.text("mediaType")
    told = (header or "").split(";")[0].strip()
    generic = ("", "application/json", "text/plain", "application/octet-stream")
    if own and told not in generic and own != told:
        raise InvalidInput("%s says that it is %s, but it came as %s" % (fields.what, _shown(own), _shown(told)))
    kind = own or (told if told not in generic else (OCI_INDEX if is_index else OCI_MANIFEST))
    if kind not in ((OCI_INDEX, DOCKER_INDEX) if is_index else (OCI_MANIFEST, DOCKER_MANIFEST)):
        raise InvalidInput("%s has the media type %s, which does not fit its content" % (fields.what, _shown(kind)))
    return kind


def _manifest(fields: Fields, kind: str) -> Manifest:
    what = fields.what
    config = _descriptor(fields.document.get("config"), what + ": config")
    if config.media_type not in _CONFIGS:
        raise InvalidInput("%s is no image: its config is %s" % (what, _shown(config.media_type)),
                           "It is an artifact of another kind, and nothing that could be run.")
    if not isinstance(fields.document.get("layers"), list):
        raise InvalidInput("%s: layers is no list" % what)
    rows = fields.objects("layers")
    if len(rows) > MAX_LAYERS:
        raise InvalidInput("%s has %d layers, more than %d" % (what, len(rows), MAX_LAYERS))
    layers = tuple(_descriptor(row, "%s: layers[%d]" % (what, n)) for n, row in enumerate(rows))
    for number, layer in enumerate(layers):
        if layer.media_type not in _LAYERS:
            raise InvalidInput("%s: layers[%d] has the unknown media type %s" % (
                what, number, _shown(layer.media_type)))
    return Manifest(kind, config, layers, fields.pairs("annotations"))


def _descriptor(row: Any, where: str, *, with_platform: bool = False) -> Descriptor:
    fields = Fields(row, where)
    size = row.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_BLOB:
        raise InvalidInput("%s: size is no valid size: %s" % (where, _shown(size)))
    kind = fields.text("mediaType")
    if not kind:
        raise InvalidInput("%s has no mediaType" % where)
    platform = None
    if with_platform and row.get("platform") is not None:
        part = Fields(row["platform"], where + ": platform")
        platform = Platform(part.text("os"), part.text("architecture"), part.text("variant"))
    return Descriptor(kind, parse_digest(row.get("digest"), where + ": digest"), size, fields.texts("urls"),
                      fields.pairs("annotations"), platform)


def _shown(value: Any) -> str:
    """A stranger's value for a message: one line, short, without control characters."""
    text = ascii(value)
    return text if len(text) <= 120 else text[:120] + "..."


def choose(index: Index, platform: Platform, what: str) -> Descriptor:
    """The image for a platform, the best variant first. Raises NotFound that lists what there is."""
    images = [row for row in index.manifests if row.media_type in (OCI_MANIFEST, DOCKER_MANIFEST)]
    fitting = [row for row in images if row.platform is not None
               and (row.platform.os, row.platform.architecture) == (platform.os, platform.architecture)]
    for variant in platform.variants():
        for row in fitting:
            if row.platform is not None and row.platform.variant == variant:
                return row
    if platform.variant == "" and fitting:
        return fitting[0]
    if len(images) == 1 and images[0].platform is None:
        return images[0]
    offered = [one for one in sorted(set(platforms(index))) if not one.startswith("unknown")]
    raise NotFound("%s has no image for %s" % (what, platform),
                   "It has: %s." % (", ".join(offered[:40]) or "nothing that can be run"))


def build_manifest(config: Descriptor, layers: Sequence[Descriptor], annotations: Optional[Dict[str, str]] = None,
                   *, docker: bool = False) -> bytes:
    """The bytes of a manifest, OCI's or docker's."""
    def row(descriptor: Descriptor) -> Dict[str, Any]:
        result: Dict[str, Any] = {"mediaType": descriptor.media_type, "digest": "sha256:" + descriptor.digest,
                                  "size": descriptor.size}
        if descriptor.urls:
            result["urls"] = list(descriptor.urls)
        if descriptor.annotations:
            result["annotations"] = descriptor.annotations
        return result

    document: Dict[str, Any] = {
        "schemaVersion": 2, "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": row(config), "layers": [row(layer) for layer in layers]}
    if annotations and not docker:
        document["annotations"] = annotations
    return json.dumps(document, separators=(",", ":")).encode()


def platforms(index: Index) -> List[str]:
    """What an index offers, for messages."""
    return [_shown(str(row.platform)).strip("'\"") for row in index.manifests if row.platform is not None]
