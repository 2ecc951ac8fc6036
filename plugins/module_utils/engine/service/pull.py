# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pulling an image: names resolved, mirrors tried, layers extracted side by side while they come."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, TypeVar

from ..context import Context
from ..errors import (
    Ambiguous,
    Damaged,
    EngineError,
    InvalidInput,
    MissingDependency,
    NotFound,
    RegistryError,
    TimedOut,
    VerificationError,
)
from ..formats import imageconfig, manifest
from ..formats import platform as platforms
from ..formats import reference as references
from ..formats.imageconfig import ImageConfig
from ..formats.manifest import Descriptor, Index, Manifest
from ..formats.reference import Reference
from ..formats.registriesconf import Candidate, NoRegistry
from ..registry import configuration, transfer
from ..registry.auth import Credentials
from ..registry.transfer import Access, Source
from ..store import blobs, collection, images, layers
from ..store.images import ImageRecord
from .fetch import PullResult

POLICIES = ("always", "missing", "newer", "never")
WORKERS = 4


class LocalOnly(NotFound):
    """An image of this host's own that is not there."""


Progress = Callable[[str, int, int], None]
Result = TypeVar("Result")

OPEN = Access()


def access_of(tls_verify: Optional[bool] = None, authfile: Optional[str] = None, cert_dir: Optional[str] = None,
              creds: Any = None) -> Access:
    """Access from a verb's options; ``creds`` is 'user:password' or a pair."""
    credentials = None
    if creds:
        user, colon, password = creds.partition(":") if isinstance(creds, str) else (creds[0], ":", creds[1])
        if not user or not colon:
            raise InvalidInput("The credentials for the registry have no %s" % ("password" if user else "user"),
                               "Write USER:PASSWORD.")
        credentials = Credentials(user, password)
    return Access(tls_verify, authfile, cert_dir, credentials)


def pull(ctx: Context, name: str, *, policy: str = "always", platform: str = "", access: Access = OPEN,
         progress: Optional[Progress] = None, retry: int = 0, retry_delay: float = 1.0) -> PullResult:
    """Have an image on this host. Raises NotFound, RegistryError, VerificationError, InvalidInput.

    ``progress`` is called with what is going on, and bytes done and in all (0, 0 for a message).
    """
    check_policy(policy)
    local = _local(ctx, name, policy)
    if policy == "never" or (policy == "missing" and local is not None and fits(ctx, local, platform)):
        if local is None:
            raise NotFound("The image %s is not on this host, and the policy is not to pull it" % name,
                           "Pull it, or use another policy.")
        _refuse_other_platform(images.config(ctx, local.id), platform, name)
        return _kept(ctx, local, name)
    try:
        return _by_candidates(ctx, name, progress, lambda candidate: _one(
            ctx, name, candidate, platform, access, progress, (retry, retry_delay)))
    except (RegistryError, NotFound, TimedOut):
        # podman-pull(1): 'newer' uses what is there when the registry cannot say.
        if policy == "newer" and local is not None and fits(ctx, local, platform):
            return _kept(ctx, local, name)
        raise


def _kept(ctx: Context, record: ImageRecord, name: str) -> PullResult:
    return PullResult(record, False, images.complete_name(ctx, record, name))


def check_policy(policy: str) -> None:
    """Raise InvalidInput for what is no pull policy."""
    if policy not in POLICIES:
        raise InvalidInput("%r is no pull policy" % policy, "Use one of: %s." % ", ".join(POLICIES))


def _local(ctx: Context, name: str, policy: str) -> Optional[ImageRecord]:
    try:
        return images.lookup(ctx, name)
    except Ambiguous:
        # A pull settles what the name means; where there is to be none, the candidates have to be told.
        if policy == "never":
            raise
        return None
    except NotFound:
        return None
    except Damaged as exc:
        # A pull mends it.
        if policy == "never":
            raise
        ctx.warn(exc)
        return None


