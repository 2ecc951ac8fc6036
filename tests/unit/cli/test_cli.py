# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import io
import json

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import (
    captured,
    flags,
    imagelist,
    main,
    options,
    output,
    selection,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.context import make_context
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import (
    InvalidInput,
    NotFound,
    Unsupported,
)
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import gotemplate, humanize, values
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import DEFAULTS
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import containers, processes
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.store.images import ImageRecord

FLAGS = (flags.Flag("detach", "d", "bool"), flags.Flag("tty", "t", "bool"), flags.Flag("publish", "p", "list"),
         flags.Flag("name"), flags.Flag("time", "T", "int"), flags.Flag("pod", refused="pods are not there"),
         flags.Flag("cap", "c", "slice"), flags.Flag("cgroups", refused="they are always there", accepted=("enabled",)))


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
    (["--cap", "a,b", "-c", "c", "--cap", ""], True, {"cap": ["a", "b", "c"]}, []),
    (["--cap", '"a,b",c'], True, {"cap": ["a,b", "c"]}, []),
    (["--cgroups", "enabled", "x"], True, {"cgroups": "enabled"}, ["x"]),
])
def test_words_are_taken_apart(words, interspersed, given, rest) -> None:
    parsed = flags.parse(FLAGS, words, interspersed=interspersed)
    assert (parsed.flags, parsed.arguments) == (given, rest)


@pytest.mark.parametrize(("words", "says"), [
    (["--nam", "x"], "Did you mean --name"), (["-x"], "no flag -x"), (["--name"], "needs a value"),
    (["--detach=maybe"], "neither true nor false"), (["-T", "x"], "no number"),
    (["--cap", '"a,b'], "quotes make no sense")])
def test_wrong_words_are_told(words, says) -> None:
    with pytest.raises(InvalidInput, match=says):
        flags.parse(FLAGS, words)


def test_what_is_not_built_is_refused_as_such() -> None:
    with pytest.raises(Unsupported, match="not built yet"):
        flags.parse(FLAGS, ["--pod", "x"])
    with pytest.raises(Unsupported, match="they are always there"):
        flags.parse(FLAGS, ["--cgroups=disabled"])


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


@pytest.mark.parametrize(("template", "text"), [
    ("{{.Config.Labels.none}}", "<no value>"), ('{{index .Config.Labels "none"}}', ""),
    ("{{if .Config.Labels.none}}x{{else}}y{{end}}", "y"), ("a {{-\n.Id -}} b", "aabcb"),
    ('{{/* it\'s "open */}}x', "x"),
    (r'{{"a\tb\x41\101\u00e9"}}', "a\tbAA\u00e9"), ("{{slice .Id 1 2}}", "b"), ('{{html "<a>"}}', "&lt;a&gt;"),
    ("{{print 1 2}}{{print .Id 1}}", "1 2abc1"), ('{{pad "x" 1 2}}', " x  ")])
def test_templates_as_gos(template, text) -> None:
    assert gotemplate.render(gotemplate.parse(template), DATA) == text


@pytest.mark.parametrize("template", [
    '{{printf "%999999999d" 1}}', '{{pad "x" 999999999 1}}', "{{range .Size}}x{{end}}", r'{{"\q"}}', "{{slice .Id 9}}",
    "{{%s1%s}}" % ("(" * 100, ")" * 100), '{{index .Names "a"}}', "{{index .Names true}}"])
def test_templates_that_would_hurt_are_refused(template) -> None:
    with pytest.raises(InvalidInput):
        gotemplate.render(gotemplate.parse(template), DATA)


def test_ranges_in_ranges_come_to_an_end() -> None:
    many = {"Rows": list(range(300))}
    template = "{{range .Rows}}{{range $.Rows}}{{range $.Rows}}x{{end}}{{end}}{{end}}"
    with pytest.raises(InvalidInput, match="steps"):
        gotemplate.render(gotemplate.parse(template), many)


