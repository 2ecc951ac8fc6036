# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are either whole or not there, also after a power cut.

What is durable goes this way: write, fsync, rename or link, fsync of the directory. Within ``together`` the
directories are synced once each, at its end, which on the usual file systems is one commit for all of them.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from _thread import get_ident
from typing import Any, Dict, Iterator, List, Optional, Set

from ..errors import EngineError, InvalidInput, NoSpace
from . import proc, tree

MAX_DOCUMENT = 16 * 1024 * 1024
_waiting: Dict[int, Dict[str, None]] = {}  # by thread: the directories that ``together`` will sync
_made: Set[str] = set()                    # directories of this process whose own entry may not be on the disk yet


def make_directory(path: str, mode: int = 0o700) -> str:
    """Make a directory and its parents (each with ``mode``); one that exists is left as it is."""
    try:
        os.mkdir(path, mode)
        _made.add(path)
    except FileExistsError:
        pass
    except FileNotFoundError as exc:
        if os.path.islink(os.path.dirname(path)):  # to nowhere
            raise write_error(path, exc) from exc
        make_directory(os.path.dirname(path), mode)
        make_directory(path, mode)
    except OSError as exc:
        raise write_error(path, exc) from exc
    return path


def write_atomic(path: str, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Replace ``path`` with ``data``: temporary file beside it, fsync, rename.

    ``durable=False`` leaves the fsyncs out, for files under the run root that no reboot survives.
    Raises EngineError that names the file when the disk is full or the path is not writable; the
    old content is then still there.
    """
    temporary = temporary_for(path)
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view):]
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise write_error(path, exc) from exc
    if durable:
        sync_directory(os.path.dirname(path))


def temporary_for(path: str) -> str:
    """A name beside ``path`` for what will be it; ``drop_temporaries`` knows by it whose it was."""
    directory, name = os.path.split(path)
    # A file name has 255 bytes.
    return "%s/%s%s" % (directory, name[:200], temporary_suffix())


def temporary_suffix() -> str:
    """What a name ends with that is this process's for a moment."""
    return ".%d.%x.tmp" % (os.getpid(), time.monotonic_ns())


def replace(path: str, data: bytes, mode: int = 0o644) -> None:
    """Replace a file of the host's with ``data`` atomically; what it had of owner, mode and SELinux label stays.

    One that is missing is made with ``mode``, whatever the umask. Raises EngineError as write_atomic does.
    """
    label, status = None, None
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(path)
        with contextlib.suppress(OSError):
            label = os.getxattr(path, "security.selinux")
    temporary = temporary_for(path)
    write_plain(temporary, data)
    try:
        if status is not None:
            os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, mode if status is None else status.st_mode & 0o7777)
        if label is not None:
            with contextlib.suppress(OSError):
                os.setxattr(temporary, "security.selinux", label)
        _sync(temporary)
        os.rename(temporary, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise write_error(path, exc) from exc
    sync_directory(os.path.dirname(path))


def _sync(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_error(path: str, exc: OSError) -> EngineError:
    """The error for a file that could not be written."""
    message = "Cannot write %s: %s" % (path, exc.strerror)
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(message, "Free some space on that file system and try again; nothing was left half-written.")
    return EngineError(message)


def sync_directory(path: str) -> None:
    """Make durable what was made, renamed or removed in a directory: now, or at the end of ``together``.

    One that this process has made is synced into its parent, too. Raises EngineError.
    """
    waiting = _waiting.get(get_ident())
    if waiting is None:
        _sync_directories({path: None})
    else:
        waiting[path] = None


def _sync_directories(paths: Dict[str, None]) -> None:
    todo, done = list(paths), set()
    while todo:
        path = todo.pop(0)
        if path in done:
            continue
        done.add(path)
        try:
            _sync(path)
        except FileNotFoundError:
            pass  # It was removed since, and its parent is asked for, or was removed as well.
        except OSError as exc:
            if exc.errno != errno.EINVAL:  # fsync(2): a file system that has no such thing
                raise write_error(path, exc) from exc
        if path in _made:
            _made.discard(path)
            todo.append(os.path.dirname(path))


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Sync the directories that the body asks for once each, at its end; none when it raises."""
    waiting: Dict[str, None] = {}
    outer = _waiting.get(get_ident())
    _waiting[get_ident()] = waiting
    try:
        yield
    finally:
        if outer is None:
            del _waiting[get_ident()]
        else:
            _waiting[get_ident()] = outer
    _sync_directories(waiting)


def remove(path: str, *, durable: bool = True) -> None:
    """Remove a file, or whatever is in its place, for good: after a power cut it does not come back. One that is gone
    is fine."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except IsADirectoryError:
        from . import tree

        tree.remove_path(path)
    except OSError as exc:
        raise EngineError("Cannot remove %s: %s" % (path, exc.strerror)) from exc
    if durable:
        sync_directory(os.path.dirname(path))


def sync_filesystem(path: str) -> None:
    """Have all that was written to the file system of a directory on its disk (syncfs(2)). Raises EngineError."""
    import ctypes

    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd):
            number = ctypes.get_errno()
            raise write_error(path, OSError(number, os.strerror(number)))
    finally:
        os.close(fd)


def write_json(path: str, document: Any, mode: int = 0o600, *, durable: bool = True) -> None:
    """``write_own`` for a JSON document; keys are sorted, so equal documents are equal bytes."""
    write_own(path, json.dumps(document, sort_keys=True, separators=(",", ":")).encode(), mode, durable=durable)


def write_own(path: str, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Replace a file of the engine's atomically, and whatever is in its place."""
    try:
        write_atomic(path, data, mode, durable=durable)
    except EngineError as exc:
        if not isinstance(exc.__cause__, IsADirectoryError):
            raise
        remove(path)
        write_atomic(path, data, mode, durable=durable)


def read_json(path: str, *, limit: int = MAX_DOCUMENT) -> Any:
    """The JSON document in a file that the engine wrote, or None when there is no such file.

    Raises InvalidInput when it is larger than ``limit`` bytes or no JSON.
    """
    try:
        data = contents(path, limit)
        return None if data is None else json.loads(data)
    except (ValueError, RecursionError, Unreadable) as exc:
        raise InvalidInput("%s is damaged: %s" % (path, exc), "Remove the object and make it again.") from exc


class Unreadable(Exception):
    """Why what is in a file's place cannot be read; it is the file's fault, not the host's."""


# What the system says then.
_UNREADABLE = (errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, errno.ENXIO, errno.EUCLEAN, errno.EBADMSG)


def contents(path: str, limit: int = MAX_DOCUMENT) -> Optional[bytes]:
    """The bytes of a regular file; None when there is none. Nothing else in its place is followed or waited for.

    Raises Unreadable for what is no such file or larger than ``limit`` bytes, OSError for what is the host's fault.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        if exc.errno in _UNREADABLE:
            raise Unreadable("it cannot be read (%s)" % exc.strerror) from exc
        raise
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is no regular file")
        if status.st_size > limit:
            raise Unreadable("it is larger than %d bytes" % limit)
        data = b""
        while True:
            piece = os.read(fd, status.st_size + 1)
            if not piece:
                return data
            data += piece
    except OSError as exc:
        if exc.errno in _UNREADABLE:
            raise Unreadable("it cannot be read (%s)" % exc.strerror) from exc
        raise
    finally:
        os.close(fd)


def regular(path: str, *, follow: bool = False) -> int:
    """A descriptor to read a regular file by; nothing else in its place is waited for, nor links followed unless
    ``follow``. Raises Unreadable, OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise Unreadable("it is no regular file")


def word(path: str, limit: int = 128) -> Optional[str]:
    """What a small file such as a claim says; None when there is none, '' for one that cannot be read."""
    try:
        data = contents(path, limit)
    except Unreadable:
        return ""
    return None if data is None else data.decode("ascii", "replace")


def create_exclusive(path: str, data: bytes = b"", mode: int = 0o600, *, durable: bool = False) -> bool:
    """Take ``path``: True when this call made it, with all of ``data`` in it; False when it was taken.

    The content is there the moment the name is (link(2) of a finished file), so that a reader
    never sees an empty claim; with ``durable`` also after a power cut.
    """
    temporary = temporary_for(path)
    write_plain(temporary, data, mode)
    try:
        if durable:
            _sync(temporary)
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as exc:
        raise write_error(path, exc) from exc
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    if durable:
        try:
            sync_directory(os.path.dirname(path))
        except EngineError:
            os.unlink(path)
            raise
    return True


def write_plain(path: str, data: bytes, mode: int = 0o600, *, durable: bool = False) -> None:
    """Write a new file where a torn one does no harm; raises EngineError and leaves nothing on failure."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view):]
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as exc:
        if exc.errno != errno.EEXIST:
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise write_error(path, exc) from exc
    if durable:
        sync_directory(os.path.dirname(path))


@contextlib.contextmanager
def staged(path: str) -> Iterator[str]:
    """A directory beside ``path`` to make it in: it gets that name, for good, when the body ends, and is gone when it
    raises. Its name begins with a dot. Raises EngineError."""
    directory = make_directory(temporary_for(os.path.join(os.path.dirname(path), ".new")))
    try:
        with together():
            yield directory
            sync_directory(directory)
        os.rename(directory, path)
    except OSError as exc:
        tree.remove_path(directory)
        raise write_error(path, exc) from exc
    except BaseException:
        tree.remove_path(directory)
        raise
    try:
        with together():
            sync_directory(os.path.dirname(path))
    except EngineError:
        discard(path)
        raise


def discard(path: str) -> None:
    """Remove a directory with all that is in it, for good: it is whole or not there. One that is gone is fine."""
    directory = temporary_for(os.path.join(os.path.dirname(path), ".gone"))
    try:
        os.rename(path, directory)
        sync_directory(os.path.dirname(path))
        tree.remove_path(directory)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise EngineError("Cannot remove %s: %s" % (path, exc.strerror)) from exc


def mark(path: str, *, durable: bool = True) -> None:
    """Make an empty file, which says something by being there, whatever it is. Raises EngineError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600))
    except OSError as exc:
        if exc.errno not in (errno.ENXIO, errno.EISDIR):
            raise write_error(path, exc) from exc
    if durable:
        sync_directory(os.path.dirname(path))


