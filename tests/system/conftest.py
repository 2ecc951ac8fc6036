# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests do to booted hosts besides asking them."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Callable

import pytest

Ansible = Callable[..., dict]


@pytest.fixture
def ansible(host: Any) -> Ansible:
    """Calls ``ansible(module, option=value, ...)`` on the host; returns its result, also that of a failure.

    With ``check=True`` in check mode.
    """
    def call(module: str, check: bool = False, **options: Any) -> dict:
        argv = ["ansible", host.backend.hostname, "-m", module, "-a", json.dumps(options), *["--check"][:check]]
        done = subprocess.run(argv, check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        result: dict = json.loads(done.stdout[done.stdout.index(" => ") + 4:])
        return result

    return call


@pytest.fixture
def reboot(host: Any, ansible: Ansible) -> Callable[[], None]:
    """Calls ``reboot()``, which returns when all that starts at boot has started."""
    def call() -> None:
        result = ansible("ansible.builtin.reboot", reboot_timeout=180, post_reboot_delay=1)
        assert result.get("rebooted"), result
        assert host.run("systemctl is-system-running --wait").stdout.strip() in ("running", "degraded")

    return call
