# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left over of networks, or differs from what it should be: ``system check`` finds and mends it."""

from __future__ import annotations

import glob
import os
import time
from functools import partial
from typing import Callable, ContextManager, Iterator, List, Optional, TypeVar

from ..context import Context
from ..kernel import files, netns
from ..network import attachment, definitions, dns, endpoints, firewall, ipam, links
from . import network_connections, network_place, network_private
from .finding import Finding

T = TypeVar("T")
VANISHING = 3.0  # seconds that the kernel gets to take away the links of a namespace that has ended


def find(ctx: Context, at_rest: Callable[[str], ContextManager[bool]]) -> Iterator[Finding]:
    """Claims, names, connections, links and rules that no running container needs; ``at_rest`` tells whether one does
    not run, is not ending, and nobody does anything with it."""
    with definitions.lock(ctx):
        known = {*network_private.known(ctx), *endpoints.ids(ctx)}
        paths = [path for path in glob.glob(ctx.run("ports", "*")) + glob.glob(ctx.run("ipam", "*", "*"))
                 if not path.endswith(".tmp") and files.word(path) not in known]
        paths += [path for path in [dns.fresh_path(ctx)] if os.path.lexists(path)]
        ended = [document.request.container_id for document in endpoints.everyone(ctx)
                 if network_connections.is_abandoned(ctx, document)]
        bridges = _idle_bridges(ctx)
        differing = _where_bridges_are(ctx, lambda: firewall.differences(ctx))
    for path in sorted(paths):
        yield Finding("orphaned claim", os.path.relpath(path, ctx.runroot), path, "gives it back",
                      partial(_repair, ctx, path))
    for container_id in ended:
        path = ctx.run("endpoints", container_id + ".json")
        with at_rest(container_id) as still:
            if still and os.path.lexists(path):
                yield Finding("connection of a container that has ended", container_id[:12], path, "takes it down",
                              partial(network_connections.repair, ctx))
    for name in bridges:
        yield Finding("bridge that no container needs", name, "/sys/class/net/" + name, "removes it",
                      partial(_remove_bridges, ctx))
    for name in _staying_links(ctx):
        yield Finding("link that no container has", name, "/sys/class/net/" + name, "removes it",
                      partial(_remove_links, ctx))
    if differing:
        yield Finding("changed rules", ", ".join(differing), "nft table inet " + ctx.prefix, "writes the table anew",
                      partial(_rebuild, ctx))


def _repair(ctx: Context, path: str) -> None:
    network_connections.repair(ctx)
    with definitions.lock(ctx):
        if path == dns.fresh_path(ctx):
            files.remove(path, durable=False)


def _where_bridges_are(ctx: Context, body: Callable[[], T]) -> Optional[T]:
    """The body's result, seen from where the bridges are; None for a user of whom no container is on one."""
    if not ctx.rootless:
        return body()
    place = network_place.namespace(ctx)
    return netns.run_inside(place, body) if netns.exists(place) else None


def _idle_bridges(ctx: Context) -> List[str]:
    """Bridges of networks on which nobody is, and which have no links of anybody's; the caller holds the lock."""
    idle = [record.spec.interface for record in definitions.stored(ctx)
            if record.spec.driver == "bridge" and not ipam.used(ctx, record.name)]
    return _where_bridges_are(ctx, lambda: links.without_ports(idle)) or []


def _remove_bridges(ctx: Context) -> None:
    with definitions.lock(ctx):
        found = _idle_bridges(ctx)
        _where_bridges_are(ctx, lambda: attachment.remove_bridges(found))


def _stray_links(ctx: Context) -> List[str]:
    """The links on our bridges that no container has; the caller holds the lock."""
    records = definitions.stored(ctx)
    bridges = [record.spec.interface for record in records if record.spec.driver == "bridge"]
    return _where_bridges_are(
        ctx, lambda: links.strays(ctx, bridges, endpoints.ids(ctx), [record.name for record in records])) or []


def _staying_links(ctx: Context) -> List[str]:
    """The same after what a namespace that has ended takes with it has had the time to go."""
    deadline = time.monotonic() + VANISHING
    while True:
        with definitions.lock(ctx):
            found = _stray_links(ctx)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _remove_links(ctx: Context) -> None:
    with definitions.lock(ctx):
        found = _stray_links(ctx)
        _where_bridges_are(ctx, lambda: links.remove(found))


def _rebuild(ctx: Context) -> None:
    with definitions.lock(ctx):
        _where_bridges_are(ctx, lambda: firewall.rebuild(ctx))
