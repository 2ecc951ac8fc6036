# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One more process in a running container (podman-exec(1)).

Without a terminal the OCI runtime runs it directly, and its exit code is the process's. A process
with a terminal is supervised by conmon, which keeps the terminal, so that a client can detach.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, TimedOut, WrongState
from ..kernel import command, documents, files, tree
from ..runtime import conmon, oci, probe
from ..store import containers as store
from ..store import runs
from ..store.runs import State
from . import identity

Output = Callable[[int, bytes], None]


class Streams(NamedTuple):
    """The client's side of a process: ``output`` gets 2 (standard output) or 3 (standard error) and
    bytes, as in runtime.attach; ``stdin`` is a descriptor or None; ``detach`` the key sequence.
    ``attached`` gets the runtime.attach.Attachment, to resize the terminal with; ``started`` the container's
    record, when its process runs and the client is attached."""

    output: Optional[Output] = None
    stdin: Optional[int] = None
    detach: bytes = b""
    attached: Optional[Callable[[Any], None]] = None
    started: Optional[Callable[[Any], None]] = None


class ExecResult(NamedTuple):
    """How it ended; ``stdout`` and ``stderr`` are b'' where they were streamed. ``session`` is its ID.

    ``code`` is None when the client detached.
    """

    code: Optional[int]
    stdout: bytes = b""
    stderr: bytes = b""
    session: str = ""


class ExecWish(NamedTuple):
    """What to run: argv and how. ``timeout`` in seconds kills it; 0 never."""

    argv: Tuple[str, ...]
    env: Mapping[str, str] = {}
    user: str = ""
    workdir: str = ""
    tty: bool = False
    privileged: bool = False
    timeout: float = 0.0
    interactive: bool = False


def run(ctx: Context, container_id: str, wish: ExecWish, *, stdin: bytes = b"", detach: bool = False,
        streams: Optional[Streams] = None) -> ExecResult:
    """Run a process and wait for it, unless ``detach``.

    Its output is captured, or with ``streams`` passed on: without a terminal it then writes to this
    process's own descriptors 1 and 2 and reads 0 when ``interactive``. Raises WrongState when the
    container does not run, CommandNotFound, CannotInvoke, and TimedOut.
    """
    state = require(ctx, container_id, wish.argv)
    if state.raw.get("reachable"):
        # runc goes to the path of the root file system first, and /tmp is cleaned of what is old.
        with contextlib.suppress(FileExistsError):
            os.mkdir(state.raw["reachable"], 0o700)
    session = os.urandom(32).hex()
    place = files.make_directory(store.run_directory(ctx, container_id, "exec", session))
    try:
        files.write_json(os.path.join(place, "process.json"), process(ctx, container_id, state, wish), durable=False)
        if wish.tty and not detach:
            return _supervised(ctx, container_id, state, place, session, streams or Streams())
        return _direct(ctx, container_id, state, place, wish, stdin, detach, streams is not None, session)
    finally:
        if not detach:
            tree.remove_path(place)


def require(ctx: Context, container_id: str, argv: Sequence[str]) -> State:
    """The state of a container that runs. Raises WrongState for another, InvalidInput without a command."""
    state = runs.state(ctx, container_id)
    if state.status != "running":
        raise WrongState("The container %s is %s" % (container_id[:12], state.status), "Start it first.")
    if not argv or not argv[0]:
        raise InvalidInput("There is no command to run in %s" % container_id[:12], "Give a command.")
    return state


def process(ctx: Context, container_id: str, state: State, wish: ExecWish) -> Dict[str, Any]:
    """The OCI process object: that of the container, with what was asked for instead."""
    config = documents.read(store.run_directory(ctx, container_id, "bundle", "config.json"), "bundle of the container",
                            container_id[:12], {"process": "dict"})
    if config is None:
        raise WrongState("The container %s has no bundle" % container_id[:12], "Start it again.")
    document: Dict[str, Any] = config["process"]
    document.update(args=list(wish.argv), terminal=wish.tty)
    if wish.workdir:
        document["cwd"] = wish.workdir
    variables = dict(entry.split("=", 1) for entry in document["env"])
    if wish.user:
        _change_user(document, variables, state, wish.user)
    if wish.tty:
        variables["TERM"] = "xterm"
    variables.update(wish.env)
    document["env"] = ["%s=%s" % pair for pair in variables.items()]
    if wish.privileged:
        from ..kernel import caps

        held = list(caps.container_set(("ALL",), ()))
        document["capabilities"] = dict.fromkeys(("bounding", "effective", "permitted"), held)
        document["noNewPrivileges"] = False
    return document


