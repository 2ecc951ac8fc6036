# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which image a name means on this host."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Ambiguous, NotFound
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images as service
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import images

HUB, LOCAL, QUAY = "docker.io/library/busybox:latest", "localhost/busybox:latest", "quay.io/team/busybox:latest"
OTHER = "example.org/busybox:latest"


@pytest.fixture()
def ctx(tmp_path):
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def put(ctx, *names: str) -> None:
    """An image for each name; its ID tells which."""
    with images.lock(ctx):
        for name in names:
            images.put(ctx, images.ImageRecord(id=name.encode().hex()[:64].rjust(64, "0")), [name])


@pytest.mark.parametrize(("there", "text", "meant"), [
    ([HUB], "busybox", HUB), ([HUB], "busybox:latest", HUB), ([HUB], "library/busybox", HUB),
    ([HUB], "docker.io/busybox", HUB), ([HUB], "docker.io/library/busybox:latest", HUB),
    ([HUB], "index.docker.io/busybox", HUB), ([HUB], "localhost/busybox", None), ([HUB], "busybox:1", None),
    ([HUB, LOCAL], "busybox", LOCAL), ([HUB, LOCAL], "busybox:latest", LOCAL), ([HUB, LOCAL], "library/busybox", HUB),
    ([HUB, LOCAL], "docker.io/busybox", HUB), ([HUB, LOCAL], "localhost/busybox", LOCAL),
    ([HUB, QUAY], "busybox", HUB), ([QUAY], "busybox", QUAY), ([QUAY], "team/busybox", QUAY),
    ([QUAY], "x/busybox", None), ([QUAY], "docker.io/busybox", None), ([QUAY, OTHER], "team/busybox", QUAY),
    ([QUAY, OTHER], "busybox", Ambiguous), ([QUAY, OTHER], "busybox:latest", Ambiguous)])
def test_what_a_name_means(ctx, there: list[str], text: str, meant) -> None:
    put(ctx, *there)
    if meant is None:
        with pytest.raises(NotFound):
            images.lookup(ctx, text)
    elif meant is Ambiguous:
        with pytest.raises(Ambiguous) as caught:
            images.lookup(ctx, text)
        assert all(name in "%s %s" % (caught.value.message, caught.value.hint) for name in there)
    else:
        assert images.lookup(ctx, text).names == (meant,)


@pytest.mark.parametrize("resolved", ["busybox", "busybox:latest"])
@pytest.mark.parametrize("text", ["busybox", "busybox:latest"])
def test_what_a_short_name_was_resolved_to_goes_before_docker(ctx, resolved: str, text: str) -> None:
    put(ctx, HUB, QUAY, OTHER)
    with images.lock(ctx):
        images.remember(ctx, resolved, QUAY)
    assert images.lookup(ctx, text).names == (QUAY,)
    assert images.lookup(ctx, "library/busybox").names == (HUB,)
    assert [row.names for row in images.all(ctx) if len(row.names) != 1] == []


@pytest.mark.parametrize("text", ["busybox", "busybox:latest", "library/busybox", "docker.io/busybox"])
def test_a_removal_takes_the_name_that_was_spoken(ctx, text: str) -> None:
    put(ctx, HUB)
    with images.lock(ctx):
        images.set_name(ctx, "localhost/other:1", images.lookup(ctx, HUB).id)
    assert service.remove(ctx, text) == ["Untagged: " + HUB]
    assert images.lookup(ctx, "other:1").names == ("localhost/other:1",)
