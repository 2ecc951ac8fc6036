# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host's Python that is too old gets one sentence, from modules and from the command line."""

from __future__ import annotations

import ast
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[3]
START = TOP / "plugins" / "module_utils" / "start.py"
MODULES = sorted((TOP / "plugins" / "modules").glob("*.py"))
PREFIX = "ansible_collections/pycontainer/engine/plugins"
PYENV = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
OLD = [path for version in ("2.7", "3.6", "3.7", "3.8")
       for path in glob.glob("%s/versions/%s.*/bin/python" % (PYENV, version)) or [shutil.which("python" + version)]
       if path]
# Where there is no older Python, this one says that it is.
PYTHONS = [(sys.executable, "sys.version_info = (3, 8, 18); ")] + [(path, "") for path in OLD]


@pytest.mark.parametrize("path", [START, TOP / "bin" / "pycontainer", *MODULES], ids=lambda path: path.name)
def test_what_runs_first_can_be_read_by_an_older_python(path: pathlib.Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 6))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"
                and any(alias.name == "annotations" for alias in node.names)]


@pytest.mark.parametrize("python, before", PYTHONS, ids=[path for path, _before in PYTHONS])
def test_a_module_fails_with_one_sentence(python: str, before: str, tmp_path: pathlib.Path) -> None:
    for folder in ("modules", "module_utils"):
        (tmp_path / PREFIX / folder).mkdir(parents=True)
    for folder in [tmp_path / PREFIX, *(tmp_path / PREFIX).iterdir(), *(tmp_path / PREFIX).parents][:6]:
        (folder / "__init__.py").touch()
    shutil.copy(START, tmp_path / PREFIX / "module_utils")
    for path in MODULES:
        shutil.copy(path, tmp_path / PREFIX / "modules")
    for name in [path.stem for path in MODULES]:
        code = "import runpy, sys; %ssys.path.insert(0, %r); runpy.run_module(%r, run_name='__main__')" % (
            before, str(tmp_path), PREFIX.replace("/", ".") + ".modules." + name)
        done = subprocess.run([python, "-B", "-c", code], capture_output=True, text=True,
                              check=False)
        assert done.stderr == "" and done.returncode == 1, name
        answer = json.loads(done.stdout)
        assert answer["failed"] and "needs Python 3.9 or later" in answer["msg"] and python in answer["msg"]
        assert "ansible_python_interpreter" in answer["msg"]


@pytest.mark.parametrize("python, before", [row for row in PYTHONS if "2.7" not in row[0]])
def test_the_command_line_fails_with_one_sentence(python: str, before: str) -> None:
    code = "import sys, runpy; %ssys.path[0] = ''; runpy.run_path(%r, run_name='__main__')" % (
        before, str(TOP / "bin" / "pycontainer"))
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("Error: pycontainer needs Python 3.9 or later; ") and done.stderr.count("\n") == 1
