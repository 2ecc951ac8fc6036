# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images in files: docker-archive, oci-archive, oci layout directories and skopeo's dir (containers-transports(5)).

Members are looked up by name, in the archive's own table; nothing is unpacked, and no link, device
or FIFO in an archive ever selects a file of the host.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import zlib
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, VerificationError
from ..formats import imageconfig, jsonbytes, manifest
from ..formats import reference as references
from ..formats.manifest import Descriptor, Index, Manifest
from ..kernel import inroot
from ..kernel.files import write_error
from ..store import blobs, collection, images, layers, tarstream, unpack
from ..store.images import ImageRecord
from . import pull

CHUNK = 1024 * 1024
MAX_MEMBERS = 100000
FORMATS = ("docker-archive", "oci-archive", "oci-dir", "docker-dir")
NAME = "org.opencontainers.image.ref.name"
FULL_NAME = "io.containerd.image.name"


class Folder:
    """The regular files of a directory; links are followed inside it only."""

    def __init__(self, path: str) -> None:
        self.path = path

    def has(self, name: str) -> bool:
        """Whether there is such a regular file."""
        return os.path.isfile(os.path.join(self.path, name)) and not os.path.islink(os.path.join(self.path, name))

    def open(self, name: str) -> BinaryIO:
        """A file to read. Raises InvalidInput."""
        try:
            fd = inroot.open_in_root(self.path, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as exc:
            raise InvalidInput("%s has no readable %s: %s" % (self.path, name, exc.strerror)) from exc
        stream = os.fdopen(fd, "rb")
        if not os.path.isfile("/proc/self/fd/%d" % fd):
            stream.close()
            raise InvalidInput("%s in %s is no regular file" % (name, self.path))
        return stream


class Archive:
    """The members of a tar, plain or gzip. A link inside it is followed in its own table, a few times.

    A name that stands for several members is refused: readers differ in which of them they take.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._members: Dict[str, Optional[Tuple[bytes, int, int, str]]] = {}
        try:
            with open(path, "rb") as raw:
                self._packed = raw.read(2) == unpack.GZIP
                self._end = None if self._packed else os.fstat(raw.fileno()).st_size
            with self._stream() as stream:
                for entry in tarstream.entries(stream.read):
                    self._note(entry, stream)
        except (InvalidInput, EOFError, OSError, zlib.error) as exc:
            raise InvalidInput("%s is no readable tar archive: %s" % (path, getattr(exc, "message", exc))) from exc
        if not self._members:
            raise InvalidInput("%s is no readable tar archive: it is empty" % path)

    def _stream(self) -> Any:
        """The plain tar, for one reader: several layers are read at once."""
        return gzip.open(self.path, "rb") if self._packed else open(self.path, "rb")

    def _note(self, entry: tarstream.Entry, stream: Any) -> None:
        name = _plain(entry.name.decode("utf-8", "surrogateescape"))
        start = stream.tell()
        link = entry.link.decode("utf-8", "surrogateescape")
        if name and entry.kind != tarstream.DIRECTORY:
            self._members[name] = None if name in self._members else (entry.kind, start, entry.size, link)
        if len(self._members) > MAX_MEMBERS:
            raise InvalidInput("it has more than %d members" % MAX_MEMBERS)
        stream.seek(start + entry.size + tarstream.padding(entry.size))
        if self._end is not None and start + entry.size > self._end:
            raise InvalidInput("it ends in the middle of %s" % tarstream.shown(entry.name))

    def _find(self, name: str) -> Optional[Tuple[int, int]]:
        for _step in range(5):
            name = _plain(name)
            if name in self._members and self._members[name] is None:
                raise InvalidInput("%s has several members called %s" % (self.path, ascii(name[:200])))
            member = self._members.get(name)
            if member is None:
                return None
            if member[0] == tarstream.REGULAR:
                return member[1], member[2]
            if member[0] not in (tarstream.SYMLINK, tarstream.HARDLINK):
                return None
            base = os.path.dirname(name) if member[0] == tarstream.SYMLINK else ""
            name = os.path.normpath(os.path.join(base, member[3]))
        return None

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return self._find(name) is not None

    def open(self, name: str) -> Any:
        """A member to read. Raises InvalidInput."""
        found = self._find(name)
        if found is None:
            raise InvalidInput("%s has no regular file %s" % (self.path, ascii(name[:200])))
        stream = self._stream()
        stream.seek(found[0])
        return _Member(stream, found[1])


class _Member:
    """One member's content, by a stream of its own."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._left = stream, size

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_details: object) -> None:
        self._stream.close()

    def read(self, count: int) -> bytes:
        """At most ``count`` bytes. Raises EOFError where the archive ends too early."""
        wanted = min(count, self._left)
        data: bytes = self._stream.read(wanted)
        if len(data) < wanted:
            raise EOFError("it ends too early")
        self._left -= len(data)
        return data


