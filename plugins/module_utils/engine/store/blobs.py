# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests and image configurations by their digest: blobs/sha256/<hex>, whole or not there."""

from __future__ import annotations

import contextlib
import os
from typing import List

from ..context import Context
from ..errors import InvalidInput, NotFound, VerificationError
from ..kernel import files, sha256

MAX_BLOB = 4 * 1024 * 1024


def _path(ctx: Context, hex_digest: str) -> str:
    if len(hex_digest) != 64 or hex_digest.strip("0123456789abcdef"):
        raise InvalidInput("%r is no sha256 digest" % hex_digest[:80])
    return ctx.path("blobs", "sha256", hex_digest)


def put(ctx: Context, data: bytes) -> str:
    """Keep a document, also in the place of a damaged one; its hex digest."""
    digest = sha256.hexdigest(data)
    path = _path(ctx, digest)
    if not is_whole(ctx, digest):
        files.make_directory(os.path.dirname(path))
        if os.path.isdir(path):
            files.remove(path)
        files.write_atomic(path, data)
    return digest


def read(ctx: Context, hex_digest: str) -> bytes:
    """A document, verified. Raises NotFound, or VerificationError when the disk changed it."""
    try:
        data = files.contents(_path(ctx, hex_digest), MAX_BLOB)
    except files.Unreadable:
        data = b""
    if data is None:
        raise NotFound("The blob sha256:%s is not in the store" % hex_digest[:12], "Pull the image again.")
    if sha256.hexdigest(data) != hex_digest:
        raise VerificationError("The stored blob sha256:%s is damaged" % hex_digest[:12], "Pull the image again.")
    return data


def is_whole(ctx: Context, hex_digest: str) -> bool:
    """Whether a document is there, and not damaged."""
    try:
        read(ctx, hex_digest)
    except (NotFound, VerificationError):
        return False
    return True


def all_digests(ctx: Context) -> List[str]:
    """The hex digests of all documents."""
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(ctx.path("blobs", "sha256")) if len(name) == 64]
    return []


def remove(ctx: Context, hex_digest: str) -> None:
    """Remove a document; one that is not there is fine."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(ctx, hex_digest))
