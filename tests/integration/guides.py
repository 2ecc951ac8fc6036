# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays the examples of README.md and docs/*.md, so that they stay true.

Usage: guides.py [PAGE ...]; without arguments all of them. Each page is one ansible-playbook run in namespaces of its
own, its blocks in their order:

- ```yaml holds tasks or plays; ```yaml fails has to fail, with the words of the ```text block that follows it.
- ```console and ```sh hold commands after '$ ' or '# '; lines without a prompt are their output, and not compared.
- <!-- played: no (REASON) --> above a block leaves it out.

docker.io and registry.example.com are registries on loopback; the inventory's hosts are this one. Needs root.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import subprocess
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

import accounts  # noqa: E402
import image_layout  # noqa: E402
import registry  # noqa: E402
import sandbox  # noqa: E402

PLAYED = ("yaml", "yaml fails", "console", "sh")
HOSTS = ("web", "db", "app")
# What the engine and its examples keep outside of their own directory: an empty tmpfs each.
DIRECTORIES = ("/var/lib/pycontainer", "/run/pycontainer", "/run/containers", "/etc/containers", "/srv")
NOT_FAILED = "the example was expected to fail, and did not"
MIRROR = """\
[[registry]]
prefix = "docker.io/library"
location = "docker.io/library"
[[registry.mirror]]
location = "127.0.0.1:5000/library"
insecure = true
""" + "".join("""\
[[registry]]
prefix = "registry.example.com/%s"
location = "registry.example.com/%s"
[[registry.mirror]]
location = "127.0.0.1:5000/library/%s"
insecure = true
""" % (name, name, name) for name in ("web", "cache"))


class Block(NamedTuple):
    """One fenced block. ``place`` is PAGE:LINE, ``expected`` the text that goes with 'yaml fails'."""

    place: str
    kind: str
    body: str
    skipped: str = ""
    expected: str = ""


def blocks(page: str, text: str) -> List[Block]:
    """The blocks of a page that can be played, and those that say why they cannot."""
    found: List[Block] = []
    lines = text.splitlines()
    number, above = 0, ""
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.startswith("```"):
            above = line if line.strip() else above
            continue
        begin, kind = number, line[3:].strip()
        while not lines[number].startswith("```"):
            number += 1
        body = "\n".join(lines[begin:number]) + "\n"
        number += 1
        mark = re.match(r"<!-- played: no \((.+)\) -->$", above)
        if kind in PLAYED:
            found.append(Block("%s:%d" % (page, begin), kind, body, mark.group(1) if mark else ""))
        elif kind == "text" and found and found[-1].kind == "yaml fails" and not found[-1].expected:
            found[-1] = found[-1]._replace(expected=body.strip())
        above = ""
    return found


def tasks_of(block: Block) -> List[Dict[str, Any]]:
    """A block as tasks whose names say where they stand."""
    if block.kind in ("console", "sh"):
        return [_command(block, line) for line in commands(block)]
    rows = yaml.safe_load(block.body)
    if not isinstance(rows, list):
        raise ValueError("%s holds neither tasks nor plays" % block.place)
    for row in rows:
        row["name"] = "%s: %s" % (block.place, row.get("name", ""))
    if block.kind != "yaml fails":
        return rows
    if not block.expected:
        raise ValueError("%s fails, and no text block says how" % block.place)
    refusal = {"name": block.place + ": has not failed", "ansible.builtin.fail": {"msg": NOT_FAILED}}
    check = {"name": block.place + ": fails as the page says", "ansible.builtin.assert": {
        "that": ["(expected | split | join(' ')) in (ansible_failed_result.msg | split | join(' '))"],
        "fail_msg": "{{ ansible_failed_result.msg }}"}, "vars": {"expected": block.expected}}
    return [{"name": block.place, "block": rows + [refusal], "rescue": [check]}]


def _command(block: Block, line: str) -> Dict[str, Any]:
    # A Go template in the line is none of Ansible's.
    name = "%s: %s" % (block.place, line.replace("{{", "{").replace("}}", "}"))
    return {"name": name, "changed_when": True, "ansible.builtin.shell": {
        "cmd": "{%% raw %%}%s{%% endraw %%}" % line, "executable": "/bin/bash", "chdir": TOP}}


def commands(block: Block) -> List[str]:
    """The command lines of a console block; 'sh' is one script."""
    if block.kind == "sh":
        return [block.body]
    found: List[str] = []
    for line in block.body.splitlines():
        if found and found[-1].endswith("\\"):
            found[-1] += "\n" + line
        elif line.startswith(("$ ", "# ")):
            found.append(line[2:])
    if not found:
        raise ValueError("%s has no line with a prompt" % block.place)
    return found


def playbook(found: List[Block]) -> List[Dict[str, Any]]:
    """The plays of a page: its own ones, and between them plays for its tasks."""
    plays: List[Dict[str, Any]] = []
    open_play = False
    for block in found:
        for row in [] if block.skipped else tasks_of(block):
            if "hosts" in row:
                plays.append(row)
                open_play = False
                continue
            if not open_play:
                plays.append({"name": "Tasks", "hosts": HOSTS[0], "gather_facts": False, "tasks": []})
                open_play = True
            plays[-1]["tasks"].append(row)
    return plays


