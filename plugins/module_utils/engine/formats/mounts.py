# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mounts from podman-run(1)'s ``--volume``, ``--mount`` and ``--tmpfs``.

All three become rows of ``container.Mount`` as mappings, so that the same wish is the same row
however it was spelled.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ..errors import InvalidInput, Unsupported
from . import values

PROPAGATIONS = ("shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable")
# option: the ones that contradict it
_GROUPS: Tuple[Tuple[str, ...], ...] = (
    ("ro", "rw"), ("exec", "noexec"), ("suid", "nosuid"), ("dev", "nodev"), ("z", "Z"), ("copy", "nocopy"),
    ("bind", "rbind"), ("tmpcopyup", "notmpcopyup"), PROPAGATIONS)
_PLAIN = frozenset(word for group in _GROUPS for word in group) | {"U", "idmap", "O"}
_REFUSED = {"O": "overlay volumes", "idmap": "id-mapped mounts"}
# What would do nothing with a kind of mount is refused. podman's own words for a tmpfs: see podman-run(1).
_NOT_FOR = {"bind": ("copy", "nocopy", "tmpcopyup", "notmpcopyup"), "volume": ("tmpcopyup", "notmpcopyup"),
            "tmpfs": ("copy", "nocopy", "z", "Z", "bind", "rbind"),
            "image": tuple(word for group in _GROUPS for word in group if word != "ro") + ("U",)}
# These say what is the case anyway, so they are no difference.
_DEFAULTS = {"bind": ("rw", "rbind", "rprivate"), "volume": ("rw", "copy", "rprivate"), "tmpfs": ("rw", "tmpcopyup"),
             "image": ("ro",)}
_KEYS = {"src": "source", "from": "source", "dst": "target", "destination": "target"}
_FLAGS = {"readonly": "ro", "ro": "ro", "u": "U", "chown": "U"}


def rows(value: Any, option: str = "mounts") -> List[Dict[str, Any]]:
    """Canonical rows, sorted by target; a target that is given twice is refused."""
    found = [_check(dict(row), option) for row in value or []]
    targets: Dict[str, Dict[str, Any]] = {}
    for row in found:
        if targets.setdefault(row["target"], row) != row:
            raise InvalidInput("Two mounts have the same target %s" % row["target"], "Take one of them away.")
    return [targets[target] for target in sorted(targets)]


def volumes(value: Any, option: str = "volume") -> List[Dict[str, Any]]:
    """Rows from ``[source:]target[:options]``; a source with a slash is a path, else a volume's name."""
    return [_volume(word, option) for word in values.words(value, option)]


def _volume(word: str, option: str) -> Dict[str, Any]:
    parts = word.split(":")
    if not 1 <= len(parts) <= 3 or not parts[-1] and len(parts) == 1:
        raise InvalidInput("%s has %r" % (option, word), "Write [SOURCE:]TARGET[:OPTIONS].")
    source, target, options = ("", parts[0], "") if len(parts) == 1 else (parts + [""])[:3]
    if len(parts) > 1 and not source:
        raise InvalidInput("%s has %r without a source" % (option, word))
    kind = "bind" if source.startswith(("/", ".")) else "volume"
    return _check({"type": kind, "source": source, "target": target, "options": options.split(",")}, option)


def tmpfs(value: Any, option: str = "tmpfs") -> List[Dict[str, Any]]:
    """Rows from {target: options} or a list of ``target[:options]``."""
    items = value.items() if isinstance(value, dict) else [
        row.partition(":")[::2] for row in values.words(value, option)]
    return [_check({"type": "tmpfs", "source": "", "target": target,
                    "options": values.text(options, option).split(",")}, option) for target, options in items]


def mounts(value: Any, option: str = "mount") -> List[Dict[str, Any]]:
    """Rows from ``type=bind,source=/a,target=/b,ro`` or from mappings with those keys."""
    entries = [value] if isinstance(value, (str, dict)) else (value or [])
    return [_mount(row, option) for row in entries]


def _mount(entry: Any, option: str) -> Dict[str, Any]:
    if isinstance(entry, Mapping):
        pairs = [(values.line(k, option), v) for k, v in entry.items() if v is not None]
    else:
        pairs = [part.partition("=")[::2] for part in values.line(entry, option).split(",") if part]
    row: Dict[str, Any] = {"type": "volume", "source": "", "target": "", "options": []}
    for key, content in pairs:
        _apply(row, key, content, option)
    return _check(row, option)


