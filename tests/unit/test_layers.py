# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The house's floors: who may import whom (docs/architecture.md), read from the imports themselves."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
UTILS = PLUGINS / "module_utils"

# layer: the layers that it may import besides itself
ALLOWED = {
    "start": {"glue"},
    "errors": set(),
    "frozen": set(),
    "context": {"errors", "frozen"},
    "deps": {"errors"},
    "kernel": {"errors", "frozen"},
    "formats": {"errors", "frozen"},
    "registry": {"errors", "frozen", "context", "deps", "kernel", "formats"},
    "store": {"errors", "frozen", "context", "deps", "kernel", "formats"},
    "network": {"errors", "frozen", "context", "deps", "kernel", "formats"},
    "runtime": {"errors", "frozen", "context", "deps", "kernel", "formats"},
    "service": {"errors", "frozen", "context", "deps", "kernel", "formats", "registry", "store", "network", "runtime"},
    "cli": {"errors", "frozen", "context", "deps", "kernel", "formats", "service"},
    "__main__": {"cli"},
    "state": {"errors", "frozen", "formats"},
    "nouns": {"errors", "frozen", "context", "formats", "service", "state"},
}
THIRD_PARTY = {"requests", "urllib3", "pyroute2", "tomli", "tomllib", "yaml", "zstandard"}
# A type checker reads this import; a host never does.
TYPES_ONLY = ("frozen", "typing_extensions")
SOURCES = sorted(p for p in UTILS.rglob("*.py"))


def layer_of(path: pathlib.Path) -> str:
    """engine/kernel/files.py is of 'kernel', engine/errors.py of 'errors', state/plan.py of 'state'."""
    parts = path.relative_to(UTILS).with_suffix("").parts
    return parts[1] if parts[0] == "engine" and len(parts) > 1 else parts[0]


def imported(path: pathlib.Path) -> list[tuple[int, pathlib.Path | str]]:
    """Line and target of each import: a path below module_utils, or the name of an absolute import."""
    rows = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            rows += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            rows.append((node.lineno, node.module))
        elif isinstance(node, ast.ImportFrom):
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                below = base / alias.name
                is_module = below.with_suffix(".py").exists() or below.is_dir()
                rows.append((node.lineno, below if is_module else base))
    return rows


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(UTILS)))
def test_imports_go_downward_only(path: pathlib.Path) -> None:
    layer, wrong = layer_of(path), []
    for line, target in imported(path):
        if isinstance(target, str):
            top = target.split(".")[0]
            if top in THIRD_PARTY and layer != "deps":
                wrong.append("%d: %s is imported outside of deps" % (line, target))
            if top in ("ansible", "ansible_collections") and layer != "glue":
                wrong.append("%d: %s is imported outside of glue" % (line, target))
            known = top in sys.stdlib_module_names or top in THIRD_PARTY or top.startswith("ansible")
            if not known and (layer, top) != TYPES_ONLY:
                wrong.append("%d: %s is no library that the collection uses" % (line, target))
        elif layer != "glue":
            other = layer_of(target)
            if other != layer and other not in ALLOWED[layer] and target != UTILS / "engine":
                wrong.append("%d: %s imports %s" % (line, layer, other))
    assert not wrong, "%s: %s" % (path, wrong)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"],
                         ids=lambda p: str(p.relative_to(UTILS)))
def test_packages_are_empty(path: pathlib.Path) -> None:
    assert path.read_bytes() == b"", "a re-export drags its siblings into every payload"


# Slow to import, and needed by nothing that most commands do.
SLOW = {"argparse", "dataclasses", "datetime", "inspect", "subprocess", "tarfile", "tempfile", "urllib.request", "ssl"}


@pytest.mark.parametrize("modules, absent", [
    ("cli.main service.containers service.listing", {"socket", "ipaddress", "shutil"}),
    ("service.creation service.lifecycle service.launch", {"engine.service.networks", "engine.network.attachment"}),
    ("service.converge", set()),
    ("service.hooks", {"engine.cli.main"}),
], ids=["ps", "run", "container module", "exit hook"])
def test_what_runs_often_loads_little(modules: str, absent: set[str]) -> None:
    code = "import sys; sys.path.insert(0, %r); import %s; print(*sys.modules)" % (
        str(UTILS), ", ".join("engine." + name for name in modules.split()))
    loaded = subprocess.run([sys.executable, "-IS", "-c", code], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert (SLOW | absent) & set(loaded.split()) == set()
