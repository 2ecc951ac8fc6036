# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of slirp4netns, and how its answers are read."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import threading
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import proc
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import uplink

OPEN = [{"id": 1, "proto": "tcp", "host_addr": "0.0.0.0", "host_port": 80},
        {"id": 2, "proto": "tcp", "host_addr": "0.0.0.0", "host_port": 81}]


@pytest.mark.parametrize("answer", [{"return": {"entries": OPEN}}, {"entries": OPEN}], ids=["manual", "version 1.2"])
def test_ports_are_closed_again(tmp_path: pathlib.Path, answer: dict[str, Any]) -> None:
    path, asked = str(tmp_path / "socket"), []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            for reply in (answer, {"return": {}}):
                connection = server.accept()[0]
                with connection:
                    asked.append(json.loads(connection.recv(65536)))
                    connection.sendall(json.dumps(reply).encode())

        threading.Thread(target=serve, daemon=True).start()
        mine = uplink.Uplink("slirp4netns", os.getpid(), proc.start_time(os.getpid()) or 0, path, "", "", "")
        uplink.unforward(mine, [Port(8080, 81, "", "tcp")])
    assert [row["execute"] for row in asked] == ["list_hostfwd", "remove_hostfwd"]
    assert asked[1]["arguments"] == {"id": 2}
