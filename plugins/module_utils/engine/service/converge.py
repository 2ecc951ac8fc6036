# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the container module asks of the engine: what is there, and carrying out planned steps.

Observing an existing container reads its document, its state and the image's name, and imports no
more than that takes: it is all that an unchanged task does.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ..context import Context
from ..errors import Damaged, EngineError, NotFound, TimedOut
from ..kernel import documents
from ..store import containers as store
from ..store import runs

LOG_LINES = 20


class Observed(NamedTuple):
    """A container as it is; the fields of ``state.container.Actual``, and its ``id``."""

    id: str = ""
    document: Optional[Dict[str, Any]] = None
    status: str = "absent"
    image_id: str = ""
    wanted_image_id: str = ""
    secrets_changed: bool = False
    health: str = ""
    exit_code: int = 0


def observe(ctx: Context, name: str, *, image: str = "", pull: str = "missing",
            options: Optional[Mapping[str, Any]] = None, health: bool = False) -> Observed:
    """What there is under a name. ``image`` is the image that is wanted, '' when none is named.

    With ``pull`` always or newer the registry is asked for the digest of the manifest, and for no more.
    """
    raw = store.raw_document(ctx, name)
    if raw is None:
        return Observed()
    state = runs.state(ctx, raw["id"])
    wanted = _wanted_image(ctx, image, raw, pull, options or {}) if image and raw["image_id"] else ""
    return Observed(raw["id"], raw["spec"], state.status, raw["image_id"], wanted,
                    bool(raw["spec"].get("secrets")) and _secrets_changed(ctx, state),
                    _health(ctx, raw["id"]) if health else "", state.exit_code)


def stored(ctx: Context, kind: str, name: str) -> Dict[str, Any]:
    """What a container or a pod (by ``kind``) was made with, {} when there is none."""
    if kind == "container":
        raw = store.raw_document(ctx, name)
    else:
        from ..store import pods

        raw = pods.raw_document(ctx, name)
    return dict(raw["spec"]) if raw else {}


def _wanted_image(ctx: Context, image: str, raw: Mapping[str, Any], pull: str, options: Mapping[str, Any]) -> str:
    """The ID of the image that a name means here now; '' when it is not here.

    A digest that the registry has now, or a platform that the image here is not for, is no such ID: it differs.
    """
    platform = options.get("platform")
    if pull not in ("always", "newer") and not platform and _still_named(ctx, image, raw):
        return str(raw["image_id"])
    from ..store import images

    try:
        record = images.lookup(ctx, image)
    except NotFound:
        # The container still has its image when only the name was taken away.
        return str(raw["image_id"]) if image in (raw["spec"].get("image"), raw["image_name"]) else ""
    if platform:
        from . import pull as service

        if not service.fits(ctx, record, platform):
            return str(platform)
    if pull in ("always", "newer"):
        from . import fetch

        keywords = {key: value for key, value in options.items() if not key.startswith("retry")}
        _reference, digest = fetch.remote_digest(ctx, image, **keywords)
        if digest != record.manifest_digest and not any(d.endswith("@" + digest) for d in record.digests):
            return digest
    return record.id


def foresee_image(ctx: Context, document: Mapping[str, Any], pull: str, options: Mapping[str, Any]) -> None:
    """Raise what having the image of a container that is to be made would raise."""
    if document.get("image") and not document.get("rootfs"):
        from . import fetch

        fetch.foresee(ctx, document["image"], policy=pull, **options)


def _still_named(ctx: Context, image: str, raw: Mapping[str, Any]) -> bool:
    """Whether the name that the container was made by means the same image as then.

    It says yes only to a complete name in plain letters (store.images keeps a link of that name); what a short
    one means may have changed. For all others the reader of image names is loaded, which takes longer than
    everything else here.
    """
    name = str(raw["image_name"])
    if name not in (image, image + ":latest") or not name.replace("/", "").replace(":", "").replace(
            "-", "").replace(".", "").replace("_", "").isalnum() or not name.isascii():
        return False
    try:
        link = os.readlink(ctx.path("images", "names", name.replace("/", "%2F").replace(":", "%3A")))
    except OSError:
        return False
    return link == str(raw["image_id"])


def has_stale_secrets(ctx: Context, name: str, others: Collection[str] = ()) -> bool:
    """Whether a container runs with a secret that has another value by now, or is one of the ``others``."""
    raw = store.raw_document(ctx, name)
    if raw is None or not raw["spec"].get("secrets"):
        return False
    state = runs.state(ctx, raw["id"])
    return state.running and (any(row["name"] in others for row in raw["spec"]["secrets"])
                              or _secrets_changed(ctx, state))


