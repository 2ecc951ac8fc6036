# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pull that is killed leaves nothing that the next one does not mend; names that were remembered; needs root."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import sys
import time

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InUse
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import layers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import image_layout  # noqa: E402
import registry  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("docker-registry") or not shutil.which("skopeo"),
    reason="needs root, docker-registry and skopeo")

CONF = """
[[registry]]
location = "%s"
insecure = true
[aliases]
shop = "%s/big"
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A registry with an image of a small layer and one of 60 MB."""
    directory = tmp_path_factory.mktemp("killed")
    rows = [image_layout.layer([image_layout.entry("small", b"x")]),
            image_layout.layer([image_layout.entry("big%d" % n, os.urandom(1 << 20)) for n in range(60)])]
    image_layout.write_layout(str(directory / "layout"), rows, {}, "1")
    with registry.running(str(directory / "registry")) as place:
        registry.push(str(directory / "layout"), "1", place + "/big:1")
        yield place


@pytest.fixture()
def ctx(address, tmp_path):
    (tmp_path / "registries.conf").write_text(CONF % (address, address))
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"),
                        registries_conf=str(tmp_path / "registries.conf"))


def _pull_and_die(ctx, name: str) -> None:
    """Pull in a child that is killed once the small layer is there and the large one has begun."""
    pid = os.fork()
    if pid == 0:
        try:
            images.pull(ctx, name)
        finally:
            os._exit(0)
    folder = ctx.path("layers")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        there = os.listdir(folder) if os.path.isdir(folder) else []
        if any(not n.startswith(".") for n in there) and any(n.startswith(".") for n in there):
            break
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_killed_pull_is_mended_and_goes_on_where_it_was(ctx, address) -> None:
    name, seen = address + "/big:1", []
    _pull_and_die(ctx, name)
    assert images.all(ctx) == []
    finished = {n for n in os.listdir(ctx.path("layers")) if not n.startswith(".")}
    stamps = {n: os.stat(ctx.path("layers", n)).st_ino for n in finished}
    assert len(finished) == 1
    record = images.pull(ctx, name, progress=lambda text, done, size: seen.append(text)).image
    assert set(os.listdir(ctx.path("layers"))) == set(record.layers) and finished < set(record.layers)
    assert all(os.stat(ctx.path("layers", n)).st_ino == inode for n, inode in stamps.items())
    assert os.listdir(ctx.path("images", "pins")) == []


def test_an_alias_takes_only_its_name_away(ctx, address) -> None:
    record = images.pull(ctx, "shop:1").image
    images.tag(ctx, record.id, "mine")
    assert images.remove(ctx, "shop:1") == ["Untagged: %s/big:1" % address]
    images.tag(ctx, record.id, address + "/big:1")
    with pytest.raises(InUse, match="several names"):
        images.remove(ctx, record.digests[0])
    assert len(images.lookup(ctx, record.id).names) == 2
    assert images.remove(ctx, record.digests[0], force=True)[-1] == "Deleted: " + record.id
    assert layers.all_ids(ctx) == []
