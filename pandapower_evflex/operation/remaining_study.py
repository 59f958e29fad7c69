"""What is left of a study from a later period on: read once, cut in every period of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.forecasts import NO_NAME
from pandapower_evflex.case.injections import base_injections
from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.case.profile_units import unit_faults
from pandapower_evflex.case.profiles import Profiles, read_profiles
from pandapower_evflex.elements.ev_stays import Stay, overfull_stays, unreachable_stays, with_reduced_needs
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.findings.table import session_findings
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import Study, reduced_frame

HOURS_OF_DAY = 24.0


def with_profiles(study: Study, plain: Net, profiles: Any) -> Study:
    """The same day with other profiles of all its periods; ``plain`` is `plain_net` of its net.

    Raises
    ------
    InvalidInputError    profiles that `run_flexibility_opf` would refuse, or of other times
    """
    horizon = study.case.horizon
    read = read_profiles(plain, profiles, n_periods=horizon.n_periods, period_h=horizon.period_h)
    faults = gap_faults(plain, read.elements) or unit_faults(plain, read)
    time = read.horizon.time
    if time is not None and horizon.time is not None and not time.equals(horizon.time):
        remedy = "give a row for every period of the day; those that have passed do not count"
        problem = f"are not the periods of the day, from {horizon.time[0]}"
        faults.append(Fault("profiles", "", (), f"rows from {time[0]}", problem, remedy))
    if faults:
        raise InvalidInputError(faults)
    return replace(
        study,
        profiles=Profiles(horizon, read.values),
        case=replace(study.case, s_base={NO_NAME: base_injections(plain, study.case.grid, read)}),
    )


def remaining_study(study: Study, first: int, stays: Sequence[list[Stay]], options: Options) -> Study:
    """The study from period ``first`` on, with the stays that are expected from there, in its periods."""
    horizon = _later(study.case.horizon, first)
    expected = list(stays)
    unreachable, overfull = unreachable_stays(expected), overfull_stays(expected)
    labels = study.case.evs.index
    reduced = reduced_frame(labels, unreachable if options.reduces else [])
    if options.reduces:
        expected, unreachable = with_reduced_needs(expected, unreachable), []
    weights = {d: None if w is None else w[first:] for d, w in study.evs_of.keywords["weights"].items()}
    evs_of = partial(study.evs_of, horizon=horizon, weights=weights)
    values = {key: frame.iloc[first:].reset_index(drop=True) for key, frame in study.profiles.values.items()}
    s_base = {name: injections[first:] for name, injections in study.case.s_base.items()}
    return replace(
        study,
        case=replace(study.case, horizon=horizon, evs=evs_of(expected), s_base=s_base),
        profiles=Profiles(horizon, values),
        stays=expected,
        evs_of=evs_of,
        findings=session_findings(labels, unreachable, overfull),
        reduced=reduced,
    )


def _later(horizon: Horizon, first: int) -> Horizon:
    hour = None if horizon.start_h is None else (horizon.start_h + first * horizon.period_h) % HOURS_OF_DAY
    time = None if horizon.time is None else horizon.time[first:]
    return replace(horizon, n_periods=horizon.n_periods - first, time=time, start_h=hour)
