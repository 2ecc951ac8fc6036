# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a registry asks for with a 401, and the request for a bearer token (distribution's token specification)."""

from __future__ import annotations

import base64
import re
from typing import Dict, List, Mapping, Optional, Tuple
from urllib.parse import urlencode, urlsplit

from ..errors import RegistryError
from ..formats import jsonbytes
from ..frozen import Frozen
from .auth import Credentials
from .session import clean

MAX_TOKEN = 1024 * 1024
MAX_HEADER = 8192

Challenge = Tuple[str, Dict[str, str]]

# RFC 7235, section 2.1: schemes, and their parameters as name=token or name="quoted".
_PART = re.compile(r"""\s*,?\s*(?:
    (?P<key>[A-Za-z0-9_-]{1,64})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))
    | (?P<scheme>[A-Za-z0-9_-]{1,64})(?=\s|,|$))""", re.VERBOSE)


class TokenRequest(Frozen):
    """The request for a token; secrets stand in ``headers`` and ``body`` only."""

    method: str
    url: str
    headers: Dict[str, str] = {}
    body: Optional[str] = None
    _hidden = ("headers", "body")


def parse_challenges(text: str) -> List[Challenge]:
    """The challenges of a WWW-Authenticate header, schemes and names of parameters in lower case."""
    rows: List[Challenge] = []
    place, text = 0, text[:MAX_HEADER]
    while True:
        found = _PART.match(text, place)
        if found is None or found.end() == place:
            return rows
        place = found.end()
        if found["scheme"]:
            rows.append((found["scheme"].lower(), {}))
        elif rows:
            value = re.sub(r"\\(.)", r"\1", found["quoted"]) if found["quoted"] is not None else found["plain"]
            rows[-1][1].setdefault(found["key"].lower(), value)


def choose(text: str) -> Optional[Challenge]:
    """The challenge to answer: a token before a password, which would be sent with every request."""
    rows = parse_challenges(text)
    for scheme in ("bearer", "basic"):
        for row in rows:
            if row[0] == scheme:
                return row
    return None


def basic(credentials: Credentials) -> str:
    """The Authorization header for a user name and a password (RFC 7617)."""
    text = "%s:%s" % (credentials.username, credentials.password)
    return "Basic " + base64.b64encode(text.encode()).decode()


def request_for(parameters: Mapping[str, str], scope: str, credentials: Optional[Credentials], *, host: str,
                encrypted: bool) -> TokenRequest:
    """How to get a token for a scope. ``encrypted`` is whether the registry itself is talked to by https.

    Raises RegistryError for a realm that is no web address or would be a downgrade.
    """
    realm = parameters.get("realm", "")
    _check_realm(realm, host, encrypted)
    query = [("service", parameters["service"])] if parameters.get("service") else []
    query += [("scope", scope)] if scope else []
    if credentials is not None and credentials.identity_token:
        query += [("grant_type", "refresh_token"), ("client_id", "pycontainer"),
                  ("refresh_token", credentials.identity_token)]
        return TokenRequest("POST", realm, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(query))
    headers = {"Authorization": basic(credentials)} if credentials is not None else {}
    joint = "&" if urlsplit(realm).query else "?"
    return TokenRequest("GET", realm + joint + urlencode(query) if query else realm, headers)


def _check_realm(realm: str, host: str, encrypted: bool) -> None:
    try:
        parts = urlsplit(realm)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        good = good and (parts.port or 1) > 0 and realm.isprintable() and " " not in realm
    except ValueError:
        good = False
    if not good:
        raise RegistryError("%s names %s as its token service, which is no web address" % (host, ascii(realm[:100])))
    if encrypted and parts.scheme != "https":
        raise RegistryError("%s wants credentials to be sent without encryption, to %s" % (host, clean(parts.netloc)))


def parse_token(data: bytes, host: str) -> str:
    """The token in a token service's answer. Raises RegistryError or InvalidInput."""
    document = jsonbytes.loads(data, "The token of %s" % host)
    token = document.get("token") or document.get("access_token")
    # It goes into a header: a line break in it would be a header of the token service's choice.
    if not isinstance(token, str) or not re.match(r"\A[!-~]+\Z", token):
        raise RegistryError("%s gave no usable token" % host)
    return token