def fits(ctx: Context, record: ImageRecord, platform: str) -> bool:
    """Whether an image is for the platform that was asked for; '' is none."""
    try:
        _refuse_other_platform(images.config(ctx, record.id), platform, record.id)
    except (NotFound, VerificationError):
        return False
    return True


def foresee(ctx: Context, name: str, *, policy: str = "always", platform: str = "", access: Access = OPEN) -> None:
    """Raise what a pull would raise because of what a registry answers, without getting any layer.

    Where none can be asked that is a warning: what is missing may be what an earlier task of the same check would do.
    """
    check_policy(policy)
    local = _local(ctx, name, policy)
    here = local is not None and fits(ctx, local, platform)
    try:
        if policy == "never":
            if not here:
                raise LocalOnly("The image %s is not on this host" % name)
        elif not here or policy == "always":
            _by_candidates(ctx, name, None, lambda candidate: _foresee_one(ctx, candidate.reference, platform, access))
    except (MissingDependency, NoRegistry, LocalOnly, TimedOut, RegistryError) as exc:
        if isinstance(exc, RegistryError) and exc.status is not None:
            raise
        ctx.warn("Not known whether there is an image %s to pull: %s" % (name, exc))


def _foresee_one(ctx: Context, reference: Reference, platform: str, access: Access) -> None:
    source = transfer.resolve(ctx, configuration.load(ctx), reference, access)
    parsed = _chosen(source, reference, platform)[0]
    if platform:
        config = source.client.small_blob(source.repository, parsed.config)
        _refuse_other_platform(imageconfig.parse(config), platform, str(reference))


def _by_candidates(ctx: Context, name: str, progress: Optional[Progress],
                   work: Callable[[Candidate], Result]) -> Result:
    """What ``work`` gives for the first thing that a name may mean where there is one. Raises what all have said."""
    conf = configuration.load(ctx)
    candidates = conf.candidates(name)
    failures: List[EngineError] = []
    for candidate in candidates:
        if candidate.reference.domain == references.LOCAL and not conf.find(candidate.reference.name):
            raise LocalOnly("The image %s is not on this host" % candidate.reference,
                            "localhost/ names images that were made here; there is no such registry.")
        if candidate.reason and progress is not None:
            progress(candidate.reason, 0, 0)
        try:
            return work(candidate)
        except (RegistryError, NotFound, TimedOut) as exc:
            failures.append(exc)
    if len(failures) == 1:
        raise failures[0]
    raise transfer.combined(candidates[0].reference, failures)


def _one(ctx: Context, name: str, candidate: Candidate, platform: str, access: Access,
         progress: Optional[Progress], retries: Tuple[int, float]) -> PullResult:
    conf = configuration.load(ctx)
    for attempt in range(retries[0] + 1):
        try:
            if progress is not None:
                progress("Trying to pull %s..." % candidate.reference, 0, 0)
            source = transfer.resolve(ctx, conf, candidate.reference, access)
            record, changed = fetch(ctx, source, candidate.reference, platform, progress)
            if references.is_short(name):
                _remember(ctx, name, candidate.reference)
            return PullResult(record, changed, candidate.reference.canonical)
        except (RegistryError, TimedOut, VerificationError) as exc:
            if attempt >= retries[0] or isinstance(exc, NotFound):
                raise
            time.sleep(retries[1])
    raise NotFound("The image %s was not tried" % name)


def _remember(ctx: Context, text: str, target: Reference) -> None:
    with images.lock(ctx):
        images.remember(ctx, text, target.tagged)