def _plain(name: str) -> str:
    """A member's name without what means nothing; '' for one that leads out of the archive."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "" if ".." in parts or name.startswith("/") else "/".join(parts)


class Place:
    """A folder or an archive, read with bounds."""

    def __init__(self, path: str) -> None:
        if os.path.isdir(path):
            self._files: Any = Folder(path)
        elif os.path.isfile(path):
            self._files = Archive(path)
        else:
            raise InvalidInput("%s is neither a regular file nor a directory" % path)
        self.path = path
        self.has: Callable[[str], bool] = self._files.has

    def document(self, name: str) -> bytes:
        """A small file's content."""
        try:
            with self._open(name) as stream:
                data: bytes = stream.read(jsonbytes.MAX_SIZE + 1)
        except (EOFError, OSError, zlib.error) as exc:
            raise InvalidInput("%s is damaged at %s: %s" % (self.path, name[:200], exc)) from exc
        if len(data) > jsonbytes.MAX_SIZE:
            raise InvalidInput("%s in %s is larger than %d bytes" % (name, self.path, jsonbytes.MAX_SIZE))
        return data

    def _open(self, name: str) -> Any:
        return self._files.open(name)

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's content in pieces. Raises InvalidInput when the archive is damaged."""
        try:
            with self._open(name) as stream:
                yield from iter(lambda: stream.read(CHUNK), b"")
        except (EOFError, OSError, zlib.error) as exc:
            raise InvalidInput("%s is damaged at %s: %s" % (self.path, name, exc)) from exc


def load(ctx: Context, path: str) -> List[ImageRecord]:
    """Load every image of an archive or layout, whichever kind it is. Raises InvalidInput, VerificationError."""
    for prefix in FORMATS + ("dir", "oci"):
        if path.startswith(prefix + ":"):
            path = path[len(prefix) + 1:]
            break
    place = Place(path)
    if place.has("oci-layout") or place.has("index.json"):
        return _load_oci(ctx, place)
    if place.has("manifest.json") and place.has("version"):
        return [_load_dir(ctx, place)]
    if place.has("manifest.json"):
        return _load_docker(ctx, place)
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


def _load_oci(ctx: Context, place: Place) -> List[ImageRecord]:
    layout = jsonbytes.loads(place.document("oci-layout"), "oci-layout in %s" % place.path)
    if layout.get("imageLayoutVersion") != "1.0.0":
        raise InvalidInput("%s has the layout version %r" % (place.path, layout.get("imageLayoutVersion")))
    what = "index.json in %s" % place.path
    index = manifest.parse_manifest(place.document("index.json"), None, what)
    if not isinstance(index, Index) or not index.manifests:
        raise InvalidInput("%s names no image" % what)
    return [_load_one(ctx, place, row) for row in index.manifests]


def _load_one(ctx: Context, place: Place, row: Descriptor, *, nested: bool = False) -> ImageRecord:
    what = "The manifest sha256:%s in %s" % (row.digest[:12], place.path)
    data = _verified(place, _blob(row.digest), row)
    parsed = manifest.parse_manifest(data, row.media_type, what)
    if isinstance(parsed, Index):
        from ..formats import platform

        if nested:
            raise InvalidInput("%s is an index in an index" % what)
        return _load_one(ctx, place, manifest.choose(parsed, platform.host(), what), nested=True)
    config = _verified(place, _blob(parsed.config.digest), parsed.config)
    name = row.annotations.get(FULL_NAME) or row.annotations.get(NAME) or ""
    return pull.keep(ctx, parsed, config, data, _names([name] if name else []), (),
                     _feeder(place, _blob))


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


def _load_dir(ctx: Context, place: Place) -> ImageRecord:
    data = place.document("manifest.json")
    parsed = manifest.parse_manifest(data, None, "manifest.json in %s" % place.path)
    if not isinstance(parsed, Manifest):
        raise InvalidInput("%s holds an index and not one image" % place.path)
    config = _verified(place, parsed.config.digest, parsed.config)
    return pull.keep(ctx, parsed, config, data, (), (), _feeder(place, lambda digest: digest))