def ensure_regular(path: str) -> None:
    """Have a regular file for everybody to read at a path of the engine's, empty if there was none."""
    if not expect_regular(path):
        write_plain(path, b"", 0o644)


def expect_regular(path: str) -> bool:
    """Whether there is a regular file at a path of the engine's; anything else in its place is removed."""
    try:
        if stat.S_ISREG(os.lstat(path).st_mode):
            return True
    except FileNotFoundError:
        return False
    remove(path, durable=False)
    return False


def drop_temporaries(directory: str) -> None:
    """Remove what killed processes left of the files and directories that they were making in a directory."""
    for path in temporaries(directory):
        with contextlib.suppress(FileNotFoundError):
            if os.path.isdir(path) and not os.path.islink(path):
                tree.remove_path(path)
            else:
                os.unlink(path)


def temporaries(directory: str) -> List[str]:
    """The paths of what ``drop_temporaries`` removes."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if _is_left(directory, name)]
    return []


def _is_left(directory: str, name: str) -> bool:
    """Whether a name is one of ``temporary_for`` whose process is gone; another may have its number by now."""
    parts = name.rsplit(".", 3)
    if len(parts) != 4 or parts[3] != "tmp" or not parts[1].isdigit():
        return False
    began = proc.start_time(int(parts[1]))
    if began is None:
        return True
    try:
        changed = os.lstat(os.path.join(directory, name)).st_ctime
    except FileNotFoundError:
        return False
    alive_for = time.clock_gettime(time.CLOCK_BOOTTIME) - began / os.sysconf("SC_CLK_TCK")
    return changed < time.time() - alive_for - 1.0
