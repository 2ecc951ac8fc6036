# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images that somebody needs stay, and what nobody needs goes, whoever was killed on the way; needs root."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import threading

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InUse, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import creation, images, mounts
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import (
    blobs,
    collection,
    containers,
    layers,
)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from tars import digest, make, member  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
NAME = "localhost/shop:1"


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def image(ctx, tmp_path, word: str = "shop", name: str = NAME):
    path = tmp_path / (word + ".tar")
    path.write_bytes(make(member("f", word.encode())))
    os.utime(path, (1600000000, 1600000000))
    return images.import_tar(ctx, str(path), name)


def spec() -> ContainerSpec:
    return ContainerSpec(image=NAME, network=(NetworkUse("none"),), command=("true",))


def left(ctx) -> tuple[list[str], list[str]]:
    return os.listdir(ctx.path("layers")), os.listdir(ctx.path("blobs", "sha256"))


def test_an_image_stays_while_a_container_is_made_from_it(ctx, tmp_path, monkeypatch) -> None:
    record, tried, before = image(ctx, tmp_path), [], mounts.make_volumes

    def meanwhile(*arguments) -> None:
        for work in (lambda: images.remove(ctx, NAME), lambda: images.remove(ctx, NAME, force=True)):
            with pytest.raises(InUse, match="being made"):
                work()
        tried.append(images.prune(ctx, every=True))
        before(*arguments)

    monkeypatch.setattr(mounts, "make_volumes", meanwhile)
    made = creation.create(ctx, spec())
    assert tried == [[]] and made.image_id == record.id and images.exists(ctx, NAME)
    with pytest.raises(InUse, match=made.id[:12]):
        images.remove(ctx, NAME)
    assert images.prune(ctx, every=True) == []
    images.remove(ctx, NAME, force=True)
    assert left(ctx) == ([], []) and not list(containers.all_raw(ctx))


def test_an_image_that_goes_before_it_is_pinned_is_missed_at_once(ctx, tmp_path, monkeypatch) -> None:
    image(ctx, tmp_path)
    before = collection.pinned

    def late(*arguments, **keywords):
        images.remove(ctx, NAME)
        return before(*arguments, **keywords)

    monkeypatch.setattr(collection, "pinned", late)
    with pytest.raises(NotFound):
        creation.create(ctx, spec(), pull="never")
    assert not list(containers.all_raw(ctx))


def test_makers_and_removers_at_once_never_leave_a_container_without_its_image(ctx, tmp_path) -> None:
    failures: list[BaseException] = []

    def maker() -> None:
        for _turn in range(6):
            try:
                image(ctx, tmp_path / threading.current_thread().name)
                creation.create(ctx, spec(), pull="never")
            except NotFound:
                pass
            except BaseException as exc:
                failures.append(exc)

    def remover() -> None:
        for turn in range(15):
            try:
                images.prune(ctx, every=True) if turn % 2 else images.remove(ctx, NAME)
            except (NotFound, InUse):
                pass
            except BaseException as exc:
                failures.append(exc)

    threads = [threading.Thread(target=work, name="t%d" % n) for n, work in enumerate((maker, maker, remover, remover))]
    for thread in threads:
        (tmp_path / thread.name).mkdir()
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for document in containers.all_raw(ctx):
        record = images.lookup(ctx, document["image_id"])
        assert all(layers.exists(ctx, chain) for chain in record.layers) and blobs.is_whole(ctx, record.id)


def killed(work) -> None:
    """Do it in a child that kills itself somewhere."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("where", [(layers, "remove"), (blobs, "remove"), (layers.tree, "remove_path")])
@pytest.mark.parametrize("how", ["removal", "prune", "same again"])
def test_a_killed_removal_is_completed_by_the_next(ctx, tmp_path, monkeypatch, where, how: str) -> None:
    image(ctx, tmp_path)
    image(ctx, tmp_path, "other", "localhost/other:1")

    def dies() -> None:
        monkeypatch.setattr(*where, lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL))
        images.remove(ctx, NAME)

    killed(dies)
    assert [row.names for row in images.all(ctx)] == [("localhost/other:1",)] and left(ctx) != ([], [])
    if how == "same again":
        assert image(ctx, tmp_path, name="localhost/new:1").names == ("localhost/new:1",)
        images.remove(ctx, "localhost/new:1")
    if how == "prune":
        images.prune(ctx)
        assert len(left(ctx)[0]) == 1 and len(left(ctx)[1]) == 2
    images.remove(ctx, "localhost/other:1")
    layers.discard_staging(ctx)
    assert left(ctx) == ([], []) and os.listdir(ctx.path("images", "names")) == []


def test_prune_takes_layers_of_killed_pulls_and_leaves_those_of_pulls_under_way(ctx, tmp_path) -> None:
    made = []
    for word in ("dead", "alive"):
        data = make(member(word, b"x"))
        with layers.held(ctx, digest(data)):
            made.append(layers.extract(ctx, lambda write, data=data: write(data), digest(data)).chain_id)
    blobs.put(ctx, b"{}")
    with collection.pinned(ctx, made[1:]):
        images.prune(ctx)
        assert left(ctx) == (made[1:], [])
    images.prune(ctx)
    assert left(ctx) == ([], [])


def test_a_layer_that_a_power_cut_may_have_damaged_is_made_anew(ctx, tmp_path, monkeypatch) -> None:
    synced, real = [], files.sync_filesystem
    monkeypatch.setattr(files, "sync_filesystem", lambda path: synced.append(path) or real(path))
    record = image(ctx, tmp_path)
    image(ctx, tmp_path, name="localhost/second:1")
    assert synced == [ctx.path("layers")], "once, and not for what is there already"
    chain = record.layers[0]
    with open(ctx.path("layers", chain, layers.UNSETTLED), "w") as stream:
        stream.write("the boot before")
    os.truncate(ctx.path("layers", chain, "diff", "f"), 0)
    assert not layers.exists(ctx, chain)
    image(ctx, tmp_path)
    assert layers.exists(ctx, chain) and b"".join(layers.tar(ctx, chain)) == (tmp_path / "shop.tar").read_bytes()


def test_no_record_is_written_before_the_layers_are_on_the_disk(ctx, tmp_path, monkeypatch) -> None:
    def fails(path: str) -> None:
        raise OSError(5, "no")

    monkeypatch.setattr(files, "sync_filesystem", fails)
    with pytest.raises(OSError):
        image(ctx, tmp_path)
    assert images.all(ctx) == []
