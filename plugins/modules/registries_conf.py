#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a registries.conf file in a declared state."""

DOCUMENTATION = r"""
module: registries_conf
short_description: Keep a registries.conf file in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Manages the search list, registries with their mirrors, and short-name aliases of a registries.conf file,
    which this engine, C(podman), C(skopeo) and CRI-O read.
  - Only what is declared is changed, unless O(state=exact). Everything else in the file stays as it is, comments
    included.
  - The new file is validated before it takes the place of the old one. A file in the old version 1 format is
    refused.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  path:
    description:
      - The file. When it is left out, C(/etc/containers/registries.conf) for root, and
        C(~/.config/containers/registries.conf) for others.
    type: path
  drop_in:
    description:
      - Name of a drop-in file in C(registries.conf.d) beside that file, with or without C(.conf).
      - Takes the place of O(path).
    type: str
  state:
    description:
      - V(present) has the file say what is declared, among what else it says.
      - V(exact) has it say that and nothing else; what is not declared is removed. Comments stay.
      - V(absent) removes the file.
    type: str
    choices: [absent, exact, present]
    default: present
  unqualified_search_registries:
    description: Where short names that have no alias are looked for, in this order. An empty list searches nowhere.
    type: list
    elements: str
    aliases: [search]
  short_name_mode:
    description: What C(podman) does with ambiguous short names. This engine never asks, whatever it says.
    type: str
    choices: [enforcing, permissive, disabled]
  registries:
    description: Registries, known by their O(registries[].prefix).
    type: list
    elements: dict
    suboptions:
      prefix:
        description: What image names begin with, such as C(docker.io/library) or C(*.example.com).
        type: str
      location:
        description: Where these images really are. When O(registries[].prefix) is left out, it is this.
        type: str
      insecure:
        description: Whether plain HTTP and any certificate will do.
        type: bool
      blocked:
        description: Whether nothing may be pulled from there.
        type: bool
      mirror_by_digest_only:
        description: Whether mirrors are only asked for images by digest.
        type: bool
      mirrors:
        description: Mirrors, asked in this order, before the registry itself. An empty list removes them.
        type: list
        elements: dict
        suboptions:
          location:
            description: Where the mirror is.
            type: str
            required: true
          insecure:
            description: Whether plain HTTP and any certificate will do.
            type: bool
          pull_from_mirror:
            description: Which images it is asked for.
            type: str
            choices: [all, digest-only, tag-only]
      state:
        description: V(absent) removes the registry from the file.
        type: str
        choices: [absent, present]
        default: present
  aliases:
    description: Short names and the complete names they stand for. An empty value removes the alias.
    type: dict
  purge:
    description: Whether to remove registries and aliases that are not declared, of those kinds that are.
    type: bool
    default: false
  backup:
    description: Whether to keep the old file beside the new one.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Search two registries
  pycontainer.engine.registries_conf:
    unqualified_search_registries: [registry.example.com, docker.io]

- name: Pull through a mirror, and give an image a short name
  pycontainer.engine.registries_conf:
    drop_in: 50-mirror
    registries:
      - prefix: docker.io
        location: docker.io
        mirrors:
          - location: mirror.example.com:5000
    aliases:
      shop: registry.example.com/team/shop

- name: This file says this alone, whatever it said before
  pycontainer.engine.registries_conf:
    drop_in: 50-search
    state: exact
    unqualified_search_registries: [registry.example.com]

- name: Nothing comes from there
  pycontainer.engine.registries_conf:
    registries:
      - location: untrusted.example.com
        blocked: true
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/containers/registries.conf
backup_file:
  description: Where the old file is kept.
  returned: when it was changed and O(backup) is set
  type: str
actions:
  description: What was done; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [write (/etc/containers/registries.conf)]
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import registriesconf
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import registries_conf as state

    change = registriesconf.plan(state.path(params, registriesconf.main_file(ctx)), state.declared(params))
    plan = state.plan(change.path, change.before, change.after)
    values = {"path": change.path}
    if plan.changed and not check:
        saved = registriesconf.apply(change, backup=params["backup"])
        if saved:
            values["backup_file"] = saved
    return plan.result(change.path, **values)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import registries_conf as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
