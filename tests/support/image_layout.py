# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes OCI image layouts from Debian's static busybox, without the engine that is under test.

The rules are those of the image-spec: image-layout.md, manifest.md and config.md.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

BUSYBOX = "/bin/busybox"

Files = Mapping[str, bytes]


def layer(entries: Sequence[Tuple[tarfile.TarInfo, Optional[bytes]]]) -> bytes:
    """An uncompressed layer tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return buffer.getvalue()


def entry(name: str, data: Optional[bytes] = None, *, mode: int = 0o755, kind: bytes = tarfile.REGTYPE,
          target: str = "", owner: int = 0) -> Tuple[tarfile.TarInfo, Optional[bytes]]:
    """One member of a layer."""
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.linkname = mode, kind, target
    info.uid = info.gid = owner
    info.size = len(data) if data is not None else 0
    return info, data


def busybox_layer(extra: Optional[Files] = None) -> bytes:
    """A root file system: busybox with all its applets, and an /etc with root and nobody."""
    with open(BUSYBOX, "rb") as stream:
        binary = stream.read()
    applets = subprocess.run([BUSYBOX, "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    rows = [entry(d, kind=tarfile.DIRTYPE) for d in ("bin", "etc", "home", "proc", "dev", "sys", "var", "var/www")]
    rows.append(entry("tmp", kind=tarfile.DIRTYPE, mode=0o1777))
    rows.append(entry("root", kind=tarfile.DIRTYPE, mode=0o700))
    rows.append(entry("bin/busybox", binary))
    rows += [entry("bin/" + name, kind=tarfile.SYMTYPE, target="busybox") for name in applets if name != "busybox"]
    rows.append(entry("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home:/bin/sh\n", mode=0o644))
    rows.append(entry("etc/group", b"root:x:0:\nweb:x:1000:\nextra:x:2000:web\n", mode=0o644))
    for name, data in sorted((extra or {}).items()):
        rows.append(entry(name, data, mode=0o644))
    return layer(rows)


def write_layout(path: str, layers: Sequence[bytes], config: Mapping[str, Any], tag: str) -> str:
    """An OCI layout directory with one image; returns the manifest's digest."""
    os.makedirs(os.path.join(path, "blobs", "sha256"), exist_ok=True)
    with open(os.path.join(path, "oci-layout"), "w", encoding="utf-8") as stream:
        json.dump({"imageLayoutVersion": "1.0.0"}, stream)

    def blob(data: bytes, media_type: str) -> Dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(path, "blobs", "sha256", digest), "wb") as out:
            out.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    prefix = "application/vnd.oci.image."
    rows: List[Dict[str, Any]] = [blob(gzip.compress(data, mtime=0), prefix + "layer.v1.tar+gzip") for data in layers]
    document = {
        "architecture": "amd64", "os": "linux", "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(d).hexdigest() for d in layers]},
        "history": [{"created_by": "layer %d" % n} for n in range(len(layers))],
    }
    manifest = {"schemaVersion": 2, "mediaType": prefix + "manifest.v1+json",
                "config": blob(json.dumps(document).encode(), prefix + "config.v1+json"), "layers": rows}
    top = blob(json.dumps(manifest).encode(), prefix + "manifest.v1+json")
    top["annotations"] = {"org.opencontainers.image.ref.name": tag}
    top["platform"] = {"os": "linux", "architecture": "amd64"}
    with open(os.path.join(path, "index.json"), "w", encoding="utf-8") as stream:
        json.dump({"schemaVersion": 2, "manifests": [top]}, stream)
    return str(top["digest"])


def busybox_image(path: str, version: str = "1", config: Optional[Mapping[str, Any]] = None) -> str:
    """The tests' image: a web server on port 8080 that serves its version; returns its digest."""
    base = {"Env": ["PATH=/bin", "FLAVOUR=plain"], "Cmd": ["httpd", "-f", "-p", "8080", "-h", "/var/www"],
            "Labels": {"version": version}, "ExposedPorts": {"8080/tcp": {}}}
    base.update(config or {})
    content = {"var/www/index.html": ("version %s\n" % version).encode()}
    return write_layout(path, [busybox_layer(), layer([
        entry(name, data, mode=0o644) for name, data in content.items()])], base, version)


def program_image(path: str, program: str, tag: str, config: Mapping[str, Any]) -> str:
    """An image of one program of this machine and the libraries that it is linked to; returns its digest."""
    linked = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [entry("tmp", kind=tarfile.DIRTYPE, mode=0o1777)]
    for name in [program] + [word for word in linked.split() if word.startswith("/")]:
        with open(name, "rb") as stream:
            rows.append(entry(name[1:], stream.read()))
    return write_layout(path, [layer(rows)], config, tag)


if __name__ == "__main__":
    print(busybox_image(sys.argv[1], *sys.argv[2:3]))
