# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Debian's docker-registry on loopback, with or without TLS and password, for as long as a test runs."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from typing import Iterator, List, Optional, Tuple

USER, PASSWORD = "operator", "a secret: with colon"

CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {directory}/data}}
  delete: {{enabled: true}}
http:
  addr: 127.0.0.1:{port}
{extra}
"""


def make_certificate(directory: str) -> Tuple[str, str]:
    """A self-signed certificate for localhost, 127.0.0.1 and registry.example.com, and its key."""
    certificate, key = os.path.join(directory, "ca.crt"), os.path.join(directory, "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key,
                    "-out", certificate, "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,DNS:registry.example.com,IP:127.0.0.1"],
                   check=True, stderr=subprocess.DEVNULL)
    return certificate, key


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(directory: str, port: Optional[int] = None, *, secure: bool = False) -> Iterator[str]:
    """A registry's address, 127.0.0.1:PORT. ``secure`` asks for TLS (directory/ca.crt) and a password."""
    os.makedirs(directory, exist_ok=True)
    port = port or free_port()
    extra: List[str] = []
    if secure:
        certificate, key = make_certificate(directory)
        extra = ["  tls: {certificate: %s, key: %s}" % (certificate, key),
                 "auth:", "  htpasswd: {realm: tests, path: %s/htpasswd}" % directory]
        subprocess.run(["htpasswd", "-Bbc", "-C", "5", "%s/htpasswd" % directory, USER, PASSWORD],
                       check=True, stderr=subprocess.DEVNULL)
    path = os.path.join(directory, "config.yml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(CONFIG.format(directory=directory, port=port, extra="\n".join(extra)))
    with open(os.path.join(directory, "log"), "ab") as log:
        process = subprocess.Popen(["docker-registry", "serve", path], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield "127.0.0.1:%d" % port
    finally:
        process.terminate()
        process.wait(60)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("docker-registry ended with %d" % process.returncode)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("docker-registry does not answer on port %d" % port)


def push(layout: str, tag: str, destination: str, *, secure: bool = False) -> None:
    """Copy an image from an OCI layout to a registry with skopeo."""
    command = ["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
    if secure:
        command += ["--dest-creds", "%s:%s" % (USER, PASSWORD)]
    subprocess.run(command + ["oci:%s:%s" % (layout, tag), "docker://" + destination], check=True)
