# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container with a way out of its own, slirp4netns or pasta, and no bridge (podman-run(1), --network).

The way out is a process whose directory is ``<runroot>/uplinks/<short id>``; it goes with the run. The path is
short because that of a socket may have 107 bytes at most (unix(7)).
"""

from __future__ import annotations

import os
from typing import Dict, List

from ..context import Context
from ..formats.container import Port
from ..formats.endpoint import SetupRequest, SetupResult
from ..kernel import files
from ..network import ports, uplink

MODES = ("slirp4netns", "pasta")


def place(ctx: Context, container_id: str) -> str:
    """The directory of a container's own way out."""
    return ctx.run("uplinks", container_id[:16])


def setup(ctx: Context, request: SetupRequest) -> SetupResult:
    """Start the way out, and publish the ports. Raises Conflict, InvalidInput, EngineError; nothing is left then."""
    teardown(ctx, request.container_id)
    directory = files.make_directory(place(ctx, request.container_id))
    claimed = ports.claim(ctx, request.ports, request.container_id, describe=lambda holder: holder[:12])
    files.write_json(os.path.join(directory, "ports.json"), [dict(vars(port)) for port in claimed], durable=False)
    use = request.uses[0]
    words = [word for word in use.name.split(",") if word]
    try:
        if use.mode == "pasta":
            uplink.start_pasta(ctx, directory, request.netns, words, claimed)
        else:
            options: Dict[str, str] = {name: value for name, _equals, value in (w.partition("=") for w in words)}
            started = uplink.start_slirp(ctx, directory, request.netns, options)
            uplink.forward(started, claimed, same_port=False)
    except BaseException:
        teardown(ctx, request.container_id)
        raise
    return SetupResult({}, claimed)


def teardown(ctx: Context, container_id: str) -> None:
    """End a container's own way out, if it has one, and give its ports back."""
    directory = place(ctx, container_id)
    if not os.path.isdir(directory):
        return
    uplink.stop(directory)
    rows = files.read_json(os.path.join(directory, "ports.json")) or []
    ports.release(ctx, [Port(**row) for row in rows], container_id)
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
    os.rmdir(directory)


def resolvers(ctx: Context, container_id: str) -> List[str]:
    """The name server that a container reaches by its own way out."""
    found = uplink.read(place(ctx, container_id))
    return [found.resolver] if found is not None and found.resolver else []
