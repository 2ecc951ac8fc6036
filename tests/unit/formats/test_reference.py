# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, tags and digests of images."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import digest, platform, reference

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(("text", "expected"), [
    ("docker.io/busybox", "docker.io/library/busybox:latest"),
    ("docker.io/library/busybox:1.36", "docker.io/library/busybox:1.36"),
    ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
    ("registry-1.docker.io/a/b", "docker.io/a/b:latest"),
    ("quay.io/team/app", "quay.io/team/app:latest"),
    ("quay.io:443/team/app:v1", "quay.io:443/team/app:v1"),
    ("localhost/x", "localhost/x:latest"),
    ("localhost:5000/x/y/z:T_1.2-3", "localhost:5000/x/y/z:T_1.2-3"),
    ("[::1]:5000/x", "[::1]:5000/x:latest"),
    ("[fd00::1]/x", "[fd00::1]/x:latest"),
    ("r.example/a__b/c--d.e_f", "r.example/a__b/c--d.e_f:latest"),
    ("r.example/x@sha256:" + HEX, "r.example/x@sha256:" + HEX),
    ("r.example/x:1@sha256:" + HEX, "r.example/x:1@sha256:" + HEX),
])
def test_complete_names_are_read(text: str, expected: str) -> None:
    assert str(reference.parse(text)) == expected
    assert str(reference.parse(expected)) == expected


@pytest.mark.parametrize("text", [
    "busybox", "team/app", "r.example/", "r.example/X", "r.example/a//b", "r.example/a/", "r.example/../x",
    "r.example/a/..", "r.example/-a", "r.example/a_", "r.example/a...b", "r.example/a___b", "r.example/x:",
    "r.example/x:-1",
    "r.example/x:" + "a" * 129, "r.example/x@", "r.example/x@sha256:", "r.example/x@sha256:" + HEX[1:],
    "r.example/x@sha256:" + HEX.upper(), "r.example/x@sha512:" + HEX * 2, "r.example/x@md5:" + HEX[:32],
    "r.example:99999/x", "r.example:0/x", "r.example:/x", "r_.example/x", "-r.example/x", "r.example/x y",
    "r.example/x\n",
    "r.example/\x1b[31m", "http://r.example/x", "r.example/x\0", "user@r.example/x", "r.example/é",
    "r.example/" + "a" * 260, "r.example/" + "a/" * 100000, "r." * 2000 + "example/x", "", "/", "r.example/x?y",
    "r.example/x#y",
])
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        reference.parse(text)
    assert len(str(caught.value)) < 3000
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "short"), [
    ("busybox", True), ("busybox:1.36", True), ("team/app", True), ("localhost/x", False), ("a.b/x", False),
    ("host:1/x", False), ("localhost", True), ("x@sha256:" + HEX, True)])
def test_short_names_are_told_apart(text: str, short: bool) -> None:
    assert reference.is_short(text) is short


def test_short_names_are_split_and_completed() -> None:
    assert reference.split_short("team/app:1") == ("team/app", "1", "")
    assert str(reference.in_registry("quay.io/org", "app")) == "quay.io/org/app:latest"
    assert str(reference.in_registry("docker.io", "app:2")) == "docker.io/library/app:2"


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a:", HEX, "a@b", "a" * 2000])
def test_what_is_no_short_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        reference.split_short(text)


def test_a_reference_knows_its_forms() -> None:
    known = reference.parse("quay.io/a/b:1@sha256:" + HEX)
    assert (known.name, known.tagged, known.version) == ("quay.io/a/b", "quay.io/a/b:1", "sha256:" + HEX)
    assert reference.parse("quay.io/a/b:1").version == "1"


@pytest.mark.parametrize("value", [None, 5, "", "sha256", "sha256:", "sha256:" + "g" * 64, "SHA256:" + HEX,
                                   "sha256:" + HEX + "\n", "sha256:../" + HEX[3:], " sha256:" + HEX, ["sha256:" + HEX]])
def test_what_is_no_digest_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(InvalidInput, match="here"):
        digest.parse_digest(value, "here")


def test_digests_give_their_hex_digits() -> None:
    assert digest.parse_digest("sha256:" + HEX) == HEX
    assert digest.is_digest("sha256:" + HEX) and not digest.is_digest(HEX)


@pytest.mark.parametrize(("text", "machine", "expected"), [
    ("", "x86_64", "linux/amd64"), ("", "aarch64", "linux/arm64/v8"), ("arm64", "x86_64", "linux/arm64"),
    ("linux/x86_64", "armv7l", "linux/amd64"), ("Linux/ARM/V7", "x86_64", "linux/arm/v7"),
    ("", "mips64", "linux/mips64")])
def test_platforms_are_read(text: str, machine: str, expected: str) -> None:
    assert str(platform.parse(text, machine)) == expected


@pytest.mark.parametrize("text", ["/", "linux/", "a/b/c/d", "linux/amd 64", "../x", "linux/\x1b"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        platform.parse(text, "x86_64")


@pytest.mark.parametrize(("text", "expected"), [
    ("linux/arm/v7", ["v7", "v6", "v5", ""]), ("linux/arm/v6", ["v6", "v5", ""]), ("linux/arm", ["v7", "v6", "v5", ""]),
    ("linux/amd64/v3", ["v3", "v2", "v1", ""]), ("linux/arm64", ["v8", "v8", ""]),
    ("linux/arm/v999999999", ["v7", "v6", "v5", ""])])
def test_variants_come_in_order(text: str, expected: list[str]) -> None:
    assert platform.parse(text, "x86_64").variants() == expected
