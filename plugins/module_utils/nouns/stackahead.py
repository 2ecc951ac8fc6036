# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What later entries of a stack would find by now, were it not a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Mapping, Optional, Set, Tuple

from ..state.plan import Plan

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.service.foresee import Coming as AheadOf
    from ..engine.service.unitsource import Coming


class Foreseen:
    """What a check has not carried out, but has foreseen.

    ``coming`` containers and pods by (kind, name), things that were ``made``, ``images`` that would be there by name,
    ``fetched`` ones by the ID that they have now, with the keywords of the pull, whether an archive ``loads`` more of
    them, ``secrets`` with other values, and units that are ``stopped`` for good. Containers were ``halted``, in a run
    too, because what they need is another now, by what that is. A check that is ``sure`` of its images asks no
    registry.
    """

    def __init__(self, ctx: Context, *, sure: bool) -> None:
        self.ctx, self.sure = ctx, sure
        self.coming: Dict[Tuple[str, str], Coming] = {}
        self.made: Set[Tuple[str, str]] = set()
        self.images: Set[str] = set()
        self.fetched: Dict[str, Mapping[str, Any]] = {}
        self.loads = False
        self.secrets: Set[str] = set()
        self.stopped: Set[str] = set()
        self.halted: Dict[str, str] = {}

    def gone(self, kind: str, name: str) -> bool:
        """Whether a unit would have taken it along by now."""
        found = self.coming.get((kind[:-1], name))
        return found is not None and found.document is None

    def keywords(self, kind: str, params: Mapping[str, Any]) -> Dict[str, Any]:
        """What a noun is told of earlier entries that a check has not carried out."""
        gone = {name for (_kind, name), row in self.coming.items() if row.document is None}
        if kind == "pods":
            return {"without": gone, "coming": self.to_come(kind, params["name"])}
        if kind in ("networks", "volumes"):
            # Whatever is changed may have left it.
            from ..engine.service import membership

            infra = membership.infra_names(self.ctx, [name for kind, name in self.coming if kind == "pod"])
            return {"without": gone | {name for _kind, name in self.coming} | set(self.halted) | infra}
        if kind == "images":
            anew = {name for (one, name), row in self.coming.items() if one == "container" and row.anew}
            return {"without": gone | anew}
        if kind != "containers":
            return {}
        from ..state import image as image_state

        fetched: Optional[Mapping[str, Any]] = None
        if self.fetched and params["image"] and params["state"] != "absent":
            from ..engine.service import imageplan

            record = imageplan.find(self.ctx, params["image"])
            fetched = self.fetched.get(record.id) if record is not None else None
        there = self.sure or self.loads or image_state.tagged(params["image"] or "") in self.images
        return {"fetched": fetched, "secrets": self.secrets,
                "coming": self.to_come(kind, params["name"])._replace(image_there=there)}

    def to_come(self, kind: str, name: str) -> AheadOf:
        """What would be there by now for a pod or container."""
        from ..engine.service import foresee

        def made(kind: str) -> FrozenSet[str]:
            return frozenset(other for one, other in self.made if one == kind)

        def there(kind: str) -> FrozenSet[str]:
            return frozenset(other for (one, other), row in self.coming.items()
                             if one == kind and row.document is not None)

        gone = frozenset(other for (_kind, other), row in self.coming.items() if row.document is None)
        return foresee.Coming(
            networks=made("networks"), secrets=made("secrets"), containers=there("container"), pods=there("pod"),
            halted=frozenset(self.halted) | gone,
            changed=frozenset(other for _kind, other in self.coming).union(self.halted),
            gone=self.gone(kind, name) or self.gone("pods", name))

    def remember(self, kind: str, params: Mapping[str, Any], plan: Plan) -> None:
        """What of a plan that was not carried out matters to later entries."""
        from ..engine.service.unitsource import Coming

        verbs = set(plan.verbs)
        if verbs & {"create", "replace"}:
            self.made.add((kind, params["name"]))
        if kind in ("containers", "pods"):
            if "remove" in verbs:
                self.coming[kind[:-1], params["name"]] = Coming(None)
            elif verbs & {"create", "replace", "update"}:
                self.coming[kind[:-1], params["name"]] = Coming(plan.document, bool(verbs & {"create", "replace"}))
        elif kind == "secrets" and "data" in plan.after and "restart" not in verbs:
            self.secrets.add(params["name"])
        elif kind == "images" and verbs & {"pull", "load", "import", "tag"}:
            from ..engine.service.inputs import pull_options
            from ..state import image as image_state

            names = (image_state.full_name(params), *(params["tags"] or ()))
            self.images.update(image_state.tagged(name) for name in names)
            self.loads = self.loads or "load" in verbs
            if "pull" in verbs and plan.document.get("replaced"):
                self.fetched[plan.document["replaced"]] = pull_options(params)