def _apply(row: Dict[str, Any], key: str, content: Any, option: str) -> None:
    key = _KEYS.get(key, key)
    word = values.line(content, option) if not isinstance(content, (list, tuple)) else ""
    if key in ("type", "source", "target"):
        row[key] = word
    elif key == "options" and not word:
        row["options"] += [values.line(part, option) for part in content]
    elif key in ("rw", "readonly", "ro"):
        on = not word or values.boolean(word, option)
        row["options"].append("ro" if on != (key == "rw") else "rw")
    elif key.lower() in ("u", "chown"):
        row["options"] += ["U"] if not word or values.boolean(word, option) else []
    elif key == "bind-propagation":
        row["options"].append(word)
    elif key == "bind-nonrecursive":
        row["options"].append("bind" if not word or values.boolean(word, option) else "rbind")
    elif key == "relabel":
        row["options"].append({"shared": "z", "private": "Z"}.get(word, word))
    elif key in ("tmpfs-size", "size"):
        row["options"].append("size=" + word)
    elif key in ("tmpfs-mode", "mode"):
        row["options"].append("mode=" + word)
    elif not word and key in _PLAIN:
        row["options"].append(key)
    else:
        raise InvalidInput("%s has the unknown option %r" % (option, key), "podman-run(1) lists a mount's options.")


def _check(row: Dict[str, Any], option: str) -> Dict[str, Any]:
    kind = row.get("type") or "volume"
    if kind not in _DEFAULTS:
        if kind in ("devpts", "glob", "ramfs", "artifact"):
            raise Unsupported("%s: mounts of type %s are not supported by this version of the engine" % (option, kind))
        raise InvalidInput("%s has a mount of type %r" % (option, kind), "Use bind, volume, tmpfs or image.")
    target = values.absolute_path(row.get("target", ""), option)
    if target in ("", "/"):
        raise InvalidInput("%s has a mount without a target, or on /" % option)
    source = values.line(row.get("source", ""), option)
    if kind == "bind":
        source = _bind_source(source, option)
    elif kind == "volume" and source and not values.is_name(source):
        raise InvalidInput("%s has %r, which is neither a path nor a volume's name" % (option, source),
                           "A path starts with '/'; a name has letters, digits, '_', '.' and '-'.")
    elif kind == "tmpfs" and source not in ("", "tmpfs"):
        raise InvalidInput("%s: a tmpfs has no source" % option)
    elif kind == "image" and not source:
        raise InvalidInput("%s: a mount of type image needs a source" % option)
    if kind == "tmpfs":
        source = ""
    return {"type": kind, "source": source, "target": target, "options": _options(row.get("options", []), kind, option)}


def _bind_source(source: str, option: str) -> str:
    if not source.startswith("/"):
        raise InvalidInput("%s has the source %r" % (option, source), "A path on the host must be absolute.")
    # '..' may stand in a path of the host; only the spelling is made one.
    import posixpath

    return "/" + posixpath.normpath(source).lstrip("/")


def _options(words: Any, kind: str, option: str) -> List[str]:
    chosen: Dict[str, str] = {}
    for word in words:
        word = _FLAGS.get(word, word)
        if not word:
            continue
        key, equals, content = word.partition("=")
        if equals:
            chosen[key] = _valued(key, content, kind, option)
        elif word in _REFUSED:
            raise Unsupported("%s: %s are not supported by this version of the engine" % (option, _REFUSED[word]))
        elif word in _NOT_FOR[kind]:
            raise InvalidInput("%s has the option %s, which a mount of type %s does not have" % (option, word, kind))
        elif word in _PLAIN:
            group = next((g[0] for g in _GROUPS if word in g), word)
            if chosen.setdefault(group, word) != word:
                raise InvalidInput("%s has contradicting options: %s and %s" % (option, chosen[group], word))
        else:
            raise InvalidInput("%s has the unknown option %r" % (option, word),
                               "podman-run(1) lists a mount's options.")
    return sorted(word for word in chosen.values() if word not in _DEFAULTS[kind])


def _valued(key: str, content: str, kind: str, option: str) -> str:
    if key == "size" and kind == "tmpfs":
        percent = content.endswith("%") and content[:-1].isdecimal()
        return "size=" + (content if percent else str(values.size(content, option)))
    if key == "mode" and kind == "tmpfs":
        return "mode=" + values.umask(content, option)
    if key in ("uid", "gid") and kind == "tmpfs":
        return "%s=%d" % (key, values.integer(content, option, 0, 2 ** 31 - 1))
    raise InvalidInput("%s has the unknown option %s=%s" % (option, key, content))
