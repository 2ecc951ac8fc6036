# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a container could be started now. What stops something to start it again asks this first: a secret, a
directory or a network that has gone since the last start must not cost what still runs.

Nothing is made or changed here. What only a start itself can tell (a port that somebody takes meanwhile, a command
that is not there) still comes with the start.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterator, Sequence

from ..context import Context
from ..errors import EngineError, NotFound
from ..runtime import probe
from ..store import containers as store
from ..store.containers import Record
from . import creation, devices, effective, membership, mounts, prepare


def check(ctx: Context, record: Record) -> None:
    """Raise what a start of the container would raise for want of something. An error says that nothing was stopped."""
    with told(record.name):
        _check(ctx, record)


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Let an error say of which container it is, and that nothing was stopped."""
    try:
        yield
    except EngineError as exc:
        exc.message = "The container %s could not be started again: %s" % (name, exc.message)
        exc.hint = " ".join(filter(None, (exc.hint, "Nothing was stopped.")))
        raise


def check_all(ctx: Context, container_ids: Sequence[str]) -> None:
    """The same for several containers, before the first one is stopped."""
    for container_id in container_ids:
        check(ctx, store.get(ctx, container_id))


def _check(ctx: Context, record: Record) -> None:
    from ..store import secrets

    record = membership.placed(ctx, record)
    spec = record.spec
    creation.check(ctx, spec)
    for use in spec.secrets:
        secrets.value(ctx, secrets.lookup(ctx, use.name))
    if spec.rootfs and not os.path.isdir(spec.image):
        raise NotFound("The root file system %s is no directory" % spec.image, "Put it back.")
    effective.arguments(spec, effective.image_config(ctx, record))
    mounts.check_sources(ctx, record)
    devices.resolve(spec)
    prepare.seccomp_profile(spec)
    probe.choose(ctx, spec.runtime)
    if not ctx.conmon:
        ctx.tool("conmon", "supervise containers")
