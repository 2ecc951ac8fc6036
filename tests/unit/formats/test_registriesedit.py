# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
import tomli
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import EngineError, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.registriesedit import Declared, edit

TEXT = '''\
# house rules, keep
unqualified-search-registries = [
  "quay.io",  # first
  "docker.io",
]

# the mirror of building 7
[[registry]]
prefix = "docker.io"   # everything
location = "docker.io"
# nearest first
[[registry.mirror]]
location = "a.example:5000"
insecure = true

[[registry]]
location = "other.example"
blocked = true

[aliases]
# short
"web" = "docker.io/library/nginx"
'''


def apply(text: str, **wishes: object) -> str:
    return edit(text, Declared(**wishes), tomli.loads, source="/etc/x.conf")


@pytest.mark.parametrize("wishes", [
    {},
    {"search": ("quay.io", "docker.io")},
    {"aliases": {"web": "docker.io/library/nginx"}},
    {"aliases": {"gone": ""}},
    {"registries": [{"prefix": "docker.io", "location": "docker.io"}]},
    {"registries": [{"location": "other.example", "blocked": True}]},
    {"registries": [{"location": "nowhere.example", "state": "absent"}]},
    {"registries": [{"prefix": "docker.io", "mirrors": [{"location": "a.example:5000", "insecure": True}]}]},
])
def test_what_is_so_already_stays_to_the_byte(wishes: dict[str, object]) -> None:
    assert apply(TEXT, **wishes) == TEXT


@pytest.mark.parametrize(("wishes", "path", "value"), [
    ({"search": ("one.example",)}, ["unqualified-search-registries"], ["one.example"]),
    ({"search": ()}, ["unqualified-search-registries"], []),
    ({"short_name_mode": "disabled"}, ["short-name-mode"], "disabled"),
    ({"aliases": {"db": "docker.io/library/postgres"}}, ["aliases", "db"], "docker.io/library/postgres"),
    ({"aliases": {"a/b.c": "x.example/a"}}, ["aliases", "a/b.c"], "x.example/a"),
    ({"aliases": {"web": "x.example/nginx"}}, ["aliases", "web"], "x.example/nginx"),
    ({"registries": [{"location": "other.example", "blocked": False}]}, ["registry", 1, "blocked"], False),
    ({"registries": [{"prefix": "docker.io", "mirrors": [{"location": "b"}, {"location": "c"}]}]},
     ["registry", 0, "mirror"], [{"location": "b"}, {"location": "c"}]),
    ({"registries": [{"prefix": "new.example", "location": "l.example", "insecure": True, "mirrors": [
        {"location": "m.example", "pull_from_mirror": "digest-only"}]}]}, ["registry", 2],
     {"prefix": "new.example", "location": "l.example", "insecure": True,
      "mirror": [{"location": "m.example", "pull-from-mirror": "digest-only"}]}),
])
def test_a_change_means_what_was_declared_and_keeps_the_rest(
        wishes: dict[str, object], path: list[object], value: object) -> None:
    result = apply(TEXT, **wishes)
    found = tomli.loads(result)
    for key in path:
        found = found[key]
    assert found == value
    assert "# house rules, keep" in result and "# the mirror of building 7" in result and "# short" in result
    assert apply(result, **wishes) == result


def test_an_empty_file_gets_everything() -> None:
    result = apply("", search=("a.example",), aliases={"x": "a.example/x"},
                   registries=[{"location": "a.example", "mirrors": [{"location": "m.example"}]}])
    assert tomli.loads(result) == {
        "unqualified-search-registries": ["a.example"], "aliases": {"x": "a.example/x"},
        "registry": [{"location": "a.example", "mirror": [{"location": "m.example"}]}]}


def test_absent_takes_the_registry_and_its_mirrors() -> None:
    result = apply(TEXT, registries=[{"prefix": "docker.io", "state": "absent"}])
    assert [row["location"] for row in tomli.loads(result)["registry"]] == ["other.example"]
    assert "a.example" not in result


def test_purge_leaves_only_what_is_declared() -> None:
    result = apply(TEXT, purge=True, registries=[{"location": "new.example"}], aliases={"n": "new.example/n"})
    found = tomli.loads(result)
    assert found["registry"] == [{"location": "new.example"}] and found["aliases"] == {"n": "new.example/n"}
    assert found["unqualified-search-registries"] == ["quay.io", "docker.io"]


REST = """\
# keep
credential-helpers = ["a"]
short-name-mode = "disabled"

[[registry]]
location = "a.example"
blocked = true
[[registry.mirror]]
location = "m.example"

[other]
a = 1
[other.below]
b = 2
"""


@pytest.mark.parametrize("declared, expected", [
    ({}, {}),
    ({"search": ("b.example",)}, {"unqualified-search-registries": ["b.example"]}),
    ({"short_name_mode": "disabled"}, {"short-name-mode": "disabled"}),
    ({"registries": [{"location": "a.example", "insecure": True}]},
     {"registry": [{"location": "a.example", "insecure": True}]}),
    ({"registries": [{"location": "a.example", "mirrors": [{"location": "m.example"}], "blocked": True}]},
     {"registry": [{"location": "a.example", "mirror": [{"location": "m.example"}], "blocked": True}]})])
def test_exact_leaves_nothing_else_but_comments(declared: dict, expected: dict) -> None:
    wish = dict({"registries": [], "aliases": {}}, **declared, purge=True, exact=True)
    result = apply(REST, **wish)
    assert tomli.loads(result) == expected and "# keep" in result
    assert apply(result, **wish) == result


@pytest.mark.parametrize("text", ["a = [", "registry = 1 2", "[registries.search]\nregistries = ['x']\n"])
def test_a_file_that_cannot_be_understood_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="/etc/x.conf"):
        apply(text, search=("a.example",))


def test_inline_tables_are_refused_rather_than_guessed_at() -> None:
    with pytest.raises(EngineError):
        apply('registry = [{location = "a.example"}]\n', registries=[{"location": "b.example"}])


def test_hostile_values_stay_inside_their_quotes() -> None:
    value = 'x"\n[[registry]]\nlocation = "evil'
    assert tomli.loads(apply(TEXT, aliases={"web": value}))["aliases"]["web"] == value
