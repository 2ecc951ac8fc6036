# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files: what each key becomes, what is refused with its line, and how files need each other."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import (
    quadlet,
    quadletunit,
    systemdunit,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import quadlets

ENGINE = "/usr/local/bin/pycontainer"


def services(**files: str) -> dict[str, quadletunit.Service]:
    """{service: its unit} of files, where web_container stands for web.container."""
    known = {}
    for key, text in files.items():
        name = key.replace("_at_", "@").replace("_", ".")
        known[name] = quadlet.read(name, "/etc/q/" + name, text)
    made, problems = quadletunit.build_all(known, ENGINE, user=False)
    if problems:
        raise problems[0]
    return made


def units(**files: str) -> dict[str, str]:
    """The same, with the units' texts."""
    return {name: service.text for name, service in services(**files).items()}


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
    ("EnvironmentFile=e f/g", ["--env-file=/etc/q/e", "--env-file=/etc/q/f/g"]),
    ("EnvironmentFile=%t/e ./%n/e /e", ["--env-file=%t/e", "--env-file=/etc/q/%n/e", "--env-file=/e"]),
    ("EnvironmentFile=a\nEnvironmentFile=\nEnvironmentFile=b", ["--env-file=/etc/q/b"]),
    ("PodmanArgs=--cpus 2\nPodmanArgs=\nLabel=a=1\nLabel=", []),
    ('HealthCmd=["CMD", "curl", "a b"]', ['--health-cmd=["CMD", "curl", "a b"]']),
    ("HealthCmd=none", ["--health-cmd=none"]),
    ("HealthCmd=CMD-SHELL curl -f x || exit 1", ["--health-cmd=CMD-SHELL curl -f x || exit 1"]),
    ("Environment=A=1 \\\n# between\n  B=2", ["--env=A=1", "--env=B=2"]),
    ("Network=host", ["--network=host"]), ("Mount=type=bind,source=./s,target=/t",
                                           ["--mount=type=bind,source=/etc/q/s,target=/t"]),
    ("PodmanArgs=--cpus 2", ["--cpus", "2"]), ("Label=a=$b", ["--label=a=$$b"]),
]


@pytest.mark.parametrize(("lines", "words"), KEYS)
def test_keys_become_flags(lines: str, words: list[str]) -> None:
    assert started(lines) == [*HEAD, *words, "img"]


def test_every_flag_that_a_key_becomes_is_one_of_ours() -> None:
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
    ("[Container]\nImage=x\nGroup=1\n", "Group"),
    ("[Container]\nImage=x\nEnvironment='a\n", "line 3: Environment: the value"),
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


REFERENCES = [
    ("web_container", "Volume=%N.volume:/d", "web_volume", "--volume=systemd-web:/d", "web-volume.service"),
    ("web_container", "Volume=%p-data.volume:/d", "web-data_volume", "--volume=systemd-web-data:/d",
     "web-data-volume.service"),
    ("web_at_one_container", "Volume=data-%i.volume:/d", "data-one_volume", "--volume=systemd-data-one:/d",
     "data-one-volume.service"),
    ("web_at__container", "Volume=data@%i.volume:/d", "data_at__volume", "--volume=systemd-data_%i:/d",
     "data-volume@%i.service"),
    ("web_at__container", "Volume=data@.volume:/d", "data_at__volume", "--volume=systemd-data_%i:/d",
     "data-volume@%i.service"),
    ("web_container", "Volume=data@%N.volume:/d", "data_at__volume", "--volume=systemd-data_web:/d",
     "data-volume@web.service"),
    ("web_container", "Volume=data@a.volume:/d", "data_at_a_volume", "--volume=systemd-data_a:/d",
     "data-volume@a.service"),
    ("web_container", "Network=%N.network", "web_network", "--network=systemd-web", "web-network.service"),
    ("web_container", "Mount=type=volume,source=%N.volume,target=/d", "web_volume",
     "--mount=type=volume,source=systemd-web,target=/d", "web-volume.service"),
    ("web_container", "Mount=type=image,source=x.image,target=/d", "x_image",
     "--mount=type=image,source=docker.io/library/y,target=/d", "x-image.service"),
    ("web_container", "Network=other.container", "other_container", "--network=container:systemd-other",
     "other.service"),
]


