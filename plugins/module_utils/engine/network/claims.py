# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Claims: files whose content is the ID of the container that has what their name says."""

from __future__ import annotations

import contextlib
import os
from typing import Set

from ..kernel import files


def files_of_strangers(directory: str, known: Set[str]) -> Set[str]:
    """Unlink the claims in a directory whose content is not in ``known``; those contents."""
    dropped = set()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            content = files.word(path)
            if content is not None and content not in known and not name.startswith("."):
                files.remove(path, durable=False)
                dropped.add(content)
    return dropped
