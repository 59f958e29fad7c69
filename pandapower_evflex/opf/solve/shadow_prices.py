r"""What one more unit of a limit would add to the flexibility: multipliers of the nonlinear problem.

With the limit in squares, :math:`(l / \bar l)^2 \le 1` and multiplier lambda, raising the limit by a share r adds
:math:`2 \lambda r`; a voltage limit enters plainly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.nlp.layout import Layout
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import KW
from pandapower_evflex.opf.solve.ac_polar import Blocks
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork
from pandapower_evflex.opf.solve.screening import SCENARIOS
from pandapower_evflex.powerflow.sensitivities import OVERLOAD, UNDERVOLTAGE
from pandapower_evflex.solvers.result import SolverResult


@dataclass(frozen=True)
class LimitPrices:
    """Of one scenario, MW of objective, never negative.

    Parameters
    ----------
    end : float [n_period, n_end]      for the whole limit again (per 100 %)
    vm_min, vm_max : float [n_period, n_bus]    per pu
    """

    end: FloatArray
    vm_min: FloatArray
    vm_max: FloatArray

    @classmethod
    def none(cls, case: Case) -> LimitPrices:
        n, n_bus = case.horizon.n_periods, len(case.grid.vm_min)
        return cls(np.zeros((n, len(case.grid.ends.limit))), np.zeros((n, n_bus)), np.zeros((n, n_bus)))


def prices_of_reduced(
    case: Case, network: ReducedNetwork, multipliers: FloatArray, scale: float
) -> Mapping[str, LimitPrices]:
    """From the rows of the reduced network; ``scale`` turns its objective into kW.

    Rows that joined after the point with these multipliers have none.
    """
    prices = {name: LimitPrices.none(case) for name in SCENARIOS}
    for (number, kind, position), multiplier in zip(network.rows, multipliers, strict=False):
        block, value = network.blocks[number], multiplier * scale / KW
        of, t = prices[block.scenario], block.period
        if kind == OVERLOAD:
            of.end[t, position] = 2.0 * value
        elif kind == UNDERVOLTAGE:
            of.vm_min[t, position] = value / case.limits.vm_min[t, position]
        else:
            of.vm_max[t, position] = value / case.limits.vm_max[t, position]
    return prices


def prices_of_exact(
    case: Case, blocks: Blocks, x: Layout, g: Layout, solved: SolverResult, scale: float
) -> Mapping[str, LimitPrices]:
    """From the rows and bounds of the full problem."""
    prices = {name: LimitPrices.none(case) for name in SCENARIOS}
    if not len(blocks):
        return prices
    by_block = np.zeros(blocks.limited.shape)
    for name, kind in (("line_limit", ~case.grid.ends.squared_power), ("trafo_limit", case.grid.ends.squared_power)):
        by_block[blocks.limited & kind] = 2.0 * solved.multipliers[g[name]]
    vm = solved.bound_multipliers[x["vm"]]
    vm[:, case.grid.fixed_vm] = 0.0
    for number, (scenario, t) in enumerate(zip(blocks.scenario, blocks.period, strict=True)):
        of = prices[scenario]
        of.end[t] = np.maximum(by_block[number], 0.0) * scale / KW
        of.vm_max[t] = np.maximum(vm[number], 0.0) * scale / KW
        of.vm_min[t] = np.maximum(-vm[number], 0.0) * scale / KW
    return prices
