# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Specifiers: what %i, %N and their kin stand for in a unit (systemd.unit(5), SPECIFIERS)."""

from __future__ import annotations

import os
from typing import Dict, Mapping, Optional, Tuple


def expand(text: str, known: Mapping[str, str], unknown: Optional[str] = None) -> Tuple[str, bool]:
    """A text with what its specifiers stand for, and whether all of them were known.

    Others are left as they are, or become ``unknown``. A doubled percent sign is a single one.
    """
    result, complete, rest = "", True, text
    while "%" in rest:
        before, _sign, rest = rest.partition("%")
        letter, rest = rest[:1], rest[1:]
        found = "%" if letter == "%" else known.get(letter)
        complete = complete and found is not None
        if found is None:
            found = "%" + letter if unknown is None else unknown
        result += before + found
    return result + rest, complete


def of_unit(name: str) -> Dict[str, str]:
    """What follows from a unit's name; in a template the instance stands for itself, %i."""
    stem, _dot, kind = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    template = bool(at) and not instance
    if template:
        instance = "%i"
    last = prefix.rpartition("-")[2]
    whole = prefix + at + instance
    return {"n": "%s.%s" % (whole, kind), "N": whole, "p": prefix, "P": unescape(prefix), "j": last,
            "J": unescape(last), "i": instance, "I": "%I" if template else unescape(instance)}


def of_host(uid: int, home: str, name: str) -> Dict[str, str]:
    """What follows from whose systemd it is: the system's for root, else the user's own."""
    state, cache, config, logs, runtime = ("/var/lib", "/var/cache", "/etc", "/var/log", "/run")
    if uid:
        state, cache, config = (os.path.join(home, part) for part in (".local/state", ".cache", ".config"))
        logs, runtime = os.path.join(state, "log"), "/run/user/%d" % uid
    return {"h": home, "u": name, "U": str(uid), "t": runtime, "S": state, "C": cache, "E": config, "L": logs,
            "T": "/tmp", "V": "/var/tmp"}


def unescape(text: str) -> str:
    """Undo systemd-escape(1): a dash is a slash, and \\xNN is one byte."""
    result, position = b"", 0
    while position < len(text):
        digits = text[position + 2:position + 4]
        if text.startswith("\\x", position) and len(digits) == 2 and all(c in "0123456789abcdefABCDEF" for c in digits):
            result += bytes([int(digits, 16)])
            position += 4
            continue
        result += b"/" if text[position] == "-" else text[position].encode()
        position += 1
    return result.decode("utf-8", "replace")
