# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on images."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from typing import Any, Dict, List, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InvalidInput, NoSpace, NotFound
from ..formats import reference
from ..kernel import files, locks
from ..service import images
from . import options, output
from .confirm import FORCE, confirmed
from .flags import IO, Flag, Parsed, Verb
from .imagelist import seconds, stamp

ACCESS = tuple(flag for flag in options.PULL if flag.long in (
    "authfile", "tls-verify", "cert-dir", "creds", "retry", "retry-delay"))
PLATFORM = tuple(flag for flag in options.PULL if flag.long in ("platform", "arch", "os", "variant"))
NO_ROOM = "Make room there, or name another directory for temporary files (--tmpdir)."
QUIET = Flag("quiet", "q", "bool", "say little")


def pull(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Have images on this host, and print their IDs."""
    from .execution import progress_to

    keywords = options.pull_keywords(parsed)
    names = parsed.arguments
    if parsed.get("all-tags"):
        names = [tagged for name in names for tagged in _tags(ctx, name, keywords)]
    for name in names:
        name = name[len("docker://"):] if name.startswith("docker://") else name
        if name.startswith(reference.TRANSPORTS):
            found = images.load(ctx, name)
            io.out.write("".join(record.id + "\n" for record in found))
            continue
        result = images.pull(ctx, name, policy=parsed.get("policy", "always"), progress=progress_to(io, parsed),
                             **keywords)
        io.out.write(result.image.id + "\n")
    return 0


def check(_ctx: Context, parsed: Parsed) -> None:
    """Raise what is wrong with pull's values, whatever there is on this host."""
    from ..service import pull as service

    options.access(options.pull_keywords(parsed))
    service.check_policy(parsed.get("policy", "always"))
    for name in parsed.arguments:
        reference.check(name)


MAX_TAGS = 10000


def _tags(ctx: Context, name: str, keywords: Dict[str, Any]) -> List[str]:
    """A repository's names with all its tags. Raises InvalidInput for a name that has one already."""
    if ":" in name.rpartition("/")[2] or "@" in name:
        raise InvalidInput("--all-tags goes with a name without a tag, not %s" % name)
    from ..service import search

    complete, found = search.tags(ctx, name, limit=MAX_TAGS, access=options.access(keywords))
    return ["%s:%s" % (complete, one) for one in found]


def push(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Give a registry an image."""
    from .execution import progress_to

    keywords = options.pull_keywords(parsed)
    for name in ("retry", "retry_delay"):
        keywords.pop(name, None)
    if parsed.get("format"):
        keywords["format"] = parsed.get("format")
    destination = parsed.arguments[1] if parsed.arguments[1:] else ""
    digest = images.push(ctx, parsed.arguments[0], destination, progress=progress_to(io, parsed), **keywords)
    if parsed.get("digestfile"):
        with open(parsed.get("digestfile"), "w", encoding="ascii") as stream:
            stream.write(digest)
    return 0


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove images."""
    names = parsed.arguments
    if parsed.get("all"):
        names = [record.id for record in images.all(ctx)]
    elif not names:
        raise InvalidInput("No image is named", "Name one, or use --all.")
    code = 0
    for name in names:
        try:
            force = bool(parsed.get("force") or parsed.get("all"))
            io.out.write("".join(line + "\n" for line in images.remove(ctx, name, force=force)))
        except NotFound as exc:
            if not (parsed.get("ignore") or parsed.get("force")):
                io.err.write("Error: %s\n" % exc)
                code = 1
        except EngineError as exc:
            io.err.write("Error: %s\n" % exc)
            code = 2
    return code


def tag(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Give an image more names."""
    for target in parsed.arguments[1:]:
        images.tag(ctx, parsed.arguments[0], target)
    return 0


def untag(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Take names from an image."""
    images.untag(ctx, parsed.arguments[0], parsed.arguments[1:])
    return 0


def history(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print how an image was made."""
    from ..formats import humanize

    rows = images.history(ctx, parsed.arguments[0])
    if parsed.get("format") == "json":
        io.out.write(output.to_json(rows))
        return 0
    full, human = bool(parsed.get("no-trunc")), parsed.get("human", True)
    shown = [{"ID": row["id"] if row["id"] == "<missing>" else output.short(row["id"], full),
              "Created": _when(row["created"], human), "CreatedSince": _when(row["created"], human),
              "CreatedAt": stamp(row["created"]), "Tags": row["tags"],
              "CreatedBy": row["CreatedBy"] if full or len(row["CreatedBy"]) <= 45 else row["CreatedBy"][:42] + "...",
              "Size": humanize.size(row["size"]) if human else row["size"], "Comment": row["comment"]} for row in rows]
    columns = (("ID", "ID"), ("CREATED", "Created"), ("CREATED BY", "CreatedBy"), ("SIZE", "Size"),
               ("COMMENT", "Comment"))
    io.out.write(output.render(shown, columns, format=parsed.get("format"),
                               quiet_key="ID" if parsed.get("quiet") else ""))
    return 0


def _when(text: str, human: bool) -> str:
    if not human:
        return text
    from ..formats import humanize

    return humanize.ago(time.time() - seconds(text)) if seconds(text) else "N/A"


def load(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Load images from an archive."""
    path = parsed.get("input") or (parsed.arguments[0] if parsed.arguments else "")
    spooled, until_loaded = "", contextlib.ExitStack()
    try:
        if not path:
            if os.isatty(io.stdin):
                raise InvalidInput("An archive is not read from a terminal",
                                   "Use --input, or let standard input be the archive.")
            # The archive's members are looked up, which a pipe does not allow.
            try:
                with os.fdopen(os.dup(io.stdin), "rb") as source, tempfile.NamedTemporaryFile(
                        prefix="pycontainer-load-", suffix=files.temporary_suffix(), dir=ctx.tmpdir,
                        delete=False) as target:
                    spooled = path = target.name
                    until_loaded.enter_context(locks.held(path))
                    shutil.copyfileobj(source, target)
            except OSError as exc:
                raise _no_room(spooled or ctx.tmpdir, exc) from exc
        for record in images.load(ctx, path):
            io.out.write("Loaded image: %s\n" % (", ".join(record.names) or "sha256:" + record.id))
    finally:
        if spooled:
            os.unlink(spooled)
        until_loaded.close()
    return 0


def save(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Save images to an archive or a directory."""
    format, path = parsed.get("format", "docker-archive"), parsed.get("output")
    if path:
        if os.path.isfile(path):
            os.unlink(path)
        images.save(ctx, parsed.arguments, path, format=format)
        return 0
    if not format.endswith("-archive"):
        raise InvalidInput("%s is a directory and cannot be written to standard output" % format, "Use --output.")
    if io.out.isatty() or not hasattr(io.out, "buffer"):
        raise InvalidInput("An archive is not written to a terminal, nor into what a module returns", "Use --output.")
    try:
        folder = tempfile.mkdtemp(prefix="pycontainer-save-", suffix=files.temporary_suffix(), dir=ctx.tmpdir)
    except OSError as exc:
        raise _no_room(ctx.tmpdir, exc) from exc
    with locks.held(folder):
        try:
            try:
                images.save(ctx, parsed.arguments, os.path.join(folder, "out"), format=format)
            except NoSpace as exc:
                raise NoSpace(exc.message, NO_ROOM) from exc
            with open(os.path.join(folder, "out"), "rb") as stream:
                shutil.copyfileobj(stream, io.out.buffer)
        finally:
            shutil.rmtree(folder)
    return 0


def _no_room(path: str, exc: OSError) -> EngineError:
    return EngineError("Cannot write %s: %s" % (path, exc.strerror), NO_ROOM)


def import_(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make an image of a root file system's tar."""
    name = parsed.arguments[1] if parsed.arguments[1:] else ""
    record = images.import_tar(ctx, parsed.arguments[0], name, changes=parsed.get("change", ()),
                               message=parsed.get("message", ""))
    io.out.write("sha256:%s\n" % record.id)
    return 0


def exists(ctx: Context, parsed: Parsed, io: IO) -> int:
    """0 when there is such an image, else 1."""
    return 0 if images.exists(ctx, parsed.arguments[0]) else 1


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about images."""
    return output.inspect_each(parsed.arguments, lambda name: images.inspect(ctx, name), parsed.get("format"),
                               out=io.out, err=io.err)


def tree(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print an image's layers, from the lowest up, or what lies upon it."""
    from ..formats import humanize

    record = images.lookup(ctx, parsed.arguments[0])
    root = images.layer_tree(ctx, record, above=bool(parsed.get("whatrequires")))
    lines = ["Image ID: %s" % record.id[:12], "Tags:     [%s]" % " ".join(record.names),
             "Size:     %s" % humanize.compact(record.size), "Image Layers"]

    def add(rows: Sequence[Dict[str, Any]], indent: str) -> None:
        for number, row in enumerate(rows):
            last = number == len(rows) - 1
            names = " Top Layer of: [%s]" % " ".join(row["names"]) if row["names"] else ""
            lines.append("%s%s ID: %s Size: %7s%s" % (
                indent, "\u2514\u2500\u2500" if last else "\u251c\u2500\u2500", row["id"][:12],
                humanize.compact(row["size"]), names))
            add(row["above"], indent + ("    " if last else "\u2502   "))

    add(root, "")
    io.out.write("\n".join(lines) + "\n")
    return 0


def prune(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove images without a name, or all that are not used."""
    which = "that no container uses" if parsed.get("all") else "without a name that no container uses"
    if not confirmed(parsed, io, "This will remove all images %s." % which):
        return 0
    io.out.write("".join(one + "\n" for one in images.prune(ctx, every=bool(parsed.get("all")))))
    return 0


FORMAT = Flag("format", help="json, or a Go template")
NO_TRUST = Flag("disable-content-trust", kind="bool", help="there is none to disable")
NO_TRUNC = Flag("no-trunc", kind="bool", help="whole IDs")

VERBS: Tuple[Verb, ...] = (
    Verb("pull", "IMAGE...", "Have images on this host", ACCESS + PLATFORM + (
        QUIET, Flag("policy", help="always, missing, newer or never"), NO_TRUST,
        Flag("all-tags", "a", "bool", "all tags of the repository")), pull, (1, None), check=check),
    Verb("push", "IMAGE [DESTINATION]", "Give a registry an image", ACCESS + (
        QUIET, Flag("format", "f", help="oci or v2s2"), Flag("digestfile", help="write the digest to this file"),
        NO_TRUST, Flag("compress", kind="bool", refused="layers are compressed as they were"),
        Flag("sign-by-sigstore-private-key", refused="signatures are not there"),
        Flag("sign-passphrase-file", refused="signatures are not there"),
        Flag("sign-by", refused="signatures are not there"), Flag("compression-format", refused="layers are gzip"),
        Flag("remove-signatures", kind="bool", refused="signatures are not there")), push, (1, 2)),
    Verb("rmi", "IMAGE...", "Remove images", (
        Flag("all", "a", "bool", "all images"), Flag("force", "f", "bool", "with their containers"),
        Flag("no-prune", kind="bool", help="keep parents without a name, of which there are none"),
        Flag("ignore", "i", "bool", "no error for one that is not there")), remove),
    Verb("tag", "IMAGE NAME...", "Give an image more names", (), tag, (2, None)),
    Verb("untag", "IMAGE [NAME...]", "Take names from an image", (), untag, (1, None)),
    Verb("history", "IMAGE", "Print how an image was made", (
        FORMAT, NO_TRUNC, QUIET, Flag("human", "H", "bool", "sizes and times in words, unless false")),
        history, (1, 1), reads_only=True),
    Verb("load", "[FILE]", "Load images from an archive", (
        Flag("input", "i", help="the archive"), QUIET), load, (0, 1)),
    Verb("save", "IMAGE...", "Save images to an archive or a directory", (
        Flag("output", "o", help="where to"), Flag("format", help="docker-archive, oci-archive, oci-dir or docker-dir"),
        Flag("multi-image-archive", "m", "bool", "several images, which docker-archive always may hold"), QUIET,
        Flag("uncompressed", kind="bool", help="plain layers, which they always are"),
        Flag("compress", kind="bool", refused="saved layers are plain")), save, (1, None)),
    Verb("import", "FILE [NAME]", "Make an image of a root file system's tar", (
        Flag("change", "c", "list", "an instruction, such as 'CMD [\"sh\"]'"),
        Flag("message", "m", help="a comment for the history"), QUIET,
        *(Flag(name, refused="an imported image is this host's") for name in ("arch", "os", "variant"))),
        import_, (1, 2)),
    Verb("image exists", "IMAGE", "Whether there is such an image", (), exists, (1, 1), reads_only=True),
    Verb("image inspect", "IMAGE...", "Print everything about images", (
        Flag("format", "f", help="json, or a Go template"),), inspect, (1, None), reads_only=True),
    Verb("image tree", "IMAGE", "Print an image's layers as a tree", (
        Flag("whatrequires", kind="bool", help="the layers of other images that lie upon it"),), tree, (1, 1),
        reads_only=True),
    Verb("image prune", "", "Remove images that nothing needs", (
        Flag("all", "a", "bool", "also those with a name"), FORCE,
        Flag("external", kind="bool", help="those of other tools too, of which there are none"),
        Flag("filter", kind="list", refused="prune takes all")), prune, (0, 0)),
)
