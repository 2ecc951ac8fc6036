# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image configurations (image-spec config.md, and docker's Healthcheck, Shell and OnBuild on top)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ..errors import InvalidInput
from .container import HealthCheck
from .digest import parse_digest
from .jsonbytes import Fields, loads

MAX_LAYERS = 500
NANOSECOND = 1e-9


@dataclass(frozen=True)
class ImageConfig:
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
    labels: Dict[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: Optional[HealthCheck] = None
    diff_ids: Tuple[str, ...] = ()
    history: Tuple[Dict[str, Any], ...] = ()
    raw: Dict[str, Any] = field(default_factory=dict)


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
    for entry in config.texts("Env"):
        if "\0" in entry:
            raise InvalidInput("%s: Env holds a zero byte" % what)
    return ImageConfig(
        os=top.text("os"), architecture=top.text("architecture"), variant=top.text("variant"),
        created=top.text("created"), author=top.text("author"),
        env=config.texts("Env"), entrypoint=config.texts("Entrypoint"), cmd=config.texts("Cmd"),
        user=config.text("User"), workdir=config.text("WorkingDir"),
        volumes=tuple(sorted(config.object("Volumes"))), exposed_ports=tuple(sorted(config.object("ExposedPorts"))),
        labels=config.pairs("Labels"), stop_signal=config.text("StopSignal"),
        healthcheck=_health(config), history=tuple(top.objects("history")), raw=top.document,
        diff_ids=tuple(parse_digest(value, "%s: rootfs.diff_ids[%d]" % (what, n)) for n, value in enumerate(diff_ids)))


def _health(config: Fields) -> Optional[HealthCheck]:
    """docker's image spec: times in nanoseconds, 0 means the default."""
    row = config.object("Healthcheck")
    if not row:
        return None
    fields = Fields(row, config.what + ": Healthcheck")
    test = fields.texts("Test")
    if not test:
        return None
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
