# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between Ansible and the engine: parameters in, result or error out. Only this file imports Ansible."""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import check_type_dict, check_type_list

if TYPE_CHECKING:
    from .engine.context import Context
    from .engine.errors import EngineError
    from .state.option import Entries, Row
    from .state.plan import Result

# The options of every module; the doc fragment `engine` describes them.
ENGINE = {"root": {"type": "path"}, "runroot": {"type": "path"}, "runtime": {"type": "str"},
          "run_as_user": {"type": "str"}}
TREES = ("engine", "state", "nouns")


Run = Callable[["Context", Mapping[str, Any], bool], "Result"]
Table = Callable[[], Tuple[Iterable["Row"], Mapping[str, Any]]]

Work = Callable[[bool], Dict[str, Any]]
Forms = Callable[[], Mapping[str, "Entries"]]


def run_module(table: Table, run: Run, entries: Optional[Forms] = None, *, enters: bool = True) -> None:
    """Call ``run(context, params, check_mode)`` and hand Ansible what comes of it.

    ``table`` gives the module's options and AnsibleModule's own constraints on them: mutually_exclusive,
    required_if and so on. Both functions import the engine when they are called and not before, so that
    it comes from the host's copy. With the option run_as_user a child does the work as that user.
    ``entries`` says what the dicts of options that are lists of them may hold. A user's work is done in the user's
    namespaces, unless ``run`` ``enters`` them by itself, where it has to.
    """
    # A module is over before its garbage matters; looking for it, meanwhile and at its end, takes 14 ms.
    gc.set_threshold(100_000)
    early = _early_parameters()
    copied = early.get("run_as_user") is None and use_copy(early)
    from .state.option import argument_spec

    rows, constraints = table()
    forms = entries() if entries is not None else {}
    kind = _discreet(forms, early) if forms else AnsibleModule
    module = kind(argument_spec=dict(ENGINE, **argument_spec(rows)), supports_check_mode=True, **constraints)
    if forms:
        _check_entries(module, forms)
    if module.params["run_as_user"] is None and os.getuid() == 0:
        answer = _work(module, run, enters, copied)
    else:
        answer = _in_child(module, functools.partial(_work, module, run, enters), copied)
    gc.freeze()  # nothing is looked through when the interpreter ends
    for warning in answer.pop("warnings", ()):
        module.warn(warning)
    if answer.pop("failed", False):
        module.fail_json(**answer)
    module.exit_json(**answer)


def _work(module: AnsibleModule, run: Run, enters: bool, copied: bool) -> Dict[str, Any]:
    """What the module answers, with ``failed`` when an error came up."""
    from .engine.context import make_context
    from .engine.errors import EngineError, NoSpace, of_system

    params, context = module.params, None
    try:
        context = make_context(root=params["root"], runroot=params["runroot"], runtime=params["runtime"])
        warnings = _enter(context, not module.check_mode) if enters else []
        result = run(context, params, module.check_mode)
        if not copied and not module.check_mode and os.path.isdir(context.path("containers")):
            from .engine.service import persist

            with contextlib.suppress(NoSpace):
                persist.keep(context)
        if context.rootless and result.changed and not module.check_mode:
            from .engine.service import linger

            warnings += filter(None, [linger.warning(context)])
    except EngineError as exc:
        return dict(_refusal(exc), warnings=context.warnings if context is not None else [])
    except OSError as exc:
        return {"failed": True, "msg": str(of_system(exc)), "error": type(exc).__name__,
                "exception": traceback.format_exc()}
    warnings += result.values.get("warnings", ())
    answer = dict(result.values, changed=result.changed, warnings=[*warnings, *context.warnings])
    if result.diffs:
        answer["diff"] = result.diffs[0] if len(result.diffs) == 1 else result.diffs
    return answer


def _refusal(exc: EngineError) -> Dict[str, Any]:
    """An error as a module's answer."""
    answer = {"failed": True, "msg": str(exc), "error": type(exc).__name__, "hint": exc.hint or ""}
    if exc.unread:
        answer["unread"] = exc.unread
    return dict(answer, changed=True, actions=list(exc.done)) if exc.done else answer


