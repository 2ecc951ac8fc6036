# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units and quadlets as systemd sees them, the system's and a user's: started, killed, changed, removed, booted."""

from __future__ import annotations

import base64
import os
import pathlib
import shutil
import subprocess
from typing import Any, Callable, Dict, List

import pytest
from services import eventually, said

CONTAINER, UNIT, QUADLET = "pycontainer.engine.container", "pycontainer.engine.unit", "pycontainer.engine.quadlet"
IMAGE = "10.0.2.2:5000/busybox:%s"
HERE = os.path.dirname(os.path.abspath(__file__))
ODD = "one\nExecStart=/bin/false\n%h $HOME \"two\" 'three' \\"
ROOT, ALICE = "root", "alice"
USERS = pytest.mark.parametrize("user", [ROOT, ALICE])
UNITS = {ROOT: "/etc/systemd/system", ALICE: "/home/alice/.config/systemd/user"}
WEB = {"name": "web", "enabled": True, "restart_policy": "always", "restart_sec": 0, "environment": {"ODD": ODD}}


def own(user: str) -> Dict[str, str]:
    """The option that says whose it is."""
    return {} if user == ROOT else {"run_as_user": user}


def command(host: Any, user: str, line: str) -> str:
    """What a command says that root or a user runs, who has no session."""
    if user != ROOT:
        line = "runuser -u %s -- env HOME=/home/%s XDG_RUNTIME_DIR=/run/user/%d %s" % (
            user, user, host.user(user).uid, line)
    said: str = host.check_output(line)
    return said


def systemctl(host: Any, user: str, line: str) -> str:
    """What the system's or the user's own systemctl says."""
    return command(host, user, "systemctl %s%s" % ("" if user == ROOT else "--user ", line))


def shown(host: Any, user: str, unit: str) -> Dict[str, str]:
    """What systemd knows of a unit."""
    return dict(row.partition("=")[::2] for row in systemctl(host, user, "show " + unit).splitlines())


def runs(host: Any) -> Dict[str, str]:
    """What systemd calls the present run of each unit."""
    found = {(user, unit): shown(host, user, unit)["InvocationID"] for user in (ROOT, ALICE)
             for unit in ("container-web", "container-kept")}
    found.update({(ROOT, unit): shown(host, ROOT, unit)["InvocationID"] for unit in ("pod-p", "container-p-side")})
    return {" ".join(key): run for key, run in found.items()}


def answer(port: int, wanted: str = "version 1\n", seconds: float = 60) -> bool:
    """Whether the host's port is answered so from outside, soon."""
    return bool(eventually(lambda: said(10000 + port) == wanted, seconds))


def variable(host: Any, pid: str, name: str) -> List[str]:
    """A variable of a process, as it is."""
    text = host.check_output("base64 -w0 /proc/%s/environ", pid)
    rows = [row.partition("=") for row in base64.b64decode(text).decode().split("\0")]
    return [content for key, _equals, content in rows if key == name]


def inspected(host: Any, user: str, name: str, form: str) -> str:
    """One field of a container, asked as its owner."""
    return command(host, user, "pycontainer inspect --format '{{%s}}' %s" % (form, name))


@pytest.mark.parametrize("user, port", [(ROOT, 8080), (ALICE, 8081)])
def test_a_unit_keeps_its_service_up(host: Any, user: str, port: int) -> None:
    assert answer(port)
    unit = shown(host, user, "container-web")
    assert (unit["ActiveState"], unit["UnitFileState"], unit["Restart"]) == ("active", "enabled", "always")
    slices = ("/system.slice/", "/machine.slice/") if user == ROOT else ("/user.slice/user-", "/user.slice/user-")
    monitor, first = unit["MainPID"], inspected(host, user, "web", ".State.Pid")
    for pid, place in zip((monitor, first), slices):
        assert place in host.check_output("cat /proc/%s/cgroup", pid)
    assert host.file("/proc/%s/comm" % monitor).content_string.strip() == "conmon"
    # Values are what they were: none became a line of the unit's file.
    assert variable(host, first, "ODD") == [ODD]
    assert unit["Environment"].startswith('"ODD=one\\nExecStart=/bin/false\\n%h '), unit["Environment"]
    assert "/bin/false" not in unit["ExecStart"]

    host.check_output("kill -9 %s", first)
    assert eventually(lambda: int(shown(host, user, "container-web")["NRestarts"]) > int(unit["NRestarts"]))
    assert answer(port)


@USERS
def test_a_unit_starts_and_stops_a_container_that_exists(host: Any, user: str) -> None:
    made = inspected(host, user, "kept", ".Id")
    systemctl(host, user, "stop container-kept")
    assert inspected(host, user, "kept", ".State.Status") == "exited"
    systemctl(host, user, "start container-kept")
    assert inspected(host, user, "kept", ".State.Status") == "running"
    assert inspected(host, user, "kept", ".Id") == made


