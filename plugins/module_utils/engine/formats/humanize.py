# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times and sizes in words, as podman's tables have them."""

from __future__ import annotations

_STEPS = ((1, "second"), (60, "minute"), (3600, "hour"), (86400, "day"), (7 * 86400, "week"), (30 * 86400, "month"),
          (365 * 86400, "year"))


def duration(seconds: float) -> str:
    """'5 minutes', 'About an hour', '2 weeks'; under a second 'Less than a second'."""
    if seconds < 1:
        return "Less than a second"
    if 60 <= seconds < 120:
        return "About a minute"
    if 3600 <= seconds < 7200:
        return "About an hour"
    last = _STEPS[0]
    for (length, name), (limit, _next) in zip(_STEPS, _STEPS[1:] + ((10 ** 12, ""),)):
        last = (length, name)
        # podman says '47 hours' and '13 days' before it changes to the next unit
        if seconds < limit * (2 if name in ("hour", "day", "week", "month") else 1):
            break
    count = int(seconds // last[0])
    return "%d %s%s" % (count, last[1], "" if count == 1 else "s")


def ago(seconds: float) -> str:
    """'5 minutes ago'."""
    return duration(seconds) + " ago"


def size(count: float) -> str:
    """Bytes with three digits and SI units: '4.04 MB'."""
    units = ("B", "kB", "MB", "GB", "TB", "PB")
    number = 0
    value = float(count)
    while value >= 999.5 and number < len(units) - 1:
        value /= 1000
        number += 1
    return "%.3g %s" % (value, units[number])
