# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program that sees a directory at one more path, which nobody else sees there."""

from __future__ import annotations

import os
import signal
import sys

from ..errors import EngineError
from . import mount


def main(source: str, target: str, *argv: str) -> int:
    """Become ``argv`` in a mount namespace of its own, where ``source`` is at ``target``, without its devices.

    Its exit code; 1, and a line on stderr, when that fails.
    """
    try:
        mount.unshare()
        mount.bind(source, target, devices=False)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and what it executes would.
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    except EngineError as exc:
        sys.stderr.write("%s\n" % exc)
    except OSError as exc:
        sys.stderr.write("Cannot start %s: %s\n" % (argv[0], exc.strerror))
    sys.stderr.flush()
    return 1
