# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the image module asks of the engine: what is there, and carrying out planned steps."""

from __future__ import annotations

from typing import Any, Collection, Dict, Mapping, Optional, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, MissingDependency, NotFound, RegistryError, TimedOut
from ..store import images as store
from ..store.images import ImageRecord
from . import images


def find(ctx: Context, name: str) -> Optional[ImageRecord]:
    """The image that a name means on this host, or None; raises Ambiguous."""
    try:
        return store.lookup(ctx, name)
    except NotFound:
        return None


def fits(ctx: Context, record: Optional[ImageRecord], options: Mapping[str, Any]) -> bool:
    """Whether an image is for the platform of a pull's keywords."""
    platform = options.get("platform")
    if record is None or not platform:
        return True
    from . import pull

    return pull.fits(ctx, record, platform)


def digests(record: Optional[ImageRecord]) -> Tuple[str, ...]:
    """The digests of the manifests that an image is known by."""
    if record is None:
        return ()
    return (record.manifest_digest,) + tuple(row.rpartition("@")[2] for row in record.digests)


def offered(ctx: Context, name: str, options: Mapping[str, Any]) -> str:
    """The digest of the manifest that the registry has under a name; raises RegistryError."""
    _reference, digest = images.remote_digest(ctx, name, **_without_retries(options))
    return str(digest)


def is_pushed(ctx: Context, name: str, destination: str, options: Mapping[str, Any]) -> bool:
    """Whether the registry has this host's image under the destination's name."""
    record = find(ctx, name)
    return record is not None and _offered_there(ctx, record.names, destination, options) in digests(record)


def _offered_there(ctx: Context, names: Sequence[str], destination: str, options: Mapping[str, Any]) -> str:
    """The digest of what the registry has where an image of these names would be pushed to, '' for nothing."""
    from . import pull, push

    keywords = _without_retries(options)
    keywords.pop("platform", None)
    try:
        return push.offered(ctx, names, destination, pull.as_options(**keywords)["access"])
    except RegistryError as exc:
        if exc.status == 404:
            return ""
        raise
    except NotFound:
        return ""


def wrong_tags(ctx: Context, name: str, tags: Sequence[str]) -> Tuple[str, ...]:
    """Those of the names that mean another image than ``name``, or none."""
    record = find(ctx, name)
    found = {tag: find(ctx, tag) for tag in tags}
    return tuple(tag for tag, other in found.items() if record is None or other is None or other.id != record.id)


def describe(ctx: Context, name: str) -> Dict[str, Any]:
    """The image as ``inspect`` shows it, {} when there is none."""
    return images.inspect(ctx, name) if find(ctx, name) is not None else {}


def apply(ctx: Context, name: str, actions: Sequence[Tuple[str, str]], *, sources: Mapping[str, Optional[str]],
          options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Carry out (verb, detail) in order: pull, load, import, tag, push, remove.

    ``sources`` are the paths to load or import, ``options`` the keywords of a transfer, ``settings`` the
    module's changes, commit_message, push_args and force.
    """
    for verb, detail in actions:
        if verb == "pull":
            images.pull(ctx, name, policy="always", **options)
        elif verb == "load":
            _load(ctx, name, sources["load"] or "")
        elif verb == "import":
            images.import_tar(ctx, sources["import"] or "", name, changes=settings.get("changes") or (),
                              message=settings.get("commit_message") or "")
        elif verb == "tag":
            images.tag(ctx, name, detail)
        elif verb == "push":
            _push(ctx, name, detail, options, settings)
        elif verb == "remove":
            images.remove(ctx, name, force=bool(settings.get("force")))


def foresee(ctx: Context, name: str, actions: Sequence[Tuple[str, str]], *, sources: Mapping[str, Optional[str]],
            options: Mapping[str, Any], settings: Mapping[str, Any], without: Collection[str] = ()) -> None:
    """Raise what ``apply`` would raise, as far as that can be told without changing anything.

    Containers ``without``, by name, would be gone by now or have another image.
    """
    from . import fetch, imports

    for verb, detail in actions:
        if verb == "pull":
            fetch.foresee(ctx, name, policy="always", **options)
        elif verb == "load":
            _foresee_load(ctx, name, sources["load"] or "")
        elif verb == "import":
            imports.check(sources["import"] or "", name, settings.get("changes") or ())
        elif verb == "tag":
            images.own_name(detail)
        elif verb == "push":
            _foresee_push(ctx, name, detail, sources=sources, options=options, settings=settings)
        elif verb == "remove":
            images.check_removal(ctx, name, force=bool(settings.get("force")), without=without)


def _foresee_push(ctx: Context, name: str, destination: str, *, sources: Mapping[str, Optional[str]],
                  options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    from ..formats import reference
    from . import push

    push.check_format((settings.get("push_args") or {}).get("format") or "")
    record = find(ctx, name)
    known = sources["import"] or not (sources["load"] or reference.is_short(name) or "@" in name)
    if record is None and reference.is_short(destination) and not known:
        return  # It says nothing without the name that the image comes with.
    names = record.names if record is not None else (images.own_name(name),) if known else ()
    try:
        _offered_there(ctx, names, destination, options)
    except (MissingDependency, TimedOut, RegistryError) as exc:
        if isinstance(exc, RegistryError) and exc.status is not None:
            raise
        ctx.warn("Not known whether %s can be pushed to %s: %s" % (name, destination, exc))


def _load(ctx: Context, name: str, path: str) -> None:
    """Load an archive; its only image gets the name when the archive has another one for it."""
    records = images.load(ctx, path)
    if find(ctx, name) is None:
        if len(records) != 1:
            raise _none_is_called(path, len(records), name)
        images.tag(ctx, records[0].id, name)


def _foresee_load(ctx: Context, name: str, path: str) -> None:
    from . import load

    found = load.read(path)
    ending = name if "@" in name or ":" in name.rpartition("/")[2] else name + ":latest"
    if len(found) != 1 and find(ctx, name) is None and not any(
            one == ending or one.endswith("/" + ending) for row in found for one in row.names):
        raise _none_is_called(path, len(found), name)
    if len(found) == 1 and not found[0].names:
        images.own_name(name)


def _none_is_called(path: str, count: int, name: str) -> EngineError:
    return EngineError("%s has %d images, and none is called %s" % (path, count, name),
                       "Use the name that the image has in the archive.")


def _push(ctx: Context, name: str, destination: str, options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    keywords = _without_retries(options)
    keywords.pop("platform", None)
    layout = (settings.get("push_args") or {}).get("format")
    if layout:
        keywords["format"] = layout
    images.push(ctx, name, destination, **keywords)


def _without_retries(options: Mapping[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in options.items() if not key.startswith("retry")}
