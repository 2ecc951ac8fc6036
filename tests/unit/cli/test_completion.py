# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What bash offers, asked of bash itself."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import completion

ASK = """
pycontainer() { echo "called: $*" | tr ' ' _; }
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _pycontainer; printf '%s\\n' "${COMPREPLY[@]}"
"""

CASES = [
    (["st"], {"start", "stats", "stop"}, {"run"}), (["--root", "/x", "net"], {"network"}, set()),
    (["network", ""], {"create", "ls", "rm"}, {"run"}), (["network", "create", "--"], {"--subnet", "--help"}, set()),
    (["run", "--publish"], {"--publish"}, {"--name"}), (["image", "l"], {"ls", "load"}, set()),
    (["container", "st"], {"start", "stop"}, set()), (["--run"], {"--runtime", "--runroot"}, {"--root"}),
    (["stop", ""], {"called:_ps_--all_--format_{{.Names}}"}, set()),
    (["network", "rm", ""], {"called:_network_ls_--format_{{.Name}}"}, set()),
    (["container", "rm", ""], {"called:_ps_--all_--format_{{.Names}}"}, set()),
]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("completion") / "pycontainer"
    path.write_text(completion.bash())
    return path


@pytest.mark.parametrize("words, there, not_there", CASES, ids=str)
def test_offers(script: pathlib.Path, words: list, there: set, not_there: set) -> None:
    done = subprocess.run(["bash", "-c", ASK, "bash", str(script), "pycontainer", *words], check=True,
                          capture_output=True, text=True)
    offered = set(done.stdout.split())
    assert there <= offered and not offered & not_there, done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_it_is_a_clean_script(script: pathlib.Path) -> None:
    done = subprocess.run(["shellcheck", "--shell=bash", str(script)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
