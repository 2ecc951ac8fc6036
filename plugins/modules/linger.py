#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let a user's services run without a login."""

DOCUMENTATION = r"""
module: linger
short_description: Let a user's services run from boot on, without a login
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - With linger, a user's systemd is started at boot and does not end with the user's last session. Rootless
    containers that are to survive a logout or a reboot need it. Root only.
  - When the module ends, the user's systemd runs, and their runtime directory and message bus are there, so that the
    next task can use C(systemctl --user).
  - On a host without logind, or without message buses for users, it fails with the package that is missing. In check
    mode that is a warning, for an earlier task may be about to install it.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  user:
    description: Login name, or user ID.
    type: str
    required: true
    aliases: [name]
  state:
    description: Whether the user is to linger. With V(absent), their services end with their last session.
    type: str
    choices: [absent, present]
    default: present
  timeout:
    description: How many seconds to wait for the user's systemd and bus.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Alice's containers are there after a reboot
  pycontainer.engine.linger:
    user: alice

- name: Bob's are not
  pycontainer.engine.linger:
    user: bob
    state: absent
"""

RETURN = r"""
actions:
  description: What was done; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [enable]
runtime_directory:
  description: The user's runtime directory, which is there; C(XDG_RUNTIME_DIR) of their services.
  returned: when O(state=present)
  type: str
  sample: /run/user/1000
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import MissingDependency
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import linger
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import linger as state

    present = params["state"] == "present"
    seen = linger.observe(params["user"], required=present)
    plan = state.plan(present, lingers=seen.lingers, manager=seen.manager, bus=seen.bus)
    values = {}
    if present or plan.changed:
        try:
            linger.require_logind(ctx, bus=present)
        except MissingDependency as exc:
            # An earlier task of the play may be about to install it.
            if not check:
                raise
            values["warnings"] = [str(exc)]
    if plan.changed and not check:
        steps = {"enable": linger.enable, "disable": linger.disable, "start": linger.start,
                 "start bus": linger.start_bus}
        for verb in plan.verbs:
            steps[verb](ctx, seen)
        if present:
            seen = linger.wait(ctx, seen, params["timeout"])
    if present:
        values["runtime_directory"] = seen.runtime_directory
    return plan.result("user " + params["user"], **values)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import linger as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
