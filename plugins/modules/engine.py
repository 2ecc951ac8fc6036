#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install the engine and its command on a host."""

DOCUMENTATION = r"""
module: engine
short_description: Install the engine and its command C(pycontainer) on a host
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Modules bring the engine along, so no host needs this for playbooks. It is for people and units on the host, who
    want C(pycontainer ps).
  - Installs this collection's version, byte-compiled, for all users, and switches to it at once. The version before is
    kept for what runs at that moment. Root only.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  state:
    description: Whether it is to be installed. Containers stay as they are either way.
    type: str
    choices: [absent, present]
    default: present
  directory:
    description: Where versions are kept.
    type: path
    default: /usr/local/lib/pycontainer
  command:
    description: Path of the command.
    type: path
    default: /usr/local/bin/pycontainer
  completion:
    description: Whether bash completes its verbs, flags and names.
    type: bool
    default: true
  docker:
    description: Whether C(docker), beside the command, is the same. Anything else of that name there is an error.
    type: bool
    default: false
  quadlet:
    description:
      - Whether systemd makes units of quadlet files, see M(pycontainer.engine.quadlet). It is done by generators in
        C(/usr/local/lib/systemd), at boot and at each C(systemctl daemon-reload). Where there are no such files they
        end at once.
    type: bool
    default: true
  nftables:
    description:
      - Whether the links and rules of running containers are put back when C(nftables.service) was started, restarted
        or reloaded, which empties all rules of the host first. It is done by C(pycontainer-network-reload.service) and
        a drop-in that starts it, in C(/usr/local/lib/systemd).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: The command line for people on the host
  pycontainer.engine.engine:

- name: And as docker
  pycontainer.engine.engine:
    docker: true

- name: Not any more
  pycontainer.engine.engine:
    state: absent
"""

RETURN = r"""
actions:
  description: What was done; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [copy (/usr/local/lib/pycontainer/52c2b5...), write (/usr/local/bin/pycontainer)]
copy:
  description: Where this version is.
  returned: when O(state=present)
  type: str
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    # The command line comes along in the payload because it is named here.
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import completion
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import installation, systemd
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import engine as state

    installation.require_root()
    present, directory = params["state"] == "present", params["directory"]
    copy = installation.copy_path(directory)
    want = state.wanted(params, installation.texts(params["command"], copy, completion.bash()))
    have = {what: installation.read(path) for what, path in state.places(params).items()}
    plan = state.plan(params, want, have, installation.MARK, copy, installation.is_whole(copy))
    if plan.changed and not check:
        if "copy" in plan.verbs:
            installation.write_copy(copy)
        installation.apply(plan.document)
        if any(path.endswith((".service", ".conf")) for path in plan.document) and systemd.booted():
            systemd.reload(ctx)
        last = installation.copy_of_command(have["command"], directory)
        installation.collect(directory, [path for path in (copy, last) if path] if present else [])
    return plan.result("engine", **({"copy": copy} if present else {}))


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import engine as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
