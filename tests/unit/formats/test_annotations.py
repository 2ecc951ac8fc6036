# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Annotations that nobody would act on are refused; all others are handed on."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import annotations, values


@pytest.mark.parametrize(("name", "hint"), [
    ("io.containers.trace-syscall", "Leave it out."), ("org.criu.config", "Leave it out."),
    ("io.podman.annotations.autoremove", "Use the option rm."), ("io.podman.annotations.kube", "Leave it out."),
    ("io.podman.annotations.userns/web", "Use the option userns."),
])
def test_what_only_podman_acts_on_is_refused(name: str, hint: str) -> None:
    for value in ({name: "x"}, [name + "=x"], name):
        with pytest.raises(Unsupported, match=name.replace(".", "[.]")) as caught:
            values.canonical("annotation", value)
        assert caught.value.hint == hint


def test_all_others_are_handed_on() -> None:
    wished = {"run.oci.keep_original_groups": "1", "com.example/x": "a=b", "io.kubernetes.cri-o.ContainerType": "y"}
    assert values.canonical("annotation", wished) == wished


@pytest.mark.parametrize(("name", "runtime", "manager", "met"), [
    ("run.oci.hooks.stdout", "crun", "cgroupfs", True), ("run.oci.hooks.stdout", "runc", "systemd", False),
    ("run.oci.hooks.stdout", "krun", "systemd", True),
    ("org.systemd.property.CollectMode", "runc", "systemd", True),
    ("org.systemd.property.CollectMode", "crun", "cgroupfs", False), ("own", "runc", "cgroupfs", True),
])
def test_the_runtime_has_to_know_it(name: str, runtime: str, manager: str, met: bool) -> None:
    if met:
        annotations.check({name: "x"}, runtime, manager)
    else:
        with pytest.raises(Unsupported, match=name):
            annotations.check({name: "x"}, runtime, manager)
