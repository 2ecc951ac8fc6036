# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths in a hostile root file system, by openat2(2) and by the walk that stands in for it."""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.kernel import inroot


@pytest.fixture(params=["openat2", "walk"])
def resolver(request, monkeypatch) -> str:
    """Each test runs with the kernel's resolver and with the fallback for kernels before 5.6."""
    if request.param == "walk":
        def missing(*_arguments: object) -> int:
            raise OSError(errno.ENOSYS, "Function not implemented")

        monkeypatch.setattr(inroot, "_openat2", missing)
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[str]:
    """A root with links of every kind beside a secret that none of them may reach."""
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("outside")
    top = tmp_path / "root"
    for name in ("etc", "data/deep", "usr/lib", "empty"):
        (top / name).mkdir(parents=True)
    (top / "etc/passwd").write_text("inside")
    (top / "secret").write_text("inside")
    (top / "data/file").write_text("inside")
    links = {
        "absolute": "/etc/passwd", "relative": "etc/passwd", "up": "../../../secret", "host": str(tmp_path / "secret"),
        "data/deep/climb": "../../../../../../etc/passwd", "chain": "absolute", "lib": "usr/lib", "loop": "loop",
        "ping": "pong", "pong": "ping", "nowhere": "/no/such/file", "to_root": "/", "slash": "data/file/",
        "magic": "/proc/self/root/etc/passwd", "lib/../through": "x",
    }
    for name, target in links.items():
        os.symlink(target, top / name)
    os.mkfifo(top / "fifo")
    signal.alarm(20)  # a test that opens the FIFO must not wait for ever
    yield str(top)
    signal.alarm(0)


def read(root: str, path: str) -> str:
    fd = inroot.open_in_root(root, path)
    with os.fdopen(fd, encoding="utf-8") as stream:
        return stream.read()


@pytest.mark.parametrize("path", [
    "/etc/passwd", "etc/passwd", "//etc//./passwd", "absolute", "/relative", "/up", "/data/deep/climb", "/chain",
    "/../../etc/passwd", "/data/../../secret", "/lib/../../etc/passwd", "/to_root/etc/passwd",
    "/to_root/../to_root/up"])
def test_every_way_ends_inside(resolver: str, root: str, path: str) -> None:
    assert read(root, path) == "inside"


@pytest.mark.parametrize("path, number", [
    ("/host", errno.ENOENT), ("/nowhere", errno.ENOENT), ("/loop", errno.ELOOP), ("/ping", errno.ELOOP),
    ("/loop/x", errno.ELOOP), ("/data/file/", errno.ENOTDIR), ("/data/file/.", errno.ENOTDIR),
    ("/data/file/..", errno.ENOTDIR), ("/data/file/x", errno.ENOTDIR), ("/slash", errno.ENOTDIR),
    ("/data\0/file", errno.EINVAL), ("/" + "x" * 256, errno.ENAMETOOLONG)])
def test_what_leads_nowhere_says_so(resolver: str, root: str, path: str, number: int) -> None:
    with pytest.raises(OSError) as caught:
        os.close(inroot.open_in_root(root, path))
    assert caught.value.errno == number


def test_dotdot_after_a_link_is_relative_to_where_the_link_leads(resolver: str, root: str) -> None:
    # /lib is usr/lib, so /lib/.. is /usr
    fd = inroot.open_in_root(root, "/lib/..", os.O_RDONLY | os.O_DIRECTORY)
    assert sorted(os.listdir(fd)) == ["lib", "through"]
    os.close(fd)


def test_a_magic_link_never_leaves(resolver: str, root: str) -> None:
    """A process's own root, by /proc of the host bound into the root."""
    os.makedirs(os.path.join(root, "proc/self"))
    os.symlink("/", os.path.join(root, "proc/self/root"))
    assert read(root, "/magic") == "inside"
    # With a real procfs as the root its links jump, whatever they say.
    try:
        fd = inroot.open_in_root("/proc/self", "exe", os.O_PATH)
    except OSError as exc:
        assert exc.errno in (errno.ELOOP, errno.ENOENT)
    else:
        os.close(fd)
        pytest.fail("a magic link was followed")


