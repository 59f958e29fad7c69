"""EVs of a flexibility OPF that bid beside the sites of a plan."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.planning.congestion.bids import Charging
from pandapower_evflex.planning.days import FUNCTION, Days
from pandapower_evflex.tables.kinds import shown

logger = logging.getLogger(__name__)

#: the promise that a call of one period leaves nothing of, for the next ones
ANY_SEQUENCE = "any_sequence"
#: difference of period lengths that is rounding [h]
ROUNDING_H = 1e-9


def ev_offer_faults(net: Net, ev_offers: Any) -> list[Fault]:
    """What is no result, has no schedule, or is of EVs that the net does not have at these buses."""
    if ev_offers is None:
        return []
    if not isinstance(ev_offers, FlexibilityOpfResult):
        remedy = "give what run_flexibility_opf returns, or None"
        return [Fault(FUNCTION, "ev_offers", (), shown(ev_offers), "is not a result", remedy)]
    if ev_offers.p_mw.isna().to_numpy().all():
        remedy = "give a result with a schedule"
        return [Fault(FUNCTION, "ev_offers", (), f"a result that is {ev_offers.status!r}", "has no schedule", remedy)]
    at = net["ev"]["bus"].to_dict() if "ev" in net else {}
    others = [ev for ev, bus in ev_offers.settings["ev_bus"].items() if at.get(ev) != bus]
    remedy = "run run_flexibility_opf on this net"
    return (
        [Fault("ev", "bus", tuple(others), "EVs of ev_offers", "are elsewhere in this net", remedy)] if others else []
    )


def charging_of(result: FlexibilityOpfResult, days: Days) -> Charging:
    """Its schedule and its downward flexibility, for the days of a plan.

    Raises
    ------
    InvalidInputError    other periods than those of the plan
    """
    period_h = float(result.settings["period_h"])
    if len(result.p_mw) != len(days) or np.abs(days.period_h - period_h).max() > ROUNDING_H:
        value = f"a result of {len(result.p_mw)} periods of {period_h:g} h"
        remedy = f"run run_flexibility_opf for the {len(days)} periods of {days.period_h[0]:g} h of the plan"
        raise InvalidInputError([Fault(FUNCTION, "ev_offers", (), value, "does not fit the profiles", remedy)])
    if result.settings["guarantee"] != ANY_SEQUENCE:
        logger.warning(
            "ev_offers promises single activations: a call of several periods may leave drivers short; "
            'guarantee="any_sequence" promises every call'
        )
    return Charging(result.p_mw, result.p_down_mw)
