# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""registries.conf, versions 2 and 1, with its drop-ins (containers-registries.conf(5) and .d(5))."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from ..errors import InvalidInput
from . import reference as references
from .reference import Reference

MAX_FILE = 4 * 1024 * 1024
PULL_FROM = ("all", "digest-only", "tag-only")
MODES = ("enforcing", "permissive", "disabled")

Loads = Callable[[str], Dict[str, Any]]


@dataclass(frozen=True)
class Mirror:
    """Another place for the same content; ``pull_from`` is one of PULL_FROM."""

    location: str
    insecure: bool = False
    pull_from: str = "all"


@dataclass(frozen=True)
class Registry:
    """One [[registry]]. ``prefix`` may begin with '*.'; ``location`` '' leaves names as they are."""

    prefix: str
    location: str = ""
    insecure: bool = False
    blocked: bool = False
    mirrors: Tuple[Mirror, ...] = ()
    mirror_by_digest_only: bool = False
    source: str = ""


@dataclass(frozen=True)
class Endpoint:
    """Where a reference can be pulled from."""

    reference: Reference
    insecure: bool = False
    is_mirror: bool = False


@dataclass(frozen=True)
class Candidate:
    """One thing that a short name may mean, and why."""

    reference: Reference
    reason: str


@dataclass
class RegistriesConf:
    """Everything that the files say together. ``aliases`` are name -> (value, file)."""

    search: Tuple[str, ...] = ()
    search_source: str = ""
    registries: List[Registry] = field(default_factory=list)
    aliases: Dict[str, Tuple[str, str]] = field(default_factory=dict)
    short_name_mode: str = "permissive"
    credential_helpers: Tuple[str, ...] = ()

    def find(self, name: str) -> Registry | None:
        """The registry whose prefix fits a name ('docker.io/library/x') best: the longest."""
        best = None
        for row in self.registries:
            if matches(row.prefix, name) and (best is None or len(row.prefix) > len(best.prefix)):
                best = row
        return best

    def endpoints(self, reference: Reference) -> List[Endpoint]:
        """Where to pull from, mirrors first. Raises InvalidInput when the registry is blocked."""
        row = self.find(reference.name)
        if row is None:
            return [Endpoint(reference)]
        if row.blocked:
            raise InvalidInput("The registry %s is blocked in %s" % (row.prefix, row.source),
                               "Use another registry, or change that file.")
        result = []
        for mirror in row.mirrors:
            wants = "digest-only" if row.mirror_by_digest_only else mirror.pull_from
            if wants == "all" or (wants == "digest-only") == bool(reference.digest):
                result.append(Endpoint(_move(reference, row.prefix, mirror.location), mirror.insecure, True))
        own = _move(reference, row.prefix, row.location) if row.location else reference
        return result + [Endpoint(own, row.insecure)]

    def candidates(self, text: str) -> List[Candidate]:
        """What a name may mean: itself when it names a registry, else its alias, else each of the search list.

        Never a prompt. Raises InvalidInput when there is nothing to try.
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
            raise InvalidInput("The short name %r has no alias, and there is no registry to search" % text,
                               "Write it out, such as docker.io/library/%s, or set unqualified-search-registries "
                               "in registries.conf." % text)
        return [Candidate(references.in_registry(domain, text), 'Trying "%s" in %s (%s)' % (
            text, domain, self.search_source)) for domain in self.search]


def matches(prefix: str, name: str) -> bool:
    """Whether a prefix fits a name: whole path components, and with '*.' any host below a domain."""
    if prefix.startswith("*."):
        host = name.partition("/")[0].partition(":")[0]
        return host.endswith(prefix[1:]) and len(host) > len(prefix) - 1
    return name == prefix or name.startswith(prefix + "/") or (
        "/" not in prefix and ":" not in prefix and name.startswith(prefix + ":"))


def _move(reference: Reference, prefix: str, location: str) -> Reference:
    if prefix.startswith("*."):
        return references.relocate(reference, reference.domain, location)
    return references.relocate(reference, prefix, location)


def load(files: Sequence[Tuple[str, bytes]], loads: Loads) -> RegistriesConf:
    """All files together: the main one first, then drop-ins in order; later ones win by key.

    Raises InvalidInput that names the file and the key.
    """
    result = RegistriesConf()
    for path, data in files:
        if len(data) > MAX_FILE:
            raise InvalidInput("%s is larger than %d bytes" % (path, MAX_FILE))
        try:
            document = loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as exc:
            raise InvalidInput("%s is no valid TOML: %s" % (path, exc), "Mend the file.") from exc
        _merge(result, _Reader(document, path), path)
    return result


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


def _merge(result: RegistriesConf, reader: _Reader, path: str) -> None:
    if isinstance(reader.table.get("registries"), dict):
        if "registry" in reader.table or "unqualified-search-registries" in reader.table:
            raise InvalidInput("%s mixes the version 1 and version 2 formats" % path, "Keep one of them.")
        _version_1(result, reader, path)
        return
    if "unqualified-search-registries" in reader.table:
        result.search = tuple(_host(reader, "unqualified-search-registries", value)
                              for value in reader.texts("unqualified-search-registries"))
        result.search_source = path
    mode = reader.get("short-name-mode", str, result.short_name_mode)
    if mode not in MODES:
        raise reader.fail("short-name-mode", "is %r, not one of %s" % (mode[:40], ", ".join(MODES)))
    result.short_name_mode = mode
    if "credential-helpers" in reader.table:
        result.credential_helpers = reader.texts("credential-helpers")
    rows = reader.get("registry", list, [])
    for number, table in enumerate(rows):
        _replace(result.registries, _registry(_Reader(table, path, "registry[%d]" % number), path))
    for name, value in reader.get("aliases", dict, {}).items():
        _alias(result, reader, str(name), value)


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
    """A registry's location: a host, perhaps with a path, and never a URL."""
    if not value or "://" in value or value.endswith("/") or not all(c.isalnum() or c in ".-_:/[]*" for c in value):
        raise reader.fail(key, "has %r, which is no registry" % value[:80])
    return value


