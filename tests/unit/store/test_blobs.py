# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents by their digest."""

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    InvalidInput,
    NotFound,
    VerificationError,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import blobs


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def test_what_is_put_is_read_and_removed(ctx) -> None:
    digest = blobs.put(ctx, b"{}")
    assert digest == hashlib.sha256(b"{}").hexdigest() == blobs.put(ctx, b"{}")
    assert blobs.is_whole(ctx, digest) and blobs.read(ctx, digest) == b"{}"
    assert os.listdir(ctx.path("blobs", "sha256")) == [digest]
    blobs.remove(ctx, digest)
    blobs.remove(ctx, digest)
    assert not blobs.is_whole(ctx, digest)
    with pytest.raises(NotFound):
        blobs.read(ctx, digest)


def test_damage_on_the_disk_is_found(ctx) -> None:
    digest = blobs.put(ctx, b"{}")
    with open(ctx.path("blobs", "sha256", digest), "wb") as stream:
        stream.write(b"[]")
    with pytest.raises(VerificationError):
        blobs.read(ctx, digest)


@pytest.mark.parametrize("digest", ["", "../" * 21 + "x", "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n", "a/" * 32])
def test_only_a_digest_becomes_a_path(ctx, digest: str) -> None:
    for operation in (blobs.read, blobs.is_whole, blobs.remove):
        with pytest.raises(InvalidInput):
            operation(ctx, digest)
