# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests do to booted hosts besides asking them."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import time
from typing import Any, Callable, Dict

import pytest
import testinfra

Ansible = Callable[..., dict]


def on(hostname: str, module: str, /, check: bool = False, **options: Any) -> dict:
    """The result of a module on the host ``hostname``, also that of a failure; with ``check=True`` in check mode.

    Its ``diff`` is the text that operators see. The first two go by position, for a module may have options of those
    names.
    """
    argv = ["ansible", hostname, "-m", module, "-a", json.dumps(options), "--diff", *["--check"][:check]]
    done = subprocess.run(argv, check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    said = re.search(r"^%s \| \S+ => " % re.escape(hostname), done.stdout, re.MULTILINE)
    assert said, done.stdout
    result: dict = json.loads(done.stdout[said.end():])
    return dict(result, diff=done.stdout[:said.start()])


@pytest.fixture
def ansible(host: Any) -> Ansible:
    """Calls ``ansible(module, option=value, ...)`` on each host; see ``on``."""
    return functools.partial(on, host.backend.hostname)


@pytest.fixture(scope="module")
def hosts() -> Dict[str, Any]:
    """All hosts by their names, for tests that ask several of them once."""
    with open(os.environ["SYSTEM_TEST_INVENTORY"], encoding="utf-8") as stream:
        names = json.load(stream)["all"]["hosts"]
    return {name: testinfra.get_host("ssh://" + name, ssh_config=os.environ["SYSTEM_TEST_SSH_CONFIG"])
            for name in names}


@pytest.fixture
def ansible_on() -> Ansible:
    """Calls ``ansible_on(host name, module, option=value, ...)``; see ``on``."""
    return on


@pytest.fixture
def reboot(host: Any, ansible: Ansible) -> Callable[[], None]:
    """Calls ``reboot()``, which returns when all that starts at boot has started."""
    def call() -> None:
        # A host in namespaces has the kernel's boot ID for ever, an emulated one the same ticks before its PID 1.
        result = ansible("ansible.builtin.reboot", reboot_timeout=180, post_reboot_delay=1,
                         boot_time_command="cat /proc/sys/kernel/random/boot_id /proc/1/stat | cut -d' ' -f1,22")
        assert result.get("rebooted"), result
        deadline = time.monotonic() + 180
        while True:
            try:
                state = host.run("systemctl is-system-running --wait").stdout.strip()
                break
            except RuntimeError:
                # ssh may be refused again while a slow host is still coming up.
                assert time.monotonic() < deadline
                time.sleep(1)
        assert state in ("running", "degraded"), state

    return call
