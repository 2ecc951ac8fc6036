# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files: what each key becomes, what is refused with its line, and how files need each other."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import (
    quadlet,
    quadletunit,
    systemdunit,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import quadlets

ENGINE = "/usr/local/bin/pycontainer"


def units(**files: str) -> dict[str, str]:
    """{service: text} of files, where web_container stands for web.container."""
    known = {}
    for key, text in files.items():
        name = key.replace("_", ".")
        known[name] = quadlet.read(name, "/etc/q/" + name, text)
    services, problems = quadletunit.build_all(known, ENGINE, user=False)
    if problems:
        raise problems[0]
    return {name: service.text for name, service in services.items()}


def settings(text: str, key: str) -> list[str]:
    return [line.value for line in systemdunit.parse(text) if line.key == key]


def started(lines: str) -> list[str]:
    """The words of ExecStart= of a container with these lines."""
    text = units(web_container="[Container]\nImage=img\n" + lines)["web.service"]
    return systemdunit.split(settings(text, "ExecStart")[0])


HEAD = [ENGINE, "run", "--name", "systemd-web", "--replace", "--rm", "--detach", "--sdnotify", "conmon"]
KEYS = [
    ("", []), ("AddCapability=NET_ADMIN SYS_TIME", ["--cap-add=NET_ADMIN", "--cap-add=SYS_TIME"]),
    ("PublishPort=80:80\nPublishPort=81:81", ["--publish=80:80", "--publish=81:81"]),
    ("PublishPort=80:80\nPublishPort=\nPublishPort=81:81", ["--publish=81:81"]),
    ('Environment=A=1 "B=x y"', ["--env=A=1", "--env=B=x y"]), ("Memory=1g\nMemory=2g", ["--memory=2g"]),
    ("ReadOnly=yes", ["--read-only=true"]), ("User=1\nGroup=2", ["--user=1:2"]),
    ("NoNewPrivileges=true", ["--security-opt=no-new-privileges"]), ("Volume=./d:/d:ro", ["--volume=/etc/q/d:/d:ro"]),
    ("Volume=%h/d:/d", ["--volume=%h/d:/d"]), ("EnvironmentFile=./e", ["--env-file=/etc/q/e"]),
    ("Network=host", ["--network=host"]), ("Mount=type=bind,source=./s,target=/t",
                                           ["--mount=type=bind,source=/etc/q/s,target=/t"]),
    ("PodmanArgs=--cpus 2", ["--cpus", "2"]), ("Label=a=$b", ["--label=a=$$b"]),
]


@pytest.mark.parametrize(("lines", "words"), KEYS)
def test_keys_become_flags(lines: str, words: list[str]) -> None:
    assert started(lines) == [*HEAD, *words, "img"]


def test_every_flag_that_a_key_becomes_is_one_of_ours() -> None:
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main

    for kind, words in (("container", ["run"]), ("pod", ["pod", "create"]), ("network", ["network", "create"]),
                        ("volume", ["volume", "create"]), ("image", ["pull"])):
        verb = main.find_verb(words)[0]
        assert verb is not None
        known = {flag.long for flag in verb.flags}
        used = {flag for _how, flag in quadlet.KINDS[kind][1].values() if flag}
        assert used <= known, (kind, used - known)


def test_exec_is_a_command_line_of_systemds() -> None:
    assert started("Exec=sh -c 'echo $A; %n'")[-3:] == ["sh", "-c", "echo $A; %n"]


@pytest.mark.parametrize(("text", "wanted"), [
    ("[Container]\nImage=x\nImagge=y\n", "line 3: .* no key Imagge"), ("[Container]\nImage=x\n[Foo]\nA=b\n", "line 4"),
    ("[Container]\nImage=x\nAutoUpdate=registry\n", "line 3: AutoUpdate is not built"),
    ("[Container]\nImage=x\n[Service]\nExecStart=/x\n", "line 4"), ("[Container]\n", "no Image"),
    ("[Container]\nImage=x\nRootfs=/y\n", "both"), ("[Container]\nImage=x\nVolume=a.volume:/a\n", "a.volume"),
    ("[Container]\nImage=x\nNotify=true\n", "Notify"), ("[Container]\nImage=x\nReadOnly=perhaps\n", "ReadOnly"),
    ("[Container]\nImage=x\nGroup=1\n", "Group"), ("[Container]\nImage=x\nEnvironment='a\n", "quote"),
    ("[Container]\nImage=x\n[Service]\nType=simple\n", "Type"), ("[Quadlet]\nA=b\n", "line 2")])
