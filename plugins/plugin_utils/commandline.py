# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of the engine on the controller, as the connection and the inventory plugin call it.

A process of its own, because joining a user's namespaces and becoming a user have no way back, and Ansible's
process has more to do.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys

from ansible.errors import AnsibleConnectionFailure, AnsibleError

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))), "bin", "pycontainer")


def prefix(*, executable=None, root=None, runroot=None, run_as_user=None, extra_args=None):
    """The argv that a verb follows. Without ``executable`` it is the collection's own command.

    Raises AnsibleError for extra arguments that are not quoted well.
    """
    # Isolated and without the site module, as the command itself starts Python.
    words = [executable] if executable else [_python(bool(run_as_user)), "-IS", OWN]
    for flag, value in (("--root", root), ("--runroot", runroot), ("--run-as-user", run_as_user)):
        words += [flag, str(value)] if value else []
    try:
        return words + shlex.split(extra_args or "")
    except ValueError as exc:
        raise AnsibleError("extra_args is not quoted well: %s" % exc) from exc


def _python(for_others):
    """The Python that runs the command: Ansible's own, or for another user one that everybody can read."""
    system = "/usr/bin/python3"
    if not for_others or not os.path.exists(system) or all(map(_public, (sys.executable, os.__file__))):
        return sys.executable
    return system


def _public(path):
    """Whether everybody can read a file: as the path says, and where it really lies."""
    for place in (os.path.abspath(path), os.path.realpath(path)):
        if not os.stat(place).st_mode & stat.S_IROTH:
            return False
        while place != "/":
            place = os.path.dirname(place)
            if not os.stat(place).st_mode & stat.S_IXOTH:
                return False
    return True


def check_name(name):
    """The name or ID of a container; raises AnsibleError for what can be neither."""
    if not isinstance(name, str) or not NAME.match(name):
        raise AnsibleError("%r is no name of a container: use letters, digits, '_', '.' and '-'" % (name,))
    return name


def run(argv, timeout):
    """(exit code, standard output, standard error) of a command that only asks. ``timeout`` is in seconds, 0 for none.

    Raises AnsibleConnectionFailure when it cannot be started or gives no answer in time.
    """
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=timeout or None)
    except subprocess.TimeoutExpired as exc:
        raise AnsibleConnectionFailure("%s gave no answer within %g seconds" % (argv[0], timeout)) from exc
    except OSError as exc:
        raise cannot_run(argv, exc) from exc
    return done.returncode, done.stdout, done.stderr


def cannot_run(argv, exc):
    """The error for a command that cannot be started."""
    return AnsibleConnectionFailure("Cannot run %s: %s. Set ansible_pycontainer_executable to the path of pycontainer."
                                    % (argv[0], exc.strerror or exc))


def complaint(stderr):
    """What the engine said was wrong: its last lines without 'Error: '."""
    text = stderr.decode("utf-8", "replace").strip()
    return text.rpartition("Error: ")[2].replace("\n", " ") or "it said nothing"
