r"""EV part of the problem: everything about EVs is linear.

Variables per slot, in kW and kWh so that they are of order one: the energy E at the end of the period, the charging
power P_ch, the load T = P_ch + P_up in scenario "up" and D = P_ch - P_down in scenario "down" (only where offered).

.. math::

    E_t - E_{t-1} - \eta\Delta T P_{ch} = 0                  & \qquad (17) \\
    0 \le T - P_{ch} \le \bar P_{up},\ T \le P_{max}         & \qquad (23) \\
    E_{t-1} + \eta\Delta T\, T \le E_{max}                   & \qquad (22) \\
    0 \le P_{ch} - D \le \bar P_{down},\ D \ge 0             & \qquad (21) \\
    E_{t-1} + \eta\Delta T\, D \ge E_{min,t}                 & \qquad (24)

Where a direction is not offered, its limit falls on the schedule itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.case.compile import Case
from pandapower_evflex.case.ev_case import Offers, Slots
from pandapower_evflex.kernels import LINEAR_1, LINEAR_2
from pandapower_evflex.nlp.layout import FloatArray, IntArray
from pandapower_evflex.nlp.problem import ProblemBuilder

#: kW per pu (1 MVA): Ipopt's dual tolerance is absolute, an objective in MW ends 1e-5 short
KW = 1e3


@dataclass(frozen=True)
class EvVariables:
    """Positions in x [n_slot]; ``load[scenario]`` is the EV load of that scenario."""

    energy: IntArray
    power: IntArray
    load: dict[str, IntArray]


@dataclass(frozen=True)
class Schedule:
    """EV powers [n_period, n_ev] in MW and energies in MWh (nan while away)."""

    p: FloatArray
    p_up: FloatArray
    p_down: FloatArray
    e: FloatArray

    def load(self, scenario: str) -> FloatArray:
        """EV load under full activation."""
        return {"base": self.p, "up": self.p + self.p_up, "down": self.p - self.p_down}[scenario]


def add_evs(builder: ProblemBuilder, case: Case) -> EvVariables:
    """Variables, rows and objective of all EVs."""
    slots, up, down = case.evs.slots, case.evs.offers["up"], case.evs.offers["down"]
    energy, power = _add_schedule(builder, slots, up, down)
    load = {"base": power, "up": power.copy(), "down": power.copy()}
    load["up"][up.offered] = _add_upward(builder, slots, up, energy, power)
    load["down"][down.offered] = _add_downward(builder, slots, down, energy, power)
    scale = max(up.weight.max(initial=0.0), down.weight.max(initial=0.0)) or 1.0
    for sign, offers, name in ((1.0, up, "up"), (-1.0, down, "down")):  # (4), as a minimum
        rewarded = offers.offered & (offers.weight > 0)
        c = sign * offers.weight[rewarded] / scale
        columns = np.stack([load[name][rewarded], power[rewarded]], axis=1)
        builder.add_objective(LINEAR_2, columns, np.stack([-c, c], axis=1))
    return EvVariables(energy, power, load)


def _add_schedule(builder: ProblemBuilder, slots: Slots, up: Offers, down: Offers) -> tuple[IntArray, IntArray]:
    """E and P_ch with (17), (18), (20); bounds that (21) to (24) imply are left out: redundant rows have no duals."""
    n = len(slots)
    is_last = ~np.isin(np.arange(n), slots.previous)
    keep_minimum = ~down.offered | is_last
    energy = builder.x.add(
        "energy",
        n,
        lower=np.where(keep_minimum, slots.e_min * KW, -np.inf),
        upper=np.where(up.offered, np.inf, slots.e_max * KW),
        start=0.5 * (slots.e_min + slots.e_max) * KW,
    )
    power = builder.x.add(
        "power",
        n,
        lower=np.where(down.offered & (slots.p_min == 0.0), -np.inf, slots.p_min * KW),
        upper=np.where(up.offered, np.inf, slots.p_max * KW),
        start=0.4 * slots.p_max * KW,
    )
    rows = builder.g.add("energy_balance", n, lower=slots.e_offset * KW, upper=slots.e_offset * KW)
    builder.add_term(LINEAR_2, rows, np.stack([energy, power], axis=1), _columns(n, 1.0, -slots.energy_per_p))
    follows = slots.previous >= 0
    builder.add_term(LINEAR_1, rows[follows], energy[slots.previous[follows], None], _columns(follows.sum(), -1.0))
    return energy, power


def _add_upward(builder: ProblemBuilder, slots: Slots, offers: Offers, energy: IntArray, power: IntArray) -> IntArray:
    chosen = np.flatnonzero(offers.offered)
    n = len(chosen)
    load = builder.x.add("load_up", n, upper=slots.p_max[chosen] * KW, start=0.8 * slots.p_max[chosen] * KW)
    flex = builder.g.add("p_up", n, lower=0.0, upper=_cap(offers.p_max[chosen]))
    builder.add_term(LINEAR_2, flex, np.stack([load, power[chosen]], axis=1), _columns(n, 1.0, -1.0))
    room = (slots.e_max - slots.e_offset)[chosen] * KW
    _add_activation(builder, "full_battery", slots, chosen, energy, load, lower=-np.inf, upper=room)
    return load


def _add_downward(builder: ProblemBuilder, slots: Slots, offers: Offers, energy: IntArray, power: IntArray) -> IntArray:
    chosen = np.flatnonzero(offers.offered)
    n = len(chosen)
    load = builder.x.add("load_down", n, lower=0.0, start=0.1 * slots.p_max[chosen] * KW)
    flex = builder.g.add("p_down", n, lower=0.0, upper=_cap(offers.p_max[chosen]))
    builder.add_term(LINEAR_2, flex, np.stack([power[chosen], load], axis=1), _columns(n, 1.0, -1.0))
    missing = (slots.e_min - slots.e_offset)[chosen] * KW
    _add_activation(builder, "minimum_energy", slots, chosen, energy, load, lower=missing, upper=np.inf)
    return load


def _add_activation(
    builder: ProblemBuilder,
    name: str,
    slots: Slots,
    chosen: IntArray,
    energy: IntArray,
    load: IntArray,
    *,
    lower: FloatArray | float,
    upper: FloatArray | float,
) -> None:
    """Rows E[t-1] + eta dT load within ``lower`` and ``upper``: one activated period, from the schedule's energy."""
    rows = builder.g.add(name, len(chosen), lower=lower, upper=upper)
    builder.add_term(LINEAR_1, rows, load[:, None], slots.energy_per_p[chosen, None])
    previous = slots.previous[chosen]
    follows = previous >= 0
    builder.add_term(LINEAR_1, rows[follows], energy[previous[follows], None], _columns(follows.sum(), 1.0))


