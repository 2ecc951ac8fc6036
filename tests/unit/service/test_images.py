# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images against a real registry, and against skopeo in both directions; needs root."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InvalidInput,
    NotFound,
    Unauthorized,
    VerificationError,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import check, images
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import blobs, layers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402
from tars import make, member  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("docker-registry") or not shutil.which("skopeo"),
    reason="needs root, docker-registry and skopeo")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An open registry with busybox:1 and :2, and their layouts."""
    directory = tmp_path_factory.mktemp("images")
    for version in ("1", "2"):
        image_layout.busybox_image(str(directory / version), version)
    with registry.running(str(directory / "open")) as address:
        for version in ("1", "2"):
            registry.push(str(directory / version), version, "%s/busybox:%s" % (address, version))
        yield address, directory


@pytest.fixture(scope="module")
def closed(place, tmp_path_factory):
    """A registry with TLS and a password, and the directory with its CA's certificate."""
    directory = tmp_path_factory.mktemp("closed")
    with registry.running(str(directory), secure=True) as address:
        address = address.replace("127.0.0.1", "localhost")
        registry.push(str(place[1] / "1"), "1", address + "/busybox:1", secure=True)
        yield address, str(directory)


@pytest.fixture()
def ctx(tmp_path):
    (tmp_path / "registries.conf").write_text("")
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                        registries_conf=str(tmp_path / "registries.conf"))


def configure(ctx, text: str) -> None:
    with open(ctx.registries_conf, "w", encoding="utf-8") as stream:
        stream.write(text)


def test_a_pull_is_whole_and_a_second_one_changes_nothing(ctx, place) -> None:
    name = place[0] + "/busybox:1"
    first = images.pull(ctx, name, tls_verify=False)
    assert first.changed and first.image.names == (name,)
    second = images.pull(ctx, name, tls_verify=False)
    assert not second.changed and second.image == first.image
    shown = images.inspect(ctx, name)
    told = json.loads(subprocess.run(["skopeo", "inspect", "--tls-verify=false", "docker://" + name],
                                     check=True, capture_output=True).stdout)
    assert shown["Digest"] == told["Digest"] and shown["RepoTags"] == [name]
    assert shown["Config"]["Env"] == told["Env"]


@pytest.mark.parametrize(("policy", "there", "changed"), [
    ("missing", True, False), ("missing", False, True), ("newer", True, False), ("always", True, False)])
def test_policies(ctx, place, policy: str, there: bool, changed: bool) -> None:
    name = place[0] + "/busybox:1"
    if there:
        images.pull(ctx, name, tls_verify=False)
    assert images.pull(ctx, name, policy=policy, tls_verify=False).changed is changed


@pytest.mark.parametrize("policy, part", [("missing", "document"), ("newer", "layer"), *(
    ("always", part) for part in ("document", "configuration", "manifest", "layer"))])
@pytest.mark.parametrize("spoilt", ["", "[]", None])
def test_a_pull_mends_what_is_damaged(ctx, place, policy: str, part: str, spoilt) -> None:
    name = place[0] + "/busybox:1"
    whole = images.pull(ctx, name, tls_verify=False).image
    path = {"document": ctx.path("images", whole.id, "image.json"),
            "configuration": ctx.path("blobs", "sha256", whole.id),
            "manifest": ctx.path("blobs", "sha256", whole.manifest_digest[7:]),
            "layer": ctx.path("layers", whole.layers[-1], "layer.json")}[part]
    os.unlink(path)
    if spoilt is None:
        os.mkdir(path)
    else:
        pathlib.Path(path).write_text(spoilt)
    images.pull(ctx, name, policy=policy, tls_verify=False)
    assert images.inspect(ctx, name)["Id"] == whole.id and check.find(ctx) == []


def test_an_image_that_comes_with_another_manifest_leaves_nothing_of_the_first(ctx, tmp_path) -> None:
    path = tmp_path / "root.tar"
    path.write_bytes(make(member("f", b"x")))
    record = images.import_tar(ctx, str(path), "localhost/shop:1")
    images.save(ctx, ["localhost/shop:1"], str(tmp_path / "saved.tar"), format="docker-archive")
    (again,) = images.load(ctx, str(tmp_path / "saved.tar"))
    assert again.id == record.id and again.manifest_digest != record.manifest_digest
    assert sorted(blobs.all_digests(ctx)) == sorted([again.id, again.manifest_digest[7:]]) and check.find(ctx) == []


