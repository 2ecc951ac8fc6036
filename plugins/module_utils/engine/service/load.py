# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images from files: docker-archive, oci-archive, oci layouts and skopeo's dir (containers-transports(5))."""

from __future__ import annotations

import hashlib
from typing import Callable, List, NamedTuple, Optional, Sequence

from ..context import Context
from ..errors import InvalidInput, VerificationError
from ..formats import imageconfig, jsonbytes, manifest
from ..formats import reference as references
from ..formats.manifest import Descriptor, Index, Manifest
from ..frozen import replace
from ..store import blobs, collection, images, layers
from ..store.images import ImageRecord
from . import pull
from .archivefiles import Place

FORMATS = ("docker-archive", "oci-archive", "oci-dir", "docker-dir")
NAME = "org.opencontainers.image.ref.name"
FULL_NAME = "io.containerd.image.name"


class Found(NamedTuple):
    """An image in an archive: its documents' bytes (b'' where there is no manifest), and how to read its layers."""

    config: bytes
    layers: Sequence[Descriptor]
    manifest: bytes
    names: Sequence[str]
    write: pull.Writer


def load(ctx: Context, path: str) -> List[ImageRecord]:
    """Load every image of an archive or layout, whichever kind it is; all are recorded, or none.

    Raises InvalidInput, VerificationError.
    """
    found = read(path)
    chains = [layers.chain(imageconfig.parse(one.config).diff_ids) for one in found]
    all_chains = [chain for row in chains for chain in row]
    layers.discard_staging(ctx)
    with collection.kept_if_done(ctx, all_chains):
        for one, row in zip(found, chains):
            pull.extract(ctx, imageconfig.parse(one.config), row, one.layers, one.write)
        layers.settle(ctx, all_chains)
        with images.lock(ctx):
            return [_record(ctx, one) for one in found]


def read(path: str) -> List[Found]:
    """The images of an archive or layout, without their layers. Raises InvalidInput, VerificationError."""
    for prefix in FORMATS + ("dir", "oci"):
        if path.startswith(prefix + ":"):
            path = path[len(prefix) + 1:]
            break
    return _images(Place(path), path)


def _images(place: Place, path: str) -> List[Found]:
    """What is in an archive, looked through as far as it goes without its layers."""
    if place.has("oci-layout") or place.has("index.json"):
        return _oci(place)
    if place.has("manifest.json") and place.has("version"):
        return [_dir(place)]
    if place.has("manifest.json"):
        return _docker(place)
    raise InvalidInput("%s is no image archive that is known" % path, "Known are: %s." % ", ".join(FORMATS))


def _blob(digest: str) -> str:
    return "blobs/sha256/" + digest


def _verified(place: Place, name: str, descriptor: Descriptor) -> bytes:
    data = place.document(name)
    if len(data) != descriptor.size or hashlib.sha256(data).hexdigest() != descriptor.digest:
        raise VerificationError("%s in %s is not what its digest and size say" % (name, place.path),
                                "The archive is damaged; nothing was loaded from it.")
    return data


def _feeder(place: Place, name_of: Callable[[str], str]) -> pull.Writer:
    """A writer of layers that verifies digest and size on the way."""
    def write(descriptor: Descriptor, feed: Callable[[bytes], None], progress: Optional[Callable[[int], None]]) -> None:
        digest, done = hashlib.sha256(), 0
        for data in place.pieces(name_of(descriptor.digest)):
            digest.update(data)
            done += len(data)
            if done > descriptor.size:
                break
            feed(data)
            if progress is not None:
                progress(done)
        if done != descriptor.size or digest.hexdigest() != descriptor.digest:
            raise VerificationError("The layer sha256:%s in %s is not what its digest and size say" % (
                descriptor.digest, place.path), "The archive is damaged; nothing was loaded from it.")
    return write