def test_a_template_may_go_through_the_rows_itself() -> None:
    rows = [{"ID": "1", "Names": "a"}, {"ID": "2", "Names": "b"}]
    assert output.render(rows, (("ID", "ID"),), format="{{range .}}{{.ID}}-{{.Names}},{{end}}") == "1-a,2-b,\n"
    assert output.render(rows, (("ID", "ID"), ("NAMES", "Names")), format="table {{.ID}} {{.Names}}").splitlines() == [
        "ID          NAMES", "1           a", "2           b"]


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


@pytest.mark.parametrize(("words", "says"), [
    (("run", "--name", "x", "--help"), "pycontainer run"), (("help",), "Verbs:"), (("help", "run"), "pycontainer run"),
    (("help", "network"), "connect"), (("help", "network", "create"), "network create"),
    (("ps", "-h"), "pycontainer ps"),
    (("help", "container", "ls"), "pycontainer ps"), (("container", "--help"), "inspect")])
def test_help_is_given_wherever_it_is_asked_for(words, says) -> None:
    code, out, err = call(*words)
    assert (code, err) == (0, "") and says in out


def test_a_commands_own_help_is_the_commands() -> None:
    run = main.find_verb(["run"])[0]
    parsed = flags.parse(run.flags, ["-h", "host", "img", "ls", "--help"], interspersed=False)
    assert parsed.arguments == ["img", "ls", "--help"] and parsed.flags == {"hostname": "host"}


def test_an_error_of_the_system_is_told_once(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    roots = ("--root", str(tmp_path / "file"), "--runroot", str(tmp_path / "run"))
    code, out, err = call(*roots, "create", "--rootfs", "/x")
    assert code == 125 and out == "" and err.startswith("Error: ") and str(tmp_path / "file") in err
    assert "Traceback" not in err


@pytest.mark.parametrize("noun", ["container", "image", "network", "volume", "secret", ""])
def test_inspect_prints_what_it_found_and_then_what_it_did_not(noun, tmp_path) -> None:
    words = ([noun] if noun else []) + ["inspect", "nothing"]
    code, out, err = call("--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run"), *words)
    assert (code, out) == (125, "[]\n") and err.startswith("Error: ") and "nothing" in err


@pytest.mark.parametrize(("words", "ways"), [
    (["a", "--all"], "names and --all"), (["--all", "--latest"], "--all and --latest"), ([], "No container"),
    (["a", "-f", "name=b"], "names and --filter")])
def test_ways_to_choose_containers_exclude_each_other(words, ways) -> None:
    stop = main.find_verb(["stop"])[0]
    with pytest.raises(InvalidInput, match=ways):
        selection.chosen(make_context(root="/nowhere/root", runroot="/nowhere/run"), flags.parse(stop.flags, words))


@pytest.mark.parametrize(("stamp", "shown"), [
    ("2026-01-02T03:04:05.120000000+00:00", "2026-01-02T03:04:05.12Z"),
    ("2026-01-02T03:04:05.0+00:00", "2026-01-02T03:04:05Z"),
    ("2026-01-02T03:04:05.123456789+02:00", "2026-01-02T03:04:05.123456789+02:00")])
def test_times_of_logs_are_gos(stamp, shown) -> None:
    assert containers.shown_time(stamp) == shown


@pytest.mark.parametrize(("count", "text"), [(0, "0s"), (7, "7ns"), (1500, "1.5\u00b5s"), (23149367, "23.149367ms"),
                                             (10 ** 9, "1s"), (62 * 10 ** 9 + 5 * 10 ** 8, "1m2.5s"),
                                             (3600 * 10 ** 9, "1h0m0s"), (90061 * 10 ** 9 + 1, "25h1m1.000000001s")])
def test_durations_are_gos(count, text) -> None:
    assert humanize.go_duration(count) == text


