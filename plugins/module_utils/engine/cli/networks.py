# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verbs on networks."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from ..context import Context
from ..errors import EngineError, InUse, InvalidInput, NotFound
from ..formats.container import NetworkUse
from ..formats.network import NetworkSpec, Subnet
from ..service import containers, networks
from . import output, selection
from .confirm import FORCE, confirmed
from .flags import IO, Flag, Parsed, Verb


def pairs(rows: Sequence[str], flag: str) -> Dict[str, str]:
    """KEY=VALUE words; a KEY alone has an empty value."""
    result = {}
    for row in rows:
        key, _equals, value = row.partition("=")
        if not key:
            raise InvalidInput("--%s has %r" % (flag, row), "Write KEY=VALUE.")
        result[key] = value
    return result


def create(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Make a network and print its name."""
    name = parsed.arguments[0] if parsed.arguments else _free_name(ctx)
    if parsed.get("ignore") and networks.exists(ctx, name):
        io.out.write(name + "\n")
        return 0
    networks.create(ctx, spec(parsed, name))
    io.out.write(name + "\n")
    return 0


def check(_ctx: Context, parsed: Parsed) -> None:
    """Raise what is wrong with create's values, whatever there is on this host."""
    networks.check_values(spec(parsed, (parsed.arguments or ["unnamed"])[0]))


def spec(parsed: Parsed, name: str) -> NetworkSpec:
    """What the words of network create ask for. Raises InvalidInput."""
    subnets = [Subnet(one) for one in parsed.get("subnet", ())]
    for flag, setter in (("gateway", _gateway), ("ip-range", _range)):
        rows = parsed.get(flag, [])
        if len(rows) > len(subnets):
            raise InvalidInput("--%s needs a --subnet" % flag)
        subnets = [setter(subnet, rows[number]) if number < len(rows) else subnet
                   for number, subnet in enumerate(subnets)]
    return NetworkSpec(
        name, parsed.get("driver", "bridge"), parsed.get("interface-name", ""), tuple(subnets),
        bool(parsed.get("internal")), bool(parsed.get("ipv6")), not parsed.get("disable-dns"),
        tuple(parsed.get("dns", ())), pairs(parsed.get("opt", ()), "opt"), pairs(parsed.get("label", ()), "label"))


def _gateway(subnet: Subnet, value: str) -> Subnet:
    return Subnet(subnet.subnet, value, subnet.range_start, subnet.range_end)


def _range(subnet: Subnet, value: str) -> Subnet:
    """FIRST-LAST or a CIDR."""
    if "-" in value:
        first, _dash, last = value.partition("-")
    else:
        import ipaddress

        try:
            net = ipaddress.ip_network(value)
        except ValueError as exc:
            raise InvalidInput("--ip-range has %r: %s" % (value, exc), "Write a subnet, or FIRST-LAST.") from exc
        first, last = str(net[0]), str(net[-1])
    return Subnet(subnet.subnet, subnet.gateway, first, last)


def _free_name(ctx: Context) -> str:
    taken = {record.spec.name for record in networks.all(ctx)}
    return next(name for name in ("podman%d" % number for number in range(1, 100000)) if name not in taken)


def listing(ctx: Context, parsed: Parsed, io: IO) -> int:
    """List networks."""
    records = [record for record in networks.all(ctx) if all(_fits(record, one) for one in parsed.get("filter", ()))]
    if parsed.get("format") == "json":
        io.out.write(output.to_json([networks.inspect(ctx, record.spec.name) for record in records]))
        return 0
    rows = [{"ID": output.short(record.id, bool(parsed.get("no-trunc"))), "Name": record.spec.name,
             "Driver": record.spec.driver} for record in records]
    if parsed.get("format"):
        # Templates may ask for anything that inspect knows.
        rows = [dict({key: value for key, value in networks.inspect(ctx, row["Name"]).items() if key not in (
            "id", "name", "driver", "labels")}, Labels=",".join("%s=%s" % pair for pair in record.spec.labels.items()),
            **row) for row, record in zip(rows, records)]
    io.out.write(output.render(rows, (("NETWORK ID", "ID"), ("NAME", "Name"), ("DRIVER", "Driver")),
                               format=parsed.get("format"), quiet_key="Name" if parsed.get("quiet") else "",
                               noheading=bool(parsed.get("noheading"))))
    return 0


def _fits(record: Any, text: str) -> bool:
    key, _equals, value = text.partition("=")
    if key == "name":
        return value in record.spec.name
    if key == "id":
        return bool(record.id.startswith(value))
    if key == "driver":
        return bool(record.spec.driver == value)
    if key == "label":
        name, equals, content = value.partition("=")
        return name in record.spec.labels and (not equals or record.spec.labels[name] == content)
    raise InvalidInput("There is no filter %s for networks" % key, "Use driver, id, label or name.")


def inspect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print everything about networks."""
    return output.inspect_each(parsed.arguments, lambda name: networks.inspect(ctx, name), parsed.get("format"),
                               out=io.out, err=io.err)


def remove(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove networks."""
    code = 0
    for name in parsed.arguments:
        try:
            if parsed.get("force"):
                for container in networks.members(ctx, name):
                    containers.remove(ctx, container, force=True, ignore=True, timeout=parsed.get("time"))
            networks.remove(ctx, name, bool(parsed.get("force")))
            io.out.write(name + "\n")
        except EngineError as exc:
            if parsed.get("force") and isinstance(exc, NotFound):
                continue
            io.err.write("Error: %s\n" % exc)
            # As podman-network-rm(1) has them.
            code = 1 if isinstance(exc, NotFound) else 2 if isinstance(exc, InUse) else 125
    return code


def connect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Connect a running container to one more network."""
    network, container = parsed.arguments
    use = NetworkUse("network", network, parsed.get("ip", ""), parsed.get("ip6", ""), parsed.get("mac-address", ""), "",
                     tuple(parsed.get("alias", ())))
    uses = tuple(_uses(ctx, container))
    if any(one.name == network for one in uses):
        raise InvalidInput("%s is connected to %s already" % (container, network))
    containers.update(ctx, container, {"network": uses + (use,)})
    return 0


def _uses(ctx: Context, container: str) -> Tuple[NetworkUse, ...]:
    return containers.get(ctx, container).spec.network or (NetworkUse("network", networks.DEFAULT_NETWORK),)


def disconnect(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Take a container from a network."""
    network, container = parsed.arguments
    uses = _uses(ctx, container)
    rest = tuple(one for one in uses if one.name != network)
    if len(rest) == len(uses):
        raise InvalidInput("%s is not connected to %s" % (container, network))
    changes: Dict[str, Any] = {"network": rest or (NetworkUse("none"),)}
    if uses[0].name == network:
        # They stand for the first network, and would be asked for on the next one.
        changes.update(ip="", ip6="", mac_address="")
    containers.update(ctx, container, changes)
    return 0


def update(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Change a network's name servers."""
    name = parsed.arguments[0]
    servers = [one for one in networks.get(ctx, name).spec.dns_servers if one not in parsed.get("dns-drop", ())]
    servers += [one for one in parsed.get("dns-add", ()) if one not in servers]
    networks.update(ctx, name, dns_servers=servers)
    io.out.write(name + "\n")
    return 0


def exists(ctx: Context, parsed: Parsed, io: IO) -> int:
    """0 when there is such a network, else 1."""
    return 0 if networks.exists(ctx, parsed.arguments[0]) else 1


def prune(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Remove networks that no container uses."""
    if not confirmed(parsed, io, "This will remove all networks that no container uses."):
        return 0
    used: List[str] = []
    for row in containers.listing(ctx, everything=True):
        from ..service import listing as rows

        used += rows.network_names(row)
    used += _kept(ctx, parsed.get("filter", ()))
    io.out.write("".join(one + "\n" for one in networks.prune(ctx, keep=used)))
    return 0


def _kept(ctx: Context, filters: Sequence[str]) -> List[str]:
    """The names of the networks that do not fit prune's filters: label, label! and until."""
    kept = []
    for text in filters:
        key, _equals, value = text.partition("=")
        if key not in ("label", "label!", "until"):
            raise InvalidInput("There is no filter %s for pruning networks" % key, "Use label, label! or until.")
        for record in networks.all(ctx):
            if key == "until":
                from ..service import logs

                fits = record.created <= logs.moment(value)
            else:
                fits = _fits(record, "label=" + value) is (key == "label")
            kept += [] if fits else [record.spec.name]
    return kept


def reload(ctx: Context, parsed: Parsed, io: IO) -> int:
    """Put links and rules back."""
    wanted = None if parsed.get("all") else [
        containers.get(ctx, name).id for name in selection.chosen(ctx, parsed)]
    io.out.write("".join(one + "\n" for one in networks.reload(ctx, wanted)))
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("network create", "[NAME]", "Make a network", (
        Flag("driver", "d", help="bridge, macvlan or ipvlan"), Flag("subnet", kind="list", help="in CIDR form"),
        Flag("gateway", kind="slice", help="the bridge's address"),
        Flag("ip-range", kind="list", help="CIDR or FIRST-LAST"),
        Flag("internal", kind="bool", help="no way out"), Flag("ipv6", kind="bool", help="also IPv6"),
        Flag("disable-dns", kind="bool", help="no names"), Flag("dns", kind="list", help="a name server"),
        Flag("interface-name", help="the bridge's name"), Flag("opt", "o", "list", "KEY=VALUE for the driver"),
        Flag("label", kind="list", help="KEY=VALUE"), Flag("ignore", kind="bool", help="no error when it is there"),
        Flag("ipam-driver", refused="addresses are the engine's own", accepted=("host-local",)),
        Flag("route", kind="list", refused="it is not there"),
        Flag("macvlan", refused="write -d macvlan -o parent=NAME")),
        create, (0, 1), check=check),
    Verb("network update", "NETWORK", "Change a network's name servers", (
        Flag("dns-add", kind="slice", help="add a name server"),
        Flag("dns-drop", kind="slice", help="take a name server away")), update, (1, 1)),
    Verb("network ls", "", "List networks", (
        Flag("quiet", "q", "bool", "only names"), Flag("format", help="json, or a Go template"),
        Flag("filter", "f", "list", "KEY=VALUE"), Flag("no-trunc", kind="bool", help="whole IDs"),
        Flag("noheading", "n", "bool", "no head")), listing, (0, 0), reads_only=True),
    Verb("network inspect", "NETWORK...", "Print everything about networks",
         (Flag("format", "f", help="json, or a Go template"),), inspect, (1, None), reads_only=True),
    Verb("network rm", "NETWORK...", "Remove networks", (
        Flag("force", "f", "bool", "with the containers on it"),
        Flag("time", "t", "int", "seconds until a container is killed")), remove, (1, None)),
    Verb("network connect", "NETWORK CONTAINER", "Connect a container to one more network", (
        Flag("alias", kind="slice", help="one more name on it"), Flag("ip", help="a fixed IPv4 address"),
        Flag("ip6", help="a fixed IPv6 address"), Flag("mac-address", help="a fixed MAC address")), connect, (2, 2)),
    Verb("network disconnect", "NETWORK CONTAINER", "Take a container from a network", (
        Flag("force", "f", "bool", "whatever it does, which is so anyway"),), disconnect, (2, 2)),
    Verb("network exists", "NETWORK", "Whether there is such a network", (), exists, (1, 1), reads_only=True),
    Verb("network prune", "", "Remove networks that no container uses", (
        FORCE,
        Flag("filter", kind="list", help="label=, label!= or until=")), prune, (0, 0)),
    Verb("network reload", "[CONTAINER...]", "Put links and rules back", (
        Flag("all", "a", "bool", "of all containers"), selection.LATEST), reload, (0, None)),
)
