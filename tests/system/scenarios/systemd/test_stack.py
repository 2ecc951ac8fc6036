# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stack whose units systemd runs: what a check predicts is what is done, and is all that is done."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List

import pytest
from services import eventually

STACK = "pycontainer.engine.stack"
UNITS = ["container-front.service", "svc-one.service", "container-back.service", "pod-group.service"]


def play(ansible: Callable, name: str, expected: List[str], **given: Any) -> Dict[str, int]:
    """A check, the run that it was of, and the run again; the process of each container."""
    wish = dict({"name": name, "prune": True}, **given)
    foreseen, done = ansible(STACK, check=True, **wish), ansible(STACK, **wish)
    assert done.get("actions") == expected, done
    assert foreseen["actions"] == expected and foreseen["diff"] == done["diff"], (foreseen, done)
    again = ansible(STACK, **wish)
    assert again["changed"] is False, again["actions"]
    return {name: row["State"]["Pid"] for name, row in again["containers"].items()}


@pytest.mark.parametrize("user", [None, "alice"])
def test_a_check_foresees_what_units_do(host: Any, ansible: Callable, user: str | None) -> None:
    own = {"run_as_user": user} if user else {}
    command = "systemctl" if user is None else (
        "runuser -u %s -- env XDG_RUNTIME_DIR=/run/user/%d systemctl --user" % (user, host.user(user).uid))
    shop = functools.partial(play, ansible, "shop", **own)

    def states() -> List[str]:
        return [host.run("%s is-active %s" % (command, unit)).stdout.strip() for unit in UNITS]

    base = {"image": "10.0.2.2:5000/busybox:1", "tls_verify": False, "command": ["sleep", "100000"],
            "stop_signal": "KILL"}
    front = dict(base, name="front", network=["none"], unit={"restart_policy": "always"})
    front["secrets"] = ["word"]
    one = dict(base, name="one", network=["none"], unit={"container_prefix": "svc"})
    back, pod = dict(base, name="back", pod="group"), {"name": "group", "network": ["none"]}
    word = {"name": "word", "data": "unspeakable\n"}
    made = shop([
        "secret word: create",
        "pod group: create", "container front: create", "container one: create", "container back: create",
        "unit group: write (container-back.service, pod-group.service)", "unit front: write (container-front.service)",
        "unit one: write (svc-one.service)", "unit group: reload", "unit front: reload", "unit one: reload",
        "unit group: enable", "unit front: enable", "unit one: enable",
        "unit group: start", "unit front: start", "unit one: start"],
        pods=[pod], containers=[front, one, back], secrets=[word])
    assert min(made.values()) > 0 and states() == ["active"] * 4

    word["data"] = "unspeakable too\n"
    fresh = shop(["secret word: change", "unit front: restart (a secret has another value)"],
                 pods=[pod], containers=[front, one, back], secrets=[word])
    assert {name for name, pid in made.items() if fresh[name] != pid} == {"front"}
    read = ansible("pycontainer.engine.exec", name="front", argv=["cat", "/run/secrets/word"], **own)
    assert read.get("stdout") == "unspeakable too", read
    # Nothing of it is in what the host notes down of its tasks.
    assert host.run("journalctl --no-pager | grep -q unspeakable").rc == 1

    front["env"] = {"A": "b"}
    other = shop(["container front: replace (env)", "unit front: write (container-front.service)",
                  "unit front: restart"], pods=[pod], containers=[front, one, back], secrets=[word])
    assert {name for name, pid in fresh.items() if other[name] != pid} == {"front"}

    less = shop(["unit front: stop", "unit front: disable", "unit front: remove (container-front.service)",
                 "unit front: reload"], pods=[pod], containers=[one, back], secrets=[word])
    assert less == {"one": other["one"], "back": other["back"]} and states() == ["inactive"] + ["active"] * 3

    assert not shop([
        "unit group: stop", "unit group: disable", "unit group: remove (container-back.service, pod-group.service)",
        "unit group: reload", "unit one: stop", "unit one: disable", "unit one: remove (svc-one.service)",
        "unit one: reload", "secret word: remove"], state="absent")
    assert states() == ["inactive"] * 4


