# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Published ports and network uses, from podman-run(1)'s ``--publish``, ``--expose`` and ``--network``.

The rows are those of ``container.Port`` and ``container.NetworkUse`` as mappings.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ..errors import InvalidInput
from . import values

PROTOCOLS = ("tcp", "udp", "sctp")
DEFAULT_NETWORK = "podman"
EVERY_ADDRESS = ("", "0.0.0.0", "*")


def publish(value: Any, option: str = "publish") -> List[Dict[str, Any]]:
    """Rows of Port, sorted, from ``[[ip:][host port]:]container port[/protocol]`` with ranges.

    A row may be a mapping with Port's names too. Raises InvalidInput for ranges of unequal length
    and for one host port that is asked for twice.
    """
    found: List[Dict[str, Any]] = []
    rows = [value] if isinstance(value, (str, int, dict)) else (value or [])
    for row in rows:
        found += [_port_row(row, option)] if isinstance(row, dict) else _published(values.line(row, option), option)
    unique = {tuple(sorted(row.items())): row for row in found}
    result = sorted(unique.values(), key=lambda r: (r["protocol"], r["container_port"], r["host_ip"], r["host_port"]))
    taken: Dict[Tuple[str, str, int], int] = {}
    for row in result:
        key = (row["protocol"], row["host_ip"], row["host_port"])
        if row["host_port"] and taken.setdefault(key, row["container_port"]) != row["container_port"]:
            raise InvalidInput("%s asks for the host port %d/%s twice" % (option, row["host_port"], row["protocol"]))
    return result


def _port_row(row: Dict[str, Any], option: str) -> Dict[str, Any]:
    unknown = sorted(set(row) - {"container_port", "host_port", "host_ip", "protocol"})
    if unknown or "container_port" not in row:
        raise InvalidInput("%s has a bad row: %r" % (option, row))
    return _row(values.integer(row["container_port"], option, 1, 65535),
                values.integer(row.get("host_port") or 0, option, 0, 65535),
                _host_ip(values.text(row.get("host_ip") or ""), option),
                _protocol(row.get("protocol") or "tcp", option))


def _row(container_port: int, host_port: int, host_ip: str, protocol: str) -> Dict[str, Any]:
    return {"container_port": container_port, "host_port": host_port, "host_ip": host_ip, "protocol": protocol}


def _published(word: str, option: str) -> List[Dict[str, Any]]:
    ports, protocol = _split_protocol(word, option)
    host_ip = ""
    if ports.startswith("["):
        host_ip, bracket, ports = ports[1:].partition("]")
        if not bracket or not ports.startswith(":"):
            raise _bad(word, option)
        ports = ports[1:]
        parts = ports.split(":")
    else:
        parts = ports.split(":")
        if len(parts) == 3:
            host_ip, parts = parts[0], parts[1:]
    if not 1 <= len(parts) <= 2:
        raise _bad(word, option)
    inside = port_range(parts[-1], option)
    outside = port_range(parts[0], option, low=0) if len(parts) == 2 and parts[0] else (0, 0)
    return _pair(inside, outside, _host_ip(host_ip, option), protocol, word, option)


def _pair(inside: Tuple[int, int], outside: Tuple[int, int], host_ip: str, protocol: str,
          word: str, option: str) -> List[Dict[str, Any]]:
    count = inside[1] - inside[0]
    if outside != (0, 0) and outside[1] - outside[0] != count:
        raise InvalidInput("%s has ranges of different lengths: %s" % (option, word))
    return [_row(inside[0] + i, outside[0] + i if outside[0] else 0, host_ip, protocol) for i in range(count + 1)]


def _bad(word: str, option: str) -> InvalidInput:
    return InvalidInput("%s has %r, which is no port" % (option, word),
                        "Write [[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL], for example 127.0.0.1:8080:80/tcp.")


def _host_ip(word: str, option: str) -> str:
    return "" if word in EVERY_ADDRESS else values.address(word.strip("[]"), option)


def _protocol(word: Any, option: str) -> str:
    name = values.text(word, option).lower()
    if name not in PROTOCOLS:
        raise InvalidInput("%s has the protocol %r" % (option, word), "Use tcp, udp or sctp.")
    return name


def _split_protocol(word: str, option: str) -> Tuple[str, str]:
    ports, slash, protocol = word.partition("/")
    return ports, _protocol(protocol, option) if slash else "tcp"


