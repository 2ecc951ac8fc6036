# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No command waits for what is in the place of a file of the engine's: a FIFO or a directory for each of them."""

from __future__ import annotations

import contextlib
import io as streams
import os
import pathlib
import shutil
import signal
from typing import Any, Callable, Iterator, List, Sequence

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main as cli
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO

PATIENCE = 60
READING = ("ps -a", "inspect web", "logs web", "network ls", "network inspect n", "volume ls", "pod ls", "secret ls")
CHECK = "system check --quick"
RELOAD = "network reload -a"
IN_ITS_PLACE = {"fifo": os.mkfifo, "directory": os.mkdir}


def call(lab: Any, words: str) -> str:
    out, err = streams.StringIO(), streams.StringIO()
    code = cli.main(["--root", lab.ctx.root, "--runroot", lab.ctx.runroot, *words.split()], IO(out, err))
    return "%d\n%s%s" % (code, out.getvalue(), err.getvalue())


def in_time(lab: Any, commands: Sequence[str], log: str) -> str:
    """What went wrong with the commands in a child, which is killed when it waits."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        for words in commands:
            pathlib.Path(log).write_text(words, "utf-8")
            said = call(lab, words)
            if "Traceback" in said:
                pathlib.Path(log).write_text("%s: %s" % (words, said), "utf-8")
                os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return "" if code == 0 else "%d in %s" % (code, pathlib.Path(log).read_text("utf-8"))


def stored(lab: Any) -> Iterator[str]:
    """The files of the engine's."""
    for top in (lab.ctx.root, lab.ctx.runroot):
        for directory, names, found in os.walk(top):
            names[:] = sorted(name for name in names if not os.path.ismount(os.path.join(directory, name))
                              and os.path.join(directory, name) != lab.ctx.path("engine"))
            for name in sorted(found):
                path = os.path.join(directory, name)
                if os.path.isfile(path) and not os.path.islink(path) and not os.path.ismount(path):
                    yield path


@contextlib.contextmanager
def spoiled(path: str, make: Callable[[str], Any], aside: str) -> Iterator[None]:
    os.rename(path, aside)
    make(path)
    yield
    if os.path.isfile(path):
        return  # written anew
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.rename(aside, path)


@pytest.fixture
def rootfs(tmp_path: pathlib.Path) -> str:
    place = tmp_path / "rootfs"
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        (place / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", str(place / "bin"))
    for name in ("sh", "sleep"):
        (place / "bin" / name).symlink_to("busybox")
    return str(place)


def prepare(lab: Any, rootfs: str) -> None:
    for words in ("network create n", "volume create v", "pod create --infra=false --name p",
                  "secret create s /proc/self/comm",
                  "run -d --name web --network n -p 8080:80 -v v:/v --secret s --stop-timeout 0 --rootfs %s sleep 1000"
                  % rootfs, "run --name old --network none --rootfs %s sh -c true" % rootfs):
        assert call(lab, words).startswith("0\n"), (words, call(lab, words))


@pytest.mark.netns
def test_no_command_waits_for_what_is_in_a_files_place(lab: Any, rootfs: str, tmp_path: pathlib.Path) -> None:
    prepare(lab, rootfs)
    wrong: List[str] = []
    try:
        for path in stored(lab):
            # What a reload reads is there, and the networks' definitions.
            reloads = path.startswith((lab.ctx.runroot, lab.ctx.path("networks")))
            commands = (*READING, RELOAD) if reloads else READING
            for kind, make in IN_ITS_PLACE.items():
                with spoiled(path, make, str(tmp_path / "aside")):
                    problem = in_time(lab, (*commands, CHECK) if kind == "fifo" else commands, str(tmp_path / "log"))
                if problem:
                    wrong.append("%s as a %s: %s" % (path, kind, problem))
        # A start writes what it needs over them, and what it starts waits for none, too.
        for path in (lab.ctx.run("ipam", "n", ".last4"), lab.ctx.run("dns", "n"), lab.ctx.run("dns", "aardvark.pid"),
                     lab.ctx.run("dns.new"), *(one for one in stored(lab) if one.endswith("/ctr.log"))):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            os.mkfifo(path)
        assert not in_time(lab, ("restart -t 0 web", "logs web"), str(tmp_path / "log"))
        assert call(lab, "inspect -f {{.State.Status}} web") == "0\nrunning\n"
    finally:
        call(lab, "rm -a -f -t 0")
    assert not wrong, "\n".join(wrong)
