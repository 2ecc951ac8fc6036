# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the nft table to what it should be: by elements where that is enough, else as a whole.

``<runroot>/firewall.json`` holds the networks that the table was last written for. All functions are
called under the network lock.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Dict, List, Optional, Sequence, Set

from ..context import Context, missing_program
from ..errors import EngineError, InvalidInput
from ..kernel import command, documents, files, netns
from . import definitions, endpoints, ipam, ruleset
from .ruleset import LiveNetwork, Publication


class Change:
    """A change of the table that is under way; ``finish`` waits for it and repairs what it finds."""

    def __init__(self, ctx: Context, running: Optional[command.Running]) -> None:
        self._ctx, self._running = ctx, running

    def finish(self) -> None:
        """Wait; when elements could not be changed (the table vanished, say), write it as a whole."""
        if self._running is not None and self._running.finish().code != 0:
            rebuild(self._ctx)


def _nft(ctx: Context, commands: Sequence[Any]) -> command.Running:
    program = ctx.find_tool("nft")
    if program is None:
        raise missing_program("nft", "publish ports and to separate networks")
    return command.start([program, "-j", "-f", "-"], stdin=json.dumps({"nftables": list(commands)}).encode())


def _applied_path(ctx: Context) -> str:
    return ctx.run("firewall.json")


def live_networks(ctx: Context) -> List[LiveNetwork]:
    """The networks that have a container now."""
    found = documents.each(ipam.used_networks(ctx), lambda name: definitions.read(ctx, name), ctx.warn)
    return [endpoints.live_network(record) for record in found if record.spec.driver == "bridge"]


def _applied(ctx: Context) -> List[Any]:
    """The networks that the table was last written for; none when what was noted of that cannot be read."""
    with contextlib.suppress(InvalidInput):
        found = files.read_json(_applied_path(ctx))
        return found if isinstance(found, list) else []
    return []


def bridges(ctx: Context) -> Set[str]:
    """The bridges that the table was written for."""
    return {str(row[0]) for row in _applied(ctx) if isinstance(row, list) and row}


def _document(networks: Sequence[LiveNetwork]) -> Any:
    """The networks as JSON gives them back."""
    return json.loads(json.dumps(networks))


def add(ctx: Context, networks: Sequence[LiveNetwork], publications: Sequence[Publication]) -> Change:
    """Start to let these publications in; ``networks`` are those of their container."""
    if not networks:
        return Change(ctx, None)
    applied = _applied(ctx)
    if any(row not in applied for row in _document(networks)):
        rebuild(ctx)
        return Change(ctx, None)
    commands = [ruleset.touch(ctx.prefix, network.bridge) for network in networks[:1]]
    return Change(ctx, _nft(ctx, commands + ruleset.elements("add", ctx.prefix, publications)))


def remove(ctx: Context, publications: Sequence[Publication]) -> None:
    """Take publications back, after their endpoint document is gone and its addresses are given back."""
    applied = _applied(ctx)
    if _document(live_networks(ctx)) != applied:
        rebuild(ctx)
    elif publications and applied:
        Change(ctx, _nft(ctx, ruleset.elements("delete", ctx.prefix, publications))).finish()


def _published(ctx: Context) -> List[Publication]:
    return [p for document in endpoints.everyone(ctx)
            for p in endpoints.publications(document, anywhere=ctx.rootless)]


def rebuild(ctx: Context) -> None:
    """Write the table from all endpoint documents, or remove it when there are none; raises EngineError."""
    networks, published = live_networks(ctx), _published(ctx)
    commands = ruleset.whole(ctx.prefix, networks, published) if networks else ruleset.removal(ctx.prefix)
    result = _nft(ctx, commands).finish()
    if result.code != 0:
        text = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise EngineError("nft refused the table inet %s: %s" % (ctx.prefix, text[0] if text else "no message"),
                          "Does the kernel have nf_tables with NAT, and is this root?")
    if networks:
        files.write_json(_applied_path(ctx), _document(networks), durable=False)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_applied_path(ctx))


def differences(ctx: Context) -> List[str]:
    """The chains, sets and maps of the table that are not as ``rebuild`` would write them; the table's name for one
    that is missing, or that no container needs. Raises EngineError.

    What nft lists of rules differs from what it was given, and from version to version: what should be is written to a
    namespace of its own, and both are listed.
    """
    networks = live_networks(ctx)
    if not networks and not os.path.exists(_applied_path(ctx)):
        return []  # It was not us who wrote it.
    present = _listed(ctx)
    if not networks or present is None:
        return [ctx.prefix] if networks or present is not None else []

    def whole() -> Optional[Dict[str, List[str]]]:
        result = _nft(ctx, ruleset.whole(ctx.prefix, networks, _published(ctx))).finish()
        return _listed(ctx) if result.code == 0 else present

    wanted = netns.run_apart(whole) or {}
    return sorted(name for name in {*wanted, *present} if wanted.get(name) != present.get(name))


def _listed(ctx: Context) -> Optional[Dict[str, List[str]]]:
    """What this namespace's table consists of, by the name of the chain, set or map; None without a table."""
    result = command.run([ctx.tool("nft", "list rules"), "-j", "list", "table", "inet", ctx.prefix])
    if result.code != 0:
        return None
    found: Dict[str, List[str]] = {}
    for row in json.loads(result.stdout)["nftables"]:
        (kind, values), = row.items()
        if kind in ("metainfo", "table"):
            continue
        values.pop("handle", None)
        values["elem"] = sorted(json.dumps(one, sort_keys=True) for one in values.get("elem", ()))
        found.setdefault(values["chain"] if kind == "rule" else values["name"], []).append(
            json.dumps([kind, values], sort_keys=True))
    return found