def _oci(place: Place) -> List[Found]:
    layout = jsonbytes.loads(place.document("oci-layout"), "oci-layout in %s" % place.path)
    if layout.get("imageLayoutVersion") != "1.0.0":
        raise InvalidInput("%s has the layout version %r" % (place.path, layout.get("imageLayoutVersion")))
    what = "index.json in %s" % place.path
    index = manifest.parse_manifest(place.document("index.json"), None, what)
    if not isinstance(index, Index) or not index.manifests:
        raise InvalidInput("%s names no image" % what)
    return [_oci_image(place, row) for row in index.manifests]


def _oci_image(place: Place, row: Descriptor, *, nested: bool = False) -> Found:
    what = "The manifest sha256:%s in %s" % (row.digest[:12], place.path)
    data = _verified(place, _blob(row.digest), row)
    parsed = manifest.parse_manifest(data, row.media_type, what)
    if isinstance(parsed, Index):
        from ..formats import platform

        if nested:
            raise InvalidInput("%s is an index in an index" % what)
        return _oci_image(place, manifest.choose(parsed, platform.host(), what), nested=True)
    config = _verified(place, _blob(parsed.config.digest), parsed.config)
    name = row.annotations.get(FULL_NAME) or row.annotations.get(NAME) or ""
    return Found(config, parsed.layers, data, _names([name] if name else []), _feeder(place, _blob))


def _names(texts: Sequence[str]) -> List[str]:
    """The names in an archive that are names: a layout's may be just a tag, which says nothing here."""
    result = []
    for text in texts:
        if ":" not in text and "/" not in text:
            continue
        short = references.is_short(text)
        target = references.in_registry(references.DOCKER, text) if short else references.parse(text)
        if target.tag:
            result.append(target.tagged)
    return result


def _dir(place: Place) -> Found:
    data = place.document("manifest.json")
    parsed = manifest.parse_manifest(data, None, "manifest.json in %s" % place.path)
    if not isinstance(parsed, Manifest):
        raise InvalidInput("%s holds an index and not one image" % place.path)
    config = _verified(place, parsed.config.digest, parsed.config)
    return Found(config, parsed.layers, data, [], _feeder(place, lambda digest: digest))


def _docker(place: Place) -> List[Found]:
    what = "manifest.json in %s" % place.path
    text = place.document("manifest.json")
    rows = jsonbytes.loads(b'{"images":' + text + b"}", what).get("images")
    if not isinstance(rows, list) or not rows:
        raise InvalidInput("%s names no image" % what)
    return [_docker_image(place, jsonbytes.Fields(row, "%s: [%d]" % (what, number)))
            for number, row in enumerate(rows)]


def _docker_image(place: Place, fields: jsonbytes.Fields) -> Found:
    """One image of a docker-archive, whose layers have no digest but their diff IDs, and no size."""
    data = place.document(fields.text("Config"))
    config = imageconfig.parse(data, "%s: Config" % fields.what)
    names, tags = fields.texts("Layers"), _names(fields.texts("RepoTags"))
    if len(names) != len(config.diff_ids):
        raise InvalidInput("%s has %d layers, but its configuration has %d diff IDs" % (
            fields.what, len(names), len(config.diff_ids)))
    places = dict(zip(config.diff_ids, names))

    def write(row: Descriptor, feed: Callable[[bytes], None], _progress: Optional[Callable[[int], None]]) -> None:
        for piece in place.pieces(places[row.digest]):
            feed(piece)

    rows = tuple(Descriptor(manifest.DOCKER_LAYER, diff_id, 0) for diff_id in config.diff_ids)
    return Found(data, rows, b"", tags, write)


def _record(ctx: Context, found: Found) -> ImageRecord:
    """Record an image whose layers are there; the caller holds the images' lock."""
    image_id, config = blobs.put(ctx, found.config), imageconfig.parse(found.config)
    text = found.manifest
    if not text:
        sizes = [layers.get(ctx, chain).tar_size for chain in layers.chain(config.diff_ids)]
        text = manifest.build_manifest(
            Descriptor(manifest.DOCKER_CONFIG, image_id, len(found.config)),
            [replace(row, size=size) for row, size in zip(found.layers, sizes)], docker=True)
    record = pull.describe(ctx, image_id, config, blobs.put(ctx, text), ())
    return images.put(ctx, record, found.names)
