# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``system check``: what it finds, what --repair mends, what only --force takes, and what it leaves alone."""

from __future__ import annotations

import json
import os
from typing import Callable

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import TimedOut
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.endpoint import (
    EndpointDocument,
    SetupRequest,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.network import NetworkSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.volume import VolumeSpec
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files, locks
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.network import definitions, endpoints
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import orphans, usernamespace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import (
    blobs,
    collection,
    containers,
    images,
    layers,
    names,
    runs,
    secrets,
    units,
    volumes,
)

from .test_damaged import BAD, GOOD, call, container, image, spoil

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="works as root's engine")
DEAD = 2 ** 22 + 1  # no process has such an ID


@pytest.fixture
def ctx(tmp_path: object) -> Context:
    return make_context(root="%s/root" % tmp_path, runroot="%s/run" % tmp_path, tmpdir="%s/tmp" % tmp_path)


def write(path: str, text: str = "") -> str:
    files.make_directory(os.path.dirname(path))
    return spoil(path, text)


def temporary(ctx: Context) -> str:
    return write(ctx.path("pods", "x.json.%d.5.tmp" % DEAD))


def staging(ctx: Context) -> str:
    return files.make_directory(ctx.path("layers", ".%s.%d" % (BAD, DEAD)))


def orphaned_layer(ctx: Context) -> str:
    return os.path.dirname(write(ctx.path("layers", BAD, "layer.json"), "{}"))


def orphaned_blob(ctx: Context) -> str:
    return ctx.path("blobs", "sha256", blobs.put(ctx, b"{}"))


def image_name(ctx: Context) -> str:
    with images.lock(ctx):
        images.set_name(ctx, "localhost/gone:latest", BAD)
    return ctx.path("images", "names", names.quoted("localhost/gone:latest"))


def name_claim(ctx: Context) -> str:
    names.claim(ctx, "containers", "gone", BAD)
    return ctx.path("names", "containers", "gone")


def torn_claim(ctx: Context) -> str:
    return write(ctx.path("names", "containers", "torn"), "")


def volume_mark(ctx: Context) -> str:
    volumes.create(ctx, VolumeSpec("data"))
    return write(ctx.path("volumes", "data", "users", BAD))


def half_made_container(ctx: Context) -> str:
    return os.path.dirname(write(ctx.path("containers", BAD, "ctr.log")))


def half_made_volume(ctx: Context) -> str:
    return os.path.dirname(files.make_directory(ctx.path("volumes", "half", "_data")))


def pending_note(ctx: Context) -> str:
    return write(ctx.path("pending", BAD), json.dumps({"verb": "create", "volumes": []}))


def address(ctx: Context) -> str:
    return write(ctx.run("ipam", "podman", "10.88.0.9"), BAD)


def port(ctx: Context) -> str:
    return write(ctx.run("ports", "tcp_0.0.0.0_8080"), "")


def ended_run(ctx: Context) -> str:
    return os.path.dirname(write(ctx.run("containers", BAD, "hosts")))


def exit_document(ctx: Context) -> str:
    container(ctx, "good")
    return write(ctx.path("containers", GOOD, "exit.json"), "[]")


def endpoint(ctx: Context) -> str:
    return write(ctx.run("endpoints", BAD + ".json"), "nonsense")


def default_network(ctx: Context) -> str:
    return write(ctx.path("networks", "podman.json"), "")


def secret_claim(ctx: Context) -> str:
    names.claim(ctx, "secrets", "gone", "5" * 25)
    return ctx.path("names", "secrets", "gone")


def secret_value(ctx: Context) -> str:
    made = secrets.put(ctx, "s", b"x")
    secrets.put(ctx, "s", b"y", replace=True)
    return write(ctx.path("secrets", made.id, "data-0123"), "x")


def half_made_secret(ctx: Context) -> str:
    return files.make_directory(ctx.path("secrets", ".new.%d.5.tmp" % DEAD))


def half_made_volume_aside(ctx: Context) -> str:
    return files.make_directory(ctx.path("volumes", ".new.%d.5.tmp" % DEAD))


def names_of_a_network(ctx: Context) -> str:
    return write(ctx.run("dns.new"), "x")


def names_of_a_network_half_written(ctx: Context) -> str:
    return write(ctx.run("dns.new.%d.5.tmp" % DEAD), "x")


def archive(ctx: Context) -> str:
    return write(os.path.join(ctx.tmpdir, "pycontainer-load-x.%d.5.tmp" % DEAD), "x")


def probe_s_bundle(ctx: Context) -> str:
    return os.path.dirname(write(ctx.run("probex.%d.5.tmp" % DEAD, "config.json"), "x"))


def root_in_tmp(ctx: Context) -> str:
    return usernamespace.reachable_directory(ctx, BAD)


