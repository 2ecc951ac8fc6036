# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which OCI runtime works on this host: crun before runc, each by really running a container.

A version number does not tell: crun 1.8 refuses hosts with hybrid cgroups, later ones do not; a
kernel or a sandbox may forbid what one of them needs. The answer is kept under the run root until
the program, the boot or the cgroups change.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Dict, List, Optional

from ..context import Context, missing_program
from ..errors import InvalidInput, MissingDependency, TimedOut, Unsupported
from ..frozen import Frozen, as_dict
from ..kernel import cgroup, command
from ..kernel.files import make_directory, read_json, temporary_suffix, write_json
from .conmon import environment

CANDIDATES = ("crun", "runc")
PATIENCE = 30.0  # seconds that a runtime gets to make a container


class Runtime(Frozen):
    """An OCI runtime that works here. ``path`` is absolute."""

    name: str
    path: str


def of_state(ctx: Context, place: str) -> Runtime:
    """The OCI runtime that keeps its state of a container in a directory: for one of which nobody knows any more
    which it was. Another one than its own would remove the state and leave the process. Raises MissingDependency."""
    for file, name in (("state.json", "runc"), ("status", "crun")):
        if os.path.exists(os.path.join(place, file)):
            return Runtime(name, ctx.tool(name, "end a container that it has started"))
    return choose(ctx)


def choose(ctx: Context, wanted: str = "") -> Runtime:
    """The runtime for a container; ``wanted`` is a name or an absolute path, '' for the best.

    Raises MissingDependency when there is none, Unsupported with each one's own words when none works.
    """
    asked = wanted or ctx.runtime or ""
    if asked:
        return _asked(ctx, asked)
    found = _found(ctx)
    key = {name: _identity(path) for name, path in found.items()}
    key["cgroups"] = cgroup.mode()
    cache = ctx.run("runtime.json")
    with contextlib.suppress(InvalidInput, KeyError, TypeError):  # It is written anew then.
        known = read_json(cache)
        if isinstance(known, dict) and known.get("key") == key:
            return Runtime(**known["runtime"])
    complaints: List[str] = []
    for name, path in found.items():
        complaint = _try(ctx, path)
        if complaint is None:
            runtime = Runtime(name, path)
            make_directory(ctx.runroot)
            write_json(cache, {"key": key, "runtime": as_dict(runtime)}, durable=False)
            return runtime
        complaints.append("%s: %s" % (name, complaint))
    raise Unsupported("No OCI runtime works on this host (%s)" % "; ".join(complaints),
                      "Install another one (runc works with every kind of cgroup), or a newer version.")


def require(ctx: Context, wanted: str = "") -> None:
    """Raise MissingDependency when there is no runtime; whether it works is not tried."""
    asked = wanted or ctx.runtime or ""
    if asked:
        _asked(ctx, asked)
    else:
        _found(ctx)


def _found(ctx: Context) -> Dict[str, str]:
    """The paths of the runtimes of this host, by name, the best first. Raises MissingDependency without any."""
    found = {name: path for name in CANDIDATES for path in [ctx.find_tool(name)] if path}
    if not found:
        raise MissingDependency("There is no OCI runtime on this host", "Install the package crun or runc.")
    return found


def expected(ctx: Context, wanted: str = "") -> str:
    """The name of the runtime that ``choose`` would choose; '' when that has to be tried first."""
    asked = wanted or ctx.runtime or ""
    if asked:
        return os.path.basename(asked)
    with contextlib.suppress(InvalidInput, KeyError, TypeError):
        return str(read_json(ctx.run("runtime.json"))["runtime"]["name"])
    return ""


def _asked(ctx: Context, wanted: str) -> Runtime:
    if "/" in wanted:
        if not os.path.isabs(wanted) or not os.access(wanted, os.X_OK):
            raise InvalidInput("The OCI runtime %s is no absolute path of a program" % wanted)
        return Runtime(os.path.basename(wanted), wanted)
    path = ctx.find_tool(wanted)
    if path is None:
        raise missing_program(wanted, "run containers as runtime: %s asks" % wanted)
    return Runtime(wanted, path)


def _identity(path: str) -> str:
    status = os.stat(path)
    return "%s:%d:%d" % (path, status.st_size, status.st_mtime_ns)


def _try(ctx: Context, path: str) -> Optional[str]:
    """Run a container that ends at once; the last line of the runtime's complaint, or None."""
    import shutil
    import tempfile

    make_directory(ctx.runroot)
    bundle = tempfile.mkdtemp(prefix="probe", suffix=temporary_suffix(), dir=ctx.runroot)
    name = "%s-%s" % (ctx.prefix, os.path.basename(bundle))
    try:
        for part in ("rootfs", "rootfs/proc", "rootfs/dev"):
            os.mkdir(os.path.join(bundle, part))
        with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as stream:
            json.dump(_probe_config(ctx, name), stream)
        root = os.path.join(bundle, "state")
        env = environment(ctx)
        try:
            done = command.run([path, "--root", root, "create", "--bundle", bundle, name], env=env, within=PATIENCE)
        finally:
            command.run([path, "--root", root, "delete", "--force", name], env=env, within=PATIENCE)
        text = done.stderr.decode("utf-8", "replace").strip()
        # The empty root has no program, so getting as far as missing it means that all else worked.
        if done.code == 0 or _only_missed_program(text):
            return None
        return text.splitlines()[-1] if text else "ended with %d" % done.code
    except TimedOut:
        return "did not answer within %g seconds" % PATIENCE
    finally:
        shutil.rmtree(bundle, ignore_errors=True)


def _only_missed_program(text: str) -> bool:
    lowered = text.lower()
    return "/none" in lowered and ("no such file" in lowered or "not found" in lowered)


def _probe_config(ctx: Context, name: str) -> Dict[str, Any]:
    # A user's runtime may be unable to limit anything; whether it can is asked when a limit is.
    limits = {} if ctx.rootless else {"cgroupsPath": "/%s/%s" % (ctx.prefix, name),
                                      "resources": {"pids": {"limit": 16}}}
    return {
        "ociVersion": "1.0.2",
        "process": {"user": {"uid": 0, "gid": 0}, "args": ["/none"], "cwd": "/", "env": ["PATH=/"]},
        "root": {"path": "rootfs"},
        # Where systemd mounted it, the run root lies on a file system without devices.
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                   {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}],
        "linux": {"namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount", "network")],
                  **limits},
    }