def _load_docker(ctx: Context, place: Place) -> List[ImageRecord]:
    what = "manifest.json in %s" % place.path
    text = place.document("manifest.json")
    rows = jsonbytes.loads(b'{"images":' + text + b"}", what).get("images")
    if not isinstance(rows, list) or not rows:
        raise InvalidInput("%s names no image" % what)
    result = []
    for number, row in enumerate(rows):
        fields = jsonbytes.Fields(row, "%s: [%d]" % (what, number))
        result.append(_load_docker_one(ctx, place, fields))
    return result


def _load_docker_one(ctx: Context, place: Place, fields: jsonbytes.Fields) -> ImageRecord:
    """One image of a docker-archive, whose layers have no digest but their diff IDs."""
    config_data = place.document(fields.text("Config"))
    config = imageconfig.parse(config_data, "%s: Config" % fields.what)
    names, tags = fields.texts("Layers"), _names(fields.texts("RepoTags"))
    if len(names) != len(config.diff_ids):
        raise InvalidInput("%s has %d layers, but its configuration has %d diff IDs" % (
            fields.what, len(names), len(config.diff_ids)))
    chains = layers.chain(config.diff_ids)
    with collection.pinned(ctx, chains):
        sizes = []
        for number, name in enumerate(names):
            parent = chains[number - 1] if number else None
            with layers.held(ctx, chains[number]) as there:
                if not there:
                    def feed(write: Callable[[bytes], None], name: str = name) -> None:
                        for data in place.pieces(name):
                            write(data)

                    layers.extract(ctx, feed, config.diff_ids[number], parent)
            sizes.append(layers.get(ctx, chains[number]).tar_size)
        layers.settle(ctx, chains)
        with images.lock(ctx):
            image_id = blobs.put(ctx, config_data)
            text = manifest.build_manifest(
                Descriptor(manifest.DOCKER_CONFIG, image_id, len(config_data)),
                [Descriptor(manifest.DOCKER_LAYER, diff_id, size) for diff_id, size in zip(config.diff_ids, sizes)],
                docker=True)
            record = pull.describe(ctx, image_id, config, blobs.put(ctx, text), ())
            return images.put(ctx, record, tags)


def save(ctx: Context, names: Sequence[str], path: str, format: str = "docker-archive") -> None:
    """Write images to a file or a directory, which must not exist, whole or not at all.

    Raises NotFound, InvalidInput, and EngineError for a full disk.
    """
    if format not in FORMATS:
        raise InvalidInput("%r is no format of an archive" % format, "Use one of: %s." % ", ".join(FORMATS))
    if len(names) != 1 and format != "docker-archive":
        raise InvalidInput("%s holds one image" % format, "Use docker-archive for several.")
    rows = [(images.lookup(ctx, name), _saved_name(ctx, name)) for name in names]
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


def _saved_name(ctx: Context, name: str) -> str:
    """The name that an image is saved under: the one that it was asked for by."""
    record = images.lookup(ctx, name)
    if record.id.startswith(name):
        return record.names[0] if record.names else ""
    fitting = [one for one in record.names if one == name or one.endswith(("/" + name, "/%s:latest" % name))
               or one == name + ":latest"]
    return (fitting or list(record.names) or [""])[0]


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
        with open(os.path.join(folder, _blob(digest)), "wb") as stream:
            stream.write(data)
        return Descriptor(kind, digest, len(data))

    sizes = _save_layers(ctx, record, lambda diff_id: os.path.join(folder, _blob(diff_id)))
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
                    with tempfile.TemporaryFile(dir=ctx.tmpdir) as stream:
                        for data in layers.tar(ctx, chain):
                            stream.write(data)
                        _add(tar, diff_id + ".tar", stream)
            if record.id not in merged:
                _add(tar, record.id + ".json", io.BytesIO(blobs.read(ctx, record.id)))
                merged[record.id] = {"Config": record.id + ".json", "RepoTags": [],
                                     "Layers": [d + ".tar" for d in record.diff_ids]}
            if name:
                merged[record.id]["RepoTags"].append(name)
        _add(tar, "manifest.json", io.BytesIO(json.dumps(list(merged.values())).encode()))


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