def _change_user(document: Dict[str, Any], variables: Dict[str, str], state: State, text: str) -> None:
    user = identity.resolve(text, "/proc/%d/root" % state.pid)
    document["user"] = dict(document["user"], uid=user.uid, gid=user.gid, additionalGids=list(user.groups))
    variables["HOME"] = user.home
    bounding = document["capabilities"]["bounding"]
    added = document["capabilities"].get("ambient") or []
    effective = bounding if user.uid == 0 else added
    document["capabilities"] = dict(document["capabilities"], effective=effective, permitted=effective)


def _direct(ctx: Context, container_id: str, state: State, place: str, wish: ExecWish, stdin: bytes,
            detach: bool, inherit: bool, session: str) -> ExecResult:
    log, pidfile = os.path.join(place, "log"), os.path.join(place, "pid")
    runtime = probe.Runtime(**state.raw["runtime"])
    argv = [*_before(ctx), runtime.path, "--root", oci.root(ctx), "--log", log, "exec", "--pid-file", pidfile,
            "--process", os.path.join(place, "process.json")]
    argv += (["--detach"] if detach else []) + [container_id]
    env = conmon.environment(ctx)
    if inherit and not detach:
        code, out, err = command.inherit(argv, env=env, stdin=wish.interactive), b"", b""
    else:
        running = command.start(argv, stdin=stdin, env=env)
        if wish.timeout and not running.ended(wish.timeout):
            _kill(pidfile)
            with contextlib.suppress(TimedOut):
                running.finish(command.GOODBYE)
            raise TimedOut("The command %s did not end within %g seconds" % (wish.argv[0], wish.timeout))
        done = running.finish(None if detach else command.FOREVER)
        code, out, err = done.code, done.stdout, done.stderr
    complaint = _complaint(log) if code else ""
    if complaint and not os.path.exists(pidfile):
        error = conmon.explain(complaint, wish.argv[0])
        # runc writes to its log and to standard error, which is the client's here; crun to its log alone.
        error.told = inherit and not detach and runtime.name != "crun"
        raise error
    return ExecResult(code if code >= 0 else 128 - code, out, err, session)


def _before(ctx: Context) -> Tuple[str, ...]:
    """What has a runtime join a container's control group, for users; see systemd.scope."""
    if not ctx.rootless:
        return ()
    from . import systemd

    return tuple(systemd.scope(ctx))


def _complaint(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(65536)
    except FileNotFoundError:
        return ""


def _kill(pidfile: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(files.word(pidfile) or ""), 9)


def _supervised(ctx: Context, container_id: str, state: State, place: str, session: str,
                streams: Streams) -> ExecResult:
    from ..runtime import attach, exitwatch

    exits = files.make_directory(os.path.join(place, "exits"))
    captured: List[bytes] = []
    output = streams.output or (lambda _stream, data: captured.append(data))
    with contextlib.ExitStack() as stack:
        def client() -> attach.Attachment:
            attachment = stack.enter_context(attach.Attachment(place))
            if streams.attached is not None:
                streams.attached(attachment)
            return attachment

        held: List[attach.Attachment] = []
        conmon.launch(ctx, conmon.Launch(
            container_id=container_id, name=container_id[:12], bundle=place, runtime_path=state.raw["runtime"]["path"],
            runtime_root=oci.root(ctx), log="none", pidfile=os.path.join(place, "pid"),
            conmon_pidfile=os.path.join(place, "conmon.pid"), exit_directory=exits, terminal=True,
            stdin=streams.stdin is not None, exec_spec=os.path.join(place, "process.json"), exec_id=session,
            attach=True, before=_before(ctx)), attached=client, into=held)
        if not held[0].stream(output, streams.stdin, detach=streams.detach, terminal=True):
            return ExecResult(None, b"", b"", session)
    path = os.path.join(exits, container_id)
    if not exitwatch.wait_for(path, timeout=30.0):
        raise EngineError("conmon did not say how the command in %s ended" % container_id[:12])
    code = exitwatch.read_exit_code(path)
    return ExecResult(125 if code is None else code & 0xFF, b"".join(captured), b"", session)


def parse_detach_keys(text: str) -> bytes:
    """The bytes of a detach sequence such as 'ctrl-p,ctrl-q'. Raises InvalidInput."""
    from ..runtime import attach

    return attach.parse_detach_keys(text)
