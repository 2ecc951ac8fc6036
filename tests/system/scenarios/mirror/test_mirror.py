# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two hosts without a way out, whose images come through the mirror on a third; also when that one has none either."""

from __future__ import annotations

import json
import shlex
from typing import Any, Callable, Dict, Iterator

import pytest

IMAGE = "pycontainer.engine.image"
LOGIN = "operator:a word"
NOTHING_BUT_CODE = "-o /dev/null -w %{http_code}"
ASK = "curl -s -o /dev/null -w %%{http_code} --cacert /etc/containers/certs.d/h1:5000/ca.crt %s https://h1:5000/v2/"
# Of the mirror itself and of its container; a reset, for the connections that they have kept.
BLOCK = """table inet outside {
  chain output { type filter hook output priority 0; tcp sport != 22 ip daddr 10.0.2.2 reject with tcp reset; }
  chain forward { type filter hook forward priority -10; ip daddr 10.0.2.2 meta l4proto tcp reject with tcp reset; }
}"""


@pytest.fixture
def blocked(hosts: Dict[str, Any]) -> Iterator[None]:
    """As long as this lasts, the mirror does not reach what it is a mirror of."""
    hosts["h1"].check_output("echo %s | nft -f -", BLOCK)
    yield
    hosts["h1"].check_output("nft delete table inet outside")


def test_hosts_see_one_another(hosts: Dict[str, Any]) -> None:
    for name in hosts:
        for other in hosts.keys() - {name}:
            assert hosts[name].check_output("timeout 60 bash -c 'head -c 4 < /dev/tcp/%s/22'" % other) == "SSH-"


def test_the_clients_reach_nothing_outside(hosts: Dict[str, Any], ansible_on: Callable) -> None:
    outside = "curl -s -m 20 http://10.0.2.2:5000/v2/"
    assert hosts["h1"].run(outside).rc == 0
    assert [hosts[name].run(outside).rc for name in ("h2", "h3")] == [7, 7]
    refused = ansible_on("h2", IMAGE, name="10.0.2.2:5000/busybox:1", tls_verify=False)
    assert "error" in refused and "10.0.2.2:5000" in refused["msg"], refused


def test_the_short_name_came_through_the_mirror(hosts: Dict[str, Any]) -> None:
    catalog = hosts["h2"].check_output((ASK % ("-u " + shlex.quote(LOGIN))).replace(NOTHING_BUT_CODE, "") + "_catalog")
    assert "busybox" in json.loads(catalog)["repositories"]


def test_a_login_is_asked_for(hosts: Dict[str, Any]) -> None:
    assert hosts["h2"].check_output(ASK % "") == "401"
    assert hosts["h2"].check_output(ASK % ("-u " + shlex.quote(LOGIN))) == "200"


def test_redis_keeps_what_is_known_of_blobs(hosts: Dict[str, Any], ansible_on: Callable) -> None:
    shown = ansible_on("h1", "pycontainer.engine.container_info", name="registry-redis")["containers"][0]
    address = shown["NetworkSettings"]["Networks"]["registry"]["IPAddress"]
    ask = "exec 3<>/dev/tcp/%s/6379; printf 'KEYS *\\r\\nQUIT\\r\\n' >&3; timeout 60 cat <&3"
    keys = hosts["h1"].run("bash -c %s", ask % address).stdout
    assert "blobs::sha256:" in keys and "repository::busybox" in keys, keys


def test_its_copy_answers_while_the_outside_does_not(blocked: None, hosts: Dict[str, Any],
                                                     ansible_on: Callable) -> None:
    assert hosts["h1"].run("curl -s -m 20 http://10.0.2.2:5000/v2/").rc == 7
    taken = ansible_on("h3", IMAGE, name="busybox:1")
    assert taken.get("changed") is True, taken
    unknown = ansible_on("h3", IMAGE, name="busybox:2")
    assert "error" in unknown, unknown


def test_what_was_not_pulled_before_comes_when_the_outside_is_back(ansible_on: Callable) -> None:
    taken = ansible_on("h3", IMAGE, name="docker.io/library/busybox:2")
    assert taken.get("changed") is True, taken
    assert "version" in json.dumps(taken)
