#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read about secrets."""

DOCUMENTATION = r"""
module: secret_info
short_description: Read about secrets
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Returns what C(pycontainer secret inspect) shows. What does not exist is left out.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.info_attributes
options:
  name:
    description: Names or IDs of secrets. When it is left out, all of them.
    type: list
    elements: str
  filters:
    description:
      - Conditions that all have to be met, as C(KEY=VALUE), with the keys that C(pycontainer secret ls
        --filter) knows.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Read about all secrets
  pycontainer.engine.secret_info:
  register: found

- name: Read about one of them
  pycontainer.engine.secret_info:
    name: web
"""

RETURN = r"""
secrets:
  description: One row for each of the secrets.
  returned: success
  type: list
  elements: dict
  sample: [{ID: 52c2b5..., Spec: {Name: db-password}}]
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Look them up."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import secrets
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.inputs import inspect_all
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Result

    names = params["name"]
    if names is None:
        names = [row.id for row in secrets.listing(ctx, params["filters"] or ())]
    return Result(False, {"secrets": inspect_all(ctx, secrets.inspect, names)})


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
