"""What a run refuses though each table and argument is right alone: what is not modelled together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.ev_stays import discharge_efficiency
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.limits import OVERVOLTAGE, UNDERVOLTAGE
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.options import FUNCTION, Options
from pandapower_evflex.tables.faults import fault_where

BEST_EFFORT = 'on_infeasible="best_effort"'


def forecast_faults(options: Options) -> list[Fault]:
    """What a limit would stand at differs by forecast."""
    if options.on_infeasible != "best_effort":
        return []
    remedy = 'use on_infeasible="raise", or a best effort for each forecast alone'
    return [Fault(FUNCTION, "on_infeasible", (), "'best_effort'", "is not possible with forecasts", remedy)]


def best_effort_faults(evs: pd.DataFrame, kinds: Iterable[str], options: Options) -> list[Fault]:
    """EVs that feed in, and elements of other ``kinds`` that are scheduled."""
    if options.on_infeasible != "best_effort":
        return []
    feeding = evs["min_p_mw"].to_numpy(dtype=float) < 0.0
    problem, remedy = f"is not modelled with {BEST_EFFORT}", "leave the argument out, or set min_p_mw to 0"
    faults = [_for_evs_alone(kind, BEST_EFFORT) for kind in dict.fromkeys(kinds)]
    return faults + fault_where("ev", evs, "min_p_mw", feeding, problem, remedy, "feeding in")


def held_faults(evs: pd.DataFrame, others: list[tuple[Any, Any]], argument: str) -> list[Fault]:
    """Kinds whose activations last one period, and units that lose by feeding in."""
    efficiency = evs["efficiency_percent"].to_numpy(dtype=float) / 100.0
    losing = (evs["min_p_mw"].to_numpy(dtype=float) < 0.0) & (efficiency * discharge_efficiency(evs) < 1.0 - 1e-12)
    problem, remedy = f"with losses is not modelled with {argument}", "leave it out, or set both efficiencies to 100"
    faults = fault_where("ev", evs, "min_p_mw", losing, problem, remedy, "feeding in")
    for element, data in others:
        if data is None:
            continue
        if not getattr(element, "CAN_HOLD", False):
            faults.append(_for_evs_alone(element.KIND, argument))
        elif isinstance(data, Units) and data.slots.loses.any():
            labels = tuple(data.index[np.unique(data.slots.ev[data.slots.loses])])
            faults.append(Fault(element.KIND, "min_p_mw", labels, "feeding in", problem, remedy))
    return faults


def refuse_no_room(case: Case, options: Options) -> None:
    """Voltage limits that a margin moves past each other; without one they were compared with the net.

    Raises
    ------
    InvalidInputError
    """
    low, high = (case.limits[limit][0] for limit in (UNDERVOLTAGE, OVERVOLTAGE))
    crossed = np.flatnonzero(low > high)
    if options.margin_percent and len(crossed):
        buses = listed(case.grid.vm_min_bus[crossed].tolist())
        problem = f"leaves no voltage between the limits of buses {buses}"
        remedy = "give less, or limits on both sides of 1 pu"
        raise InvalidInputError([Fault(FUNCTION, "margin_percent", (), options.margin_percent, problem, remedy)])


def _for_evs_alone(kind: str, argument: str) -> Fault:
    name = argument.split("=")[0]
    remedy = f'leave {name} out, or set the rows of net.flexibility with element_type "{kind}" out of service'
    return Fault(kind, "", (), argument, "is for EVs alone", remedy)
