"""What is left of a study from a later period on: read once, cut in every period of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import ComplexArray, FloatArray, Net
from pandapower_evflex.case.forecasts import NO_NAME
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.injections import base_injections, without_scheduled
from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.case.profile_units import unit_faults
from pandapower_evflex.case.profiles import Profiles, read_profiles
from pandapower_evflex.elements import replaced_by_schedule
from pandapower_evflex.elements.ev_needs import overfull_stays, unreachable_stays, with_reduced_needs
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.inputs import Inputs
from pandapower_evflex.elements.part import Part
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.cars import reduced_frame
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import session_findings
from pandapower_evflex.opf.options import Options, weight_of_all
from pandapower_evflex.opf.read import Study
from pandapower_evflex.scenarios import DIRECTIONS

HOURS_OF_DAY = 24.0


def with_profiles(study: Study, plain: Net, profiles: Any, options: Options) -> Study:
    """The same day with other profiles of all its periods; ``plain`` is `plain_net` of its net.

    Raises
    ------
    InvalidInputError    profiles that `run_flexibility_opf` would refuse, of other times, or of other shiftable loads
    """
    horizon = study.case.horizon
    read = read_profiles(plain, profiles, n_periods=horizon.n_periods, period_h=horizon.period_h)
    faults = gap_faults(plain, read.elements) or unit_faults(plain, read)
    time = read.horizon.time
    if time is not None and horizon.time is not None and not time.equals(horizon.time):
        remedy = "give a row for every period of the day; those that have passed do not count"
        problem = f"are not the periods of the day, from {horizon.time[0]}"
        faults.append(Fault("profiles", "", (), f"rows from {time[0]}", problem, remedy))
    others = () if faults else _foreseen(study, plain, read, options, faults)
    if faults:
        raise InvalidInputError(faults)
    return replace(
        study,
        profiles=Profiles(horizon, read.values),
        case=replace(study.case, s_base={NO_NAME: _base(plain, study.case.grid, read, others)}, others=others),
    )


def _foreseen(study: Study, plain: Net, profiles: Profiles, options: Options, faults: list[Fault]) -> tuple[Part, ...]:
    """Elements other than EVs with other profiles; what a shiftable load has to draw is no matter of a forecast."""
    case, horizon = study.case, study.case.horizon
    weights = {d: weight_of_all(options.weights, d, horizon) if d in options.scenarios else None for d in DIRECTIONS}
    inputs = Inputs(
        plain, case.grid, profiles, case.scenarios, weights, options.guarantee, case.evs.duration, {NO_NAME: profiles}
    )
    found = [Part(part.kind, part.element.read(inputs, faults)) for part in case.others]
    for now, then in zip(found, case.others, strict=True):
        if faults or not hasattr(now.element, "uncontrolled"):
            continue
        differs = np.any(now.element.uncontrolled(now.data) != then.element.uncontrolled(then.data), axis=0)
        if differs.any():
            labels = tuple(np.asarray(now.element.index(now.data))[differs])
            remedy = (
                "give these their true profile in every forecast, or set their rows of net.flexibility out of service"
            )
            problem = "of what is shifted is not the true one"
            faults.append(Fault(now.kind, "p_mw", labels, "the profile", problem, remedy))
    return tuple(found)


def _base(plain: Net, grid: Grid, profiles: Profiles, others: Sequence[Part]) -> ComplexArray:
    """Injections of all that no schedule stands in place of."""
    scheduled = {
        (part.kind, column): pd.Index(part.element.index(part.data))
        for part in others
        if not getattr(part.element, "IS_DEVIATION", False)
        for column in replaced_by_schedule(part.kind)
    }
    return base_injections(plain, grid, without_scheduled(profiles, scheduled))


def remaining_study(
    study: Study, first: int, stays: Sequence[list[Stay]], energy: FloatArray, options: Options
) -> Study:
    """The study from period ``first`` on, with the stays that are expected from there, in its periods.

    ``energy`` [n_unit, MWh] is what all units hold before it; that of EVs is in their stays.
    """
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
        case=replace(
            study.case, horizon=horizon, evs=evs_of(expected), s_base=s_base, others=_rest(study.case, first, energy)
        ),
        profiles=Profiles(horizon, values),
        stays=expected,
        evs_of=evs_of,
        findings=session_findings(labels, unreachable, overfull),
        reduced=reduced,
    )


def _rest(case: Case, first: int, energy: FloatArray) -> tuple[Part, ...]:
    """Elements other than EVs from a period on."""
    others = list(case.by_part())[1:]
    return tuple(
        Part(part.kind, part.element.rest_of_day(part.data, first, energy[units])) for part, units, _ in others
    )


def _later(horizon: Horizon, first: int) -> Horizon:
    hour = None if horizon.start_h is None else (horizon.start_h + first * horizon.period_h) % HOURS_OF_DAY
    time = None if horizon.time is None else horizon.time[first:]
    return replace(horizon, n_periods=horizon.n_periods - first, time=time, start_h=hour)
