# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image references: [DOMAIN/]PATH[:TAG][@DIGEST] (distribution-spec, Pulling manifests).

A first component is a domain when it holds a dot or a colon, or is 'localhost'; everything else is a
short name, which registries.conf resolves. On docker.io one-component paths mean library/PATH.
"""

from __future__ import annotations

import re
from typing import Tuple

from ..errors import InvalidInput
from ..frozen import Frozen, replace

DOCKER = "docker.io"
LOCAL = "localhost"
MAX_NAME = 255
MAX_TEXT = 1024

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(r"\A%s(?:/%s)*\Z" % (_COMPONENT, _COMPONENT))
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(r"\A(?:%s(?:\.%s)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?\Z" % (_LABEL, _LABEL))
_TAG = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"\Asha256:[0-9a-f]{64}\Z")
TRANSPORTS = ("oci:", "oci-archive:", "docker-archive:", "dir:")  # name a file, not an image (containers-transports(5))
_HEX = re.compile(r"\A[0-9a-f]{64}\Z")


class Reference(Frozen):
    """A complete reference. ``digest`` is 'sha256:<hex>' or ''; with one, ``tag`` may be ''."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Without tag and digest: 'docker.io/library/busybox'."""
        return "%s/%s" % (self.domain, self.path)

    @property
    def tagged(self) -> str:
        """'docker.io/library/busybox:latest', without a digest; without a tag just the name."""
        return "%s:%s" % (self.name, self.tag) if self.tag else self.name

    @property
    def canonical(self) -> str:
        """What it stands for: 'docker.io/library/busybox@sha256:...' where there is a digest, else with its tag."""
        return "%s@%s" % (self.name, self.digest) if self.digest else self.tagged

    @property
    def version(self) -> str:
        """What a registry is asked for: the digest, or else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        return self.tagged + ("@" + self.digest if self.digest else "")


def parse(text: str) -> Reference:
    """A reference that names its registry; without tag and digest it means ':latest'.

    Raises InvalidInput; a short name has to be resolved first.
    """
    _check_length(text)
    if is_short(text):
        raise InvalidInput("%r does not name a registry" % text, "Write it out, such as docker.io/library/%s." % text)
    domain, _slash, rest = text.partition("/")
    path, tag, digest = _split(rest, text)
    return complete(domain, path, tag, digest, text)


def check(text: str) -> None:
    """Raise InvalidInput for what is no image name, short or not. An image's ID is one that could be."""
    text = text[len("docker://"):] if text.startswith("docker://") else text
    if text.startswith(TRANSPORTS) or _HEX.match(text) or text.startswith("sha256:"):
        return
    if is_short(text):
        split_short(text)
    else:
        parse(text)


def complete(domain: str, path: str, tag: str, digest: str, text: str) -> Reference:
    """Check the parts and fill in what is implied. ``text`` is what the user wrote."""
    if domain in ("index.docker.io", "registry-1.docker.io"):
        domain = DOCKER
    if domain == DOCKER and "/" not in path:
        path = "library/" + path
    if not _is_domain(domain):
        raise InvalidInput("%r has no valid registry name" % text, "It is HOST or HOST:PORT.")
    if not _PATH.match(path) or len(domain) + 1 + len(path) > MAX_NAME:
        letters = "Use letters, digits, '.', '_', '-' and '/'."
        hint = "Repository names are lower case." if path.lower() != path else letters
        raise InvalidInput("%r has no valid repository name" % text, hint)
    return Reference(domain, path, tag or ("" if digest else "latest"), digest)


def _is_domain(domain: str) -> bool:
    """HOST[:PORT], with a port that there can be."""
    if len(domain) > MAX_NAME or not _DOMAIN.match(domain):
        return False
    port = domain.rpartition(":")[2] if not domain.endswith("]") and ":" in domain else "1"
    return 0 < int(port) <= 65535


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise InvalidInput("%r... is %d characters long, too long for an image name" % (text[:80], len(text)))


def _split(rest: str, text: str) -> Tuple[str, str, str]:
    path, at, digest = rest.partition("@")
    if at and not _DIGEST.match(digest):
        raise InvalidInput("%r has no valid digest" % text, "A digest is sha256: and 64 hex digits.")
    path, colon, tag = path.partition(":")
    if colon and not _TAG.match(tag):
        raise InvalidInput("%r has no valid tag" % text, "A tag is up to 128 letters, digits, '.', '_' and '-'.")
    return path, tag, digest


def is_short(text: str) -> bool:
    """Whether a text is a short name, without a registry."""
    first, slash, _rest = text.partition("/")
    return not slash or not ("." in first or ":" in first or first == LOCAL)


def split_short(text: str) -> Tuple[str, str, str]:
    """Path, tag and digest of a short name, as written. Raises InvalidInput."""
    _check_length(text)
    path, tag, digest = _split(text, text)
    if not _PATH.match(path) or len(path) > MAX_NAME:
        hint = "Repository names are lower case." if path.lower() != path else None
        raise InvalidInput("%r is no image name" % text, hint)
    if _HEX.match(path):
        raise InvalidInput("%r would be an image ID, not a name" % text, "Use another name.")
    return path, tag, digest


def in_registry(domain: str, short: str) -> Reference:
    """A short name in a registry; ``domain`` may carry a path, 'quay.io/team'."""
    path, tag, digest = split_short(short)
    host, slash, prefix = domain.partition("/")
    return complete(host, (prefix + "/" if slash else "") + path, tag, digest, "%s/%s" % (domain, short))


def relocate(reference: Reference, prefix: str, location: str) -> Reference:
    """``reference`` with the part of its name that is ``prefix`` replaced by ``location``."""
    rest = reference.name[len(prefix):] if reference.name.startswith(prefix) else "/" + reference.path
    domain, _slash, path = (location + rest).partition("/")
    if not _is_domain(domain) or not _PATH.match(path):
        raise InvalidInput("registries.conf sends %s to the invalid place %s" % (reference, location + rest),
                           "Mend the location in registries.conf.")
    return replace(reference, domain=domain, path=path)
