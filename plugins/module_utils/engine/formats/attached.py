# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices, ulimits, secrets and health checks from podman-run(1)'s options, as canonical rows."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from ..errors import InvalidInput
from . import values

LIMITS = ("as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
          "rtprio", "rttime", "sigpending", "stack")


def devices(value: Any, option: str = "device") -> List[Dict[str, Any]]:
    """Rows of Device, sorted by target, from ``source[:target][:permissions]``."""
    found = {}
    for word in values.words(value, option):
        parts = word.split(":")
        permissions = "rwm"
        if len(parts) > 1 and not parts[-1].startswith("/"):
            permissions = parts.pop()
        if not 1 <= len(parts) <= 2 or not permissions or set(permissions) - set("rwm"):
            raise InvalidInput("%s has %r" % (option, word), "Write /dev/SOURCE[:/dev/TARGET][:rwm].")
        source, target = values.absolute_path(parts[0], option), values.absolute_path(parts[-1], option)
        found[target] = {"source": source, "target": target,
                         "permissions": "".join(letter for letter in "rwm" if letter in permissions)}
    return [found[target] for target in sorted(found)]


def device_rules(value: Any, option: str = "device_cgroup_rule") -> List[str]:
    """Rules ``type major:minor permissions``, sorted (the kernel's cgroup-v1/devices)."""
    found = set()
    for word in values.words(value, option):
        parts = word.split()
        kind, numbers, permissions = parts if len(parts) == 3 else ("", "", "")
        major, colon, minor = numbers.partition(":")
        if kind not in ("a", "b", "c") or not colon or not permissions or set(permissions) - set("rwm") or any(
                not (number == "*" or number.isdecimal()) for number in (major, minor)):
            raise InvalidInput("%s has %r" % (option, word), "Write for example 'c 10:200 rwm'.")
        found.add("%s %s:%s %s" % (kind, major, minor, "".join(p for p in "rwm" if p in permissions)))
    return sorted(found)


def limits(value: Any, option: str = "ulimit") -> List[Dict[str, Any]]:
    """Rows of Limit, sorted by name, from ``name=soft[:hard]`` (getrlimit(2)); 'host' copies the host's."""
    found = {}
    for word in values.words(value, option):
        name, equals, numbers = word.lower().partition("=")
        if name == "host" and not equals:
            found[name] = {"name": "host", "soft": -1, "hard": -1}
            continue
        soft, colon, hard = numbers.partition(":")
        name = name[7:] if name.startswith("rlimit_") else name
        if name not in LIMITS or not soft:
            raise InvalidInput("%s has %r" % (option, word),
                               "Write NAME=SOFT[:HARD]; names are: %s." % ", ".join(LIMITS))
        low = _limit(soft, option)
        high = _limit(hard, option) if colon else low
        if high >= 0 and (low > high or low < 0):
            raise InvalidInput("%s has a soft limit above the hard one: %r" % (option, word))
        found[name] = {"name": name, "soft": low, "hard": high}
    return [found[name] for name in sorted(found)]


def _limit(word: str, option: str) -> int:
    return -1 if word in ("-1", "unlimited") else values.integer(word, option)


def secrets(value: Any, option: str = "secrets") -> List[Dict[str, Any]]:
    """Rows of SecretUse, sorted, from ``name[,type=mount|env][,target=...][,uid=][,gid=][,mode=]``."""
    found = {}
    for entry in [value] if isinstance(value, (str, dict)) else (value or []):
        row = _secret(entry, option)
        found[(row["type"], row["target"] or row["name"])] = row
    return [found[key] for key in sorted(found)]


