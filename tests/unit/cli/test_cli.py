# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import io
import json

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import (
    captured,
    flags,
    main,
    options,
    output,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import gotemplate, humanize, values
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import DEFAULTS

FLAGS = (flags.Flag("detach", "d", "bool"), flags.Flag("tty", "t", "bool"), flags.Flag("publish", "p", "list"),
         flags.Flag("name"), flags.Flag("time", "T", "int"), flags.Flag("pod", refused="pods are not there"))


@pytest.mark.parametrize(("words", "interspersed", "given", "rest"), [
    (["-d", "img"], True, {"detach": True}, ["img"]),
    (["-dt", "img"], True, {"detach": True, "tty": True}, ["img"]),
    (["-dp80:80", "-p", "81:81", "-p=82"], True, {"detach": True, "publish": ["80:80", "81:81", "82"]}, []),
    (["--name=x", "img", "--name", "y"], True, {"name": "y"}, ["img"]),
    (["--name=x", "img", "--name", "y"], False, {"name": "x"}, ["img", "--name", "y"]),
    (["--detach=false", "-T", "5"], True, {"detach": False, "time": 5}, []),
    (["a", "--", "-d"], True, {}, ["a", "-d"]),
    (["--name=a=b"], True, {"name": "a=b"}, []),
    (["-"], True, {}, ["-"]),
])
def test_words_are_taken_apart(words, interspersed, given, rest) -> None:
    parsed = flags.parse(FLAGS, words, interspersed=interspersed)
    assert (parsed.flags, parsed.arguments) == (given, rest)


@pytest.mark.parametrize(("words", "says"), [
    (["--nam", "x"], "Did you mean --name"), (["-x"], "no flag -x"), (["--name"], "needs a value"),
    (["--detach=maybe"], "neither true nor false"), (["-T", "x"], "no number")])
def test_wrong_words_are_told(words, says) -> None:
    with pytest.raises(InvalidInput, match=says):
        flags.parse(FLAGS, words)


def test_what_is_not_built_is_refused_as_such() -> None:
    with pytest.raises(Unsupported, match="not built yet"):
        flags.parse(FLAGS, ["--pod", "x"])


def test_every_flag_of_run_fills_a_field_that_there_is() -> None:
    for flag in options.ALL:
        assert not flag.field or (flag.field in values.FIELDS and flag.field in DEFAULTS), flag.long


def test_no_flag_stands_twice() -> None:
    for module in main.MODULES:
        for verb in main.verbs_of(module).values():
            longs = [flag.long for flag in verb.flags]
            shorts = [flag.short for flag in verb.flags if flag.short]
            assert len(longs) == len(set(longs)), verb.name
            assert len(shorts) == len(set(shorts)), verb.name


def test_every_verb_is_found_and_has_help() -> None:
    for verbs in main.MODULES.values():
        for word in verbs.split():
            if word in main.GROUPS:
                assert main.find_verb([word])[0] is None
                assert "Verbs:" in main.group_overview(word)
            else:
                verb = main.find_verb([word])[0]
                assert verb is not None and "Usage:" in flags.usage(verb)


@pytest.mark.parametrize(("words", "name"), [
    (["container", "ls"], "ps"), (["container", "stop", "x"], "stop"), (["image", "rm", "x"], "rmi"),
    (["image", "pull", "x"], "pull"), (["network", "list"], "network ls"), (["container", "run", "x"], "run"),
    (["volume", "remove", "x"], "volume rm"), (["healthcheck", "run", "x"], "healthcheck run")])
def test_groups_lead_to_the_same_verbs(words, name) -> None:
    assert main.find_verb(words)[0].name == name


def call(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return main.main(list(words), flags.IO(out, err)), out.getvalue(), err.getvalue()


@pytest.mark.parametrize(("words", "code", "says"), [
    (("runn",), 125, "Did you mean run?"), (("build", "."), 125, "not built yet"), (("stop",), 125, "No container"),
    (("rename", "x"), 125, "needs"), (("version", "x"), 125, "no arguments"),
    (("network", "nothing"), 125, "no network"),
    (("--root", "relative", "ps"), 125, "absolute")])
def test_errors_go_to_standard_error_with_podmans_code(words, code, says) -> None:
    result = call(*words)
    assert result[0] == code and says in result[2] and result[1] == "" and result[2].startswith("Error: ")


@pytest.mark.parametrize(("words", "reads"), [
    (["ps", "-a"], True), (["rm", "x"], False), (["network", "ls"], True), (["rm", "--help"], True),
    (["run", "img", "--help"], False), ([], True), (["--version"], True), (["image", "rm", "x"], False)])
def test_which_lines_only_read(words, reads) -> None:
    assert main.reads_only(words) is reads


def test_run_makes_the_spec_that_the_module_makes(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MINE", "yes")
    (tmp_path / "env").write_text("# no\nFROM=file\nALONE\n")
    run = main.find_verb(["run"])[0]
    parsed = flags.parse(run.flags, [
        "-dit", "--name", "web", "-p", "8080:80", "-e", "A=b=c", "-e", "MINE", "-e", "NOTHERE", "--env-file",
        str(tmp_path / "env"), "-v", "data:/data:ro", "--tmpfs", "/tmp:size=1m", "-m", "64m", "--cap-add", "net_admin",
        "--restart", "on-failure:3", "-l", "k=v", "--net", "none", "--add-host", "a:10.0.0.1", "img", "sh", "-c",
        "echo -d"], interspersed=False)
    spec = options.spec(parsed)
    assert spec.env == {"A": "b=c", "MINE": "yes", "FROM": "file"}
    assert (spec.name, spec.memory, spec.cap_add, spec.restart_policy) == (
        "web", 64 * 2 ** 20, ("CAP_NET_ADMIN",), "on-failure:3")
    assert spec.command == ("sh", "-c", "echo -d") and spec.tty and spec.interactive
    assert [(m.type, m.target, m.options) for m in spec.mounts][0] == ("volume", "/data", ("ro",))
    assert spec.publish[0].host_port == 8080 and spec.network[0].mode == "none"


DATA = {"Id": "abc", "Names": ["a", "b"], "Config": {"Env": ["X=1"], "Labels": {"k": "v"}}, "Size": 5, "Up": True,
        "None": None}


@pytest.mark.parametrize(("template", "text"), [
    ("{{.Id}} {{.ID}}", "abc abc"), ("{{.Config.Labels.k}}", "v"), ('{{index .Config.Labels "k"}}', "v"),
    ("{{index .Names 1}}", "b"), ("{{json .Names}}", '["a","b"]'), ('{{join .Names ","}}', "a,b"),
    ("{{range .Names}}<{{.}}>{{end}}", "<a><b>"), ("{{range $i, $n := .Names}}{{$i}}{{$n}}{{end}}", "0a1b"),
    ("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}{{end}}", "k=v"),
    ("{{if .Up}}up{{else}}down{{end}}", "up"), ("{{if eq .Size 4}}4{{else if eq .Size 5}}5{{else}}x{{end}}", "5"),
    ("{{with .Config}}{{.Env}}{{end}}", "[X=1]"), ("{{.Id | upper | printf \"%s!\"}}", "ABC!"),
    ("{{ len .Names }}", "2"), ("a {{- .Id -}} b", "aabcb"), ("{{/* no */}}x", "x"), ("{{.None}}", "<nil>"),
    ("{{(index .Names 0)}}", "a"), ("{{$x := .Id}}{{$x}}", "abc"), ("{{$.Id}}", "abc"),
    ('{{printf "%q" .Id}}', '"abc"'),
    ("{{.Up}} {{.Config.Labels}}", "true map[k:v]"), ("{{if and .Up (gt .Size 3)}}y{{end}}", "y"),
    ("{{range .None}}x{{else}}empty{{end}}", "empty"), ("{{`}}`}}", "}}"),
])
def test_templates(template, text) -> None:
    assert gotemplate.render(gotemplate.parse(template), DATA) == text


@pytest.mark.parametrize("template", ["{{", "{{.Id", "{{end}}", "{{if .Up}}", "{{}}", "{{.Nothing}}", "{{nothing .Id}}",
                                      "{{.Id.Sub}}", "{{index .Names 9}}", "{{.Id | }}", "{{(.Id}}", "{{%}}", "{{$no}}",
                                      "{{else}}", "{{range .Names}}{{else}}{{else}}{{end}}"])
def test_wrong_templates_are_refused(template) -> None:
    with pytest.raises(InvalidInput):
        gotemplate.render(gotemplate.parse(template), DATA)


def test_tables_and_formats() -> None:
    rows = [{"ID": "1", "Name": "a"}, {"ID": "22", "Name": "a longer name"}]
    columns = (("ID", "ID"), ("NAME", "Name"))
    assert output.render(rows, columns) == "ID          NAME\n1           a\n22          a longer name\n"
    assert output.render(rows, columns, noheading=True).startswith("1 ")
    assert output.render(rows, columns, quiet_key="ID") == "1\n22\n"
    assert json.loads(output.render(rows, columns, format="json")) == rows
    assert output.render(rows, columns, format="{{.Name}}\\t{{.ID}}") == "a\t1\na longer name\t22\n"
    assert output.render(rows, columns, format="table {{.Name}}\t{{.ID}}").splitlines()[0].split() == ["NAME", "ID"]


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (300, "5 minutes"),
    (3600, "About an hour"), (7200, "2 hours"), (47 * 3600, "47 hours"), (49 * 3600, "2 days"), (20 * 86400, "2 weeks"),
    (90 * 86400, "3 months"), (800 * 86400, "2 years")])
def test_durations_in_words(seconds, text) -> None:
    assert humanize.duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (4042000, "4.04 MB"),
                                             (999999, "1 MB"), (1.5e9, "1.5 GB")])
def test_sizes_in_words(count, text) -> None:
    assert humanize.size(count) == text


def test_captured_words() -> None:
    assert captured.words("ps --format '{{.Names}} x'", None) == ["ps", "--format", "{{.Names}} x"]
    for line in ("", "ps 'open"):
        with pytest.raises(InvalidInput):
            captured.words(line, None)


@pytest.mark.parametrize(("words", "code"), [
    (("container",), 125), (("network",), 125), (("network", "--help"), 0), (("volume", "rm"), 125),
    (("stop", "nothing"), 125), (("kill", "nothing"), 125), (("rm", "nothing"), 1), (("rm", "-f", "nothing"), 0)])
def test_exit_codes_are_podmans(words, code, tmp_path) -> None:
    assert call("--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run"), *words)[0] == code


@pytest.mark.parametrize(("format", "whole"), [
    ("json", True), ("{{json .}}", True), ("{{ json . }}", True), ("{{json .Names}}", False), ("table", False),
    (None, False)])
def test_which_formats_mean_the_list_as_json(format, whole) -> None:
    assert output.is_json(format) is whole
