# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declared registries against a registries.conf text (containers-registries.conf(5), version 2).

What was not declared stays, comments included.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import EngineError, InvalidInput
from ..frozen import Frozen
from . import tomledit
from .tomledit import Block

Loads = Callable[[str], Dict[str, Any]]

# option of the module: key of the file
REGISTRY_KEYS = {"prefix": "prefix", "location": "location", "insecure": "insecure", "blocked": "blocked",
                 "mirror_by_digest_only": "mirror-by-digest-only"}
MIRROR_KEYS = {"location": "location", "insecure": "insecure", "pull_from_mirror": "pull-from-mirror"}


class Declared(Frozen):
    """What should stand in the file; None is not managed.

    ``registries`` are mappings with the keys of REGISTRY_KEYS, ``mirrors`` and ``state`` (present or
    absent). ``aliases`` with the value '' are to be absent. ``purge`` removes registries and aliases
    that are not declared, of the kinds that are; ``exact`` removes whatever else is not declared.
    """

    search: Optional[Tuple[str, ...]] = None
    short_name_mode: Optional[str] = None
    registries: Optional[Sequence[Mapping[str, Any]]] = None
    aliases: Optional[Mapping[str, str]] = None
    purge: bool = False
    exact: bool = False


def edit(text: str, declared: Declared, loads: Loads, *, source: str) -> str:
    """The new text; the old one, to the byte, when nothing has to change.

    Raises InvalidInput when ``text`` is no TOML or in the old version 1 format.
    """
    before = _parse(text, loads, source)
    if isinstance(before.get("registries"), dict):
        raise InvalidInput("%s is in the version 1 format" % source,
                           "Move its [registries.*] tables to unqualified-search-registries and [[registry]].")
    blocks = tomledit.split(text)
    expected = dict(before)
    if declared.exact:
        _remove_the_rest(blocks, declared, expected)
    _edit_top(blocks[0], declared, expected)
    if declared.registries is not None:
        _edit_registries(blocks, declared, expected)
    if declared.aliases is not None:
        _edit_aliases(blocks, declared, expected)
    if expected == before:
        return text
    result = tomledit.join(blocks).lstrip("\n") if not text.strip() else tomledit.join(blocks)
    if _parse(result, loads, source) != expected:
        raise EngineError("%s is written in a way that cannot be changed safely" % source,
                          "Use one [[registry]] table per registry and no inline tables, or a drop-in file.")
    return result


def _parse(text: str, loads: Loads, source: str) -> Dict[str, Any]:
    try:
        return loads(text)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("%s is no valid TOML: %s" % (source, exc), "Mend it by hand, or remove it.") from exc


def _edit_top(block: Block, declared: Declared, expected: Dict[str, Any]) -> None:
    for key, value in _top(declared).items():
        if expected.get(key) != value:
            tomledit.set_key(block, key, value)
            expected[key] = value


def _top(declared: Declared) -> Dict[str, Any]:
    """The keys above all tables that are declared."""
    search = None if declared.search is None else list(declared.search)
    values = {"unqualified-search-registries": search, "short-name-mode": declared.short_name_mode}
    return {key: value for key, value in values.items() if value is not None}


def _remove_the_rest(blocks: List[Block], declared: Declared, expected: Dict[str, Any]) -> None:
    """Take out what is neither declared nor edited row by row."""
    for key in set(expected) - {"registry", "aliases", *_top(declared)}:
        tomledit.set_key(blocks[0], key, None)
        blocks[1:] = [block for block in blocks[1:] if block.name.partition(".")[0] != key]
        del expected[key]


def _groups(blocks: List[Block]) -> List[Tuple[int, int]]:
    """Where each [[registry]] begins and ends, its [[registry.mirror]] tables included."""
    rows: List[Tuple[int, int]] = []
    for index, block in enumerate(blocks):
        if block.array and block.name == "registry":
            rows.append((index, index + 1))
        elif rows and block.name.startswith("registry.") and rows[-1][1] == index:
            rows[-1] = (rows[-1][0], index + 1)
    return rows


def _edit_registries(blocks: List[Block], declared: Declared, expected: Dict[str, Any]) -> None:
    present = [dict(row) for row in expected.get("registry", [])]
    groups = _groups(blocks)
    if len(groups) != len(present):
        raise InvalidInput("The registries are not written as [[registry]] tables",
                           "Rewrite them so, or use a drop-in.")
    names = [row.get("prefix") or row.get("location") for row in present]
    rows: List[Tuple[Dict[str, Any], List[Block]]] = [
        (row, blocks[start:end]) for row, (start, end) in zip(present, groups)]
    wanted = {row.get("prefix") or row["location"]: row for row in declared.registries or ()}
    kept: List[Tuple[Dict[str, Any], List[Block]]] = []
    for name, (row, group) in zip(names, rows):
        wish = wanted.pop(name, None)
        if (wish and wish.get("state") == "absent") or (wish is None and declared.purge):
            continue
        kept.append(_edit_one(row, group, wish, exact=declared.exact) if wish else (row, group))
    for wish in wanted.values():
        if wish.get("state") != "absent":
            kept.append(_edit_one({}, [tomledit.new_block("registry", array=True)], wish))
    used = {id(block) for start, end in groups for block in blocks[start:end]}
    place = groups[0][0] if groups else len(blocks)
    after = [block for block in blocks[place:] if id(block) not in used]
    blocks[place:] = [block for _row, group in kept for block in group] + after
    if kept:
        expected["registry"] = [row for row, _group in kept]
    else:
        expected.pop("registry", None)


def _edit_one(row: Dict[str, Any], group: List[Block], wish: Mapping[str, Any], *,
              exact: bool = False) -> Tuple[Dict[str, Any], List[Block]]:
    row = dict(row)
    said = {key for option, key in REGISTRY_KEYS.items() if wish.get(option) is not None}
    for key in set(row) - said - {"mirror"} if exact else ():
        tomledit.set_key(group[0], key, None)
        del row[key]
    for option, key in REGISTRY_KEYS.items():
        value = wish.get(option)
        if value is not None and row.get(key) != value:
            tomledit.set_key(group[0], key, value)
            row[key] = value
    mirrors = wish.get("mirrors")
    if mirrors is None and exact:
        mirrors = []
    if mirrors is not None:
        rows = [{key: mirror[option] for option, key in MIRROR_KEYS.items() if mirror.get(option) is not None}
                for mirror in mirrors]
        if rows != [dict(item) for item in row.get("mirror", [])]:
            group = [group[0]] + [_mirror_block(item) for item in rows]
            row["mirror"] = rows
            if not rows:
                row.pop("mirror")
    return row, group


def _mirror_block(row: Mapping[str, Any]) -> Block:
    block = tomledit.new_block("registry.mirror", array=True)
    for key, value in row.items():
        tomledit.set_key(block, key, value)
    return block


def _edit_aliases(blocks: List[Block], declared: Declared, expected: Dict[str, Any]) -> None:
    present = dict(expected.get("aliases", {}))
    wanted = dict(declared.aliases or {})
    result = {} if declared.purge else dict(present)
    for name, value in wanted.items():
        result.pop(name, None)
        if value:
            result[name] = value
    if result == present:
        return
    block = next((block for block in blocks if block.name == "aliases"), None)
    if block is None:
        block = tomledit.new_block("aliases")
        blocks.append(block)
    for name in sorted(set(present) | set(result)):
        if present.get(name) != result.get(name):
            tomledit.set_key(block, name, result.get(name))
    expected["aliases"] = result
