# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operations of an OCI runtime on a container that conmon created (runtime.md, runc(8), crun(1))."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Sequence

from ..context import Context
from ..errors import RuntimeFailed
from ..kernel import command
from .conmon import environment, explain, plain_words
from .probe import Runtime


def root(ctx: Context) -> str:
    """Where the runtimes keep their own state: below the run root, so that no reboot survives it."""
    return ctx.run("oci")


def _call(ctx: Context, runtime: Runtime, words: Sequence[str], data: bytes = b"") -> command.Result:
    return command.run([runtime.path, "--root", root(ctx), *words], stdin=data, env=environment(ctx))


def _must(done: command.Result, what: str, container_id: str) -> None:
    if done.code:
        words = plain_words(done.stderr.decode("utf-8", "replace"))
        raise RuntimeFailed("Cannot %s %s: %s" % (what, container_id[:12], words))


def start(ctx: Context, runtime: Runtime, container_id: str) -> None:
    """Let a created container's process go. Raises CommandNotFound, CannotInvoke or RuntimeFailed."""
    done = _call(ctx, runtime, ["start", container_id])
    if done.code:
        raise explain(done.stderr.decode("utf-8", "replace"), container_id[:12])


def kill(ctx: Context, runtime: Runtime, container_id: str, signal: str, *, everything: bool = False) -> bool:
    """Send a signal to the first process, or to all; False when the container had ended already."""
    words = ["kill"] + (["--all"] if everything else []) + [container_id, signal]
    done = _call(ctx, runtime, words)
    if done.code and _is_gone(done):
        return False
    _must(done, "signal", container_id)
    return True


def _is_gone(done: command.Result) -> bool:
    text = done.stderr.decode("utf-8", "replace").lower()
    return any(words in text for words in (
        "does not exist", "not running", "already finished", "no such process", "error opening file", "is stopped"))


def delete(ctx: Context, runtime: Runtime, container_id: str, *, force: bool = False) -> None:
    """Let the runtime forget a container; one that it does not know is fine. Raises RuntimeFailed."""
    done = _call(ctx, runtime, ["delete"] + (["--force"] if force else []) + [container_id])
    if done.code and not _is_gone(done):
        _must(done, "delete", container_id)


def state(ctx: Context, runtime: Runtime, container_id: str) -> Dict[str, Any]:
    """The runtime's state document ({"status": ..., "pid": ...}); {} when it does not know the container."""
    done = _call(ctx, runtime, ["state", container_id])
    if done.code:
        return {}
    document = json.loads(done.stdout)
    return document if isinstance(document, dict) else {}


def pause(ctx: Context, runtime: Runtime, container_id: str) -> None:
    """Freeze all processes. Raises RuntimeFailed."""
    _must(_call(ctx, runtime, ["pause", container_id]), "pause", container_id)


def resume(ctx: Context, runtime: Runtime, container_id: str) -> None:
    """Thaw all processes. Raises RuntimeFailed."""
    _must(_call(ctx, runtime, ["resume", container_id]), "unpause", container_id)


def update(ctx: Context, runtime: Runtime, container_id: str, resources: Mapping[str, Any]) -> None:
    """Change limits of a running container; ``resources`` is linux.resources. Raises RuntimeFailed."""
    document = {key: value for key, value in resources.items() if key != "devices"}
    done = _call(ctx, runtime, ["update", "--resources", "-", container_id], json.dumps(document).encode())
    _must(done, "update", container_id)
