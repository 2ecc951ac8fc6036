# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where bridges are: for root on the host, for a user in one network namespace of the user's own.

That namespace is made with the first container on a bridge and goes with the last. Its way out is one
slirp4netns (or pasta, which cannot open ports later); a dead one is replaced by the next command that
comes by, with the ports that it had open.
"""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Optional, TypeVar

from ..context import Context
from ..errors import EngineError, Unsupported
from ..formats.endpoint import EndpointDocument
from ..kernel import netns
from ..network import endpoints

T = TypeVar("T")
NAME = "rootless"


def namespace(ctx: Context) -> str:
    """The path of a user's network namespace."""
    return ctx.run("netns", NAME)


def run(ctx: Context, body: Callable[[], T], *, connect: bool = False) -> T:
    """The body's result, run by a thread that is where the bridges are; the caller holds the network lock.

    A user's namespace is made for a container that is to be connected (``connect``), with a way out; while no
    container is on networks there is none, and the body has nothing to do there. One that nothing needs
    afterwards is taken away.
    """
    if not ctx.rootless:
        return body()
    if not (connect or endpoints.everyone(ctx)):
        if netns.exists(namespace(ctx)):  # left by a process that died
            _remove(ctx)
        return body()
    _ensure(ctx)
    try:
        return netns.run_inside(namespace(ctx), body)
    finally:
        if not endpoints.everyone(ctx):
            _remove(ctx)


def check(ctx: Context) -> None:
    """End a way out that does not answer: the next ``run`` starts another one. The caller holds the network lock."""
    if ctx.rootless:
        from ..network import uplink

        if not uplink.answers(uplink.read(ctx.run("uplink"))):
            uplink.stop(ctx.run("uplink"))


def enter(ctx: Context) -> None:
    """Move this thread to where a user's bridges are. Raises EngineError while no container is on one."""
    if not netns.exists(namespace(ctx)):
        raise EngineError("There is no network namespace of user %d" % ctx.uid,
                          "It comes with the first running container on a bridge.")
    netns.enter(namespace(ctx))


def _ensure(ctx: Context) -> None:
    from ..network import uplink

    if not netns.exists(namespace(ctx)):
        uplink.stop(ctx.run("uplink"))
        netns.create(namespace(ctx))
    if uplink.alive(uplink.read(ctx.run("uplink"))):
        return
    uplink.stop(ctx.run("uplink"))
    if ctx.find_tool("slirp4netns") is None and ctx.find_tool("pasta") is not None:
        from ..network import pasta

        pasta.start(ctx, ctx.run("uplink"), namespace(ctx), (), ())
        return
    started = uplink.start_slirp(ctx, ctx.run("uplink"), namespace(ctx), {})
    for document in endpoints.everyone(ctx):
        uplink.forward(started, document.ports, same_port=True)


def _remove(ctx: Context) -> None:
    from ..network import uplink

    uplink.stop(ctx.run("uplink"))
    with contextlib.suppress(OSError):
        os.rmdir(ctx.run("uplink"))
    netns.remove(namespace(ctx))


def open_ports(ctx: Context, document: Optional[EndpointDocument]) -> None:
    """Let the host's ports of a user's container in; for root NAT does it alone. Raises Conflict, Unsupported."""
    if not ctx.rootless or document is None or not document.ports:
        return
    from ..network import uplink

    found = uplink.read(ctx.run("uplink"))
    if found is None or found.kind != "slirp4netns":
        raise Unsupported("A user's bridges cannot publish ports by pasta", "Install the package slirp4netns.")
    uplink.forward(found, document.ports, same_port=True)


def close_ports(ctx: Context, document: EndpointDocument) -> None:
    """Close the host's ports of a user's container."""
    if not ctx.rootless or not document.ports:
        return
    from ..network import uplink

    found = uplink.read(ctx.run("uplink"))
    if found is not None and found.kind == "slirp4netns":
        uplink.unforward(found, document.ports)


def close_strays(ctx: Context) -> bool:
    """Close the host's ports that no container has any more; whether there were any. The caller holds the lock.

    Nobody else would: a port that could not be closed when its container ended is in no document.
    """
    if not ctx.rootless:
        return False
    from ..network import uplink

    found = uplink.read(ctx.run("uplink"))
    ports = [port for document in endpoints.everyone(ctx) for port in document.ports]
    return found is not None and uplink.keep_only(found, ports) > 0
