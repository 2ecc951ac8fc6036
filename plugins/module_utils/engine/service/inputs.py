# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules make of their parameters: keywords of a pull, files, a secret's value."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional

from ..context import Context
from ..errors import InvalidInput, NotFound
from ..formats import values

MAX_FILE = 4 * 1024 * 1024


def pull_options(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The keywords of a pull, from those options that were given."""
    names = {"tls_verify": "tls_verify", "authfile": "authfile", "ca_cert_dir": "cert_dir", "retry": "retry"}
    options = {key: params[name] for name, key in names.items() if params.get(name) is not None}
    if params.get("retry_delay"):
        options["retry_delay"] = values.duration(params["retry_delay"], "retry_delay")
    if params.get("username"):
        options["creds"] = (params["username"], params.get("password") or "")
    platform = params.get("platform")
    if not platform and (params.get("arch") or params.get("os") or params.get("variant")):
        from ..formats.platform import host
        parts = (params.get("os") or "linux", params.get("arch") or host().architecture, params.get("variant") or "")
        platform = "/".join(part for part in parts if part)
    if platform:
        options["platform"] = platform
    return options


def read_files(paths: Optional[Iterable[str]]) -> Dict[str, str]:
    """{path: text} of small files on the host; raises InvalidInput when one cannot be read."""
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
    rows = []
    for name in names:
        try:
            rows.append(inspect(ctx, name))
        except NotFound:
            continue
    return rows