def test_never_means_never(ctx, place) -> None:
    with pytest.raises(NotFound, match="policy"):
        images.pull(ctx, place[0] + "/busybox:1", policy="never", tls_verify=False)


def test_short_names_go_through_aliases_search_list_and_mirrors(ctx, place) -> None:
    configure(ctx, """
unqualified-search-registries = ["nowhere.example", "docker.io"]
[[registry]]
prefix = "nowhere.example"
blocked = true
[[registry]]
prefix = "docker.io/library"
location = "docker.io/library"
[[registry.mirror]]
location = "%s"
insecure = true
[aliases]
shop = "docker.io/library/busybox"
""" % place[0])
    told = []
    result = images.pull(ctx, "shop:1", progress=lambda what, done, whole: told.append(what))
    assert told[0].startswith('Resolved "shop" as an alias (')
    assert (result.name,) == result.image.names == ("docker.io/library/busybox:1",)
    assert images.lookup(ctx, "shop:1").id == images.lookup(ctx, "busybox:1").id == result.image.id
    with pytest.raises(InvalidInput, match="blocked"):
        images.pull(ctx, "busybox:2")


def test_an_unknown_short_name_names_what_to_write(ctx) -> None:
    with pytest.raises(InvalidInput, match="docker.io/library/busybox"):
        images.pull(ctx, "busybox")


def test_a_missing_image_is_told_by_name(ctx, place) -> None:
    with pytest.raises(NotFound, match="nothing-here"):
        images.pull(ctx, place[0] + "/nothing-here:1", tls_verify=False)
    assert images.all(ctx) == []


def test_tls_and_password(ctx, closed, tmp_path) -> None:
    address, directory = closed
    name, authfile = address + "/busybox:1", str(tmp_path / "auth.json")
    with pytest.raises(EngineError, match="certificate"):
        images.pull(ctx, name)
    with pytest.raises(Unauthorized):
        images.pull(ctx, name, tls_verify=False)
    certificates = tmp_path / "certs"
    certificates.mkdir()
    shutil.copy(directory + "/ca.crt", certificates / "ca.crt")
    with pytest.raises(Unauthorized):
        images.login(ctx, address, registry.USER, "wrong", authfile=authfile, cert_dir=str(certificates))
    assert not os.path.exists(authfile)
    images.login(ctx, address, registry.USER, registry.PASSWORD, authfile=authfile, cert_dir=str(certificates))
    assert os.stat(authfile).st_mode & 0o777 == 0o600
    assert images.pull(ctx, name, authfile=authfile, cert_dir=str(certificates)).changed
    subprocess.run(["skopeo", "inspect", "--authfile", authfile, "--cert-dir", str(certificates), "docker://" + name],
                   check=True, capture_output=True)
    assert images.logout(ctx, address, authfile=authfile) and not images.logout(ctx, address, authfile=authfile)


def test_a_moved_tag_is_found_by_its_digest_only(ctx, place, tmp_path) -> None:
    name = place[0] + "/moving:1"
    registry.push(str(place[1] / "1"), "1", name)
    record = images.pull(ctx, name, tls_verify=False).image
    assert images.remote_digest(ctx, name, tls_verify=False) == (name, record.manifest_digest)
    registry.push(str(place[1] / "2"), "2", name)
    assert images.remote_digest(ctx, name, tls_verify=False)[1] != record.manifest_digest
    moved = images.pull(ctx, name, policy="newer", tls_verify=False)
    assert moved.changed and moved.image.id != record.id and images.lookup(ctx, record.id).names == ()


def test_push_gives_the_registry_the_same_image(ctx, place, tmp_path) -> None:
    record = images.pull(ctx, place[0] + "/busybox:1", tls_verify=False).image
    for options, kind in (({}, "oci"), ({"format": "v2s2"}, "docker")):
        target = "%s/pushed-%s:1" % (place[0], kind)
        digest = images.push(ctx, record.id, target, tls_verify=False, **options)
        text = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + target],
                              check=True, capture_output=True).stdout
        manifest = json.loads(text)
        assert kind in manifest["mediaType"] and manifest["config"]["digest"] == "sha256:" + record.id
        assert images.remote_digest(ctx, target, tls_verify=False)[1] == digest
        layout = tmp_path / kind
        subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "docker://" + target, "oci:%s:1" % layout],
                       check=True, capture_output=True)
        subprocess.run(["umoci", "unpack", "--image", "%s:1" % layout, str(tmp_path / ("un" + kind))],
                       check=True, capture_output=True)
        assert (tmp_path / ("un" + kind) / "rootfs/var/www/index.html").read_text() == "version 1\n"


