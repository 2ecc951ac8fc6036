# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container with a way out of its own, slirp4netns or pasta, and no bridge (podman-run(1), --network).

The way out is a process whose directory is ``<runroot>/uplinks/<short id>``; it goes with the run. The path is
short because that of a socket may have 107 bytes at most (unix(7)).
"""

from __future__ import annotations

import glob
import os
from typing import Any, Dict, List, Mapping, Optional

from ..context import Context
from ..errors import Damaged
from ..formats.container import Port
from ..formats.endpoint import SetupRequest, SetupResult
from ..frozen import misfit
from ..kernel import documents, files, netns, tree
from ..network import pasta, ports, uplink

_REQUEST = {"container": "str", "mode": "str", "options": "str", "netns": "str", "ports": "List[Dict[str, Any]]"}
MODES = ("slirp4netns", "pasta")


def place(ctx: Context, container_id: str) -> str:
    """The directory of a container's own way out."""
    return ctx.run("uplinks", container_id[:16])


def setup(ctx: Context, request: SetupRequest) -> SetupResult:
    """Start the way out, and publish the ports. Raises Conflict, InvalidInput, EngineError; nothing is left then."""
    teardown(ctx, request.container_id)
    directory = files.make_directory(place(ctx, request.container_id))
    claimed = ports.claim(ctx, request.ports, request.container_id, describe=lambda holder: holder[:12])
    use = request.uses[0]
    document = {"container": request.container_id, "mode": use.mode, "options": use.name, "netns": request.netns,
                "ports": [dict(vars(port)) for port in claimed]}
    files.write_json(os.path.join(directory, "request.json"), document, durable=False)
    try:
        _start(ctx, directory, document)
    except BaseException:
        teardown(ctx, request.container_id)
        raise
    return SetupResult({}, claimed)


def _start(ctx: Context, directory: str, document: Mapping[str, Any]) -> None:
    words = [word for word in document["options"].split(",") if word]
    published = [Port(**row) for row in document["ports"]]
    if document["mode"] == "pasta":
        pasta.start(ctx, directory, document["netns"], words, published)
        return
    options: Dict[str, str] = {name: value for name, _equals, value in (w.partition("=") for w in words)}
    started = uplink.start_slirp(ctx, directory, document["netns"], options)
    uplink.forward(started, published, same_port=False)


def restore(ctx: Context) -> List[str]:
    """Start the ways out anew that somebody ended, or that do not answer, with their ports; the containers' IDs."""
    done = []
    for directory in sorted(glob.glob(ctx.run("uplinks", "*"))):
        document = _request(ctx, directory)
        if document is not None and netns.exists(document["netns"]) and not uplink.answers(uplink.read(directory)):
            uplink.stop(directory)
            _start(ctx, directory, document)
            done.append(str(document["container"]))
    return done


def known(ctx: Context) -> List[str]:
    """The IDs of the containers that have a way out of their own."""
    from ..store import containers

    places = {os.path.basename(path) for path in glob.glob(ctx.run("uplinks", "*"))}
    return [container_id for container_id in containers.ids(ctx) if container_id[:16] in places]


def teardown(ctx: Context, container_id: str) -> None:
    """End a container's own way out, if it has one, and give its ports back."""
    directory = place(ctx, container_id)
    if not os.path.isdir(directory):
        return
    uplink.stop(directory)
    document = _request(ctx, directory)
    if document is not None:
        ports.release(ctx, [Port(**row) for row in document["ports"]], container_id)
    else:
        ports.release_all(ctx, container_id)
    tree.remove_path(directory)


def _request(ctx: Context, directory: str) -> Optional[Dict[str, Any]]:
    """What was asked of a way out; None when nobody can tell any more, of which the user is warned."""
    path = os.path.join(directory, "request.json")
    try:
        found = documents.read(path, "way out of the container", os.path.basename(directory)[:12], _REQUEST)
        problem = next((text for row in found["ports"] for text in [misfit(Port, row)] if text), "") if found else ""
        if problem:
            raise Damaged("way out of the container", os.path.basename(directory)[:12], path, "ports: " + problem)
        return found
    except Damaged as exc:
        ctx.warn(exc)
        return None


def resolvers(ctx: Context, container_id: str) -> List[str]:
    """The name server that a container reaches by its own way out."""
    found = uplink.read(place(ctx, container_id))
    return [found.resolver] if found is not None and found.resolver else []


def address(ctx: Context, container_id: str) -> str:
    """The address that a container has by its own way out; '' for none."""
    found = uplink.read(place(ctx, container_id))
    return found.address if found is not None else ""
