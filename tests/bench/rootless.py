# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of a user without root against podman's, in turn."""

from __future__ import annotations

import os
import shutil
import subprocess

import accounts
import commands
import run

USER = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "--reset-env", "env",
        "XDG_RUNTIME_DIR=/run/user/1500"]


class Rootless(run.Bench):
    """Both engines as alice. The checkout may lie where only root can read, so she has a copy."""

    def __init__(self, bench: run.Bench) -> None:
        super().__init__(bench.work, bench.registry)
        os.chmod(bench.work, 0o755)
        accounts.make(bench.work, ["alice"])
        accounts.uplink()
        for part in ("bin", "plugins/module_utils"):
            shutil.copytree(os.path.join(run.TOP, part), os.path.join(bench.work, "checkout", part))
        subprocess.run(["/usr/bin/python3", "-m", "compileall", "-q", bench.work + "/checkout"], check=True)
        self.ours = USER + ["/usr/bin/python3", "-IS", bench.work + "/checkout/bin/pycontainer"]
        self.podman = USER + ["podman", "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", "runc"]


def main(bench: run.Bench) -> None:
    """Print the table."""
    own = Rootless(bench)
    own.start()
    print(run.header("podman"))
    remove = ["rm", "-f", "-t", "0", "b"]
    for name, arguments, undo in (
            ("run --rm --network none", ["run", "--rm", "--network", "none", own.image, "true"], None),
            ("run --rm --network slirp4netns", ["run", "--rm", "--network", "slirp4netns", own.image, "true"], None),
            ("run -d, the default network of each", ["run", "-d", "--name", "b", own.image], remove),
            ("run -d --network slirp4netns", ["run", "-d", "--name", "b", "--network", "slirp4netns", own.image],
             remove),
            ("ps -a", ["ps", "-a"], None)):
        print(run.row(name, *commands.paired(own, arguments, undo), 1.0), flush=True)