def _secrets_changed(ctx: Context, state: runs.State) -> bool:
    from ..store import secrets

    used = state.raw.get("secrets") or {}
    current = {name: secrets.find(ctx, name) for name in used}
    return any(secret is not None and secret.version != used[name] for name, secret in current.items())


def _health(ctx: Context, container_id: str) -> str:

    return runs.health_status(ctx, container_id)


def describe(ctx: Context, name: str) -> Dict[str, Any]:
    """The container in short, {} when there is none: some of the keys of ``inspect``, as they are there.

    The whole takes the image's configuration and twenty times as long, so a task that changes nothing
    does not ask for it.
    """
    raw = store.raw_document(ctx, name)
    if raw is None:
        return {}
    from .shown import ports, timestamp

    state = runs.state(ctx, raw["id"])
    return {
        "Id": raw["id"], "Name": raw["name"], "Created": timestamp(raw["created"]), "Image": raw["image_id"],
        "ImageName": raw["image_name"], "RestartCount": state.restarts,
        "State": {"Status": state.status, "Running": state.status == "running", "Paused": state.status == "paused",
                  "Pid": state.pid, "ExitCode": state.exit_code, "OOMKilled": state.oom, "Error": state.error,
                  "StartedAt": timestamp(state.started_at), "FinishedAt": timestamp(state.finished_at)},
        "NetworkSettings": {"Networks": _networks(ctx, raw["id"]), "Ports": _ports(ports(raw, state))}}


def _networks(ctx: Context, container_id: str) -> Dict[str, Dict[str, Any]]:
    rows = {"endpoints": "List[Dict[str, Any]]"}
    try:
        document = documents.read(ctx.run("endpoints", container_id + ".json"), "endpoint document of the container",
                                  container_id[:12], rows) or {}
    except Damaged as exc:
        ctx.warn(exc)
        document = {}
    return {row["network"]: {"IPAddress": row["ip"], "GlobalIPv6Address": row["ip6"], "Gateway": row["gateway"],
                             "MacAddress": row["mac"]} for row in document.get("endpoints", ())}


def _ports(rows: Sequence[Mapping[str, Any]]) -> Dict[str, List[Dict[str, str]]]:
    result: Dict[str, List[Dict[str, str]]] = {}
    for row in rows:
        result.setdefault("%d/%s" % (row["container_port"], row["protocol"]), []).append(
            {"HostIp": row["host_ip"], "HostPort": str(row["host_port"])})
    return result


def apply(ctx: Context, name: str, verbs: Sequence[str], *, document: Mapping[str, Any], live: Sequence[str],
          settings: Mapping[str, Any]) -> None:
    """Carry out the verbs of a plan in order: create, update, replace, start, unpause, restart, stop, wait, remove.

    ``settings``: pull, options (of a pull), timeout (for stopping; None for the container's own),
    wait_timeout, healthy (wait for health in a replacement), checked (there must be a health check), start (a
    replacement is to run), force, volumes. A start that fails has the log's tail in its error.
    """
    for verb in verbs:
        if verb in ("create", "replace", "update"):
            _configure(ctx, name, verb, document, live, settings)
        elif verb in ("start", "restart"):
            _start(ctx, name, verb, settings, fresh="create" in verbs)
        elif verb == "wait":
            wait(ctx, name, settings["wait_timeout"])
        elif verb == "finish":
            finish(ctx, name, settings["wait_timeout"])
        else:
            _end(ctx, store.find(ctx, name), verb, settings)


def _end(ctx: Context, container_id: str, verb: str, settings: Mapping[str, Any]) -> None:
    from . import lifecycle, removal

    if verb == "unpause":
        lifecycle.unpause(ctx, container_id)
    elif verb == "stop":
        lifecycle.stop(ctx, container_id, timeout=settings.get("timeout"))
    elif verb == "remove":
        removal.remove(ctx, container_id, force=settings.get("force", True), volumes=settings.get("volumes", False),
                       timeout=settings.get("timeout"))
    else:
        raise EngineError("There is no step %s" % verb)


def _configure(ctx: Context, name: str, verb: str, document: Mapping[str, Any], live: Sequence[str],
               settings: Mapping[str, Any]) -> None:
    from ..formats import container

    spec = container.from_document(document)
    if verb == "create":
        from . import creation

        made = creation.create(ctx, spec, pull=settings["pull"], options=dict(settings["options"]))
        if settings.get("checked"):
            _keep_checked(ctx, made)
    elif verb == "replace":
        from . import replace

        how = replace.How(settings["pull"], dict(settings["options"]),
                          settings["wait_timeout"] if settings.get("healthy") else None, settings.get("start"),
                          settings.get("checked", False))
        replace.replace(ctx, store.find(ctx, name), spec, how)
    else:
        from . import update

        update.update(ctx, store.find(ctx, name), {field: getattr(spec, field) for field in live})


