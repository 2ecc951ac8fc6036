# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever spelling a user chose for an option, equal wishes give equal values.

``FIELDS`` has one function for each field of ``container.ContainerSpec``. It takes what a playbook
or a command line says (text, a number, a list, a mapping) and returns the field's value in the form
that ``ContainerSpec.to_document`` stores: plain JSON, rows as mappings with all their keys. So two
wishes are compared without making the objects, and ``container.from_document`` makes a
ContainerSpec of the same values. Every function raises InvalidInput that names the option.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from ..errors import InvalidInput

_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024 ** 2, "g": 1024 ** 3, "t": 1024 ** 4, "p": 1024 ** 5}
_TIMES = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")


# single values

def text(value: Any, option: str = "value") -> str:
    """One line of text; a YAML boolean or number becomes its lower-case JSON spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)):
        raise InvalidInput("%s must be text, not %r" % (option, value))
    result = str(value)
    if "\0" in result:
        raise InvalidInput("%s contains a NUL byte" % option)
    return result


def line(value: Any, option: str = "value") -> str:
    """Text without control characters: what ends up in files of lines, in logs and on terminals."""
    result = text(value, option)
    if not result.isprintable():
        raise InvalidInput("%s contains a control character: %r" % (option, result[:80]))
    return result


def boolean(value: Any, option: str = "value") -> bool:
    """True or False, from a boolean or from the words that Ansible and podman take for one."""
    word = text(value, option).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise InvalidInput("%s is %r" % (option, value), "Use true or false.")


def integer(value: Any, option: str = "value", low: int = 0, high: int = 2 ** 63 - 1) -> int:
    """A whole number within bounds, both included."""
    try:
        if isinstance(value, float) and value != int(value):
            raise ValueError
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput("%s is %r, which is no whole number" % (option, value)) from None
    if not low <= number <= high:
        raise InvalidInput("%s is %d" % (option, number), "It must be between %d and %d." % (low, high))
    return number


def size(value: Any, option: str = "size") -> int:
    """Bytes from ``512m``, ``1.5g``, ``64kb``, ``2GiB`` or a number of bytes; units are powers of 1024."""
    word = text(value, option).strip().lower()
    digits = word.rstrip("bkmgtpi ")
    unit = word[len(digits):].strip()
    unit = unit[:1] if unit[1:] in ("", "b", "ib") else "?"
    try:
        number = float(digits)
    except ValueError:
        number = -1.0
    if unit not in _UNITS or not 0 <= number < 2 ** 62:
        raise InvalidInput("%s is %r, which is no size" % (option, value), "Use for example 64k, 512m or 1.5g.")
    return int(digits) * _UNITS[unit] if digits.isdecimal() else int(number * _UNITS[unit])


def size_or_unlimited(value: Any, option: str = "size") -> int:
    """Bytes, or -1 for 'no limit'."""
    return -1 if text(value, option).strip() in ("-1", "unlimited") else size(value, option)


def duration(value: Any, option: str = "duration") -> float:
    """Seconds from Go's ``1h5m``, ``1m30s``, ``500ms``, or from a number of seconds."""
    rest = text(value, option).strip().lower()
    try:
        seconds = float(rest)
    except ValueError:
        seconds = _go_duration(rest)
    if not 0 <= seconds < 2 ** 40:
        raise InvalidInput("%s is %r, which is no span of time" % (option, value), "Use for example 30s or 1m30s.")
    return seconds


def _go_duration(rest: str) -> float:
    """Seconds of Go's notation; -1 when it is none."""
    total, number = (0.0, "") if rest else (-1.0, "")
    while rest:
        if rest[0].isdecimal() or rest[0] == ".":
            number, rest = number + rest[0], rest[1:]
            continue
        unit = rest[:2] if rest[:2] in _TIMES else rest[:1]
        if unit not in _TIMES or not number or number.count(".") > 1 or number == ".":
            return -1.0
        total, number, rest = total + float(number) * _TIMES[unit], "", rest[len(unit):]
    return -1.0 if number else total


