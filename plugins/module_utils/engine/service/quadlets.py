# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files on the host: where they are looked for, and the systemd generator's work (systemd.generator(7)).

It runs early at boot and at each daemon-reload: the standard library only, and no lock of the engine's.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, Unsupported
from ..formats import quadlet, quadletreference, quadletunit, specifiers
from ..formats.quadlet import Quadlet
from ..formats.systemdunit import Line
from ..kernel import files

LIMIT = 1024 * 1024
# Raises what is wrong with the words of a command line that calls this engine, as the command line itself would.
Validate = Callable[[Sequence[str]], None]
NAME = "pycontainer/systemd"
PODMAN = "containers/systemd"
# systemd.generator(7), for the system and for users; any program whose name begins with ours counts.
GENERATORS = ("/run/systemd/%s-generators", "/etc/systemd/%s-generators", "/usr/local/lib/systemd/%s-generators",
              "/usr/lib/systemd/%s-generators", "/lib/systemd/%s-generators")


def directories(*, user: bool, home: str, uid: int, podman: bool = False) -> List[str]:
    """Where files are looked for; the first one that has a name counts.

    podman's directories come after ours and only when asked for: where podman is installed, its own
    generator makes units of them too.
    """
    found = []
    for name in (NAME, PODMAN) if podman else (NAME,):
        if user:
            found += ["%s/.config/%s" % (home, name), "/etc/%s/users/%d" % (name, uid), "/etc/%s/users" % name]
        else:
            found += ["/run/" + name, "/etc/" + name, "/usr/share/" + name]
    return found


def own_directory(ctx: Context) -> str:
    """Where this user's files are written."""
    return os.path.join(ctx.home, ".config", NAME) if ctx.rootless else "/etc/" + NAME


def read_all(places: Sequence[str]) -> Tuple[Dict[str, Quadlet], List[EngineError]]:
    """All files by name, and the errors of those that made no sense."""
    known: Dict[str, Quadlet] = {}
    problems: List[EngineError] = []
    for name, full in sorted(_find(places).items()):
        try:
            known[name] = quadlet.read(name, full, _text(full), _dropins(places, name))
        except EngineError as exc:
            problems.append(exc)
    return known, problems


def _find(places: Sequence[str]) -> Dict[str, str]:
    kinds = tuple("." + kind for kind in (*quadlet.KINDS, *quadlet.LATER))
    found: Dict[str, str] = {}
    for place in places:
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(place)):
                full = os.path.join(place, name)
                if name.endswith(kinds) and os.path.isfile(full):
                    found.setdefault(name, full)
    return found


def _text(full: str) -> str:
    try:
        with open(full, "rb") as stream:
            data = stream.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise InvalidInput("%s is larger than %d bytes" % (full, LIMIT))
        return data.decode("utf-8")
    except OSError as exc:
        raise InvalidInput("%s cannot be read: %s" % (full, exc.strerror)) from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput("%s is no UTF-8" % full) from exc


def _dropins(places: Sequence[str], name: str) -> List[Tuple[str, str]]:
    """(path, text) of a file's drop-ins, by name; that of a closer directory hides others of its name."""
    stem, kind = quadlet.kind_of(name)
    bare = stem.partition("@")[0]
    parts = bare.split("-")
    homes = [kind + ".d", *("%s-.%s.d" % ("-".join(parts[:count]), kind) for count in range(1, len(parts)))]
    homes += ["%s@.%s.d" % (bare, kind)] if "@" in stem and not stem.endswith("@") else []
    found: Dict[str, str] = {}
    for home in [*homes, name + ".d"]:
        for place in reversed(places):
            with contextlib.suppress(OSError):
                for conf in os.listdir(os.path.join(place, home)):
                    if conf.endswith(".conf"):
                        found[conf] = os.path.join(place, home, conf)
    # One that is masked, a link to /dev/null, hides those of its name and says nothing.
    return [(found[conf], _text(found[conf])) for conf in sorted(found) if os.path.isfile(found[conf])]


def generate(ctx: Context, places: Sequence[str], engine: str, *, user: bool,
             validate: Validate) -> Tuple[Dict[str, quadletunit.Service], List[str]]:
    """The units of all files by name, and what to tell people about those that made no sense."""
    known, problems = read_all(places)
    services, more = quadletunit.build_all(known, engine, user=user, check=_checker(ctx, validate, user=user))
    return services, [str(problem) for problem in (*problems, *more)]


def _checker(ctx: Context, validate: Validate, *, user: bool) -> Callable[[quadletunit.Service], None]:
    """What looks at a unit's command lines as systemd will call them, with what specifiers stand for."""
    import pwd

    try:
        name = pwd.getpwuid(ctx.uid).pw_name
    except KeyError:
        name = str(ctx.uid)
    host = specifiers.of_host(ctx.uid, ctx.home, name) if user else specifiers.of_host(0, "/root", "root")

    def check(service: quadletunit.Service) -> None:
        known = {**host, **specifiers.of_unit(service.name)}
        if "@." in service.name:
            known = {letter: text for letter, text in known.items() if letter not in "iInN"}
        for words in service.commands:
            validate(list(_expanded(words, known)))

    return check


def _expanded(words: Sequence[str], known: Mapping[str, str]) -> Iterator[str]:
    """Words without specifiers. A flag whose value nobody knows yet is left out, another word is some word."""
    for word in words:
        text, complete = specifiers.expand(word, known)
        if complete:
            yield text
        elif not (word.startswith("--") and "=" in word):
            yield specifiers.expand(word, known, "1")[0]