def _keep_checked(ctx: Context, made: store.Record) -> None:
    """Take a new container away again when it has no health check, as its image turns out to have none either."""
    from . import effective, removal

    try:
        effective.check_health(made.name, made.spec, effective.image_config(ctx, made), healthy=True)
    except EngineError:
        removal.remove(ctx, made.id, volumes=True)
        raise


def check_health(ctx: Context, name: str, verbs: Sequence[str], document: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a container that is to be healthy and has no check, before anything is changed. An image
    that is not here yet is looked into when it is."""
    from ..formats import container
    from ..store import images
    from . import effective

    spec, image = container.from_document(document), None
    if not (spec.health or spec.no_healthcheck or spec.rootfs):
        raw = None if {"create", "replace"} & set(verbs) else store.raw_document(ctx, name)
        try:
            image = images.config(ctx, raw["image_id"] if raw else images.lookup(ctx, spec.image).id)
        except NotFound:
            return
    effective.check_health(name, spec, image, healthy=True)


def _start(ctx: Context, name: str, verb: str, settings: Mapping[str, Any], *, fresh: bool) -> None:
    """Start or restart; a ``fresh`` container that cannot be started is taken away again."""
    from . import lifecycle, removal

    container_id = store.find(ctx, name)
    try:
        if verb == "start":
            lifecycle.start(ctx, container_id)
        else:
            lifecycle.restart(ctx, container_id, timeout=settings.get("timeout"))
    except EngineError as exc:
        exc.message += log_tail(ctx, name)
        if fresh:
            with contextlib.suppress(NotFound):
                removal.remove(ctx, container_id, force=True, volumes=True)
        raise


def wait(ctx: Context, name: str, timeout: float) -> None:
    """Wait until a container runs and, when it has a health check, is healthy.

    Without a check it has to run for a second. Raises EngineError with the log's tail when it ends
    or becomes unhealthy, TimedOut after ``timeout`` seconds.
    """
    import time

    container_id, began = store.find(ctx, name), time.monotonic()
    while True:
        state, health = runs.state(ctx, container_id), _health(ctx, container_id)
        if state.status in ("exited", "created") and not state.conmon_pid:
            raise EngineError("The container %s ended with exit code %d%s" % (
                name, state.exit_code, log_tail(ctx, name)), "See its whole log: pycontainer logs %s" % name)
        if health == "unhealthy":
            raise EngineError("The container %s is unhealthy%s" % (name, log_tail(ctx, name)))
        passed = time.monotonic() - began
        if health == "healthy" or (not health and state.status == "running" and passed >= min(1.0, timeout)):
            return
        if passed > timeout:
            raise TimedOut("The container %s was not healthy after %g seconds (%s)%s" % (
                name, timeout, health or state.status, log_tail(ctx, name)), "Give it more time with wait_timeout.")
        time.sleep(0.1)


def finish(ctx: Context, name: str, timeout: float) -> None:
    """Wait until a container has ended by itself. Raises EngineError when its exit code is not 0, TimedOut."""
    from . import lifecycle

    code = lifecycle.wait(ctx, store.find(ctx, name), interval=0.05, timeout=timeout)
    if code:
        raise EngineError("The container %s ended with exit code %d%s" % (name, code, log_tail(ctx, name)),
                          "See its whole log: pycontainer logs %s" % name)


def written(ctx: Context, name: str) -> Dict[str, str]:
    """What a container wrote in its last run: {'stdout': text, 'stderr': text}."""
    from . import logs

    result = {"stdout": "", "stderr": ""}
    for line in logs.lines(ctx, store.lookup(ctx, name)):
        result[line.stream] += line.text.decode("utf-8", "replace")
    return result


def log_tail(ctx: Context, name: str) -> str:
    """The last lines of a container's log, ready to be put behind a message; '' when there is none."""
    from . import logs

    try:
        parts = [line.text for line in logs.lines(ctx, store.lookup(ctx, name), tail=LOG_LINES)]
    except EngineError:
        return ""
    words = b"".join(parts).decode("utf-8", "replace").rstrip()
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in words)
    return "; the end of its log:\n%s\n" % clean if clean else ""
