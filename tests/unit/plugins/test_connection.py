# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection plugin, against a command that stands in for pycontainer and tells what it was called with."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, shell_loader
from ansible_collections.pycontainer.engine.plugins.plugin_utils import commandline

# The first lines of a stand-in for pycontainer: it notes its argv, and says what 'container inspect' says.
HEAD = """\
#!%s
import json, os, sys, time
with open(os.path.join(os.path.dirname(sys.argv[0]), "calls"), "a") as stream:
    stream.write(json.dumps(sys.argv[1:]) + "\\n")
words = sys.argv[sys.argv.index("exec") + 1:] if "exec" in sys.argv else []
if "inspect" in sys.argv:
    print(os.environ.get("STATUS", "running"))
    sys.exit(0)
""" % sys.executable


class Stand:
    """A connection and the stand-in that it calls."""

    def __init__(self, place: Path, load: Callable[..., Any]) -> None:
        self.load, self.place, self.path = load, place, place / "pycontainer"
        self.does("")

    def does(self, body: str) -> None:
        self.path.write_text(HEAD + body)
        self.path.chmod(0o755)

    def connect(self, **options: Any) -> Any:
        connection = self.load("connection", "container", PlayContext(), None)
        given = {"inventory_hostname": "web", "ansible_pycontainer_executable": str(self.path)}
        given.update(options)
        connection.set_options(var_options=given)
        return connection

    @property
    def calls(self) -> list:
        return [json.loads(line) for line in (self.place / "calls").read_text().splitlines()]


@pytest.fixture
def stand(tmp_path: Path, load: Callable[..., Any]) -> Stand:
    return Stand(tmp_path, load)


@pytest.mark.parametrize(("options", "before", "after"), [
    ({}, [], ["exec", "--interactive", "web"]),
    ({"ansible_host": "other"}, [], ["exec", "--interactive", "other"]),
    ({"ansible_host": "other", "ansible_pycontainer_host": "last"}, [], ["exec", "--interactive", "last"]),
    ({"ansible_user": "app"}, [], ["exec", "--interactive", "--user", "app", "web"]),
    ({"ansible_user": 33}, [], ["exec", "--interactive", "--user", "33", "web"]),
    ({"ansible_user": "app", "ansible_pycontainer_user": "1:2"}, [], ["exec", "--interactive", "--user", "1:2", "web"]),
    ({"ansible_pycontainer_root": "/r", "ansible_pycontainer_runroot": "/rr"}, ["--root", "/r", "--runroot", "/rr"],
     ["exec", "--interactive", "web"]),
    ({"ansible_pycontainer_root": "", "ansible_pycontainer_run_as_user": ""}, [], ["exec", "--interactive", "web"]),
    ({"ansible_pycontainer_run_as_user": "alice"}, ["--run-as-user", "alice"], ["exec", "--interactive", "web"]),
    ({"ansible_pycontainer_extra_args": "--runtime '/opt/my crun'"}, ["--runtime", "/opt/my crun"],
     ["exec", "--interactive", "web"]),
])
def test_options_become_words(stand: Stand, options: dict, before: list, after: list) -> None:
    assert stand.connect(**options).argv(["id"]) == [str(stand.path), *before, *after, "id"]


def test_the_collections_own_command_is_the_default(stand: Stand) -> None:
    words = stand.connect(ansible_pycontainer_executable=None).argv(["id"])
    assert words[1] == "-IS" and os.path.samefile(
        words[2], Path(__file__).resolve().parents[3] / "bin" / "pycontainer")


def test_another_user_gets_a_python_that_everybody_can_read(tmp_path: Path, monkeypatch: Any) -> None:
    private = tmp_path / "private"
    (private / "bin").mkdir(parents=True)
    (private / "bin" / "python3").symlink_to(sys.executable)
    (private / "os.py").touch()
    private.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(private / "bin" / "python3"))
    assert commandline.prefix()[0] == str(private / "bin" / "python3")
    assert commandline.prefix(run_as_user="alice")[0] == "/usr/bin/python3"


@pytest.mark.parametrize("name", ["", "-u", "--help", "a b", "a;b", "a\nb", "../a", "a/b"])
def test_a_name_that_is_none_is_refused(stand: Stand, name: str) -> None:
    with pytest.raises(AnsibleError, match="no name of a container"):
        stand.connect(ansible_host=name).exec_command("id")


def test_extra_arguments_that_are_not_quoted_well(stand: Stand) -> None:
    with pytest.raises(AnsibleError, match="not quoted well"):
        stand.connect(ansible_pycontainer_extra_args="'a").exec_command("id")


