# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What systemd does for the system's containers besides units."""

from __future__ import annotations

from typing import Any, Callable

import services


def test_a_timer_checks_health(host: Any, ansible: Callable) -> None:
    services.a_timer_checks_health(host, ansible, None)


def test_logs_are_in_the_journal(host: Any, ansible: Callable) -> None:
    services.the_journal_has_the_logs(host, ansible, None)
