# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import etcfiles

BASE = ("127.0.0.1 localhost vm # me\n10.0.0.1\tshared other\n\x1b[31mred 1.2.3.4\n# comment\n"
        "::1 localhost\n1.1.1.1 bad\x07name ok\n")


def test_hosts_file_holds_the_hosts_rows_and_the_containers() -> None:
    text = etcfiles.hosts(base=BASE, extra={"shared": "10.9.9.9", "gw": "host-gateway"}, host_address="10.88.0.1",
                          own=[etcfiles.host_row("10.88.0.2", "abc", "web")], peers=[("10.88.0.3", ("db",))])
    assert text.splitlines() == [
        "127.0.0.1\tlocalhost vm", "10.0.0.1\tother", "::1\tlocalhost", "1.1.1.1\tok", "10.9.9.9\tshared",
        "10.88.0.1\tgw", "10.88.0.1\thost.containers.internal host.docker.internal", "10.88.0.2\tabc web",
        "10.88.0.3\tdb"]


def test_hosts_file_always_knows_localhost() -> None:
    assert etcfiles.hosts(base="", extra={}, own=[]).startswith("127.0.0.1\tlocalhost\n::1\tlocalhost")


@pytest.mark.parametrize("extra", [
    {"a b": "1.2.3.4"}, {"a\nb": "1.2.3.4"}, {"": "1.2.3.4"}, {"a": "1.2.3"}, {"a": "1.2.3.4\n6.6.6.6 evil"},
    {"gw": "host-gateway"}, {"-a": "1.2.3.4"}, {"a": "fe80::1%e\n"},
])
def test_bad_extra_hosts_are_refused(extra: Any) -> None:
    with pytest.raises(InvalidInput):
        etcfiles.hosts(base="", extra=extra, own=[])


HOST = ("search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n"
        "nameserver fd00::53\noptions ndots:2\nnameserver x\n")


@pytest.mark.parametrize("options, expected", [
    ({}, "search example.org\nnameserver 192.0.2.53\noptions ndots:2\n"),
    ({"ipv6": True}, "search example.org\nnameserver 192.0.2.53\nnameserver fd00::53\noptions ndots:2\n"),
    ({"own_namespace": False},
     "search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fd00::53\noptions ndots:2\n"),
    ({"servers": ["9.9.9.9", "9.9.9.9"]}, "search example.org\nnameserver 9.9.9.9\noptions ndots:2\n"),
    ({"search": ["."]}, "nameserver 192.0.2.53\noptions ndots:2\n"),
    ({"search": ["a.b", "c"], "options": ["rotate"]}, "search a.b c\nnameserver 192.0.2.53\noptions rotate\n"),
    ({"resolver": ["10.89.0.1"], "servers": ["9.9.9.9"]},
     "search example.org\nnameserver 10.89.0.1\noptions ndots:2\n"),
])
def test_resolv_conf(options: Any, expected: str) -> None:
    assert etcfiles.resolv(base=HOST, **options) == expected


@pytest.mark.parametrize("options", [
    {"servers": ["1.1.1.1\noptions x"]}, {"servers": ["dns"]}, {"search": ["a b"]}, {"options": ["a\nb"]},
])
def test_bad_resolver_settings_are_refused(options: Any) -> None:
    with pytest.raises(InvalidInput):
        etcfiles.resolv(base="", **options)


@pytest.mark.parametrize("name", ["", "a b", "a\n", "x" * 65, "-a", "é"])
def test_bad_host_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        etcfiles.hostname(name)
