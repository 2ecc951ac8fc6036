# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials for registries: auth.json and credential helpers (containers-auth.json(5))."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ..context import Context
from ..errors import InvalidInput
from ..formats import jsonbytes
from ..formats.registriesconf import AUTH_FILES
from ..frozen import Frozen
from ..kernel import files, locks
from . import helper

RUNTIME = "/run/user"
VARIABLE = "REGISTRY_AUTH_FILE"
TOKENS = ("auth", "identitytoken", "registrytoken")
DOCKER_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io")


class Credentials(Frozen):
    """A user name and password, an identity token, or a registry token, which is sent as it is.

    Never shown: ``repr`` leaves the secrets out.
    """

    username: str
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""
    _hidden = ("password", "identity_token", "registry_token")


def default_file(ctx: Context) -> str:
    """Where login writes when no file is named: below the runtime directory, which no reboot survives, or the home
    of a user without one."""
    directory = "/run/containers/0"
    if ctx.rootless:
        runtime = "%s/%d" % (RUNTIME, ctx.uid)
        directory = os.path.join(runtime if os.path.isdir(runtime) else os.path.join(ctx.home, ".config"), "containers")
    return os.path.join(directory, "auth.json")


def _named(authfile: Optional[str]) -> Optional[str]:
    """The file that the user names, by an option or in the environment (containers-auth.json(5))."""
    return authfile or os.environ.get(VARIABLE) or None


def _search(ctx: Context, authfile: Optional[str]) -> List[str]:
    named = _named(authfile)
    if named:
        return [named]
    return [default_file(ctx), os.path.join(ctx.home, ".config", "containers", "auth.json"),
            os.path.join(ctx.home, ".docker", "config.json"), os.path.join(ctx.home, ".dockercfg")]


def _read(path: str) -> Dict[str, Any]:
    """An auth.json with its auths and credHelpers; an empty one when there is no such file."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(jsonbytes.MAX_SIZE + 1)
    except (FileNotFoundError, NotADirectoryError):
        data = b""
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
    document = jsonbytes.loads(data, path) if data.strip() else {}
    if os.path.basename(path) == ".dockercfg":
        # The oldest format is the table of registries alone.
        document = {"auths": document}
    for key in ("auths", "credHelpers"):
        if document.get(key) is None:
            document[key] = {}
        if not isinstance(document[key], dict):
            raise InvalidInput("%s: %s is no object" % (path, key), "Mend the file, or log in with another one.")
    return document


def keys(name: str) -> List[str]:
    """The keys that may hold a repository's credentials, the most specific first."""
    parts = name.split("/")
    result = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return result + list(DOCKER_KEYS) if parts[0] == "docker.io" else result


def find(ctx: Context, name: str, *, authfile: Optional[str] = None,
         helpers: Sequence[str] = ()) -> Optional[Credentials]:
    """Credentials for a repository ('registry.example/team/app') or a registry, or None.

    ``helpers`` are registries.conf's credential-helpers. Raises InvalidInput for a damaged file and
    EngineError for a failing helper.
    """
    host = name.split("/")[0]
    for source in helpers or (AUTH_FILES,):
        from_files = source == AUTH_FILES
        found = _find_in_files(ctx, name, authfile) if from_files else _from_helper(ctx, source, host)
        if found is not None:
            return found
    return None


def _find_in_files(ctx: Context, name: str, authfile: Optional[str]) -> Optional[Credentials]:
    host = name.split("/")[0]
    for path in _search(ctx, authfile):
        document = _read(path)
        for key in keys(name):
            program = document["credHelpers"].get(key)
            if isinstance(program, str) and program:
                return _from_helper(ctx, program, host)
            entry = document["auths"].get(key)
            if isinstance(entry, dict) and any(entry.get(token) for token in TOKENS):
                return _decode(entry, path, key)
        for key, entry in document["auths"].items():
            # Docker's older files have whole addresses as keys.
            if "://" in key and isinstance(entry, dict) and any(entry.get(token) for token in TOKENS) and \
                    key.partition("://")[2].partition("/")[0] == host:
                return _decode(entry, path, key)
        store_name = document.get("credsStore")
        if isinstance(store_name, str) and store_name and helper.exists(ctx, store_name):
            found = _from_helper(ctx, store_name, host)
            if found is not None:
                return found
    return None


def _from_helper(ctx: Context, program: str, host: str) -> Optional[Credentials]:
    """What a helper knows. Docker's own tools file the Hub under its old address."""
    for name in (host, DOCKER_KEYS[0]) if host == "docker.io" else (host,):
        known = helper.get(ctx, program, name)
        if known is not None:
            username, secret = known
            return Credentials("", "", secret) if username == "<token>" else Credentials(username, secret)
    return None


def _decode(entry: Dict[str, Any], path: str, key: str) -> Credentials:
    identity, ready = (str(entry.get(name) or "") for name in ("identitytoken", "registrytoken"))
    try:
        text = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as exc:
        raise InvalidInput("%s has no readable credentials for %s" % (path, ascii(key)), "Log in again.") from exc
    username, colon, password = text.partition(":")
    # A token goes into a header: a line break in it would begin another one.
    if not (colon or identity or ready) or (ready and not re.match(r"\A[!-~]+\Z", ready)):
        raise InvalidInput("%s has no readable credentials for %s" % (path, ascii(key)), "Log in again.")
    return Credentials(username, password.rstrip("\0"), identity, ready)


def store(ctx: Context, registry: str, credentials: Credentials, *, authfile: Optional[str] = None) -> str:
    """Keep credentials; the path of the file, which is 0600. What else is in it stays.

    A registry that the file gives to a credential helper is kept there. Raises InvalidInput, EngineError.
    """
    if not credentials.username or ":" in credentials.username or not credentials.username.isprintable():
        raise InvalidInput("%s is no user name for a registry" % ascii(credentials.username[:80]),
                           "It has at least one character, and no colon.")
    with _editing(ctx, authfile) as (path, document):
        program = document["credHelpers"].get(registry)
        if isinstance(program, str) and program:
            helper.store(ctx, program, registry, credentials.username, credentials.password)
            return path
        text = "%s:%s" % (credentials.username, credentials.password)
        document["auths"][registry] = {"auth": base64.b64encode(text.encode()).decode()}
        _write(path, document)
    return path


def forget(ctx: Context, registry: Optional[str], *, authfile: Optional[str] = None) -> bool:
    """Forget a registry's credentials, or with None all; whether there were any."""
    if not os.path.exists(_named(authfile) or default_file(ctx)):
        return False
    with _editing(ctx, authfile) as (path, document):
        entries, programs = document["auths"], document["credHelpers"]
        names = (registry, *(DOCKER_KEYS if registry == "docker.io" else ()))
        gone = [key for key in entries if registry is None or key in names]
        for key in gone:
            del entries[key]
        if gone:
            _write(path, document)
        erased = [helper.erase(ctx, str(program), key) for key, program in programs.items()
                  if registry is None or key in names]
    return bool(gone) or any(erased)


@contextlib.contextmanager
def _editing(ctx: Context, authfile: Optional[str]) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """The path and the document, held against other engines of this kind; a link is followed, not replaced."""
    path = os.path.realpath(_named(authfile) or default_file(ctx))
    files.make_directory(os.path.dirname(path))
    lock = path + ".lock"
    with locks.locked(lock):
        try:
            yield path, _read(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(lock)


def _write(path: str, document: Dict[str, Any]) -> None:
    rows = {key: value for key, value in document.items() if value or key == "auths"}
    files.write_atomic(path, json.dumps(rows, indent=2, sort_keys=True).encode() + b"\n", 0o600)
