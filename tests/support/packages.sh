#!/usr/bin/env bash
# Installs Debian packages and remembers which ones were new, so that they can be taken away again.
#   packages.sh install RECORD PACKAGE...   RECORD lists what this and earlier calls added
#   packages.sh restore RECORD
set -euo pipefail
verb=$1 record=$2
shift 2
mkdir -p "$(dirname "$record")"

installed() { dpkg-query -W -f '${binary:Package} ${db:Status-Abbrev}\n' | awk '$2 == "ii" { print $1 }' | sort; }

case $verb in
install)
    missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)" = "ii " ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || exit 0
    before=$(mktemp)
    installed >"$before"
    apt-get update -qq
    # A service that a package would start on its own (docker-registry) is not wanted here.
    policy=/usr/sbin/policy-rc.d made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made=1
    fi
    status=0
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || status=$?
    [ -z "$made" ] || rm -f "$policy"
    comm -13 "$before" <(installed) >>"$record"
    rm -f "$before"
    exit "$status"
    ;;
restore)
    [ -s "$record" ] || exit 0
    mapfile -t added <"$record"
    apt-get purge -y -qq "${added[@]}" >/dev/null
    rm -f "$record"
    ;;
esac
