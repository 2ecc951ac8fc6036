# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written is also called: a lock or a check that nobody calls guards nothing."""

from __future__ import annotations

import ast
import glob
import os
from typing import Dict, Iterator, Set, Tuple

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COLLECTION = "ansible_collections.pycontainer.engine."
# Called by tests, as the use cases that they are about.
FOR_TESTS = {("service/containers.py", "replace"), ("runtime/oci.py", "state")}


def sources() -> Dict[str, ast.Module]:
    found = {}
    for path in glob.glob(TOP + "/plugins/**/*.py", recursive=True) + [TOP + "/bin/pycontainer"]:
        with open(path, encoding="utf-8") as stream:
            found[path] = ast.parse(stream.read())
    return found


def place(path: str, node: ast.ImportFrom) -> str:
    """The path, without an ending, of what an import names."""
    if not node.level:
        return os.path.join(TOP, (node.module or "").replace(COLLECTION, "").replace(".", "/"))
    directory = path
    for _level in range(node.level):
        directory = os.path.dirname(directory)
    return os.path.join(directory, *(node.module.split(".") if node.module else ()))


def uses(path: str, tree: ast.Module, known: Set[str]) -> Iterator[Tuple[str, str]]:
    """(path, name) of what a file uses of itself and of others; ('', text) of its texts, which name things too."""
    modules: Dict[str, Set[str]] = {}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            source = place(path, node)
            for alias in node.names:
                module = os.path.join(source, alias.name) + ".py"
                if module in known:
                    modules.setdefault(alias.asname or alias.name, set()).add(module)
                yield source + ".py", alias.name
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            for module in modules.get(node.value.id, ()):
                yield module, node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield path, node.id
        elif isinstance(node, ast.Call):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield "", argument.value


def test_every_function_and_class_is_used() -> None:
    found = sources()
    used = {use for path, tree in found.items() for use in uses(path, tree, set(found))}
    dead = [(os.path.relpath(path, os.path.join(TOP, "plugins/module_utils/engine")), node.name)
            for path, tree in sorted(found.items()) if "/module_utils/" in path for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not {(path, node.name), ("", node.name)} & used]
    # The persisted copy's __main__ is a text.
    assert [one for one in dead if one != ("service/hooks.py", "main") and one not in FOR_TESTS] == []
