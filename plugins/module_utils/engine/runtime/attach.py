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
import time
from typing import Callable, Optional

from ..errors import InvalidInput, WrongState

PACKET = 32768 + 1
STDOUT, STDERR = 2, 3
FAREWELL = 1.0  # seconds that conmon gets to take what was typed before the detach keys
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
        source, ours, ended = _Input(stdin, detach, terminal), self._socket.fileno(), False
        while True:
            readers = [ours] + ([stdin] if stdin is not None and source.open else [])
            ready, free, _none = select.select(readers, [ours] if source.waiting else [], [],
                                               FAREWELL if source.left else None)
            if ours in ready:
                packet = self._receive()
                if not packet:
                    return True
                if packet[0] in (STDOUT, STDERR) and len(packet) > 1:
                    output(packet[0], packet[1:])
            # conmon does not read while its own writing waits for us: a send that blocks would be for ever.
            if free:
                source.waiting = self._send(source.waiting)
            if stdin in ready:
                source.read()
            if source.left and (not source.waiting or time.monotonic() > source.patience):
                return False
            if source.ended and not source.waiting and not ended:
                ended = True
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_WR)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(PACKET)
        except ConnectionResetError:
            return b""

    def _send(self, data: bytes) -> bytes:
        """Send what conmon takes now, and return the rest."""
        try:
            while data:
                data = data[self._socket.send(data[:8192], socket.MSG_DONTWAIT):]
        except BlockingIOError:
            return data
        except (BrokenPipeError, ConnectionResetError):
            pass  # The container has ended; what it still wrote comes with the next packets.
        return b""


class _Input:
    """A user's input on its way to the container: ``waiting`` is what conmon has yet to take.

    ``left`` says that the detach keys were read, ``ended`` that there is no more; until ``patience`` (of the monotonic
    clock) a client that leaves waits for conmon.
    """

    def __init__(self, descriptor: Optional[int], detach: bytes, terminal: bool) -> None:
        self._descriptor, self._detach, self._terminal = -1 if descriptor is None else descriptor, detach, terminal
        self._held, self._last = b"", b"\n"
        self.waiting, self.left, self.ended, self.patience = b"", False, False, 0.0

    @property
    def open(self) -> bool:
        """Whether there is something to read, and room for it."""
        return not self.left and not self.ended and len(self.waiting) < PACKET

    def read(self) -> None:
        """Read once."""
        data = os.read(self._descriptor, PACKET - 1)
        if data:
            self.left, data, self._held = find_detach(self._held + data, self._detach)
            self.patience = time.monotonic() + FAREWELL
            self.waiting += data
            self._last = data[-1:] or self._last
            return
        self.ended = True
        self.waiting += self._held
        if self._terminal:
            # Within a line the key only hands over what was typed.
            at_line_start = (self._held or self._last).endswith((b"\n", b"\r"))
            self.waiting += END_OF_INPUT * (1 if at_line_start else 2)


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
