# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What images need, and the removal of what nothing needs any more. All decisions are made under ``images.lock``.

A pull that is under way keeps its layers, and a container that is being made its image, by a pin: a locked
file in images/pins. A pin without a holder of its lock is a dead client's.

A removal begins with renaming image.json to removed.json and ends with removing that, so that the next
one completes what a killed one left. Layers of a pull that was killed stay for the next pull of it; only
``collect`` takes them, too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from typing import Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple, Type

from ..context import Context
from ..errors import Damaged, EngineError, NoSpace
from ..kernel import documents, files
from . import blobs, images, layers
from .images import ImageRecord


def forget(ctx: Context, record: ImageRecord) -> None:
    """Remove an image with all its names, and the layers and documents that nothing else needs.

    What killed removals left goes, too. The caller holds the lock.
    """
    directory = ctx.path("images", record.id)
    with contextlib.suppress(FileNotFoundError):
        os.rename(os.path.join(directory, "image.json"), os.path.join(directory, images.REMOVED))
        # Before anything of it goes.
        files.sync_directory(directory)
    tidy(ctx)


def forget_damaged(ctx: Context, image_id: str) -> None:
    """Remove an image whose document cannot be read, as ``forget`` does; its layers by its configuration, if that is
    there. The caller holds the lock."""
    directory = ctx.path("images", image_id)
    path, removed = os.path.join(directory, "image.json"), os.path.join(directory, images.REMOVED)
    note = {"layers": layers_of_config(ctx, image_id) or [], "manifest_digest": manifest_of(ctx, image_id)}
    try:
        files.write_json(removed, note)
        files.remove(path)  # An image that is damaged needs its layers.
    except NoSpace:
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, removed)
    _complete(ctx, image_id, needed(ctx))


def layers_of_config(ctx: Context, image_id: str) -> Optional[List[str]]:
    """The chain IDs of an image by its configuration, the lowest first; None when that is lost, too."""
    try:
        return layers.chain(images.config(ctx, image_id).diff_ids)
    except EngineError:
        return None


class Needed(NamedTuple):
    """What must stay: chain IDs of layers, and hex digests of documents; None for all, when a damaged image may need
    any of them."""

    layers: Optional[Set[str]]
    documents: Optional[Set[str]]

    def layer(self, chain: str) -> bool:
        """Whether a layer must stay."""
        return self.layers is None or chain in self.layers

    def document(self, digest: str) -> bool:
        """Whether a document must stay."""
        return self.documents is None or digest in self.documents


def needed(ctx: Context) -> Needed:
    """What images and pulls under way need; the caller holds the lock."""
    rows = images.all(ctx)
    chains = {chain for row in rows for chain in row.layers} | pins(ctx)
    digests = {row.manifest_digest[7:] for row in rows} | {row.id for row in rows}
    lost = images.damaged(ctx)
    for damage in lost:
        own = layers_of_config(ctx, os.path.basename(os.path.dirname(damage.path)))
        if own is None:
            ctx.warn("Layers are kept that the damaged image %s may need" % damage.name)
            return Needed(None, None)
        chains.update(own)
    return Needed(chains, None if lost else digests)


