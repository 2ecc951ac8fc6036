# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking for images in registries: docker's search API where there is one, else the catalogue; and lists of tags."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NotFound, RegistryError, TimedOut
from ..formats import reference as references
from ..formats.registriesconf import RegistriesConf
from ..frozen import replace
from ..registry import configuration, transfer
from ..registry.transfer import Access
from .pull import OPEN

CATALOG = 10000  # repositories that are looked through, at most
LIMIT = 25

# docker.io's search is on another host than its registry.
HOSTS = {references.DOCKER: "index.docker.io"}


class Filters(NamedTuple):
    """What a row must have. A catalogue tells of neither, so that only a search API's rows can fit."""

    stars: int = 0
    official: bool = False
    automated: bool = False

    def fit(self, row: Dict[str, Any]) -> bool:
        """Whether a row is wanted."""
        return (row["Stars"] >= self.stars and (bool(row["Official"]) or not self.official)
                and (bool(row["Automated"]) or not self.automated))


ANY = Filters()


def parse_filters(texts: Sequence[str]) -> Filters:
    """From stars=NUMBER, is-official and is-automated (podman-search(1)). Raises InvalidInput."""
    result = Filters()
    for text in texts:
        key, _equals, value = text.partition("=")
        if key == "stars" and value.isdecimal():
            result = result._replace(stars=int(value))
        elif key in ("is-official", "is-automated") and value in ("", "true", "false"):
            result = result._replace(**{key[3:]: value != "false"})
        else:
            raise InvalidInput("The filter %r is not known" % text[:80],
                               "Use stars=NUMBER, is-official or is-automated.")
    return result


def search(ctx: Context, term: str, *, limit: int = LIMIT, filters: Filters = ANY,
           access: Access = OPEN) -> List[Dict[str, Any]]:
    """Images whose name or description holds a term: rows of Index, Name, Description, Stars, Official, Automated.

    ``term`` is REGISTRY/WORD; a bare word is looked for in each registry of the search list, with ``limit``
    for each of them. Raises InvalidInput when there is none, RegistryError when none of them tells.
    """
    conf = configuration.load(ctx)
    host, slash, word = term.partition("/")
    if not slash or references.is_short(term):
        hosts, word = list(conf.search), term
    else:
        hosts = [references.complete(host, "x", "", "", term).domain]
    if not hosts:
        raise InvalidInput("There is no registry to search for %s" % term, "Write REGISTRY/%s." % term)
    rows: List[Dict[str, Any]] = []
    failures: List[EngineError] = []
    for one in hosts:
        try:
            rows += [row for row in _of_one(ctx, conf, one, word, (limit, access)) if filters.fit(row)][:limit]
        except EngineError as exc:
            failures.append(exc)
    if len(failures) == len(hosts):
        if len(failures) == 1:
            raise failures[0]
        raise RegistryError("Cannot search for %s: %s" % (term, "; ".join(exc.message for exc in failures)))
    for failure in failures:
        ctx.warn(failure)
    return rows


def _of_one(ctx: Context, conf: RegistriesConf, index: str, word: str, how: Tuple[int, Access]) -> List[Dict[str, Any]]:
    """A registry's rows, from where registries.conf says that it is; ``index`` may carry the path of a namespace."""
    domain, _slash, prefix = index.partition("/")
    limit, access = how
    wanted = references.Reference(domain, prefix or "x", "latest")
    own = conf.endpoints(wanted)[-1]  # mirrors have what was pulled through them, and not all that there is
    place, base = own.reference, own.reference.path[:-len(wanted.path)]
    host = replace(place, domain=HOSTS.get(place.domain, place.domain))
    client = transfer.client_for(ctx, conf, host, access, insecure=own.insecure)
    found = client.search("/".join(filter(None, (base + prefix, word))), limit)
    if found is None:
        client = transfer.client_for(ctx, conf, place, access, insecure=own.insecure)
        found = [{"name": name} for name in client.catalog(CATALOG)
                 if word in name[len(base):] and name.startswith(base + prefix)]
    return [_row(domain, row["name"][len(base):], row) for row in found if row["name"].startswith(base)]


def _row(domain: str, name: str, found: Dict[str, Any]) -> Dict[str, Any]:
    if domain == references.DOCKER and "/" not in name:
        name = "library/" + name
    return {"Index": domain, "Name": "%s/%s" % (domain, name), "Description": found.get("description", ""),
            "Stars": found.get("star_count", 0), "Official": "[OK]" if found.get("is_official") else "",
            "Automated": "[OK]" if found.get("is_automated") else "", "Tag": ""}


def tags(ctx: Context, name: str, *, limit: int = LIMIT, access: Access = OPEN) -> Tuple[str, List[str]]:
    """The complete name of a repository, and its tags. Raises NotFound, RegistryError."""
    conf = configuration.load(ctx)
    candidates = conf.candidates(name)
    failures: List[EngineError] = []
    for target in (candidate.reference for candidate in candidates):
        try:
            return target.name, transfer.tags(ctx, conf, target, access, limit)
        except (RegistryError, NotFound, TimedOut) as exc:
            failures.append(exc)
    raise transfer.combined(candidates[0].reference, failures)
