# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs that start a process and may stay with it: run, create, start, exec, attach, logs."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ..context import Context
from ..errors import InUse, InvalidInput, WrongState
from ..service import containers, passing
from . import options, selection, signals
from .flags import IO, Flag, Parsed, Verb
from .streams import terminal, writer

DETACH_KEYS = Flag("detach-keys", help="keys that leave the container running, ctrl-p,ctrl-q")
SIG_PROXY = Flag("sig-proxy", kind="bool", help="pass signals on to the container; without a terminal")


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
    if (spec.publish or spec.publish_all) and spec.network and spec.network[0].mode in ("none", "host", "container"):
        io.err.write("Warning: no port is published, because the network is %s\n" % spec.network[0].mode)
    if parsed.get("replace") and not spec.name:
        raise InvalidInput("--replace needs --name", "Say which container is to be replaced.")
    keywords = options.pull_keywords(parsed)
    keywords["progress"] = progress_to(io, parsed)
    policy = parsed.get("pull", "missing")
    if parsed.get("replace"):
        policy = _make_way(ctx, spec, policy, keywords)
    if parsed.get("env-merge"):
        spec, policy = _merged(ctx, spec, parsed.get("env-merge"), policy, keywords), "never"
    return spec, policy, keywords


def _make_way(ctx: Context, spec: Any, policy: str, keywords: Dict[str, Any]) -> str:
    """Remove the container of this name, when what the new one needs is there; the policy for its image then."""
    from ..service import foresee, images

    image = ""
    if not spec.rootfs:
        image = images.pull(ctx, spec.image, policy=policy, **keywords).image.id
        policy = "never"
    foresee.successor(ctx, spec, image)
    containers.remove(ctx, spec.name, force=True, ignore=True)
    return policy


def check(ctx: Context, parsed: Parsed) -> None:
    """Raise what is wrong with run's or create's values, whatever there is on this host."""
    from ..formats import reference
    from ..service import creation, namespaces, pull

    spec = options.spec(options.without_files(parsed))
    if not spec.rootfs:
        reference.check(spec.image)
    creation.check_values(ctx, spec)
    namespaces.check_new(spec)
    options.access(options.pull_keywords(parsed))
    pull.check_policy(parsed.get("pull", "missing"))


def _merged(ctx: Context, spec: Any, rows: List[str], policy: str, keywords: Dict[str, Any]) -> Any:
    """The spec with --env-merge's variables, which stand for the image's in ${NAME} (podman-run(1))."""
    import string

    from ..formats import values
    from ..frozen import replace
    from ..service import images

    if spec.rootfs:
        raise InvalidInput("--env-merge needs an image", "A root directory has no variables.")
    known = dict(row.partition("=")[::2] for row in images.inspect(
        ctx, images.pull(ctx, spec.image, policy=policy, **keywords).image.id)["Config"].get("Env") or ())
    env = dict(spec.env)
    for row in rows:
        name, equals, value = row.partition("=")
        if not equals:
            raise InvalidInput("--env-merge has %r" % row, "Write NAME=VALUE, where ${NAME} is the image's value.")
        try:
            env[name] = string.Template(value).substitute(Known(known))
        except ValueError as exc:
            raise InvalidInput("--env-merge has %r: %s" % (row, exc), "Write $$ for a dollar sign.") from exc
    return replace(spec, env=values.canonical("env", env, "--env-merge"))


class Known(Dict[str, str]):
    """Variables, where one that is not there is empty, as for a shell."""

    def __missing__(self, name: str) -> str:
        return ""


@contextlib.contextmanager
def _cidfile(parsed: Parsed) -> Iterator[Callable[[Any], None]]:
    """Takes --cidfile before anything is made; what is yielded writes a container's ID into it.

    Without a container the file is gone again. Raises InvalidInput for one that is there, and OSError.
    """
    path = parsed.get("cidfile")
    if not path:
        yield lambda _record: None
        return
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError as exc:
        raise InvalidInput("The file %s exists already" % path, "Remove it, or name another one.") from exc
    written: List[int] = []

    def write(record: Any) -> None:
        written.append(os.write(fd, record.id.encode()))

    try:
        yield write
    finally:
        os.close(fd)
        if not written:
            os.unlink(path)


