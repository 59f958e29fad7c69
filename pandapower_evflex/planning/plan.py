"""What to build and what to buy: the objective (17) of the second paper over reinforcements and flexibility."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from tqdm import tqdm

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.provenance import provenance
from pandapower_evflex.cpo.shave.site_days import read_once
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.planning.arguments import input_faults
from pandapower_evflex.planning.congestion.window_profiles import overloads_of
from pandapower_evflex.planning.days import FUNCTION
from pandapower_evflex.planning.ev_offers import ev_offer_faults
from pandapower_evflex.planning.fault.reinforced import Built, all_combinations, n_combinations, plain_of_candidates
from pandapower_evflex.planning.findings import findings_of
from pandapower_evflex.planning.plan_costs import PlanCost, PlanCosts
from pandapower_evflex.planning.plan_search import cheapest_by_milp
from pandapower_evflex.planning.planning_case import planning_case
from pandapower_evflex.planning.reliability import INDICES, indices, load_points
from pandapower_evflex.planning.settings import Settings, settings_of
from pandapower_evflex.planning.site_income import site_table
from pandapower_evflex.planning.study_overview import overview
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.kinds import progress_faults
from pandapower_evflex.tables.links import remember_all

COSTS = {
    "reliability_eur_per_year": "reliability",
    "losses_eur_per_year": "losses",
    "investment_eur_per_year": "investment",
    "flexibility_eur_per_year": "procured",
    "total_eur_per_year": "total",
}
FAULT_COLUMNS = [
    "element_type", "element", "switches_closed", "dark_mw", "overloaded_element_type", "overloaded_element",
    "start_h", "end_h", "missing_mw", "ens_mwh", "procured_mw", "price_eur_per_mwh", "ens_with_flexibility_mwh",
    "rebound_mw", "day", "switches_opened", "planned",
]  # fmt: skip
#: EUR per year below which two plans cost the same: the one that builds and buys less is taken
SAME_COST_EUR = 1e-6


@dataclass(frozen=True, repr=False)
class PlanningStudy:
    """Outcome of `run_planning`; it pickles and holds no net.

    Attributes
    ----------
    plans : DataFrame         one row per plan evaluated: `reinforcements` (tuple of net.reinforcement indices),
                              `flexibility`, `reliability_eur_per_year` (19), `losses_eur_per_year`,
                              `investment_eur_per_year` (18), `flexibility_eur_per_year` (16), `total_eur_per_year` (17)
    best : int                row of the cheapest plan; of equally cheap ones that which builds and buys less
    deltas : DataFrame        costs of the plans minus those of doing nothing: the paper's Table I
    faults : DataFrame        results without any reinforcement: one row per fault, congestion window and overloaded
                              element, and one row per fault that leaves load without supply. Columns:
                              `element_type, element, switches_closed, dark_mw` (mean over the
                              year), `overloaded_element_type, overloaded_element` ("net", None: no power flow
                              converges), `start_h, end_h` (hours of the day), `missing_mw` (what is asked for;
                              of voltages and meshes to first order, more than is shed where a limit is far off),
                              `ens_mwh` (of this element alone), `procured_mw`, `price_eur_per_mwh`,
                              `ens_with_flexibility_mwh` (of all elements of the window, from its start to the next
                              window, rebound included), `rebound_mw` (largest load that comes back; not
                              counted with rebound=False), `day`, `switches_opened` (to isolate the fault; last the
                              one that splits an island), `planned` (outages)
    fault_costs : DataFrame   one row per fault or planned outage and plan: `plan, element_type, element`, its rate and
                              windows met, what it costs a year, `planned`; R is `overload_eur_per_year` plus
                              `dark_eur_per_year`
    findings : DataFrame      `kind, element_type, element, text`: what is overloaded before any fault, what no shedding
                              cures, loads without a way back and what would give them one, switches whose type or
                              time is not known, states without a power flow, values that may be in kW
    gap_eur_per_year : float  by which a plan that was not evaluated could be cheaper than the best one; 0 when all
                              plans were evaluated or excluded
    overloads : DataFrame     the windows of `faults` period by period: `row` (of `faults`), `start_h, end_h`,
                              `missing_mw` (of this element), `not_served_mw` and `left_mw` (of all elements of the
                              window without and with flexibility, up to the next window); periods in which nothing is
                              missing are left out
    annuity_eur : Series      of every candidate (18)
    sites : DataFrame         whom the best plan pays, one row per site in service: `name, bus, p_mw` (largest power
                              called), `energy_mwh_per_year, hours` (called in a year), `price_eur_per_mwh` (mean paid),
                              `income_eur_per_year` (their sum is the plan's flexibility cost where no EV bids beside
                              them), `faults` (elements whose fault calls it)
    reliability : DataFrame   one row per plan, as `plans`: `saifi_per_year`, `saidi_h_per_year`, `caidi_h`, `asai`,
                              `eens_mwh_per_year`, `maifi_per_year`, by customers of the loads in service
    load_points : DataFrame   nothing reinforced, no flexibility; one row per load in service: `bus, customers`,
                              `interruptions_per_year`, `hours_per_year` (sustained ones), `energy_mwh_per_year`,
                              `momentary_per_year`; asymmetric loads follow with labels beyond those of net.load
    provenance : dict         name and SHA-256 of the net, versions of the packages, settings
    """

    plans: pd.DataFrame
    best: int
    deltas: pd.DataFrame
    faults: pd.DataFrame
    fault_costs: pd.DataFrame
    findings: pd.DataFrame
    gap_eur_per_year: float = 0.0
    annuity_eur: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False)
    overloads: pd.DataFrame = field(default_factory=lambda: overloads_of(()), repr=False)
    sites: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    load_points: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return overview(self)

    def __repr__(self) -> str:
        return f"<PlanningStudy: {len(self.plans)} plans, {len(self.faults)} fault rows; print() shows more>"


def run_planning(
    net: Net,
    profiles: Any = None,
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
    solver: str = "auto",
    max_plans: int = 4096,
    executor: Any = None,
    progress: bool | None = None,
    dayfirst: bool | None = None,
    ev_offers: FlexibilityOpfResult | None = None,
    quantile: float | None = None,
    lattices: Any = None,
    plug_ins_per_day: Any = None,
    split: bool = False,
) -> PlanningStudy:
    r"""What faults cost, what flexibility is worth, and the cheapest mix of building and buying.

    Every element of net.line, net.trafo, net.trafo3w, net.bus and net.switch with a `failure_rate_per_year` fails once.
    The nearest breakers and fuses trip; it is isolated and the supply restored by reclosing, and by normally open
    switches; AC power flows of all periods show what is overloaded then; load behind it is shed, or flexibility bought
    instead. Elements with a `planned_outage_rate_per_year` are taken out: ties are closed before.

    Parameters
    ----------
    net : pandapowerNet         with candidates (`create_reinforcement`), sites and their rates and prices; optional
                                columns `repair_time_h`, `switching_time_h` beside `failure_rate_per_year`,
                                `planned_outage_time_h`, `net.switch.switching_time_h`, `net.switch.stuck_probability`,
                                `net.load.customers`; `net.switch.type` says what clears faults ("CB", "fuse") and what
                                only isolates ("LBS", "LS", "DS")
    profiles : {("load", "p_mw"): DataFrame[period x element], ...}
        one day from 00:00, or from the first label of an index of times; None: a constant day
    period_h : float            see `run_flexibility_opf`; where it is given, a day may be shorter than 24 h, and what
                                is left of it counts as free of congestion and losses
    voll_eur_per_mwh : float    :math:`\gamma`, cost of energy not served and cap of prices; the paper's 10 EUR/kWh are
                                10 000
    loss_price_eur_per_mwh : float
    discount_rate : float       r of (18), a fraction
    days : float                how often a year has this day, or {name: (days, profiles)} for several day types, then
                                without `profiles`. A fault falls on a day with probability days / 365
    load_growth_percent : float    all loads grow by it; sites do not
    rule : "paper", "exact", "meanfield"
        how much a site can shave, see `cpo_peak_shaving`. "paper" asks for a triangle of the energy of the overload,
        the others for the profile of the overload
    rebound : bool              check every plan by power flow with the shaved profiles of the sites, and count what the
                                charging that comes back overloads as energy not served. False: every MW bought takes
                                one away and nothing comes back, as in the paper
    pricing, procurement : str  see `clear_flexibility`; several limits broken at once are relieved by one least-cost
                                program, paid as bid. procurement="optimal" counts the rebound and may buy nothing
    events_per_fault : float    congestion windows of one kind met per fault, in full. None: repair_time_h / 24 where it
                                is known, since a fault that begins at any time meets each hour of a day that often
                                (interruptions count (repair_time_h + w) / 24 times for a daily window of w hours, as
                                w / 24 of the faults begin within one); else 1 as in the paper, which overstates R and
                                F several times for short repairs
    max_ties : int              ties in a row between a part without supply and what is supplied
    momentary_h : float         interruptions shorter than this count in MAIFI, not in SAIFI and SAIDI
    solver : "auto", "enumeration", "milp"
        all plans, or a mixed-integer program whose proposals are evaluated until nothing cheaper is left; "auto"
        enumerates up to `max_plans` plans
    max_plans : int             also the largest number of plans that "milp" evaluates; a gap that is left is logged
    executor : concurrent.futures.Executor or a Dask client    studies faults side by side
    progress : bool             None: on a terminal
    dayfirst : bool             order of day and month in text of the index, see `hours_since`
    ev_offers : FlexibilityOpfResult    EVs with a price for "down" in `net.flexibility` bid beside the sites, by its
                                `p_down_mw` and its schedule, which counts as load; the same periods as the plan. None:
                                the last run on the net, where it has these periods
    quantile : float            rule="exact": a site sells what it can shave on all but this share of its days, 0.05 for
                                19 of 20; None: its mean over the days. What is sold and cannot be shaved on a day is
                                not served: its mean is part of R, and what is bought is paid in full
    lattices : CpoRates or int [n_day, n_evse, n_period], or {cpo: these}
        rule="exact": real days, two or more; None: 200 simulated days, which differ less than real ones
    plug_ins_per_day : float or {cpo: float}    arrivals per outlet and day, see `estimate_transition_matrices`
    split : bool                where no ties carry a whole island, one further switch in it may be opened, so that its
                                parts come back by ties of their own, or one of them does

    Returns
    -------
    PlanningStudy

    Raises
    ------
    InvalidInputError    all faults of net, profiles and arguments; nothing was computed

    Notes
    -----
    .. math:: \min R' + S + I + F      (17)

    R' of (19) and (20) and F of (16) over all faults, S the losses of a year without faults, I the annuities (18).
    Load left dark until the repair and load that waits for its switches are part of R, apart from the overload part, in
    `fault_costs`. Overload by export and overload before any fault are reported and cost nothing.

    Examples
    --------
    The paper's example, with its stated lifetime of 30 years:

    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> study = evf.run_planning(net, profiles, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=108.786,
    ...                          discount_rate=0.065, rebound=False, progress=False)
    >>> study.deltas.total_eur_per_year.round().tolist()
    [0.0, -375.0, -1356.0, -1356.0]
    >>> study.plans.reinforcements[study.best]
    (0,)
    """
    settings = settings_of(locals())
    return plan_study(
        net, profiles, days, period_h, settings, solver, max_plans, executor, progress, dayfirst, ev_offers
    )


def plan_study(
    net: Net,
    profiles: Any,
    days: Any,
    period_h: float | None,
    settings: Settings,
    solver: str,
    max_plans: int,
    executor: Any,
    progress: bool | None,
    dayfirst: bool | None = None,
    ev_offers: FlexibilityOpfResult | None = None,
) -> PlanningStudy:
    """`run_planning` with its settings in one."""
    settings = replace(settings, lattices=read_once(settings.lattices))
    faults = input_faults(net, settings, solver, max_plans, executor)
    faults += progress_faults(FUNCTION, progress) + ev_offer_faults(net, ev_offers)
    given, net = net, net if faults else plain_of_candidates(net)
    case = planning_case(net, profiles, days, period_h, settings, faults, dayfirst, ev_offers)
    disable = None if progress is None else not progress
    with tqdm(desc="planning", unit="fault", disable=disable) as bar:
        costs = PlanCosts(case, executor, bar.update)
        enumerated = solver == "enumeration" or (solver == "auto" and 2 * n_combinations(net) <= max_plans)
        if enumerated:
            sets, gap = list(all_combinations(net)), 0.0
            costs.study(sets)
        else:
            sets, gap = cheapest_by_milp(costs, max_plans)
    remember_all(given, TABLES)
    return replace(
        _study_of(costs, sets, gap),
        provenance={
            **provenance(given),
            "settings": {name: value for name, value in vars(settings).items() if name != "lattices"},
        },
    )


def _study_of(costs: PlanCosts, sets: Iterable[Built], gap: float) -> PlanningStudy:
    evaluated = [costs.cost(built, flexibility) for built in sets for flexibility in (False, True)]
    plans = pd.DataFrame(
        {
            "reinforcements": pd.Series([plan.reinforcements for plan in evaluated], dtype=object),
            "flexibility": [plan.flexibility for plan in evaluated],
            **{column: [getattr(plan, name) for plan in evaluated] for column, name in COSTS.items()},
        }
    )
    best = _best(evaluated)
    reference = next(i for i, plan in enumerate(evaluated) if not plan.reinforcements and not plan.flexibility)
    deltas = plans[["reinforcements", "flexibility"]].join(
        plans[list(COSTS)] - plans.loc[reference, list(COSTS)].astype(float)
    )
    rows = _fault_rows(costs)
    faults = pd.DataFrame(rows, columns=FAULT_COLUMNS).astype({"overloaded_element": "Int64"})  # labels stay whole
    overloads = overloads_of([row.get("profile") for row in rows])
    return PlanningStudy(
        plans, best, deltas, faults, _fault_costs(costs, evaluated),
        findings_of(costs), gap, pd.Series(costs.annuity, dtype=float), overloads, site_table(costs, evaluated[best]),
        _reliability(costs, evaluated), load_points(costs.interruptions((), False), costs.case.days.points),
    )  # fmt: skip


def _best(plans: list[PlanCost]) -> int:
    least = min(plan.total for plan in plans)
    equal = [i for i, plan in enumerate(plans) if plan.total <= least + SAME_COST_EUR]
    return min(equal, key=lambda i: (len(plans[i].reinforcements), plans[i].flexibility, i))


def _fault_rows(costs: PlanCosts) -> list[dict[str, Any]]:
    rows = []
    for fault in costs.faults(()):
        outcome = costs.outcome(fault, ())
        if not outcome.congestion.rows and outcome.restoration.dark_mw <= 0.0:
            continue
        common = {
            "element_type": fault.element_type,
            "element": fault.element,
            "planned": fault.planned,
            "switches_closed": outcome.restoration.switches_closed,
            "dark_mw": outcome.restoration.dark_mw,
            "switches_opened": outcome.restoration.switches_opened,
        }
        rows += [{**common, **row} for row in outcome.congestion.rows or [{}]]
    return rows


def _reliability(costs: PlanCosts, plans: list[PlanCost]) -> pd.DataFrame:
    customers = costs.case.days.points.customers
    rows = [indices(costs.interruptions(plan.reinforcements, plan.flexibility), customers) for plan in plans]
    return pd.DataFrame(rows, columns=INDICES)


def _fault_costs(costs: PlanCosts, plans: list[PlanCost]) -> pd.DataFrame:
    tables = [
        costs.fault_costs(plan.reinforcements, plan.flexibility).assign(plan=number)
        for number, plan in enumerate(plans)
    ]
    return pd.concat(tables, ignore_index=True)
