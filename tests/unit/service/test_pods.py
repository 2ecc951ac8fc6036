# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real pods with containers from a busybox root: what they share, how they change, what a kill leaves.

Needs root, conmon and a runtime.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    Conflict,
    EngineError,
    InUse,
    InvalidInput,
    NotFound,
    WrongState,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    Mount,
    NetworkUse,
    Port,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.pod import PodSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import cgroup
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    containers,
    infra,
    journal,
    lifecycle,
    membership,
    podchange,
    podconverge,
    podlisting,
    pods,
    removal,
    volumes,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service.exec import ExecWish
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as container_store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import pods as store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import runs

from .test_container_life import eventually, nothing_left

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")
PROGRAMS = ("sh", "sleep", "cat", "ls", "echo", "true", "hostname", "ps", "touch", "ipcs", "ipcmk")
NO_NETWORK = (NetworkUse("none"),)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("rootfs"))
    os.chmod(path, 0o755)
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        os.makedirs(os.path.join(path, name))
    shutil.copy("/bin/busybox", path + "/bin/busybox")
    for name in PROGRAMS:
        os.symlink("busybox", "%s/bin/%s" % (path, name))
    return path


@pytest.fixture
def ctx(tmp_path: object) -> Iterator[Context]:
    prefix = "pycpod%d" % os.getpid()
    place = replace(make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path), prefix=prefix)
    yield place
    for row in podlisting.every(place):
        with contextlib.suppress(EngineError):
            pods.remove(place, row.pod.id, force=True, timeout=0)
    for one in containers.listing(place, everything=True):
        with contextlib.suppress(EngineError):
            containers.remove(place, one.id, force=True, timeout=0)
    cgroup.remove("/" + place.prefix)


def make(ctx: Context, **given: Any) -> store.Pod:
    return pods.create(ctx, PodSpec(**{"name": "shop", "network": NO_NETWORK, **given}))


def member(ctx: Context, root: str, name: str = "web", *command: str, **given: Any) -> str:
    values = {"image": root, "rootfs": True, "name": name, "pod": "shop", "command": command or ("sleep", "100"),
              "stop_timeout": 0, **given}
    return containers.create(ctx, ContainerSpec(**values)).id


def said(ctx: Context, name: str, *command: str) -> str:
    return containers.exec_run(ctx, name, ExecWish(command)).stdout.decode().strip()


def namespace(ctx: Context, container_id: str, kind: str) -> str:
    return os.readlink("/proc/%d/ns/%s" % (runs.state(ctx, container_id).pid, kind))


def all_gone(ctx: Context) -> None:
    nothing_left(ctx)
    assert store.ids(ctx) == []
    assert not cgroups_of(ctx)


def cgroups_of(ctx: Context) -> list[str]:
    return [place for place, _names, _files in os.walk(cgroup.ROOT) if os.path.basename(place).startswith("pod-")
            and "/%s/" % ctx.prefix in place]


def statuses(ctx: Context, name: str = "shop") -> dict[str, str]:
    return {one.document["name"]: one.state.status for one in podlisting.one(ctx, name).members}


def test_from_create_to_remove_nothing_is_left(ctx: Context, root: str) -> None:
    pod = make(ctx, hostname="box", etc_hosts={"db": "10.0.0.9"})
    assert podlisting.one(ctx, "shop").status == "Created"
    web = member(ctx, root)
    pods.start(ctx, "shop")
    assert podlisting.one(ctx, pod.id[:10]).status == "Running"
    for kind in ("net", "ipc", "uts"):
        assert namespace(ctx, web, kind) == namespace(ctx, pod.infra, kind)
    for kind in ("pid", "mnt"):
        assert namespace(ctx, web, kind) != namespace(ctx, pod.infra, kind)
    assert said(ctx, "web", "hostname") == "box"
    with pytest.raises(WrongState, match="web"):
        pods.remove(ctx, "shop")
    assert pods.stop(ctx, "shop") and not pods.stop(ctx, "shop")
    assert podlisting.one(ctx, "shop").status == "Exited"
    assert pods.remove(ctx, "shop") == pod.id
    with pytest.raises(NotFound):
        pods.start(ctx, "shop")
    all_gone(ctx)


