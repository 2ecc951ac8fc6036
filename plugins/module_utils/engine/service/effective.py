# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container's wishes come to, with its image and on this host; nothing is made, and no file of it is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ..context import Context
from ..errors import InvalidInput, Unsupported
from ..formats import runtimespec
from ..formats.container import ContainerSpec
from ..kernel import init
from ..store.containers import Record
from . import limits

if TYPE_CHECKING:
    from ..formats.container import HealthCheck
    from ..formats.imageconfig import ImageConfig

SYSTEMD_PROGRAMS = ("systemd", "init")
SYSTEMD_STOP_SIGNAL = "37"  # SIGRTMIN+3, systemd(1)


def stop_signal(spec: ContainerSpec, image: Optional[ImageConfig]) -> str:
    """The signal that asks the container to end: the user's, the image's, systemd's, SIGTERM."""
    if spec.stop_signal:
        return spec.stop_signal
    if image is not None and image.stop_signal:
        return image.stop_signal
    if spec.systemd != "false" and is_systemd(spec, arguments(spec, image)):
        return SYSTEMD_STOP_SIGNAL
    return "TERM"


def image_config(ctx: Context, record: Record) -> Optional[ImageConfig]:
    """The configuration of the container's image; None for one with a root directory."""
    if not record.image_id:
        return None
    from ..store import images

    config: ImageConfig = images.config(ctx, record.image_id)
    return config


def signal_number(text: str) -> int:
    """A signal's number from '9', 'KILL', 'SIGKILL' or 'RTMIN+3'; raises InvalidInput."""
    import signal as signals

    name = text.strip().upper()
    if name.isdecimal() and 0 < int(name) <= 64:
        return int(name)
    name = name[3:] if name.startswith("SIG") else name
    for base, value, sign in (("RTMIN+", signals.SIGRTMIN, 1), ("RTMAX-", signals.SIGRTMAX, -1)):
        if name.startswith(base) and name[len(base):].isdecimal():
            number = value + sign * int(name[len(base):])
            if signals.SIGRTMIN <= number <= signals.SIGRTMAX:
                return number
    known = getattr(signals, "SIG" + name, None)
    if isinstance(known, signals.Signals):
        return int(known)
    raise InvalidInput("There is no signal %r" % text, "signal(7) lists them.")


def check_of(record: Record, image: Optional[ImageConfig]) -> Optional[HealthCheck]:
    """The container's check: the user's before the image's; None when there is none or it is off."""
    return check_in(record.spec, image)


def check_in(spec: ContainerSpec, image: Optional[ImageConfig]) -> Optional[HealthCheck]:
    """The check of a container that was asked for so; None when there is none or it is off."""
    if spec.no_healthcheck:
        return None
    check = spec.health or (image.healthcheck if image is not None else None)
    if check is None or not check.test or check.test[0] == "NONE":
        return None
    return check


def check_health(name: str, spec: ContainerSpec, image: Optional[ImageConfig], *, healthy: bool = False) -> None:
    """Raise InvalidInput where something is to follow from a health check and there is none, and for a check that is
    both there and off."""
    if spec.no_healthcheck and spec.health is not None and spec.health.test[0] != "NONE":
        raise InvalidInput("The container %s is to have a health check, and none" % name,
                           "Leave out no_healthcheck or the health check.")
    if check_in(spec, image) is not None:
        return
    if healthy:
        raise InvalidInput("The container %s has no health check, so it cannot become healthy" % name,
                           "Give it a healthcheck, or use another state.")
    if spec.healthcheck_failure_action != "none":
        raise InvalidInput("The container %s is to %s when its health check fails, and has none" % (
            name, spec.healthcheck_failure_action), "Give it a health check.")


def is_systemd(spec: ContainerSpec, argv: Tuple[str, ...]) -> bool:
    """Whether the container is to be made ready for systemd (podman-run(1), --systemd)."""
    if spec.systemd == "always":
        return True
    return spec.systemd == "true" and os.path.basename(argv[0]) in SYSTEMD_PROGRAMS


def image_environment(image: Optional[ImageConfig]) -> Dict[str, str]:
    """The image's variables; an entry without '=' says nothing and never takes the host's value."""
    rows = (entry.partition("=") for entry in (image.env if image is not None else ()))
    return {name: value for name, equals, value in rows if name and equals}


def arguments(spec: ContainerSpec, image: Optional[ImageConfig]) -> Tuple[str, ...]:
    """The command line, of the user's entrypoint and command or the image's."""
    if image is None:
        return runtimespec.arguments(spec, (), ())
    return runtimespec.arguments(spec, tuple(image.entrypoint), tuple(image.cmd))


def command(spec: ContainerSpec, image: Optional[ImageConfig]) -> Optional[List[str]]:
    """The command without the entrypoint, the user's or the image's; None for none."""
    return list(runtimespec.cmd_of(spec, tuple(image.cmd) if image is not None else ())) or None


def cgroup_manager(ctx: Context, record: Optional[Record] = None) -> str:
    """'systemd' where systemd keeps the user's cgroups, else 'cgroupfs', unless the container was made with one of
    them, or the context says which.
    """
    chosen = (record.cgroup_manager if record is not None else "") or ctx.cgroup_manager
    if chosen:
        return chosen
    if ctx.rootless:
        return "systemd" if limits.delegated(ctx) is not None else "cgroupfs"
    return "systemd" if init.is_systemd() else "cgroupfs"


def cgroups_path(ctx: Context, record: Record) -> str:
    """The OCI cgroupsPath: a directory, or SLICE:PREFIX:NAME where systemd keeps the tree.

    '' for a user to whom no cgroup is delegated: the container stays in the one that it was started in.
    """
    parent = record.spec.cgroup_parent
    if ctx.rootless and limits.delegated(ctx) is None:
        if parent:
            raise Unsupported("cgroup_parent cannot be set for user %d on this host" % ctx.uid,
                              "It takes cgroup v2 and a user session.")
        return ""
    if cgroup_manager(ctx, record) == "systemd":
        if parent and not parent.endswith(".slice"):
            raise InvalidInput("cgroup_parent %r is no systemd slice" % parent, "Name a slice, such as web.slice.")
        slice_name = "user.slice" if ctx.rootless else "machine.slice"
        return "%s:%s:%s" % (os.path.basename(parent) or slice_name, ctx.prefix, record.id)
    if any(part == ".." for part in parent.split("/")):
        raise InvalidInput("cgroup_parent %r leads out of its place" % parent)
    return os.path.join("/", parent or ctx.prefix, record.id)
