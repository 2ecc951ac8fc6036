# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers of the controller's own host as Ansible's hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: container
author: The pycontainer authors (@pycontainer)
version_added: 0.1.0
short_description: Tasks run in a container of this host
description:
  - Runs tasks in a running container of the host that Ansible runs on, by C(pycontainer exec).
  - Files are streamed to and from C(dd) in the container, with the rights of the container's user. Neither a shell
    nor a temporary copy is between.
  - Pipelining works, so that a module needs one process and no file in the container.
notes:
  - The container needs C(/bin/sh) and, for files, C(dd). Modules need Python in there; M(ansible.builtin.raw) and
    M(ansible.builtin.script) do not.
  - Nothing is looked at before the first command, so that each task starts one process. What keeps a container from
    running it is found out when a command fails.
requirements:
  - Linux, and rights on the container; root may use everybody's containers, see O(run_as_user).
extends_documentation_fragment:
  - connection_pipelining
options:
  remote_addr:
    description: Name or ID of the container.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_pycontainer_host
  remote_user:
    description:
      - User in the container, by name or number, with C(:GROUP) if wanted.
      - When it is left out, the container's own user.
    type: str
    vars:
      - name: ansible_user
      - name: ansible_pycontainer_user
    env:
      - name: ANSIBLE_REMOTE_USER
    ini:
      - section: defaults
        key: remote_user
    cli:
      - name: user
    keyword:
      - name: remote_user
  run_as_user:
    description:
      - User of this host, by name or number, whose container it is.
      - When it is left out, the user that runs Ansible. Only root can name another one.
    type: str
    vars:
      - name: ansible_pycontainer_run_as_user
    env:
      - name: ANSIBLE_PYCONTAINER_RUN_AS_USER
    ini:
      - section: pycontainer_connection
        key: run_as_user
  executable:
    description:
      - The command C(pycontainer), by name or path.
      - When it is left out, the collection's own, run by the Python that runs Ansible.
    type: str
    vars:
      - name: ansible_pycontainer_executable
    env:
      - name: ANSIBLE_PYCONTAINER_EXECUTABLE
    ini:
      - section: pycontainer_connection
        key: executable
  root:
    description: Absolute path where the engine keeps its containers, when this is not the default place.
    type: str
    vars:
      - name: ansible_pycontainer_root
    env:
      - name: ANSIBLE_PYCONTAINER_ROOT
    ini:
      - section: pycontainer_connection
        key: root
  runroot:
    description: Absolute path where the engine keeps the state of this boot, when this is not the default place.
    type: str
    vars:
      - name: ansible_pycontainer_runroot
    env:
      - name: ANSIBLE_PYCONTAINER_RUNROOT
    ini:
      - section: pycontainer_connection
        key: runroot
  extra_args:
    description: Other global flags of C(pycontainer), such as C(--runtime crun), quoted as for a shell.
    type: str
    default: ''
    vars:
      - name: ansible_pycontainer_extra_args
    env:
      - name: ANSIBLE_PYCONTAINER_EXTRA_ARGS
    ini:
      - section: pycontainer_connection
        key: extra_args
  timeout:
    description:
      - Seconds to wait for a password prompt of a become plugin, and for the engine to say what a container does.
    type: int
    default: 30
    vars:
      - name: ansible_pycontainer_timeout
    env:
      - name: ANSIBLE_PYCONTAINER_TIMEOUT
    ini:
      - section: pycontainer_connection
        key: timeout
  command_timeout:
    description:
      - Seconds that one command or file transfer may take; V(0) for any time.
      - A command that takes longer gets SIGTERM, and the task fails. What ignores SIGTERM goes on in the container.
    type: int
    default: 0
    vars:
      - name: ansible_pycontainer_command_timeout
    env:
      - name: ANSIBLE_PYCONTAINER_COMMAND_TIMEOUT
    ini:
      - section: pycontainer_connection
        key: command_timeout
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display
from ansible_collections.pycontainer.engine.plugins.plugin_utils import commandline

display = Display()
# podman-exec(1), and so the engine: it failed itself; it could not run the command; the container does not run.
ENGINE_CODES = (125, 126, 127, 255)
BLOCK = "bs=1048576"


