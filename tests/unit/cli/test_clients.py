# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line as its users have it: a process with descriptors and signals, and real containers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from command_line import Client

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon") or not os.path.exists("/bin/busybox"),
                                reason="needs root, conmon and busybox")


def test_a_cidfile_that_cannot_be_written_is_found_out_first(client: Client) -> None:
    code, out, err = client(*client.run, "-d", "--cidfile", "/nowhere/file", client.image, "sleep", "100")
    assert code == 125 and err.startswith("Error: /nowhere/file: ") and out == ""
    assert client("ps", "-aq")[1] == ""


def test_a_cidfile_is_there_while_the_client_waits_and_not_without_a_container(client: Client, tmp_path: Any) -> None:
    path = tmp_path / "cid"
    code, out, _err = client(*client.run, "--rm", "--cidfile", str(path), "-v", "%s:/seen" % tmp_path, client.image,
                             "cat", "/seen/cid")
    assert code == 0 and out == path.read_text() and len(out) == 64
    assert client(*client.run, "--cidfile", str(path), client.image, "true")[0] == 125
    assert client(*client.run, "--cidfile", str(tmp_path / "other"), "/nowhere", "true")[0] == 125
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1"])
def test_signals_reach_the_container_and_its_exit_code_comes_back(client: Client, name: str) -> None:
    script = "trap 'exit 7' %s; echo ready; while :; do sleep 0.1; done" % name
    running = client.attached(*client.run, "--rm", client.image, "sh", "-c", script)
    assert running.stdout.readline() == "ready\n"
    running.send_signal(getattr(signal, "SIG" + name))
    assert running.wait(timeout=60) == 7
    assert client("ps", "-aq")[1] == ""