LEFT = [temporary, staging, orphaned_layer, orphaned_blob, image_name, name_claim, torn_claim, volume_mark,
        half_made_container, half_made_volume, pending_note, address, port, ended_run, exit_document, endpoint,
        default_network, secret_claim, secret_value, half_made_secret, half_made_volume_aside, names_of_a_network,
        names_of_a_network_half_written, archive, probe_s_bundle, root_in_tmp]


@pytest.mark.parametrize("make", LEFT)
def test_what_is_left_over_is_found_and_removed(ctx: Context, make: Callable[[Context], str]) -> None:
    assert call(ctx, "system", "check") == (0, "", "")
    path = make(ctx)
    found = call(ctx, "system", "check", "--quick")
    assert found.code == 1 and path in found.out and "--repair: " in found.out and not found.err
    assert os.path.lexists(path), "looking changes nothing"
    done = call(ctx, "system", "check", "--quick", "--repair")
    assert done.code == 0 and path in done.out and "not repaired" not in done.out
    assert not os.path.lexists(path)
    assert call(ctx, "system", "check", "--quick") == (0, "", "")


def test_repairing_removes_locks_of_what_is_gone_unless_they_are_held(ctx: Context) -> None:
    for name in ("gone", "held"):
        write(ctx.path("locks", "volume-" + name), "")
    with locks.locked(ctx.path("locks", "volume-held")):
        assert call(ctx, "system", "check", "--quick", "--repair").code == 0
        assert "volume-held" in os.listdir(ctx.path("locks"))
        assert "volume-gone" not in os.listdir(ctx.path("locks"))


def test_a_temporary_file_of_another_pid_namespace_is_left_while_it_is_used(ctx: Context) -> None:
    os.makedirs(ctx.tmpdir, exist_ok=True)
    path = write(os.path.join(ctx.tmpdir, "pycontainer-push-x.%d.5.tmp" % DEAD), "x")
    with locks.held(path):
        assert call(ctx, "system", "check", "--quick", "--repair") == (0, "", "")
        assert os.path.exists(path)
    assert path in call(ctx, "system", "check", "--quick", "--repair").out
    assert not os.path.exists(path)


def test_an_image_s_document_is_written_anew_by_its_configuration(ctx: Context) -> None:
    before = image(ctx, "bad", "1" * 64, "2" * 64)
    spoil(ctx.path("images", before.id, "image.json"))
    assert call(ctx, "system", "check", "--quick", "--repair").code == 0
    (after,) = images.all(ctx)
    assert after.manifest_digest == before.manifest_digest
    assert after.digests == ("localhost/bad@" + before.manifest_digest,)
    assert (after.id, after.names, after.layers, after.created) == (
        before.id, before.names, before.layers, "2026-01-02T03:04:05Z")


def test_an_image_whose_manifest_is_lost_too_is_not_written_anew(ctx: Context) -> None:
    record = image(ctx, "bad", "1" * 64)
    spoil(ctx.path("images", record.id, "image.json"))
    blobs.remove(ctx, record.manifest_digest[7:])
    assert "--repair --force: removes the image" in call(ctx, "system", "check", "--quick").out
    assert call(ctx, "system", "check", "--quick", "--repair", "--force").code == 0 and images.ids(ctx) == []


def test_what_a_repair_leaves_without_an_owner_is_repaired_as_well(ctx: Context) -> None:
    record = image(ctx, "bad", "1" * 64)
    os.unlink(ctx.path("images", record.id, "image.json"))
    assert call(ctx, "system", "check", "--repair").code == 0
    assert call(ctx, "system", "check") == (0, "", "")
    assert images.every_name(ctx) == {} and layers.all_ids(ctx) == []


