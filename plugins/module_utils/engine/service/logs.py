# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container has written (podman-logs(1))."""

from __future__ import annotations

from typing import Iterator, Optional

from ..context import Context
from ..errors import Unsupported
from ..runtime import logs as reader
from ..runtime.logs import Line
from ..store import runs
from ..store.containers import Record


def moment(text: str) -> float:
    """Seconds since 1970 from a time, or from a duration back from now. Raises InvalidInput."""
    return reader.parse_time(text)


def lines(ctx: Context, record: Record, *, follow: bool = False, since: str = "", until: str = "",
          tail: Optional[int] = None) -> Iterator[Line]:
    """The lines of a container's log; with ``follow`` until it ends.

    ``since`` and ``until`` are times or durations back from now. Raises Unsupported for a container
    that keeps no log, InvalidInput for a malformed time.
    """
    wanted = reader.Wanted(reader.parse_time(since) if since else None,
                           reader.parse_time(until) if until else None, tail, follow)

    def running() -> bool:
        return runs.state(ctx, record.id).running

    if record.log_driver == "journald":
        from ..runtime import journald

        return journald.read(ctx, record.id, wanted, running)
    if record.log_driver != "k8s-file":
        raise Unsupported("The container %s keeps no log (log driver %s)" % (record.name, record.log_driver),
                          "Make it with the log driver k8s-file or journald.")
    return reader.read_file(record.log_path, wanted, running)