def fetch(ctx: Context, source: Source, reference: Reference, platform: str = "",
          progress: Optional[Progress] = None) -> Tuple[ImageRecord, bool]:
    """The image that a registry has, kept under its name; and whether anything was new."""
    parsed, data, digest = _chosen(source, reference, platform)
    digests = tuple("%s@sha256:%s" % (reference.name, one) for one in dict.fromkeys((source.digest, digest)))
    names = [reference.canonical]
    known = _known(ctx, parsed, digest, digests, names)
    if known is not None:
        _refuse_other_platform(images.config(ctx, known.id), platform, str(reference))
        return known, False
    config = source.client.small_blob(source.repository, parsed.config)
    _refuse_other_platform(imageconfig.parse(config), platform, str(reference))
    record = keep(ctx, parsed, config, data, names, digests,
                  _Blobs(source).write, progress)
    return record, True


def _chosen(source: Source, reference: Reference, platform: str) -> Tuple[Manifest, bytes, str]:
    """The manifest for a platform, its bytes and its hex digest; '' is this machine's. Raises NotFound."""
    what = "The manifest of %s" % reference
    parsed = manifest.parse_manifest(source.data, source.media_type, what)
    data, digest = source.data, source.digest
    if isinstance(parsed, Index):
        import os
        row = manifest.choose(parsed, platforms.parse(platform, os.uname().machine), str(reference))
        if row.size > blobs.MAX_BLOB:
            raise InvalidInput("%s is larger than %d bytes" % (what, blobs.MAX_BLOB))
        data, media_type, digest = source.client.manifest(source.repository, "sha256:" + row.digest)
        if len(data) != row.size:
            raise VerificationError("%s has %d bytes, not %d as its index says" % (what, len(data), row.size))
        parsed = manifest.parse_manifest(data, media_type or row.media_type, what)
        if isinstance(parsed, Index):
            raise InvalidInput("%s is an index in an index" % what)
    return parsed, data, digest


def _refuse_other_platform(config: ImageConfig, platform: str, name: str) -> None:
    """Raise NotFound when an image is not for the platform that was asked for ('' is none)."""
    if platform and not platforms.parse(platform, "").runs(config.os, config.architecture, config.variant):
        there = platforms.Platform(config.os, config.architecture, config.variant)
        raise NotFound("%s has no image for %s" % (name, platform), "It has: %s." % there)


def _known(ctx: Context, parsed: Manifest, digest: str, digests: Sequence[str],
           names: Sequence[str]) -> Optional[ImageRecord]:
    """The image when it is here already, whole and under that name."""
    try:
        record = images.get(ctx, parsed.config.digest)
    except (NotFound, Damaged):
        return None
    whole = all(layers.exists(ctx, chain) for chain in record.layers) and all(
        blobs.is_whole(ctx, one) for one in (record.id, digest))
    same = record.manifest_digest == "sha256:" + digest and all(one in record.digests for one in digests)
    return record if whole and same and all(name in record.all_names for name in names) else None


class _Blobs:
    """The layers of a registry's image."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def write(self, descriptor: Descriptor, write: Callable[[bytes], None],
              progress: Optional[Callable[[int], None]]) -> None:
        """Give a layer's compressed bytes to ``write``."""
        self._source.client.blob(self._source.repository, descriptor, write, progress)


Writer = Callable[[Descriptor, Callable[[bytes], None], Optional[Callable[[int], None]]], None]


def keep(ctx: Context, parsed: Manifest, config_data: bytes, manifest_data: bytes, names: Sequence[str],
         digests: Sequence[str], write: Writer, progress: Optional[Progress] = None) -> ImageRecord:
    """Extract the layers that are not here yet, and record the image; ``write`` brings a layer's bytes.

    Raises VerificationError or InvalidInput; then nothing is kept.
    """
    config = imageconfig.parse(config_data)
    if len(config.diff_ids) != len(parsed.layers):
        raise InvalidInput("The image has %d layers, but its configuration has %d diff IDs" % (
            len(parsed.layers), len(config.diff_ids)), "The image is damaged or hostile; nothing was kept.")
    chains = layers.chain(config.diff_ids)
    layers.discard_staging(ctx)
    # What a pull that broke off has brought is the next one's; of an image that is refused nothing is wanted.
    with collection.kept_if_done(ctx, chains, (InvalidInput, VerificationError)):
        layers.discard_staging(ctx)
        extract(ctx, config, chains, parsed.layers, write, progress)
        layers.settle(ctx, chains)
        # Under the lock: a removal of the same image would else take the documents away again.
        with images.lock(ctx):
            image_id = blobs.put(ctx, config_data)
            record = describe(ctx, image_id, config, blobs.put(ctx, manifest_data), digests)
            return images.put(ctx, record, names)


