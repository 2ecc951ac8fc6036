# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units under a systemd that boots (tests/support/systemd_box.py)."""

from __future__ import annotations

from typing import Callable

SCRIPT = r"""#!/bin/sh
R=/var/lib/rootfs
PC="python3 /checkout/bin/pycontainer"
mkdir -p $R/bin $R/etc $R/proc $R/sys $R/dev $R/tmp $R/www
cp /bin/busybox $R/bin/
for p in sh sleep httpd; do ln -s busybox $R/bin/$p; done
echo hello > $R/www/index.html
fail() { echo "FAILED: $*"; journalctl --no-pager -o cat | tail -40; exit 1; }
answers() { [ "$(busybox wget -q -O - http://127.0.0.1:8080/)" = hello ] || fail "no answer: $1"; }
active() { [ "$(systemctl is-active "$1")" = "$2" ] || fail "$1 is $(systemctl is-active "$1"), not $2"; }
cd /etc/systemd/system

$PC create --name web --stop-timeout 1 -p 8080:80 --rootfs $R httpd -f -p 80 -h /www || fail create
first=$($PC inspect --format '{{.Id}}' web)
$PC generate systemd --new --name --files web --restart-policy always --restart-sec 0 || fail generate
systemctl daemon-reload
systemctl start container-web || fail start
answers started
[ "$($PC inspect --format '{{.Id}}' web)" = "$first" ] || fail "the container that was there was not taken over"
main=$(systemctl show -p MainPID --value container-web)
[ "$(cat /proc/$main/comm)" = conmon ] || fail "the main process is $(cat /proc/$main/comm)"

$PC kill web || fail kill
sleep 2
active container-web active
answers restarted
second=$($PC inspect --format '{{.Id}}' web)
[ "$second" != "$first" ] || fail "the container was not made anew"

kill -9 "$(systemctl show -p MainPID --value container-web)"
sleep 4
active container-web active
answers "without its monitor"

systemctl stop container-web || fail stop
active container-web inactive
[ -z "$($PC ps -aq)" ] || fail "a container is left"
[ -z "$(ls /run/pycontainer/containers)" ] || fail "a run is left"

$PC create --name other --rootfs $R sleep 1000 || fail create
$PC generate systemd --name --files other --sdnotify healthy || fail generate
systemctl daemon-reload
systemctl start container-other && fail "healthy without a check"
[ "$($PC inspect --format '{{.State.Status}}' other)" = exited ] || fail "it runs on"
echo PROVEN
"""


def test_systemd_starts_restarts_and_stops_a_container(box: Callable[[str], None]) -> None:
    box(SCRIPT)
