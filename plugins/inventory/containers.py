# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers of the controller's own host as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: containers
author: The pycontainer authors (@pycontainer)
version_added: 0.1.0
short_description: Containers of this host as an inventory
description:
  - Lists the containers of the host that Ansible runs on, root's or users', by C(pycontainer ps).
  - Tasks for them run by P(pycontainer.engine.container#connection).
  - The file's name has to end in C(.pycontainer.yml) or C(.pycontainer.yaml), or be C(pycontainer.yml) or
    C(pycontainer.yaml).
notes:
  - "The variables of each host, besides those of the connection: C(pycontainer_id), C(pycontainer_name),
    C(pycontainer_user), C(pycontainer_image), C(pycontainer_image_id), C(pycontainer_command), C(pycontainer_created),
    C(pycontainer_state), C(pycontainer_status), C(pycontainer_exit_code), C(pycontainer_labels),
    C(pycontainer_networks), C(pycontainer_pod), C(pycontainer_ports) and C(pycontainer_mounts)."
  - Labels and all other values are data; a template in them is never evaluated.
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [pycontainer.engine.containers]
  run_as_users:
    description:
      - Users of this host, by name or number, whose containers are listed. Only root can name others.
      - When it is left out, those of the user that runs Ansible. V(root) may be one of several.
    type: list
    elements: str
    default: []
  all:
    description: Whether containers that do not run are listed too. Tasks on them fail.
    type: bool
    default: false
  infra:
    description: Whether the infra containers of pods are listed too. No command can run in them.
    type: bool
    default: false
  filters:
    description:
      - "Which containers are listed, as C(pycontainer ps --filter): C(ancestor), C(before), C(exited), C(health),
        C(id), C(label), C(label!), C(name), C(network), C(pod), C(restart-policy), C(since), C(status), C(until) and
        C(volume)."
      - A value may be a list. Of several values of C(label), C(before), C(since) and C(until) all have to fit, of
        others one.
    type: dict
    default: {}
  hostname:
    description:
      - What the hosts are called in the inventory.
      - With V(name), the containers of several users must not have the same name.
    type: str
    choices:
      name: The container's name.
      id: The first 12 digits of its ID.
      user_name: The user and the name with C(_) between; the name alone for one's own.
    default: name
  group_by:
    description:
      - By what hosts are grouped. The groups are called C(image_NAME), C(label_NAME) and C(label_NAME_VALUE),
        C(pod_NAME), C(network_NAME), C(state_STATE) and C(user_NAME).
      - What no group's name can hold becomes C(_). The image's name is used without its tag.
    type: list
    elements: str
    choices: [image, label, network, pod, state, user]
    default: [image, label, network, pod, state, user]
  executable:
    description:
      - The command C(pycontainer), by name or path.
      - When it is left out, the collection's own, run by the Python that runs Ansible.
    type: str
    env:
      - name: ANSIBLE_PYCONTAINER_EXECUTABLE
  root:
    description: Absolute path where the engine keeps its containers, when this is not the default place.
    type: str
    env:
      - name: ANSIBLE_PYCONTAINER_ROOT
  runroot:
    description: Absolute path where the engine keeps the state of this boot, when this is not the default place.
    type: str
    env:
      - name: ANSIBLE_PYCONTAINER_RUNROOT
  extra_args:
    description: Other global flags of C(pycontainer), quoted as for a shell.
    type: str
    default: ''
    env:
      - name: ANSIBLE_PYCONTAINER_EXTRA_ARGS
  timeout:
    description: Seconds in which the engine has to answer for each user.
    type: int
    default: 30
"""

EXAMPLES = r"""
# web.pycontainer.yml: all running containers of the user who calls ansible
plugin: pycontainer.engine.containers

---
# Containers of two users that have a label; databases are a group of their own
plugin: pycontainer.engine.containers
run_as_users: [alice, bob]
hostname: user_name
filters:
  label: [stage=test]
groups:
  databases: "'postgres' in pycontainer_image"
keyed_groups:
  - key: pycontainer_labels.tier
    prefix: tier
compose:
  ansible_python_interpreter: "'/usr/local/bin/python3' if 'python' in pycontainer_image else 'auto_silent'"
strict: true
"""

import json
import os
import pwd

import ansible.template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.pycontainer.engine.plugins.plugin_utils import commandline

ENDINGS = ("pycontainer.yml", "pycontainer.yaml")
# A host's variable, and the key of a row of 'ps --format json'
VARIABLES = (("id", "Id"), ("image", "Image"), ("image_id", "ImageID"), ("command", "Command"), ("created", "Created"),
             ("state", "State"), ("status", "Status"), ("exit_code", "ExitCode"), ("networks", "Networks"),
             ("pod", "PodName"), ("mounts", "Mounts"))
LISTS = ("command", "networks", "mounts")
OF_CONNECTION = ("executable", "root", "runroot", "extra_args")
# Since ansible-core 2.19 a template is only what somebody trusted; before, all that was not marked.
MARKED = not hasattr(ansible.template, "trust_as_template")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Asks ``pycontainer ps`` for each user."""

    NAME = "pycontainer.engine.containers"

    def verify_file(self, path):
        """Whether a file of this name is for this plugin."""
        name = path.rpartition("/")[2]
        return super().verify_file(path) and name.endswith(ENDINGS) and (name in ENDINGS or ".pycontainer." in name)

    def parse(self, inventory, loader, path, cache=True):
        """Add the containers, their variables and their groups."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key = self.get_cache_key(path)
        kept = self._cache.get(key) if cache and self.get_option("cache") else None
        found = self._listing() if kept is None else kept
        if self.get_option("cache"):
            self._cache[key] = found
        self._populate(found)

    def _listing(self):
        """Rows of (user, '' for the own one; a row of 'ps --format json')."""
        found = []
        own = own_name()
        for user in self.get_option("run_as_users") or [""]:
            user = "" if user == own else user
            argv = self.argv(user)
            code, out, err = commandline.run(argv, self.get_option("timeout"))
            if code:
                raise AnsibleParserError("Cannot list the containers%s: %s" % (
                    " of " + user if user else "", commandline.complaint(err)))
            try:
                found += [[user, row] for row in json.loads(out)]
            except ValueError as exc:
                raise AnsibleParserError("%s did not answer with JSON: %s" % (argv[0], exc)) from exc
        return found

    def argv(self, user):
        """The command that lists a user's containers."""
        words = commandline.prefix(run_as_user=user, **{name: self.get_option(name) for name in OF_CONNECTION})
        words += ["ps", "--format", "json"] + (["--all"] if self.get_option("all") else [])
        for key, values in self.get_option("filters").items():
            for value in values if isinstance(values, list) else [values]:
                words += ["--filter", _csv("%s=%s" % (key, value))]
        return words

    def _populate(self, found):
        names = {}
        for user, row in found:
            if row["IsInfra"] and not self.get_option("infra"):
                continue
            host = self.host_name(user, row)
            if host in names:
                raise AnsibleParserError("Containers of %s and %s are called %s. Set hostname to user_name or id." % (
                    *(one or own_name() for one in (names[host], user)), host))
            names[host] = user
            self.inventory.add_host(host)
            values = self.variables(user, row)
            for name, value in values.items():
                self.inventory.set_variable(host, name, value)
            for group in group_names(values, self.get_option("group_by")):
                self.inventory.add_child(self.inventory.add_group(group), host)
            self._construct(host, values)

    def _construct(self, host, values):
        strict = self.get_option("strict")
        try:
            self._set_composite_vars(self.get_option("compose"), values, host, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), values, host, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), values, host, strict=strict)
        except AnsibleError as exc:
            raise AnsibleParserError("The container %s: %s" % (host, exc)) from exc

    def host_name(self, user, row):
        """What a container is called in the inventory."""
        kind, name = self.get_option("hostname"), row["Names"][0]
        if kind == "id":
            return row["Id"][:12]
        return "%s_%s" % (user, name) if kind == "user_name" and user else name

    def variables(self, user, row):
        """The variables of a container's host. What an image or a label says is data, never a template."""
        values = {name: row.get(key) or ([] if name in LISTS else row.get(key)) for name, key in VARIABLES}
        values.update(name=row["Names"][0], user=user or own_name(), labels=row["Labels"] or {},
                      ports=row["Ports"] or [])
        result = {"pycontainer_" + name: wrap_var(value) if MARKED else value for name, value in values.items()}
        result.update(ansible_connection="pycontainer.engine.container", ansible_host=row["Names"][0])
        for name, value in dict({name: self.get_option(name) for name in OF_CONNECTION}, run_as_user=user).items():
            if value:
                result["ansible_pycontainer_" + name] = value
        return result


def own_name():
    """Who this is; $USER and $LOGNAME stay another's after su(1)."""
    return pwd.getpwuid(os.getuid()).pw_name


def _csv(text):
    """A value for a flag that takes several with commas between, as in CSV."""
    return '"%s"' % text.replace('"', '""') if set(text) & set(',"\n') else text


def group_names(values, kinds):
    """The groups of a host with these variables, by what ``kinds`` name."""
    words = []
    for kind in kinds:
        value = values["pycontainer_" + {"label": "labels", "network": "networks"}.get(kind, kind)]
        if kind == "image":
            # registry:5000/name:tag@digest; a port is no tag
            head, slash, last = value.partition("@")[0].rpartition("/")
            words.append(("image", head + slash + last.partition(":")[0]))
        elif kind == "label":
            words += [("label", name) for name in value]
            words += [("label", name, text) for name, text in value.items() if text]
        else:
            words += [(kind, one) for one in (value if isinstance(value, list) else [value])]
    return [to_safe_group_name("_".join(row), force=True, silent=True) for row in words if row[-1]]
