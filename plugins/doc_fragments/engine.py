# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options and notes that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module: which engine on the host is meant."""

    DOCUMENTATION = r"""
options:
  root:
    description:
      - Directory in which the engine keeps images, containers, volumes, secrets and networks.
      - When it is left out, C(/var/lib/pycontainer) for root, and C(~/.local/share/pycontainer) for others.
    type: path
  runroot:
    description:
      - Directory for what no reboot survives. It should lie on a C(tmpfs).
      - When it is left out, C(/run/pycontainer) for root, and a directory in C(/run/user/UID) for others.
    type: path
  runtime:
    description:
      - Name or path of the OCI runtime, for example V(crun) or V(runc).
      - When it is left out, the engine takes the first one that works on this host.
    type: str
  run_as_user:
    description:
      - User of the host, by name or number, whose containers, images, networks and so on are meant.
      - The task becomes this user completely, with the user's groups, home, runtime directory and bus, and works
        without root's privileges; the task itself has to run as root, or as that user.
    type: str
    version_added: 0.1.0
requirements:
  - Python 3.9 or later on the host.
  - "To run containers: C(conmon), and C(crun) or C(runc). To publish ports: C(nftables)."
  - "To talk to registries: the Python library C(requests)."
"""

    ATTRIBUTES = r"""
attributes:
  check_mode:
    description: >-
      Predicts what a real run would do, and changes nothing on the host. It fails where the run would; only programs
      that the host lacks are a warning, since an earlier task may be the one that installs them.
    support: full
  diff_mode:
    description: >-
      Returns the options that differ as a task would write them, before and after, and files as text. The header says
      whether the change is made live or by a replacement.
    support: full
  platform:
    description: Where the module works.
    platforms: linux
    support: full
"""

    INFO_ATTRIBUTES = r"""
attributes:
  check_mode:
    description: Only reads, so it does the same in check mode.
    support: full
  diff_mode:
    description: Only reads, so there is never a difference.
    support: N/A
  platform:
    description: Where the module works.
    platforms: linux
    support: full
"""

    REGISTRY = r"""
options:
  authfile:
    description:
      - File with credentials for registries, as P(pycontainer.engine.login#module) and C(podman login) write it.
    type: path
    aliases: [auth_file]
  tls_verify:
    description:
      - Whether a registry has to be reached by HTTPS with a certificate that can be verified.
      - When it is left out, C(registries.conf) says so for each registry.
    type: bool
    aliases: [validate_certs, tlsverify]
"""
