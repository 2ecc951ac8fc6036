# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that imports third-party libraries.

Each is imported when it is first needed, because importing one costs tens of milliseconds that
most commands need not pay. A missing library gives one error that names the package to install.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Optional

from .errors import MissingDependency

# library: what it is for, Debian's package, Fedora's package
LIBRARIES = {
    "requests": ("talk to registries", "python3-requests", "python3-requests"),
    "tomli": ("read registries.conf", "python3-tomli", "python3-tomli"),
}


def _find_libraries() -> None:
    """Let Python look where the host's libraries are, when it was started without (bin/pycontainer, the hooks: -S)."""
    if sys.flags.no_site and "site" not in sys.modules:
        import site

        site.main()


def load(name: str) -> Any:
    """Import a library by name; raises MissingDependency when it is not there."""
    _find_libraries()
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        purpose, debian, fedora = LIBRARIES[name.split(".", 1)[0]]
        package = debian if os.path.exists("/etc/debian_version") else fedora
        raise MissingDependency(
            "The Python library %s is not there (%s); it is needed to %s" % (name, exc, purpose),
            "Install the package %s." % package) from exc


def load_toml() -> Any:
    """A module with ``loads``: the standard library's tomllib (Python 3.11), else tomli."""
    try:
        return importlib.import_module("tomllib")
    except ImportError:
        return load("tomli")


def load_optional(name: str) -> Optional[Any]:
    """A library that makes something faster but is not required, or None."""
    _find_libraries()
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
