# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What frees space works without space: a small tmpfs filled to its last byte, or without inodes.

Needs root and conmon.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import disks  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")


@pytest.mark.parametrize("how", ["bytes", "inodes"])
@pytest.mark.parametrize("where", ["root", "both"])
def test_what_frees_space_needs_none(how: str, where: str, tmp_path: pathlib.Path) -> None:
    ended = disks.run("full", how, where, place=str(tmp_path))
    assert ended.returncode == 0, ended.stdout
