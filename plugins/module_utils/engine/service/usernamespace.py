# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container's own user namespace: which IDs it has (podman-run(1), --userns), and the namespace itself.

IDs outside are the host's for root's containers, and those of the user's namespace for others, where 0
is the user. The mapping is chosen when a container is made, and kept in its record.
"""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..context import Context
from ..errors import Conflict, InvalidInput, NotFound, WrongState
from ..formats import idmap
from ..formats.container import ContainerSpec
from ..formats.idmap import Row
from ..kernel import files, locks
from ..store import containers as store
from ..store.containers import Record

SMALLEST_AUTO = 1024
RANGES_OF = "containers"  # whose ranges root's containers get with auto, as podman has it
NONE: Dict[str, List[List[int]]] = {}


class Maps(NamedTuple):
    """The mapping of user IDs and that of group IDs."""

    uids: idmap.Mapping
    gids: idmap.Mapping

    def to_document(self) -> Dict[str, List[List[int]]]:
        """The JSON in a container's record."""
        return {"uids": [list(row) for row in self.uids], "gids": [list(row) for row in self.gids]}

    def outside(self, uid: int, gid: int) -> Tuple[int, int]:
        """Owner outside for one inside. Raises InvalidInput for an ID that is not mapped."""
        result = idmap.to_outside(self.uids, uid), idmap.to_outside(self.gids, gid)
        if -1 in result:
            raise InvalidInput("The user %d:%d is not in the container's user namespace" % (uid, gid),
                               "Map more IDs, or choose another user.")
        return result


def of(record: Record) -> Optional[Maps]:
    """A container's mapping; None for one without a user namespace of its own."""
    if not record.idmaps:
        return None
    return Maps(*(tuple(Row(*row) for row in record.idmaps[kind]) for kind in ("uids", "gids")))


@contextlib.contextmanager
def chosen(ctx: Context, spec: ContainerSpec, layers: Sequence[str]) -> Iterator[Dict[str, List[List[int]]]]:
    """``choose`` a mapping for a container whose record the body writes: nobody else gets IDs of ``auto`` meanwhile."""
    with contextlib.ExitStack() as until_written:
        if spec.userns.partition(":")[0] == "auto":
            until_written.enter_context(locks.locked(ctx.path("locks", "userns")))
        yield choose(ctx, spec, layers)


def choose(ctx: Context, spec: ContainerSpec, layers: Sequence[str]) -> Dict[str, List[List[int]]]:
    """The mapping for a new container, as its record keeps it; {} for none.

    ``layers`` are its image's chain IDs. Raises InvalidInput, NotFound, or Conflict when there are not enough IDs.
    """
    kind, _colon, rest = spec.userns.partition(":")
    explicit = bool(spec.uidmap or spec.gidmap or spec.subuidname or spec.subgidname)
    if explicit and kind not in ("", "private"):
        raise InvalidInput("userns: %s and mappings contradict each other" % spec.userns, "Use one of them.")
    if explicit:
        return _explicit(ctx, spec).to_document()
    if kind in ("", "host"):
        return NONE
    if kind == "container":
        return store.lookup(ctx, rest).idmaps
    if kind == "ns":
        return _read(rest)
    options = dict(word.partition("=")[::2] for word in rest.split(",") if word)
    if kind == "auto":
        return _auto(ctx, options, layers).to_document()
    if kind in ("keep-id", "nomap"):
        return _of_user(ctx, kind, options).to_document()
    raise InvalidInput("userns: private needs a mapping", "Give uidmap and gidmap, or subuidname.")


