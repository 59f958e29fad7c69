"""The network as rows over EV loads alone: power flow and adjoints in place of voltages as variables."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW, REACTIVE
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit, excess_of, rows_of, values_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.chains import Chains
from pandapower_evflex.opf.solve.known_limits import KnownLimits
from pandapower_evflex.opf.solve.limit_curvature import (
    FEW_MODES,
    MANY_BLOCKS,
    N_MODES,
    LimitCurvature,
    Ports,
    measure_modes,
)
from pandapower_evflex.opf.solve.screening import NeededBlocks
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from pandapower_evflex.scenarios import Scenario
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.problem import Curvature, DenseCurvature

#: most limits of a kind that join per block and evaluation: their neighbours follow only if they bind too
JOIN_AT_ONCE = 2
#: relative excess up to which the start may break a limit in squares, which grows with every load
ROUGHLY = 0.5
#: h from which on a limit that is not convex leaves no certificate
NEARLY_BINDING = -1e-3
#: number of earlier points at which the final tangents are tried
POINTS_KEPT = 30
#: h by which a tangent may cut off a point that keeps its limit: the tolerance of the power flow
CONVEX = 1e-8


@dataclass(frozen=True)
class Block:
    scenario: Scenario
    period: int
    slots: IntArray


def blocks_of(case: Case, needed: NeededBlocks) -> list[Block]:
    period = case.chain.period
    return [
        Block(scenario, int(t), np.flatnonzero(period == t))
        for scenario, of_scenario in needed.needed.items()
        for t in np.flatnonzero(of_scenario)
    ]


@dataclass(frozen=True)
class _Entries:
    """Every load that a row depends on: its slot and port, and what one unit draws at the bus of the port."""

    row: IntArray
    port: IntArray
    forms: Forms

    def joined(self, more: _Entries) -> _Entries:
        """With those of rows that follow."""
        row, port = (np.concatenate(pair) for pair in ((self.row, more.row), (self.port, more.port)))
        return _Entries(row, port, Forms.join([self.forms, more.forms]))

    @classmethod
    def moving(cls, row: IntArray, port: IntArray, forms: Forms) -> _Entries:
        """In order of row; loads that no variable moves would tie a block to slots that it has nothing to do with."""
        moved = np.flatnonzero(np.any(forms.coefficient != 0.0, axis=1))
        order = moved[np.argsort(row[moved], kind="stable")]
        return cls(row[order], port[order], forms.of(order))


@dataclass
class ReducedNetwork:
    """Coupling rows of the given blocks; near-binding limits join on the way.

    Parameters
    ----------
    blocks : list of Block    those in which no load can change are left out: rounding alone decides whether they hold
    room : float              h up to which a limit counts as kept
    known : KnownLimits       what earlier solves of the case have met joins at the first point; what this one meets is
                              added
    """

    case: Case
    flow: BatchedPowerFlow
    chains: Chains
    blocks: list[Block]
    room: float = 0.0
    known: KnownLimits = field(default_factory=KnownLimits)
    rows: list[tuple[int, int, int]] = field(default_factory=list, init=False)  #: block, kind, position

    def __post_init__(self) -> None:
        self.blocks = [block for block in self.blocks if self._changes(block)]
        self._limits = self.case.seen_limits.at(np.array([block.period for block in self.blocks], dtype=np.int64))
        self._has_joined = self._limits.map(lambda _, table: np.zeros(table.shape, dtype=bool))
        chain = self.case.chain
        self._chooses_q = REACTIVE["base"] in chain.loads
        varies = self._chooses_q or np.ptp(chain.tan_phi, axis=0).any()
        self._power_factors_hold = self.case.q_follows_flexibility and not varies
        if self._power_factors_hold:
            kinds = np.stack([chain.bus_row, 1.0 + 1j * chain.tan_phi[0]], axis=1)
        else:
            kinds = np.stack([np.tile(chain.bus_row, 2), np.repeat([1.0, 1.0j], len(chain.bus_row))], axis=1)
        ports, port_of_unit = np.unique(kinds, axis=0, return_inverse=True)
        self._ports = Ports(ports[:, 0].real.astype(np.int64), ports[:, 1])
        self._port_of_unit = port_of_unit.reshape(-1, len(chain.bus_row))
        self._met: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=POINTS_KEPT)
        self._prepare_loads()
        self._v: ComplexArray = self.flow.start(self._without_slots)
        self._entries = self._entries_of_rows(0)
        self._lay_out(0)

    def _changes(self, block: Block) -> bool:
        active = self.chains.loads[block.scenario.load].forms.coefficient[block.slots]
        if not self.case.q_follows_flexibility:
            active = active + np.abs(self.chains.loads["base"].forms.coefficient[block.slots])
        if REACTIVE["base"] in self.chains.loads:
            reactive = self.chains.loads[REACTIVE[block.scenario.activation]]
            active = active + np.abs(reactive.forms.coefficient[block.slots])
        return bool(np.any(active != 0.0))

    def injections(self, x: FloatArray) -> ComplexArray:
        """[n_block, n_bus]"""
        s = self._without_slots.copy()
        for forms, constant, factor in self._loads:
            load = (forms.values(x) + constant) / KW
            np.subtract.at(s, (self._block_of_slot, self._bus_of_slot), load * factor)
        return s

    def _prepare_loads(self) -> None:
        """Loads of all blocks in one go: forms and constants [kW], and what a unit draws."""
        case, chain = self.case, self.case.chain
        own = [block.slots for block in self.blocks]
        slot = np.concatenate([np.empty(0, dtype=np.int64), *own])
        self._block_of_slot = np.repeat(np.arange(len(own)), [len(part) for part in own])
        self._bus_of_slot = chain.bus_row[chain.unit[slot]]
        self._without_slots = case.fixed_injections([(block.scenario, block.period) for block in self.blocks])
        active, constant = self._joined([block.scenario.load for block in self.blocks])
        tan_phi = chain.tan_phi_of_slot[slot]
        if case.q_follows_flexibility:
            self._loads = [(active, constant, 1.0 + 1j * tan_phi)]
        else:
            base = self.chains.loads["base"]
            self._loads = [
                (active, constant, np.ones(len(slot))),
                (base.forms.of(slot), base.constant[slot], 1j * tan_phi),
            ]
        if self._chooses_q:
            chosen, constant = self._joined([REACTIVE[block.scenario.activation] for block in self.blocks])
            self._loads.append((chosen, constant, 1.0j * np.ones(len(slot))))

    def _joined(self, names: list[str]) -> tuple[Forms, FloatArray]:
        """Loads of the slots of all blocks, one name per block."""
        parts = [(self.chains.loads[name], block.slots) for name, block in zip(names, self.blocks, strict=True)]
        forms = Forms.join([Forms.none(), *[load.forms.of(slots) for load, slots in parts]])
        return forms, np.concatenate([np.empty(0), *[load.constant[slots] for load, slots in parts]])

    def evaluate(self, x: FloatArray) -> tuple[FloatArray, Rows] | None:
        if not self.blocks:
            return np.empty(0), Rows.none()
        flows = self.flow.solve(self.injections(x), self._v)
        if not flows.converged.all():
            return None
        self._v = flows.v
        h_of_all = rows_of(self._limits, values_of(self.case.grid, flows.v))
        self._join(self._near(h_of_all) if self._met else [*self._met_before(), *self._near(h_of_all)])
        limits = self._limit_rows()
        h = limits.values(h_of_all) - self.room
        rows = self._gradient_rows(limit_gradients(self.flow, limits, flows.v, self._limits))
        self._met.append((x, h))
        return h, rows

    def cut_feasible_point(self, x: FloatArray, h: FloatArray, rows: Rows, n_sums: int) -> bool:
        """Whether the tangents at x cut off a point met on the way that keeps the limit: h is not convex then.

        Either may have been met before later rows joined. The first ``n_sums`` rows are not of the network.
        """
        tangent = rows.values(x) - h
        for x_met, h_met in self._met:
            n = min(len(h) - n_sums, len(h_met))
            if np.any((h_met[:n] <= 0.0) & ((rows.values(x_met) - tangent)[n_sums:][:n] > CONVEX)):
                return True
        return False

    def doubt(self, h: FloatArray) -> str:
        """What a limit that is not convex and near binding leaves in doubt; farther ones hardly count in a bound."""
        near = {kind for (_, kind, _), value in zip(self.rows, h, strict=False) if value > NEARLY_BINDING}
        return next((limit.doubt for kind, limit in enumerate(LIMITS) if kind in near and limit.doubt), "")

    def roughly_holds(self, x: FloatArray) -> bool:
        """A power flow exists and no branch is loaded far beyond its limit."""
        flows = self.flow.solve(self.injections(x))
        excess = excess_of(self._limits, values_of(self.case.grid, flows.v))
        over = excess.map(lambda limit, table: table > ROUGHLY if limit.squared else np.zeros(table.shape, dtype=bool))
        return bool(flows.converged.all() and not over.exceeds(0.5).any())

    def _limit_rows(self) -> LimitRows:
        return LimitRows.of(self.rows)

    def _met_before(self) -> list[tuple[int, int, int]]:
        """Rows of earlier solves, in the blocks there are."""
        number = {(block.scenario, block.period): n for n, block in enumerate(self.blocks)}
        return [
            (number[scenario, period], kind, position)
            for scenario, period, kind, position in self.known.places
            if (scenario, period) in number
        ]

    def _near(self, h: ByLimit) -> list[tuple[int, int, int]]:
        found = []
        for kind, (limit, value, joined) in enumerate(zip(LIMITS, h, self._has_joined, strict=True)):
            near = value > limit.near
            for number in np.flatnonzero((near & ~joined).any(axis=1)):
                worst = np.argsort(value[number])[::-1][:JOIN_AT_ONCE]
                found += [(int(number), kind, int(position)) for position in worst[near[number][worst]]]
        return found

    def _join(self, rows: list[tuple[int, int, int]]) -> None:
        before = len(self.rows)
        for number, kind, position in rows:
            if not self._has_joined.tables[kind][number, position]:
                self._has_joined.tables[kind][number, position] = True
                self.rows.append((number, kind, position))
                self.known.places[self.blocks[number].scenario, self.blocks[number].period, kind, position] = None
        if len(self.rows) > before:
            self._lay_out(before)

    def _gradient_rows(self, gradient: ComplexArray) -> Rows:
        entries, ports = self._entries, self._ports
        g = gradient[:, ports.bus]
        slope = g.real * ports.power.real + g.imag * ports.power.imag
        return Rows(len(self.rows), entries.row, entries.forms.times(slope[entries.row, entries.port]))

    def curvature(self, multipliers: FloatArray) -> Curvature:
        return self._curvature.of(multipliers)

    def n_modes(self, multipliers: FloatArray) -> int:
        return self._curvature.n_modes(multipliers)

    def dense_curvature(self, multipliers: FloatArray) -> DenseCurvature:
        return self._curvature.dense(multipliers)

    def _lay_out(self, before: int) -> None:
        """Entries and curvature of all rows, whenever rows have joined those ``before``."""
        self._entries = self._entries.joined(self._entries_of_rows(before))
        keys = [(self.blocks[number].scenario.activation, kind, position) for number, kind, position in self.rows]
        self._measure_new(keys)
        distinct = list(dict.fromkeys(keys))
        number_of = {key: number for number, key in enumerate(distinct)}
        self._curvature = LimitCurvature(
            [self.known.modes[key] for key in distinct],
            np.array([number_of[key] for key in keys], dtype=np.int64),
            np.array([number for number, _, _ in self.rows], dtype=np.int64),
            self._entries.row,
            self._entries.port,
            self._entries.forms,
            int(np.bincount(self._port_of_unit.ravel()).max()),
        )

    def _measure_new(self, keys: list[tuple[str, int, int]]) -> None:
        """Curvature of limits that no solve has met yet, each in the block of the first of its rows."""
        in_block: dict[int, list[tuple[str, int, int]]] = {}
        for key, (number, _, _) in dict(zip(reversed(keys), reversed(self.rows), strict=True)).items():
            if key not in self.known.modes:
                in_block.setdefault(number, []).append(key)
        n_modes = FEW_MODES if len(self.blocks) > MANY_BLOCKS or self.chains.problem.ahead else N_MODES
        for number, new in in_block.items():
            at = [(kind, position) for _, kind, position in new]
            modes = measure_modes(self.flow, self._v[number], at, self._ports, n_modes)
            self.known.modes.update(zip(new, modes, strict=True))

    def _entries_of_rows(self, first: int) -> _Entries:
        """Of the rows from ``first`` on."""
        own = [self.blocks[number].slots for number, _, _ in self.rows[first:]]
        slot = np.concatenate([np.empty(0, dtype=np.int64), *own])
        row = np.repeat(np.arange(len(own)), [len(part) for part in own])
        scenarios = [self.blocks[number].scenario for number, _, _ in self.rows[first:]]
        base = self.chains.loads["base"].forms.of(slot)
        drawn = self._forms_by_row([scenario.load for scenario in scenarios], row, slot)
        port = self._port_of_unit[:, self.case.chain.unit[slot]]
        if self._power_factors_hold:
            return _Entries.moving(first + row, port[0], drawn)
        tan_phi = self.case.chain.tan_phi_of_slot[slot]
        reactive = drawn.times(tan_phi) if self.case.q_follows_flexibility else base.times(tan_phi / KW)
        parts = [(port[0], drawn), (port[1], reactive)]
        if self._chooses_q:
            names = [REACTIVE[scenario.activation] for scenario in scenarios]
            parts.append((port[1], self._forms_by_row(names, row, slot)))
        ports = np.concatenate([of_part for of_part, _ in parts])
        return _Entries.moving(first + np.tile(row, len(parts)), ports, Forms.join([forms for _, forms in parts]))

    def _forms_by_row(self, names: list[str], row: IntArray, slot: IntArray) -> Forms:
        """Loads of slots, of the name of each row, pu."""
        base = self.chains.loads["base"].forms.of(slot)
        at, coefficient = base.slot.copy(), np.empty_like(base.coefficient)
        name_of_entry = np.array(names, dtype=object)[row]
        for name in dict.fromkeys(names):
            chosen = name_of_entry == name
            forms = self.chains.loads[name].forms.of(slot[chosen])
            at[chosen], coefficient[chosen] = forms.slot, forms.coefficient / KW
        return Forms(at, coefficient, base.ahead)
