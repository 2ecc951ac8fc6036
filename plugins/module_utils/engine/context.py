# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where one engine lives and for whom it works: a frozen value that is passed in, never a global."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

from .errors import InvalidInput, MissingDependency

DEFAULT_ROOT = "/var/lib/pycontainer"
DEFAULT_RUNROOT = "/run/pycontainer"
DEFAULT_TMPDIR = "/var/tmp"

# Searched besides PATH: a play or a systemd unit often runs with a PATH without sbin, and
# Debian and Fedora keep podman's helpers outside of PATH altogether.
TOOL_DIRECTORIES = (
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    "/usr/libexec/podman", "/usr/lib/podman", "/usr/lib/cri-o-runc/sbin",
)

# program: Debian's package, Fedora's package
PACKAGES = {
    "crun": ("crun", "crun"),
    "runc": ("runc", "runc"),
    "conmon": ("conmon", "conmon"),
    "nft": ("nftables", "nftables"),
    "aardvark-dns": ("aardvark-dns", "aardvark-dns"),
    "catatonit": ("catatonit", "catatonit"),
    "zstd": ("zstd", "zstd"),
    "newuidmap": ("uidmap", "shadow-utils"),
    "newgidmap": ("uidmap", "shadow-utils"),
    "slirp4netns": ("slirp4netns", "slirp4netns"),
    "pasta": ("passt", "passt"),
    "criu": ("criu", "criu"),
    "fuse-overlayfs": ("fuse-overlayfs", "fuse-overlayfs"),
    "systemd-run": ("systemd", "systemd"),
    "systemctl": ("systemd", "systemd"),
    "journalctl": ("systemd", "systemd"),
}


@dataclass(frozen=True)
class Context:
    """One engine's roots and choices. Paths are absolute.

    ``root`` survives a reboot, ``runroot`` must not (its default lies on a tmpfs).
    ``prefix`` starts the names of what the engine makes outside its roots: links, the nft
    table and cgroups, so that engines with other roots can live side by side on one host.
    """

    root: str = DEFAULT_ROOT
    runroot: str = DEFAULT_RUNROOT
    tmpdir: str = DEFAULT_TMPDIR
    uid: int = 0
    gid: int = 0
    home: str = "/root"
    runtime: Optional[str] = None
    conmon: Optional[str] = None
    cgroup_manager: Optional[str] = None
    log_level: str = "warn"
    registries_conf: Optional[str] = None
    prefix: str = "pycontainer"

    @property
    def rootless(self) -> bool:
        return self.uid != 0

    def path(self, *parts: str) -> str:
        """A path below the persistent root."""
        return os.path.join(self.root, *parts)

    def run(self, *parts: str) -> str:
        """A path below the run root."""
        return os.path.join(self.runroot, *parts)

    def find_tool(self, name: str) -> Optional[str]:
        """The absolute path of a program of the host, or None."""
        seen = [d for d in os.environ.get("PATH", "").split(":") if d.startswith("/")]
        for directory in seen + [d for d in TOOL_DIRECTORIES if d not in seen]:
            candidate = os.path.join(directory, name)
            if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
        return None

    def tool(self, name: str, what_for: str) -> str:
        """The absolute path of a program; raises MissingDependency that names its package."""
        found = self.find_tool(name)
        if found is None:
            raise missing_program(name, what_for)
        return found


def missing_program(name: str, what_for: str) -> MissingDependency:
    """The error for a program that is not on the host."""
    debian, fedora = PACKAGES.get(name, (name, name))
    package = debian if os.path.exists("/etc/debian_version") else fedora
    return MissingDependency(
        "The program %s is not on this host; it is needed to %s" % (name, what_for),
        "Install the package %s." % package)


def make_context(
    *,
    root: Optional[str] = None,
    runroot: Optional[str] = None,
    tmpdir: Optional[str] = None,
    runtime: Optional[str] = None,
    conmon: Optional[str] = None,
    cgroup_manager: Optional[str] = None,
    log_level: str = "warn",
    registries_conf: Optional[str] = None,
) -> Context:
    """A Context for the calling user, with defaults for what is left out.

    Raises InvalidInput for a path that is not absolute.
    """
    import pwd

    uid = os.getuid()
    try:
        home = pwd.getpwuid(uid).pw_dir
    except KeyError:
        home = "/"
    for option, value in (("root", root), ("runroot", runroot), ("tmpdir", tmpdir)):
        if value is not None and not os.path.isabs(value):
            raise InvalidInput("%s must be an absolute path, not %r" % (option, value))
    if cgroup_manager not in (None, "cgroupfs", "systemd"):
        raise InvalidInput("cgroup_manager is %r" % cgroup_manager, "Use cgroupfs or systemd.")
    return Context(
        root=os.path.normpath(root or DEFAULT_ROOT),
        runroot=os.path.normpath(runroot or DEFAULT_RUNROOT),
        tmpdir=tmpdir or DEFAULT_TMPDIR,
        uid=uid, gid=os.getgid(), home=home,
        runtime=runtime, conmon=conmon, cgroup_manager=cgroup_manager,
        log_level=log_level, registries_conf=registries_conf)
