# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images, as verbs and modules see them. What is only sometimes needed is imported where it is used."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Collection, Dict, Iterable, List, Optional, Sequence

from ..context import Context
from ..errors import Damaged, InUse, InvalidInput, MissingDependency, NotFound, RegistryError, TimedOut
from ..formats import reference as references
from ..store import collection, containers
from ..store import images as store
from ..store.images import ImageRecord
from . import fetch

if TYPE_CHECKING:
    from ..registry.auth import Credentials


ATTEMPTS = 5  # to remove an image of which containers are made again and again

all = store.all
lookup = store.lookup
spoken_name = store.spoken_name
pull = fetch.pull
remote_digest = fetch.remote_digest


def exists(ctx: Context, name: str) -> bool:
    """Whether a name means an image on this host. Raises Ambiguous."""
    try:
        store.lookup(ctx, name)
    except NotFound:
        return False
    return True


def push(ctx: Context, name: str, destination: str = "", **options: Any) -> str:
    """Push an image; the digest ('sha256:...') of the manifest that the registry got. See service.push."""
    from . import push as service
    from .pull import as_options

    options.pop("platform", None)
    return service.push(ctx, name, destination or name, **as_options(**options))


def load(ctx: Context, path: str) -> List[ImageRecord]:
    """Load the images of an archive or a layout directory; see service.load."""
    from . import load as service

    return service.load(ctx, path)


def save(ctx: Context, names: Sequence[str], path: str, *, format: str = "docker-archive") -> None:
    """Save images to an archive or a directory; see service.save."""
    from . import save as service

    service.save(ctx, names, path, format)


def import_tar(ctx: Context, path: str, name: str, *, changes: Iterable[str] = (), message: str = "") -> ImageRecord:
    """Make an image of one layer from a root file system's tar; see service.imports."""
    from . import imports

    return imports.import_tar(ctx, path, name, changes=tuple(changes), message=message)


def own_name(text: str) -> str:
    """The complete name that a user means when naming an image of this host: short ones are localhost's."""
    short = references.is_short(text)
    target = references.in_registry(references.LOCAL, text) if short else references.parse(text)
    if target.digest:
        raise InvalidInput("%s has a digest, and a name that is given cannot have one" % text)
    return target.tagged


def tag(ctx: Context, name: str, target: str) -> None:
    """Give an image one more name; one that meant another image moves. Raises NotFound."""
    with store.lock(ctx):
        store.set_name(ctx, own_name(target), store.lookup(ctx, name).id)


def untag(ctx: Context, name: str, names: Sequence[str] = ()) -> None:
    """Take names from an image, all when none is given. Raises NotFound."""
    with store.lock(ctx):
        record = store.lookup(ctx, name)
        chosen = [_name_of(ctx, record, one) for one in names] or list(record.all_names)
        for one in chosen:
            store.remove_name(ctx, one)


def _name_of(ctx: Context, record: ImageRecord, text: str) -> str:
    """Which of an image's names a text means. Raises NotFound."""
    name = store.spoken_name(ctx, record, text)
    if name is None:
        raise NotFound("The image %s has no name %s" % (record.id[:12], text),
                       "It has: %s." % (", ".join(record.all_names) or "none at all"))
    return name


def remove(ctx: Context, name: str, *, force: bool = False) -> List[str]:
    """Take a name away, and with the last one the image; 'Untagged: ...' and 'Deleted: ...' lines.

    Raises NotFound, Damaged, and InUse when containers need it; ``force`` removes those too, and a damaged one.
    """
    for _attempt in range(ATTEMPTS):
        with store.lock(ctx):
            try:
                record = store.lookup(ctx, name)
            except Damaged:
                if not force:
                    raise
                return _remove_damaged(ctx, store.find(ctx, name))
            spoken = _to_untag(ctx, record, name, force)
            if spoken is not None:
                store.remove_name(ctx, spoken)
                return ["Untagged: " + spoken]
            users = _users(ctx, record)
            if not users:
                collection.forget(ctx, record)
                return ["Untagged: " + one for one in record.all_names] + ["Deleted: " + record.id]
        if not force:
            break
        for container in users:
            from . import removal

            with contextlib.suppress(NotFound):
                removal.remove(ctx, container, force=True, volumes=True)
    raise _in_use(name, users)


def _to_untag(ctx: Context, record: ImageRecord, name: str, force: bool) -> Optional[str]:
    """The name that a removal by ``name`` only takes away; None where the image goes. Raises InUse."""
    by_id = record.id.startswith(name[7:] if name.startswith("sha256:") else name)
    spoken = store.spoken_name(ctx, record, name)
    if not by_id and len(record.all_names) > 1 and spoken is not None:
        return spoken
    if len(record.all_names) > 1 and not force:
        raise InUse("The image %s has several names: %s" % (name, ", ".join(record.all_names)),
                    "Remove it by its names, or use force.")
    return None


def _in_use(name: str, users: Sequence[str]) -> InUse:
    return InUse("The image %s is used by the container %s" % (name, ", ".join(c[:12] for c in users)),
                 "Remove the container first, or use force.")


def check_removal(ctx: Context, name: str, *, force: bool = False, without: Collection[str] = ()) -> None:
    """Raise what ``remove`` would raise; containers ``without``, by name, would not need the image any more."""
    record = store.lookup(ctx, name)
    if _to_untag(ctx, record, name, force) is None and not force:
        needing = [row["id"] for row in containers.all_raw(ctx) if row.get("image_id") == record.id
                   and not {row["name"], row["spec"].get("pod")} & set(without)]
        if needing:
            raise _in_use(name, needing)