def test_a_command_is_one_word_for_a_shell(stand: Stand) -> None:
    command = "/bin/sh -c 'echo \"$HOME\" && exit; # ü'"
    stand.does("sys.stdout.write('out'); sys.stderr.write('err'); sys.exit(7)")
    assert stand.connect().exec_command(command) == (7, b"out", b"err")
    assert stand.calls == [["exec", "--interactive", "web", "/bin/sh", "-c", command]]


def test_data_is_the_commands_input(stand: Stand) -> None:
    data = bytes(range(256)) * 4096
    stand.does("sys.stdout.buffer.write(sys.stdin.buffer.read())")
    assert stand.connect().exec_command("cat", in_data=data) == (0, data, b"")


@pytest.mark.parametrize("name", ["plain", "it's \"odd\" $(id) *", "-n", "new\nline", "ünïcode", "\udcff"])
def test_files_go_and_come_back(stand: Stand, name: str) -> None:
    # The stand-in runs the real dd.
    stand.does("os.execvp(words[words.index('dd')], words[words.index('dd'):])")
    connection, there = stand.connect(), str(stand.place / "there")
    for data in (b"", b"\0\xff\r\n", os.urandom(3_000_001)):
        (stand.place / "source").write_bytes(data)
        connection.put_file(str(stand.place / "source"), there + name)
        connection.fetch_file(there + name, str(stand.place / "back"))
        assert (stand.place / "back").read_bytes() == data


def test_a_file_that_there_is_not(stand: Stand) -> None:
    stand.does("os.execvp('dd', words[words.index('dd'):])")
    with pytest.raises(AnsibleFileNotFound, match="missing"):
        stand.connect().put_file(str(stand.place / "missing"), "/x")
    with pytest.raises(AnsibleError, match="Cannot read .*missing in the container web"):
        stand.connect().fetch_file(str(stand.place / "missing"), str(stand.place / "back"))
    assert not (stand.place / "back").exists()


@pytest.mark.parametrize(("code", "error", "status", "says"), [
    (255, "Error: The container web is exited\nStart it first.\n", "exited", "The container web is exited"),
    (125, "Error: There is no container web\n", "created", "The container web is created"),
    (125, "Error: something else\n", "running", None),   # the engine failed, but the container runs
    (255, "oops", "exited", None),                       # the command's own exit code
    (1, "Error: of the command\n", "exited", None),
])
def test_only_a_container_that_does_not_run_is_unreachable(
        stand: Stand, monkeypatch: Any, code: int, error: str, status: str, says: str) -> None:
    monkeypatch.setenv("STATUS", status)
    stand.does("sys.stderr.write(%r); sys.exit(%d)" % (error, code))
    if says is None:
        assert stand.connect().exec_command("id") == (code, b"", error.encode())
    else:
        with pytest.raises(AnsibleConnectionFailure, match=says):
            stand.connect().exec_command("id")


def test_a_command_that_takes_too_long_is_ended(stand: Stand) -> None:
    stand.does("time.sleep(60)")
    with pytest.raises(AnsibleConnectionFailure, match="longer than 1 seconds"):
        stand.connect(ansible_pycontainer_command_timeout=1).exec_command("id")


def test_no_command_at_all(stand: Stand) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="Cannot run /nowhere/pycontainer"):
        stand.connect(ansible_pycontainer_executable="/nowhere/pycontainer").exec_command("id")


def with_become(connection: Any, password: str) -> Any:
    become = become_loader.get("su")
    become.set_options(direct={"become_user": "root", "become_pass": password})
    become.build_become_command("id", shell_loader.get("sh"))
    connection.set_become_plugin(become)
    return become


SU = """
sys.stdout.write("Password: "); sys.stdout.flush()
if sys.stdin.readline() != "secret\\n":
    sys.stderr.write("su: Authentication failure\\n"); sys.stderr.flush()
    time.sleep(60)
sys.stdout.write("\\n%s\\nout "); sys.stdout.flush()
sys.stdout.write(sys.stdin.read())
"""


def test_a_become_plugin_gets_its_password(stand: Stand) -> None:
    connection = stand.connect()
    become = with_become(connection, "secret")
    stand.does(SU % become.success)
    code, out, err = connection.exec_command("id", in_data=b"input")
    assert (code, out.strip(), err) == (0, b"%s\nout input" % become.success.encode(), b"")


def test_a_wrong_password_ends_at_once(stand: Stand) -> None:
    connection = stand.connect()
    stand.does(SU % with_become(connection, "wrong").success)
    with pytest.raises(AnsibleError, match="the password is wrong"):
        connection.exec_command("id")


def test_a_prompt_that_does_not_come(stand: Stand) -> None:
    connection = stand.connect(ansible_pycontainer_timeout=1)
    with_become(connection, "secret")
    stand.does("time.sleep(60)")
    with pytest.raises(AnsibleConnectionFailure, match="No answer of su"):
        connection.exec_command("id")