@pytest.mark.parametrize(("format", "transport"), [
    ("docker-archive", "docker-archive:"), ("oci-archive", "oci-archive:"), ("oci-dir", "oci:"),
    ("docker-dir", "dir:")])
def test_what_is_saved_loads_here_and_in_skopeo(ctx, place, tmp_path, format: str, transport: str) -> None:
    record = images.pull(ctx, place[0] + "/busybox:1", tls_verify=False).image
    path = str(tmp_path / "saved")
    images.save(ctx, [record.names[0]], path, format=format)
    told = json.loads(subprocess.run(["skopeo", "inspect", "--config", transport + path], check=True,
                                     capture_output=True).stdout)
    assert ["sha256:" + d for d in record.diff_ids] == told["rootfs"]["diff_ids"]
    other = make_context(root=str(tmp_path / "other"), runroot=str(tmp_path / "other-run"))
    loaded = images.load(other, path)
    assert [row.id for row in loaded] == [record.id]
    assert os.listdir(tmp_path).count("saved") == 1 and not [n for n in os.listdir(tmp_path) if n.startswith(".py")]


@pytest.mark.parametrize("transport", ["docker-archive:%s:docker.io/library/x:1", "oci-archive:%s:x:1", "oci:%s:x:1",
                                       "dir:%s"])
def test_what_skopeo_saves_loads_here(ctx, place, tmp_path, transport: str) -> None:
    path = str(tmp_path / "theirs")
    subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "docker://%s/busybox:1" % place[0], transport % path],
                   check=True, capture_output=True)
    record = images.load(ctx, path)[0]
    assert record.labels == {"version": "1"}
    if "docker-archive" in transport:
        assert record.names == ("docker.io/library/x:1",)


def test_a_podman_save_loads_here_and_ours_there(ctx, place, tmp_path) -> None:
    # podman takes no run root of more than 50 characters.
    run = tempfile.mkdtemp(prefix="pyc-")
    podman = ["podman", "--root", str(tmp_path / "pr"), "--runroot", run, "--storage-driver", "vfs"]
    record = images.pull(ctx, place[0] + "/busybox:1", tls_verify=False).image
    images.tag(ctx, record.id, "mine:1")
    path = str(tmp_path / "ours.tar")
    images.save(ctx, ["mine:1"], path)
    done = subprocess.run(podman + ["load", "-i", path], capture_output=True, text=True, check=False)
    assert "localhost/mine:1" in done.stdout, done.stderr
    subprocess.run(podman + ["save", "-o", str(tmp_path / "theirs.tar"), "localhost/mine:1"], check=True,
                   capture_output=True)
    other = make_context(root=str(tmp_path / "other"), runroot=str(tmp_path / "other-run"))
    assert images.load(other, str(tmp_path / "theirs.tar"))[0].diff_ids == record.diff_ids
    subprocess.run(podman + ["rmi", "-af"], check=True, capture_output=True)
    shutil.rmtree(run)


def test_names_and_removal(ctx, place) -> None:
    record = images.pull(ctx, place[0] + "/busybox:1", tls_verify=False).image
    images.tag(ctx, record.id, "other")
    assert images.remove(ctx, "other") == ["Untagged: localhost/other:latest"]
    with pytest.raises(NotFound, match="has no name"):
        images.untag(ctx, record.id, ["other"])
    assert images.remove(ctx, place[0] + "/busybox:1")[-1] == "Deleted: " + record.id
    assert images.all(ctx) == [] and layers.all_ids(ctx) == []
    assert os.listdir(ctx.path("blobs", "sha256")) == []
    with pytest.raises(NotFound):
        images.remove(ctx, "other")


