# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine installed for everybody on a host: a byte-compiled copy, a command that calls it, completion.

``<directory>/<digest>/`` holds a version; the command names one. The version before is kept, because
commands that run may still import from it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from typing import Dict, List, Mapping, Optional

from ..errors import Conflict, InvalidInput
from ..kernel import files, payload

MARK = "# Written by the module pycontainer.engine.engine, and replaced by it."
COMMAND = """\
#!%s -I
%s
import sys

sys.path.insert(0, %r)

from engine.cli.main import main  # noqa: E402

sys.exit(main())
"""
GENERATOR = """\
#!/bin/sh
%s
# A systemd.generator(7): it makes units of quadlet files. Where there are none, boot does not wait for Python.
for directory in %s; do
    [ -d "$directory" ] && exec %s quadlet-generator %s"$@"
done
exit 0
"""
LINK = "-> "  # starts what ``read`` gives for a symbolic link
LIMIT = 1024 * 1024


def require_root() -> None:
    """Raise InvalidInput when the caller cannot install for everybody."""
    if os.geteuid() != 0:
        raise InvalidInput("engine needs root", "Let the play become root, and leave out run_as_user.")


def copy_path(directory: str) -> str:
    """Where this version of the engine is kept below ``directory``."""
    total = hashlib.sha256()
    for name, data in sorted(payload.sources().items()):
        total.update(b"%d:%s%d:" % (len(name), name.encode(), len(data)))
        total.update(data)
    return os.path.join(directory, total.hexdigest())


def command_text(copy: str) -> str:
    """The command that runs a copy, by the interpreter that runs this."""
    return COMMAND % (sys.executable or "/usr/bin/python3", MARK, copy)


def generator_text(command: str, *, user: bool) -> str:
    """The systemd generator that calls the command at the path ``command`` where quadlet files lie."""
    import shlex

    from . import quadlets

    places = quadlets.directories(user=user, home="$HOME", uid=-1)
    words = ['"%s"' % place for place in places if not place.endswith("/-1")]
    return GENERATOR % (MARK, " ".join(words), shlex.quote(command), "--user " if user else "")


def reload_unit(command: str) -> str:
    """The service that puts the links and rules of running containers back, by the command at the path ``command``."""
    from ..formats import systemdunit

    return systemdunit.render([
        ("Unit", [("Description", "Links and rules of running containers, after the host's own were read again"),
                  ("After", "nftables.service")]),
        ("Service", [("Type", "oneshot"),
                     ("ExecStart", systemdunit.command([command, "network", "reload", "--all"]))])], [MARK[2:]])


def nftables_drop_in(command: str) -> str:
    """What starts that service when nftables.service, which empties all rules first, was started or reloaded.

    One that is active only while it works can follow no reload of another's by itself. systemd is asked, because
    nftables.service does not see all of the host.
    """
    from ..formats import systemdunit

    call = systemdunit.command(["/usr/bin/systemctl", "--no-block", "restart",
                                os.path.basename(command) + "-network-reload.service"])
    return systemdunit.render([("Service", [("ExecStartPost", "-" + call), ("ExecReload", "-" + call)])], [MARK[2:]])


def texts(command: str, copy: str, completion: str) -> Dict[str, str]:
    """What is installed for the command at the path ``command``, by the names of state.engine."""
    return {"command": command_text(copy), "completion": completion,
            "generator": generator_text(command, user=False), "user_generator": generator_text(command, user=True),
            "reload_unit": reload_unit(command), "nftables_drop_in": nftables_drop_in(command)}


def read(path: str) -> Optional[str]:
    """The text of a file, '-> TARGET' for a symbolic link, None when there is nothing.

    Raises Conflict for what cannot be replaced.
    """
    try:
        return LINK + os.readlink(path)
    except FileNotFoundError:
        return None
    except OSError:
        pass
    try:
        with open(path, "rb") as stream:
            return stream.read(LIMIT).decode("utf-8", "replace")
    except OSError as exc:
        raise Conflict("Cannot read %s: %s" % (path, exc.strerror), "Move it away.") from exc


def is_whole(copy: str) -> bool:
    """Whether a copy is there; it appears by a rename when it is complete."""
    return os.path.isdir(copy)


def apply(changes: Mapping[str, Optional[str]]) -> None:
    """Make files and links what ``changes`` says, by path; None takes one away."""
    for path, text in changes.items():
        if text is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            continue
        files.make_directory(os.path.dirname(path), 0o755)
        if text.startswith(LINK):
            fresh = "%s.%d.tmp" % (path, os.getpid())
            os.symlink(text[len(LINK):], fresh)
            os.rename(fresh, path)
        else:
            files.write_atomic(path, text.encode(), 0o755 if text.startswith("#!") else 0o644)
            os.chmod(path, 0o755 if text.startswith("#!") else 0o644)


def write_copy(copy: str) -> None:
    """Write and byte-compile this version aside, and rename it into place."""
    import shutil

    aside = "%s.%d.tmp" % (copy, os.getpid())
    shutil.rmtree(aside, ignore_errors=True)
    old = os.umask(0o022)
    try:
        _write(aside, payload.sources())
        os.rename(aside, copy)
    except OSError as exc:
        raise files.write_error(copy, exc) from exc
    finally:
        os.umask(old)
        shutil.rmtree(aside, ignore_errors=True)


def _write(directory: str, sources: Dict[str, bytes]) -> None:
    import py_compile

    for name, data in sorted(sources.items()):
        path = os.path.join(directory, name)
        files.make_directory(os.path.dirname(path), 0o755)
        files.write_plain(path, data, 0o644)
        # Unchecked: a copy never changes, so no start needs to compare times.
        py_compile.compile(path, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def collect(directory: str, kept: List[str]) -> None:
    """Remove the versions in ``directory`` that are not ``kept`` (paths), and the directory when it is empty."""
    import shutil

    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            if len(name.split(".")[0]) == 64 and path not in kept:
                shutil.rmtree(path, ignore_errors=True)
        if not kept:
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def copy_of_command(text: Optional[str], directory: str) -> Optional[str]:
    """The copy in ``directory`` that a command's text names."""
    for line in (text or "").splitlines():
        start, quote, rest = line.partition("'")
        if start == "sys.path.insert(0, " and quote:
            path = rest.split("'")[0]
            return path if os.path.dirname(path) == directory else None
    return None
