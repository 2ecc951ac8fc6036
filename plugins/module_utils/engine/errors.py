# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one tree of errors.

Low layers raise; ``glue`` (modules) and ``cli`` turn an error into one message, once.
Every error carries what failed and on which object (``message``) and what to do about it
(``hint``). ``exit_code`` is what the command line ends with, as podman(1) documents it:
125 for the engine's own errors, 126 when a command cannot be invoked, 127 when it is not found.
"""

from __future__ import annotations

import errno
import os
from typing import Optional, Sequence, Tuple


class EngineError(Exception):
    """Root of all errors that the engine raises on purpose."""

    exit_code = 125

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        # Whether the user has read the message already, on the standard error that a program inherited.
        self.told = False
        # What was done before it came up, for a task that does several things.
        self.done: Tuple[str, ...] = ()
        # A unit of the user's whose journal may say why, but only to root.
        self.unread = ""

    def __str__(self) -> str:
        return "%s. %s" % (self.message.rstrip("."), self.hint) if self.hint else self.message


class InvalidInput(EngineError):
    """What a user, a file, an archive or a registry handed in breaks a rule; nothing was changed."""


class NoSpace(EngineError):
    """A file system has no space or no inodes left, or a quota is used up."""


class Damaged(InvalidInput):
    """What the engine keeps of one object cannot be read, or is not what it writes.

    ``kind`` and ``name`` say of which object, ``path`` where, ``reason`` what is wrong with it. Listings go on
    without the object (Context.warn); removing it by force takes all that is known of it.
    """

    def __init__(self, kind: str, name: str, path: str, reason: str, hint: Optional[str] = None) -> None:
        super().__init__("The %s %s is damaged: %s: %s" % (kind, name, path, reason),
                         hint or "Remove it by force and make it again; 'system check' shows what can be repaired.")
        self.kind, self.name, self.path, self.reason = kind, name, path, reason


class NotFound(EngineError):
    """A named object does not exist."""


class Ambiguous(EngineError):
    """A name or an ID prefix fits several objects."""

    def __init__(self, message: str, candidates: Sequence[str]) -> None:
        super().__init__(message, "Use one of: %s." % ", ".join(candidates))
        self.candidates = tuple(candidates)


class Conflict(EngineError):
    """A name, address, port or subnet is taken already."""


class InUse(EngineError):
    """An object cannot be removed while others need it."""


class WrongState(EngineError):
    """The object exists, but not in a state in which this can be done."""


class MissingDependency(EngineError):
    """A program or library that this action needs is not on the host; the hint names its package."""


class Unsupported(EngineError):
    """The host, its kernel or this version of the engine cannot do what was asked."""


class VerificationError(InvalidInput):
    """Content does not have the digest or the size that was promised for it."""


class RegistryError(EngineError):
    """A registry refused, failed, or answered something that is against the distribution spec."""

    def __init__(self, message: str, hint: Optional[str] = None, status: Optional[int] = None) -> None:
        super().__init__(message, hint)
        self.status = status


class Unauthorized(RegistryError):
    """A registry wants other credentials than it was given."""


class TimedOut(EngineError):
    """Something did not happen within the time that was allowed for it."""


class RuntimeFailed(EngineError):
    """The OCI runtime or conmon ended with an error."""


class CannotInvoke(RuntimeFailed):
    """The command exists in the container but cannot be executed there."""

    exit_code = 126


class CommandNotFound(RuntimeFailed):
    """The command does not exist in the container."""

    exit_code = 127


_REMEDIES = {errno.ENOSPC: "Make room on the disk.", errno.EDQUOT: "Make room, or ask for a larger quota.",
             errno.EROFS: "The file system cannot be written to; name another place.",
             errno.EACCES: "Check who may read and write it.", errno.EPERM: "Check what this user may do.",
             errno.EMFILE: "Allow more open files (ulimit -n).", errno.ENOMEM: "The host has no memory left."}


def of_system(exc: OSError) -> EngineError:
    """The engine's error for one of the system's that nothing below has made sense of."""
    what = exc.strerror or str(exc)
    for name in (exc.filename, exc.filename2):
        if name is not None and not isinstance(name, int):
            what = "%s: %s" % (os.fsdecode(name), what)
    return EngineError(what, _REMEDIES.get(exc.errno or 0))