def _remove_damaged(ctx: Context, image_id: str) -> List[str]:
    """Remove an image whose document cannot be read, with what is known of it from elsewhere; the caller holds the
    lock. Raises InUse: a container that needs it may need its layers."""
    users = containers.image_users(ctx).get(image_id, [])
    if users:
        raise InUse("The image %s is damaged, and used by the container %s" % (
            image_id[:12], ", ".join(c[:12] for c in users)), "Pull it again, or remove the container first.")
    names = store.names_of(ctx, image_id)
    collection.forget_damaged(ctx, image_id)
    return ["Untagged: " + one for one in names] + ["Deleted: " + image_id]


def _users(ctx: Context, record: ImageRecord) -> List[str]:
    """The containers that need an image; the caller holds the lock. Raises InUse while one is being made."""
    # In this order: a container has its document before its pin goes.
    if record.id in collection.pins(ctx):
        raise InUse("A container is being made from the image %s right now" % (*record.all_names, record.id[:12])[0],
                    "Try again in a moment.")
    return containers.image_users(ctx).get(record.id, [])


def prune(ctx: Context, *, every: bool = False) -> List[str]:
    """Remove images without a name, or with ``every`` all that no container uses; their IDs.

    Layers and documents that killed commands left go, too. While a container is damaged nobody knows which image it
    needs: all stay then, and the user is warned.
    """
    gone: List[str] = []
    lost = containers.damaged(ctx)
    for damage in lost:
        ctx.warn("Images are kept that the damaged container %s may need. %s" % (damage.name, damage))
    if lost:
        return gone
    for row in store.all(ctx):
        # Looked at again under the lock: it may have got a name or a container, or be gone, by now.
        with store.lock(ctx), contextlib.suppress(NotFound, InUse):
            record = store.get(ctx, row.id)
            if (every or not record.all_names) and not _users(ctx, record):
                collection.forget(ctx, record)
                gone.append(record.id)
    collection.collect(ctx)
    return gone


def inspect(ctx: Context, name: str) -> Dict[str, Any]:
    """An image as podman-image-inspect(1) shows it."""
    from . import imageinspect

    return imageinspect.inspect(ctx, store.lookup(ctx, name))


def history(ctx: Context, name: str) -> List[Dict[str, Any]]:
    """An image's layers as podman-history(1) shows them, the newest first."""
    from . import imageinspect

    return imageinspect.history(ctx, store.lookup(ctx, name))


def layer_tree(ctx: Context, record: ImageRecord, *, above: bool = False) -> List[Dict[str, Any]]:
    """An image's layers from the lowest up: {id, size, names, above}; see imageinspect.layer_tree."""
    from . import imageinspect

    return imageinspect.layer_tree(ctx, record, above=above)


def users(ctx: Context, record: ImageRecord) -> List[str]:
    """The IDs of the containers that were made from an image."""
    return containers.image_users(ctx).get(record.id, [])


def get_login(ctx: Context, registry: str, *, authfile: Optional[str] = None) -> Optional[Credentials]:
    """The credentials that are kept for a registry, or None."""
    from ..registry import auth, configuration

    return auth.find(ctx, _registry(registry), authfile=authfile, helpers=configuration.load(ctx).credential_helpers)


def login(ctx: Context, registry: str, username: str, password: str, **options: Any) -> str:
    """Try credentials on a registry, and keep them when it takes them; the path of the file.

    Raises Unauthorized when it does not; what was kept before then stays.
    """
    from ..registry import auth

    try_login(ctx, registry, username, password, **options)
    registry = _registry(registry)
    return auth.store(ctx, registry, auth.Credentials(username, password), authfile=options.get("authfile"))


def try_login(ctx: Context, registry: str, username: str, password: str, **options: Any) -> None:
    """Try credentials on a registry, and keep nothing; raises what ``login`` raises."""
    from ..registry import configuration, transfer
    from .pull import access_of

    registry = _registry(registry)
    access = access_of(options.get("tls_verify"), options.get("authfile"), options.get("cert_dir"),
                       (username, password))
    domain, _slash, path = registry.partition("/")
    target = references.Reference(domain, path or "x", "latest")
    transfer.client_for(ctx, configuration.load(ctx), target, access).ping()


def foresee_login(ctx: Context, registry: str, username: str, password: str, **options: Any) -> None:
    """Raise what ``login`` would raise because of what the registry answers.

    When it cannot be asked that is a warning: it may be what an earlier task of the same check would start.
    """
    try:
        try_login(ctx, registry, username, password, **options)
    except (MissingDependency, TimedOut, RegistryError) as exc:
        if isinstance(exc, RegistryError) and exc.status is not None:
            raise
        ctx.warn("Not known whether %s takes the user %s: %s" % (registry, username, exc))


def logout(ctx: Context, registry: Optional[str], *, authfile: Optional[str] = None) -> bool:
    """Forget a registry's credentials, or with None all; whether there were any."""
    from ..registry import auth

    return auth.forget(ctx, None if registry is None else _registry(registry), authfile=authfile)


def _registry(text: str) -> str:
    """The registry, perhaps with a namespace, that a login is for; of an address only the host counts, and the Hub's
    hosts are docker.io.

    podman-login(1) and others take addresses such as https://registry.example/v2/. Raises InvalidInput.
    """
    scheme, colon, rest = text.partition("://")
    registry = (rest.partition("/")[0] if colon and scheme in ("http", "https") else text).rstrip("/")
    domain, slash, path = registry.partition("/")
    return references.complete(domain, path or "x", "", "", text).domain + slash + path
