# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Content digests, 'sha256:<64 hex digits>' (image-spec descriptor.md, Digests)."""

from __future__ import annotations

import re
from typing import Any

from ..errors import InvalidInput

_PATTERN = re.compile(r"\Asha256:[0-9a-f]{64}\Z")


def parse_digest(value: Any, where: str = "") -> str:
    """The hex digits of a digest. Raises InvalidInput that says ``where`` it stood.

    Only sha256 is taken: it is what registries serve, and each more would be one more way to be wrong.
    """
    if not isinstance(value, str) or not _PATTERN.match(value):
        shown = repr(value)[:100]
        raise InvalidInput("%s%s is no digest" % (where + ": " if where else "", shown),
                           "A digest is sha256: and 64 hex digits.")
    return value[7:]


def is_digest(value: str) -> bool:
    """Whether a text is a digest."""
    return bool(_PATTERN.match(value))
