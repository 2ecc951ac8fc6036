# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Canonical values as people write them: what the options of podman-run(1) and of the modules would say.

The way back from ``values``, ``ports``, ``attached`` and ``mounts``: what is spelled here is read there as the same.
"""

from __future__ import annotations

import shlex
from typing import Any, Callable, Collection, Dict, List, Mapping, Tuple

from . import humanize

Rows = List[Mapping[str, Any]]


def value(field: str, content: Any) -> Any:
    """One field's canonical value as its option's value; what is written as it is stored comes back as it is."""
    spell = _SPELLINGS.get(field)
    return content if spell is None or content is None else spell(content)


def size(count: int) -> str:
    """Bytes in the largest unit that they are whole in: '64m'; '-1' for no limit."""
    for unit, factor in (("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)):
        if count > 0 and count % factor == 0:
            return "%d%s" % (count // factor, unit)
    return str(count)


def span(seconds: float) -> str:
    """Seconds as Go writes a duration: '1m30s'."""
    return humanize.go_duration(round(seconds * 10 ** 9))


def publish(rows: Rows) -> List[str]:
    """Published ports, with rows that follow one another as a range."""
    spans: List[Tuple[Mapping[str, Any], int]] = []
    for row in rows:
        if spans and _follows(*spans[-1], row):
            spans[-1] = (spans[-1][0], spans[-1][1] + 1)
        else:
            spans.append((row, 1))
    return [_port(row, count) for row, count in spans]


def _follows(first: Mapping[str, Any], count: int, row: Mapping[str, Any]) -> bool:
    step = count if first["host_port"] else 0
    return row == dict(first, container_port=first["container_port"] + count, host_port=first["host_port"] + step)


def _port(row: Mapping[str, Any], count: int) -> str:
    def ports(start: int) -> str:
        return "%d-%d" % (start, start + count - 1) if count > 1 else str(start)

    address, outside = row["host_ip"], ports(row["host_port"]) if row["host_port"] else ""
    if address:
        outside = "%s:%s" % ("[%s]" % address if ":" in address else address, outside)
    inside = ports(row["container_port"]) + ("" if row["protocol"] == "tcp" else "/" + row["protocol"])
    return "%s:%s" % (outside, inside) if outside else inside


def networks(rows: Rows) -> List[str]:
    """Networks, or another kind of namespace, with what was asked of each."""
    return [_network(row) for row in rows]


def _network(row: Mapping[str, Any]) -> str:
    if row["mode"] != "network":
        return "%s:%s" % (row["mode"], row["name"]) if row["name"] else str(row["mode"])
    settings = ["%s=%s" % (name, row[key]) for name, key in (
        ("ip", "ip"), ("ip6", "ip6"), ("mac", "mac"), ("interface_name", "interface")) if row.get(key)]
    settings += ["alias=" + alias for alias in row.get("aliases", ())]
    return "%s%s" % (row["name"], ":" + ",".join(settings) if settings else "")


def devices(rows: Rows) -> List[str]:
    """Devices as SOURCE[:TARGET][:PERMISSIONS]."""
    return [":".join([row["source"], *([row["target"]] if row["target"] != row["source"] else []),
                      *([row["permissions"]] if row["permissions"] != "rwm" else [])]) for row in rows]


def limits(rows: Rows) -> List[str]:
    """Limits as NAME=SOFT[:HARD]."""
    return ["host" if row["name"] == "host" else "%s=%d%s" % (
        row["name"], row["soft"], ":%d" % row["hard"] if row["hard"] != row["soft"] else "") for row in rows]


def secrets(rows: Rows) -> List[str]:
    """Secrets, by name, with what differs from the usual; a mode is octal."""
    found = []
    for row in rows:
        words = [row["name"]] + (["type=env"] if row["type"] == "env" else [])
        words += ["target=" + row["target"]] if row["target"] else []
        words += ["%s=%d" % (key, row[key]) for key in ("uid", "gid") if row[key]]
        words += ["mode=%04o" % row["mode"]] if row["mode"] != 0o444 else []
        found.append(",".join(words))
    return found


def _rates(rates: Mapping[str, str]) -> List[str]:
    return ["%s:%s" % (path, size(int(rate))) for path, rate in rates.items()]


def _counts(rates: Mapping[str, str]) -> List[str]:
    return ["%s:%s" % pair for pair in rates.items()]


def _log_options(options: Mapping[str, str]) -> Dict[str, str]:
    return {key.replace("-", "_"): size(int(content)) if key == "max-size" else content
            for key, content in options.items()}


_SPELLINGS: Dict[str, Callable[[Any], Any]] = {
    "publish": publish, "network": networks, "device": devices, "ulimit": limits, "secrets": secrets,
    "device_read_bps": _rates, "device_write_bps": _rates, "device_read_iops": _counts, "device_write_iops": _counts,
    "log_opt": _log_options, "infra_command": shlex.join, "share": lambda names: ",".join(names) or "none",
    "memory": size, "memory_reservation": size, "memory_swap": size, "shm_size": size}


def mounts(rows: Rows, by_mount: Collection[str] = ()) -> Dict[str, Any]:
    """What volume, mount and tmpfs say together; ``by_mount`` are the targets that are written by ``mount``."""
    found: Dict[str, Any] = {"volume": [], "mount": [], "tmpfs": {}}
    for row in rows:
        options = [_tmpfs_size(word) for word in row["options"]]
        # An anonymous volume with options has no other spelling.
        nameless = row["type"] == "volume" and not row["source"] and options
        if row["type"] == "image" or row["target"] in by_mount or nameless:
            found["mount"].append(",".join(["type=" + row["type"], *(["source=" + row["source"]] * bool(row["source"])),
                                            "target=" + row["target"], *map(_mount_word, options)]))
        elif row["type"] == "tmpfs":
            found["tmpfs"][row["target"]] = ",".join(options)
        else:
            parts = (row["source"], row["target"], ",".join(options))
            found["volume"].append(":".join(part for part in parts if part))
    return found


def _tmpfs_size(word: str) -> str:
    key, _equals, content = word.partition("=")
    return "size=" + size(int(content)) if key == "size" and content.isdecimal() else word


def _mount_word(word: str) -> str:
    return "bind-propagation=" + word if word in ("shared", "slave", "private", "rshared", "rslave", "unbindable",
                                                  "runbindable") else word


def health(row: Any) -> Dict[str, Any]:
    """What healthcheck and its settings say; {} for no health check."""
    if not row:
        return {}
    test = list(row["test"])
    line = test[:1] == ["CMD-SHELL"] and len(test) == 2
    words = "none" if test == ["NONE"] else test[1] if line else _json(test)
    return {"healthcheck": words,
            "healthcheck_interval": span(row["interval"]) if row["interval"] else "disable",
            "healthcheck_timeout": span(row["timeout"]), "healthcheck_start_period": span(row["start_period"]),
            "healthcheck_retries": row["retries"]}


def _json(words: List[str]) -> str:
    import json

    return json.dumps(words)
