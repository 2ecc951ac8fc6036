#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a registry's credentials in a declared state."""

DOCUMENTATION = r"""
module: login
short_description: Keep a registry's credentials in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Writes and removes credentials for registries, in the file that C(podman), C(skopeo) and this engine read.
  - Credentials are tried at the registry before they are written. When the file holds the same ones already,
    nothing is done.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
  - pycontainer.engine.engine.registry
options:
  registry:
    description:
      - Host name and port of the registry, with a path if the credentials are for a part of it. Of an address, such as
        C(https://registry.example.com/v2/), the host counts.
    type: str
    required: true
  state:
    description: Whether there is to be such a login.
    type: str
    choices: [absent, present]
    default: present
  username:
    description: Name of the user.
    type: str
  password:
    description: Password or token.
    type: str
  ca_cert_dir:
    description: Directory with C(*.crt), and C(*.cert) with C(*.key) for a client's certificate.
    type: path
    aliases: [certdir]
  force:
    description: Log in even if the file holds the same credentials already.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Log in
  pycontainer.engine.login:
    registry: registry.example.com
    username: robot
    password: "{{ vault_registry_password }}"

- name: Log out
  pycontainer.engine.login:
    registry: registry.example.com
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [create]
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.inputs import pull_options
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import login as state

    registry, authfile = params["registry"], params["authfile"]
    known = images.get_login(ctx, registry, authfile=authfile)
    plan = state.plan(params, None if known is None else (known.username, known.password))
    if "login" in plan.verbs:
        options = pull_options(params)
        options.pop("creds")
        # Only the registry knows whether it takes them, and a check may come before it.
        (images.foresee_login if check else images.login)(
            ctx, registry, params["username"], params["password"], **options)
    elif plan.changed and not check:
        images.logout(ctx, registry, authfile=authfile)
    return plan.result("login " + registry)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import login as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