def _registry(reader: _Reader, path: str) -> Registry:
    location = reader.get("location", str, "")
    prefix = reader.get("prefix", str, "") or location
    if not prefix:
        raise reader.fail("prefix", "is missing, and so is location")
    if not location and not prefix.startswith("*."):
        location = prefix
    for key, value in (("location", location), ("prefix", prefix)):
        if value:
            _host(reader, key, value)
    mirrors = []
    for number, table in enumerate(reader.get("mirror", list, [])):
        row = _Reader(table, path, "%s.mirror[%d]" % (reader.where, number))
        place = row.get("location", str, "")
        if not place:
            raise row.fail("location", "is missing")
        pull_from = row.get("pull-from-mirror", str, "all")
        if pull_from not in PULL_FROM:
            raise row.fail("pull-from-mirror", "is %r, not one of %s" % (pull_from[:40], ", ".join(PULL_FROM)))
        mirrors.append(Mirror(_host(row, "location", place), row.get("insecure", bool, False), pull_from))
    return Registry(prefix, location, reader.get("insecure", bool, False), reader.get("blocked", bool, False),
                    tuple(mirrors), reader.get("mirror-by-digest-only", bool, False), path)


def _replace(rows: List[Registry], new: Registry) -> None:
    """A later table of the same prefix takes the place of an earlier one, as a whole."""
    rows[:] = [row for row in rows if row.prefix != new.prefix] + [new]


def _version_1(result: RegistriesConf, reader: _Reader, path: str) -> None:
    parts: Dict[str, Mapping[str, Any]] = reader.table["registries"]
    lists: Dict[str, Tuple[str, ...]] = {}
    for name in ("search", "insecure", "block"):
        if name in parts:
            row = _Reader(parts[name], path, "registries.%s" % name)
            lists[name] = tuple(_host(row, "registries", value) for value in row.texts("registries"))
    if "search" in lists:
        result.search, result.search_source = lists["search"], path
    for host in sorted(set(lists.get("insecure", ())) | set(lists.get("block", ()))):
        _replace(result.registries, Registry(
            host, host, host in lists.get("insecure", ()), host in lists.get("block", ()), source=path))
