# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs first on a host: older Pythons can read this file and the modules, and are told that they are too old.

So these files have no annotations, and no syntax that Python 2.7 does not know; ansible-core 2.16 brings modules there.
"""

import json
import sys

OLDEST = (3, 9)


def run_module(*arguments, **named):
    """Run a module as glue.run_module does; on a Python that is too old, fail with one sentence."""
    if sys.version_info < OLDEST:
        sys.stdout.write(json.dumps({"failed": True, "error": "Unsupported", "msg": too_old()}) + "\n")
        raise SystemExit(1)
    from .glue import run_module as run

    run(*arguments, **named)


def too_old():
    """The sentence."""
    return "The collection pycontainer.engine needs Python %d.%d or later; %s on this host is Python %d.%d. %s" % (
        OLDEST + (sys.executable,) + tuple(sys.version_info[:2])
        + ("Set ansible_python_interpreter to a newer one, which may have to be installed first.",))
