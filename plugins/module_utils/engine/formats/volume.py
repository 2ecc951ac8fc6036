# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user asked of a volume, and what of it the engine stores (podman-volume-create(1))."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ..errors import InvalidInput
from ..frozen import Frozen, as_dict, misfit


class VolumeSpec(Frozen):
    """A volume's configuration. ``driver`` is local; ``options``: type, device, o, copy, nocopy."""

    name: str
    driver: str = "local"
    options: Dict[str, str] = {}
    labels: Dict[str, str] = {}
    anonymous: bool = False

    def to_document(self) -> Dict[str, Any]:
        """The JSON document of this volume, all fields."""
        return as_dict(self)


def from_document(document: Mapping[str, Any]) -> VolumeSpec:
    """A VolumeSpec from ``to_document``'s JSON, read back. Raises InvalidInput for what does not fit."""
    problem = misfit(VolumeSpec, document)
    if problem:
        raise InvalidInput("The volume's document is damaged: " + problem)
    return VolumeSpec(**dict(document))
