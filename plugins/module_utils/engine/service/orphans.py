# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What killed commands left, or what a damaged disk lost the owner of: ``system check`` finds and removes it."""

from __future__ import annotations

import contextlib
import glob
import os
from functools import partial
from typing import Iterator, List

from ..context import Context
from ..errors import Damaged, EngineError, NotFound, TimedOut
from ..kernel import files, locks, mount, netns, proc, tree
from ..runtime import oci, probe
from ..store import blobs, collection, images, layers, names, pods, runs, secrets, volumes
from ..store import containers as store
from . import copyup, journal, network_orphans, usernamespace
from .finding import Finding

PLACES = ("", "names/containers", "names/secrets", "pending", "containers", "containers/*", "pods", "volumes",
          "volumes/*", "secrets", "secrets/*", "networks", "units", "images/*", "blobs/sha256", "engine")
RUN_PLACES = ("", "pending", "aside", "endpoints", "ports", "ipam/*", "dns", "containers/*", "engine-digests",
              "uplinks/*")

# Prefix of a lock's name, and where its object is; a pod's comes before a container's.
LOCKED = {"container-pod-": "pods/%s.json", "container-": "containers/%s", "volume-": "volumes/%s",
          "layer-": "layers/%s", "secret-": "names/secrets/%s"}


def find(ctx: Context) -> Iterator[Finding]:
    """All that nobody needs."""
    yield from _temporaries(ctx)
    yield from _secrets(ctx)
    yield from _roots(ctx)
    yield from _unfinished(ctx)
    yield from _names(ctx)
    yield from _nameless(ctx)
    yield from _marks(ctx)
    yield from _half_filled(ctx)
    yield from _images(ctx)
    yield from _runs(ctx)
    yield from network_orphans.find(ctx, partial(_at_rest, ctx))


@contextlib.contextmanager
def _idle(ctx: Context, container_id: str) -> Iterator[bool]:
    """Whether nobody is just doing something with a container, or pod-ID; it stays so for the body."""
    with contextlib.ExitStack() as held:
        idle = True
        try:
            held.enter_context(store.lock(ctx, container_id, timeout=0))
        except TimedOut:
            idle = False
        try:
            yield idle
        finally:
            if idle and not os.path.lexists(store.directory(ctx, container_id)) and not os.path.lexists(
                    ctx.path("pods", container_id[len("pod-"):] + ".json")):
                store.drop_lock(ctx, container_id)


def _temporaries(ctx: Context) -> Iterator[Finding]:
    for pattern in [ctx.path(place) for place in PLACES] + [ctx.run(place) for place in RUN_PLACES]:
        for directory in sorted(glob.glob(pattern)):
            for path in filter(os.path.lexists, files.temporaries(directory)):
                yield Finding("temporary file", os.path.basename(path), path, "removes it",
                              partial(files.drop_temporaries, directory))
    for path in _outside(ctx):
        yield Finding("temporary file", os.path.basename(path), path, "removes it",
                      partial(files.remove, path, durable=False))


def _outside(ctx: Context) -> Iterator[str]:
    """Directories and files for a moment in directories that are everybody's."""
    for directory in sorted({ctx.tmpdir, "/tmp"}):
        for path in files.temporaries(directory):
            if not os.path.basename(path).startswith("pycontainer-"):
                continue
            with contextlib.suppress(OSError):  # It is gone, or no file of ours.
                if os.lstat(path).st_uid == os.geteuid() and not locks.is_held(path):
                    yield path


def _secrets(ctx: Context) -> Iterator[Finding]:
    for path in secrets.remains(ctx):
        yield Finding("remains of a secret", os.path.basename(path), path, "removes it", partial(secrets.tidy, ctx))
    for path in secrets.without_document(ctx):
        yield Finding("secret without a document", os.path.basename(path), path, "removes it with its value",
                      partial(files.discard, path), True)


def _roots(ctx: Context) -> Iterator[Finding]:
    """Places in /tmp where an OCI runtime saw root file systems of containers with IDs of their own."""
    for container_id, path in usernamespace.reachable_directories(ctx):
        with _idle(ctx, container_id) as idle:
            if idle and os.path.lexists(path) and not _has_run(ctx, container_id):
                yield Finding("remains of a run", container_id[:12], path, "takes it down",
                              partial(_take_down_root, ctx, container_id, path))


def _take_down_root(ctx: Context, container_id: str, path: str) -> None:
    with _idle(ctx, container_id) as idle:
        if idle and not _has_run(ctx, container_id):
            mount.unmount_all(path)
            tree.remove_path(path)


