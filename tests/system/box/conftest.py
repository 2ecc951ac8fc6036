# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts under a systemd that boots as PID 1 of namespaces: seconds, where an emulated host takes minutes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Callable

import pytest

BOX = pathlib.Path(__file__).resolve().parents[2] / "support" / "systemd_box.py"


@pytest.fixture
def box(tmp_path: pathlib.Path) -> Callable[[str], None]:
    """Run a script in there, which has to end with the line PROVEN. PYCONTAINER_BOX names the Debian tree."""
    def run(text: str) -> None:
        script = tmp_path / "script"
        script.write_text(text)
        done = subprocess.run([sys.executable, str(BOX), os.environ["PYCONTAINER_BOX"], str(script)],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout.endswith("PROVEN\n"), done.stdout + done.stderr
    return run
