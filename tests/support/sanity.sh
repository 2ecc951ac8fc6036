#!/usr/bin/env bash
# Runs ansible-test sanity over a copy of the tracked files: ansible-test insists on a path that
# ends in ansible_collections/<namespace>/<name>. Arguments go to ansible-test.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
venv=${VENV:-$top/build/venv}
# Outside of the checkout: below it, ansible-test takes the ignore list of the checkout's git for its own.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tree="$copy/ansible_collections/pycontainer/engine"
home="$top/build/home"
mkdir -p "$tree" "$home/.ansible/test/cache"

# ansible-test looks for the script that brings pip under the name of the pip version it pins.
requirements=$("$venv/bin/python" -c 'import ansible_test as a; print(a.__path__[0] + "/_internal/python_requirements.py")')
grep -oP "pip='\K[0-9.]+" "$requirements" | while read -r version; do
    cp "$top/tests/support/get_pip.py" "$home/.ansible/test/cache/get_pip_${version//./_}.py"
done

cd "$top"
git ls-files -z -co --exclude-standard -- . ':!.collections' ':!.ci' | tar -cf - --null -T - | tar -xf - -C "$tree"
cd "$tree"
export HOME="$home" PATH="$venv/bin:$PATH" LC_ALL=C.UTF-8
ansible-test sanity --requirements --color no --python "$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$@"
