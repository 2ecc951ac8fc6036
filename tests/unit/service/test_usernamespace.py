# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IDs for containers that want some of their own."""

from __future__ import annotations

import time
from concurrent import futures
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import creation, rootless
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as store

CLIENTS = 8


def test_concurrent_containers_get_ids_of_their_own(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
    write = store.write

    def slowly(*arguments: Any) -> None:
        time.sleep(0.05)  # whoever chooses without asking the others has chosen by now
        write(*arguments)

    monkeypatch.setattr(store, "write", slowly)
    monkeypatch.setattr(rootless, "ranges_of", lambda _name, _kind: [(100000, CLIENTS * 2000)])

    def create(number: int) -> int:
        record = creation.create(ctx, ContainerSpec(
            image=str(tmp_path), rootfs=True, name="c%d" % number, userns="auto:size=2000",
            network=(NetworkUse("none"),)))
        return record.idmaps["uids"][0][1]

    with futures.ThreadPoolExecutor(CLIENTS) as pool:
        starts = list(pool.map(create, range(CLIENTS)))
    assert sorted(starts) == [100000 + 2000 * number for number in range(CLIENTS)]
