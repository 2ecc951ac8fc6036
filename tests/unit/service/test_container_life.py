# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real containers from a busybox root: life, exec, volumes, hook, repair. Needs root, conmon and a runtime."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from operator import attrgetter
from typing import Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    CannotInvoke,
    CommandNotFound,
    Conflict,
    EngineError,
    InvalidInput,
    NotFound,
    RuntimeFailed,
    WrongState,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    Device,
    HealthCheck,
    Mount,
    NetworkUse,
    SecretUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.mounts import rows as mount_rows
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import cgroup, init
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    containers,
    hooks,
    journal,
    secrets,
    volumes,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.exec import ExecWish, Streams
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import runs

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")
PROGRAMS = ("sh", "sleep", "cat", "ls", "echo", "touch", "true", "false", "id", "pwd", "rm", "mount", "stat")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("rootfs"))
    os.chmod(path, 0o755)
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp", "full"):
        os.makedirs(os.path.join(path, name))
    shutil.copy("/bin/busybox", path + "/bin/busybox")
    for name in PROGRAMS:
        os.symlink("busybox", "%s/bin/%s" % (path, name))
    with open(path + "/etc/passwd", "w", encoding="ascii") as stream:
        stream.write("root:x:0:0:root:/root:/bin/sh\n")
    with open(path + "/full/file", "w", encoding="ascii") as stream:
        stream.write("from the image\n")
    return path


@pytest.fixture
def ctx(tmp_path: object) -> Iterator[Context]:
    place = make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)
    yield place
    for row in containers.listing(place, everything=True):
        with contextlib.suppress(EngineError):
            containers.remove(place, row.id, force=True, timeout=0)


def spec(root: str, *command: str, **more: object) -> ContainerSpec:
    values = {"image": root, "rootfs": True, "name": "one", "command": command or ("sleep", "100"),
              "network": (NetworkUse("none"),), "stop_timeout": 0}
    values.update(more)
    return ContainerSpec(**values)  # type: ignore[arg-type]


def run(ctx: Context, wish: ContainerSpec) -> tuple[int | None, bytes, bytes]:
    parts: dict[int, bytes] = {2: b"", 3: b""}

    def output(stream: int, data: bytes) -> None:
        parts[stream] += data

    code = containers.run(ctx, wish, streams=Streams(output))[1]
    return code, parts[2], parts[3]


def nothing_left(ctx: Context) -> None:
    for place in (ctx.path("containers"), ctx.path("names", "containers"), ctx.path("pending"), ctx.run("containers"),
                  ctx.run("netns"), ctx.run("oci")):
        assert not os.path.isdir(place) or os.listdir(place) == [], place
    # An exit hook that comes late has the lock for a moment.
    assert eventually(lambda: not [name for name in os.listdir(ctx.path("locks")) if name.startswith("container-")])
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        assert ctx.runroot not in stream.read()


