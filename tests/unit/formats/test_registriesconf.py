# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""registries.conf: which file wins, where an image is fetched from, what a short name means."""

from __future__ import annotations

import pytest
import tomli
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Ambiguous, InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import reference, registriesconf
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.registriesconf import RegistriesConf

HEX = "0123456789abcdef" * 4


def load(*texts: str) -> RegistriesConf:
    names = ["/etc/registries.conf"] + ["/etc/registries.conf.d/%d.conf" % n for n in range(1, len(texts))]
    return registriesconf.load([(name, text.encode()) for name, text in zip(names, texts)], tomli.loads)


def places(conf: RegistriesConf, text: str) -> list[str]:
    return [("!" if row.insecure else "") + str(row.reference) for row in conf.endpoints(reference.parse(text))]


MIRRORS = """
[[registry]]
prefix = "example.com/foo"
location = "inner.example.net/bar"
[[registry.mirror]]
location = "m0.local/mirror-for-foo"
[[registry.mirror]]
location = "m1.local:5000/mirrors/foo"
insecure = true
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "m2.local/m"
pull-from-mirror = "tag-only"
"""


@pytest.mark.parametrize(("conf", "name", "expected"), [
    ("", "example.com/foo", ["example.com/foo:latest"]),
    (MIRRORS, "example.com/foo/image:1", ["m0.local/mirror-for-foo/image:1", "m2.local/m/image:1",
                                          "inner.example.net/bar/image:1"]),
    (MIRRORS, "example.com/foo/image@sha256:" + HEX, [
        "m0.local/mirror-for-foo/image@sha256:" + HEX, "!m1.local:5000/mirrors/foo/image@sha256:" + HEX,
        "inner.example.net/bar/image@sha256:" + HEX]),
    (MIRRORS, "example.com/foobar", ["example.com/foobar:latest"]),
    (MIRRORS, "example.com/foo:1", ["m0.local/mirror-for-foo:1", "m2.local/m:1", "inner.example.net/bar:1"]),
    ('[[registry]]\nlocation = "r.example"\ninsecure = true', "r.example/x", ["!r.example/x:latest"]),
    ('[[registry]]\nlocation = "r.example"\ninsecure = true', "r.example:5000/x", ["!r.example:5000/x:latest"]),
    ('[[registry]]\nlocation = "r.example:5000"\ninsecure = true', "r.example/x", ["r.example/x:latest"]),
    ('[[registry]]\nprefix = "*.example.com"\ninsecure = true', "a.b.example.com/x", ["!a.b.example.com/x:latest"]),
    ('[[registry]]\nprefix = "*.example.com"\ninsecure = true', "example.com/x", ["example.com/x:latest"]),
    ('[[registry]]\nprefix = "*.example.com"\ninsecure = true', "badexample.com/x", ["badexample.com/x:latest"]),
    ('[[registry]]\nprefix = "*.example.com"\ninsecure = true', "e.org/a.example.com/x",
     ["e.org/a.example.com/x:latest"]),
    ('[[registry]]\nprefix = "*.example.com"\nlocation = "m.local/all"', "a.example.com/x", ["m.local/all/x:latest"]),
    ('[[registry]]\nprefix = "r.example/a/b:1"\nlocation = "m.local/c"', "r.example/a/b:1", ["m.local/c:1"]),
    ('[[registry]]\nprefix = "r.example/a/b:1"\nlocation = "m.local/c"', "r.example/a/b:2", ["r.example/a/b:2"]),
    ('[[registry]]\nprefix = "docker.io"\nlocation = "m.local/hub"', "docker.io/busybox",
     ["m.local/hub/library/busybox:latest"]),
    ('[[registry]]\nlocation = "r.example"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.local"',
     "r.example/x:1", ["r.example/x:1"]),
    ('[[registry]]\nlocation = "r.example"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.local"',
     "r.example/x@sha256:" + HEX, ["m.local/x@sha256:" + HEX, "r.example/x@sha256:" + HEX]),
    ('[[registry]]\nlocation = "r.example"\ninsecure = true\n[[registry]]\nlocation = "r.example/team"',
     "r.example/team/x", ["r.example/team/x:latest"]),
])
def test_where_an_image_is_fetched_from(conf: str, name: str, expected: list[str]) -> None:
    assert places(load(conf), name) == expected


