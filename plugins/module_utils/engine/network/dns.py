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
from ..kernel import command, files
from . import definitions, endpoints
from .definitions import NetworkRecord

PROGRAM = "aardvark-dns"
PID_FILE = "aardvark.pid"


def available(ctx: Context) -> bool:
    """Whether names are served by aardvark-dns."""
    return ctx.find_tool(PROGRAM) is not None


def text(record: NetworkRecord, documents: Sequence[EndpointDocument]) -> str:
    """The file of one network: where to listen and whom to ask, then a line per container."""
    gateways = ",".join(subnet.gateway for subnet in record.spec.subnets)
    lines = [" ".join(filter(None, (gateways, ",".join(record.spec.dns_servers))))]
    for document in documents:
        for endpoint in document.endpoints:
            if endpoint.network == record.name:
                lines.append(" ".join((document.request.container_id, endpoint.ip, endpoint.ip6,
                                       ",".join(endpoint.aliases), ",".join(_servers(document)))).rstrip())
    return "\n".join(lines) + "\n"


def _servers(document: EndpointDocument) -> List[str]:
    return [server for server in document.request.dns if server != "none"]


def update(ctx: Context, records: Sequence[NetworkRecord]) -> None:
    """Write the files of these networks and let the name server read them; raises EngineError."""
    served = [record for record in records if record.spec.dns]
    program = ctx.find_tool(PROGRAM) if served else None
    if program is None:
        return
    documents = endpoints.everyone(ctx)
    files.make_directory(ctx.run("dns"))
    for record in served:
        files.write_atomic(ctx.run("dns", record.name), text(record, documents).encode(), durable=False)
    _notify(ctx, program)


def forget(ctx: Context, networks: Sequence[str]) -> None:
    """Bring the files up to date after a container left these networks."""
    known = [name for name in networks if os.path.exists(ctx.run("dns", name))]
    if not known:
        return
    documents = endpoints.everyone(ctx)
    used = set(endpoints.used_networks(documents))
    for name in known:
        record = definitions.read(ctx, name)
        if name in used and record is not None:
            files.write_atomic(ctx.run("dns", name), text(record, documents).encode(), durable=False)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(ctx.run("dns", name))
    pid = _pid(ctx)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


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
                           env=_environment()).finish()
    if result.code != 0:
        raise EngineError("%s did not start: %s" % (program, result.stderr.decode("utf-8", "replace").strip()[-500:]),
                          "Does another name server hold port 53 of the gateway's address?")


def _scope(ctx: Context) -> List[str]:
    """Under systemd the server must outlive the unit of the first container; its scope is its own."""
    if not os.path.isdir("/run/systemd/system"):
        return []
    launcher = ctx.find_tool("systemd-run")
    return [launcher, "--quiet", "--scope", "--collect"] if launcher else []


def _environment() -> Dict[str, str]:
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