def signal(value: Any, option: str = "stop_signal") -> str:
    """``SIGTERM`` from 15, 'TERM' or 'SIGTERM' (signal(7)); '' stays ''."""
    import signal as signals

    word = text(value, option).strip().upper()
    if not word:
        return ""
    if word.isdecimal():
        number = int(word)
        if signals.SIGRTMIN < number <= signals.SIGRTMAX:
            return "SIGRTMIN+%d" % (number - signals.SIGRTMIN)
        try:
            return signals.Signals(number).name
        except ValueError:
            raise InvalidInput("%s is %r: there is no such signal" % (option, value)) from None
    name = word if word.startswith("SIG") else "SIG" + word
    base, _plus, offset = name.replace("-", "+").partition("+")
    span = signals.SIGRTMAX - signals.SIGRTMIN
    if base in ("SIGRTMIN", "SIGRTMAX") and offset.isdecimal() and 0 < int(offset) <= span:
        above = int(offset) if base == "SIGRTMIN" else span - int(offset)
        return "SIGRTMIN+%d" % above if above else "SIGRTMIN"
    if name == "SIGRTMAX":
        return "SIGRTMIN+%d" % span
    if name not in signals.Signals.__members__:
        raise InvalidInput("%s is %r: there is no such signal" % (option, value), "signal(7) lists them.")
    return signals.Signals[name].name


def absolute_path(value: Any, option: str = "path") -> str:
    """A normalised absolute path inside the container or on the host; '' stays ''."""
    path = line(value, option)
    if not path:
        return ""
    if not path.startswith("/"):
        raise InvalidInput("%s must be an absolute path, not %r" % (option, path))
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidInput("%s must not contain '..': %r" % (option, path))
    return "/" + "/".join(parts)


def one_of(*words: str) -> Callable[[Any, str], str]:
    """A canonicaliser for a fixed set of words."""
    def check(value: Any, option: str) -> str:
        word = text(value, option)
        if word not in words:
            raise InvalidInput("%s is %r" % (option, value), "Use one of: %s." % ", ".join(w for w in words if w))
        return word
    return check


def address(value: Any, option: str = "ip", families: str = "46") -> str:
    """An IP address in its shortest spelling; '' stays ''."""
    import socket

    word = text(value, option).strip()
    for family, digit in ((socket.AF_INET, "4"), (socket.AF_INET6, "6")):
        if word and digit in families:
            try:
                return socket.inet_ntop(family, socket.inet_pton(family, word))
            except (OSError, ValueError):
                continue
    if word:
        raise InvalidInput("%s is %r, which is no IPv%s address" % (option, value, " or v".join(families)))
    return ""


def mac(value: Any, option: str = "mac_address") -> str:
    """A unicast MAC address in lower case with colons; '' stays ''."""
    word = text(value, option).strip().lower().replace("-", ":")
    parts = word.split(":")
    if word and (len(parts) != 6 or any(len(p) != 2 or p.strip("0123456789abcdef") for p in parts)
                 or int(parts[0], 16) & 1 or word == "00:00:00:00:00:00"):
        raise InvalidInput("%s is %r, which is no MAC address of one interface" % (option, value))
    return word


def hostname(value: Any, option: str = "hostname") -> str:
    """A host name (RFC 1123, with underscores as others allow them, at most 64 bytes); '' stays ''."""
    name = text(value, option)
    if name and (len(name) > 64 or name[0] in "-." or not _NAME.issuperset(name)):
        raise InvalidInput("%s is %r, which is no host name" % (option, value))
    return name


def is_name(word: str) -> bool:
    """Whether a text may name an object of the engine: [a-zA-Z0-9][a-zA-Z0-9_.-]*."""
    return bool(word) and word[0] not in "-._" and _NAME.issuperset(word)


# lists and mappings

def words(value: Any, option: str = "list") -> List[str]:
    """A list of texts; a single text is a list of one."""
    if value is None or value == "":
        return []
    rows = [value] if isinstance(value, (str, int, float)) else value
    if not isinstance(rows, (list, tuple)):
        raise InvalidInput("%s must be a list, not %r" % (option, value))
    return [line(row, option) for row in rows]


def sorted_words(value: Any, option: str = "list") -> List[str]:
    """A list whose order does not matter: sorted, without duplicates."""
    return sorted(set(words(value, option)))


def pairs(value: Any, option: str = "mapping", *, bare: bool = False) -> Dict[str, str]:
    """A mapping of texts from a mapping or from a list of ``name=value``.

    An entry without '=' never takes the value of a variable of the host (with ``bare`` its value is '').
    """
    if value is None or value == "":
        return {}
    if isinstance(value, dict):
        items = [(line(k, option), text(v, option)) for k, v in value.items()]
    else:
        items = []
        for row in [value] if isinstance(value, str) else value:
            name, equals, content = text(row, option).partition("=")
            if not equals and not bare:
                raise InvalidInput("%s has %r without a value" % (option, name), "Write it as NAME=VALUE.")
            items.append((line(name, option), content))
    for name, _content in items:
        if not name or "=" in name:
            raise InvalidInput("%s has a bad name: %r" % (option, name))
    return dict(items)


