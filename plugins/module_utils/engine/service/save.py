# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images to files: docker-archive, oci-archive, oci layout directories and skopeo's dir (containers-transports(5))."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..formats import manifest
from ..formats.manifest import Descriptor
from ..kernel.files import write_error
from ..store import blobs, images, layers
from ..store.images import ImageRecord
from .load import FORMATS, NAME


def save(ctx: Context, names: Sequence[str], path: str, format: str = "docker-archive") -> None:
    """Write images to a file or a directory, which must not exist, whole or not at all.

    Raises NotFound, InvalidInput, and EngineError for a full disk.
    """
    if format not in FORMATS:
        raise InvalidInput("%r is no format of an archive" % format, "Use one of: %s." % ", ".join(FORMATS))
    if len(names) != 1 and format != "docker-archive":
        raise InvalidInput("%s holds one image" % format, "Use docker-archive for several.")
    rows = [_saved(ctx, name) for name in names]
    if os.path.exists(path) and (not os.path.isfile(path) or format.endswith("-dir")):
        raise InvalidInput("%s exists already" % path, "Remove it, or choose another place.")
    try:
        staging = tempfile.mkdtemp(prefix=".pycontainer-save-", dir=os.path.dirname(os.path.abspath(path)))
    except OSError as exc:
        raise write_error(path, exc) from exc
    try:
        target = os.path.join(staging, "out")
        if format == "docker-archive":
            _save_docker(ctx, rows, target)
        elif format == "docker-dir":
            _save_dir(ctx, rows[0][0], target)
        else:
            folder = target if format == "oci-dir" else os.path.join(staging, "layout")
            _save_oci(ctx, rows[0], folder)
            if format == "oci-archive":
                _pack(folder, target)
        os.rename(target, path)
    except OSError as exc:
        raise write_error(path, exc) from exc
    finally:
        layers.remove_directory(staging)


def _place_of(digest: str) -> str:
    return "blobs/sha256/" + digest


def _saved(ctx: Context, name: str) -> Tuple[ImageRecord, str]:
    """An image, and the tag that it is saved under: the one that it was asked for by, '' for an ID or a digest."""
    record = images.lookup(ctx, name)
    spoken = images.spoken_name(ctx, record, name)
    return record, spoken if spoken in record.names else ""


def _save_layers(ctx: Context, record: ImageRecord, place: Callable[[str], str]) -> List[int]:
    """Write the layers' plain tars by their diff IDs; their sizes."""
    sizes = []
    for chain, diff_id in zip(record.layers, record.diff_ids):
        digest = hashlib.sha256()
        with open(place(diff_id), "wb") as stream:
            for data in layers.tar(ctx, chain):
                digest.update(data)
                stream.write(data)
            sizes.append(stream.tell())
        if digest.hexdigest() != diff_id:
            raise EngineError("The stored layer %s is damaged" % chain[:12], "Remove the image and pull it again.")
    return sizes


def _save_oci(ctx: Context, row: Tuple[ImageRecord, str], folder: str) -> None:
    record, name = row
    os.makedirs(os.path.join(folder, "blobs", "sha256"))

    def put(data: bytes, kind: str) -> Descriptor:
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(folder, _place_of(digest)), "wb") as stream:
            stream.write(data)
        return Descriptor(kind, digest, len(data))

    sizes = _save_layers(ctx, record, lambda diff_id: os.path.join(folder, _place_of(diff_id)))
    config = put(blobs.read(ctx, record.id), manifest.OCI_CONFIG)
    rows = [Descriptor(manifest.OCI_LAYER, d, size) for d, size in zip(record.diff_ids, sizes)]
    top = put(manifest.build_manifest(config, rows), manifest.OCI_MANIFEST)
    entry: Dict[str, Any] = {"mediaType": top.media_type, "digest": "sha256:" + top.digest, "size": top.size}
    if name:
        entry["annotations"] = {NAME: name}
    for file, document in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                           ("index.json", {"schemaVersion": 2, "manifests": [entry]})):
        with open(os.path.join(folder, file), "w", encoding="utf-8") as stream:
            json.dump(document, stream)


def _save_dir(ctx: Context, record: ImageRecord, folder: str) -> None:
    os.mkdir(folder)
    sizes = _save_layers(ctx, record, lambda diff_id: os.path.join(folder, diff_id))
    config = blobs.read(ctx, record.id)
    text = manifest.build_manifest(
        Descriptor(manifest.DOCKER_CONFIG, record.id, len(config)),
        [Descriptor(manifest.DOCKER_LAYER, d, size) for d, size in zip(record.diff_ids, sizes)], docker=True)
    for name, data in ((record.id, config), ("manifest.json", text), (
            "version", b"Directory Transport Version: 1.1\n")):
        with open(os.path.join(folder, name), "wb") as stream:
            stream.write(data)


def _save_docker(ctx: Context, rows: Sequence[Tuple[ImageRecord, str]], path: str) -> None:
    """A docker-archive: layers as <diff ID>.tar, once each, and manifest.json."""
    done: Dict[str, bool] = {}
    merged: Dict[str, Dict[str, Any]] = {}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for record, name in rows:
            for chain, diff_id in zip(record.layers, record.diff_ids):
                if diff_id not in done:
                    done[diff_id] = True
                    info = tarfile.TarInfo(diff_id + ".tar")
                    info.size, info.mode = layers.get(ctx, chain).tar_size, 0o644
                    tar.addfile(info, _Pieces(layers.tar(ctx, chain)))
            if record.id not in merged:
                _add(tar, record.id + ".json", io.BytesIO(blobs.read(ctx, record.id)))
                merged[record.id] = {"Config": record.id + ".json", "RepoTags": [],
                                     "Layers": [d + ".tar" for d in record.diff_ids]}
            if name:
                merged[record.id]["RepoTags"].append(name)
        _add(tar, "manifest.json", io.BytesIO(json.dumps(list(merged.values())).encode()))


class _Pieces(io.RawIOBase):
    """A stream of what comes in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, and less at the end only."""
        parts, left = [], size
        while left:
            piece, self._rest = self._rest or next(self._pieces, b""), b""
            if not piece:
                break
            parts.append(piece[:left])
            self._rest, left = piece[left:], left - len(parts[-1])
        if not left and not self._rest:
            # The generator verifies the layer after its last byte.
            self._rest = next(self._pieces, b"")
        return b"".join(parts)


def _add(tar: tarfile.TarFile, name: str, stream: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = stream.seek(0, os.SEEK_END)
    info.mode = 0o644
    stream.seek(0)
    tar.addfile(info, stream)


def _pack(folder: str, path: str) -> None:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for directory, names, files in os.walk(folder):
            names.sort()
            for name in sorted(files):
                full = os.path.join(directory, name)
                with open(full, "rb") as stream:
                    _add(tar, os.path.relpath(full, folder), stream)
