# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pushing an image: only what the registry lacks, and as it was pulled where that is possible."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from typing import Callable, Iterator, List, Optional, Sequence

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..formats import manifest
from ..formats import reference as references
from ..formats.manifest import Descriptor, Manifest
from ..formats.reference import Reference
from ..frozen import replace
from ..kernel import files, locks
from ..registry import configuration, transfer
from ..registry.client import Client
from ..registry.transfer import Access
from ..store import blobs, images, layers
from ..store.images import ImageRecord

CHUNK = 1024 * 1024
MAX_MOUNTS = 3  # repositories to try for one layer

OPEN = Access()
Progress = Callable[[str, int, int], None]


def push(ctx: Context, name: str, destination: str, *, access: Access = OPEN, format: str = "",
         progress: Optional[Progress] = None) -> str:
    """Push an image to a registry; the digest ('sha256:...') of its manifest there.

    ``format`` is 'oci' or 'v2s2' (docker's); '' keeps the image's own. Raises NotFound, RegistryError.
    """
    check_format(format)
    record = images.lookup(ctx, name)
    target = _target(record.names, destination)
    client = transfer.client_for(ctx, configuration.load(ctx), target, access)
    data = blobs.read(ctx, record.manifest_digest[7:])
    parsed = manifest.parse_manifest(data)
    if not isinstance(parsed, Manifest):
        raise InvalidInput("The image %s has no manifest of its own" % name)
    docker = format == "v2s2" or (not format and parsed.media_type == manifest.DOCKER_MANIFEST)
    same_format = docker == (parsed.media_type == manifest.DOCKER_MANIFEST)
    work = _Push(ctx, client, target, docker, progress)
    rows = [work.layer(chain, row) for chain, row in zip(record.layers, parsed.layers)]
    if not same_format or rows != list(parsed.layers):
        config = replace(parsed.config, media_type=manifest.DOCKER_CONFIG if docker else manifest.OCI_CONFIG)
        data = manifest.build_manifest(config, rows, parsed.annotations, docker=docker)
        parsed = replace(parsed, media_type=manifest.DOCKER_MANIFEST if docker else manifest.OCI_MANIFEST)
    if not client.has_blob(target.path, record.id):
        text = blobs.read(ctx, record.id)
        client.upload(target.path, record.id, len(text), lambda: iter([text]))
    digest = hashlib.sha256(data).hexdigest()
    client.put_manifest(target.path, target.tag or "sha256:" + digest, data, parsed.media_type)
    with images.lock(ctx):
        known = images.get(ctx, record.id)
        images.put(ctx, replace(known, digests=known.digests + ("%s@sha256:%s" % (target.name, digest),)))
    return "sha256:" + digest


def check_format(format: str) -> None:
    """Raise InvalidInput for what is no format of a manifest; '' keeps an image's own."""
    if format not in ("", "oci", "v2s2"):
        raise InvalidInput("%r is no format of a manifest" % format, "Use oci or v2s2.")


def offered(ctx: Context, names: Sequence[str], destination: str, access: Access) -> str:
    """The digest ('sha256:...') that the registry has where a push would put an image: no mirror and no other location.

    ``names`` are the image's. Raises RegistryError, with the status 404 when it has none.
    """
    target = _target(names, destination)
    client = transfer.client_for(ctx, configuration.load(ctx), target, access)
    return "sha256:" + client.manifest_digest(target.path, target.version)


def _target(names: Sequence[str], destination: str) -> Reference:
    text = destination[len("docker://"):] if destination.startswith("docker://") else destination
    if references.is_short(text):
        # The only complete name that ends like that, as the user sees it in the list of images.
        fitting = [one for one in names if one.endswith("/" + text) or one.endswith("/%s:latest" % text)]
        if len(fitting) != 1 or fitting[0].startswith(references.LOCAL + "/"):
            raise InvalidInput("%r does not say which registry to push to" % destination,
                               "Write it out, such as registry.example/%s." % text)
        text = fitting[0]
    return references.parse(text)


