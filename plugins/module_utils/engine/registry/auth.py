# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials for registries: auth.json and credential helpers (containers-auth.json(5))."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from ..context import Context
from ..errors import EngineError, InvalidInput
from ..formats import jsonbytes
from ..kernel import files

DOCKER_KEYS = ("docker.io", "https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Credentials:
    """A user name and password, or an identity token. Never shown: ``repr`` leaves the secrets out."""

    username: str
    password: str = field(repr=False, default="")
    identity_token: str = field(repr=False, default="")


def default_file(ctx: Context) -> str:
    """Where login writes: below the user's runtime directory, which no reboot survives."""
    directory = "/run/containers/0" if not ctx.rootless else "/run/user/%d/containers" % ctx.uid
    return os.path.join(directory, "auth.json")


def _search(ctx: Context, authfile: Optional[str]) -> List[str]:
    if authfile:
        return [authfile]
    return [default_file(ctx), os.path.join(ctx.home, ".config", "containers", "auth.json"),
            os.path.join(ctx.home, ".docker", "config.json")]


def _read(path: str) -> Dict[str, Any]:
    try:
        with open(path, "rb") as stream:
            data = stream.read(jsonbytes.MAX_SIZE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as exc:
        raise InvalidInput("Cannot read %s: %s" % (path, exc.strerror)) from exc
    document = jsonbytes.loads(data, path) if data.strip() else {}
    for key in ("auths", "credHelpers"):
        if not isinstance(document.get(key, {}), dict):
            raise InvalidInput("%s: %s is no object" % (path, key), "Mend the file, or log in with another one.")
    return document


def keys(name: str) -> List[str]:
    """The keys that may hold a repository's credentials, the most specific first."""
    parts = name.split("/")
    result = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return result + list(DOCKER_KEYS[1:]) if parts[0] == "docker.io" else result


def find(ctx: Context, name: str, *, authfile: Optional[str] = None) -> Optional[Credentials]:
    """Credentials for a repository ('registry.example/team/app') or a registry, or None.

    Raises InvalidInput for a damaged file and EngineError for a failing helper.
    """
    wanted = keys(name)
    for path in _search(ctx, authfile):
        document = _read(path)
        helpers = document.get("credHelpers") or {}
        if wanted[-1] in helpers or name.split("/")[0] in helpers:
            return _ask_helper(str(helpers.get(name.split("/")[0]) or helpers[wanted[-1]]), name.split("/")[0])
        for key in wanted:
            entry = (document.get("auths") or {}).get(key)
            if isinstance(entry, dict) and entry:
                return _decode(entry, path, key)
        store = document.get("credsStore")
        if isinstance(store, str) and store:
            found = _ask_helper(store, name.split("/")[0])
            if found is not None:
                return found
    return None


def _decode(entry: Dict[str, Any], path: str, key: str) -> Credentials:
    token = entry.get("identitytoken") or ""
    try:
        text = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise InvalidInput("%s has no readable credentials for %s" % (path, key), "Log in again.") from exc
    username, colon, password = text.partition(":")
    if not colon and not token:
        raise InvalidInput("%s has no readable credentials for %s" % (path, key), "Log in again.")
    return Credentials(username, password.rstrip("\0"), str(token))


def _ask_helper(name: str, registry: str) -> Optional[Credentials]:
    """Ask docker-credential-NAME (github.com/docker/docker-credential-helpers' protocol)."""
    import shutil
    import subprocess

    if not name.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput("%r is no credential helper" % name[:80])
    program = shutil.which("docker-credential-" + name)
    if program is None:
        raise EngineError("The credential helper docker-credential-%s is not on this host" % name,
                          "Install it, or take it out of auth.json.")
    done = subprocess.run([program, "get"], input=registry.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, timeout=60)
    if done.returncode:
        return None
    answer = jsonbytes.loads(done.stdout, "The answer of docker-credential-" + name)
    username, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
    return Credentials("", "", secret) if username == "<token>" else Credentials(username, secret)


def store(ctx: Context, registry: str, credentials: Credentials, *, authfile: Optional[str] = None) -> str:
    """Keep credentials; the path of the file, which is 0600. What else is in it stays."""
    path = authfile or default_file(ctx)
    files.make_directory(os.path.dirname(path))
    with files.locked(path + ".lock"):
        document = _read(path)
        text = "%s:%s" % (credentials.username, credentials.password)
        document.setdefault("auths", {})[registry] = {"auth": base64.b64encode(text.encode()).decode()}
        _write(path, document)
    return path


def forget(ctx: Context, registry: Optional[str], *, authfile: Optional[str] = None) -> bool:
    """Forget a registry's credentials, or with None all; whether there were any."""
    path = authfile or default_file(ctx)
    if not os.path.exists(path):
        return False
    with files.locked(path + ".lock"):
        document = _read(path)
        entries = document.get("auths") or {}
        gone = list(entries) if registry is None else [registry] if registry in entries else []
        for key in gone:
            del entries[key]
        if gone:
            _write(path, document)
    return bool(gone)


def _write(path: str, document: Dict[str, Any]) -> None:
    files.write_atomic(path, json.dumps(document, indent=2, sort_keys=True).encode() + b"\n", 0o600)
    os.unlink(path + ".lock")
