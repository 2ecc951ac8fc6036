# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What systemd does for the system's containers besides units."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import services


def test_a_timer_checks_health(host: Any, ansible: Callable) -> None:
    services.a_timer_checks_health(host, ansible, None)


@pytest.mark.parametrize("verb", ["start", "reload", "restart"])
def test_ports_outlive_the_hosts_own_rules(host: Any, verb: str) -> None:
    """nftables.service empties the whole set of rules first."""
    assert services.answer(18080) == "version 1\n"
    host.check_output("systemctl %s nftables" % verb)
    host.check_output("timeout 120 sh -c 'until nft list table inet pycontainer; do sleep 0.1; done'")
    assert services.answer(18080) == "version 1\n"


def test_logs_are_in_the_journal(host: Any, ansible: Callable) -> None:
    services.the_journal_has_the_logs(host, ansible, None)