@pytest.mark.parametrize(("count", "binary", "text"), [
    (0, False, "0B"), (507904, False, "507.9kB"), (507904, True, "496KiB"), (25276502016, False, "25.28GB"),
    (25276502016, True, "23.54GiB"), (10, True, "10B")])
def test_compact_sizes(count, binary, text) -> None:
    assert humanize.compact(count, binary=binary) == text


def test_columns_of_top_have_several_names() -> None:
    assert processes.descriptors([]) == list(processes.DEFAULT)
    assert processes.descriptors(["user,PID", "%cpu", "elapsed", "%u", "%U"]) == [
        "user", "pid", "pcpu", "etime", "ruser", "user"]
    with pytest.raises(InvalidInput, match="args, capamb"):
        processes.descriptors(["bogus"])


@pytest.mark.parametrize(("number", "name"), [(0, "?"), (34816, "pts/0"), (34816 + 3, "pts/3"), (1025, "tty1"),
                                              (1088, "ttyS0"), (1281, "console")])
def test_terminals_have_names(number, name) -> None:
    assert processes.terminal(number) == name


IMAGES = (ImageRecord("a" * 64, ("docker.io/library/web:1", "localhost/web:2"), size=5, created="2026-01-02T00:00:00Z",
                      labels={"tier": "web"}),
          ImageRecord("b" * 64, (), size=9, created="2026-01-01T00:00:00Z"),
          ImageRecord("c" * 64, ("localhost/db:1",), size=1, created="2026-01-03T00:00:00Z"))


@pytest.mark.parametrize(("words", "names"), [
    ([], "localhost/db:1 docker.io/library/web:1 localhost/web:2 <none>:<none>"),
    (["--sort", "repository"], "<none>:<none> docker.io/library/web:1 localhost/db:1 localhost/web:2"),
    (["--sort", "size"], "localhost/db:1 docker.io/library/web:1 localhost/web:2 <none>:<none>"),
    (["web"], "docker.io/library/web:1 localhost/web:2"), (["library/web"], "docker.io/library/web:1"),
    (["web:2"], "localhost/web:2"), (["localhost/*"], "localhost/db:1 localhost/web:2"),
    (["-f", "reference=localhost/*"], "localhost/db:1 localhost/web:2"),
    (["-f", "dangling=true"], "<none>:<none>"), (["-f", "label=tier=web"], "docker.io/library/web:1 localhost/web:2"),
    (["-f", "label!=tier"], "localhost/db:1 <none>:<none>"),
    (["-f", "before=db"], "docker.io/library/web:1 localhost/web:2 <none>:<none>"),
    (["-f", "since=db"], ""), (["-f", "until=2026-01-01T12:00:00Z"], "<none>:<none>"),
    (["-f", "id=ccc"], "localhost/db:1"),
    (["-f", "reference=db,reference=web:2"], "localhost/db:1 localhost/web:2"), (["-f", "intermediate=true"], "")])
def test_images_are_chosen_and_ordered(words, names, monkeypatch) -> None:
    def lookup(_ctx, text):
        found = [one for one in IMAGES if text in "".join(one.names)]
        if len(found) != 1:
            raise NotFound("no")
        return found[0]

    monkeypatch.setattr(imagelist.images, "all", lambda _ctx: list(IMAGES))
    monkeypatch.setattr(imagelist.images, "users", lambda _ctx, _record: [])
    monkeypatch.setattr(imagelist.images, "lookup", lookup)
    monkeypatch.setattr(imagelist.images, "spoken_name",
                        lambda _ctx, record, text: next((one for one in record.names if text in one), None))
    code, out, err = call("images", "--format", "{{.Repository}}:{{.Tag}}", *words)
    assert (code, out.split(), err) == (0, names.split(), "")


@pytest.mark.parametrize("words", [["--sort", "x"], ["-f", "x=y"], ["-f", "dangling"], ["-f", "dangling=maybe"]])
def test_wrong_choices_of_images_are_told(words, tmp_path) -> None:
    assert call("--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run"), "images", *words)[0] == 125


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
