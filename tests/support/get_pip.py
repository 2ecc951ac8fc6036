# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts pip into an empty virtual environment from what Python itself ships and PyPI serves.

ansible-test wants to download such a script from a host of its own. Handing it this one keeps
PyPI the only registry that the sanity tests need. It is called with pip's options and packages.
"""

from __future__ import annotations

import os
import subprocess
import sys

if __name__ == "__main__":
    wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
    # ensurepip runs pip in a child of its own, so a -m call with a clean environment is enough
    subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL,
                   env={k: v for k, v in os.environ.items() if not k.startswith("PIP_")})
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=False).returncode)
