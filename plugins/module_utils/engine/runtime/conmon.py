# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starting conmon(8), which starts the OCI runtime, keeps the container's output and notes its exit.

conmon waits for a byte on one pipe before it does anything, and writes one JSON line to another
when the runtime has created the container ({"data": pid}) or has failed ({"data": -1, "message"}).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from typing import Any, Callable, Dict, List, NoReturn, Optional, Tuple

from ..context import Context
from ..errors import CannotInvoke, CommandNotFound, RuntimeFailed, TimedOut
from ..frozen import Frozen
from ..kernel import account, command, files

MAX_ANSWER = 1024 * 1024
PATIENCE = 120.0  # seconds that the OCI runtime gets to make a process

# conmon hands its environment on to the OCI runtime, which looks for criu and the like on it.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_SYNC, _START, _ATTACH = 3, 4, 5


class Launch(Frozen):
    """One container, or with ``exec_spec`` one more process in it, to be supervised.

    ``log`` is conmon's --log-path ('k8s-file:/path', 'journald', 'none'). The exit code is written to
    ``exit_directory``/<``container_id``>, also for an exec. ``exit_command`` runs when all is over. ``timeout`` in
    seconds ends the process; 0 never. ``attach`` makes conmon wait with an exec's process until a
    client is there. ``preserved`` descriptors of this process, from 3 on, are the container's.
    ``before`` are words that conmon's command line follows, ``around`` some that the runtime's does.
    """

    container_id: str
    name: str
    bundle: str
    runtime_path: str
    runtime_root: str
    log: str
    pidfile: str
    conmon_pidfile: str
    exit_directory: str
    exit_command: Tuple[str, ...] = ()
    terminal: bool = False
    stdin: bool = False
    timeout: int = 0
    log_size: int = -1
    log_tag: str = ""
    systemd_cgroup: bool = False
    exec_spec: str = ""
    exec_id: str = ""
    attach: bool = False
    preserved: int = 0
    before: Tuple[str, ...] = ()
    around: Tuple[str, ...] = ()


class Launching:
    """A conmon that is started and has not said yet how its runtime fared: the caller can do something else
    meanwhile. A context manager, within which ``finish`` is called once. Raises MissingDependency when there is no
    conmon.
    """

    def __init__(self, ctx: Context, job: Launch) -> None:
        self._job = job
        program = ctx.conmon or ctx.tool("conmon", "supervise containers")
        past = job.preserved  # the container's own come first
        env = {**environment(ctx), "_OCI_SYNCPIPE": str(_SYNC + past), "_OCI_STARTPIPE": str(_START + past)}
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            self._sync, sync = _pipe(ours, theirs)
            start, self._start = _pipe(theirs, ours)
            self._attach, pipes = -1, {_SYNC + past: sync, _START + past: start}
            pipes.update({number: number for number in range(3, 3 + past)})
            if job.attach:
                self._attach, pipes[_ATTACH + past] = _pipe(ours, theirs)
                env["_OCI_ATTACHPIPE"] = str(_ATTACH + past)
            self._pid = command.launch([*job.before, program, *arguments(job)], descriptors=pipes, env=env)
            os.write(self._start, b"\0")
            self._open = ours.pop_all()

    def __enter__(self) -> Launching:
        return self

    def __exit__(self, *_problem: Any) -> None:
        self._open.close()

    def attached(self) -> None:
        """With ``job.attach``: wait until conmon's socket listens; the process starts only after ``go``."""
        self._said(self._attach)

    def go(self) -> None:
        """Let the process of an attached exec start."""
        os.write(self._start, b"\0")

    def finish(self) -> int:
        """Wait until the runtime has created the process; returns its process ID.

        Raises CommandNotFound, CannotInvoke or RuntimeFailed with the runtime's own words, and TimedOut: a runtime
        that was killed has left conmon waiting for the end of what the container's process could still say.
        """
        answer = self._said(self._sync)
        # The program that was started has forked the monitor and ended, or ended with an error.
        if not command.ended(self._pid, PATIENCE):
            self._give_up()
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return _created(self._job, answer, code)

    def _said(self, fd: int) -> bytes:
        """The line that conmon writes to a pipe, or what it wrote before it ended."""
        deadline = time.monotonic() + PATIENCE
        data = b""
        while not data.endswith(b"\n") and len(data) < MAX_ANSWER:
            if not command.readable(fd, deadline - time.monotonic()):
                self._give_up()
            piece = os.read(fd, 65536)
            if not piece:
                break
            data += piece
        return data

    def _give_up(self) -> NoReturn:
        end(self._job.conmon_pidfile, self._job.container_id)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, 9)
        if command.ended(self._pid, command.GOODBYE):
            os.waitpid(self._pid, 0)
        raise TimedOut("conmon did not say within %g seconds that %s has created a process for %s" % (
            PATIENCE, os.path.basename(self._job.runtime_path), self._job.name),
            "What there was of it is ended. Was the OCI runtime killed, or is the host too busy?")


