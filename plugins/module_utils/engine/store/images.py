# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images on disk: images/<id>/image.json, and names as links images/names/<quoted name> -> id.

locks/images guards names and documents, and the decision that something is not needed any more; it is
held for moments only. What is not needed goes away in ``collection``.
"""

from __future__ import annotations

import contextlib
import os
from typing import ContextManager, Dict, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Ambiguous, InvalidInput, NotFound
from ..formats import imageconfig, reference
from ..formats.imageconfig import ImageConfig
from ..frozen import Frozen, as_dict, replace
from ..kernel import files
from . import blobs
from .names import quoted, unquoted

# What image.json is called from the moment on that a removal is decided, until it is complete.
REMOVED = "removed.json"


class ImageRecord(Frozen):
    """One image. ``id`` is the hex digest of its configuration; ``manifest_digest`` and ``digests``
    ('name@sha256:...') are written out; ``layers`` are chain IDs and ``diff_ids`` hex, the lowest first.
    ``size`` is the bytes of all files; ``created`` is RFC 3339."""

    id: str
    names: Tuple[str, ...] = ()
    digests: Tuple[str, ...] = ()
    manifest_digest: str = ""
    config_digest: str = ""
    layers: Tuple[str, ...] = ()
    diff_ids: Tuple[str, ...] = ()
    size: int = 0
    created: str = ""
    labels: Dict[str, str] = {}
    architecture: str = ""
    os: str = ""


def lock(ctx: Context) -> ContextManager[None]:
    """Guard names, documents and what is needed."""
    return files.locked(ctx.path("locks", "images"))


def _names(ctx: Context) -> Dict[str, List[str]]:
    """The names of each image ID."""
    result: Dict[str, List[str]] = {}
    directory = ctx.path("images", "names")
    with contextlib.suppress(FileNotFoundError):
        for entry in os.listdir(directory):
            if not entry.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    result.setdefault(os.readlink(os.path.join(directory, entry)), []).append(unquoted(entry))
    return result


def _read(ctx: Context, image_id: str, names: Dict[str, List[str]]) -> Optional[ImageRecord]:
    document = files.read_json(ctx.path("images", image_id, "image.json"))
    if document is None:
        return None
    for key in ("digests", "layers", "diff_ids"):
        document[key] = tuple(document.get(key, ()))
    return ImageRecord(**dict(document, names=tuple(sorted(names.get(image_id, ())))))


def names_of(ctx: Context, image_id: str) -> List[str]:
    """The names that mean an image."""
    return _names(ctx).get(image_id, [])


def get(ctx: Context, image_id: str) -> ImageRecord:
    """An image by its whole ID. Raises NotFound."""
    record = _read(ctx, image_id, _names(ctx))
    if record is None:
        raise NotFound("The image %s is not on this host" % image_id[:12], "Pull it.")
    return record


def ids(ctx: Context) -> List[str]:
    """The IDs of all images."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.path("images")) if len(name) == 64]
    return []


def all(ctx: Context) -> List[ImageRecord]:
    """All images, the newest first."""
    names = _names(ctx)
    rows = [_read(ctx, image_id, names) for image_id in ids(ctx)]
    return sorted((row for row in rows if row is not None), key=lambda row: row.created, reverse=True)


def named(ctx: Context, name: str) -> Optional[str]:
    """The ID that a complete name ('docker.io/library/busybox:latest') means, or None."""
    try:
        return os.readlink(ctx.path("images", "names", quoted(name)))
    except OSError:
        return None


def lookup(ctx: Context, text: str) -> ImageRecord:
    """The image that a text means on this host; see ``resolve``."""
    return get(ctx, resolve(ctx, text)[0])


def resolve(ctx: Context, text: str) -> Tuple[str, str]:
    """The ID of the image that a name, 'name@digest', an ID or the beginning of one means on this host,
    and which of its names was meant, '' for a digest or an ID.

    A short name means localhost's, then what it was last resolved to, then docker.io's, then the only
    image whose name ends like that. Raises NotFound, or Ambiguous with the candidates.
    """
    plain = text[7:] if text.startswith("sha256:") else text
    if len(plain) == 64 and not plain.strip("0123456789abcdef"):
        return get(ctx, plain).id, ""
    found = _by_name(ctx, text)
    if found is None and 3 <= len(plain) < 64 and not plain.strip("0123456789abcdef"):
        fitting = [image_id for image_id in ids(ctx) if image_id.startswith(plain)]
        found = _only([(image_id, image_id[:12]) for image_id in fitting], "%s fits several image IDs" % text)
        if found is not None:
            return found[0], ""
    if found is None:
        raise NotFound("The image %s is not on this host" % text, "Pull it, or look with 'images' what there is.")
    return found


