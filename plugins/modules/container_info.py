#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read about containers."""

DOCUMENTATION = r"""
module: container_info
short_description: Read about containers
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Returns what C(pycontainer inspect) shows. What does not exist is left out.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.info_attributes
options:
  name:
    description: Names or IDs of containers. When it is left out, all of them.
    type: list
    elements: str
  filters:
    description:
      - Conditions that all have to be met, as C(KEY=VALUE), with the keys that C(pycontainer ps --filter)
        knows.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Read about all containers
  pycontainer.engine.container_info:
  register: found

- name: Read about one of them
  pycontainer.engine.container_info:
    name: web
"""

RETURN = r"""
containers:
  description: One row for each of the containers.
  returned: success
  type: list
  elements: dict
  sample: [{Id: 3f0c..., Name: web}]
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Look them up."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import containers
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.inputs import inspect_all
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Result

    names = params["name"]
    if names is None:
        names = [row.id for row in containers.listing(ctx, everything=True, filters=params["filters"] or ())]
    return Result(False, {"containers": inspect_all(ctx, containers.inspect, names)})


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import Row

    rows = (Row("name", "list", settings={"elements": "str"}), Row("filters", "list", settings={"elements": "str"}))
    return rows, {"mutually_exclusive": [("name", "filters")]}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
