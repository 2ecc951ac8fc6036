# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's own copy on the host, for what runs after a module or command has ended.

Ansible deletes a module's payload when the module ends, but conmon's exit hook and health checks
need the engine afterwards. The first action that starts a container writes the engine's files, as
far as they are in this payload, to ``<root>/engine/<digest>/``, byte-compiled, with a ``__main__.py`` that
calls ``service.hooks``. Copies of different digests live side by side; one that no container names
is collected. ``<root>/engine/<digest>.users/<container ID>`` are the marks of those that do.
``<root>/engine/current`` is a link to the copy that systemd's units call: a path that stays when copies go.
A copy is on the disk before it has its name, and without its name before any of it goes: what has one is whole.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Dict, List

from ..context import Context
from ..errors import EngineError, NoSpace
from ..kernel import files, locks, payload

# Whoever carries this module in a payload has to carry what the copy runs.
from . import hooks  # noqa: F401  pylint: disable=unused-import

# As bin/pycontainer: nothing is left to take apart.
# What was called by the link must not become another copy half way.
ENTRY = (b"import os\nimport sys\nsys.path[0] = os.path.realpath(sys.path[0])\n"
         b"from engine.service.hooks import main\nos._exit(main(sys.argv[1:]))\n")
CURRENT = "current"


def program(ctx: Context, digest: str) -> List[str]:
    """The argv that runs the copy ``digest``; a verb of ``service.hooks`` follows."""
    return [sys.executable, "-IS", ctx.path("engine", digest)]


def command(ctx: Context, digest: str, verb: str, *arguments: str) -> List[str]:
    """The argv that calls a hook of the copy ``digest`` for this context's roots."""
    row = [*program(ctx, digest), verb, "--root", ctx.root, "--runroot", ctx.runroot,
           "--prefix", ctx.prefix]
    if ctx.cgroup_manager:
        row += ["--cgroup-manager", ctx.cgroup_manager]
    return row + list(arguments)


def ensure(ctx: Context, container_id: str) -> str:
    """The digest of this engine's copy, which is written when it is missing and kept for the container."""
    digest = _digest(ctx)
    with locks.locked(ctx.path("locks", "engine-" + digest)):
        _write_missing(ctx, digest)
        marks = files.make_directory(ctx.path("engine", digest + ".users"))
        if not os.path.exists(os.path.join(marks, container_id)):
            files.mark(os.path.join(marks, container_id))
    return digest


def keep(ctx: Context) -> str:
    """Write this engine's copy if it is missing, so that later tasks need not compile it again; its digest."""
    digest = _digest(ctx)
    with locks.locked(ctx.path("locks", "engine-" + digest)):
        _write_missing(ctx, digest)
    return digest


def current(ctx: Context) -> str:
    """The path of a copy of this engine, by the link that units name; both are made when they are missing."""
    digest = _digest(ctx)
    link = ctx.path("engine", CURRENT)
    with locks.locked(ctx.path("locks", "engine-" + digest)):
        _write_missing(ctx, digest)
        if _linked(ctx) != digest:
            _link(link, digest)
    return link


def _link(link: str, digest: str) -> None:
    fresh = files.temporary_for(link)
    try:
        os.symlink(digest, fresh)
        os.rename(fresh, link)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise files.write_error(link, exc) from exc
    files.sync_directory(os.path.dirname(link))


def _linked(ctx: Context) -> str:
    try:
        return os.readlink(ctx.path("engine", CURRENT))
    except OSError:
        return ""


def used_by(ctx: Context, container_id: str) -> str:
    """The digest of the copy that is kept for a container, by its mark; '' for none."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(ctx.path("engine")):
            if name.endswith(".users") and os.path.exists(ctx.path("engine", name, container_id)):
                return name[:-len(".users")]
    return ""


def drop(ctx: Context, digest: str, container_id: str) -> None:
    """A container that is gone needs its copy no more; the last one takes it along, unless it is ours."""
    if not digest:
        return
    with locks.locked(ctx.path("locks", "engine-" + digest)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ctx.path("engine", digest + ".users", container_id))
        if digest == _digest(ctx):
            return
        _collect(ctx, digest)


def collect(ctx: Context) -> List[str]:
    """Remove all copies that no container names, but for our own; their digests."""
    gone = []
    with contextlib.suppress(FileNotFoundError):
        for digest in os.listdir(ctx.path("engine")):
            if len(digest) == 64 and digest != _digest(ctx):
                with locks.locked(ctx.path("locks", "engine-" + digest)):
                    if _collect(ctx, digest):
                        gone.append(digest)
    return gone


def _collect(ctx: Context, digest: str) -> bool:
    if digest == _linked(ctx):
        return False
    marks = ctx.path("engine", digest + ".users")
    with contextlib.suppress(FileNotFoundError):
        for container_id in os.listdir(marks):
            if os.path.isdir(ctx.path("containers", container_id)):
                return False
    for path in (ctx.path("engine", digest), marks):
        files.discard(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "engine-" + digest))
    return True


def _write_missing(ctx: Context, digest: str) -> None:
    """Write and byte-compile the copy, if there is none; the caller holds its lock."""
    path = ctx.path("engine", digest)
    if os.path.exists(os.path.join(path, "__main__.py")):
        return
    files.drop_temporaries(files.make_directory(os.path.dirname(path)))
    files.discard(path)
    with files.staged(path) as aside:
        _write(aside)
        files.sync_filesystem(aside)


def _write(aside: str) -> None:
    import py_compile

    try:
        for name, data in sorted(payload.sources().items()):
            path = os.path.join(aside, name)
            files.make_directory(os.path.dirname(path))
            files.write_plain(path, data)
            # Unchecked: the copy never changes, so no start needs to compare times.
            py_compile.compile(path, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        files.write_plain(os.path.join(aside, "__main__.py"), ENTRY)
    except OSError as exc:
        raise files.write_error(aside, exc) from exc


def _digest(ctx: Context) -> str:
    """The digest of this engine's files, remembered under the run root by what is cheap to see of them."""
    top, _inside = payload.base()
    home, name = os.path.split(top)
    if home == ctx.path("engine") and len(name) == 64:
        return name
    digest = payload.known_digest(ctx.runroot)
    if not digest:
        digest = _compute_digest(payload.sources())
        mark = payload.fingerprint()
        if mark:
            with contextlib.suppress(NoSpace):  # It is computed again: what frees space asks for it, too.
                files.make_directory(ctx.run("engine-digests"))
                files.write_own(ctx.run("engine-digests", mark), digest.encode(), durable=False)
    return digest


def _compute_digest(sources: Dict[str, bytes]) -> str:
    if "engine/service/hooks.py" not in sources:
        raise EngineError("This copy of the engine lacks its hooks", "This is an error of the collection; report it.")
    import hashlib

    total = hashlib.sha256(ENTRY)
    for name, data in sorted(sources.items()):
        total.update(b"%d:%s%d:" % (len(name), name.encode(), len(data)))
        total.update(data)
    return total.hexdigest()
