# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The texts of a container's /etc/hosts, /etc/resolv.conf and /etc/hostname (hosts(5), resolv.conf(5))."""

from __future__ import annotations

import re
from typing import Iterable, List, Mapping, Optional, Sequence, Tuple

from ..errors import InvalidInput

LOOPBACK_NAMES = ("localhost",)
HOST_NAMES = ("host.containers.internal", "host.docker.internal")
HOST_GATEWAY = "host-gateway"
_HOST_NAME = re.compile(r"[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_.])?\Z")
_OPTION = re.compile(r"[a-zA-Z0-9_.:-]+\Z")

Row = Tuple[str, Tuple[str, ...]]  # an address and its names


def check_host_name(name: str) -> str:
    """The name itself; InvalidInput unless it can stand in a hosts file (no space, no control character)."""
    if not _HOST_NAME.match(name) or len(name) > 253:
        raise InvalidInput("%r is no host name" % name[:80], "Use letters, digits, '-', '_' and '.'.")
    return name


def check_address(text: str, what: str) -> str:
    """An IP address in canonical form, a zone such as %eth0 kept; InvalidInput names ``what`` it is for."""
    import ipaddress

    address, _rest, zone = text.partition("%")
    try:
        canonical = str(ipaddress.ip_address(address))
    except ValueError as exc:
        raise InvalidInput("%r is no IP address (%s)" % (text[:80], what)) from exc
    return canonical + "%" + check_host_name(zone) if zone else canonical


def parse_hosts(text: str) -> List[Row]:
    """The rows of a hosts file; what is no address with plain names is left out."""
    rows = []
    for line in text.splitlines():
        fields = line.split("#", 1)[0].split()
        names = tuple(name for name in fields[1:] if _HOST_NAME.match(name))
        if names and re.match(r"[0-9a-fA-F.:]+(%[a-zA-Z0-9_.-]+)?\Z", fields[0]):
            rows.append((fields[0], names))
    return rows


def hosts(*, base: str, extra: Mapping[str, str], own: Sequence[Row], peers: Iterable[Row] = (),
          host_address: str = "") -> str:
    """A hosts file: the host's own rows, then the user's, the host's address, the container's and its neighbours'.

    ``extra`` maps names to an address or 'host-gateway' (``host_address``; InvalidInput when there is
    none). A base row's name that a later row gives is left out: the first one would count.
    """
    rows: List[Row] = []
    for name, address in extra.items():
        if address == HOST_GATEWAY:
            if not host_address:
                raise InvalidInput("%s:%s: this container has no way to the host" % (name, address))
            address = host_address
        rows.append((check_address(address, "host %s" % name), (check_host_name(name),)))
    if host_address:
        given = {name for _rest, names in rows for name in names}
        rows.append((host_address, tuple(name for name in HOST_NAMES if name not in given)))
    rows += [*own, *peers]
    later = {name for _rest, names in rows for name in names}
    inherited = [(address, tuple(name for name in names if name not in later or name in LOOPBACK_NAMES))
                 for address, names in parse_hosts(base)]
    if not any("localhost" in names for _rest, names in inherited):
        inherited = [("127.0.0.1", ("localhost",)), ("::1", ("localhost", "ip6-localhost")), *inherited]
    return "".join("%s\t%s\n" % (address, " ".join(names)) for address, names in [*inherited, *rows] if names)


def parse_resolv(text: str) -> Tuple[List[str], List[str], List[str]]:
    """Name servers, search domains and options of a resolv.conf; what is malformed is left out."""
    servers: List[str] = []
    search: List[str] = []
    options: List[str] = []
    for line in text.splitlines():
        fields = line.split()
        if not fields or line[0] in "#;":
            continue
        if fields[0] == "nameserver" and len(fields) > 1:
            try:
                servers.append(check_address(fields[1], "nameserver"))
            except InvalidInput:
                continue
        elif fields[0] in ("search", "domain"):
            search = [name for name in fields[1:] if _HOST_NAME.match(name) or name == "."]
        elif fields[0] == "options":
            options += [option for option in fields[1:] if _OPTION.match(option)]
    return servers, search, options


def _reachable(servers: Sequence[str], ipv6: bool) -> List[str]:
    """The servers of the host that a container reaches too: not the host's loopback; IPv6 only with IPv6."""
    routed = [s for s in servers if not s.startswith("127.") and s != "::1"]
    return [s for s in routed if ipv6 or ":" not in s]


def resolv(*, base: str, servers: Sequence[str] = (), search: Sequence[str] = (), options: Sequence[str] = (),
           resolver: Sequence[str] = (), own_namespace: bool = True, ipv6: bool = False) -> str:
    """A resolv.conf. What the user gave replaces what the host has, each kind for itself.

    ``resolver`` are addresses of the networks' own name server, which asks ``servers`` in turn. A
    search domain '.' means none. With ``own_namespace`` the host's loopback servers are left out.
    """
    found, domains, flags = parse_resolv(base)
    if resolver:
        chosen = list(resolver)
    elif servers:
        chosen = [check_address(server, "dns") for server in servers]
    else:
        chosen = _reachable(found, ipv6) if own_namespace else found
    wanted = [check_domain(name) for name in search] if search else domains
    for option in options:
        if not _OPTION.match(option):
            raise InvalidInput("%r is no option for resolv.conf" % option[:80])
    lines = ["search " + " ".join(wanted)] if wanted and "." not in wanted else []
    lines += ["nameserver " + server for server in dict.fromkeys(chosen)]
    flags = list(options) or flags
    lines += ["options " + " ".join(flags)] if flags else []
    return "".join(line + "\n" for line in lines)


def check_domain(name: str) -> str:
    """A search domain; '.' stands for none. InvalidInput."""
    return name if name == "." else check_host_name(name)


def hostname(name: str) -> str:
    """The text of /etc/hostname; InvalidInput for a name that the kernel or a hosts file cannot hold."""
    if len(name) > 64:
        raise InvalidInput("The host name %r is longer than 64 characters" % name[:80])
    return check_host_name(name) + "\n"


def host_row(address: str, hostname_text: str, name: Optional[str], aliases: Sequence[str] = ()) -> Row:
    """The row of one container: its host name, its name and its aliases."""
    wanted = [hostname_text, name or "", *aliases]
    return address, tuple(dict.fromkeys(word for word in wanted if word and _HOST_NAME.match(word)))