@USERS
def test_who_restarts_the_container_restarts_its_unit(host: Any, ansible: Callable, user: str) -> None:
    port = 8080 if user == ROOT else 8081
    for restart in (lambda: command(host, user, "pycontainer restart web"),
                    lambda: command(host, user, "pycontainer restart --time 0 web"),
                    lambda: ansible(CONTAINER, name="web", force_restart=True, **own(user))):
        before = shown(host, user, "container-web")["InvocationID"]
        restart()
        after = shown(host, user, "container-web")
        assert after["ActiveState"] == "active" and after["InvocationID"] != before
        assert answer(port)


@USERS
def test_a_changed_container_starts_exactly_its_unit_anew(host: Any, ansible: Callable, user: str) -> None:
    port, image = (8080, "2") if user == ROOT else (8081, "1")
    before = runs(host)
    assert all(before.values()), before
    changed = {"image": IMAGE % "2"} if user == ROOT else {"env": {"OTHER": "1"}}
    ansible(CONTAINER, name="web", tls_verify=False, **changed, **own(user))
    # systemd may have started it anew already: its container was taken away.
    done = ansible(UNIT, **WEB, **own(user))
    assert done["status"]["active"] == "active", done
    after = runs(host)
    assert {name for name in before if before[name] != after[name]} == {user + " container-web"}
    assert answer(port, "version %s\n" % image)
    assert ansible(UNIT, **WEB, **own(user))["changed"] is False


def test_a_unit_is_up_when_its_container_is_healthy(host: Any, ansible: Callable) -> None:
    wish = {"name": "slow", "image": IMAGE % "1", "tls_verify": False, "state": "created", "stop_signal": "KILL",
            "healthcheck": "test -e /tmp/ready", "healthcheck_interval": "1s", "healthcheck_retries": 30}
    made = ansible(CONTAINER, command=["sh", "-c", "sleep 4; touch /tmp/ready; sleep 100000"], **wish)
    assert made.get("changed"), made
    done = ansible(UNIT, name="slow", sdnotify="healthy")
    assert done["status"]["active"] == "active", done
    assert inspected(host, ROOT, "slow", ".State.Health.Status") == "healthy"
    never = dict(wish, name="never", healthcheck_retries=1)
    ansible(CONTAINER, command=["sleep", "100000"], **never)
    failed = ansible(UNIT, name="never", sdnotify="healthy", restart_policy="no")
    assert "The container never is unhealthy" in failed["msg"], failed
    for name in ("slow", "never"):
        assert ansible(UNIT, name=name, state="absent")["changed"]


def test_the_units_of_a_pod_go_together(host: Any) -> None:
    members = ["container-p-web", "container-p-side"]
    assert answer(80)
    assert {shown(host, ROOT, unit)["BindsTo"] for unit in members} == {"pod-p.service"}
    systemctl(host, ROOT, "stop pod-p")
    assert eventually(lambda: {shown(host, ROOT, unit)["ActiveState"] for unit in members} == {"inactive"})
    assert host.check_output("pycontainer ps -aq --filter pod=p; pycontainer pod ps -q") == ""
    systemctl(host, ROOT, "start pod-p")
    assert eventually(lambda: {shown(host, ROOT, unit)["ActiveState"] for unit in members} == {"active"})
    assert answer(80)


@USERS
def test_units_of_generate_work(host: Any, user: str) -> None:
    place = UNITS[user]
    command(host, user, "pycontainer create --name made --stop-signal KILL %s sleep 100000" % (IMAGE % "1"))
    path = command(host, user, "sh -c 'cd %s && pycontainer generate systemd --new --name --files made'" % place)
    assert path == place + "/container-made.service"
    systemctl(host, user, "daemon-reload")
    systemctl(host, user, "enable --now container-made")
    assert shown(host, user, "container-made")["MainPID"] != "0"
    assert inspected(host, user, "made", ".State.Running") == "true"
    systemctl(host, user, "stop container-made")
    assert "made" not in command(host, user, "pycontainer ps -a --format '{{.Names}}'").split()


@pytest.mark.parametrize("user, port", [(ROOT, 443), (ALICE, 5000)])
def test_quadlets_become_services(host: Any, user: str, port: int) -> None:
    systemctl(host, user, "start site.service group-pod.service")
    assert answer(port)
    assert eventually(lambda: host.run("curl -s -m 20 http://127.0.0.1:1%d/" % port).stdout == "version 1\n")
    assert {shown(host, user, unit)["ActiveState"] for unit in (
        "site.service", "box-image.service", "data-volume.service", "inner-network.service", "group-pod.service",
        "member.service")} == {"active"}
    assert "systemd-inner" in inspected(host, user, "systemd-site", ".NetworkSettings.Networks")
    first = inspected(host, user, "systemd-site", ".State.Pid")
    assert variable(host, first, "ODD") == ['100% "quoted" $HOME']
    restarts = int(shown(host, user, "site")["NRestarts"])
    host.check_output("kill -9 %s", first)
    assert eventually(lambda: int(shown(host, user, "site")["NRestarts"]) > restarts)
    assert answer(port)


