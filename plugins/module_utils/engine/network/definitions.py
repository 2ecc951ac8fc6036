# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks on disk: one document each, ``<root>/networks/<name>.json``, written by an exclusive create."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import time
from typing import ContextManager, Iterable, List, NamedTuple, Optional

from ..context import Context
from ..errors import Ambiguous, Conflict, Damaged, InvalidInput, NotFound
from ..formats import network as format_network
from ..formats.network import NetworkSpec
from ..kernel import documents, files, locks

DEFAULT_NETWORK = "podman"
# The sha256 of its name: podman's default network has this ID on every host.
DEFAULT_ID = "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9"
MAX_NAME = 200  # the file has a suffix, and a name of 255 bytes is the longest
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
# The last one is a file of the name server's, whose other files are named after networks.
RESERVED = ("host", "none", "bridge", "private", "default", "slirp4netns", "pasta", "container", "ns",
            "aardvark.pid")


_NETWORK = {"id": "str", "created": "Time", "spec": "dict"}


class NetworkRecord(NamedTuple):
    """A network as it is stored; ``created`` is in seconds since the epoch, all of ``spec`` is filled in."""

    id: str
    created: float
    spec: NetworkSpec

    @property
    def name(self) -> str:
        """The network's name."""
        return self.spec.name


def lock(ctx: Context) -> ContextManager[None]:
    """The one lock over networks, their addresses, ports, links and rules; held for milliseconds."""
    return locks.locked(ctx.path("locks", "network"))


def check_name(name: str) -> str:
    """The name itself; InvalidInput when it breaks podman's rule for names or means something else."""
    if not _NAME.match(name) or len(name) > MAX_NAME:
        raise InvalidInput("%r is no valid name for a network" % name[:80],
                           "Use letters, digits, '_', '.' and '-', starting with a letter or digit.")
    if name in RESERVED:
        raise InvalidInput("A network cannot be named %r" % name, "That word has a meaning of its own.")
    return name


def _path(ctx: Context, name: str) -> str:
    return ctx.path("networks", name + ".json")


def read(ctx: Context, name: str) -> Optional[NetworkRecord]:
    """The network with exactly this name, or None. Raises Damaged."""
    if not _NAME.match(name) or len(name) > MAX_NAME:
        return None
    document = documents.read(_path(ctx, name), "network", name, _NETWORK)
    if document is None:
        return None
    with documents.built("network", name, _path(ctx, name)):
        spec = format_network.from_document(document["spec"])
        if spec.name != name:
            raise ValueError("it is of the network %s" % spec.name)
        for subnet in spec.subnets:
            ipaddress.ip_network(subnet.subnet)
        return NetworkRecord(document["id"], document["created"], spec)


def read_if_whole(ctx: Context, name: str) -> Optional[NetworkRecord]:
    """As ``read``, for who can do without: None for a damaged one, of which the user is warned."""
    try:
        return read(ctx, name)
    except Damaged as exc:
        ctx.warn(exc)
        return None


def whole(ctx: Context, names: Iterable[str]) -> List[NetworkRecord]:
    """Those of some networks that are there and whole; of a damaged one the user is warned."""
    return list(documents.each(names, lambda name: read(ctx, name), ctx.warn))


def write_new(ctx: Context, network_id: str, spec: NetworkSpec) -> NetworkRecord:
    """Store a new network; Conflict when the name is taken."""
    import json

    record = NetworkRecord(network_id, time.time(), spec)
    files.make_directory(ctx.path("networks"))
    document = {"id": record.id, "created": record.created, "spec": spec.to_document()}
    if not files.create_exclusive(_path(ctx, spec.name), json.dumps(document, sort_keys=True).encode(), durable=True):
        raise Conflict("A network named %s exists" % spec.name, "Choose another name, or remove it first.")
    return record


def rewrite(ctx: Context, record: NetworkRecord) -> None:
    """Replace the document of a network that is stored."""
    files.write_json(_path(ctx, record.name), {"id": record.id, "created": record.created,
                                               "spec": record.spec.to_document()})


def delete(ctx: Context, name: str) -> None:
    """Remove a network's document."""
    files.remove(_path(ctx, name))


def stored(ctx: Context) -> List[NetworkRecord]:
    """All networks that have a document, by name; of a damaged one the user is warned."""
    return list(documents.each(_names(ctx), lambda name: read(ctx, name), ctx.warn))


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of networks."""
    found: List[Damaged] = []
    list(documents.each(_names(ctx), lambda name: read(ctx, name), found.append))
    return found


def _names(ctx: Context) -> List[str]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(entry[:-len(".json")] for entry in os.listdir(ctx.path("networks")) if entry.endswith(".json"))
    return []


def lookup(ctx: Context, wanted: str) -> NetworkRecord:
    """A stored network by name, ID or its first 12 digits at least; NotFound or Ambiguous.

    A shorter prefix would let a name that is not there (such as 'db') mean another network.
    """
    record = read(ctx, wanted)
    if record is not None:
        return record
    matches = [r for r in stored(ctx) if r.id.startswith(wanted)] if re.match(r"[0-9a-f]{12,64}\Z", wanted) else []
    if len(matches) > 1:
        raise Ambiguous("%s fits several networks" % wanted, ["%s (%s)" % (r.name, r.id[:12]) for r in matches])
    if not matches:
        raise NotFound("There is no network %s" % _shown(wanted), "Make it first, or check the name: see network ls.")
    return matches[0]


def _shown(name: str) -> str:
    """A name for a message; anything odd in it is escaped."""
    return name if _NAME.match(name) else repr(name[:80])
