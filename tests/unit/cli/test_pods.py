# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs on pods: their flags, and what they print of pods that take no root to make."""

from __future__ import annotations

import io as streams
import json
from typing import Any, Tuple

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import pods
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.flags import IO, parse
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli.main import main
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import pod
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats.container import Mount, NetworkUse, Port


def wanted(*words: str) -> pod.PodSpec:
    return pods.spec(parse(pods.CREATE, words))


@pytest.mark.parametrize("words, spec", [
    (["web"], pod.PodSpec("web")), (["-n", "web", "-l", "a=b"], pod.PodSpec("web", {"a": "b"})),
    (["-p", "8080:80", "--share", "+pid"], pod.PodSpec(publish=(Port(80, 8080),), share=("ipc", "net", "pid", "uts"))),
    (["--infra=false"], pod.PodSpec(infra=False)), (["--net", "none"], pod.PodSpec(network=(NetworkUse("none"),))),
    (["-m", "1m", "--cpus", "0.5", "-c", "2"], pod.PodSpec(memory=1048576, cpus=0.5, cpu_shares=2)),
    (["-v", "/a:/b:ro", "--infra-name", "i"],
     pod.PodSpec(infra_name="i", mounts=(Mount("bind", "/b", "/a", ("ro",)),))),
    (["--add-host", "a:1.2.3.4", "--exit-policy", "stop", "--restart", "always"],
     pod.PodSpec(etc_hosts={"a": "1.2.3.4"}, exit_policy="stop", restart_policy="always")),
    (["--infra-command", "/x y", "--share-parent=false"], pod.PodSpec(infra_command=("/x", "y"), share_parent=False)),
], ids=str)
def test_flags(words: list, spec: pod.PodSpec) -> None:
    assert wanted(*words) == spec


@pytest.mark.parametrize("words, kind", [(["--infra-image", "x"], Unsupported), (["--share", "foo"], InvalidInput),
                                         (["-n", "a", "b"], InvalidInput), (["--exit-policy", "x"], InvalidInput)])
def test_refused_flags(words: list, kind: Any) -> None:
    with pytest.raises(kind):
        wanted(*words)


def called(tmp_path: Any, *words: str) -> Tuple[int, str, str]:
    out, err = streams.StringIO(), streams.StringIO()
    code = main(["--root", "%s/root" % tmp_path, "--runroot", "%s/run" % tmp_path, "pod", *words], IO(out, err))
    return code, out.getvalue(), err.getvalue()


def test_pods_without_containers(tmp_path: Any) -> None:
    code, out, _err = called(tmp_path, "create", "--infra=false", "-l", "a=b", "--pod-id-file", str(tmp_path / "id"),
                             "one")
    assert code == 0 and len(out.strip()) == 64 and (tmp_path / "id").read_text() == out.strip()
    pod_id = out.strip()
    assert called(tmp_path, "create", "--infra=false", "one")[0] == 125
    assert called(tmp_path, "create", "--infra=false", "--pod-id-file", str(tmp_path / "id"))[0] == 125
    for verb in ("ps", "ls", "list"):
        head, row = called(tmp_path, verb)[1].splitlines()
        assert head.split("  ")[0] == "POD ID" and head.endswith("# OF CONTAINERS")
        assert row.split()[:3] == [pod_id[:12], "one", "Created"] and row.split()[-1] == "0"
    assert called(tmp_path, "ps", "-q", "--no-trunc")[1] == pod_id + "\n"
    assert called(tmp_path, "ps", "--filter", "label=a=c", "-q")[1] == ""
    assert called(tmp_path, "ps", "--filter", "name=^o", "--filter", "status=created", "-q")[1] == pod_id[:12] + "\n"
    assert called(tmp_path, "ps", "--filter", "colour=red")[0] == 125
    assert called(tmp_path, "ps", "--format", "{{.Name}} {{.NumberOfContainers}}")[1] == "one 0\n"
    shown = json.loads(called(tmp_path, "ps", "--format", "json")[1])[0]
    assert (shown["Id"], shown["InfraId"], shown["Labels"], shown["Containers"]) == (pod_id, "", {"a": "b"}, [])
    document = json.loads(called(tmp_path, "inspect", "one")[1])
    assert document["Id"] == pod_id and not document["CreateInfra"] and document["NumContainers"] == 0
    assert called(tmp_path, "inspect", pod_id[:9], "--format", "{{.Name}}")[1] == "one\n"
    assert [called(tmp_path, "exists", name)[0] for name in ("one", pod_id, "two")] == [0, 0, 1]
    assert called(tmp_path, "prune", "-f")[1] == "" and called(tmp_path, "pause", "one")[:2] == (0, pod_id + "\n")
    assert called(tmp_path, "stop", "--pod-id-file", str(tmp_path / "id"))[:2] == (0, pod_id + "\n")
    assert called(tmp_path, "rm", "one")[:2] == (0, pod_id + "\n")


@pytest.mark.parametrize("words, code, out", [
    (["inspect", "zz"], 125, "[]\n"), (["start", "zz"], 125, ""), (["rm", "zz"], 1, ""), (["rm", "-i", "zz"], 0, ""),
    (["stop", "-i", "zz"], 0, ""), (["rm"], 125, ""), (["rm", "-a"], 0, ""), (["kill", "zz"], 125, ""),
    (["top", "zz"], 125, ""), (["logs", "zz"], 125, ""), (["stats", "--no-stream", "zz"], 125, ""),
    (["frobnicate"], 125, "")], ids=str)
def test_exit_codes(tmp_path: Any, words: list, code: int, out: str) -> None:
    found = called(tmp_path, *words)
    assert found[:2] == (code, out) and bool(found[2]) == bool(code)
