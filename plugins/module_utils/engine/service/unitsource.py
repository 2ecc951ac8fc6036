# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers and pods that units are made for: as they are, or as earlier steps of a check would leave them."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

from ..context import Context
from ..errors import InvalidInput, NotFound
from ..store import containers as store
from ..store import pods as pod_store
from . import membership

ANEW = "(another)"


class Coming(NamedTuple):
    """What a container or pod would be by now: the document of its spec, None when it would be gone.

    ``anew`` says that it would be another one than there is, if there is one.
    """

    document: Optional[Mapping[str, Any]]
    anew: bool = True


class Source:
    """Containers and pods by kind and name. ``coming`` has what would be otherwise, by (kind, name)."""

    def __init__(self, ctx: Context, coming: Optional[Mapping[Tuple[str, str], Coming]] = None) -> None:
        self.ctx, self.coming = ctx, coming or {}

    def exists(self, kind: str, name: str) -> bool:
        """Whether there is one; raises Ambiguous."""
        if (kind, name) in self.coming:
            return self.coming[kind, name].document is not None
        try:
            (store.find if kind == "container" else pod_store.find)(self.ctx, name)
        except NotFound:
            return False
        return True

    def called(self, kind: str, name: str, by_name: bool) -> str:
        """Its name, or its ID; the word itself when there is none."""
        if (kind, name) in self.coming:
            return name
        try:
            found = store.lookup(self.ctx, name) if kind == "container" else pod_store.lookup(self.ctx, name)
        except NotFound:
            return name
        return found.name if by_name else found.id

    def stored(self, kind: str, name: str) -> Tuple[str, Mapping[str, Any]]:
        """(ID, document of the spec) of what there is; ('', {}) when there is nothing."""
        if (kind, name) in self.coming:
            return self._coming(kind, name)
        try:
            if kind == "pod":
                pod = pod_store.lookup(self.ctx, name)
                return pod.id, pod.spec.to_document()
            record = store.lookup(self.ctx, name)
            return record.id, record.spec.to_document()
        except NotFound:
            return "", {}

    def _coming(self, kind: str, name: str) -> Tuple[str, Mapping[str, Any]]:
        """As ``stored``, of what is coming."""
        found = self.coming[kind, name]
        if found.document is None:
            return "", {}
        if kind == "pod":
            from ..formats import pod

            document = pod.from_document(found.document).to_document()
        else:
            from ..formats import container

            document = container.from_document(found.document).to_document()
        if found.anew:
            return ANEW, document
        return (store.find if kind == "container" else pod_store.find)(self.ctx, name), document

    def members(self, name: str, by_name: bool) -> List[str]:
        """The containers of a pod but its infra container, the oldest first. Raises NotFound; InvalidInput when
        it has no infra container that a unit could watch."""
        new = self.coming.get(("pod", name))
        if new is not None and new.document is None:
            raise NotFound("There is no pod %s" % name)
        found: List[str] = []
        if new is None or not new.anew or self._there(name):
            pod = pod_store.lookup(self.ctx, name)
            infra, name = bool(pod.infra), pod.name
            found = [one.name if by_name else one.id for one in membership.members(self.ctx, pod)
                     if self.coming.get(("container", one.name), Coming({"pod": name})).document is not None]
        if new is not None and new.document is not None:
            infra = bool(new.document.get("infra", True))
        if not infra:
            raise InvalidInput("The pod %s has no infra container that a unit could watch" % name,
                               "Make it with infra.")
        return found + [one for (kind, one), row in self.coming.items() if kind == "container" and one not in found
                        and row.document is not None and row.document.get("pod") == name]

    def _there(self, pod: str) -> bool:
        """Whether there is a pod of this name now."""
        return pod_store.raw_document(self.ctx, pod) is not None
