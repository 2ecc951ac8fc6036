# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The infra container of a pod: an ordinary container, whose root file system the engine makes for each run.

It is a tmpfs with one program that waits: catatonit in its pause mode, or formats.pause where that is
missing. So a pod takes no image, and no file below the root.
"""

from __future__ import annotations

import os

from ..context import Context, missing_program
from ..formats import pause
from ..formats.container import ContainerSpec
from ..formats.pod import PASSED
from ..kernel import files
from ..store import containers as store
from ..store.containers import Record
from ..store.pods import Pod
from . import usernamespace

PROGRAM = "/pause"
ROOT_OPTIONS = "mode=755,size=1m,nr_inodes=256"
HEAD = 4096     # bytes of a program in which its segments are listed


def spec(pod: Pod) -> ContainerSpec:
    """The infra container that a pod asks for."""
    wanted = pod.spec
    passed = {name: getattr(wanted, name) for name in PASSED}
    private = not wanted.network or wanted.network[0].mode in ("network", "private", "none")
    if private and wanted.uts in ("", "private") and not wanted.hostname:
        passed["hostname"] = pod.name[:64]
    return ContainerSpec(
        name=wanted.infra_name or pod.id[:12] + "-infra", pod=pod.name, infra=True, mounts=wanted.mounts,
        entrypoint=wanted.infra_command or (PROGRAM, "-P"), read_only=True, read_only_tmpfs=False,
        label=dict(wanted.label), restart_policy="no", stop_timeout=2,
        **passed)


def mount_root(ctx: Context, record: Record) -> str:
    """The root file system of a run, with the program that waits in it. Raises MissingDependency."""
    from ..kernel import mount

    root = files.make_directory(store.run_directory(ctx, record.id, "merged"), 0o755)
    maps = usernamespace.of(record)
    # The runtime makes places for mounts as the container's root.
    owner = maps.outside(0, 0) if maps is not None else (0, 0)
    mount.mount("infra", root, "tmpfs", mount.MS_NOSUID | mount.MS_NODEV, ROOT_OPTIONS + ",uid=%d,gid=%d" % owner)
    for name in ("dev", "etc", "proc", "run", "sys"):
        os.mkdir(os.path.join(root, name), 0o755)
        os.chown(os.path.join(root, name), *owner)
    place = root + PROGRAM
    catatonit = ctx.find_tool("catatonit")
    program = pause.program(os.uname().machine)
    # In a user namespace of its own the root is seen through another mount, which shows no mounts below it.
    if catatonit is not None and _is_static(catatonit) and (maps is None or program is None):
        if maps is None:
            files.write_plain(place, b"", 0o755)
            mount.bind(catatonit, place, read_only=True)
        else:
            with open(catatonit, "rb") as stream:
                files.write_plain(place, stream.read(), 0o755)
        return root
    if program is None:
        raise missing_program("catatonit", "hold the namespaces of a pod on this machine")
    files.write_plain(place, program, 0o755)
    os.chmod(place, 0o755)
    return root


def _is_static(path: str) -> bool:
    """Whether a program runs where there is no library."""
    try:
        with open(path, "rb") as stream:
            return pause.is_static(stream.read(HEAD))
    except OSError:
        return False
