#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a pod in a declared state."""

DOCUMENTATION = r"""
module: pod
short_description: Keep a pod in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Makes, changes, starts, stops and removes a pod, a group of containers that share namespaces. They reach one another
    on C(localhost). Containers are put into it by option C(pod) of M(pycontainer.engine.container).
  - An infra container holds what is shared. It needs no image.
  - An option that is left out is not managed, so it never causes a change. See O(strict).
  - Limits, O(label), O(exit_policy) and O(restart_policy) are changed while the pod runs. A change of any other option
    gives the pod another infra container; its containers keep their files, and those that ran are restarted. The
    plan names them. When the new infra container does not start, the pod is as it was before, and the task fails.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: Name of the pod. Pods and containers have different names.
    type: str
    required: true
  state:
    description:
      - V(created), it exists as declared; a new one is not started.
      - V(started), it runs, and so do all of its containers but those that have ended by themselves with the exit
        code 0.
      - V(restarted), all of its containers are stopped and started.
      - V(stopped), nothing of it runs.
      - V(paused), it runs, and is frozen. V(unpaused), it is not frozen.
      - V(killed), its processes are killed if there are some.
      - V(absent), there is no such pod, and none of its containers.
    type: str
    choices: [absent, created, killed, paused, restarted, started, stopped, unpaused]
    default: created
  strict:
    description: Manage every option. One that is left out goes back to its default.
    type: bool
    default: false
  recreate:
    description: Give the pod another infra container even if nothing differs.
    type: bool
    default: false
  stop_time:
    description: Seconds that each container gets to end. When it is left out, its own C(stop_timeout).
    type: int
    aliases: [timeout]
  share:
    description:
      - Namespaces that the containers share, out of V(cgroup), V(ipc), V(net), V(pid) and V(uts), with commas.
      - V(+pid) adds to the default, which is V(ipc,net,uts). V(none) shares nothing.
    type: str
  share_parent:
    description: The control groups of the containers lie below that of the pod.
    type: bool
  infra:
    description: Whether there is an infra container. Without one the containers are only grouped.
    type: bool
  infra_name:
    description: Name of the infra container.
    type: str
  infra_command:
    description: What the infra container runs in place of a program that waits. It has to be mounted.
    type: str
  infra_image:
    description: This is an error. The infra container has no image.
    type: str
  exit_policy:
    description: With V(stop), the pod is stopped when the last of its containers has ended.
    type: str
    choices: [continue, stop]
  restart_policy:
    description:
      - Restart policy of those containers that have none themselves. V(no), V(on-failure[:COUNT]), V(always) or
        V(unless-stopped).
    type: str
  label:
    description: Labels.
    type: dict
    aliases: [labels]
  hostname:
    description: Host name; by default the pod's name.
    type: str
  publish:
    description: Ports as C([[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL]); ranges as V(8000-8010:80-90).
    type: list
    elements: str
    aliases: [ports]
  network:
    description:
      - Networks as C(NAME[:ip=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME]), or one of V(bridge), V(none),
        V(host) and C(ns:PATH).
    type: list
    elements: str
    aliases: [net]
  network_alias:
    description: Further names of the pod in its networks.
    type: list
    elements: str
    aliases: [network_aliases]
  ip:
    description: IPv4 address, when there is one network.
    type: str
  ip6:
    description: IPv6 address, when there is one network.
    type: str
  mac_address:
    description: MAC address, when there is one network.
    type: str
  dns:
    description: Name servers.
    type: list
    elements: str
    aliases: [dns_servers]
  dns_opt:
    description: Options of the resolver.
    type: list
    elements: str
    aliases: [dns_option, dns_opts]
  dns_search:
    description: Search domains.
    type: list
    elements: str
  add_host:
    description: Lines for C(/etc/hosts), as C(NAME:ADDRESS).
    type: list
    elements: str
    aliases: [add_hosts]
  no_hosts:
    description: Leave C(/etc/hosts) as it is in the image.
    type: bool
  volume:
    description: Volumes and paths of the host that all containers of the pod get, as C([SOURCE:]TARGET[:OPTIONS]).
    type: list
    elements: str
    aliases: [volumes]
  volumes_from:
    description: Containers whose mounts all containers of the pod get.
    type: list
    elements: str
  device:
    description: Devices of the host that all containers get, as C(SOURCE[:TARGET][:PERMISSIONS]).
    type: list
    elements: str
  pid:
    description: Namespace of processes of the infra container. V(private), V(host) or C(ns:PATH).
    type: str
  uts:
    description: Namespace of the host name. V(private), V(host) or C(ns:PATH).
    type: str
  userns:
    description:
      - User namespace that all containers are in. V(host), V(auto), V(keep-id), V(nomap) or C(ns:PATH), as with
        M(pycontainer.engine.container).
    type: str
  uidmap:
    description: User IDs of that namespace as C(INSIDE:OUTSIDE:COUNT).
    type: list
    elements: str
  gidmap:
    description: Group IDs of that namespace as C(INSIDE:OUTSIDE:COUNT).
    type: list
    elements: str
  subuidname:
    description: Take the user IDs from this user's ranges in C(/etc/subuid).
    type: str
  subgidname:
    description: Take the group IDs from this user's ranges in C(/etc/subgid).
    type: str
  security_opt:
    description: Security options that all containers get, such as V(no-new-privileges).
    type: list
    elements: str
  sysctl:
    description: Kernel parameters of the shared namespaces.
    type: dict
  shm_size:
    description: Size of the shared C(/dev/shm), for example V(64m).
    type: str
  cgroup_parent:
    description: Control group below which that of the pod is made.
    type: str
  memory:
    description: Memory that all containers may use together, for example V(512m).
    type: str
  memory_swap:
    description: Memory and swap together; V(-1) for no limit.
    type: str
  cpus:
    description: Processors that all containers may use together, for example V(1.5).
    type: str
  cpu_shares:
    description: Weight of the pod against others.
    type: int
  cpuset_cpus:
    description: Processors, such as V(0-3).
    type: str
  cpuset_mems:
    description: Memory nodes.
    type: str
  blkio_weight:
    description: Weight for block devices, 10 to 1000.
    type: int
  device_read_bps:
    description: Limits for reading as C(DEVICE:BYTES_PER_SECOND).
    type: list
    elements: str
  device_write_bps:
    description: Limits for writing as C(DEVICE:BYTES_PER_SECOND).
    type: list
    elements: str
  device_read_iops:
    description: Limits for reading as C(DEVICE:OPERATIONS_PER_SECOND).
    type: list
    elements: str
  device_write_iops:
    description: Limits for writing as C(DEVICE:OPERATIONS_PER_SECOND).
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: A pod whose port 80 is port 8080 of the host
  pycontainer.engine.pod:
    name: shop
    state: started
    publish:
      - 8080:80

- name: Containers that see one another's processes, and have 512 MB together
  pycontainer.engine.pod:
    name: batch
    share: +pid
    memory: 512m
    exit_policy: stop

- name: No pod, and none of its containers
  pycontainer.engine.pod:
    name: shop
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: ["replace (publish; restarts shop-web)"]
pod:
  description: The pod as C(pycontainer pod inspect) shows it; empty when there is none.
  returned: success
  type: dict
  sample: {Id: 3f0c..., Name: shop, State: Running, Containers: [{Name: shop-web, State: running}]}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import pod as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import pod as state

    return state.OPTIONS, {}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