def port_range(word: str, option: str = "port", low: int = 1) -> Tuple[int, int]:
    """First and last port of ``80`` or ``8000-8010``."""
    first, dash, last = word.strip().partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise _bad(word, option)
    begin = values.integer(first, option, low, 65535)
    end = values.integer(last, option, low, 65535) if dash else begin
    if end < begin:
        raise InvalidInput("%s has a range that ends before it begins: %s" % (option, word))
    return begin, end


def expose(value: Any, option: str = "expose") -> List[str]:
    """Exposed ports as ``80/tcp``, ranges written out, sorted by number."""
    found = set()
    for word in values.words(value, option):
        ports, protocol = _split_protocol(word, option)
        begin, end = port_range(ports, option)
        found |= {(number, protocol) for number in range(begin, end + 1)}
    return ["%d/%s" % row for row in sorted(found)]


# networks

def networks(value: Any, option: str = "network") -> List[Dict[str, Any]]:
    """Rows of NetworkUse, in the order given, from ``name[:key=value,...]`` or a kind of namespace.

    The default bridge without any option is the same as none given, so it gives []. Raises
    InvalidInput for a mixture that makes no sense.
    """
    rows = [value] if isinstance(value, (str, dict)) else (value or [])
    if isinstance(value, str) and ":" not in value:
        rows = [part for part in value.split(",") if part]
    result = [_network_row(row, option) for row in rows]
    seen = set()
    for row in result:
        if row["mode"] != "network" and len(result) > 1:
            raise InvalidInput("%s mixes %s with other networks" % (option, row["mode"]))
        if row["name"] in seen:
            raise InvalidInput("%s names the network %s twice" % (option, row["name"]))
        seen.add(row["name"])
    return [] if result == [_use("network", DEFAULT_NETWORK)] else result


def _use(mode: str, name: str = "") -> Dict[str, Any]:
    return {"mode": mode, "name": name, "ip": "", "ip6": "", "mac": "", "interface": "", "aliases": []}


def _network_row(row: Any, option: str) -> Dict[str, Any]:
    if isinstance(row, dict):
        settings = dict(row)
        word = values.line(settings.pop("name", "") or "", option)
        if settings.pop("mode", "network") != "network":
            raise InvalidInput("%s: write a mode as text, for example host" % option)
        return _with_settings(_use("network", word or DEFAULT_NETWORK), settings, option)
    word = values.line(row, option)
    kind, colon, rest = word.partition(":")
    if kind in ("none", "host") and not rest:
        return _use(kind)
    if kind == "container" and rest:
        return _use("container", rest)
    if kind == "ns" and rest:
        return _use("ns", values.absolute_path(rest, option))
    if kind in ("slirp4netns", "pasta"):
        # slirp4netns's are KEY=VALUE in any order; pasta's are its own command line, in which order counts.
        parts = [part for part in rest.split(",") if part]
        return _use(kind, ",".join(sorted(parts) if kind == "slirp4netns" else parts))
    if kind == "pod":
        raise InvalidInput("%s=%s is no network" % (option, word), "Give the container its pod by the option pod.")
    if not kind or (colon and kind in ("none", "host", "container", "ns")):
        raise InvalidInput("%s has %r, which is no network" % (option, word))
    name = DEFAULT_NETWORK if kind in ("bridge", "private", "default") else kind
    pairs = [part.partition("=")[::2] for part in rest.split(",") if part]
    settings = {key: content for key, content in pairs if key != "alias"}
    aliases = [content for key, content in pairs if key == "alias"]
    return _with_settings(_use("network", name), dict(settings, **({"alias": aliases} if aliases else {})), option)


def _with_settings(use: Dict[str, Any], settings: Dict[str, Any], option: str) -> Dict[str, Any]:
    for key, content in settings.items():
        if content is None:
            continue
        if key in ("ip", "ip6"):
            use[key] = values.address(content, option, "4" if key == "ip" else "6")
        elif key in ("mac", "mac_address"):
            use["mac"] = values.mac(content, option)
        elif key in ("interface", "interface_name"):
            use["interface"] = _interface(values.line(content, option), option)
        elif key in ("alias", "aliases"):
            use["aliases"] = sorted({values.hostname(row, option) for row in values.words(content, option)})
        else:
            raise InvalidInput("%s %s has the unknown option %r" % (option, use["name"], key),
                               "Use ip, ip6, mac, interface_name or alias.")
    return use


def _interface(name: str, option: str) -> str:
    """A name that the kernel takes for a link: at most 15 bytes, no slash, colon or space."""
    if len(name.encode()) > 15 or name in (".", "..") or set(name) & set("/: %"):
        raise InvalidInput("%s has %r, which is no name of a network interface" % (option, name))
    return name
