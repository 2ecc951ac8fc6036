# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images on disk: images/<id>/image.json, and names as links images/names/<quoted name> -> id.

locks/images guards names and documents, and the decision that something is not needed any more; it is
held for moments only. What is not needed goes away in ``collection``.
"""

from __future__ import annotations

import contextlib
import os
from typing import Callable, ContextManager, Dict, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Ambiguous, Damaged, EngineError, InvalidInput, NotFound
from ..formats import imageconfig, reference
from ..formats.imageconfig import ImageConfig
from ..frozen import Frozen, as_dict, misfit, replace
from ..kernel import documents, files, locks
from . import blobs
from .names import quoted, unquoted

# What image.json is called from the moment on that a removal is decided, until it is complete.
REMOVED = "removed.json"
# Before the keys of short names, which link to what they were resolved to; no complete name begins like that.
SHORT = "short/"


class ImageRecord(Frozen):
    """One image. ``id`` is the hex digest of its configuration. ``names`` have tags; ``digest_names``
    ('name@sha256:...') were given by pulls by digest. ``digests``, written like these, say where the image
    was ever pulled from or pushed to; ``manifest_digest`` is written out. ``layers`` are chain IDs and
    ``diff_ids`` hex, the lowest first. ``size`` is the bytes of all files; ``created`` is RFC 3339."""

    id: str
    names: Tuple[str, ...] = ()
    digest_names: Tuple[str, ...] = ()
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

    @property
    def all_names(self) -> Tuple[str, ...]:
        """The names with a tag, then those with a digest."""
        return self.names + self.digest_names

    @property
    def repo_digests(self) -> Tuple[str, ...]:
        """The digests that the image is known by: those of repositories of which it has a name."""
        repositories = {name.rpartition(":")[0] for name in self.names} | {
            name.partition("@")[0] for name in self.digest_names}
        return tuple(one for one in self.digests if one.partition("@")[0] in repositories)


def lock(ctx: Context) -> ContextManager[None]:
    """Guard names, documents and what is needed."""
    return locks.locked(ctx.path("locks", "images"))


def every_name(ctx: Context) -> Dict[str, List[str]]:
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
    path = ctx.path("images", image_id, "image.json")
    document = documents.read(path, "image", lambda: (sorted(names_of(ctx, image_id)) or [image_id[:12]])[0], {})
    if document is None:
        return None
    called = sorted(names.get(image_id, ()))
    with documents.built("image", (called or [image_id[:12]])[0], path):
        problem = misfit(ImageRecord, document) or ("" if document["id"] == image_id else "id is another one's")
        digests = [*document.get("layers", ()), *document.get("diff_ids", ())] if not problem else []
        # They are parts of paths, of what a removal removes.
        if problem or any(len(one) != 64 or one.strip("0123456789abcdef") for one in digests):
            raise ValueError(problem or "a layer's ID is no digest")
        for key in ("digests", "layers", "diff_ids"):
            document[key] = tuple(document.get(key, ()))
        return ImageRecord(**dict(document, names=tuple(name for name in called if "@" not in name),
                                  digest_names=tuple(name for name in called if "@" in name)))


def names_of(ctx: Context, image_id: str) -> List[str]:
    """The names that mean an image."""
    return every_name(ctx).get(image_id, [])


def get(ctx: Context, image_id: str) -> ImageRecord:
    """An image by its whole ID. Raises NotFound, Damaged."""
    record = _read(ctx, image_id, every_name(ctx))
    if record is None:
        raise NotFound("The image %s is not on this host" % image_id[:12], "Pull it.")
    return record


def ids(ctx: Context) -> List[str]:
    """The IDs of all images."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.path("images")) if len(name) == 64]
    return []


