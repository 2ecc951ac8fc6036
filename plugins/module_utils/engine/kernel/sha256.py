# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SHA-256 of small documents. ``hashlib`` loads OpenSSL, which takes 2 ms and pays off from a megabyte on."""

from __future__ import annotations

import importlib
from typing import Any, Callable


def _implementation() -> Callable[[bytes], Any]:
    # CPython's own: since 3.12, and before; the standard library's random imports its SHA-512 likewise.
    for name in ("_sha2", "_sha256"):
        try:
            found: Callable[[bytes], Any] = importlib.import_module(name).sha256
            return found
        except ImportError:
            continue
    from hashlib import sha256

    return sha256


_sha256 = _implementation()


def digest(data: bytes) -> bytes:
    """32 bytes."""
    result: bytes = _sha256(data).digest()
    return result


def hexdigest(data: bytes) -> str:
    """64 hexadecimal digits."""
    return digest(data).hex()
