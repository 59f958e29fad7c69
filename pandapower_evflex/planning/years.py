"""Which year to build what while load grows, with and without flexibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from pandapower_evflex.arrays import Net
from pandapower_evflex.cpo.shave.site_days import read_once
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.planning.arguments import NUMBERS
from pandapower_evflex.planning.fault.reinforced import n_combinations
from pandapower_evflex.planning.investments import InvestmentSchedule, schedule_investments
from pandapower_evflex.planning.logged_once import each_text_once
from pandapower_evflex.planning.plan import plan_study
from pandapower_evflex.planning.settings import settings_of
from pandapower_evflex.planning.study import PlanningStudy
from pandapower_evflex.planning.years_overview import overview_of_years
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.kinds import check_net, is_one_of, progress_faults, raise_if, shown
from pandapower_evflex.tables.schema import Column

FUNCTION = "run_planning_horizon"
MAX_YEARS = 100
_GROWTH = Column(
    "growth_percent_per_year", "float64", "", "percent", required=True, above=-100.0, upper=100.0,
    hint="give percent a year, 3 for 3 %",
)  # fmt: skip
OPERATION = ("reliability_eur_per_year", "losses_eur_per_year", "flexibility_eur_per_year")
WITH, WITHOUT = "with_flexibility", "without_flexibility"


@dataclass(frozen=True)
class PlanningHorizon:
    """Outcome of `run_planning_horizon`; columns `with_flexibility` and `without_flexibility` throughout.

    Attributes
    ----------
    path : DataFrame [year]                 candidates that stand in each year, tuples
    build_years : DataFrame [candidate]     year in which it is built, from 0; None: never
    present_value_eur : Series              all years discounted to year 0, annuities included
    years_deferred : Series [candidate]     by how many years flexibility puts the investment off; one that it makes
                                            needless counts to the end of the horizon; NaN: never built without it
    value_of_flexibility_eur : float        present value that flexibility saves
    yearly_cost_eur : DataFrame [year]      of the path: operation and annuities, not discounted
    plans : DataFrame                       `plans` of every year, with a column `year`
    studies : list of PlanningStudy         one per year
    """

    path: pd.DataFrame
    build_years: pd.DataFrame
    present_value_eur: pd.Series
    years_deferred: pd.Series
    value_of_flexibility_eur: float
    yearly_cost_eur: pd.DataFrame
    plans: pd.DataFrame
    studies: list[PlanningStudy]

    def __str__(self) -> str:
        return overview_of_years(self)

    def __repr__(self) -> str:
        return f"<PlanningHorizon: {len(self.studies)} years, {len(self.build_years)} candidates; print() shows more>"


def run_planning_horizon(
    net: Net,
    profiles: Any,
    n_years: int,
    growth_percent_per_year: Any,
    *,
    period_h: float | None = None,
    voll_eur_per_mwh: float,
    loss_price_eur_per_mwh: float,
    discount_rate: float,
    days: Any = 365,
    load_growth_percent: float = 0,
    rule: str = "paper",
    rebound: bool = True,
    pricing: str = "pay_as_clear",
    procurement: str = "merit_order",
    events_per_fault: float | None = None,
    max_ties: int = 2,
    momentary_h: float = 0.05,
    max_plans: int = 4096,
    executor: Any = None,
    progress: bool | None = None,
    dayfirst: bool | None = None,
    ev_offers: FlexibilityOpfResult | None = None,
    quantile: float | None = None,
    lattices: Any = None,
    plug_ins_per_day: Any = None,
    split: bool = False,
) -> PlanningHorizon:
    r"""The cheapest sequence of irreversible investments over years of growth, with and without flexibility.

    All plans of every year are evaluated as by `run_planning`, then `schedule_investments` finds the build years. With
    flexibility each year buys it or not, whichever is cheaper.

    Parameters
    ----------
    net, profiles : see `run_planning`
    n_years : int                       years 0 to n_years - 1
    growth_percent_per_year : float     of all loads, compounded; year 0 is today. Or {"load": percent, "cpo": percent}:
                                        sites grow by their own percentage in outlets, at the same rates; their charging
                                        is in the load at their bus, which grows by "load"
    load_growth_percent : float         growth before year 0
    ev_offers : FlexibilityOpfResult    the same schedule and the same bids every year
    max_plans : int                     more plans a year than this are refused: all of them are evaluated
    others : see `run_planning`

    Returns
    -------
    PlanningHorizon

    Raises
    ------
    InvalidInputError    all faults of net, profiles and arguments; nothing was computed

    Examples
    --------
    With its load growing by 2 % a year, flexibility puts the second system of the paper's ring off by a year:

    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> net.reinforcement["invest_eur"] = 60_000.0
    >>> horizon = evf.run_planning_horizon(net, profiles, 4, 2.0, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=80,
    ...                                    discount_rate=0.065, progress=False)
    >>> horizon.build_years.loc[0].tolist(), horizon.years_deferred.tolist()
    ([3, 2], [1.0])
    """
    settings = settings_of(locals())
    settings = replace(settings, lattices=read_once(settings.lattices))
    raise_if(progress_faults(FUNCTION, progress))
    growth = _checked(net, n_years, growth_percent_per_year, load_growth_percent, max_plans)
    years = tqdm(range(n_years), desc="planning", unit="year", disable=None if progress is None else not progress)
    studies = []
    with each_text_once():
        for year in years:
            then = replace(
                settings,
                load_growth_percent=_compounded(load_growth_percent, growth["load"], year),
                site_growth_percent=_compounded(0.0, growth["cpo"], year),
            )
            study = plan_study(
                net, profiles, days, period_h, then, "enumeration", max_plans, executor, False, dayfirst, ev_offers
            )
            studies.append(study)
    return _horizon_of(studies, discount_rate)


def _compounded(before_percent: float, percent_per_year: float, year: int) -> float:
    """Growth until a year in percent of what stands in the net."""
    return 100.0 * ((1.0 + before_percent / 100.0) * (1.0 + percent_per_year / 100.0) ** year - 1.0)


def _horizon_of(studies: list[PlanningStudy], discount_rate: float) -> PlanningHorizon:
    costs = {WITH: _operation(studies, True), WITHOUT: _operation(studies, False)}
    annuity = studies[0].annuity_eur
    schedules = {name: schedule_investments(cost, annuity, discount_rate) for name, cost in costs.items()}
    build_years = pd.DataFrame({name: schedule.build_years for name, schedule in schedules.items()}, dtype=object)
    value = pd.Series({name: schedule.present_value_eur for name, schedule in schedules.items()})
    plans = [study.plans.assign(year=year) for year, study in enumerate(studies)]
    return PlanningHorizon(
        path=pd.DataFrame({name: schedule.path for name, schedule in schedules.items()}),
        build_years=build_years,
        present_value_eur=value,
        years_deferred=_years_deferred(build_years, len(studies)),
        value_of_flexibility_eur=float(value[WITHOUT] - value[WITH]),
        yearly_cost_eur=pd.DataFrame({name: _of_path(costs[name], schedules[name], annuity) for name in costs}),
        plans=pd.concat(plans, ignore_index=True),
        studies=studies,
    )


def _operation(studies: list[PlanningStudy], flexibility: bool) -> pd.DataFrame:
    """Cost of every year with every set of candidates, investment left out [year x tuple]."""
    rows = []
    for study in studies:
        plans = study.plans if flexibility else study.plans[~study.plans["flexibility"].to_numpy(dtype=bool)]
        cost = plans[list(OPERATION)].sum(axis=1)
        least: dict[Any, float] = {}
        for built, value in zip(plans["reinforcements"], cost, strict=True):
            least[built] = min(value, least.get(built, np.inf))
        rows.append(list(least.values()))
    return pd.DataFrame(rows, columns=pd.Index(list(least), tupleize_cols=False))


def _of_path(costs: pd.DataFrame, schedule: InvestmentSchedule, annuity: pd.Series) -> list[float]:
    """Operation and annuities of every year."""
    column = {built: number for number, built in enumerate(costs.columns)}
    return [
        float(costs.iat[year, column[built]]) + float(sum(annuity[c] for c in built))
        for year, built in enumerate(schedule.path)
    ]


def _years_deferred(build_years: pd.DataFrame, n_years: int) -> pd.Series:
    built = build_years.astype(float)
    return (built[WITH].fillna(n_years) - built[WITHOUT]).rename("years_deferred")


def _checked(net: Net, n_years: Any, growth: Any, before: Any, max_plans: Any) -> dict[str, float]:
    """Growth of loads and sites, percent a year."""
    check_net(FUNCTION, net)
    faults: list[Fault] = []
    if isinstance(n_years, bool) or not isinstance(n_years, (int, np.integer)) or not 1 <= n_years <= MAX_YEARS:
        remedy = f"give a whole number of years, 1 to {MAX_YEARS}"
        faults.append(Fault(FUNCTION, "n_years", (), shown(n_years), "is not a number of years", remedy))
    faults += single_number_faults(FUNCTION, NUMBERS["load_growth_percent"], before)
    given = dict(growth) if isinstance(growth, Mapping) else {"load": growth}
    unknown = tuple(name for name in given if not is_one_of(name, ("load", "cpo")))
    if unknown:
        remedy = 'use "load" and "cpo"'
        faults.append(Fault(FUNCTION, "growth_percent_per_year", unknown, "names", "are not known", remedy))
    for value in given.values():
        faults += single_number_faults(FUNCTION, _GROWTH, value)
    if not faults and "reinforcement" in net and isinstance(max_plans, int) and 2 * n_combinations(net) > max_plans:
        remedy = "take candidates out of net.reinforcement, or raise max_plans"
        listing = f"{2 * n_combinations(net)} plans a year"
        faults.append(Fault(FUNCTION, "max_plans", (), listing, "are more than max_plans", remedy))
    if faults:
        raise InvalidInputError(faults)
    return {"load": 0.0, "cpo": 0.0, **{name: float(value) for name, value in given.items()}}
