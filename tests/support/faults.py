# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets the n-th call of a command that changes a file end in a fault, and looks at what is there afterwards.

A command runs in a child of the test, where the functions of ``os`` that change files are counted for the paths below
some places. What the fault does is the caller's: end the process, raise an error, cut the power.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import errno
import os
import pathlib
import re
import shutil
import stat
import sys
import traceback
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main as command_line
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import container as container_format
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import network as network_format
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import pod as pod_format
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    containers,
    copyup,
    images,
    networks,
    persist,
    podchange,
    podlisting,
    secrets,
    volumes,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import replace as replacing
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import secrets as secret_store

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import image_layout  # noqa: E402

# Directories that come with the first object of a kind, and stay
PLACES = ("containers", "names", "names/containers", "names/secrets", "pending", "locks", "images", "images/names",
          "images/pins", "layers", "blobs", "blobs/sha256", "volumes", "secrets", "networks", "pods", "empty", "engine",
          "locks/images", "locks/network", "locks/userns")
Act = Callable[[str], None]

TAKES_SPACE = ("open", "write", "mkdir", "link", "symlink")


def _below(places: Sequence[str], path: Any, dir_fd: Any = None) -> bool:
    if not isinstance(path, (str, os.PathLike)):
        return False
    path = os.fspath(path)
    if dir_fd is not None and not os.path.isabs(path):
        with contextlib.suppress(OSError):
            path = os.path.join(os.readlink("/proc/self/fd/%d" % dir_fd), path)
    return any(path == place or path.startswith(place + "/") for place in places)


def _file_below(places: Sequence[str], fd: int) -> bool:
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) and not stat.S_ISDIR(os.fstat(fd).st_mode):
            return False
        return _below(places, os.readlink("/proc/self/fd/%d" % fd))
    except OSError:
        return False


def install(places: Sequence[str], before: Act) -> None:
    """Call ``before`` with the name of each call that is about to change something below ``places``."""
    real = {name: getattr(os, name) for name in (
        "open", "write", "fsync", "rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir")}

    def opening(path: Any, flags: int, *rest: Any, dir_fd: Any = None) -> int:
        if flags & os.O_CREAT and _below(places, path, dir_fd) and not _exists(path, dir_fd):
            before("open")
        return int(real["open"](path, flags, *rest, dir_fd=dir_fd))

    def on_descriptor(name: str) -> Any:
        def call(fd: int, *rest: Any) -> Any:
            if _file_below(places, fd):
                before(name)
            return real[name](fd, *rest)
        return call

    def on_paths(name: str) -> Any:
        def call(path: Any, *rest: Any, **more: Any) -> Any:
            target = rest[0] if name == "symlink" else path
            if _below(places, target, more.get("dir_fd", more.get("src_dir_fd"))):
                before(name)
            return real[name](path, *rest, **more)
        return call

    def opened(path: Any, mode: str = "r", *rest: Any, real: Any = builtins.open, **more: Any) -> Any:
        if set(mode) & set("wax+") and _below(places, path) and not os.path.lexists(path):
            before("open")
        return real(path, mode, *rest, **more)

    os.open = opening  # type: ignore[assignment]
    os.write, os.fsync = on_descriptor("write"), on_descriptor("fsync")
    for name in ("rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir"):
        setattr(os, name, on_paths(name))
    builtins.open = opened  # type: ignore[assignment]


def _exists(path: Any, dir_fd: Any) -> bool:
    try:
        os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
        return True
    except OSError:
        return False


class Ended(NamedTuple):
    """How a command ended: its exit code, what it said, and how many calls it made that changed something."""

    code: int
    said: str
    calls: int


def run(ctx: Context, words: Sequence[str], output: str, *, at: int = 0, fault: Act = lambda _name: None,
        kinds: Sequence[str] = (), stdin: str = os.devnull) -> Ended:
    """Run a command line in a child; its call number ``at`` (of one of ``kinds``, all when there are none) goes
    through ``fault`` first."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for number in (1, 2):
                os.dup2(fd, number)
            os.dup2(os.open(stdin, os.O_RDONLY), 0)
            sys.stdout, sys.stderr = (os.fdopen(os.dup(fd), "w", buffering=1) for _stream in range(2))
            counter = os.open(output + ".calls", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            calls = [0]

            def before(name: str, own: int = os.getpid()) -> None:
                if os.getpid() != own or (kinds and name not in kinds):
                    return
                calls[0] += 1
                os.pwrite(counter, b"%d" % calls[0], 0)
                if calls[0] == at:
                    fault(name)

            install((ctx.root, ctx.runroot), before)
            code = 0
            if words[0] in CALLS:
                CALLS[words[0]](ctx, *words[1:])
            else:
                code = command_line.main(["--root", ctx.root, "--runroot", ctx.runroot, *words])
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    with open(output, encoding="utf-8", errors="replace") as stream, open(output + ".calls", "rb") as counted:
        return Ended(os.waitstatus_to_exitcode(status), stream.read(), int(counted.read() or 0))


def killed(_name: str) -> None:
    """The fault of kill -9."""
    os.kill(os.getpid(), 9)


def failing(number: int) -> Act:
    """A fault that raises an error of the system's once."""
    def fault(_name: str) -> None:
        raise OSError(number, os.strerror(number))
    return fault