def all(ctx: Context) -> List[ImageRecord]:
    """All images, the newest first; of a damaged one the user is warned."""
    return _all(ctx, ctx.warn)


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of images."""
    found: List[Damaged] = []
    _all(ctx, found.append)
    return found


def _all(ctx: Context, lost: Callable[[Damaged], None]) -> List[ImageRecord]:
    names = every_name(ctx)
    rows = documents.each(ids(ctx), lambda image_id: _read(ctx, image_id, names), lost)
    return sorted(rows, key=lambda row: row.created, reverse=True)


def named(ctx: Context, name: str) -> Optional[str]:
    """The ID that a complete name ('docker.io/library/busybox:latest') means, or None."""
    try:
        return os.readlink(ctx.path("images", "names", quoted(name)))
    except OSError:
        return None


def lookup(ctx: Context, text: str) -> ImageRecord:
    """The record of the image that ``find`` means. Raises what that does, and Damaged."""
    return get(ctx, find(ctx, text))


def find(ctx: Context, text: str) -> str:
    """The ID of the image that a name, 'name@digest', an ID or the beginning of one means on this host.

    A short name means localhost's, then what it was last resolved to, then docker.io's, then the only
    image whose name ends like that. Raises NotFound, or Ambiguous with the candidates.
    """
    plain = text[7:] if text.startswith("sha256:") else text
    if len(plain) == 64 and not plain.strip("0123456789abcdef"):
        return plain
    found = _by_name(ctx, text)
    if found is None and 3 <= len(plain) < 64 and not plain.strip("0123456789abcdef"):
        found = _only([image_id for image_id in ids(ctx) if image_id.startswith(plain)], text, "image IDs")
    if found is None:
        raise NotFound("The image %s is not on this host" % text, "Pull it, or look with 'images' what there is.")
    return found


def name_meant(ctx: Context, text: str) -> Optional[str]:
    """The complete name that a text without a digest means on this host, by the rules of ``lookup``; None for none.

    Raises Ambiguous with the candidates.
    """
    if not reference.is_short(text):
        wanted = reference.parse(text).tagged
        return wanted if named(ctx, wanted) else None
    try:
        path, tag, _digest = reference.split_short(text)
    except InvalidInput:
        return None
    exact = [reference.in_registry(reference.LOCAL, text).tagged, remembered(ctx, text),
             reference.in_registry(reference.DOCKER, text).tagged]
    for name in exact:
        if name is not None and named(ctx, name):
            return name
    ending = "/%s:%s" % (path, tag or "latest")
    rows = {name: image_id for image_id, names in every_name(ctx).items() for name in names
            if name.endswith(ending) and not name.startswith(SHORT)}
    if len(set(rows.values())) > 1:
        raise Ambiguous("The name %s fits several images" % text, sorted(rows))
    return min(rows, default=None)


def spoken_name(ctx: Context, record: ImageRecord, text: str) -> Optional[str]:
    """Which of an image's names a text means; None for an ID, and for a digest that only its tags answer for.

    Raises Ambiguous.
    """
    if "@" in text:
        found = _digest_meant(ctx, text)
        return found[0] if found is not None and found[0] in record.digest_names else None
    meant = name_meant(ctx, text)
    return meant if meant in record.names else None


def complete_name(ctx: Context, record: ImageRecord, text: str) -> str:
    """The complete name, with a tag or a digest, of an image that was found by ``text``.

    For an ID it is the image's first name, '' when it has none.
    """
    if "@" in text:
        meant = _digest_meant(ctx, text)
        return meant[0] if meant is not None else ""
    return spoken_name(ctx, record, text) or (record.all_names or ("",))[0]


def _by_name(ctx: Context, text: str) -> Optional[str]:
    if "@" in text:
        found = _digest_meant(ctx, text)
        return found[1] if found is not None else None
    meant = name_meant(ctx, text)
    return named(ctx, meant) if meant is not None else None


def _digest_meant(ctx: Context, text: str) -> Optional[Tuple[str, str]]:
    """('name@digest', image ID) for a text with a digest, by the rules of ``lookup``. Raises Ambiguous."""
    records = all(ctx)
    rows = {one: row.id for row in records for one in row.repo_digests}
    # Images of several platforms are known by the digest of one index; the name means one of them.
    rows.update({one: row.id for row in records for one in row.digest_names})
    if not reference.is_short(text):
        return _first(rows, [reference.parse(text)])
    try:
        path, _tag, digest = reference.split_short(text)
    except InvalidInput:
        return None
    known = remembered(ctx, text)
    exact = [reference.in_registry(reference.LOCAL, text)]
    exact += [reference.parse("%s@%s" % (known, digest))] if known is not None else []
    found = _first(rows, [*exact, reference.in_registry(reference.DOCKER, text)])
    if found is not None:
        return found
    fitting = {one: image_id for one, image_id in rows.items() if one.endswith("/%s@%s" % (path, digest))}
    if len(set(fitting.values())) > 1:
        raise Ambiguous("The name %s fits several images" % text, sorted(fitting))
    return min(fitting.items(), default=None)


def _first(rows: Dict[str, str], wanted: Sequence[reference.Reference]) -> Optional[Tuple[str, str]]:
    return next(((one.canonical, rows[one.canonical]) for one in wanted if one.canonical in rows), None)


def remembered(ctx: Context, text: str) -> Optional[str]:
    """The complete name that a short one was last resolved to; 'x' and 'x:latest' are the same."""
    return named(ctx, _short_key(text))


def remember(ctx: Context, text: str, target: str) -> None:
    """Note what a short name was resolved to; the caller holds ``lock``."""
    if remembered(ctx, text) != target:
        set_name(ctx, _short_key(text), target)


def _short_key(text: str) -> str:
    path, tag, digest = reference.split_short(text)
    return SHORT + ("%s@%s" % (path, digest) if digest else "%s:%s" % (path, tag or "latest"))


def _only(found: Sequence[str], text: str, what: str) -> Optional[str]:
    if len(found) > 1:
        raise Ambiguous("%s fits several %s" % (text, what), [image_id[:12] for image_id in found])
    return found[0] if found else None


def config(ctx: Context, image_id: str) -> ImageConfig:
    """An image's configuration. Raises NotFound."""
    return imageconfig.parse(blobs.read(ctx, image_id), "The configuration of the image %s" % image_id[:12])


