# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers and pods of a stack need which others, and the order that follows."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ..engine.errors import InvalidInput
from . import container, pod
from .option import Row, desired

Thing = Tuple[str, Mapping[str, Any]]  # 'containers' or 'pods', and params
Key = Tuple[str, str]  # that kind, and a name
# Fields that are a kind of namespace, which may be another container's.
_NAMESPACES = ("pid", "ipc", "uts", "cgroupns", "userns")
_FIELDS = frozenset((*_NAMESPACES, "network", "requires", "volumes_from", "pod"))
_ROWS: Mapping[str, Tuple[Row, ...]] = {
    kind: tuple(row for row in rows if row.field in _FIELDS)
    for kind, rows in (("containers", container.FIELDS), ("pods", pod.FIELDS))}


def needs(thing: Thing, stored: Mapping[Key, Mapping[str, Any]]) -> List[Key]:
    """What has to be there first. What params leave out, or all for what is to be gone, is as it is ``stored``."""
    kind, params = thing
    fields = dict(stored.get((kind, params["name"]), {}))
    if params["state"] != "absent":
        fields.update(desired(_ROWS[kind], params, strict=bool(params.get("strict"))))
    return of_fields(fields)


def of_fields(fields: Mapping[str, Any], *, to_run: bool = False) -> List[Key]:
    """What a container or pod with these fields needs; ``to_run``: only containers that have to run as long as it."""
    found = list(fields.get("requires") or ())
    found += [rest for word, _colon, rest in (str(fields.get(field) or "").partition(":") for field in _NAMESPACES)
              if word == "container"]
    found += [use["name"] for use in fields.get("network") or () if use["mode"] == "container"]
    if not to_run:
        found += [word.partition(":")[0] for word in fields.get("volumes_from") or ()]
    keys = [("containers", name) for name in dict.fromkeys(found)]
    own = str(fields.get("pod") or "")
    return keys + [("pods", own[4:] if own.startswith("new:") else own)] * bool(own and not to_run)


def ordered(things: Sequence[Thing], stored: Mapping[Key, Mapping[str, Any]]) -> List[Thing]:
    """The things in an order in which each comes after what it needs; otherwise as they were.

    Raises InvalidInput, with the cycle, for things that need one another.
    """
    by_key: Dict[Key, Thing] = {(kind, params["name"]): (kind, params) for kind, params in things}
    done: List[Thing] = []
    placed: Set[Key] = set()

    def place(key: Key, path: Tuple[Key, ...]) -> None:
        if key in placed or key not in by_key:
            return
        if key in path:
            cycle = [*path[path.index(key):], key]
            raise InvalidInput("%s need one another: %s" % (
                " and ".join(sorted({"%s/%s" % one for one in cycle})), " -> ".join(name for _kind, name in cycle)),
                "Take one of these needs away: network, pid, ipc, uts, userns or cgroupns with container:, requires, "
                "volumes_from, or pod.")
        for other in needs(by_key[key], stored):
            place(other, (*path, key))
        placed.add(key)
        done.append(by_key[key])

    for key in by_key:
        place(key, ())
    return done


def going(things: Sequence[Thing], staying: Sequence[Thing],
          stored: Mapping[Key, Mapping[str, Any]]) -> Tuple[List[Thing], List[Thing]]:
    """What is to be gone, in an order in which each goes before what it needs: at once, and only when what stays has
    been changed, because that needs it as it is now.

    Raises InvalidInput for what stays and is to need it still.
    """
    leaving = list(reversed(ordered(list(reversed(things)), stored)))
    keys = {(kind, params["name"]) for kind, params in leaving}
    held: Set[Key] = set()
    for kind, params in staying:
        for other in needs((kind, params), stored):
            if other in keys:
                raise InvalidInput("%s/%s: it needs %s/%s, which is to be removed" % (kind, params["name"], *other),
                                   "List that one too, or take the need away.")
        held.update(of_fields(stored.get((kind, params["name"]), {}), to_run=True))
    now: List[Thing] = []
    late: List[Thing] = []
    for kind, params in leaving:
        key = (kind, params["name"])
        (late if key in held else now).append((kind, params))
        if key in held:
            held.update(of_fields(stored.get(key, {}), to_run=True))
    return now, late


def followers(name: str, stored: Mapping[Key, Mapping[str, Any]]) -> List[str]:
    """The stored containers that cannot run without that one, those first that need others of them."""
    found: List[str] = []
    seen = {name}

    def visit(needed: str) -> None:
        for (kind, other), fields in stored.items():
            if kind == "containers" and other not in seen and ("containers", needed) in of_fields(fields, to_run=True):
                seen.add(other)
                visit(other)
                found.append(other)

    visit(name)
    return found