@pytest.mark.parametrize("path", ["/absolute", "/nowhere", "/loop", "/data/deep/climb"])
def test_nofollow_gives_the_link_itself(resolver: str, root: str, path: str) -> None:
    fd = inroot.open_in_root(root, path, os.O_PATH | os.O_NOFOLLOW)
    assert stat.S_ISLNK(os.fstat(fd).st_mode)
    os.close(fd)


def test_creation_through_a_link_stays_inside(resolver: str, root: str) -> None:
    os.symlink("../../../../new", os.path.join(root, "data/deep/new"))
    os.close(inroot.open_in_root(root, "/data/deep/new", os.O_WRONLY | os.O_CREAT, 0o600))
    assert os.path.isfile(os.path.join(root, "new"))
    assert not os.path.exists(os.path.join(os.path.dirname(root), "new"))


def test_no_descriptor_is_left_open(resolver: str, root: str) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for path in ("/chain", "/loop", "/nowhere", "/data/deep/climb", "/data/file/x"):
        try:
            os.close(inroot.open_in_root(root, path))
        except OSError:
            continue
    inroot.read_in_root(root, "/chain", 10)
    inroot.ensure_target(root, "/a/b/c", is_directory=False)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_link_that_changes_meanwhile_never_leads_out(resolver: str, root: str) -> None:
    """Another process swaps a directory and a link to the outside as fast as it can."""
    outside = os.path.dirname(root)
    swapped, aside, link = (os.path.join(root, name) for name in ("swap", "aside", "evil"))
    os.mkdir(swapped)
    Path(swapped, "secret").write_text("inside")
    os.symlink(outside, link)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            os.rename(swapped, aside)
            os.rename(link, swapped)
            os.rename(swapped, link)
            os.rename(aside, swapped)

    thread = threading.Thread(target=swap)
    thread.start()
    seen, rounds, deadline = set(), 0, time.monotonic() + 60
    try:
        # On a busy machine the other thread may stand where there is no directory for most of the time.
        while rounds < 3000 or ("inside" not in seen and time.monotonic() < deadline):
            rounds += 1
            try:
                seen.add(read(root, "/swap/secret"))
            except OSError as exc:
                seen.add(errno.errorcode[exc.errno or 0])
    finally:
        done.set()
        thread.join()
    assert "inside" in seen and "outside" not in seen


# read_in_root

@pytest.mark.parametrize("path, data", [
    ("/etc/passwd", b"insid"), ("/absolute", b"insid"), ("/nowhere", b""), ("/loop", b""), ("/missing", b""),
    ("/data/file/x", b""), ("/host", b"")])
def test_a_small_file_is_read_to_its_limit(resolver: str, root: str, path: str, data: bytes) -> None:
    assert inroot.read_in_root(root, path, 5) == data


@pytest.mark.parametrize("path", ["/fifo", "/etc", "/to_root"])
def test_what_is_no_regular_file_is_refused_at_once(resolver: str, root: str, path: str) -> None:
    with pytest.raises(InvalidInput, match="no regular file"):
        inroot.read_in_root(root, path, 5)


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device needs root")
def test_a_device_is_refused_without_being_opened(resolver: str, root: str) -> None:
    # Opening one of no driver gives ENXIO, and opening some others does something.
    os.mknod(os.path.join(root, "device"), 0o600 | stat.S_IFCHR, os.makedev(4095, 7))
    with pytest.raises(InvalidInput, match="no regular file"):
        inroot.read_in_root(root, "/device", 5)
    inroot.ensure_target(root, "/device", is_directory=False)


# directory and ensure_target

