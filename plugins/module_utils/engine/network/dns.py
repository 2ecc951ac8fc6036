# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names on user networks, by aardvark-dns where it is installed.

One process per engine reads ``<runroot>/dns/<network>`` (format: config.md of aardvark-dns), listens on each
network's gateway, reads all again on SIGHUP, and ends by itself when no file is left. All functions are
called under the network lock. Without it, names are in the hosts files; see service.networks.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Dict, List, Optional, Sequence

from ..context import Context
from ..errors import EngineError
from ..formats.endpoint import EndpointDocument
from ..kernel import account, command, files, init
from . import definitions, endpoints, uplink
from .definitions import NetworkRecord

PROGRAM = "aardvark-dns"
PID_FILE = "aardvark.pid"


def available(ctx: Context) -> bool:
    """Whether names are served by aardvark-dns."""
    return ctx.find_tool(PROGRAM) is not None


def header(ctx: Context, record: NetworkRecord) -> str:
    """The first line of a network's file: where to listen, and whom to ask."""
    gateways = ",".join(subnet.gateway for subnet in record.spec.subnets)
    servers = [server for server in record.spec.dns_servers if "%" not in server] or upstream(ctx)
    return " ".join(filter(None, (gateways, ",".join(servers))))


def upstream(ctx: Context) -> List[str]:
    """The name server that a user's own network namespace reaches the host's by; none for root."""
    found = uplink.read(ctx.run("uplink")) if ctx.rootless else None
    return [found.resolver] if found is not None and found.resolver else []


def line(document: EndpointDocument, network: str) -> str:
    """The line of one container in a network's file."""
    endpoint = next(e for e in document.endpoints if e.network == network)
    return " ".join((document.request.container_id, endpoint.ip, endpoint.ip6, ",".join(endpoint.aliases),
                     ",".join(_servers(document)))).rstrip()


def _servers(document: EndpointDocument) -> List[str]:
    """The container's own servers; the format knows no zones ('%eth0')."""
    return [server for server in document.request.dns if server != "none" and "%" not in server]


def update(ctx: Context, document: EndpointDocument, records: Sequence[NetworkRecord]) -> None:
    """Let the name server know a container on these networks; raises EngineError.

    Only its own line is changed: the cost does not grow with the number of containers.
    """
    served = [record for record in records if record.spec.dns]
    program = ctx.find_tool(PROGRAM) if served else None
    if program is None:
        return
    files.make_directory(ctx.run("dns"))
    for record in served:
        others = _others(ctx, record.name, document.request.container_id)
        _write(ctx, record.name, [header(ctx, record), *others, line(document, record.name)])
    _notify(ctx, program)


def _others(ctx: Context, network: str, container_id: str) -> List[str]:
    """The lines of the other containers in a network's file."""
    try:
        with open(ctx.run("dns", network), encoding="ascii") as stream:
            lines = stream.read().splitlines()[1:]
    except FileNotFoundError:
        return []
    return [row for row in lines if not row.startswith(container_id + " ")]


def _write(ctx: Context, network: str, lines: Sequence[str]) -> None:
    # Made beside the directory: the name server takes each file in there for a network.
    fresh = ctx.run("dns.new")
    files.write_atomic(fresh, "".join(row + "\n" for row in lines).encode(), durable=False)
    os.rename(fresh, ctx.run("dns", network))


def forget(ctx: Context, container_id: str, networks: Sequence[str]) -> None:
    """Let the name server forget a container on these networks."""
    known = [name for name in networks if os.path.exists(ctx.run("dns", name))]
    for name in known:
        record = definitions.read(ctx, name)
        others = _others(ctx, name, container_id)
        if others and record is not None:
            _write(ctx, name, [header(ctx, record), *others])
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(ctx.run("dns", name))
    pid = _pid(ctx) if known else None
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


def rebuild(ctx: Context, records: Sequence[NetworkRecord]) -> None:
    """Write the files of these networks anew, and start the name server if it is gone."""
    for record in records:
        documents = endpoints.of_network(ctx, record.name) if record.spec.dns else []
        if documents and available(ctx):
            files.make_directory(ctx.run("dns"))
            _write(ctx, record.name, [header(ctx, record), *(line(document, record.name) for document in documents)])
            update(ctx, documents[0], [record])


def _pid(ctx: Context) -> Optional[int]:
    """The name server's process: the one in the PID file, if it is still a name server with our directory."""
    try:
        with open(ctx.run("dns", PID_FILE), encoding="ascii") as stream:
            pid = int(stream.read(32))
        with open("/proc/%d/cmdline" % pid, "rb") as stream:
            argv = stream.read(4096).split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if PROGRAM.encode() in argv[0] and ctx.run("dns").encode() in argv else None


def _notify(ctx: Context, program: str) -> None:
    pid = _pid(ctx)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)
            return
    result = command.start([*_scope(ctx), program, "--config", ctx.run("dns"), "-p", "53", "run"],
                           env=_environment(ctx)).finish()
    if result.code != 0:
        raise EngineError("%s did not start: %s" % (program, result.stderr.decode("utf-8", "replace").strip()[-500:]),
                          "Does another name server hold port 53 of the gateway's address?")


def _scope(ctx: Context) -> List[str]:
    """Under systemd the server must outlive the unit of the first container; its scope is its own."""
    if not init.serves(ctx.uid, rootless=ctx.rootless):
        return []
    launcher = ctx.find_tool("systemd-run")
    return [launcher, *(["--user"] if ctx.rootless else []), "--quiet", "--scope", "--collect"] if launcher else []


def _environment(ctx: Context) -> Dict[str, str]:
    own = account.bus(ctx.uid) if ctx.rootless else {}
    return {**own, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