def _unfinished(ctx: Context) -> Iterator[Finding]:
    for key in journal.pending(ctx):
        with _idle(ctx, key) as idle:
            if idle and key in journal.pending(ctx):
                yield Finding("unfinished work", key[:16], ctx.path("pending", key), "undoes or completes it",
                              partial(_finish, ctx, key))


def _finish(ctx: Context, key: str) -> None:
    journal.repair(ctx)
    if key in journal.pending(ctx):
        raise EngineError("; ".join(journal.problems(ctx)) or "Another command is doing something with it")


def _names(ctx: Context) -> List[Finding]:
    """Claims without an object, and objects without their claim."""
    found = []
    for name in names.every(ctx, "containers"):
        with _dead(ctx, name) as dead:
            if dead:
                found.append(Finding("orphaned name", name, ctx.path("names", "containers", name), "frees it",
                                     partial(_free, ctx, name)))
    known = [(document["id"], document["name"]) for document in store.all_raw(ctx)]
    for holder, name in known + [("pod-" + pod.id, pod.name) for pod in pods.every(ctx)]:
        with _nameless_one(ctx, holder, name) as lost:
            if lost:
                found.append(Finding("lost name", name, ctx.path("names", "containers", name), "claims it again",
                                     partial(_claim, ctx, name, holder)))
    return found


def _is_dead(ctx: Context, name: str) -> bool:
    holder = names.owner(ctx, "containers", name)
    if holder is None:
        return os.path.lexists(ctx.path("names", "containers", name)) and name not in {
            document["name"] for document in store.all_raw(ctx)}
    if {holder, "pod-" + holder} & set(journal.pending(ctx)):
        return False
    dead = not os.path.lexists(store.directory(ctx, holder, "container.json")) and not pods.exists(ctx, holder)
    return dead and names.owner(ctx, "containers", name) == holder  # It may have been released since.


@contextlib.contextmanager
def _dead(ctx: Context, name: str) -> Iterator[bool]:
    """Whether a claim has nobody behind it; nobody makes or removes its holder during the body."""
    if not _is_dead(ctx, name):
        yield False
        return
    # Whoever makes a container or a pod holds its lock while it has no document.
    holder = names.owner(ctx, "containers", name) or "none"
    with _idle(ctx, holder) as idle, _idle(ctx, "pod-" + holder) as idle_pod:
        yield idle and idle_pod and _is_dead(ctx, name)


def _free(ctx: Context, name: str) -> None:
    with _dead(ctx, name) as dead:
        if dead:
            files.remove(ctx.path("names", "containers", name))


@contextlib.contextmanager
def _nameless_one(ctx: Context, key: str, name: str) -> Iterator[bool]:
    """Whether nobody has the name of a container, or pod-ID; nobody renames or removes that one during the body."""
    if names.owner(ctx, "containers", name) is not None:
        yield False
        return
    with _idle(ctx, key) as idle:
        yield (idle and key not in journal.pending(ctx) and _name_of(ctx, key) == name
               and names.owner(ctx, "containers", name) is None)


def _name_of(ctx: Context, key: str) -> str:
    """What a container, or pod-ID, is called; '' for one that is gone, or whose document is damaged."""
    try:
        if key.startswith("pod-"):
            return pods.get(ctx, key[len("pod-"):]).name
        return store.get(ctx, key).name
    except (NotFound, Damaged):
        return ""


def _claim(ctx: Context, name: str, key: str) -> None:
    with _nameless_one(ctx, key, name) as lost:
        if not lost:
            return
        if os.path.isdir(ctx.path("names", "containers", name)):
            files.remove(ctx.path("names", "containers", name))
        if not names.claim(ctx, "containers", name, key.rpartition("-")[2]):
            raise EngineError("The name %s was taken meanwhile" % name, "Rename one of them.")