def test_a_shared_layer_outlives_one_of_its_images(ctx, place) -> None:
    for version in ("1", "2"):
        images.pull(ctx, "%s/busybox:%s" % (place[0], version), tls_verify=False)
    images.remove(ctx, place[0] + "/busybox:1")
    record = images.lookup(ctx, place[0] + "/busybox:2")
    assert sorted(layers.all_ids(ctx)) == sorted(record.layers)


def test_prune_takes_what_has_no_name(ctx, place) -> None:
    record = images.pull(ctx, place[0] + "/busybox:1", tls_verify=False).image
    assert images.prune(ctx) == []
    images.untag(ctx, record.id)
    assert images.prune(ctx) == [record.id]


def test_eight_clients_pull_at_once(ctx, place) -> None:
    name, results = place[0] + "/busybox:1", []

    def client() -> None:
        results.append(images.pull(ctx, name, tls_verify=False).image.id)

    threads = [threading.Thread(target=client) for _client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and len(set(results)) == 1
    assert sorted(layers.all_ids(ctx)) == sorted(images.lookup(ctx, name).layers)
    assert os.listdir(ctx.path("images", "pins")) == []


def test_import_makes_the_same_image_of_the_same_tar(ctx, tmp_path) -> None:
    path = tmp_path / "root.tar"
    path.write_bytes(image_layout.busybox_layer())
    changes = ['CMD ["sh"]', "ENV A=1 B='two words'", "EXPOSE 80", "LABEL x=y", "USER web", "WORKDIR /home",
               "VOLUME /data", "STOPSIGNAL QUIT", 'ENTRYPOINT ["/bin/sh"]']
    first = images.import_tar(ctx, str(path), "mine", changes=changes)
    assert images.import_tar(ctx, str(path), "mine", changes=changes).id == first.id
    config = images.inspect(ctx, "mine")["Config"]
    assert config["Env"] == ["A=1", "B=two words"] and config["Volumes"] == {"/data": {}} and config["User"] == "web"
    for wrong in ("RUN x", "EXPOSE none", "CMD [1]", "ENV"):
        with pytest.raises(InvalidInput):
            images.import_tar(ctx, str(path), "mine", changes=[wrong])


def damaged(place, tmp_path, change) -> str:
    """A copy of the OCI layout with something wrong."""
    path = str(tmp_path / "damaged")
    shutil.copytree(str(place[1] / "1"), path)
    change(path)
    return path


def _edit(path: str, name: str, change) -> None:
    with open(os.path.join(path, name), encoding="utf-8") as stream:
        document = json.load(stream)
    change(document)
    with open(os.path.join(path, name), "w", encoding="utf-8") as stream:
        json.dump(document, stream)


def _flip(path: str, position: int) -> None:
    """Change a byte of the largest blob."""
    folder = os.path.join(path, "blobs", "sha256")
    name = max(os.listdir(folder), key=lambda n: os.path.getsize(os.path.join(folder, n)))
    with open(os.path.join(folder, name), "r+b") as stream:
        stream.seek(position)
        byte = stream.read(1)
        stream.seek(position)
        stream.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("change", [
    lambda path: _flip(path, 5000),
    lambda path: _edit(path, "index.json", lambda d: d.update(layers=[])),
    lambda path: _edit(path, "index.json", lambda d: d.update(schemaVersion=1)),
    lambda path: _edit(path, "index.json", lambda d: d["manifests"][0].update(digest="sha256:../../etc/passwd")),
    lambda path: _edit(path, "index.json", lambda d: d["manifests"][0].update(size=1)),
    lambda path: _edit(path, "index.json", lambda d: d["manifests"][0].update(size=None)),
    lambda path: _edit(path, "index.json", lambda d: d.update(manifests=[])),
    lambda path: _edit(path, "oci-layout", lambda d: d.update(imageLayoutVersion="9")),
    lambda path: (os.unlink(path + "/index.json"), os.symlink("/etc/hostname", path + "/index.json")),
    lambda path: (os.unlink(path + "/index.json"), os.mkfifo(path + "/index.json")),
])
def test_a_damaged_layout_is_refused_and_leaves_nothing(ctx, place, tmp_path, change) -> None:
    with pytest.raises((InvalidInput, VerificationError)):
        images.load(ctx, damaged(place, tmp_path, change))
    assert images.all(ctx) == []