@pytest.mark.parametrize(("file", "line", "other", "word", "need"), REFERENCES)
def test_names_of_other_files_take_specifiers(file: str, line: str, other: str, word: str, need: str) -> None:
    text = {"image": "[Image]\nImage=docker.io/library/y\n", "container": "[Container]\nImage=x\n"}
    made = units(**{file: "[Container]\nImage=img\n" + line + "\n", other: text.get(other.rpartition("_")[2], "")})
    unit = made[file.replace("_at_", "@").rpartition("_")[0] + ".service"]
    assert word in systemdunit.split(settings(unit, "ExecStart")[0])
    assert settings(unit, "Requires") == [need] and need in settings(unit, "After")


@pytest.mark.parametrize("line", ["Volume=data@.volume:/d", "Volume=%N.volume:/d", "Network=a.network", "Image=a.image",
                                  "Mount=type=image,source=a.image,target=/a", "[Unit]\nAfter=a.container"])
def test_a_name_that_leads_nowhere_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(InvalidInput, match="web.container, line %d: " % (4 if "[" in line else 3)):
        units(web_container="[Container]\nImage=img\n" + line + "\n", data_at__volume="")


def test_a_volume_has_the_name_by_which_others_know_it() -> None:
    made = units(data_at__volume="")["data-volume@.service"]
    assert settings(made, "ExecStart")[0].split()[-1] == "systemd-data_%i"


@pytest.mark.parametrize(("line", "word"), [("", "--exit-policy=stop"),
                                            ("ExitPolicy=continue", "--exit-policy=continue")])
def test_a_pod_ends_with_its_last_container(line: str, word: str) -> None:
    text = units(p_pod="[Pod]\n%s\n" % line)["p-pod.service"]
    assert [one for one in systemdunit.split(settings(text, "ExecStartPre")[0]) if "exit-policy" in one] == [word]
    assert settings(text, "Type") == ["notify"] and "--sdnotify=conmon" in settings(text, "ExecStart")[0]


def test_templates_of_pods_have_templates_as_members() -> None:
    made = units(p_at__pod="[Pod]\n", web_at__container="[Container]\nImage=x\nPod=p@%i.pod\n",
                 one_container="[Container]\nImage=x\nPod=p@a.pod\n")
    assert settings(made["web@.service"], "BindsTo") == ["p-pod@%i.service"]
    assert settings(made["one.service"], "BindsTo") == ["p-pod@a.service"]


@pytest.mark.parametrize(("line", "links"), [("", [("p-pod@a.service.wants", "one.service")]), ("StartWithPod=no", [])])
def test_a_container_of_one_instance_of_a_pod_starts_with_that_one_only(line: str, links: list) -> None:
    made = services(p_at__pod="[Pod]\n", one_container="[Container]\nImage=x\nPod=p@a.pod\n%s\n" % line,
                    web_at__container="[Container]\nImage=x\nPod=p@%i.pod\n")
    assert settings(made["p-pod@.service"].text, "Wants")[-1] == "web@%i.service"
    assert made["one.service"].links == links and made["web@.service"].links == []


