# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The use cases of networks, in one place for who uses them; the concepts have files of their own."""

from __future__ import annotations

from ..formats.endpoint import Endpoint, SetupRequest, SetupResult
from ..network.definitions import DEFAULT_NETWORK, NetworkRecord
from .network_connections import (
    connect,
    disconnect,
    live,
    name_locally,
    reload,
    rename,
    repair,
    setup,
    teardown,
)
from .network_definitions import (
    check,
    check_removal,
    check_values,
    create,
    exists,
    get,
    inspect,
    members,
    prune,
    remove,
    replace_one,
    update,
)
from .network_definitions import every as all

__all__ = [
    "DEFAULT_NETWORK", "Endpoint", "NetworkRecord", "SetupRequest", "SetupResult", "all", "check", "check_removal",
    "check_values", "connect", "create", "disconnect", "exists", "get", "inspect", "live", "members", "name_locally",
    "prune", "reload", "remove", "rename", "repair", "replace_one", "setup", "teardown", "update",
]
