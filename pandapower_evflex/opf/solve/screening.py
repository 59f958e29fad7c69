"""Which (scenario, period) blocks and which branch limits the problem needs.

With all EVs off and with all EVs at full power bracket every schedule. A block whose limits hold at both ends is left
out. What the scenario "up" draws is never less than the schedule, and "down" never more: so the upper end is asked of
the highest scenario only, the lower end of the lowest. Neither is a proof, and none is needed: after each solve the
power flow of all blocks is checked, and violated ones join. Of several forecasts only the one that exceeds a limit most
joins: where it keeps the limit, the others mostly do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.ac_polar import Blocks
from pandapower_evflex.opf.verify import GridState, states_of_forecasts
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import Scenario, from_highest

#: relative excess up to which a limit counts as kept; well below what verification allows
FEASIBILITY_TOLERANCE = 1e-7


@dataclass
class NeededBlocks:
    """The growing list of blocks: bool [n_period], and tables of the limits that were exceeded, per scenario.

    ``differs`` holds the blocks that there are to choose from.
    """

    needed: dict[Scenario, BoolArray]
    limited: dict[Scenario, ByLimit]
    differs: dict[Scenario, BoolArray]

    @classmethod
    def none(cls, case: Case) -> NeededBlocks:
        rows = from_highest(case.checked_scenarios)
        return cls(
            {scenario: np.zeros(case.horizon.n_periods, dtype=bool) for scenario in rows},
            {scenario: case.limits.map(lambda _, table: np.zeros(table.shape, dtype=bool)) for scenario in rows},
            case.differs,
        )

    @property
    def n_blocks(self) -> int:
        return sum(int(needed.sum()) for needed in self.needed.values())

    def join(self, states: Mapping[Scenario, GridState], limits: ByLimit) -> bool:
        """Add the violated blocks, of every limit those of the worst forecast; True when anything is new."""
        excess = {row: state.excess(limits) for row, state in states.items()}
        return any([self._join(row, states[row], worst, limits) for row, worst in _of_worst(excess).items()])

    def _join(self, scenario: Scenario, state: GridState, excess: ByLimit, limits: ByLimit) -> bool:
        """A block without a power flow solution joins with all its limits."""
        differs = self.differs[scenario]
        unsolved = ~state.converged & differs
        violated = (excess.exceeds(FEASIBILITY_TOLERANCE) & differs) | unsolved
        is_new = bool(np.any(violated & ~self.needed[scenario]))
        self.needed[scenario] |= violated
        for known, table, allowed in zip(self.limited[scenario], excess, limits, strict=True):
            limited = ((table > FEASIBILITY_TOLERANCE) & differs[:, None]) | (unsolved[:, None] & np.isfinite(allowed))
            is_new |= bool(np.any(limited & ~known))
            known |= limited
        return is_new

    def join_violated(self, case: Case, states: Mapping[Scenario, GridState]) -> bool:
        """Add the violated blocks, those of the schedule itself included; True when anything is new."""
        return self.join(states, case.seen_limits)

    def blocks(self, start: Mapping[Any, GridState]) -> Blocks:
        """As the problem wants them; ``start`` has the voltages of every forecast to begin with."""
        rows = list(self.needed)
        at = [(scenario, period) for scenario in rows for period in np.flatnonzero(self.needed[scenario])]
        periods = np.array([period for _, period in at], dtype=np.int64)
        limited = self.limited[rows[0]].map(
            lambda _, *of_scenarios: np.concatenate(
                [table[self.needed[scenario]] for scenario, table in zip(rows, of_scenarios, strict=True)]
            ),
            *[self.limited[scenario] for scenario in rows[1:]],
        )
        v_start = [start[scenario.forecast].v[period] for scenario, period in at]
        return Blocks([scenario for scenario, _ in at], periods, limited, np.array(v_start))


def screen(case: Case, flow: BatchedPowerFlow, without_evs: Mapping[Any, GridState]) -> NeededBlocks:
    """Blocks with a limit that an extreme EV load exceeds.

    Parameters
    ----------
    without_evs : {forecast: GridState}    at the least load
    """
    ordered = from_highest(case.scenarios)
    needed = NeededBlocks.none(case)
    full = states_of_forecasts(case, flow, case.chain.greatest)
    for end, states in ((ordered[0], full), (ordered[-1], without_evs)):
        rows = [row for row in ordered if row.activation == end.activation]
        needed.join({row: states[row.forecast] for row in rows}, case.seen_limits)
    return needed


def _of_worst(excess: Mapping[Scenario, ByLimit]) -> dict[Scenario, ByLimit]:
    """The excess of every limit and period in the forecast where it is largest, -inf in the others."""
    groups: dict[Scenario, list[Scenario]] = {}
    for row in excess:
        groups.setdefault(replace(row, forecast=""), []).append(row)
    of_worst: dict[Scenario, ByLimit] = {}
    for rows in groups.values():
        worst = excess[rows[0]].map(lambda _, *tables: np.argmax(tables, axis=0), *[excess[row] for row in rows[1:]])
        for number, row in enumerate(rows):
            of_worst[row] = excess[row].map(
                lambda _, table, worst, n=number: np.where(worst == n, table, -np.inf), worst
            )
    return of_worst
