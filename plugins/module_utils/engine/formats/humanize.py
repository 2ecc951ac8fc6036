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


def compact(count: float, *, binary: bool = False) -> str:
    """Bytes with four digits and no blank: '507.9kB', or with ``binary`` '496KiB'."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB") if binary else ("B", "kB", "MB", "GB", "TB", "PB")
    base = 1024.0 if binary else 1000.0
    number, value = 0, float(count)
    while value >= base and number < len(units) - 1:
        value /= base
        number += 1
    return "%.4g%s" % (value, units[number])


def go_duration(nanoseconds: int) -> str:
    """As Go prints a time.Duration: '1h2m3.5s', '23.149367ms', '0s'."""
    if nanoseconds < 10 ** 9:
        for unit, length in (("ms", 10 ** 6), ("\u00b5s", 10 ** 3), ("ns", 1)):
            if nanoseconds >= length:
                return _decimal(nanoseconds, length) + unit
        return "0s"
    minutes, rest = divmod(nanoseconds, 60 * 10 ** 9)
    hours, minutes = divmod(minutes, 60)
    head = "%dh%dm" % (hours, minutes) if hours else "%dm" % minutes if minutes else ""
    return head + _decimal(rest, 10 ** 9) + "s"


def _decimal(number: int, length: int) -> str:
    """number / length, exactly, without zeros at the end."""
    whole, rest = divmod(number, length)
    digits = ("%0*d" % (len(str(length)) - 1, rest)).rstrip("0") if rest else ""
    return "%d.%s" % (whole, digits) if digits else "%d" % whole