def _by_name(ctx: Context, text: str) -> Optional[Tuple[str, str]]:
    if not reference.is_short(text):
        return _by_reference(ctx, reference.parse(text))
    try:
        path, tag, digest = reference.split_short(text)
    except InvalidInput:
        return None
    meant = [reference.in_registry(reference.LOCAL, text), reference.in_registry(reference.DOCKER, text)]
    remembered = named(ctx, remembered_as(text))
    if remembered is not None:
        meant.insert(1, reference.parse(remembered))
    for one in meant:
        found = _by_reference(ctx, one)
        if found is not None:
            return found
    what = "The name %s fits several images" % text
    if digest:
        ending = "/%s@%s" % (path, digest)
        rows = [(row.id, one) for row in all(ctx) for one in row.digests if one.endswith(ending)]
        found = _only(rows, what)
        return (found[0], "") if found else None
    ending = "/%s:%s" % (path, tag or "latest")
    return _only([(image_id, name) for image_id, names in _names(ctx).items() for name in names
                  if name.endswith(ending) and not name.startswith("short/")], what)


def remembered_as(short: str) -> str:
    """Where it is kept what a short name was resolved to: without a tag it is the same as with ':latest'."""
    path, tag, digest = reference.split_short(short)
    return "short/%s%s" % (path, "@" + digest if digest else ":" + (tag or "latest"))


def _by_reference(ctx: Context, wanted: reference.Reference) -> Optional[Tuple[str, str]]:
    if wanted.digest:
        exact = "%s@%s" % (wanted.name, wanted.digest)
        return next(((row.id, "") for row in all(ctx) if exact in row.digests), None)
    image_id = named(ctx, wanted.tagged)
    return None if image_id is None else (image_id, wanted.tagged)


def _only(found: Sequence[Tuple[str, str]], problem: str) -> Optional[Tuple[str, str]]:
    """The first of (ID, how to call it); several names of one image are no problem."""
    if len({image_id for image_id, _name in found}) > 1:
        raise Ambiguous(problem, sorted({name for _image_id, name in found}))
    return min(found, key=lambda row: row[1], default=None)


def config(ctx: Context, image_id: str) -> ImageConfig:
    """An image's configuration. Raises NotFound."""
    return imageconfig.parse(blobs.read(ctx, image_id), "The configuration of the image %s" % image_id[:12])


def put(ctx: Context, record: ImageRecord, names: Sequence[str] = ()) -> ImageRecord:
    """Keep an image, with what is known of it already, and give it names; the caller holds ``lock``."""
    known = _read(ctx, record.id, {})
    if known is not None:
        record = replace(record, digests=tuple(dict.fromkeys(known.digests + record.digests)))
    document = as_dict(record)
    del document["names"]
    files.make_directory(ctx.path("images", record.id))
    with contextlib.suppress(FileNotFoundError):
        # A removal that was killed: what it would take away is needed again, but the names are gone.
        os.unlink(ctx.path("images", record.id, REMOVED))
        for name in names_of(ctx, record.id):
            remove_name(ctx, name)
    files.write_json(ctx.path("images", record.id, "image.json"), document)
    for name in names:
        set_name(ctx, name, record.id)
    return get(ctx, record.id)


def set_name(ctx: Context, name: str, target: str) -> None:
    """Let a name mean an image; the caller holds ``lock``."""
    directory = files.make_directory(ctx.path("images", "names"))
    temporary = os.path.join(directory, ".%d.tmp" % os.getpid())
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        os.symlink(target, temporary)
        os.rename(temporary, os.path.join(directory, quoted(name)))
    except OSError as exc:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise files.write_error("the image name %s" % name, exc) from exc


def remove_name(ctx: Context, name: str) -> None:
    """Take a name away; the caller holds ``lock``."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("images", "names", quoted(name)))