def put(ctx: Context, record: ImageRecord, names: Sequence[str] = ()) -> ImageRecord:
    """Keep an image, with what is known of it already, and give it names; the caller holds ``lock``."""
    known = None
    with contextlib.suppress(Damaged):  # This mends it.
        known = _read(ctx, record.id, {})
    if known is not None:
        record = replace(record, digests=tuple(dict.fromkeys(known.digests + record.digests)))
    document = as_dict(record)
    del document["names"], document["digest_names"]
    files.make_directory(ctx.path("images", record.id))
    if os.path.exists(ctx.path("images", record.id, REMOVED)):
        # A removal that was killed: what it would take away is needed again, but the names are gone.
        for name in names_of(ctx, record.id):
            remove_name(ctx, name)
        files.remove(ctx.path("images", record.id, REMOVED))
    try:
        with files.together():
            files.write_json(ctx.path("images", record.id, "image.json"), document)
            for name in names:
                set_name(ctx, name, record.id)
    except BaseException:
        if known is None:
            _forget_new(ctx, record.id)
        raise
    if known is not None and known.manifest_digest not in ("", record.manifest_digest):
        blobs.remove(ctx, known.manifest_digest[7:])
    return get(ctx, record.id)


def _forget_new(ctx: Context, image_id: str) -> None:
    """Take back an image that could not be recorded with all its names."""
    for name in names_of(ctx, image_id):
        with contextlib.suppress(EngineError):
            remove_name(ctx, name)
    with contextlib.suppress(OSError):
        os.unlink(ctx.path("images", image_id, "image.json"))
        os.rmdir(ctx.path("images", image_id))


def set_name(ctx: Context, name: str, target: str) -> None:
    """Let a name mean an image; the caller holds ``lock``."""
    directory = files.make_directory(ctx.path("images", "names"))
    temporary = files.temporary_for(os.path.join(directory, "."))
    try:
        os.symlink(target, temporary)
        os.rename(temporary, os.path.join(directory, quoted(name)))
    except OSError as exc:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise files.write_error("the image name %s" % name, exc) from exc
    files.sync_directory(directory)


def remove_name(ctx: Context, name: str) -> None:
    """Take a name away; the caller holds ``lock``."""
    files.remove(ctx.path("images", "names", quoted(name)))