@pytest.mark.parametrize("text", [
    'location = "r.example:5000/"', 'prefix = "r.example:5000/"\nlocation = "r.example:5000//"',
    'prefix = "r.example:5000"\n[[registry.mirror]]\nlocation = "r.example:5000/"'])
def test_a_slash_at_the_end_of_a_place_means_nothing(text: str) -> None:
    conf = load('unqualified-search-registries = ["r.example/"]\n[[registry]]\n' + text)
    assert set(places(conf, "r.example:5000/x:1")) == {"r.example:5000/x:1"}
    assert conf.search == ("r.example",)


@pytest.mark.parametrize(("text", "words"), [
    ("unqualified-search-registry = ['a']", "unqualified-search-registry is no key that is known"),
    ("[[registry]]\nlocation = 'a'\nblockd = true", "registry[0].blockd is no key that is known, and it means nothing; "
                                                    "did you mean blocked?"),
    ("[[registry]]\nlocation = 'a'\n[[registry.mirror]]\nlocation = 'b'\nInsecure = true",
     "registry[0].mirror[0].Insecure is no key that is known, and it means nothing; did you mean insecure?"),
    ('"\\u001b[31m" = 1', "\\x1b[31m"), ("[registries.serach]\nregistries = []", "did you mean search?"),
    ("[registries.block]\nregistry = ['a']", "registries.block.registry is no key"),
    ("zzz = 1", "/etc/registries.conf: zzz is no key that is known, and it means nothing")])
def test_an_unknown_key_is_warned_of(text: str, words: str) -> None:
    (warning,) = load(text).warnings
    assert words in warning and warning.startswith("/etc/registries.conf: ") and warning.isprintable()


def test_known_keys_are_not_warned_of() -> None:
    assert load(MIRRORS + """
[[registry]]
location = "a.example"
insecure = true
blocked = false
mirror-by-digest-only = false
[aliases]
x = "a.example/x"
""", 'short-name-mode = "permissive"\ncredential-helpers = []').warnings == []


def test_a_blocked_registry_names_its_file() -> None:
    with pytest.raises(InvalidInput, match="r.example is blocked in /etc/registries.conf"):
        places(load('[[registry]]\nlocation = "r.example"\nblocked = true'), "r.example/x")


def test_a_drop_in_replaces_tables_of_the_same_prefix_and_the_search_list() -> None:
    conf = load('unqualified-search-registries = ["a.example"]\n[[registry]]\nlocation = "r.example"\nblocked = true\n'
                '[[registry]]\nlocation = "s.example"\ninsecure = true\n[aliases]\n"x" = "r.example/x"\n'
                '"y" = "r.example/y"',
                'unqualified-search-registries = ["b.example"]\n[[registry]]\nlocation = "r.example"',
                '[aliases]\n"x" = "s.example/x"\n"y" = ""')
    assert places(conf, "r.example/x") == ["r.example/x:latest"]
    assert places(conf, "s.example/x") == ["!s.example/x:latest"]
    assert [str(row.reference) for row in conf.candidates("z")] == ["b.example/z:latest"]
    assert [str(row.reference) for row in conf.candidates("x:2")] == ["s.example/x:2"]
    assert "/etc/registries.conf.d/2.conf" in conf.candidates("x")[0].reason
    assert [str(row.reference) for row in conf.candidates("y")] == ["b.example/y:latest"]


def test_short_names_are_searched_in_order() -> None:
    conf = load('unqualified-search-registries = ["quay.io", "docker.io"]')
    assert [str(row.reference) for row in conf.candidates("app:1")] == ["quay.io/app:1", "docker.io/library/app:1"]
    assert [row.reason for row in conf.candidates("quay.io/app")] == [""]


def test_the_mode_enforcing_refuses_to_guess() -> None:
    head = 'short-name-mode = "enforcing"\nunqualified-search-registries = '
    assert len(load(head + '["quay.io"]').candidates("app")) == 1
    with pytest.raises(Ambiguous, match="docker.io/library/app"):
        load(head + '["quay.io", "docker.io"]').candidates("app")


def test_without_a_search_list_the_error_says_what_to_write() -> None:
    with pytest.raises(InvalidInput, match="docker.io/library/app"):
        load("").candidates("app")


def test_version_1_is_read() -> None:
    conf = load("[registries.search]\nregistries = ['a.example']\n[registries.insecure]\nregistries = ['b.example']\n"
                "[registries.block]\nregistries = ['c.example']")
    assert conf.search == ("a.example",)
    assert places(conf, "b.example/x") == ["!b.example/x:latest"]
    with pytest.raises(InvalidInput, match="blocked"):
        places(conf, "c.example/x")


