# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resource limits of this process: what it can hand on without CAP_SYS_RESOURCE (getrlimit(2))."""

from __future__ import annotations

import resource
from typing import Dict


def hard_limits() -> Dict[str, int]:
    """Hard limits by name ('RLIMIT_NOFILE'); -1 is unlimited."""
    result: Dict[str, int] = {}
    for name in dir(resource):
        if name.startswith("RLIMIT_"):
            hard = resource.getrlimit(getattr(resource, name))[1]
            # BSD's names for the same limits are not part of the runtime-spec.
            if name not in ("RLIMIT_OFILE", "RLIMIT_VMEM", "RLIMIT_SBSIZE", "RLIMIT_SWAP", "RLIMIT_NPTS"):
                result[name] = -1 if hard == resource.RLIM_INFINITY else hard
    # Linux has had no use for it since 2.4.25, but takes and hands on a value: RLIMIT_LOCKS of bits/resource.h.
    result.setdefault("RLIMIT_LOCKS", -1 if resource.getrlimit(10)[1] == resource.RLIM_INFINITY
                      else resource.getrlimit(10)[1])
    return result