def create(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make a container and print its ID."""
    with _cidfile(parsed) as note:
        spec, policy, keywords = _create(ctx, parsed, io)
        record = containers.create(ctx, spec, pull=policy, options=keywords)
        note(record)
    io.out.write(record.id + "\n")
    return 0


def run(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make and start a container; attached unless -d."""
    if parsed.get("detach") and (parsed.get("rmi") or parsed.get("attach")):
        raise InvalidInput("--detach and --%s cannot go together" % ("rmi" if parsed.get("rmi") else "attach"),
                           "Leave one of them out.")
    ctx = passing.to_containers(ctx, os.environ, parsed.get("preserve-fds", "0"))
    if parsed.get("rmi"):
        parsed.flags["rm"] = True
    with _cidfile(parsed) as note:
        spec, policy, keywords = _create(ctx, parsed, io)
        if parsed.get("detach"):
            return _detached(ctx, parsed, io, (spec, policy, keywords, note))
        if parsed.get("sdnotify", "ignore") != "ignore":
            raise InvalidInput("--sdnotify needs --detach", "Add it: systemd watches the container's monitor.")
        proxy = signals.Proxy(ctx, parsed.get("sig-proxy", True) and not spec.tty)

        def created(record: Any) -> None:
            note(record)
            proxy.install()

        with terminal(spec.tty, spec.interactive, io, parsed, proxy) as streams:
            record, code = containers.run(ctx, spec, pull=policy, options=keywords, streams=streams, created=created)
    if parsed.get("rmi") and code is not None:
        from ..service import images

        with contextlib.suppress(InUse):
            images.remove(ctx, record.image_id)
    return 0 if code is None else code


def _detached(ctx: Context, parsed: Parsed, io: IO, made: Tuple[Any, str, Dict[str, Any], Any]) -> int:
    spec, policy, keywords, note = made
    record, _code = containers.run(ctx, spec, pull=policy, options=keywords, created=note)
    if parsed.get("sdnotify", "ignore") != "ignore":
        from ..service import unitrun

        unitrun.announce(ctx, record, parsed.get("sdnotify"))
    io.out.write(record.id + "\n")
    return 0


def start(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Start containers that exist."""
    ctx = passing.to_containers(ctx, os.environ)
    names = selection.chosen(ctx, parsed, ("created", "exited"))
    if not parsed.get("attach") and not parsed.get("interactive"):
        return selection.each(selection.named(lambda name: containers.start(ctx, name)), names, io)
    if len(names) > 1:
        raise InvalidInput("The client can stay with one container only, and there are %d" % len(names),
                           "Leave --attach out.")
    record = containers.get(ctx, names[0])
    if containers.running(ctx, names[0]):
        return _attached(ctx, names[0], record.spec, parsed, io)
    proxy = signals.Proxy(ctx, parsed.get("sig-proxy", True) and not record.spec.tty)
    with terminal(record.spec.tty, bool(parsed.get("interactive")), io, parsed, proxy) as streams:
        proxy.install()
        return containers.start_attached(ctx, names[0], streams) or 0


def attach(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Connect to a running container."""
    name = selection.one(ctx, parsed)
    return _attached(ctx, name, containers.get(ctx, name).spec, parsed, io)


def _attached(ctx: Context, name: str, spec: Any, parsed: Parsed, io: IO) -> int:
    proxy = signals.Proxy(ctx, parsed.get("sig-proxy", True) and not spec.tty)
    # A terminal takes keys, whether it was asked for with -i or not.
    keys = (spec.interactive or spec.tty) and not parsed.get("no-stdin")
    with terminal(spec.tty, keys, io, parsed, proxy) as streams:
        proxy.install()
        return containers.attach(ctx, name, streams) or 0


def execute(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Run one more process in a container."""
    from ..service.exec import ExecWish

    words = selection.rest(ctx, parsed)
    name, argv = words[0], tuple(words[1:])
    tty, interactive = bool(parsed.get("tty")), bool(parsed.get("interactive"))
    wish = ExecWish(argv, options.environment(parsed), parsed.get("user", ""), parsed.get("workdir", ""), tty,
                    bool(parsed.get("privileged")), 0.0, interactive)
    try:
        return _execute(ctx, name, wish, parsed, io)
    except WrongState as exc:
        # podman-exec(1): 255 for a container that does not run
        exc.exit_code = 255
        raise


def _execute(ctx: Context, name: str, wish: Any, parsed: Parsed, io: IO) -> int:
    if parsed.get("detach"):
        io.out.write(containers.exec_run(ctx, name, wish, detach=True).session + "\n")
        return 0
    if getattr(io.out, "buffer", None) is None:
        result = containers.exec_run(ctx, name, wish)
        io.out.write(result.stdout.decode("utf-8", "replace"))
        io.err.write(result.stderr.decode("utf-8", "replace"))
        return result.code or 0
    with terminal(wish.tty, wish.interactive, io, parsed) as streams:
        return containers.exec_run(ctx, name, wish, streams=streams).code or 0


def logs(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print what containers wrote."""
    write = writer(io)
    tail = parsed.get("tail", -1)
    for name in [selection.latest(ctx)] if parsed.get("latest") else parsed.arguments:
        for stream, data in containers.logs(
                ctx, name, follow=bool(parsed.get("follow")), since=parsed.get("since", ""),
                until=parsed.get("until", ""), tail=tail if tail >= 0 else None,
                timestamps=bool(parsed.get("timestamps"))):
            label = ("%s " % name).encode() if parsed.get("names") else b""
            write(3 if stream == "stderr" else 2, label + data)
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("run", "IMAGE [COMMAND [ARG...]]", "Make and start a container",
         options.ALL + (Flag("detach", "d", "bool", "leave it running and print its ID"), DETACH_KEYS, SIG_PROXY,
                        Flag("attach", "a", "slice", "stay with stdin, stdout or stderr only"),
                        Flag("preserve-fds", help="how many descriptors from 3 on the container gets"),
                        Flag("rmi", kind="bool", help="remove it at its end, and its image if no other uses it")),
         run, (1, None), interspersed=False, check=check),
    Verb("create", "IMAGE [COMMAND [ARG...]]", "Make a container", options.ALL + (
        Flag("attach", "a", "slice", refused="create stays with nothing; see start --attach"),),
        create, (1, None), interspersed=False, check=check),
    Verb("start", "CONTAINER...", "Start containers",
         (Flag("attach", "a", "bool", "stay attached"), Flag("interactive", "i", "bool", "pass standard input"),
          Flag("all", kind="bool", help="all that do not run"), selection.LATEST, selection.FILTER, DETACH_KEYS,
          SIG_PROXY), start),
    Verb("exec", "CONTAINER COMMAND [ARG...]", "Run a command in a running container",
         (Flag("detach", "d", "bool", "leave it running"), Flag("interactive", "i", "bool", "pass standard input"),
          Flag("tty", "t", "bool", "give it a terminal"), Flag("user", "u", help="NAME or UID, with :GROUP"),
          Flag("workdir", "w", help="working directory"), Flag("privileged", kind="bool", help="all capabilities"),
          Flag("env", "e", "list", "NAME=VALUE"), Flag("env-file", kind="slice", help="a file of NAME=VALUE lines"),
          Flag("preserve-fds", refused="no descriptor of the caller reaches a container"), DETACH_KEYS,
          selection.LATEST), execute, (1, None), interspersed=False),
    Verb("attach", "CONTAINER", "Connect to a running container",
         (Flag("no-stdin", kind="bool", help="do not pass standard input"), DETACH_KEYS, SIG_PROXY,
          selection.LATEST), attach, (0, 1)),
    Verb("logs", "CONTAINER...", "Print what containers wrote",
         (Flag("follow", "f", "bool", "go on until it ends"), Flag("since", help="a time, or a duration back"),
          Flag("until", help="a time, or a duration back"), Flag("tail", kind="int", help="so many last lines"),
          Flag("timestamps", "t", "bool", "print times"), Flag("names", "n", "bool", "print the container's name"),
          Flag("color", kind="bool", refused="names have no colours"), selection.LATEST),
         logs, (0, None), reads_only=True),
)
