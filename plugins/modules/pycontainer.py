#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Anything that the command line can do."""

DOCUMENTATION = r"""
module: pycontainer
short_description: Anything that the command line can do
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Runs a command line of C(pycontainer), which has podman's verbs and options, on the host.
  - The words can be given free-form, as in C(ansible web -m pycontainer.engine.pycontainer -a "run -e A=b IMAGE").
    They are split as a shell splits words. Options of the module that are to go with a free-form line, such as
    O(root), stand before the verb, as C(root=/srv/containers ps -a), or in a task's C(args).
    With ansible-core older than 2.19 this takes P(pycontainer.engine.freeform#inventory), which is enabled in
    C(ansible.cfg); O(cmd) and O(argv) work without it.
  - Verbs that only read never report a change; all others do. In check mode those others are not run.
extends_documentation_fragment:
  - pycontainer.engine.engine
attributes:
  check_mode:
    description: Predicts what a real run would do, and changes nothing on the host.
    support: partial
    details: Verbs that only read run as ever. All others are not run, and the task reports a change.
  diff_mode:
    description: What a command changes is not known.
    support: none
  platform:
    description: Where the module works.
    platforms: linux
    support: full
options:
  cmd:
    description: The words as one line. It is split as a shell splits words; no shell is run.
    type: str
  argv:
    description: The words as a list.
    type: list
    elements: str
  stdin:
    description:
      - What the command reads. Verbs that ask first, such as C(image prune), take their answer from here; without one
        they fail and remove nothing, unless they are given C(--force).
    type: str
"""

EXAMPLES = r"""
- name: What runs
  pycontainer.engine.pycontainer:
    cmd: ps --all --format json

- name: The same, free-form
  pycontainer.engine.pycontainer: ps --all --filter label=tier=web

- name: A container, once
  pycontainer.engine.pycontainer:
    argv: [run, --rm, -e, "COLOUR=red", docker.io/library/busybox, env]
"""

RETURN = r"""
rc:
  description: The exit code, as podman's.
  returned: when it was run
  type: int
  sample: 0
stdout:
  description: What was written to standard output.
  returned: when it was run
  type: str
stdout_lines:
  description: The same, line by line.
  returned: when it was run
  type: list
  elements: str
stderr:
  description: What was written to standard error.
  returned: when it was run
  type: str
cmd:
  description: The words.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Run the words in this process."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import captured
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.plan import Result

    words = captured.words(params["cmd"], params["argv"])
    warnings = captured.enter(ctx, words, make=not check)
    done = captured.run(ctx, words, params["stdin"], check=check)
    if done.code is None:
        return Result(True, {"cmd": words, "skipped": True, "msg": "%s was not run in check mode" % words[0]})
    values = {"cmd": words, "rc": done.code, "stdout": done.out, "stdout_lines": done.out.splitlines(),
              "stderr": done.err, "failed": bool(done.code), "warnings": warnings}
    if done.code:
        values["msg"] = done.err.strip() or "The command ended with %d" % done.code
    return Result(done.changes, values)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import Row

    return (Row("cmd"), Row("argv", "list", settings={"elements": "str"}), Row("stdin")), {
        "required_one_of": [("cmd", "argv")], "mutually_exclusive": [("cmd", "argv")]}


def main():
    """Entry point."""
    run_module(table, run, enters=False)


if __name__ == "__main__":
    main()