@pytest.mark.parametrize("name", ["INT", "QUIT"])
def test_so_do_those_that_a_script_has_its_background_jobs_ignore(client: Client, name: str) -> None:
    script = "trap 'exit 7' %s; echo ready; while :; do sleep 0.1; done" % name
    argv = ["env", "--ignore-signal=" + name, *client.start, *client.run, "--rm", client.image, "sh", "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None and running.stdout.readline() == "ready\n"
            running.send_signal(getattr(signal, "SIG" + name))
            assert running.wait(timeout=20) == 7
        finally:
            running.kill()


SEEN = "env | grep LISTEN | sort; cat <&3"
TOLD = "LISTEN_FDNAMES=web\nLISTEN_FDS=1\nLISTEN_PID=1\n"
SOCKET = {"LISTEN_FDS": "1", "LISTEN_PID": "7", "LISTEN_FDNAMES": "web"}


@pytest.mark.parametrize("variables, words, says", [
    (SOCKET, ["--rm"], TOLD + "passed\n"), (SOCKET, ["-d", "--name", "one"], TOLD + "passed\n"),
    ({}, ["--rm", "--preserve-fds", "1"], "passed\n")], ids=["attached", "detached", "preserved"])
def test_a_container_gets_the_sockets_of_its_caller(client: Client, tmp_path: Any, variables: dict[str, str],
                                                    words: list[str], says: str) -> None:
    (tmp_path / "passed").write_text("passed\n")
    # sh puts the file where systemd puts the first socket.
    argv = ["sh", "-c", 'exec 3<"$0"; exec "$@"', str(tmp_path / "passed"), *client.start, *client.run, *words,
            client.image, "sh", "-c", SEEN]
    done = subprocess.run(argv, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    if "-d" not in words:
        assert done.stdout == says
        return
    assert client("wait", "one")[0] == 0 and client("logs", "one")[1] == says


def test_descriptors_that_are_not_open_are_refused(client: Client) -> None:
    code, _out, err = client(*client.run, "--rm", "--preserve-fds", "9", client.image, "true")
    assert code == 125 and "is not open" in err and client("ps", "-aq")[1] == ""


def test_without_the_proxy_the_container_goes_on(client: Client) -> None:
    running = client.attached(*client.run, "--name", "on", "--sig-proxy=false", client.image, "sh", "-c",
                              "echo ready; sleep 100")
    assert running.stdout.readline() == "ready\n"
    running.terminate()
    assert running.wait(timeout=60) == -signal.SIGTERM
    assert client("ps", "--format", "{{.Names}} {{.State}}")[1] == "on running\n"


@pytest.mark.parametrize("words", [["attach", "one"], ["start", "-a", "one"]])
def test_attach_and_start_pass_signals_on_too(client: Client, words: list[str]) -> None:
    client.detached("--name", "one", client.image, "sh", "-c",
                    "trap 'exit 8' TERM; while :; do echo tick; sleep 0.1; done")
    if words[0] == "start":
        client("kill", "-s", "KILL", "one")
        client("wait", "one")
    running = client.attached(*words)
    assert running.stdout.readline() == "tick\n"
    running.terminate()
    running.stdout.read()
    assert running.wait(timeout=60) == 8


def test_what_cannot_be_executed_is_told_once(client: Client) -> None:
    client.detached("--name", "one", client.image, "sleep", "100")
    code, out, err = client("exec", "one", "nothere")
    assert code == 127 and out == "" and err.count("nothere") == 1
    client("stop", "one")
    assert client("exec", "one", "true")[0] == 255


def test_exit_codes_and_output_of_the_verbs_on_containers(client: Client, tmp_path: Any) -> None:
    one = client.detached("--name", "one", "--cidfile", str(tmp_path / "cid"), client.image, "sleep", "100")
    assert client("rm", "one")[0] == 2 and client("start", "one")[:2] == (0, "one\n")
    assert client("pause", "--latest")[:2] == (0, one + "\n")
    assert client("ps", "-a", "--format", "{{.Status}}")[1] == "Paused\n" and client("ps", "-q")[1] == ""
    assert client("unpause", "--filter", "name=one")[:2] == (0, one + "\n")
    assert client("stop", "--cidfile", str(tmp_path / "cid"))[:2] == (0, one + "\n")
    assert client("start", "--all")[:2] == (0, one + "\n") and client("start", "--all")[:2] == (0, "")
    assert client("restart", "--running")[:2] == (0, one + "\n")
    assert client("rm", "-f", "one", "nothing")[:2] == (0, "one\n")
    assert client("rm", "-i", "nothing") == (0, "", "") and client("stop", "-i", "nothing") == (0, "", "")
    assert client("stop", "-i", "--cidfile", str(tmp_path / "no")) == (0, "", "")
    assert client("stop", "--cidfile", str(tmp_path / "no"))[0] == 125


def test_rm_takes_those_that_need_it_along(client: Client) -> None:
    client.detached("--name", "first", client.image, "sleep", "100")
    second = ["--name", "second", "--network", "container:first", "--stop-timeout", "0", "--rootfs", client.image]
    assert client("run", "-d", *second, "sleep", "100")[0] == 0
    assert client("rm", "-f", "first")[0] == 125
    assert client("rm", "-f", "--depend", "first", "second")[:2] == (0, "first\n")
    assert client("ps", "-aq")[1] == ""


def test_only_the_named_streams_are_attached(client: Client) -> None:
    words = [*client.run, "--rm", "-a", "stdout", client.image, "sh", "-c", "echo out; echo err >&2"]
    assert client(*words) == (0, "out\n", "")
    words[words.index("stdout")] = "both"
    assert client(*words)[0] == 125


def test_top_shows_the_processes_of_the_container_only(client: Client) -> None:
    client.detached("--name", "one", "--user", "0:7", client.image, "sh", "-c", "sleep 101 & sleep 102; true")
    client("exec", "-d", "one", "sleep", "103")
    code, out, err = client("top", "one", "pid,ppid", "user", "group", "args")
    rows = [line.split(None, 4) for line in out.splitlines()]
    assert (code, err) == (0, "") and rows[0] == ["PID", "PPID", "USER", "GROUP", "COMMAND"]
    assert [row[4] for row in rows[1:]] == ["sh -c sleep 101 & sleep 102; true", "sleep 101", "sleep 102", "sleep 103"]
    assert [row[:2] for row in rows[1:4]] == [["1", "0"], [rows[2][0], "1"], [rows[3][0], "1"]]
    assert rows[4][1] == "0" and {row[3] for row in rows[1:]} == {"7"}
    assert client("top", "-l")[1].split("\n")[0].split() == [
        "USER", "PID", "PPID", "%CPU", "ELAPSED", "TTY", "TIME", "COMMAND"]
    assert client("top", "one", "bogus")[0] == 125
    client("kill", "one")
    client("wait", "one")
    assert client("top", "one")[0] == 125


def test_stats_are_those_of_the_control_groups(client: Client) -> None:
    client.detached("--name", "one", "-m", "64m", client.image, "sh", "-c", "sleep 101 & sleep 102; true")
    client("create", "--name", "two", "--rootfs", client.image, "sleep", "1")
    template = "{{.Name}} {{.PIDs}} {{.MemLimit}} {{.CPUNano}}"
    rows = [[""] * 4]
    deadline = time.monotonic() + 60
    while rows[0][1] != "3" and time.monotonic() < deadline:  # the shell may not have started both yet
        rows = [line.split() for line in client("stats", "--no-stream", "--format", template)[1].splitlines()]
    assert [row[:3] for row in rows] == [["one", "3", "67108864"]] and int(rows[0][3]) > 0
    assert client("stats", "--no-stream", "-a", "--format", "{{.Name}} {{.PIDs}}")[1] == "one 3\ntwo 0\n"
    assert '"net_io": "0B / 0B"' in client("stats", "--no-stream", "--format", "json", "one")[1]
    assert client("stats", "--no-stream", "nothing")[0] == 125
    running = client.attached("stats", "-i", "1", "--format", "{{.Name}}")
    assert [running.stdout.readline() for _time in range(2)] == ["one\n"] * 2
    running.terminate()
    running.wait(timeout=60)


def test_sizes_are_those_of_what_is_there(client: Client) -> None:
    client("create", "--name", "one", "--rootfs", client.image, "sleep", "1")
    whole = os.path.getsize("/bin/busybox") + sum(
        len(os.readlink(os.path.join(client.image, "bin", name))) for name in os.listdir(client.image + "/bin")
        if os.path.islink(os.path.join(client.image, "bin", name)))
    assert client("inspect", "--size", "one", "--format", "{{.SizeRw}} {{.SizeRootFs}}")[1] == "0 %d\n" % whole
    assert client("ps", "-a", "--size", "--format", "{{.Size}}")[1].startswith("0B (virtual ")
    assert client("ps", "-a", "--format", "{{.Size}}")[0] == 125
    assert client("ps", "-as")[1].split("\n")[0].endswith("SIZE")


def test_templates_know_what_podmans_know(client: Client) -> None:
    client.detached("--name", "one", "-l", "k=v", "-v", "/tmp:/x", client.image, "sleep", "100")
    template = "{{.AutoRemove}} {{.Mounts}} {{.Labels.k}} {{.Exited}} {{.ExitedAt}} {{.Pid}} {{.IsInfra}} {{.PIDNS}}"
    row = client("ps", "--format", template)[1].split()
    assert row[:5] == ["false", "[/x]", "v", "false", "-62135596800"]
    assert os.readlink("/proc/%s/ns/pid" % row[5]) == "pid:[%s]" % row[7]
    assert client("network", "ls", "--format", "{{.Name}} {{.Internal}} {{.DNSEnabled}}")[1] == "podman false false\n"


@pytest.fixture
def loaded(client: Client, tmp_path: Any) -> str:
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
    import image_layout

    image_layout.busybox_image(str(tmp_path / "layout"), "1")
    assert client("load", "-i", str(tmp_path / "layout"))[0] == 0
    identifier = client("images", "-q", "--no-trunc")[1].strip()
    assert client("tag", identifier, "localhost/own:1")[0] == 0
    return "localhost/own:1"


def test_an_images_variables_are_merged(client: Client, loaded: str) -> None:
    run = ["run", "--rm", "--network", "none"]
    code, out, err = client(*run, "--env-merge", "X=<${FLAVOUR}$$${NOPE}>", loaded, "sh", "-c", "echo $X")
    assert (code, out, err) == (0, "<plain$>\n", "")
    assert client(*run, "--env-merge", "X", loaded, "true")[0] == 125


def test_rmi_takes_the_image_along_when_no_other_uses_it(client: Client, loaded: str) -> None:
    assert client("create", "--network", "none", "--name", "other", loaded, "true")[0] == 0
    assert client("run", "--network", "none", "--rmi", loaded, "echo", "hi")[:2] == (0, "hi\n")
    assert client("image", "exists", loaded)[0] == 0
    client("rm", "other")
    assert client("run", "--network", "none", "--rmi", loaded, "echo", "hi")[:2] == (0, "hi\n")
    assert client("image", "exists", loaded)[0] == 1 and client("ps", "-aq")[1] == ""


def test_an_image_is_a_tree_of_layers(client: Client, loaded: str) -> None:
    lines = client("image", "tree", loaded)[1].splitlines()
    assert lines[1] == "Tags:     [%s]" % loaded and lines[3] == "Image Layers"
    assert [line.split()[0] for line in lines[4:]] == ["\u251c\u2500\u2500", "\u2514\u2500\u2500"]
    assert lines[-1].endswith("Top Layer of: [%s]" % loaded)
    assert len(client("image", "tree", "--whatrequires", loaded)[1].splitlines()) == 5


def test_ports_without_a_network_are_told(client: Client) -> None:
    code, _out, err = client(*client.run, "--rm", "-p", "80:80", client.image, "true")
    assert code == 0 and err.startswith("Warning: no port is published")


def test_output_that_cannot_be_written_is_an_error(client: Client) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([*client.start, "ps"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 125 and done.stderr.startswith("Error: ") and "Traceback" not in done.stderr


def test_waiting_has_an_interval(client: Client) -> None:
    client.detached("--name", "one", client.image, "sleep", "0.3")
    began = time.monotonic()
    assert client("wait", "-i", "50", "--condition", "exited,paused", "one")[:2] == (0, "0\n")
    assert time.monotonic() - began < 40
    assert client("wait", "-i", "0", "one")[0] == 125


def test_a_wait_for_other_things_than_an_end_has_no_exit_code(client: Client) -> None:
    client("create", "--name", "one", "--rootfs", client.image, "sh", "-c", "exit 3")
    for condition, code in (("stopped", "0"), ("created", "-1"), ("stopped,created", "0")):
        assert client("wait", "--condition", condition, "one")[:2] == (0, code + "\n")
    client("start", "--attach", "one")
    assert client("wait", "one")[:2] == (0, "3\n")
    client.detached("--name", "two", client.image, "sleep", "100")
    assert client("wait", "--condition", "running", "two")[:2] == (0, "-1\n")


def test_where_no_port_is_published_none_is_missing(client: Client) -> None:
    client("create", "--name", "none", "--rootfs", client.image, "true")
    client("create", "--name", "one", "-p", "8080:80", "--rootfs", client.image, "true")
    assert client("port", "none", "80") == (0, "", "")
    code, _out, err = client("port", "one", "81")
    assert code == 125 and "81" in err


def test_waiting_for_what_is_removed_meanwhile_ends(client: Client) -> None:
    client("create", "--name", "one", "--rootfs", client.image, "sleep", "1")
    waiting = subprocess.Popen([*client.start, "wait", "--condition", "running", "one"], stderr=subprocess.PIPE,
                               text=True)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=2)
        client("rm", "one")
        assert "no container" in waiting.communicate(timeout=60)[1].lower() and waiting.returncode == 125
    finally:
        waiting.kill()


@pytest.mark.parametrize("name", ["io.containers.trace-syscall", "io.podman.annotations.init",
                                  "org.systemd.property.X"])
def test_an_annotation_that_does_nothing_is_refused(client: Client, name: str) -> None:
    if name.startswith("org.systemd") and os.path.isdir("/run/systemd/system"):
        pytest.skip("systemd acts on it")
    code, out, err = client(*client.run, "--annotation", name + "=x", client.image, "true")
    assert code == 125 and name in err and client("ps", "-aq")[1] == ""


def test_inspect_says_of_states_and_capabilities_what_podman_says(client: Client) -> None:
    client.detached("--name", "one", client.image, "sleep", "100")
    client.detached("--name", "two", "--user", "7", "--cap-add", "NET_ADMIN", client.image, "sleep", "100")
    client("pause", "one")
    state = "{{.State.Status}} {{.State.Running}} {{.State.Paused}} <{{.State.Health.Status}}>"
    assert client("inspect", "--format", state, "one", "two")[1] == "paused false true <>\nrunning true false <>\n"
    shown = client("inspect", "--format", "{{.EffectiveCaps}} {{len .BoundingCaps}}", "one", "two")[1].split("\n")
    assert "CAP_CHOWN" in shown[0] and shown[1].startswith("[CAP_NET_ADMIN] ") and not shown[1].endswith(" 1")
    assert client("ps", "-q", "--format", "{{.Names}}", "--filter", "name=two") == (0, "two\n", "")


def test_inspect_knows_the_runtime_and_the_variables_of_a_run_but_no_secret(client: Client, tmp_path: Any) -> None:
    (tmp_path / "key").write_text("hush")
    client("secret", "create", "key", str(tmp_path / "key"))
    client.detached("--name", "one", "--secret", "key,type=env,target=KEY", "-e", "A=b", client.image, "sleep", "100")
    client("create", "--name", "two", "--unsetenv", "TERM", "--rootfs", client.image, "true")
    code, out, err = client("inspect", "one", "two")
    one, two = json.loads(out)
    assert code == 0 and one["OCIRuntime"] == two["OCIRuntime"] != "", err
    assert {"A=b", "TERM=xterm", "HOME=/", "HOSTNAME=" + one["Id"][:12]} <= set(one["Config"]["Env"])
    assert "hush" not in out and [row.partition("=")[0] for row in two["Config"]["Env"]] == ["PATH", "container"]


def test_a_health_check_and_none_is_refused(client: Client) -> None:
    code, _out, err = client("create", "--no-healthcheck", "--health-cmd", "true", "--rootfs", client.image, "true")
    assert code == 125 and "health check" in err and client("ps", "-aq")[1] == ""
    assert client("create", "--no-healthcheck", "--health-cmd", "none", "--rootfs", client.image, "true")[0] == 0
