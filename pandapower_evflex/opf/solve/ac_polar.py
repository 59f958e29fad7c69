"""Network part of the problem: AC power flow in polar voltages with its limits, over a list of blocks.

A block is one (scenario, period) with voltages of its own. Blocks that cannot bind are never built: that, and not
faster derivatives, is where the time goes. Equation numbers are those of the first paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.elements.chain import KW, REACTIVE, Loads
from pandapower_evflex.kernels import BUS_PAIR_POWER, SQUARE
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.nlp.problem import ProblemBuilder
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.chain_variables import ChainVariables
from pandapower_evflex.scenarios import Scenario


@dataclass(frozen=True)
class Blocks:
    """The (scenario, period) pairs that get voltages.

    Parameters
    ----------
    scenario : list of Scenario [n_block]
    period : int [n_block]
    limited : ByLimit of bool           which limits need a row in each
    v_start : complex [n_block, n_bus]
    """

    scenario: list[Scenario]
    period: IntArray
    limited: ByLimit
    v_start: ComplexArray

    def __len__(self) -> int:
        return len(self.scenario)


@dataclass(frozen=True)
class BlockLoads:
    """Loads of one scenario at their blocks and buses: (7), and (8) with the activated or the scheduled power.

    ``chosen`` is the reactive load beside it, None where there is none.
    """

    block: IntArray
    bus: IntArray
    slot: IntArray
    active: Loads
    reactive: Loads
    tan_phi: FloatArray
    chosen: Loads | None

    def constant(self, shape: tuple[int, ...]) -> ComplexArray:
        """Part that no variable moves, pu [n_block, n_bus]."""
        s = np.zeros(shape, dtype=np.complex128)
        power = self.active.constant[self.slot] + 1j * self.tan_phi * self.reactive.constant[self.slot]
        if self.chosen is not None:
            power = power + 1j * self.chosen.constant[self.slot]
        np.add.at(s, (self.block, self.bus), power / KW)
        return s

    def add_to(self, builder: ProblemBuilder, chain: ChainVariables, p_rows: IntArray, q_rows: IntArray) -> None:
        """The part that variables move, in the rows of the power balance."""
        every = np.ones(len(self.bus))
        parts = [(p_rows, self.active, every), (q_rows, self.reactive, self.tan_phi)]
        if self.chosen is not None:
            parts.append((q_rows, self.chosen, every))
        for rows, loads, factor in parts:
            at = rows[self.block, self.bus]
            used = np.flatnonzero((at >= 0) & (factor != 0))
            chain.add_to(builder, at[used], loads.forms.of(self.slot[used]), factor[used] / KW)


def _loads_of(case: Case, blocks: Blocks, scenario: Scenario) -> BlockLoads:
    chain = case.chain
    block_of_period = np.full(case.horizon.n_periods, -1)
    own = np.flatnonzero([of_block == scenario for of_block in blocks.scenario])
    block_of_period[blocks.period[own]] = own
    block = block_of_period[chain.period]
    slot = np.flatnonzero(block >= 0)
    unit = chain.unit[slot]
    active = chain.loads[scenario.load]
    reactive = active if case.q_follows_flexibility else chain.loads["base"]
    chosen = chain.loads.get(REACTIVE[scenario.activation])
    return BlockLoads(block[slot], chain.bus_row[unit], slot, active, reactive, chain.tan_phi_of_slot[slot], chosen)


def add_network(builder: ProblemBuilder, case: Case, chain: ChainVariables, blocks: Blocks) -> None:
    """Voltages, power balance with the loads of the elements, and the limits of every block."""
    if not len(blocks):
        return
    va, vm = _add_voltages(builder, case, blocks)
    loads = [_loads_of(case, blocks, scenario) for scenario in dict.fromkeys(blocks.scenario)]
    p_rows, q_rows = _add_balance_rows(builder, case, blocks, loads)
    _add_network_power(builder, case.grid, va, vm, p_rows, q_rows)
    for load in loads:
        load.add_to(builder, chain, p_rows, q_rows)
    allowed = case.seen_limits.at(blocks.period)
    for limit in LIMITS:
        limit.add_to(builder, case.grid, va, vm, allowed[limit], blocks.limited[limit])


def _add_voltages(builder: ProblemBuilder, case: Case, blocks: Blocks) -> tuple[IntArray, IntArray]:
    """(13); slack and held voltages are variables with equal bounds, which the solver takes as constants."""
    grid = case.grid
    angle, magnitude = np.angle(blocks.v_start), np.abs(blocks.v_start)
    va_lower, va_upper = np.full_like(angle, -np.inf), np.full_like(angle, np.inf)
    vm_lower, vm_upper = np.full_like(magnitude, -np.inf), np.full_like(magnitude, np.inf)
    slack, set_points = grid.slack, grid.set_points[grid.slack]
    angle[:, slack] = va_lower[:, slack] = va_upper[:, slack] = np.angle(set_points)
    fixed = grid.fixed_vm
    magnitude[:, fixed] = vm_lower[:, fixed] = vm_upper[:, fixed] = np.abs(grid.set_points[fixed])
    va = builder.x.add("va", angle.shape, lower=va_lower, upper=va_upper, start=angle)
    vm = builder.x.add("vm", magnitude.shape, lower=vm_lower, upper=vm_upper, start=magnitude)
    return va, vm


def _add_balance_rows(
    builder: ProblemBuilder, case: Case, blocks: Blocks, loads: list[BlockLoads]
) -> tuple[IntArray, IntArray]:
    """Rows of (9) and (10), -1 where a bus has none: P at the slack, Q where the voltage is held."""
    grid, n_block = case.grid, len(blocks)
    injection = case.fixed_injections(list(zip(blocks.scenario, blocks.period.tolist(), strict=True)))
    for load in loads:
        injection -= load.constant(injection.shape)
    rows = []
    for name, value, without in (
        ("p_balance", injection.real, grid.slack),
        ("q_balance", injection.imag, grid.fixed_vm),
    ):
        buses = np.setdiff1d(np.arange(grid.y_bus.shape[0]), without)
        row = np.full((n_block, grid.y_bus.shape[0]), -1)
        row[:, buses] = builder.g.add(name, (n_block, len(buses)), lower=value[:, buses], upper=value[:, buses])
        rows.append(row)
    return rows[0], rows[1]


def _add_network_power(
    builder: ProblemBuilder, grid: Grid, va: IntArray, vm: IntArray, p_rows: IntArray, q_rows: IntArray
) -> None:
    """(11), (12)"""
    y = grid.y_bus.tocoo()
    off = (y.row != y.col) & (y.data != 0)
    k, m, g, b = y.row[off], y.col[off], y.data.real[off], y.data.imag[off]
    own = grid.y_bus.diagonal()
    for rows, pair, diagonal in ((p_rows, (g, b), own.real), (q_rows, (-b, g), -own.imag)):
        columns = np.stack([va[:, k], va[:, m], vm[:, k], vm[:, m]], axis=-1)
        parameters = np.broadcast_to(np.stack(pair, axis=-1), (*columns.shape[:2], 2))
        used = rows[:, k] >= 0
        builder.add_term(BUS_PAIR_POWER, rows[:, k][used], columns[used], parameters[used])
        used = rows >= 0
        builder.add_term(SQUARE, rows[used], vm[used][:, None], np.broadcast_to(diagonal, rows.shape)[used][:, None])