FULL = failing(errno.ENOSPC)
BROKEN = failing(errno.EIO)


def points(calls: int, most: int) -> List[int]:
    """Which calls of a command to let fail: all of them with FAULTS=all, else ``most``, with the first and the last."""
    if os.environ.get("FAULTS") == "all" or calls <= most:
        return list(range(1, calls + 1))
    return sorted({1 + round(step * (calls - 1) / (most - 1)) for step in range(most)})


# what is tried

def _replace_container(ctx: Context) -> None:
    record = containers.get(ctx, "old")
    replacing.replace(ctx, record.id, container_format.from_document(
        dict(record.spec.to_document(), restart_policy="on-failure")))


def _replace_pod(ctx: Context) -> None:
    podchange.replace(ctx, "old", pod_format.from_document(
        {"name": "old", "label": {"a": "b"}, "network": [{"mode": "none"}]}))


def _update_container(ctx: Context) -> None:
    containers.update(ctx, "old", {"restart_policy": "on-failure"})


def _replace_network(ctx: Context) -> None:
    networks.replace_one(ctx, network_format.NetworkSpec("old", labels={"a": "b"}))


def _fill(ctx: Context, rootfs: str) -> None:
    copyup.fill(ctx, "filled", rootfs, "/data")


def _persist(ctx: Context) -> None:
    persist.current(ctx)


# What only modules and starts do
CALLS: Dict[str, Callable[..., None]] = {
    "FILL": _fill, "PERSIST": _persist,
    "REPLACE-CONTAINER": _replace_container, "REPLACE-POD": _replace_pod, "UPDATE": _update_container,
    "REPLACE-NETWORK": _replace_network}


class Scene(NamedTuple):
    """A command line, what has to be there before it, and whether it may say that it was done when it is repeated."""

    before: Sequence[str]
    line: str
    live: bool = False


CREATE = "create --name {} -v /anonymous -v named:/named --network none --rootfs ROOTFS true"
RUN = "run -d --name {} -v /anonymous --network none --stop-timeout 0 --rootfs ROOTFS sleep 1000"
SCENES = {
    "create": Scene((), CREATE.format("new")),
    "create of an image": Scene(("load -i LAYOUT",), "create --name new --network none localhost/base true"),
    "rm": Scene((CREATE.format("old"),), "rm -v old"),
    "rename": Scene((CREATE.format("old"),), "rename old new"),
    "pod create": Scene((), "pod create --name new --network none"),
    "pod rm": Scene(("pod create --name old --network none", "create --name one --pod old --rootfs ROOTFS true"),
                    "pod rm old"),
    "volume create": Scene((), "volume create --label a=b new"),
    "volume rm": Scene(("volume create old", "volume create other"), "volume rm old"),
    "volume prune": Scene(("volume create old",), "volume prune -f"),
    "network create": Scene((), "network create --label a=b new"),
    "network rm": Scene(("network create old",), "network rm old"),
    "network change": Scene(("network create old",), "REPLACE-NETWORK"),
    "network connect": Scene(("network create net", "create --name old --rootfs ROOTFS true"),
                             "network connect net old"),
    "update": Scene((CREATE.format("old"),), "UPDATE"),
    "replace": Scene((CREATE.format("old"),), "REPLACE-CONTAINER"),
    "pod replace": Scene(("pod create --name old --network none", "create --name one --pod old --rootfs ROOTFS true"),
                         "REPLACE-POD"),
    "secret create": Scene(("secret create other VALUE",), "secret create new VALUE"),
    "secret change": Scene(("secret create old VALUE",), "secret create --replace --label a=b old OTHER"),
    "secret rm": Scene(("secret create old VALUE",), "secret rm old"),
    "load": Scene((), "load -i LAYOUT"),
    "import": Scene((), "import TAR localhost/new"),
    "tag": Scene(("load -i LAYOUT",), "tag localhost/base new"),
    "untag": Scene(("load -i LAYOUT", "tag localhost/base other"), "untag localhost/base other"),
    "rmi": Scene(("load -i LAYOUT",), "rmi localhost/base"),
    "run": Scene((), RUN.format("new"), True),
    "replace of a running one": Scene((RUN.format("old"),), "REPLACE-CONTAINER", True),
    "stop": Scene((RUN.format("old"),), "stop old", True),
    "rm -f": Scene((RUN.format("old"),), "rm -f -v old", True),
}