def _discreet(forms: Mapping[str, Entries], params: Mapping[str, Any]) -> Any:
    """An AnsibleModule that knows what nobody may see before it checks, logs or tells anything."""
    secret = {option: names for option, form in forms.items() if (names := _secret(form))}
    hidden = _hidden(secret, params)

    class Discreet(AnsibleModule):
        def _load_params(self) -> None:
            super()._load_params()
            self.no_log_values.update(hidden)

        def _log_invocation(self) -> None:
            # It writes a list as Python does, where a secret with a newline is another text than the one to be hidden.
            whole = self.params
            self.params = {name: value for name, value in whole.items() if name not in secret}
            super()._log_invocation()
            self.params = whole

    return Discreet


def _secret(form: Entries) -> List[str]:
    """The names of what is secret in entries of a kind."""
    return [name for row in form.rows if row.settings.get("no_log")
            for name in (row.name, *row.settings.get("aliases", ()))]


def _hidden(secret: Mapping[str, Sequence[str]], params: Mapping[str, Any]) -> Set[str]:
    """The values of options that are secret, in entries that nobody has checked yet: they may be texts, or nonsense."""
    found = set()
    for option, names in secret.items():
        for entry in _as(check_type_list, params.get(option)) or ():
            given = _as(check_type_dict, entry) or {}
            values = [str(given[name]) for name in names if given.get(name) not in (None, "")]
            # Some errors quote what they are about.
            found.update(form for value in values for form in (value, repr(value)[1:-1]))
    return found


def _as(kind: Callable[[Any], Any], value: Any) -> Any:
    """The value as Ansible would take it, None when it would not."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        return None


def _check_entries(module: AnsibleModule, forms: Mapping[str, Entries]) -> None:
    """Put entries with defaults, types and proper names in the place of those that were given, or fail."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    from .state.option import argument_spec

    errors = []
    for option, form in forms.items():
        validator = ArgumentSpecValidator(argument_spec(form.rows), **form.constraints)
        checked = []
        for number, entry in enumerate(module.params[option]):
            result = validator.validate(entry)
            errors += ["%s[%d] (%s): %s" % (option, number, entry.get("name", "without a name"), text)
                       for text in _wrong(entry, result, form.noun)]
            checked.append(result.validated_parameters)
        module.params[option] = checked
    if errors:
        module.fail_json(msg="; ".join(errors))


def _wrong(entry: Mapping[str, Any], result: Any, noun: str) -> List[str]:
    """What is wrong with an entry."""
    own = sorted(set(ENGINE) & set(entry))
    if own:
        hint = ", or in the role containers to containers_user" if "run_as_user" in own else ""
        return ["%s belongs to the whole task%s, not to an entry" % (" and ".join(own), hint)]
    if result.unsupported_parameters:
        names = sorted(".".join(name) if isinstance(name, tuple) else name for name in result.unsupported_parameters)
        return ["there is no option %s, see ansible-doc pycontainer.engine.%s" % (" or ".join(names), noun)]
    return list(result.error_messages)


def _enter(context: Context, make: bool) -> List[str]:
    if not context.rootless:
        return []
    from .engine.service import rootless

    return rootless.enter(context, make=make)


def _in_child(module: AnsibleModule, work: Work, copied: bool) -> Dict[str, Any]:
    """Let a child do the work, as the user of run_as_user or as this process's own; its answer.

    There is no way back from another user or out of a namespace, and this process still has to tidy up
    what Ansible gave it.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        code = 1
        try:
            with os.fdopen(write, "w", encoding="utf-8") as stream:
                try:
                    answer = _as_user(module, work, copied)
                except Exception as exc:  # noqa: BLE001 - told where Ansible shows it, as if there were no child
                    answer = {"failed": True, "msg": "%s: %s" % (type(exc).__name__, exc),
                              "exception": traceback.format_exc()}
                json.dump(answer, stream)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as stream:
        text = stream.read()
    status = os.waitpid(child, 0)[1]
    if not text or status:
        return {"failed": True, "msg": "The process that works for the user ended with status %d" % status}
    result: Dict[str, Any] = json.loads(text)
    unit = result.pop("unread", "")
    if unit and os.getuid() == 0:
        result["msg"] += _journal(module.params["run_as_user"], unit)
    return result


def _journal(user: str, unit: str) -> str:
    """What a user's unit said last, which that user could not read."""
    from .engine.context import make_context
    from .engine.kernel import account
    from .engine.service import systemd

    return systemd.journal(make_context(), unit, uid=account.find(user).pw_uid)


