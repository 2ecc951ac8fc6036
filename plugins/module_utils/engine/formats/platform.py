# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platforms in an index: os/architecture[/variant] in Go's words (image-spec image-index.md)."""

from __future__ import annotations

from typing import List

from ..errors import InvalidInput
from ..frozen import Frozen

_MACHINES = {"x86_64": ("amd64", ""), "aarch64": ("arm64", "v8"), "armv7l": ("arm", "v7"), "armv6l": ("arm", "v6"),
             "i686": ("386", ""), "i386": ("386", ""), "ppc64le": ("ppc64le", ""), "s390x": ("s390x", ""),
             "riscv64": ("riscv64", "")}
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm", "armel": "arm"}


class Platform(Frozen):
    """One platform; ``variant`` '' is any."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def variants(self) -> List[str]:
        """The variants that run here, the best first; '' is an entry that does not say."""
        if self.architecture == "arm":
            return ["v%d" % n for n in range(_level(self.variant, 7), 4, -1)] + [""]
        if self.architecture == "arm64":
            return [self.variant or "v8", "v8", ""]
        if self.architecture == "amd64" and self.variant:
            return ["v%d" % n for n in range(_level(self.variant, 1), 0, -1)] + [""]
        return [self.variant, ""]

    def runs(self, os: str, architecture: str, variant: str) -> bool:
        """Whether what is for these is what was asked for; a variant that either does not say is any."""
        if (self.os, self.architecture) != (os, architecture):
            return False
        return not self.variant or not variant or variant in self.variants()


def _level(variant: str, default: int) -> int:
    """The number in 'v7'; there are single digits only."""
    return int(variant[1]) if len(variant) == 2 and variant[1] in "123456789" else default


def of_machine(machine: str) -> Platform:
    """The platform of a machine as uname(2) names it."""
    architecture, variant = _MACHINES.get(machine, (machine, ""))
    return Platform("linux", architecture, variant)


def parse(text: str, machine: str) -> Platform:
    """'arch', 'os/arch' or 'os/arch/variant'; '' is this machine's. Raises InvalidInput."""
    if not text:
        return of_machine(machine)
    parts = text.lower().split("/")
    if len(parts) == 1:
        parts.insert(0, "linux")
    if len(parts) > 3 or not all(part.replace("-", "").replace("_", "").isalnum() for part in parts):
        raise InvalidInput("%r is no platform" % text, "Use OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT.")
    return Platform(parts[0], _ALIASES.get(parts[1], parts[1]), parts[2] if len(parts) == 3 else "")


def host() -> Platform:
    """This machine's platform."""
    import os

    return of_machine(os.uname().machine)
