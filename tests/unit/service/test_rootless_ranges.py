# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a user's subordinate IDs come from: the files of /etc, else what getsubids(1) says, else nowhere."""

from __future__ import annotations

import getpass
import os
import pathlib
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.idmap import Row
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import rootless

ANSWERS = "#!/bin/sh\n[ \"$1\" = -g ] && echo \"0: $2 700000 3000\" || echo \"0: $1 600000 2000\"\n"


@pytest.mark.parametrize("lines, program, uids, gids", [
    ("", ANSWERS, (600000, 2000), (700000, 3000)),
    ("{name}:100000:65536\n", ANSWERS, (100000, 65536), (100000, 65536)),
    ("{uid}:100000:65536\n", ANSWERS, (100000, 65536), (100000, 65536)),
    ("somebody:100000:65536\n", "#!/bin/sh\necho 'Error fetching ranges'\nexit 1\n", None, None),
    ("", "#!/bin/sh\necho '0: x 600000'\necho '1: x many 9'\n", None, None),
], ids=["asked for", "by name", "by ID", "nowhere", "nonsense"])
def test_where_ranges_come_from(lines: str, program: str, uids: Any, gids: Any, tmp_path: pathlib.Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "getsubids"
    tool.write_text(program)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    for kind in ("uid", "gid"):
        (tmp_path / kind).write_text(lines.format(name=getpass.getuser(), uid=os.getuid()))
    monkeypatch.setattr(rootless, "FILES", {kind: str(tmp_path / kind) for kind in ("uid", "gid")})
    context = make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)
    found = rootless.ranges(context)
    assert [mapping[1:] for mapping in found[:2]] == [() if row is None else (Row(1, *row),) for row in (uids, gids)]
    assert bool(found[2]) == (uids is None)
