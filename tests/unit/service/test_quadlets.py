# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files on a host: what is missing there, and what the engine would refuse, is said before it is written."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import quadlets, systemd


@pytest.mark.parametrize("booted, message", [(True, "on this host makes units"), (False, "systemd has not booted")])
def test_a_file_that_nothing_would_read_is_refused(booted: bool, message: str, tmp_path: pathlib.Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "booted", lambda: booted)
    monkeypatch.setattr(quadlets, "GENERATORS", ("%s/%%s-generators" % tmp_path,))
    with pytest.raises(Unsupported, match=message):
        quadlets.require_generator(Context(), ["write"])
    quadlets.require_generator(Context(), ["stop", "remove", "reload"])
    (tmp_path / "user-generators").mkdir()
    (tmp_path / "user-generators/pycontainer").touch()
    quadlets.require_generator(Context(uid=1000), ["write"])
    with pytest.raises(Unsupported, match=message):
        quadlets.require_generator(Context(), ["write"])


def problems(directory: pathlib.Path, *, user: bool = False) -> list[str]:
    """What the generator says of the files in a directory."""
    return quadlets.generate(make_context(), [str(directory)], "/bin/true", user=user, validate=main.check)[1]


REFUSED = [
    ("container", "Memory=lots", "no size"), ("container", "PublishPort=a:b", "no port"),
    ("container", "PodmanArgs=--nonsense", "no flag --nonsense"), ("container", "CgroupsMode=split", "--cgroups"),
    ("container", "GroupAdd=keep-groups", "not built"), ("container", "AddCapability=NONSENSE", "no capability"),
    ("container", "Sysctl=kernel.pid_max=3", "whole host"), ("container", "Ulimit=nonsense=3", "--ulimit"),
    ("container", "UserNS=what", "--userns"), ("container", "Pull=sometimes", "no pull policy"),
    ("container", "IP=300.1.1.1", "no IPv4 address"), ("container", "AddHost=x", "without an address"),
    ("container", "Image=UPPER/x", "lower case"), ("container", "ContainerName=a/b", "no valid name"),
    ("container", "PodmanArgs=--memory-swap=1g", "needs memory"), ("container", "ReloadSignal=NOPE", "no such signal"),
    ("container", "GlobalArgs=--nonsense", "no flag --nonsense"), ("container", "ReadOnly=perhaps", "neither true"),
    ("container", "EnvironmentFile=-/e", "not built"), ("container", "Network=a:ip=x", "no IPv4 address"),
    ("pod", "ExitPolicy=foo", "--exit-policy"), ("pod", "PublishPort=a:b", "no port"), ("pod", "ShmSize=x", "no size"),
    ("pod", "PodName=a/b", "no valid name"), ("network", "Subnet=10.0.0.0/33", "no subnet"),
    ("network", "Gateway=10.1.0.1", "needs a --subnet"), ("network", "Options=mtu=x", "between 68"),
    ("network", "Driver=foo", "not known"), ("volume", "Type=ext4", "no device"), ("volume", "Driver=foo", "driver"),
    ("volume", "VolumeName=a/b", "no valid name"), ("image", "Image=UPPER", "lower case"),
    ("image", "Retry=x", "number"), ("image", "Retry=-1", "0 or more"),
    ("image", "PodmanArgs=--creds=a", "no password"), ("image", "Image=--all-tags", "a dash"),
    ("container", "StopSignal=²", "no such signal"), ("container", "ReloadSignal=1²", "no such signal"),
    ("image", "RetryDelay=²s", "no span of time"), ("container", "Memory=²", "no size"),
    ("container", "User=a b", "malformed"), ("container", "User=a:b:c", "malformed"),
    ("container", "User=4294967296", "out of range"), ("container", "StartWithPod=perhaps", "neither true"),
    ("container", "Image=--privileged", "a dash"), ("container", "Rootfs=--privileged", "a dash"),
    ("container", "Pod=x.container", "no .pod file"), ("container", "GlobalArgs=--version", "show something"),
    ("pod", "PodName=--infra=false", "a dash"), ("network", "NetworkName=--internal", "a dash"),
    ("network", "PodmanArgs=--help", "show something"), ("volume", "VolumeName=--ignore", "a dash")]


@pytest.mark.parametrize(("kind", "line", "message"), REFUSED, ids=[line for _kind, line, _message in REFUSED])
def test_what_the_engine_would_refuse_is_refused_with_its_line(kind: str, line: str, message: str,
                                                               tmp_path: pathlib.Path) -> None:
    image = "Image=x\n" if kind in ("container", "image") else ""
    text = "[%s]\n%s# a line between\n%s\n" % (kind.title(), image, line)
    (tmp_path / ("web." + kind)).write_text(text)
    number = text[:text.index(line)].count("\n") + 1
    found = problems(tmp_path)
    assert len(found) == 1 and message in found[0]
    assert found[0].startswith("%s/web.%s, line %d: %s: " % (tmp_path, kind, number, line)), found


