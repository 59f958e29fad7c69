r"""The cheapest plan without evaluating all of them: a mixed-integer program proposes, AC power flows evaluate.

With :math:`y_c` for the candidates and :math:`\theta_m` for what fault m costs, the master program is

.. math::

    \min \sum_c (a_c - \sigma_c) y_c + S_\emptyset + \sum_m \theta_m, \quad
    \theta_m \ge c_m(B) - (c_m(B) - \underline{c}_m) \Big(\sum_{c \notin B} y_c + \sum_{c \in B} e_c (1 - y_c)\Big)

for every set B evaluated: without a further candidate a fault does not cost less (integer L-shaped cuts, Laporte and
Louveaux 1993). With a new tie it may (:math:`e_c = 1`), and a little with any: windows get shorter, and sites can shave
less in them; another tie is chosen. That is what a small :math:`e_c` allows for. Losses do not separate, so
:math:`\sigma_c` is what a candidate alone saves, with an allowance; for reinforcements in series the sum of these is
more than they save together, so the program stays a lower bound. Every set is proposed once at most; the search ends
when the bound has reached the best plan.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.planning.fault.outages import Outage
from pandapower_evflex.planning.fault.reinforced import Built, are_alternatives, candidates
from pandapower_evflex.planning.plan_costs import PlanCosts

logger = logging.getLogger(__name__)

#: share by which a candidate may save more losses beside others than it does alone
LOSS_ALLOWANCE = 0.05
#: share by which a fault may cost less without a candidate; 8 % was the most seen in 6000 pairs of plans
COST_ALLOWANCE = 0.1
#: EUR per year; no plan is searched for that could be cheaper by less than this
SAME_COST_EUR = 1e-6


@dataclass
class _Master:
    """The program of plans with or without flexibility."""

    flexibility: bool
    cost: FloatArray
    constant: float
    rows: list[FloatArray]
    lower: list[float]


def cheapest_by_milp(costs: PlanCosts, max_plans: int) -> tuple[list[Built], float]:
    """Sets evaluated, nothing built first, and by how much [EUR per year] a plan not among them could be cheaper."""
    labels: list[int] = candidates(costs.case.net).index.tolist()
    singles: list[Built] = [(label,) for label in labels]
    everything = tuple(labels)
    evaluated: list[Built] = []
    costs.study([(), *singles])
    faults = costs.faults(())
    least = {(fault, flex): 0.0 for fault in faults for flex in (False, True)}
    sets: list[Built] = [(), *singles]
    if costs.can_bound(everything) and not are_alternatives(costs.case.net, everything):
        sets.append(everything)
        costs.study([everything])
        totals = {flex: _fault_totals(costs, everything, flex) for flex in (False, True)}
        least = {(fault, flex): (1.0 - COST_ALLOWANCE) * totals[flex][fault] for fault, flex in least}
    masters = [_master(costs, labels, faults, flex) for flex in (False, True)]
    best = np.inf
    while True:
        for built in sets:
            evaluated.append(built)
            for master in masters:
                best = min(best, costs.cost(built, master.flexibility).total)
                _add_cuts(master, costs, labels, faults, built, least)
        bounds = [_solve(master, len(labels)) for master in masters]
        bound, proposal = min(bounds, key=lambda found: found[0])
        if bound >= best - SAME_COST_EUR:
            return list(dict.fromkeys(evaluated)), 0.0
        if 2 * len(set(evaluated)) >= max_plans:
            logger.warning(
                "max_plans reached: a plan could be cheaper than the best one by %.2f EUR a year", best - bound
            )
            return list(dict.fromkeys(evaluated)), float(best - bound)
        sets = [tuple(label for label, chosen in zip(labels, proposal, strict=True) if chosen)]
        costs.study(sets)


def _fault_totals(costs: PlanCosts, built: Built, flexibility: bool) -> dict[Outage, float]:
    table = costs.fault_costs(built, flexibility)
    total = table["reliability_eur_per_year"] + table["flexibility_eur_per_year"]
    return dict(zip(costs.faults(built), total.tolist(), strict=True))


def _master(costs: PlanCosts, labels: list[int], faults: list[Outage], flexibility: bool) -> _Master:
    """Columns: candidates, then faults; rows so far: one alternative per element."""
    nothing = costs.normal(()).losses_eur
    saved = np.array([nothing - costs.normal((label,)).losses_eur for label in labels])
    saved += LOSS_ALLOWANCE * np.abs(saved)
    cost = np.concatenate([[costs.annuity[label] for label in labels] - saved, np.ones(len(faults))])
    rows, lower = [], []
    table = candidates(costs.case.net)
    for _, own in table.groupby(["element_type", "element"]):
        if len(own) > 1:
            row = np.zeros(len(cost))
            row[[labels.index(label) for label in own.index]] = -1.0
            rows.append(row)
            lower.append(-1.0)
    return _Master(flexibility, cost, nothing, rows, lower)


def _add_cuts(
    master: _Master,
    costs: PlanCosts,
    labels: list[int],
    faults: list[Outage],
    built: Built,
    least: dict[tuple[Outage, bool], float],
) -> None:
    """What the faults cost with this set says of others; and the set itself is not proposed again."""
    inside = np.array([label in built for label in labels], dtype=bool)
    totals = _fault_totals(costs, built, master.flexibility)
    for number, fault in enumerate(faults):
        value = totals[fault]
        above = value - min(least[fault, master.flexibility], value)
        relevant = np.isin(labels, list(costs.may_matter(fault, built)))
        weaker = np.where(np.isin(labels, costs.without_bound(tuple(labels))), 1.0, COST_ALLOWANCE)
        row = np.zeros(len(master.cost))
        row[: len(labels)] = np.where(relevant, np.where(inside, -weaker, 1.0), 0.0) * above
        row[len(labels) + number] = 1.0
        master.rows.append(row)
        master.lower.append(value + float(row[: len(labels)][inside].sum()))
    row = np.zeros(len(master.cost))
    row[: len(labels)] = np.where(inside, -1.0, 1.0)
    master.rows.append(row)
    master.lower.append(1.0 - float(inside.sum()))


def _solve(master: _Master, n_candidates: int) -> tuple[float, FloatArray]:
    """Bound and proposal; an infinite bound when every set has been proposed."""
    n = len(master.cost)
    upper = np.where(np.arange(n) < n_candidates, 1.0, np.inf)
    solved = milp(
        master.cost,
        integrality=(np.arange(n) < n_candidates).astype(int),
        bounds=Bounds(np.zeros(n), upper),
        constraints=LinearConstraint(np.array(master.rows), np.array(master.lower), np.inf),
        options={"mip_rel_gap": 0.0},
    )
    if solved.x is None:
        return np.inf, np.zeros(n_candidates)
    return float(solved.fun) + master.constant, solved.x[:n_candidates] > 0.5
