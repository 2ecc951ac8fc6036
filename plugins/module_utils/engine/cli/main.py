# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line: global flags, and the verb that is meant. A verb's module is loaded when it is called."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..errors import EngineError, InvalidInput, Unsupported, of_system
from .flags import IO, Flag, Parsed, Verb, check_arguments, parse, usage

if TYPE_CHECKING:
    from ..context import Context

GLOBAL = (
    Flag("root", help="where images and containers are kept"),
    Flag("runroot", help="where the state of this boot is kept"),
    Flag("runtime", help="OCI runtime: a name or a path"),
    Flag("conmon", help="path of conmon"),
    Flag("cgroup-manager", help="cgroupfs or systemd"),
    Flag("log-level", help="debug, info, warn or error"),
    Flag("tmpdir", help="where large temporary files go"),
    Flag("registries-conf", help="this file in place of the host's registries.conf"),
    Flag("run-as-user", help="work as this user of the host; for root"),
    Flag("version", "v", "bool", "print the version"),
    Flag("help", "h", "bool", "print this help"),
    Flag("remote", "r", "bool", refused="this engine works on its own host"),
    Flag("url", refused="this engine works on its own host"),
    Flag("connection", "c", refused="this engine works on its own host"),
    Flag("storage-driver", refused="layers are always kept for overlay"),
    Flag("storage-opt", kind="list", refused="layers are always kept for overlay"),
)

VERSION = "0.1.0"

# verb: the module that has it
MODULES = {
    "execution": "create run start exec attach logs",
    "listing": "ps inspect", "usage": "top stats",
    "containers": "stop restart kill rm wait rename port pause unpause update healthcheck container",
    "imagelist": "images", "images": "pull push rmi tag untag history load save import image",
    "search": "search",
    "networks": "network", "pods": "pod", "podusage": "pod", "volumes": "volume", "secrets": "secret",
    "system": "login logout info version",
    "rootless": "unshare", "maintenance": "system", "completion": "completion", "generate": "generate",
    "quadlet": "quadlet-generator",
}
GROUPS = ("container", "image", "network", "pod", "volume", "secret", "healthcheck", "system",
          "generate")
# A group's verbs that have its name before them are in its own module; these have them without it too.
OF_GROUP = {"container": ("listing", "execution", "containers", "usage"), "image": ("images", "imagelist", "search"),
            "pod": ("pods", "podusage")}
# podman's verbs that are known and not built: what they belong to
LATER = {"kube": "kube YAML", "play": "kube YAML",
         "build": "builds", "buildx": "builds",
         "machine": "virtual machines", "commit": "commit", "diff": "diff", "export": "export", "cp": "copying",
         "mount": "mounts", "umount": "mounts", "unmount": "mounts", "events": "events",
         "manifest": "manifest lists", "auto-update": "updates", "init": "init", "checkpoint": "CRIU"}


def main(argv: Optional[Sequence[str]] = None, io: Optional[IO] = None) -> int:
    """Run one command line; the exit code. Nothing but the exit code and the output comes out of it."""
    io = io or IO(sys.stdout, sys.stderr)
    try:
        try:
            code = _main(list(sys.argv[1:] if argv is None else argv), io)
        finally:
            io.out.flush()
        return code
    except EngineError as exc:
        return _tell(io, exc)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has seen enough; a second attempt to flush at exit would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as exc:
        if io.out is sys.stdout:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _tell(io, of_system(exc))


def _tell(io: IO, exc: EngineError) -> int:
    """Write an error, once; its exit code."""
    if not exc.told:
        io.err.write("Error: %s\n" % exc.message)
    if exc.hint:
        io.err.write("%s\n" % exc.hint)
    return exc.exit_code


# What to do about the system's errors that people meet.


def _main(words: List[str], io: IO) -> int:
    given = parse(GLOBAL, words, interspersed=False)
    if given.get("version"):
        io.out.write("pycontainer version %s\n" % VERSION)
        return 0
    words = given.arguments
    if words[:1] == ["help"]:
        # 'help run' is 'run --help'
        given.flags["help"], words = True, [word for word in words[1:] if not word.startswith("-")]
    if not words:
        io.out.write(overview())
        return 0 if given.get("help") else 125
    verb, rest = find_verb(words)
    if verb is None:
        io.out.write(group_overview(words[0]))
        if len(words) == 1 and not given.get("help"):
            raise InvalidInput("%s needs a verb" % words[0])
        return 0
    parsed = given if given.get("help") else parse(verb.flags, rest, interspersed=verb.interspersed, verb=verb.name)
    if parsed.get("help"):
        io.out.write(usage(verb))
        return 0
    check_arguments(verb, parsed)
    if given.get("run-as-user") is not None:
        from .otheruser import become

        become(given.get("run-as-user"), io)
    ctx = _context(given)
    if ctx.rootless and not verb.outside:
        from ..service import rootless

        for warning in rootless.enter(ctx, make=not verb.reads_only):
            io.err.write("Warning: %s\n" % warning)
    try:
        return verb.run(ctx, parsed, io)
    finally:
        io.out.flush()
        for text in ctx.warnings:
            io.err.write("Warning: %s\n" % text)


def _context(given: Parsed) -> Context:
    from ..context import make_context

    return make_context(
        root=given.get("root"), runroot=given.get("runroot"), tmpdir=given.get("tmpdir"),
        runtime=given.get("runtime"), conmon=given.get("conmon"), cgroup_manager=given.get("cgroup-manager"),
        log_level=given.get("log-level", "warn"), registries_conf=given.get("registries-conf"))


def _module_of(word: str) -> Optional[str]:
    return next((module for module, verbs in MODULES.items() if word in verbs.split()), None)


