# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether systemd runs this host, and a user's services: by what it puts below /run, without asking it."""

from __future__ import annotations

import os

SYSTEM = "/run/systemd/system"
PRIVATE = "/run/user/%d/systemd/private"  # what a user's systemctl talks to


def is_systemd() -> bool:
    """Whether systemd is this host's init (sd_booted(3))."""
    return os.path.isdir(SYSTEM)


def serves(uid: int, *, rootless: bool) -> bool:
    """Whether there is a systemd to be asked: the host's, or for users without root their own."""
    return is_systemd() and (not rootless or os.path.exists(PRIVATE % uid))
