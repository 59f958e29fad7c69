r"""Curtailment as forms, in kW: no state, the curtailed power C of the schedule and T = C + P_up in scenario "up".

.. math::

    0 \le C \le T \le \bar G, \qquad T - C \le \bar P_{up}, \qquad \Delta T \sum C \le E

C stands in the column of scenario "down", in which nothing else is curtailed, or of the plan of a band, whose edges are
C and T: without a state calls of any sequence are those of one period. No form has it where the schedule may not
curtail. Where reactive power is chosen, three more columns are what its load adds to that of the available feed-in,
:math:`Q_0`, in the schedule and in both scenarios; with r the ratio q/p of the least power factor,

.. math::

    0 \le Q_0 + Q \le r\, (G - C), \qquad \text{and } G - T \text{ in scenario "up"}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, REACTIVE, Chain, Loads
from pandapower_evflex.elements.ev_band import CONTROLS
from pandapower_evflex.elements.ev_forms import Limits, forms_where
from pandapower_evflex.elements.generators import Generators
from pandapower_evflex.solvers.chains.forms import Forms, Rows

#: share of its range at which reactive power starts
START_REACTIVE = 0.2
#: energy beyond the least that leaves the schedule an interior, relative; with less solvers stall
ENERGY_ROOM = 1e-5


@dataclass(frozen=True)
class Columns:
    """Columns of x, by the names that other kinds give them: states and controls that no form has, T and C.

    Where reactive power is chosen, Q of each load comes behind them.
    """

    states: tuple[str, ...]
    controls: tuple[str, ...]
    activated: str
    curtailed: str

    def at(self, name: str) -> int:
        return (self.states + self.controls).index(name)

    def __len__(self) -> int:
        return len(self.states) + len(self.controls)


def columns_of(data: Generators) -> Columns:
    chooses_q = data.chooses_q.any()
    more = tuple(REACTIVE.values()) if chooses_q else ()
    if data.has_band:
        plan, edge = CONTROLS
        return Columns(("energy_lower", "energy_upper"), (plan, edge, *more), activated=edge, curtailed=plan)
    unused = ("fed_in",) if chooses_q else ()
    return Columns(("energy",), ("load_up", "load_down", *unused, *more), activated="load_up", curtailed="load_down")


def chain_of(data: Generators) -> Chain:
    """Forms of all slots."""
    n, offered, nothing = len(data.unit), data.offers["up"].offered, np.zeros(len(data.unit))
    columns = columns_of(data)
    curtailed = _column(columns, columns.curtailed, np.full(n, data.curtails))
    activated = np.where(offered[:, None], _column(columns, columns.activated, offered), curtailed)
    every = np.arange(n)
    loads = {
        name: Loads(Forms(every, coefficient), nothing)
        for name, coefficient in (("base", curtailed), ("up", activated), ("down", curtailed))
    }
    limits = _limits(data, curtailed, activated)
    if data.chooses_q.any():
        loads |= _reactive_loads(data, columns)
        limits += _reactive_limits(data, loads)
    low, high, start, quiet = _ranges(data, columns)
    return chain_with(
        data,
        offered,
        loads,
        limits,
        states=columns.states,
        controls=columns.controls,
        follows=np.zeros(n, dtype=bool),
        free=np.zeros((n, len(columns.states)), dtype=bool),
        low=low,
        high=high,
        start=start,
        quiet=quiet,
    )


def chain_with(
    data: Generators, offered: BoolArray, loads: Mapping[str, Loads], limits: Limits, **variables: Any
) -> Chain:
    """What every chain of curtailment has; ``variables`` are its states and controls, their links and ranges."""
    n = len(data.unit)
    sums, sums_b = energy_row(data, loads["base"].forms)
    return Chain(
        bus_row=data.bus_row,
        tan_phi=data.tan_phi,
        fixed_p=np.zeros(data.most.shape),
        unit=data.unit,
        period=data.period,
        limits=Forms.join([forms for forms, _ in limits]),
        bound=np.concatenate([b for _, b in limits]),
        loads=loads,
        offered={"up": offered, "down": np.zeros(n, dtype=bool)},
        weight={d: offers.weight for d, offers in data.offers.items()},
        p_min=np.zeros(n),
        p_max=data.most_of_slots,
        sums=sums,
        sums_b=sums_b,
        **variables,
    )


def _column(columns: Columns, name: str, chosen: BoolArray) -> FloatArray:
    """Coefficients of forms that are one column where chosen, nothing elsewhere."""
    coefficient = np.zeros((len(chosen), len(columns.states) + len(columns)))
    coefficient[chosen, len(columns.states) + columns.at(name)] = 1.0
    return coefficient


def _limits(data: Generators, curtailed: FloatArray, activated: FloatArray) -> Limits:
    """0 <= C <= T <= most, T - C <= cap, where a variable moves them."""
    up, most = data.offers["up"], data.most[data.period, data.unit] * KW
    capped = up.offered & (up.p_max * KW < most)
    moves, curtails = (np.any(coefficient != 0.0, axis=1) for coefficient in (activated, curtailed))
    return [
        (forms_where(moves, activated), most[moves]),
        (forms_where(curtails, -curtailed), np.zeros(int(curtails.sum()))),
        (forms_where(up.offered, curtailed - activated), np.zeros(int(up.offered.sum()))),
        (forms_where(capped, activated - curtailed), up.p_max[capped] * KW),
    ]


def _reactive_loads(data: Generators, columns: Columns) -> dict[str, Loads]:
    """Reactive load beside that of the available feed-in, kvar."""
    n, chosen = len(data.unit), data.chooses_q[data.unit]
    return {name: Loads(Forms(np.arange(n), _column(columns, name, chosen)), np.zeros(n)) for name in REACTIVE.values()}


def _reactive_limits(data: Generators, loads: Mapping[str, Loads]) -> Limits:
    """0 <= Q_0 + Q <= r times what is fed in."""
    at, chosen, limits = (data.period, data.unit), data.chooses_q[data.unit], Limits()
    itself, ratio = -data.reactive[at] * KW, data.q_ratio[data.unit]
    for activation, name in REACTIVE.items():
        q, curtailed = (loads[of].forms.coefficient for of in (name, activation))
        most = ratio * data.available[at] * KW - itself
        limits.append((forms_where(chosen, -q), itself[chosen]))
        limits.append((forms_where(chosen, q + np.nan_to_num(ratio)[:, None] * curtailed), most[chosen]))
    return limits


def energy_row(data: Generators, curtailed: Forms) -> tuple[Rows, FloatArray]:
    """The energy that the schedule curtails, kWh."""
    if not data.curtails or np.isinf(data.energy_mwh):
        return Rows.none(), np.empty(0)
    n = len(curtailed)
    row = Rows(1, np.zeros(n, dtype=np.int64), curtailed.times(np.full(n, data.period_h)))
    return row, np.array([data.energy_mwh * KW * (1.0 + ENERGY_ROOM)])


def _ranges(data: Generators, columns: Columns) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The box of all points, and two starts: with all that may be curtailed under activation, and with the schedule."""
    at, offered = (data.period, data.unit), data.offers["up"].offered
    most, begun = data.most[at] * KW, data.start[at] * KW
    low, high, start = (np.zeros((len(most), len(columns))) for _ in range(3))
    activated, curtailed = columns.at(columns.activated), columns.at(columns.curtailed)
    high[:, activated] = start[:, activated] = np.where(offered, most, 0.0)
    high[:, curtailed] = most if data.curtails else 0.0
    start[:, curtailed] = begun
    if data.chooses_q.any():
        chosen, ratio = data.chooses_q[data.unit, None], np.nan_to_num(data.q_ratio)[data.unit, None]
        reactive, itself = [columns.at(name) for name in REACTIVE.values()], -data.reactive[at][:, None] * KW
        low[:, reactive] = np.where(chosen, -itself, 0.0)
        high[:, reactive] = np.where(chosen, ratio * data.available[at][:, None] * KW - itself, 0.0)
        start[:, reactive] = low[:, reactive] + START_REACTIVE * (high - low)[:, reactive]
    quiet = start.copy()
    quiet[:, activated] = np.where(offered, begun, 0.0)
    return low, high, start, quiet