@pytest.mark.parametrize(("text", "words"), [
    ("x = ", "no valid TOML"), ("\x00", "no valid TOML"), ("a = " + "[" * 100000, "no valid TOML"),
    ("a" + ".a" * 100000 + " = 1", "more than 4000 dots"),
    ("registry = 5", "registry is no list"), ("[[registry]]\nlocation = 5", "registry[0].location is no string"),
    ("[[registry]]\ninsecure = true", "registry[0].location is missing"),
    ("[[registry]]\nlocation = 'r.example'\ninsecure = 'yes'", "registry[0].insecure is no boolean"),
    ("[[registry]]\nlocation = 'https://r.example'", "registry[0].location"),
    ("[[registry]]\nlocation = '/'", "registry[0].location"),
    ("[[registry]]\nlocation = 'r.example/\\u001b[31m'", "registry[0].location"),
    ("[[registry]]\nprefix = '*.r.example/x'\nlocation = 'a.example'", "registry[0].prefix"),
    ("[[registry]]\nprefix = 'a.*.example'\nlocation = 'a.example'", "registry[0].prefix"),
    ("[[registry]]\nlocation = 'r.example/x@sha256:1'", "registry[0].location"),
    ("[[registry]]\nprefix = 'r.example/x@sha256:1'\nlocation = 'r.example'", "no digest"),
    ("[[registry]]\nlocation = 'r.example'\n[[registry.mirror]]\ninsecure = true", "registry[0].mirror[0].location"),
    ("[[registry]]\nlocation = 'r.example'\n[[registry.mirror]]\nlocation = 'm'\npull-from-mirror = 'x'",
     "pull-from-mirror"),
    ("[[registry]]\nlocation = 'r.example'\npull-from-mirror = 'all'", "can only be set for a mirror"),
    ("[[registry]]\nlocation = 'r.example'\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = 'm'\n"
     "pull-from-mirror = 'tag-only'", "mirror-by-digest-only"),
    ("[[registry]]\nlocation = 'r.example'\n[[registry]]\nlocation = 'r.example'\nblocked = true",
     "registry[1].prefix"),
    ("[[registry]]\nprefix='a.example'\nlocation = 'r.example'\n[[registry]]\nlocation = 'r.example'\ninsecure = true",
     "registry[1].location"),
    ("unqualified-search-registries = 'quay.io'", "unqualified-search-registries is no list"),
    ("unqualified-search-registries = [5]", "unqualified-search-registries holds"),
    ("unqualified-search-registries = ['http://x']", "unqualified-search-registries has"),
    ("short-name-mode = 'maybe'", "short-name-mode"), ("credential-helpers = ['../x']", "credential-helpers"),
    ("[aliases]\n'x' = 5", "aliases.x"), ("[aliases]\n'x:1' = 'a.example/x'", "aliases.x:1"),
    ("[aliases]\n'x' = 'short'", "aliases.x"), ("[aliases]\n'x' = 'a.example/x:1'", "aliases.x"),
    ("[aliases]\n'X' = 'a.example/x'", "aliases.X"), ("aliases = []", "aliases is no table"),
    ("[registries.search]\nregistries = ['a']\n[[registry]]\nlocation = 'b'", "version 1"),
    ("unqualified-search-registries = ['a']\n[registries.search]\nregistries = ['a']", "version 1"),
    ("[registries]\nsearch = 5", "registries.search is no table"),
])
def test_a_wrong_file_is_refused_with_its_name_and_key(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(text)
    assert words in str(caught.value) and "/etc/registries.conf" in str(caught.value)
    assert "\x1b" not in str(caught.value) and "\x00" not in str(caught.value)


def test_a_drop_in_cannot_be_of_version_1() -> None:
    with pytest.raises(InvalidInput, match="1.conf is in the version 1 format"):
        load("", "[registries.search]\nregistries = ['a.example']")


def test_a_location_that_makes_no_name_is_said_to_be_wrong() -> None:
    with pytest.raises(InvalidInput, match="registries.conf"):
        places(load('[[registry]]\nprefix = "r.example"\nlocation = "m.local/UPPER"'), "r.example/x")


def test_many_registries_are_read_quickly() -> None:
    conf = load("".join('[[registry]]\nlocation = "r%d.example"\n' % n for n in range(3000)))
    assert len(conf.registries) == 3000
