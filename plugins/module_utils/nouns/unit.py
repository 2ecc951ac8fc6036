# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The systemd unit of a container or a pod, brought into its declared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, List, Mapping, NamedTuple, Optional

from ..state.plan import Plan, Result

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.service.systemd import Shown
    from ..engine.service.units import Wanted
    from ..engine.service.unitsource import Source


class Aim(NamedTuple):
    """The unit that is asked for, it with its members, and what they are to be; None when they are to go."""

    main: str
    names: List[str]
    wish: Optional[Wanted] = None


def aim(ctx: Context, params: Mapping[str, Any], source: Optional[Source] = None) -> Aim:
    """Which units params mean; ``source`` knows what there would be by now, were it not a check.

    Raises NotFound, InvalidInput, Unsupported.
    """
    from ..engine.formats import serviceunit
    from ..engine.service import systemd, units

    choices = serviceunit.choices_of(params)
    if params["state"] == "absent":
        return Aim(*units.known(ctx, params["name"], choices))
    # A user's systemd may have yet to come too, in a check of what has yet to come.
    if source is None or not source.coming:
        systemd.require(ctx)
    wish = units.wanted(ctx, params["name"], choices, source=source)
    return Aim(wish.main, list(wish.texts), wish)


def converge(ctx: Context, params: Mapping[str, Any], check: bool, *, aimed: Optional[Aim] = None,
             shown: Optional[Mapping[str, Shown]] = None, gone: Collection[str] = ()) -> Plan:
    """Observe, plan, and unless it is a ``check``, apply; what systemd has ``shown`` is not asked again.

    ``gone`` are units that would have been removed by now, were it not a check.
    """
    from ..engine.service import units
    from ..state import unit as state

    main, names, wish = aimed or aim(ctx, params)
    seen = units.observe(ctx, names, wish, shown)
    there = {name: state.Seen(*row) if name not in gone else state.NOTHING for name, row in seen.items()}
    plan = state.plan(params, main, wish.texts if wish else {}, there)
    if plan.changed and not check:
        units.apply(ctx, plan.verbs, main, names, wish)
    return plan


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """What the module does: converge, and show what systemd says."""
    from ..engine.service import systemd

    aimed = aim(ctx, params)
    seen = systemd.show(ctx, aimed.names)
    plan = converge(ctx, params, check, aimed=aimed, shown=seen)
    if plan.changed and not check:
        seen = systemd.show(ctx, [aimed.main])
    shown = seen[aimed.main]
    status = {"active": shown.active, "sub": shown.sub, "enabled": shown.enabled, "main_pid": shown.main_pid}
    return plan.result("unit " + aimed.main, unit=aimed.main, units=aimed.names, status=status)