def describe(ctx: Context, image_id: str, config: ImageConfig, digest: str, digests: Sequence[str]) -> ImageRecord:
    """The record of an image whose layers and documents are in the store."""
    chains = layers.chain(config.diff_ids)
    return ImageRecord(
        id=image_id, digests=tuple(digests), manifest_digest="sha256:" + digest, config_digest="sha256:" + image_id,
        layers=tuple(chains), diff_ids=config.diff_ids, size=sum(layers.get(ctx, chain).size for chain in chains),
        created=config.created, labels=config.labels, architecture=config.architecture, os=config.os)


def extract(ctx: Context, config: ImageConfig, chains: Sequence[str], rows: Sequence[Descriptor], write: Writer,
            progress: Optional[Progress] = None) -> None:
    """Have an image's layers, several at once; the first failure stops the rest and is raised."""
    # zlib and the like are loaded here, once, and not by each child after its fork.
    from ..store import unpack as _unpack  # noqa: F401

    todo: queue.Queue[int] = queue.Queue()
    for number in range(len(rows)):
        todo.put(number)
    failures: List[BaseException] = []

    def unless_failed(descriptor: Descriptor, feed: Callable[[bytes], None],
                      report: Optional[Callable[[int], None]]) -> None:
        def checked(data: bytes) -> None:
            if failures:
                raise EngineError("Another layer of the image could not be had")
            feed(data)

        write(descriptor, checked, report)

    def work() -> None:
        while not failures:
            try:
                number = todo.get_nowait()
            except queue.Empty:
                return
            try:
                parent = chains[number - 1] if number else None
                _layer(ctx, rows[number], config.diff_ids[number], parent, unless_failed, progress)
            except BaseException as exc:
                failures.append(exc)

    threads = [threading.Thread(target=work, daemon=True) for _attempt in range(min(WORKERS, len(rows)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _layer(ctx: Context, descriptor: Descriptor, diff_id: str, parent: Optional[str], write: Writer,
           progress: Optional[Progress]) -> None:
    label = "Copying blob sha256:%s" % descriptor.digest[:12]
    with layers.held(ctx, layers.chain_id(parent, diff_id)) as there:
        if there:
            if progress is not None:
                progress(label, descriptor.size, descriptor.size)
            return

        def report(done: int) -> None:
            if progress is not None:
                progress(label, done, descriptor.size)

        layers.extract(ctx, lambda feed: write(descriptor, feed, report), diff_id, parent)


def remote_digest(ctx: Context, name: str, access: Access) -> Tuple[str, str]:
    """The reference that a name resolves to, and the digest ('sha256:...') that its registry has now."""
    conf = configuration.load(ctx)
    failures: List[EngineError] = []
    candidates = conf.candidates(name)
    for candidate in candidates:
        try:
            return str(candidate.reference), "sha256:" + transfer.remote_digest(ctx, conf, candidate.reference, access)
        except (RegistryError, NotFound, TimedOut) as exc:
            failures.append(exc)
    raise transfer.combined(candidates[0].reference, failures)


def as_options(**keywords: Any) -> Dict[str, Any]:
    """Keywords of a pull as modules and verbs give them, with the access folded in."""
    names = ("tls_verify", "authfile", "cert_dir", "creds")
    access = access_of(**{name: keywords.pop(name) for name in names if name in keywords})
    return dict(keywords, access=access)