def test_what_makes_no_sense_is_refused_with_its_place(text: str, wanted: str) -> None:
    with pytest.raises(EngineError, match="web.container.*" + wanted):
        units(web_container=text)


@pytest.mark.parametrize("name", ["x.kube", "x.build", "x.service", ".container", "a b.container", "../x.container"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(EngineError):
        quadlet.read(name, name, "")


def test_files_need_each_other_by_name() -> None:
    made = units(
        web_container="[Unit]\nAfter=db.container x.service\n[Container]\nImage=i.image\n"
                      "Network=n.network:ip=10.0.0.2\nVolume=d.volume:/d\nPod=p.pod\n",
        db_container="[Container]\nImage=x\nContainerName=db\n", d_volume="[Volume]\n",
        n_network="[Network]\nNetworkName=net\nSubnet=10.0.0.0/24\n", p_pod="[Pod]\nPublishPort=80:80\n",
        i_image="[Image]\nImage=docker.io/library/x\n")
    assert sorted(made) == ["d-volume.service", "db.service", "i-image.service", "n-network.service", "p-pod.service",
                            "web.service"]
    web = made["web.service"]
    words = systemdunit.split(settings(web, "ExecStart")[0])
    assert words[-1] == "docker.io/library/x"
    assert {"--network=net:ip=10.0.0.2", "--volume=systemd-d:/d", "systemd-p"} <= set(words)
    assert settings(web, "After")[0] == "db.service x.service"
    assert settings(web, "BindsTo") == ["p-pod.service"]
    assert set(settings(web, "Requires")) == {"i-image.service", "n-network.service", "d-volume.service"}
    assert settings(made["p-pod.service"], "Wants")[-1] == "web.service"
    assert systemdunit.split(settings(made["n-network.service"], "ExecStart")[0])[1:] == [
        "network", "create", "--ignore", "--subnet=10.0.0.0/24", "net"]


def test_the_generator_reads_drop_ins_and_enables(tmp_path: pathlib.Path) -> None:
    near, far, out = (tmp_path / name for name in ("near", "far", "out"))
    for path in (near / "web-a.container.d", far / "web-.container.d", far / "container.d", out):
        path.mkdir(parents=True)
    (far / "web-a.container").write_text("[Container]\nImage=far\n")
    (near / "web-a.container").write_text(
        "[Container]\nImage=near\n[Install]\nWantedBy=default.target\nAlias=w.service\n")
    (near / "web-a.container.d/10-x.conf").write_text("[Container]\nMemory=2g\n")
    (far / "web-.container.d/10-x.conf").write_text("[Container]\nMemory=1g\n")
    (far / "container.d/20-y.conf").write_text("[Service]\nRestart=always\n")
    (near / "bad.container").write_text("[Container]\nNonsense=1\n")
    services, problems = quadlets.generate([str(near), str(far)], ENGINE, user=True)
    quadlets.write(services, str(out))
    text = (out / "web-a.service").read_text()
    words = systemdunit.split(settings(text, "ExecStart")[0])
    assert words[-2:] == ["--memory=2g", "near"] and settings(text, "Restart") == ["always"]
    assert (out / "default.target.wants/web-a.service").resolve() == (out / "w.service").resolve()
    assert len(problems) == 1 and "bad.container, line 2" in problems[0]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong(tmp_path: pathlib.Path) -> None:
    known = {}
    for name, text in {
            "web.container": "[Container]\nImage=x\nPod=p.pod\nVolume=d.volume:/d\nNetwork=n.network\n"
                             "Environment=A=100%% 'B=c d'\nExec=sh -c 'echo $$x'\nReloadSignal=HUP\n"
                             "[Service]\nRestart=always\n",
            "p.pod": "[Pod]\n", "d.volume": "[Volume]\n", "n.network": "[Network]\n"}.items():
        known[name] = quadlet.read(name, "/etc/q/" + name, text)
    services, problems = quadletunit.build_all(known, shutil.which("true") or "/bin/true", user=True)
    assert not problems
    quadlets.write(services, str(tmp_path))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in services)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_options_cannot_smuggle_lines() -> None:
    assert quadlet.render({"Container": {"Image": "x", "ReadOnly": True, "PublishPort": ["1:1", "2:2"]}}) == (
        "[Container]\nImage=x\nReadOnly=true\nPublishPort=1:1\nPublishPort=2:2\n")
    with pytest.raises(InvalidInput):
        quadlet.render({"Container": {"Image": "x\n[Service]\nExecStartPre=/bin/evil"}})
