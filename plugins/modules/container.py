#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a container in a declared state."""

DOCUMENTATION = r"""
module: container
short_description: Keep a container in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Makes, changes, starts, stops and removes a container. The module brings its own engine along; the host
    needs neither a daemon nor C(podman) or C(docker).
  - An option that is left out is not managed, so it never causes a change. See O(strict).
  - Some options are changed in the running container. A change of any other replaces the container, which keeps its
    volumes; when the new one cannot be started, the old one is running again and the task fails.
  - Options changed in the running container are O(restart_policy), O(network), O(memory), O(memory_reservation),
    O(memory_swap), O(cpus), O(cpu_period), O(cpu_quota), O(cpu_shares), O(cpuset_cpus), O(cpuset_mems),
    O(pids_limit) and O(blkio_weight).
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
  - pycontainer.engine.engine.registry
options:
  name:
    description: Name of the container.
    type: str
    required: true
  state:
    description:
      - V(started), it exists as declared and runs.
      - V(healthy), it runs, and its health check has passed within O(wait_timeout); an error without a health check.
      - V(stopped), it exists as declared and does not run.
      - V(present) and V(created) mean that it exists as declared; a new one is not started.
      - V(absent), there is no such container.
    type: str
    choices: [absent, present, created, started, healthy, stopped]
    default: started
  strict:
    description: Manage every option. One that is left out goes back to its default.
    type: bool
    default: false
  recreate:
    description: Replace the container even if nothing differs.
    type: bool
    default: false
  force_restart:
    description: Restart the container if it runs already.
    type: bool
    default: false
    aliases: [restart]
  wait:
    description:
      - After a start, wait until the container is healthy, or, without a health check, has been running for a second.
      - When it ends meanwhile, the task fails and shows the end of its log.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most, for O(wait) and O(state=healthy).
    type: int
    default: 60
  image:
    description:
      - Name of the image, in full or short, with tag or digest; or its ID.
      - The container is replaced when the name means another image on this host than the one that it was made from.
        Another name for the same image is no difference.
    type: str
  image_strict:
    description: Take another name of the same image for a difference too.
    type: bool
    default: false
  pull:
    description:
      - When to pull the image. V(missing), when it is not on the host; V(never), not at all.
      - With V(always) and V(newer) the registry is asked each time for the digest of the image's manifest. When it
        is another one than the local image's, the image is pulled and the container replaced.
    type: str
    choices: [always, missing, never, newer]
    default: missing
  platform:
    description:
      - Platform of the image as C(os/arch[/variant]), instead of the host's. A container whose image is for another
        platform is made anew.
    type: str
  arch:
    description: Architecture of the image, instead of the host's.
    type: str
  os:
    description: Operating system of the image, instead of V(linux).
    type: str
  variant:
    description: Variant of the architecture.
    type: str
  retry:
    description: How many times a failing pull is tried again.
    type: int
  retry_delay:
    description: Time between these tries, for example V(2s).
    type: str
  rootfs:
    description: O(image) is the path of a directory that is used as root file system.
    type: bool
  pod:
    description:
      - The pod that the container is in, by name. It shares the pod's network then, so O(publish), O(network),
        O(hostname) and their kin are the pod's; see M(pycontainer.engine.pod).
      - V(new:NAME) makes the pod if it is not there, and gives these options to it.
    type: str
  init_ctr:
    description:
      - The container is run to its end before the others of its pod, each time the pod starts. Use O(state=created).
      - With V(once), it is removed then.
    type: str
    choices: ['', always, once]
  command:
    description:
      - Command and its arguments, instead of the image's; a list, or a text that is split as a shell would do
        it.
    type: raw
  entrypoint:
    description: Entry point instead of the image's; a list, a JSON array, or the name of one program.
    type: raw
  env:
    description: Environment variables.
    type: dict
  env_file:
    description: Files on the host with lines C(NAME=VALUE); O(env) goes before them.
    type: list
    elements: path
    aliases: [env_files]
  env_merge:
    description:
      - Environment variables that are added to those of O(env), or if that is left out to those that the
        container has.
    type: dict
  env_host:
    description: Pass on the environment of the module.
    type: bool
  http_proxy:
    description: Pass on the variables for proxies of the module's environment.
    type: bool
  unsetenv:
    description: Variables of the image that the container does not get.
    type: list
    elements: str
  unsetenv_all:
    description: The container gets no variable of the image.
    type: bool
  user:
    description: User in the container, as C(user[:group]), each a name or a number.
    type: str
  group_add:
    description: Further groups of the user in the container.
    type: list
    elements: str
    aliases: [groups]
  workdir:
    description: Working directory in the container.
    type: str
    aliases: [working_dir]
  interactive:
    description: Keep standard input open.
    type: bool
  tty:
    description: Give the container a terminal.
    type: bool
  init:
    description: Run a small init as first process, which passes on signals and reaps orphans. It needs C(catatonit).
    type: bool
  init_path:
    description: Path of that init on the host.
    type: path
  umask:
    description: File mode mask of the first process, in octal digits.
    type: str
  stop_signal:
    description: Signal that stops the container, by name or number.
    type: str
  stop_timeout:
    description:
      - Seconds between that signal and C(SIGKILL); it also holds when this task stops or removes the container.
    type: int
  stop_time:
    description: Seconds that this task gives the container to stop, instead of O(stop_timeout).
    type: int
    aliases: [delete_time, restart_time]
  timeout:
    description: Seconds after which the container is killed; V(0) for no limit.
    type: int
  timezone:
    description: Time zone in the container, a name such as V(Europe/Berlin), or V(local) for the host's.
    type: str
  systemd:
    description: Set the container up for systemd as its first process. V(true), V(false) or V(always).
    type: str
  passwd:
    description: Add the user to the container's C(/etc/passwd) if it is not in there.
    type: bool
  hostname:
    description: Host name in the container.
    type: str
  label:
    description: Labels.
    type: dict
    aliases: [labels]
  annotation:
    description:
      - Annotations of the OCI configuration.
      - Those that tell podman or a hook of podman's something (C(io.podman.annotations.*),
        C(io.containers.trace-syscall)) are refused; so are C(run.oci.*) where the OCI runtime is runc, and
        C(org.systemd.property.*) where systemd does not keep the control groups.
    type: dict
  restart_policy:
    description:
      - What happens when the container ends. V(no), V(always), V(unless-stopped), V(on-failure) or V(on-
        failure:N).
    type: str
  rm:
    description: Remove the container when it ends.
    type: bool
    aliases: [remove, auto_remove]
  requires:
    description: Containers that are started before this one.
    type: list
    elements: str
  log_driver:
    description: Where the output goes.
    type: str
    choices: [k8s-file, journald, json-file, none]
  log_opt:
    description: Options of the log.
    type: dict
    aliases: [log_options]
    suboptions:
      path:
        description: Path of the log file.
        type: str
      max_size:
        description: Size at which the log file is begun anew, for example V(10m).
        type: str
      tag:
        description: Tag in the journal.
        type: str
  healthcheck:
    description:
      - Command that checks the container's health; a line for its shell, or a list or JSON array of words. Both may
        begin with C(CMD) (a program) or C(CMD-SHELL) (a line for the shell). V(none) takes the image's away.
      - Or docker's mapping with the keys C(test), C(interval), C(timeout), C(start_period), C(retries) and C(disable).
    type: raw
    aliases: [health_cmd]
  healthcheck_interval:
    description: Time between two checks, for example V(30s); V(disable) for none.
    type: str
    aliases: [health_interval]
  healthcheck_retries:
    description: How many checks have to fail in a row until the container is unhealthy.
    type: int
    aliases: [health_retries]
  healthcheck_start_period:
    description: Time after the start in which failures do not count.
    type: str
    aliases: [health_start_period]
  healthcheck_timeout:
    description: Time that one check may take.
    type: str
    aliases: [health_timeout]
  healthcheck_failure_action:
    description: What happens when the container becomes unhealthy. Refused without a health check.
    type: str
    choices: [none, kill, restart, stop]
    aliases: [health_on_failure]
  no_healthcheck:
    description: Do not check, whatever the image says.
    type: bool
  volume:
    description:
      - Volumes and directories as C([SOURCE:]TARGET[:OPTIONS]). A source with a slash is a path on the host, else
        the name of a volume.
      - O(volume), O(mount) and O(tmpfs) are managed together; when one of them is given, the others count as empty
        if they are left out.
    type: list
    elements: str
    aliases: [volumes]
  mount:
    description: Mounts as C(type=TYPE,source=SOURCE,target=TARGET[,OPTION...]).
    type: list
    elements: str
    aliases: [mounts]
  tmpfs:
    description: Temporary file systems, from target to options.
    type: dict
  volumes_from:
    description: Containers whose volumes this one gets too.
    type: list
    elements: str
  image_volume:
    description: What becomes of the volumes that the image declares.
    type: str
    choices: [anonymous, bind, tmpfs, ignore]
  read_only:
    description: Make the root file system read-only.
    type: bool
  read_only_tmpfs:
    description: With O(read_only), let C(/run), C(/tmp) and C(/var/tmp) be writable.
    type: bool
  shm_size:
    description: Size of C(/dev/shm), for example V(64m).
    type: str
  device:
    description: Devices of the host as C(SOURCE[:TARGET][:PERMISSIONS]).
    type: list
    elements: str
  device_cgroup_rule:
    description: Rules for devices, as V(c 10:200 rwm).
    type: list
    elements: str
  secrets:
    description:
      - Secrets as C(NAME[,type=mount|env][,target=TARGET][,uid=N][,gid=N][,mode=MODE]).
      - When a secret got another value since the container was started, the container is restarted.
    type: list
    elements: str
  network:
    description:
      - Networks as C(NAME[:ip=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME]), or one of V(bridge), V(none),
        V(host), C(container:NAME) and C(ns:PATH).
    type: list
    elements: str
    aliases: [net, network_mode]
  network_aliases:
    description: Further names of the container in its networks.
    type: list
    elements: str
    aliases: [network_alias]
  ip:
    description: IPv4 address, when there is one network.
    type: str
  ip6:
    description: IPv6 address, when there is one network.
    type: str
  mac_address:
    description: MAC address, when there is one network.
    type: str
  publish:
    description: Ports as C([[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL]); ranges as V(8000-8010:80-90).
    type: list
    elements: str
    aliases: [ports, published, published_ports]
  publish_all:
    description: Publish each exposed port on a free port of the host.
    type: bool
  expose:
    description: Ports that are exposed, besides the image's.
    type: list
    elements: str
    aliases: [exposed, exposed_ports]
  dns:
    description: Name servers.
    type: list
    elements: str
    aliases: [dns_servers]
  dns_option:
    description: Options of the resolver.
    type: list
    elements: str
    aliases: [dns_opts]
  dns_search:
    description: Search domains.
    type: list
    elements: str
    aliases: [dns_search_domains]
  etc_hosts:
    description: Lines for C(/etc/hosts), from name to address.
    type: dict
    aliases: [add_hosts]
  no_hosts:
    description: Leave C(/etc/hosts) as it is in the image.
    type: bool
  pid:
    description: Namespace of processes. V(private), V(host), C(container:NAME) or C(ns:PATH).
    type: str
    aliases: [pid_mode]
  ipc:
    description:
      - Namespace of System V IPC. V(shareable), V(private), V(none), V(host), C(container:NAME) or C(ns:PATH).
    type: str
    aliases: [ipc_mode]
  uts:
    description: Namespace of the host name. V(private), V(host), C(container:NAME) or C(ns:PATH).
    type: str
  cgroupns:
    description: Namespace of control groups. V(private), V(host), C(container:NAME) or C(ns:PATH).
    type: str
  userns:
    description:
      - User namespace. V(keep-id[:uid=N,gid=N,size=N]) keeps the user's own ID inside, V(nomap) leaves it out,
        V(auto[:size=N]) takes IDs that no other container has, V(container:NAME) and V(ns:PATH) join another one.
      - Without it, V(host), which for users without root is the namespace that all their containers share.
    type: str
    aliases: [userns_mode]
  uidmap:
    description:
      - User IDs of a namespace of the container's own, as C(INSIDE:OUTSIDE[:COUNT]). For users without root the
        IDs outside are those of their own namespace, where V(0) is the user.
    type: list
    elements: str
  gidmap:
    description: Group IDs, likewise; those of O(uidmap) if it is left out.
    type: list
    elements: str
  subuidname:
    description: User whose ranges in C(/etc/subuid) the container gets.
    type: str
  subgidname:
    description: User whose ranges in C(/etc/subgid) the container gets.
    type: str
  privileged:
    description: Give the container all capabilities and devices, and mask nothing.
    type: bool
  cap_add:
    description: Capabilities that are added.
    type: list
    elements: str
    aliases: [capabilities]
  cap_drop:
    description: Capabilities that are taken away; V(all) takes all.
    type: list
    elements: str
  security_opt:
    description: Security options, such as V(no-new-privileges), V(seccomp=unconfined) or C(mask=PATHS).
    type: list
    elements: str
  sysctl:
    description: Kernel parameters of the container's own namespaces.
    type: dict
  ulimit:
    description: Limits as C(NAME=SOFT[:HARD]); V(-1) is unlimited.
    type: list
    elements: str
    aliases: [ulimits]
  oom_score_adj:
    description: How gladly the kernel kills the container for want of memory, from V(-1000) to V(1000).
    type: int
  cgroup_parent:
    description: Control group below which the container's is made.
    type: path
  cgroup_conf:
    description: Files of the control group and what is written into them (cgroup v2).
    type: dict
  memory:
    description: Limit of memory, for example V(512m).
    type: str
  memory_reservation:
    description: Memory below which the container is not pressed.
    type: str
  memory_swap:
    description: Limit of memory and swap together; V(-1) is unlimited.
    type: str
  memory_swappiness:
    description: How readily memory is swapped out, from V(0) to V(100) (cgroup v1).
    type: int
  oom_kill_disable:
    description: Do not kill the container for want of memory (cgroup v1).
    type: bool
  cpus:
    description: Number of CPUs, for example V(1.5).
    type: str
  cpu_period:
    description: Period of the scheduler, in microseconds.
    type: int
  cpu_quota:
    description: CPU time in a period, in microseconds.
    type: int
  cpu_rt_period:
    description: Period of the real-time scheduler, in microseconds (cgroup v1).
    type: int
  cpu_rt_runtime:
    description: Real-time CPU time in a period, in microseconds (cgroup v1).
    type: int
  cpu_shares:
    description: Weight of the container among others, 1024 being the usual one.
    type: int
  cpuset_cpus:
    description: CPUs that may be used, for example V(0-3,5).
    type: str
  cpuset_mems:
    description: Memory nodes that may be used.
    type: str
  pids_limit:
    description: Limit of processes; V(-1) is unlimited.
    type: str
  blkio_weight:
    description: Weight of block I/O, from V(10) to V(1000).
    type: int
  device_read_bps:
    description: Limits of reading as C(PATH:BYTES), in bytes per second.
    type: list
    elements: str
  device_write_bps:
    description: Limits of writing as C(PATH:BYTES), in bytes per second.
    type: list
    elements: str
  device_read_iops:
    description: Limits of reading as C(PATH:NUMBER), in operations per second.
    type: list
    elements: str
  device_write_iops:
    description: Limits of writing as C(PATH:NUMBER), in operations per second.
    type: list
    elements: str
  detach:
    description:
      - V(false) is for a container that does a piece of work and ends. The task waits for its end, at most
        O(wait_timeout) seconds, and fails when the exit code is not 0.
      - A container that has ended with exit code 0 is then what was asked for, and is not started again.
    type: bool
    default: true
  force_delete:
    description: With O(state=absent), stop the container first if it runs.
    type: bool
    default: true
  delete_volumes:
    description: With O(state=absent), remove its anonymous volumes too.
    type: bool
    default: false
seealso:
  - module: pycontainer.engine.container_info
  - module: pycontainer.engine.exec
"""

