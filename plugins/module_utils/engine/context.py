# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where one engine lives and for whom it works: a frozen value that is passed in, never a global."""

from __future__ import annotations

import os
import stat
from typing import List, Optional, Tuple

from .errors import InvalidInput, MissingDependency
from .frozen import Frozen

DEFAULT_ROOT = "/var/lib/pycontainer"
DEFAULT_RUNROOT = "/run/pycontainer"
DEFAULT_TMPDIR = "/var/tmp"
# Root makes a user's run root below here when the user has no session; see user_runroot.
USERS_RUNROOT = "/run/pycontainer-users"

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
    "loginctl": ("systemd", "systemd"),
    "setpriv": ("util-linux", "util-linux"),
    "getsubids": ("uidmap", "shadow-utils-subid"),
    "journalctl": ("systemd", "systemd"),
}


class Context(Frozen):
    """One engine's roots and choices. Paths are absolute.

    ``root`` survives a reboot, ``runroot`` must not (its default lies on a tmpfs). ``uid`` and ``gid`` are
    the host's, also when the engine works inside a user's namespaces, where that user is root.
    ``prefix`` starts the names of what the engine makes outside its roots: links, the nft
    table and cgroups, so that engines with other roots can live side by side on one host.
    ``descriptors`` is how many of this process, from 3 on, a container gets that is started; ``listen`` the names of
    those that are sockets to listen on (LISTEN_FDNAMES), None for no such.
    ``warnings`` is what the user is to be told beside the result: the command line writes it to standard error, a
    module hands it to Ansible.
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
    descriptors: int = 0
    listen: Optional[str] = None
    warnings: List[str] = []

    def warn(self, text: object) -> None:
        """Tell the user something, once."""
        if str(text) not in self.warnings:
            self.warnings.append(str(text))

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

    They follow from the user's ID alone, never from the caller's environment. Raises InvalidInput for
    a path that is not absolute.
    """
    uid, gid, home = _user()
    for option, value in (("root", root), ("runroot", runroot), ("tmpdir", tmpdir)):
        if value is not None and not os.path.isabs(value):
            raise InvalidInput("%s must be an absolute path, not %r" % (option, value))
    if cgroup_manager not in (None, "cgroupfs", "systemd"):
        raise InvalidInput("cgroup_manager is %r" % cgroup_manager, "Use cgroupfs or systemd.")
    root, runroot = roots(uid, home, root, runroot)
    return Context(
        root=root, runroot=runroot, tmpdir=tmpdir or DEFAULT_TMPDIR,
        uid=uid, gid=gid, home=home,
        runtime=runtime, conmon=conmon, cgroup_manager=cgroup_manager,
        log_level=log_level, registries_conf=registries_conf)


def _user() -> Tuple[int, int, str]:
    """The host's user ID and group ID of this process, and the user's home."""
    import pwd

    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        uid, gid = _outer("uid_map"), _outer("gid_map")
    try:
        home = pwd.getpwuid(uid).pw_dir
    except KeyError:
        home = "/"
    if uid and os.getuid() == 0 and not _owns(home, 0):
        # Root of a container whose engine was rootless: there is no such user in here.
        return 0, 0, "/root"
    return uid, gid, home


def _outer(name: str) -> int:
    """Whom root of this namespace is outside: a user's namespace begins with the row '0 ID 1' (user_namespaces(7))."""
    with open("/proc/self/" + name, encoding="ascii") as stream:
        words = stream.readline().split()
    return int(words[1]) if len(words) == 3 and words[0] == "0" and words[2] == "1" else 0


def roots(uid: int, home: str, root: Optional[str], runroot: Optional[str]) -> Tuple[str, str]:
    """(root, run root) of a user, with what was asked for before the defaults."""
    if uid == 0:
        return os.path.normpath(root or DEFAULT_ROOT), os.path.normpath(runroot or DEFAULT_RUNROOT)
    root = os.path.normpath(root or os.path.join(home, ".local/share/pycontainer"))
    return root, os.path.normpath(runroot) if runroot else user_runroot(uid, root)


def user_runroot(uid: int, root: str) -> str:
    """Where a user's state of this boot is kept.

    What runs must be found again whether it was started from a session or without one, so the first
    command of a boot decides, and leaves the link ``<root>/runroot``. Without a session it is the
    directory that root makes when it acts for the user, else one in /tmp, named after the boot.
    """
    # In the user's own namespaces their files are root's; to the host's root they are the user's.
    owner = 0 if os.getuid() == 0 and _outer("uid_map") == uid else uid
    try:
        known = os.readlink(os.path.join(root, "runroot"))
        if _owns(known, owner):
            return known
    except OSError:
        pass
    for parent in ("/run/user/%d" % uid, "%s/%d" % (USERS_RUNROOT, uid)):
        if _owns(parent, owner):
            return parent + "/pycontainer"
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
        return "/tmp/pycontainer-%d-%s" % (uid, stream.read(8))


def prepare_user_runroot(uid: int, gid: int) -> None:
    """As root: make the run root's parent of a user who has no session. Nobody else can write where it is made."""
    path = "%s/%d" % (USERS_RUNROOT, uid)
    if os.path.isdir("/run/user/%d" % uid) or _owns(path, uid):
        return
    os.makedirs(USERS_RUNROOT, mode=0o755, exist_ok=True)
    os.mkdir(path, 0o700)
    os.chown(path, uid, gid)


def _owns(path: str, uid: int) -> bool:
    """Whether a path is a directory, no link, of this user's own."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid
