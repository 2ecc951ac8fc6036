# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""registries.conf, versions 2 and 1, with its drop-ins (containers-registries.conf(5) and .d(5))."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import Ambiguous, InvalidInput
from ..frozen import Frozen
from . import reference as references
from .digest import is_digest
from .reference import Reference

MAX_FILE = 4 * 1024 * 1024
PULL_FROM = ("all", "digest-only", "tag-only")
MODES = ("enforcing", "permissive", "disabled")
AUTH_FILES = "containers-auth.json"
# A parser joins the parts of a dotted key one by one, which takes quadratic time; a search list of 150
# registries on one line has some 500 dots.
MAX_DOTS = 4000

# containers-registries.conf(5): the keys of a file, of a [[registry]] and of a mirror
TOP_KEYS = ("unqualified-search-registries", "short-name-mode", "credential-helpers", "aliases", "registry")
REGISTRY_KEYS = ("prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only")
MIRROR_KEYS = ("location", "insecure", "pull-from-mirror")

_PLACE = re.compile(r"\A[A-Za-z0-9._:/\[\]-]+\Z")
_SUBDOMAIN = re.compile(r"\A[A-Za-z0-9.-]+\Z")
_HELPER = re.compile(r"\A[A-Za-z0-9._-]+\Z")

Loads = Callable[[str], Dict[str, Any]]


class NoRegistry(InvalidInput):
    """A short name that no file gives a registry."""


class Mirror(Frozen):
    """Another place for the same content; ``pull_from`` is one of PULL_FROM."""

    location: str
    insecure: bool = False
    pull_from: str = "all"


class Registry(Frozen):
    """One [[registry]]. ``prefix`` may begin with '*.'; ``location`` '' leaves names as they are."""

    prefix: str
    location: str = ""
    insecure: bool = False
    blocked: bool = False
    mirrors: Tuple[Mirror, ...] = ()
    mirror_by_digest_only: bool = False
    source: str = ""


class Endpoint(Frozen):
    """Where a reference can be pulled from."""

    reference: Reference
    insecure: bool = False
    is_mirror: bool = False


class Candidate(Frozen):
    """One thing that a short name may mean, and why."""

    reference: Reference
    reason: str


class RegistriesConf:
    """Everything that the files say together. ``aliases`` are name -> (value, file), ``warnings`` tell of
    keys that are not known."""

    def __init__(self) -> None:
        self.search: Tuple[str, ...] = ()
        self.search_source = ""
        self.registries: List[Registry] = []
        self.aliases: Dict[str, Tuple[str, str]] = {}
        self.short_name_mode = "permissive"
        self.credential_helpers: Tuple[str, ...] = ()
        self.warnings: List[str] = []

    def find(self, name: str) -> Optional[Registry]:
        """The registry whose prefix fits a name best, which is the longest; the name may have a tag or digest."""
        best = None
        for row in self.registries:
            if match(row.prefix, name) and (best is None or len(row.prefix) > len(best.prefix)):
                best = row
        return best

    def endpoints(self, reference: Reference) -> List[Endpoint]:
        """Where to pull from, mirrors first. Raises InvalidInput when the registry is blocked."""
        row = self.allowed(reference)
        if row is None:
            return [Endpoint(reference)]
        result = []
        for mirror in row.mirrors:
            wants = "digest-only" if row.mirror_by_digest_only else mirror.pull_from
            if wants == "all" or (wants == "digest-only") == bool(reference.digest):
                result.append(Endpoint(_move(reference, row.prefix, mirror.location), mirror.insecure, True))
        own = _move(reference, row.prefix, row.location) if row.location else reference
        return result + [Endpoint(own, row.insecure)]

    def allowed(self, reference: Reference) -> Optional[Registry]:
        """What the files say of a reference's registry, None for nothing. Raises InvalidInput when it is blocked."""
        rows = [self.find(text) for text in (str(reference), reference.tagged)]
        row = max((row for row in rows if row), key=lambda row: len(row.prefix), default=None)
        if row is not None and row.blocked:
            raise InvalidInput("The registry %s is blocked in %s" % (row.prefix, row.source),
                               "Use another registry, or change that file.")
        return row

    def candidates(self, text: str) -> List[Candidate]:
        """What a name may mean: itself when it names a registry, else its alias, else each of the search list.

        Never a prompt. Raises NoRegistry when there is nothing to try, and Ambiguous when the mode
        'enforcing' forbids to try several registries.
        """
        if not references.is_short(text):
            return [Candidate(references.parse(text), "")]
        path, tag, digest = references.split_short(text)
        if path in self.aliases:
            value, source = self.aliases[path]
            host, _slash, rest = value.partition("/")
            target = references.complete(host, rest, tag, digest, value)
            return [Candidate(target, 'Resolved "%s" as an alias (%s)' % (path, source))]
        if not self.search:
            raise NoRegistry("The short name %r has no alias, and there is no registry to search" % text,
                             "Write it out, such as docker.io/library/%s, or set unqualified-search-registries "
                             "in registries.conf." % text)
        rows = [Candidate(references.in_registry(domain, text), 'Trying "%s" in %s (%s)' % (
            text, domain, self.search_source)) for domain in self.search]
        if self.short_name_mode == "enforcing" and len(rows) > 1:
            raise Ambiguous("The short name %r may mean several images, and short-name-mode is enforcing" % text,
                            [str(row.reference) for row in rows])
        return rows


def match(prefix: str, name: str) -> int:
    """How much of a name a prefix fits, in characters, 0 for not at all.

    A prefix ends where a component, a port, a tag or a digest begins; '*.' stands for any number of
    subdomains. A prefix without a port fits its host's other ports too, as in other engines. Case means nothing to
    DNS, so that a host in other letters is the same host.
    """
    prefix, name = _folded(prefix), _folded(name)
    if prefix.startswith("*."):
        host = name.partition("/")[0]
        bare = host if host.endswith("]") else host.rpartition(":")[0] or host
        return len(bare) if bare.endswith(prefix[1:]) and len(bare) >= len(prefix) else 0
    return len(prefix) if name.startswith(prefix) and name[len(prefix):len(prefix) + 1] in ("", "/", ":", "@") else 0


def _folded(name: str) -> str:
    host, slash, rest = name.partition("/")
    return host.lower() + slash + rest


def _move(reference: Reference, prefix: str, location: str) -> Reference:
    """The same image at another place; a prefix that names a tag or a digest moves its repository."""
    length = min(match(prefix, reference.name) or len(reference.name), len(reference.name))
    return references.relocate(reference, reference.name[:length], location)


def load(files: Sequence[Tuple[str, bytes]], loads: Loads) -> RegistriesConf:
    """All files together: the main one first, then drop-ins in order; later ones win by key.

    Only the first may be in the version 1 format. Raises InvalidInput that names the file and the key.
    """
    result = RegistriesConf()
    registries: Dict[str, Registry] = {}
    for number, (path, data) in enumerate(files):
        reader = _Reader(_parse(path, data, loads), path)
        if isinstance(reader.table.get("registries"), dict):
            if number:
                raise InvalidInput("%s is in the version 1 format, which a drop-in cannot be" % path,
                                   "Write it in version 2, with [[registry]] tables.")
            registries.update(_version_1(result, reader))
        else:
            # A later table of the same prefix takes the place of an earlier one, as a whole.
            registries.update(_version_2(result, reader))
    result.registries = list(registries.values())
    return result


def _parse(path: str, data: bytes, loads: Loads) -> Dict[str, Any]:
    if len(data) > MAX_FILE:
        raise InvalidInput("%s is larger than %d bytes" % (path, MAX_FILE))
    if data.count(b".") > MAX_DOTS and max(line.count(b".") for line in data.splitlines()) > MAX_DOTS:
        raise InvalidInput("%s has a line with more than %d dots" % (path, MAX_DOTS), "Mend the file.")
    try:
        return loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("%s is no valid TOML: %s" % (path, ascii(str(exc)[:200])), "Mend the file.") from exc


class _Reader:
    """Typed access to a TOML table, with errors that name the file."""

    def __init__(self, table: Any, path: str, where: str = "") -> None:
        if not isinstance(table, dict):
            raise InvalidInput("%s: %s is no table" % (path, where or "the file"))
        self.table, self.path, self.where = table, path, where

    def fail(self, key: str, why: str) -> InvalidInput:
        return InvalidInput("%s: %s%s %s" % (self.path, self.where + "." if self.where else "", key, why),
                            "Mend the file; containers-registries.conf(5) describes it.")

    def get(self, key: str, kind: type, default: Any) -> Any:
        value = self.table.get(key, default)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise self.fail(key, "is no %s" % {str: "string", bool: "boolean", list: "list", dict: "table"}[kind])
        return value

    def texts(self, key: str) -> Tuple[str, ...]:
        rows = self.get(key, list, [])
        if not all(isinstance(row, str) for row in rows):
            raise self.fail(key, "holds something that is no string")
        return tuple(rows)


def _unknown(result: RegistriesConf, reader: _Reader, known: Sequence[str]) -> None:
    """Warn of keys that mean nothing, which may be misspelt."""
    for key in [str(key) for key in reader.table if key not in known]:
        import difflib

        close = difflib.get_close_matches(key.lower(), known, 1)
        where = reader.where + "." if reader.where else ""
        result.warnings.append("%s: %s%s is no key that is known, and it means nothing%s" % (
            reader.path, where, ascii(key[:80])[1:-1], "; did you mean %s?" % close[0] if close else ""))


def _version_2(result: RegistriesConf, reader: _Reader) -> Dict[str, Registry]:
    """Take a file's settings over, and give its registries by their prefixes."""
    _unknown(result, reader, TOP_KEYS)
    if "unqualified-search-registries" in reader.table:
        result.search = tuple(_host(reader, "unqualified-search-registries", value)
                              for value in reader.texts("unqualified-search-registries"))
        result.search_source = reader.path
    mode = reader.get("short-name-mode", str, "") or result.short_name_mode
    if mode not in MODES:
        raise reader.fail("short-name-mode", "is %r, not one of %s" % (mode[:40], ", ".join(MODES)))
    result.short_name_mode = mode
    if "credential-helpers" in reader.table:
        result.credential_helpers = reader.texts("credential-helpers")
        for name in result.credential_helpers:
            if not _HELPER.match(name):
                raise reader.fail("credential-helpers", "has %r, which is no program's name" % name[:80])
    for name, value in reader.get("aliases", dict, {}).items():
        _alias(result, reader, str(name), value)
    rows: Dict[str, Registry] = {}
    places: Dict[str, Registry] = {}
    for number, table in enumerate(reader.get("registry", list, [])):
        part = _Reader(table, reader.path, "registry[%d]" % number)
        row = _registry(part)
        _unknown(result, part, REGISTRY_KEYS)
        for place, mirror in enumerate(part.get("mirror", list, [])):
            _unknown(result, _Reader(mirror, reader.path, "%s.mirror[%d]" % (part.where, place)), MIRROR_KEYS)
        if rows.setdefault(row.prefix, row) != row:
            raise part.fail("prefix", "is %s, which an earlier table has, with other settings" % row.prefix)
        same = places.setdefault(row.location or row.prefix, row)
        if (same.insecure, same.blocked) != (row.insecure, row.blocked):
            raise part.fail("location", "is %s, and an earlier table says otherwise whether that is insecure or blocked"
                            % (row.location or row.prefix))
    return rows


def _alias(result: RegistriesConf, reader: _Reader, name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise reader.fail("aliases.%s" % name, "is no string")
    try:
        path, tag, digest = references.split_short(name)
        if tag or digest:
            raise InvalidInput("an alias names neither tag nor digest")
        if value:
            if "@" in value or ":" in value.rpartition("/")[2]:
                raise InvalidInput("an alias names neither tag nor digest")
            references.parse(value)
    except InvalidInput as exc:
        raise reader.fail("aliases.%s" % name[:80], "is no valid alias: %s" % exc.message) from exc
    if value:
        result.aliases[path] = (value, reader.path)
    else:
        # An empty value takes an alias of an earlier file away.
        result.aliases.pop(path, None)


def _host(reader: _Reader, key: str, value: str) -> str:
    """A registry's location: a host, perhaps with a path, and never a URL. Slashes at its end mean nothing."""
    place = value.rstrip("/")
    if not place or "://" in value or not _PLACE.match(place):
        raise reader.fail(key, "has %r, which is no registry" % value[:80])
    return place


def _registry(reader: _Reader) -> Registry:
    location = reader.get("location", str, "")
    if location:
        location = _host(reader, "location", location)
    prefix = reader.get("prefix", str, "").rstrip("/") or location
    if not prefix:
        raise reader.fail("location", "is missing, and so is prefix")
    if not location and not prefix.startswith("*."):
        location = prefix
    _prefix(reader, prefix)
    by_digest = reader.get("mirror-by-digest-only", bool, False)
    if "pull-from-mirror" in reader.table:
        raise reader.fail("pull-from-mirror", "can only be set for a mirror")
    return Registry(prefix, location, reader.get("insecure", bool, False), reader.get("blocked", bool, False),
                    _mirrors(reader, by_digest), by_digest, reader.path)


def _prefix(reader: _Reader, prefix: str) -> None:
    rest = prefix[2:] if prefix.startswith("*.") else prefix
    if rest != prefix and not _SUBDOMAIN.match(rest):
        raise reader.fail("prefix", "is %r; after '*.' there can be a domain only" % prefix[:80])
    path, _at, digest = rest.partition("@")
    if digest and not is_digest(digest):
        raise reader.fail("prefix", "has %r, which is no digest" % digest[:80])
    _host(reader, "prefix", path)


def _mirrors(reader: _Reader, by_digest: bool) -> Tuple[Mirror, ...]:
    mirrors = []
    for number, table in enumerate(reader.get("mirror", list, [])):
        row = _Reader(table, reader.path, "%s.mirror[%d]" % (reader.where, number))
        place = row.get("location", str, "")
        if not place:
            raise row.fail("location", "is missing")
        pull_from = row.get("pull-from-mirror", str, "") or "all"
        if by_digest and pull_from != "all":
            raise row.fail("pull-from-mirror", "cannot be set beside the registry's mirror-by-digest-only")
        if pull_from not in PULL_FROM:
            raise row.fail("pull-from-mirror", "is %r, not one of %s" % (pull_from[:40], ", ".join(PULL_FROM)))
        mirrors.append(Mirror(_host(row, "location", place), row.get("insecure", bool, False), pull_from))
    return tuple(mirrors)


def _version_1(result: RegistriesConf, reader: _Reader) -> Dict[str, Registry]:
    for key in ("registry", "unqualified-search-registries", "aliases", "short-name-mode"):
        if key in reader.table:
            raise reader.fail(key, "is of the version 2 format, but [registries] is of version 1; keep one of them")
    _unknown(result, reader, ("registries", "credential-helpers"))
    parts: Mapping[str, Any] = reader.table["registries"]
    _unknown(result, _Reader(parts, reader.path, "registries"), ("search", "insecure", "block"))
    lists: Dict[str, Tuple[str, ...]] = {}
    for name in ("search", "insecure", "block"):
        if name in parts:
            row = _Reader(parts[name], reader.path, "registries.%s" % name)
            _unknown(result, row, ("registries",))
            lists[name] = tuple(_host(row, "registries", value) for value in row.texts("registries"))
    if "search" in lists:
        result.search, result.search_source = lists["search"], reader.path
    insecure, block = set(lists.get("insecure", ())), set(lists.get("block", ()))
    return {host: Registry(host, host, host in insecure, host in block, source=reader.path)
            for host in sorted(insecure | block)}