def verbs_of(module: str) -> Dict[str, Verb]:
    """The verbs of one module, by name."""
    # Written out, so that what bundles a module for a host sees what is imported.
    if module == "execution":
        from .execution import VERBS
    elif module == "listing":
        from .listing import VERBS
    elif module == "usage":
        from .usage import VERBS
    elif module == "containers":
        from .containers import VERBS
    elif module == "imagelist":
        from .imagelist import VERBS
    elif module == "images":
        from .images import VERBS
    elif module == "search":
        from .search import VERBS
    elif module == "networks":
        from .networks import VERBS
    elif module == "pods":
        from .pods import VERBS
    elif module == "podusage":
        from .podusage import VERBS
    elif module == "volumes":
        from .volumes import VERBS
    elif module == "secrets":
        from .secrets import VERBS
    elif module == "completion":
        from .completion import VERBS
    elif module == "quadlet":
        from .quadlet import VERBS
    elif module == "generate":
        from .generate import VERBS
    elif module == "rootless":
        from .rootless import VERBS
    elif module == "maintenance":
        from .maintenance import VERBS
    else:
        from .system import VERBS
    return {verb.name: verb for verb in VERBS}


def reads_only(words: Sequence[str]) -> bool:
    """Whether a command line changes nothing. Raises InvalidInput for one that makes no sense."""
    given = parse(GLOBAL, words, interspersed=False)
    if given.get("version") or given.get("help") or given.arguments[:1] in ([], ["help"]):
        return True
    verb, rest = find_verb(given.arguments)
    if verb is None or verb.reads_only:
        return True
    try:
        return bool(parse(verb.flags, rest, interspersed=verb.interspersed, verb=verb.name).get("help"))
    except EngineError:
        # It ends with this error before it does anything.
        return True


def check(words: Sequence[str]) -> None:
    """Raise what is wrong with a command line that is to be run later, when what it names may be there."""
    given = parse(GLOBAL, words, interspersed=False)
    if not given.arguments:
        raise InvalidInput("There is no verb in %s" % " ".join(words))
    verb, rest = find_verb(given.arguments)
    if verb is None:
        raise InvalidInput("%s needs a verb" % given.arguments[0])
    parsed = parse(verb.flags, rest, interspersed=verb.interspersed, verb=verb.name)
    if parsed.get("help") or given.get("help") or given.get("version"):
        raise InvalidInput("--help and --version do nothing but show something", "Leave them out.")
    check_arguments(verb, parsed)
    ctx = _context(given)
    if verb.check is not None:
        verb.check(ctx, parsed)


def find_verb(words: Sequence[str]) -> Tuple[Optional[Verb], List[str]]:
    """The verb that words begin with, and the other words; None for a bare group. Raises InvalidInput."""
    first = words[0]
    module = _module_of(first)
    if module is None:
        if first in LATER:
            raise Unsupported("%s is not built yet: it belongs to %s" % (first, LATER[first]))
        raise _unknown(first)
    if first not in GROUPS:
        return verbs_of(module)[first], list(words[1:])
    if len(words) == 1 or words[1] in ("--help", "-h"):
        return None, []
    verb = _of_group(first, words[1])
    if verb is not None:
        return verb, list(words[2:])
    if words[1] in LATER:
        raise Unsupported("%s %s is not built yet: it belongs to %s" % (first, words[1], LATER[words[1]]))
    raise InvalidInput("There is no %s %s" % (first, words[1]), "See 'pycontainer %s --help'." % first)


def _of_group(group: str, word: str) -> Optional[Verb]:
    """'network ls' is a verb; 'container stop' is 'stop', 'image rm' is 'rmi', 'container ls' is 'ps'."""
    others = {("container", "ls"): "ps", ("container", "list"): "ps", ("image", "ls"): "images",
              ("image", "list"): "images", ("image", "rm"): "rmi"}
    names = ["%s %s" % (group, {"list": "ls", "remove": "rm"}.get(word, word))]
    names += [others.get((group, word), word)] if group in OF_GROUP else []
    modules = OF_GROUP.get(group, (_module_of(group) or "",))
    return next((known[name] for name in names for known in map(verbs_of, modules) if name in known), None)


def _unknown(word: str) -> InvalidInput:
    import difflib

    every = [verb for verbs in MODULES.values() for verb in verbs.split()]
    close = difflib.get_close_matches(word, every, 1)
    return InvalidInput("There is no verb %s" % word,
                        "Did you mean %s?" % close[0] if close else "See 'pycontainer --help'.")


def overview() -> str:
    """The text of 'pycontainer --help'."""
    rows = [(name, verb.help) for module in MODULES for name, verb in verbs_of(module).items()]
    return _table("Containers without a daemon.", "pycontainer [flags] VERB", rows) + "\n" + usage(
        Verb("", "", "", GLOBAL, lambda *_all: 0)).split("\n\n", 2)[-1]


def group_overview(group: str) -> str:
    """The text of 'pycontainer network --help'."""
    rows = {name[len(group) + 1:] if name.startswith(group + " ") else name: verb.help
            for module in OF_GROUP.get(group, (_module_of(group) or "",)) for name, verb in verbs_of(module).items()
            if name.startswith(group + " ") or (group in OF_GROUP and " " not in name)}
    return _table("", "pycontainer %s VERB" % group, list(rows.items()))


def _table(title: str, line: str, rows: Sequence[Tuple[str, str]]) -> str:
    width = max(len(name) for name, _help in rows)
    head = [title, ""] if title else []
    return "\n".join(head + ["Usage:", "  " + line, "", "Verbs:"]
                     + ["  %-*s  %s" % (width, name, text) for name, text in sorted(rows)]) + "\n"
