# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How some facts are shown, wherever they are shown: times, and a container's ports."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Mapping

from ..store.runs import State


def timestamp(seconds: float) -> str:
    """RFC 3339 with nanoseconds in UTC, as podman writes it; the zero time for 0."""
    if not seconds:
        return "0001-01-01T00:00:00Z"
    whole = int(seconds)
    return "%s.%09dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)), int((seconds - whole) * 1e9))


def ports(document: Mapping[str, Any], state: State) -> List[Dict[str, Any]]:
    """The published ports of a stored container, rows of formats.container.Port: of the run, else those asked for."""
    return list(state.raw.get("ports") or document["ports"] or document["spec"].get("publish", []))


def bindings(rows: List[Dict[str, Any]]) -> Dict[str, List[Dict[str, str]]]:
    """Published ports as inspect shows them: {'80/tcp': [{'HostIp', 'HostPort'}]}."""
    found: Dict[str, List[Dict[str, str]]] = {}
    for row in rows:
        found.setdefault("%d/%s" % (row["container_port"], row["protocol"]), []).append(
            {"HostIp": row["host_ip"], "HostPort": str(row["host_port"])})
    return found
