# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images and their history as podman-image-inspect(1) and podman-history(1) show them."""

from __future__ import annotations

from typing import Any, Dict, List

from ..context import Context
from ..formats import jsonbytes
from ..formats.manifest import DOCKER_MANIFEST, OCI_MANIFEST
from ..store import blobs, images, layers
from ..store.images import ImageRecord


def inspect(ctx: Context, record: ImageRecord) -> Dict[str, Any]:
    """One image's document."""
    config = images.config(ctx, record.id)
    manifest = jsonbytes.loads(blobs.read(ctx, record.manifest_digest[7:]), "The manifest")
    kind = manifest.get("mediaType") or (DOCKER_MANIFEST if "docker" in str(manifest.get("config")) else OCI_MANIFEST)
    rows = list(config.history)
    lower = layers.lowers(ctx, record.layers)
    data = {"UpperDir": lower[0]}
    if lower[1:]:
        data["LowerDir"] = ":".join(lower[1:])
    return {
        "Id": record.id, "Digest": record.manifest_digest,
        "RepoTags": list(record.names), "RepoDigests": list(record.repo_digests), "Parent": "",
        "Comment": str(rows[-1].get("comment") or "") if rows else "",
        "Created": record.created or None, "Config": config.raw.get("config") or {}, "Version": str(
            config.raw.get("docker_version") or ""),
        "Author": config.author, "Architecture": config.architecture, "Os": config.os, "Size": record.size,
        "VirtualSize": record.size, "GraphDriver": {"Name": "overlay", "Data": data},
        "RootFS": {"Type": "layers", "Layers": ["sha256:" + d for d in record.diff_ids]},
        "Labels": dict(record.labels) or None, "Annotations": manifest.get("annotations") or {},
        "ManifestType": kind, "User": config.user, "History": rows,
        "NamesHistory": list(record.all_names)}


def layer_tree(ctx: Context, record: ImageRecord, *, above: bool = False) -> List[Dict[str, Any]]:
    """An image's layers, from the lowest up, as rows beside each other: {id, size (bytes), names, above}.

    ``names`` are those of the images whose top layer it is. With ``above`` there is one row, the image's
    top layer, and each row has ``above`` it the layers of other images that lie upon it.
    """
    every = images.all(ctx)
    tops: Dict[str, List[str]] = {}
    upon: Dict[str, List[str]] = {}
    for one in every:
        if one.layers:
            tops.setdefault(one.layers[-1], []).extend(one.names or ("<none>",))
        for lower, upper in zip(one.layers, one.layers[1:]):
            if upper not in upon.setdefault(lower, []):
                upon[lower].append(upper)

    def row(chain: str) -> Dict[str, Any]:
        return {"id": chain, "size": layers.get(ctx, chain).size, "names": tops.get(chain, []),
                "above": [row(upper) for upper in upon.get(chain, ())] if above else []}

    return [row(chain) for chain in (record.layers[-1:] if above else record.layers)]


def history(ctx: Context, record: ImageRecord) -> List[Dict[str, Any]]:
    """One row for each step, the newest first; ``id`` is the image's for the newest."""
    config = images.config(ctx, record.id)
    sizes = [layers.get(ctx, chain).size for chain in record.layers]
    steps = [dict(row) for row in config.history] or [{} for _size in sizes]
    result = []
    for row in steps:
        size = 0 if row.get("empty_layer") or not sizes else sizes.pop(0)
        result.append({"id": "<missing>", "created": str(row.get("created") or record.created),
                       "CreatedBy": str(row.get("created_by") or ""), "size": size,
                       "comment": str(row.get("comment") or ""), "tags": []})
    result.reverse()
    if result:
        result[0].update(id=record.id, tags=list(record.names))
    return result
