"""What is left of a day: net, profiles and arguments for a run from a later period on."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.opf.report.results import FlexibilityOpfResult


def renewed_plan(net: Net, result: FlexibilityOpfResult, period: int, e_mwh: pd.DataFrame) -> FlexibilityOpfResult:
    """The run again from the period after the given one, as it was asked for, from the energies that are there.

    Parameters
    ----------
    e_mwh : DataFrame [period x ev]    energies at the end of all periods so far, NaN while away
    """
    first, index = period + 1, result.p_mw.index
    period_h = result.settings["period_h"]
    profiles = {key: frame.iloc[first:].reset_index(drop=True) for key, frame in result.profiles.items()}
    arguments = dict(result.settings["arguments"])
    arguments["weights"] = later_weights(arguments["weights"], first)
    start = index[first] if isinstance(index, pd.DatetimeIndex) else None
    return run_flexibility_opf(
        remaining_net(net, result, first, e_mwh),
        profiles,
        n_periods=len(index) - first,
        period_h=period_h,
        start=start,
        progress=False,
        **arguments,
    )


def remaining_net(net: Net, result: FlexibilityOpfResult, first: int, e_mwh: pd.DataFrame) -> Net:
    """A copy whose sessions count from a later period, with the energies that the EVs have by then."""
    assert result.recovery is not None
    now_h = first * result.settings["period_h"]
    rest = copy.deepcopy(net)
    sessions = rest["ev_session"]
    sessions[["arrival_h", "departure_h"]] = sessions[["arrival_h", "departure_h"]] - now_h
    known: set[int] = set()
    left = []
    for stay in result.recovery.case.evs.stays:  # in order of time for every EV
        if not len(stay.periods) or stay.periods[-1] < first:
            continue
        left.append(stay.session)
        sessions.loc[stay.session, "e_departure_mwh"] = stay.e_need
        if "energy_mwh" in sessions:
            sessions.loc[stay.session, "energy_mwh"] = np.nan
        if stay.ev not in known and (stay.periods[0] < first or stay.is_coupled):
            sessions.loc[stay.session, "e_arrival_mwh"] = _energy_at(result, stay, first, e_mwh.iloc[:, stay.ev])
        known.add(stay.ev)
    sessions["in_service"] = sessions["in_service"].astype(bool) & sessions.index.isin(left)
    return rest


def _energy_at(result: FlexibilityOpfResult, stay: Stay, first: int, e_mwh: pd.Series) -> float:
    """Of an EV that is plugged in, or that comes back from the trip after its last stay."""
    if stay.periods[0] < first:
        return float(e_mwh.iloc[first - 1])
    assert result.recovery is not None
    before = [s for s in result.recovery.case.evs.stays if s.ev == stay.ev and len(s.periods) and s.periods[-1] < first]
    return max(float(e_mwh.iloc[before[-1].periods[-1]]) - before[-1].trip, 0.0)


def later_weights(weights: Mapping[str, Any] | None, first: int) -> dict[str, Any] | None:
    """Weights of the periods that are left."""
    if weights is None:
        return None
    return {
        d: w.iloc[first:] if hasattr(w, "iloc") else w if np.ndim(w) == 0 else w[first:] for d, w in weights.items()
    }