def end(pidfile: str, container_id: str) -> None:
    """Kill the monitor of a container that did not get as far as to run, and all that it has started.

    ``pidfile`` is where it noted itself; one that is gone, or is no monitor of this container, is left alone.
    """
    from ..kernel import processes

    try:
        pid = int(files.word(pidfile) or "")
        with open("/proc/%d/cmdline" % pid, "rb") as stream:
            words = stream.read(65536).split(b"\0")
    except (OSError, ValueError):
        return
    if container_id.encode() not in words or pid == os.getpid():
        return
    # It adopts what its children leave. It goes first, or it would run the hook.
    for one in [pid, *(processes.family([pid]) - {pid})]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, 9)


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> Tuple[int, int]:
    """A pipe, each end of which is closed with a stack."""
    read, write = os.pipe()
    reader.callback(os.close, read)
    writer.callback(os.close, write)
    return read, write


def launch(ctx: Context, job: Launch, *, attached: Optional[Callable[[], Any]] = None,
           into: Optional[List[Any]] = None) -> int:
    """Start conmon and wait until the runtime has created the process; returns its process ID.

    With ``job.attach`` the process of an exec goes only when ``attached`` has connected to conmon's
    socket; what that returns is put ``into`` the list. Raises as ``Launching`` does.
    """
    with Launching(ctx, job) as launching:
        if job.attach:
            launching.attached()
            if attached is not None and into is not None:
                into.append(attached())
            launching.go()
        return launching.finish()


def environment(ctx: Context) -> Dict[str, str]:
    """The environment of conmon and of OCI runtimes; a user's runtime asks the user's systemd for cgroups."""
    return {"PATH": PATH, **(account.bus(ctx.uid) if ctx.rootless else {})}


def _created(job: Launch, answer: bytes, code: int) -> int:
    # An exec that ends at once has its exit code behind it, on a line of its own.
    answer = answer.partition(b"\n")[0]
    try:
        document = json.loads(answer) if answer.strip() else {}
    except ValueError:
        document = {}
    pid = document.get("data", -1) if isinstance(document, dict) else -1
    if isinstance(pid, int) and pid > 0:
        return pid
    message = str(document.get("message") or "") if isinstance(document, dict) else ""
    if not message:
        message = "conmon ended with %d before the container was created" % code
    raise explain(message, job.name)


def arguments(job: Launch) -> List[str]:
    """conmon's argv, without the program."""
    runtime = [*job.around, job.runtime_path, "--root", job.runtime_root]
    result = ["--api-version", "1", "-c", job.container_id, "-u", job.exec_id or job.container_id, "-n", job.name,
              "-r", runtime[0], "-b", job.bundle, "-p", job.pidfile, "-P", job.conmon_pidfile,
              "-l", job.log, "--exit-dir", job.exit_directory, "--full-attach"]
    for word in runtime[1:]:
        result += ["--runtime-arg", word]
    # With -i conmon closes what it writes to when a client leaves: of a terminal that is its only end, for all time.
    for flag, wanted in (("-t", job.terminal), ("-i", job.stdin and not job.terminal), ("-s", job.systemd_cgroup)):
        if wanted:
            result.append(flag)
    if job.preserved:
        result += ["--runtime-opt", "--preserve-fds", "--runtime-opt", str(job.preserved)]
    if job.timeout:
        result += ["-T", str(job.timeout)]
    if job.log_size > 0:
        result += ["--log-size-max", str(job.log_size)]
    if job.log_tag:
        result += ["--log-tag", job.log_tag]
    if job.exec_spec:
        result += ["-e", "--exec-process-spec", job.exec_spec]
        if job.attach:
            result.append("--exec-attach")
    for number, word in enumerate(job.exit_command):
        result += ["--exit-command" if number == 0 else "--exit-command-arg", word]
    return result


def explain(message: str, name: str) -> RuntimeFailed:
    """The error for a runtime's complaint; crun and runc say the same in different words."""
    text = plain_words(message)
    lowered = text.lower()
    if re.search(r"not found in \$path|no such file or directory", lowered) and _is_about_command(lowered):
        missing = "working directory" if "chdir to cwd" in lowered else "command"
        return CommandNotFound("Cannot start %s: %s" % (name, text), "The %s does not exist in the image." % missing)
    if re.search(r"permission denied|is a directory|exec format error", lowered) and _is_about_command(lowered):
        return CannotInvoke("Cannot start %s: %s" % (name, text), "The command cannot be executed in the image.")
    return RuntimeFailed("Cannot start %s: %s" % (name, text))


def _is_about_command(text: str) -> bool:
    return "exec" in text or "executable" in text or "starting container process" in text


def plain_words(message: str) -> str:
    """What an OCI runtime said, without its log's trimmings, on one line."""
    words: List[str] = []
    for line in message.splitlines():
        found: Any = re.search(r'msg="((?:[^"\\]|\\.)*)"', line)
        if found:
            line = found.group(1).replace('\\"', '"').replace("\\\\", "\\")
        elif line.startswith("{"):
            try:
                parsed: Dict[str, Any] = json.loads(line)
                line = str(parsed.get("msg", line))
            except ValueError:
                pass
        line = "".join(c for c in line.strip() if c.isprintable())
        if line and line not in words:
            words.append(line)
    return "; ".join(words) or "the OCI runtime gave no reason"