def _explicit(ctx: Context, spec: ContainerSpec) -> Maps:
    from . import rootless

    found: List[idmap.Mapping] = []
    for rows, name, kind in ((spec.uidmap, spec.subuidname, "uid"), (spec.gidmap, spec.subgidname, "gid")):
        if rows and name:
            raise InvalidInput("%smap and sub%sname contradict each other" % (kind, kind), "Use one of them.")
        if name:
            ranges = rootless.ranges_of(name, kind)
            if not ranges:
                raise NotFound("%s has no range in %s" % (name, rootless.FILES[kind]), "Give it one.")
            found.append(tuple(_row_up(_seen_by_user(name, ranges, kind) if ctx.rootless else ranges)))
        else:
            found.append(idmap.parse_options(rows, kind + "map"))
    uids, gids = found
    return Maps(uids or gids, gids or uids)


def _seen_by_user(name: str, ranges: Sequence[Tuple[int, int]], kind: str) -> List[Tuple[int, int]]:
    """Ranges of the host's IDs as a user's own namespace has them. Raises Conflict for those that it has not."""
    from . import rootless

    found = [(row.inside + start - row.outside, count) for start, count in ranges for row in rootless.mapped(kind)
             if row.outside <= start and start + count <= row.outside + row.length]
    if len(found) < len(ranges):
        raise Conflict("The ranges of %s in %s are not this user's to map" % (name, rootless.FILES[kind]),
                       "Name this user; after a change of ranges, call: pycontainer system migrate.")
    return found


def _row_up(ranges: Sequence[Tuple[int, int]]) -> List[Row]:
    rows, inside = [], 0
    for start, count in ranges:
        rows.append(Row(inside, start, count))
        inside += count
    return rows


def _of_user(ctx: Context, kind: str, options: Mapping[str, str]) -> Maps:
    """keep-id: the user has the same ID inside, or the one asked for. nomap: the user is not in there at all."""
    from . import rootless

    if not ctx.rootless:
        raise InvalidInput("userns: %s is for users without root" % kind, "Use auto, or a mapping.")
    result: List[idmap.Mapping] = []
    for name, own in (("uid", ctx.uid), ("gid", ctx.gid)):
        total = idmap.size(rootless.mapped(name))
        if "size" in options:
            total = _first(total, _number(options["size"], "userns"), name)
        if kind == "nomap":
            result.append((Row(0, 1, total - 1),) if total > 1 else ())
            continue
        inside = _number(options.get(name, str(own)), "userns")
        if inside >= total:
            raise Conflict("The %s %d is past the %d IDs of this user" % (name, inside, total),
                           "Give the user more subordinate IDs, or choose another number with %s=." % name)
        rows = [Row(0, 1, inside), Row(inside, 0, 1), Row(inside + 1, inside + 1, total - inside - 1)]
        result.append(tuple(row for row in rows if row.length))
    if not all(result):
        raise Conflict("User %d has no subordinate IDs" % ctx.uid, "Give the user ranges first.")
    return Maps(*result)


def _first(total: int, size: int, name: str) -> int:
    """How many of a user's IDs a container gets that asked for ``size``. Raises Conflict."""
    if not 0 < size <= total:
        raise Conflict("userns: this user has %d %ss, and %d were asked for" % (total, name, size),
                       "Ask for fewer, or give the user more subordinate IDs.")
    return size


def _number(text: str, option: str) -> int:
    if not text.isdecimal() or int(text) > idmap.MAX_ID:
        raise InvalidInput("%s has %r, which is no ID" % (option, text))
    return int(text)


def _auto(ctx: Context, options: Mapping[str, str], layers: Sequence[str]) -> Maps:
    """As many IDs as the image needs, that no other container has."""
    from ..store import mapped
    from . import rootless

    size = _number(options["size"], "userns") if "size" in options else 0
    size = size or max(SMALLEST_AUTO, mapped.largest_owner(ctx, layers) + 1)
    available = ([(1, idmap.size(rootless.mapped("uid")) - 1)] if ctx.rootless
                 else rootless.ranges_of(RANGES_OF, "uid"))
    if not available:
        raise Conflict("userns: auto has no IDs to choose from", "Add a line such as %s:2147483647:2147483648 to "
                       "/etc/subuid and /etc/subgid." % RANGES_OF)
    taken = sorted((row[1], row[1] + row[2]) for document in store.all_raw(ctx)
                   if document["spec"].get("userns", "").startswith("auto")
                   for row in document.get("idmaps", {}).get("uids", ()))
    for start, count in available:
        for low, high in taken:
            if low < start + size and start < high:
                count, start = count - (high - start), high
        if count >= size:
            rows = (Row(0, start, size),)
            return Maps(rows, rows)
    raise Conflict("There are no %d IDs left for userns: auto" % size, "Remove containers, or add a range.")