def labels(value: Any, option: str = "label") -> Dict[str, str]:
    """Labels; a label without a value has the value ''."""
    return pairs(value, option, bare=True)


def command(value: Any, option: str = "command") -> List[str]:
    """An argv; text is split as a shell would, without running one."""
    if isinstance(value, (list, tuple)):
        return [text(row, option) for row in value]
    import shlex

    try:
        return shlex.split(text(value, option))
    except ValueError as exc:
        raise InvalidInput("%s cannot be split into words (%s): %r" % (option, exc, value),
                           "Close its quotes, or give a list.") from exc


def entrypoint(value: Any, option: str = "entrypoint") -> List[str]:
    """An argv from a list or from a JSON array; other text is one program's name, '' takes none."""
    if isinstance(value, (list, tuple)):
        return [text(row, option) for row in value]
    word = text(value, option)
    if not word.startswith("["):
        return [word] if word else []
    import json

    try:
        return [text(row, option) for row in json.loads(word)]
    except (ValueError, TypeError) as exc:
        raise InvalidInput("%s is no JSON array of texts: %r" % (option, value)) from exc


def capabilities(value: Any, option: str = "cap_add") -> List[str]:
    """Capabilities as ``CAP_NET_ADMIN``, sorted; ``ALL`` stays ``ALL``."""
    names = {row.upper() for row in words(value, option)}
    return sorted(name if name == "ALL" or name.startswith("CAP_") else "CAP_" + name for name in names)


def hosts(value: Any, option: str = "etc_hosts") -> Dict[str, str]:
    """Lines for /etc/hosts as {name: address} from that or from a list of ``name:address``."""
    if not isinstance(value, dict):
        value = dict(row.partition(":")[::2] for row in words(value, option))
    for name, ip in value.items():
        if not ip:
            raise InvalidInput("%s has %r without an address" % (option, name), "Write NAME:ADDRESS.")
    return {hostname(name, option): "host-gateway" if ip == "host-gateway" else address(
        text(ip, option).strip("[]"), option) for name, ip in value.items()}


def restart_policy(value: Any, option: str = "restart_policy") -> str:
    """no, always, unless-stopped, on-failure or on-failure:N."""
    word = text(value, option)
    if value is False or word in ("", "never"):
        return "no"
    name, colon, count = word.partition(":")
    if name not in ("no", "always", "unless-stopped", "on-failure") or (colon and (
            name != "on-failure" or not count.isdecimal())):
        raise InvalidInput("%s is %r" % (option, value), "Use no, always, unless-stopped, on-failure or on-failure:N.")
    return name if not colon or int(count) == 0 else "%s:%d" % (name, int(count))


def umask(value: Any, option: str = "umask") -> str:
    """Four octal digits."""
    word = "%o" % value if isinstance(value, int) and not isinstance(value, bool) else text(value, option)
    if not 0 < len(word) <= 4 or word.strip("01234567"):
        raise InvalidInput("%s is %r, which is no octal mode" % (option, value), "Use for example 0022.")
    return word.zfill(4)


def namespace(default: str, *more: str) -> Callable[[Any, str], str]:
    """A canonicaliser for a kind of namespace whose default is ``default``; '' is one that depends on more: in a pod
    ``private`` is not what a container gets without a word."""
    def check(value: Any, option: str) -> str:
        word = line(value, option)
        kind, _colon, name = word.partition(":")
        if word in ("", default):
            return ""
        if word in ("private", "host") + more or (kind == "container" and name):
            return word
        if kind == "ns":
            return "ns:" + absolute_path(name, option)
        raise InvalidInput("%s is %r" % (option, value),
                           "Use %s." % ", ".join(("private", "host") + more + ("container:NAME", "ns:PATH")))
    return check


