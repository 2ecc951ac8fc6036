# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images from a root file system's tar (podman-import(1)), with a Containerfile's instructions on top."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..context import Context
from ..errors import InvalidInput
from ..formats import imageconfig, manifest, platform
from ..formats.manifest import Descriptor
from ..store import blobs, collection, images, layers, unpack
from ..store.images import ImageRecord
from . import pull

CHUNK = 1024 * 1024


def import_tar(ctx: Context, path: str, name: str, *, changes: Sequence[str] = (), message: str = "") -> ImageRecord:
    """Make an image of one layer; ``path`` is a tar, plain or compressed. Raises InvalidInput.

    The same tar and the same changes give the same image: the time is the tar's own.
    """
    config, target, modified = check(path, name, changes)
    diff_id, size = _digest(path)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(modified))
    with collection.kept_if_done(ctx, [diff_id]):
        with layers.held(ctx, diff_id) as there:
            if not there:
                layers.extract(ctx, lambda write: _feed(path, write), diff_id)
        data = imageconfig.build([diff_id], config, architecture=platform.host().architecture, created=created,
                                 history=[{"created": created, "created_by": "import of %s" % os.path.basename(path),
                                           "comment": message}])
        layers.settle(ctx, [diff_id])
        layer = Descriptor(manifest.OCI_LAYER, diff_id, size)
        with images.lock(ctx):
            image_id = blobs.put(ctx, data)
            text = manifest.build_manifest(Descriptor(manifest.OCI_CONFIG, image_id, len(data)), [layer])
            record = pull.describe(ctx, image_id, imageconfig.parse(data), blobs.put(ctx, text), ())
            return images.put(ctx, record, [target] if target else [])


def check(path: str, name: str, changes: Sequence[str]) -> Tuple[Dict[str, Any], str, int]:
    """The config that changes make, the complete name ('' for none) and the tar's time. Raises InvalidInput."""
    from .images import own_name

    config = apply_changes(changes)
    target = own_name(name) if name else ""
    try:
        status = os.stat(path)
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
    if not os.path.isfile(path):
        raise InvalidInput("%s is no regular file" % path, "Give a tar of a root file system.")
    return config, target, int(status.st_mtime)


def _feed(path: str, write: Callable[[bytes], None]) -> None:
    with open(path, "rb") as stream:
        for data in iter(lambda: stream.read(CHUNK), b""):
            write(data)


def _digest(path: str) -> Tuple[str, int]:
    """The diff ID and the size of a tar, without its compression."""
    digest, size = hashlib.sha256(), 0
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        from .. import deps

        for piece in unpack.decompressed(fd, deps.load_optional("zstandard")):
            digest.update(piece)
            size += len(piece)
    finally:
        os.close(fd)
    return digest.hexdigest(), size


def apply_changes(changes: Sequence[str]) -> Dict[str, Any]:
    """The image-spec's config object that instructions make. Raises InvalidInput that names the instruction."""
    config: Dict[str, Any] = {}
    for line in changes:
        word, _blank, rest = line.strip().partition(" ")
        if "=" in word and word.partition("=")[0].upper() in _APPLY:
            # podman takes CMD=... as well.
            word, _equals, more = line.strip().partition("=")
            rest = more
        apply = _APPLY.get(word.upper())
        if apply is None or not rest.strip():
            raise InvalidInput("The change %r is not understood" % line[:200],
                               "Use one of %s, with a value." % ", ".join(sorted(_APPLY)))
        apply(config, rest.strip())
    return config


def _words(text: str) -> List[str]:
    """An instruction's exec form (JSON) or shell form."""
    if text.startswith("["):
        try:
            rows = json.loads(text)
        except ValueError as exc:
            raise InvalidInput("%r is no JSON list: %s" % (text[:200], exc)) from exc
        if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
            raise InvalidInput("%r is no JSON list of strings" % text[:200])
        return rows
    return ["/bin/sh", "-c", text]


def _pairs(text: str) -> Dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise InvalidInput("%r is not quoted well: %s" % (text[:200], exc)) from exc
    if "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    if not all("=" in word for word in words):
        raise InvalidInput("%r is no list of KEY=VALUE" % text[:200])
    return dict(word.split("=", 1) for word in words)


def _cmd(config: Dict[str, Any], text: str) -> None:
    config["Cmd"] = _words(text)


def _entrypoint(config: Dict[str, Any], text: str) -> None:
    config["Entrypoint"] = _words(text)


def _env(config: Dict[str, Any], text: str) -> None:
    known = dict(row.split("=", 1) for row in config.get("Env", []))
    known.update(_pairs(text))
    config["Env"] = ["%s=%s" % pair for pair in known.items()]


def _label(config: Dict[str, Any], text: str) -> None:
    config.setdefault("Labels", {}).update(_pairs(text))


def _expose(config: Dict[str, Any], text: str) -> None:
    for port in text.split():
        number, _slash, protocol = port.partition("/")
        if not number.isdigit() or not 0 < int(number) < 65536 or protocol not in ("", "tcp", "udp", "sctp"):
            raise InvalidInput("%r is no port" % port, "Use PORT or PORT/PROTOCOL.")
        config.setdefault("ExposedPorts", {})["%s/%s" % (number, protocol or "tcp")] = {}


def _volume(config: Dict[str, Any], text: str) -> None:
    for path in _words(text) if text.startswith("[") else text.split():
        config.setdefault("Volumes", {})[path] = {}


def _user(config: Dict[str, Any], text: str) -> None:
    config["User"] = text


def _workdir(config: Dict[str, Any], text: str) -> None:
    config["WorkingDir"] = text


def _stop_signal(config: Dict[str, Any], text: str) -> None:
    config["StopSignal"] = text


_APPLY: Dict[str, Callable[[Dict[str, Any], str], None]] = {
    "CMD": _cmd, "ENTRYPOINT": _entrypoint, "ENV": _env, "LABEL": _label, "EXPOSE": _expose, "VOLUME": _volume,
    "USER": _user, "WORKDIR": _workdir, "STOPSIGNAL": _stop_signal}
