#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let systemd run a container or a pod."""

DOCUMENTATION = r"""
module: unit
short_description: Let systemd run a container or a pod
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Writes a systemd unit for a container or a pod that exists, has systemd read it, enables it, and starts or
    restarts it; all of that only when something changed. What is, is what systemd says.
  - Without O(run_as_user), as root, it is a unit of the system's in C(/etc/systemd/system); else one of the user's own
    in C(~/.config/systemd/user). A user's units run without a login when the user lingers, see
    M(pycontainer.engine.linger).
  - The container is started again as a part of the unit when it ran already.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: Name of the container or pod. A pod gets a unit for itself and one for each of its containers.
    type: str
    required: true
  state:
    description:
      - With V(present) the unit is written, and a running one is restarted when something changed.
      - With V(absent) the unit is stopped and removed, and with O(new=true) its container too.
    type: str
    choices: [absent, present, restarted, started, stopped]
    default: started
  enabled:
    description: Whether the unit starts at boot. Left alone when this is left out.
    type: bool
  new:
    description:
      - Whether the unit makes the container at each start, from the definition that the container has when the unit is
        written, and removes it when it stops. When the container's definition changes, the unit follows it.
      - With V(false) the unit starts and stops the container that exists.
    type: bool
    default: true
  restart_policy:
    description:
      - When systemd starts the unit again, C(Restart=).
      - By default it is as the container's own policy, and V(on-failure) when it has none. The container's own policy
        does nothing under a unit.
    type: str
    choices: ['no', on-success, on-failure, on-abnormal, on-watchdog, on-abort, always]
  restart_sec:
    description: How many seconds systemd waits before it starts the unit again.
    type: int
  stop_timeout:
    description: How many seconds the container gets to end before it is killed; by default as the container says.
    type: int
  start_timeout:
    description: How many seconds a start may take.
    type: int
  sdnotify:
    description:
      - When the unit is up. With V(conmon) as soon as the container was started, with V(healthy) when its health check
        passes.
    type: str
    choices: [conmon, healthy]
    default: conmon
  after:
    description: Units that are started before this one.
    type: list
    elements: str
  wants:
    description: Units that are started too.
    type: list
    elements: str
  requires:
    description: Units without which this one is not started.
    type: list
    elements: str
  environment:
    description: Variables of the unit, not of the container. Anybody on the host can read them.
    type: dict
  container_prefix:
    description: How the names of units of containers begin.
    type: str
    default: container
  pod_prefix:
    description: How the names of units of pods begin.
    type: str
    default: pod
  separator:
    description: What stands between the prefix and the name.
    type: str
    default: '-'
"""

EXAMPLES = r"""
- name: Alice's container web, made by the container module, is there after a reboot
  pycontainer.engine.unit:
    name: web
    enabled: true
    restart_policy: always
    run_as_user: alice

- name: It is not any more
  pycontainer.engine.unit:
    name: web
    state: absent
    run_as_user: alice
"""

RETURN = r"""
actions:
  description: What was done; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [write (container-web.service), reload, enable, start]
unit:
  description: The unit, or the pod's.
  returned: success
  type: str
  sample: container-web.service
units:
  description: The unit and those of a pod's containers.
  returned: success
  type: list
  elements: str
  sample: [container-web.service]
status:
  description: What systemd says of the unit; in check mode as it is now.
  returned: success
  type: dict
  sample: {active: active, sub: running, enabled: true, main_pid: 4711}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import unit as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import unit as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