DAMAGED = {
    "container": lambda ctx: spoil(container(ctx, "bad")),
    "volume": lambda ctx: (volumes.create(ctx, VolumeSpec("v")), spoil(volumes.directory(ctx, "v", "volume.json")))[1],
    "secret": lambda ctx: spoil(ctx.path("secrets", secrets.put(ctx, "s", b"x").id, "secret.json")),
    "network": lambda ctx: (definitions.write_new(ctx, "e" * 64, NetworkSpec("n")),
                            spoil(ctx.path("networks", "n.json")))[1],
    "unit": lambda ctx: (units.write(ctx, "u", units.Definition("container", "x")),
                         spoil(ctx.path("units", "u.json")))[1],
    "lost container": lambda ctx: write(ctx.path("containers", BAD, "upper", "file"), "data"),
    "lost volume": lambda ctx: write(ctx.path("volumes", "lost", "_data", "file"), "data"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_a_user_s_goes_by_force_only(ctx: Context, kind: str) -> None:
    path = DAMAGED[kind](ctx)
    found = call(ctx, "system", "check")
    assert found.code == 1 and "--repair --force: " in found.out
    kept = call(ctx, "system", "check", "--repair")
    assert kept.code == 1 and "not repaired: by --force only" in kept.out and os.path.exists(path)
    done = call(ctx, "system", "check", "--repair", "--force")
    assert done.code == 0 and not os.path.lexists(path)
    assert call(ctx, "system", "check").code == 0


def test_a_container_that_lost_its_name_gets_it_back(ctx: Context) -> None:
    container(ctx, "good")
    os.unlink(ctx.path("names", "containers", "good"))
    assert "lost name: good" in call(ctx, "system", "check").out
    assert call(ctx, "system", "check", "--repair").code == 0
    assert containers.find(ctx, "good") == GOOD


def test_what_was_removed_while_it_was_looked_at_is_no_finding(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    container(ctx, "good")
    documents = list(containers.all_raw(ctx))
    assert call(ctx, "rm", "-f", "good").code == 0
    monkeypatch.setattr(containers, "all_raw", lambda _ctx: documents)
    monkeypatch.setattr(orphans.glob, "glob", lambda path: [ctx.path("volumes", "gone")] if path.endswith("/volumes/*")
                        else [])
    assert call(ctx, "system", "check") == (0, "", "")
    assert names.every(ctx, "containers") == [] and os.listdir(ctx.path("locks")) == ["images", "network"]


def test_an_image_that_is_removed_while_it_is_looked_at_is_not_damaged(
        ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    image(ctx, "good", "1" * 64)
    rows = images.all(ctx)
    assert call(ctx, "rmi", "good").code == 0
    monkeypatch.setattr(images, "all", lambda _ctx: rows)
    assert call(ctx, "system", "check") == (0, "", "")


def test_a_changed_blob_is_found_and_a_pull_is_what_mends_it(ctx: Context) -> None:
    record = image(ctx, "bad", "1" * 64)
    spoil(ctx.path("blobs", "sha256", record.id))
    done = call(ctx, "system", "check", "--quick", "--repair", "--force")
    assert done.code == 1 and "Pull the image again" in done.out
    assert os.path.exists(ctx.path("images", record.id, "image.json"))


def test_what_is_just_being_made_is_left_alone(ctx: Context) -> None:
    held = os.path.dirname(write(ctx.path("containers", BAD, "ctr.log")))
    write(ctx.path("pending", BAD), json.dumps({"verb": "create"}))
    names.claim(ctx, "containers", "new", BAD)
    layer = orphaned_layer(ctx)
    write(ctx.path("pods", "x.json.%d.5.tmp" % os.getpid()))
    with containers.lock(ctx, BAD), collection.pinned(ctx, [BAD]):
        done = call(ctx, "system", "check", "--quick", "--repair", "--force")
        assert done == (0, "", "")
        assert os.path.exists(held) and os.path.exists(layer) and names.owner(ctx, "containers", "new") == BAD
    again = call(ctx, "system", "check", "--quick", "--repair")
    assert again.code == 0 and not os.path.exists(held) and not os.path.exists(layer)


def test_what_runs_is_left_alone(ctx: Context) -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import proc

    own = proc.start_time(os.getpid())
    files.make_directory(containers.directory(ctx, GOOD))
    containers.reserve_name(ctx, "good", GOOD)
    containers.write(ctx, containers.Record(GOOD, "good", 1.0, ContainerSpec(image="x", name="good")))
    files.make_directory(containers.run_directory(ctx, GOOD))
    runs.write_state(ctx, GOOD, {
        "phase": "running", "boot": proc.boot_id(), "pid": os.getpid(), "pid_start": own, "conmon_pid": 0,
        "conmon_start": 0, "started_at": 5.0, "restarts": 0})
    endpoints.write(ctx, EndpointDocument(SetupRequest(GOOD, "good", "/none", (NetworkUse("private"),))))
    write(ctx.run("ports", "tcp_0.0.0.0_8080"), GOOD)
    write(ctx.run("ipam", "podman", "10.88.0.9"), GOOD)
    assert call(ctx, "system", "check", "--repair", "--force") == (0, "", "")


def test_flags_that_make_no_sense_are_refused(ctx: Context) -> None:
    assert call(ctx, "system", "check", "--force").code == 125
    assert "--max" in call(ctx, "system", "check", "--max", "5h").err
    assert layers.all_ids(ctx) == []


def test_a_wait_in_vain_while_something_is_idle_is_told_as_it_is(ctx: Context) -> None:
    with pytest.raises(TimedOut, match="a layer"), orphans._idle(ctx, "a" * 64) as idle:
        assert idle
        with orphans._idle(ctx, "a" * 64) as again:
            assert not again
        raise TimedOut("Waited for a layer")
