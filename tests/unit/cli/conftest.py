# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command line with roots of its own, and a root directory with busybox for its containers."""

from __future__ import annotations

import pathlib
import shutil
import sys
from typing import Any, Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from command_line import Client  # noqa: E402


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rootfs")
    path.chmod(0o755)
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        (path / name).mkdir()
    shutil.copy("/bin/busybox", str(path / "bin"))
    for name in ("sh", "sleep", "echo", "true", "cat", "ps", "stty"):
        (path / "bin" / name).symlink_to("busybox")
    return str(path)


@pytest.fixture
def client(tmp_path: Any, image: str) -> Iterator[Client]:
    one = Client(str(tmp_path), image)
    yield one
    one("rm", "-a", "-f", "-t", "0")
