"""Which year to build what, when nothing built is ever taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.arguments import DISCOUNT_RATE, as_floats, number_faults, single_number_faults
from pandapower_evflex.tables.schema import Column

FUNCTION = "schedule_investments"
_COST = Column("yearly_cost_eur", "float64", "", "EUR", required=True)
_ANNUITY = Column("annuity_eur", "float64", "", "EUR", required=True, lower=0.0)

#: candidates that stand
Built = tuple[Any, ...]


@dataclass(frozen=True)
class InvestmentSchedule:
    """The cheapest sequence of irreversible investments.

    Attributes
    ----------
    path : Series [year] of tuples               candidates that stand in each year
    build_years : Series [candidate]             year in which it is built; None: never
    present_value_eur : float                    all years discounted to the first, annuities included
    """

    path: pd.Series
    build_years: pd.Series
    present_value_eur: float


def schedule_investments(yearly_cost_eur: Any, annuity_eur: Any, discount_rate: float) -> InvestmentSchedule:
    r"""Build years of least present value.

    Parameters
    ----------
    yearly_cost_eur : DataFrame [year x tuple of candidates]    what each year costs with these candidates built, their
                                                                investment left out. Only sets that have a column can
                                                                be chosen; () is building nothing
    annuity_eur : Series or dict [candidate]                    paid every year from the build year to the last (18)
    discount_rate : float                                       r, a fraction; row y counts (1 + r)^-y

    Returns
    -------
    InvestmentSchedule    of equally cheap ones that which builds less and later

    Raises
    ------
    InvalidInputError    missing costs, columns that are not tuples or occur twice, candidates without annuity, a rate
                         outside 0 to 1

    Notes
    -----
    .. math:: V_y(B) = \min_{B' \supseteq B} \Big( C_y(B') + \sum_{c \in B'} a_c + \frac{V_{y+1}(B')}{1 + r} \Big)

    over the sets built before a year, solved backwards: of n candidates and all their sets :math:`3^n` steps a year.
    An annuity ends with the horizon, so no salvage value is needed.

    Examples
    --------
    >>> import pandas as pd, pandapower_evflex as evf
    >>> costs = pd.DataFrame([[10.0, 8.0], [30.0, 8.0], [50.0, 8.0]], columns=[(), ("cable",)])
    >>> schedule = evf.schedule_investments(costs, {"cable": 5.0}, 0.0)
    >>> schedule.path.tolist(), schedule.build_years["cable"], schedule.present_value_eur
    ([(), ('cable',), ('cable',)], 1, 36.0)
    """
    frame, sets, annuity = _checked(yearly_cost_eur, annuity_eur, discount_rate)
    order = sorted(range(len(sets)), key=lambda column: len(sets[column]))  # the first of equal costs wins: build less
    sets = [sets[column] for column in order]
    yearly = as_floats(frame)[:, order] + np.array([sum(annuity[c] for c in built) for built in sets])
    path, value = _cheapest_path(yearly, _supersets(sets, annuity), 1.0 / (1.0 + discount_rate))
    built = pd.Series([sets[state] for state in path], index=frame.index, dtype=object, name="path")
    return InvestmentSchedule(built, _build_years(built, annuity), value)


def _supersets(sets: list[Built], candidates: Mapping[Any, float]) -> list[IntArray]:
    """Positions of the sets that each can grow into, itself among them."""
    members = np.array([[c in built for c in candidates] for built in sets], dtype=bool).reshape(len(sets), -1)
    return [np.flatnonzero(members[:, own].all(axis=1)) for own in members]


def _cheapest_path(yearly: FloatArray, supersets: list[IntArray], discount: float) -> tuple[list[int], float]:
    """States [year] and their present value, by dynamic programming backwards in time."""
    future = np.zeros(yearly.shape[1])
    choices = []
    for costs in yearly[::-1]:
        total = costs + discount * future
        choice = np.array([reachable[np.argmin(total[reachable])] for reachable in supersets])
        choices.append(choice)
        future = total[choice]
    first = int(np.argmin(total))  # before the first year nothing stands: every set can be built
    path = [first]
    for choice in choices[-2::-1]:
        path.append(int(choice[path[-1]]))
    return path, float(total[first])


def _build_years(path: pd.Series, annuity: Mapping[Any, float]) -> pd.Series:
    years = {c: next((year for year, built in path.items() if c in built), None) for c in annuity}
    return pd.Series(years.values(), index=_labels(years), dtype=object, name="build_year")


def _labels(candidates: Mapping[Any, Any]) -> pd.Index:
    return pd.Index(list(candidates), tupleize_cols=False)


def _checked(yearly: Any, annuity: Any, rate: Any) -> tuple[pd.DataFrame, list[Built], dict[Any, float]]:
    """The costs, the candidates of each column, and the annuity of each candidate."""
    faults = single_number_faults(FUNCTION, DISCOUNT_RATE, rate)
    if not isinstance(yearly, pd.DataFrame) or yearly.empty:
        remedy = "give a DataFrame [year x tuple of candidates]"
        raise InvalidInputError(
            [*faults, Fault(FUNCTION, "yearly_cost_eur", (), "the costs", "are not a table", remedy)]
        )
    if not isinstance(annuity, (Mapping, pd.Series)):
        remedy = "give a Series or dict [candidate]"
        raise InvalidInputError(
            [
                *faults,
                Fault(FUNCTION, "annuity_eur", (), f"a {type(annuity).__name__}", "does not name candidates", remedy),
            ]
        )
    annuities = dict(annuity.items())
    faults += [
        Fault(FUNCTION, "annuity_eur", (candidate,), fault.value, fault.problem, fault.remedy)
        for candidate, value in annuities.items()
        for fault in single_number_faults(FUNCTION, _ANNUITY, value)
    ]
    faults += [
        Fault(FUNCTION, "yearly_cost_eur", (label,), fault.value, fault.problem, fault.remedy)
        for label, (_, costs) in zip(yearly.columns, yearly.items(), strict=True)
        for fault in number_faults(FUNCTION, _COST, costs.to_numpy())
    ]
    sets = [_candidates(label) for label in yearly.columns]
    faults += _set_faults(list(yearly.columns), sets, annuities)
    if faults:
        raise InvalidInputError(faults)
    own = {candidate: candidate for candidate in annuities}  # 0 where a MultiIndex made 0.0 of it
    return yearly, [tuple(own[c] for c in built) for built in sets if built is not None], annuities


def _candidates(label: Any) -> Built | None:
    """The tuple of a column; pandas fills tuples of different lengths with NaN when it makes a MultiIndex of them."""
    return tuple(c for c in label if c == c) if isinstance(label, tuple) else None


def _set_faults(labels: list[Any], sets: list[Built | None], annuities: dict[Any, float]) -> list[Fault]:
    faults = []
    no_tuples = tuple(label for label, built in zip(labels, sets, strict=True) if built is None)
    if no_tuples:
        remedy = "label a column by the tuple of the candidates built, () for none"
        faults.append(Fault(FUNCTION, "yearly_cost_eur", no_tuples, "labels", "are not tuples", remedy))
    known = [built for built in sets if built is not None]
    twice = [built for i, built in enumerate(known) if set(built) in [set(other) for other in known[:i]]]
    if twice:
        remedy = "keep one column per set of candidates"
        faults.append(Fault(FUNCTION, "yearly_cost_eur", tuple(twice), "sets", "occur more than once", remedy))
    unknown = tuple(dict.fromkeys(c for built in known for c in built if c not in annuities))
    if unknown:
        remedy = "give the annuity of every candidate"
        faults.append(Fault(FUNCTION, "annuity_eur", unknown, "candidates", "have no annuity", remedy))
    return faults
