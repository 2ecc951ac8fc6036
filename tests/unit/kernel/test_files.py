# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are whole or not there, and what is left of those that never were."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files


def test_what_killed_writers_left_goes_and_living_ones_keep_theirs(tmp_path: Any) -> None:
    dead = 2 ** 22 + 1  # above any process ID (proc(5), pid_max)
    for name in ("one.%d.1f.tmp" % dead, "one.%d.2f.tmp" % os.getpid(), "one", "one.tmp", "a.b.c.tmp"):
        (tmp_path / name).write_text("")
    files.drop_temporaries(str(tmp_path))
    files.drop_temporaries(str(tmp_path / "missing"))
    assert sorted(os.listdir(tmp_path)) == sorted(["one.%d.2f.tmp" % os.getpid(), "one", "one.tmp", "a.b.c.tmp"])
