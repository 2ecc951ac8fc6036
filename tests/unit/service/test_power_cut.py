# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A power cut right after a command, and inside it: an ext4 that is shut down without a flush, and mounted again.

What a command has answered 0 for is there; what was under way is there whole or not at all; other objects are as they
were. FAULTS=all cuts at every call that changes a file. Needs root, conmon, mkfs.ext4 and loop devices.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import disks  # noqa: E402
import faults  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("conmon") or not shutil.which("mkfs.ext4")
    or not os.path.exists("/dev/loop-control"), reason="needs root, conmon, mkfs.ext4 and loop devices")
MOST = 2


def test_the_engines_copy_is_whole_or_not_there(tmp_path: pathlib.Path) -> None:
    ended = disks.run("engine", place=str(tmp_path))
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("name", faults.SCENES)
def test_what_was_answered_is_there_and_what_was_under_way_is_whole_or_not(name: str, tmp_path: pathlib.Path) -> None:
    ended = disks.run("power", name, str(MOST), place=str(tmp_path))
    assert ended.returncode == 0, ended.stdout