def _read(path: str) -> Dict[str, List[List[int]]]:
    from ..kernel import userns

    if not os.path.exists(path):
        raise NotFound("There is no namespace at %s" % path)
    try:
        texts = userns.maps_of(path)
    except OSError as exc:
        raise NotFound("Cannot enter the user namespace %s: %s" % (path, exc.strerror),
                       "Nobody can enter the one that they are in; leave userns out for that.") from exc
    return Maps(*(idmap.parse_kernel(text) for text in texts)).to_document()


# the namespace of a run

def path(ctx: Context, container_id: str) -> str:
    """Where a container's user namespace is kept while it runs."""
    return ctx.run("userns", container_id)


def create(ctx: Context, record: Record, namespace: str) -> None:
    """Make a container's user namespace, and with it the network namespace at a path unless that is ''."""
    from ..kernel import netns, userns

    maps = of(record)
    if maps is None:
        if namespace:
            netns.create(namespace)
        return
    if namespace:
        netns.remove(namespace)
        files.make_directory(os.path.dirname(namespace))
    shared = record.spec.userns.startswith(("container:", "ns:"))
    if shared and namespace:
        userns.network_in(to_join(ctx, record), namespace)
    elif not shared:
        remove(ctx, record.id)
        files.make_directory(ctx.run("userns"))
        userns.create(path(ctx, record.id), maps.uids, maps.gids, namespace)
    if namespace:
        netns.run_inside(namespace, netns.loopback_up)


def remove(ctx: Context, container_id: str) -> None:
    """Let go of a container's user namespace, if it has one."""
    from ..kernel import netns

    if os.path.exists(path(ctx, container_id)):
        netns.remove(path(ctx, container_id))


def to_join(ctx: Context, record: Record) -> str:
    """The path of the user namespace that a container's process joins; '' for none."""
    kind, _colon, rest = record.spec.userns.partition(":")
    if kind == "ns":
        return rest
    if kind == "container":
        found = to_join(ctx, store.lookup(ctx, rest))
        if found and not os.path.exists(found):
            raise WrongState("The container %s, whose user namespace is to be shared, does not run" % rest,
                             "Start it first.")
        return found
    return path(ctx, record.id) if record.idmaps else ""


# the root file system of a run

def _reachable_name(ctx: Context, container_id: str) -> str:
    """What such a directory's name begins with; another engine's in /tmp begin with something else."""
    from ..kernel import sha256

    return "pycontainer-rootfs-%s-%s-" % (sha256.hexdigest(ctx.runroot.encode())[:8], container_id)


def reachable_directory(ctx: Context, container_id: str) -> str:
    """A new directory in /tmp where the OCI runtime, and nobody else, sees the root file system: the container's root,
    who is nobody out here, has to be able to walk to it, and the run root lets nobody in."""
    import tempfile

    return tempfile.mkdtemp(prefix=_reachable_name(ctx, container_id), dir="/tmp")


def reachable_directories(ctx: Context) -> List[Tuple[str, str]]:
    """The directories that ``reachable_directory`` made for containers of this engine's: (container ID, path)."""
    import glob

    found = [path.split("-") for path in sorted(glob.glob("/tmp/" + _reachable_name(ctx, "*") + "*"))]
    return [(parts[3], "-".join(parts)) for parts in found if len(parts) > 4 and len(parts[3]) == 64 and (
        os.lstat("-".join(parts)).st_uid == os.geteuid())]
