# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between Ansible and the engine: parameters in, result or error out. Only this file imports Ansible."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Mapping, NamedTuple, Tuple

from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from .engine.context import Context
    from .state.option import Row

# The options of every module; the doc fragment `engine` describes them.
ENGINE = {"root": {"type": "path"}, "runroot": {"type": "path"}, "runtime": {"type": "str"}}


class Result(NamedTuple):
    """What a module did, or in check mode would do. ``values`` are the module's own return values."""

    changed: bool
    values: Dict[str, Any] = {}
    before: Mapping[str, Any] = {}
    after: Mapping[str, Any] = {}


Run = Callable[["Context", Mapping[str, Any], bool], Result]
Table = Callable[[], Tuple[Iterable["Row"], Mapping[str, Any]]]


def run_module(table: Table, run: Run) -> None:
    """Call ``run(context, params, check_mode)`` and hand Ansible what comes of it.

    ``table`` gives the module's options and AnsibleModule's own constraints on them: mutually_exclusive,
    required_if and so on. Both functions import the engine when they are called and not before, so that
    it comes from the host's copy.
    """
    copied = use_copy()
    from .engine.context import make_context
    from .engine.errors import EngineError
    from .state.option import argument_spec

    rows, constraints = table()
    module = AnsibleModule(argument_spec=dict(ENGINE, **argument_spec(rows)), supports_check_mode=True, **constraints)
    params = module.params
    try:
        context = make_context(root=params["root"], runroot=params["runroot"], runtime=params["runtime"])
        result = run(context, params, module.check_mode)
        if not copied and not module.check_mode and os.path.isdir(context.path("containers")):
            from .engine.service import persist

            persist.keep(context)
    except EngineError as exc:
        module.fail_json(msg=str(exc), error=type(exc).__name__, hint=exc.hint or "")
    answer = dict(result.values, changed=result.changed)
    if result.before or result.after:
        answer["diff"] = {"before": dict(result.before), "after": dict(result.after)}
    module.exit_json(**answer)


def use_copy() -> bool:
    """Import the engine from the byte-compiled copy that the host has of this payload's; False when it has none.

    The roots are needed before Ansible has checked the parameters: its table of options is in the copy.
    """
    from .engine.kernel import payload

    try:
        # Meant for modules that look at their parameters early.
        params = basic._load_params() or {}
    except Exception:  # noqa: BLE001 - AnsibleModule will say what is wrong with them
        return False
    places = [params.get(name) or default for name, default in (("root", "/var/lib/pycontainer"),
                                                                ("runroot", "/run/pycontainer"))]
    if not all(isinstance(place, str) for place in places):
        return False
    copy = payload.copy_of(places[0], places[1])
    if copy is None:
        return False
    for tree in ("engine", "state"):
        prefix = "%s.%s" % (__package__, tree)
        for name in [n for n in sys.modules if n.startswith(prefix + ".")]:
            del sys.modules[name]
        importlib.import_module(prefix).__path__ = [os.path.join(copy, tree)]
    return True
