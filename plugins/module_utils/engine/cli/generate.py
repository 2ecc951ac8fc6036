# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verb generate systemd: units for what exists."""

from __future__ import annotations

import os
from typing import Any, Dict, Tuple

from ..context import Context
from ..errors import InvalidInput
from ..formats import serviceunit
from ..service import units
from .flags import IO, Flag, Parsed, Verb


def choices(parsed: Parsed) -> serviceunit.Choices:
    """What the flags say. Raises InvalidInput."""
    names = {"new": "new", "restart-policy": "restart_policy", "restart-sec": "restart_sec",
             "stop-timeout": "stop_timeout", "time": "stop_timeout", "start-timeout": "start_timeout",
             "wants": "wants", "after": "after", "requires": "requires", "container-prefix": "container_prefix",
             "pod-prefix": "pod_prefix", "separator": "separator", "sdnotify": "sdnotify"}
    given: Dict[str, Any] = {field: parsed.get(flag) for flag, field in names.items() if parsed.get(flag) is not None}
    given["header"] = not parsed.get("no-header")
    if parsed.get("env"):
        given["environment"] = dict(_pair(row) for row in parsed.get("env"))
    return serviceunit.choices_of(given)


def _pair(row: str) -> Tuple[str, str]:
    name, equals, content = row.partition("=")
    if not equals and name in os.environ:
        return name, os.environ[name]
    if not equals:
        raise InvalidInput("--env has %r" % row, "Write NAME=VALUE.")
    return name, content


def generate(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print units, or with --files write them into the current directory and print their paths."""
    wish = units.wanted(ctx, parsed.arguments[0], choices(parsed), by_name=bool(parsed.get("name")))
    units.keep(ctx, wish)
    paths = {name: units.write(ctx, name, text, os.getcwd()) if parsed.get("files") else ""
             for name, text in wish.texts.items()}
    if parsed.get("format") == "json":
        import json

        io.out.write(json.dumps(paths if parsed.get("files") else wish.texts, indent=4) + "\n")
    elif parsed.get("format"):
        raise InvalidInput("--format is %r" % parsed.get("format"), "Use json.")
    else:
        io.out.write("".join(path + "\n" for path in paths.values()) if parsed.get("files")
                     else "\n".join(wish.texts.values()))
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("generate systemd", "CONTAINER|POD", "Print systemd units for a container or a pod", (
        Flag("files", "f", "bool", "write them into the current directory"),
        Flag("format", help="json"),
        Flag("name", "n", "bool", "name units by names, not by IDs"),
        Flag("new", kind="bool", help="the unit makes the container, and removes it"),
        Flag("restart-policy", help="Restart= of the unit"),
        Flag("restart-sec", kind="int", help="seconds until it is started again"),
        Flag("stop-timeout", "t", "int", "seconds until the container is killed"),
        Flag("time", kind="int", help="the same as --stop-timeout"),
        Flag("start-timeout", kind="int", help="seconds that a start may take"),
        Flag("sdnotify", help="conmon or healthy: when the unit is up"),
        Flag("wants", kind="slice", help="units that are wanted too"),
        Flag("after", kind="slice", help="units to start after"),
        Flag("requires", kind="slice", help="units that it cannot do without"),
        Flag("env", "e", "list", "NAME=VALUE in the unit"),
        Flag("container-prefix", help="how the names of containers' units begin"),
        Flag("pod-prefix", help="how the names of pods' units begin"),
        Flag("separator", help="what stands behind the prefix"),
        Flag("no-header", kind="bool", help="no comment at the top"),
        Flag("template", kind="bool", refused="a unit runs one container, of one name")), generate, (1, 1)),
)