def manifest_of(ctx: Context, image_id: str) -> str:
    """The digest ('sha256:...') of the manifest that names an image's configuration, where its document cannot tell;
    '' for none."""
    for digest in blobs.all_digests(ctx):
        try:
            if json.loads(blobs.read(ctx, digest))["config"]["digest"] == "sha256:" + image_id:
                return "sha256:" + digest
        except (EngineError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return ""


def _complete(ctx: Context, image_id: str, wanted: Needed) -> None:
    """Finish a removal."""
    directory = ctx.path("images", image_id)
    try:
        note = documents.read(os.path.join(directory, images.REMOVED), "removal of the image", image_id[:12],
                              {"layers": "List[str]", "manifest_digest": "str"}, required=()) or {}
    except Damaged:
        note = {"layers": layers_of_config(ctx, image_id) or [], "manifest_digest": manifest_of(ctx, image_id)}
    with files.together():
        for name in images.names_of(ctx, image_id):
            images.remove_name(ctx, name)
    for chain in reversed(note.get("layers", [])):
        if not wanted.layer(chain):
            layers.remove(ctx, chain)
    for digest in (note.get("manifest_digest", "")[7:], image_id):
        if digest and not wanted.document(digest):
            blobs.remove(ctx, digest)
    for name in ("image.json", images.REMOVED):  # The first is there when it was damaged.
        files.remove(os.path.join(directory, name), durable=False)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(directory)
        files.sync_directory(ctx.path("images"))


def tidy(ctx: Context) -> None:
    """Complete removals that were begun, and remove what commands left that were killed while they recorded an image;
    the caller holds the lock."""
    begun = [one for one in images.ids(ctx) if os.path.exists(ctx.path("images", one, images.REMOVED))]
    pins(ctx)  # dead clients' go
    if begun:
        wanted = needed(ctx)
        for image_id in begun:
            _complete(ctx, image_id, wanted)
    files.drop_temporaries(ctx.path("images", "names"))
    files.drop_temporaries(ctx.path("blobs", "sha256"))
    for image_id in images.ids(ctx):
        directory = ctx.path("images", image_id)
        if not any(os.path.lexists(os.path.join(directory, name)) for name in ("image.json", images.REMOVED)):
            files.drop_temporaries(directory)
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def _discard(ctx: Context, chain_ids: Sequence[str]) -> None:
    """Remove those of some layers and all those documents that nothing needs."""
    with images.lock(ctx):
        wanted = needed(ctx)
        for chain in reversed(list(dict.fromkeys(chain_ids))):
            if not wanted.layer(chain):
                layers.remove(ctx, chain)
        for digest in blobs.all_digests(ctx):
            if not wanted.document(digest):
                blobs.remove(ctx, digest)


def collect(ctx: Context) -> List[str]:
    """Remove all layers and documents that neither an image nor a pull under way needs; the layers' chain IDs.

    Takes the lock.
    """
    layers.discard_staging(ctx)
    with images.lock(ctx):
        tidy(ctx)
        wanted = needed(ctx)
        gone = [chain for chain in layers.all_ids(ctx) if not wanted.layer(chain)]
        for chain in gone:
            layers.remove(ctx, chain)
        for digest in blobs.all_digests(ctx):
            if not wanted.document(digest):
                blobs.remove(ctx, digest)
    return gone


@contextlib.contextmanager
def pinned(ctx: Context, ids: Sequence[str], *, image: bool = False) -> Iterator[None]:
    """Keep what is needed by something that is being made, until the body ends.

    ``ids`` are the chain IDs of a pull's layers, there or not; or with ``image`` the ID of one image,
    which must be there. Raises NotFound.
    """
    import threading

    directory = files.make_directory(ctx.path("images", "pins"))
    path = os.path.join(directory, "%d-%d-%d" % (os.getpid(), threading.get_ident(), time.monotonic_ns()))
    with images.lock(ctx):
        if image:
            images.get(ctx, ids[0])
        pins(ctx)  # dead clients' go
        files.write_plain(path, json.dumps(list(ids)).encode())
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(fd)


@contextlib.contextmanager
def kept_if_done(ctx: Context, chain_ids: Sequence[str],
                 refusals: Tuple[Type[BaseException], ...] = (BaseException,)) -> Iterator[None]:
    """``pinned`` for the layers of an image that may be refused, with one of these errors: then they go again."""
    try:
        with pinned(ctx, chain_ids):
            yield
    except refusals:
        _discard(ctx, chain_ids)
        raise


def _pinned(text: bytes) -> Sequence[str]:
    """The IDs in a pin; its holder may be just about to write them, or a disk full of nothing kept it from that."""
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else ()


def pins(ctx: Context) -> Set[str]:
    """The IDs of all that is pinned. The caller holds the lock."""
    result: Set[str] = set()
    directory = ctx.path("images", "pins")
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            if not files.expect_regular(path):
                continue
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as stream:
                try:
                    fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    os.unlink(path)
                except BlockingIOError:
                    result.update(_pinned(stream.read(files.MAX_DOCUMENT)))
    return result
