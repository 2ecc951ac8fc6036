# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What follows from a health check is refused where there is none, before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import (
    ContainerSpec,
    HealthCheck,
    NetworkUse,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.imageconfig import ImageConfig
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import containers, converge, effective
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store import containers as store
from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import container as noun
from ansible_collections.pycontainer.engine.plugins.module_utils.state import container as state
from ansible_collections.pycontainer.engine.plugins.module_utils.state import option

CHECK = HealthCheck(("CMD", "true"))
SPEC = ContainerSpec(image="i", name="c")


@pytest.fixture
def ctx(tmp_path: Any) -> Context:
    return make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))


def wish(tmp_path: Any, **given: Any) -> ContainerSpec:
    return ContainerSpec(**dict({"image": str(tmp_path), "rootfs": True, "name": "c",
                                 "network": (NetworkUse("none"),)}, **given))


def params(tmp_path: Any, **given: Any) -> dict:
    return option.blank(state.OPTIONS, name="c", image=str(tmp_path), rootfs=True, network=["none"], **given)


NONE = [{}, {"no_healthcheck": True, "healthcheck": "true"}, {"healthcheck": "none"}]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("given", NONE, ids=str)
def test_nobody_becomes_healthy_without_a_check(ctx: Context, tmp_path: Any, given: dict, check: bool) -> None:
    with pytest.raises(InvalidInput, match="no health check|health check, and none"):
        noun.converge(ctx, params(tmp_path, state="healthy", **given), check)
    assert list(store.ids(ctx)) == []
    containers.create(ctx, wish(tmp_path))
    with pytest.raises(InvalidInput, match="no health check|health check, and none"):
        noun.converge(ctx, params(tmp_path, state="healthy", **given), check)
    assert [row.state.status for row in containers.listing(ctx, everything=True)] == ["created"]


def test_an_image_that_turns_out_to_have_no_check_leaves_nothing(ctx: Context, tmp_path: Any) -> None:
    """As when the image was pulled only now; the same for a replacement."""
    settings = {"pull": "never", "options": {}, "wait_timeout": 10, "healthy": True, "checked": True}
    document = wish(tmp_path).to_document()
    with pytest.raises(InvalidInput, match="no health check"):
        converge.apply(ctx, "c", ["create", "start", "wait"], document=document, live=(), settings=settings)
    assert list(store.ids(ctx)) == []
    old = containers.create(ctx, wish(tmp_path))
    with pytest.raises(EngineError, match="no health check"):
        converge.apply(ctx, "c", ["replace", "start", "wait"], document=document, live=(), settings=settings)
    assert list(store.ids(ctx)) == [old.id]


def test_an_action_on_failure_needs_a_check(ctx: Context, tmp_path: Any) -> None:
    with pytest.raises(InvalidInput, match="restart when its health check fails"):
        containers.create(ctx, wish(tmp_path, healthcheck_failure_action="restart"))
    containers.create(ctx, wish(tmp_path))
    with pytest.raises(InvalidInput, match="kill when its health check fails"):
        containers.update(ctx, "c", {"healthcheck_failure_action": "kill"})
    containers.create(ctx, wish(tmp_path, name="d", health=CHECK, healthcheck_failure_action="stop"))
    assert containers.update(ctx, "d", {"healthcheck_failure_action": "kill"}).spec.healthcheck_failure_action == "kill"


def test_waiting_for_health_without_a_check_ends_at_once(ctx: Context, tmp_path: Any) -> None:
    containers.create(ctx, wish(tmp_path))
    with pytest.raises(InvalidInput, match="no health check"):
        containers.wait(ctx, "c", condition=("healthy",), timeout=60)


@pytest.mark.parametrize("image, there", [(("CMD", "x"), True), (("NONE",), False), ((), False)])
def test_the_images_check_counts(image: tuple, there: bool) -> None:
    config = ImageConfig(healthcheck=HealthCheck(image))
    assert (effective.check_in(SPEC, config) is not None) is there
    assert effective.check_in(ContainerSpec(image="i", no_healthcheck=True), config) is None
