# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check says is what the run after it does: the same actions and diff, or the same error; and it does nothing.
What is missing it tells as a warning.

Needs root, conmon and a runtime.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib
import shutil
from typing import Any, Iterator
from unittest import mock

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.pycontainer.engine.plugins.module_utils.engine import errors
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, of_system
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.registry import transfer
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import containers, pods
from ansible_collections.pycontainer.engine.plugins.module_utils.state.option import argument_spec

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("conmon"), reason="needs root and conmon")
MODULES = "ansible_collections.pycontainer.engine.plugins.modules."


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rootfs")
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        (path / name).mkdir()
    shutil.copy("/bin/busybox", path / "bin" / "busybox")
    for name in ("sh", "sleep", "true", "false"):
        (path / "bin" / name).symlink_to("busybox")
    return str(path)


@pytest.fixture
def ctx(tmp_path: pathlib.Path) -> Iterator[Context]:
    place = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
    yield place
    rows = containers.listing(place, everything=True)
    while rows:
        # What others need can go only after them.
        for remove, names in ((containers.remove, [row.id for row in rows]), (pods.remove, ["p"])):
            for name in names:
                with contextlib.suppress(EngineError):
                    remove(place, name, force=True, timeout=0)
        before, rows = len(rows), containers.listing(place, everything=True)
        assert len(rows) < before


def called(ctx: Context, task: Any, place: dict[str, str], check: bool) -> tuple:
    """(actions, diff) of a task, or (class of the error, its text)."""
    name, options = task
    module = importlib.import_module(MODULES + name)
    rows, constraints = module.table()
    given = {key: filled(value, place) for key, value in options.items()}
    if name == "container" and given.get("state") != "absent" and "image" not in given and given.pop("made", True):
        given.update(image=place["rootfs"], rootfs=True)
    result = ArgumentSpecValidator(argument_spec(rows), **constraints).validate(given)
    assert not result.error_messages, result.error_messages
    params = dict(result.validated_parameters)
    for kind, form in (module.entries() if hasattr(module, "entries") else {}).items():
        checked = [ArgumentSpecValidator(argument_spec(form.rows), **form.constraints).validate(one)
                   for one in params[kind]]
        assert not [one.error_messages for one in checked if one.error_messages], checked
        params[kind] = [one.validated_parameters for one in checked]
    try:
        done = module.run(ctx, params, check)
    except EngineError as exc:
        return type(exc).__name__, str(exc)
    except OSError as exc:
        return type(exc).__name__, str(of_system(exc))
    assert "unspeakable" not in repr(done), "a secret is shown"
    return done.changed, done.values.get("actions"), done.diffs


def filled(value: Any, place: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**place) if "{" in value else value
    if isinstance(value, list):
        return [filled(one, place) for one in value]
    return {key: filled(one, place) for key, one in value.items()} if isinstance(value, dict) else value


def tree(path: pathlib.Path) -> dict[str, Any]:
    """All files with their modes and contents; what a check must leave as it is. Locks, logs and what Python compiles
    for a hook that is still running are no state."""
    found: dict[str, Any] = {}
    for one in sorted(path.rglob("*")):
        if {"locks", "__pycache__"} & set(one.parts) or one.suffix == ".log":
            continue
        found[str(one)] = os.lstat(one).st_mode
        if one.is_file():
            with contextlib.suppress(OSError):
                found[str(one)] = (os.lstat(one).st_mode, one.read_bytes())
    return found


SLEEP = {"name": "c", "command": ["sleep", "1000"], "network": ["none"], "stop_timeout": 0}
NONE: list = []
C = ("container", SLEEP)
SECRET = ("secret", {"name": "s", "data": "x"})
POD = ("pod", {"name": "p", "network": ["none"]})


def c(**more: Any) -> Any:
    return "container", dict(SLEEP, **more)


def stack(*entries: dict, changed: Any = None, **more: Any) -> Any:
    made = [dict({"image": "{rootfs}", "rootfs": True}, **dict(SLEEP, **one)) for one in entries]
    return "stack", {"name": "s", "units": False, "containers": made, **more, **(changed or {})}


