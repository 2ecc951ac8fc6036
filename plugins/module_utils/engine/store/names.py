# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of objects: what they may look like, and exclusive claims on them.

A claim is the file ``names/<kind>/<name>`` whose content is the ID of its holder. It is made by an
exclusive create, so two processes never get the same name and no lock is needed.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import List, Optional

from ..context import Context
from ..errors import InvalidInput
from ..kernel import files, locks

MAX_NAME = 253  # a file name has 255 bytes; longest DNS name
_RESERVED = re.compile(r"[^a-zA-Z0-9_.~-]+")
_QUOTED = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")


def is_name(name: str) -> bool:
    """Whether a text may be a name at all."""
    return bool(_NAME.match(name)) and len(name) <= MAX_NAME


def quoted(text: str) -> str:
    """Any text as a file name: percent-encoded (RFC 3986). Importing urllib for it would take 1.5 ms."""
    return _RESERVED.sub(lambda found: "".join("%%%02X" % byte for byte in found[0].encode()), text)


def unquoted(name: str) -> str:
    """What ``quoted`` made a file name of."""
    return _QUOTED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(errors="replace"), name)


def check_name(kind: str, name: str) -> str:
    """The name itself; raises InvalidInput unless it matches podman's rule for names."""
    if not is_name(name):
        raise InvalidInput("%r is no valid name for a %s" % (name[:80], kind),
                           "Use letters, digits, '_', '.' and '-', starting with a letter or digit.")
    return name


def claim(ctx: Context, kind: str, name: str, holder: str) -> bool:
    """Take a name for ``holder`` (an ID) for good; False when somebody has it."""
    path = ctx.path("names", kind, name)
    files.make_directory(os.path.dirname(path))
    while not files.create_exclusive(path, holder.encode(), durable=True):
        if owner(ctx, kind, name) is not None:
            return False
        with locks.locked(ctx.path("locks", "names-" + kind)):
            # An empty claim is one that a power cut has torn: nobody has the name.
            if os.path.exists(path) and owner(ctx, kind, name) is None:
                transfer(ctx, kind, name, holder)
                return True
    return True


def transfer(ctx: Context, kind: str, name: str, holder: str) -> None:
    """Give a name to another holder, in one step; the caller makes sure that its present one agrees."""
    files.write_atomic(ctx.path("names", kind, name), holder.encode())


def owner(ctx: Context, kind: str, name: str) -> Optional[str]:
    """The ID that holds a name, or None. A name that breaks the rule has no holder."""
    if not is_name(name):
        return None
    return files.word(ctx.path("names", kind, name)) or None


def every(ctx: Context, kind: str) -> List[str]:
    """All names of a kind, in no order."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.path("names", kind)) if is_name(name) and not name.endswith(".tmp")]
    return []


def held_by(ctx: Context, kind: str, holder: str) -> List[str]:
    """All names of one holder; looks at every claim there is."""
    return [name for name in every(ctx, kind) if owner(ctx, kind, name) == holder]


def spoken(ctx: Context, kind: str, holder: str) -> str:
    """What to call an object whose own document cannot say its name: by its claim, else by its ID."""
    return next(iter(held_by(ctx, kind, holder)), holder[:12])


def release(ctx: Context, kind: str, name: str, holder: str) -> None:
    """Give a name back, if it is still ``holder``'s."""
    if owner(ctx, kind, name) == holder:
        files.remove(ctx.path("names", kind, name))
