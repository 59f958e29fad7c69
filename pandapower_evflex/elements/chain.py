"""The record of flexible elements that solvers see: slots in order of time, limits as forms, loads (kW, kWh)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms, Rows

#: kW per pu (1 MVA); Ipopt's dual tolerance is absolute, and an objective in MW would end 1e-5 short of the optimum
KW = 1e3
#: loads of a slot that may feed in with losses: the two parts of the schedule
SPLIT = ("charged", "fed_in")
#: reactive loads of a slot that are chosen beside what follows the active power, by activation
REACTIVE = {"base": "q_base", "up": "q_up", "down": "q_down"}
#: loads of a slot: the schedule, and under full activation
LOADS = ("base", "up", "down")


@dataclass(frozen=True)
class Loads:
    """Load of every slot in one scenario: forms, and the part that no variable moves (kW)."""

    forms: Forms
    constant: FloatArray

    def kw(self, x: FloatArray) -> FloatArray:
        return self.forms.values(x) + self.constant


@dataclass(frozen=True)
class Chain:
    """All units of one kind, or of several kinds one after the other.

    A slot is one unit in one period in which there is something to choose; slots are in order of unit and time. A slot
    has a column of x for every one of its m states and k controls; a column that no form uses does not exist.

    Parameters
    ----------
    states, controls : tuple of str    names of the columns of x, states first
    bus_row : int [n_unit]             row of the grid
    tan_phi : float [n_period, n_unit]    reactive over active power, consumer sense (inductive positive)
    fixed_p : float [n_period, n_unit]    MW; load where a unit has no slot, 0 where it has one
    unit, period : int [n_slot]
    follows : bool [n_slot]            the states before are those of slot i - 1
    free : bool [n_slot, m]            False: no state to choose, it is at `high`
    limits : Forms, bound : float      a (states before, states, controls) <= b
    low, high : float [n_slot, m + k]  box that contains every feasible x
    start, quiet : float [n_slot, m + k]    inside; with loads as high as a start may have them, and as low
    loads : {row: Loads}               of every slot, by `Scenario.load`; "base" is the schedule
    offered : {"up", "down"}           bool [n_slot]
    weight : {"up", "down"}            C of (4) [n_slot]
    p_min, p_max : float [n_slot]      MW, the least and the greatest load; shares of flexibility are of the latter
    sums : Rows, sums_b : float        rows over many slots, sums x <= sums_b
    """

    states: tuple[str, ...]
    controls: tuple[str, ...]
    bus_row: IntArray
    tan_phi: FloatArray
    fixed_p: FloatArray
    unit: IntArray
    period: IntArray
    follows: BoolArray
    free: BoolArray
    limits: Forms
    bound: FloatArray
    low: FloatArray
    high: FloatArray
    start: FloatArray
    quiet: FloatArray
    loads: Mapping[str, Loads]
    offered: Mapping[str, BoolArray]
    weight: Mapping[str, FloatArray]
    p_min: FloatArray
    p_max: FloatArray
    sums: Rows = field(default_factory=Rows.none)
    sums_b: FloatArray = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of x."""
        return self.states + self.controls

    def with_controls(self, controls: tuple[str, ...]) -> Chain:
        """With further controls, which no form of these units uses."""
        more = len(controls) - len(self.controls)
        if not more:
            return self
        assert controls[: len(self.controls)] == self.controls

        def wider(forms: Forms) -> Forms:
            at = [2 * len(self.states) + len(self.controls)] * more
            return Forms(forms.slot, np.insert(forms.coefficient, at, 0.0, axis=1), forms.ahead)

        boxes: dict[str, Any] = {
            name: np.pad(getattr(self, name), ((0, 0), (0, more))) for name in ("low", "high", "start", "quiet")
        }
        loads = {name: Loads(wider(load.forms), load.constant) for name, load in self.loads.items()}
        sums = replace(self.sums, forms=wider(self.sums.forms)) if self.sums.n_rows else self.sums
        return replace(self, controls=controls, limits=wider(self.limits), loads=loads, sums=sums, **boxes)

    def load_named(self, name: str) -> Loads:
        """A load that some kinds alone have: those that lose nothing charge their load and feed in none."""
        if name in self.loads or name not in ("fed_in", *REACTIVE.values()):
            return self.loads.get(name, self.loads["base"])
        base = self.loads["base"]
        return Loads(base.forms.times(np.zeros(len(base.forms))), np.zeros(len(base.constant)))

    @property
    def least(self) -> FloatArray:
        """The least load of every unit [n_period, n_unit], MW."""
        return self._loads_of(self.p_min)

    @property
    def greatest(self) -> FloatArray:
        return self._loads_of(self.p_max)

    @property
    def idle(self) -> FloatArray:
        """Every unit with no more load than it must draw, and nothing that it could feed in."""
        return self._loads_of(np.clip(0.0, self.p_min, self.p_max))

    @cached_property
    def tan_phi_of_slot(self) -> FloatArray:
        """Reactive over active power [n_slot]."""
        return self.tan_phi[self.period, self.unit]

    @property
    def feeds_in(self) -> bool:
        return bool(np.any(self.p_min < 0.0))

    def _loads_of(self, p: FloatArray) -> FloatArray:
        loads = self.fixed_p.copy()
        loads[self.period, self.unit] = p
        return loads

    @classmethod
    def joined(cls, chains: Sequence[Chain]) -> Chain:
        """Units and slots one after the other."""
        if len(chains) == 1:
            return chains[0]
        chains = [chain.with_controls(max((c.controls for c in chains), key=len)) for chain in chains]
        n_units = np.cumsum([0, *[len(chain.bus_row) for chain in chains]])
        n_slots = np.cumsum([0, *[len(chain) for chain in chains]])

        def together(name: str, axis: int = 0) -> Any:
            return np.concatenate([getattr(chain, name) for chain in chains], axis=axis)

        def moved(forms: Sequence[Forms]) -> Forms:
            return Forms.join([moved_by(f, n) for f, n in zip(forms, n_slots, strict=False)])

        def moved_by(forms: Forms, n: int) -> Forms:
            return Forms(forms.slot + n, forms.coefficient, forms.ahead)

        plain = ("bus_row", "period", "follows", "free", "bound", "low", "high", "start", "quiet", "sums_b")
        sums = [
            replace(chain.sums, forms=moved_by(chain.sums.forms, n))
            for chain, n in zip(chains, n_slots, strict=False)
            if chain.sums.n_rows
        ]
        return cls(
            states=chains[0].states,
            controls=chains[0].controls,
            **{name: together(name) for name in (*plain, "p_min", "p_max")},
            tan_phi=together("tan_phi", axis=1),
            fixed_p=together("fixed_p", axis=1),
            unit=np.concatenate([chain.unit + n for chain, n in zip(chains, n_units, strict=False)]),
            limits=moved([chain.limits for chain in chains]),
            loads={
                name: Loads(
                    moved([chain.load_named(name).forms for chain in chains]),
                    np.concatenate([chain.load_named(name).constant for chain in chains]),
                )
                for name in dict.fromkeys(name for chain in chains for name in chain.loads)
            },
            offered={d: np.concatenate([chain.offered[d] for chain in chains]) for d in DIRECTIONS},
            weight={d: np.concatenate([chain.weight[d] for chain in chains]) for d in DIRECTIONS},
            sums=Rows.join(sums) if sums else Rows.none(),
        )