def test_a_unit_of_another_name_takes_the_place_of_the_old_one(host: Any, ansible: Callable) -> None:
    base = {"image": "10.0.2.2:5000/busybox:1", "tls_verify": False, "command": ["sleep", "100000"],
            "stop_signal": "KILL"}
    pod, member = {"name": "duo", "network": ["none"]}, dict(base, name="in-duo", pod="duo")
    single = dict(base, name="single", network=["none"])
    named = functools.partial(play, ansible, "names", pods=[pod], containers=[single, member])

    def made(duo: str, one: str) -> List[str]:
        return ["pod duo: create", "container single: create", "container in-duo: create",
                "unit duo: write (%s)" % ", ".join(sorted([duo, "container-in-duo.service"])),
                "unit single: write (%s)" % one, "unit duo: reload", "unit single: reload",
                "unit duo: enable", "unit single: enable", "unit duo: start", "unit single: start"]

    assert min(named(made("pod-duo.service", "container-single.service")).values()) > 0
    single["unit"], pod["unit"] = {"container_prefix": "job"}, {"pod_prefix": "all"}
    removed = ["unit duo: stop", "unit duo: disable",
               "unit duo: remove (container-in-duo.service, pod-duo.service)", "unit duo: reload",
               "unit single: stop", "unit single: disable", "unit single: remove (container-single.service)",
               "unit single: reload"]
    assert min(named(removed + made("all-duo.service", "job-single.service")).values()) > 0
    left = host.check_output("systemctl list-units --all --plain --no-legend '*single*.service' '*duo*.service'")
    assert sorted(row.split()[0] for row in left.splitlines()) == [
        "all-duo.service", "container-in-duo.service", "job-single.service"]
    assert ansible(STACK, name="names", state="absent")["changed"]


@pytest.mark.parametrize("user", [None, "alice"])
def test_what_a_container_needs_takes_it_along(host: Any, ansible: Callable, user: str | None) -> None:
    own = {"run_as_user": user} if user else {}
    usual = {"image": "10.0.2.2:5000/busybox:1", "tls_verify": False, "command": ["sleep", "100000"],
             "stop_signal": "KILL"}
    base = dict(usual, name="base", network=["none"], unit={"restart_policy": "always", "restart_sec": 0})
    joined = dict(usual, name="joined", network=["container:base"])
    pair = functools.partial(play, ansible, "pair", containers=[joined, base], **own)

    def together(pids: Dict[str, int]) -> bool:
        links = {host.run("readlink /proc/%s/ns/net", str(pid)).stdout for pid in pids.values()}
        return len(links) == 1 and "net:" in links.pop()

    def running() -> Dict[str, int]:
        found = ansible("pycontainer.engine.container_info", name=["base", "joined"], **own)["containers"]
        return {row["Name"]: row["State"]["Pid"] for row in found}

    made = pair([
        "container base: create", "container joined: create", "unit base: write (container-base.service)",
        "unit joined: write (container-joined.service)", "unit base: reload", "unit joined: reload",
        "unit base: enable", "unit joined: enable", "unit base: start", "unit joined: start"])
    assert together(made)

    base["env"] = {"A": "b"}
    other = pair([
        "container base: replace (env)", "container joined: create", "unit base: write (container-base.service)",
        "unit joined: write (container-joined.service)", "unit base: restart", "unit joined: restart"])
    assert together(other) and not set(other.values()) & set(made.values())

    # systemd starts the one that was killed again, and so the other one.
    host.check_output("kill -KILL %s", str(other["base"]))
    assert eventually(lambda: len(running()) == 2 and not set(running().values()) & {0, *other.values()}, 60)
    assert together(running())
    assert ansible(STACK, name="pair", containers=[joined, base], **own)["changed"] is False
    assert not pair(
        ["unit joined: stop", "unit joined: disable", "unit joined: remove (container-joined.service)",
         "unit joined: reload", "unit base: stop", "unit base: disable", "unit base: remove (container-base.service)",
         "unit base: reload"], state="absent")
