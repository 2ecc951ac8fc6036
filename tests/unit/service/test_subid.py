# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/etc/subuid on disk: locks as shadow-utils', what a replacement keeps, what is read."""

from __future__ import annotations

import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import Context, make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    EngineError,
    InvalidInput,
    NotFound,
    TimedOut,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files, proc
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import rootless, subid


def dead_process() -> int:
    """The ID of a process that was, and is not any more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_the_lock_names_its_holder_and_goes(tmp_path: pathlib.Path) -> None:
    with subid.lock(str(tmp_path / "subuid")):
        assert (tmp_path / "subuid.lock").read_bytes() == b"%d\0" % os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"%d\0", b"%d", b"%d\n"])
def test_a_lock_of_a_dead_process_is_broken(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "subuid.lock").write_bytes(content % dead_process())
    with subid.lock(str(tmp_path / "subuid")):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content, match", [(b"%d\0" % os.getppid(), "Process %d holds" % os.getppid()),
                                            (b"", "names no process"), (b"x", "names no process"),
                                            (b"0", "names no process")])
def test_a_lock_that_is_held_is_respected(tmp_path: pathlib.Path, content: bytes, match: str) -> None:
    (tmp_path / "subuid.lock").write_bytes(content)
    with pytest.raises(TimedOut, match=match), subid.lock(str(tmp_path / "subuid"), seconds=0.2):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["subuid.lock"]


def test_a_lock_is_waited_for(tmp_path: pathlib.Path) -> None:
    (tmp_path / "subuid.lock").write_bytes(b"%d" % os.getppid())
    timer, began = threading.Timer(0.3, (tmp_path / "subuid.lock").unlink), time.monotonic()
    timer.start()
    with subid.lock(str(tmp_path / "subuid"), seconds=60):
        assert time.monotonic() - began >= 0.3
    timer.join()


def test_a_replaced_file_keeps_owner_mode_and_foreign_bytes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "subuid"
    path.write_bytes(b"# caf\xe9\nbob:1:5\n")
    path.chmod(0o640)
    if os.getuid() == 0:
        os.chown(path, 12, 34)
    before = path.stat()
    subid.write({"uid": subid.read(str(path)) + "alice:6:5\n"}, str(tmp_path))
    after = path.stat()
    assert path.read_bytes() == b"# caf\xe9\nbob:1:5\nalice:6:5\n" and after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert [entry.name for entry in tmp_path.iterdir()] == ["subuid"]


def test_a_new_file_can_be_read_by_everybody(tmp_path: pathlib.Path) -> None:
    old = os.umask(0o077)
    try:
        subid.write({"gid": "alice:6:5\n"}, str(tmp_path))
    finally:
        os.umask(old)
    assert (tmp_path / "subgid").stat().st_mode & 0o777 == 0o644


def test_what_a_host_says(tmp_path: pathlib.Path) -> None:
    (tmp_path / "subuid").write_text("root:100000:65536\n")
    (tmp_path / "login.defs").write_text("SUB_UID_MIN 5000\n")
    seen = subid.observe(make_context(), "root", required=True, etc=str(tmp_path))
    assert seen.names == ("root", "0") and seen.source == "files" and seen.reported == {}
    assert seen.files["uid"].text == "root:100000:65536\n" and seen.files["gid"].text == ""
    assert seen.files["uid"].limits.minimum == 5000 and (0, "root") in seen.files["uid"].accounts


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "#a", "a b"])
def test_names_that_break_the_file(name: str) -> None:
    with pytest.raises(InvalidInput):
        subid.names(name, required=False)


def test_a_user_who_is_gone() -> None:
    assert subid.names("no-such-user", required=False) == ("no-such-user",)
    with pytest.raises(NotFound):
        subid.names("no-such-user", required=True)
    assert subid.names("0", required=True) == ("root", "0")


def test_only_root_may(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidInput, match="needs root"):
        subid.observe(Context(uid=1000), "root", required=True, etc=str(tmp_path))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The home of a user 12345, whose engine has namespaces that map the IDs from 200000 on."""
    if os.getuid() != 0:
        pytest.skip("needs root")
    home = tempfile.mkdtemp()
    entry = pwd.struct_passwd(("somebody", "x", 12345, 12345, "", home, "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: entry)
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: entry)
    run, root = os.path.join(home, "run"), os.path.join(home, ".local/share/pycontainer")
    os.makedirs(root)
    os.mkdir(run)
    os.symlink(run, root + "/runroot")
    with subprocess.Popen(["unshare", "--user", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"\n"
        for kind in ("uid", "gid"):
            with open("/proc/%d/%s_map" % (holder.pid, kind), "w") as stream:
                stream.write("0 12345 1\n1 200000 65536\n")
        files.write_json(run + "/holder.json", {"pid": holder.pid, "started": proc.start_time(holder.pid)})
        subprocess.run(["chown", "-R", "-h", "12345:12345", home], check=True)
        yield home
        holder.kill()
    shutil.rmtree(home)


def both(*rows: tuple[int, int]) -> dict[str, list[tuple[int, int]]]:
    """The same ranges of both kinds."""
    return {"uid": list(rows), "gid": list(rows)}


def test_root_sees_that_a_users_engine_has_other_ranges(engine: str) -> None:
    user = ("somebody", "12345")
    assert not subid.migrate_needed(user, both((200000, 65536)))
    assert subid.migrate_needed(user, both((200000, 65536), (400000, 10)))
    assert subid.migrate_needed(user, both())
    assert os.getuid() == 0
    os.unlink(engine + "/run/holder.json")
    assert not subid.migrate_needed(user, both())


def test_a_trap_in_the_users_directory_is_no_holder(engine: str) -> None:
    # The user's own next command goes on without it, too.
    os.unlink(engine + "/run/holder.json")
    os.mkfifo(engine + "/run/holder.json")
    assert not subid.migrate_needed(("somebody", "12345"), both())


def test_a_look_that_does_not_end_is_an_error(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subid, "ASKING_SECONDS", 1)
    monkeypatch.setattr(rootless, "outdated", lambda _ctx, _ranges: time.sleep(1000))
    with pytest.raises(EngineError, match="engine of somebody"):
        subid.migrate_needed(("somebody", "12345"), both())


def test_nobody_and_root_need_no_migration() -> None:
    assert not subid.migrate_needed(("gone",), both()) and not subid.migrate_needed(("root", "0"), both())


def test_ranges_as_the_files_will_say(tmp_path: pathlib.Path) -> None:
    (tmp_path / "subuid").write_text("root:100000:65536\n")
    seen = subid.observe(make_context(), "root", required=True, etc=str(tmp_path))
    assert subid.planned(seen, {}) == {"uid": [(100000, 65536)], "gid": []}
    assert subid.planned(seen, {"gid": "0:5:6\n"}) == {"uid": [(100000, 65536)], "gid": [(5, 6)]}
