# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are whole or not there, and what is left of those that never were."""

from __future__ import annotations

import errno
import os
from typing import Any, List

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, NoSpace
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import files, locks


def test_what_killed_writers_left_goes_and_living_ones_keep_theirs(tmp_path: Any) -> None:
    dead = 2 ** 22 + 1  # above any process ID (proc(5), pid_max)
    for name in ("one.%d.1f.tmp" % dead, "one.%d.2f.tmp" % os.getpid(), "one", "one.tmp", "a.b.c.tmp"):
        (tmp_path / name).write_text("")
    files.drop_temporaries(str(tmp_path))
    files.drop_temporaries(str(tmp_path / "missing"))
    assert sorted(os.listdir(tmp_path)) == sorted(["one.%d.2f.tmp" % os.getpid(), "one", "one.tmp", "a.b.c.tmp"])


def test_a_temporary_of_an_earlier_process_with_a_number_that_is_used_again_goes(tmp_path: Any,
                                                                                 monkeypatch: Any) -> None:
    (tmp_path / ("one.%d.1f.tmp" % os.getpid())).mkdir()
    (tmp_path / ("one.%d.1f.tmp" % os.getpid()) / "secret").write_text("")
    files.drop_temporaries(str(tmp_path))
    assert os.listdir(tmp_path)
    monkeypatch.setattr(files.time, "time", lambda now=files.time.time: now() + 1e6)
    files.drop_temporaries(str(tmp_path))
    assert not os.listdir(tmp_path)


@pytest.fixture
def synced(monkeypatch: Any) -> List[str]:
    """What is synced, in order; the paths of files and directories."""
    paths: List[str] = []

    def fsync(fd: int, real: Any = os.fsync) -> None:
        paths.append(os.readlink("/proc/self/fd/%d" % fd))
        real(fd)

    monkeypatch.setattr(files.os, "fsync", fsync)
    return paths


def test_new_directories_are_synced_into_their_parents_once(tmp_path: Any, synced: List[str]) -> None:
    place = files.make_directory(str(tmp_path / "a" / "b"))
    files.write_atomic(place + "/one", b"1")
    assert [path for path in synced if ".tmp" not in path] == [place, str(tmp_path / "a"), str(tmp_path)]
    del synced[:]
    files.write_atomic(place + "/two", b"2")
    assert len(synced) == 2 and synced[1] == place


def test_what_is_done_together_syncs_each_directory_once_and_at_the_end(tmp_path: Any, synced: List[str]) -> None:
    with files.together():
        assert files.create_exclusive(str(tmp_path / "claim"), b"x", durable=True)
        files.write_atomic(str(tmp_path / "document"), b"y")
        files.remove(str(tmp_path / "claim"))
        with files.together():
            files.mark(str(tmp_path / "mark"))
        assert synced.count(str(tmp_path)) == 1  # of the inner one
    assert synced.count(str(tmp_path)) == 2 and synced[-1] == str(tmp_path)
    with pytest.raises(KeyError), files.together():
        files.mark(str(tmp_path / "other"))
        raise KeyError("what failed is not worth a sync")
    assert synced.count(str(tmp_path)) == 2


def test_a_claim_whose_directory_cannot_be_synced_is_not_taken(tmp_path: Any, monkeypatch: Any) -> None:
    def fails(fd: int, real: Any = os.fsync) -> None:
        if os.path.isdir("/proc/self/fd/%d" % fd):
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(files.os, "fsync", fails)
    with pytest.raises(EngineError, match="Input/output error"):
        files.create_exclusive(str(tmp_path / "claim"), b"x", durable=True)
    assert not os.listdir(tmp_path)
    monkeypatch.undo()
    assert files.create_exclusive(str(tmp_path / "claim"), b"x", durable=True)


def test_a_full_disk_has_an_error_of_its_own(tmp_path: Any) -> None:
    assert isinstance(files.write_error("/x", OSError(errno.ENOSPC, "No space left on device")), NoSpace)
    assert not isinstance(files.write_error("/x", OSError(errno.EIO, "Input/output error")), NoSpace)


def test_a_document_replaces_a_directory_in_its_place(tmp_path) -> None:
    path = tmp_path / "document.json"
    (path / "below").mkdir(parents=True)
    files.write_json(str(path), {"a": 1})
    assert files.read_json(str(path)) == {"a": 1} and os.listdir(tmp_path) == ["document.json"]


def test_no_mark_and_no_reader_waits_for_a_fifo(tmp_path: Any) -> None:
    path = str(tmp_path / "x")
    os.mkfifo(path)
    files.mark(path)
    assert files.word(path) == ""
    with pytest.raises(files.Unreadable):
        files.regular(path)
    files.ensure_regular(path)
    assert files.word(path) == "" and files.expect_regular(path)
    os.close(files.regular(path))


def test_nothing_goes_round_in_circles_where_a_directory_is_a_link_to_nowhere(tmp_path: Any) -> None:
    os.symlink(str(tmp_path / "gone"), str(tmp_path / "link"))
    with pytest.raises(EngineError, match="No such file"):
        files.make_directory(str(tmp_path / "link" / "below"))
    with pytest.raises(EngineError, match="No such file"), locks.locked(str(tmp_path / "link" / "lock")):
        pass
