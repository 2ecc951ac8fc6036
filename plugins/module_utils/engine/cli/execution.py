# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs that start a process and may stay with it: run, create, start, exec, attach, logs."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from ..context import Context
from ..errors import InvalidInput
from ..service import containers
from . import options
from .flags import IO, Flag, Parsed, Verb

DETACH_KEYS = Flag("detach-keys", help="keys that leave the container running, ctrl-p,ctrl-q")


def progress_to(io: IO, parsed: Parsed) -> Optional[Callable[[str, int, int], None]]:
    """What a pull reports: messages on standard error, and on a terminal how far each layer is."""
    if parsed.get("quiet"):
        return None
    terminal = io.err.isatty()
    done: Dict[str, int] = {}

    def report(label: str, count: int, total: int) -> None:
        if not total:
            io.err.write(label + "\n")
        elif count >= total and label not in done:
            done[label] = 1
            io.err.write("%s%s done\n" % ("\r\x1b[K" if terminal else "", label))
        elif terminal and label not in done:
            io.err.write("\r\x1b[K%s %d %%" % (label, count * 100 // total))
        io.err.flush()

    return report


def _create(ctx: Context, parsed: Parsed, io: IO) -> Any:
    """What run and create have in common: the spec, the policy and the keywords of a pull."""
    spec = options.spec(parsed)
    if parsed.get("cidfile") and os.path.exists(parsed.get("cidfile")):
        raise InvalidInput("The file %s exists already" % parsed.get("cidfile"), "Remove it, or name another one.")
    if parsed.get("replace"):
        if not spec.name:
            raise InvalidInput("--replace needs --name", "Say which container is to be replaced.")
        containers.remove(ctx, spec.name, force=True, ignore=True)
    keywords = options.pull_keywords(parsed)
    keywords["progress"] = progress_to(io, parsed)
    return spec, parsed.get("pull", "missing"), keywords


def _note(parsed: Parsed, container_id: str) -> None:
    if parsed.get("cidfile"):
        with open(parsed.get("cidfile"), "w", encoding="ascii") as stream:
            stream.write(container_id)


def create(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make a container and print its ID."""
    spec, policy, keywords = _create(ctx, parsed, io)
    record = containers.create(ctx, spec, pull=policy, options=keywords)
    _note(parsed, record.id)
    io.out.write(record.id + "\n")
    return 0


def run(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make and start a container; attached unless -d."""
    spec, policy, keywords = _create(ctx, parsed, io)
    if parsed.get("detach"):
        record, _code = containers.run(ctx, spec, pull=policy, options=keywords)
        _note(parsed, record.id)
        io.out.write(record.id + "\n")
        return 0
    with terminal(spec.tty, spec.interactive, io, parsed) as streams:
        record, code = containers.run(ctx, spec, pull=policy, options=keywords, streams=streams)
    _note(parsed, record.id)
    return 0 if code is None else code


@contextlib.contextmanager
def terminal(tty: bool, interactive: bool, io: IO, parsed: Parsed) -> Iterator[Any]:
    """The client's streams; with a terminal on both sides it is raw meanwhile, and its size is passed on."""
    from ..service.exec import Streams

    keys = _detach_keys(parsed)
    io.out.flush()
    is_terminal = tty and interactive and os.isatty(io.stdin)
    stdin = io.stdin if interactive else None
    output = _writer(io)
    if not is_terminal:
        yield Streams(output=output, stdin=stdin, detach=keys if tty else b"")
        return
    import signal
    import termios
    import tty as terminals

    saved = termios.tcgetattr(io.stdin)
    changed = [True]
    held: Dict[str, Any] = {}
    before = signal.signal(signal.SIGWINCH, lambda *_all: changed.__setitem__(0, True))

    def wake() -> None:
        if changed[0] and "client" in held:
            changed[0] = False
            size = os.get_terminal_size(io.stdin)
            held["client"].resize(size.lines, size.columns)

    def attached(client: Any) -> None:
        held["client"] = client
        wake()

    try:
        terminals.setraw(io.stdin)
        yield Streams(output=output, stdin=stdin, detach=keys, attached=attached, wake=wake)
    finally:
        termios.tcsetattr(io.stdin, termios.TCSADRAIN, saved)
        signal.signal(signal.SIGWINCH, before)


def _detach_keys(parsed: Parsed) -> bytes:
    from ..service.exec import parse_detach_keys

    return parse_detach_keys(parsed.get("detach-keys", "ctrl-p,ctrl-q"))


def _writer(io: IO) -> Callable[[int, bytes], None]:
    """Bytes to where the verb's output goes: its descriptors, or its buffers where it has none."""
    targets = {2: io.out, 3: io.err}

    def write(stream: int, data: bytes) -> None:
        target = targets.get(stream, io.out)
        buffer = getattr(target, "buffer", None)
        if buffer is None:
            target.write(data.decode("utf-8", "replace"))
        else:
            buffer.write(data)
            buffer.flush()

    return write


def start(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Start containers that exist."""
    code = 0
    for name in parsed.arguments:
        if parsed.get("attach"):
            tty = bool(containers.inspect(ctx, name)["Config"].get("Tty"))
            with terminal(tty, bool(parsed.get("interactive")), io, parsed) as streams:
                code = containers.start_attached(ctx, name, streams) or 0
        else:
            containers.start(ctx, name)
            io.out.write(name + "\n")
    return code


def attach(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Connect to a running container."""
    config = containers.inspect(ctx, parsed.arguments[0])["Config"]
    interactive = bool(config.get("OpenStdin")) and not parsed.get("no-stdin")
    with terminal(bool(config.get("Tty")), interactive, io, parsed) as streams:
        return containers.attach(ctx, parsed.arguments[0], streams) or 0


def execute(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Run one more process in a container."""
    from ..service.exec import ExecWish

    name, argv = parsed.arguments[0], tuple(parsed.arguments[1:])
    tty, interactive = bool(parsed.get("tty")), bool(parsed.get("interactive"))
    wish = ExecWish(argv, options.environment(parsed), parsed.get("user", ""), parsed.get("workdir", ""), tty,
                    bool(parsed.get("privileged")), 0.0, interactive)
    if parsed.get("detach"):
        result = containers.exec_run(ctx, name, wish, detach=True)
        io.out.write(result.session + "\n")
        return 0
    if getattr(io.out, "buffer", None) is None:
        result = containers.exec_run(ctx, name, wish)
        io.out.write(result.stdout.decode("utf-8", "replace"))
        io.err.write(result.stderr.decode("utf-8", "replace"))
        return result.code or 0
    with terminal(tty, interactive, io, parsed) as streams:
        return containers.exec_run(ctx, name, wish, streams=streams).code or 0


def logs(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print what containers wrote."""
    write = _writer(io)
    tail = parsed.get("tail", -1)
    for name in parsed.arguments:
        for stream, data in containers.logs(
                ctx, name, follow=bool(parsed.get("follow")), since=parsed.get("since", ""),
                until=parsed.get("until", ""), tail=tail if tail >= 0 else None,
                timestamps=bool(parsed.get("timestamps"))):
            label = ("%s " % name).encode() if parsed.get("names") else b""
            write(3 if stream == "stderr" else 2, label + data)
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("run", "IMAGE [COMMAND [ARG...]]", "Make and start a container",
         options.ALL + (Flag("detach", "d", "bool", "leave it running and print its ID"), DETACH_KEYS), run, (1, None),
         interspersed=False),
    Verb("create", "IMAGE [COMMAND [ARG...]]", "Make a container", options.ALL, create, (1, None), interspersed=False),
    Verb("start", "CONTAINER...", "Start containers",
         (Flag("attach", "a", "bool", "stay attached"), Flag("interactive", "i", "bool", "pass standard input"),
          DETACH_KEYS), start, (1, None)),
    Verb("exec", "CONTAINER COMMAND [ARG...]", "Run a command in a running container",
         (Flag("detach", "d", "bool", "leave it running"), Flag("interactive", "i", "bool", "pass standard input"),
          Flag("tty", "t", "bool", "give it a terminal"), Flag("user", "u", help="NAME or UID, with :GROUP"),
          Flag("workdir", "w", help="working directory"), Flag("privileged", kind="bool", help="all capabilities"),
          Flag("env", "e", "list", "NAME=VALUE"), Flag("env-file", kind="list", help="a file of NAME=VALUE lines"),
          Flag("preserve-fds", refused="no descriptor of the caller reaches a container"), DETACH_KEYS),
         execute, (2, None), interspersed=False),
    Verb("attach", "CONTAINER", "Connect to a running container",
         (Flag("no-stdin", kind="bool", help="do not pass standard input"), DETACH_KEYS), attach, (1, 1)),
    Verb("logs", "CONTAINER...", "Print what containers wrote",
         (Flag("follow", "f", "bool", "go on until it ends"), Flag("since", help="a time, or a duration back"),
          Flag("until", help="a time, or a duration back"), Flag("tail", kind="int", help="so many last lines"),
          Flag("timestamps", "t", "bool", "print times"), Flag("names", "n", "bool", "print the container's name")),
         logs, (1, None), reads_only=True),
)
