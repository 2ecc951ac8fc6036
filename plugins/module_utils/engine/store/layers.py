# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers on disk: layers/<chain ID>/ with diff/, layer.json and tar-split (image-spec config.md, ChainID).

A layer is extracted beside its place and appears by rename, complete and verified. The lock
locks/layer-<chain ID> is held from looking for it to that rename, so a layer is extracted once,
however many clients want it; a staging directory without a holder of that lock is a dead client's.

Its content is written to the disk once for all layers of an image (``settle``). Until then the layer has
the file ``unsettled`` with this boot's ID: after a power cut, such a layer is as good as not there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Damaged, EngineError, InvalidInput, NotFound, TimedOut, VerificationError
from ..frozen import Frozen, as_dict, misfit
from ..kernel import documents, files, locks, proc, sha256, tree
from . import owners

MAX_LAYERS = 500
UNSETTLED = "unsettled"
ROOT_MODE = 0o555  # of a root that no layer says anything of, as in other engines


class Layer(Frozen):
    """One extracted layer. IDs are hex; ``size`` is the bytes of its files, ``tar_size`` those of its
    uncompressed tar; ``opaque_root`` means that nothing below it shows through, and ``own_root`` that the
    tar says what mode and owner its root has."""

    chain_id: str
    diff_id: str
    parent: str
    size: int
    tar_size: int
    opaque_root: bool = False
    own_root: bool = False


def chain_id(parent: Optional[str], diff_id: str) -> str:
    """The ChainID of a layer on its parent's; all are hex."""
    if not parent:
        return diff_id
    return sha256.hexdigest(("sha256:%s sha256:%s" % (parent, diff_id)).encode())


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
    """Whether a layer is there, and whole; one with a damaged document is as good as not there."""
    try:
        return _read(ctx, chain_) is not None and _unsettled_since(ctx, chain_) in (None, proc.boot_id())
    except Damaged:
        return False


def _unsettled_since(ctx: Context, chain_: str) -> Optional[str]:
    """The boot in which a layer was extracted whose content may not be on the disk yet; None when it is."""
    return files.word(_path(ctx, chain_, UNSETTLED))


def settle(ctx: Context, chain_ids: Sequence[str]) -> None:
    """Complete layers, the lowest first, before something is recorded that relies on them. Raises EngineError.

    Their roots get what the layers below say of the root, and their content is written to the disk.
    """
    fresh = [chain_ for chain_ in chain_ids if os.path.exists(_path(ctx, chain_, UNSETTLED))]
    for chain_ in fresh:
        _inherit_root(ctx, get(ctx, chain_))
    if fresh:
        files.sync_filesystem(ctx.path("layers"))
    with files.together():
        for chain_ in fresh:
            files.remove(_path(ctx, chain_, UNSETTLED))


def _inherit_root(ctx: Context, layer: Layer) -> None:
    """Give a root of which the tar says nothing its parent's mode and owner; the topmost layer's root is seen."""
    if layer.own_root:
        return
    uid, gid, mode = 0, 0, ROOT_MODE
    if layer.parent:
        status = os.stat(_path(ctx, layer.parent, "diff"))
        uid, gid, mode = status.st_uid, status.st_gid, status.st_mode & 0o7777
    os.chown(_path(ctx, layer.chain_id, "diff"), uid, gid)
    os.chmod(_path(ctx, layer.chain_id, "diff"), mode)


def get(ctx: Context, chain_: str) -> Layer:
    """A layer's document. Raises NotFound, Damaged."""
    found = _read(ctx, chain_)
    if found is None:
        raise NotFound("The layer %s is not in the store" % chain_[:12], "Pull the image again.")
    return found


def _read(ctx: Context, chain_: str) -> Optional[Layer]:
    path = _path(ctx, chain_, "layer.json")
    document = documents.read(path, "layer", chain_[:12], {}, same={"chain_id": chain_})
    if document is None:
        return None
    with documents.built("layer", chain_[:12], path):
        problem = misfit(Layer, document)
        if problem:
            raise ValueError(problem)
        return Layer(**document)


def all_ids(ctx: Context) -> List[str]:
    """The chain IDs of all layers."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.path("layers")) if len(name) == 64]
    return []


@contextlib.contextmanager
def held(ctx: Context, chain_: str) -> Iterator[bool]:
    """Hold a layer's lock; gives whether the layer is there already."""
    with locks.locked(ctx.path("locks", "layer-" + chain_)):
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
    if os.path.lexists(_path(ctx, chain_)):
        tree.remove_path(_path(ctx, chain_))  # without its document, as after a crash of the host
    staging = os.path.join(files.make_directory(ctx.path("layers")), ".%s.%d" % (chain_, os.getpid()))
    try:
        _make_staging(staging)
        result = unpack.in_child(staging, feed)
        if result.diff_id != diff_id:
            raise VerificationError("A layer has the diff ID sha256:%s, not sha256:%s as its image says" % (
                result.diff_id, diff_id), "The image is damaged; pull it from another place.")
        layer = Layer(chain_, diff_id, parent or "", result.size, result.tar_size, result.opaque_root,
                      result.own_root)
        files.write_plain(os.path.join(staging, UNSETTLED), proc.boot_id().encode())
        files.write_json(os.path.join(staging, "layer.json"), as_dict(layer), durable=False)
        with contextlib.suppress(OSError):
            os.rmdir(os.path.join(staging, "kept"))  # empty, but for tars that hold a file twice
        os.rename(staging, _path(ctx, chain_))
        return layer
    except BaseException:
        tree.remove_path(staging)
        raise


