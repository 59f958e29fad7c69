"""What a limit is worth: the flexibility that 100 % more of it would add, from multipliers of the nonlinear problem."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.nlp.problem import Problem
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.ac_polar import Blocks
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork
from pandapower_evflex.scenarios import Scenario
from pandapower_evflex.solvers.result import SolverResult


def no_prices(case: Case) -> ByLimit:
    """Prices of 0 for one scenario; prices are MW of objective per 100 % of the limit, never negative."""
    return case.limits.map(lambda _, table: np.zeros(table.shape))


def prices_of_reduced(
    case: Case, network: ReducedNetwork, multipliers: FloatArray, scale: float
) -> Mapping[Scenario, ByLimit]:
    """From the rows of the reduced network; ``scale`` turns its objective into kW.

    Rows that joined after the point with these multipliers have none.
    """
    prices = {scenario: no_prices(case) for scenario in case.checked_scenarios}
    for (number, kind, position), multiplier in zip(network.rows, multipliers, strict=False):
        block = network.blocks[number]
        price = LIMITS[kind].price_of_h(multiplier) * scale / KW
        prices[block.scenario].tables[kind][block.period, position] = price
    return prices


def prices_of_exact(
    case: Case, blocks: Blocks, problem: Problem, solved: SolverResult, scale: float
) -> Mapping[Scenario, ByLimit]:
    """From the rows and bounds of the full problem."""
    prices = {scenario: no_prices(case) for scenario in case.checked_scenarios}
    if not len(blocks):
        return prices
    allowed = case.seen_limits.at(blocks.period)
    for kind, limit in enumerate(LIMITS):
        multipliers = solved.bound_multipliers, solved.multipliers
        of_blocks = limit.prices(
            case.grid, problem.x, problem.g, *multipliers, allowed[limit], blocks.limited.tables[kind]
        )
        for number, (scenario, t) in enumerate(zip(blocks.scenario, blocks.period, strict=True)):
            prices[scenario].tables[kind][t] = of_blocks[number] * scale / KW
    return prices
