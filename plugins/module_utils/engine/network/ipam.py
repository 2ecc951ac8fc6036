# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses: the file ``<runroot>/ipam/<network>/<address>`` holds the ID of the container that has it."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from typing import List, Optional, Set

from ..context import Context
from ..errors import Conflict, InvalidInput
from ..formats.network import Subnet
from ..kernel import files, tree
from .claims import files_of_strangers

LAST = ".last"  # beside the claims: the address that was given last, per family


def _directory(ctx: Context, network: str) -> str:
    return ctx.run("ipam", network)


def holder(ctx: Context, network: str, address: str) -> Optional[str]:
    """The ID of the container that has an address, or None."""
    return files.word(os.path.join(_directory(ctx, network), address))


def _claim(ctx: Context, network: str, address: str, container_id: str) -> bool:
    return files.create_exclusive(os.path.join(_directory(ctx, network), address), container_id.encode())


def claim_static(ctx: Context, network: str, subnet: Subnet, address: str, container_id: str) -> str:
    """Take exactly this address; its canonical form.

    Raises InvalidInput when it is no usable address of the subnet, Conflict when it is taken.
    """
    net = ipaddress.ip_network(subnet.subnet)
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError as exc:
        raise InvalidInput("%r is no IP address" % address[:80]) from exc
    last = net.broadcast_address if net.version == 4 else None
    if wanted not in net or wanted in (net.network_address, last) or str(wanted) == subnet.gateway:
        raise InvalidInput("%s is no address for a container on network %s (%s, gateway %s)"
                           % (wanted, network, net, subnet.gateway))
    files.make_directory(_directory(ctx, network))
    if not _claim(ctx, network, str(wanted), container_id):
        other = holder(ctx, network, str(wanted)) or ""
        raise Conflict("The address %s on network %s is in use by container %s" % (wanted, network, other[:12]),
                       "Choose another address, or leave it out to get a free one.")
    return str(wanted)


def claim_free(ctx: Context, network: str, subnet: Subnet, container_id: str) -> str:
    """Take a free address of the subnet's range.

    The search starts after the one given last, so that an address rests before it is given again.
    Raises Conflict when none is free.
    """
    directory = files.make_directory(_directory(ctx, network))
    net = ipaddress.ip_network(subnet.subnet)
    first = int(ipaddress.ip_address(subnet.range_start)) if subnet.range_start else int(net[1])
    last = int(ipaddress.ip_address(subnet.range_end)) if subnet.range_end else int(net[-2])
    gateway = int(ipaddress.ip_address(subnet.gateway)) if subnet.gateway else -1
    kind = ipaddress.IPv4Address if net.version == 4 else ipaddress.IPv6Address
    memory = os.path.join(directory, "%s%d" % (LAST, net.version))
    taken = set(os.listdir(directory))
    start = _remembered(memory, first, last)
    # Of any range, only as many addresses as there are claims can be taken: the search is bounded.
    for step in range(min(last - first + 1, len(taken) + 2)):
        number = first + (start - first + step) % (last - first + 1)
        address = str(kind(number))
        if number != gateway and address not in taken and _claim(ctx, network, address, container_id):
            files.write_json(memory, number, durable=False)
            return address
    raise Conflict("Network %s has no free address in %s-%s" % (network, kind(first), kind(last)),
                   "Remove containers that are not needed, or make a network with a larger subnet.")


def _remembered(path: str, first: int, last: int) -> int:
    """Where to go on searching."""
    try:
        number = int(files.word(path) or "") + 1
    except ValueError:
        return first
    return number if first <= number <= last else first


def release(ctx: Context, network: str, address: str, container_id: str) -> None:
    """Give an address back, if it is still this container's."""
    if holder(ctx, network, address) == container_id:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(_directory(ctx, network), address))


def release_all(ctx: Context, network: str, container_id: str) -> None:
    """Give back all addresses of a container on a network, whichever they are."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(_directory(ctx, network)):
            if not name.startswith("."):
                release(ctx, network, name, container_id)


def used(ctx: Context, network: str) -> bool:
    """Whether a container has an address on a network; costs the same however many there are."""
    try:
        with os.scandir(_directory(ctx, network)) as entries:
            return any(not entry.name.startswith(".") and not entry.name.endswith(".tmp") for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return False


def used_networks(ctx: Context) -> List[str]:
    """The names of all networks that have a container."""
    try:
        return sorted(name for name in os.listdir(ctx.run("ipam")) if used(ctx, name))
    except FileNotFoundError:
        return []


def members(ctx: Context, network: str) -> List[str]:
    """The IDs of the containers that have an address on a network."""
    try:
        names = sorted(os.listdir(_directory(ctx, network)))
    except (FileNotFoundError, NotADirectoryError):
        return []
    holders = (holder(ctx, network, name) for name in names if not name.startswith("."))
    return list(dict.fromkeys(found for found in holders if found))


def forget(ctx: Context, network: str) -> None:
    """Drop all that is remembered of a network that is removed."""
    directory = _directory(ctx, network)
    with contextlib.suppress(FileNotFoundError):
        tree.remove_path(directory)


def drop(ctx: Context, known: Set[str]) -> Set[str]:
    """Remove the claims of containers that are not ``known``, on all networks; their IDs."""
    try:
        networks = os.listdir(ctx.run("ipam"))
    except FileNotFoundError:
        return set()
    return set().union(*(files_of_strangers(_directory(ctx, network), known) for network in networks))
