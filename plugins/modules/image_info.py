#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read about images."""

DOCUMENTATION = r"""
module: image_info
short_description: Read about images
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Returns what C(pycontainer image inspect) shows. What does not exist is left out.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.info_attributes
options:
  name:
    description: Names or IDs of images. When it is left out, all of them.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Read about all images
  pycontainer.engine.image_info:
  register: found

- name: Read about one of them
  pycontainer.engine.image_info:
    name: web
"""

RETURN = r"""
images:
  description: One row for each of the images.
  returned: success
  type: list
  elements: dict
  sample: [{Id: 2b7d6430f78d...}]
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Look them up."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.inputs import inspect_all
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Result

    names = params["name"]
    if names is None:
        names = [row.id for row in images.all(ctx)]
    return Result(False, {"images": inspect_all(ctx, images.inspect, names)})


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import Row

    return (Row("name", "list", settings={"elements": "str"}),), {}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
