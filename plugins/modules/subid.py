#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a user's ranges of subordinate IDs in a declared state."""

DOCUMENTATION = r"""
module: subid
short_description: Keep a user's subordinate user and group IDs in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Gives a user ranges in C(/etc/subuid) and C(/etc/subgid), which rootless containers need for any user but their
    root, or takes them away. Root only.
  - Ranges are allocated by C(/etc/login.defs), and never overlap a range of another user or the ID of an account.
    A user who has enough IDs is left alone, and so is everybody whose ranges come from elsewhere, by a C(subid)
    line in C(/etc/nsswitch.conf).
  - The files are locked as C(usermod) locks them and replaced atomically. Comments and lines of others stay.
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
    description: Whether the user is to have ranges.
    type: str
    choices: [absent, present]
    default: present
  count:
    description:
      - How many IDs of each kind. Without O(start), a user who has more keeps them, and one who has fewer gets a
        further range.
      - By default what login.defs says as C(SUB_UID_COUNT) and C(SUB_GID_COUNT), and 65536 where it says nothing.
    type: int
  start:
    description:
      - First ID of the range. It is then the user's only range, in both files.
      - By default the first free one.
    type: int
notes:
  - Containers and images of a user belong to IDs of the ranges that the user had. Where RV(migrate_needed) is true,
    run C(pycontainer system migrate) as that user.
"""

EXAMPLES = r"""
- name: Alice may run rootless containers
  pycontainer.engine.subid:
    user: alice

- name: A range that is the same on all hosts
  pycontainer.engine.subid:
    user: deploy
    start: 1000000
    count: 65536

- name: No ranges for a user who is gone
  pycontainer.engine.subid:
    user: bob
    state: absent
"""

RETURN = r"""
actions:
  description: What was done; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [write (/etc/subuid), write (/etc/subgid)]
ranges:
  description: The user's ranges by C(uid) and C(gid), each with C(start) and C(count); in check mode as they are.
  returned: success
  type: dict
  sample: {uid: [{start: 100000, count: 65536}], gid: [{start: 100000, count: 65536}]}
source:
  description: Where ranges come from - C(files), or what C(/etc/nsswitch.conf) says.
  returned: success
  type: str
  sample: files
migrate_needed:
  description:
    - Whether the user's engine works in namespaces that have other IDs than the user's ranges; in check mode, than
      the ranges that the user would have.
  returned: success
  type: bool
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply; what was planned without the locks is planned again under them."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import subid
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import subid as state

    def observe():
        return subid.observe(ctx, params["user"], required=params["state"] == "present")

    seen = observe()
    plan = state.plan(params, seen)
    coming = plan.document if check else {}
    if plan.changed and not check:
        with subid.locked():
            plan = state.plan(params, observe())
            subid.write(plan.document)
        seen = observe()
    shown = {kind: [{"start": row.start, "count": row.size} for row in rows]
             for kind, rows in state.ranges(seen).items()}
    return plan.result("user " + params["user"], ranges=shown, source=seen.source,
                       migrate_needed=subid.migrate_needed(seen.names, subid.planned(seen, coming or {})))


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import subid as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
