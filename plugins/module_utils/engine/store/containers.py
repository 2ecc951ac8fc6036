# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers on disk: one document each. What they do now is in ``runs``.

``<root>/containers/<id>/container.json`` is what was asked for and what became of it (the record);
it is written last when a container is made, so what has none is not a container.

Reading a record or a state imports nothing but JSON: an unchanged task and ``ps`` do only that.
"""

from __future__ import annotations

import contextlib
import os
from typing import (
    TYPE_CHECKING,
    Any,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
)

from ..context import Context
from ..errors import Ambiguous, Conflict, Damaged, NotFound
from ..frozen import unlike
from ..kernel import documents, files, locks
from . import names

if TYPE_CHECKING:
    from ..formats.container import ContainerSpec

# What those who read documents without making a ContainerSpec of them rely on; frozen.unlike says what the words mean.
_RECORD = {
    "id": "str", "name": "str", "created": "Time", "spec": "dict", "image_id": "str", "image_name": "str",
    "volumes": "Dict[str, str]", "ports": "List[Dict[str, Any]]", "engine": "str", "log_driver": "str",
    "log_path": "str", "command": "Optional[List[str]]", "volumes_from": "List[Dict[str, Any]]",
    "idmaps": "Dict[str, List[List[int]]]"}
_WRITTEN = ("id", "name", "created", "spec", "image_id", "image_name", "volumes", "ports")  # by every version
_SPEC = {
    "image": "str", "name": "str", "pod": "str", "infra": "bool", "init_ctr": "str", "userns": "str", "rm": "bool",
    "restart_policy": "str", "entrypoint": "Optional[List[str]]", "command": "Optional[List[str]]",
    "label": "Dict[str, str]"}
_ROWS = {
    "network": {"mode": "str", "name": "str"}, "mounts": {"type": "str", "source": "str", "target": "str"},
    "secrets": {"name": "str"},
    "publish": {"container_port": "int", "host_port": "int", "host_ip": "str", "protocol": "str"}}


class Record(NamedTuple):
    """What the engine stores of a container. ``created`` is in seconds since the epoch.

    ``volumes`` maps the target of each anonymous volume to the volume's name; ``ports`` are the
    published ports with the host ports that were chosen, kept from one start to the next;
    ``engine`` is the digest of the persisted engine that its hooks run; ``idmaps`` are the rows of the
    container's own user namespace under 'uids' and 'gids', {} when it has none; ``command`` is what follows
    the entrypoint, also where it is the image's; ``cgroup_manager`` is the one that it was made with, '' for the
    host's.
    """

    id: str
    name: str
    created: float
    spec: ContainerSpec
    image_id: str = ""
    image_name: str = ""
    volumes: Dict[str, str] = {}
    ports: List[Dict[str, Any]] = []
    engine: str = ""
    log_driver: str = "k8s-file"
    log_path: str = ""
    volumes_from: List[Dict[str, Any]] = []
    idmaps: Dict[str, List[List[int]]] = {}
    command: Optional[List[str]] = None
    cgroup_manager: str = ""


def directory(ctx: Context, container_id: str, *parts: str) -> str:
    """A path in the container's persistent directory."""
    return ctx.path("containers", container_id, *parts)


def run_directory(ctx: Context, container_id: str, *parts: str) -> str:
    """A path in the directory of the container's current run."""
    return ctx.run("containers", container_id, *parts)


def lock(ctx: Context, container_id: str, timeout: Optional[float] = None) -> ContextManager[None]:
    """The container's lock: it guards record, state and everything that a run sets up."""
    return locks.locked(ctx.path("locks", "container-" + container_id), timeout=timeout)


@contextlib.contextmanager
def held(ctx: Context, container_id: str, timeout: Optional[float] = None) -> Iterator[Record]:
    """Hold the lock of a container that exists, for the body; its record. Raises NotFound, TimedOut."""
    with lock(ctx, container_id, timeout):
        try:
            record = get(ctx, container_id)
        except NotFound:
            # Taking the lock has made its file anew.
            drop_lock(ctx, container_id)
            raise
        yield record


