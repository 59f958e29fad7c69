"""What keeps a load from being shifted, seen in its profile."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.errors import Fault

TABLE = "load"
#: relative excess of a profile over max_p_mw that rounding may leave
ROUNDING = 1e-9
ROWS_OUT = "or set its rows of net.flexibility out of service"


def faults_of_profiles(
    rows: pd.DataFrame, p: FloatArray, q: FloatArray, max_p: FloatArray, horizon: Horizon
) -> list[Fault]:
    """Faults of loads with rows in `net.flexibility`.

    Parameters
    ----------
    p, q : float [n_period, n_unit]    MW and Mvar, scaling included
    max_p : float [n_unit]             MW, nan where the largest value of the profile counts
    """
    largest, hours = p.max(axis=0), horizon.n_periods * horizon.period_h
    shift = rows["shift_h"].to_numpy(dtype=float)
    reactive_alone = np.any((p == 0.0) & (q != 0.0), axis=0)
    return [
        *_faults(
            rows, "p_mw", np.any(p < 0.0, axis=0), p.min(axis=0), "is below 0: a load that feeds in cannot be shifted",
            f"give a profile of 0 or more, {ROWS_OUT}",
        ),
        *_faults(
            rows, "max_p_mw", max_p < largest * (1.0 - ROUNDING), max_p,
            "is below the largest value of its profile, scaling included",
            f"give at least {largest.max():g} MW, or leave it empty for the largest value of the profile",
        ),
        *_faults(
            rows, "shift_h", shift > hours, shift, f"is longer than the horizon of {hours:g} h",
            "give hours within the horizon, or a longer horizon",
        ),
        *_faults(
            rows, "q_mvar", reactive_alone, np.abs(q).max(axis=0),
            "is not 0 in a period in which p_mw is 0: its reactive power follows q/p",
            f"give q_mvar a profile that is 0 where that of p_mw is, {ROWS_OUT}",
        ),
    ]  # fmt: skip


def _faults(
    rows: pd.DataFrame, column: str, wrong: BoolArray, values: FloatArray, problem: str, remedy: str
) -> list[Fault]:
    return [
        Fault(TABLE, column, (label,), float(value), problem, remedy)
        for label, value in zip(rows.index[wrong], values[wrong], strict=True)
    ]
