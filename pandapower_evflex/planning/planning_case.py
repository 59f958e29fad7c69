"""A net on the days of a plan: all that the study of a fault needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.errors import Fault
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.planning.congestion.bids import SiteOffers, charging_on, ev_load
from pandapower_evflex.planning.days import Days, read_days
from pandapower_evflex.planning.ev_offers import charging_of
from pandapower_evflex.planning.fault.isolation import Supply, supply_of
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.post_fault import post_fault_net
from pandapower_evflex.planning.fault.reinforced import Built, reinforced_net
from pandapower_evflex.planning.fault.restoration import Restoration
from pandapower_evflex.planning.fault.standing_limits import StandingLimits, standing_limits
from pandapower_evflex.planning.fault.switched_grid import SwitchedGrid, grid_after_a_fault
from pandapower_evflex.planning.settings import Settings

#: sets of candidates whose nets are kept
MOST_BUILT = 16


class BuiltNet:
    """The net with some candidates built: how it is supplied before any fault, and its grid in any state."""

    def __init__(self, net: Net, supply: Supply | None = None) -> None:
        self.net = net
        self.supply = supply_of(net) if supply is None else supply
        self._switched = SwitchedGrid(net)

    def grid(self, after: Restoration | None = None) -> Grid:
        """The grid after a fault, or before any."""
        masked = self._switched.state(after)
        if masked is not None:
            return masked
        return grid_after_a_fault(self.net if after is None else post_fault_net(self.net, after))


@dataclass(frozen=True)
class PlanningCase:
    """A net on the days of a plan; it pickles, so that faults can be studied elsewhere."""

    net: Net
    days: Days
    offers: SiteOffers
    settings: Settings
    _kept: dict[Built, BuiltNet] = field(default_factory=dict, repr=False, compare=False)

    def built(self, candidates: Built) -> BuiltNet:
        """The net with these candidates built; the net as it is and those asked for last are kept."""
        if candidates not in self._kept:
            while len(self._kept) >= MOST_BUILT:
                self._kept.pop(next(own for own in self._kept if own), None)
            self._kept[candidates] = BuiltNet(reinforced_net(self.net, candidates), self._same_supply(candidates))
        return self._kept[candidates]

    def _same_supply(self, candidates: Built) -> Supply | None:
        """The supply of the net as it is, where these candidates switch nothing on."""
        if not candidates or self.net["reinforcement"].loc[list(candidates), "in_service"].notna().any():
            return None
        return self.built(()).supply

    @cached_property
    def standing(self) -> StandingLimits:
        """Limits that the net as it is breaks before any fault."""
        return standing_limits(OperatingState(self.built(()).grid(), self.days), self.days.share_of_year > 0.0)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}


def planning_case(
    net: Net,
    profiles: Any,
    days: Any,
    period_h: float | None,
    settings: Settings,
    faults: Sequence[Fault] = (),
    dayfirst: bool | None = None,
    ev_offers: FlexibilityOpfResult | None = None,
) -> PlanningCase:
    """Read all days; the net is not changed.

    Raises
    ------
    InvalidInputError    all faults of profiles and days, after the ``faults`` known by now
    """
    read = read_days(net, profiles, days, period_h, settings.load_growth_percent, faults, dayfirst)
    charging = charging_on(net, len(read)) if ev_offers is None else charging_of(ev_offers, read)
    read = replace(read, deviation=read.deviation - ev_load(net, len(read), charging))
    offers = SiteOffers(net, read, settings, charging)
    return PlanningCase(net, read, offers, settings)
