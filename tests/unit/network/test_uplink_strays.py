# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports that slirp4netns still has open for containers that are gone."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import uplink

ENTRIES = [{"id": 1, "proto": "tcp", "host_addr": "0.0.0.0", "host_port": 8080},
           {"id": 2, "proto": "udp", "host_addr": "0.0.0.0", "host_port": 8080},
           {"id": 3, "proto": "tcp", "host_addr": "127.0.0.1", "host_port": 8081}]


@pytest.mark.parametrize("ports, closed", [
    ([], [1, 2, 3]),
    ([Port(80, 8080, "", "tcp")], [2, 3]),
    ([Port(80, 8080, "", "udp"), Port(80, 8081, "127.0.0.1", "tcp")], [1]),
])
def test_what_no_container_has_is_closed(monkeypatch: pytest.MonkeyPatch, ports: List[Any], closed: List[int]) -> None:
    asked: List[int] = []

    def ask(_uplink: Any, verb: str, arguments: Mapping[str, Any]) -> Dict[str, Any]:
        asked.extend([arguments["id"]] if verb == "remove_hostfwd" else [])
        return {"entries": ENTRIES}

    monkeypatch.setattr(uplink, "_ask", ask)
    monkeypatch.setattr(uplink, "alive", lambda _uplink: True)
    assert uplink.keep_only(uplink.Uplink("slirp4netns", 1, 1, "", "", "", ""), ports) == len(closed)
    assert asked == closed


def test_another_program_is_left_alone() -> None:
    assert uplink.keep_only(uplink.Uplink("pasta", 1, 1, "", "", "", ""), []) == 0
