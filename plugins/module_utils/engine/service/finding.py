# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``system check`` finds."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional


class Finding(NamedTuple):
    """One thing that is wrong. ``kind`` says what it is, ``name`` of which object, ``path`` where, and ``remedy`` what
    ``mend`` does; with ``force`` that loses something. Without ``mend`` ``remedy`` is for the user."""

    kind: str
    name: str
    path: str
    remedy: str
    mend: Optional[Callable[[], object]] = None
    force: bool = False

    def __str__(self) -> str:
        return "%s: %s: %s" % (self.kind, self.name, self.path)
