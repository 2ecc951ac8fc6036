# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom a process in a container runs as."""

from __future__ import annotations

from typing import Sequence

from ..formats import passwd
from ..frozen import replace
from ..kernel import account, inroot


def resolve(text: str, root: str, group_add: Sequence[str] = ()) -> passwd.User:
    """``text`` (podman-run(1), --user) by the passwd and group files below ``root``; raises InvalidInput, NotFound.

    The groups are all that a process has: its own one too, so that leaving a supplementary group behind gains
    nothing (CVE-2022-2989).
    """
    user = passwd.resolve_user(text, inroot.read_in_root(root, "/etc/passwd", passwd.MAX_FILE),
                               inroot.read_in_root(root, "/etc/group", passwd.MAX_FILE), group_add)
    return replace(user, groups=account.process_groups(user.gid, user.groups))
