"""What stands in the way where the solver found no schedule: the limits exceeded at its least infeasible point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import TOLERANCE, exceeded_limits, findings_frame, in_forecast
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.scenarios import Scenario


def obstacles(case: Case, schedule: Schedule, states: Mapping[Scenario, GridState]) -> pd.DataFrame:
    """Grid limits exceeded under activation, and sessions that miss their need, at the solver's last point.

    The solver minimises the total violation there, so what is left is what cannot be reconciled, though another
    point may trade one violation for another.
    """
    rows = _short_sessions(case, schedule)
    for scenario in states:  # the schedule itself too
        rows += [
            {**row, "scenario": scenario.name, **in_forecast(scenario.forecast)}
            for row in exceeded_limits(case, states[scenario])
        ]
    return findings_frame(rows)


def _short_sessions(case: Case, schedule: Schedule) -> list[dict[str, Any]]:
    rows = []
    for stay in case.evs.stays:
        if not len(stay.periods) or not case.evs.controllable[stay.ev]:
            continue
        last = int(stay.periods[-1])
        e_needed = stay.e_need - stay.e_after
        e = schedule.e[last, stay.ev]
        if e < e_needed * (1.0 - TOLERANCE):
            row = {"finding": "unreachable within the grid", "ev": case.evs.index[stay.ev], "session": stay.session}
            rows.append({**row, "period": last, "quantity": "e_mwh", "value": e, "limit": e_needed, "curable": False})
    return rows
