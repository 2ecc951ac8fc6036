#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a volume in a declared state."""

DOCUMENTATION = r"""
module: volume
short_description: Keep a volume in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Makes, labels and removes volumes.
  - An option that is left out is not managed, so it never causes a change. See O(strict).
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: Name of the volume.
    type: str
    required: true
  state:
    description: Whether there is to be such a volume.
    type: str
    choices: [absent, present]
    default: present
  strict:
    description: Manage every option. One that is left out goes back to its default.
    type: bool
    default: false
  driver:
    description: Driver of the volume; there is V(local).
    type: str
  options:
    description:
      - Options of the driver as C(KEY=VALUE). C(type), C(device) and C(o) are those of mount(8); C(copy) and C(nocopy)
        say whether a new volume is filled with what the image has at its place.
    type: list
    elements: str
    aliases: [opt]
  label:
    description: Labels. They are changed in place.
    type: dict
    aliases: [labels]
  recreate:
    description: Make the volume anew even if nothing differs. Its data is lost.
    type: bool
    default: false
  force:
    description:
      - Make the volume anew when O(driver) or O(options) differ, though its data is lost. Otherwise that is an error.
      - With O(state=absent), remove the containers that use it too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A volume
  pycontainer.engine.volume:
    name: web-data
    label:
      backup: daily

- name: A volume in memory
  pycontainer.engine.volume:
    name: scratch
    options:
      - type=tmpfs
      - device=tmpfs
      - o=size=64m

- name: No volume
  pycontainer.engine.volume:
    name: web-data
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [create]
volume:
  description: The volume as C(pycontainer volume inspect) shows it; empty when there is none.
  returned: success
  type: dict
  sample: {Name: web-data, Driver: local, Mountpoint: /var/lib/pycontainer/volumes/web-data/_data}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import volume as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import volume as state

    return state.OPTIONS, {}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
