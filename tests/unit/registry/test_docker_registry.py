# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client against Debian's docker-registry, with and without TLS and a password, and against skopeo."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
from typing import Any, Iterator

import pytest
import tomli
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    InvalidInput,
    NotFound,
    RegistryError,
    Unauthorized,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import (
    manifest,
    reference,
    registriesconf,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry import auth, transfer
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.auth import Credentials
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.client import Client
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry.transfer import Access

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("docker-registry") or not shutil.which("skopeo"),
                                reason="needs docker-registry and skopeo")
pytest.importorskip("requests")

ME = Credentials(registry.USER, registry.PASSWORD)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("layout"))
    image_layout.busybox_image(path, "1")
    return path


@pytest.fixture(scope="module")
def opened(layout: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry.running(str(tmp_path_factory.mktemp("open"))) as address:
        registry.push(layout, "1", address + "/team/web:1")
        yield address


@pytest.fixture(scope="module")
def closed(layout: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An address with TLS and a password, and a directory that is its certs.d."""
    directory = tmp_path_factory.mktemp("closed")
    with registry.running(str(directory), secure=True) as address:
        registry.push(layout, "1", address + "/team/web:1", secure=True)
        certificates = directory / "certs"
        certificates.mkdir()
        shutil.copy(directory / "ca.crt", certificates)
        yield address, str(certificates)


@pytest.fixture()
def ctx(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(auth, "default_file", lambda ctx: str(tmp_path / "auth.json"))
    return Context(home=str(tmp_path))


def conf(text: str = "") -> registriesconf.RegistriesConf:
    return registriesconf.load([("test.conf", text.encode())], tomli.loads)


def skopeo(*arguments: str) -> Any:
    done = subprocess.run(["skopeo", *arguments], check=True, stdout=subprocess.PIPE)
    return done.stdout


def copy(talk: Client, source: str, target: str) -> None:
    """Everything of team/web:1 once more, under another name."""
    data, kind, _digest = talk.manifest(source, "1")
    known = manifest.parse_manifest(data, kind)
    assert isinstance(known, manifest.Manifest)
    for row in (known.config, *known.layers):
        parts: list[bytes] = []
        talk.blob(source, row, parts.append)
        text = b"".join(parts)
        assert not talk.has_blob(target, row.digest)
        talk.upload(target, row.digest, row.size, lambda text=text: iter([text[:100], text[100:]]))
        assert talk.has_blob(target, row.digest)
    talk.put_manifest(target, "1", data, kind)


def test_skopeo_and_we_see_the_same(ctx: Context, opened: str) -> None:
    source = transfer.resolve(ctx, conf(), reference.parse(opened + "/team/web:1"), Access(tls_verify=False))
    assert source.data == skopeo("inspect", "--raw", "--tls-verify=false", "docker://%s/team/web:1" % opened)
    told = json.loads(skopeo("inspect", "--tls-verify=false", "docker://%s/team/web:1" % opened))
    assert told["Digest"] == "sha256:" + source.digest
    known = manifest.parse_manifest(source.data, source.media_type)
    assert isinstance(known, manifest.Manifest) and told["Layers"] == ["sha256:" + row.digest for row in known.layers]
    name = reference.parse(opened + "/team/web:1")
    assert transfer.remote_digest(ctx, conf(), name, Access(tls_verify=False)) == source.digest


def test_what_we_push_skopeo_can_copy(ctx: Context, opened: str, tmp_path: pathlib.Path) -> None:
    talk = transfer.client_for(ctx, conf(), reference.parse(opened + "/x"), Access(tls_verify=False))
    copy(talk, "team/web", "ours/web")
    skopeo("copy", "-q", "--src-tls-verify=false", "docker://%s/ours/web:1" % opened, "dir:%s/copy" % tmp_path)
    assert (tmp_path / "copy" / "manifest.json").read_bytes() == talk.manifest("ours/web", "1")[0]
    assert talk.tags("ours/web") == ["1"] and "ours/web" in talk.catalog()


def test_tls_needs_a_ca_and_a_password(ctx: Context, closed: tuple[str, str]) -> None:
    address, certificates = closed
    name = reference.parse(address + "/team/web:1")
    with pytest.raises(RegistryError, match="is not trusted: self.signed certificate"):
        transfer.resolve(ctx, conf(), name, Access(credentials=ME))
    with pytest.raises(Unauthorized):
        transfer.resolve(ctx, conf(), name, Access(cert_dir=certificates))
    with pytest.raises(Unauthorized):
        transfer.resolve(ctx, conf(), name, Access(cert_dir=certificates, credentials=Credentials("x", "y")))
    source = transfer.resolve(ctx, conf(), name, Access(cert_dir=certificates, credentials=ME))
    assert transfer.resolve(ctx, conf(), name, Access(tls_verify=False, credentials=ME)).digest == source.digest
    copy(source.client, "team/web", "ours/web")


def test_a_kept_password_is_found(ctx: Context, closed: tuple[str, str], tmp_path: pathlib.Path) -> None:
    address, certificates = closed
    auth.store(ctx, address, ME)
    name = reference.parse(address + "/team/web:1")
    assert transfer.resolve(ctx, conf(), name, Access(cert_dir=certificates)).repository == "team/web"
    # What skopeo's login writes is found too.
    file = str(tmp_path / "skopeo.json")
    skopeo("login", "--authfile", file, "--cert-dir", certificates, "-u", ME.username, "-p", ME.password, address)
    assert auth.find(ctx, address + "/team/web", authfile=file) == ME
    # And skopeo finds ours.
    skopeo("inspect", "--authfile", str(tmp_path / "auth.json"), "--cert-dir", certificates, "docker://" + str(name))


def test_the_systems_cas_stay_trusted_beside_a_registrys_own(ctx: Context, closed: tuple[str, str],
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry import session

    address, certificates = closed
    monkeypatch.setattr(session, "BUNDLES", (certificates + "/ca.crt",))
    name = reference.parse(address + "/team/web:1")
    assert transfer.resolve(ctx, conf(), name, Access(credentials=ME)).repository == "team/web"


@pytest.mark.parametrize(("name", "text"), [("bad.crt", "no certificate"), ("bad.cert", "x")])
def test_damaged_certificates_are_named(ctx: Context, closed: tuple[str, str], tmp_path: pathlib.Path,
                                        name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "bad.key").write_text("x")
    with pytest.raises(InvalidInput, match=r"bad\.(crt|cert)"):
        transfer.resolve(ctx, conf(), reference.parse(closed[0] + "/team/web:1"), Access(cert_dir=str(tmp_path)))


def test_mirrors_come_first_and_all_failures_are_told(ctx: Context, opened: str) -> None:
    text = ('[[registry]]\nlocation = "far.invalid"\n[[registry.mirror]]\nlocation = "127.0.0.1:1"\ninsecure = true\n'
            '[[registry.mirror]]\nlocation = "%s/empty"\ninsecure = true\n'
            '[[registry.mirror]]\nlocation = "%s/team"\ninsecure = true\n' % (opened, opened))
    assert transfer.resolve(ctx, conf(text), reference.parse("far.invalid/web:1"), Access()).repository == "team/web"
    with pytest.raises(RegistryError) as caught:
        transfer.resolve(ctx, conf(text), reference.parse("far.invalid/none:1"), Access())
    for part in ("127.0.0.1:1", opened, "far.invalid"):
        assert part in str(caught.value)


def test_insecure_is_each_mirrors_own(ctx: Context, opened: str) -> None:
    text = '[[registry]]\nlocation = "%s"\ninsecure = true\n' % opened
    assert transfer.resolve(ctx, conf(text), reference.parse(opened + "/team/web:1"), Access()).repository == "team/web"
    with pytest.raises(RegistryError, match="does not speak TLS"):
        transfer.resolve(ctx, conf(text), reference.parse(opened + "/team/web:1"), Access(tls_verify=True))
    with pytest.raises(RegistryError, match="does not speak TLS"):
        transfer.resolve(ctx, conf(), reference.parse(opened + "/team/web:1"), Access())


def test_what_is_not_there_is_not_found(ctx: Context, opened: str, tmp_path: pathlib.Path) -> None:
    access = Access(tls_verify=False)
    with pytest.raises(NotFound):
        transfer.resolve(ctx, conf(), reference.parse(opened + "/team/web:2"), access)
    with pytest.raises(NotFound):
        transfer.remote_digest(ctx, conf(), reference.parse(opened + "/none"), access)
    with pytest.raises(InvalidInput, match="no authfile"):
        transfer.resolve(ctx, conf(), reference.parse(opened + "/x"), Access(authfile=str(tmp_path / "none")))
    with pytest.raises(InvalidInput, match="does not exist"):
        transfer.resolve(ctx, conf(), reference.parse(opened + "/x"), Access(cert_dir=str(tmp_path / "none")))
