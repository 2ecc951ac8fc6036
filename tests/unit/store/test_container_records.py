# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records and states of containers, names, volumes and secrets on disk."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    Ambiguous,
    Conflict,
    InUse,
    InvalidInput,
    NotFound,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    HealthCheck,
    Mount,
    Port,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.volume import VolumeSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files, proc
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import (
    containers,
    names,
    runs,
    secrets,
    volumes,
)

SPEC = ContainerSpec(image="busybox", name="web", env={"A": "1"}, publish=(Port(80, 8080),),
                     mounts=(Mount("volume", "/data", "data", ("ro",)),), health=HealthCheck(("CMD", "true")))


@pytest.fixture
def ctx(tmp_path: object) -> Context:
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path)


def put(ctx: Context, container_id: str, name: str = "web") -> containers.Record:
    containers.reserve_name(ctx, name, container_id)
    files.make_directory(containers.directory(ctx, container_id))
    record = containers.Record(container_id, name, 12.5, SPEC, "ab" * 32, "docker.io/library/busybox:latest")
    containers.write(ctx, record)
    return record


def running(ctx: Context, container_id: str, **changes: object) -> None:
    files.make_directory(containers.run_directory(ctx, container_id, "exits"))
    document = {"phase": "running", "boot": proc.boot_id(), "pid": os.getpid(), "started_at": 5.0, "restarts": 2,
                "pid_start": proc.start_time(os.getpid()), "conmon_pid": 0, "conmon_start": 0}
    document.update(changes)
    runs.write_state(ctx, container_id, document)


def test_a_record_reads_back_as_it_was_written(ctx: Context) -> None:
    record = put(ctx, "a" * 64)
    assert containers.get(ctx, "a" * 64) == record
    document = containers.raw_document(ctx, "web")
    assert document is not None and document["spec"]["env"] == {"A": "1"}
    assert containers.image_users(ctx) == {"ab" * 32: ["a" * 64]}


def test_lookup_by_name_id_and_prefix(ctx: Context) -> None:
    put(ctx, "ab" + "0" * 62, "one")
    put(ctx, "ac" + "0" * 62, "two")
    assert containers.find(ctx, "one") == containers.find(ctx, "ab") == "ab" + "0" * 62
    with pytest.raises(Ambiguous) as caught:
        containers.find(ctx, "a")
    assert len(caught.value.candidates) == 2
    for wrong in ("", "nobody", "ad", "../one", "one/../one"):
        with pytest.raises(NotFound):
            containers.find(ctx, wrong)


def test_a_name_belongs_to_one_container(ctx: Context) -> None:
    put(ctx, "a" * 64)
    with pytest.raises(Conflict, match="aaaaaaaaaaaa"):
        containers.reserve_name(ctx, "web", "b" * 64)
    names.release(ctx, "containers", "web", "b" * 64)
    assert names.owner(ctx, "containers", "web") == "a" * 64
    names.transfer(ctx, "containers", "web", "b" * 64)
    assert names.owner(ctx, "containers", "web") == "b" * 64


@pytest.mark.parametrize("name", ["", "-a", ".a", "a/b", "a b", "a\n", "ä", "a" * 254, ".."])
def test_names_that_break_the_rule(ctx: Context, name: str) -> None:
    with pytest.raises(InvalidInput):
        names.check_name("container", name)
    assert names.owner(ctx, "containers", name) is None


def test_the_state_follows_the_kernel_and_not_the_document(ctx: Context) -> None:
    put(ctx, "a" * 64)
    assert runs.state(ctx, "a" * 64).status == "created"
    running(ctx, "a" * 64)
    now = runs.state(ctx, "a" * 64)
    assert (now.status, now.pid, now.restarts, now.running) == ("running", os.getpid(), 2, True)
    running(ctx, "a" * 64, pid_start=1)
    assert runs.state(ctx, "a" * 64)[:3] == ("exited", 0, runs.UNKNOWN_EXIT)
    with open(runs.exit_file(ctx, "a" * 64), "w", encoding="ascii") as stream:
        stream.write("7")
    assert runs.state(ctx, "a" * 64).exit_code == 7


