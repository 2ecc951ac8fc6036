#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a command in a container."""

DOCUMENTATION = r"""
module: exec
short_description: Run a command in a container
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Runs a command in a container that runs, and returns what it wrote and its exit code.
  - The task fails when the exit code is not 0. It reports a change unless C(changed_when) says otherwise; in check
    mode it is skipped.
extends_documentation_fragment:
  - pycontainer.engine.engine
attributes:
  check_mode:
    description: Predicts what a real run would do, and changes nothing on the host.
    support: partial
    details: The command is not run, and the task says so; what it would change is not known.
  diff_mode:
    description: What a command changes is not known.
    support: none
  platform:
    description: Where the module works.
    platforms: linux
    support: full
options:
  name:
    description: Name or ID of the container.
    type: str
    required: true
  command:
    description: The command as one line. It is split into words; no shell is run.
    type: str
  argv:
    description: The command as a list of words.
    type: list
    elements: str
  env:
    description: Further environment variables.
    type: dict
  user:
    description: User in the container, as C(user[:group]).
    type: str
  workdir:
    description: Working directory in the container.
    type: path
  stdin:
    description: What the command gets on its standard input.
    type: str
  tty:
    description: Give the command a terminal.
    type: bool
    default: false
  privileged:
    description: Give the command all capabilities.
    type: bool
    default: false
  detach:
    description: Do not wait for the command to end.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: How much there is
  pycontainer.engine.exec:
    name: db
    argv: [psql, --tuples-only, --command, select count(*) from visits]
    user: postgres
  register: visits
  changed_when: false
"""

RETURN = r"""
rc:
  description: Exit code of the command; absent when it was detached.
  returned: when the command ended
  type: int
  sample: 0
stdout:
  description: What it wrote to its standard output.
  returned: success
  type: str
stdout_lines:
  description: The same, by lines.
  returned: success
  type: list
  elements: str
stderr:
  description: What it wrote to its standard error.
  returned: success
  type: str
stderr_lines:
  description: The same, by lines.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Run the command."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import execution

    return execution.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import Row

    return (
        Row("name", settings={"required": True}), Row("command"), Row("argv", "list", settings={"elements": "str"}),
        Row("env", "dict"), Row("user"), Row("workdir", "path"), Row("stdin"),
        Row("tty", "bool", settings={"default": False}), Row("privileged", "bool", settings={"default": False}),
        Row("detach", "bool", settings={"default": False}),
    ), {"required_one_of": [("command", "argv")], "mutually_exclusive": [("command", "argv")]}


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
