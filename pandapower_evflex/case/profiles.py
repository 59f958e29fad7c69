"""Profiles: what is known of every element in every period."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.case.periods import BY_START, Horizon, is_positive, read_horizon
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.cos_phi_p import COS_PHI_P, reactive_powers
from pandapower_evflex.tables.faults import as_numbers, frame_faults, labels_of, numbers_of
from pandapower_evflex.tables.kinds import shown
from pandapower_evflex.tables.number_text import read_hint

logger = logging.getLogger(__name__)

Profile = dict[tuple[str, str], pd.DataFrame]

SUPPORTED = {
    ("load", "p_mw"), ("load", "q_mvar"), ("sgen", "p_mw"), ("sgen", "q_mvar"),
    ("storage", "p_mw"), ("storage", "q_mvar"), ("gen", "p_mw"),
}  # fmt: skip

#: some thirty years of quarter hours; more is a slip
MAX_PERIODS = 1_000_000


@dataclass(frozen=True)
class Profiles:
    """Checked profiles.

    Parameters
    ----------
    horizon : Horizon
    values : {(table, column): DataFrame[RangeIndex period x element]}
        before scaling, only of profiled elements; ("sgen", "q_mvar") holds what cos phi(P) says
    """

    horizon: Horizon
    values: Profile

    @property
    def elements(self) -> dict[tuple[str, str], pd.Index]:
        """Those that have a profile, by table and column."""
        return {key: frame.columns for key, frame in self.values.items()}


def read_profiles(
    net: Net,
    profiles: Mapping[Any, pd.DataFrame] | None,
    *,
    n_periods: int | None = None,
    period_h: float | None = None,
    cyclic: bool = False,
    start: Any = None,
    dayfirst: bool | None = None,
    if_starts: str = BY_START,
) -> Profiles:
    """Check profiles and derive the horizon from them.

    Parameters
    ----------
    profiles : {("load", "p_mw"): DataFrame[period x element index], ...}
        keys also as "load.p_mw"; rows count by position; empty frames are ignored
    n_periods : needed without profiles
    period_h : h; an index of times gives it too; without both, 96 rows are quarter hours and 24 rows hours, and periods
        without profiles 0.25
    start : timestamp of the first period, where profiles do not tell it
    dayfirst : order of day and month in text, see `hours_since`
    if_starts : what the caller's user can do where labels may be the ends of periods and are their starts

    Raises
    ------
    InvalidInputError    all faults of all frames
    """
    faults: list[Fault] = []
    frames = checked_frames(net, profiles, faults)
    indexes = {profile_name(key): frame.index for key, frame in frames.items()}
    n = count_periods(indexes, n_periods, faults)
    horizon = read_horizon(indexes, n, period_h, cyclic, start, dayfirst, faults, if_starts)
    if faults:
        raise InvalidInputError(faults)
    if ("load", "p_mw") in frames and ("load", "q_mvar") not in frames:
        logger.info("loads have a profile of p_mw only: q_mvar stays at its table value")
    return profiles_of(net, frames, horizon)


def checked_frames(net: Net, profiles: Any, faults: list[Fault], argument: str = "profiles") -> Profile:
    """Non-empty frames under tuple keys; what is wrong with them, their periods apart, is added to the faults."""
    frames = _frames(profiles, faults, argument)
    for (table, column), frame in frames.items():
        faults += _frame_faults(net, table, column, frame, argument)
    return frames


def profiles_of(net: Net, frames: Profile, horizon: Horizon) -> Profiles:
    """Of checked frames."""
    values = {key: frame.reset_index(drop=True).astype(float) for key, frame in frames.items()}
    return Profiles(horizon, _with_cos_phi_p(net, values, horizon.n_periods))


def _frames(profiles: Any, faults: list[Fault], argument: str) -> Profile:
    if profiles is None:
        return {}
    if not isinstance(profiles, Mapping) or isinstance(profiles, pandapowerNet):
        remedy = 'give {("load", "p_mw"): DataFrame[period x element], ...}'
        faults.append(Fault(argument, "", (), f"a {type(profiles).__name__}", "is not a dict of frames", remedy))
        return {}
    frames: Profile = {}
    supported = ", ".join(f"{table}.{column}" for table, column in sorted(SUPPORTED))
    for given, frame in profiles.items():
        key = tuple(given.split(".")) if isinstance(given, str) else given
        if isinstance(frame, pd.DataFrame) and frame.empty:
            continue
        name = profile_name(key)
        if key not in SUPPORTED:
            faults.append(Fault(argument, name, (), "the key", "is not known", f"use one of {supported}"))
        elif not isinstance(frame, pd.DataFrame):
            remedy = "give a DataFrame[period x element index]"
            faults.append(Fault(argument, name, (), f"a {type(frame).__name__}", "is not a DataFrame", remedy))
        elif key in frames:
            faults.append(Fault(argument, name, (), "the key", "is given twice", "keep one of the two frames"))
        else:
            frames[key] = frame
    return frames


def profile_name(key: Any) -> str:
    """A key as it is named in faults."""
    return ".".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _frame_faults(net: Net, table: str, column: str, frame: pd.DataFrame, argument: str) -> list[Fault]:
    place = f"{argument}[{table}.{column}]"
    columns = frame.columns
    if columns.nlevels > 1:
        remedy = f"name columns after the index of net.{table}"
        return [Fault(place, "columns", (), f"{columns.nlevels} levels of labels", "are too many", remedy)]
    duplicated = tuple(columns[columns.duplicated()].unique())
    if duplicated:
        return [Fault(place, "columns", duplicated, "elements", "occur twice", "give one column per element")]
    faults = []
    unknown = tuple(columns[~columns.isin(labels_of(net, table))])
    if unknown:
        remedy = f"name columns after the index of net.{table}"
        if all(isinstance(label, str) and label.isdigit() for label in unknown):
            remedy += "; these are text, frame.columns.astype(int) makes them numbers"
        faults.append(Fault(place, "columns", unknown, "elements", f"are not in net.{table}", remedy))
    if all(dtype.kind in "iuf" and isinstance(dtype, np.dtype) for dtype in frame.dtypes):
        values, not_number = frame.to_numpy(dtype=float), None
    else:
        read = [as_numbers(frame[label]) for label in columns]
        values, not_number = np.column_stack([r[0] for r in read]), np.column_stack([r[1] for r in read])
        hint = read_hint(frame.to_numpy(dtype=object)[not_number])
        faults += _cell_faults(place, columns, not_number, "are not numbers", f"give numbers in MW or Mvar{hint}")
    wrong = ~np.isfinite(values) if not_number is None else ~np.isfinite(values) & ~not_number
    return faults + _cell_faults(place, columns, wrong, "are NaN or infinite", "fill the gaps")


def _cell_faults(place: str, columns: pd.Index, wrong: BoolArray, problem: str, remedy: str) -> list[Fault]:
    """One fault for all wrong cells: the elements as column, the periods as rows."""
    if not wrong.any():
        return []
    elements = [str(label) for label in columns[wrong.any(axis=0)]]
    rows = tuple(np.flatnonzero(wrong.any(axis=1)).tolist())
    return [Fault(place, listed(elements), rows, f"{np.sum(wrong)} values", problem, remedy)]


def count_periods(indexes: Mapping[str, pd.Index], n_periods: int | None, faults: list[Fault]) -> int:
    """Number of rows of all profiles, or the one given; what contradicts is added to the faults."""
    lengths = {name: len(index) for name, index in indexes.items()}
    if n_periods is not None and not _is_count(n_periods):
        remedy = "give a whole number of periods above 0"
        faults.append(Fault("profiles", "n_periods", (), shown(n_periods), "is not a number of periods", remedy))
        return 1
    if not lengths:
        if n_periods is None and not faults:
            remedy = "give profiles or n_periods"
            faults.append(Fault("profiles", "n_periods", (), "the number of periods", "is missing", remedy))
        return int(n_periods or 1)
    listing = ", ".join(f"{key} has {length}" for key, length in lengths.items())
    if len(set(lengths.values())) > 1:
        faults.append(Fault("profiles", "", (), listing, "periods: lengths differ", "give the same number of rows"))
    elif n_periods is not None and n_periods != next(iter(lengths.values())):
        remedy = "cut the profiles or leave n_periods out"
        faults.append(Fault("profiles", "n_periods", (), listing, f"periods, not n_periods={n_periods}", remedy))
    return next(iter(lengths.values()))


def _is_count(value: Any) -> bool:
    return is_positive(value) and value <= MAX_PERIODS and value == int(value)


def _with_cos_phi_p(net: Net, values: Profile, n_periods: int) -> Profile:
    """("sgen", "q_mvar") filled for generators with a characteristic and no profile of their own.

    A table of characteristics with faults, which `check_tables` names, is left alone.
    """
    if "cos_phi_p" not in net or frame_faults(net, COS_PHI_P, net["cos_phi_p"]):
        return values
    rows = net["cos_phi_p"]
    given = values.get(("sgen", "q_mvar"), pd.DataFrame(index=range(n_periods)))
    own = pd.Index(rows.loc[rows["in_service"].to_numpy(dtype=bool), "sgen"].unique()).difference(given.columns)
    if not len(own):
        return values
    p = np.tile(numbers_of(net, "sgen", "p_mw", own), (n_periods, 1))
    profiled = values.get(("sgen", "p_mw"), pd.DataFrame(index=range(n_periods)))
    at = profiled.columns.get_indexer(own)
    p[:, at >= 0] = profiled.to_numpy(dtype=float)[:, at[at >= 0]]
    q = reactive_powers(net, pd.DataFrame(p, columns=own))
    return {**values, ("sgen", "q_mvar"): pd.concat([given, q], axis=1)}