def test_a_run_of_another_boot_is_over(ctx: Context) -> None:
    put(ctx, "a" * 64)
    running(ctx, "a" * 64, boot="another")
    assert runs.state(ctx, "a" * 64).status == "exited"


def test_a_start_that_was_killed_is_no_run(ctx: Context) -> None:
    put(ctx, "a" * 64)
    running(ctx, "a" * 64, phase="starting")
    assert runs.state(ctx, "a" * 64).status == "created"


def test_a_frozen_container_is_paused(ctx: Context, tmp_path: object) -> None:
    put(ctx, "a" * 64)
    path = "%s/freezer.state" % tmp_path
    for content, status in (("FROZEN\n", "paused"), ("THAWED\n", "running"), ("1\n", "paused"), ("0\n", "running")):
        with open(path, "w", encoding="ascii") as stream:
            stream.write(content)
        running(ctx, "a" * 64, frozen=path)
        assert runs.state(ctx, "a" * 64).status == status


def test_the_lock_of_a_container_that_is_gone_leaves_no_file(ctx: Context) -> None:
    with pytest.raises(NotFound), containers.held(ctx, "a" * 64):
        pass
    assert os.listdir(ctx.path("locks")) == []


def test_volumes_and_their_users(ctx: Context) -> None:
    assert volumes.create(ctx, VolumeSpec("data", labels={"a": "b"})) is not None
    assert volumes.create(ctx, VolumeSpec("data")) is None
    put(ctx, "a" * 64)
    volumes.add_user(ctx, "data", "a" * 64)
    volumes.add_user(ctx, "data", "b" * 64)
    assert volumes.users(ctx, "data") == ["a" * 64], "a mark of a container that is gone does not count"
    with pytest.raises(InUse, match="aaaaaaaaaaaa"):
        volumes.remove(ctx, "data")
    volumes.drop_user(ctx, "data", "a" * 64)
    volumes.remove(ctx, "data")
    assert volumes.all_volumes(ctx) == [] and not os.path.exists(volumes.directory(ctx, "data"))
    with pytest.raises(NotFound):
        volumes.get(ctx, "data")


def test_a_secret_keeps_its_id_and_changes_its_version(ctx: Context) -> None:
    first = secrets.put(ctx, "key", b"one")
    with pytest.raises(Conflict):
        secrets.put(ctx, "key", b"two")
    second = secrets.put(ctx, "key", b"two", replace=True)
    assert first.id == second.id and first.version != second.version
    assert secrets.has_value(ctx, second, b"two") and not secrets.has_value(ctx, second, b"one")
    data = [name for name in os.listdir(ctx.path("secrets", first.id)) if name != "secret.json"]
    assert len(data) == 1 and os.stat(ctx.path("secrets", first.id, data[0])).st_mode & 0o777 == 0o600
    assert secrets.lookup(ctx, first.id[:6]).name == "key"
    assert secrets.remove(ctx, "key") == first.id
    assert secrets.all_secrets(ctx) == [] and not os.path.exists(ctx.path("secrets", first.id))


@pytest.mark.parametrize("value", [b"", b"x" * (secrets.MAX_SIZE + 1)])
def test_secrets_of_a_wrong_size(ctx: Context, value: bytes) -> None:
    with pytest.raises(InvalidInput):
        secrets.put(ctx, "key", value)
    assert secrets.all_secrets(ctx) == []


def test_reading_500_records_takes_little(ctx: Context) -> None:
    for number in range(500):
        put(ctx, "%064x" % number, "c%d" % number)
    begun = time.process_time()
    assert len(list(containers.all_raw(ctx))) == 500
    assert time.process_time() - begun < 2.0
