# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a reference to the registry that has it: mirrors first, with the right certificates and credentials."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import List, Optional

from ..context import Context
from ..errors import EngineError, NotFound, RegistryError
from ..formats.reference import Reference
from ..formats.registriesconf import RegistriesConf
from . import auth
from .auth import Credentials
from .client import Client, Options

CERTIFICATES = ("/etc/containers/certs.d", "/etc/docker/certs.d")


@dataclass(frozen=True)
class Access:
    """What a user gave on top of the configuration; None is not given."""

    tls_verify: Optional[bool] = None
    authfile: Optional[str] = None
    cert_dir: Optional[str] = None
    credentials: Optional[Credentials] = None


@dataclass(frozen=True)
class Source:
    """A registry that answered for a reference, with the manifest that it has."""

    client: Client
    repository: str
    data: bytes
    media_type: str
    digest: str


def client_for(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access,
               *, insecure: bool = False) -> Client:
    """A client for a reference's registry."""
    if access.tls_verify is None:
        row = conf.find(reference.name)
        insecure = insecure or bool(row and row.insecure)
    verify = not insecure if access.tls_verify is None else access.tls_verify
    credentials = access.credentials or auth.find(ctx, reference.name, authfile=access.authfile)
    # Docker Hub's registry answers at another name than its images have.
    host = "registry-1.docker.io" if reference.domain == "docker.io" else reference.domain
    return Client(host, certificates(reference.domain, access.cert_dir, verify), credentials)


def certificates(host: str, cert_dir: Optional[str], verify: bool) -> Options:
    """The CA and client certificates for a registry (containers-certs.d(5))."""
    ca = certificate = key = None
    for directory in [cert_dir] if cert_dir else [os.path.join(base, host) for base in CERTIFICATES]:
        if not os.path.isdir(directory):
            continue
        for name in sorted(os.listdir(directory)):
            path = os.path.join(directory, name)
            if name.endswith(".crt"):
                ca = ca or path
            elif name.endswith(".cert"):
                certificate, key = path, path[:-5] + ".key"
        break
    return Options(verify, ca, certificate, key)


def resolve(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access) -> Source:
    """The first place that has the image: mirrors in their order, then the registry itself.

    Raises NotFound when none has it, else RegistryError, with what each of them said.
    """
    failures: List[EngineError] = []
    for endpoint in conf.endpoints(reference):
        target = endpoint.reference
        client = client_for(ctx, conf, target, access, insecure=endpoint.insecure)
        try:
            data, media_type, digest = client.manifest(target.path, target.version)
            return Source(client, target.path, data, media_type, digest)
        except EngineError as exc:
            failures.append(exc)
    raise combined(reference, failures)


def remote_digest(ctx: Context, conf: RegistriesConf, reference: Reference, access: Access) -> str:
    """The hex digest of the manifest that a reference stands for now, without fetching it."""
    failures: List[EngineError] = []
    for endpoint in conf.endpoints(reference):
        target = endpoint.reference
        try:
            client = client_for(ctx, conf, target, access, insecure=endpoint.insecure)
            return client.manifest_digest(target.path, target.version)
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
