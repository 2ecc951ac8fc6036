# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a layer's files may be in this process's user namespace: their owners, and overlay's marks on them.

In a namespace of an ordinary user, an owner needs an ID that is mapped there, devices cannot be made,
and overlay keeps its marks in ``user.overlay.*`` when it is mounted with ``userxattr`` (overlayfs.rst).
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

from ..errors import InvalidInput
from ..formats import idmap

INITIAL: idmap.Mapping = (idmap.Row(0, 0, idmap.MAX_ID + 1),)


class Owners(NamedTuple):
    """The mappings of a user namespace, as seen from inside."""

    uids: idmap.Mapping = INITIAL
    gids: idmap.Mapping = INITIAL

    @property
    def own_namespace(self) -> bool:
        """Whether this is not the host's own namespace."""
        return self.uids != INITIAL

    @property
    def opaque(self) -> str:
        """The attribute that marks an opaque directory."""
        return "user.overlay.opaque" if self.own_namespace else "trusted.overlay.opaque"

    def of(self, uid: int, gid: int, name: str) -> Tuple[int, int]:
        """The owner that a file of an image gets; ``name`` is for the error.

        With no ID mapped but one, all belongs to that one: there is nobody else. Raises InvalidInput for
        an owner that has no ID here.
        """
        return _one(self.uids, uid, "user", name), _one(self.gids, gid, "group", name)


def _one(mapping: idmap.Mapping, number: int, kind: str, name: str) -> int:
    if idmap.size(mapping) == 1:
        return mapping[0].inside
    if idmap.to_outside(mapping, number) < 0:
        raise InvalidInput("The image's file %s belongs to the %s %d, and only %d %s IDs are mapped here" % (
            name, kind, number, idmap.size(mapping), kind),
            "Give the user more subordinate IDs in /etc/sub%sid (the subid module, or usermod --add-sub%sids), then "
            "run 'pycontainer system migrate' as that user." % (kind[0], kind[0]))
    return number


def here() -> Owners:
    """Those of this process. Raises OSError without /proc."""
    rows = []
    for name in ("uid_map", "gid_map"):
        with open("/proc/self/" + name, encoding="ascii") as stream:
            mapping = idmap.parse_kernel(stream.read())
        rows.append(mapping)
    return Owners(*rows)


def in_own_namespace() -> bool:
    """Whether this process is in a user namespace that is not the host's own."""
    with open("/proc/self/uid_map", encoding="ascii") as stream:
        return idmap.parse_kernel(stream.read()) != INITIAL
