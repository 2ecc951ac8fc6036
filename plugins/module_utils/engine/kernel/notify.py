# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Telling systemd how a service is (sd_notify(3)): one datagram to the socket that $NOTIFY_SOCKET names."""

from __future__ import annotations

import os

from ..errors import EngineError


def send(message: str) -> bool:
    """Send lines such as ``READY=1``; False when nobody asked to be told. Raises EngineError."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    import socket

    if address[0] not in "/@":
        raise EngineError("NOTIFY_SOCKET is %r" % address, "It has to be an absolute path, or begin with @.")
    # The @ stands for the NUL of an abstract socket (unix(7)).
    place = "\0" + address[1:] if address[0] == "@" else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.connect(place)
            sender.send(message.encode())
    except OSError as exc:
        raise EngineError("Cannot tell systemd at %s: %s" % (address, exc.strerror or exc)) from exc
    return True
