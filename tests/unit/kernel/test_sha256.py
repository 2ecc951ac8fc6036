# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The digest that is there without OpenSSL is the same."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import sha256


@pytest.mark.parametrize("data", [b"", b"abc", b"\0" * 1000])
def test_it_is_hashlibs_digest(data: bytes) -> None:
    assert sha256.hexdigest(data) == hashlib.sha256(data).hexdigest()
    assert sha256.digest(data) == hashlib.sha256(data).digest()
