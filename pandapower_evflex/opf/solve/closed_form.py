"""The answer without a solver: what the elements would do if there were no grid, where the grid carries it.

No schedule has more flexibility on any grid, so a power flow of every scenario and period that keeps every limit proves
the optimum, on meshed nets and beside generators that hold voltages too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.pull_back import USABLE
from pandapower_evflex.opf.solve.shadow_prices import no_prices
from pandapower_evflex.opf.solve.solution import Solution
from pandapower_evflex.opf.verify import VERIFIED, GridState, element_violations, grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import Scenario, from_highest

#: tie-breaks that the schedule in closed form has won already: it has the least energy and the least sum of squares
WON = (None, "min_energy", "smooth")
CARRIED = "the grid carries all that the EVs can offer by themselves: no solver was needed"


def solve_in_closed_form(case: Case, flow: BatchedPowerFlow) -> Solution | None:
    """None where the grid does not carry it, or where an element cannot keep its own limits."""
    schedule = case.alone
    if np.isnan(schedule.p).any() or max(element_violations(case, schedule).values()) > VERIFIED:
        return None
    states = _states_that_hold(case, flow, schedule)
    if not states:
        return None
    stats = {
        "rounds": 0,
        "iterations": 0,
        "n_blocks": 0,
        "n_network_rows": 0,
        "solver": "none: closed form and power flows",
    }
    prices = {scenario: no_prices(case) for scenario in case.checked_scenarios}
    return Solution("optimal", CARRIED, schedule, states, 0.0, prices, pd.DataFrame(), stats)


def _states_that_hold(case: Case, flow: BatchedPowerFlow, schedule: Schedule) -> dict[Scenario, GridState]:
    """Power flows of every scenario, from the highest load on; none of them where one breaks a limit."""
    states = {}
    for scenario in from_highest(case.checked_scenarios):
        load, q = schedule.load(scenario.activation), schedule.reactive(scenario.activation)
        state = grid_state(case, flow, load, schedule.p, scenario.forecast, q)
        if not state.converged.all() or state.excess(case.limits).exceeds(USABLE).any():
            return {}
        states[scenario] = state
    return {scenario: states[scenario] for scenario in case.checked_scenarios}