@USERS
def test_a_pod_of_quadlets_ends_with_its_last_container(host: Any, user: str) -> None:
    def states() -> List[str]:
        return [shown(host, user, unit)["ActiveState"] for unit in ("group-pod.service", "member.service")]

    for again in (False, True):
        systemctl(host, user, "start member.service")
        assert states() == ["active", "active"]
        monitor = shown(host, user, "group-pod.service")["MainPID"]
        assert host.file("/proc/%s/comm" % monitor).content_string.strip() == "conmon"
        if again:
            systemctl(host, user, "stop group-pod.service")
        else:
            command(host, user, "pycontainer kill systemd-member")
        # SIGTERM is how a stop ends it, SIGKILL is an accident.
        ended = ["inactive", "inactive" if again else "failed"]
        assert eventually(lambda ended=ended: states() == ended), states()
    assert "systemd-group" not in command(host, user, "pycontainer pod ps --format '{{.Name}}'")
    systemctl(host, user, "start group-pod.service")
    assert eventually(lambda: states() == ["active", "active"])


def test_instances_of_templates_have_instances_of_others(host: Any, ansible: Callable) -> None:
    text = ("[Container]\nImage=box.image\nVolume=data@%i.volume:/data\nStopSignal=KILL\nNetwork=none\n"
            "Mount=type=image,source=box.image,target=/image\nExec=sleep 100%i\n")
    for name, content in (("job@.container", text), ("data@.volume", "[Volume]\n")):
        assert ansible(QUADLET, name=name, content=content, run_as_user=ALICE)["actions"] == ["write", "reload"]
    systemctl(host, ALICE, "start job@1.service job@2.service")
    assert "bin" in command(host, ALICE, "pycontainer exec systemd-job_1 ls /image").split()
    assert {"systemd-data_1", "systemd-data_2"} <= set(command(host, ALICE, "pycontainer volume ls -q").split())
    assert shown(host, ALICE, "data-volume@2.service")["ActiveState"] == "active"
    assert ansible(QUADLET, name="job@.container", state="absent", run_as_user=ALICE)["actions"] == [
        "stop", "remove", "reload"]
    assert shown(host, ALICE, "job@1.service")["LoadState"] == "not-found"
    assert ansible(QUADLET, name="data@.volume", state="absent", run_as_user=ALICE)["changed"]
    command(host, ALICE, "pycontainer volume rm systemd-data_1 systemd-data_2")


# Who has no journal of their own, as on a host that keeps none on its disk, cannot read it.
@pytest.mark.parametrize("user, storage", [(ROOT, "persistent"), (ALICE, "persistent"), (ALICE, "volatile")])
def test_a_unit_that_fails_says_why(host: Any, ansible: Callable, user: str, storage: str) -> None:
    place = "/etc/systemd/journald.conf.d"
    restart = "systemctl restart systemd-journald"
    host.check_output("mkdir -p %s; printf '[Journal]\\nStorage=%s\\n' > %s/test.conf; %s" % (
        place, storage, place, restart))
    ansible(CONTAINER, name="broken", image=IMAGE % "1", tls_verify=False, state="created", command=["no-such-program"],
            **own(user))
    failed = ansible(UNIT, name="broken", restart_policy="no", **own(user))
    assert "the end of its journal" in failed["msg"] and "no-such-program" in failed["msg"], failed
    ansible(UNIT, name="broken", state="absent", **own(user))
    ansible(CONTAINER, name="broken", state="absent", **own(user))
    host.check_output("rm %s/test.conf; %s" % (place, restart))


@USERS
def test_a_quadlet_with_a_value_that_no_start_takes_is_not_written(host: Any, ansible: Callable, user: str) -> None:
    text = "[Container]\nImage=%s\nMemory=lots\n" % (IMAGE % "1")
    result = ansible(QUADLET, name="bad.container", content=text, **own(user))
    assert "bad.container, line 3: Memory=lots: --memory is 'lots'" in result["msg"], result


@USERS
def test_a_quadlet_with_a_mistake_is_not_written(host: Any, ansible: Callable, user: str) -> None:
    text = "[Container]\nImage=%s\nPublishPorts=1:1\n" % (IMAGE % "1")
    result = ansible(QUADLET, name="bad.container", content=text, **own(user))
    assert "bad.container, line 3: [Container] has no key PublishPorts" in result["msg"], result
    assert not host.file(UNITS[user].replace("systemd/system", "pycontainer/systemd").replace(
        "systemd/user", "pycontainer/systemd") + "/bad.container").exists


