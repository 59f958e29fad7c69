"""What is left of a day: net, profiles and arguments for a run from a later period on."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.case.provenance import provenance
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.errors import Fault, FlexibilityOPFNotConverged, InvalidInputError
from pandapower_evflex.operation.expected_stays import Known, expected_stays
from pandapower_evflex.operation.planner import with_needs_as_asked
from pandapower_evflex.operation.remaining_study import remaining_study
from pandapower_evflex.opf.flexibility import compared_with_runpp, run_flexibility_opf, solve_study
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.outcome import SOLVED
from pandapower_evflex.opf.read import Study, read_study
from pandapower_evflex.opf.report.by_runpp import busiest_by_runpp
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.stopwatch import Stopwatch


def renewed_plan(
    net: Net, result: FlexibilityOpfResult, period: int, e_mwh: pd.DataFrame, held: FloatArray
) -> FlexibilityOpfResult:
    """The run again from the period after the given one, as it was asked for, from the energies that are there.

    Parameters
    ----------
    e_mwh : DataFrame [period x ev]    energies at the end of all periods so far, NaN while away
    held : float [n_unit]              energies of all units at the end of the period, EVs first

    Raises
    ------
    InvalidInputError    sessions without a whole period
    FlexibilityOPFNotConverged    as in the run
    """
    first, index = period + 1, result.p_mw.index
    period_h = result.settings["period_h"]
    arguments = dict(result.settings["arguments"])
    study = read_study(
        net, result.profiles, Options(**arguments), n_periods=len(index), period_h=period_h, cyclic=False
    )
    refuse_short_stays("activate_flexibility", study.stays)
    if study.case.others:
        return _with_other_kinds(net, study, first, e_mwh.to_numpy()[:first], held, Options(**arguments))
    profiles = {key: frame.iloc[first:].reset_index(drop=True) for key, frame in result.profiles.items()}
    arguments["weights"] = later_weights(arguments["weights"], first)
    start = index[first] if isinstance(index, pd.DatetimeIndex) else None
    found = run_flexibility_opf(
        _remaining_net(net, study.stays, first, period_h, e_mwh.to_numpy()),
        profiles,
        n_periods=len(index) - first,
        period_h=period_h,
        start=start,
        progress=False,
        **arguments,
    )
    return replace(found, settings={**found.settings, "renewed_from": first}, provenance=provenance(net))


def _with_other_kinds(
    net: Net, study: Study, first: int, e_mwh: FloatArray, held: FloatArray, options: Options
) -> FlexibilityOpfResult:
    """The rest of the study: a battery must still end with what it began the day with, which no table would say."""
    planned = with_needs_as_asked(study)
    here, energy = [], held.copy()
    for ev, own in enumerate(planned):
        now = next((stay for stay in own if first in stay.periods), None)
        here.append(now)
        before = [stay for stay in own if stay.periods[-1] < first]
        if now is not None and now.periods[0] == first and not now.is_coupled:
            energy[ev] = now.e_arrival
        elif before and (now is None or now.periods[0] == first):
            energy[ev] = max(float(e_mwh[before[-1].periods[-1], ev]) - before[-1].trip, 0.0)
    over = {stay.session for own in planned for stay in own if stay.periods[-1] < first}
    stays = expected_stays(planned, Known(first, here, energy, over), study.case.horizon.n_periods)
    rest = remaining_study(study, first, stays, energy, options)
    options, clock = replace(options, progress=False), Stopwatch()
    found = solve_study(rest, options, clock)
    if found.status in SOLVED:
        found = compared_with_runpp(rest, options, clock, found, busiest_by_runpp(net, found))
    if found.status not in SOLVED and options.raise_on_failure:
        raise FlexibilityOPFNotConverged(found.message, found.findings, found)
    return replace(found, settings={**found.settings, "renewed_from": first}, provenance=provenance(net))


def refuse_short_stays(function: str, stays: Sequence[Sequence[Stay]]) -> None:
    """Sessions without a whole period have no place in a day that goes on period by period.

    Raises
    ------
    InvalidInputError    names them
    """
    short = tuple(stay.session for own in stays for stay in own if not len(stay.periods))
    if short:
        remedy = "leave them out, give them a whole period, or shorten the periods"
        raise InvalidInputError([Fault("ev_session", "departure_h", short, function, "needs a whole period", remedy)])


def _remaining_net(net: Net, stays: Sequence[Sequence[Stay]], first: int, period_h: float, e_mwh: FloatArray) -> Net:
    """A copy whose sessions count from a later period, with the energies that the EVs have by then."""
    rest = copy.deepcopy(net)
    sessions = rest["ev_session"]
    sessions[["arrival_h", "departure_h"]] = sessions[["arrival_h", "departure_h"]] - first * period_h
    left = []
    for ev, own in enumerate(stays):
        later = [stay for stay in own if stay.periods[-1] >= first]
        for stay in later:
            sessions.loc[stay.session, "e_departure_mwh"] = stay.e_need
            if "energy_mwh" in sessions:
                sessions.loc[stay.session, "energy_mwh"] = np.nan
        if later and (later[0].periods[0] < first or later[0].is_coupled):
            before = [stay for stay in own if stay.periods[-1] < first]
            sessions.loc[later[0].session, "e_arrival_mwh"] = _energy_at(later[0], before, first, e_mwh[:first, ev])
        left += [stay.session for stay in later]
    sessions["in_service"] = sessions["in_service"].astype(bool) & sessions.index.isin(left)
    return rest


def _energy_at(stay: Stay, before: Sequence[Stay], first: int, e_mwh: FloatArray) -> float:
    """Of an EV that is plugged in, or that comes back from the trip after its last stay."""
    known = e_mwh[~np.isnan(e_mwh)]
    if stay.periods[0] < first:
        return float(known[-1]) if len(known) else stay.e_arrival
    return max(float(known[-1]) - before[-1].trip, 0.0)


def later_weights(weights: Mapping[str, Any] | None, first: int) -> dict[str, Any] | None:
    """Weights of the periods that are left."""
    if weights is None:
        return None
    return {
        d: w.iloc[first:] if hasattr(w, "iloc") else w if np.ndim(w) == 0 else w[first:] for d, w in weights.items()
    }
