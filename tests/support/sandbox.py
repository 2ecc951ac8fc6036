# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a test in namespaces and a directory of its own, so that it can neither disturb nor be disturbed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

# A runner that is ended takes along what it has started.
NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
              "--mount-proc", "--propagation", "private"]
PRINTING = threading.Lock()
AT_A_TIME = 2  # cores that the tests can count on


class Ended(NamedTuple):
    """How a run ended: its exit code, how long it took in seconds, and what it printed of its failure."""

    name: str
    code: int
    seconds: float
    reason: str


def enter(script: str, arguments: Sequence[str], name: str = "", *, whole: bool = False,
          environment: Optional[Mapping[str, str]] = None) -> Ended:
    """Run ``script --inside DIRECTORY ARGUMENT...`` as PID 1 of fresh namespaces, and say how that went.

    The directory is new, and gone afterwards; every process in there ends with the script. What it prints is printed
    as it comes, or ``whole`` when it has ended, so that runs at the same time do not mix theirs.
    """
    work, began = tempfile.mkdtemp(prefix="pycontainer-test-"), time.monotonic()
    name = name or arguments[0]
    try:
        command = NAMESPACES + [sys.executable, script, "--inside", work, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as child:
            assert child.stdout is not None
            printed, held = b"", []
            for chunk in iter(lambda: os.read(child.stdout.fileno(), 65536), b""):  # type: ignore[union-attr]
                if whole:
                    held.append(chunk)
                else:
                    sys.stdout.buffer.write(chunk)
                    sys.stdout.flush()
                printed = (printed + chunk)[-1 << 20:]
        ended = Ended(name, child.returncode, time.monotonic() - began, reason_in(printed.decode(errors="replace")))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    with PRINTING:
        sys.stdout.buffer.write(b"".join(held))
        print("%-24s %s  %.0f s" % (name, "FAILED" if ended.code else "ok", ended.seconds), flush=True)
    return ended


def enter_all(script: str, runs: Sequence[Tuple[Sequence[str], str]], *, at_a_time: int = AT_A_TIME,
              environments: Sequence[Optional[Mapping[str, str]]] = ()) -> List[Ended]:
    """``enter`` with the arguments and the name of each run, some at a time. A single one prints as it comes.

    ``environments`` are the runs' own, in the same order; without them all have this process's.
    """
    at_a_time = min(at_a_time, len(runs)) or 1
    with futures.ThreadPoolExecutor(at_a_time) as pool:
        return list(pool.map(lambda run, own: enter(script, *run, whole=at_a_time > 1, environment=own),
                             runs, environments or [None] * len(runs)))


def reason_in(printed: str) -> str:
    """What a reader of a failed run looks for: the last task that ended a play, a failed assertion, a leftover."""
    found: List[str] = []
    task = ""
    for line in printed.splitlines():
        if line.startswith("TASK ["):
            task = line[6:].rstrip("* ]")
        elif line.startswith(("fatal: ", "failed: ")):
            # A play that goes on has rescued or ignored it.
            found = ["%s: %s" % (task, line)]
        elif re.match(r"E   |FAILED |ERROR|left behind: |The second run changed|\w*Error: ", line):
            found.append(line)
    return "\n".join(line[:600] for line in found[-3:])


def summary(kind: str, runs: Sequence[Ended]) -> int:
    """Say at the very end, where a log that was cut off still shows it, what failed and why; the exit code."""
    failed = [run for run in runs if run.code]
    for run in failed:
        print("%s: exit code %d\n  %s" % (run.name, run.code, run.reason.replace("\n", "\n  ")))
    print("%s: %d passed, %d failed, %.0f s" % (
        kind, len(runs) - len(failed), len(failed), sum(run.seconds for run in runs)), flush=True)
    return 1 if failed else 0


def like_a_host(work: str) -> None:
    """Make this mount namespace what systemd makes of a host: `/` is shared, and /tmp a mount of its own.

    Nothing of that is shared with the host itself. A program that harmed /etc would harm a copy in ``work``.
    """
    for row in reversed(mounts()):
        if row.split()[1].startswith("/tmp/"):  # of other tests, which may be gone at any time
            subprocess.run(["umount", "--lazy", row.split()[1]], check=False, stderr=subprocess.DEVNULL)
    copy = os.path.join(work, "copy-of-etc")
    subprocess.run(["cp", "-a", "/etc", copy], check=True)
    for words in (["--bind", copy, "/etc"], ["--bind", "/tmp", "/tmp"], ["--make-rshared", "/"]):
        subprocess.run(["mount", *words], check=True)


def mounts(without: Sequence[str] = ()) -> List[str]:
    """What is mounted in this namespace, and how (proc(5), mountinfo), but for what lies below these paths."""
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        rows = [line.split() for line in stream]
    return [" ".join(row[3:]) for row in rows if not row[4].startswith(tuple(without))]


def loopback_up() -> None:
    """Bring up the new network namespace's lo."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
