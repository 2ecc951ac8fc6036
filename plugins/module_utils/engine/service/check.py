# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with what the engine keeps, and mending it (podman-system-check(1)): damaged documents and lost
content here, what nobody needs any more in ``orphans``.

It works beside other commands: what one of them is just making is held by a lock, and is not looked at; each repair
takes that lock, and looks again. What holds users' data, or could be all that is left of something, goes by force only.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Callable, Iterator, List, NamedTuple, Optional, Set

from ..context import Context
from ..errors import Damaged, EngineError, NotFound
from ..formats import reference
from ..kernel import files, proc
from ..network import definitions, endpoints
from ..network.definitions import DEFAULT_NETWORK
from ..runtime import oci
from ..store import blobs, collection, images, layers, pods, runs, secrets, units, volumes
from ..store import containers as store
from ..store.images import ImageRecord
from .finding import Finding

MOST = 10000  # findings that one repair looks after; others could go on making some


class Repaired(NamedTuple):
    """A finding, and why it is still there; '' when it was mended."""

    finding: Finding
    problem: str


def find(ctx: Context, *, quick: bool = False) -> List[Finding]:
    """All that is wrong; ``quick`` leaves out reading all content of images."""
    from . import orphans

    found = [*_objects(ctx), *_runs(ctx), *_content(ctx, quick), *orphans.find(ctx)]
    return list({(one.kind, one.path): one for one in found}.values())


def repair(ctx: Context, found: List[Finding], *, force: bool = False) -> List[Repaired]:
    """Mend what can be mended, with ``force`` also what loses something; each with what became of it."""
    from . import orphans

    done: List[Repaired] = []
    todo = found
    while todo and len(done) < MOST:
        done += [Repaired(one, _mend(one, force)) for one in todo]
        # What was mended may have left something that nobody needs any more.
        again = find(ctx, quick=True)
        left, known = [{(one.kind, one.path) for one in rows} for rows in (again, [row.finding for row in done])]
        todo = [one for one in again if (one.kind, one.path) not in known]
    orphans.drop_locks(ctx)
    return [row if row.problem or (row.finding.kind, row.finding.path) not in left else row._replace(
        problem="it is still there") for row in done]


def _mend(one: Finding, force: bool) -> str:
    """Mend one; what hinders that."""
    if one.mend is None:
        return one.remedy
    if one.force and not force:
        return "by --force only: it %s" % one.remedy
    try:
        one.mend()
    except NotFound:
        return ""  # Somebody else was faster.
    except (EngineError, OSError) as exc:
        return str(exc)
    return ""


def _of(damage: Damaged, remedy: str, mend: Optional[Callable[[], object]], *, force: bool = True) -> Finding:
    return Finding("damaged " + damage.kind, damage.name, "%s: %s" % (damage.path, damage.reason), remedy, mend, force)


def _objects(ctx: Context) -> Iterator[Finding]:
    """Documents of what users have made."""
    from . import images as image_service
    from . import network_definitions, removal
    from . import pods as pod_service
    from . import volumes as volume_service

    for damage in store.damaged(ctx):
        key = os.path.basename(os.path.dirname(damage.path))
        yield _of(damage, "removes the container with what it has written",
                  partial(removal.remove, ctx, key, force=True))
    for damage in pods.damaged(ctx):
        key = os.path.basename(damage.path)[:-len(".json")]
        yield _of(damage, "removes the pod with its containers",
                  partial(pod_service.remove, ctx, key, force=True))
    for damage in volumes.damaged(ctx):
        yield _of(damage, "removes the volume with its data",
                  partial(volume_service.remove, ctx, damage.name, force=True))
    for damage in secrets.damaged(ctx):
        key = os.path.basename(os.path.dirname(damage.path))
        yield _of(damage, "removes the secret",
                  partial(secrets.remove, ctx, key))
    for damage in definitions.damaged(ctx):
        again = damage.name == DEFAULT_NETWORK
        yield _of(damage, "removes the network%s" % (", which the next container on it makes anew" if again else ""),
                  partial(network_definitions.remove, ctx, damage.name, force=True), force=not again)
    for damage in units.damaged(ctx):
        yield _of(damage, "forgets the unit; write it again",
                  partial(units.drop, ctx, damage.name))
    for damage in images.damaged(ctx):
        key = os.path.basename(os.path.dirname(damage.path))
        if _rebuilt(ctx, key) is not None:
            yield _of(damage, "writes the document anew, by the image's configuration",
                      partial(_rebuild, ctx, key), force=False)
        else:
            yield _of(damage, "removes the image; pull it again",
                      partial(image_service.remove, ctx, key, force=True))