class _Push:
    """Where one image's layers go, and as what."""

    def __init__(self, ctx: Context, client: Client, target: Reference, docker: bool,
                 progress: Optional[Progress]) -> None:
        self._ctx, self._client, self._progress = ctx, client, progress
        self._docker, self._repository, self._domain = docker, target.path, target.domain
        self._records: Optional[List[ImageRecord]] = None

    def layer(self, chain: str, row: Descriptor) -> Descriptor:
        """See to it that the registry has a layer; what to call it in the manifest.

        ``row`` is what the image's own manifest calls it; where the registry has exactly that, it stays.
        """
        gzip, zstd = row.media_type.endswith("gzip"), row.media_type.endswith("zstd") and not self._docker
        if (gzip or zstd) and self._has(chain, row.digest):
            return replace(row, media_type=self._gzip_kind() if gzip else row.media_type)
        return self._upload(chain)

    def _gzip_kind(self) -> str:
        return manifest.DOCKER_LAYER + ".gzip" if self._docker else manifest.OCI_LAYER + "+gzip"

    def _has(self, chain: str, digest: str) -> bool:
        """Whether the registry has a blob in this repository, if need be by having it from another one."""
        return self._client.has_blob(self._repository, digest) or any(
            self._client.mount(self._repository, digest, other) for other in self._others(chain))

    def _others(self, chain: str) -> List[str]:
        """Repositories of the same registry that images with this layer were pulled from or pushed to."""
        if self._records is None:
            self._records = images.all(self._ctx)
        names = [references.parse(one) for record in self._records if chain in record.layers for one in record.digests]
        found = dict.fromkeys(name.path for name in names if name.domain == self._domain)
        return [path for path in found if path != self._repository][:MAX_MOUNTS]

    def _upload(self, chain: str) -> Descriptor:
        """Compress a layer, and upload it where the registry has not got it."""
        directory = self._ctx.tmpdir
        try:
            fd, path = tempfile.mkstemp(prefix="pycontainer-push-", suffix=files.temporary_suffix(), dir=directory)
        except OSError as exc:
            raise _no_room(directory, exc) from exc
        with locks.held(path):
            try:
                try:
                    with os.fdopen(fd, "wb") as stream:
                        digest, size = _gzip(layers.tar(self._ctx, chain), stream.write)
                except OSError as exc:
                    raise _no_room(directory, exc) from exc
                if not self._has(chain, digest):
                    label = "Copying blob sha256:%s" % digest[:12]
                    self._client.upload(self._repository, digest, size,
                                        lambda: _read(path, label, size, self._progress))
                return Descriptor(self._gzip_kind(), digest, size)
            finally:
                os.unlink(path)


def _no_room(directory: str, exc: OSError) -> EngineError:
    """The error for a temporary file that could not be written."""
    return EngineError("Cannot compress a layer in %s: %s" % (directory, exc.strerror),
                       "Make room there, or name another directory for temporary files (tmpdir).")


def _gzip(chunks: Iterator[bytes], write: Callable[[bytes], object]) -> tuple[str, int]:
    """gzip without name and time, so that the same layer always gives the same bytes."""
    pack, digest, size = zlib.compressobj(6, zlib.DEFLATED, 31), hashlib.sha256(), 0
    for data in chunks:
        packed = pack.compress(data)
        digest.update(packed)
        size += len(packed)
        write(packed)
    packed = pack.flush()
    digest.update(packed)
    write(packed)
    return digest.hexdigest(), size + len(packed)


def _read(path: str, label: str, size: int, progress: Optional[Progress]) -> Iterator[bytes]:
    done = 0
    with open(path, "rb") as stream:
        for data in iter(lambda: stream.read(CHUNK), b""):
            done += len(data)
            if progress is not None:
                progress(label, done, size)
            yield data
