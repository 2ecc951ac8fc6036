# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs that ask before they remove, and that neither read nor write an archive on a terminal; needs root."""

from __future__ import annotations

import io
import os
import pathlib
import subprocess
import sys
from typing import Callable

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import captured, main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import images

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from command_line import Client  # noqa: E402
from tars import make, member  # noqa: E402
from terminal import Terminal  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
KINDS = ("image", "container", "volume", "network", "pod")


@pytest.fixture()
def ctx(tmp_path):
    """One of each kind that prune would remove."""
    context = make_context(root=str(tmp_path / "root"), runroot=str(tmp_path / "run"))
    (tmp_path / "root.tar").write_bytes(make(member("f", b"x")))
    images.import_tar(context, str(tmp_path / "root.tar"), "")
    for words in (("create", "--network", "none", "--name", "one", "--rootfs", str(tmp_path), "true"),
                  ("volume", "create", "one"), ("network", "create", "one"),
                  ("pod", "create", "--infra=false", "--name", "one-pod")):
        assert call(context, *words)[0] == 0
    return context


def call(ctx, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    read, write = os.pipe()
    os.write(write, stdin)
    os.close(write)
    code = main.main(["--root", ctx.root, "--runroot", ctx.runroot, *words], IO(out, err, read))
    os.close(read)
    return code, out.getvalue(), err.getvalue()


def count(ctx, kind: str) -> int:
    words = {"image": ("images",), "container": ("ps", "-a")}.get(kind, (kind, "ls"))
    rows = call(ctx, *words, "-q")[1].split()
    return len([row for row in rows if row != "podman"])


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_yes_removes(ctx, kind: str) -> None:
    if kind == "pod":
        pytest.skip("a pod that never ran is not pruned")
    for stdin in (b"n\n", b"\n", b"no\n", b" y\n", b"x" * 5000):
        code, out, _err = call(ctx, kind, "prune", stdin=stdin)
        assert code == 0 and out.startswith("WARNING! ") and out.endswith("[y/N] ") and count(ctx, kind) == 1, stdin
    code, _out, err = call(ctx, kind, "prune")
    assert code == 125 and "--force" in err and count(ctx, kind) == 1
    assert call(ctx, kind, "prune", stdin=b"yes\n")[0] == 0 and count(ctx, kind) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_force_does_not_ask(ctx, kind: str) -> None:
    code, out, _err = call(ctx, kind, "prune", "-f")
    assert code == 0 and "WARNING" not in out and count(ctx, kind) == (1 if kind == "pod" else 0)


def test_a_pod_is_asked_for_too(ctx) -> None:
    assert call(ctx, "pod", "prune", stdin=b"n\n")[1].startswith("WARNING! ")
    assert call(ctx, "pod", "prune")[0] == 125


def test_volumes_are_named_and_none_are_not_asked_for(ctx) -> None:
    assert "\none\n" in call(ctx, "volume", "prune", stdin=b"n\n")[1]
    assert call(ctx, "volume", "prune", "--filter", "name=none") == (0, "", "")


def test_what_came_while_it_asked_stays(ctx, typed) -> None:
    with typed("volume", "prune") as terminal:
        terminal.read_until(b"[y/N] ")
        assert call(ctx, "volume", "create", "late")[0] == 0
        terminal.type(b"y\n")
        assert terminal.ended() == 0
    assert call(ctx, "volume", "ls", "-q")[1] == "late\n"


def test_a_closed_standard_input_is_nobody(ctx) -> None:
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    err = io.StringIO()
    assert main.main(["--root", ctx.root, "--runroot", ctx.runroot, "volume", "prune"],
                     IO(io.StringIO(), err, read)) == 125
    assert "--force" in err.getvalue()


def test_the_rest_of_standard_input_is_not_read(ctx) -> None:
    read, write = os.pipe()
    os.write(write, b"n\nrest")
    os.close(write)
    main.main(["--root", ctx.root, "--runroot", ctx.runroot, "image", "prune"], IO(io.StringIO(), io.StringIO(), read))
    assert os.read(read, 100) == b"rest"
    os.close(read)


def test_a_module_answers_by_its_option(ctx) -> None:
    done = captured.run(ctx, ["volume", "prune"], None)
    assert done.code == 125 and "--force" in done.err and count(ctx, "volume") == 1
    assert captured.run(ctx, ["volume", "prune"], "y\n").code == 0 and count(ctx, "volume") == 0
    done = captured.run(ctx, ["save", images.all(ctx)[0].id], None)
    assert done.code == 125 and "--output" in done.err


@pytest.fixture()
def typed(ctx, tmp_path) -> Callable[..., Terminal]:
    return lambda *words: Terminal([*Client(str(tmp_path), "").start, *words])


def test_a_person_is_asked_on_the_terminal(ctx, typed) -> None:
    for answer, left in ((b"n\n", 1), (b"y\n", 0)):
        with typed("volume", "prune") as terminal:
            terminal.read_until(b"[y/N] ")
            terminal.type(answer)
            assert terminal.ended() == 0
        assert count(ctx, "volume") == left


def test_no_archive_on_a_terminal(ctx, typed, tmp_path) -> None:
    for words, hint in ((("load",), b"--input"), (("save", images.all(ctx)[0].id), b"--output")):
        with typed(*words) as terminal:
            assert terminal.ended() == 125 and hint in terminal.seen
    done = subprocess.run([*Client(str(tmp_path), "").start, "save", images.all(ctx)[0].id], capture_output=True,
                          check=True)
    assert b"manifest.json" in done.stdout
