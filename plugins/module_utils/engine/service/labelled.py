# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that carries a label: containers, pods, networks, volumes and secrets."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from ..context import Context
from ..store import containers, pods


def find(ctx: Context, key: str, value: str, kinds: Sequence[str]) -> Dict[str, List[str]]:
    """{kind: names} of what has a label. Infra containers are their pods'.

    A container or pod that its unit has removed, and will make again, is found by the unit's definition.
    """
    found: Dict[str, List[str]] = {kind: [] for kind in kinds}

    def look(kind: str, name: str, labels: Mapping[str, str]) -> None:
        if labels.get(key) == value and name not in found[kind]:
            found[kind].append(name)

    if "containers" in found:
        for document in containers.all_raw(ctx):
            if not document["spec"].get("infra"):
                look("containers", document["name"], document["spec"].get("label", {}))
    if "pods" in found:
        for pod in pods.every(ctx):
            look("pods", pod.name, pod.spec.label)
    if "containers" in found and "pods" in found:
        from ..store import units

        for definition in units.every(ctx).values():
            look(definition.kind + "s", definition.name, definition.spec.get("label", {}))
    if "networks" in found:
        from ..network import definitions

        for network in definitions.stored(ctx):
            look("networks", network.name, network.spec.labels)
    if "volumes" in found:
        from ..store import volumes

        for volume in volumes.all_volumes(ctx):
            look("volumes", volume.name, volume.spec.labels)
    if "secrets" in found:
        from ..store import secrets

        for secret in secrets.all_secrets(ctx):
            look("secrets", secret.name, secret.labels)
    return {kind: sorted(names) for kind, names in found.items()}
