# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes a free-form command line, which Ansible gives to no module of a collection by itself.

Ansible takes every WORD=VALUE out of such a line before a plugin sees it, and its place is lost. So the line
is read where it was written: in the task, or on the command line of ansible(1).
"""

from __future__ import annotations

import shlex

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

OPTIONS = frozenset(("cmd", "argv", "stdin", "root", "runroot", "runtime", "run_as_user"))
GROUP = "group/pycontainer.engine.all"


def split_line(text):
    """The module's options that a line begins with, as NAME=VALUE, and the words of the command."""
    words = shlex.split(text)
    options = {}
    while words:
        name, equals, value = words[0].partition("=")
        if not equals or name not in OPTIONS:
            break
        options[name] = value
        words.pop(0)
    return options, words


class ActionModule(ActionBase):
    """Hands the words on to the module as its option ``argv``."""

    supports_raw_params = True

    def run(self, tmp=None, task_vars=None):
        """Run the module on the host."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if "_raw_params" in arguments:
            arguments = self._free_form(arguments)
        result.update(self._execute_module(
            module_name="pycontainer.engine.pycontainer", module_args=arguments, task_vars=task_vars))
        return result

    def _free_form(self, arguments):
        """The module's options for a task with a free-form line."""
        line = self._written()
        if line is None:
            if set(arguments) - OPTIONS - {"_raw_params"}:
                raise AnsibleActionFail("The words of a free-form line with '=' are lost. Give them as argv, a list.")
            line, own = arguments["_raw_params"], {name: arguments[name] for name in OPTIONS & set(arguments)}
        else:
            line, own = self._templar.template(line), self._given_apart(arguments)
        try:
            options, words = split_line(line)
        except ValueError as exc:
            raise AnsibleActionFail("The command line is not quoted well: %s" % exc) from exc
        both = {"cmd", "argv"} & (set(own) | set(options))
        if both and words:
            raise AnsibleActionFail("There is a free-form command line and %s too. Give one of them." % both.pop())
        return dict(own, **options, **({"argv": words} if words else {}))

    def _written(self):
        """The line as it was written, with its templates; None where it came in another way."""
        known = getattr(self._task, "_ds", None) or {}
        for key, value in known.items():
            if not isinstance(value, str):
                continue
            if key in ("action", "local_action") and len(value.split(None, 1)) > 1:
                return value.split(None, 1)[1]
            if key.rpartition(".")[2] == "pycontainer":
                return value
        action = known.get("action")
        if isinstance(action, dict):  # ansible(1) before 2.19
            action = action.get("module")
        if action and context.CLIARGS.get("module_name") == action:
            return context.CLIARGS.get("module_args")
        return None

    def _given_apart(self, arguments):
        """The options that were not given in the line: by the task's ``args`` and by module_defaults."""
        given = {}
        for defaults in self._task.module_defaults or ():
            for key in (GROUP, "pycontainer.engine.pycontainer"):
                given.update(defaults.get(key) or {})
        written = (getattr(self._task, "_ds", None) or {}).get("args")
        if isinstance(written, dict) and "_raw_params" not in written:
            given.update(written)
        # What the line does not name was templated by Ansible already.
        return {name: self._templar.template(value) for name, value in given.items() if name in OPTIONS}
