# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much room containers take (podman-ps(1), --size)."""

from __future__ import annotations

from ..context import Context
from ..errors import NotFound
from ..kernel import disk
from ..store import containers as store
from ..store import images, layers


def writable(ctx: Context, container_id: str) -> int:
    """The bytes of the files that a container has written or changed; 0 for one with a root directory."""
    return disk.size(store.directory(ctx, container_id, "upper"))


def image(ctx: Context, container_id: str) -> int:
    """The bytes of the image below a container, or of its root directory."""
    record = store.get(ctx, container_id)
    if record.spec.rootfs:
        return disk.size(record.spec.image)
    try:
        return sum(layers.get(ctx, chain).size for chain in images.get(ctx, record.image_id).layers)
    except NotFound:
        return 0