def test_a_shared_pid_namespace_begins_with_the_program_that_waits(ctx: Context, root: str) -> None:
    make(ctx, share=("pid",))
    member(ctx, root)
    containers.start(ctx, "web")
    lines = said(ctx, "web", "ps").splitlines()
    assert lines[1].split()[0] == "1" and "pause" in lines[1] and any("sleep 100" in line for line in lines)
    # Nothing else is shared, and the death of one container leaves the other's processes alone.
    member(ctx, root, "two", "sh", "-c", "sleep 77 & exec sleep 78", network=NO_NETWORK)
    containers.start(ctx, "two")
    assert containers.stop(ctx, "two")
    assert "sleep 7" not in said(ctx, "web", "ps")
    assert runs.state(ctx, store.named(ctx, "shop").infra).running


def test_a_word_of_the_containers_own_goes_before_the_pods_namespace(ctx: Context, root: str) -> None:
    make(ctx, share=("ipc", "net", "pid", "uts"))
    apart = member(ctx, root, "apart", pid="private", uts="private", hostname="other")
    pods.start(ctx, "shop")
    holder = store.named(ctx, "shop").infra
    assert [namespace(ctx, apart, kind) == namespace(ctx, holder, kind) for kind in ("net", "pid", "uts")] == [
        True, False, False]
    pods.remove(ctx, "shop", force=True)
    all_gone(ctx)


