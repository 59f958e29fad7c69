"""Which (scenario, period) blocks and which branch limits the problem needs.

With all EVs off and with all EVs at full power bracket every schedule. A block whose limits hold at both ends is left
out. What the scenario "up" draws is never less than the schedule, and "down" never more: so the upper end is asked of
the highest scenario only, the lower end of the lowest. Neither is a proof, and none is needed: after each solve the
power flow of all blocks is checked, and violated ones join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.case.limits import Limits
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.ac_polar import Blocks
from pandapower_evflex.opf.verify import GridState, grid_state, violations_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: relative; a limit exceeded by less counts as held, far below what verification allows
FEASIBILITY_TOLERANCE = 1e-7

#: from the highest load to the lowest
SCENARIOS = ("up", "base", "down")


@dataclass
class NeededBlocks:
    """The growing list of blocks; ``limited`` [n_period, n_end] per scenario."""

    needed: dict[str, BoolArray]
    limited: dict[str, BoolArray]

    @classmethod
    def none(cls, case: Case) -> NeededBlocks:
        n_periods, n_ends = case.horizon.n_periods, len(case.grid.ends.limit)
        return cls(
            {name: np.zeros(n_periods, dtype=bool) for name in SCENARIOS},
            {name: np.zeros((n_periods, n_ends), dtype=bool) for name in SCENARIOS},
        )

    @property
    def n_blocks(self) -> int:
        return sum(int(needed.sum()) for needed in self.needed.values())

    def join(self, scenario: str, state: GridState, limits: Limits) -> bool:
        """Add the violated blocks of one scenario; True when anything is new.

        A block without a power flow solution joins with all its limits.
        """
        violations = violations_of(limits, state)
        violated = violations.blocks(FEASIBILITY_TOLERANCE) | ~state.converged
        limited = violations.overload > FEASIBILITY_TOLERANCE
        limited |= ~state.converged[:, None] & np.isfinite(limits.end)
        is_new = bool(np.any(violated & ~self.needed[scenario]) or np.any(limited & ~self.limited[scenario]))
        self.needed[scenario] |= violated
        self.limited[scenario] |= limited
        return is_new

    def join_violated(self, case: Case, states: Mapping[str, GridState]) -> bool:
        """Add the violated blocks, those of the schedule itself included; True when anything is new."""
        return any([self.join(name, state, case.seen_limits) for name, state in states.items()])

    def blocks(self, v_start: ComplexArray) -> Blocks:
        """As the problem wants them; ``v_start`` [n_period, n_bus]."""
        at = [(name, period) for name in SCENARIOS for period in np.flatnonzero(self.needed[name])]
        periods = np.array([period for _, period in at], dtype=np.int64)
        limited = [self.limited[name][period] for name, period in at]
        n_ends = next(iter(self.limited.values())).shape[1]
        return Blocks(
            [name for name, _ in at], periods, np.array(limited, dtype=bool).reshape(-1, n_ends), v_start[periods]
        )


def extreme_loads(case: Case) -> tuple[FloatArray, FloatArray]:
    """Least and greatest load of every EV [n_period, n_ev]."""
    least = case.evs.fixed_p
    greatest = least.copy()
    greatest[case.evs.slots.period, case.evs.slots.ev] = case.evs.slots.p_max
    return least, greatest


def screen(case: Case, flow: BatchedPowerFlow, without_evs: GridState) -> NeededBlocks:
    """Blocks with a limit that an extreme EV load exceeds; ``without_evs`` is the state at the least load."""
    ordered = [name for name in SCENARIOS if name in case.scenarios]
    needed = NeededBlocks.none(case)
    full = grid_state(case, flow, extreme_loads(case)[1])
    for scenario, state in ((ordered[0], full), (ordered[-1], without_evs)):
        needed.join(scenario, state, case.seen_limits)
    return needed