def user_namespace(value: Any, option: str = "userns") -> str:
    """A user namespace: '', host, private, keep-id, nomap, auto (with sorted options), container:NAME, ns:PATH."""
    word = line(value, option)
    kind, colon, rest = word.partition(":")
    known = {"auto": ("size",), "keep-id": ("gid", "size", "uid"), "nomap": ()}.get(kind)
    if known is None:
        return namespace("")(value, option)
    pairs = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    for name, number in pairs.items():
        if name not in known or not number.isdecimal():
            raise InvalidInput("%s is %r" % (option, value),
                               "%s takes %s." % (kind, ", ".join(n + "=NUMBER" for n in known) or "no options"))
    return kind + (":" + ",".join("%s=%s" % pair for pair in sorted(pairs.items())) if pairs else "")


def id_rows(value: Any, option: str) -> List[str]:
    """Rows INSIDE:OUTSIDE:COUNT of a mapping of IDs, sorted."""
    from . import idmap

    return ["%d:%d:%d" % row for row in idmap.parse_options(words(value, option), option)]


def security_options(value: Any, option: str = "security_opt") -> List[str]:
    """Security options as ``key=value``, sorted; podman also takes a colon after the key."""
    result = set()
    for row in words(value, option):
        key, mark, content = row.partition("=")
        if not mark:
            key, mark, content = row.partition(":")
        if key == "no-new-privileges":
            if content and not boolean(content, option):
                continue
            result.add(key)
        elif key in ("seccomp", "apparmor", "label", "mask", "unmask", "proc-opts") and content:
            result.add("%s=%s" % (key, content))
        else:
            raise InvalidInput("%s has %r, which is no security option" % (option, row),
                               "Use no-new-privileges, seccomp=, apparmor=, label=, mask= or unmask=.")
    return sorted(result)


def rates(value: Any, option: str, count: bool = False) -> Dict[str, str]:
    """Limits of devices as {path: rate} from that or from a list of ``path:rate``; bytes or operations a second."""
    if not isinstance(value, dict):
        value = dict(row.rpartition(":")[::2] for row in words(value, option))
    return {absolute_path(path, option): str(integer(rate, option) if count else size(rate, option))
            for path, rate in value.items()}


def cpus(value: Any, option: str = "cpus") -> float:
    """A number of CPUs, 0 for no limit."""
    try:
        number = float(text(value, option))
    except ValueError:
        number = -1.0
    if not 0 <= number < 100000:
        raise InvalidInput("%s is %r, which is no number of CPUs" % (option, value), "Use for example 1.5.")
    return number


def cpu_set(value: Any, option: str = "cpuset_cpus") -> str:
    """Numbers of CPUs or memory nodes as cpuset(7) lists them: ``0-3,5``."""
    word = text(value, option).replace(" ", "")
    for part in word.split(",") if word else ():
        low, dash, high = part.partition("-")
        if not low.isdecimal() or (dash and (not high.isdecimal() or int(high) < int(low))):
            raise InvalidInput("%s is %r" % (option, value), "Use for example 0-3,5.")
    return word


