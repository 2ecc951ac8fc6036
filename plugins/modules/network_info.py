#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read about networks."""

DOCUMENTATION = r"""
module: network_info
short_description: Read about networks
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Returns what C(pycontainer network inspect) shows. What does not exist is left out.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.info_attributes
options:
  name:
    description: Names of networks. When it is left out, all of them.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Read about all networks
  pycontainer.engine.network_info:
  register: found

- name: Read about one of them
  pycontainer.engine.network_info:
    name: web
"""

RETURN = r"""
networks:
  description: One row for each of the networks.
  returned: success
  type: list
  elements: dict
  sample: [{name: web, driver: bridge}]
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Look them up."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import networks
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.inputs import inspect_all
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Result

    names = params["name"]
    if names is None:
        names = [row.name for row in networks.all(ctx)]
    return Result(False, {"networks": inspect_all(ctx, networks.inspect, names)})


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import Row

    return (Row("name", "list", settings={"elements": "str"}),), {}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