def main(names: List[str]) -> int:
    """Play each page; 0 when every example did what its page says."""
    pages = names or ["README.md"] + sorted(os.path.relpath(path, TOP) for path in glob.glob(TOP + "/docs/*.md"))
    runs: List[Tuple[List[str], str]] = []
    for page in pages:
        with open(os.path.join(TOP, page), encoding="utf-8") as stream:
            found = blocks(page, stream.read())
        for block in found:
            if block.skipped:
                print("%s is not played: %s" % (block.place, block.skipped))
        if not all(block.skipped for block in found):
            runs.append(([page], page))
    return sandbox.summary("guides", sandbox.enter_all(__file__, runs))


def inside(work: str, page: str) -> int:
    """PID 1 of the namespaces: make the host that the page speaks of, and play it."""
    sandbox.loopback_up()
    os.chmod(work, 0o755)
    accounts.make(work, ["alice"])
    for path in DIRECTORIES:
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path], check=True)
    hosts = os.path.join(work, "hosts")
    write(hosts, "127.0.0.1 localhost registry.example.com\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    write("/srv/site/index.html", "Hello")
    write("/etc/containers/registries.conf.d/00-tests.conf", MIRROR)
    with open("/srv/rootfs.tar", "wb") as stream:
        stream.write(image_layout.busybox_layer())
    with registries(work):
        code = play(work, page)
        subprocess.run(["/usr/bin/python3", TOP + "/bin/pycontainer", "rm", "--all", "--force", "--time", "0"],
                       check=False, stdout=subprocess.DEVNULL)
    return code


@contextlib.contextmanager
def registries(work: str) -> Iterator[None]:
    """docker.io's images at 127.0.0.1:5000, and registry.example.com with TLS and a password."""
    with registry.running(os.path.join(work, "open"), 5000) as address, \
            registry.running(os.path.join(work, "closed"), 443, secure=True):
        certificate = os.path.join(work, "closed", "ca.crt")
        with open(certificate, encoding="ascii") as stream:
            write("/etc/containers/certs.d/registry.example.com/ca.crt", stream.read())
        server = {"Cmd": ["httpd", "-f", "-p", "80", "-h", "/usr/share/nginx/html"], "StopSignal": "SIGKILL"}
        for name, tag, config in (("busybox", "1.36", {}), ("busybox", "1.37", {}), ("nginx", "1.27", server),
                                  ("web", "1", {}), ("cache", "1", {})):
            layout = os.path.join(work, "layout", name + tag)
            image_layout.busybox_image(layout, tag, config)
            registry.push(layout, tag, "%s/library/%s:%s" % (address, name, tag))
        yield


def write(path: str, text: str) -> None:
    """A file, with the directories that lead to it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def play(work: str, page: str) -> int:
    """Run ansible-playbook on one page, collecting the orphans that PID 1 inherits meanwhile."""
    with open(os.path.join(TOP, page), encoding="utf-8") as stream:
        plays = playbook(blocks(page, stream.read()))
    path, inventory, tools = (os.path.join(work, name) for name in ("play.json", "inventory.json", "tools"))
    write(path, json.dumps(plays))
    # Variables win over become and connection of a play: root is here already.
    settings = {"ansible_connection": "local", "ansible_become": False,
                "ansible_python_interpreter": os.environ.get("TARGET_PYTHON", "/usr/bin/python3"),
                "vault_database_password": "of the database", "vault_registry_user": registry.USER,
                "vault_registry_password": registry.PASSWORD}
    write(inventory, json.dumps({"all": {"hosts": dict.fromkeys(HOSTS), "vars": settings}}))
    write(os.path.join(tools, "pycontainer"), '#!/bin/sh\nexec /usr/bin/python3 %s/bin/pycontainer "$@"\n' % TOP)
    os.chmod(os.path.join(tools, "pycontainer"), 0o755)
    environment = dict(os.environ, ANSIBLE_CONFIG=os.path.join(TOP, "ansible.cfg"), ANSIBLE_NOCOLOR="1",
                       PATH="%s:%s" % (tools, os.environ["PATH"]), ANSIBLE_INVENTORY=inventory,
                       ANSIBLE_INVENTORY_ENABLED="yaml", ANSIBLE_COLLECTIONS_PATH=os.path.join(TOP, ".collections"),
                       ANSIBLE_DISPLAY_OK_HOSTS="0", ANSIBLE_DISPLAY_SKIPPED_HOSTS="0",
                       ANSIBLE_LOCAL_TEMP=os.path.join(work, "ansible"),
                       ANSIBLE_REMOTE_TEMP=os.path.join(work, "remote"))
    child = subprocess.Popen(["ansible-playbook", path], env=environment, cwd=TOP)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child.pid:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(inside(*sys.argv[2:4]))
    sys.exit(main(sys.argv[1:]))