def drop_lock(ctx: Context, container_id: str) -> None:
    """Remove the lock file of a container that is gone; its holder does this."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.path("locks", "container-" + container_id))


# records

def raw(ctx: Context, container_id: str) -> Optional[Dict[str, Any]]:
    """The document of a container by its full ID, or None. Raises Damaged."""
    path = directory(ctx, container_id, "container.json")
    document = documents.read(path, "container", lambda: names.spoken(ctx, "containers", container_id), _RECORD,
                              required=_WRITTEN, same={"id": container_id})
    if document is not None:
        problem = _unlike_spec(document["spec"]) or _unlike_rows("ports", document["ports"], _ROWS["publish"])
        if problem:
            raise Damaged("container", document["name"], path, problem)
    return document


def _unlike_spec(spec: Dict[str, Any]) -> str:
    problem = unlike(spec, _SPEC, required=())
    for name, forms in _ROWS.items():
        problem = problem or (_unlike_rows(name, spec[name], forms) if name in spec else "")
    return problem


def _unlike_rows(name: str, rows: Any, forms: Dict[str, str]) -> str:
    if not isinstance(rows, list):
        return name + " is no list"
    problems = ["%s[%d] %s" % (name, number, problem) for number, row in enumerate(rows)
                for problem in [unlike(row, forms)] if problem]
    return problems[0] if problems else ""


def raw_document(ctx: Context, name: str) -> Optional[Dict[str, Any]]:
    """The document of the container with exactly this name, or None."""
    container_id = names.owner(ctx, "containers", name)
    return raw(ctx, container_id) if container_id else None


def to_record(ctx: Context, document: Dict[str, Any]) -> Record:
    """The record in a document; raises Damaged, also when a newer engine wrote it."""
    from ..formats import container

    values = dict(document)
    with documents.built("container", document["name"], directory(ctx, document["id"], "container.json")):
        values["spec"] = container.from_document(values["spec"])
        return Record(**values)


def get(ctx: Context, container_id: str) -> Record:
    """The record of a container by its full ID; raises NotFound, Damaged."""
    document = raw(ctx, container_id)
    if document is None:
        raise NotFound("There is no container with the ID %s" % container_id[:12])
    return to_record(ctx, document)


def write(ctx: Context, record: Record) -> None:
    """Store a record; the caller holds the container's lock."""
    document = record._asdict()
    document["spec"] = record.spec.to_document()
    files.write_json(directory(ctx, record.id, "container.json"), document)


def ids(ctx: Context) -> List[str]:
    """The IDs of what may be containers, in no order; one may turn out to be half-made."""
    try:
        return os.listdir(ctx.path("containers"))
    except FileNotFoundError:
        return []


def all_raw(ctx: Context) -> Iterator[Dict[str, Any]]:
    """The documents of all containers, in no order; of a damaged one the user is warned."""
    return documents.each(ids(ctx), lambda container_id: raw(ctx, container_id), ctx.warn)


def records(ctx: Context, found: Iterable[Dict[str, Any]]) -> Iterator[Record]:
    """The records in documents; of a damaged one the user is warned."""
    return documents.each(found, lambda document: to_record(ctx, document), ctx.warn)


def damaged(ctx: Context) -> List[Damaged]:
    """What is wrong with the documents of containers: what those need is not known."""
    found: List[Damaged] = []
    list(documents.each(ids(ctx), lambda container_id: get_if_there(ctx, container_id), found.append))
    return found


def get_if_there(ctx: Context, container_id: str) -> Optional[Record]:
    """The record of a container by its full ID, or None. Raises Damaged."""
    document = raw(ctx, container_id)
    return to_record(ctx, document) if document is not None else None


def find(ctx: Context, name: str) -> str:
    """The full ID for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    container_id = names.owner(ctx, "containers", name)
    if container_id and os.path.lexists(directory(ctx, container_id, "container.json")):
        return container_id
    if name and all(c in "0123456789abcdef" for c in name):
        found = [i for i in ids(ctx) if i.startswith(name)
                 and os.path.lexists(directory(ctx, i, "container.json"))]
        if len(found) == 1:
            return found[0]
        if found:
            raise Ambiguous("More than one container's ID starts with %s" % name, sorted(i[:20] for i in found))
    raise NotFound("There is no container with the name or ID %r" % name)


def lookup(ctx: Context, name: str) -> Record:
    """The record for a name, an ID or a unique prefix of an ID; raises NotFound or Ambiguous."""
    return get(ctx, find(ctx, name))


def reserve_name(ctx: Context, name: str, container_id: str) -> None:
    """Take a container's name; raises Conflict that says who holds it."""
    names.check_name("container", name)
    if not names.claim(ctx, "containers", name, container_id):
        holder = names.owner(ctx, "containers", name) or ""
        if holder == container_id:
            return
        raise Conflict("The name %r is in use by the container %s" % (name, holder[:12]),
                       "Remove or rename that container, or choose another name.")


def image_users(ctx: Context) -> Dict[str, List[str]]:
    """Which containers use an image: {image ID: [container ID]}."""
    users: Dict[str, List[str]] = {}
    for document in all_raw(ctx):
        if document.get("image_id"):
            users.setdefault(document["image_id"], []).append(document["id"])
    return users