def _secret(entry: Any, option: str) -> Dict[str, Any]:
    if isinstance(entry, Mapping):
        settings = {values.line(k, option): v for k, v in entry.items() if v is not None}
        name = values.line(settings.pop("name", settings.pop("source", "")), option)
    else:
        name, _comma, rest = values.line(entry, option).partition(",")
        settings = dict(part.partition("=")[::2] for part in rest.split(",") if part)
        if name.startswith("source="):
            name = name[7:]
    kind = values.one_of("mount", "env")(settings.pop("type", "mount"), option)
    target = values.line(settings.pop("target", ""), option)
    row = {"name": name, "type": kind, "target": target,
           "uid": values.integer(settings.pop("uid", 0), option, 0, 2 ** 31 - 1),
           "gid": values.integer(settings.pop("gid", 0), option, 0, 2 ** 31 - 1),
           "mode": int(values.umask(settings.pop("mode", "0444"), option), 8)}
    if not name or settings:
        raise InvalidInput("%s has a bad row%s" % (option, ": unknown %s" % ", ".join(settings) if settings else ""),
                           "Write NAME[,type=mount|env][,target=TARGET][,uid=N][,gid=N][,mode=MODE].")
    if kind == "env" and not target:
        row["target"] = name
    if kind == "mount" and target.startswith("/"):
        row["target"] = values.absolute_path(target, option)
    elif kind == "mount" and ("/" in target or target in (".", "..")):
        raise InvalidInput("%s has the target %r" % (option, target), "Use a file name or an absolute path.")
    if kind == "mount" and target == name:
        row["target"] = ""
    return row


def health(value: Any, option: str = "healthcheck") -> Any:
    """A row of HealthCheck, or None, from a mapping with test, interval, timeout, start_period, retries.

    ``test`` is a line for the shell, a JSON array or list, each with or without CMD or CMD-SHELL before it (docker's
    and podman's spellings), or 'none'; or docker's mapping of all these settings, where disable stands for 'none'.
    """
    if not value:
        return None
    value = _unpacked(value, option)
    unknown = sorted(set(value) - {"test", "interval", "timeout", "start_period", "retries"})
    if unknown:
        raise InvalidInput("%s has the unknown setting %s" % (option, ", ".join(unknown)))
    before, command = (option + "-", option + "-cmd") if option.startswith("--") else (option + "_", option)
    row = {"test": _test(value.get("test"), command), "interval": 30.0, "timeout": 30.0, "start_period": 0.0,
           "retries": 3}
    for key in ("interval", "timeout", "start_period"):
        if value.get(key) is not None:
            # podman: an interval 'disable' means that nothing runs the check by itself
            off = key == "interval" and value[key] == "disable"
            row[key] = 0.0 if off else values.duration(value[key], before + key)
    if value.get("retries") is not None:
        row["retries"] = values.integer(value["retries"], before + "retries", 1, 2 ** 31)
    return row


def _unpacked(value: Mapping[str, Any], option: str) -> Mapping[str, Any]:
    """The settings with those of a mapping as the test beside the others."""
    inner = value.get("test")
    if not isinstance(inner, Mapping):
        return value
    given = {values.line(key, option): one for key, one in inner.items() if one is not None}
    twice = sorted(set(given) & set(value) - {"test"})
    if twice:
        raise InvalidInput("%s has %s, and so has %s_%s" % (option, twice[0], option, twice[0]), "Use one of them.")
    if values.boolean(given.pop("disable", False), option + " disable"):
        given["test"] = "none"
    return dict({key: one for key, one in value.items() if key != "test"}, **given)


def _test(value: Any, option: str) -> List[str]:
    if isinstance(value, bool):
        raise InvalidInput("%s is %r, which YAML takes for yes or no" % (option, value), "Put the command in quotes.")
    array = not isinstance(value, str) or value.strip().startswith("[")
    words = (values.entrypoint(value.strip() if isinstance(value, str) else value, option) if array
             else value.split(None, 1)) if value else []
    kind = words[0].upper() if words else ""
    if kind == "NONE" and len(words) == 1:
        return ["NONE"]
    if kind == "CMD":
        words = words[1:] if array else values.command(value, option)[1:]
    elif kind == "CMD-SHELL":
        words = [" ".join(words[1:])] if len(words) > 1 else []
    elif words and not array:
        kind, words = "CMD-SHELL", [value]
    else:
        # podman: a single text with blanks is a line for the shell, in an array too
        kind = "CMD-SHELL" if len(words) == 1 and " " in words[0] else "CMD"
    if not words or not words[0].strip():
        raise InvalidInput("%s has no command" % option, "Say what is to be run, or leave out the check's settings.")
    return [kind] + list(words)