def _nameless(ctx: Context) -> Iterator[Finding]:
    """Directories of containers and volumes whose document is gone."""
    pending = set(journal.pending(ctx))
    for container_id in store.ids(ctx):
        place = store.directory(ctx, container_id)
        if os.path.lexists(os.path.join(place, "container.json")) or container_id in pending or len(container_id) != 64:
            continue
        with _idle(ctx, container_id) as idle:
            if idle and os.path.lexists(place) and not os.path.lexists(os.path.join(place, "container.json")):
                yield Finding("container without a document", container_id[:12], place,
                              "removes it%s" % (" with what it has written" if _filled(place, "upper") else ""),
                              partial(_remove_rest, ctx, container_id),
                              _filled(place, "upper"))
    for path in sorted(glob.glob(ctx.path("volumes", "*"))):
        name = os.path.basename(path)
        if os.path.lexists(os.path.join(path, "volume.json")) or not names.is_name(name):
            continue
        with volumes.lock(ctx, name):
            lost = os.path.lexists(path) and not os.path.lexists(os.path.join(path, "volume.json"))
            if not os.path.lexists(path):
                volumes.drop_lock(ctx, name)
        if lost:
            yield Finding("volume without a document", name, path,
                          "removes it%s" % (" with its data" if _filled(path, "_data") else ""),
                          partial(_remove_volume, ctx, name),
                          _filled(path, "_data"))


def _filled(*parts: str) -> bool:
    try:
        return bool(os.listdir(os.path.join(*parts)))
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _remove_rest(ctx: Context, container_id: str) -> None:
    from . import cleanup, creation

    with store.lock(ctx, container_id):
        if not os.path.lexists(store.directory(ctx, container_id, "container.json")):
            cleanup.end_run(ctx, container_id)
            creation.undo(ctx, container_id, {})


def _remove_volume(ctx: Context, name: str) -> None:
    from . import volumes as service

    with volumes.lock(ctx, name):
        if not os.path.lexists(volumes.directory(ctx, name, "volume.json")):
            service.unmount(ctx, name)
            files.discard(volumes.directory(ctx, name))


def _marks(ctx: Context) -> Iterator[Finding]:
    """Marks of containers that are gone, with volumes and copies of the engine."""
    pending = set(journal.pending(ctx))
    marks = glob.glob(ctx.path("volumes", "*", "users", "*")) + glob.glob(ctx.path("engine", "*.users", "*"))
    for path in sorted(marks):
        container_id = os.path.basename(path)
        if container_id in pending or os.path.lexists(store.directory(ctx, container_id)):
            continue
        with _idle(ctx, container_id) as idle:
            lost = idle and os.path.lexists(path) and not os.path.lexists(store.directory(ctx, container_id))
        if lost:
            yield Finding("orphaned mark", container_id[:12], path, "removes it",
                          partial(_remove_mark, ctx, path))


def _half_filled(ctx: Context) -> Iterator[Finding]:
    """Volumes that have a part of what an image has for them."""
    for name in volumes.all_names(ctx):
        if copyup.is_torn(ctx, name):
            yield Finding("half-filled volume", name, volumes.data_path(ctx, name), "empties it for its next user",
                          partial(copyup.drop_torn, ctx, name))


def _remove_mark(ctx: Context, path: str) -> None:
    container_id = os.path.basename(path)
    with _idle(ctx, container_id) as idle:
        if idle and not os.path.lexists(store.directory(ctx, container_id)):
            files.remove(path)


def _images(ctx: Context) -> Iterator[Finding]:
    """Layers, documents and names that no image has."""
    with images.lock(ctx):
        wanted = collection.needed(ctx)
        paths = [ctx.path("layers", chain) for chain in layers.all_ids(ctx) if not wanted.layer(chain)]
        paths += [ctx.path("blobs", "sha256", one) for one in blobs.all_digests(ctx) if not wanted.document(one)]
        paths += [path for path in glob.glob(ctx.path("layers-mapped", "*", "*"))
                  if not os.path.lexists(ctx.path("layers", os.path.basename(path)))]
        begun = [ctx.path("images", one) for one in images.ids(ctx)
                 if not os.path.lexists(ctx.path("images", one, "image.json"))]
        lost = [name for image_id, found in images.every_name(ctx).items() for name in found
                if not name.startswith(images.SHORT) and not os.path.lexists(ctx.path("images", image_id))]
    staged = [path for path in glob.glob(ctx.path("layers", ".*")) if _is_dead_staging(ctx, path)]
    for path in sorted(paths + begun + staged):
        kind = "orphaned layer" if "/layers" in path[len(ctx.root):] else "orphaned image data"
        yield Finding(kind, os.path.basename(path)[:20], path, "removes it", partial(_collect, ctx, path))
    for name in lost:
        yield Finding("orphaned image name", name, ctx.path("images", "names", names.quoted(name)), "removes it",
                      partial(_remove_image_name, ctx, name))


