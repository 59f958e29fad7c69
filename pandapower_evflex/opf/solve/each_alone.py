"""What each forecast alone would allow while the schedule is kept: the price of promising the same in all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.solve.chains import Chains, chains_of
from pandapower_evflex.opf.solve.pull_back import restored
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.solve.screening import screen
from pandapower_evflex.opf.solve.tie_break import point_of, with_fixed_schedule
from pandapower_evflex.opf.verify import scheduled_states, states_of_forecasts
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.solvers.chains.forms import Forms
from pandapower_evflex.solvers.chains.interior_point import solve_chains

#: change of the plan [kW] that leaves a band an interior
SAME_KW = 1e-3
GAP, FEASIBILITY = 1e-7, 1e-9
MAX_ROUNDS = 10


@dataclass(frozen=True)
class EachAlone:
    """A case of several forecasts and its schedule; what each would allow is worked out when asked for."""

    case: Case
    schedule: Schedule

    def answer(self) -> dict[Any, Schedule]:
        """By forecast the same plan with the most flexibility that this forecast alone carries."""
        x = point_of(self.case, self.schedule)
        chains = chains_of(self.case.chain)
        kept = _with_plan_kept(chains, x) if self.case.evs.has_band else with_fixed_schedule(chains, x)
        flow = BatchedPowerFlow(self.case.grid)
        return {name: self._under(self.case.under(name), flow, kept, x) for name in self.case.forecasts}

    def _under(self, case: Case, flow: BatchedPowerFlow, chains: Chains, x: FloatArray) -> Schedule:
        if not np.any(chains.problem.c):
            return self.schedule
        needed = screen(case, flow, states_of_forecasts(case, flow, case.chain.least))
        for _ in range(MAX_ROUNDS):
            network = ReducedNetwork(case, flow, chains, blocks_of(case, needed))
            point = solve_chains(chains.problem, network, x, relative_gap=GAP, feasibility=FEASIBILITY)
            found = replace(case.schedule_at(chains.loads, point.x), p=self.schedule.p, e=self.schedule.e)
            if not needed.join_violated(case, scheduled_states(case, flow, found)):
                break
        found, _ = restored(case, flow, found)
        is_more = weighted_flexibility_mw(case, found) > weighted_flexibility_mw(case, self.schedule)
        return found if is_more else self.schedule  # which every forecast carries


def _with_plan_kept(chains: Chains, x: FloatArray) -> Chains:
    """Bands about a plan that stays."""
    plan, problem = chains.loads["base"], chains.problem
    moves = np.any(plan.forms.coefficient != 0.0, axis=1)
    forms, p = plan.forms.of(moves), (plan.kw(x) - plan.constant)[moves]
    limits = Forms.join([problem.limits, forms, forms.times(-np.ones(len(forms)))])
    b = np.concatenate([problem.b, p + SAME_KW, SAME_KW - p])
    return replace(chains, problem=replace(problem, limits=limits, b=b))
