# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets ansible-core older than 2.19 take free-form command lines for the module pycontainer.

These cores have a list of the modules that may have such a line, which nobody but their own code can add to, and
refuse all others before they have looked for the module. Inventory plugins are loaded before that, whatever the
inventory is.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: freeform
author: The pycontainer authors (@pycontainer)
version_added: 0.1.0
short_description: Free-form command lines with ansible-core before 2.19
description:
  - Is no source of hosts. With ansible-core 2.16 to 2.18, to enable it is what lets
    M(pycontainer.engine.pycontainer) take a free-form line, in a playbook and as in
    C(ansible web -m pycontainer.engine.pycontainer -a "ps -a").
  - It is enabled in C(ansible.cfg), as in the example, or by E(ANSIBLE_INVENTORY_ENABLED). A checkout of the collection
    has it enabled.
  - Later versions of ansible-core ask the module itself; there it does nothing.
options: {}
"""

EXAMPLES = r"""
# ansible.cfg
# [inventory]
# enable_plugins = pycontainer.engine.freeform, host_list, script, auto, yaml, ini, toml
"""

from ansible.parsing import mod_args
from ansible.plugins.action import ActionBase
from ansible.plugins.inventory import BaseInventoryPlugin

MODULES = frozenset(("pycontainer", "pycontainer.engine.pycontainer"))

if not hasattr(ActionBase, "supports_raw_params"):
    mod_args.RAW_PARAM_MODULES = mod_args.RAW_PARAM_MODULES | MODULES


class InventoryModule(BaseInventoryPlugin):
    """Reads no file."""

    NAME = "pycontainer.engine.freeform"

    def verify_file(self, path):
        """Leave every source to other plugins."""
        return False
