# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers on disk: layers/<chain ID>/ with diff/, layer.json and tar-split (image-spec config.md, ChainID).

A layer is extracted beside its place and appears by rename, complete and verified. The lock
locks/layer-<chain ID> is held from looking for it to that rename, so a layer is extracted once,
however many clients want it; a staging directory without a holder of that lock is a dead client's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import asdict, dataclass
from typing import Callable, Iterator, List, Optional, Sequence

from ..context import Context
from ..errors import InvalidInput, NotFound, TimedOut, Unsupported, VerificationError
from ..kernel import files, mount
from . import tarsplit

MAX_LAYERS = 500


@dataclass(frozen=True)
class Layer:
    """One extracted layer. IDs are hex; ``size`` is the bytes of its files; ``exact`` means that its tar
    can be made again; ``opaque_root`` that nothing below it shows through."""

    chain_id: str
    diff_id: str
    parent: str
    size: int
    exact: bool = True
    opaque_root: bool = False


def chain_id(parent: Optional[str], diff_id: str) -> str:
    """The ChainID of a layer on its parent's; all are hex."""
    if not parent:
        return diff_id
    return hashlib.sha256(("sha256:%s sha256:%s" % (parent, diff_id)).encode()).hexdigest()


def chain(diff_ids: Sequence[str]) -> List[str]:
    """The ChainIDs of an image's layers, the lowest first. Raises InvalidInput past 500."""
    if len(diff_ids) > MAX_LAYERS:
        raise InvalidInput("The image has %d layers, more than %d" % (len(diff_ids), MAX_LAYERS))
    result: List[str] = []
    for diff_id in diff_ids:
        result.append(chain_id(result[-1] if result else None, diff_id))
    return result


def _path(ctx: Context, chain_: str, *parts: str) -> str:
    return ctx.path("layers", chain_, *parts)


def exists(ctx: Context, chain_: str) -> bool:
    """Whether a layer is there."""
    return os.path.exists(_path(ctx, chain_, "layer.json"))


def get(ctx: Context, chain_: str) -> Layer:
    """A layer's document. Raises NotFound."""
    document = files.read_json(_path(ctx, chain_, "layer.json"))
    if document is None:
        raise NotFound("The layer %s is not in the store" % chain_[:12], "Pull the image again.")
    return Layer(**document)


def all_ids(ctx: Context) -> List[str]:
    """The chain IDs of all layers."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.path("layers")) if not name.startswith(".")]
    return []


@contextlib.contextmanager
def held(ctx: Context, chain_: str) -> Iterator[bool]:
    """Hold a layer's lock; gives whether the layer is there already."""
    with files.locked(ctx.path("locks", "layer-" + chain_)):
        yield exists(ctx, chain_)


def extract(ctx: Context, feed: Callable[[Callable[[bytes], None]], None], diff_id: str,
            parent: Optional[str] = None) -> Layer:
    """Extract one layer; the caller holds its lock (``held``).

    ``feed`` is called with a function that takes the tar's bytes, plain or compressed with gzip or
    zstd, in pieces; when it returns, the stream has ended. ``diff_id`` and ``parent`` (a chain ID) are
    hex. Raises VerificationError for another diff ID and InvalidInput for a bad tar; nothing is left.
    """
    from . import unpack

    chain_ = chain_id(parent, diff_id)
    discard_staging(ctx, chain_)
    staging = os.path.join(files.make_directory(ctx.path("layers")), ".%s.%d" % (chain_, os.getpid()))
    os.mkdir(staging, 0o700)
    try:
        os.mkdir(os.path.join(staging, "diff"), 0o755)
        result = unpack.in_child(staging, feed)
        if result.diff_id != diff_id:
            raise VerificationError("A layer has the diff ID sha256:%s, not sha256:%s as its image says" % (
                result.diff_id, diff_id), "The image is damaged; pull it from another place.")
        layer = Layer(chain_, diff_id, parent or "", result.size, result.exact, result.opaque_root)
        files.write_json(os.path.join(staging, "layer.json"), asdict(layer))
        os.rename(staging, _path(ctx, chain_))
        return layer
    except BaseException:
        remove_directory(staging)
        raise


def discard_staging(ctx: Context, chain_: Optional[str] = None) -> None:
    """Remove half-made layers: those of one chain ID whose lock the caller holds, or all that nobody holds."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("layers")):
            if not name.startswith("."):
                continue
            owner = name[1:].split(".")[0]
            if chain_ is not None:
                if owner == chain_:
                    remove_directory(ctx.path("layers", name))
                continue
            with contextlib.suppress(TimedOut), files.locked(ctx.path("locks", "layer-" + owner), timeout=0):
                remove_directory(ctx.path("layers", name))


def remove(ctx: Context, chain_: str) -> None:
    """Remove a layer that nothing needs any more; one that is not there is fine."""
    with held(ctx, chain_) as there:
        if there:
            gone = ctx.path("layers", ".%s.gone" % chain_)
            os.rename(_path(ctx, chain_), gone)
            remove_directory(gone)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "layer-" + chain_))


def remove_directory(path: str) -> None:
    """Remove a directory tree without following a link; one that is gone is fine."""
    from .extract import remove_tree

    parent = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileNotFoundError):
            remove_tree(parent, os.fsencode(os.path.basename(path)))
    finally:
        os.close(parent)


def tar(ctx: Context, chain_: str) -> Iterator[bytes]:
    """A layer's uncompressed tar, to the byte. Raises Unsupported when it cannot be made again."""
    layer = get(ctx, chain_)
    if not layer.exact:
        raise Unsupported("The layer %s held the same file twice, and its tar cannot be made again" % chain_[:12],
                          "Push or save this image from the engine that built it.")
    return tarsplit.assemble(_path(ctx, chain_, "tar-split"), _path(ctx, chain_, "diff"))


def lowers(ctx: Context, chain_ids: Sequence[str]) -> List[str]:
    """The directories of an overlay, the topmost first, for layers given from the bottom up.

    A layer whose root is opaque ends the list: the kernel has no such mark for the root.
    """
    result: List[str] = []
    for chain_ in reversed(chain_ids):
        layer = get(ctx, chain_)
        result.append(_path(ctx, chain_, "diff"))
        if layer.opaque_root:
            break
    if not result:
        result.append(files.make_directory(ctx.path("layers", ".empty"), 0o755))
    return result


def rootfs(ctx: Context, container_id: str, chain_ids: Sequence[str]) -> str:
    """Mount a container's root file system and give its path; mounting it twice is fine."""
    target = ctx.run("containers", container_id, "merged")
    if not mount.is_mounted(target):
        upper, work = (ctx.path("containers", container_id, name) for name in ("upper", "work"))
        files.make_directory(upper, 0o755)
        files.make_directory(work)
        files.make_directory(target)
        mount.overlay(lowers(ctx, chain_ids), upper, work, target)
    return target


def rootfs_unmount(ctx: Context, container_id: str) -> None:
    """Unmount a container's root file system, if it is mounted."""
    mount.umount(ctx.run("containers", container_id, "merged"))


def image_mount(ctx: Context, chain_ids: Sequence[str], target: str) -> None:
    """Mount an image's file system read-only on an existing directory."""
    directories = lowers(ctx, chain_ids)
    if len(directories) == 1:
        mount.bind(directories[0], target, read_only=True)
    else:
        mount.overlay(directories, "", "", target)