def needing(name: str, other: str) -> dict:
    return {"name": name, "network": ["container:" + other]}


NET, DATA, WORD = [{"name": "n"}], [{"name": "v"}], [{"name": "word", "data": "unspeakable"}]
SHOP = {"networks": NET, "volumes": DATA, "secrets": WORD, "pods": [{"name": "p", "network": ["n"]}]}
USER = {"name": "c", "network": ["n"], "volume": ["v:/v"], "secrets": ["word"]}
MEMBER = {"name": "m", "pod": "p", "network": None}
CASES: list[tuple[str, list, Any]] = [
    # name, tasks before, the task
    ("new", NONE, C), ("again", [C], C), ("made only", NONE, c(state="created")), ("live", [C], c(
        restart_policy="on-failure:2")), ("other", [C], c(env={"A": "b"})), ("stopped", [C], c(state="stopped")),
    ("started again", [C, c(state="stopped")], C), ("gone", [C], ("container", {"name": "c", "state": "absent"})),
    ("gone twice", NONE, ("container", {"name": "c", "state": "absent"})), ("restart", [C], c(force_restart=True)),
    ("made again", [C], c(recreate=True)), ("renamed mounts", [C], c(volume=["data:/data"], tmpfs={"/t": "size=1m"})),
    ("no image", NONE, ("container", {"name": "c", "made": False})), ("missing network", NONE, c(network=["nowhere"])),
    ("missing secret", NONE, c(secrets=["word"])), ("missing device", NONE, c(device=["/dev/nothing-here"])),
    ("missing bind source", NONE, c(volume=["/nothing/here:/data"])), ("missing pod", NONE, c(pod="p", network=None)),
    ("missing container to join", NONE, c(network=["container:d"])),
    ("missing container required", NONE, c(requires=["d"])),
    ("missing container with volumes", NONE, c(volumes_from=["d"])), ("missing root file system", NONE, c(
        image="/nothing/here", rootfs=True)), ("contradiction", NONE, c(rm=True, restart_policy="always")),
    ("nothing can fail", NONE, c(healthcheck_failure_action="kill")),
    ("checked and not", NONE, c(healthcheck=["true"], no_healthcheck=True)),
    ("missing profile", NONE, c(security_opt=["seccomp=/nothing/here"])),
    ("missing image", NONE, c(image="localhost/nothing:1", pull="never")),
    ("missing registry", NONE, c(image="127.0.0.1:1/nothing:1", tls_verify=False)),
    ("no environment file", NONE, c(env_file=["/nothing/here"])), ("bad name", NONE, c(name="a/b")),
    ("name of a pod", [POD], c(name="p")), ("missing network of another", [C], c(network=["nowhere"])),
    ("missing source of another", [C], c(volume=["/nothing/here:/data"])),
    ("needed and replaced", [C, c(name="d", network=["container:c"])], c(env={"A": "b"})),
    ("needed and removed", [C, c(name="d", network=["container:c"])], ("container", {"name": "c", "state": "absent"})),
    ("runs and is not forced", [C], ("container", {"name": "c", "state": "absent", "force_delete": False})),
    ("pod", NONE, POD), ("pod again", [POD], POD), ("pod gone", [POD], ("pod", {"name": "p", "state": "absent"})),
    ("pod with another", [POD], ("pod", {"name": "p", "hostname": "other"})),
    ("pod's label", [POD], ("pod", {"name": "p", "label": {"a": "b"}})),
    ("pod of a container's name", [C], ("pod", {"name": "c", "network": ["none"]})),
    ("missing network of a pod", NONE, ("pod", {"name": "p", "network": ["nowhere"]})),
    ("pod that is needed", [POD, c(name="d", pod="p", network=None), c(name="e", network=["container:d"])],
     ("pod", {"name": "p", "state": "absent"})),
    ("network", NONE, ("network", {"name": "n"})), ("network again", [("network", {"name": "n"})],
                                                    ("network", {"name": "n"})),
    ("network's label", [("network", {"name": "n"})], ("network", {"name": "n", "label": {"a": "b"}})),
    ("network inside", [("network", {"name": "n"})], ("network", {"name": "n", "internal": True})),
    ("network gone", [("network", {"name": "n"})], ("network", {"name": "n", "state": "absent"})),
    ("subnet in use", [("network", {"name": "n", "subnet": "10.97.0.0/24"})],
     ("network", {"name": "m", "subnet": "10.97.0.0/25"})), ("bad network name", NONE, ("network", {"name": "a/b"})),
    ("no such driver", NONE, ("network", {"name": "n", "driver": "overlay"})),
    ("gateway elsewhere", NONE, ("network", {"name": "n", "subnet": "10.97.0.0/24", "gateway": "10.98.0.1"})),
    ("changed to a subnet in use", [("network", {"name": "n", "subnet": "10.97.0.0/24"}), ("network", {"name": "m"})],
     ("network", {"name": "m", "subnet": "10.97.0.0/25"})),
    ("default network", NONE, ("network", {"name": "podman", "state": "absent"})),
    ("network in use", [("network", {"name": "n"}), c(network=["n"])], ("network", {"name": "n", "state": "absent"})),
    ("network in use changed", [("network", {"name": "n"}), c(network=["n"])],
     ("network", {"name": "n", "internal": True})),
    ("volume", NONE, ("volume", {"name": "v"})), ("volume again", [("volume", {"name": "v"})], (
        "volume", {"name": "v"})), ("volume's label", [("volume", {"name": "v"})], (
            "volume", {"name": "v", "label": {"a": "b"}})), ("volume gone", [("volume", {"name": "v"})], (
                "volume", {"name": "v", "state": "absent"})),
    ("volume in use", [c(volume=["v:/v"])], ("volume", {"name": "v", "state": "absent"})),
    ("volume in use made anew", [c(volume=["v:/v"])], ("volume", {"name": "v", "recreate": True})),
    ("volume of another kind", [("volume", {"name": "v"})], ("volume", {"name": "v", "options": ["type=tmpfs"]})),
    ("bad volume name", NONE, ("volume", {"name": "a/b"})), ("no such volume driver", NONE, (
        "volume", {"name": "v", "driver": "nfs"})), ("bad volume option", NONE, (
            "volume", {"name": "v", "options": ["colour=red"]})),
    ("secret", NONE, SECRET), ("secret again", [SECRET], SECRET),
    ("secret changed", [SECRET], ("secret", {"name": "s", "data": "y"})),
    ("secret gone", [SECRET], ("secret", {"name": "s", "state": "absent"})),
    ("secret's labels", [SECRET], ("secret", {"name": "s", "labels": {"a": "b"}})),
    ("no value", NONE, ("secret", {"name": "s"})),
    ("no file", NONE, ("secret", {"name": "s", "path": "/nothing/here"})),
    ("bad secret name", NONE, ("secret", {"name": "a/b", "data": "x"})),
    ("empty secret", NONE, ("secret", {"name": "s", "path": "/dev/null"})),
    ("secret in use", [SECRET, c(secrets=["s"])], (
        "secret", {"name": "s", "state": "absent"})),
    ("secret and its users", [SECRET, c(secrets=["s"])], (
        "secret", {"name": "s", "data": "y", "restart_consumers": True})),
    ("no such image gone", NONE, ("image", {"name": "localhost/x", "state": "absent"})),
    ("image that is not to be pulled", NONE, ("image", {"name": "localhost/x", "pull": False})),
    ("registries", NONE, ("registries_conf", {"path": "{work}/r.conf", "search": ["a.example"]})),
    ("registries again", [("registries_conf", {"path": "{work}/r.conf", "search": ["a.example"]})],
     ("registries_conf", {"path": "{work}/r.conf", "search": ["a.example"]})),
    ("registries changed", [("registries_conf", {"path": "{work}/r.conf", "search": ["a.example"]})],
     ("registries_conf", {"path": "{work}/r.conf", "search": ["b.example"]})),
    ("registries gone", [("registries_conf", {"path": "{work}/r.conf", "search": ["a.example"]})],
     ("registries_conf", {"path": "{work}/r.conf", "state": "absent"})),
    ("registries that make no sense", NONE, ("registries_conf", {"path": "{work}/bad.conf", "search": ["a.example"]})),
    ("registries below a file", NONE, ("registries_conf", {"path": "{work}/bad.conf/r.conf", "search": ["a"]})),
    ("bad search registry", NONE, ("registries_conf", {"path": "{work}/r.conf", "search": ["a b"]})),
    ("logout", NONE, ("login", {"registry": "a.example", "state": "absent", "authfile": "{work}/auth.json"})),
    ("login with a broken file", NONE, ("login", {"registry": "a.example", "state": "absent",
                                                  "authfile": "{work}/bad.conf"})),
    ("exec nowhere", NONE, ("exec", {"name": "c", "argv": ["true"]})),
    ("exec in one that does not run", [c(state="created")], ("exec", {"name": "c", "argv": ["true"]})),
    ("unit", NONE, ("unit", {"name": "c"})), ("linger of nobody", NONE, ("linger", {"user": "nobody-here"})),
    ("subid of nobody", NONE, ("subid", {"user": "nobody-here"})),
    ("subid of too few", NONE, ("subid", {"user": "root", "count": 0})),
    ("engine", NONE, ("engine", {"directory": "{work}/lib", "command": "{work}/bin/pyc-check", "completion": False,
                                 "quadlet": False, "nftables": False})),
    ("stack", NONE, stack(USER, MEMBER, **SHOP)), ("stack again", [stack(USER, MEMBER, **SHOP)],
                                                   stack(USER, MEMBER, **SHOP)),
    ("stack's secret", [stack(USER, MEMBER, **SHOP)], stack(USER, MEMBER, **SHOP, changed={"secrets": [
        {"name": "word", "data": "other"}]})),
    ("stack's network", [stack(USER, MEMBER, **SHOP)], stack(USER, MEMBER, **SHOP, changed={"networks": [
        {"name": "n", "internal": True}]})),
    ("stack without one", [stack({"name": "c"}, {"name": "d"})], stack({"name": "c"}, prune=True)),
    ("stack gone", [stack(USER, MEMBER, **SHOP)], stack(state="absent", prune_volumes=True)),
    ("stack in order", NONE, stack(needing("a", "b"), needing("b", "c"), {"name": "c"})),
    ("stack with another base", [stack(needing("a", "c"), {"name": "c"})],
     stack(needing("a", "c"), {"name": "c", "env": {"A": "b"}})),
    ("stack turned round", [stack(needing("a", "c"), {"name": "c"})], stack(needing("c", "a"), {"name": "a"})),
    ("stack with a new base", [stack(needing("a", "c"), {"name": "c"})],
     stack(needing("a", "d"), {"name": "d"}, prune=True)),
    ("stack whose base goes", [stack(needing("a", "c"), {"name": "c"})], stack(needing("a", "c"), prune=True)),
    ("stack whose base is freed", [stack(needing("a", "c"), {"name": "c"})], stack({"name": "a"}, prune=True)),
    ("stack in a circle", NONE, stack(needing("a", "b"), needing("b", "a"))),
    ("stack of one that needs itself", NONE, stack(needing("a", "a"))),
    ("stack that somebody else needs", [stack({"name": "c"}), c(name="d", network=["container:c"])],
     stack({"name": "c", "env": {"A": "b"}})),
    ("stack gone that somebody else needs", [stack({"name": "c"}), c(name="d", network=["container:c"])],
     stack(state="absent")),
    ("missing network of a stack", NONE, stack(dict(USER, secrets=None))),
    ("stack of a stranger's network", [("network", {"name": "n"})], stack({"name": "c", "network": ["n"]})),
    ("missing source in a stack", NONE, stack(USER, {"name": "d", "volume": ["/nothing/here:/d"]}, **SHOP)),
    ("list", [C], ("pycontainer", {"cmd": "ps -a --format {{{{.Names}}}}"})),
    ("list nothing", NONE, ("pycontainer", {"cmd": "inspect nothing"})),
    ("no such verb", NONE, ("pycontainer", {"cmd": "prance"})),
    ("quadlet of no kind", NONE, ("quadlet", {"name": "x.kube", "content": "[Kube]"})),
    ("quadlet that makes no sense", NONE, ("quadlet", {"name": "x-check.container", "content": "[Container]\nImage"})),
    ("quadlet with a bad value", NONE, ("quadlet", {"name": "x-check.container", "options": {
        "Container": {"Image": "x", "Memory": "lots"}}})),
    ("no quadlet gone", NONE, ("quadlet", {"name": "x-check.container", "state": "absent"})),
    ("unit that nobody has", NONE, ("unit", {"name": "c-check", "state": "absent"})),
    ("unit without systemd", [C], ("unit", {"name": "c"})),
    ("linger gone for nobody", NONE, ("linger", {"user": "nobody-here", "state": "absent"})),
    ("engine in the way", NONE, ("engine", {"directory": "{work}/lib", "command": "{work}/bad.conf",
                                            "completion": False, "quadlet": False, "nftables": False})),
]


