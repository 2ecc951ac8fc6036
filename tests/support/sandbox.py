# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a test in namespaces and a directory of its own, so that it can neither disturb nor be disturbed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from typing import Sequence

NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
              "--propagation", "private"]


def enter(script: str, arguments: Sequence[str]) -> int:
    """Run ``script --inside DIRECTORY ARGUMENT...`` as PID 1 of fresh namespaces; its exit code.

    The directory is new, and gone afterwards; every process in there ends with the script.
    """
    work = tempfile.mkdtemp(prefix="pycontainer-test-")
    try:
        command = NAMESPACES + [sys.executable, script, "--inside", work, *arguments]
        return subprocess.run(command, check=False).returncode
    finally:
        shutil.rmtree(work, ignore_errors=True)


def loopback_up() -> None:
    """Bring up the new network namespace's lo."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
