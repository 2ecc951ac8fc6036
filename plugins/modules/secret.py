#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a secret in a declared state."""

DOCUMENTATION = r"""
module: secret
short_description: Keep a secret in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Makes, changes and removes secrets. Containers get them as files or as environment variables.
  - A rerun with the same value changes nothing. The value lies in a file that only the engine's user can read, and
    is never returned or shown.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: Name of the secret.
    type: str
    required: true
  state:
    description: Whether there is to be such a secret.
    type: str
    choices: [absent, present]
    default: present
  data:
    description: The value.
    type: str
  path:
    description: File on the host that holds the value.
    type: path
  env:
    description: Variable of the module's environment that holds the value.
    type: str
  labels:
    description: Labels.
    type: dict
    aliases: [label]
  force:
    description: Store the value anew even if it is the same.
    type: bool
    default: false
  skip_existing:
    description: Leave a secret that exists as it is, whatever its value.
    type: bool
    default: false
  restart_consumers:
    description: Restart the running containers that were started with another value.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A password, and restart what uses it when it changes
  pycontainer.engine.secret:
    name: db-password
    data: "{{ vault_db_password }}"
    restart_consumers: true

- name: A key from a file on the host
  pycontainer.engine.secret:
    name: tls-key
    path: /etc/ssl/private/web.key

- name: No secret
  pycontainer.engine.secret:
    name: db-password
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [create]
secret:
  description: The secret as C(pycontainer secret inspect) shows it, without its value; empty when there is none.
  returned: success
  type: dict
  sample: {ID: 52c2b5..., Spec: {Name: db-password}}
restarted:
  description: IDs of the containers that were restarted.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import secret as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import secret as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