def test_a_mistake_in_a_huge_file_does_not_keep_the_boot_waiting(tmp_path: pathlib.Path) -> None:
    looked: list[Sequence[str]] = []

    def check(words: Sequence[str]) -> None:
        looked.append(words)
        main.check(words)

    (tmp_path / "web.container").write_text("[Container]\nImage=x\n%sMemory=lots\n" % ("Label=a=b\n" * 2000))
    found = quadlets.generate(make_context(), [str(tmp_path)], "/bin/true", user=False, validate=check)[1]
    assert len(found) == 1 and "web.container: --memory is 'lots'" in found[0] and len(looked) < 1000


def test_the_line_of_a_drop_in_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "web.container").write_text("[Container]\nImage=x\nMemory=1g\n")
    (tmp_path / "web.container.d").mkdir()
    (tmp_path / "web.container.d/10.conf").write_text("[Container]\n\nMemory=lots\n")
    found = problems(tmp_path)
    assert len(found) == 1 and "/web.container.d/10.conf, line 3: Memory=lots: " in found[0]


@pytest.mark.parametrize("line", [
    "Memory=%m", "PublishPort=80%i:80", "Environment=PASSWORD=%i", "Volume=%h/data:/data", "UserNS=%i", "Secret=later",
    "Network=later", "EnvironmentFile=later", "Pod=later.pod", "PodmanArgs=--memory %i", "AddDevice=/dev/later",
    "ContainerName=%p-%i", "Image=registry.example/x:%i", "Exec=sh -c 'echo %i $$x'", "WorkingDir=%S/x"])
def test_what_is_known_later_only_is_no_error(line: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "web@.container").write_text("[Container]\nImage=x\n%s\n" % line)
    (tmp_path / "later.pod").touch()
    assert problems(tmp_path, user=True) == []


@pytest.mark.parametrize("user", [False, True])
def test_what_only_one_systemd_needs_is_looked_at_for_both(user: bool, tmp_path: pathlib.Path) -> None:
    (tmp_path / "web.container").write_text("[Container]\nImage=x\n[Quadlet]\nDefaultDependencies=perhaps\n")
    found = problems(tmp_path, user=user)
    assert len(found) == 1 and "line 4: DefaultDependencies=perhaps: " in found[0]


def test_a_device_may_be_there_later(tmp_path: pathlib.Path) -> None:
    (tmp_path / "data.volume").write_text("[Volume]\nDevice=/mnt/later\nType=none\nOptions=bind\n")
    assert problems(tmp_path) == []


@pytest.mark.parametrize("line", ["StartWithPod=perhaps", "ServiceName=a/b"])
def test_a_mistake_in_a_container_is_none_of_its_pod(line: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "group.pod").write_text("[Pod]\n")
    (tmp_path / "web.container").write_text("[Container]\nImage=x\nPod=group.pod\n")
    (tmp_path / "bad.container").write_text("[Container]\nImage=x\nPod=group.pod\n%s\n" % line)
    services, found = quadlets.generate(make_context(), [str(tmp_path)], "/bin/true", user=False, validate=main.check)
    assert len(found) == 1 and "/bad.container, line 4: " + line in found[0]
    assert "Wants=web.service\n" in services["group-pod.service"].text


@pytest.mark.parametrize(("kind", "key", "value"), [("container", "Environment", "'P=hidden"),
                                                    ("image", "Creds", "hidden")])
def test_a_secret_value_stands_in_no_error(kind: str, key: str, value: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / ("web." + kind)).write_text("[%s]\nImage=x\n%s=%s\n" % (kind.title(), key, value))
    found = problems(tmp_path)
    assert len(found) == 1 and "line 3: %s: " % key in found[0] and "hidden" not in found[0]


def test_the_module_looks_at_the_whole_file_before_it_writes(monkeypatch: pytest.MonkeyPatch,
                                                             tmp_path: pathlib.Path) -> None:
    ctx = Context(uid=1000, home=str(tmp_path))
    monkeypatch.setattr(quadlets, "directories", lambda **_all: [quadlets.own_directory(ctx)])
    text = "[Container]\nImage=x\nVolume=%N.volume:/d\nMount=type=image,source=y.image,target=/y\n"
    assert quadlets.check(ctx, "web.container", text, main.check) == "web.service"
    template = text + "Volume=data@%i.volume:/data\nVolume=data@.volume:/b\n"
    assert quadlets.check(ctx, "web@.container", template, main.check) == "web@.service"
    with pytest.raises(EngineError, match="web.container, line 5: Memory=lots"):
        quadlets.check(ctx, "web.container", text + "Memory=lots\n", main.check)
