# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image configurations (image-spec config.md, and docker's Healthcheck, Shell and OnBuild on top)."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ..errors import InvalidInput
from ..frozen import Frozen
from .container import HealthCheck
from .digest import parse_digest
from .jsonbytes import Fields, loads

MAX_LAYERS = 500
MAX_NUMBER = (1 << 63) - 1
NANOSECOND = 1e-9

_TIME = re.compile(r"\A\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


class ImageConfig(Frozen):
    """What an image says about running it. ``diff_ids`` are hex, the lowest layer's first."""

    os: str = "linux"
    architecture: str = ""
    variant: str = ""
    created: str = ""
    author: str = ""
    env: Tuple[str, ...] = ()
    entrypoint: Tuple[str, ...] = ()
    cmd: Tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    volumes: Tuple[str, ...] = ()
    exposed_ports: Tuple[str, ...] = ()
    labels: Dict[str, str] = {}
    stop_signal: str = ""
    healthcheck: Optional[HealthCheck] = None
    diff_ids: Tuple[str, ...] = ()
    history: Tuple[Dict[str, Any], ...] = ()
    raw: Dict[str, Any] = {}


def parse(data: bytes, what: str = "The image configuration") -> ImageConfig:
    """A configuration. Raises InvalidInput that names the field."""
    top = Fields(loads(data, what), what)
    config = Fields(top.object("config"), what + ": config")
    rootfs = Fields(top.document.get("rootfs"), what + ": rootfs")
    if rootfs.text("type") != "layers":
        raise InvalidInput("%s: rootfs has the type %r, not 'layers'" % (what, rootfs.text("type")[:40]))
    diff_ids = rootfs.texts("diff_ids")
    if len(diff_ids) > MAX_LAYERS:
        raise InvalidInput("%s: rootfs has %d diff IDs, more than %d" % (what, len(diff_ids), MAX_LAYERS))
    if not top.text("architecture") or not top.text("os"):
        raise InvalidInput("%s has no architecture or no os" % what)
    _refuse_zero_bytes(config)
    return ImageConfig(
        os=top.text("os"), architecture=top.text("architecture"), variant=top.text("variant"),
        created=_time(top, "created"), author=top.text("author"),
        env=config.texts("Env"), entrypoint=config.texts("Entrypoint"), cmd=config.texts("Cmd"),
        user=config.text("User"), workdir=config.text("WorkingDir"),
        volumes=tuple(sorted(config.object("Volumes"))), exposed_ports=tuple(sorted(config.object("ExposedPorts"))),
        labels=config.pairs("Labels"), stop_signal=config.text("StopSignal"),
        healthcheck=_health(config), history=_history(top), raw=top.document,
        diff_ids=tuple(parse_digest(value, "%s: rootfs.diff_ids[%d]" % (what, n)) for n, value in enumerate(diff_ids)))


def _refuse_zero_bytes(config: Fields) -> None:
    """execve(2) and mount(2) would take such a text for a shorter one than the one that was looked at."""
    for key in ("Env", "Entrypoint", "Cmd"):
        if any("\0" in text for text in config.texts(key)):
            raise InvalidInput("%s: %s holds a zero byte" % (config.what, key))
    for key in ("User", "WorkingDir", "StopSignal"):
        if "\0" in config.text(key):
            raise InvalidInput("%s: %s holds a zero byte" % (config.what, key))
    for key in ("Volumes", "ExposedPorts"):
        if any("\0" in text for text in config.object(key)):
            raise InvalidInput("%s: %s holds a zero byte" % (config.what, key))


def _time(fields: Fields, key: str) -> str:
    """A time by RFC 3339, section 5.6, or ''."""
    text = fields.text(key)
    if text and not _TIME.match(text):
        raise InvalidInput("%s: %s is no time by RFC 3339: %s" % (fields.what, key, ascii(text[:40])))
    return text


def _history(top: Fields) -> Tuple[Dict[str, Any], ...]:
    rows = top.objects("history")
    for number, row in enumerate(rows):
        fields = Fields(row, "%s: history[%d]" % (top.what, number))
        _time(fields, "created")
        for key in ("created_by", "author", "comment"):
            fields.text(key)
        fields.flag("empty_layer")
    return tuple(rows)


def _health(config: Fields) -> Optional[HealthCheck]:
    """docker's image spec: times in nanoseconds, 0 means the default."""
    row = config.object("Healthcheck")
    if not row:
        return None
    fields = Fields(row, config.what + ": Healthcheck")
    test = fields.texts("Test")
    if not test:
        return None
    for key in ("Interval", "Timeout", "StartPeriod", "Retries"):
        if not 0 <= fields.number(key) <= MAX_NUMBER:
            raise InvalidInput("%s: %s is out of range" % (fields.what, key))
    default = HealthCheck(test)
    return HealthCheck(
        test, fields.number("Interval") * NANOSECOND or default.interval,
        fields.number("Timeout") * NANOSECOND or default.timeout,
        fields.number("StartPeriod") * NANOSECOND, fields.number("Retries") or default.retries)


def build(diff_ids: Sequence[str], config: Mapping[str, Any], *, architecture: str, created: str,
          history: Sequence[Mapping[str, Any]] = (), author: str = "") -> bytes:
    """The bytes of a configuration; ``config`` holds the image-spec's config object, diff IDs are hex."""
    document: Dict[str, Any] = {
        "created": created, "architecture": architecture, "os": "linux", "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + d for d in diff_ids]},
        "history": [dict(row) for row in history]}
    if author:
        document["author"] = author
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
