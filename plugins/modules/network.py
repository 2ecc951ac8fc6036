#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a network in a declared state."""

DOCUMENTATION = r"""
module: network
short_description: Keep a network in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Makes, replaces and removes networks for containers.
  - An option that is left out is not managed, so it never causes a change. See O(strict).
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: Name of the network.
    type: str
    required: true
  state:
    description: Whether there is to be such a network.
    type: str
    choices: [absent, present]
    default: present
  strict:
    description: Manage every option. One that is left out goes back to its default.
    type: bool
    default: false
  driver:
    description:
      - Driver of the network. V(bridge), or V(macvlan) or V(ipvlan), with which containers are on the network of an
        interface of the host's, with addresses of their own there.
    type: str
  subnet:
    description: Subnet, for example V(10.89.0.0/24). When it is left out, a free one is chosen.
    type: str
  gateway:
    description: Address of the host in O(subnet).
    type: str
  ip_range:
    description: Addresses of O(subnet) that containers get, as a subnet or as C(FIRST-LAST).
    type: str
  net_config:
    description: Several subnets, for example one for IPv4 and one for IPv6.
    type: list
    elements: dict
    suboptions:
      subnet:
        description: Subnet.
        type: str
        required: true
      gateway:
        description: Address of the host in it.
        type: str
      ip_range:
        description: Addresses that containers get, as a subnet or as C(FIRST-LAST).
        type: str
  ipv6:
    description:
      - Give the network an IPv6 subnet too, of a random prefix when none is asked for; or one of IPv4 beside IPv6 ones.
      - With V(false) the engine chooses none; a subnet of IPv6 that is asked for is there all the same.
    type: bool
  internal:
    description: Without a way out, and without one in.
    type: bool
  disable_dns:
    description: Containers do not find each other by name.
    type: bool
  dns:
    description: Name servers for the containers.
    type: list
    elements: str
  interface_name:
    description:
      - Name of the bridge on the host; for V(macvlan) and V(ipvlan) the interface that they are on, the one with the
        default route if it is left out.
    type: str
  opt:
    description: Options of the driver.
    type: dict
    suboptions:
      isolate:
        description: No traffic to other isolated networks; with V(strict) to no other network at all.
        type: raw
      mtu:
        description: Largest packet, in bytes.
        type: int
      metric:
        description: Metric of the default route.
        type: int
      vlan:
        description: VLAN on the bridge.
        type: int
      no_default_route:
        description: Containers get no default route.
        type: bool
      direct_routing:
        description: Other machines that route to this host may connect to the containers' own addresses. By default
          they reach published ports only. For V(bridge).
        type: bool
      mode:
        description: V(bridge), V(private), V(vepa) or V(passthru) for a V(macvlan), V(l2) for an V(ipvlan).
        type: str
  label:
    description: Labels.
    type: dict
    aliases: [labels]
  recreate:
    description: Make the network anew even if nothing differs.
    type: bool
    default: false
  force:
    description:
      - Remove the containers that use the network, when it has to be removed or made anew. Otherwise that is an
        error.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A network with a subnet of its own choice
  pycontainer.engine.network:
    name: web

- name: A network without a way out
  pycontainer.engine.network:
    name: backend
    subnet: 10.89.7.0/24
    gateway: 10.89.7.1
    internal: true

- name: No network
  pycontainer.engine.network:
    name: backend
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [create]
network:
  description: The network as C(pycontainer network inspect) shows it; empty when there is none.
  returned: success
  type: dict
  sample: {name: web, driver: bridge, subnets: [{subnet: 10.89.0.0/24, gateway: 10.89.0.1}]}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import network as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import network as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
