"""A net on the days of a plan: all that the study of a fault needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.planning.congestion.bids import SiteOffers, ev_load
from pandapower_evflex.planning.days import Days, read_days
from pandapower_evflex.planning.settings import Settings


@dataclass(frozen=True)
class PlanningCase:
    """A net on the days of a plan; it pickles, so that faults can be studied elsewhere."""

    net: Net
    days: Days
    offers: SiteOffers
    settings: Settings


def planning_case(
    net: Net,
    profiles: Any,
    days: Any,
    period_h: float | None,
    settings: Settings,
    faults: Sequence[Fault] = (),
    dayfirst: bool | None = None,
) -> PlanningCase:
    """Read all days; the net is not changed.

    Raises
    ------
    InvalidInputError    all faults of profiles and days, after the ``faults`` known by now
    """
    read = read_days(net, profiles, days, period_h, settings.load_growth_percent, faults, dayfirst)
    read = replace(read, deviation=read.deviation - ev_load(net, len(read)))
    offers = SiteOffers(net, read, settings.rule, 1.0 + settings.site_growth_percent / 100.0)
    return PlanningCase(net, read, offers, settings)
