# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stops and starts a container asks first whether it could start again. Needs root, conmon and a runtime."""

from __future__ import annotations

import contextlib
import os
import shutil
from concurrent import futures
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InUse, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    Mount,
    NetworkUse,
    SecretUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.pod import PodSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import (
    containers,
    podchange,
    pods,
    secrets,
    unitrun,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import pods as pod_store
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import runs
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import secrets as secret_store

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("rootfs"))
    os.chmod(path, 0o755)
    for name in ("bin", "etc", "proc", "sys", "dev", "data"):
        os.makedirs(os.path.join(path, name))
    shutil.copy("/bin/busybox", path + "/bin/busybox")
    os.symlink("busybox", path + "/bin/sleep")
    return path


@pytest.fixture
def ctx(tmp_path: Any) -> Iterator[Context]:
    place = replace(make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path), prefix="pycr%d" % os.getpid())
    yield place
    for document in list(store.all_raw(place)):
        with contextlib.suppress(EngineError):
            if document["spec"].get("pod"):
                pods.remove(place, document["spec"]["pod"], force=True, timeout=0)
            else:
                containers.remove(place, document["id"], force=True, timeout=0)


@pytest.fixture
def wish(root: str, tmp_path: Any) -> ContainerSpec:
    """A container that needs a directory and a secret of this host."""
    (tmp_path / "data").mkdir()
    return ContainerSpec(image=root, rootfs=True, name="one", command=("sleep", "1000"), stop_timeout=0,
                         network=(NetworkUse("none"),), secrets=(SecretUse("key"),),
                         mounts=(Mount("bind", "/data", str(tmp_path / "data")),))


def restart_pod(ctx: Context) -> None:
    pods.restart(ctx, "shop")


def replace_pod(ctx: Context) -> None:
    podchange.replace(ctx, "shop", PodSpec(name="shop", network=(NetworkUse("none"),), hostname="other"))


IN_POD = (restart_pod, replace_pod)
VERBS: list[Callable[[Context], Any]] = [
    lambda ctx: containers.restart(ctx, "one"),
    lambda ctx: containers.replace(ctx, "one", replace(containers.get(ctx, "one").spec, env={"A": "1"})),
    lambda ctx: unitrun.run(ctx, store.find(ctx, "one"), "one.service"),
    *IN_POD]


@pytest.mark.parametrize("verb", VERBS, ids=("restart", "replace", "unit", "pod restart", "pod replace"))
def test_nothing_is_stopped_that_could_not_start_again(ctx: Context, wish: ContainerSpec, verb: Any) -> None:
    secrets.put(ctx, "key", b"v")
    if verb in IN_POD:
        pods.create(ctx, PodSpec(name="shop", network=(NetworkUse("none"),)))
        wish = replace(wish, pod="shop", network=())
    containers.create(ctx, wish)
    before = runs.state(ctx, containers.start(ctx, "one").id)
    os.rmdir(wish.mounts[0].source)
    with pytest.raises(EngineError, match="could not be started again.*" + wish.mounts[0].source):
        verb(ctx)
    os.mkdir(wish.mounts[0].source)
    secret_store.remove(ctx, "key")
    with pytest.raises(EngineError, match="'key'"):
        verb(ctx)
    assert runs.state(ctx, store.find(ctx, "one")).pid == before.pid
    secrets.put(ctx, "key", b"v")
    verb(ctx)
    assert runs.state(ctx, store.find(ctx, "one")).running


def test_a_replacing_run_keeps_the_old_one_until_there_is_what_the_new_one_needs(ctx: Context,
                                                                                 wish: ContainerSpec) -> None:
    secrets.put(ctx, "key", b"v")
    old = containers.create(ctx, wish)
    for words in (["--secret", "none"], ["--network", "none-such"], ["--volume", "/none:/x"], ["--device", "/dev/none"],
                  ["--security-opt", "seccomp=/none"], ["--pod", "none"], ["--volumes-from", "none"],
                  ["--health-on-failure", "kill"]):
        code = main.main(["--root", ctx.root, "--runroot", ctx.runroot, "create", "--replace", "--name", "one", *words,
                          "--rootfs", wish.image, "sleep", "1"])
        assert code == 125
    assert main.main(["--root", ctx.root, "--runroot", ctx.runroot, "create", "--replace", "--name", "one",
                      "--pull", "never", "no-such-image", "sleep", "1"]) == 125
    assert [document["id"] for document in store.all_raw(ctx)] == [old.id]


def test_a_replacing_pod_keeps_the_old_one_as_well(ctx: Context) -> None:
    old = pods.create(ctx, PodSpec(name="shop", network=(NetworkUse("none"),)))
    for words in (["--network", "none-such"], ["--volume", "/none:/x"]):
        assert main.main(["--root", ctx.root, "--runroot", ctx.runroot, "pod", "create", "--replace", *words,
                          "--name", "shop"]) == 125
    assert [pod.id for pod in pod_store.every(ctx)] == [old.id]


@pytest.mark.parametrize("by_id", [False, True])
def test_a_secret_in_use_is_not_removed(ctx: Context, wish: ContainerSpec, by_id: bool) -> None:
    secret = secrets.put(ctx, "key", b"v")
    wish = replace(wish, secrets=(SecretUse(secret.id[:12] if by_id else "key"),))
    record = containers.create(ctx, wish)
    for name in ("key", secret.id[:10]):
        with pytest.raises(InUse, match=record.id[:12]):
            secrets.remove(ctx, name)
    containers.remove(ctx, "one")
    assert secrets.remove(ctx, "key") == secret.id


def test_a_secret_is_used_or_gone_when_both_come_at_once(ctx: Context, wish: ContainerSpec) -> None:
    def remove() -> bool:
        with contextlib.suppress(InUse):
            secrets.remove(ctx, "key")
            return True
        return False

    def create(number: int) -> bool:
        with contextlib.suppress(NotFound):
            containers.create(ctx, replace(wish, name="c%d" % number))
            return True
        return False

    for number in range(5):
        secrets.put(ctx, "key", b"v", replace=True)
        with futures.ThreadPoolExecutor(2) as pool:
            made, gone = pool.submit(create, number), pool.submit(remove)
            assert made.result() != gone.result()
        for document in list(store.all_raw(ctx)):
            containers.remove(ctx, document["id"])
