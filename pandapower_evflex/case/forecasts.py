"""Several forecasts of a day: profiles that may hold, each with a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.periods import read_horizon
from pandapower_evflex.case.profiles import (
    Profile,
    Profiles,
    checked_frames,
    count_periods,
    profile_name,
    profiles_of,
)
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import shown

ARGUMENT = "forecasts"
#: name of the only one where profiles are given
NO_NAME = ""
#: rows of `FlexibilityOpfResult.by_forecast` beside those of the forecasts
EXPECTED, WORST = "expected", "worst"
#: how far the sum of probabilities may be from 1
ROUNDING = 1e-6
EXAMPLE = 'give {"sunny": (0.7, profiles), "cloudy": (0.3, profiles)}'


@dataclass(frozen=True)
class Forecast:
    """What may hold, and how probable that is."""

    probability: float
    profiles: Profiles


def read_forecasts(net: Net, profiles: Any, forecasts: Any, **periods: Any) -> dict[Any, Forecast]:
    """Checked forecasts, all of the same periods and elements.

    Parameters
    ----------
    profiles : as `read_profiles` takes them    hold in every forecast that lacks a key
    forecasts : {name: (probability, profiles), ...}
    periods : n_periods, period_h, cyclic, start, dayfirst as in `read_profiles`

    Raises
    ------
    InvalidInputError    all faults of all forecasts
    """
    faults: list[Fault] = []
    given = _pairs(forecasts, faults)
    common = checked_frames(net, profiles, faults)
    own = {name: checked_frames(net, frames, faults, place_of(name)) for name, (_, frames) in given.items()}
    frames = {name: {**common, **of_forecast} for name, of_forecast in own.items()}
    faults += _probability_faults({name: probability for name, (probability, _) in given.items()})
    faults += _missing(frames, common)
    indexes = _distinct_indexes(common, own)
    n = count_periods(indexes, periods["n_periods"], faults)
    horizon = read_horizon(
        indexes, n, periods["period_h"], periods["cyclic"], periods["start"], periods["dayfirst"], faults
    )
    if faults:
        raise InvalidInputError(faults)
    return {
        name: Forecast(float(given[name][0]), profiles_of(net, of_forecast, horizon))
        for name, of_forecast in frames.items()
    }


def place_of(name: Any) -> str:
    """A forecast as it is named in faults."""
    return f"{ARGUMENT}[{name!r}]"


def in_forecast(fault: Fault, name: Any) -> Fault:
    """A fault of profiles with its forecast."""
    return fault if name == NO_NAME else replace(fault, table=fault.table.replace("profiles", place_of(name), 1))


def _pairs(forecasts: Any, faults: list[Fault]) -> dict[Any, tuple[Any, Any]]:
    """Probability and profiles of all forecasts that have both."""
    if not isinstance(forecasts, Mapping):
        faults.append(Fault(ARGUMENT, "", (), shown(forecasts), "is not a dict of forecasts", EXAMPLE))
        return {}
    if not forecasts:
        faults.append(Fault(ARGUMENT, "", (), "the dict", "is empty", f"{EXAMPLE}, or leave it out"))
    pairs = {}
    for name, value in forecasts.items():
        if not _is_name(name):
            is_row = isinstance(name, str) and name in (EXPECTED, WORST)
            problem = "is a row of result.by_forecast" if is_row else "is not a name"
            faults.append(Fault(ARGUMENT, "", (), shown(name), problem, "name forecasts by other text, or by numbers"))
        elif not (isinstance(value, tuple | list) and len(value) == 2):
            remedy = "give (probability, profiles)"
            faults.append(Fault(place_of(name), "", (), _kind(value), "is not a probability with profiles", remedy))
        elif _is_number(value[1]):
            remedy = "give (probability, profiles)"
            faults.append(Fault(place_of(name), "", (), _kind(value[0]), "stands before its probability", remedy))
        else:
            pairs[name] = (value[0], value[1])
    return pairs


def _is_name(name: Any) -> bool:
    if isinstance(name, str):
        return bool(name.strip()) and name.isprintable() and name not in (EXPECTED, WORST)
    return isinstance(name, int | np.integer) and not isinstance(name, bool)


def _kind(value: Any) -> str:
    return f"{len(value)} values" if isinstance(value, tuple | list) else f"a {type(value).__name__}"


def _probability_faults(probabilities: Mapping[Any, Any]) -> list[Fault]:
    faults, remedy = [], "give a share from 0 to 1, (probability, profiles)"
    for name, probability in probabilities.items():
        if not (_is_number(probability) and 0.0 <= probability <= 1.0):
            hint = f"; 50 % are 0.5, not {probability:g}" if _is_number(probability) and probability > 1.0 else ""
            problem = "is not a probability"
            faults.append(Fault(place_of(name), "", (), shown(probability), problem, remedy + hint))
    if faults or not probabilities:
        return faults
    total = sum(float(probability) for probability in probabilities.values())
    if abs(total - 1.0) > ROUNDING:
        remedy = "give all forecasts that may hold, with probabilities that sum to 1"
        return [Fault(ARGUMENT, "", (), f"{total:g}", "is the sum of the probabilities", remedy)]
    return []


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return is_real and bool(np.isfinite(as_numbers([value])[0][0]))


def _missing(frames: Mapping[Any, Profile], common: Profile) -> list[Fault]:
    """Profiles, or elements of them, that one forecast has and another has not: table values are no forecast."""
    known: dict[tuple[str, str], tuple[str, pd.Index]] = {
        key: ("profiles=", frame.columns) for key, frame in common.items()
    }
    for name, of_forecast in frames.items():
        for key, frame in of_forecast.items():
            if key not in known or len(frame.columns.difference(known[key][1])):
                known[key] = (f"forecast {name!r}", frame.columns)
    faults = []
    for name, of_forecast in frames.items():
        for key, (owner, columns) in known.items():
            place = f"{place_of(name)}[{profile_name(key)}]"
            if key not in of_forecast:
                remedy = "give it in all forecasts, or in profiles=, which hold where a forecast lacks a key"
                faults.append(Fault(place, "", (), "the key", f"is missing, {owner} has it", remedy))
            elif len(lacking := columns.difference(of_forecast[key].columns)):
                problem = f"have a profile in {owner}, not here"
                remedy = "give all forecasts the same elements"
                faults.append(Fault(place, "columns", tuple(lacking), "elements", problem, remedy))
    return faults


def _distinct_indexes(common: Profile, own: Mapping[Any, Profile]) -> dict[str, pd.Index]:
    """Labels of the rows of all profiles by the name of the profile, those that are equal once."""
    distinct: dict[str, pd.Index] = {}
    places = {"": common} | {f"{place_of(name)} ": frames for name, frames in own.items()}
    for place, frames in places.items():
        for key, frame in frames.items():
            if not any(frame.index is one or frame.index.equals(one) for one in distinct.values()):
                distinct[f"{place}{profile_name(key)}"] = frame.index
    return distinct
