# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The installed engine: plans as a table, and a command that works."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from typing import Any, Optional

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Conflict
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import installation
from ansible_collections.pycontainer.engine.plugins.module_utils.state import engine

COPY = "/l/" + "a" * 64
COMMAND, OTHER = installation.command_text(COPY), installation.command_text("/l/" + "b" * 64)
COMPLETION = "# Completion of pycontainer for bash"
DOCKER = "-> pycontainer"


def params(**given: Any) -> dict:
    options = {row.name: row.settings.get("default") for row in engine.OPTIONS}
    return dict(options, directory="/l", command="/b/pycontainer", quadlet=False, nftables=False,
                **given)


TEXTS = installation.texts("/b/pycontainer", COPY, COMPLETION)
GENERATORS = {what: TEXTS[what] for what in engine.SYSTEMD["quadlet"]}
FOLLOWERS = {what: TEXTS[what] for what in engine.SYSTEMD["nftables"]}
NOTHING = (None, None, None)
PLANS = [
    # given, command, completion, docker as they are, whole, verbs
    ({}, NOTHING, False, ("copy", "write", "write")), ({}, (COMMAND, COMPLETION, None), True, ()),
    ({}, (COMMAND, None, None), True, ("write",)), ({}, (OTHER, COMPLETION, None), False, ("copy", "write")),
    ({}, (COMMAND, COMPLETION, None), False, ("copy",)), ({}, (COMMAND, COMPLETION, DOCKER), True, ("remove",)),
    ({}, (COMMAND, COMPLETION, "-> /usr/bin/podman"), True, ()),
    ({"docker": True}, (COMMAND, COMPLETION, None), True, ("write",)),
    ({"docker": True}, (COMMAND, COMPLETION, DOCKER), True, ()),
    ({"completion": False}, (COMMAND, COMPLETION, None), True, ("remove",)),
    ({"state": "absent"}, (COMMAND, COMPLETION, DOCKER), True, ("remove",) * 3),
    ({"state": "absent"}, NOTHING, True, ()), ({"state": "absent"}, ("#!/bin/sh\n", None, "x"), True, ()),
]


def plan(given: dict, have: tuple, whole: bool, **more: Optional[str]) -> Any:
    options = dict(params(), **given)
    want = engine.wanted(options, TEXTS)
    actual = dict(dict.fromkeys(engine.places(options)), **dict(zip(("command", "completion", "docker"), have)), **more)
    return engine.plan(options, want, actual, installation.MARK, COPY, whole)


@pytest.mark.parametrize("given, have, whole, verbs", PLANS, ids=str)
def test_plan(given: dict, have: tuple, whole: bool, verbs: tuple) -> None:
    assert plan(given, have, whole).verbs == verbs


@pytest.mark.parametrize("given, have, verbs", [
    ({"quadlet": True}, {}, ("write", "write")), ({"quadlet": True}, GENERATORS, ()),
    ({"quadlet": True}, dict(GENERATORS, generator=installation.generator_text("/old", user=False)), ("write",)),
    ({}, GENERATORS, ("remove", "remove")), ({"state": "absent", "quadlet": True}, GENERATORS, ("remove",) * 4),
    ({}, {"generator": "#!/bin/sh\n"}, ()), ({"nftables": True}, {}, ("write", "write")),
    ({"nftables": True}, FOLLOWERS, ()), ({}, FOLLOWERS, ("remove", "remove")),
    ({"nftables": True}, dict(FOLLOWERS, nftables_drop_in=installation.nftables_drop_in("/old/name")), ("write",)),
    ({}, {"reload_unit": "[Unit]\n"}, ())], ids=str)
def test_plan_of_generators_and_followers(given: dict, have: dict, verbs: tuple) -> None:
    assert plan(given, ((COMMAND, COMPLETION, None)), True, **have).verbs == verbs


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_reads_what_follows_nftables(tmp_path: pathlib.Path) -> None:
    command = tmp_path / "a b$c"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    unit = tmp_path / "x-network-reload.service"
    unit.write_text(installation.reload_unit(str(command)))
    drop_in = tmp_path / "nftables.service.d" / "x.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(installation.nftables_drop_in("/usr/local/bin/x"))
    (tmp_path / "nftables.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/true\nExecReload=/bin/true\n")
    for name in (unit.name, "nftables.service"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], check=False, text=True,
                              capture_output=True)
        assert str(tmp_path) not in done.stderr and done.returncode == 0, done.stderr


@pytest.mark.parametrize("user", [False, True])
def test_a_generator_calls_the_command_only_where_files_are(tmp_path: pathlib.Path, user: bool) -> None:
    command, generator = tmp_path / "a b", tmp_path / "generator"
    command.write_text("#!/bin/sh\nprintf '%s,' \"$@\"\n")
    text = installation.generator_text(str(command), user=user)
    generator.write_text(text.replace("/etc/", "%s/" % tmp_path).replace("/run/", "%s/" % tmp_path)
                         .replace("/usr/share/", "%s/" % tmp_path))
    command.chmod(0o755)

    def call() -> str:
        return subprocess.run(["/bin/sh", str(generator), "/n", "/e", "/l"], check=True, capture_output=True, text=True,
                              env={"HOME": str(tmp_path / "home of")}).stdout

    assert call() == ""
    (tmp_path / ("home of/.config/pycontainer/systemd" if user else "pycontainer/systemd")).mkdir(parents=True)
    assert call() == "quadlet-generator,%s/n,/e,/l," % ("--user," if user else "")


@pytest.mark.parametrize("given, have", [
    ({}, ("#!/bin/sh\n", None, None)), ({"docker": True}, (None, None, "real docker")),
    ({}, (None, "complete -F _x x", None))], ids=str)
def test_what_is_not_ours_stays(given: dict, have: tuple) -> None:
    with pytest.raises(Conflict, match="not this engine's"):
        plan(given, have, True)


def test_the_command_works_without_the_collection(tmp_path: pathlib.Path) -> None:
    copy = installation.copy_path(str(tmp_path / "lib"))
    path = tmp_path / "bin" / "pycontainer"
    (tmp_path / "lib").mkdir()
    installation.write_copy(copy)
    installation.apply({str(path): installation.command_text(copy), str(path.parent / "docker"): DOCKER})
    for name in ("pycontainer", "docker"):
        done = subprocess.run([str(path.parent / name), "version"], check=True, capture_output=True, text=True, cwd="/")
        assert "Version:" in done.stdout
    assert installation.is_whole(copy) and installation.copy_of_command(path.read_text(), str(tmp_path / "lib")) == copy
    assert not [p for p in pathlib.Path(copy).rglob("*") if p.stat().st_mode & 0o005 == 0], "everybody may read it"


@pytest.mark.parametrize("text, wanted", [
    (None, None), ("", None), (COMMAND, COPY), ("sys.path.insert(0, '/x/y')", None)])
def test_the_copy_that_a_command_names(text: Optional[str], wanted: Optional[str]) -> None:
    assert installation.copy_of_command(text, "/l") == wanted


def test_old_versions_go(tmp_path: pathlib.Path) -> None:
    for letter in "abc":
        (tmp_path / (letter * 64)).mkdir()
    (tmp_path / "mine").mkdir()
    installation.collect(str(tmp_path), [str(tmp_path / ("a" * 64)), str(tmp_path / ("b" * 64))])
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["a", "b", "m"]
