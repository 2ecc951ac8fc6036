# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Talking to the kernel about links."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import rtnetlink


def test_sending_nothing_is_nothing() -> None:
    with rtnetlink.Connection() as connection:
        connection.send([])


def test_the_loopback_link_has_an_index() -> None:
    with rtnetlink.Connection() as connection:
        assert connection.index("lo") > 0 and connection.index("no-such-link") == 0


def test_an_error_is_the_kernels() -> None:
    with rtnetlink.Connection() as connection, pytest.raises(OSError):
        connection.send([rtnetlink.delete_link("no-such-link")])