def test_the_own_program_waits_where_catatonit_is_missing(ctx: Context, root: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(infra, "_is_static", lambda path: False)
    pod = make(ctx)
    pods.start(ctx, "shop")
    running = runs.state(ctx, pod.infra)
    assert running.running
    # Before the program has begun, the first process of a namespace takes no notice of a signal.
    assert eventually(lambda: pathlib.Path("/proc/%d/comm" % running.pid).read_text() == "pause\n")
    pods.stop(ctx, "shop", timeout=5)
    assert runs.state(ctx, pod.infra).exit_code == 0


def test_volumes_and_security_of_the_pod_are_its_containers(ctx: Context, root: str, tmp_path: Any) -> None:
    (tmp_path / "there").mkdir()
    make(ctx, mounts=(Mount("bind", "/there", str(tmp_path / "there")), Mount("volume", "/shared")),
         security_opt=("no-new-privileges",))
    member(ctx, root, "one")
    member(ctx, root, "two")
    pods.start(ctx, "shop")
    said(ctx, "one", "touch", "/there/a", "/shared/b")
    assert (said(ctx, "two", "ls", "/there"), said(ctx, "two", "ls", "/shared")) == ("a", "b")
    assert "NoNewPrivs:\t1" in said(ctx, "two", "cat", "/proc/1/status")
    pods.remove(ctx, "shop", force=True)
    assert volumes.listing(ctx) == []
    all_gone(ctx)


REFUSED = [{"publish": (Port(80),)}, {"network": NO_NETWORK}, {"hostname": "x"}, {"dns": ("9.9.9.9",)},
           {"etc_hosts": {"a": "1.2.3.4"}}, {"no_hosts": True}, {"publish_all": True}, {"ip": "10.0.0.1"}]


@pytest.mark.parametrize("given", REFUSED, ids=str)
def test_what_belongs_to_the_pod_is_refused(ctx: Context, root: str, given: dict) -> None:
    make(ctx)
    with pytest.raises(InvalidInput, match="pod shop.*%s" % next(iter(given))):
        member(ctx, root, **given)
    pods.remove(ctx, "shop")
    all_gone(ctx)


def test_names_are_those_of_containers_too(ctx: Context, root: str) -> None:
    make(ctx)
    with pytest.raises(Conflict, match="by the pod"):
        member(ctx, root, "shop")
    member(ctx, root, "web")
    with pytest.raises(Conflict, match="by the container"):
        make(ctx, name="web")
    with pytest.raises(NotFound):
        member(ctx, root, "other", pod="nowhere")
    with pytest.raises(InvalidInput, match="names no pod"):
        member(ctx, root, "other", pod="new:")
    with pytest.raises(InvalidInput, match="no_hosts and etc_hosts"):
        member(ctx, root, "other", pod="", no_hosts=True, etc_hosts={"a": "1.2.3.4"})
    with pytest.raises(InUse, match="pod shop"):
        containers.remove(ctx, store.named(ctx, "shop").infra, force=True)
    with pytest.raises(InvalidInput, match="pod shop"):
        containers.rename(ctx, store.named(ctx, "shop").infra, "mine")


def test_a_pod_without_an_infra_container_groups_only(ctx: Context, root: str) -> None:
    pod = make(ctx, infra=False, network=(), memory=33554432)
    one, two = member(ctx, root, "one", network=NO_NETWORK), member(ctx, root, "two", network=NO_NETWORK)
    assert pod.infra == "" and podlisting.one(ctx, "shop").status == "Created"
    pods.start(ctx, "shop")
    assert namespace(ctx, one, "net") != namespace(ctx, two, "net")
    assert memory_limit(ctx, pod, one) == 33554432
    pods.remove(ctx, "shop", force=True, timeout=0)
    all_gone(ctx)


def memory_limit(ctx: Context, pod: store.Pod, container_id: str) -> int:
    """The limit of the cgroup above a container's own, which is the pod's."""
    places = cgroup.of_process(runs.state(ctx, container_id).pid)
    own = places["memory"] if "memory" in places else places[""]
    assert own.startswith(os.path.dirname(own)) and os.path.dirname(own).endswith(membership.cgroup_path(ctx, pod))
    name = "memory.limit_in_bytes" if "memory" in places else "memory.max"
    with open(os.path.join(os.path.dirname(own), name), encoding="ascii") as stream:
        return int(stream.read())


def test_limits_are_the_pods_and_change_while_it_runs(ctx: Context, root: str) -> None:
    pod = make(ctx, memory=33554432)
    web = member(ctx, root)
    pods.start(ctx, "shop")
    assert memory_limit(ctx, pod, web) == 33554432
    podchange.update(ctx, "shop", {"memory": 67108864, "label": {"a": "b"}})
    assert memory_limit(ctx, pod, web) == 67108864
    podchange.update(ctx, "shop", {"memory": 0})
    assert memory_limit(ctx, pod, web) > 2 ** 62
    assert podlisting.inspect(ctx, "shop")["Labels"] == {"a": "b"}
    # Fewer bytes than are in use: the kernel refuses, and the pod keeps what it had.
    with pytest.raises(EngineError, match="memory"):
        podchange.update(ctx, "shop", {"memory": 4096})
    assert store.named(ctx, "shop").spec.memory == 0


def test_pause_kill_and_restart(ctx: Context, root: str) -> None:
    make(ctx)
    member(ctx, root)
    assert pods.pause(ctx, "shop") == pods.kill(ctx, "shop") == pods.unpause(ctx, "shop") == ""
    assert pods.prune(ctx) == []
    with pytest.raises(InvalidInput, match="FOO"):
        pods.kill(ctx, "shop", "FOO")
    pods.start(ctx, "shop")
    assert pods.prune(ctx) == []
    pods.pause(ctx, "shop")
    assert set(statuses(ctx).values()) == {"paused"} and podlisting.one(ctx, "shop").status == "Paused"
    assert podconverge.observe(ctx, "shop").status == "paused"
    pods.unpause(ctx, "shop")
    before = {one.state.pid for one in podlisting.one(ctx, "shop").members}
    pods.restart(ctx, "shop", timeout=0)
    assert podlisting.one(ctx, "shop").status == "Running"
    assert not before & {one.state.pid for one in podlisting.one(ctx, "shop").members}
    pods.kill(ctx, "shop")
    assert eventually(lambda: podlisting.one(ctx, "shop").status == "Exited")
    assert len(pods.prune(ctx)) == 1
    all_gone(ctx)


def test_containers_in_a_dead_network_are_restarted_with_the_pod(ctx: Context, root: str) -> None:
    pod = make(ctx)
    web = member(ctx, root)
    pods.start(ctx, "shop")
    containers.stop(ctx, pod.infra, timeout=0)
    assert podlisting.one(ctx, "shop").status == "Degraded" and podconverge.observe(ctx, "shop").status == "partly"
    pods.start(ctx, "shop")
    assert namespace(ctx, web, "net") == namespace(ctx, pod.infra, "net")


def test_what_has_done_its_work_is_not_missed(ctx: Context, root: str) -> None:
    make(ctx)
    member(ctx, root)
    job = member(ctx, root, "job", "true")
    pods.start(ctx, "shop")
    assert eventually(lambda: runs.state(ctx, job).status == "exited")
    ended = runs.state(ctx, job).finished_at
    assert podconverge.observe(ctx, "shop").status == "running"
    containers.stop(ctx, "web")
    assert podconverge.observe(ctx, "shop").status == "partly"
    pods.start(ctx, "shop", unfinished=True)
    assert runs.state(ctx, job).finished_at == ended and statuses(ctx)["web"] == "running"


@pytest.mark.parametrize("given, end", [({"exit_policy": "stop"}, "exited"), ({}, "running")], ids=str)
def test_exit_policy(ctx: Context, root: str, given: dict, end: str) -> None:
    pod = make(ctx, **given)
    member(ctx, root, "one", "sleep", "0.2")
    member(ctx, root, "two", "sleep", "0.5")
    pods.start(ctx, "shop")
    assert eventually(lambda: statuses(ctx)["two"] == "exited")
    assert eventually(lambda: runs.state(ctx, pod.infra).status == end)


def test_a_restart_policy_of_the_pod_is_that_of_containers_without_one(ctx: Context, root: str) -> None:
    make(ctx, restart_policy="on-failure:1")
    again = member(ctx, root, "again", "sh", "-c", "exit 3")
    member(ctx, root, "own", "sh", "-c", "exit 3", restart_policy="on-failure:2")
    pods.start(ctx, "shop")
    assert eventually(lambda: runs.state(ctx, again).restarts == 1)
    assert membership.restart_policy(ctx, containers.get(ctx, "own").spec) == "on-failure:2"


def test_init_containers_run_first_and_to_their_end(ctx: Context, root: str, tmp_path: Any) -> None:
    make(ctx, mounts=(Mount("bind", "/log", str(tmp_path)),))
    member(ctx, root, "main", "sh", "-c", "echo main >>/log/order; exec sleep 100")
    member(ctx, root, "first", "sh", "-c", "sleep 0.2; echo first >>/log/order", init_ctr="once")
    member(ctx, root, "second", "sh", "-c", "echo second >>/log/order", init_ctr="always")
    pods.start(ctx, "shop")
    assert eventually(lambda: (tmp_path / "order").read_text() == "first\nsecond\nmain\n")
    assert "first" not in statuses(ctx) and podconverge.observe(ctx, "shop").status == "running"
    assert podlisting.one(ctx, "shop").status == "Running"
    pods.restart(ctx, "shop", timeout=0)
    assert eventually(lambda: (tmp_path / "order").read_text().endswith("main\nsecond\nmain\n"))
    with pytest.raises(InvalidInput, match="pod"):
        member(ctx, root, "third", pod="", init_ctr="once", network=NO_NETWORK)


def test_an_init_container_that_fails_stops_the_start(ctx: Context, root: str) -> None:
    make(ctx)
    member(ctx, root)
    member(ctx, root, "first", "sh", "-c", "exit 7", init_ctr="always")
    with pytest.raises(EngineError, match="exit code 7"):
        pods.start(ctx, "shop")
    assert statuses(ctx)["web"] == "created"


@pytest.mark.parametrize("missing", [False, True])
def test_a_user_namespace_is_that_of_all(ctx: Context, root: str, monkeypatch: Any, missing: bool) -> None:
    if missing:
        monkeypatch.setattr(infra.pause, "program", lambda machine: None)
    pod = make(ctx, uidmap=("0:200000:65536",), gidmap=("0:200000:65536",))
    web = member(ctx, root)
    pods.start(ctx, "shop")
    for kind in ("user", "net", "ipc", "uts"):
        assert namespace(ctx, web, kind) == namespace(ctx, pod.infra, kind)
    assert said(ctx, "web", "cat", "/proc/self/uid_map").split() == ["0", "200000", "65536"]
    assert os.stat("/proc/%d" % runs.state(ctx, pod.infra).pid).st_uid == 200000
    with pytest.raises(InvalidInput, match="uidmap"):
        member(ctx, root, "other", uidmap=("0:300000:1",))
    with pytest.raises(InvalidInput, match="web"):
        changed(ctx, uidmap=("0:300000:65536",))
    changed(ctx, hostname="other")
    assert said(ctx, "web", "hostname") == "other"
    pods.remove(ctx, "shop", force=True, timeout=0)
    all_gone(ctx)


def test_a_replaced_container_is_in_the_pod_as_the_old_one_was(ctx: Context, root: str) -> None:
    pod = make(ctx)
    old = member(ctx, root)
    member(ctx, root, "other", requires=("web",))
    pods.start(ctx, "shop")
    containers.stop(ctx, "other")
    wish = replace(containers.get(ctx, "web").spec, command=("sleep", "200"))
    new = containers.replace(ctx, "web", wish)
    assert new.id != old and statuses(ctx)["web"] == "running"
    assert namespace(ctx, new.id, "net") == namespace(ctx, pod.infra, "net")
    with pytest.raises(InvalidInput, match="publish"):
        containers.replace(ctx, "web", replace(wish, publish=(Port(80),)))
    containers.start(ctx, "other")
    pods.remove(ctx, "shop", force=True, timeout=0)
    all_gone(ctx)


def test_a_container_goes_into_a_pod_and_leaves_it(ctx: Context, root: str) -> None:
    pod = make(ctx)
    web = member(ctx, root, pod="", network=NO_NETWORK)
    containers.start(ctx, "web")
    new = containers.replace(ctx, "web", replace(containers.get(ctx, "web").spec, pod="shop", network=()))
    assert new.id != web and namespace(ctx, new.id, "net") == namespace(ctx, pod.infra, "net")
    out = containers.replace(ctx, "web", replace(new.spec, pod="", network=NO_NETWORK))
    assert namespace(ctx, out.id, "net") != namespace(ctx, pod.infra, "net")
    pods.remove(ctx, "shop", force=True, timeout=0)
    assert [row.name for row in containers.listing(ctx)] == ["web"]


# another infra container

def changed(ctx: Context, **given: Any) -> store.Pod:
    return podchange.replace(ctx, "shop", replace(store.named(ctx, "shop").spec, **given), timeout=0)


def test_a_changed_pod_keeps_its_containers(ctx: Context, root: str, tmp_path: Any) -> None:
    old = make(ctx, mounts=(Mount("volume", "/kept"),))
    web, idle = member(ctx, root), member(ctx, root, "idle")
    containers.start(ctx, "web")
    said(ctx, "web", "touch", "/tmp/mine", "/kept/data")
    new = changed(ctx, hostname="other", share=("ipc", "net", "pid", "uts"), mounts=(
        Mount("volume", "/kept"), Mount("bind", "/more", str(tmp_path))))
    assert (new.id, new.name) == (old.id, "shop") and new.infra != old.infra
    assert [record.id for record in membership.members(ctx, new)] == [web, idle]
    assert statuses(ctx)["web"] == "running" and statuses(ctx)["idle"] == "created"
    assert said(ctx, "web", "hostname") == "other" and "pause" in said(ctx, "web", "ps")
    assert said(ctx, "web", "ls", "/tmp/mine") and said(ctx, "web", "ls", "/kept") == "data"
    assert said(ctx, "web", "ls", "-d", "/more") == "/more"
    assert container_store.raw(ctx, old.infra) is None and containers.get(ctx, new.infra).name == old.id[:12] + "-infra"
    assert sorted(removal.dependents(ctx, new.infra)) == sorted([web, idle])
    pods.remove(ctx, "shop", force=True, timeout=0)
    assert volumes.listing(ctx) == []
    all_gone(ctx)


def test_a_pod_gets_and_loses_its_infra_container(ctx: Context, root: str) -> None:
    make(ctx)
    web = member(ctx, root)
    pods.start(ctx, "shop")
    assert changed(ctx, infra=False, network=(), share=()).infra == ""
    assert statuses(ctx) == {"web": "running"}
    new = changed(ctx, infra=True, network=NO_NETWORK, share=("net",))
    assert namespace(ctx, web, "net") == namespace(ctx, new.infra, "net")
    pods.remove(ctx, "shop", force=True, timeout=0)
    all_gone(ctx)


def test_a_change_that_a_container_contradicts_touches_nothing(ctx: Context, root: str) -> None:
    old = make(ctx, share=("ipc",))
    web = member(ctx, root, network=NO_NETWORK)
    pods.start(ctx, "shop")
    pid = runs.state(ctx, web).pid
    with pytest.raises(InvalidInput, match="network"):
        changed(ctx, share=("net",))
    assert store.named(ctx, "shop") == old and runs.state(ctx, web).pid == pid
    assert len(containers.listing(ctx, everything=True)) == 2


def test_an_infra_container_that_does_not_start_puts_the_old_one_back(ctx: Context, root: str) -> None:
    old = make(ctx)
    web = member(ctx, root)
    pods.start(ctx, "shop")
    with pytest.raises(EngineError):
        changed(ctx, infra_command=("/missing",))
    assert store.named(ctx, "shop") == old
    assert statuses(ctx) == {"web": "running", old.id[:12] + "-infra": "running"}
    assert namespace(ctx, web, "net") == namespace(ctx, old.infra, "net")
    pods.remove(ctx, "shop", force=True, timeout=0)
    all_gone(ctx)


def test_new_makes_the_pod_and_gives_it_the_ports(ctx: Context, root: str) -> None:
    web = member(ctx, root, pod="new:shop", publish=(Port(80, 18099),), hostname="box")
    pod = store.named(ctx, "shop")
    assert (pod.spec.publish, pod.spec.hostname) == ((Port(80, 18099),), "box")
    record = containers.get(ctx, web)
    assert (record.spec.pod, record.spec.publish, record.spec.hostname) == ("shop", (), "")
    with pytest.raises(Conflict):
        member(ctx, root, "two", pod="new:shop")
    with pytest.raises(NotFound):
        member(ctx, root, "three", pod="new:other", image="/nowhere")
    assert not pods.exists(ctx, "other")


# kill -9

def killed(body: Callable[[], Any], module: Any, name: str, calls: int = 1) -> None:
    """Run the body in a child that is killed at the given call of a function, before it does anything."""
    pid = os.fork()
    if pid == 0:
        left, original = [calls], getattr(module, name)

        def deadly(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **named)

        setattr(module, name, deadly)
        try:
            body()
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL, "%s was not called" % name


@pytest.mark.parametrize("module, name", [(container_store, "write"), (store, "write"), (pods.creation, "_create")],
                         ids=lambda value: str(value).rpartition(".")[2])
def test_a_killed_create_leaves_nothing(ctx: Context, module: Any, name: str) -> None:
    killed(lambda: make(ctx), module, name)
    assert journal.repair(ctx)
    all_gone(ctx)
    assert make(ctx)


@pytest.mark.parametrize("module, name, calls", [(removal, "remove_locked", 1), (removal, "remove_locked", 2),
                                                 (removal, "complete", 3), (store, "remove", 1)], ids=str)
def test_a_killed_remove_is_completed(ctx: Context, root: str, module: Any, name: str, calls: int) -> None:
    make(ctx)
    member(ctx, root)
    member(ctx, root, "two")
    pods.start(ctx, "shop")
    killed(lambda: pods.remove(ctx, "shop", force=True, timeout=0), module, name, calls)
    for _attempt in range(2):
        journal.repair(ctx)
    all_gone(ctx)


@pytest.mark.parametrize("module, name, after", [
    (podchange, "_stop", False), (store, "write", False), (lifecycle, "start", False),
    (podchange, "_commit", True), (podchange, "_settle", True), (podchange, "_start", True)], ids=str)
def test_a_killed_change_is_undone_or_finished(ctx: Context, root: str, module: Any, name: str, after: bool) -> None:
    old = make(ctx)
    web = member(ctx, root)
    pods.start(ctx, "shop")
    killed(lambda: changed(ctx, hostname="other"), module, name)
    for _attempt in range(2):
        journal.repair(ctx)
    pod = store.named(ctx, "shop")
    assert (pod.infra != old.infra, pod.spec.hostname == "other") == (after, after)
    assert set(statuses(ctx).values()) == {"running"} and len(statuses(ctx)) == 2
    assert namespace(ctx, web, "net") == namespace(ctx, pod.infra, "net")
    pods.remove(ctx, "shop", force=True, timeout=0)
    all_gone(ctx)
