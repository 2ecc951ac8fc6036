# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a reference to the registry that has it: mirrors first, with the right certificates and credentials."""

from __future__ import annotations

import os
from typing import Callable, List, Optional, Tuple, TypeVar

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound, RegistryError
from ..formats.reference import Reference
from ..formats.registriesconf import RegistriesConf
from ..frozen import Frozen
from . import auth
from .auth import Credentials
from .client import Client
from .session import Options

Answer = TypeVar("Answer")

# Below the user's home, and on the system (containers-certs.d(5)).
CERTIFICATES = (".config/containers/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d")


class Access(Frozen):
    """What a user gave on top of the configuration; None is not given."""

    tls_verify: Optional[bool] = None
    authfile: Optional[str] = None
    cert_dir: Optional[str] = None
    credentials: Optional[Credentials] = None


class Source(Frozen):
    """A registry that answered for a reference, with the manifest that it has."""

    client: Client
    repository: str
    data: bytes
    media_type: str
    digest: str


def client_for(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access,
               *, insecure: Optional[bool] = None) -> Client:
    """A client for a reference's registry; ``insecure`` None asks registries.conf.

    Everything that talks to a registry comes here. Raises InvalidInput when it is blocked.
    """
    row = conf.allowed(reference)
    if insecure is None:
        insecure = row is not None and row.insecure
    verify = not insecure if access.tls_verify is None else access.tls_verify
    if access.authfile and access.credentials is None and not os.path.exists(access.authfile):
        raise InvalidInput("There is no authfile %s" % access.authfile, "Log in with that authfile first.")
    credentials = access.credentials or auth.find(ctx, reference.name, authfile=access.authfile,
                                                  helpers=conf.credential_helpers)
    # Docker Hub's registry answers at another name than its images have.
    host = "registry-1.docker.io" if reference.domain == "docker.io" else reference.domain
    directory = _certificate_directory(ctx, reference.domain, access.cert_dir)
    return Client(host, certificates(directory, verify), credentials)


def _certificate_directory(ctx: Context, host: str, cert_dir: Optional[str]) -> Optional[str]:
    if cert_dir is not None:
        if not os.path.isdir(cert_dir):
            raise InvalidInput("The certificate directory %s does not exist" % cert_dir)
        return cert_dir
    places = (os.path.join(ctx.home, base, host) for base in CERTIFICATES)
    return next((place for place in places if os.path.isdir(place)), None)


def certificates(directory: Optional[str], verify: bool) -> Options:
    """A registry's CA and client certificates. Raises InvalidInput for one without its key."""
    if directory is None:
        return Options(verify)
    authorities: List[str] = []
    pairs: List[Tuple[str, str]] = []
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if name.endswith(".crt"):
            authorities.append(path)
        elif name.endswith(".cert"):
            pairs.append((path, path[:-5] + ".key"))
            if not os.path.exists(pairs[-1][1]):
                raise InvalidInput("%s has no key beside it, %s" % (path, pairs[-1][1]), "Add the key, or remove it.")
    return Options(verify, tuple(authorities), tuple(pairs))


def resolve(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access) -> Source:
    """The first place that has the image: mirrors in their order, then the registry itself.

    Raises NotFound when none has it, else RegistryError, with what each of them said.
    """
    def ask(client: Client, target: Reference) -> Source:
        data, media_type, digest = client.manifest(target.path, target.version)
        return Source(client, target.path, data, media_type, digest)

    return _first(ctx, conf, reference, access, ask)


def remote_digest(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access) -> str:
    """The hex digest of the manifest that a reference stands for now, without fetching it."""
    return _first(ctx, conf, reference, access,
                  lambda client, target: client.manifest_digest(target.path, target.version))


def tags(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access, limit: int) -> List[str]:
    """The tags of a reference's repository."""
    return _first(ctx, conf, reference, access, lambda client, target: client.tags(target.path, limit))


def _first(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access,
           ask: Callable[[Client, Reference], Answer]) -> Answer:
    """The answer of the first place that has one. Raises what all of them said."""
    failures: List[EngineError] = []
    for endpoint in conf.endpoints(reference):
        try:
            return ask(client_for(ctx, conf, endpoint.reference, access, insecure=endpoint.insecure),
                       endpoint.reference)
        except EngineError as exc:
            failures.append(exc)
    raise combined(reference, failures)


def combined(reference: Reference, failures: List[EngineError]) -> EngineError:
    """One error for all places that were tried; a single failure is itself."""
    if len(failures) == 1:
        return failures[0]
    text = "Cannot get %s from any of its places: %s" % (reference, "; ".join(exc.message for exc in failures))
    hint = failures[-1].hint
    if all(isinstance(exc, NotFound) for exc in failures):
        return NotFound(text, hint)
    return RegistryError(text, hint)
