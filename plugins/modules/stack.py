#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep the networks, volumes, secrets, images, pods, containers and units of an application in a declared state."""

DOCUMENTATION = r"""
module: stack
short_description: Keep all things of an application in a declared state, in one task
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Makes, changes and removes networks, volumes, secrets, images, pods, containers and their systemd units. One task
    looks at all of them, which takes hardly longer than looking at one of them.
  - Each entry of a list has the options of the module of that name, so C(ansible-doc) says what there is, but for
    C(root), C(runroot), C(runtime) and C(run_as_user), which are the task's own. An entry with C(state=absent) is
    taken away.
  - "Networks, volumes, secrets and images come first; then goes what runs and is not wanted any more; then come pods,
    containers and units, and at the end the rest of what is not wanted goes, the networks last."
  - Pods and containers are made in the order in which they need one another, by C(requires), C(volumes_from),
    C(pod), or C(container:NAME) as a network or another namespace, and removed in the other order, however they are
    listed. A circle is an error that shows it. When one is replaced, those of the stack that cannot run without it are
    stopped before and run again afterwards.
  - When an entry fails, the message names it and says what was done before. Another run goes on from there.
  - All but images get the label C(org.pycontainer.role) with the O(name) of the stack. It is the label of the role
    C(containers), which is made of this module.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: What the stack is known by. Nothing of another stack is ever taken away.
    type: str
    required: true
  state:
    description:
      - With V(present) all is as the lists say.
      - With V(absent) all that carries the stack's label is taken away, whether it is listed or not; volumes only with
        O(prune_volumes). Images stay.
    type: str
    choices: [absent, present]
    default: present
  networks:
    description: Networks, with the options of M(pycontainer.engine.network).
    type: list
    elements: dict
    default: []
  volumes:
    description: Volumes, with the options of M(pycontainer.engine.volume).
    type: list
    elements: dict
    default: []
  secrets:
    description: Secrets, with the options of M(pycontainer.engine.secret). Their values are never shown nor logged.
    type: list
    elements: dict
    default: []
  images:
    description:
      - Images, with the options of M(pycontainer.engine.image). A container's image need not be listed; it is pulled
        when it is missing.
    type: list
    elements: dict
    default: []
  pods:
    description:
      - Pods, with the options of M(pycontainer.engine.pod), and as C(unit) options of M(pycontainer.engine.unit).
    type: list
    elements: dict
    default: []
  containers:
    description:
      - Containers, with the options of M(pycontainer.engine.container), and as C(unit) options of
        M(pycontainer.engine.unit).
      - A container with C(pod) has no C(unit); the unit of the pod, which has to be listed, starts and stops it.
      - When C(state) is left out, it is V(started), and with O(units) V(present), because the unit starts it.
    type: list
    elements: dict
    default: []
  units:
    description:
      - Whether each pod, and each container without one, gets a systemd unit that is started and, unless its C(unit)
        says otherwise, enabled. If not, nothing is asked of systemd and C(unit) is of no effect.
      - Units of other names that run the same, such as by a prefix of before, are removed.
      - When it is left out, it is so where systemd runs the host.
    type: bool
  prune:
    description: Whether pods, containers, networks and secrets of the stack that are not listed are taken away.
    type: bool
    default: false
  prune_volumes:
    description: Whether O(prune) and O(state=absent) take volumes away too, with their data.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A shop
  pycontainer.engine.stack:
    name: shop
    prune: true
    networks:
      - name: shop
    volumes:
      - name: shop-data
    secrets:
      - name: shop-password
        data: "{{ vault_database_password }}"
    containers:
      - name: shop-db
        image: docker.io/library/busybox:1.36
        command: [sleep, infinity]
        network: [shop]
        volume: ["shop-data:/data"]
        secrets: [shop-password]
      - name: shop-web
        image: docker.io/library/busybox:1.36
        command: [httpd, -f, -p, "80"]
        network: [shop]
        publish: ["8080:80"]
        unit:
          restart_policy: always

- name: The shop has closed, its data is kept
  pycontainer.engine.stack:
    name: shop
    state: absent
"""

RETURN = r"""
actions:
  description:
    - What was done, in order; in check mode what would be done. When the task fails, what was done before.
  returned: success, and when something was done before a failure
  type: list
  elements: str
  sample: ["network shop: create", "container shop-web: replace (env)", "unit shop-web: restart"]
containers:
  description: The listed containers by their names, each as M(pycontainer.engine.container) returns it.
  returned: success
  type: dict
  sample: {shop-web: {Id: 3f0c..., Name: shop-web, State: {Status: running}}}
units:
  description: The units of pods and containers, by the names of these.
  returned: success
  type: dict
  sample: {shop-web: container-shop-web.service}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply, entry by entry."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import stack as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import stack as state

    return state.OPTIONS, {}


def entries():
    """What the entries of its lists may hold."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import stack as state

    return state.entries()


def main():
    """Entry point."""
    run_module(table, run, entries)


if __name__ == "__main__":
    main()