def _make_staging(staging: str) -> None:
    try:
        os.mkdir(staging, 0o700)
        os.mkdir(os.path.join(staging, "kept"), 0o700)
        os.mkdir(os.path.join(staging, "diff"))
        os.chmod(os.path.join(staging, "diff"), 0o755)  # whatever the caller's umask is
    except OSError as exc:
        raise files.write_error(staging, exc) from exc


def discard_staging(ctx: Context, chain_: Optional[str] = None) -> None:
    """Remove half-made layers: those of one chain ID whose lock the caller holds, or all that nobody holds."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("layers")):
            if not name.startswith("."):
                continue
            owner = name[1:].split(".")[0]
            if chain_ is None:
                with contextlib.suppress(TimedOut), locks.locked(ctx.path("locks", "layer-" + owner), timeout=0):
                    _discard(ctx.path("layers", name))
                    if not exists(ctx, owner):
                        os.unlink(ctx.path("locks", "layer-" + owner))
            elif owner == chain_:
                _discard(ctx.path("layers", name))


def _discard(staging: str) -> None:
    """Remove a half-made layer whose client died; its child, should it live yet, is dying (see unpack)."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        fd = os.open(os.path.join(staging, "tar-split"), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        finally:
            os.close(fd)
    tree.remove_path(staging)


def remove(ctx: Context, chain_: str) -> None:
    """Remove a layer that nothing needs any more; one that is not there is fine."""
    with held(ctx, chain_) as there:
        if there or os.path.lexists(_path(ctx, chain_)):
            gone = ctx.path("layers", ".%s.%d.gone" % (chain_, os.getpid()))
            os.rename(_path(ctx, chain_), gone)
            tree.remove_path(gone)
            if os.path.isdir(ctx.path("layers-mapped")):
                from . import mapped

                mapped.drop(ctx, chain_)
        # While it is held: who waits for this file sees that it is gone, and makes another.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ctx.path("locks", "layer-" + chain_))


def remove_directory(path: str) -> None:
    """Remove a directory tree without following a link; one that is gone is fine."""
    tree.remove_path(path)


def tar(ctx: Context, chain_: str) -> Iterator[bytes]:
    """A layer's uncompressed tar, to the byte.

    Raises NotFound, EngineError when a file of it is lost, and VerificationError, after the last byte,
    when a file of it was changed.
    """
    import hashlib

    from . import tarsplit

    layer = get(ctx, chain_)
    digest = hashlib.sha256()
    for piece in tarsplit.assemble(*(_path(ctx, chain_, name) for name in ("tar-split", "diff", "kept"))):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != layer.diff_id:
        raise VerificationError("The stored layer %s was changed" % chain_[:12], "Remove the image and pull it again.")


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
    return result or [_empty(ctx)]


def _empty(ctx: Context) -> str:
    """A directory with nothing in it, for an overlay that would have too few."""
    return files.make_directory(ctx.path("empty"), 0o755)


def rootfs(ctx: Context, container_id: str, chain_ids: Sequence[str], *,
           lower_directories: Optional[Sequence[str]] = None) -> str:
    """Mount a container's root file system and give its path; mounting it twice is fine.

    ``lower_directories`` take the place of the layers' own (a mapped copy of them).
    """
    from ..kernel import mount

    target = ctx.run("containers", container_id, "merged")
    files.make_directory(target)
    if not mount.is_mounted(target):
        upper, work = (ctx.path("containers", container_id, name) for name in ("upper", "work"))
        directories = list(lower_directories or lowers(ctx, chain_ids))
        if not os.path.isdir(upper):
            _make_upper(upper, directories[0])
        files.make_directory(work)
        try:
            mount.overlay(directories, upper, work, target, userxattr=owners.in_own_namespace())
        except EngineError as exc:
            if not owners.in_own_namespace():
                raise
            _fuse_overlay(ctx, directories, (upper, work, target), exc)
    return target


def _fuse_overlay(ctx: Context, directories: Sequence[str], places: Tuple[str, str, str], reason: EngineError) -> None:
    """Mount by fuse-overlayfs(1), where the kernel has no overlay for users (before Linux 5.11)."""
    from ..kernel import command

    program = ctx.find_tool("fuse-overlayfs")
    if program is None:
        raise EngineError(reason.message, "For users without root it takes Linux 5.11, or the package fuse-overlayfs.")
    upper, work, target = places
    done = command.run([program, "-o", "lowerdir=%s,upperdir=%s,workdir=%s" % (":".join(directories), upper, work),
                        target])
    if done.code:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError("Cannot mount %s, neither by the kernel (%s) nor by fuse-overlayfs: %s"
                          % (target, reason.message, said[-500:]))


def _make_upper(upper: str, lower: str) -> None:
    """The upper directory shows as the container's /, so it has what the image's has."""
    status = os.stat(lower)
    temporary = files.make_directory(upper + ".new")
    os.chown(temporary, status.st_uid, status.st_gid)
    os.chmod(temporary, status.st_mode & 0o7777)
    os.rename(temporary, upper)


def rootfs_unmount(ctx: Context, container_id: str) -> None:
    """Unmount a container's root file system, if it is mounted."""
    from ..kernel import mount

    mount.umount(ctx.run("containers", container_id, "merged"))


def image_mount(ctx: Context, chain_ids: Sequence[str], target: str) -> None:
    """Mount an image's file system read-only on an existing directory."""
    from ..kernel import mount

    directories = lowers(ctx, chain_ids)
    if len(directories) < 2:
        directories.append(_empty(ctx))
    mount.overlay(directories, "", "", target, userxattr=owners.in_own_namespace())
