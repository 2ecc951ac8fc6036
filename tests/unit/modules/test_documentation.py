# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module documents is what it takes."""

from __future__ import annotations

import importlib
import pathlib
from typing import Any

import pytest
import yaml

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugins"
PREFIX = "ansible_collections.pycontainer.engine.plugins."
# The free-form module has no options of its own.
NAMES = sorted(p.stem for p in (PLUGINS / "modules").glob("*.py") if p.stem != "pycontainer")


def documented(module: Any) -> dict:
    """The options of a module's documentation with those of its fragments."""
    document = yaml.safe_load(module.DOCUMENTATION)
    options = dict(document.get("options") or {})
    for name in document.get("extends_documentation_fragment", ()):
        _collection, _dot, rest = name.partition("pycontainer.engine.")
        fragment, _dot, part = rest.partition(".")
        source = importlib.import_module(PREFIX + "doc_fragments." + fragment).ModuleDocFragment
        text = getattr(source, part.upper() if part else "DOCUMENTATION")
        for option, row in (yaml.safe_load(text).get("options") or {}).items():
            options.setdefault(option, row)
    return options


def accepted(module: Any, monkeypatch: Any) -> dict:
    """The argument spec that a module hands to Ansible."""
    glue = importlib.import_module(PREFIX + "module_utils.glue")
    caught: dict = {}

    class Stop(Exception):
        pass

    class Take:
        def __init__(self, argument_spec: dict, **_rest: Any) -> None:
            caught.update(argument_spec)
            raise Stop

    monkeypatch.setattr(glue, "_early_parameters", dict)
    monkeypatch.setattr(glue, "use_copy", lambda _params: True)
    monkeypatch.setattr(glue, "AnsibleModule", Take)
    with pytest.raises(Stop):
        module.main()
    return caught


def same(name: str, row: dict, spec: dict) -> None:
    """One option's documentation says what its specification says."""
    assert row["type"] == spec["type"], name
    for key in ("choices", "default", "elements"):
        assert row.get(key) == spec.get(key), (name, key)
    assert sorted(row.get("aliases", [])) == sorted(spec.get("aliases", [])), name
    assert bool(row.get("required")) == bool(spec.get("required")), name
    inner, wanted = row.get("suboptions") or {}, spec.get("options") or {}
    assert set(inner) == set(wanted), name
    for key in inner:
        same("%s.%s" % (name, key), inner[key], wanted[key])


@pytest.mark.parametrize("name", NAMES)
def test_documentation_and_specification_agree(name: str, monkeypatch: Any) -> None:
    module = importlib.import_module(PREFIX + "modules." + name)
    options, spec = documented(module), accepted(module, monkeypatch)
    assert set(options) == set(spec)
    for option, row in options.items():
        same(option, row, spec[option])


@pytest.mark.parametrize("name", NAMES)
def test_examples_and_returns_are_yaml(name: str) -> None:
    module = importlib.import_module(PREFIX + "modules." + name)
    tasks = yaml.safe_load(module.EXAMPLES)
    assert tasks and all("pycontainer.engine." + name in task for task in tasks)
    assert yaml.safe_load(module.RETURN)


def test_every_module_is_in_the_action_group() -> None:
    group = yaml.safe_load((PLUGINS.parent / "meta" / "runtime.yml").read_text())["action_groups"]["all"]
    assert set(NAMES) <= set(group)