EXAMPLES = r"""
- name: A web server on port 8080
  pycontainer.engine.container:
    name: web
    image: docker.io/library/nginx:1.27
    publish:
      - "8080:80"
    volume:
      - web-data:/usr/share/nginx/html:ro
    restart_policy: always

- name: Less memory, without a restart
  pycontainer.engine.container:
    name: web
    memory: 256m

- name: The newest image of this tag, and go on only when it is healthy
  pycontainer.engine.container:
    name: web
    image: registry.example.com/team/web:stable
    pull: newer
    healthcheck: wget -q -O /dev/null http://localhost/
    healthcheck_interval: 2s
    wait_timeout: 120
    state: healthy

- name: No web server
  pycontainer.engine.container:
    name: web
    state: absent

- name: A web server in the pod shop, whose network it shares
  pycontainer.engine.container:
    name: shop-web
    pod: shop
    image: docker.io/library/nginx
"""

RETURN = r"""
stdout:
  description: What the container wrote to its standard output.
  returned: with O(detach=false), when it was started
  type: str
stderr:
  description: What the container wrote to its standard error.
  returned: with O(detach=false), when it was started
  type: str
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [update (memory)]
container:
  description:
    - The container in short, with some of the keys that M(pycontainer.engine.container_info) returns; empty when
      there is none.
  returned: success
  type: dict
  sample: {Id: 3f0c..., Name: web, State: {Status: running}, NetworkSettings: {Ports: {}}}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import container as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import container as state

    return state.OPTIONS, {}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
