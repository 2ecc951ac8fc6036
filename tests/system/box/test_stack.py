# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stack whose units systemd runs: what a check predicts is what is done."""

from __future__ import annotations

from typing import Callable

SCRIPT = r"""#!/bin/sh
R=/var/lib/rootfs
mkdir -p $R/bin $R/etc $R/proc $R/sys $R/dev $R/tmp
cp /bin/busybox $R/bin/
ln -s busybox $R/bin/sleep
exec python3 - << 'END'
import subprocess, sys
sys.path.insert(0, "/checkout/plugins")
from module_utils.engine.context import make_context
from module_utils.nouns import stack
from module_utils.state import stack as state
from module_utils.state.option import blank

ctx = make_context()

def play(expected, **given):
    # A check and the run that it is of; the run again.
    params = blank(state.OPTIONS, **dict({"name": "shop", "prune": True}, **given))
    for kind, form in state.entries().items():
        params[kind] = [blank(form.rows, **entry) for entry in params[kind]]
    foreseen = stack.run(ctx, params, True)
    done = stack.run(ctx, params, False)
    assert foreseen.values["actions"] == done.values["actions"], (foreseen.values["actions"], done.values["actions"])
    assert (foreseen.before, foreseen.after) == (done.before, done.after), (foreseen, done)
    assert done.values["actions"] == expected, done.values["actions"]
    again = stack.run(ctx, params, False)
    assert not again.changed, again.values["actions"]
    return {name: row["State"]["Pid"] for name, row in again.values["containers"].items()}

def says(unit):
    return subprocess.run(["systemctl", "is-active", unit], stdout=subprocess.PIPE, text=True).stdout.strip()

base = {"image": "/var/lib/rootfs", "rootfs": True, "command": ["sleep", "1000"], "network": ["none"],
        "stop_signal": "KILL"}
web, one = dict(base, name="web", unit={"restart_policy": "always"}), dict(base, name="one")
member = dict(base, name="member", pod="back")
member.pop("network")
pod = {"name": "back", "network": ["none"]}
made = play([
    "pod back: create", "container web: create", "container one: create", "container member: create",
    "unit back: write (container-member.service, pod-back.service)", "unit web: write (container-web.service)",
    "unit one: write (container-one.service)", "unit back: reload", "unit web: reload", "unit one: reload",
    "unit back: enable", "unit web: enable", "unit one: enable",
    "unit back: start", "unit web: start", "unit one: start"],
    pods=[pod], containers=[web, one, member])
assert min(made.values()) > 0, made
units = ["container-web.service", "container-one.service", "container-member.service", "pod-back.service"]
assert [says(unit) for unit in units] == ["active"] * 4, [says(unit) for unit in units]

other = play(["container web: replace (env)", "unit web: write (container-web.service)", "unit web: restart"],
             pods=[pod], containers=[dict(web, env={"A": "b"}), one, member])
assert other["web"] != made["web"] and other["one"] == made["one"] and other["member"] == made["member"]
web["env"] = {"A": "b"}

less = play(["unit web: stop", "unit web: disable", "unit web: remove (container-web.service)", "unit web: reload"],
            pods=[pod], containers=[one, member])
assert less == {"one": other["one"], "member": other["member"]}, less
assert [says(unit) for unit in units] == ["inactive"] + ["active"] * 3

play(["unit back: stop", "unit back: disable", "unit back: remove (container-member.service, pod-back.service)",
      "unit back: reload", "unit one: stop", "unit one: disable", "unit one: remove (container-one.service)",
      "unit one: reload"], state="absent")
assert [says(unit) for unit in units] == ["inactive"] * 4
assert not subprocess.run(["python3", "/checkout/bin/pycontainer", "ps", "-aq"], stdout=subprocess.PIPE).stdout
print("PROVEN")
END
"""


def test_a_check_foresees_what_units_do(box: Callable[[str], None]) -> None:
    box(SCRIPT)
