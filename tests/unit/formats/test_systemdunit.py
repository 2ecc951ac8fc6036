# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unit files: whatever a value holds, it stays in its line and its word; systemd reads the same back."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import systemdunit

HOSTILE = ["a b", "", " lead", "trail ", 'quo"te', "apo'strophe", "back\\slash", "end\\", "new\nline",
           "x\n[Service]\nExecStart=/bin/evil", "tab\there", "\x01\x7f", "100%", "%n", "$HOME", "${HOME}", ";",
           "#comment", "grün", "\u2028", "\x85", "a;b", "-", "@x", "+x", "!x", "\\x41", "=", "[x]"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_word_stays_one_word_on_one_line(text: str) -> None:
    written = systemdunit.word(text)
    assert "\n" not in written and "\u2028" not in written
    unit = systemdunit.render([("Service", [("ExecStart", "/x " + written)])])
    back = systemdunit.split(systemdunit.parse(unit)[0].value)
    assert len(back) == 2
    raw = back[1].replace("%%", "%").replace("$$", "$")
    # Bytes of characters outside ASCII are escaped one by one.
    assert raw.encode("latin-1" if text in ("\u2028", "\x85") else "utf-8").decode("utf-8") == text


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\x1b[31m", " x", "x ", "x\\"])
def test_a_plain_value_that_would_break_out_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        systemdunit.value(text, "Description")


def test_percent_signs_are_doubled_everywhere() -> None:
    assert systemdunit.value("100%") == "100%%"
    assert systemdunit.word("%h") == "%%h"
    assert systemdunit.assignment("A", "%h") == "A=%%h"
    assert systemdunit.word("%h/x", specifiers=True) == "%h/x"


def test_dollars_are_doubled_only_where_systemd_expands_them() -> None:
    assert systemdunit.word("$A") == "$$A"
    assert systemdunit.assignment("A", "$B") == "A=$B"


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A\n", "ä"])
def test_names_of_variables(name: str) -> None:
    with pytest.raises(InvalidInput):
        systemdunit.assignment(name, "x")


@pytest.mark.parametrize(("name", "good"), [
    ("a.service", True), ("container-web.service", True), ("a@b.service", True), ("a\\x2db.service", True),
    (".service", False), ("a", False), ("a b.service", False), ("a/b.service", False), ("a\n.service", False),
    ("a%n.service", False), ("a.exe", False), ("x" * 250 + ".service", False)])
def test_unit_names(name: str, good: bool) -> None:
    if good:
        assert systemdunit.unit_name(name) == name
    else:
        with pytest.raises(InvalidInput):
            systemdunit.unit_name(name)


def test_settings_are_read_with_their_lines() -> None:
    text = "# c\n[Unit]\nA = b \n;c\n\n[X-Y]\nLong=one \\\n# between\n  two\nEmpty=\n"
    assert systemdunit.parse(text, "here") == [
        ("Unit", "A", "b", 3, "here"), ("X-Y", "Long", "one  two", 7, "here"), ("X-Y", "Empty", "", 10, "here")]


@pytest.mark.parametrize(("text", "line"), [
    ("[Unit\n", "line 1"), ("[Unit]\nword\n", "line 2"), ("A=b\n", "line 1"), ("[]\n", "line 1"),
    ("[a]\n=b\n", "line 2"), ("[a]\nb=c \\\n", "line 2"), ("[a]]\n", "line 1")])
def test_what_is_no_unit_file_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(InvalidInput, match=line):
        systemdunit.parse(text, "web.container")


@pytest.mark.parametrize(("text", "words"), [
    ("a b", ["a", "b"]), ("'a b' c", ["a b", "c"]), ('"a\\"b"', ['a"b']), ("a\\x41", ["aA"]), ("\\101", ["A"]),
    ("''", [""]), ("  ", []), ("a'b c'd", ["ab cd"]), ("\\u00e4", ["ä"]), ("a\\sb", ["a b"])])
def test_words_are_taken_apart(text: str, words: list[str]) -> None:
    assert systemdunit.split(text) == words


@pytest.mark.parametrize("text", ["'open", '"open', "\\q", "\\x4", "\\", "\\x00", "\\08", "\\U99999999"])
def test_words_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        systemdunit.split(text)


@pytest.mark.parametrize(("section", "key", "value"), [
    ("Service", "A", "x\nB=y"), ("Service]\n[Unit", "A", "x"), ("", "A", "x"), ("Service", "A\nB", "x"),
    ("Service", "A=B", "x"), ("Service", "#A", "x"), ("Service", "", "x"), ("Service", "A", "x\\")])
def test_nothing_can_smuggle_a_line(section: str, key: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        systemdunit.render([(section, [(key, value)])])


def test_a_comment_cannot_smuggle_a_line() -> None:
    with pytest.raises(InvalidInput):
        systemdunit.render([("Service", [])], ["x\n[Service]"])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_every_hostile_word(tmp_path: pathlib.Path) -> None:
    text = systemdunit.render([
        ("Unit", [("Description", systemdunit.value("100% \"quoted\" $x"))]),
        ("Service", [("Type", "oneshot"),
                     ("ExecStart", systemdunit.command(["/bin/echo", *HOSTILE])),
                     *[("Environment", systemdunit.assignment("V%d" % i, one)) for i, one in enumerate(HOSTILE)]])])
    path = tmp_path / "hostile.service"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True,
                          check=False)
    assert "hostile.service" not in done.stderr and done.returncode == 0, done.stderr
