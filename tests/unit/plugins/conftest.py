# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection's plugins with their options, without Ansible's import hooks, which would stay for other tests."""

from __future__ import annotations

import importlib
from typing import Any, Callable

import pytest
import yaml
from ansible import constants
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import add_fragments

CLASSES = {"connection": "Connection", "inventory": "InventoryModule", "become": "BecomeModule"}


@pytest.fixture
def load() -> Callable[..., Any]:
    """``load(kind, name, *arguments)``: an instance of pycontainer.engine's plugin of that kind and name."""
    def loaded(kind: str, name: str, *arguments: Any) -> Any:
        module = importlib.import_module("ansible_collections.pycontainer.engine.plugins.%s.%s" % (kind, name))
        document = yaml.safe_load(module.DOCUMENTATION)
        add_fragments(document, module.__file__, fragment_loader)
        full = "pycontainer.engine." + name
        constants.config.initialize_plugin_configuration_definitions(kind, full, document["options"])
        plugin = getattr(module, CLASSES[kind])(*arguments)
        plugin._load_name, plugin.ansible_name, plugin.ansible_aliases = full, full, [full]
        return plugin

    return loaded
