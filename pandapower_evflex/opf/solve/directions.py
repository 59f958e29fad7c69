r"""Which slots charge and which feed in, where wasting energy pays: a mixed-integer program.

Over the limits of the elements, with one binary z per slot that loses by feeding in,

.. math:: c \le (1 - z)\, \bar c, \qquad g \le z\, \bar g

and the limits of the grid as tangents, which join at the solution until it keeps them (outer approximation). Nodes of
the search are counted and not seconds, so that every machine finds the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, hstack, vstack

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW, SPLIT, Chain
from pandapower_evflex.opf.solve.chain_matrix import bounds_of, matrix_of
from pandapower_evflex.opf.solve.chains import chains_of
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solver_options import TIMES
from pandapower_evflex.solvers.chains.forms import Forms

#: h of a tangent's limit that ends the search
KEPT = 1e-4
#: up to this many binaries, the relative gap of a program and how often tangents join; beyond it, in which a search to
#: the end takes minutes, the same: directions are a choice, which the solve after it refines
SMALL, GAP, MAX_ROUNDS = 50, 1e-5, 6
GAP_LARGE, MAX_ROUNDS_LARGE = 3e-3, 2
#: most nodes of the search of a program
NODES = 100


@dataclass(frozen=True)
class Directions:
    """Slots that feed in [n_slot], and how far the program may be from its best, relative."""

    feeds_in: BoolArray
    gap: float


def best_directions(run: Run, x: FloatArray) -> Directions | None:
    """From the point x [n_slot, m + k] on; None where the program found nothing."""
    chains = chains_of(run.case.chain)
    program = _Program(run.case.chain, chains.problem.c)
    network = ReducedNetwork(run.case, run.flow, chains, blocks_of(run.case, run.needed))
    best = None
    for _ in range(MAX_ROUNDS if program.is_small else MAX_ROUNDS_LARGE):
        met = network.evaluate(x)
        if met is None or (best is not None and met[0].max(initial=0.0) <= KEPT):
            break
        h, rows = met
        program.add(rows.forms, rows.row, rows.values(x) - h)
        found = program.solve(_left(run))
        if found is None:
            break
        x, best = found
    return best


def _left(run: Run) -> float:
    """Seconds that are left to a run with a limit of its own."""
    options = run.budget.for_ipopt()
    return float(min(options.get(name, np.inf) for name in TIMES))


class _Program:
    """Columns: x of every slot, then z of those that lose."""

    def __init__(self, chain: Chain, c: FloatArray) -> None:
        self.chain = chain
        fed_in = chain.columns.index(SPLIT[1])
        self.losing = np.flatnonzero(chain.loads[SPLIT[1]].forms.coefficient[:, len(chain.states) + fed_in])
        n, n_z = chain.low.size, len(self.losing)
        self.c = np.append(c.ravel(), np.zeros(n_z))
        low, high = bounds_of(chain)
        self.bounds = Bounds(np.append(low, np.zeros(n_z)), np.append(high, np.ones(n_z)))
        self.integrality = np.append(np.zeros(n), np.ones(n_z))
        self.parts: list[tuple[csr_matrix, FloatArray]] = []
        self.add(chain.limits, np.arange(len(chain.limits)), chain.bound)
        self.add(chain.sums.forms, chain.sums.row, chain.sums_b)
        self._add_directions()

    @property
    def is_small(self) -> bool:
        return len(self.losing) <= SMALL

    def add(self, forms: Forms, row: IntArray, bound: FloatArray, z: csr_matrix | None = None) -> None:
        """Sums of forms by row <= bound, less z."""
        of_x = matrix_of(self.chain, forms, row, len(bound))
        z = csr_matrix((len(bound), len(self.losing))) if z is None else z
        self.parts.append((hstack([of_x, z], format="csr"), bound))

    def _add_directions(self) -> None:
        chain, n = self.chain, len(self.losing)
        for name, sign, most in ((SPLIT[0], 1.0, chain.p_max), (SPLIT[1], -1.0, -chain.p_min)):
            load, full = chain.loads[name], most[self.losing] * KW
            z = csr_matrix((sign * full, (np.arange(n), np.arange(n))), shape=(n, n))
            allowed = np.where(sign > 0.0, full, 0.0) - load.constant[self.losing]
            self.add(load.forms.of(self.losing), np.arange(n), allowed, z)

    def solve(self, seconds: float) -> tuple[FloatArray, Directions] | None:
        """x, and which slots feed in."""
        if seconds <= 0.0:
            return None
        limits: Any = LinearConstraint(
            vstack([a for a, _ in self.parts]), ub=np.concatenate([b for _, b in self.parts])
        )
        options = {"mip_rel_gap": GAP if self.is_small else GAP_LARGE, "node_limit": NODES}
        if np.isfinite(seconds):
            options["time_limit"] = seconds
        solved = milp(self.c, constraints=limits, bounds=self.bounds, integrality=self.integrality, options=options)
        if solved.x is None:
            return None
        n, feeds_in = self.chain.low.size, np.zeros(len(self.chain), dtype=bool)
        feeds_in[self.losing] = solved.x[n:] > 0.5
        return solved.x[:n].reshape(self.chain.low.shape), Directions(feeds_in, float(solved.mip_gap))
