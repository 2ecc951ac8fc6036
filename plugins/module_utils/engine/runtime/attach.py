# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Talking to a container's process through conmon's attach socket (conmon's conn_sock.c).

The socket is SOCK_SEQPACKET: packets from conmon begin with a byte, 2 for standard output and 3 for
standard error; packets to it are standard input.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from typing import Callable, Optional

from ..errors import InvalidInput, WrongState

PACKET = 32768 + 1
STDOUT, STDERR = 2, 3
END_OF_INPUT = b"\x04"  # VEOF of a terminal that nobody has changed, ctrl-d

Output = Callable[[int, bytes], None]


def parse_detach_keys(text: str) -> bytes:
    """The bytes of a detach sequence: 'ctrl-p,ctrl-q', 'a,b'; '' turns detaching off. Raises InvalidInput."""
    keys = b""
    for key in [part for part in text.split(",") if part]:
        if len(key) == 1 and key.isascii():
            keys += key.encode()
        elif key.startswith("ctrl-") and len(key) == 6 and "@" <= key[5].upper() <= "_":
            keys += bytes([ord(key[5].upper()) - 64])
        else:
            raise InvalidInput("%r is no detach key" % key, "Use single characters and ctrl-X, with commas between.")
    return keys


class Attachment:
    """One connection to a container's streams; close it, or use it in a ``with``."""

    def __init__(self, bundle: str) -> None:
        self.bundle = bundle
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        # A socket's name has room for 107 bytes, which a bundle's path may well exceed.
        directory = os.open(bundle, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._socket.connect("/proc/self/fd/%d/attach" % directory)
        except OSError as exc:
            self._socket.close()
            raise WrongState("Cannot attach to the container: %s" % exc.strerror,
                             "Is it running, and was it started with the same engine?") from exc
        finally:
            os.close(directory)

    def __enter__(self) -> Attachment:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the container goes on."""
        self._socket.close()

    def resize(self, rows: int, columns: int) -> None:
        """Tell the container's terminal how large it is."""
        try:
            fd = os.open(os.path.join(self.bundle, "ctl"), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        try:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(fd, b"1 %d %d\n" % (rows, columns))
        finally:
            os.close(fd)

    def stream(self, output: Output, stdin: Optional[int] = None, *, detach: bytes = b"",
               terminal: bool = False) -> bool:
        """Copy until the container closes its end: True; False when the user detached.

        ``output`` gets STDOUT or STDERR and bytes. ``stdin`` is a descriptor to read from, or None. ``terminal`` says
        that the container has one: the end of the input is a key there.
        """
        readers = [self._socket.fileno()] + ([stdin] if stdin is not None else [])
        held, last = b"", b"\n"
        while True:
            ready = select.select(readers, [], [])[0]
            if self._socket.fileno() in ready:
                packet = self._receive()
                if not packet:
                    return True
                if packet[0] in (STDOUT, STDERR) and len(packet) > 1:
                    output(packet[0], packet[1:])
            # Not only when there is nothing to print: who writes without an end is left by keys.
            if stdin is None or stdin not in ready:
                continue
            data = os.read(stdin, PACKET - 1)
            if not data:
                readers.remove(stdin)
                self._end_input(held, terminal, (held or last).endswith((b"\n", b"\r")))
                continue
            found, data, held = find_detach(held + data, detach)
            self._send(data)
            if found:
                return False
            last = data[-1:] or last

    def _end_input(self, rest: bytes, terminal: bool, at_line_start: bool) -> None:
        """Send the rest of the input, and that it ends; within a line the key only hands over what was typed."""
        self._send(rest + (END_OF_INPUT * (1 if at_line_start else 2) if terminal else b""))
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(PACKET)
        except ConnectionResetError:
            return b""

    def _send(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), 8192):
                self._socket.send(data[start:start + 8192])
        except (BrokenPipeError, ConnectionResetError):
            # The container has ended; what it still wrote comes with the next packets.
            return


def find_detach(data: bytes, keys: bytes) -> tuple[bool, bytes, bytes]:
    """Whether the sequence is in ``data``, what to send on, and what to hold back as its possible beginning."""
    if not keys:
        return False, data, b""
    place = data.find(keys)
    if place >= 0:
        return True, data[:place], b""
    for length in range(min(len(keys) - 1, len(data)), 0, -1):
        if keys.startswith(data[-length:]):
            return False, data[:-length], data[-length:]
    return False, data, b""
