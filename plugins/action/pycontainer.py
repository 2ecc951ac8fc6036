# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes a free-form command line, which Ansible gives to no module of a collection by itself."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

OPTIONS = frozenset(("cmd", "argv", "stdin", "root", "runroot", "runtime"))


class ActionModule(ActionBase):
    """Hands the words on to the module as its option ``cmd``."""

    supports_raw_params = True

    def run(self, tmp=None, task_vars=None):
        """Run the module on the host."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        words = arguments.pop("_raw_params", None)
        if words:
            lost = sorted(set(arguments) - OPTIONS)
            if lost or "cmd" in arguments or "argv" in arguments:
                # Ansible takes every WORD=VALUE out of the line, and its place is lost.
                raise AnsibleActionFail(
                    "A free-form command line cannot hold words with '=' (%s). Give the words as a list: "
                    "-a '{\"argv\": [\"run\", \"-e\", \"A=b\", \"IMAGE\"]}'" % ", ".join(lost or ["cmd", "argv"]))
            arguments["cmd"] = words
        result.update(self._execute_module(
            module_name="pycontainer.engine.pycontainer", module_args=arguments, task_vars=task_vars))
        return result