def schedule_of(case: Case, variables: EvVariables, x: FloatArray) -> Schedule:
    """Powers and energies of all EVs; the solver's 1e-9 are clipped so that P_up, P_down >= 0 and (17) hold exactly."""
    slots = case.evs.slots
    p_slot = np.clip(x[variables.power] / KW, slots.p_min, slots.p_max)
    flex = {}
    for direction, sign in (("up", 1.0), ("down", -1.0)):
        load = np.clip(x[variables.load[direction]] / KW, 0.0, slots.p_max)
        flex[direction] = np.where(case.evs.offers[direction].offered, np.maximum(sign * (load - p_slot), 0.0), 0.0)
    e_slot = np.empty(len(slots))
    for i in range(len(slots)):  # in order of time within each chain
        before = e_slot[slots.previous[i]] if slots.previous[i] >= 0 else 0.0
        e_slot[i] = before + slots.e_offset[i] + slots.energy_per_p[i] * p_slot[i]
    p, e = case.evs.fixed_p.copy(), case.evs.fixed_e.copy()
    p_up, p_down = np.zeros_like(p), np.zeros_like(p)
    at = (slots.period, slots.ev)
    p[at], e[at], p_up[at], p_down[at] = p_slot, e_slot, flex["up"], flex["down"]
    return Schedule(p, p_up, p_down, e)


def _cap(p_max: FloatArray) -> FloatArray:
    return np.asarray(p_max) * KW


def _columns(n: int, *coefficients: float | FloatArray) -> FloatArray:
    return np.stack([np.broadcast_to(c, n).astype(float) for c in coefficients], axis=1)