class Connection(ConnectionBase):
    """``pycontainer exec`` for each command and each file."""

    transport = "pycontainer.engine.container"
    has_pipelining = True
    has_tty = False  # a become plugin's prompt comes by a pipe

    def _connect(self):
        """There is nothing to hold open; the first command tells whether the container runs."""
        if not self._connected:
            display.vvv("PYCONTAINER CONNECTION TO %s" % self._name(), host=self._name())
            self._connected = True
        return self

    def close(self):
        """There is nothing to end."""
        self._connected = False

    def reset(self):
        """Every command has a process of its own."""

    def exec_command(self, cmd, in_data=None, sudoable=True):
        """(exit code, standard output, standard error) of a shell's command line in the container."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        shell = (self._play_context.executable or "/bin/sh").split()[0]
        argv = self.argv([shell, "-c", to_text(cmd, errors="surrogate_or_strict")])
        display.vvv("EXEC %s" % (argv,), host=self._name())
        process = self._start(argv, subprocess.PIPE, subprocess.PIPE)
        before = b"", b""
        if sudoable and self.become and self.become.expect_prompt():
            before = self._answer_prompt(process)
        out, err = self._finish(process, in_data)
        self._check(process.returncode, err)
        return process.returncode, before[0] + out, before[1] + err

    def put_file(self, in_path, out_path):
        """Write a file of the controller to a path in the container, as the container's user."""
        super().put_file(in_path, out_path)
        display.vvv("PUT %s TO %s" % (in_path, out_path), host=self._name())
        place = to_bytes(in_path, errors="surrogate_or_strict")
        if not os.path.exists(place):
            raise AnsibleFileNotFound("There is no file %s to copy to %s" % (in_path, self._name()))
        with open(place, "rb") as source:
            self._transfer(["dd", "of=" + out_path, BLOCK], source, subprocess.DEVNULL,
                           "Cannot write %s in the container %s" % (out_path, self._name()))

    def fetch_file(self, in_path, out_path):
        """Write a file of the container to a path of the controller; nothing is left there when this fails."""
        super().fetch_file(in_path, out_path)
        display.vvv("FETCH %s TO %s" % (in_path, out_path), host=self._name())
        place = to_bytes(out_path, errors="surrogate_or_strict")
        try:
            with open(place, "wb") as target:
                self._transfer(["dd", "if=" + in_path, BLOCK], subprocess.DEVNULL, target,
                               "Cannot read %s in the container %s" % (in_path, self._name()))
        except AnsibleError:
            with contextlib.suppress(OSError):
                os.unlink(place)
            raise

    def argv(self, words, interactive=True):
        """The argv on the controller that runs words in the container."""
        user = self.get_option("remote_user")
        return self._prefix() + ["exec"] + (["--interactive"] if interactive else []) + (
            ["--user", str(user)] if user else []) + [self._name()] + list(words)

    def _prefix(self):
        return commandline.prefix(**{name: self.get_option(name) for name in (
            "executable", "root", "runroot", "run_as_user", "extra_args")})

    def _name(self):
        return commandline.check_name(self.get_option("remote_addr"))

    def _transfer(self, words, source, target, failure):
        process = self._start(self.argv(words, interactive=source is not subprocess.DEVNULL), source, target)
        err = self._finish(process, None)[1]
        self._check(process.returncode, err)
        if process.returncode:
            said = [line for line in to_text(err).splitlines() if not line.endswith((" in", " out", "copied"))]
            raise AnsibleError("%s: %s" % (failure, " ".join(said) or "dd ended with %d" % process.returncode))

    def _start(self, argv, source, target):
        try:
            # A session of its own: a command that takes too long is ended with all its processes on this side.
            return subprocess.Popen([to_bytes(word, errors="surrogate_or_strict") for word in argv], stdin=source,
                                    stdout=target, stderr=subprocess.PIPE, start_new_session=True)
        except OSError as exc:
            raise commandline.cannot_run(argv, exc) from exc

    def _finish(self, process, data):
        """(standard output, standard error); raises AnsibleConnectionFailure for a command that takes too long."""
        limit = self.get_option("command_timeout")
        try:
            out, err = process.communicate(data, timeout=limit or None)
        except subprocess.TimeoutExpired as exc:
            _end(process)
            raise AnsibleConnectionFailure(
                "A command in the container %s took longer than %d seconds" % (self._name(), limit)) from exc
        return out or b"", err or b""

    def _check(self, code, err):
        """Raise AnsibleConnectionFailure when it was not the command that failed, but the container does not run."""
        if code not in ENGINE_CODES or b"Error: " not in err:
            return
        # A command may end like this too; so the engine is asked.
        asked = self._prefix() + ["container", "inspect", "--format", "{{.State.Status}}", self._name()]
        answer, out, said = commandline.run(asked, self.get_option("timeout"))
        status = to_text(out).strip()
        if answer:
            raise AnsibleConnectionFailure("Cannot reach the container %s: %s" % (
                self._name(), commandline.complaint(said)))
        if status != "running":
            raise AnsibleConnectionFailure("The container %s is %s. Start it first." % (self._name(), status))

    def _answer_prompt(self, process):
        """Give a become plugin its password; what it wrote besides its prompt: (standard output, error)."""
        seen = {process.stdout: b"", process.stderr: b""}
        deadline, sent = time.monotonic() + self.get_option("timeout"), False
        with selectors.DefaultSelector() as selector:
            for stream in seen:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map() and not self.become.check_success(seen[process.stdout]):
                self._read(process, selector, seen, deadline)
                if self.become.check_incorrect_password(b"\n".join(seen.values())):
                    _end(process)
                    raise AnsibleError("%s in %s: the password is wrong" % (self.become.name, self._name()))
                if not sent and any(self.become.check_password_prompt(one) for one in seen.values()):
                    with contextlib.suppress(BrokenPipeError):
                        process.stdin.write(to_bytes(self.become.get_option("become_pass")) + b"\n")
                        process.stdin.flush()
                    sent = True
                    seen = dict.fromkeys(seen, b"")
        return seen[process.stdout], seen[process.stderr]

    def _read(self, process, selector, seen, deadline):
        """Add what comes next to ``seen``; raises AnsibleConnectionFailure when nothing comes in time."""
        ready = selector.select(max(0.0, deadline - time.monotonic()))
        if not ready:
            _end(process)
            raise AnsibleConnectionFailure("No answer of %s in the container %s within %d seconds" % (
                self.become.name, self._name(), self.get_option("timeout")))
        for key, _events in ready:
            chunk = os.read(key.fd, 65536)
            seen[key.fileobj] += chunk
            if not chunk:
                selector.unregister(key.fileobj)


def _end(process):
    """End a command and what it started on this side, gently first: the runtime passes SIGTERM on."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
            break
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