def _as_user(module: AnsibleModule, work: Work, copied: bool) -> Dict[str, Any]:
    from .engine.errors import EngineError, InvalidInput

    try:
        name = module.params["run_as_user"]
        if name is not None:
            from .engine.kernel import account

            entry = account.find(name)
            if os.getuid() == 0:
                _become(entry, make=not module.check_mode)
            elif os.getuid() != entry.pw_uid:
                raise InvalidInput("run_as_user: %s needs root" % name, "Let the play become root.")
    except EngineError as exc:
        return _refusal(exc)
    return work(copied or use_copy(module.params))


def _become(entry: Any, *, make: bool) -> None:
    """Become a user. The engine's files are read before, where they may lie in a directory of root's.

    Without ``make`` nothing is made for a user who has no session: in check mode.
    """
    from .engine.context import prepare_user_runroot
    from .engine.errors import InvalidInput
    from .engine.kernel import account, payload

    holder = payload.Held(str(__package__))
    if make:
        prepare_user_runroot(entry.pw_uid, entry.pw_gid)
    account.become(entry)
    if not os.access(os.__file__, os.R_OK):
        raise InvalidInput("The user %s cannot read the Python that runs this task, %s" % (
            entry.pw_name, sys.executable),
            "Set ansible_python_interpreter to one that everybody can read, such as /usr/bin/python3.")
    sys.meta_path.insert(0, holder)
    _forget_engine()


def _early_parameters() -> Mapping[str, Any]:
    """The parameters before Ansible has checked them: its table of options is in the host's copy of the engine."""
    try:
        # Meant for modules that look at their parameters early.
        return basic._load_params() or {}
    except Exception:  # noqa: BLE001 - AnsibleModule will say what is wrong with them
        return {}


def use_copy(params: Mapping[str, Any]) -> bool:
    """Import the engine from the byte-compiled copy that the host has of this payload's; False when it has none."""
    from .engine.kernel import payload

    places = _places(params)
    if not all(isinstance(place, str) for place in places):
        return False
    copy = payload.copy_of(places[0], places[1])
    if copy is None:
        return False
    _forget_engine()
    for tree in TREES:
        place = os.path.join(copy, tree)
        if os.path.isdir(place):  # not every module's payload has all of them
            importlib.import_module("%s.%s" % (__package__, tree)).__path__ = [place]
    # Not before: a package that nobody has imported yet comes from what is held, when the payload is only root's.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "Held"]
    return True


def _places(params: Mapping[str, Any]) -> Tuple[Any, Any]:
    root, runroot = params.get("root"), params.get("runroot")
    if os.getuid() == 0:
        # Written out here too: an unchanged task need not load what finds a user's.
        return root or "/var/lib/pycontainer", runroot or "/run/pycontainer"
    from .engine.context import make_context
    from .engine.errors import EngineError

    try:
        context = make_context(root=root, runroot=runroot)
    except EngineError:
        return None, None
    return context.root, context.runroot


def _forget_engine() -> None:
    """Let the next import of the engine look for it anew."""
    for tree in TREES:
        prefix = "%s.%s" % (__package__, tree)
        for name in [n for n in sys.modules if n.startswith(prefix + ".")]:
            package, _dot, child = name.rpartition(".")
            if package in sys.modules:
                # 'from .state import pod' would find it there all the same, with errors of another class.
                vars(sys.modules[package]).pop(child, None)
            del sys.modules[name]
