"""What to build and what to buy: the objective (17) of the second paper over reinforcements and flexibility."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tqdm import tqdm

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.provenance import provenance
from pandapower_evflex.cpo.shave.site_days import read_once
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.planning.arguments import input_faults
from pandapower_evflex.planning.days import FUNCTION
from pandapower_evflex.planning.ev_offers import ev_offer_faults
from pandapower_evflex.planning.fault.reinforced import all_combinations, n_combinations, plain_of_candidates
from pandapower_evflex.planning.plan_costs import PlanCosts
from pandapower_evflex.planning.plan_search import cheapest_by_milp
from pandapower_evflex.planning.planning_case import planning_case
from pandapower_evflex.planning.settings import Settings, settings_of
from pandapower_evflex.planning.study import PlanningStudy, study_of
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.kinds import progress_faults
from pandapower_evflex.tables.links import remember_all


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
        study_of(costs, sets, gap),
        provenance={
            **provenance(given),
            "settings": {name: value for name, value in vars(settings).items() if name != "lattices"},
        },
    )
