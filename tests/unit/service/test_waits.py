# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An OCI runtime that is killed when it has made the process: the wait has an end, and nothing is left of it."""

from __future__ import annotations

import os
import pathlib
import shutil
import time
from typing import Any, Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import TimedOut
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import command
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.runtime import conmon, probe
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import containers
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.exec import ExecWish
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import runs

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")

# It does all that it is asked for, notes the process that it made, and dies before it can say so.
KILLED = """#!/bin/sh
case " $* " in
*" %(verb)s "*)
    %(runtime)s "$@"
    while [ $# -gt 0 ]; do [ "$1" = --pid-file ] && cp "$2" %(made)s.new && mv %(made)s.new %(made)s; shift; done
    kill -KILL $$;;
*) exec %(runtime)s "$@";;
esac
"""


class Place:
    """A context, a root file system of busybox, and a runtime that is killed."""

    def __init__(self, path: pathlib.Path) -> None:
        self.ctx = make_context(root="%s/root" % path, runroot="%s/run" % path)
        self.made, self.rootfs, self.runtime = path / "made", path / "rootfs", path / "runtime"
        (self.rootfs / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", self.rootfs / "bin/busybox")

    def killed_at(self, verb: str) -> str:
        works = probe.choose(self.ctx).path
        self.runtime.write_text(KILLED % {"verb": verb, "runtime": works, "made": self.made})
        self.runtime.chmod(0o755)
        return str(self.runtime)

    def mended(self) -> None:
        self.runtime.write_text('#!/bin/sh\nexec %s "$@"\n' % probe.choose(self.ctx).path)

    def spec(self, runtime: str) -> ContainerSpec:
        return ContainerSpec(image=str(self.rootfs), rootfs=True, name="one", command=("busybox", "sleep", "1000"),
                             network=(NetworkUse("none"),), stop_timeout=0, runtime=runtime)

    def process(self) -> int:
        """The process that was made."""
        deadline = time.monotonic() + 60
        while not self.made.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return int(self.made.read_text())

    def monitors(self) -> list[str]:
        """conmon's processes of this place."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = pathlib.Path("/proc/%s/cmdline" % name).read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"conmon") and any(word.startswith(self.ctx.runroot.encode()) for word in words):
                found.append(name)
        return found


@pytest.fixture
def place(tmp_path: pathlib.Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.mended()
    for row in containers.listing(place.ctx, everything=True):
        containers.remove(place.ctx, row.id, force=True, timeout=0)


def create_killed(ctx: Context, wish: ContainerSpec) -> str:
    """Make the container and try to start it; its ID."""
    container_id = containers.create(ctx, wish).id
    with pytest.raises(TimedOut, match="not say within 3 seconds that runtime has created a process for one"):
        containers.start(ctx, container_id)
    return container_id


def test_a_start_ends_and_can_be_repeated(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(conmon, "PATIENCE", 3.0)
        container_id = create_killed(place.ctx, place.spec(place.killed_at("create")))
    assert command.ended(place.process(), 30)
    assert not place.monitors()
    place.mended()
    containers.start(place.ctx, container_id)
    assert runs.state(place.ctx, container_id).status == "running"


def test_what_a_killed_command_left_waiting_is_ended_by_the_next(place: Place) -> None:
    container_id = containers.create(place.ctx, place.spec(place.killed_at("create"))).id
    child = os.fork()
    if child == 0:
        try:
            containers.start(place.ctx, container_id)
        finally:
            os._exit(0)
    made = place.process()
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert place.monitors() and not command.ended(made, 0)
    place.mended()
    containers.start(place.ctx, container_id)
    assert command.ended(made, 30)
    assert len(place.monitors()) == 1


def test_an_exec_that_is_detached_ends(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = place.killed_at("exec")
    container_id = containers.create(place.ctx, place.spec(runtime)).id
    containers.start(place.ctx, container_id)
    place.runtime.write_text("#!/bin/sh\nexec sleep 1000\n")
    monkeypatch.setattr(command, "PATIENCE", 0.5)
    with pytest.raises(TimedOut, match=r"runtime --root .* did not end within 0.5 seconds"):
        containers.exec_run(place.ctx, container_id, ExecWish(("busybox", "true")), detach=True)
    with pytest.raises(TimedOut, match=r"The command busybox did not end within 0.5 seconds"):
        monkeypatch.setattr(command, "GOODBYE", 0.5)
        containers.exec_run(place.ctx, container_id, ExecWish(("busybox", "true"), timeout=0.5))


def test_a_start_whose_runtime_hangs_is_undone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    works = probe.choose(place.ctx).path
    place.runtime.write_text('#!/bin/sh\ncase " $* " in *" start "*) exec sleep 1000;; esac\nexec %s "$@"\n' % works)
    place.runtime.chmod(0o755)
    container_id = containers.create(place.ctx, place.spec(str(place.runtime))).id
    real = command.run

    def impatient(argv: list[str], **more: Any) -> command.Result:
        return real(argv, **dict(more, within=0.5 if "start" in argv else None))

    monkeypatch.setattr(command, "run", impatient)
    with pytest.raises(TimedOut, match=r"runtime --root .* start .* did not end within 0.5 seconds"):
        containers.start(place.ctx, container_id)
    assert runs.state(place.ctx, container_id).status in ("created", "exited")
    assert not place.monitors() and not os.path.exists(place.ctx.run("containers", container_id))
    place.mended()
    containers.start(place.ctx, container_id)