def test_check_mode_writes_nothing_and_predicts(host: Any, ansible: Callable) -> None:
    def everything() -> str:
        places = "/etc/systemd /home/alice/.config /var/lib/pycontainer/units /etc/pycontainer"
        return str(host.check_output("find %s -printf '%%p %%T@ %%s\\n' | sort | sha256sum" % places))

    ansible(CONTAINER, name="fresh", image=IMAGE % "1", state="created", tls_verify=False, stop_signal="KILL")
    before = everything()
    wishes = [(UNIT, {"name": "fresh", "enabled": True}), (UNIT, {"name": "kept", "state": "absent"}),
              (QUADLET, {"name": "more.volume", "content": "[Volume]\n", "run_as_user": ALICE})]
    predicted = [ansible(module, check=True, **wish)["actions"] for module, wish in wishes]
    assert everything() == before
    assert predicted[0] == ["write (container-fresh.service)", "reload", "enable", "start"]
    assert ansible(UNIT, name="fresh", enabled=True)["actions"] == predicted[0]
    assert ansible(QUADLET, **wishes[2][1])["actions"] == predicted[2] == ["write", "reload"]


def test_another_engine_starts_nothing_anew(host: Any, ansible: Callable, monkeypatch: pytest.MonkeyPatch,
                                            tmp_path: pathlib.Path) -> None:
    top = pathlib.Path(HERE).parents[3]
    newer = tmp_path / "ansible_collections" / "pycontainer" / "engine"
    for tree in ("plugins", "meta"):
        shutil.copytree(top / tree, newer / tree, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(top / "galaxy.yml", newer)
    with open(newer / "plugins/module_utils/engine/service/hooks.py", "a", encoding="utf-8") as stream:
        stream.write("# newer\n")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    current = "readlink /var/lib/pycontainer/engine/current"
    # What was changed above is as the play has it again.
    for user in (ROOT, ALICE):
        ansible(CONTAINER, name="web", image=IMAGE % "1", tls_verify=False, env={"ODD": ODD}, **own(user))
        ansible(UNIT, **WEB, **own(user))
    old, before = host.check_output(current), runs(host)
    done = subprocess.run(["ansible-playbook", "--tags", "services", "--diff", os.path.join(HERE, "play.yml")],
                          check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert "changed=0 " in done.stdout and done.returncode == 0, done.stdout
    assert runs(host) == before
    assert ansible(UNIT, name="kept", new=False, state="restarted")["changed"]
    new = host.check_output(current)
    assert new != old and host.file("/var/lib/pycontainer/engine/%s/__main__.py" % old).exists
    after = runs(host)
    assert {name for name in before if before[name] != after[name]} == {"root container-kept"}
    # The newer engine stops what the older one has started.
    systemctl(host, ROOT, "restart container-web pod-p")
    assert answer(8080) and answer(80)


def test_all_that_is_enabled_is_there_after_a_reboot(host: Any, reboot: Callable) -> None:
    reboot()
    for port in (8080, 8081, 80, 443, 5000):
        assert answer(port, seconds=180), port
    assert host.check_output("loginctl show-user alice -p Sessions") == "Sessions="
    assert shown(host, ROOT, "container-kept")["ActiveState"] == "inactive"
    assert {shown(host, ALICE, unit)["ActiveState"] for unit in ("container-kept", "container-made", "member")} == {
        "active"}


@USERS
def test_nothing_is_left_of_what_is_absent(host: Any, ansible: Callable, user: str) -> None:
    for name in ("web", "made", *(["p", "fresh"] if user == ROOT else [])):
        wish = {"name": name, "state": "absent", **own(user)}
        predicted = ansible(UNIT, check=True, **wish)
        done = ansible(UNIT, **wish)
        assert done["changed"] and done["actions"] == predicted["actions"], done
    assert ansible(UNIT, name="web", state="absent", **own(user))["changed"] is False
    assert ansible(UNIT, name="kept", state="absent", **own(user))["changed"]
    for name in ("site.container", "group.pod", "member.container", "box.image"):
        assert ansible(QUADLET, name=name, state="absent", **own(user))["changed"]
    assert host.check_output("find %s -name 'container-*' -o -name 'pod-*'" % UNITS[user]) == ""
    units = "container-web container-kept container-made pod-p container-p-web site group-pod member"
    assert {shown(host, user, unit)["LoadState"] for unit in units.split()} == {"not-found"}
    left = command(host, user, "pycontainer ps -a --format '{{.Names}}'")
    assert left.split() == ["kept"], left
