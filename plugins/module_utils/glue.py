# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between Ansible and the engine: parameters in, result or error out. Only this file imports Ansible."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from .engine.context import Context
    from .state.option import Row

MAX_FILE = 4 * 1024 * 1024

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


def pull_options(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The keywords of a pull, from those options that were given."""
    from .engine.formats import values

    names = {"tls_verify": "tls_verify", "authfile": "authfile", "ca_cert_dir": "cert_dir", "retry": "retry"}
    options = {key: params[name] for name, key in names.items() if params.get(name) is not None}
    if params.get("retry_delay"):
        options["retry_delay"] = values.duration(params["retry_delay"], "retry_delay")
    if params.get("username"):
        options["creds"] = (params["username"], params.get("password") or "")
    platform = params.get("platform")
    if not platform and (params.get("arch") or params.get("os") or params.get("variant")):
        from .engine.formats.platform import host
        parts = (params.get("os") or "linux", params.get("arch") or host().architecture, params.get("variant") or "")
        platform = "/".join(part for part in parts if part)
    if platform:
        options["platform"] = platform
    return options


def read_files(paths: Optional[Iterable[str]]) -> Dict[str, str]:
    """{path: text} of small files on the host; raises InvalidInput when one cannot be read."""
    from .engine.errors import InvalidInput

    result = {}
    for path in paths or ():
        try:
            with open(path, encoding="utf-8") as stream:
                result[path] = stream.read(MAX_FILE)
        except (OSError, UnicodeDecodeError) as exc:
            raise InvalidInput("%s cannot be read: %s" % (path, exc)) from exc
    return result


def secret_value(params: Mapping[str, Any]) -> Optional[bytes]:
    """The bytes of a secret from data, from the file ``path`` or from the variable ``env``; None when none is given."""
    from .engine.errors import InvalidInput

    if params["data"] is not None:
        return str(params["data"]).encode()
    if params["env"] is not None:
        if params["env"] not in os.environ:
            raise InvalidInput("The environment has no variable %s" % params["env"],
                               "Set it with the task's environment keyword.")
        return os.environb[params["env"].encode()]
    if params["path"] is None:
        return None
    try:
        with open(params["path"], "rb") as stream:
            return stream.read(MAX_FILE)
    except OSError as exc:
        raise InvalidInput("%s cannot be read: %s" % (params["path"], exc.strerror)) from exc


def inspect_all(ctx: Context, inspect: Callable[[Context, str], Any], names: Iterable[str]) -> List[Any]:
    """What ``inspect`` shows of each name; what does not exist, or was removed meanwhile, is left out."""
    from .engine.errors import NotFound

    rows = []
    for name in names:
        try:
            rows.append(inspect(ctx, name))
        except NotFound:
            continue
    return rows
