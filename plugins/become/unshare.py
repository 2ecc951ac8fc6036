# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks in the namespaces of a user's containers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unshare
author: The pycontainer authors (@pycontainer)
version_added: 0.1.0
short_description: Tasks run in a user's own namespaces
description:
  - Runs tasks by C(pycontainer unshare), in the user and mount namespace of a user's containers. In there the user is
    root, the user's subordinate IDs are ordinary ones, and modules can own, read and remove the files of containers.
  - No password is asked, because nothing is gained that the user does not have.
notes:
  - The command C(pycontainer) has to be on the host; P(pycontainer.engine.engine#module) installs it.
options:
  become_user:
    description:
      - User of the host whose namespaces are meant. Only root can name another user than itself.
      - When it is left out, or V(root), the user who is logged in.
    type: str
    vars:
      - name: ansible_become_user
      - name: ansible_unshare_user
    env:
      - name: ANSIBLE_BECOME_USER
      - name: ANSIBLE_UNSHARE_USER
    ini:
      - section: privilege_escalation
        key: become_user
      - section: unshare_become_plugin
        key: user
    keyword:
      - name: become_user
  become_exe:
    description: The command C(pycontainer), by name or path, with global flags if wanted.
    type: str
    default: pycontainer
    vars:
      - name: ansible_become_exe
      - name: ansible_unshare_exe
    env:
      - name: ANSIBLE_BECOME_EXE
      - name: ANSIBLE_UNSHARE_EXE
    ini:
      - section: privilege_escalation
        key: become_exe
      - section: unshare_become_plugin
        key: executable
    keyword:
      - name: become_exe
  become_flags:
    description: Flags of C(unshare), for example C(--rootless-netns).
    type: str
    default: ''
    vars:
      - name: ansible_become_flags
      - name: ansible_unshare_flags
    env:
      - name: ANSIBLE_BECOME_FLAGS
      - name: ANSIBLE_UNSHARE_FLAGS
    ini:
      - section: privilege_escalation
        key: become_flags
      - section: unshare_become_plugin
        key: flags
    keyword:
      - name: become_flags
"""

import shlex

from ansible.plugins.become import BecomeBase


class BecomeModule(BecomeBase):
    """Puts ``pycontainer unshare`` before a command."""

    name = "pycontainer.engine.unshare"

    def build_become_command(self, cmd, shell):
        """The command line for the host's shell."""
        super().build_become_command(cmd, shell)
        if not cmd:
            return cmd
        user = self.get_option("become_user")
        words = [self.get_option("become_exe")]
        if user and user != "root":
            words.append("--run-as-user " + shlex.quote(user))
        words += ["unshare", self.get_option("become_flags"), self._build_success_command(cmd, shell)]
        return " ".join(word for word in words if word)