@pytest.mark.parametrize(("name", "before", "task"), CASES, ids=[row[0] for row in CASES])
def test_a_check_says_what_the_run_does(ctx: Context, rootfs: str, tmp_path: pathlib.Path, name: str, before: list,
                                        task: Any) -> None:
    place = {"rootfs": rootfs, "work": str(tmp_path / "work")}
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "bad.conf").write_text("this is [no TOML and no JSON\n")
    for one in before:
        assert isinstance(called(ctx, one, place, False)[0], bool), called(ctx, one, place, False)
    there = tree(tmp_path)
    said = called(ctx, task, place, True)
    assert tree(tmp_path) == there, "a check does nothing"
    warned, done = list(ctx.warnings), called(ctx, task, place, False)
    assert bool(warned) == name.startswith("missing "), warned
    if warned:
        # What is missing may be what an earlier task of the same check would bring.
        assert said[0] is True and [text for text in warned if missing(text) in done[1]], (warned, done)
    else:
        assert said == (done if isinstance(done[0], bool) else (done[0], done[1].partition(" Done before: ")[0]))


def missing(warning: str) -> str:
    """What a warning says is missing, as an error does."""
    return warning.rpartition(" to pull: ")[2].partition(". ")[0]


@pytest.mark.parametrize(("error", "known"), [
    (None, False), (errors.MissingDependency("no requests"), False), (errors.Unauthorized("no", status=401), True)])
