# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The default seccomp profile, and profiles from files that may hold anything."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import seccomp


def verdicts(profile: dict[str, Any]) -> dict[str, str]:
    """What the profile says about calls whatever their arguments are: {name: action}."""
    return {name: rule["action"] for rule in profile["syscalls"] if "args" not in rule for name in rule["names"]}


@pytest.mark.parametrize("call, capability", [
    ("reboot", "CAP_SYS_BOOT"), ("init_module", "CAP_SYS_MODULE"), ("finit_module", "CAP_SYS_MODULE"),
    ("acct", "CAP_SYS_PACCT"), ("bpf", "CAP_BPF"), ("bpf", "CAP_SYS_ADMIN"), ("perf_event_open", "CAP_PERFMON"),
    ("open_by_handle_at", "CAP_DAC_READ_SEARCH"), ("iopl", "CAP_SYS_RAWIO"), ("settimeofday", "CAP_SYS_TIME"),
    ("chroot", "CAP_SYS_CHROOT"), ("kcmp", "CAP_SYS_PTRACE"), ("vhangup", "CAP_SYS_TTY_CONFIG")])
def test_a_call_comes_with_its_capability(call: str, capability: str) -> None:
    assert verdicts(seccomp.default_profile([], "x86_64"))[call] == "SCMP_ACT_ERRNO"
    assert verdicts(seccomp.default_profile([capability], "x86_64"))[call] == "SCMP_ACT_ALLOW"


@pytest.mark.parametrize("call", [
    "kexec_load", "kexec_file_load", "add_key", "request_key", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "swapon", "swapoff", "nfsservctl", "uselib", "move_pages", "personality", "socket"])
def test_what_nobody_needs_is_not_allowed(call: str) -> None:
    assert call not in verdicts(seccomp.default_profile(seccomp.BY_CAPABILITY, "x86_64"))


