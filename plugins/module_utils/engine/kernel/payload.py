# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's own files: in a module's payload (a zip archive), in a checkout, or in the host's copy.

``<runroot>/engine-digests/<fingerprint>`` remembers the digest of the files that a cheap fingerprint
stands for, so that an unchanged task reads none of them. What has a byte-compiled copy on the host
need not be compiled again from the payload, which takes longer than all that the task does.
"""

from __future__ import annotations

import os
import sys
import zipimport
from typing import Any, Dict, Iterator, Optional, Tuple

from . import sha256

TREES = ("engine/", "state/", "nouns/")  # below module_utils: what can run without Ansible


def base() -> Tuple[str, str]:
    """Where ``engine`` lies: (directory, '') or (zip archive, path inside with a slash)."""
    if held() is not None:
        return "", ""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    archive = here
    while archive != "/" and not os.path.exists(archive):
        archive = os.path.dirname(archive)
    return (here, "") if archive == here else (archive, os.path.relpath(here, archive) + "/")


def fingerprint() -> str:
    """Stands for the files as they are, without reading them: their names, sizes, and times or checksums.

    '' when this Python does not tell what is in an archive.
    """
    memory = held()
    if memory is not None:
        return str(memory.mark)
    rows = sorted(_rows())
    return sha256.hexdigest(repr(rows).encode())[:32] if rows else ""


def _rows() -> Iterator[Tuple[str, int, int]]:
    top, inside = base()
    if not inside:
        for _name, entry in _entries(top):
            status = entry.stat()
            yield entry.path, status.st_size, status.st_mtime_ns
        return
    # zipimport has read the archive's directory already; a row ends with the entry's CRC.
    importer = zipimport.zipimporter(top)
    rows: Dict[str, Tuple[Any, ...]] = getattr(importer, "_get_files", lambda: getattr(importer, "_files", {}))()
    for name, row in rows.items():
        if name.startswith(inside) and _ours(name[len(inside):]):
            yield name[len(inside):], row[3], row[7]


def _ours(name: str) -> bool:
    return name.startswith(TREES) and name.endswith(".py")


def _entries(top: str) -> Iterator[Tuple[str, os.DirEntry[str]]]:
    """(path below ``top``, directory entry) of each of our files; several times faster than os.walk."""
    # A copy of what a module has brought along need not have all of them.
    below = [tree.rstrip("/") for tree in TREES if os.path.isdir(os.path.join(top, tree))]
    while below:
        directory = below.pop()
        with os.scandir(os.path.join(top, directory)) as found:
            for entry in found:
                name = directory + "/" + entry.name
                if name.endswith(".py"):
                    yield name, entry
                elif entry.name != "__pycache__" and entry.is_dir():
                    below.append(name)


class Held:
    """The files in memory, for a process that is about to become a user who cannot read them where they lie.

    A meta path finder (the import system's protocol): from now on these modules come from memory.
    """

    def __init__(self, package: str) -> None:
        """``package`` is the name of module_utils' package, '' where that is none. Reads all files."""
        self.prefix = package + "." if package else ""
        self.mark, self.files = fingerprint(), sources()

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Any:
        """The module's spec, None for a module that is not ours."""
        if not name.startswith(self.prefix):
            return None
        path = name[len(self.prefix):].replace(".", "/")
        package = self.files.get(path + "/__init__.py")
        data = self.files.get(path + ".py") if package is None else package
        if data is None:
            return None
        # Only now: where the prefix is '', this very import asks this finder.
        from importlib import util

        loader: Any = _Loader(data)
        return util.spec_from_loader(name, loader, is_package=package is not None)


class _Loader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def create_module(self, _spec: Any) -> None:
        """The usual module."""

    def exec_module(self, module: Any) -> None:
        """Run the module's code."""
        exec(compile(self.data, "<%s>" % module.__name__, "exec", dont_inherit=True), module.__dict__)


def held() -> Any:
    """The files that this process holds in memory, or None."""
    return next((finder for finder in sys.meta_path if type(finder).__name__ == Held.__name__), None)


def sources() -> Dict[str, bytes]:
    """The files' contents by their path below module_utils, each package with an __init__.py."""
    memory = held()
    if memory is not None:
        return dict(memory.files)
    top, inside = base()
    found: Dict[str, bytes] = {}
    if inside:
        import zipfile

        with zipfile.ZipFile(top) as archive:
            for entry in archive.infolist():
                if entry.filename.startswith(inside) and _ours(entry.filename[len(inside):]):
                    found[entry.filename[len(inside):]] = archive.read(entry)
    else:
        for name, place in _entries(top):
            with open(place.path, "rb") as stream:
                found[name] = stream.read()
    for name in list(found):
        parent = os.path.dirname(name)
        while parent:
            found.setdefault(parent + "/__init__.py", b"")
            parent = os.path.dirname(parent)
    return found


def known_digest(runroot: str) -> str:
    """The digest that these files are known to have, '' when it is not known."""
    from . import files

    mark = fingerprint()
    digest = files.word(os.path.join(runroot, "engine-digests", mark or "none")) or ""
    return digest if len(digest) == 64 and digest.isalnum() else ""


def copy_of(root: str, runroot: str) -> Optional[str]:
    """The host's byte-compiled copy of these files, or None; never one that another user could have written."""
    digest = known_digest(runroot)
    path = os.path.join(root, "engine", digest)
    try:
        places = [os.lstat(place) for place in (runroot, root, os.path.dirname(path), path)] if digest else []
    except OSError:
        return None
    safe = all(status.st_uid == os.geteuid() and not status.st_mode & 0o022 for status in places)
    return path if places and safe and os.path.exists(os.path.join(path, "__main__.py")) else None
