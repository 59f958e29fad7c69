"""What each session needs, charges and may charge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case


def session_summary(case: Case, schedule: Schedule | None) -> pd.DataFrame:
    """Window, energies, latest start t_L of (1), mean flexibility over the plugged periods.

    One row per session with a whole period.
    """
    rows = []
    for stay in case.evs.stays:
        dwell = stay.periods
        if not len(dwell):
            continue
        arrival_h = dwell[0] * case.horizon.period_h
        departure_h = arrival_h + stay.n_whole * case.horizon.period_h
        latest = departure_h - max(0.0, stay.e_need - stay.e_low) / (stay.eta * stay.p_max)  # (1)
        row: dict[str, Any] = {
            "ev": case.evs.index[stay.ev],
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
        "ev", "session", "arrival_h", "departure_h", "latest_start_h", "e_arrival_mwh", "e_need_mwh", "max_e_mwh",
        "e_departure_mwh", "charged_mwh", "mean_p_up_mw", "mean_p_down_mw",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).set_index("ev")


def battery_mwh(case: Case) -> FloatArray:
    """Battery of the session of each period [n_period, n_ev], nan while away."""
    battery = np.full(case.evs.fixed_p.shape, np.nan)
    for stay in case.evs.stays:
        battery[stay.periods, stay.ev] = stay.e_max
    return battery


def charging_limits(case: Case) -> pd.DataFrame:
    """What each session could charge, from its own row and that of its EV; arrival energies that follow are NaN."""
    rows = [
        (stay.session, stay.p_max, stay.p_min, stay.e_max, 100.0 * stay.eta, case.evs.tan_phi[stay.ev], stay.e_arrival)
        for stay in case.evs.stays
    ]
    columns = ["session", "max_p_mw", "min_p_mw", "max_e_mwh", "efficiency_percent", "tan_phi", "e_arrival_mwh"]
    limits = pd.DataFrame(rows, columns=columns).set_index("session").astype(float)
    limits["cos_phi"] = np.cos(np.arctan(limits.pop("tan_phi")))
    return limits