def write(services: Dict[str, quadletunit.Service], directory: str) -> None:
    """Put units, and the links that enable them, into a generator's directory."""
    for unit in services.values():
        files.write_atomic(os.path.join(directory, unit.name), unit.text.encode(), 0o644, durable=False)
        os.chmod(os.path.join(directory, unit.name), 0o644)
        for home, link in unit.links:
            if home:
                files.make_directory(os.path.join(directory, home), 0o755)
            with contextlib.suppress(FileExistsError):
                os.symlink(os.path.join("..", unit.name) if home else unit.name,
                           os.path.join(directory, home, link))


# what the module does

def path(ctx: Context, name: str) -> str:
    """Where this user's file of that name lies. Raises InvalidInput for a name that no quadlet has."""
    quadlet.kind_of(name)
    return os.path.join(own_directory(ctx), name)


def wanted(content: Optional[str], source: Optional[str], options: Optional[Dict[str, Any]]) -> str:
    """The text that is asked for, in one of three ways. Raises InvalidInput."""
    if options is not None:
        if not all(isinstance(keys, dict) for keys in options.values()):
            raise InvalidInput("options has a section that is no mapping", "Write Section: {Key: value}.")
        return quadlet.render(options)
    text = _text(source) if source is not None else content or ""
    return text if text.endswith("\n") else text + "\n"


def service(ctx: Context, name: str, there: Optional[str], text: Optional[str], validate: Validate) -> str:
    """The service of what is wanted, or else of what is there; '' when nobody can tell. Raises InvalidInput."""
    if text is not None:
        return check(ctx, name, text, validate)
    if there is None:
        return ""
    try:
        return quadletreference.service_name(quadlet.read(name, path(ctx, name), there))
    except EngineError:
        # A file that makes no sense, which somebody else wrote, has no service and can be removed.
        return ""


def read_own(ctx: Context, name: str) -> Optional[str]:
    """The text of this user's file, None when there is none."""
    try:
        return _text(path(ctx, name))
    except InvalidInput as exc:
        if isinstance(exc.__cause__, FileNotFoundError):
            return None
        raise


def check(ctx: Context, name: str, text: str, validate: Validate) -> str:
    """The name of the service that a file becomes. Raises InvalidInput with the line, for what is wrong with it."""
    places = directories(user=ctx.rootless, home=ctx.home, uid=ctx.uid)
    one = quadlet.read(name, path(ctx, name), text, _dropins(places, name))
    known, _problems = read_all(places)
    known[name] = one
    # What it needs may follow in the next task.
    for other in _mentioned(one):
        known.setdefault(other, _coming(other))
    return quadletunit.build_checked(one, known, "/usr/bin/pycontainer", user=ctx.rootless,
                                     check=_checker(ctx, validate, user=ctx.rootless)).name


def _coming(name: str) -> Quadlet:
    """A file that is not there yet; of an image nobody knows which."""
    stem, _dot, kind = name.rpartition(".")
    return Quadlet(stem, kind, name, [Line("Image", "Image", "docker.io/library/later", 1)] if kind == "image" else [])


def _mentioned(one: Quadlet) -> List[str]:
    """The names of other files in the values of one, with its own specifiers put in; of instances, the template's."""
    ends = tuple("." + kind for kind in quadlet.KINDS)
    own = specifiers.of_unit(quadletreference.service_name(one))
    words = [word for line in one.lines
             for word in line.value.replace(",", " ").replace("=", " ").replace(":", " ").split()]
    found = [specifiers.expand(word, own)[0] for word in words if word.endswith(ends)]
    names = [word for word in found if "/" not in word and not word.startswith(".")]
    return ["%s@.%s" % (word.partition("@")[0], word.rpartition(".")[2]) if "@" in word else word for word in names]


def has_generator(*, user: bool) -> bool:
    """Whether a generator of ours is there."""
    for place in GENERATORS:
        with contextlib.suppress(OSError):
            if any(name.startswith("pycontainer") for name in os.listdir(place % ("user" if user else "system"))):
                return True
    return False


def require_generator(ctx: Context, verbs: Sequence[str]) -> None:
    """Raise Unsupported when a file is to be written of which nothing would ever make a unit."""
    from . import systemd

    if "write" not in verbs or has_generator(user=ctx.rootless):
        return
    host = "on this host" if systemd.booted() else "on this host, which systemd has not booted either,"
    raise Unsupported("No generator %s makes units of quadlet files" % host,
                      "Install it: the module pycontainer.engine.engine with quadlet, or the role host.")


def apply(ctx: Context, verbs: Sequence[str], name: str, text: str, unit: str) -> None:
    """Carry out the verbs of a plan: write, stop, remove, reload."""
    from . import systemd

    place = path(ctx, name)
    for verb in verbs:
        if verb == "write":
            files.make_directory(os.path.dirname(place), 0o755)
            files.write_atomic(place, text.encode(), 0o644)
            os.chmod(place, 0o644)
        elif verb == "remove":
            os.unlink(place)
            if unit:
                systemd.forgive(ctx, [systemd.every_instance(unit)])
        elif verb == "stop":
            systemd.stop(ctx, [systemd.every_instance(unit)])
        else:
            systemd.reload(ctx)