def materials(place: str) -> Dict[str, str]:
    """What command lines name in capitals, made in a directory: the words in their place."""
    import tarfile

    words = {name: os.path.join(place, name.lower()) for name in ("ROOTFS", "LAYOUT", "TAR", "VALUE", "OTHER")}
    os.makedirs(words["ROOTFS"] + "/bin")
    os.mkdir(words["ROOTFS"] + "/data")
    for number in range(3):
        with open(words["ROOTFS"] + "/data/file%d" % number, "w", encoding="ascii") as stream:
            stream.write("x" * 20000)
    for name in ("proc", "sys", "dev", "etc", "tmp", "run"):
        os.mkdir(os.path.join(words["ROOTFS"], name))
    for name in ("busybox", "sleep", "true"):
        shutil.copy("/bin/busybox", words["ROOTFS"] + "/bin/" + name)
    image_layout.write_layout(words["LAYOUT"], [image_layout.layer([image_layout.entry("file%d" % n, b"x" * 3000)
                                                                    for n in range(number)]) for number in (1, 3)],
                              {}, "localhost/base:latest")
    with tarfile.open(words["TAR"], "w") as tar:
        tar.add(words["VALUE"][:-5], "empty", recursive=False)
    for name, value in (("VALUE", "hunter2"), ("OTHER", "hunter3")):
        with open(words[name], "w", encoding="ascii") as stream:
            stream.write(value)
    return words


def words_of(line: str, words: Dict[str, str]) -> List[str]:
    """A scene's command line as words."""
    return [words.get(word, word) for word in line.split()]


# what is there

def observe(ctx: Context) -> Dict[str, Any]:
    """All objects as listings and inspections tell of them, without what differs from one run to the next."""
    found: Dict[str, Any] = {"containers": {}, "pods": {}, "images": {}, "volumes": {}, "networks": {}, "secrets": {}}
    for row in containers.listing(ctx, everything=True):
        record = containers.get(ctx, row.name)
        assert record.id == row.id == containers.inspect(ctx, row.name)["Id"], row.name
        found["containers"][_plain(row.name)] = (
            row.state.status, row.state.exit_code, record.spec.restart_policy,
            sorted(_plain(one) for one in record.volumes.values()),
            [use.name for use in record.spec.network])
    for row in podlisting.every(ctx):
        found["pods"][row.pod.name] = (podlisting.inspect(ctx, row.pod.name)["Id"] == row.pod.id, row.status,
                                       dict(row.pod.spec.label))
    for image in images.all(ctx):
        assert images.inspect(ctx, image.id)["Id"]
        found["images"][image.id[:12]] = [images.lookup(ctx, name).id == image.id and name for name in image.names]
    for volume in volumes.listing(ctx):
        assert volumes.inspect(ctx, volume.name)["Name"] == volume.name
        found["volumes"].setdefault(_plain(volume.name), []).append(dict(volume.spec.labels))
    for network in networks.all(ctx):
        networks.inspect(ctx, network.name)
        found["networks"][network.name] = dict(network.spec.labels)
    for secret in secrets.listing(ctx):
        secrets.inspect(ctx, secret.name)
        found["secrets"][secret.name] = (dict(secret.labels), secret_store.value(ctx, secret))
    return found


def contents(directory: str) -> Dict[str, bytes]:
    """The files of a directory."""
    return {name: pathlib.Path(directory, name).read_bytes() for name in os.listdir(directory)}


def _plain(text: str) -> str:
    """A name or a path without what is random in it."""
    text = re.sub(r"[0-9a-f]{12,64}", "ID", text)
    return re.sub(r"data(-ID)?$", "data", text)


def tree(ctx: Context) -> List[str]:
    """All paths below the root, sorted, without what is random in them, and without the engine's own copy and layers'
    content."""
    paths: List[str] = []
    for directory, below, files in os.walk(ctx.root):
        inside = os.path.relpath(directory, ctx.root)
        if inside.split("/")[0] == "engine":
            below[:] = []
            continue
        if re.match(r"layers/[^/]+/diff", inside) or re.match(r"containers/[^/]+/(upper|work)", inside):
            below[:] = []
        paths += [_plain(os.path.normpath(os.path.join(inside, name))) for name in below + files]
    return sorted(path for path in paths if path not in PLACES and not path.startswith("locks/engine-"))


def left(ctx: Context, expected: Sequence[str]) -> Dict[str, List[str]]:
    """What is there beyond the expected paths, and what is missing; locks are made when they are needed, and so is
    the directory of a layer for files that its tar has twice."""
    found, wanted = collections.Counter(tree(ctx)), collections.Counter(expected)
    return {"beyond": [path for path in (found - wanted).elements() if path != "layers/ID/kept"],
            "missing": [path for path in (wanted - found).elements() if not path.startswith("locks/")]}


NOTHING: Dict[str, List[str]] = {"beyond": [], "missing": []}


def set_up(ctx: Context, lines: Sequence[str], words: Dict[str, str], output: str) -> None:
    """Run command lines that have to succeed."""
    for line in lines:
        ended = run(ctx, words_of(line, words), output)
        if ended.code:
            raise EngineError("%s: %s" % (line, ended.said))