def eventually(met: object, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if met():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_from_create_to_remove_nothing_is_left(ctx: Context, root: str) -> None:
    record = containers.create(ctx, spec(root))
    assert runs.state(ctx, record.id).status == "created"
    containers.start(ctx, "one")
    assert runs.state(ctx, record.id).running
    with pytest.raises(WrongState, match="running"):
        containers.remove(ctx, "one")
    assert containers.stop(ctx, "one") and not containers.stop(ctx, "one")
    assert runs.state(ctx, record.id)[:3] == ("exited", 0, 137)
    containers.remove(ctx, "one")
    nothing_left(ctx)


def test_a_foreground_run_gives_output_and_exit_code(ctx: Context, root: str) -> None:
    assert run(ctx, spec(root, "sh", "-c", "echo out; echo err >&2; exit 7", rm=True)) == (7, b"out\n", b"err\n")
    assert eventually(lambda: not os.listdir(ctx.run("containers")))
    nothing_left(ctx)


@pytest.mark.parametrize("command, error, code", [
    (("nothing",), CommandNotFound, 127), (("/etc",), CannotInvoke, 126)])
def test_a_command_that_cannot_run(ctx: Context, root: str, command: tuple[str, ...], error: type, code: int) -> None:
    with pytest.raises(error) as caught:
        containers.run(ctx, spec(root, *command, rm=True))
    assert caught.value.exit_code == code
    nothing_left(ctx)


@pytest.mark.parametrize("more, error", [
    ({"user": "nobody9"}, InvalidInput), ({"mounts": (Mount("bind", "/x", "/no/such/place"),)}, NotFound),
    ({"secrets": (SecretUse("none"),)}, NotFound), ({"restart_policy": "sometimes"}, InvalidInput),
    ({"network": (NetworkUse("network", "none-such"),)}, NotFound), ({"sysctl": {"vm.swappiness": "1"}}, InvalidInput),
    ({"network": (NetworkUse("none"), NetworkUse("host"))}, InvalidInput), ({"name": "a/b"}, InvalidInput),
    ({"image": "/no/such/root"}, NotFound), ({"cap_add": ("CAP_NOTHING",)}, InvalidInput)])
def test_a_wrong_wish_leaves_nothing(ctx: Context, root: str, more: dict[str, object], error: type) -> None:
    with pytest.raises(error):
        containers.run(ctx, spec(root, rm=True, **more))
    os.makedirs(ctx.path("locks"), exist_ok=True)
    nothing_left(ctx)


def test_the_hook_takes_down_what_ended_by_itself(ctx: Context, root: str) -> None:
    record = containers.run(ctx, spec(root, "sh", "-c", "exit 3"))[0]
    assert containers.wait(ctx, "one") == 3
    assert eventually(lambda: os.listdir(ctx.run("containers")) == [])
    assert runs.state(ctx, record.id)[:3] == ("exited", 0, 3)


def test_restart_on_failure_counts(ctx: Context, root: str) -> None:
    record = containers.run(ctx, spec(root, "sh", "-c", "echo run; exit 1", restart_policy="on-failure:2"))[0]
    # One look at it: it goes from restarting to the next run between two.
    assert eventually(lambda: attrgetter("restarts", "status")(runs.state(ctx, record.id)) == (2, "exited"))
    assert [data for _stream, data in containers.logs(ctx, "one")] == [b"run\n"] * 3


def test_exec_and_its_errors(ctx: Context, root: str) -> None:
    containers.run(ctx, spec(root))
    done = containers.exec_run(ctx, "one", ExecWish(("sh", "-c", "echo $A; id -u; pwd; cat; exit 5"), env={"A": "b"},
                                                    user="1000", workdir="/tmp"), stdin=b"input")
    assert (done.code, done.stdout) == (5, b"b\n1000\n/tmp\ninput")
    with pytest.raises(CommandNotFound):
        containers.exec_run(ctx, "one", ExecWish(("nothing",)))
    for _attempt in range(3):
        assert containers.exec_run(ctx, "one", ExecWish(("sh", "-c", "test -t 0 && exit 4"), tty=True)).code == 4


def test_volumes_are_filled_once_and_kept(ctx: Context, root: str) -> None:
    mounts = (Mount("volume", "/full", "named"), Mount("volume", "/anonymous"), Mount("tmpfs", "/scratch"))
    wish = spec(root, "sh", "-c", "cat /full/file; echo more >> /full/file", mounts=mounts, rm=True)
    assert run(ctx, wish)[1] == b"from the image\n"
    assert run(ctx, wish)[1] == b"from the image\nmore\n"
    assert [volume.name for volume in volumes.listing(ctx)] == ["named"]


def test_secrets_reach_the_container_and_nothing_else(ctx: Context, root: str) -> None:
    secrets.put(ctx, "key", b"very-secret")
    uses = (SecretUse("key"), SecretUse("key", "env", "KEY"))
    record = containers.run(ctx, spec(root, secrets=uses))[0]
    done = containers.exec_run(ctx, "one", ExecWish(("sh", "-c", "cat /run/secrets/key; echo =$KEY")))
    assert done.stdout == b"very-secret=very-secret\n"
    assert "very-secret" not in repr(containers.inspect(ctx, "one"))
    assert secrets.users(ctx, "key") == {record.id: True}
    secrets.put(ctx, "key", b"another", replace=True)
    assert secrets.users(ctx, "key") == {record.id: False}


def test_rates_and_swappiness_change_while_it_runs(ctx: Context, root: str) -> None:
    disk = next((path for path in ("/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda") if os.path.exists(path)), "")
    if not disk:
        pytest.skip("needs a disk")
    record = containers.create(ctx, spec(root))
    containers.start(ctx, "one")
    places = cgroup.of_process(runs.state(ctx, record.id).pid)
    number = os.stat(disk).st_rdev
    if "blkio" in places:
        path, line = os.path.join(places["blkio"], "blkio.throttle.read_bps_device"), "%d:%d 1048576"
    else:
        path, line = os.path.join(places[""], "io.max"), "%d:%d rbps=1048576"
    if not os.path.exists(path):
        pytest.skip("needs the controller of block devices")
    containers.update(ctx, "one", {"device_read_bps": {disk: "1048576"}})
    with open(path, encoding="ascii") as stream:
        assert line % (os.major(number), os.minor(number)) in stream.read()
    containers.update(ctx, "one", {"device_read_bps": {}})
    with open(path, encoding="ascii") as stream:
        assert "1048576" not in stream.read()
    if "memory" in places:
        containers.update(ctx, "one", {"memory_swappiness": 20})
        with open(os.path.join(places["memory"], "memory.swappiness"), encoding="ascii") as stream:
            assert stream.read() == "20\n"
    with pytest.raises(EngineError):
        containers.update(ctx, "one", {"device_read_bps": {"/dev/null": "1048576"}})
    assert containers.get(ctx, "one").spec.device_read_bps == {}


def test_pause_rename_update(ctx: Context, root: str) -> None:
    record = containers.run(ctx, spec(root))[0]
    containers.pause(ctx, "one")
    assert runs.state(ctx, record.id).status == "paused"
    containers.unpause(ctx, "one")
    containers.rename(ctx, "one", "two")
    started = runs.state(ctx, record.id).started_at
    assert containers.update(ctx, "two", {"memory": 64 << 20}).spec.memory == 64 << 20
    assert runs.state(ctx, record.id).started_at == started
    with pytest.raises(InvalidInput, match="env"):
        containers.update(ctx, "two", {"env": {"A": "1"}})
    with pytest.raises(NotFound):
        containers.inspect(ctx, "one")


@pytest.mark.parametrize("command, reason", [
    (("sh", "-c", "echo broken; exit 4"), "broken"), (("nothing",), "nothing")])
def test_a_failed_replacement_leaves_the_old_one(ctx: Context, root: str, command: tuple[str, ...],
                                                 reason: str) -> None:
    old = containers.run(ctx, spec(root))[0]
    with pytest.raises(RuntimeFailed, match=reason):
        containers.replace(ctx, "one", spec(root, *command))
    rows = containers.listing(ctx, everything=True)
    assert [(row.id, row.name, row.state.status) for row in rows] == [(old.id, "one", "running")]


def test_a_replacement_keeps_the_volumes(ctx: Context, root: str) -> None:
    mounts = (Mount("volume", "/named", "kept"), Mount("volume", "/anonymous"))
    old = containers.run(ctx, spec(root, mounts=mounts))[0]
    containers.exec_run(ctx, "one", ExecWish(("sh", "-c", "touch /named/a /anonymous/b")))
    new = containers.replace(ctx, "one", spec(root, mounts=mounts, env={"A": "1"}))
    assert new.id != old.id and new.name == "one"
    done = containers.exec_run(ctx, "one", ExecWish(("sh", "-c", "ls /named /anonymous; echo $A")))
    assert done.stdout.split() == [b"/anonymous:", b"b", b"/named:", b"a", b"1"]


def test_health_becomes_good_and_bad(ctx: Context, root: str) -> None:
    check = HealthCheck(("CMD-SHELL", "test ! -e /tmp/bad"), interval=0.2, retries=2)
    containers.run(ctx, spec(root, health=check))
    containers.wait(ctx, "one", condition=("healthy",), timeout=60, interval=0.05)
    assert containers.healthcheck(ctx, "one") == 0
    containers.exec_run(ctx, "one", ExecWish(("touch", "/tmp/bad")))
    containers.wait(ctx, "one", condition=("unhealthy",), timeout=60, interval=0.05)
    containers.exec_run(ctx, "one", ExecWish(("rm", "/tmp/bad")))
    assert containers.inspect(ctx, "one")["State"]["Health"]["Log"]


def test_a_name_in_use_names_its_holder(ctx: Context, root: str) -> None:
    record = containers.create(ctx, spec(root))
    with pytest.raises(Conflict, match=record.id[:12]):
        containers.create(ctx, spec(root))
    containers.remove(ctx, "one")
    nothing_left(ctx)


@pytest.mark.parametrize("moment", [0.02, 0.05, 0.08, 0.11])
def test_what_a_killed_command_left_is_repaired(ctx: Context, root: str, moment: float) -> None:
    engine = os.path.dirname(os.path.dirname(os.path.dirname(hooks.__file__)))
    script = ("import sys; sys.path.insert(0, %r)\nfrom engine.context import make_context\n"
              "from engine.formats.container import ContainerSpec, NetworkUse\n"
              "from engine.service import containers\nprint(flush=True)\n"
              "containers.run(make_context(root=%r, runroot=%r), ContainerSpec(image=%r, rootfs=True, name='one', "
              "command=('sleep', '100'), network=(NetworkUse('none'),)))\n" % (engine, ctx.root, ctx.runroot, root))
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(moment)
    child.kill()
    child.wait()
    child.stdout.close()
    journal.repair(ctx)
    containers.remove(ctx, "one", force=True, timeout=0, ignore=True)
    os.makedirs(ctx.path("locks"), exist_ok=True)
    assert eventually(lambda: not os.path.isdir(ctx.run("containers")) or not os.listdir(ctx.run("containers")))
    nothing_left(ctx)


def test_a_run_that_nobody_saw_end_is_taken_down(ctx: Context, root: str) -> None:
    record = containers.run(ctx, spec(root))[0]
    state = runs.state(ctx, record.id)
    os.kill(state.conmon_pid, 9)
    os.kill(state.pid, 9)
    assert eventually(lambda: not runs.state(ctx, record.id).running)
    assert runs.state(ctx, record.id)[:3] == ("exited", 0, runs.UNKNOWN_EXIT)
    assert containers.repair(ctx) == [record.id]
    assert os.listdir(ctx.run("containers")) == []
    containers.remove(ctx, "one")
    nothing_left(ctx)


def test_a_privileged_systemd_gets_no_console_of_the_host(ctx: Context, root: str) -> None:
    consoles = {name for name in os.listdir("/dev") if name.startswith("tty") and name[3:].isdigit()}
    if not consoles:
        pytest.skip("this host has no virtual consoles")
    seen = []
    for more in ({"systemd": "false"}, {"systemd": "always"}, {"systemd": "always", "device": (
            Device("/dev/" + min(consoles), "/dev/" + min(consoles), "rwm"),)}):
        code, out, _err = run(ctx, spec(root, "ls", "/dev", name="", rm=True, privileged=True, **more))
        assert code == 0
        seen.append(consoles & set(out.decode().split()))
    assert seen == [consoles, set(), {min(consoles)}]


def test_the_cgroup_manager_is_the_one_it_was_made_with(ctx: Context, root: str,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = make_context(root=ctx.root, runroot=ctx.runroot, cgroup_manager="cgroupfs")
    containers.create(chosen, spec(root))
    containers.create(ctx, spec(root, name="two"))
    monkeypatch.setattr(init, "is_systemd", lambda: True)

    def managers() -> list[str]:
        return [containers.inspect(ctx, name)["HostConfig"]["CgroupManager"] for name in ("one", "two")]

    assert managers() == ["cgroupfs", "systemd"]
    containers.start(ctx, "one")
    containers.start(chosen, "two")  # for this run only
    assert managers() == ["cgroupfs", "cgroupfs"]
    containers.stop(ctx, "two")
    assert managers() == ["cgroupfs", "systemd"]


def test_the_users_working_directory_has_to_be_there(ctx: Context, root: str) -> None:
    for missing in ("/none", "/bin/busybox", "/tmp/none"):
        with pytest.raises(CannotInvoke, match="working directory " + missing) as caught:
            containers.run(ctx, spec(root, "pwd", rm=True, workdir=missing))
        assert caught.value.exit_code == 126
    nothing_left(ctx)
    for there in ("/tmp", "/dev/shm", "/proc"):
        assert run(ctx, spec(root, "pwd", rm=True, workdir=there))[:2] == (0, there.encode() + b"\n")
    assert run(ctx, spec(root, "pwd", rm=True, workdir="/v", mounts=(Mount("volume", "/v"),)))[1] == b"/v\n"
    assert not os.path.exists(root + "/none")


def test_an_unknown_user_is_at_home_in_the_working_directory(ctx: Context, root: str) -> None:
    assert b":/tmp:" in run(ctx, spec(root, "cat", "/etc/passwd", rm=True, user="77", workdir="/tmp"))[1]


def test_owners_are_changed_by_the_first_start_only(ctx: Context, root: str, tmp_path: object) -> None:
    shared = "%s/shared" % tmp_path
    os.makedirs(shared + "/kept")
    containers.run(ctx, spec(root, user="33:44", mounts=(Mount("bind", "/tmp", shared, ("U",)),)))
    assert [os.stat(path)[4:6] for path in (shared, shared + "/kept")] == [(33, 44)] * 2
    os.chown(shared + "/kept", 55, 66)
    containers.restart(ctx, "one")
    assert os.stat(shared + "/kept")[4:6] == (55, 66)


def test_a_tmpfs_belongs_to_the_user(ctx: Context, root: str) -> None:
    for options, owner in ((("U",), b"33:44"), (("U", "uid=5"), b"5:44"), ((), b"0:0")):
        got = run(ctx, spec(root, "stat", "-c", "%u:%g", "/tmp", rm=True, user="33:44", name="t",
                            mounts=tuple(Mount(**row) for row in mount_rows(
                                [{"type": "tmpfs", "target": "/tmp", "options": list(options)}]))))
        assert got[:2] == (0, owner + b"\n"), got