HOSTILE = [
    "[Container]\nImage=x\n[Service]\nRestart=no\rExecStartPre=/bin/evil\n",
    "[Container]\nImage=x\nContainerName=a\rb\n", "[Container]\nImage=x\x0bExecStartPre=/bin/evil\n",
    "[Container]\nImage=x\nEnvironment=A=\"b\\nExecStartPre=/bin/evil\"\n",
    "[Container]\nImage=x\nExec=sh -c \"a\\n[Service]\\nExecStartPre=/bin/evil\"\n",
    "[Container]\nImage=x\nPodmanArgs=\"--label=a\\nExecStartPre=/bin/evil\"\n",
    "[Container]\nImage=x\n[Unit]\nDescription=a\\\\\\ \nExecStartPre=/bin/evil\n",
    "[Container]\nImage=x\n[Install]\nAlias=../evil.service\n", "[Container]\nImage=x\n[Install]\nWantedBy=/etc\n",
    "[Container]\nImage=x\nServiceName=../evil\n", "[Container]\nImage=x\nServiceName=a b\n",
    "[Container]\nImage=x\nLabel=\u2028ExecStartPre=/bin/evil\n",
    "[Container]\nImage=x;/bin/evil\nExec=; /bin/evil\n", "[X-Odd]\nExecStartPre=/bin/evil\n[Container]\nImage=x\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_becomes_a_line_of_its_own(text: str) -> None:
    try:
        made = units(web_container=text)
    except EngineError as exc:
        assert "web.container" in str(exc)
        return
    for unit in made.values():
        # As systemd reads it, for which a carriage return ends a line, too.
        lines = [line.strip() for line in unit.replace("\r", "\n").split("\n")]
        assert not [line for line in lines if line.startswith(("ExecStartPre", "/bin/evil"))], unit
        assert [line for line in lines if line.startswith("[")] == ["[Unit]", "[Service]"]
        assert len(settings(unit, "ExecStart")) == 1 and ";" not in settings(unit, "ExecStart")[0].split(" ")


@pytest.mark.parametrize(("text", "value"), [
    ("A=b\\\nc\n", "b c"), ("A=b\\\\\nB=c\n", "b\\\\"), ("A=b\\\\\\\nc\n", "b\\\\ c"), ("A=b\\\r\nc\r\n", "b c"),
    ("A=b\\\n;x\n# y\nc\n", "b c"), ("A=b\\ \nB=c\n", "b\\"), ("A=b\\\n\nB=c\n", "b"), ("A=\ta\tb\n", "a\tb")])
def test_lines_go_on_as_systemds_do(text: str, value: str) -> None:
    for start in ("", "\ufeff"):
        assert systemdunit.parse(start + "[S]\n" + text)[0].value == value


def test_a_line_never_goes_on_by_a_value() -> None:
    for backslashes in range(1, 6):
        value = "x" + "\\" * backslashes
        try:
            text = systemdunit.render([("S", [("A", value), ("B", "c")])])
        except InvalidInput:
            assert backslashes % 2
            continue
        assert [line.key for line in systemdunit.parse(text)] == ["A", "B"]


def test_templates_and_their_instances(tmp_path: pathlib.Path) -> None:
    (tmp_path / "web@.container").write_text(
        "[Container]\nImage=x\nExec=sleep %i\n[Install]\nWantedBy=a@%i.target\nDefaultInstance=9\n")
    (tmp_path / "web@one.container").symlink_to("web@.container")
    for name, memory in (("web@.container.d", "1g"), ("web@one.container.d", "2g"), ("container.d", "3g")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.conf").write_text("[Container]\nMemory=%s\n" % memory)
    (tmp_path / "web@one.container.d/n.conf").symlink_to("/dev/null")
    services, problems = quadlets.generate(make_context(), [str(tmp_path)], ENGINE, user=False, validate=main.check)
    assert not problems and sorted(services) == ["web@.service", "web@one.service"]
    words = {name: settings(one.text, "ExecStart")[0] for name, one in services.items()}
    assert "--memory=1g" in words["web@.service"] and "--memory=2g" in words["web@one.service"]
    assert words["web@one.service"].endswith("sleep %i") and "--name systemd-web_%i " in words["web@.service"]
    assert services["web@.service"].links == [("a@9.target.wants", "web@9.service")]
    assert services["web@one.service"].links == [("a@one.target.wants", "web@one.service")]


@pytest.mark.parametrize(("text", "waits"), [("", True), ("[Quadlet]\nDefaultDependencies=false\n", False),
                                             ("[Unit]\nDefaultDependencies=false\n", True)])
def test_the_network_is_waited_for_unless_told_otherwise(text: str, waits: bool) -> None:
    unit = units(web_container="[Container]\nImage=x\n" + text)["web.service"]
    assert ("network-online.target" in settings(unit, "After")) == waits
    assert (settings(unit, "DefaultDependencies") == ["false"]) == text.startswith("[Unit]")


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
    services, problems = quadlets.generate(
        make_context(), [str(near), str(far)], ENGINE, user=True, validate=main.check)
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
