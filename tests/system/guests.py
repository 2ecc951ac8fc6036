# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that the tests reach by ssh; and those that really boot, in an emulator without any help from this kernel.

Their first card leads to 127.0.0.1 here, which they know as 10.0.2.2; their ssh ports are 2201 and up,
and each port of ``FORWARDED`` answers on 127.0.0.1 at 10000 times the host's number plus the port.
"""

from __future__ import annotations

import abc
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from typing import Dict, Iterator, List, Sequence

import image

FORWARDED = (80, 443, 5000, 8080, 8081)
SEGMENT = "230.0.0.77:7700"
BOOT_SECONDS = 180
PR_SET_PDEATHSIG = 1
# What is always mapped at the same addresses is translated once: a process starts in a fifth of the time.
FASTER = "mitigations=off norandmaps"


class Host(abc.ABC):
    """A host to start, from the image ``base`` (bare or prepared) in ``place``, and how to reach it."""

    def __init__(self, number: int, place: str, work: str, base: str) -> None:
        self.number, self.name, self.place, self.work = number, image.HOSTS[number - 1], place, work
        self.base = base
        self.port = 2200 + number
        self.process: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def command(self) -> List[str]:
        """What starts it; it is up as long as this process is."""

    @abc.abstractmethod
    def last_words(self) -> str:
        """The end of what it said of itself."""

    def variables(self) -> Dict[str, str]:
        """What plays are to know of it."""
        return {}

    def start(self) -> None:
        """Start it; it ends with this process."""
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def wait(self, config: str) -> None:
        """Return when it takes commands by ssh; raises RuntimeError with its last words when it does not."""
        deadline = time.monotonic() + BOOT_SECONDS
        while not self._greets() or subprocess.run(
                ["ssh", "-F", config, self.name, "true"], check=False, stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL).returncode:
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("%s does not boot; it said:\n%s" % (self.name, self.last_words()))
            time.sleep(0.5)

    def _greets(self) -> bool:
        """Whether sshd sends its banner; the emulator takes connections long before."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                return bool(connection.recv(4))
        except OSError:
            return False

    def stop(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Emulated(Host):
    """A computer of its own, with a disk over that of the image, and ``memory`` MiB."""

    def __init__(self, number: int, place: str, work: str, base: str, memory: int) -> None:
        super().__init__(number, place, work, base)
        self.memory = memory
        self.console = os.path.join(work, self.name + ".console")

    def command(self) -> List[str]:
        disk = os.path.join(self.work, self.name + ".qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b",
                        os.path.join(self.place, self.base + ".disk"), disk], check=True)
        forwards = "".join(",hostfwd=tcp:127.0.0.1:%d-:%d" % (10000 * self.number + port, port) for port in FORWARDED)
        # What newer processors have besides takes an emulator longer than doing without; and with a second one, each
        # waits for the other at every change of the page tables.
        return ["qemu-system-x86_64", "-name", self.name, "-accel", "tcg", "-cpu", "Nehalem", "-smp", "1",
                "-m", str(self.memory), "-display", "none", "-nodefaults", "-serial", "file:" + self.console,
                "-kernel", os.path.join(self.place, "vmlinuz"), "-initrd", os.path.join(self.place, "initrd"),
                "-append", "root=/dev/vda rw console=ttyS0 quiet %s systemd.hostname=%s" % (FASTER, self.name),
                # Nothing here outlives the test, so no write has to reach the real disk.
                "-drive", "file=%s,if=virtio,cache=unsafe" % disk, "-device", "virtio-rng-pci",
                "-netdev", "user,id=user,hostfwd=tcp:127.0.0.1:%d-:22%s" % (self.port, forwards),
                "-device", "virtio-net-pci,netdev=user,romfile=,mac=" + image.USER_MAC % self.number,
                "-netdev", "socket,id=segment,localaddr=127.0.0.1,mcast=" + SEGMENT,
                "-device", "virtio-net-pci,netdev=segment,romfile=,mac=" + image.SEGMENT_MAC % self.number]

    def last_words(self) -> str:
        with contextlib.suppress(OSError), open(self.console, encoding="utf-8", errors="replace") as stream:
            return "".join(stream.readlines()[-40:])
        return "(nothing)"


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def running(hosts: Sequence[Host], place: str, work: str) -> Iterator[Sequence[Host]]:
    """Start the hosts until they take ssh, and stop them again whatever happens; ``work``/ssh_config leads to them."""
    config = os.path.join(work, "ssh_config")
    with open(config, "w", encoding="utf-8") as stream:
        stream.write("Host *\nUser root\nHostname 127.0.0.1\nIdentityFile %s\nIdentitiesOnly yes\nLogLevel ERROR\n"
                     "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nConnectTimeout 60\n"
                     "ControlMaster auto\nControlPersist 600\nControlPath %s/%%n.ssh\n" % (
                         os.path.join(place, "key"), work))
        stream.write("".join("Host %s\nPort %d\n" % (host.name, host.port) for host in hosts))
    try:
        for host in hosts:
            host.start()
        for host in hosts:
            host.wait(config)
        yield hosts
    finally:
        for host in hosts:
            host.stop()
