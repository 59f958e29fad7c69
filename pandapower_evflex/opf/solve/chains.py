"""What the fast method solves: the chain of all elements with its reward, the network apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import Chain, Loads
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains.problem import ChainProblem


@dataclass(frozen=True)
class Chains:
    """Problem and loads per scenario ("base" is the schedule); ``scale`` turns the objective into kW."""

    problem: ChainProblem
    loads: Mapping[str, Loads]
    offered: Mapping[str, BoolArray]
    scale: float


def chains_of(chain: Chain) -> Chains:
    """(4) over the limits of the elements."""
    scale = objective_scale(chain)
    c, constant = reward(chain, scale)
    problem = ChainProblem(
        follows=chain.follows,
        free=chain.free,
        period=chain.period,
        c=c,
        limits=chain.limits,
        b=chain.bound,
        low=chain.low,
        high=chain.high,
        constant=constant,
        sums=chain.sums,
        sums_b=chain.sums_b,
    )
    return Chains(problem, chain.loads, chain.offered, scale)


def objective_scale(chain: Chain) -> float:
    """Largest weight of anything offered: objectives in kW are divided by it."""
    return float(max(chain.weight[d][chain.offered[d]].max(initial=0.0) for d in DIRECTIONS)) or 1.0


def reward(chain: Chain, scale: float) -> tuple[FloatArray, float]:
    """(4) as a minimum, divided by the scale: coefficients [n_slot, m + k], and a constant."""
    c, constant, base = np.zeros_like(chain.low), 0.0, chain.loads["base"]
    for d, sign in DIRECTIONS.items():
        weight = -sign * np.where(chain.offered[d], chain.weight[d], 0.0) / scale
        chain.loads[d].forms.add_transposed(weight, c)
        base.forms.add_transposed(-weight, c)
        constant += float(weight @ (chain.loads[d].constant - base.constant))
    return c, constant


def start_of(chain: Chain, share: float) -> FloatArray:
    """A start between the extremes, with a share of the greatest loads."""
    return chain.quiet + share * (chain.start - chain.quiet)
