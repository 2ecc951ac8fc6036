# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers in a user namespace: owners that are mapped, overlay's marks without trusted attributes, no devices."""

from __future__ import annotations

import os
import pathlib
import stat
import sys
import tarfile

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.idmap import Row
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers, owners

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from tars import digest, in_user_namespace, make, member  # noqa: E402

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root, to map IDs")

LOWER = make(member("d", kind=tarfile.DIRTYPE, mode=0o755), member("d/low", b"1"), member("gone", b"2"),
             member("null", b"regular"), member("own", b"3", uid=33), member("secret", kind=tarfile.DIRTYPE, mode=0))
UPPER = make(member("d", kind=tarfile.DIRTYPE, mode=0o755), member("d/.wh..wh..opq"), member("d/high", b"4"),
             member(".wh.gone"), member("null", kind=tarfile.CHRTYPE, device=(1, 3), mode=0o666),
             member("null2", kind=tarfile.LNKTYPE, link="null"),
             member("disk", kind=tarfile.BLKTYPE, device=(8, 0), mode=0o660, uid=7),
             member("tool", b"x", mode=0o4755, uid=12, pax={"SCHILY.xattr.user.overlay.opaque": "y"}))


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def extract(ctx, data: bytes, parent=None) -> layers.Layer:
    with layers.held(ctx, layers.chain_id(parent, digest(data))):
        return layers.extract(ctx, lambda write: write(data), digest(data), parent)


def image(ctx) -> list[str]:
    lower = extract(ctx, LOWER)
    return [lower.chain_id, extract(ctx, UPPER, lower.chain_id).chain_id]


@needs_root
def test_an_image_is_extracted_mounted_written_to_and_removed(ctx) -> None:
    def work() -> str:
        chains = image(ctx)
        root = layers.rootfs(ctx, "c" * 64, chains)
        assert sorted(os.listdir(root)) == ["d", "disk", "null", "null2", "own", "secret", "tool"]
        assert os.listdir(root + "/d") == ["high"]
        assert os.stat(root + "/own").st_uid == 33
        status = os.stat(root + "/tool")
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (12, 0o4755)
        null = os.stat(root + "/null")
        assert (stat.S_ISREG(null.st_mode), stat.S_IMODE(null.st_mode), null.st_size) == (True, 0o666, 0)
        assert os.stat(root + "/null2").st_ino == null.st_ino and os.stat(root + "/disk").st_uid == 7
        # Removing a directory of the image and making it anew needs an opaque mark of overlay's own.
        os.unlink(root + "/d/high")
        os.rmdir(root + "/d")
        os.mkdir(root + "/d")
        assert os.listdir(root + "/d") == []
        layers.rootfs_unmount(ctx, "c" * 64)
        root = layers.rootfs(ctx, "c" * 64, chains)
        assert os.listdir(root + "/d") == []
        layers.rootfs_unmount(ctx, "c" * 64)
        target = ctx.run("seen")
        os.mkdir(target)
        layers.image_mount(ctx, chains[:1], target)
        assert sorted(os.listdir(target + "/d")) == ["low"]
        # What it is pushed as has its devices.
        assert b"".join(layers.tar(ctx, chains[1])) == UPPER
        return chains[1]

    upper = in_user_namespace(work)
    assert os.stat(ctx.path("layers", upper, "diff", "tool")).st_uid == 100012
    assert in_user_namespace(lambda: [layers.remove(ctx, one) for one in layers.all_ids(ctx)]) == "[None, None]"
    assert os.listdir(ctx.path("layers")) == []


@needs_root
def test_with_one_id_all_files_are_its_own(ctx) -> None:
    def work() -> str:
        root = layers.rootfs(ctx, "c" * 64, image(ctx))
        return str([(os.stat(root + "/" + name).st_uid, os.stat(root + "/" + name).st_gid) for name in ("own", "tool")])

    assert in_user_namespace(work, "0 0 1\n") == "[(0, 0), (0, 0)]"


@needs_root
def test_an_owner_that_is_not_mapped_is_named_with_the_remedy(ctx) -> None:
    def work() -> str:
        with pytest.raises(InvalidInput) as caught:
            extract(ctx, LOWER)
        return "%s|%s|%s" % (caught.value.message, caught.value.hint, os.listdir(ctx.path("layers")))

    message, hint, left = in_user_namespace(work, "0 0 1\n1 100001 20\n").split("|")
    assert "own belongs to the user 33, and only 21 user IDs" in message
    assert "/etc/subuid" in hint and "system migrate" in hint and left == "[]"


@pytest.mark.parametrize("mapping, number, result", [
    (owners.INITIAL, 2 ** 32 - 2, 2 ** 32 - 2),
    ((Row(0, 1000, 1),), 33, 0),
    ((Row(0, 1000, 1), Row(1, 100000, 10)), 10, 10),
    ((Row(0, 1000, 1), Row(1, 100000, 10)), 11, None),
])
def test_which_owner_a_file_gets(mapping, number: int, result) -> None:
    who = owners.Owners(mapping, mapping)
    if result is None:
        with pytest.raises(InvalidInput, match="user %d" % number):
            who.of(number, 0, "f")
    else:
        assert who.of(number, number, "f") == (result, result)
