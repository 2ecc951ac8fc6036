# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pasta is asked for, and where the host is for a namespace that pasta connects."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InvalidInput,
    Unsupported,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import Port
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import netns
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import pasta

NONE = ["-t", "none", "-u", "none", "-T", "none", "-U", "none", "--no-map-gw"]


@pytest.mark.parametrize("options, ports, wanted", [
    ((), (), NONE),
    (("--mtu", "1500"), (), [*NONE, "--mtu", "1500"]),
    (("--map-gw",), (), NONE[:-1]),
    (("-t", "8080"), (), [*NONE[2:], "-t", "8080"]),
    (("-t8080",), (), [*NONE[2:], "-t8080"]),
    (("--tcp-ports", "auto"), (), [*NONE[2:], "--tcp-ports", "auto"]),
    (("--tcp-ports=auto",), (), [*NONE[2:], "--tcp-ports=auto"]),
    (("--tcp-p", "auto"), (), [*NONE[2:], "--tcp-p", "auto"]),
    (("-4qt8080",), (), [*NONE[2:], "-4qt8080"]),
    (("-i", "up0"), (), [*NONE, "-i", "up0"]),
    (("-u", "53"), (), [*NONE[:2], *NONE[4:], "-u", "53"]),
    (("-T", "5201", "-U", "auto"), (), [*NONE[:4], "--no-map-gw", "-T", "5201", "-U", "auto"]),
    ((), (Port(80, 8080),), ["-t", "8080:80", *NONE[2:]]),
    (("-t", "9000"), (Port(80, 8080, "127.0.0.1"), Port(53, 53, "", "udp")),
     ["-t", "127.0.0.1/8080:80", "-u", "53:53", *NONE[4:], "-t", "9000"]),
])
def test_a_users_option_takes_the_place_of_a_default(options: Any, ports: Any, wanted: list[str]) -> None:
    assert pasta.arguments(options, ports) == wanted


@pytest.mark.parametrize("option", ["-P", "-P/x", "--pid", "--pid=/x", "--netns", "--userns", "-f", "--foreground",
                                    "--pi=/x", "--netn", "--us", "-qf", "-4P/x"])
def test_what_the_engine_needs_is_not_the_users(option: str) -> None:
    with pytest.raises(InvalidInput, match="is the engine's own"):
        pasta.arguments([option], ())


def test_it_is_refused_for_root(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Unsupported, match="users without root only"):
        pasta.start(context.Context(), str(tmp_path), str(tmp_path / "ns"), (), ())


def test_its_own_words_stand_in_the_error() -> None:
    with pytest.raises(EngineError, match="unrecognized option '--bogus'") as caught:
        pasta.failed("pasta: unrecognized option '--bogus'\nUsage: pasta [OPTION]...\n is deleted", ())
    assert "deleted" not in str(caught.value)


PROGRAM = """#!/bin/sh
[ "$1" = --help ] && { echo "%s" >&2; exit 1; }
echo "$@" > %s
nsenter --net="$(eval echo '${'$#'}')" sh -c 'ip link add up0 type veth peer name up1; ip link set up1 up
ip addr add 192.0.2.10/24 dev up0; ip link set up0 up; ip route add default via 192.0.2.1'
sleep 1000 > /dev/null 2>&1 &
echo $! > "$3"
"""


@pytest.mark.netns
@pytest.mark.parametrize("known, options, wanted", [
    ("--map-guest-addr ADDR", (), "169.254.1.2"),
    ("--map-guest-addr ADDR", ("--map-guest-addr", "none"), "198.51.100.7"),
    ("", (), "198.51.100.7"), ("", ("--map-gw",), "192.0.2.1")])
def test_the_host_is_elsewhere(lab: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, known: str,
                               options: Any, wanted: str) -> None:
    program, asked = tmp_path / "bin/pasta", tmp_path / "asked"
    program.parent.mkdir()
    program.write_text(PROGRAM % (known, asked))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (program.parent, os.environ["PATH"]))
    for words in ("link add dummy0 type veth peer name dummy1", "addr add 192.0.2.10/24 dev dummy0",
                  "link set dummy0 up", "addr add 198.51.100.7/32 dev lo"):
        subprocess.run(["ip", *words.split()], check=True)
    netns.create(lab.path("web"))
    made = pasta.start(replace(lab.ctx, uid=1), str(tmp_path / "place"), lab.path("web"), options, ())
    try:
        assert (made.host, made.address) == (wanted, "192.0.2.10")
        assert ("--map-guest-addr 169.254.1.2" in asked.read_text()) == (wanted == "169.254.1.2")
    finally:
        os.kill(made.pid, 9)
        netns.remove(lab.path("web"))


@pytest.mark.netns
def test_an_address_without_a_route_is_the_namespaces_own(lab: Any) -> None:
    netns.create(lab.path("web"))
    try:
        words = ["nsenter", "--net=" + lab.path("web"), *"ip addr add 10.9.9.9/8 dev lo".split()]
        subprocess.run(words, check=True)
        assert netns.run_inside(lab.path("web"), pasta._inside).source == "10.9.9.9"
    finally:
        netns.remove(lab.path("web"))
