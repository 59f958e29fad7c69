"""What each session needs, charges and may charge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import no_rows


def session_summary(case: Case, schedule: Schedule | None) -> pd.DataFrame:
    """Window, energies, latest start t_L of (1), mean flexibility over the plugged periods.

    One row per session with a whole period.
    """
    rows: list[dict[str, Any]] = []
    evs: list[Any] = []
    for stay in case.evs.stays:
        dwell = stay.periods
        if not len(dwell):
            continue
        arrival_h = dwell[0] * case.horizon.period_h
        departure_h = arrival_h + stay.n_whole * case.horizon.period_h
        latest = departure_h - max(0.0, stay.e_need - stay.e_low) / (stay.eta * stay.p_max)  # (1)
        evs.append(case.evs.index[stay.ev])
        row: dict[str, Any] = {
            "session": stay.session,
            "arrival_h": arrival_h,
            "departure_h": departure_h,
            "latest_start_h": max(arrival_h, latest),
            "e_arrival_mwh": stay.e_arrival,
            "e_need_mwh": stay.e_need,
            "max_e_mwh": stay.e_max,
        }
        if schedule is not None:
            at = (dwell, stay.ev)
            fed_in = np.minimum(schedule.p[at], 0.0)
            charged = float(np.sum(schedule.p[at] - fed_in) * stay.energy_per_p)
            charged += float(np.sum(fed_in)) * stay.energy_per_discharge
            row["e_departure_mwh"] = schedule.e[dwell[-1], stay.ev]
            row["e_arrival_mwh"] = row["e_departure_mwh"] - charged
            row["charged_mwh"] = charged
            row["mean_p_up_mw"] = float(np.mean(schedule.p_up[at]))
            row["mean_p_down_mw"] = float(np.mean(schedule.p_down[at]))
        rows.append(row)
    columns = [
        "session", "arrival_h", "departure_h", "latest_start_h", "e_arrival_mwh", "e_need_mwh", "max_e_mwh",
        "e_departure_mwh", "charged_mwh", "mean_p_up_mw", "mean_p_down_mw",
    ]  # fmt: skip
    if not rows:
        return no_rows(columns, "ev")
    values = {name: [row.get(name, np.nan) for row in rows] for name in columns}
    return pd.DataFrame(values, index=pd.Index(evs, name="ev"))


def battery_mwh(case: Case) -> FloatArray:
    """Battery of the session of each period [n_period, n_ev], nan while away."""
    battery = np.full(case.evs.fixed_p.shape, np.nan)
    for stay in case.evs.stays:
        battery[stay.periods, stay.ev] = stay.e_max
    return battery


def charging_limits(case: Case) -> pd.DataFrame:
    """What each session could charge, from its own row and that of its EV; arrival energies that follow are NaN."""
    rows = [
        (stay.p_max, stay.p_min, stay.e_max, 100.0 * stay.eta, stay.e_arrival, case.evs.tan_phi[stay.ev])
        for stay in case.evs.stays
    ]
    values = np.array(rows, dtype=float).reshape(-1, 6)
    values[:, 5] = np.cos(np.arctan(values[:, 5]))
    sessions = pd.Index([stay.session for stay in case.evs.stays], name="session")
    columns = ["max_p_mw", "min_p_mw", "max_e_mwh", "efficiency_percent", "e_arrival_mwh", "cos_phi"]
    return pd.DataFrame(values, index=sessions, columns=columns)
