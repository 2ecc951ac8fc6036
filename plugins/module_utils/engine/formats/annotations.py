# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Annotations of a container: which of them somebody reads (crun(1), runc-systemd(8), the hooks of oci-hooks(5))."""

from __future__ import annotations

from typing import Any, Dict

from ..errors import Unsupported
from . import values

# Those that podman itself or one of its hooks acts on: what else has the same effect here, or '' for nothing.
_NOBODYS = {"io.containers.trace-syscall": "", "org.criu.config": ""}
_PODMANS = "io.podman.annotations."
_OPTIONS = {"autoremove": "rm", "privileged": "privileged", "init": "init", "publish-all": "publish_all",
            "seccomp": "security_opt", "apparmor": "security_opt", "label": "security_opt", "userns": "userns",
            "volumes-from": "volumes_from", "cid-file": "cidfile", "pids-limit": "pids_limit", "ulimit": "ulimit"}
CRUN, SYSTEMD = "run.oci.", "org.systemd.property."


def rows(value: Any, option: str = "annotation") -> Dict[str, str]:
    """{name: value}, '' for one without a value. Raises Unsupported for one that would do nothing here."""
    found = values.labels(value, option)
    for name in found:
        if name in _NOBODYS:
            raise Unsupported("The annotation %s is not built yet: nothing acts on it" % name, "Leave it out.")
        if name.startswith(_PODMANS):
            instead = _OPTIONS.get(name[len(_PODMANS):].partition("/")[0])
            raise Unsupported("The annotation %s is podman's own, and nothing acts on it here" % name,
                              "Use the option %s." % instead if instead else "Leave it out.")
    return found


def check(found: Dict[str, str], runtime: str, cgroup_manager: str) -> None:
    """Raise Unsupported for an annotation that the OCI runtime does not act on, or not with these cgroups."""
    for name in found:
        if name.startswith(CRUN) and runtime == "runc":
            raise Unsupported("The annotation %s means something to crun only, and the OCI runtime is %s" % (
                name, runtime), "Choose crun as the runtime, where it works.")
        if name.startswith(SYSTEMD) and cgroup_manager != "systemd":
            raise Unsupported("The annotation %s takes systemd as the cgroup manager, and that is %s here" % (
                name, cgroup_manager), "Leave it out.")