def log_options(value: Any, option: str = "log_opt") -> Dict[str, str]:
    """Log options: path, max-size (bytes, as text), tag, labels."""
    result = {}
    for key, content in pairs({k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value,
                              option).items():
        key = key.replace("_", "-")
        if key not in ("path", "max-size", "tag"):
            raise InvalidInput("%s has the unknown option %r" % (option, key), "Use path, max-size or tag.")
        result[key] = str(size_or_unlimited(content, option)) if key == "max-size" else line(content, option)
    return result


def log_driver(value: Any, option: str = "log_driver") -> str:
    """k8s-file, journald or none; podman takes json-file for k8s-file too. '' lets the engine choose."""
    word = text(value, option)
    return "k8s-file" if word == "json-file" else one_of("", "k8s-file", "journald", "none")(word, option)


def time_zone(value: Any, option: str = "timezone") -> str:
    """``local`` or a name of the zone database."""
    word = line(value, option)
    if ".." in word.split("/") or word.startswith("/"):
        raise InvalidInput("%s is %r, which is no time zone" % (option, value),
                           "Use for example Europe/Berlin or local.")
    return word


def process_limit(value: Any, option: str = "pids_limit") -> int:
    """A number of processes; -1 for no limit (podman takes 0 for that too)."""
    return integer(-1 if text(value, option) == "unlimited" else value, option, -1) or -1


def block_weight(value: Any, option: str = "blkio_weight") -> int:
    """A share of block I/O, 10 to 1000; 0 for the default."""
    number = integer(value, option, 0, 1000)
    return number if number == 0 else integer(number, option, 10, 1000)


def systemd(value: Any, option: str = "systemd") -> str:
    """true, false or always."""
    return "always" if text(value, option) == "always" else ("true" if boolean(value, option) else "false")


def image_volume(value: Any, option: str = "image_volume") -> str:
    """anonymous (podman also says bind), tmpfs or ignore."""
    word = one_of("anonymous", "bind", "tmpfs", "ignore")(value, option)
    return "anonymous" if word == "bind" else word


def _ports(name: str) -> Callable[[Any, str], Any]:
    def call(value: Any, option: str) -> Any:
        from . import ports
        return getattr(ports, name)(value, option)
    return call


def _annotations(value: Any, option: str) -> Any:
    from . import annotations
    return annotations.rows(value, option)


def _mounts(value: Any, option: str) -> Any:
    from . import mounts
    return mounts.rows(value, option)


def _attached(name: str) -> Callable[[Any, str], Any]:
    def call(value: Any, option: str) -> Any:
        from . import attached
        return getattr(attached, name)(value, option)
    return call


def _number(low: int = 0, high: int = 2 ** 63 - 1) -> Callable[[Any, str], int]:
    return lambda value, option: integer(value, option, low, high)


FIELDS: Dict[str, Callable[[Any, str], Any]] = {
    "image": line, "name": line, "rootfs": boolean, "pod": line, "infra": boolean,
    "init_ctr": one_of("", "always", "once"),
    "command": command, "entrypoint": entrypoint, "env": pairs, "env_host": boolean, "http_proxy": boolean,
    "unsetenv": sorted_words, "unsetenv_all": boolean, "user": line, "group_add": sorted_words,
    "workdir": absolute_path, "interactive": boolean, "tty": boolean, "init": boolean, "init_path": absolute_path,
    "umask": umask, "stop_signal": signal, "stop_timeout": _number(0, 2 ** 31), "timeout": _number(0, 2 ** 31),
    "timezone": time_zone, "systemd": systemd, "passwd": boolean,
    "hostname": hostname, "label": labels, "annotation": _annotations,
    "restart_policy": restart_policy, "rm": boolean, "requires": sorted_words,
    "log_driver": log_driver, "log_opt": log_options,
    "health": _attached("health"), "no_healthcheck": boolean,
    "healthcheck_failure_action": one_of("none", "kill", "restart", "stop"),
    "read_only": boolean, "read_only_tmpfs": boolean, "mounts": _mounts, "volumes_from": words,
    "image_volume": image_volume, "shm_size": size, "device": _attached("devices"),
    "device_cgroup_rule": _attached("device_rules"), "secrets": _attached("secrets"),
    "network": _ports("networks"), "network_aliases": sorted_words,
    "ip": lambda value, option: address(value, option, "4"), "ip6": lambda value, option: address(value, option, "6"),
    "mac_address": mac, "publish": _ports("publish"), "publish_all": boolean, "expose": _ports("expose"),
    "dns": lambda value, option: [address(row, option) for row in words(value, option)],
    "dns_option": words, "dns_search": words, "etc_hosts": hosts, "no_hosts": boolean,
    "pid": namespace(""), "ipc": namespace("shareable", "none"), "uts": namespace(""),
    "userns": user_namespace, "uidmap": id_rows, "gidmap": id_rows, "subuidname": line, "subgidname": line,
    "cgroupns": namespace(""),
    "privileged": boolean, "cap_add": capabilities, "cap_drop": capabilities, "security_opt": security_options,
    "sysctl": pairs, "ulimit": _attached("limits"), "oom_score_adj": _number(-1000, 1000),
    "cgroup_parent": line, "memory": size, "memory_reservation": size, "memory_swap": size_or_unlimited,
    "memory_swappiness": _number(0, 100), "oom_kill_disable": boolean, "cpus": cpus,
    "cpu_period": _number(0, 1000000), "cpu_quota": _number(-1), "cpu_rt_period": _number(),
    "cpu_rt_runtime": _number(), "cpu_shares": _number(0, 262144), "cpuset_cpus": cpu_set, "cpuset_mems": cpu_set,
    "pids_limit": process_limit, "blkio_weight": block_weight,
    "device_read_bps": rates, "device_write_bps": rates,
    "device_read_iops": lambda value, option: rates(value, option, True),
    "device_write_iops": lambda value, option: rates(value, option, True),
    "cgroup_conf": pairs, "runtime": line,
}


def canonical(field: str, value: Any, option: str = "") -> Any:
    """The canonical value of one field, with ``option`` as what messages call it."""
    return FIELDS[field](value, option or field)
