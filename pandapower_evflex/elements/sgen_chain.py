r"""Curtailment as forms, in kW: no state, the curtailed power C of the schedule and T = C + P_up in scenario "up".

.. math::

    0 \le C \le T \le \bar G, \qquad T - C \le \bar P_{up}, \qquad \Delta T \sum C \le E

C stands in the column of scenario "down", in which nothing else is curtailed; no form has it where the schedule may
not curtail. Where reactive power is chosen, three more columns are what its load adds to that of the available feed-in,
:math:`Q_0`, in the schedule and in both scenarios; with r the ratio q/p of the least power factor,

.. math::

    0 \le Q_0 + Q \le r\, (G - C), \qquad \text{and } G - T \text{ in scenario "up"}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, REACTIVE, Chain, Loads
from pandapower_evflex.elements.ev_chain import DOWN, UP
from pandapower_evflex.elements.ev_forms import Limits, forms_where
from pandapower_evflex.solvers.chains.forms import Forms, Rows

if TYPE_CHECKING:
    from pandapower_evflex.elements.sgen import Generators

#: columns of x: a state that no form has, T and C; with reactive power one more that no form has, and Q of each load
N_COLUMNS, Q_COLUMNS = 3, {"base": 4, "up": 5, "down": 6}
#: share of its range at which reactive power starts
START_REACTIVE = 0.2
#: energy beyond the least that leaves the schedule an interior, relative; with less solvers stall
ENERGY_ROOM = 1e-5


def chain_of(data: Generators) -> Chain:
    """Forms of all slots."""
    n, offered, nothing = len(data.unit), data.offers["up"].offered, np.zeros(len(data.unit))
    curtailed = _column(data, DOWN, np.full(n, data.curtails))
    activated = np.where(offered[:, None], _column(data, UP, offered), curtailed)
    every = np.arange(n)
    loads = {
        name: Loads(Forms(every, coefficient), nothing)
        for name, coefficient in (("base", curtailed), ("up", activated), ("down", curtailed))
    }
    limits = _limits(data, curtailed, activated)
    controls: tuple[str, ...] = ("load_up", "load_down")
    if data.chooses_q.any():
        controls = (*controls, "fed_in", *REACTIVE.values())
        loads |= _reactive_loads(data)
        limits += _reactive_limits(data, loads)
    sums, sums_b = _energy(data, loads["base"].forms)
    low, high, start, quiet = _ranges(data)
    return Chain(
        states=("energy",),
        controls=controls,
        bus_row=data.bus_row,
        tan_phi=data.tan_phi,
        fixed_p=np.zeros(data.most.shape),
        unit=data.unit,
        period=data.period,
        follows=np.zeros(n, dtype=bool),
        free=np.zeros((n, 1), dtype=bool),
        limits=Forms.join([forms for forms, _ in limits]),
        bound=np.concatenate([b for _, b in limits]),
        low=low,
        high=high,
        start=start,
        quiet=quiet,
        loads=loads,
        offered={"up": offered, "down": np.zeros(n, dtype=bool)},
        weight={d: offers.weight for d, offers in data.offers.items()},
        p_min=nothing,
        p_max=data.most[data.period, data.unit],
        sums=sums,
        sums_b=sums_b,
    )


def _n_columns(data: Generators) -> int:
    return N_COLUMNS + 1 + len(Q_COLUMNS) if data.chooses_q.any() else N_COLUMNS


def _column(data: Generators, column: int, chosen: BoolArray) -> FloatArray:
    """Coefficients of forms that are one column where chosen, nothing elsewhere."""
    coefficient = np.zeros((len(chosen), 1 + _n_columns(data)))
    coefficient[chosen, 1 + column] = 1.0
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


def _reactive_loads(data: Generators) -> dict[str, Loads]:
    """Reactive load beside that of the available feed-in, kvar."""
    n, chosen = len(data.unit), data.chooses_q[data.unit]
    return {
        name: Loads(Forms(np.arange(n), _column(data, Q_COLUMNS[activation], chosen)), np.zeros(n))
        for activation, name in REACTIVE.items()
    }


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


def _energy(data: Generators, curtailed: Forms) -> tuple[Rows, FloatArray]:
    """The energy that the schedule curtails, kWh."""
    if not data.curtails or np.isinf(data.energy_mwh):
        return Rows.none(), np.empty(0)
    n = len(curtailed)
    row = Rows(1, np.zeros(n, dtype=np.int64), curtailed.times(np.full(n, data.period_h)))
    return row, np.array([data.energy_mwh * KW * (1.0 + ENERGY_ROOM)])


def _ranges(data: Generators) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The box of all points, and two starts: with all that may be curtailed under activation, and with the schedule."""
    at, offered = (data.period, data.unit), data.offers["up"].offered
    most, begun = data.most[at] * KW, data.start[at] * KW
    low, high, start = (np.zeros((len(most), _n_columns(data))) for _ in range(3))
    high[:, UP] = start[:, UP] = np.where(offered, most, 0.0)
    high[:, DOWN] = most if data.curtails else 0.0
    start[:, DOWN] = begun
    if data.chooses_q.any():
        chosen, ratio = data.chooses_q[data.unit, None], np.nan_to_num(data.q_ratio)[data.unit, None]
        columns, itself = list(Q_COLUMNS.values()), -data.reactive[at][:, None] * KW
        low[:, columns] = np.where(chosen, -itself, 0.0)
        high[:, columns] = np.where(chosen, ratio * data.available[at][:, None] * KW - itself, 0.0)
        start[:, columns] = low[:, columns] + START_REACTIVE * (high - low)[:, columns]
    quiet = start.copy()
    quiet[:, UP] = np.where(offered, begun, 0.0)
    return low, high, start, quiet