def test_a_check_of_a_login_fails_by_what_the_registry_answers(ctx: Context, tmp_path: pathlib.Path, monkeypatch: Any,
                                                               error: Any, known: bool) -> None:
    if error is not None:
        monkeypatch.setattr(transfer, "client_for", mock.Mock(side_effect=error))
    task = ("login", {"registry": "127.0.0.1:1", "username": "u", "password": "p", "tls_verify": False,
                      "authfile": "{work}/auth.json"})
    said = called(ctx, task, {"work": str(tmp_path)}, True)
    assert (said[0] is True) is not known and bool(ctx.warnings) is not known, (said, ctx.warnings)
    done = called(ctx, task, {"work": str(tmp_path)}, False)
    assert not isinstance(done[0], bool) and (not known or said == done)


MISSING = [("conmon", C), ("crun runc", C), ("nft", c(network=[])), ("catatonit", c(init=True)), ("conmon", c(
    state="created")), ("conmon", POD), ("conmon", ("pod", {"name": "p", "state": "started", "network": ["none"]}))]


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(("programs", "task"), MISSING, ids=lambda value: str(value)[:40])
def test_a_check_misses_the_programs_that_the_run_would(ctx: Context, rootfs: str, monkeypatch: Any, programs: str,
                                                        task: Any, running: bool) -> None:
    place, find = {"rootfs": rootfs}, Context.find_tool
    if running and task[0] == "container":
        assert called(ctx, c(env={"A": "other"}), place, False)[0] is True
    monkeypatch.setattr(Context, "find_tool", lambda self, name: None if name in programs.split() else find(self, name))
    # An earlier task may be the one that installs them, so that it is a warning.
    said, warned = called(ctx, task, place, True), list(ctx.warnings)
    done = called(ctx, task, place, False)
    if isinstance(done[0], bool):
        assert (said, warned) == (done, [])
    else:
        assert said[0] is True and [text for text in warned if text.partition(". ")[0] in done[1]], (warned, done)