def test_missing_directories_are_made_whatever_the_umask(resolver: str, root: str) -> None:
    before = os.umask(0o077)
    try:
        with inroot.directory(root, "/srv/./www/data", make=True) as fd:
            assert os.fstat(fd).st_ino == os.stat(os.path.join(root, "srv/www/data")).st_ino
        inroot.ensure_target(root, "/srv/file", is_directory=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(os.path.join(root, "srv/www")).st_mode) == 0o755
    assert stat.S_IMODE(os.stat(os.path.join(root, "srv/file")).st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_only_new_directories_get_the_owner(resolver: str, root: str) -> None:
    with inroot.directory(root, "/data/new/below", make=True, owner=(1000, 1001)):
        pass
    assert os.stat(os.path.join(root, "data")).st_uid == 0
    for name in ("data/new", "data/new/below"):
        status = os.stat(os.path.join(root, name))
        assert (status.st_uid, status.st_gid) == (1000, 1001)


@pytest.mark.parametrize("path, words", [
    ("/data/file/x", "no directory"), ("/nowhere", "leads nowhere"), ("/loop", "no directory"),
    ("/missing/../../x", None)])
def test_a_directory_that_cannot_be(resolver: str, root: str, path: str, words: str | None) -> None:
    if words is None:
        with inroot.directory(root, path, make=True):
            pass
        assert os.path.isdir(os.path.join(root, "x")) and not os.path.exists(os.path.join(root, "..", "x"))
        return
    with pytest.raises(InvalidInput, match=words), inroot.directory(root, path, make=True):
        pass


def test_a_missing_directory_is_not_made_unasked(resolver: str, root: str) -> None:
    with pytest.raises(InvalidInput), inroot.directory(root, "/missing"):
        pass
    assert not os.path.exists(os.path.join(root, "missing"))


@pytest.mark.parametrize("link, made", [
    ("/run/systemd/resolve/stub-resolv.conf", "run/systemd/resolve/stub-resolv.conf"),
    ("../run/stub.conf", "run/stub.conf"), ("../../../../etc/there", "etc/there"), ("there", "etc/there")])
def test_a_mount_point_that_is_a_link_to_nowhere_is_made(resolver: str, root: str, link: str, made: str) -> None:
    """Many images have /etc/resolv.conf as a link to a file that only a running system has."""
    os.symlink(link, os.path.join(root, "etc/resolv.conf"))
    inroot.ensure_target(root, "/etc/resolv.conf", is_directory=False)
    assert os.path.isfile(os.path.join(root, made))
    assert os.readlink(os.path.join(root, "etc/resolv.conf")) == link
    assert sorted(os.listdir(os.path.dirname(root))) == ["etc", "root", "secret"]
    assert os.listdir(os.path.join(os.path.dirname(root), "etc")) == ["passwd"]


@pytest.mark.parametrize("path, is_directory, words", [
    ("/etc", False, "is a directory"), ("/to_root", False, "is a directory"), ("/etc/passwd", True, "no directory"),
    ("/loop", False, "Too many levels"), ("/data/file/x", False, "Not a directory"), ("/", False, "is a directory")])
def test_a_mount_point_of_the_wrong_kind(resolver: str, root: str, path: str, is_directory: bool, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        inroot.ensure_target(root, path, is_directory=is_directory)


def test_what_is_there_is_left_as_it_is(resolver: str, root: str) -> None:
    before = os.stat(os.path.join(root, "etc/passwd"))
    inroot.ensure_target(root, "/absolute", is_directory=False)
    inroot.ensure_target(root, "/fifo", is_directory=False)
    inroot.ensure_target(root, "/lib", is_directory=True)
    after = os.stat(os.path.join(root, "etc/passwd"))
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (before.st_ino, before.st_mtime_ns, before.st_size)


# refuse_links

@pytest.mark.parametrize("name", ["dev", "proc", "sys"])
def test_a_linked_system_directory_is_refused(root: str, name: str) -> None:
    inroot.refuse_links(root)
    os.symlink("etc", os.path.join(root, name))
    with pytest.raises(InvalidInput, match="/" + name):
        inroot.refuse_links(root)
