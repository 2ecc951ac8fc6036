# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pushing without sending twice, with full disks, and images of other platforms, on a real registry; needs root."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.frozen import replace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.client import Client
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402
import tars  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("docker-registry") or not shutil.which("skopeo"),
    reason="needs root, docker-registry and skopeo")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    directory = tmp_path_factory.mktemp("push")
    data = image_layout.layer([image_layout.entry("f", os.urandom(3 << 20))])
    image_layout.write_layout(str(directory / "layout"), [data], {}, "1")
    with registry.running(str(directory / "registry")) as place:
        registry.push(str(directory / "layout"), "1", place + "/first:1")
        yield place


@pytest.fixture()
def ctx(tmp_path):
    (tmp_path / "registries.conf").write_text("")
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                        registries_conf=str(tmp_path / "registries.conf"))


def test_a_layer_that_the_registry_has_elsewhere_is_not_sent(ctx, address, monkeypatch) -> None:
    sent, upload = [], Client.upload
    monkeypatch.setattr(Client, "upload", lambda self, repository, digest, size, chunks: (
        sent.append(size), upload(self, repository, digest, size, chunks))[1])
    first = images.pull(ctx, address + "/first:1", tls_verify=False).image
    digest = images.push(ctx, address + "/first:1", address + "/deep/second:1", tls_verify=False)
    assert all(size < 10000 for size in sent), "a configuration is all that has to be sent"
    assert digest == first.manifest_digest
    subprocess.run(["skopeo", "inspect", "--tls-verify=false", "docker://%s/deep/second:1" % address], check=True,
                   capture_output=True)


def test_a_registry_that_does_not_mount_gets_the_layer(ctx, address, monkeypatch) -> None:
    images.pull(ctx, address + "/first:1", tls_verify=False)
    monkeypatch.setattr(Client, "mount", lambda *_arguments: False)
    images.push(ctx, address + "/first:1", address + "/third:1", tls_verify=False)
    subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "docker://%s/third:1" % address,
                    "dir:" + ctx.path("copy")], check=True, capture_output=True)


def test_what_is_mounted_must_be_there(address) -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.session import Options

    assert not Client(address, Options(False)).mount("fourth", "ab" * 32, "first")


@pytest.mark.parametrize("what", ["tmpdir", "store"])
def test_a_full_disk_is_told_with_the_directory(ctx, address, tmp_path, what: str) -> None:
    if what == "tmpdir":
        images.pull(ctx, address + "/first:1", tls_verify=False)
        for record in images.all(ctx):
            images.save(ctx, [record.id], str(tmp_path / "plain.tar"))
        images.remove(ctx, address + "/first:1")
        images.load(ctx, str(tmp_path / "plain.tar"))
    small = str(tmp_path / "small")
    os.mkdir(small)

    def work() -> str:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=True)
        with pytest.raises(EngineError) as caught:
            if what == "tmpdir":
                record = images.all(ctx)[0]
                images.push(replace(ctx, tmpdir=small), record.id, address + "/fifth:1", tls_verify=False)
            else:
                images.pull(replace(ctx, root=small), address + "/first:1", tls_verify=False)
        assert os.listdir(small) == [] or what == "store"
        return caught.value.message

    message = tars.in_mount_namespace(work)
    assert small in message and "No space left" in message


@pytest.mark.parametrize(("platform", "fits"), [
    ("linux/amd64", True), ("amd64", True), ("x86_64", True), ("linux/arm64", False), ("windows/amd64", False)])
def test_an_image_for_another_platform_than_was_asked_for_is_refused(ctx, address, platform: str, fits: bool) -> None:
    name = address + "/first:1"
    for _turn in range(2):
        for policy in ("always", "missing"):
            if fits:
                assert images.pull(ctx, name, platform=platform, policy=policy, tls_verify=False).image.os == "linux"
                continue
            with pytest.raises(NotFound, match=platform) as caught:
                images.pull(ctx, name, platform=platform, policy=policy, tls_verify=False)
            assert "linux/amd64" in caught.value.hint
        if not fits:
            # The same when it is here already.
            images.pull(ctx, name, tls_verify=False)