def test_the_default_answers_as_an_old_kernel_would() -> None:
    profile = seccomp.default_profile([], "x86_64")
    assert (profile["defaultAction"], profile["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", errno.ENOSYS)
    denied = next(rule for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ERRNO" and "args" not in rule)
    assert denied["errnoRet"] == errno.EPERM
    names = [name for rule in profile["syscalls"] if "args" not in rule for name in rule["names"]]
    assert len(names) == len(set(names))
    audit = next(rule for rule in profile["syscalls"] if rule.get("errnoRet") == errno.EINVAL)
    assert [(row["index"], row["valueTwo"]) for row in audit["args"]] == [(0, 16), (2, 9)], "libaudit wants EINVAL"
    assert "architectures" not in seccomp.default_profile([], "vax")


def allows(profile: dict[str, Any], name: str, *arguments: int) -> bool:
    """Whether a call with these register values passes, by the conditions that libseccomp documents."""
    def holds(row: dict[str, Any]) -> bool:
        value = arguments[row["index"]]
        if row["op"] == "SCMP_CMP_MASKED_EQ":
            return value & row["value"] == row["valueTwo"]
        return {"SCMP_CMP_EQ": value == row["value"], "SCMP_CMP_NE": value != row["value"]}[row["op"]]

    return any(rule["action"] == "SCMP_ACT_ALLOW" and all(holds(row) for row in rule.get("args", ()))
               for rule in profile["syscalls"] if name in rule["names"])


@pytest.mark.parametrize("high", [0, 1 << 32, 1 << 63])
@pytest.mark.parametrize("capabilities", [(), ("CAP_AUDIT_WRITE",)])
def test_sockets_of_the_hypervisor_and_of_the_audit_are_refused(capabilities: tuple, high: int) -> None:
    default = seccomp.default_profile(capabilities, "x86_64")
    refused = {(family, protocol) for family in range(64) for protocol in range(32)
               if not allows(default, "socket", family | high, 1, protocol | high)}
    audit = set() if capabilities else {(16, 9)}
    assert refused == {(40, protocol) for protocol in range(32)} | audit


@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "s390x", "ppc64le"])
def test_nothing_is_allowed_that_podman_does_not_allow(machine: str) -> None:
    """Compares with the profile of Debian's golang-github-containers-common, for each capability."""
    with open("/usr/share/containers/seccomp.json", "rb") as stream:
        data = stream.read()
    for capability in ["", "CAP_AUDIT_WRITE", *seccomp.BY_CAPABILITY]:
        held = [capability] if capability else []
        theirs = seccomp.parse_profile(data, source="podman's", capabilities=held, machine=machine, kernel="6.1")
        known = {name for rule in theirs["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
        # Capabilities of Linux 5.8, which that profile does not know.
        known |= {"CAP_BPF": {"bpf"}, "CAP_PERFMON": {"perf_event_open"}}.get(capability, set())
        ours = seccomp.default_profile(held, machine)
        assert {name for rule in ours["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"
                for name in rule["names"]} - known == set()


@pytest.mark.parametrize("machine, call", [("x86_64", "modify_ldt"), ("armv7l", "set_tls"), ("aarch64", "set_tls")])
def test_what_programs_of_a_machine_need_is_allowed_there(machine: str, call: str) -> None:
    assert allows(seccomp.default_profile([], machine), call)
    assert not allows(seccomp.default_profile([], "riscv64"), call)


def parse(document: Any, capabilities: tuple = ("CAP_CHOWN",), machine: str = "x86_64",
          kernel: str = "6.1.0-18-amd64") -> dict[str, Any]:
    return seccomp.parse_profile(json.dumps(document).encode(), source="/p.json", capabilities=capabilities,
                                 machine=machine, kernel=kernel)


def rule(**changes: Any) -> dict[str, Any]:
    return {"names": ["read"], "action": "SCMP_ACT_ALLOW", **changes}


def profile(*rules: Any, **changes: Any) -> dict[str, Any]:
    return {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": list(rules), **changes}


APPLIES = [
    ({}, True), ({"includes": {}}, True), ({"includes": {"caps": ["CAP_CHOWN"]}}, True),
    ({"includes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]}}, False), ({"excludes": {"caps": ["CAP_CHOWN"]}}, False),
    ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, True), ({"includes": {"arches": ["amd64", "x32"]}}, True),
    ({"includes": {"arches": ["s390x"]}}, False), ({"excludes": {"arches": ["amd64"]}}, False),
    ({"excludes": {"arches": ["arm64"]}}, True), ({"includes": {"minKernel": "4.8"}}, True),
    ({"includes": {"minKernel": "6.1"}}, True), ({"includes": {"minKernel": "6.12"}}, False),
    ({"excludes": {"minKernel": "4.8"}}, False), ({"excludes": {"minKernel": "7.0"}}, True),
    ({"includes": None, "excludes": None}, True),
]


@pytest.mark.parametrize("conditions, kept", APPLIES, ids=str)
def test_conditions_are_resolved(conditions: dict, kept: bool) -> None:
    assert parse(profile(rule(**conditions)))["syscalls"] == ([rule()] if kept else [])


READ = [
    # what a file has, the keys that come of it
    ({}, {"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]}),
    ({"architectures": ["SCMP_ARCH_ARM"]}, {"architectures": ["SCMP_ARCH_ARM"]}),
    ({"archMap": [{"architecture": "SCMP_ARCH_S390X", "subArchitectures": ["SCMP_ARCH_S390"]},
                  {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}]},
     {"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]}),
    ({"archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": None}]},
     {"architectures": ["SCMP_ARCH_X86_64"]}),
    ({"defaultErrnoRet": 38}, {"defaultErrnoRet": 38}), ({"defaultErrno": "ENOSYS"}, {"defaultErrnoRet": 38}),
    ({"defaultErrno": "ENOSYS", "defaultErrnoRet": 1}, {"defaultErrnoRet": 1}),
    ({"flags": ["SECCOMP_FILTER_FLAG_LOG"]}, {"flags": ["SECCOMP_FILTER_FLAG_LOG"]}),
    ({"syscalls": None}, {"syscalls": []}),
    ({"syscalls": [rule(name="write", names=None)]}, {"syscalls": [rule(names=["write"])]}),
    ({"syscalls": [rule(errno="EPERM", action="SCMP_ACT_ERRNO")]},
     {"syscalls": [rule(errnoRet=1, action="SCMP_ACT_ERRNO")]}),
    ({"syscalls": [rule(comment="why", args=[{"index": 5, "value": 2 ** 64 - 1, "valueTwo": 0,
                                              "op": "SCMP_CMP_EQ"}])]},
     {"syscalls": [rule(args=[{"index": 5, "value": 2 ** 64 - 1, "op": "SCMP_CMP_EQ"}])]}),
    ({"syscalls": [rule(args=[{"value": 3, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ"}])]},
     {"syscalls": [rule(args=[{"index": 0, "value": 3, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ"}])]}),
]


@pytest.mark.parametrize("given, kept", READ, ids=str)
def test_what_a_file_says_is_kept(given: dict, kept: dict) -> None:
    found = parse(profile(**given))
    assert {key: found[key] for key in kept} == kept


WRONG = [
    # a document, what the message names
    ([], "object"), ("x", "object"), ({}, "defaultAction"), ({"defaultAction": "ALLOW"}, "defaultAction"),
    ({"defaultAction": ["SCMP_ACT_ALLOW"]}, "defaultAction"), (profile(defaultErrnoRet=-1), "defaultErrnoRet"),
    (profile(defaultErrnoRet=True), "defaultErrnoRet"), (profile(defaultErrno="ENOTHING"), "defaultErrno"),
    (profile(architectures="SCMP_ARCH_X86"), "architectures"), (profile(architectures=["amd64"]), "architectures"),
    (profile(archMap={}), "archMap"), (profile(archMap=["x"]), "archMap[0]"), (profile(flags="LOG"), "flags"),
    (profile(flags=["FAST"]), "flags"), (profile(listenerPath=5), "listenerPath"),
    (profile(syscalls={}), "syscalls"), (profile("read"), "syscalls[0]"), (profile(None), "syscalls[0]"),
    (profile(rule(names="read")), "syscalls[0]"), (profile(rule(names=[])), "syscalls[0]"),
    (profile(rule(names=[5])), "syscalls[0]"), (profile(rule(), rule(action="ALLOW")), "syscalls[1]"),
    (profile(rule(action=None)), "action"), (profile(rule(errnoRet="EPERM")), "errnoRet"),
    (profile(rule(errnoRet=5000)), "errnoRet"), (profile(rule(includes=["CAP_CHOWN"])), "includes"),
    (profile(rule(includes={"caps": "CAP_CHOWN"})), "caps"), (profile(rule(includes={"minKernel": "new"})), "kernel"),
    (profile(rule(includes={"minKernel": 5})), "syscalls[0]"), (profile(rule(args={})), "args"),
    (profile(rule(args=5)), "args"), (profile(rule(args=["x"])), "args[0]"), (profile(rule(args=[{}])), "args[0]"),
    (profile(rule(args=[{"op": "=="}])), "op"), (profile(rule(args=[{"op": "SCMP_CMP_EQ", "index": 6}])), "index"),
    (profile(rule(args=[{"op": "SCMP_CMP_EQ", "index": True}])), "index"),
    (profile(rule(args=[{"op": "SCMP_CMP_EQ", "value": 2 ** 64}])), "value"),
    (profile(rule(args=[{"op": "SCMP_CMP_EQ", "value": -1}])), "value"),
    (profile(rule(args=[{"op": "SCMP_CMP_EQ", "valueTwo": "1"}])), "valueTwo"),
]


@pytest.mark.parametrize("document, words", WRONG, ids=str)
def test_a_wrong_profile_is_refused_with_file_and_key(document: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(document)
    assert "/p.json" in caught.value.message and words in caught.value.message


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100000, b" " * (seccomp.MAX_PROFILE + 1)], ids=range(5))
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="/p.json"):
        seccomp.parse_profile(data, source="/p.json", capabilities=(), machine="x86_64", kernel="6.1")
