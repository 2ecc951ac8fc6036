# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Linux capabilities: their names, what this process may hand on, and a container's set (capabilities(7))."""

from __future__ import annotations

from typing import AbstractSet, Iterable, List, Tuple

from ..errors import InvalidInput

NAMES = tuple("CAP_" + name for name in """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
""".split())  # in the kernel's order, by bit

# What podman gives by default (containers.conf(5), default_capabilities).
DEFAULT = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
           "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT")


def bounding() -> Tuple[str, ...]:
    """The capabilities that this process can hand on."""
    with open("/proc/self/status", encoding="ascii") as stream:
        for line in stream:
            if line.startswith("CapBnd:"):
                mask = int(line.split()[1], 16)
                return tuple(name for bit, name in enumerate(NAMES) if mask >> bit & 1)
    return ()


def check(adding: AbstractSet[str], dropping: AbstractSet[str]) -> None:
    """Raise InvalidInput for a name that Linux does not have, and for one that is both added and dropped."""
    for name in sorted(adding | dropping):
        if name not in NAMES and name != "ALL":
            raise InvalidInput("There is no capability %s" % name, "capabilities(7) lists them.")
    both = adding & dropping
    if both:
        raise InvalidInput("The capability %s is both added and dropped" % ", ".join(sorted(both)))


def container_set(add: Iterable[str], drop: Iterable[str], *, privileged: bool = False) -> Tuple[str, ...]:
    """A container's capabilities, sorted: the default set, less ``drop``, and ``add``; 'ALL' is all.

    Names are canonical ('CAP_X'). Raises InvalidInput for a name that Linux does not have, for one
    that is both added and dropped, and for one that was added but that this process does not hold.
    """
    held = bounding()
    adding, dropping = set(add), set(drop)
    check(adding, dropping)
    chosen = set(held) if privileged or "ALL" in adding else set(DEFAULT) & set(held)
    chosen -= chosen if "ALL" in dropping else dropping
    missing: List[str] = sorted(adding - {"ALL"} - set(held))
    if missing:
        raise InvalidInput("The engine itself does not hold %s and cannot hand it on" % ", ".join(missing),
                           "Leave it out of cap_add, or run the engine with it.")
    return tuple(sorted(chosen | (adding - {"ALL"})))
