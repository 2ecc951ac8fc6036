# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line as its users have it: a process with descriptors and signals."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

PROGRAM = os.path.join(os.path.dirname(__file__), "..", "..", "bin", "pycontainer")


class Client:
    """The command line with roots of its own."""

    def __init__(self, place: str, image: str) -> None:
        self.start = [sys.executable, PROGRAM, "--root", place + "/root", "--runroot", place + "/run"]
        self.run = ["run", "--network", "none", "--stop-timeout", "0", "--rootfs"]
        self.image = image

    def __call__(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run([*self.start, *words], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def detached(self, *words: str) -> str:
        code, out, err = self(*self.run, "-d", *words)
        assert code == 0, err
        return out.strip()

    def attached(self, *words: str) -> Any:
        # A client does not pass on what it was told to ignore, and tests may run under nohup(1).
        return subprocess.Popen(["env", "--default-signal", *self.start, *words], stdout=subprocess.PIPE, text=True)