def _rebuilt(ctx: Context, image_id: str) -> Optional[ImageRecord]:
    """The record of an image as its configuration and its layers tell it, None when something of that is missing."""
    chains = collection.layers_of_config(ctx, image_id)
    if chains is None or not all(layers.exists(ctx, chain) for chain in chains):
        return None
    config, manifest = images.config(ctx, image_id), collection.manifest_of(ctx, image_id)
    if not manifest:
        return None
    names = images.names_of(ctx, image_id)
    digests = {"%s@%s" % (reference.parse(name).name, manifest) for name in names}
    return ImageRecord(
        image_id, digests=tuple(sorted(digests)), manifest_digest=manifest, config_digest="sha256:" + image_id,
        layers=tuple(chains), diff_ids=tuple(config.diff_ids), created=config.created or "",
        size=sum(layers.get(ctx, chain).size for chain in chains), labels=dict(config.labels),
        architecture=config.architecture, os=config.os)


def _rebuild(ctx: Context, image_id: str) -> None:
    with images.lock(ctx):
        record = _rebuilt(ctx, image_id)
        if record is None:
            raise EngineError("Something of the image is gone by now", "Pull it again.")
        images.put(ctx, record)


def _runs(ctx: Context) -> Iterator[Finding]:
    """What was noted of runs, and what is only remembered."""
    for container_id in store.ids(ctx):
        for path, read in ((store.run_directory(ctx, container_id, "state.json"), runs.raw_run),
                           (store.directory(ctx, container_id, "exit.json"), runs.raw_exit)):
            try:
                read(ctx, container_id)
            except Damaged as exc:
                if path.endswith("exit.json"):
                    yield _of(exc, "forgets how it ended", partial(files.remove, exc.path), force=False)
                    continue
                yield _of(exc, "ends the run", partial(_end, ctx, container_id),
                          force=_may_live(ctx, container_id))
    for container_id in endpoints.ids(ctx):
        try:
            endpoints.read(ctx, container_id)
        except Damaged as exc:
            lives = _may_live(ctx, container_id)
            yield _of(exc, "restart the container" if lives else "takes it off its networks",
                      None if lives else partial(_off, ctx, container_id), force=False)


def _may_live(ctx: Context, container_id: str) -> bool:
    """Whether a process of the container may be there: one that the OCI runtime knows of."""
    if runs.state(ctx, container_id).running:
        return True
    try:
        pid = int(files.word(store.run_directory(ctx, container_id, "pidfile")) or 0)
    except ValueError:
        pid = 0
    return os.path.isdir(os.path.join(oci.root(ctx), container_id)) and (not pid or proc.start_time(pid) is not None)


def _end(ctx: Context, container_id: str) -> None:
    from . import cleanup

    with store.lock(ctx, container_id):
        try:
            runs.raw_run(ctx, container_id)
        except Damaged:
            cleanup.end_run(ctx, container_id)


def _off(ctx: Context, container_id: str) -> None:
    from . import networks

    with store.lock(ctx, container_id):
        if not runs.state(ctx, container_id).running:
            networks.teardown(ctx, container_id)


def _content(ctx: Context, quick: bool) -> Iterator[Finding]:
    """What images consist of; without ``quick`` to the byte."""
    seen: Set[str] = set()
    for row in images.all(ctx):
        found = list(_content_of(ctx, row, quick, seen))
        # Somebody may have removed the image meanwhile.
        if found and os.path.lexists(ctx.path("images", row.id, "image.json")):
            yield from found


def _content_of(ctx: Context, row: ImageRecord, quick: bool, seen: Set[str]) -> Iterator[Finding]:
    name = next(iter(row.names), row.id[:12])
    for digest in filter(None, (row.id, row.manifest_digest[7:])):
        try:
            blobs.read(ctx, digest)
        except EngineError as exc:
            yield Finding("damaged image", name, ctx.path("blobs", "sha256", digest), "%s" % exc)
    for chain in row.layers:
        if chain not in seen:
            seen.add(chain)
            problem = _layer_problem(ctx, chain, quick)
            if problem:
                yield Finding("damaged image", name, ctx.path("layers", chain), problem)


def _layer_problem(ctx: Context, chain: str, quick: bool) -> str:
    try:
        layers.get(ctx, chain)
        if not layers.exists(ctx, chain):
            return "The layer was not on the disk when the power went. Pull the image again."
        if not quick:
            for _piece in layers.tar(ctx, chain):
                continue
    except Damaged as exc:
        return "%s: %s. Pull the image again." % (exc.path, exc.reason)
    except (EngineError, OSError) as exc:
        return str(exc)
    return ""