def _is_dead_staging(ctx: Context, path: str) -> bool:
    owner = os.path.basename(path)[1:].split(".")[0]
    try:
        with locks.locked(ctx.path("locks", "layer-" + owner), timeout=0):
            return os.path.lexists(path)
    except TimedOut:
        return False


def _collect(ctx: Context, path: str) -> None:
    if os.path.lexists(path):
        collection.collect(ctx)
    if os.path.lexists(path) and "/layers-mapped/" in path:
        tree.remove_path(path)


def _remove_image_name(ctx: Context, name: str) -> None:
    with images.lock(ctx):
        image_id = images.named(ctx, name)
        if image_id is not None and not os.path.lexists(ctx.path("images", image_id)):
            images.remove_name(ctx, name)


def _runs(ctx: Context) -> Iterator[Finding]:
    """Runs that ended with nobody there, and what a run leaves: mounts, namespaces, the OCI runtime's state."""
    found = {os.path.basename(path)[:64]: path for place in ("oci", "netns", "userns", "containers")
             for path in sorted(glob.glob(ctx.run(place, "*"))) if len(os.path.basename(path)) == 64}
    for point in mount.mounts_below(ctx.run("containers")):
        found.setdefault(os.path.relpath(point, ctx.run("containers")).split("/")[0], point)
    for container_id, path in found.items():
        if _has_run(ctx, container_id):
            continue
        with _idle(ctx, container_id) as idle:
            # What was seen before may have been taken down since.
            if idle and os.path.lexists(path) and not _has_run(ctx, container_id):
                yield Finding("remains of a run", names.spoken(ctx, "containers", container_id), path,
                              "takes it down", partial(_take_down, ctx, container_id))
    for path in sorted(glob.glob(ctx.run("volumes", "*", "*"))):
        container_id = os.path.basename(path)
        if _has_run(ctx, container_id):
            continue
        with _idle(ctx, container_id) as idle:
            lost = idle and os.path.lexists(path) and not _has_run(ctx, container_id)
        if lost:
            yield Finding("mounted volume without a user", os.path.basename(os.path.dirname(path)), path, "unmounts it",
                          partial(_unuse, ctx, path))


def _has_run(ctx: Context, container_id: str) -> bool:
    state = runs.state(ctx, container_id)
    if state.running or state.status in ("restarting", "unknown") or container_id in journal.pending(ctx):
        return True
    # Its monitor becomes the hook that takes the run down, and may start the container again.
    run = runs.raw_run(ctx, container_id) or {}
    return proc.alive(run.get("conmon_pid", 0), run.get("conmon_start", 0))


@contextlib.contextmanager
def _at_rest(ctx: Context, container_id: str) -> Iterator[bool]:
    with _idle(ctx, container_id) as idle:
        yield idle and not _has_run(ctx, container_id)


def _take_down(ctx: Context, container_id: str) -> None:
    from . import cleanup

    with _idle(ctx, container_id) as idle:
        if not idle or _has_run(ctx, container_id):
            return
        cleanup.end_run(ctx, container_id)
        place = os.path.join(oci.root(ctx), container_id)
        if os.path.isdir(place):
            oci.delete(ctx, probe.of_state(ctx, place), container_id, force=True)
            tree.remove_path(place)
        netns.remove(ctx.run("netns", container_id))


def _unuse(ctx: Context, path: str) -> None:
    from . import volumes as service

    name, container_id = path.split("/")[-2:]
    with _idle(ctx, container_id) as idle:
        if idle and not _has_run(ctx, container_id):
            service.unuse(ctx, name, container_id)


def drop_locks(ctx: Context) -> None:
    """Remove the lock files of objects that are gone. They do no harm, so that nothing is said of them."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("locks")):
            if _is_free(ctx, name):
                _remove_lock(ctx, name)


def _is_free(ctx: Context, lock: str) -> bool:
    """Whether a lock's object is gone, and nobody has noted to do anything with it."""
    prefix = next((one for one in LOCKED if lock.startswith(one)), "")
    return bool(prefix) and not os.path.lexists(ctx.path(LOCKED[prefix] % lock[len(prefix):])) and (
        lock.partition("-")[2] not in journal.pending(ctx))


def _remove_lock(ctx: Context, lock: str) -> None:
    """Remove a lock file, unless somebody holds it or waits for it, who is making the object."""
    with contextlib.suppress(TimedOut), locks.locked(ctx.path("locks", lock), timeout=0):
        if _is_free(ctx, lock):
            os.unlink(ctx.path("locks", lock))
